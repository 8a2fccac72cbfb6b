//! A disk that fills up and is freed again, by fault injection.

use super::*;
use crate::checkpoint::Checkpoint;
use larum_core::finding::{AttackOutcome, Category, FindingId, Severity};
use larum_core::time::Timestamp;
use larum_spool::simulated::SimulatedStorage;

fn sighting(number: usize) -> Sighting {
    Sighting {
        id: FindingId::of(&[&number.to_le_bytes()]),
        key: "tcp/22".into(),
        detector: "login-guessing".into(),
        category: Category::BruteForce,
        attack: Vec::new(),
        severity: Severity::Medium,
        confidence: 90,
        outcome: AttackOutcome::Attempt,
        first: Timestamp::from_seconds(0),
        last: Timestamp::from_seconds(1),
        count: 1,
        sources: vec!["198.51.100.7".parse().unwrap()],
    }
}

#[test]
fn a_full_disk_loses_nothing_until_memory_is_full_and_then_says_so() {
    let folder = tempfile::tempdir().unwrap();
    let board = Board::new(folder.path(), &Checkpoint::default());
    let device = board.lock().tally.device("gate");
    let storage = SimulatedStorage::new(1);
    let (spool, _) = Spool::open(storage.clone(), Limits::default()).unwrap();
    let (told, newest) = watch::channel(0);
    let mut spooling = Spooling::new(Arc::new(Mutex::new(spool)), told, 30);

    spooling.put(sighting(0), device);
    spooling.settle(&board, 1);
    assert_eq!(board.lock().tally.total().sightings, 1);
    assert_eq!(*newest.borrow(), 1);

    storage.set_capacity_bytes(Some(storage.used_bytes()));
    for number in 1..=MAX_WAITING + 10 {
        spooling.put(sighting(number), device);
    }
    spooling.settle(&board, 1);
    {
        let posted = board.lock();
        assert!(posted.troubles.contains(&Trouble::SpoolUnwritable));
        // What did fit is not claimed before it is synced; what cannot wait any more is counted.
        let total = *posted.tally.total();
        assert_eq!(total.sightings, 1);
        assert!(total.findings() <= 11, "{total:?}");
    }

    storage.set_capacity_bytes(None);
    spooling.settle(&board, 1);
    let posted = board.lock();
    assert!(posted.troubles.is_empty());
    let total = *posted.tally.total();
    assert_eq!(
        usize::try_from(total.findings()).unwrap(),
        MAX_WAITING + 11,
        "{total:?}"
    );
    assert_eq!(posted.spool.waiting, total.sightings);
}

#[test]
fn what_could_not_be_sent_for_too_long_is_given_up_and_counted() {
    const FIRST: Hour = 490_000;
    let folder = tempfile::tempdir().unwrap();
    let board = Board::new(folder.path(), &Checkpoint::default());
    let device = board.lock().tally.device("gate");
    let (spool, _) = Spool::open(SimulatedStorage::new(1), Limits::default()).unwrap();
    let (told, _newest) = watch::channel(0);
    let mut spooling = Spooling::new(Arc::new(Mutex::new(spool)), told, 2);

    for hour in 0..50 {
        spooling.put(sighting(usize::try_from(hour).unwrap()), device);
        spooling.settle(&board, FIRST + hour);
    }
    // Two days: in the 50th hour, FIRST + 49, what came before FIRST + 1 has waited for longer.
    {
        let posted = board.lock();
        let spool = posted.spool;
        assert_eq!((spool.waiting, spool.dropped_age, spool.lost()), (49, 1, 1));
        assert_eq!(posted.tally.total().sightings, 50);
    }
    // A clock that is set back gives nothing up, and nothing is counted twice.
    spooling.settle(&board, 3);
    spooling.settle(&board, FIRST + 50);
    let spool = board.lock().spool;
    assert_eq!((spool.waiting, spool.lost()), (48, 2));
}
