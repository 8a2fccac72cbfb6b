//! A whole collector on port 0, for tests.
#![allow(
    dead_code,
    clippy::allow_attributes,
    reason = "each test file uses its own part"
)]

use std::net::SocketAddr;
use std::path::Path;
use std::time::{Duration, Instant};

use larum_collector::config::{FileInput, Listen, Start, Transport, Zone};
use larum_collector::tally::Sum;
use larum_collector::{Config, RunningCollector, Shared, run};
use larum_link::clock::Clock;
use tokio::sync::oneshot;

/// A failed log-in, each attempt a different one.
pub fn failed(attempt: usize) -> String {
    format!(
        "Nov 22 19:00:{:02} gate sshd[811]: Failed password for invalid user admin from \
         198.51.100.7 port {} ssh2",
        attempt % 60,
        40_000 + attempt
    )
}

/// A configuration on port 0 in `folder`.
pub fn config(folder: &Path) -> Config {
    let mut config = Config::new(folder.join("state"));
    config.zone = Zone::utc();
    config.page_address = "127.0.0.1:0".parse().ok();
    config.metrics_address = "127.0.0.1:0".parse().ok();
    for transport in [Transport::Udp, Transport::Tcp] {
        let address = "[::]:0".parse().unwrap();
        config.listen.push(Listen::new(transport, address));
    }
    config.files.push(FileInput {
        path: folder.join("*.log"),
        start: Start::Beginning,
    });
    config
}

pub struct Started {
    pub running: RunningCollector,
    stop: oneshot::Sender<()>,
}

impl Started {
    pub async fn new(config: Config, clock: Clock) -> Self {
        let (stop, stopped) = oneshot::channel();
        let shared = Shared::built_in().unwrap();
        let shutdown = async move { drop(stopped.await) };
        let running = run(config, shared, clock, shutdown).await.unwrap();
        Self { running, stop }
    }

    pub fn address(&self, transport: Transport) -> SocketAddr {
        let (_, address) = self
            .running
            .listen
            .iter()
            .find(|one| one.0 == transport)
            .unwrap();
        SocketAddr::from(([127, 0, 0, 1], address.port()))
    }

    pub fn total(&self) -> Sum {
        *self.running.board.lock().tally.total()
    }

    /// Waits until so many records have met their fate.
    pub async fn until_received(&self, count: u64) {
        let begun = Instant::now();
        while self.total().received() < count {
            assert!(
                begun.elapsed() < Duration::from_secs(30),
                "{:?}",
                self.total()
            );
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }

    pub async fn stop(self) -> Sum {
        let board = std::sync::Arc::clone(&self.running.board);
        self.stop.send(()).unwrap();
        tokio::time::timeout(Duration::from_secs(20), self.running.handle)
            .await
            .unwrap()
            .unwrap();
        *board.lock().tally.total()
    }
}
