//! The poisoning suite: what members that lie can and cannot do to the watch. The numbers asserted
//! here are the breakdown points published in `docs/developer/watch.md`; a change that moves one has to
//! say so there.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::net::{IpAddr, Ipv4Addr};

use larum_core::time::Timestamp;
use larum_core::watch::fold::{Alarm, Fold, Seen};

const HOUR: i64 = 3_600;
const DAY: i64 = 24 * HOUR;
/// 2026-10-01T00:00:00Z.
const START: i64 = 1_790_812_800;
/// The day of the attack; honest members have been there since day 0.
const NOW: i64 = 30;
const KNOWN: &str = "tcp/22";
const NEW: &str = "tcp/4444";

/// (second, member, source, key)
type Row = (i64, u32, u32, &'static str);

/// Source `number`, each in a network of its own.
fn source(number: u32) -> IpAddr {
    Ipv4Addr::from(0x0A00_0001 + number * 256).into()
}

/// A stranger a day at each member, on the known key.
fn quiet(members: u32) -> Vec<Row> {
    let mut rows = Vec::new();
    for day in 0..u32::try_from(NOW).unwrap() + 1 {
        for member in 0..members {
            let at = i64::from(day) * DAY + i64::from(member % 24) * HOUR;
            rows.push((at, member, 1_000 + day * members + member, KNOWN));
        }
    }
    rows
}

/// Members from `first` on that lie: each invents `sources` of its own on `key` at each of `days`.
fn lies(
    first: u32,
    liars: u32,
    days: std::ops::Range<i64>,
    (key, sources): (&'static str, u32),
) -> Vec<Row> {
    let mut rows = Vec::new();
    for day in days {
        for liar in first..first + liars {
            for turn in 0..sources {
                let at = day * DAY + i64::from(turn % 10) * HOUR;
                rows.push((at, liar, 2_000_000 + liar * 1_000 + turn, key));
            }
        }
    }
    rows
}

/// Three honest members, three sources each, within three hours.
fn wave(key: &'static str) -> Vec<Row> {
    let mut rows = Vec::new();
    for member in 2..8 {
        for turn in 0..5 {
            let at = NOW * DAY + i64::from(turn) * HOUR;
            rows.push((at, member, 900_000 + member * 10 + turn, key));
        }
    }
    rows
}

fn alarms(parts: &[Vec<Row>]) -> Vec<Alarm> {
    alarms_from(parts, |_| "")
}

/// As [`alarms`], where each member calls from a network; the empty name is one that is not known.
fn alarms_from(parts: &[Vec<Row>], network: impl Fn(u32) -> &'static str) -> Vec<Alarm> {
    let mut rows: Vec<Row> = parts.concat();
    rows.sort_unstable();
    let (mut fold, mut out) = (Fold::default(), Vec::new());
    for (at, number, from, key) in rows {
        let member = format!("firm {number}");
        fold.observe(&seen(at, &member, source(from), key), &mut out);
        fold.calls_from(&member, network(number));
    }
    fold.finish(&mut out);
    out
}

/// The fewest members that can raise an alarm on `key` by lying together, of at most eight.
fn breakdown(members: u32, key: &'static str) -> Option<u32> {
    let honest = quiet(members);
    (1..=8).find(|liars| {
        let lies = lies(0, *liars, NOW..NOW + 1, (key, 300));
        !alarms(&[honest.clone(), lies]).is_empty()
    })
}

#[test]
fn one_liar_raises_nothing_and_the_breakdown_points_are_as_published() {
    // Up to 200 members one may lie; up to 400, two.
    let check = |members, key, expected| {
        assert_eq!(breakdown(members, key), Some(expected), "{members} {key}");
    };
    check(40, KNOWN, 2);
    check(40, NEW, 3);
    check(300, KNOWN, 4);
    check(300, NEW, 3);
}

/// The alarm on `key` comes at most two hours later than without the lies.
#[track_caller]
fn called_within_two_hours(key: &str, honest: &[Alarm], flooded: &[Alarm]) {
    let called = |alarms: &[Alarm]| {
        let first = alarms.iter().find(|alarm| alarm.key == key);
        first.map(|alarm| alarm.at.as_seconds())
    };
    let (honest, flooded) = (called(honest).unwrap(), called(flooded).unwrap());
    assert!(flooded <= honest + 2 * HOUR, "{key}: {honest} {flooded}");
}

#[test]
fn a_liar_that_floods_for_weeks_hides_nothing() {
    for key in [KNOWN, NEW] {
        let honest = alarms(&[quiet(40), wave(key)]);
        let flooded = alarms(&[quiet(40), wave(key), lies(39, 1, 0..NOW + 1, (key, 500))]);
        called_within_two_hours(key, &honest, &flooded);
    }
}

#[test]
fn sybils_wait_a_week_before_anybody_listens() {
    // Thirty members that were not there before lie together, at once and six days later.
    for days in [NOW..NOW + 1, NOW - 5..NOW + 1] {
        let called = alarms(&[quiet(40), lies(1_000, 30, days, (NEW, 50))]);
        assert_eq!(called, []);
    }
    let patient = alarms(&[quiet(40), lies(1_000, 30, NOW - 12..NOW + 1, (NEW, 50))]);
    assert!(
        !patient.is_empty(),
        "a published limit: patience pays after a week"
    );
}

/// The members that lie together below, in one network.
fn in_one_network(member: u32) -> &'static str {
    if member >= 1_000 {
        "203.0.113.0/24"
    } else {
        ""
    }
}

#[test]
fn sybils_in_one_network_are_never_believed() {
    // Thirty of them, a hundred among forty, and some that were there from the first day.
    for (sybils, days) in [
        (30, NOW - 12..NOW + 1),
        (100, NOW - 20..NOW + 1),
        (30, 0..NOW + 1),
    ] {
        for key in [KNOWN, NEW] {
            let lies = lies(1_000, sybils, days.clone(), (key, 50));
            let called = alarms_from(&[quiet(40), lies], in_one_network);
            assert_eq!(called, [], "{sybils} on {key}");
        }
    }
    // Two networks full of them are two liars: enough on a known key, as published, not on a new one.
    let split = |member: u32| match member {
        0..1_000 => "",
        1_000..1_015 => "203.0.113.0/24",
        _ => "198.51.100.0/24",
    };
    let known = lies(1_000, 30, NOW - 12..NOW, (KNOWN, 1));
    let lies = lies(1_000, 30, NOW..NOW + 1, (NEW, 50));
    let called = alarms_from(&[quiet(40), known, lies], split);
    assert!(called.iter().all(|alarm| alarm.key != NEW), "{called:?}");
}

#[test]
fn a_network_full_of_liars_hides_no_wave() {
    for key in [KNOWN, NEW] {
        let honest = alarms(&[quiet(40), wave(key)]);
        let parts = [
            quiet(40),
            wave(key),
            lies(1_000, 60, 0..NOW + 1, (key, 100)),
        ];
        let flooded = alarms_from(&parts, in_one_network);
        called_within_two_hours(key, &honest, &flooded);
    }
}

#[test]
fn liars_of_one_network_are_as_one_liar_to_the_byte() {
    // What thirty say together is what one of them says who says it all.
    let split = lies(1_000, 30, NOW - 12..NOW + 1, (NEW, 5));
    let whole = split
        .iter()
        .map(|(at, _, from, key)| (*at, 1_000, *from, *key));
    let whole: Vec<Row> = whole.collect();
    let parts = |lies: Vec<Row>| [quiet(40), wave(NEW), lies];
    let mut one = alarms_from(&parts(whole), in_one_network);
    let mut many = alarms_from(&parts(split), in_one_network);
    assert!(!one.is_empty());
    for alarm in one.iter_mut().chain(&mut many) {
        // Whom a threat reached is told by member.
        alarm
            .shown
            .reached
            .retain(|name| !name.starts_with("firm 10"));
    }
    assert_eq!(one, many);
}

#[test]
fn one_network_is_no_wave() {
    // Six members see two hundred addresses of one network: a machine that changes its address.
    let mut rows = quiet(40);
    let (mut fold, mut out) = (Fold::default(), Vec::new());
    rows.sort_unstable();
    for (at, member, from, key) in rows {
        let member = format!("firm {member}");
        fold.observe(&seen(at, &member, source(from), key), &mut out);
    }
    for member in 0..6 {
        let name = format!("firm {member}");
        for host in 0..200_u8 {
            let from = IpAddr::from([192, 0, 2, host]);
            fold.observe(
                &seen(NOW * DAY + 23 * HOUR + 3_000, &name, from, NEW),
                &mut out,
            );
        }
    }
    fold.finish(&mut out);
    assert_eq!(out, []);
}

fn seen<'a>(at: i64, member: &'a str, source: IpAddr, key: &'a str) -> Seen<'a> {
    Seen {
        at: Timestamp::from_seconds(START + at),
        member,
        source,
        key,
        area: "",
        sector: "",
    }
}
