//! A real hub under load: the link with its certificates and receipts, the store on the disk, the pages.
//!
//! Everything is made from a seed. Sightings name documentation addresses only. Nothing is simulated
//! but the firms: batches are the JSON that collectors send, packed and posted over TLS by the
//! collector's own client, and counted by the hub's own code into a real store.

#![expect(clippy::print_stdout, reason = "a tool that prints its figures")]

mod cost;
mod direct;
mod link;
mod made;
mod pages;
pub mod warned;

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};
use larum_core::time::Timestamp;
use larum_hub_lib::config::HubConfig;
use larum_hub_lib::config::store::{PostgresConfig, SightingsConfig, StoreConfig};
use larum_hub_lib::run::set_up;
use larum_link::clock::Clock;

/// What to measure.
#[derive(clap::Args)]
pub struct Args {
    /// Sightings to send
    #[arg(long, default_value_t = 200_000)]
    sightings: u64,
    /// Firms, with one collector each
    #[arg(long, default_value_t = 1_000)]
    firms: u32,
    /// Sightings in a batch
    #[arg(long, default_value_t = 500)]
    batch: usize,
    /// Days that the sightings are spread over, up to now
    #[arg(long, default_value_t = 30)]
    days: u32,
    /// Of a hundred sightings, how many are a later word about a finding told before
    #[arg(long, default_value_t = 10)]
    updates: u32,
    /// Straight into the store, without TLS, JSON and receipts
    #[arg(long)]
    store_only: bool,
    /// Batches under way at once
    #[arg(long, default_value_t = 16)]
    active: usize,
    /// Loads of each page; 0 for none
    #[arg(long, default_value_t = 200)]
    pages: usize,
    /// Keep the hub in this folder; given again, it is filled further
    #[arg(long)]
    folder: Option<PathBuf>,
    /// A PostgreSQL database instead of the file: the folder of the server's socket, a slash, its name
    #[arg(long)]
    postgres: Option<PathBuf>,
    /// And a ClickHouse database for the sightings: its address; the user is `larum`
    #[arg(long, requires = "postgres")]
    clickhouse: Option<String>,
    /// A file with the password for it
    #[arg(long, requires = "clickhouse")]
    clickhouse_password: Option<PathBuf>,
    /// What the sightings follow from
    #[arg(long, default_value_t = 1)]
    seed: u64,
}

/// What sending came to.
struct Sent {
    sightings: u64,
    seconds: f64,
    /// How long each batch waited for its receipt.
    waits: Vec<Duration>,
    /// Processor time of the hub, and of what called it.
    spent: [Duration; 2],
}

pub fn run(args: &Args) -> Result<()> {
    let temporary;
    let folder = match &args.folder {
        Some(folder) => folder.as_path(),
        None => {
            temporary = tempfile::tempdir()?;
            temporary.path()
        }
    };
    let clock = Clock::system();
    let config = config(args, folder, clock.now())?;
    let before = store_bytes(folder, &config)?;
    let plan = made::Plan::new(args, clock.now());
    let sent = if args.store_only {
        direct::send(args, &plan, &config)?
    } else {
        link::send(args, &plan, &config, &clock)?
    };
    let after = store_bytes(folder, &config)?;
    report(&sent, sum(&after).saturating_sub(sum(&before)));
    for (name, bytes) in &after {
        println!("{name}: {} MB", bytes / 1_000_000);
    }
    if args.pages > 0 {
        pages::measure(args.pages, &config, &clock)?;
    }
    println!("most memory held: {} MiB", most_memory_kib() / 1_024);
    Ok(())
}

fn config(args: &Args, folder: &Path, now: Timestamp) -> Result<HubConfig> {
    let mut config = on_loopback(folder)?;
    if let Some(place) = &args.postgres {
        config.store = StoreConfig::Postgres(server(args, place)?);
    }
    // A year of sightings in a minute is what is measured.
    (config.day_limits.collector, config.day_limits.member) = (u32::MAX, u32::MAX);
    if !config.state_dir.exists() {
        std::fs::create_dir_all(&config.state_dir)?;
        set_up(&config, now)?;
    }
    Ok(config)
}

