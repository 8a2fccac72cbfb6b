//! The watch as a fold: what order, repetition and merging may not change, and what one member may
//! not do.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::net::{IpAddr, Ipv4Addr};

use larum_core::time::Timestamp;
use larum_core::watch::fold::{
    Alarm, Budget, Fold, KeyEdges, MAX_KEY_EDGES, NO_SOURCE, Seen, mixed_mark,
};
use larum_core::watch::{Kind, State};
use proptest::prelude::*;

const HOUR: i64 = 3_600;
const DAY: i64 = 24 * HOUR;
/// 2026-10-01T00:00:00Z.
const START: i64 = 1_790_812_800;

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Row {
    at: i64,
    member: String,
    source: u32,
    key: String,
}

fn row(at: i64, member: u32, source: u32, key: &str) -> Row {
    Row {
        at: START + at,
        member: format!("firm {member}"),
        source,
        key: key.to_owned(),
    }
}

/// Source `number`, each in a network of its own.
fn source(number: u32) -> IpAddr {
    Ipv4Addr::from(0x0A00_0001 + number * 256).into()
}

fn observe(fold: &mut Fold, rows: &[Row], out: &mut Vec<Alarm>) {
    for row in rows {
        let seen = Seen {
            at: Timestamp::from_seconds(row.at),
            member: &row.member,
            source: source(row.source),
            key: &row.key,
            area: "",
            sector: "",
        };
        fold.observe(&seen, out);
    }
}

fn alarms(rows: &[Row]) -> Vec<Alarm> {
    let (mut fold, mut out) = (Fold::default(), Vec::new());
    observe(&mut fold, rows, &mut out);
    fold.finish(&mut out);
    out
}

/// Thirty days of twelve firms: a stranger a day at each on a common key.
fn quiet() -> Vec<Row> {
    let mut rows = Vec::new();
    for day in 0..30 {
        for member in 0..12 {
            let stranger = u32::try_from(day).unwrap() * 12 + member;
            let at = day * DAY + i64::from(member) * HOUR;
            rows.push(row(at, member, 1_000 + stranger, "tcp/22"));
        }
    }
    rows
}

/// Six sources reach eight firms on a key, on day 30.
fn wave(key: &str) -> Vec<Row> {
    let mut rows = quiet();
    for member in 0..8 {
        for turn in 0..6 {
            let at = 30 * DAY + i64::from(turn) * HOUR + i64::from(member);
            rows.push(row(at, member, turn, key));
        }
    }
    rows.sort();
    rows
}

#[test]
fn a_new_and_a_known_key_are_called_and_quiet_is_not() {
    assert_eq!(alarms(&quiet()), []);
    for (key, kind) in [("tcp/4444", Kind::Novel), ("tcp/22", Kind::Emerging)] {
        let called = alarms(&wave(key));
        let first = called.first().unwrap();
        assert_eq!((first.key.as_str(), first.kind), (key, kind));
        assert!(called.iter().all(|alarm| alarm.key == key), "{called:?}");
        assert!(called.windows(2).all(|pair| pair[0].at <= pair[1].at));
        assert!(first.members >= 3 && first.first_seen.as_seconds() >= START + 29 * DAY);
    }
}

#[test]
fn nobody_is_told_the_same_twice_and_what_is_sent_twice_is_seen_once() {
    let rows = wave("tcp/4444");
    let called = alarms(&rows);
    let opened = called.iter().filter(|alarm| !alarm.shown.grown).count();
    assert_eq!(opened, 1);
    // Every sighting sent three times, at once and again within the hour.
    let mut repeated = Vec::new();
    for one in &rows {
        repeated.extend([one.clone(), one.clone()]);
    }
    assert_eq!(alarms(&repeated), called);
}

#[test]
fn a_state_that_was_kept_goes_on_as_if_it_had_never_stopped() {
    let rows = wave("tcp/4444");
    let called = alarms(&rows);
    for cut in [1, rows.len() / 2, rows.len() - 20, rows.len() - 1] {
        let (mut fold, mut out) = (Fold::default(), Vec::new());
        let (before, after) = rows.split_at(cut);
        observe(&mut fold, before, &mut out);
        let bytes = fold.keep();
        drop(fold);
        let mut kept = Fold::restore(Budget::default(), &bytes).unwrap();
        assert_eq!(kept.keep().len(), bytes.len());
        observe(&mut kept, after, &mut out);
        kept.finish(&mut out);
        assert_eq!(out, called, "cut at {cut}");
    }
}

