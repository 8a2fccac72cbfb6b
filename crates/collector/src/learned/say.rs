//! What was learned, in words for the page and the terminal.

use larum_core::time::Timestamp;
use larum_core::words::Words;

use super::{ClockRow, OwnRow};

/// The zone a device writes in, how that is known, and what is wrong with its clock at `now`.
#[must_use]
pub fn clock_line(row: &ClockRow, now: Timestamp, words: &Words) -> String {
    let id = if row.zone_from == "learned" && !row.sure {
        "clock-zone-learned-little".to_owned()
    } else {
        format!("clock-zone-{}", row.zone_from)
    };
    let zone = words.say_with(&id, &[("zone", zone(row.zone_offset_seconds).into())]);
    let clock = match (row.wrong_seconds, row.skew_seconds) {
        (Some(skew), _) => words.say_with(
            if skew > 0 {
                "clock-ahead"
            } else {
                "clock-behind"
            },
            &[
                ("span", span(skew, words).into()),
                ("time", right_time(row, now).into()),
            ],
        ),
        (None, Some(_)) if row.steady => words.say("clock-right"),
        (None, Some(_)) => words.say("clock-delayed"),
        (None, None) => words.say("clock-unmeasured"),
    };
    match &row.host {
        Some(host) => format!("{host}: {zone}; {clock}"),
        None => format!("{zone}; {clock}"),
    }
}

/// Why an address is taken as the firm's own.
#[must_use]
pub fn own_line(row: &OwnRow, words: &Words) -> String {
    words.say_with(
        &format!("own-{}", row.why),
        &[("records", row.records.into())],
    )
}

/// What the device's clock should show at `now`, in the zone it uses: `2026-11-22 19:24 UTC+01:00`.
#[must_use]
pub fn right_time(row: &ClockRow, now: Timestamp) -> String {
    let local = now.plus_seconds(row.zone_offset_seconds.into());
    let (year, month, day) = local.civil_date();
    let minute = local.as_seconds().rem_euclid(86_400) / 60;
    format!(
        "{year:04}-{month:02}-{day:02} {:02}:{:02} {}",
        minute / 60,
        minute % 60,
        zone(row.zone_offset_seconds)
    )
}

/// A length of time in the largest unit that says enough: `7 minutes`, `3 hours`, `12 days`.
#[must_use]
pub fn span(seconds: i64, words: &Words) -> String {
    let seconds = seconds.unsigned_abs();
    let (id, count) = match seconds {
        0..120 => ("span-seconds", seconds),
        120..7_200 => ("span-minutes", (seconds + 30) / 60),
        7_200..172_800 => ("span-hours", (seconds + 1_800) / 3_600),
        _ => ("span-days", (seconds + 43_200) / 86_400),
    };
    words.say_with(id, &[("count", count.into())])
}

/// `UTC`, `UTC+01:00`, `UTC-03:30`.
fn zone(offset_seconds: i32) -> String {
    if offset_seconds == 0 {
        return "UTC".to_owned();
    }
    let sign = if offset_seconds < 0 { '-' } else { '+' };
    let minutes = offset_seconds.unsigned_abs() / 60;
    format!("UTC{sign}{:02}:{:02}", minutes / 60, minutes % 60)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(row: &ClockRow, expected: &str) {
        let words = Words::of("en").unwrap();
        let now = Timestamp::from_civil((2026, 11, 22), (19, 24, 10), 0).unwrap();
        // The catalogue isolates what is put in (FSI and PDI).
        let said = clock_line(row, now, &words).replace(['\u{2068}', '\u{2069}'], "");
        assert_eq!(said, expected);
    }

    #[test]
    fn clocks_are_told_in_plain_words() {
        let mut row = ClockRow {
            zone_offset_seconds: 3_600,
            zone_from: "learned".to_owned(),
            skew_seconds: Some(420),
            wrong_seconds: Some(420),
            steady: true,
            sure: true,
            ..ClockRow::default()
        };
        check(
            &row,
            "writes UTC+01:00, seen from its lines; its clock is 7 minutes ahead: set it to 2026-11-22 20:24 UTC+01:00",
        );
        row.sure = false;
        check(
            &row,
            "writes UTC+01:00, seen from few lines so far; its clock is 7 minutes ahead: set it to 2026-11-22 20:24 UTC+01:00",
        );
        row.host = Some("wall".to_owned());
        row.zone_offset_seconds = 0;
        row.zone_from = "stated".to_owned();
        row.wrong_seconds = Some(-3 * 86_400);
        check(
            &row,
            "wall: writes UTC, as it says itself; its clock is 3 days behind: set it to 2026-11-22 19:24 UTC",
        );
        row.host = None;
        row.wrong_seconds = None;
        check(&row, "writes UTC, as it says itself; its clock is right");
        row.steady = false;
        check(
            &row,
            "writes UTC, as it says itself; its lines come with varying delay",
        );
        row.skew_seconds = None;
        row.zone_from = "assumed".to_owned();
        check(&row, "taken to write UTC; its clock is not measured yet");
        row.zone_from = "configured".to_owned();
        check(
            &row,
            "writes UTC, as configured; its clock is not measured yet",
        );
    }

    #[test]
    fn every_reason_has_its_words() {
        let words = Words::of("en").unwrap();
        for why in larum_core::own::Why::ALL {
            assert!(words.has(&format!("own-{}", why.as_str())), "{why:?}");
        }
        for from in larum_core::clock::ZoneFrom::ALL {
            assert!(
                words.has(&format!("clock-zone-{}", from.as_str())),
                "{from:?}"
            );
        }
    }
}
