//! How long it takes from what some firms see to the warning at every other: a real hub on the real clock,
//! and real uplinks, each with a key and a spool of its own.
//!
//! The firms have a made-up past of five weeks, sent over the same links, so that none is new. Then a
//! campaign on a service that nobody saw before reaches one firm in twenty. Nothing hurries the hub: its watch
//! looks as often as it does in life.

use std::net::Ipv4Addr;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use larum_collector::identity;
use larum_collector::uplink::{self, KeepLedger, Report, Uplink};
use larum_core::finding::{AttackOutcome, Category, FindingId, Severity};
use larum_core::sighting::Sighting;
use larum_core::time::Timestamp;
use larum_hub_lib::enrol::invite;
use larum_hub_lib::run::set_up;
use larum_hub_lib::store::ingest::IngestStore as _;
use larum_hub_lib::store::watch::WatchStore as _;
use larum_hub_lib::store::watch_state::WatchState as _;
use larum_link::clock::Clock;
use larum_link::convert::frame;
use larum_link::token::Token;
use larum_link::wire::{Heartbeat, Tally};
use larum_spool::{FolderStorage, Limits, Spool};
use tokio::sync::{Semaphore, mpsc, watch};
use tokio::task::JoinSet;

use super::cost::{CALLS, HUB};
use super::link::{Hub, JOINING, runtime};
use super::made::add_firm;
use super::{on_loopback, percentiles};

const DAY_SECONDS: i64 = 86_400;
const PAST_DAYS: u32 = 35;
/// One firm in so many is reached by a campaign, and three at least.
const REACHED_OF: usize = 20;
/// Sources of a campaign that each of them sees.
const SOURCES: u32 = 4;
/// A warning within this time is in time.
const GOAL: Duration = Duration::from_secs(300);
/// A warning that took longer than this is given up.
const GIVEN_UP: Duration = Duration::from_secs(900);
const POLL: Duration = Duration::from_millis(200);

/// What to measure.
#[derive(clap::Args)]
pub struct Args {
    /// Firms, with one collector each
    #[arg(long, default_value_t = 200, value_parser = clap::value_parser!(u32).range(60..=200))]
    firms: u32,
    /// Campaigns, one after the other; a hub calls five a week
    #[arg(long, default_value_t = 3, value_parser = clap::value_parser!(u32).range(1..=5))]
    campaigns: u32,
}

/// A collector's uplink as it runs.
struct Collector {
    spool: Arc<Mutex<Spool>>,
    spooled: watch::Sender<u64>,
}

/// A warning as it came out of an uplink: whose, about which key, when.
struct Told {
    firm: usize,
    key: String,
    at: Timestamp,
}

/// From the threat's opening, and from the first sighting, to the notice at each firm.
#[derive(Default)]
struct Waits {
    opened: Vec<Duration>,
    seen: Vec<Duration>,
}

pub fn run(args: &Args) -> Result<()> {
    let folder = tempfile::tempdir()?;
    let clock = Clock::system();
    let config = on_loopback(folder.path())?;
    std::fs::create_dir_all(&config.state_dir)?;
    set_up(&config, clock.now())?;
    let own = runtime(HUB)?;
    let hub = own.block_on(Hub::start(&config, &clock))?;
    let calling = runtime(CALLS)?;
    let measured = calling.block_on(measure(args, folder.path(), &hub, &clock));
    // The uplinks first: they hold calls open.
    drop(calling);
    own.block_on(hub.end());
    let waits = measured?;
    let wanted = usize::try_from(args.firms * args.campaigns)?;
    let in_time = |waits: &[Duration]| {
        let count = waits.iter().filter(|wait| **wait <= GOAL).count();
        format!("{count} of {wanted} within {} s", GOAL.as_secs())
    };
    println!("threat opened at the hub to the collector's notice:");
    println!("  {}", percentiles(waits.opened.clone()));
    println!("  {}", in_time(&waits.opened));
    println!("first sighting spooled at a firm to the notice at every firm:");
    println!("  {}", percentiles(waits.seen.clone()));
    println!("  {}", in_time(&waits.seen));
    Ok(())
}

async fn measure(args: &Args, folder: &Path, hub: &Hub, clock: &Clock) -> Result<Waits> {
    let (tell, mut told) = mpsc::unbounded_channel();
    let collectors = move_in(args, folder, hub, clock, &tell).await?;
    println!("{} collectors joined", collectors.len());
    let now = clock.now();
    for (firm, collector) in (0..).zip(&collectors) {
        let day = |day: u32| now.plus_seconds(-i64::from(day) * DAY_SECONDS);
        collector
            .spool((1..=PAST_DAYS).map(|ago| sighting("tcp/23", firm, 100 + ago, day(ago))))?;
    }
    until_watched(hub, u64::from(args.firms * PAST_DAYS)).await?;
    let mut waits = Waits::default();
    for campaign in 0..args.campaigns {
        let key = format!("tcp/{}", 5_900 + campaign);
        let begun = clock.now();
        let reached = (collectors.len() / REACHED_OF).max(3);
        for (firm, collector) in (0..).zip(&collectors).take(reached) {
            let networks = (0..SOURCES).map(|network| campaign * SOURCES + network);
            collector.spool(networks.map(|network| sighting(&key, firm, network, begun)))?;
        }
        let notices = notices(&mut told, &key, collectors.len()).await;
        let (_, threat) = hub
            .running
            .store
            .latest_threat(&key)?
            .with_context(|| format!("no threat about {key}"))?;
        let since = |from: Timestamp, at: Timestamp| {
            let ms = at.as_millis() - from.as_millis();
            Duration::from_millis(u64::try_from(ms).unwrap_or(0))
        };
        for at in notices {
            waits.opened.push(since(threat.opened, at));
            waits.seen.push(since(begun, at));
        }
    }
    Ok(waits)
}