/// A hub on ports that the system chooses.
fn on_loopback(folder: &Path) -> Result<HubConfig> {
    let mut config = HubConfig::new(folder.join("hub"), "127.0.0.1");
    config.link_listen = "127.0.0.1:0".parse()?;
    config.page_listen = config.link_listen;
    config.links_suffice = true;
    Ok(config)
}

/// The settings of a database server.
fn server(args: &Args, place: &Path) -> Result<PostgresConfig> {
    let folder = place.parent().and_then(Path::to_str);
    let mut server = PostgresConfig::new(folder.context("no folder of a socket")?);
    let name = place.file_name().and_then(|name| name.to_str());
    name.context("no name of a database")?
        .clone_into(&mut server.database);
    server.sightings = args.clickhouse.as_ref().map(|address| SightingsConfig {
        address: address.clone(),
        user: "larum".to_owned(),
        password_file: args.clickhouse_password.clone(),
    });
    Ok(server)
}

fn report(sent: &Sent, bytes: u64) {
    let number = |count: u64| f64::from(u32::try_from(count).unwrap_or(u32::MAX));
    println!(
        "{} sightings in {:.2} s: {:.0} a second",
        sent.sightings,
        sent.seconds,
        number(sent.sightings) / sent.seconds
    );
    println!("receipts: {}", percentiles(sent.waits.clone()));
    let each = |spent: Duration| spent.as_secs_f64() * 1e6 / number(sent.sightings.max(1));
    let [hub, calls] = sent.spent;
    println!(
        "processor time a sighting: {:.2} us of the hub, {:.2} us of what sends",
        each(hub),
        each(calls)
    );
    println!(
        "{:.1} bytes a sighting on the disk ({} MB)",
        number(bytes / 16) * 16.0 / number(sent.sightings.max(1)),
        bytes / 1_000_000
    );
}

/// 50, 95, 99 of a hundred, and the longest.
fn percentiles(mut waits: Vec<Duration>) -> String {
    waits.sort_unstable();
    let at = |part: usize| {
        let index = (waits.len() * part / 100).min(waits.len().saturating_sub(1));
        waits.get(index).copied().unwrap_or_default().as_secs_f64() * 1_000.0
    };
    format!(
        "{} of them, median {:.1} ms, 95 % {:.1} ms, 99 % {:.1} ms, longest {:.1} ms",
        waits.len(),
        at(50),
        at(95),
        at(99),
        at(100)
    )
}

fn sum(bytes: &[(&'static str, u64)]) -> u64 {
    bytes.iter().map(|(_, bytes)| bytes).sum()
}

/// What the store takes on the disk. A file's log is emptied when it is closed.
fn store_bytes(folder: &Path, config: &HubConfig) -> Result<Vec<(&'static str, u64)>> {
    if config.store != StoreConfig::Embedded {
        return Ok(config.open_store()?.disk_bytes()?);
    }
    let mut bytes = 0;
    for entry in std::fs::read_dir(folder.join("hub"))? {
        let entry = entry?;
        if entry.file_name().to_string_lossy().contains("sqlite") {
            bytes += entry.metadata()?.len();
        }
    }
    Ok(vec![("the file", bytes)])
}

/// The most memory this process ever held, from the kernel.
fn most_memory_kib() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    status
        .lines()
        .find_map(|line| line.strip_prefix("VmHWM:"))
        .and_then(|rest| rest.split_ascii_whitespace().next()?.parse().ok())
        .unwrap_or(0)
}

/// Runs `work` and says how long it took.
fn timed<T>(work: impl FnOnce() -> Result<T>) -> Result<(T, Duration)> {
    let begun = Instant::now();
    let done = work().context("a measured step failed")?;
    Ok((done, begun.elapsed()))
}
