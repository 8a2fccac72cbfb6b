//! Batches, each counted once; signs of life; what a collector fetches.

use larum_hub_lib::store::StoreError;
use larum_hub_lib::store::ingest::{BatchAnswer, ChainConflict, IngestStore as _};
use larum_hub_lib::store::sql::SqlStore;
use larum_hub_lib::store::watch::WatchStore as _;
use larum_hub_lib::store::watch_state::WatchState as _;

use super::watch::change;
use super::{at, batch, collector, collector_id, firm, hash, sighting, tell};

/// A batch counts once, in its place in the chain.
pub fn once(store: &SqlStore, told: &mut String) {
    let member = firm(store, 1, "Bakery");
    let id = collector(store, member, 1);
    let first = batch(id, 1, vec![sighting(1, "tcp/22", 1, 10, 20, 3)]);
    let counted = store.count_batch(&first, at(30)).unwrap().unwrap();
    assert!(counted.fresh);
    let again = store.count_batch(&first, at(40)).unwrap().unwrap();
    assert!(!again.fresh);
    assert_eq!((again.receipt, again.received), (counted.receipt, at(30)));
    assert_eq!(again.set_aside, counted.set_aside);
    store.feed_all().unwrap();
    tell(told, (&counted, &again, store.totals().unwrap()));
    // A gap, another beginning, another content under a number counted before.
    let gap = batch(id, 3, Vec::new());
    let mut forked = batch(id, 2, Vec::new());
    forked.previous = hash(77);
    let mut changed = first;
    changed.sha256 = hash(78);
    for wrong in [gap, forked, changed] {
        let refused = store.count_batch(&wrong, at(50)).unwrap();
        assert_eq!(refused, Err(ChainConflict { expected: 2 }));
    }
    assert_eq!(store.totals().unwrap().conflicts, 1);
    let next = store.count_batch(&batch(id, 2, Vec::new()), at(60));
    tell(told, next.unwrap().unwrap());
    let unknown = store.count_batch(&batch(collector_id(9), 1, Vec::new()), at(60));
    assert!(matches!(unknown, Err(StoreError::NotFound)));
    store.heartbeat(id, "{\"spool\":1}", at(61)).unwrap();
    let unknown = store.heartbeat(collector_id(9), "{}", at(61));
    assert!(matches!(unknown, Err(StoreError::NotFound)));
    assert_eq!(store.prove_writable(at(62)).unwrap(), None);
    let look = store.begin_look(at(63), 0, at(0)).unwrap();
    assert_eq!(store.prove_writable(at(64)).unwrap(), Some(look.at));
    tell(told, (store.totals().unwrap(), store.counts().unwrap()));
}

/// Several batches in one transaction: each is answered for itself.
pub fn together(store: &SqlStore, told: &mut String) {
    let members = [1, 2].map(|number| firm(store, number, "Firm"));
    let ids: Vec<_> = (1..)
        .zip(members)
        .map(|(number, member)| collector(store, member, number))
        .collect();
    let seen = |number| vec![sighting(number, "tcp/22", 1, 10, 20, 3)];
    let mut all: Vec<_> = ids.iter().map(|id| batch(*id, 1, seen(1))).collect();
    all.push(batch(collector_id(9), 1, seen(2)));
    all.extend(ids.iter().map(|id| batch(*id, 2, seen(3))));
    all.extend(ids.iter().map(|id| batch(*id, 1, seen(1))));
    all.extend(ids.iter().map(|id| batch(*id, 4, seen(4))));
    let answers = store.count_batches(&all, at(30)).unwrap();
    store.feed_all().unwrap();
    let fresh = |answer: &BatchAnswer| match answer {
        BatchAnswer::Counted(counted) => Some(counted.fresh),
        BatchAnswer::Conflict(_) | BatchAnswer::Unknown => None,
    };
    let expected = [
        Some(true),
        Some(true),
        None,
        Some(true),
        Some(true),
        Some(false),
        Some(false),
        None,
        None,
    ];
    assert_eq!(answers.iter().map(fresh).collect::<Vec<_>>(), expected);
    assert_eq!(answers.get(2), Some(&BatchAnswer::Unknown));
    let totals = store.totals().unwrap();
    assert_eq!(
        (
            totals.batches,
            totals.arrived,
            totals.findings,
            totals.conflicts
        ),
        (4, 4, 4, 2)
    );
    tell(told, (answers, totals));
}