/// Has every firm's collector join with a token of its own, and starts its uplink.
async fn move_in(
    args: &Args,
    folder: &Path,
    hub: &Hub,
    clock: &Clock,
    tell: &mpsc::UnboundedSender<Told>,
) -> Result<Vec<Collector>> {
    let places = Arc::new(Semaphore::new(JOINING));
    let mut joining = JoinSet::new();
    for number in 0..args.firms {
        let now = clock.now();
        let member = add_firm(&hub.running.store, number.into(), now)?;
        let (store, authority) = (&*hub.running.store, &hub.running.authority);
        let address = hub.running.link_address.clone();
        let token = invite(store, authority, address, member, "shop", now, 24)?;
        let (places, clock, tell) = (places.clone(), clock.clone(), tell.clone());
        let state = folder.join(format!("collector-{number}"));
        joining.spawn(async move {
            let place = places.acquire_owned().await?;
            let firm = usize::try_from(number)?;
            let collector = start(firm, state, &token, clock, tell).await?;
            drop(place);
            Ok::<_, anyhow::Error>((number, collector))
        });
    }
    let mut joined = Vec::new();
    while let Some(one) = joining.join_next().await {
        joined.push(one??);
    }
    joined.sort_by_key(|(number, _)| *number);
    Ok(joined.into_iter().map(|(_, collector)| collector).collect())
}

async fn start(
    firm: usize,
    state: PathBuf,
    token: &Token,
    clock: Clock,
    tell: mpsc::UnboundedSender<Told>,
) -> Result<Collector> {
    identity::join(token, "bench", &state, &clock).await?;
    let (spool, _) = Spool::open(FolderStorage::open(state.join("spool"))?, Limits::default())?;
    let spool = Arc::new(Mutex::new(spool));
    let (spooled, spooled_out) = watch::channel(0);
    let (report, mut reports) = mpsc::channel(1_000);
    let (now, told_at) = (clock.clone(), clock.clone());
    let uplink = Uplink {
        keep: KeepLedger {
            days: 400,
            bytes: 1 << 30,
        },
        state_dir: state,
        version: "bench".to_owned(),
        clock,
        proxy: None,
        spool: spool.clone(),
        spooled: spooled_out,
        blocklist: false,
        heartbeat: Arc::new(move || heartbeat(now.now())),
        reports: report,
    };
    tokio::spawn(uplink::run(uplink, std::future::pending()));
    tokio::spawn(async move {
        while let Some(report) = reports.recv().await {
            if let Report::Warning(warning) = report {
                let (key, at) = (warning.key, told_at.now());
                if tell.send(Told { firm, key, at }).is_err() {
                    return;
                }
            }
        }
    });
    Ok(Collector { spool, spooled })
}

impl Collector {
    /// Spools sightings as the collector does: they are on the disk before the uplink hears of them.
    fn spool(&self, sightings: impl Iterator<Item = Sighting>) -> Result<()> {
        let mut spool = self.spool.lock().unwrap_or_else(PoisonError::into_inner);
        let mut last = 0;
        for sighting in sightings {
            last = spool.append(&frame(&sighting)?)?;
        }
        spool.sync()?;
        drop(spool);
        self.spooled.send_replace(last);
        Ok(())
    }
}

fn heartbeat(now: Timestamp) -> Heartbeat {
    Heartbeat {
        version: "bench".to_owned(),
        now: now.as_millis(),
        total: Tally::default(),
        spool_bytes: 0,
        devices: 1,
        last_heard: None,
        concerns: Vec::new(),
        trust: None,
    }
}

fn sighting(key: &str, firm: u32, network: u32, at: Timestamp) -> Sighting {
    let [.., third] = network.to_be_bytes();
    let [.., fourth] = firm.to_be_bytes();
    Sighting {
        id: FindingId::of(&[&firm.to_le_bytes(), &network.to_le_bytes(), key.as_bytes()]),
        key: key.to_owned(),
        detector: "sequential-scan".into(),
        category: Category::Scan,
        attack: vec!["T1046".into()],
        severity: Severity::Medium,
        confidence: 90,
        outcome: AttackOutcome::Attempt,
        first: at,
        last: at,
        count: 3,
        sources: vec![Ipv4Addr::new(198, 51, third, fourth).into()],
    }
}

/// Waits until the watch has looked at all that was sent.
async fn until_watched(hub: &Hub, sightings: u64) -> Result<()> {
    let store = &hub.running.store;
    let begun = Instant::now();
    loop {
        let looked = store.looks(0)?.last().map(|look| look.up_to);
        if store.totals()?.arrived == sightings && looked == Some(store.newest_receipt()?) {
            return Ok(());
        }
        ensure!(begun.elapsed() < GIVEN_UP, "the watch did not look");
        tokio::time::sleep(POLL).await;
    }
}

/// When each firm first heard of `key`, until all have or it takes too long.
async fn notices(
    told: &mut mpsc::UnboundedReceiver<Told>,
    key: &str,
    firms: usize,
) -> Vec<Timestamp> {
    let mut heard = vec![None; firms];
    let mut missing = firms;
    let all = async {
        while missing > 0
            && let Some(one) = told.recv().await
        {
            if let Some(place) = heard.get_mut(one.firm)
                && one.key == key
                && place.is_none()
            {
                *place = Some(one.at);
                missing -= 1;
            }
        }
    };
    if tokio::time::timeout(GIVEN_UP, all).await.is_err() {
        println!("{missing} firms heard nothing of {key}");
    }
    heard.into_iter().flatten().collect()
}
