//! Clocks as devices have them: right, wrong, in any zone, in summer time, drifting, delayed.

use proptest::prelude::*;

use super::*;
use crate::time::Assumed;

const RULE: ZoneRule = ZoneRule::Learn(0);

fn start() -> Timestamp {
    Timestamp::from_civil((2026, 3, 20), (9, 0, 0), 0).unwrap()
}

/// A stamp that shows `shown` and names neither zone nor year, as the parser gives it for UTC.
fn bare(shown: Timestamp) -> DeviceTime {
    DeviceTime {
        assumed: Assumed {
            zone: true,
            year: true,
        },
        ..DeviceTime::stated(shown, 0)
    }
}

/// Sends a record every ten seconds whose stamp differs from receipt as `difference` says; gives what
/// the last was taken for.
fn send(clocks: &mut Clocks, from: Timestamp, differences: impl IntoIterator<Item = i64>) -> Told {
    let mut told = None;
    for (step, difference) in (0..).zip(differences) {
        let received = from.plus_seconds(step * 10);
        let stamp = bare(received.plus_seconds(difference));
        told = Some(clocks.read("192.0.2.1", "wall", stamp, received, RULE));
    }
    told.unwrap()
}

fn state(clocks: &Clocks) -> ClockState {
    clocks.states().next().unwrap()
}

#[track_caller]
fn check(difference: i64, offset: i32, skew: i64, from: ZoneFrom, wrong: bool) {
    let mut clocks = Clocks::default();
    let told = send(&mut clocks, start(), [difference; 20]);
    let state = state(&clocks);
    let found = (state.offset_seconds, state.skew_seconds, state.zone_from);
    assert_eq!(found, (offset, Some(skew), from), "{difference}");
    assert_eq!(state.wrong_by().is_some(), wrong, "{difference}");
    assert_eq!(told.time.offset_seconds, offset);
    let received = start().plus_seconds(190);
    let error = told.judged.millis_since(received).abs() / 1_000;
    assert!(error <= WRONG_SECONDS, "{difference}: judged {error} s off");
}

#[test]
fn a_zone_is_told_from_a_wrong_clock() {
    const HOUR: i64 = 3_600;
    use ZoneFrom::{Assumed, Learned};
    check(0, 0, 0, Learned, false);
    check(-2, 0, -2, Learned, false);
    check(HOUR, 3_600, 0, Learned, false);
    check(-5 * HOUR + 30, -18_000, 30, Learned, false);
    check(5 * HOUR + 45 * 60, 20_700, 0, Learned, false);
    check(14 * HOUR, 50_400, 0, Learned, false);
    check(-12 * HOUR, -43_200, 0, Learned, false);
    // Seven minutes ahead, in UTC and in a zone an hour east.
    check(420, 0, 420, Learned, true);
    check(HOUR + 420, 3_600, 420, Learned, true);
    // Nobody lives at a quarter past: these clocks are wrong.
    check(900, 0, 900, Assumed, true);
    check(20 * 60, 0, 1_200, Assumed, true);
    check(HOUR + 30 * 60, 0, 5_400, Assumed, true);
    check(-3 * 86_400, 0, -3 * 86_400, Assumed, true);
    check(16 * HOUR, 0, 16 * HOUR, Assumed, true);
}

#[test]
fn the_first_record_is_already_read_in_the_zone_it_fits() {
    let mut clocks = Clocks::default();
    let told = send(&mut clocks, start(), [7_200]);
    assert_eq!(told.time.to_string(), "2026-03-20T11:00:00+02:00");
    assert_eq!(told.judged, start());
    assert!(!state(&clocks).is_sure);
    send(&mut clocks, start().plus_seconds(60), [7_200; 20]);
    assert!(state(&clocks).is_sure);
}

#[test]
fn summer_time_begins_at_once_and_ends_after_a_minute() {
    let mut clocks = Clocks::default();
    send(&mut clocks, start(), [1; 30]);
    let told = send(&mut clocks, start().plus_seconds(1_000), [3_601]);
    assert_eq!(told.time.offset_seconds, 3_600);
    assert_eq!(told.time.at, start().plus_seconds(1_001));
    send(&mut clocks, start().plus_seconds(1_010), [3_601; 30]);
    assert_eq!(state(&clocks).offset_seconds, 3_600);
    let told = send(&mut clocks, start().plus_seconds(2_000), [1; 10]);
    assert_eq!(told.time.offset_seconds, 0);
    assert_eq!(state(&clocks).wrong_by(), None);
}

