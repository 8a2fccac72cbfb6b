//! A database that goes away in the middle of a batch: nothing acknowledged is lost, nothing is
//! counted twice.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod cases;
mod engines;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;
use std::time::Duration;

use cases::{at, batch, collector, firm, sighting};
use larum_hub_lib::store::ingest::IngestStore as _;
use larum_hub_lib::store::sql::SqlStore;

/// Collectors that send at once.
const SENDERS: u32 = 4;
/// Batches of each.
const BATCHES: u64 = 30;
/// Crashes of the server.
const CRASHES: u64 = 3;

/// Between two tries of a sender, so that a server that starts gets the processor.
const PAUSE: Duration = Duration::from_millis(20);

/// Sends one batch until it is acknowledged, as a collector does.
fn send(store: &SqlStore, number: u32, sequence: u64, sent: &AtomicU64) {
    let finding = number * 1_000 + u32::try_from(sequence).unwrap();
    let seen = vec![
        sighting(finding, "tcp/22", 1, 0, 7_200, 1),
        sighting(finding + 500_000, "tcp/23", 2, 0, 0, 1),
    ];
    let batch = batch(cases::collector_id(number), sequence, seen);
    loop {
        // Any error is one a collector answers by sending again.
        if let Ok(counted) = store.count_batch(&batch, at(10)) {
            counted.unwrap();
            sent.fetch_add(1, Ordering::Relaxed);
            return;
        }
        thread::sleep(PAUSE);
    }
}

#[test]
fn a_server_that_crashes_loses_no_batch_and_counts_none_twice() {
    let Some(server) = engines::Server::start() else {
        return;
    };
    let store = Arc::new(SqlStore::connect(&server.database("lost")).unwrap());
    for number in 1..=SENDERS {
        let member = firm(&store, number, "Firm");
        collector(&store, member, number);
    }
    let sent = Arc::new(AtomicU64::new(0));
    let failed = Arc::new(AtomicBool::new(false));
    thread::scope(|scope| {
        for number in 1..=SENDERS {
            let (store, sent) = (store.clone(), sent.clone());
            scope.spawn(move || {
                for sequence in 1..=BATCHES {
                    send(&store, number, sequence, &sent);
                }
            });
        }
        let all = u64::from(SENDERS) * BATCHES;
        for crash in 1..=CRASHES {
            // In the middle of the work: after each quarter of it.
            while sent.load(Ordering::Relaxed) < all * crash / (CRASHES + 1) {
                thread::sleep(PAUSE);
            }
            server.crash();
            failed.store(true, Ordering::Relaxed);
            server.up();
        }
    });
    assert!(failed.load(Ordering::Relaxed));
    let totals = store.totals().unwrap();
    let all = u64::from(SENDERS) * BATCHES;
    assert_eq!(totals.batches, all);
    assert_eq!((totals.arrived, totals.findings), (2 * all, 2 * all));
    assert_eq!(totals.conflicts, 0);
    // Every collector's chain goes on where it was acknowledged.
    for number in 1..=SENDERS {
        send(&store, number, BATCHES + 1, &sent);
    }
}
