//! A whole collector with real sockets and files: what goes in is in the sums, whatever it is, and a
//! restart continues where the last one stopped.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod rig;

use std::io::Write as _;
use std::net::{TcpStream, UdpSocket};

use larum_collector::Config;
use larum_collector::config::{Listen, Transport};
use larum_collector::reason::Dropped;
use larum_collector::status;
use larum_link::clock::Clock;
use rig::{Started, config, failed};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn udp_tcp_and_files_are_in_the_sums_and_a_restart_continues() {
    let folder = tempfile::tempdir().unwrap();
    let log = folder.path().join("auth.log");
    let lines: String = (0..10).map(|attempt| failed(attempt) + "\n").collect();
    std::fs::write(&log, lines + "not finis").unwrap();
    let started = Started::new(config(folder.path()), Clock::system()).await;

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
    let started = Started::new(config(folder.path()), Clock::system()).await;
    started.until_received(21).await;
    assert!(started.running.board.lock().findings.iter().count() > 0);
    let total = started.stop().await;
    assert_eq!(total.received(), 21);
    assert_eq!(total.rejected.iter().sum::<u64>(), 2);
}

/// NetFlow 5 with one flow, whose first number is `number`.
fn netflow(number: u32) -> Vec<u8> {
    let mut bytes = vec![0, 5, 0, 1, 0, 1, 0x86, 0xA0];
    bytes.extend(1_795_341_600_u32.to_be_bytes());
    bytes.extend([0; 4]);
    bytes.extend(number.to_be_bytes());
    bytes.extend([0; 4]);
    bytes.extend([10, 0, 0, 5, 192, 0, 2, 1, 0, 0, 0, 0, 0, 1, 0, 2]);
    bytes.extend([
        0, 0, 0, 10, 0, 0, 3, 0xE8, 0, 1, 0x5F, 0x90, 0, 1, 0x73, 0x18,
    ]);
    bytes.extend([0xC3, 0x50, 1, 0xBB, 0, 24, 6, 0, 0, 0, 0, 0, 24, 24, 0, 0]);
    bytes
}

#[tokio::test(flavor = "multi_thread")]
async fn flow_records_over_udp_are_events_and_what_the_network_lost_is_in_the_sum() {
    let folder = tempfile::tempdir().unwrap();
    let mut config = Config::new(folder.path().join("state"));
    config.page_address = None;
    let address = "127.0.0.1:0".parse().unwrap();
    config.listen.push(Listen::new(Transport::Flows, address));
    let started = Started::new(config, Clock::system()).await;
    let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
    let to = started.address(Transport::Flows);
    for number in [1, 2, 7] {
        socket.send_to(&netflow(number), to).unwrap();
    }
    // Cut within its record: nothing is concluded from its number.
    socket.send_to(&netflow(50)[..40], to).unwrap();
    started.until_received(8).await;
    let total = started.stop().await;
    let lost = Dropped::ALL
        .iter()
        .position(|one| *one == Dropped::NotArrived);
    assert_eq!(total.dropped[lost.unwrap()], 4);
    assert_eq!((total.events, total.received()), (3, 8), "{total:?}");
}
