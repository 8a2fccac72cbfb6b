//! A real hub and real uplinks on loopback, each in a folder of its own.

#![expect(
    dead_code,
    reason = "each test file uses the part of the rig that it needs"
)]

use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use larum_collector::identity::{self, Identity};
use larum_collector::uplink::{self, KeepLedger, Report, Uplink};
use larum_core::time::Timestamp;
use larum_hub_lib::config::HubConfig;
use larum_hub_lib::enrol::invite;
use larum_hub_lib::id::MemberId;
use larum_hub_lib::run::{RunningHub, run, set_up};
use larum_hub_lib::store::enrol::{EnrolStore, NewMember};
use larum_hub_lib::store::ingest::{IngestStore, Totals};
use larum_link::clock::Clock;
use larum_link::token::{HubAddress, Token};
use larum_link::wire::{Heartbeat, Tally, WireSighting};
use larum_spool::{FolderStorage, Limits, Spool};
use tokio::sync::{mpsc, oneshot, watch};
use tokio::task::JoinHandle;

/// Longer than anything here may take; reached only when a test fails.
pub const PATIENCE: Duration = Duration::from_secs(60);
pub const VERSION: &str = "0.1.0";

pub fn start() -> Timestamp {
    Timestamp::from_seconds(1_800_000_000)
}

pub fn still() -> Clock {
    Clock::scaled(start(), 1.0)
}

pub struct Hub {
    pub folder: PathBuf,
    pub config: HubConfig,
    pub running: RunningHub,
    stop: oneshot::Sender<()>,
}

impl Hub {
    /// A new hub in `folder`, on ports the system chooses.
    pub async fn new(folder: &Path, clock: &Clock) -> Self {
        Self::named(folder, "127.0.0.1", clock).await
    }

    /// As `new`, under another name.
    pub async fn named(folder: &Path, name: &str, clock: &Clock) -> Self {
        let mut config = HubConfig::new(folder.to_owned(), name);
        config.link_listen = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
        config.page_listen = config.link_listen;
        config.metrics_listen = Some(config.link_listen);
        set_up(&config, clock.now()).unwrap();
        Self::run(config, clock).await
    }

    pub async fn run(config: HubConfig, clock: &Clock) -> Self {
        let (stop, stopped) = oneshot::channel();
        let shutdown = async move { drop(stopped.await) };
        let running = run(config.clone(), clock.clone(), shutdown).await.unwrap();
        Self {
            folder: config.state_dir.clone(),
            config,
            running,
            stop,
        }
    }

    /// Stops it; what comes back starts it again on the same port.
    pub async fn stop(self) -> HubConfig {
        let mut config = self.config;
        config.link_listen = self.running.link_addr;
        self.stop.send(()).unwrap();
        tokio::time::timeout(PATIENCE, self.running.stopped())
            .await
            .unwrap();
        config
    }

    pub fn member(&self, name: &str, now: Timestamp) -> MemberId {
        let member = NewMember {
            id: MemberId::random().unwrap(),
            name: name.into(),
            area: "E23000001".into(),
            region: "London".into(),
            sector: "food".into(),
            size: "micro".into(),
        };
        self.running.store.add_member(&member, now).unwrap();
        member.id
    }

    pub fn token(&self, member: MemberId, now: Timestamp) -> Token {
        let address = self.running.link_address.clone();
        let (store, authority) = (&*self.running.store, &self.running.authority);
        invite(store, authority, address, member, "shop", now, 24).unwrap()
    }

    pub fn totals(&self) -> Totals {
        self.running.store.totals().unwrap()
    }
}

pub struct Collector {
    pub folder: PathBuf,
    pub spool: Arc<Mutex<Spool>>,
    pub spooled: watch::Sender<u64>,
    reports: mpsc::Receiver<Report>,
    stop: oneshot::Sender<()>,
    task: JoinHandle<()>,
}

impl Collector {
    pub async fn join(folder: &Path, token: &Token, clock: &Clock) -> Identity {
        identity::join(token, VERSION, folder, clock).await.unwrap()
    }

    /// An uplink in `folder`, joined or not.
    pub fn run(folder: &Path, clock: &Clock) -> Self {
        Self::run_through(None, folder, clock)
    }

