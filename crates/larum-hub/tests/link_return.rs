//! Many collectors come back at once, one of them greedy: every batch is counted once, and the greedy one
//! is told to wait without holding the others up.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

mod link_rig;

use std::sync::Arc;

use larum_collector::identity::Identity;
use larum_collector::uplink::connection::{CallError, Client};
use larum_link::wire::{Batch, CHAIN_START, Heartbeat, Receipt, Tally, WIRE_VERSION, path};
use link_rig::{Collector, Hub, PATIENCE, VERSION, sighting, start, still};
use tokio::sync::Barrier;
use tokio::task::JoinSet;

/// Collectors that come back, each with a connection of its own under mutual TLS.
const COLLECTORS: u64 = 200;
/// Sightings in the batch of each.
const SIGHTINGS: u64 = 10;

fn batch(collector: u64) -> Batch {
    let first = collector * SIGHTINGS;
    Batch {
        version: WIRE_VERSION,
        sequence: 1,
        previous: CHAIN_START.into(),
        created: start().as_millis(),
        sightings: (first..first + SIGHTINGS)
            .map(|number| sighting(number, start()))
            .collect(),
    }
}

/// Sends until there is a receipt, as collectors do: on a busy machine a connection may not be made in
/// time.
async fn sent(client: &Client, batch: &Batch) -> Receipt {
    let receipted = async {
        loop {
            match client.post_json::<Receipt>(path::BATCHES, batch).await {
                Ok(answered) => return answered.value,
                Err(CallError::Link(_)) => {}
                Err(other) => panic!("{other}"),
            }
        }
    };
    tokio::time::timeout(PATIENCE, receipted).await.unwrap()
}

/// Calls until the hub says to wait, which it must: calls come faster than four in a second.
async fn greedy(identity: Identity) -> u32 {
    let client = identity.client(&still()).unwrap();
    let beat = Heartbeat {
        version: VERSION.into(),
        now: start().as_millis(),
        total: Tally::default(),
        spool_bytes: 0,
        devices: 1,
        last_heard: None,
        concerns: Vec::new(),
        trust: None,
    };
    let body = serde_json::to_vec(&beat).unwrap();
    for _ in 0..100_000 {
        match client.post(path::HEARTBEAT, &body).await {
            Ok(_) => {}
            Err(error @ CallError::Refused(_)) => return error.retry_after().unwrap(),
            Err(CallError::Link(_)) => {}
            Err(other) => panic!("{other}"),
        }
    }
    panic!("the hub never said to wait")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn hundreds_return_at_once_and_a_greedy_one_holds_nobody_up() {
    let folder = tempfile::tempdir().unwrap();
    let clock = still();
    let hub = Hub::new(&folder.path().join("hub"), &clock).await;
    let member = hub.member("Chain of shops", start());
    let mut identities = Vec::new();
    for number in 0..=COLLECTORS {
        let state = folder.path().join(format!("c{number}"));
        let token = hub.token(member, start());
        identities.push(Collector::join(&state, &token, &clock).await);
    }
    let wants_more = tokio::spawn(greedy(identities.pop().unwrap()));
    let together = Arc::new(Barrier::new(identities.len()));
    let mut calls = JoinSet::new();
    for (number, identity) in (0_u64..).zip(identities) {
        let together = together.clone();
        calls.spawn(async move {
            let client = identity.client(&still()).unwrap();
            let batch = batch(number);
            together.wait().await;
            let first = sent(&client, &batch).await;
            // Sent again, as after an answer that was lost: the same receipt, counted once.
            (first, sent(&client, &batch).await)
        });
    }
    let mut receipted = 0;
    while let Some(done) = calls.join_next().await {
        let (first, again) = done.unwrap();
        // Each is signed anew; all else is the same.
        assert_eq!(
            (first.receipt, first.received),
            (again.receipt, again.received)
        );
        assert_eq!(first.sha256, again.sha256);
        assert!(first.set_aside.is_empty());
        receipted += 1;
    }
    assert_eq!(receipted, COLLECTORS);
    let totals = hub.totals();
    assert_eq!(totals.batches, COLLECTORS);
    assert_eq!(totals.arrived, COLLECTORS * SIGHTINGS);
    assert_eq!(totals.conflicts, 0);
    assert!(wants_more.await.unwrap() > 0);
}
