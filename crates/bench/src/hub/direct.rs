//! The store alone, as ingest uses it: one writer, each batch on the disk before the next.

use std::sync::mpsc::sync_channel;
use std::time::Instant;

use anyhow::{Context as _, Result, bail};
use larum_hub_lib::config::HubConfig;
use larum_hub_lib::store::ingest::IngestStore as _;
use larum_hub_lib::store::sql::SqlStore;
use larum_link::clock::Clock;

use super::made::{Plan, add_collector};
use super::{Args, Sent, timed};

/// Batches made ahead of the store.
const AHEAD: usize = 64;

pub fn send(args: &Args, plan: &Plan, config: &HubConfig) -> Result<Sent> {
    let store = SqlStore::open(&config.store_file())?;
    let now = Clock::system().now();
    let mut chains = (0..u64::from(args.firms))
        .map(|number| add_collector(&store, number, now))
        .collect::<Result<Vec<_>>>()?;
    let mut firms: Vec<_> = (0..u64::from(args.firms))
        .map(|number| plan.firm(number))
        .collect();
    let (ready, made) = sync_channel(AHEAD);
    std::thread::scope(|scope| {
        scope.spawn(move || -> Result<()> {
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
        });
        let begun = Instant::now();
        let (mut sightings, mut waits) = (0, Vec::new());
        while let Ok(batch) = made.recv() {
            sightings += u64::try_from(batch.sightings.len())?;
            let (counted, wait) = timed(|| Ok(store.count_batch(&batch, now)?))?;
            if counted.is_err() {
                bail!("a batch contradicts its chain");
            }
            waits.push(wait);
        }
        Ok(Sent {
            sightings,
            seconds: begun.elapsed().as_secs_f64(),
            waits,
        })
    })
}