#[test]
fn a_clock_that_drifts_for_months_keeps_its_zone_and_setting_it_right_is_noticed() {
    let mut clocks = Clocks::default();
    send(&mut clocks, start(), (0..4_000).map(|step| 3_600 + step));
    let drifted = state(&clocks);
    assert_eq!(drifted.offset_seconds, 3_600);
    assert!(
        (drifted.skew_seconds.unwrap() - 3_990).abs() < 20,
        "{drifted:?}"
    );
    send(&mut clocks, start().plus_seconds(50_000), [3_600; 20]);
    let right = state(&clocks);
    assert_eq!((right.offset_seconds, right.wrong_by()), (3_600, None));
}

#[test]
fn a_relay_that_holds_lines_back_is_no_wrong_clock() {
    let mut clocks = Clocks::default();
    let delays = (0..400).map(|step| -((step * 7_919) % 1_500));
    send(&mut clocks, start(), delays);
    assert_eq!(state(&clocks).wrong_by(), None);
    // A backlog of three hours in a few seconds changes nothing.
    let mut clocks = Clocks::default();
    send(&mut clocks, start(), [0; 20]);
    for step in 0..40 {
        let received = start().plus_seconds(300 + step);
        let stamp = bare(received.plus_seconds(-10_800 + step * 20));
        clocks.read("192.0.2.1", "wall", stamp, received, RULE);
    }
    assert_eq!(state(&clocks).offset_seconds, 0);
    assert_eq!(state(&clocks).wrong_by(), None);
}

#[test]
fn a_stated_zone_and_a_configured_one_are_never_questioned() {
    let mut clocks = Clocks::default();
    for step in 0..20 {
        let received = start().plus_seconds(step * 10);
        let ahead = received.plus_seconds(600);
        let told = clocks.read("a", "", DeviceTime::stated(ahead, 7_200), received, RULE);
        assert_eq!(told.time, DeviceTime::stated(ahead, 7_200));
        let told = clocks.read("b", "", bare(received), received, ZoneRule::Fixed(3_600));
        assert_eq!(told.time.offset_seconds, 3_600);
    }
    let states: Vec<_> = clocks.states().collect();
    assert_eq!(states[0].zone_from, ZoneFrom::Stated);
    assert_eq!(states[0].wrong_by(), Some(600));
    assert_eq!(states[1].zone_from, ZoneFrom::Configured);
    assert_eq!(states[1].wrong_by(), Some(-3_600));
}

#[test]
fn the_year_is_the_one_nearest_to_receipt() {
    let received = Timestamp::from_civil((2027, 1, 1), (0, 0, 5), 0).unwrap();
    let shown = Timestamp::from_civil((2027, 12, 31), (23, 59, 58), 0).unwrap();
    let mut clocks = Clocks::default();
    let told = clocks.read("a", "", bare(shown), received, RULE);
    assert_eq!(told.time.to_string(), "2026-12-31T23:59:58Z");
}

#[test]
fn what_was_learned_survives_a_restart() {
    let mut clocks = Clocks::default();
    send(&mut clocks, start(), [7_200; 20]);
    let mut again = Clocks::default();
    again.restore(clocks.states());
    assert_eq!(state(&again).offset_seconds, 7_200);
    // A record that came late is read in the zone known, not in one it happens to fit.
    let told = send(&mut again, start().plus_seconds(900), [3_600]);
    assert_eq!(told.time.offset_seconds, 7_200);
}

#[test]
fn invented_host_names_neither_grow_memory_nor_push_out_a_device_that_is_known() {
    let mut clocks = Clocks::default();
    send(&mut clocks, start(), [7_200; 20]);
    for number in 0..5_000_i64 {
        let received = start().plus_seconds(1_000 + number);
        let (source, host) = (format!("10.0.0.{}", number % 200), format!("host{number}"));
        clocks.read(&source, &host, bare(received), received, RULE);
        clocks.read("192.0.2.1", &host, bare(received), received, RULE);
        assert!(clocks.len() <= MAX_DEVICES);
    }
    let kept = clocks
        .states()
        .find(|state| &*state.host == "wall")
        .unwrap();
    assert_eq!(kept.offset_seconds, 7_200);
    let of_one = clocks
        .states()
        .filter(|state| &*state.source == "192.0.2.1");
    assert!(of_one.count() <= MAX_HOSTS);
}

