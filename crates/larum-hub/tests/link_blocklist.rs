//! A member's blocklist, served by its collector to devices that have no way to the hub.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]
#![expect(clippy::expect_used, reason = "a test fails by panicking")]

mod link_rig;

use std::net::SocketAddr;
use std::path::Path;
use std::time::{Duration, Instant};

use larum_collector::config::Config;
use larum_collector::doctor::{Check, Patient, State, examine};
use larum_collector::{RunningCollector, Shared};
use larum_core::time::Timestamp;
use larum_hub_lib::id::MemberId;
use larum_hub_lib::store::lists::{Listed, Lists as _};
use larum_link::clock::Clock;
use larum_link::secret::hash;
use link_rig::{Collector, Hub, PATIENCE, start, still};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::sync::oneshot;

const DAY_SECONDS: i64 = 86_400;
const PAUSE: Duration = Duration::from_millis(50);
const TOKEN: &str = "a-token-of-the-office-firewall";

/// An address of the firm's own; one that ends in 40 days; one that ends in 90; a network with a resolver.
const LISTED: [(&str, i64); 6] = [
    ("192.0.2.5", 90),
    ("203.0.113.8", 40),
    ("203.0.113.9", 90),
    ("198.51.100.7", 90),
    ("2001:db8:0:5::", 90),
    ("2001:4860:4860::", 90),
];

/// All of them that may be served.
const SERVED: &str =
    "# larum blocklist\n198.51.100.7\n203.0.113.8\n203.0.113.9\n2001:db8:0:5::/64\n";

fn put_list(hub: &Hub, member: MemberId) {
    let listed = (1..).zip(LISTED).map(|(rank, (source, days))| Listed {
        source: source.parse().unwrap(),
        rank,
        witnesses: 3,
        last: start(),
        expires: start().plus_seconds(days * DAY_SECONDS),
    });
    let listed: Vec<Listed> = listed.collect();
    hub.running.store.put_list(member, &listed).unwrap();
}

struct Inside {
    running: RunningCollector,
    stop: oneshot::Sender<()>,
}

impl Inside {
    async fn run(config: &Path, clock: &Clock) -> Self {
        let (stop, stopped) = oneshot::channel();
        let shutdown = async move { drop(stopped.await) };
        let (config, shared) = (Config::load(config).unwrap(), Shared::built_in().unwrap());
        let running = larum_collector::run(config, shared, clock.clone(), shutdown)
            .await
            .unwrap();
        Self { running, stop }
    }

    /// Head and body of the answer to a device.
    async fn ask(&self, request: &str) -> (String, String) {
        let (_, address) = self.running.listen.first().unwrap();
        ask(*address, request).await
    }

    /// Asks until the answer has this status.
    async fn until(&self, request: &str, status: &str) -> (String, String) {
        let begun = Instant::now();
        loop {
            let (head, body) = self.ask(request).await;
            if head.starts_with(&format!("HTTP/1.1 {status}")) {
                return (head, body);
            }
            assert!(begun.elapsed() < PATIENCE, "{head}");
            tokio::time::sleep(PAUSE).await;
        }
    }

    /// Waits until the whole list is served. The hub makes one of its own, of nothing, once after a device was
    /// let in: the test's is put in its place again.
    async fn until_served(&self, request: &str, hub: &Hub, member: MemberId) -> (String, String) {
        let begun = Instant::now();
        loop {
            put_list(hub, member);
            let (head, body) = self.ask(request).await;
            if body == SERVED {
                return (head, body);
            }
            assert!(begun.elapsed() < PATIENCE, "{head} {body}");
            tokio::time::sleep(PAUSE).await;
        }
    }

    async fn stop(self) {
        self.stop.send(()).unwrap();
        self.running.handle.await.unwrap();
    }
}

async fn ask(address: SocketAddr, request: &str) -> (String, String) {
    let mut stream = TcpStream::connect(address).await.unwrap();
    let (line, headers) = request.split_once('\n').unwrap_or((request, ""));
    let request = format!("{line} HTTP/1.1\r\nHost: inside\r\n{headers}Connection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    (head.to_owned(), body.to_owned())
}

fn header<'h>(head: &'h str, name: &str) -> &'h str {
    let mut lines = head.lines();
    lines
        .find_map(|line| line.strip_prefix(&format!("{name}: ")))
        .unwrap()
}

async fn doctor(config: &Path, now: Timestamp) -> Check {
    let shared = Shared::built_in().unwrap();
    let patient = Patient {
        config: config.to_owned(),
        state_dir: None,
        call_hub: false,
    };
    let clock = Clock::scaled(now, 0.001);
    let report = examine(&patient, &shared.words, &shared.names, &clock).await;
    let mut checks = report.checks.into_iter();
    checks.find(|check| check.check == "blocklist").unwrap()
}

