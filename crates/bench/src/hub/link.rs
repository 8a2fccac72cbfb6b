//! Collectors that join and send over TLS, each with a key and a certificate of its own.

use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};
use larum_collector::identity;
use larum_collector::uplink::connection::Client;
use larum_core::time::Timestamp;
use larum_hub_lib::config::HubConfig;
use larum_hub_lib::enrol::invite;
use larum_hub_lib::id::CollectorId;
use larum_hub_lib::run::{RunningHub, run};
use larum_link::clock::Clock;
use larum_link::wire::path;
use tokio::sync::{Semaphore, oneshot};
use tokio::task::JoinSet;

use super::cost::{CALLS, Cost, HUB};
use super::made::{Chain, Plan, add_firm};
use super::{Args, Sent, pages, percentiles};

/// Collectors that join at once.
pub const JOINING: usize = 16;
/// How long a collector waits before it asks again where the hub was busy, at least.
const PAUSE: Duration = Duration::from_millis(200);

/// A hub for the length of a measurement.
pub struct Hub {
    pub running: RunningHub,
    stop: oneshot::Sender<()>,
}

impl Hub {
    pub async fn start(config: &HubConfig, clock: &Clock) -> Result<Self> {
        let (stop, stopped) = oneshot::channel();
        let shutdown = async move { drop(stopped.await) };
        let running = run(config.clone(), clock.clone(), shutdown).await?;
        Ok(Self { running, stop })
    }

    pub async fn end(self) {
        drop(self.stop);
        self.running.stopped().await;
    }
}

/// A collector that has joined, and the batches it is going to send.
struct Collector {
    client: Client,
    bodies: Vec<Vec<u8>>,
}

pub fn send(args: &Args, plan: &Plan, config: &HubConfig, clock: &Clock) -> Result<Sent> {
    let own = runtime(HUB)?;
    let hub = own.block_on(Hub::start(config, clock))?;
    let calling = runtime(CALLS)?;
    let sent = calling.block_on(async {
        let collectors = join_all(args, plan, &hub, clock).await?;
        println!("{} collectors joined", collectors.len());
        let waits = Arc::new(Mutex::new(Vec::new()));
        let (store, address) = (hub.running.store.clone(), hub.running.page_addr);
        let reading = pages::meanwhile(store, address, clock.clone(), waits.clone());
        let reading = tokio::spawn(reading);
        let sent = send_all(args, collectors).await?;
        reading.abort();
        if let Ok(waits) = waits.lock() {
            println!("pages meanwhile: {}", percentiles(waits.clone()));
        }
        Ok(sent)
    });
    own.block_on(hub.end());
    sent
}

/// A runtime whose threads have this name, by which their processor time is told apart.
pub fn runtime(name: &str) -> Result<tokio::runtime::Runtime> {
    Ok(tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .thread_name(name)
        .build()?)
}

async fn join_all(args: &Args, plan: &Plan, hub: &Hub, clock: &Clock) -> Result<Vec<Collector>> {
    let begun = Instant::now();
    let places = Arc::new(Semaphore::new(JOINING));
    let mut joining = JoinSet::new();
    for number in 0..u64::from(args.firms) {
        let now = clock.now();
        let member = add_firm(&hub.running.store, number, now)?;
        let (store, authority) = (&*hub.running.store, &hub.running.authority);
        let address = hub.running.link_address.clone();
        let token = invite(store, authority, address, member, "shop", now, 24)?;
        let (places, clock) = (places.clone(), clock.clone());
        joining.spawn(async move {
            let place = places.acquire_owned().await?;
            let folder = tempfile::tempdir()?;
            let identity = identity::join(&token, "bench", folder.path(), &clock).await?;
            drop(place);
            let collector = CollectorId::parse(identity.collector()).context("a collector's id")?;
            Ok::<_, anyhow::Error>((number, collector, identity.client(&clock)?))
        });
    }
    let mut joined = Vec::new();
    while let Some(one) = joining.join_next().await {
        joined.push(one??);
    }
    println!("joining took {:.1} s", begun.elapsed().as_secs_f64());
    let now = clock.now();
    joined
        .into_iter()
        .map(|(number, collector, client)| {
            Ok(Collector {
                client,
                bodies: bodies(plan, number, Chain::new(collector), now)?,
            })
        })
        .collect()
}

fn bodies(plan: &Plan, number: u64, mut chain: Chain, now: Timestamp) -> Result<Vec<Vec<u8>>> {
    let mut firm = plan.firm(number);
    (0..plan.batches)
        .filter(|index| plan.firm_of(*index) == number)
        .map(|_| chain.body(&firm.sightings(plan), now))
        .collect()
}

/// Everybody sends one batch after the other; `active` of them at once.
async fn send_all(args: &Args, collectors: Vec<Collector>) -> Result<Sent> {
    let places = Arc::new(Semaphore::new(args.active.max(1)));
    let mut sending = JoinSet::new();
    // Each has its connection before the clock starts.
    for collector in &collectors {
        drop(ask(&collector.client).await);
    }
    let (begun, before) = (Instant::now(), Cost::now());
    for collector in collectors {
        let places = places.clone();
        sending.spawn(async move {
            let mut waits = Vec::new();
            for body in collector.bodies {
                let place = places.acquire().await?;
                waits.push(post(&collector.client, &body).await?);
                drop(place);
            }
            Ok::<_, anyhow::Error>(waits)
        });
    }
    let mut waits = Vec::new();
    while let Some(one) = sending.join_next().await {
        waits.extend(one??);
    }
    let after = Cost::now();
    Ok(Sent {
        sightings: u64::try_from(waits.len() * args.batch)?,
        seconds: begun.elapsed().as_secs_f64(),
        waits,
        spent: [HUB, CALLS].map(|name| after.since(&before, name)),
    })
}

/// The time from the batch to its receipt, waiting where the hub says so.
async fn post(client: &Client, body: &[u8]) -> Result<Duration> {
    let begun = Instant::now();
    loop {
        match client.post(path::BATCHES, body).await {
            Ok(_) => return Ok(begun.elapsed()),
            Err(refused) => {
                let seconds = refused.retry_after().context("a batch was refused")?;
                tokio::time::sleep(PAUSE.max(Duration::from_secs(seconds.into()))).await;
            }
        }
    }
}

async fn ask(client: &Client) -> Result<()> {
    let path = format!("{}?after=0", path::WARNINGS);
    client
        .get_json::<larum_link::wire::Warnings>(&path, Duration::ZERO)
        .await?;
    Ok(())
}