#[test]
fn damaged_state_is_refused() {
    let (mut fold, mut out) = (Fold::default(), Vec::new());
    observe(&mut fold, &wave("tcp/4444"), &mut out);
    let kept = fold.keep();
    for (place, bit) in [(0, 1), (4, 1), (kept.len() / 2, 8), (kept.len() - 1, 128)] {
        let mut bytes = kept.clone();
        bytes[place] ^= bit;
        assert!(Fold::restore(Budget::default(), &bytes).is_err(), "{place}");
    }
    for length in [0, 1, 9, 17, kept.len() - 1] {
        assert!(Fold::restore(Budget::default(), &kept[..length]).is_err());
    }
}

/// As a hub sees it: each sighting arrives `late` seconds after its time, and the hub looks every five
/// minutes.
fn looked(rows: &[Row], late: impl Fn(&Row) -> i64) -> (Fold, Vec<Alarm>) {
    let mut arriving: Vec<(i64, &Row)> = rows.iter().map(|row| (row.at + late(row), row)).collect();
    arriving.sort_by_key(|(at, _)| *at);
    let (mut fold, mut out) = (Fold::default(), Vec::new());
    let mut now = arriving.first().unwrap().0.div_euclid(300) * 300;
    let end = START + 32 * DAY;
    let mut rest = arriving.as_slice();
    while now < end {
        let (come, later) = rest.split_at(rest.partition_point(|(at, _)| *at <= now));
        rest = later;
        for (_, row) in come {
            fold.take(&Seen {
                at: Timestamp::from_seconds(row.at),
                member: &row.member,
                source: source(row.source),
                key: &row.key,
                area: "",
                sector: "",
            });
        }
        fold.advance(Timestamp::from_seconds(now), &mut out);
        now += 300;
    }
    (fold, out)
}

#[test]
fn a_hub_with_a_clock_calls_the_same_and_earlier() {
    for key in ["tcp/4444", "tcp/22"] {
        let recorded = alarms(&wave(key));
        let (_, live) = looked(&wave(key), |_| 30);
        let opened = |alarms: &[Alarm]| -> Vec<(String, Kind)> {
            let first = alarms.iter().filter(|alarm| !alarm.shown.grown);
            first.map(|alarm| (alarm.key.clone(), alarm.kind)).collect()
        };
        assert_eq!(opened(&live), opened(&recorded));
        assert!(live[0].at < recorded[0].at, "an early look is early");
    }
    let (_, quiet) = looked(&quiet(), |_| 30);
    assert_eq!(quiet, []);
}

#[test]
fn a_clock_that_runs_ahead_moves_no_time_and_hides_nothing() {
    let mut rows = wave("tcp/4444");
    let honest = looked(&rows, |_| 30).1;
    for hour in 0..24 * 31 {
        // One firm's clock is a day ahead; what it says arrives at once.
        rows.push(row(hour * HOUR + DAY, 11, 90_000, "tcp/22"));
    }
    let ahead = |row: &Row| if row.source == 90_000 { -DAY } else { 30 };
    let (_, called) = looked(&rows, ahead);
    let keys = |alarms: &[Alarm]| -> Vec<(Timestamp, String)> {
        alarms.iter().map(|one| (one.at, one.key.clone())).collect()
    };
    assert_eq!(keys(&called), keys(&honest));
}

#[test]
fn weeks_that_come_late_are_learned_by_their_own_time() {
    // All of thirty days at once, then the wave: as if the hub had been there.
    let rows = wave("tcp/22");
    let begin = START + 30 * DAY;
    let (_, called) = looked(&rows, |row| (begin - row.at).max(30));
    let first = called.first().unwrap();
    assert_eq!((first.key.as_str(), first.kind), ("tcp/22", Kind::Emerging));
    let days = first.shown.evidence.unwrap().trimmed.month.days;
    assert!(days >= 25, "{days} days known");
    // The same past of quiet weeks, and no wave: nothing.
    let (_, nothing) = looked(&quiet(), |row| (begin - row.at).max(30));
    assert_eq!(nothing, []);
}

