//! Whatever is thrown at a collector, each record is in the sums once and it goes on working.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod rig;

use std::io::Write as _;
use std::net::{Ipv4Addr, SocketAddr, TcpStream, UdpSocket};
use std::time::Duration;

use larum_collector::config::Transport;
use larum_collector::reason::{Closed, Dropped};
use larum_core::reject::Reject;
use larum_core::time::Timestamp;
use larum_link::clock::Clock;
use rig::{Started, config, failed};
use socket2::{Domain, Socket, Type};

/// Bytes that look like nothing, the same on each run.
fn noise(seed: u64, length: usize) -> Vec<u8> {
    let mut state = seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1;
    (0..length)
        .map(|_| {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            state.to_le_bytes()[3]
        })
        .collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_flood_of_random_datagrams_is_counted_to_the_last_one() {
    const SENT: u64 = 20_000;
    let folder = tempfile::tempdir().unwrap();
    let mut config = config(folder.path());
    // A small queue and buffer, so that some have to be dropped.
    config.limits.queue_chunks = 4;
    config.limits.udp_buffer_bytes = 65_536;
    let started = Started::new(config, Clock::system()).await;
    let address = started.address(Transport::Udp);
    let sender = UdpSocket::bind("127.0.0.1:0").unwrap();
    for number in 0..SENT {
        let length = usize::try_from(number % 700).unwrap();
        sender.send_to(&noise(number, length), address).unwrap();
    }
    let total = started.stop().await;
    assert_eq!(total.received(), SENT, "{total:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn long_lines_garbage_and_silence_hold_up_nobody() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("nul.log"), vec![0; 3 << 20]).unwrap();
    let started = Started::new(config(folder.path()), Clock::system()).await;
    let address = started.address(Transport::Tcp);
    // Connected, and never says a word.
    let silent = TcpStream::connect(address).unwrap();
    let mut trickle = TcpStream::connect(address).unwrap();
    trickle.write_all(b"<38>Nov 22 19:").unwrap();

    let mut long = TcpStream::connect(address).unwrap();
    long.write_all(&vec![b'x'; 10 << 20]).unwrap();
    long.write_all(b"\n").unwrap();
    let mut garbage = TcpStream::connect(address).unwrap();
    let bytes = noise(7, 1 << 20);
    garbage.write_all(&bytes).unwrap();
    garbage.write_all(b"\n").unwrap();
    drop(garbage);
    let mut honest = TcpStream::connect(address).unwrap();
    for attempt in 0..100 {
        writeln!(honest, "<38>{}", failed(attempt)).unwrap();
    }
    while started.total().events < 100 {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    let total = started.stop().await;
    drop((silent, trickle, long, honest));
    assert_eq!(total.events, 100);
    let rejected = |reason: Reject| {
        let at = Reject::ALL.iter().position(|one| *one == reason).unwrap();
        total.rejected.get(at).copied().unwrap()
    };
    assert!(rejected(Reject::TooLong) >= 1, "{total:?}");
    assert!(
        rejected(Reject::NotText) + rejected(Reject::UnknownFormat) > 100,
        "{total:?}"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn strangers_are_counted_and_not_listened_to() {
    let folder = tempfile::tempdir().unwrap();
    let mut config = config(folder.path());
    for listen in &mut config.listen {
        let only = "192.0.2.0/24".parse().unwrap();
        listen.allow = larum_collector::config::Allow::Networks(vec![only]);
    }
    let started = Started::new(config, Clock::system()).await;
    let sender = UdpSocket::bind("127.0.0.1:0").unwrap();
    for attempt in 0..10 {
        let datagram = failed(attempt);
        sender
            .send_to(datagram.as_bytes(), started.address(Transport::Udp))
            .unwrap();
    }
    started.until_received(10).await;
    let total = started.stop().await;
    assert_eq!(total.events, 0);
    let at = Dropped::ALL
        .iter()
        .position(|one| *one == Dropped::SenderNotAllowed)
        .unwrap();
    assert_eq!(total.dropped.get(at), Some(&10));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_device_whose_clock_is_a_year_off_is_told_and_its_attack_is_seen_now() {
    let folder = tempfile::tempdir().unwrap();
    let now = Timestamp::from_civil((2027, 11, 20), (12, 0, 0), 0).unwrap();
    let started = Started::new(config(folder.path()), Clock::scaled(now, 1.0)).await;
    let sender = UdpSocket::bind("127.0.0.1:0").unwrap();
    for attempt in 0..30 {
        let line = failed(attempt);
        let (_, rest) = line.split_at("Nov 22 19:00:00 ".len());
        let datagram = format!("<38>1 2026-11-22T19:00:{attempt:02}Z {rest}")
            .replace(" sshd[811]: ", " sshd 811 - - ");
        sender
            .send_to(datagram.as_bytes(), started.address(Transport::Udp))
            .unwrap();
    }
    started.until_received(30).await;
    let board = std::sync::Arc::clone(&started.running.board);
    let total = started.stop().await;
    assert_eq!(total.events, 30, "{total:?}");
    let posted = board.lock();
    let clocks = posted.learned.clocks.iter();
    let wrong = clocks.filter(|clock| clock.wrong_seconds.is_some());
    assert_eq!(wrong.count(), 1);
    let finding = posted.findings.iter().next().unwrap();
    assert!(finding.last() >= now, "{}", finding.last());
    assert!(posted.alerts.iter().count() > 0);
}

/// A connection from this address of the loopback network.
fn connect_from(last: u8, to: SocketAddr) -> TcpStream {
    let socket = Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
    let from = SocketAddr::from((Ipv4Addr::new(127, 0, 0, last), 0));
    socket.bind(&from.into()).unwrap();
    socket.connect(&to.into()).unwrap();
    socket.into()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn senders_who_take_every_place_give_some_up_for_others_and_lose_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let mut config = config(folder.path());
    config.limits.connections = 8;
    config.limits.connections_per_sender = 4;
    let started = Started::new(config, Clock::system()).await;
    let address = started.address(Transport::Tcp);
    let mut attempt = 0;
    let mut line = |stream: &mut TcpStream| {
        attempt += 1;
        let line = format!("<38>{}\n", failed(attempt));
        stream.write_all(line.as_bytes()).unwrap();
    };
    // All eight places, by two senders, each with a line so that it is known to be in.
    let mut greedy: Vec<TcpStream> = (0..8)
        .map(|number| connect_from(66 + number / 4, address))
        .collect();
    greedy.iter_mut().for_each(&mut line);
    started.until_received(8).await;
    // Two others come, and both are heard.
    for last in [5, 6] {
        let mut honest = connect_from(last, address);
        line(&mut honest);
        drop(honest);
    }
    started.until_received(10).await;
    let closed: Vec<(Closed, u64)> = started.running.board.connections_closed().collect();
    let total = started.stop().await;
    drop(greedy);
    assert_eq!(total.events, 10, "{total:?}");
    let gave_way = closed.iter().find(|(reason, _)| *reason == Closed::GaveWay);
    assert!(matches!(gave_way, Some((_, 1..=2))), "{closed:?}");
    assert!(!closed.contains(&(Closed::TooMany, 1)), "{closed:?}");
}
