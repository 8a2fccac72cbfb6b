use std::sync::Arc;

use proptest::prelude::*;

use super::*;
use crate::finding::{AttackOutcome, Category};

fn sighting(id: u8, severity: Severity, last: i64, count: u64) -> Sighting {
    Sighting {
        id: FindingId([id; 16]),
        key: "tcp/22".into(),
        detector: Arc::from("login-guessing"),
        category: Category::BruteForce,
        attack: Vec::new(),
        severity,
        confidence: 80,
        outcome: AttackOutcome::Attempt,
        first: Timestamp::from_seconds(0),
        last: Timestamp::from_seconds(last),
        count,
        sources: vec!["192.0.2.1".parse().unwrap()],
    }
}

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_seconds(seconds)
}

#[test]
fn updates_are_merged_until_due() {
    let mut digest = Digest::new(Settings::default());
    let mut out = Vec::new();
    assert_eq!(
        digest.push(sighting(1, Severity::Low, 5, 3), at(0), &mut out),
        None
    );
    assert_eq!(
        digest.push(sighting(1, Severity::Low, 9, 7), at(9), &mut out),
        Some(Withheld::Merged)
    );
    assert_eq!(
        digest.next_deadline(),
        Some(at(10)),
        "an update does not postpone it"
    );
    digest.due(at(9), &mut out);
    assert!(out.is_empty());
    digest.due(at(10), &mut out);
    assert_eq!(out, vec![sighting(1, Severity::Low, 9, 7)]);
    assert!(digest.is_empty());
}

#[test]
fn what_is_severe_goes_at_once_and_takes_the_earlier_with_it() {
    let mut digest = Digest::new(Settings::default());
    let mut out = Vec::new();
    digest.push(sighting(1, Severity::Medium, 5, 3), at(0), &mut out);
    let merged = digest.push(sighting(1, Severity::Critical, 6, 4), at(1), &mut out);
    assert_eq!(merged, Some(Withheld::Merged));
    assert_eq!(out, vec![sighting(1, Severity::Critical, 6, 4)]);
    assert_eq!(digest.next_deadline(), None);
    digest.push(sighting(2, Severity::High, 6, 4), at(2), &mut out);
    assert_eq!(out.len(), 2);
}

#[test]
fn the_oldest_goes_early_when_it_is_full_and_all_go_when_the_clock_is_set_back() {
    let mut digest = Digest::new(Settings {
        capacity: 2,
        ..Settings::default()
    });
    let mut out = Vec::new();
    for id in 1..=3 {
        digest.push(sighting(id, Severity::Low, 1, 1), at(1_000), &mut out);
    }
    assert_eq!(out, vec![sighting(1, Severity::Low, 1, 1)]);
    digest.due(at(0), &mut out);
    assert_eq!(out.len(), 3);
}

fn any_sighting() -> impl Strategy<Value = Sighting> {
    (0..20_u8, 0..5_usize, 0..50_i64, 0..9_u64, 0..4_u8).prop_map(
        |(id, severity, last, count, ip)| {
            let mut sighting = sighting(id, Severity::ALL[severity], last, count);
            sighting.sources = vec![std::net::IpAddr::from([192, 0, 2, ip])];
            sighting
        },
    )
}

proptest! {
    /// findings = sightings + Σ withheld, at every moment, and never more than the capacity waits.
    #[test]
    fn nothing_is_lost_and_nothing_invented(
        steps in prop::collection::vec((any_sighting(), -3_i64..8), 0..300),
        capacity in 1_usize..8,
    ) {
        let mut digest = Digest::new(Settings { capacity, ..Settings::default() });
        let (mut out, mut merged, mut pushed) = (Vec::new(), 0, 0);
        let mut now = 1_000;
        for (sighting, step) in steps {
            now += step;
            pushed += 1;
            merged += usize::from(digest.push(sighting, at(now), &mut out).is_some());
            prop_assert_eq!(pushed, out.len() + merged + digest.len());
            prop_assert!(digest.len() <= capacity);
            digest.due(at(now), &mut out);
            prop_assert_eq!(pushed, out.len() + merged + digest.len());
            prop_assert!(digest.next_deadline().is_none_or(|due| due > at(now) && due <= at(now + 10)));
        }
        digest.flush(&mut out);
        prop_assert_eq!(pushed, out.len() + merged);
        prop_assert_eq!(digest.next_deadline(), None);
    }

    #[test]
    fn merging_does_not_depend_on_the_order(
        mut one in any_sighting(), mut two in any_sighting(), three in any_sighting(),
    ) {
        (one.id, two.id) = (three.id, three.id);
        prop_assert_eq!(merge(one.clone(), two.clone()), merge(two.clone(), one.clone()));
        prop_assert_eq!(
            merge(merge(one.clone(), two.clone()), three.clone()),
            merge(one, merge(two, three))
        );
    }
}
