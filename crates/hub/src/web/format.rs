//! Numbers and times as people read them.
//!
//! Times are shown in the time of the United Kingdom, with its zone, because the firms, the police
//! and the deadlines live by it.

use jiff::tz::TimeZone;
use larum_core::time::Timestamp;
use larum_core::words::Words;
use maud::{Markup, html};

const ZONE: &str = "Europe/London";

/// With thousands separators: `4,212`.
pub(super) fn number(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

fn civil(at: Timestamp) -> Option<jiff::Zoned> {
    let zone = TimeZone::get(ZONE).unwrap_or(TimeZone::UTC);
    jiff::Timestamp::from_microsecond(at.as_micros())
        .ok()
        .map(|at| at.to_zoned(zone))
}

/// Day, month in words and year: `20 November 2026`.
pub(super) fn date(words: &Words, at: Timestamp) -> String {
    let Some(civil) = civil(at) else {
        return at.to_string();
    };
    let month = words.say(&format!("hub-month-{}", civil.month()));
    words.say_with(
        "hub-date",
        &[
            ("day", civil.day().to_string().into()),
            ("month", month.into()),
            ("year", civil.year().to_string().into()),
        ],
    )
}

/// Date, clock and zone: `20 November 2026, 09:14 GMT`.
pub(super) fn moment(words: &Words, at: Timestamp) -> String {
    let Some(civil) = civil(at) else {
        return at.to_string();
    };
    words.say_with(
        "hub-moment",
        &[
            ("date", date(words, at).into()),
            ("clock", civil.strftime("%H:%M").to_string().into()),
            ("zone", civil.strftime("%Z").to_string().into()),
        ],
    )
}

/// The clock alone: `09:00`.
pub(super) fn clock(at: Timestamp) -> String {
    civil(at).map_or_else(String::new, |civil| civil.strftime("%H:%M").to_string())
}

/// Day of the month and short clock, for axes over several days: `20 Nov`.
pub(super) fn short_date(words: &Words, at: Timestamp) -> String {
    let Some(civil) = civil(at) else {
        return at.to_string();
    };
    let month = words.say(&format!("hub-month-short-{}", civil.month()));
    format!("{} {month}", civil.day())
}

/// How long ago in one unit: "2 minutes ago"; a moment to come counts as now.
pub(super) fn ago(words: &Words, at: Timestamp, now: Timestamp) -> String {
    let seconds = now.millis_since(at).max(0) / 1_000;
    if seconds < 60 {
        return words.say("hub-ago-now");
    }
    words.say_with("hub-ago", &[("span", span(words, seconds).into())])
}

/// A span of time in its largest unit, rounded down: "3 hours".
pub(super) fn span(words: &Words, seconds: i64) -> String {
    let seconds = u64::try_from(seconds).unwrap_or_default();
    let (id, count) = match seconds {
        0..3_600 => ("hub-span-minutes", seconds / 60),
        3_600..172_800 => ("hub-span-hours", seconds / 3_600),
        _ => ("hub-span-days", seconds / 86_400),
    };
    words.say_with(
        id,
        &[("count", count.into()), ("shown", number(count).into())],
    )
}

/// A moment as an element that machines read too.
pub(super) fn time(words: &Words, at: Timestamp) -> Markup {
    html! { time datetime=(at) { (moment(words, at)) } }
}

/// "2 minutes ago", with the moment itself for whoever points at it or listens.
pub(super) fn time_ago(words: &Words, at: Timestamp, now: Timestamp) -> Markup {
    html! { time datetime=(at) title=(moment(words, at)) { (ago(words, at, now)) } }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_have_separators() {
        for (input, expected) in [
            (0, "0"),
            (999, "999"),
            (4_212, "4,212"),
            (1_234_567, "1,234,567"),
        ] {
            assert_eq!(number(input), expected);
        }
    }

    #[test]
    fn times_are_british_with_their_zone() {
        let words = Words::of("en").unwrap();
        let check = |text: &str, expected: &str| {
            let at = larum_core::time::DeviceTime::parse_rfc3339(text.as_bytes())
                .unwrap()
                .at;
            assert_eq!(moment(&words, at), expected);
        };
        check("2026-11-20T09:14:59Z", "20 November 2026, 09:14 GMT");
        check("2026-07-01T23:30:00Z", "2 July 2026, 00:30 BST");
    }

    #[test]
    fn spans_are_in_their_largest_unit() {
        let words = Words::of("en").unwrap();
        let now = Timestamp::from_seconds(1_000_000);
        for (seconds, expected) in [
            (-5, "just now"),
            (59, "just now"),
            (60, "1 minute ago"),
            (7_300, "2 hours ago"),
            (172_800, "2 days ago"),
        ] {
            assert_eq!(ago(&words, now.plus_seconds(-seconds), now), expected);
        }
    }
}
