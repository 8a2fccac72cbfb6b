//! A disk that fills in the middle of a batch. The engine's own limit of pages stands in for the disk: it
//! refuses at the same place, with the same error.

use std::net::Ipv4Addr;

use larum_core::finding::{AttackOutcome, Category, FindingId, Severity};
use larum_core::sighting::Sighting;
use larum_core::time::Timestamp;

use super::SqlStore;
use super::enrol::tests::bakery;
use crate::id::CollectorId;
use crate::store::StoreError;
use crate::store::enrol::{EnrolStore as _, Issued, NewToken};
use crate::store::ingest::{CheckedBatch, IngestStore as _};

const NOW: Timestamp = Timestamp::from_seconds(1_800_000_000);
/// Sightings in each batch.
const SIGHTINGS: u64 = 200;
/// Pages the disk still has.
const ROOM_PAGES: i64 = 60;

fn sighting(number: u64) -> Sighting {
    let octet = u8::try_from(number % 250).unwrap();
    Sighting {
        id: FindingId::of(&[&number.to_le_bytes()]),
        key: format!("tcp/{}", 1 + number % 60_000),
        detector: "port-scan".into(),
        category: Category::Scan,
        attack: vec!["T1046".into()],
        severity: Severity::Medium,
        confidence: 80,
        outcome: AttackOutcome::Attempt,
        first: NOW.plus_seconds(-60),
        last: NOW,
        count: 3,
        sources: vec![Ipv4Addr::new(198, 51, 100, octet).into()],
    }
}

fn batch(collector: CollectorId, sequence: u64) -> CheckedBatch {
    let first = sequence * SIGHTINGS;
    CheckedBatch {
        collector,
        sequence,
        previous: format!("{:064x}", sequence - 1),
        sha256: format!("{:064x}", 1_000 + sequence),
        chain: format!("{sequence:064x}"),
        sightings: (first..first + SIGHTINGS).map(sighting).collect(),
        set_aside: [].into(),
    }
}

fn joined(store: &SqlStore) -> CollectorId {
    let member = bakery();
    store.add_member(&member, NOW).unwrap();
    let token = NewToken {
        secret_hash: "h".into(),
        member: member.id,
        site: "shop".into(),
        expires: NOW.plus_seconds(60),
    };
    store.add_token(&token, NOW).unwrap();
    let issued = Issued {
        collector: CollectorId::random().unwrap(),
        serial: "1".into(),
        not_before: NOW,
        not_after: NOW.plus_seconds(86_400),
    };
    store.enrol("h", &issued, NOW).unwrap().unwrap();
    issued.collector
}

fn most_pages(store: &SqlStore, pages: i64) {
    let sql = format!("PRAGMA max_page_count = {pages}");
    store
        .write(|transaction| transaction.execute_batch(&sql))
        .unwrap();
}

#[test]
fn a_disk_that_fills_in_the_middle_of_a_batch_keeps_nothing_of_it() {
    let folder = tempfile::tempdir().unwrap();
    let store = SqlStore::open(&folder.path().join("hub.sqlite")).unwrap();
    let collector = joined(&store);
    let count = |sequence| store.count_batch(&batch(collector, sequence), NOW);
    count(1).unwrap().unwrap();
    let pages: i64 = store
        .write(|transaction| transaction.query_row("PRAGMA page_count", [], |row| row.get(0)))
        .unwrap();
    most_pages(&store, pages + ROOM_PAGES);
    let (failed, error) = (2..1_000)
        .find_map(|sequence| count(sequence).err().map(|error| (sequence, error)))
        .unwrap();
    assert!(matches!(error, StoreError::DiskFull), "{error}");
    // What was receipted is all there, and of the batch that failed nothing is.
    let full = store.totals().unwrap();
    assert_eq!(full.batches, failed - 1);
    assert_eq!(full.arrived, (failed - 1) * SIGHTINGS);
    assert_eq!(full.findings, (failed - 1) * SIGHTINGS);
    assert!(!count(failed - 1).unwrap().unwrap().fresh);

    most_pages(&store, pages + 100 * ROOM_PAGES);
    assert!(count(failed).unwrap().unwrap().fresh);
    assert!(!count(failed).unwrap().unwrap().fresh);
    let after = store.totals().unwrap();
    assert_eq!(after.batches, failed);
    assert_eq!(after.findings, failed * SIGHTINGS);
}