fn years_of(now: Timestamp, shown: &[(i64, i64)]) -> Vec<String> {
    let stamp = |(month, day): (i64, i64)| {
        let at = Timestamp::from_civil((2020, month, day), (12, 0, 0), 0).unwrap();
        // As the parser completes it.
        let mut time = bare(at).in_year_near(now);
        if time.at > now.plus_seconds(86_400) {
            time = time.in_year_near(time.at.plus_seconds(-365 * 86_400));
        }
        time
    };
    let mut years = Years::new(now);
    for (position, day) in (0..).zip(shown) {
        years.see(position, stamp(*day));
    }
    (0..)
        .zip(shown)
        .map(|(position, day)| years.complete(position, stamp(*day)).to_string()[..10].to_owned())
        .collect()
}

#[test]
fn a_recording_over_new_year_does_not_jump_back() {
    let now = Timestamp::from_civil((2026, 11, 20), (12, 0, 0), 0).unwrap();
    let daily = |month: i64, from: i64, to: i64| (from..=to).map(move |day| (month, day));
    let november: Vec<_> = daily(11, 1, 30).collect();
    let found = years_of(now, &november);
    assert_eq!(
        (found[0].as_str(), found[29].as_str()),
        ("2025-11-01", "2025-11-30")
    );

    let two_years: Vec<_> = [11, 12, 1, 2, 5, 8, 11, 12, 1, 3, 9]
        .into_iter()
        .flat_map(|month| daily(month, 1, 28))
        .collect();
    let found = years_of(now, &two_years);
    assert!(found.is_sorted(), "{found:?}");
    assert_eq!(
        (found[0].as_str(), found.last().unwrap().as_str()),
        ("2024-11-01", "2026-09-28")
    );

    let until_now: Vec<_> = daily(10, 1, 31).chain(daily(11, 1, 20)).collect();
    let found = years_of(now, &until_now);
    assert_eq!(found[0], "2026-10-01");

    // A clock that was not set yet, and a line that comes late.
    let restarted = [
        (11, 1),
        (11, 2),
        (1, 1),
        (1, 1),
        (1, 1),
        (1, 1),
        (11, 2),
        (11, 1),
        (11, 3),
    ];
    let found = years_of(now, &restarted);
    assert_eq!(found[0], "2026-11-01");
    assert_eq!(found[2], "2026-01-01");
    assert_eq!(found[7], "2026-11-01");
}

proptest! {
    #[test]
    fn any_stamps_give_a_believable_time_and_one_zone_in_use(
        records in proptest::collection::vec(
            (0_usize..3, any::<i64>(), -4_000_000_000_i64..4_000_000_000, any::<bool>(), any::<bool>()),
            0..200,
        ),
        assume in -50_000_i32..50_000,
    ) {
        let mut clocks = Clocks::default();
        for (device, stamp, received, zone, year) in records {
            let received = Timestamp::from_seconds(received);
            let time = DeviceTime {
                assumed: Assumed { zone, year },
                ..DeviceTime::stated(Timestamp::from_micros(stamp), 0)
            };
            let source = ["a", "b", "c"][device];
            let told = clocks.read(source, "", time, received, ZoneRule::Learn(assume));
            prop_assert!(told.judged <= received.plus_seconds(60));
            prop_assert!(told.judged >= received.plus_seconds(-OLDEST_SECONDS));
            let offset = told.time.offset_seconds;
            prop_assert!(offset == assume || offset == 0 || track::is_offset(offset));
            if !zone && !year {
                prop_assert_eq!(told.time, time);
            }
        }
        prop_assert!(clocks.len() <= 3);
        let mut again = Clocks::default();
        again.restore(clocks.states());
        prop_assert!(again.len() <= clocks.len());
    }

    #[test]
    fn any_offset_in_use_is_found_whatever_the_jitter(
        hour in -12_i64..=14,
        jitter in proptest::collection::vec(-20_i64..20, 20..60),
    ) {
        let mut clocks = Clocks::default();
        let told = send(&mut clocks, start(), jitter.iter().map(|late| hour * 3_600 + late));
        prop_assert_eq!(i64::from(told.time.offset_seconds), hour * 3_600);
        prop_assert_eq!(state(&clocks).wrong_by(), None);
    }

    #[test]
    fn any_samples_give_years_that_are_not_of_the_future(
        samples in proptest::collection::vec((any::<u16>(), 0_i64..4_000_000_000), 0..200),
        now in 0_i64..4_000_000_000,
    ) {
        let now = Timestamp::from_seconds(now);
        let mut years = Years::new(now);
        for (position, at) in &samples {
            years.see((*position).into(), bare(Timestamp::from_seconds(*at)));
        }
        for (position, at) in &samples {
            let time = bare(Timestamp::from_seconds(*at));
            let found = years.complete((*position).into(), time);
            let same = |time: DeviceTime| (time.local().civil_date().1, time.local().civil_date().2);
            prop_assert_eq!(same(found), same(time));
        }
    }
}
