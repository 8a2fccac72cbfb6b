//! The poisoning suite of the watch (invariant 7): one member can neither raise nor hide an alarm.

use std::collections::BTreeSet;
use std::net::{IpAddr, Ipv4Addr};

use larum_core::watch::{
    Assessment, Branch, Breadth, Day, Edges, Kind, MEMBER_CAP, Setting, Sum, assess, measure,
    trim_for,
};
use proptest::prelude::*;

const MEMBERS: u32 = 40;

/// Source `number`, each in a network of its own.
fn source(number: u32) -> IpAddr {
    Ipv4Addr::from(0x0A00_0000_u32 + number * 256 + 1).into()
}

/// Edges of honest members: member, source.
fn honest() -> impl Strategy<Value = Edges<u32>> {
    prop::collection::btree_set((0..MEMBERS, (0_u32..60).prop_map(source)), 0..200)
}

/// What a liar sends: invented sources or copies of others'.
fn lies(members: std::ops::Range<u32>) -> impl Strategy<Value = Edges<u32>> {
    prop::collection::btree_set((members, (0_u32..500).prop_map(source)), 0..300)
}

fn untrimmed(edges: &Edges<u32>) -> usize {
    (0..MEMBERS)
        .map(|member| {
            let count = edges.iter().filter(|edge| edge.0 == member).count();
            count.min(MEMBER_CAP)
        })
        .sum()
}

proptest! {
    /// With as many liars as are trimmed, the sum stays within the honest untrimmed total.
    #[test]
    fn liars_cannot_lift_the_sum_above_the_honest_total(
        honest in honest(),
        liars in 1_u32..4,
        lie in lies(MEMBERS..MEMBERS + 3),
    ) {
        let trim = usize::try_from(liars).unwrap();
        let mut edges = honest.clone();
        edges.extend(lie.into_iter().filter(|edge| edge.0 < MEMBERS + liars));
        prop_assert!(measure(&edges, trim).trimmed <= untrimmed(&honest));
    }

    /// Whatever one member sends, neither sum falls below what it is without that member.
    #[test]
    fn one_member_cannot_lower_either_sum(honest in honest(), lie in lies(MEMBERS..MEMBERS + 1)) {
        let without = measure(&honest, 1);
        let mut edges = honest;
        edges.extend(lie);
        let with = measure(&edges, 1);
        prop_assert!(with.capped >= without.capped);
        prop_assert!(with.trimmed >= without.trimmed);
    }

    /// One member alone never makes an alarm, whatever it sends and whatever went before.
    #[test]
    fn one_member_alone_never_raises_an_alarm(
        lie in lies(0..1),
        level in 0_usize..20,
        days in 0_usize..48,
    ) {
        let history = flat(level, days);
        let judged = assess(measure(&lie, 1), &history, Setting { members: 24 });
        prop_assert!(!judged.alarm);
    }

    /// A source counts at most three times, however many members it visits.
    #[test]
    fn one_source_counts_at_most_three_times(visited in 0_u32..MEMBERS) {
        let edges: Edges<u32> = (0..visited).map(|member| (member, source(1))).collect();
        prop_assert!(measure(&edges, 1).capped <= 3);
    }
}

fn flat(level: usize, days: usize) -> Vec<Day> {
    vec![
        Day {
            capped: level,
            trimmed: level,
            shared: 0,
            known: 24,
            ..Day::default()
        };
        days
    ]
}

/// Every one of `members` members sees `each` sources of the `pool`.
fn seen(members: u32, each: u32, pool: u32) -> Edges<u32> {
    (0..members)
        .flat_map(|member| (0..each).map(move |turn| (member, source((member * 7 + turn) % pool))))
        .collect()
}

fn judge(edges: &Edges<u32>, history: &[Day]) -> Assessment {
    assess(
        measure(edges, trim_for(24)),
        history,
        Setting { members: 24 },
    )
}

#[test]
fn a_wave_is_called_and_noise_is_not() {
    let quiet = flat(0, 40);
    let busy: Vec<Day> = (0..40)
        .map(|day| Day {
            capped: 20 + day % 5,
            trimmed: 22 + day % 5,
            shared: 2,
            known: 24,
            ..Day::default()
        })
        .collect();
    // Never seen, then three sources at each of four members.
    let wave = judge(&seen(4, 3, 12), &quiet);
    assert!(wave.alarm && wave.kind == Kind::Novel, "{wave:?}");
    // The smallest: three sources, one at each of three members.
    let least: Edges<u32> = (0..3).map(|turn| (turn, source(turn))).collect();
    assert!(judge(&least, &quiet).alarm);
    // Usual traffic on a busy key.
    assert!(!judge(&seen(24, 1, 40), &busy).alarm);
    // The same key at three times the usual.
    let wave = judge(&seen(24, 3, 60), &busy);
    assert!(wave.alarm && wave.kind == Kind::Emerging, "{wave:?}");
    // Two sources are not a wave.
    assert!(!judge(&seen(8, 2, 2), &quiet).alarm);
}