/// Twelve strangers a day that each try four doors of one firm. Until day `since` visitors make four other
/// doors known, one each; from then on six of the strangers try those.
fn scanners(since: i64) -> Vec<Row> {
    let mut rows = Vec::new();
    for day in 0..32_i64 {
        for member in 0..12_u32 {
            let stranger = u32::try_from(day).unwrap() * 12 + member;
            let at = day * DAY + i64::from(member) * HOUR;
            let turns = day >= since && member % 2 == 0;
            let first = if turns { 4 } else { 0 };
            for door in first..first + 4 {
                rows.push(row(
                    at + i64::from(door),
                    member,
                    1_000 + stranger,
                    &format!("tcp/{door}"),
                ));
            }
            if day < since {
                let door = (stranger + member) % 4 + 4;
                rows.push(row(at, member, 50_000 + stranger, &format!("tcp/{door}")));
            }
        }
    }
    rows.sort();
    rows
}

#[test]
fn strangers_who_acted_alike_before_the_hub_looked_are_no_campaign() {
    let campaigns = |alarms: &[Alarm]| {
        let found = alarms.iter().filter(|one| one.kind == Kind::Campaign);
        found.count()
    };
    let begin = START + 30 * DAY;
    let (_, late) = looked(&scanners(99), |row| (begin + 60 - row.at).max(30));
    assert_eq!(campaigns(&late), 0, "{late:?}");
    // A hub that was there all the time knows them, and calls those who begin to act otherwise.
    assert_eq!(campaigns(&looked(&scanners(99), |_| 30).1), 0);
    assert_eq!(campaigns(&looked(&scanners(29), |_| 30).1), 1);
}

#[test]
fn what_is_older_than_anything_open_changes_nothing() {
    let rows = wave("tcp/4444");
    let called = alarms(&rows);
    let (mut fold, mut out) = (Fold::default(), Vec::new());
    let (before, after) = rows.split_at(rows.len() - 30);
    observe(&mut fold, before, &mut out);
    let old: Vec<Row> = (0..50)
        .map(|turn| row(-40 * DAY, turn % 3, 7_000 + turn, "tcp/9"))
        .collect();
    observe(&mut fold, &old, &mut out);
    observe(&mut fold, after, &mut out);
    fold.finish(&mut out);
    assert_eq!(out, called);
    assert_eq!(fold.counted().late, 50);
}

#[test]
fn a_flood_a_sweep_and_a_liar_raise_nothing() {
    let attacked = |rows: Vec<Row>| {
        let mut all = quiet();
        all.extend(rows);
        all.sort();
        alarms(&all)
    };
    let at = |turn: u32| 30 * DAY + i64::from(turn % 80_000);
    for key in ["tcp/22", "tcp/4444"] {
        let flood = (0..5_000).map(|turn| row(at(turn), 3, 9, key)).collect();
        assert_eq!(attacked(flood), [], "flood of {key}");
        let sweep = (0..240)
            .map(|turn| row(at(turn), turn % 12, 9, key))
            .collect();
        assert_eq!(attacked(sweep), [], "sweep of {key}");
        let liar = (0..300)
            .map(|turn| row(at(turn * 200), 3, 9_000 + turn, key))
            .collect();
        assert_eq!(attacked(liar), [], "liar about {key}");
    }
}

/// Edges of one key as some hub noted them.
fn edges() -> impl Strategy<Value = KeyEdges> {
    prop::collection::vec((0_u32..40, 0_u32..6, 0_i64..100), 0..60).prop_map(|seen| {
        let mut edges = KeyEdges::default();
        for (number, member, hour) in seen {
            edges.insert(
                source(number),
                member,
                Timestamp::from_seconds(START + hour * HOUR),
            );
        }
        edges
    })
}

fn merged(one: &KeyEdges, other: &KeyEdges) -> KeyEdges {
    let mut merged = one.clone();
    merged.merge(other);
    merged
}

proptest! {
    /// Merging regional states is commutative, associative and idempotent.
    #[test]
    fn the_order_of_merging_is_no_matter(a in edges(), b in edges(), c in edges()) {
        prop_assert_eq!(merged(&a, &b), merged(&b, &a));
        prop_assert_eq!(merged(&merged(&a, &b), &c), merged(&a, &merged(&b, &c)));
        prop_assert_eq!(merged(&a, &a), a.clone());
        prop_assert_eq!(merged(&merged(&a, &b), &b), merged(&a, &b));
    }
}

