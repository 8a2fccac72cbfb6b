//! A whole collector with real sockets and files: what goes in is in the sums, whatever it is, and a
//! restart continues where the last one stopped.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::io::Write as _;
use std::net::{SocketAddr, TcpStream, UdpSocket};
use std::path::Path;
use std::time::{Duration, Instant};

use larum_collector::config::{Allow, FileInput, Listen, Start, Transport, Zone};
use larum_collector::status;
use larum_collector::tally::Sum;
use larum_collector::{Config, RunningCollector, Shared, run};
use larum_link::clock::Clock;
use tokio::sync::oneshot;

/// A failed log-in, each attempt a different one.
fn failed(attempt: usize) -> String {
    format!(
        "Nov 22 19:00:{:02} gate sshd[811]: Failed password for invalid user admin from \
         198.51.100.7 port {} ssh2",
        attempt % 60,
        40_000 + attempt
    )
}

/// A configuration on port 0 in `folder`.
fn config(folder: &Path) -> Config {
    let mut config = Config::new(folder.join("state"));
    config.zone = Zone::utc();
    config.page_address = "127.0.0.1:0".parse().ok();
    config.metrics_address = "127.0.0.1:0".parse().ok();
    for transport in [Transport::Udp, Transport::Tcp] {
        config.listen.push(Listen {
            transport,
            address: "[::]:0".parse().unwrap(),
            allow: Allow::Inside,
        });
    }
    config.files.push(FileInput {
        path: folder.join("*.log"),
        start: Start::Beginning,
    });
    config
}

struct Started {
    running: RunningCollector,
    stop: oneshot::Sender<()>,
}

async fn start(config: Config) -> Started {
    let (stop, stopped) = oneshot::channel();
    let shared = Shared::built_in().unwrap();
    let shutdown = async move { drop(stopped.await) };
    let running = run(config, shared, Clock::system(), shutdown)
        .await
        .unwrap();
    Started { running, stop }
}

impl Started {
    fn address(&self, transport: Transport) -> SocketAddr {
        let (_, address) = self
            .running
            .listen
            .iter()
            .find(|one| one.0 == transport)
            .unwrap();
        SocketAddr::from(([127, 0, 0, 1], address.port()))
    }

    fn total(&self) -> Sum {
        *self.running.board.lock().tally.total()
    }

    /// Waits until so many records have met their fate.
    async fn until_received(&self, count: u64) {
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

    async fn stop(self) -> Sum {
        let board = std::sync::Arc::clone(&self.running.board);
        self.stop.send(()).unwrap();
        tokio::time::timeout(Duration::from_secs(20), self.running.handle)
            .await
            .unwrap()
            .unwrap();
        *board.lock().tally.total()
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn udp_tcp_and_files_are_in_the_sums_and_a_restart_continues() {
    let folder = tempfile::tempdir().unwrap();
    let log = folder.path().join("auth.log");
    let lines: String = (0..10).map(|attempt| failed(attempt) + "\n").collect();
    std::fs::write(&log, lines + "not finis").unwrap();
    let started = start(config(folder.path())).await;

    let udp = UdpSocket::bind("127.0.0.1:0").unwrap();
    for attempt in 10..15 {
        let datagram = format!("<38>{}\n", failed(attempt));
        udp.send_to(datagram.as_bytes(), started.address(Transport::Udp))
            .unwrap();
    }
    let mut tcp = TcpStream::connect(started.address(Transport::Tcp)).unwrap();
    let lines = [15, 16, 17].map(|attempt| format!("<38>{}", failed(attempt)));
    write!(
        tcp,
        "{}\n{} {}{}\r\nhello\n999 <13>cut",
        lines[0],
        lines[1].len(),
        lines[1],
        lines[2]
    )
    .unwrap();
    drop(tcp);
    // Ten of the file, five datagrams, three lines and one greeting, one cut short.
    started.until_received(20).await;
    let total = started.stop().await;
    assert_eq!(total.events, 18, "{total:?}");
    assert_eq!(total.rejected.iter().sum::<u64>(), 1);
    assert_eq!(total.dropped.iter().sum::<u64>(), 1);
    // Without a hub every finding stays home, and says so.
    assert!(total.findings() > 0);
    assert_eq!(total.sightings, 0);

    let document = status::read(&folder.path().join("state")).unwrap().unwrap();
    assert!(!document.running);
    assert_eq!(document.total.received, 20);
    let rows: u64 = document.hours.iter().map(|row| row.sum.received).sum();
    assert_eq!(rows, 20);

    std::fs::OpenOptions::new()
        .append(true)
        .open(&log)
        .unwrap()
        .write_all(b"hed\n")
        .unwrap();
    let started = start(config(folder.path())).await;
    started.until_received(21).await;
    assert!(started.running.board.lock().findings.iter().count() > 0);
    let total = started.stop().await;
    assert_eq!(total.received(), 21);
    assert_eq!(total.rejected.iter().sum::<u64>(), 2);
}