    /// As `run`, through a proxy.
    pub fn run_through(proxy: Option<HubAddress>, folder: &Path, clock: &Clock) -> Self {
        let storage = FolderStorage::open(folder.join("spool")).unwrap();
        let (spool, _) = Spool::open(storage, Limits::default()).unwrap();
        let spool = Arc::new(Mutex::new(spool));
        let (spooled, spooled_out) = watch::channel(0);
        let (report, reports) = mpsc::channel(1_000);
        let now = clock.clone();
        let uplink = Uplink {
            keep: KeepLedger {
                days: 400,
                bytes: 1 << 30,
            },
            state_dir: folder.to_owned(),
            version: VERSION.into(),
            clock: clock.clone(),
            proxy,
            spool: spool.clone(),
            spooled: spooled_out,
            blocklist: false,
            heartbeat: Arc::new(move || Heartbeat {
                version: VERSION.into(),
                now: now.now().as_millis(),
                total: Tally::default(),
                spool_bytes: 0,
                devices: 1,
                last_heard: None,
                concerns: Vec::new(),
                trust: None,
            }),
            reports: report,
        };
        let (stop, stopped) = oneshot::channel();
        let shutdown = async move { drop(stopped.await) };
        Self {
            folder: folder.to_owned(),
            spool,
            spooled,
            reports,
            stop,
            task: tokio::spawn(uplink::run(uplink, shutdown)),
        }
    }

    /// Spools one sighting for each number, and says up to which spool number.
    pub fn spool(&self, numbers: std::ops::Range<u64>, at: Timestamp) -> u64 {
        self.spool_all(numbers.map(|number| sighting(number, at)))
    }

    /// Spools sightings together, and says up to which spool number.
    pub fn spool_all(&self, sightings: impl IntoIterator<Item = WireSighting>) -> u64 {
        let mut spool = self.spool.lock().unwrap();
        let mut last = 0;
        for sighting in sightings {
            let frame = serde_json::to_vec(&sighting).unwrap();
            last = spool.append(&frame).unwrap();
        }
        spool.sync().unwrap();
        self.spooled.send_replace(last);
        last
    }

    /// Waits for a report that `wanted` accepts, passing over the others.
    pub async fn wait<T>(&mut self, mut wanted: impl FnMut(Report) -> Option<T>) -> T {
        let found = tokio::time::timeout(PATIENCE, async {
            loop {
                let report = self.reports.recv().await.expect("the uplink runs");
                if let Some(found) = wanted(report) {
                    return found;
                }
            }
        });
        found.await.expect("the uplink reports in time")
    }

    pub async fn receipted(&mut self, number: u64) {
        self.wait(|report| match report {
            Report::Receipted { up_to, .. } if up_to >= number => Some(()),
            _ => None,
        })
        .await;
    }

    pub async fn hub_says(&mut self, wanted: &str) {
        self.wait(|report| match report {
            Report::Hub { state, .. } if state == wanted => Some(()),
            _ => None,
        })
        .await;
    }

    pub async fn stop(self) -> PathBuf {
        self.stop.send(()).unwrap();
        drop(self.reports);
        tokio::time::timeout(PATIENCE, self.task)
            .await
            .unwrap()
            .unwrap();
        self.folder
    }
}

/// A sighting of its own for each number.
pub fn sighting(number: u64, at: Timestamp) -> WireSighting {
    WireSighting {
        id: format!("{number:032x}"),
        key: "tcp/3389".into(),
        detector: "port-scan".into(),
        category: "scan".into(),
        attack: vec!["T1046".into()],
        severity: "medium".into(),
        confidence: 80,
        outcome: "attempt".into(),
        first: at.as_millis() - 1_000,
        last: at.as_millis(),
        count: 3,
        sources: vec!["203.0.113.9".parse().unwrap()],
    }
}

pub fn copy_folder(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy_folder(&entry.path(), &target);
        } else {
            std::fs::copy(entry.path(), target).unwrap();
        }
    }
}

/// Runs a command of openssl, its words divided by blanks.
#[track_caller]
pub fn openssl(folder: &Path, command: &str) {
    let ran = std::process::Command::new("openssl")
        .current_dir(folder)
        .args(command.split(' '))
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&ran.stderr);
    assert!(ran.status.success(), "{command}: {said}");
}
