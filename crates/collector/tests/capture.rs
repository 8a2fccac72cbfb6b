//! A collector that watches real traffic, in a network namespace of the test's own.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

#[path = "../../capture/tests/namespace/mod.rs"]
mod namespace;
mod rig;

use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream, UdpSocket};

use larum_collector::capture::CaptureState;
use larum_collector::config::CaptureInput;
use larum_collector::reason::Dropped;
use larum_collector::status::{self, StatusDocument};
use larum_collector::{Config, capture, run};
use larum_link::clock::Clock;
use namespace::{apart, ip, pair};
use rig::Started;

fn config(folder: &std::path::Path, interface: &str) -> Config {
    let mut config = Config::new(folder.join("state"));
    config.page_address = None;
    config.captures.push(CaptureInput::new(interface));
    config
}

fn block_on<T>(work: impl Future<Output = T>) -> T {
    let mut runtime = tokio::runtime::Builder::new_multi_thread();
    let runtime = runtime.worker_threads(2).enable_all().build().unwrap();
    runtime.block_on(work)
}

/// One request over a real connection, and its answer.
fn ask(listener: &TcpListener, path: &str) {
    let mut client = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
    let (mut server, _) = listener.accept().unwrap();
    let request = format!("GET {path} HTTP/1.1\r\nHost: www.example.org\r\n\r\n");
    client.write_all(request.as_bytes()).unwrap();
    let mut heard = vec![0; request.len()];
    server.read_exact(&mut heard).unwrap();
    let answer = b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n";
    server.write_all(answer).unwrap();
    let mut heard = vec![0; answer.len()];
    client.read_exact(&mut heard).unwrap();
}

fn state(document: &StatusDocument) -> CaptureState {
    let [state] = document.captures.as_slice() else {
        unreachable!("{:?}", document.captures)
    };
    let state = state.clone();
    let fates = state.in_flows + state.unread + state.passed_over + state.lost;
    assert_eq!(state.packets, fates, "{state:?}");
    state
}

#[test]
fn requests_over_a_real_connection_are_events_and_the_sums_hold() {
    apart(
        "requests_over_a_real_connection_are_events_and_the_sums_hold",
        || {
            ip("link set lo up");
            block_on(async {
                let folder = tempfile::tempdir().unwrap();
                let started = Started::new(config(folder.path(), "lo"), Clock::system()).await;
                let listener = TcpListener::bind("127.0.0.1:0").unwrap();
                for number in 0..20 {
                    ask(&listener, &format!("/page-{number}"));
                }
                // What was said is told at once, the flows when they are over.
                started.until_received(20).await;
                let total = started.stop().await;
                assert_eq!((total.events, total.received()), (40, 40), "{total:?}");
                let document = status::read(&folder.path().join("state")).unwrap().unwrap();
                let row = &document.hours[0];
                assert_eq!(row.device, "capture lo");
                let state = state(&document);
                assert_eq!((state.flows, state.lost, state.unread), (20, 0, 0));
                assert!(state.in_flows >= 20 * 9, "{state:?}");
            });
        },
    );
}

#[test]
fn every_packet_of_a_flood_has_one_fate() {
    apart("every_packet_of_a_flood_has_one_fate", || {
        pair();
        block_on(async {
            let folder = tempfile::tempdir().unwrap();
            let mut config = config(folder.path(), "far");
            config.captures[0].workers = 2;
            config.captures[0].ring_bytes = 2 << 20;
            let started = Started::new(config, Clock::system()).await;
            let socket = UdpSocket::bind("192.0.2.1:0").unwrap();
            for _ in 0..40_000 {
                socket.send_to(&[7; 200], "192.0.2.9:9").unwrap();
            }
            let total = started.stop().await;
            let document = status::read(&folder.path().join("state")).unwrap().unwrap();
            let state = state(&document);
            assert_eq!((state.packets, state.unread), (40_000, 0), "{state:?}");
            let dropped = |reason| {
                let place = Dropped::ALL.iter().position(|one| *one == reason).unwrap();
                total.dropped[place]
            };
            assert_eq!(dropped(Dropped::SystemBuffer), state.lost);
            assert_eq!(dropped(Dropped::Overload), state.passed_over);
            assert_eq!(total.events, state.flows);
            assert!(state.flows <= 1, "{state:?}");
        });
    });
}

#[test]
fn opened_rings_work_on_without_the_right_to_open_more() {
    apart(
        "opened_rings_work_on_without_the_right_to_open_more",
        || {
            ip("link set lo up");
            let folder = tempfile::tempdir().unwrap();
            let config = config(folder.path(), "lo");
            let captures = capture::Captures::open(&config).unwrap();
            capture::give_up_rights().unwrap();
            let refused = capture::Captures::open(&config).unwrap_err();
            assert!(refused.is_not_allowed(), "{refused}");
            block_on(async {
                let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
                let shared = larum_collector::Shared::built_in().unwrap();
                let clock = Clock::system();
                let shutdown = async move { drop(stopped.await) };
                let running = run::run_capturing(config, shared, clock, captures, shutdown);
                let running = running.await.unwrap();
                let listener = TcpListener::bind("127.0.0.1:0").unwrap();
                ask(&listener, "/");
                stop.send(()).unwrap();
                running.handle.await.unwrap();
                assert_eq!(running.board.lock().tally.total().events, 2);
            });
        },
    );
}