#[test]
fn a_flood_a_sweep_and_a_liar_are_not_called() {
    let history: Vec<Day> = (0..40)
        .map(|day| Day {
            capped: 4 + day % 3,
            trimmed: 4 + day % 3,
            shared: 0,
            known: 24,
            ..Day::default()
        })
        .collect();
    let usual = seen(5, 1, 9);
    assert!(!judge(&usual, &history).alarm);
    // A flood: one source at one member, any number of events is one edge.
    let mut flood = usual.clone();
    flood.insert((9, source(77)));
    assert!(!judge(&flood, &history).alarm);
    // A sweep: one source visits everybody.
    let mut sweep = usual.clone();
    sweep.extend((0..24).map(|member| (member, source(78))));
    assert!(!judge(&sweep, &history).alarm);
    // A liar: one member invents three hundred sources, on a known key and on a new one.
    let mut liar = usual;
    liar.extend((100..400).map(|number| (23, source(number))));
    assert!(!judge(&liar, &history).alarm);
    let alone: Edges<u32> = (100..400)
        .map(|number| (23, source(number)))
        .chain([(1, source(100)), (2, source(101))])
        .collect();
    assert!(!judge(&alone, &flat(1, 40)).alarm);
}

#[test]
fn one_member_cannot_hide_a_wave_by_swelling_the_past() {
    // For forty days a liar reports sixty invented sources, then a wave reaches six members.
    let lie: Edges<u32> = (100..160).map(|number| (23, source(number))).collect();
    let day = measure(&lie, trim_for(24));
    let history = vec![
        Day {
            capped: day.capped,
            trimmed: day.trimmed,
            shared: day.shared,
            known: 24,
            ..Day::default()
        };
        40
    ];
    let mut window = seen(6, 3, 18);
    window.extend(lie);
    assert!(judge(&window, &history).alarm);
}

#[test]
fn a_young_hub_asks_for_more_members() {
    let wave = seen(4, 3, 12);
    assert!(judge(&wave, &flat(0, 40)).alarm);
    assert!(!judge(&wave, &flat(0, 4)).alarm);
    // Without a single whole day there is nothing to compare with.
    assert!(!judge(&seen(20, 5, 100), &[]).alarm);
    assert!(judge(&seen(9, 4, 36), &flat(0, 4)).alarm);
    // Usual noise of a town on its third day.
    assert!(!judge(&seen(24, 1, 40), &flat(20, 3)).alarm);
}

#[test]
fn a_growing_membership_is_not_an_outbreak() {
    let usual = seen(24, 1, 40);
    let day = |known| Day {
        capped: 10,
        trimmed: 11,
        shared: 0,
        known,
        ..Day::default()
    };
    assert!(!judge(&usual, &[day(12); 40]).alarm);
    assert!(judge(&usual, &[day(24); 40]).alarm);
}

/// Days on which both sums were as given.
fn days(sums: impl Iterator<Item = usize>) -> Vec<Day> {
    sums.map(|sum| Day {
        capped: sum,
        trimmed: sum,
        known: 24,
        ..Day::default()
    })
    .collect()
}

/// The judgement of a window in which both sums are `sum`.
fn judge_sum(sum: usize, history: &[Day]) -> Assessment {
    let window = Breadth {
        sources: sum,
        members: 12,
        networks: sum,
        capped: sum,
        trimmed: sum,
        ..Breadth::default()
    };
    assess(window, history, Setting { members: 24 })
}

#[test]
fn a_key_that_comes_back_as_usual_after_a_quiet_week_is_not_called() {
    // Four wild weeks with 187 a day, then nothing for nine days.
    let wild = [0, 60, 420, 187, 30, 400, 212];
    let busy = wild.iter().copied().cycle().take(28);
    let history = days(busy.chain([0; 9]));
    for usual in wild {
        let judged = judge_sum(usual, &history);
        assert!(!judged.alarm, "{usual}: {judged:?}");
    }
    // What four weeks never saw is still called.
    assert!(judge_sum(1_500, &history).alarm);
    // A key that was always quiet is as quick to be called as it was.
    assert!(judge_sum(12, &days(std::iter::repeat_n(1, 40))).alarm);
}

#[test]
fn the_numbers_shown_are_those_that_made_the_score() {
    // Four weeks at thirty, of which the last at ten.
    let history = days(std::iter::repeat_n(30, 31).chain([10; 9]));
    let judged = judge_sum(60, &history);
    let ground = judged.evidence.ground;
    assert_eq!(
        (ground.sum, ground.branch),
        (Sum::SourceCapped, Branch::Fast)
    );
    let (counted, usual) = judged.evidence.decisive();
    assert_eq!((counted, usual.days), (60, 7));
    assert!((usual.mean - 10.0).abs() < 1e-9, "{usual:?}");
    let score = 0.55 * (60.0 - usual.mean) / usual.spread;
    assert!((judged.score - score).abs() < 1e-9, "{judged:?}");
    // As high for longer than a week, against weeks at three: the four weeks decide.
    let history = days(std::iter::repeat_n(3, 31).chain([60; 9]));
    let judged = judge_sum(60, &history);
    assert_eq!(judged.evidence.ground.branch, Branch::Slow);
    let (_, usual) = judged.evidence.decisive();
    assert_eq!(usual, judged.evidence.capped.month);
}

#[test]
fn sources_of_one_network_are_not_a_wave() {
    let one_network: Edges<u32> = (0..6)
        .flat_map(|member| {
            (1..4_u8).map(move |last| (member, Ipv4Addr::new(192, 0, 2, last).into()))
        })
        .collect();
    assert!(!judge(&one_network, &flat(0, 40)).alarm);
    let two: BTreeSet<_> = one_network
        .into_iter()
        .chain([(7, Ipv4Addr::new(198, 51, 100, 1).into())])
        .collect();
    assert!(judge(&two, &flat(0, 40)).alarm);
}
