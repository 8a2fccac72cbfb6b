//! The store alone, as ingest uses it: one writer, each group of batches on the disk before the next.

use std::sync::mpsc::{Receiver, sync_channel};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};
use larum_core::time::Timestamp;
use larum_hub_lib::config::HubConfig;
use larum_hub_lib::ingest::queue::{GROUP_BATCHES, GROUP_SIGHTINGS};
use larum_hub_lib::store::ingest::{BatchAnswer, CheckedBatch, IngestStore as _};
use larum_hub_lib::store::sql::SqlStore;
use larum_link::clock::Clock;

use super::cost::{CALLS, Cost, HUB};
use super::made::{Plan, add_collector};
use super::{Args, Sent, timed};

/// Batches made ahead of the store.
const AHEAD: usize = 512;

pub fn send(args: &Args, plan: &Plan, config: &HubConfig) -> Result<Sent> {
    let store = config.open_store()?;
    let now = Clock::system().now();
    let mut chains = (0..u64::from(args.firms))
        .map(|number| add_collector(&store, number, now))
        .collect::<Result<Vec<_>>>()?;
    let mut firms: Vec<_> = (0..u64::from(args.firms))
        .map(|number| plan.firm(number))
        .collect();
    let (ready, made) = sync_channel(AHEAD);
    std::thread::scope(|scope| {
        let maker = std::thread::Builder::new().name(CALLS.to_owned());
        maker.spawn_scoped(scope, move || -> Result<()> {
            for index in 0..plan.batches {
                let number = usize::try_from(plan.firm_of(index))?;
                let firm = firms.get_mut(number).context("a firm is missing")?;
                let chain = chains.get_mut(number).context("a collector is missing")?;
                let batch = chain.checked(firm.sightings(plan))?;
                if ready.send(batch).is_err() {
                    break;
                }
            }
            Ok(())
        })?;
        let counter = std::thread::Builder::new().name(HUB.to_owned());
        let counted = counter.spawn_scoped(scope, move || count(&store, &made, now))?;
        counted
            .join()
            .unwrap_or_else(|_| bail!("counting ended badly"))
    })
}

fn count(store: &SqlStore, made: &Receiver<CheckedBatch>, now: Timestamp) -> Result<Sent> {
    let (begun, before) = (Instant::now(), Cost::now());
    let (mut sightings, mut waits) = (0, Vec::new());
    while let Ok(first) = made.recv() {
        let group = gather(first, made);
        for batch in &group {
            sightings += u64::try_from(batch.sightings.len())?;
        }
        let (counted, wait) = timed(|| Ok(store.count_batches(&group, now)?))?;
        let is_fresh =
            |answer: &BatchAnswer| matches!(answer, BatchAnswer::Counted(done) if done.fresh);
        if !counted.iter().all(is_fresh) {
            bail!("a batch contradicts its chain");
        }
        waits.extend(group.iter().map(|_| wait));
    }
    let after = Cost::now();
    let seconds = begun.elapsed().as_secs_f64();
    if store.is_carried() {
        let ((), took) = timed(|| Ok(store.feed_all()?))?;
        println!("carried over in {:.2} s", took.as_secs_f64());
    }
    Ok(Sent {
        sightings,
        seconds,
        waits,
        // Who makes the batches has ended.
        spent: [after.since(&before, HUB), Duration::ZERO],
    })
}

/// As many as the line before the store would give at once.
fn gather(first: CheckedBatch, made: &Receiver<CheckedBatch>) -> Vec<CheckedBatch> {
    let mut sightings = first.sightings.len();
    let mut group = vec![first];
    while sightings < GROUP_SIGHTINGS && group.len() < GROUP_BATCHES {
        let Ok(batch) = made.try_recv() else { break };
        sightings += batch.sightings.len();
        group.push(batch);
    }
    group
}