/// A member whose collector serves the list, in `folder`.
async fn member_with_collector(folder: &Path, hub: &Hub, clock: &Clock) -> MemberId {
    let state = folder.join("c");
    let member = hub.member("Bakery", clock.now());
    Collector::join(&state, &hub.token(member, clock.now()), clock).await;
    let config = format!(
        "state-dir = {state:?}\npage-address = \"off\"\nown-networks = [\"192.0.2.0/28\"]\n\
         [[listen]]\nprotocol = \"blocklist\"\naddress = \"127.0.0.1:0\"\n\
         [[listen]]\nprotocol = \"udp\"\naddress = \"127.0.0.1:0\"\n"
    );
    std::fs::write(folder.join("collector.toml"), config).unwrap();
    member
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn devices_inside_get_the_members_list_from_its_collector() {
    let folder = tempfile::tempdir().unwrap();
    // The collector asks the hub again after five minutes of its clock: half a second.
    let clock = Clock::scaled(start(), 600.0);
    let hub = Hub::new(&folder.path().join("hub"), &still()).await;
    let member = member_with_collector(folder.path(), &hub, &clock).await;
    let config = folder.path().join("collector.toml");
    let plain = format!("GET /lists/{TOKEN}/plain");

    // Nobody was let in: nobody gets anything.
    let inside = Inside::run(&config, &clock).await;
    inside.until(&plain, "401").await;
    let store = &hub.running.store;
    let now = clock.now();
    store
        .add_device(member, "office", &hash(TOKEN), 1_000, now)
        .unwrap();
    store
        .add_device(member, "small", &hash("another token"), 1, now)
        .unwrap();

    let (head, _) = inside.until_served(&plain, &hub, member).await;
    let tag = header(&head, "etag");
    let again = format!("{plain}\nIf-None-Match: {tag}\r\n");
    assert!(inside.ask(&again).await.0.starts_with("HTTP/1.1 304"));
    let bearer = format!("GET /lists/cidr?family=4\nAuthorization: Bearer {TOKEN}\r\n");
    let networks = "# larum blocklist\n198.51.100.7/32\n203.0.113.8/31\n";
    assert_eq!(inside.ask(&bearer).await.1, networks);
    let (_, nft) = inside.ask(&format!("GET /lists/{TOKEN}/nftables")).await;
    assert!(nft.contains("blocked4 { 198.51.100.7/32, 203.0.113.8/31 }"));
    // As many as it can hold, of those that may be served.
    let small = "GET /lists/plain\nAuthorization: Bearer another token\r\n";
    assert_eq!(
        inside.ask(small).await.1,
        "# larum blocklist\n203.0.113.8\n"
    );
    for (request, status) in [
        ("GET /lists/a-guess/plain", "401"),
        ("GET /lists/plain", "401"),
        ("GET /lists/a-guess/csv", "404"),
        ("GET /records", "404"),
        ("POST /lists/a-guess/plain", "405"),
    ] {
        let (head, _) = inside.ask(request).await;
        assert!(head.starts_with(&format!("HTTP/1.1 {status}")), "{head}");
    }
    // What the hub serves is the same but for the firm's own address.
    let page = hub.running.page_addr;
    let (_, from_hub) = ask(page, &plain).await;
    let first = SERVED.replace("198", "192.0.2.5\n198");
    assert_eq!(from_hub, format!("{first}2001:4860:4860::/64\n"));

    // Taken off the list, and shut out.
    let source = "203.0.113.8".parse().unwrap();
    let devices = hub.running.store.devices(member).unwrap();
    let small = devices
        .iter()
        .find(|device| device.name == "small")
        .unwrap();
    let store = &hub.running.store;
    store.revoke_device(member, small.id, clock.now()).unwrap();
    inside
        .until(
            "GET /lists/plain\nAuthorization: Bearer another token\r\n",
            "401",
        )
        .await;
    store.appeal(member, source, clock.now()).unwrap();
    let begun = Instant::now();
    while inside.ask(&plain).await.1.contains("203.0.113.8") {
        assert!(begun.elapsed() < PATIENCE);
        tokio::time::sleep(PAUSE).await;
    }
    inside.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_last_good_list_is_served_without_the_hub_until_each_entry_ends() {
    let folder = tempfile::tempdir().unwrap();
    let clock = Clock::scaled(start(), 600.0);
    let hub = Hub::new(&folder.path().join("hub"), &still()).await;
    let member = member_with_collector(folder.path(), &hub, &clock).await;
    let config = folder.path().join("collector.toml");
    hub.running
        .store
        .add_device(member, "office", &hash(TOKEN), 1_000, clock.now())
        .unwrap();
    let plain = format!("GET /lists/{TOKEN}/plain");
    let inside = Inside::run(&config, &clock).await;
    inside.until_served(&plain, &hub, member).await;
    inside.stop().await;
    let fetched = doctor(&config, clock.now()).await;
    assert_eq!((fetched.result, fetched.state), ("right", State::Ok));
    hub.stop().await;

    for (days, expected) in [
        (
            1,
            "198.51.100.7\n203.0.113.8\n203.0.113.9\n2001:db8:0:5::/64\n",
        ),
        (41, "198.51.100.7\n203.0.113.9\n2001:db8:0:5::/64\n"),
        (91, ""),
    ] {
        let later = Clock::scaled(start().plus_seconds(days * DAY_SECONDS), 1.0);
        let inside = Inside::run(&config, &later).await;
        let (head, body) = inside.ask(&plain).await;
        assert_eq!(body, format!("# larum blocklist\n{expected}"));
        let age_seconds: i64 = header(&head, "age").parse().unwrap();
        assert!(
            (age_seconds - days * DAY_SECONDS).abs() < DAY_SECONDS,
            "{head}"
        );
        inside.stop().await;
        let old = doctor(&config, later.now()).await;
        assert_eq!((old.result, old.state), ("old", State::Look), "{old:?}");
    }
}