#[test]
fn many_sources_are_thinned_alike_everywhere_and_the_count_stays_close() {
    let at = Timestamp::from_seconds(START);
    let number = 60_000_u32;
    let (mut all, mut left, mut right) = (
        KeyEdges::default(),
        KeyEdges::default(),
        KeyEdges::default(),
    );
    for turn in 0..number {
        all.insert(source(turn), turn % 50, at);
        let half = if turn % 2 == 0 { &mut left } else { &mut right };
        half.insert(source(turn), turn % 50, at);
    }
    assert!(all.len() <= MAX_KEY_EDGES);
    assert_eq!(merged(&left, &right), all);
    let estimate = f64::from(u32::try_from(all.len() * all.scale()).unwrap());
    let error = (estimate / f64::from(number) - 1.0).abs();
    assert!(error <= 0.03, "{error}");
}

/// A host at each of `members` is in touch with `place`, every day of `days`.
fn calls(
    fold: &mut Fold,
    place: &str,
    members: std::ops::Range<u32>,
    days: std::ops::Range<i64>,
) -> Vec<Alarm> {
    let mut out = Vec::new();
    for day in days {
        for member in members.clone() {
            let at = Timestamp::from_seconds(START + day * DAY + i64::from(member) * 60);
            let member = format!("firm {member}");
            let seen = Seen {
                at,
                member: &member,
                source: NO_SOURCE,
                key: place,
                area: "",
                sector: "",
            };
            fold.observe(&seen, &mut out);
        }
    }
    out
}

#[test]
fn a_rare_place_that_several_members_call_is_called_once() {
    let mut fold = Fold::default();
    let mut out = Vec::new();
    observe(&mut fold, &quiet(), &mut out);
    // What everybody calls, and what two call, is no news.
    let common = calls(&mut fold, "updates.example.org", 0..12, 30..31);
    let lone = calls(&mut fold, "192.0.2.66", 0..2, 31..32);
    let shared = calls(&mut fold, "control.example.org", 3..6, 32..34);
    fold.finish(&mut out);
    assert_eq!((common, lone, out), (vec![], vec![], vec![]));
    let [alarm] = shared.as_slice() else {
        panic!("{shared:?}");
    };
    assert_eq!(alarm.key, "control.example.org");
    assert_eq!((alarm.kind, alarm.members), (Kind::Control, 3));
    let standing = fold.standing(alarm.shown.episode).unwrap();
    assert_eq!(standing.state, State::Emerging);
    let kept = Fold::restore(Budget::default(), &fold.keep()).unwrap();
    assert_eq!(kept.standing(alarm.shown.episode), Some(standing));
}

/// Thirty-four days of twelve firms on a busy key: strangers that each come once, and up to ten a day
/// that sweep all of them within an hour.
fn busy() -> Vec<Row> {
    let mut rows = Vec::new();
    for day in 0..34_u32 {
        for member in 0..12 {
            for turn in 0..4 + (day * 5 + member * 7) % 5 {
                let at = i64::from(day) * DAY + i64::from((turn * 5 + member) % 24) * HOUR;
                rows.push(row(at, member, day * 400 + member * 20 + turn, "tcp/22"));
            }
            for turn in 0..(day * 7) % 11 {
                let sweep = i64::from(day) * DAY + 9 * HOUR + i64::from(member);
                rows.push(row(sweep, member, 20_000 + day * 20 + turn, "tcp/22"));
            }
        }
    }
    rows.sort();
    rows
}

/// Four sources that go from firm to firm, one every five hours; `firms` says which.
fn roamers(firms: &[u32]) -> Vec<Row> {
    let mut rows = busy();
    for turn in 0..4_u32 {
        for (stop, firm) in (0_i64..).zip(firms) {
            let at = 31 * DAY + (i64::from(turn) * 2 + stop * 5) * HOUR;
            rows.push(row(at, *firm, 30_000 + turn, "tcp/22"));
        }
    }
    rows.sort();
    rows
}

#[test]
fn a_few_sources_that_go_from_firm_to_firm_are_called_on_a_busy_key() {
    assert_eq!(alarms(&busy()), []);
    let called = alarms(&roamers(&[0, 3, 5, 7, 9, 11]));
    let first = called.first().unwrap();
    assert_eq!((first.key.as_str(), first.kind), ("tcp/22", Kind::Emerging));
    let sums = first.shown.evidence.unwrap();
    assert!(
        sums.breadth.roaming.iter().any(|count| *count >= 2),
        "{sums:?}"
    );
    // The same sources at the same hours, but all at one firm, are that firm's own.
    assert_eq!(alarms(&roamers(&[3, 3, 3, 3, 3, 3])), []);
}

