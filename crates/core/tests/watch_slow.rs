//! Scans shared out so thinly that only the hub can see them, and waves in a region of several areas.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

use std::net::{IpAddr, Ipv4Addr};

use larum_core::area;
use larum_core::time::Timestamp;
use larum_core::watch::Kind;
use larum_core::watch::fold::{Alarm, Budget, Fold, Level, Seen};

const HOUR: i64 = 3_600;
const DAY: i64 = 24 * HOUR;
/// 2026-10-01T00:00:00Z.
const START: i64 = 1_790_812_800;
const FIRMS: u32 = 60;

/// When, at which firm, from where, on which key.
type Row = (i64, u32, IpAddr, &'static str);

/// Chance from a number, the same every time.
fn mixed(number: u32) -> u32 {
    let number = (number ^ (number >> 16)).wrapping_mul(0x7FEB_352D);
    let number = (number ^ (number >> 15)).wrapping_mul(0x846C_A68B);
    number ^ (number >> 16)
}

/// Forty days in which each firm meets strangers every day; some networks meet two or three firms.
fn background() -> Vec<Row> {
    let mut rows = Vec::new();
    for day in 0..40_u32 {
        for firm in 0..FIRMS {
            for turn in 0..4 {
                let chance = mixed(day * 10_000 + firm * 10 + turn);
                let own_network = 0x0A00_0000 + chance % 60_000 * 256 + chance % 200;
                let shared = 0x0B00_0000 + chance % 400 * 256 + chance % 200;
                let source = if turn == 0 { shared } else { own_network };
                let key =
                    ["tcp/22", "tcp/23", "tcp/445", "tcp/3389"][usize::try_from(turn).unwrap()];
                let at = i64::from(day) * DAY + i64::from(chance % 86_000);
                rows.push((at, firm, Ipv4Addr::from(source).into(), key));
            }
        }
    }
    rows
}

/// From day 30 on, every `hours`, the next address of one network looks at the next firm.
fn shared_scan(hours: i64, contacts: u8) -> Vec<Row> {
    let rows = (0..contacts).map(|turn| {
        let at = 30 * DAY + i64::from(turn) * hours * HOUR + 600;
        let source = IpAddr::from([198, 51, 100, 10 + turn]);
        (at, u32::from(turn), source, "tcp/3389")
    });
    rows.collect()
}

fn slow_alarms(parts: &[Vec<Row>]) -> Vec<Alarm> {
    slow_alarms_after_stops(parts, &[])
}

/// As [`slow_alarms`], where the state is kept and taken up again before the first row after each of
/// the `stops`.
fn slow_alarms_after_stops(parts: &[Vec<Row>], stops: &[i64]) -> Vec<Alarm> {
    let mut stops = stops.iter().copied().peekable();
    let mut rows: Vec<Row> = parts.concat();
    rows.sort_unstable();
    let (mut fold, mut out) = (Fold::default(), Vec::new());
    for (at, firm, source, key) in rows {
        if stops.next_if(|stop| *stop <= at).is_some() {
            fold = Fold::restore(Budget::default(), &fold.keep()).unwrap();
        }
        let seen = Seen {
            at: Timestamp::from_seconds(START + at),
            member: &format!("firm {firm}"),
            source,
            key,
            area: "",
            sector: "",
        };
        fold.observe(&seen, &mut out);
    }
    fold.finish(&mut out);
    out.retain(|alarm| alarm.kind == Kind::Slow);
    out
}

#[test]
fn a_scan_shared_out_over_firms_is_called_and_the_background_is_not() {
    assert_eq!(slow_alarms(&[background()]), []);
    for hours in [1, 5, 12] {
        let called = slow_alarms(&[background(), shared_scan(hours, 25)]);
        let [alarm] = called.as_slice() else {
            panic!("every {hours} hours: {called:?}");
        };
        assert_eq!(alarm.key, "tcp/3389");
        assert!(alarm.members >= 10 && alarm.sources >= 10, "{alarm:?}");
        // Twenty contacts at most.
        let by = START + 30 * DAY + 20 * hours * HOUR + 2 * HOUR;
        assert!(
            alarm.at.as_seconds() <= by,
            "every {hours} hours: {alarm:?}"
        );
    }
}

#[test]
fn a_hub_that_stops_during_a_slow_scan_calls_the_same() {
    let parts = [background(), shared_scan(5, 25)];
    let stops: Vec<i64> = (0..60).map(|turn| 30 * DAY + turn * HOUR).collect();
    assert_eq!(slow_alarms_after_stops(&parts, &stops), slow_alarms(&parts));
}

#[test]
fn a_loud_address_or_a_few_contacts_are_no_scan_shared_out() {
    let loud = (0..FIRMS).map(|firm| {
        let source = IpAddr::from([198, 51, 100, u8::try_from(firm % 3).unwrap()]);
        (30 * DAY + i64::from(firm) * HOUR, firm, source, "tcp/3389")
    });
    assert_eq!(slow_alarms(&[background(), loud.collect()]), []);
    assert_eq!(slow_alarms(&[background(), shared_scan(5, 8)]), []);
}

#[test]
fn seven_firms_that_lie_together_cannot_invent_one() {
    let lies = |liars: u32| -> Vec<Row> {
        let mut rows = Vec::new();
        // Every second one has a second trial, on another key: with more of them the network would be
        // of no one mind.
        for turn in 0..liars * 3 / 2 {
            let (liar, host) = (turn % liars, u8::try_from(turn).unwrap());
            let key = ["tcp/22", "tcp/3389"][usize::try_from(turn / liars).unwrap()];
            let source = IpAddr::from([203, 0, 113, host]);
            rows.push((30 * DAY + i64::from(turn) * 60, liar, source, key));
        }
        rows
    };
    assert_eq!(slow_alarms(&[background(), lies(7)]), []);
    assert_eq!(
        slow_alarms(&[background(), lies(8)]).len(),
        1,
        "a published limit: eight that lie together are believed"
    );
}

#[test]
fn a_busy_network_that_wants_something_else_of_everyone_is_no_scan() {
    let busy = (0..40_u32).map(|turn| {
        let key = ["tcp/22", "tcp/3389", "tcp/8080", "tcp/23"][usize::try_from(turn % 4).unwrap()];
        let source = IpAddr::from([203, 0, 113, u8::try_from(turn).unwrap()]);
        (30 * DAY + i64::from(turn) * HOUR, turn, source, key)
    });
    assert_eq!(slow_alarms(&[background(), busy.collect()]), []);
}

/// Waves called when, beside noise everywhere, one in so many of the firms of some areas is hit each hour,
/// for two days.
fn waves(one_in: u32, hit: &dyn Fn(&str) -> bool) -> Vec<Alarm> {
    let areas: Vec<&str> = area::coded().map(|(code, _)| code).collect();
    let firms = u32::try_from(areas.len()).unwrap() * 20;
    let (mut fold, mut out) = (Fold::default(), Vec::new());
    for hour in 0..24 * 12_u32 {
        // On the first day every firm is met once, so that all of them count when the wave comes.
        let first = (0..firms).filter(move |firm| firm % 24 == hour);
        let noise = (0..6).map(|turn| mixed(hour * 100 + turn) % firms);
        let noise = noise.chain(first).map(|firm| (firm, true));
        let wave = (0..firms).map(|firm| (firm, false)).filter(|(firm, _)| {
            hour >= 24 * 10
                && mixed(hour * 1_000 + firm).is_multiple_of(one_in)
                && hit(areas[usize::try_from(*firm).unwrap() % areas.len()])
        });
        let all: Vec<(u32, bool)> = noise.chain(wave).collect();
        for (turn, (firm, is_noise)) in (0..).zip(all) {
            let number = mixed(hour * 500 + turn);
            let source = if is_noise { number } else { number % 500 };
            let seen = Seen {
                at: Timestamp::from_seconds(START + i64::from(hour) * HOUR + 60),
                member: &format!("firm {firm}"),
                source: Ipv4Addr::from(0x0100_0000 + source % 0xD000_0000).into(),
                key: "tcp/3389",
                area: areas[usize::try_from(firm).unwrap() % areas.len()],
                sector: "",
            };
            fold.observe(&seen, &mut out);
        }
    }
    fold.finish(&mut out);
    out.retain(|alarm| alarm.kind == Kind::Wave);
    out
}

#[test]
fn a_wave_in_several_areas_of_a_region_is_the_regions_and_told_once_a_week() {
    let quiet = waves(12, &|_| false);
    assert!(quiet.is_empty(), "{quiet:?}");
    let region = area::region("E23000035").unwrap();
    let called = waves(12, &|code| area::region(code) == Some(region));
    let regional: Vec<&Alarm> = called
        .iter()
        .filter(|alarm| alarm.level == Level::Region && !alarm.shown.grown)
        .collect();
    assert_eq!(regional.len(), 1, "{called:?}");
    assert_eq!(regional[0].scope, region);
    // One area alone is that area's wave, not its region's.
    let called = waves(4, &|code| code == "E23000035");
    assert!(!called.is_empty());
    assert!(called.iter().all(|alarm| alarm.level == Level::Area));
}