/// The later word about a finding replaces the earlier, and never the other way round.
pub fn sightings(store: &SqlStore, told: &mut String) {
    let member = firm(store, 1, "Bakery");
    let id = collector(store, member, 1);
    let mut worse = sighting(1, "tcp/22", 1, 5, 9_000, 8);
    worse.severity = larum_core::finding::Severity::Critical;
    let batches = [
        vec![
            sighting(1, "tcp/22", 1, 10, 20, 3),
            sighting(2, "tcp/23", 2, -7_200, 10, 1),
            // The same finding twice in one batch.
            sighting(2, "tcp/23", 2, -7_200, 30, 2),
        ],
        vec![worse, sighting(1, "tcp/22", 1, 10, 20, 4)],
    ];
    for (sequence, sightings) in (1..).zip(batches) {
        let counted = store.count_batch(&batch(id, sequence, sightings), at(9_100));
        assert!(counted.unwrap().unwrap().fresh);
    }
    store.feed_all().unwrap();
    assert_eq!(store.totals().unwrap().findings, 2);
    assert_eq!(store.totals().unwrap().arrived, 5);
    let reached = store.reached("tcp/22", at(0)).unwrap();
    assert_eq!(reached.len(), 1);
    tell(told, reached);
    for key in ["tcp/22", "tcp/23"] {
        tell(told, store.edges(key, at(-86_400), at(86_400)).unwrap());
        tell(told, store.edges(key, at(-86_400), at(-3_600)).unwrap());
    }
}

/// What a firm's device said may hold anything a text can.
pub fn foreign_text(store: &SqlStore, told: &mut String) {
    let member = firm(store, 1, "B'; DROP TABLE member; --\u{1F35E}");
    let id = collector(store, member, 1);
    let keys = ["';--", "?1 $1 \\", "\u{202e}x\u{fffd}", "ÄÖ \" %_"];
    let sightings = (1..)
        .zip(keys)
        .map(|(number, key)| sighting(number, key, 1, 1, 2, 1))
        .chain([sighting(50, "a\0b", 1, 1, 2, 1)])
        .collect();
    store
        .count_batch(&batch(id, 1, sightings), at(9))
        .unwrap()
        .unwrap();
    store.feed_all().unwrap();
    for key in keys {
        let reached = store.reached(key, at(0)).unwrap();
        assert_eq!(reached.len(), 1, "{key}");
    }
    assert_eq!(store.totals().unwrap().findings, 5);
    tell(told, store.arrived(0, 1).unwrap());
}

/// Warnings come in order, after the one fetched last, until they expire.
pub fn warnings(store: &SqlStore, told: &mut String) {
    let members = [firm(store, 1, "Bakery"), firm(store, 2, "Smithy")];
    for key in ["tcp/1", "tcp/2", "tcp/3"] {
        store.apply_threat(&change(key, &members), at(10)).unwrap();
    }
    let [member, _] = members;
    let fetch = |after, limit, now| store.fetch_warnings(member, after, limit, at(now)).unwrap();
    let all = fetch(0, 10, 20);
    assert_eq!(all.len(), 3);
    tell(told, &all);
    let numbers: Vec<u64> = all.iter().map(|(number, _)| *number).collect();
    assert!(numbers.is_sorted());
    let second = numbers.get(1).copied().unwrap();
    assert_eq!(fetch(0, 2, 20).last().unwrap().0, second);
    assert_eq!(fetch(second, 10, 20).len(), 1);
    assert!(fetch(u64::MAX, 10, 20).is_empty());
    assert!(fetch(0, 10, 90_000).is_empty(), "expired");
    tell(told, store.newest_warning().unwrap());
    tell(told, store.warning_states(1).unwrap());
}