#[test]
fn the_order_of_keys_within_an_hour_is_no_matter() {
    let mut rows = wave("tcp/22");
    let more = wave("tcp/4444").into_iter().map(|mut row| {
        row.source += 50_000;
        row
    });
    rows.extend(more);
    rows.sort();
    let place = |rows: &[Row]| -> Vec<Alarm> {
        let (mut fold, mut out) = (Fold::default(), Vec::new());
        for row in rows {
            let number: usize = row.member.trim_start_matches("firm ").parse().unwrap();
            let seen = Seen {
                at: Timestamp::from_seconds(row.at),
                member: &row.member,
                source: source(row.source),
                key: &row.key,
                area: ["a", "b"].get(number % 2).unwrap(),
                sector: ["c", "d", "e"].get(number % 3).unwrap(),
            };
            fold.observe(&seen, &mut out);
        }
        fold.finish(&mut out);
        out
    };
    let called = place(&rows);
    assert!(!called.is_empty());
    let hour = |row: &Row| row.at.div_euclid(HOUR);
    rows.sort_by(|one, other| {
        let of = |row: &Row| (hour(row), row.member.clone());
        of(one).cmp(&of(other)).then(other.key.cmp(&one.key))
    });
    // `Seen` carries no more than the second, so first sightings are those of the record.
    assert_eq!(place(&rows), called);
}

/// Forty firms of two areas, of which many say as much as others: a known key, a new one, an area's wave,
/// a scan shared out by one network, and a place that four firms call.
fn town() -> Vec<(i64, u32, IpAddr, &'static str)> {
    let mut rows = Vec::new();
    for day in 0..33_u32 {
        for member in 0..40 {
            let at = i64::from(day) * DAY + i64::from(member % 24) * HOUR;
            rows.push((at, member, source(1_000 + day * 40 + member), "tcp/22"));
        }
    }
    for member in 0..8 {
        for turn in 0..6 {
            let at = 30 * DAY + i64::from(turn) * HOUR;
            rows.push((at, member, source(turn), "tcp/4444"));
            rows.push((at, member * 2, source(100 + turn * 8 + member), "tcp/22"));
        }
    }
    for turn in 0..25_u8 {
        let at = 31 * DAY + i64::from(turn) * HOUR;
        let from = IpAddr::from([192, 0, 2, turn]);
        rows.push((at, u32::from(turn), from, "tcp/3389"));
        rows.push((at, u32::from(turn / 2), from, "tcp/3390"));
    }
    for member in 0..4 {
        rows.push((32 * DAY, member, NO_SOURCE, "198.51.100.9"));
    }
    rows
}

/// The alarms of a town whose sightings arrive in another order within each hour; `turn` chooses it.
fn shuffled(turn: u64) -> Vec<Alarm> {
    let mut rows = town();
    rows.sort_by_key(|(at, member, from, key)| {
        let own = u64::from(*member) + u64::try_from(key.len()).unwrap() * 64;
        (
            at.div_euclid(HOUR),
            mixed_mark(*from, own + turn * 1_000_003),
        )
    });
    let (mut fold, mut out) = (Fold::default(), Vec::new());
    for (at, number, from, key) in rows {
        let member = format!("firm {number}");
        let seen = Seen {
            at: Timestamp::from_seconds(START + at),
            member: &member,
            source: from,
            key,
            area: if number % 3 == 0 {
                "E23000035"
            } else {
                "E23000039"
            },
            sector: match number % 3 {
                0 => "retail",
                1 => "health",
                _ => "legal",
            },
        };
        fold.observe(&seen, &mut out);
        if number > 30 {
            fold.calls_from(&member, "203.0.113.0/24");
        }
    }
    fold.finish(&mut out);
    out
}

#[test]
fn the_order_of_arrival_within_an_hour_is_no_matter() {
    let first = shuffled(1);
    let kinds = |kind| first.iter().any(|alarm| alarm.kind == kind);
    assert!(kinds(Kind::Novel) && kinds(Kind::Control), "{first:?}");
    for turn in 2..8 {
        assert_eq!(shuffled(turn), first, "{turn}");
    }
}
