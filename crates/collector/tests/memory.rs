//! A restart does not make the collector forget: who tried half before it and half after it is found,
//! and what was going on before goes on as the same finding.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod rig;

use std::net::UdpSocket;
use std::path::Path;

use larum_collector::config::Transport;
use larum_link::clock::Clock;
use rig::{Started, config};

fn send(started: &Started, attempts: std::ops::Range<usize>) {
    let udp = UdpSocket::bind("127.0.0.1:0").unwrap();
    for attempt in attempts {
        let (now, port) = (Clock::system().now(), 40_000 + attempt);
        let datagram = format!(
            "<38>1 {now} gate sshd 811 - - Failed password for invalid user admin from \
             198.51.100.7 port {port} ssh2"
        );
        udp.send_to(datagram.as_bytes(), started.address(Transport::Udp))
            .unwrap();
    }
}

/// Ids and counts of the guessing found so far.
fn found(started: &Started) -> Vec<(String, u64)> {
    let posted = started.running.board.lock();
    let guessing = posted
        .findings
        .iter()
        .filter(|one| one.detector == "login-guessing");
    guessing.map(|one| (one.id.clone(), one.count)).collect()
}

async fn start(folder: &Path) -> Started {
    Started::new(config(folder), Clock::system()).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_began_before_a_restart_goes_on_after_it() {
    let folder = tempfile::tempdir().unwrap();
    let started = start(folder.path()).await;
    send(&started, 0..3);
    started.until_received(3).await;
    assert_eq!(found(&started), []);
    started.stop().await;

    let started = start(folder.path()).await;
    send(&started, 3..7);
    started.until_received(7).await;
    started.stop().await;

    let started = start(folder.path()).await;
    let before = found(&started);
    assert_eq!(before.len(), 1);
    assert_eq!(before[0].1, 7);
    assert!(
        started
            .running
            .board
            .lock()
            .findings
            .get(&before[0].0)
            .unwrap()
            .open
    );
    send(&started, 7..10);
    started.until_received(10).await;
    started.stop().await;

    let started = start(folder.path()).await;
    assert_eq!(found(&started), [(before[0].0.clone(), 10)]);
    started.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_damaged_memory_is_set_aside() {
    let folder = tempfile::tempdir().unwrap();
    let started = start(folder.path()).await;
    send(&started, 0..3);
    started.until_received(3).await;
    started.stop().await;
    let state = folder.path().join("state");
    let mut bytes = std::fs::read(state.join("detectors.memory")).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    std::fs::write(state.join("detectors.memory"), &bytes).unwrap();

    let started = start(folder.path()).await;
    assert_eq!(
        std::fs::read(state.join("detectors.unreadable")).unwrap(),
        bytes
    );
    send(&started, 3..13);
    started.until_received(13).await;
    let total = started.stop().await;
    assert!(total.findings() > 0);
    assert!(state.join("detectors.memory").exists());
}
