//! Hubs over one PostgreSQL store: a real server, the hub's program, hubs that come and go behind a
//! balancer, and a database that crashes while they work.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

#[path = "../../hub/tests/cases/mod.rs"]
mod cases;
#[path = "../../hub/tests/engines/mod.rs"]
mod engines;
mod link_rig;

use std::io::{Read as _, Write as _};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::{Arc, Mutex};

use larum_collector::identity::Identity;
use larum_collector::uplink::connection::{CallError, Client};
use larum_hub_lib::access::Role;
use larum_hub_lib::config::HubConfig;
use larum_hub_lib::config::store::{PostgresConfig, StoreConfig};
use larum_hub_lib::id::{MemberId, PersonId};
use larum_hub_lib::people::sign_in_link;
use larum_hub_lib::run::set_up;
use larum_hub_lib::store::audit::{Actor, Audit as _, Verified};
use larum_hub_lib::store::ingest::IngestStore as _;
use larum_hub_lib::store::people::{NewPerson, People as _};
use larum_hub_lib::store::sql::SqlStore;
use larum_link::clock::Clock;
use larum_link::wire::{Batch, CHAIN_START, Receipt, WIRE_VERSION, path};
use link_rig::{Collector, Hub, PATIENCE, copy_folder, sighting, start, still};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::block_in_place;

/// Sightings a collector has between two events.
const SOME: u64 = 20;

/// What stands before the hubs: hands each connection to one that answers.
#[derive(Clone, Default)]
struct Balancer {
    hubs: Arc<Mutex<Vec<SocketAddr>>>,
}

impl Balancer {
    async fn listen(&self) -> u16 {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let balancer = self.clone();
        tokio::spawn(async move {
            while let Ok((mut near, _)) = listener.accept().await {
                let balancer = balancer.clone();
                tokio::spawn(async move {
                    for hub in balancer.turn() {
                        if let Ok(mut far) = TcpStream::connect(hub).await {
                            drop(tokio::io::copy_bidirectional(&mut near, &mut far).await);
                            return;
                        }
                    }
                });
            }
        });
        port
    }

    /// The hubs, each time another one first.
    fn turn(&self) -> Vec<SocketAddr> {
        let mut hubs = self.hubs.lock().unwrap();
        if !hubs.is_empty() {
            hubs.rotate_left(1);
        }
        hubs.clone()
    }

    fn only(&self, hubs: &[&Hub]) {
        *self.hubs.lock().unwrap() = hubs.iter().map(|hub| hub.running.link_addr).collect();
    }
}

/// The settings of a hub in `folder` over the database `name` of `server`.
fn settings(folder: &Path, server: &engines::Server, name: &str, port: u16) -> HubConfig {
    let mut config = HubConfig::new(folder.to_owned(), format!("127.0.0.1:{port}"));
    let local = SocketAddr::from(([127, 0, 0, 1], 0));
    (config.link_listen, config.page_listen) = (local, local);
    config.metrics_listen = None;
    let mut store = PostgresConfig::new(server.folder().to_str().unwrap());
    store.database = name.to_owned();
    config.store = StoreConfig::Postgres(store);
    config.links_suffice = true;
    config
}

/// One call of a page: the whole answer.
fn call(address: SocketAddr, method: &str, page: &str, head: &str, body: &str) -> String {
    let mut stream = std::net::TcpStream::connect(address).unwrap();
    let length = body.len();
    let asked = format!(
        "{method} {page} HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\n{head}\
         content-type: application/x-www-form-urlencoded\r\ncontent-length: {length}\r\n\r\n{body}"
    );
    stream.write_all(asked.as_bytes()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer
}

/// Sends until there is a receipt, as collectors do.
async fn sent(client: &Client, batch: &Batch) -> Receipt {
    let receipted = async {
        loop {
            match client.post_json::<Receipt>(path::BATCHES, batch).await {
                Ok(answered) => return answered.value,
                Err(CallError::Link(_)) => tokio::task::yield_now().await,
                Err(other) => panic!("{other}"),
            }
        }
    };
    tokio::time::timeout(PATIENCE, receipted).await.unwrap()
}

/// Two hubs over the database `pair`, and what stands before them. The second machine has the
/// authority of the first, and nothing else of it.
struct Pair {
    first: Hub,
    second: Hub,
    balancer: Balancer,
    clock: Clock,
}

impl Pair {
    async fn new(folder: &Path, server: &engines::Server) -> Self {
        let clock = still();
        let balancer = Balancer::default();
        let port = balancer.listen().await;
        block_in_place(|| server.database("pair"));
        let one = settings(&folder.join("one"), server, "pair", port);
        let two = settings(&folder.join("two"), server, "pair", port);
        block_in_place(|| set_up(&one, clock.now()).unwrap());
        copy_folder(&one.authority_dir(), &two.authority_dir());
        Self {
            first: Hub::run(one, &clock).await,
            second: Hub::run(two, &clock).await,
            balancer,
            clock,
        }
    }

    /// A batch sent to one and again to the other is counted once.
    async fn count_once(&self, identity: &Identity) {
        let batch = Batch {
            version: WIRE_VERSION,
            sequence: 1,
            previous: CHAIN_START.into(),
            created: start().as_millis(),
            sightings: (900_000..900_000 + SOME)
                .map(|number| sighting(number, start()))
                .collect(),
        };
        let mut receipts = Vec::new();
        for hub in [&self.first, &self.second] {
            self.balancer.only(&[hub]);
            let receipt = sent(&identity.client(&self.clock).unwrap(), &batch).await;
            receipts.push((receipt.receipt, receipt.sha256));
        }
        receipts.dedup();
        assert_eq!(receipts.len(), 1, "{receipts:?}");
    }

    /// A session begun at one holds at the other, and ends at both.
    fn one_session(&self, member: MemberId) {
        let store = &*self.first.running.store;
        let by = Actor::program("test");
        let person = NewPerson {
            id: PersonId::random().unwrap(),
            email: "sam@example.org".into(),
            name: "Sam".into(),
            role: Role::Member,
            member: Some(member),
            area: None,
        };
        // People live by the machine's clock.
        let now = Clock::system().now();
        store.add_person(&by, &person, now).unwrap();
        let link = sign_in_link(store, &by, person.id, "http://pages", now).unwrap();
        let (one, two) = (self.first.running.page_addr, self.second.running.page_addr);
        let secret = link.rsplit('/').next().unwrap();
        let site = "sec-fetch-site: same-origin\r\n";
        let answer = call(one, "POST", "/sign-in", site, &format!("secret={secret}"));
        let cookie = answer
            .lines()
            .find_map(|line| line.strip_prefix("set-cookie: "))
            .and_then(|line| line.split(';').next())
            .expect("a session");
        let head = format!("{site}cookie: {cookie}\r\n");
        for address in [one, two] {
            let page = call(address, "GET", "/home", &head, "");
            assert!(page.starts_with("HTTP/1.1 200"), "{page}");
            assert!(page.contains("Chain of shops"), "{page}");
        }
        call(two, "POST", "/sign-out", &head, "");
        let page = call(one, "GET", "/home", &head, "");
        assert!(!page.starts_with("HTTP/1.1 200"), "{page}");
    }

    /// Hubs are renewed one after the other while a collector sends, and the database crashes.
    async fn renewed(self, collector: &mut Collector, server: &Arc<engines::Server>) -> Self {
        let Self {
            first,
            second,
            balancer,
            clock,
        } = self;
        balancer.only(&[&first, &second]);
        let mut spooled = collector.spool(0..SOME, start());
        collector.receipted(spooled).await;
        let config = first.stop().await;
        spooled = collector.spool(SOME..2 * SOME, start());
        collector.receipted(spooled).await;
        let first = Hub::run(config, &clock).await;
        balancer.only(&[&first, &second]);
        let crashing = server.clone();
        let crashed = tokio::task::spawn_blocking(move || {
            crashing.crash();
            crashing.up();
        });
        spooled = collector.spool(2 * SOME..3 * SOME, start());
        collector.receipted(spooled).await;
        crashed.await.unwrap();
        let config = second.stop().await;
        spooled = collector.spool(3 * SOME..4 * SOME, start());
        collector.receipted(spooled).await;
        let second = Hub::run(config, &clock).await;
        Self {
            first,
            second,
            balancer,
            clock,
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_hubs_over_one_store_count_once_and_lose_nothing() {
    let Some(server) = block_in_place(engines::Server::start) else {
        return;
    };
    let server = Arc::new(server);
    let folder = tempfile::tempdir().unwrap();
    let pair = Pair::new(folder.path(), &server).await;
    pair.balancer.only(&[&pair.first, &pair.second]);
    let (member, [shop, yard]) = block_in_place(|| {
        let member = pair.first.member("Chain of shops", start());
        (member, [0; 2].map(|_| pair.first.token(member, start())))
    });
    let shop = Collector::join(&folder.path().join("shop"), &shop, &pair.clock).await;
    pair.count_once(&shop).await;
    block_in_place(|| pair.one_session(member));
    let state = folder.path().join("yard");
    Collector::join(&state, &yard, &pair.clock).await;
    let mut collector = Collector::run(&state, &pair.clock);
    let pair = pair.renewed(&mut collector, &server).await;
    collector.stop().await;
    let (totals, ledger) = block_in_place(|| {
        let ledger = pair.second.running.store.verify().unwrap();
        (pair.second.totals(), ledger)
    });
    assert_eq!((totals.findings, totals.arrived), (5 * SOME, 5 * SOME));
    assert_eq!(totals.conflicts, 0);
    assert!(matches!(ledger, Verified::Whole { rows, .. } if rows > 0));
    pair.first.stop().await;
    pair.second.stop().await;
}

fn hub(args: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_larum-hub"))
        .args(args)
        .output()
        .unwrap()
}

#[track_caller]
fn good(args: &[&str]) -> String {
    let output = hub(args);
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{args:?}: {said}");
    String::from_utf8(output.stdout).unwrap()
}

#[track_caller]
fn refused(args: &[&str], code: i32, why: &str) {
    let output = hub(args);
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(code), "{said}");
    assert!(said.contains(why), "{said}");
}

/// A hub's program that runs, and where its pages are.
struct Served(std::process::Child, SocketAddr);

impl Served {
    fn start(config: &str) -> Self {
        use std::io::BufRead as _;
        let mut child = Command::new(env!("CARGO_BIN_EXE_larum-hub"))
            .args(["serve", "--log", "json", "--config", config])
            .stderr(std::process::Stdio::piped())
            .spawn()
            .unwrap();
        let mut log = std::io::BufReader::new(child.stderr.take().unwrap());
        let pages = loop {
            let mut line = String::new();
            assert!(log.read_line(&mut line).unwrap() > 0, "the hub ended");
            let found: serde_json::Value = serde_json::from_str(&line).unwrap();
            let address = found
                .pointer("/fields/pages")
                .or_else(|| found.get("pages"));
            if let Some(address) = address {
                break address.as_str().unwrap().parse().unwrap();
            }
        };
        // What it says further must not fill the pipe.
        std::thread::spawn(move || std::io::copy(&mut log, &mut std::io::sink()));
        Self(child, pages)
    }

    fn stop(mut self) {
        let id = self.0.id().to_string();
        assert!(Command::new("kill").arg(&id).status().unwrap().success());
        assert!(self.0.wait().unwrap().success());
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        drop(self.0.kill());
    }
}

/// The settings in `from` with another store, and where they are.
fn with_store(from: &Path, name: &str, store: &str) -> String {
    let text = std::fs::read_to_string(from).unwrap();
    let (before, _) = text.split_once("[store]").unwrap();
    let file: PathBuf = from.with_file_name(name);
    std::fs::write(&file, format!("{before}[store]\n{store}")).unwrap();
    file.to_str().unwrap().to_owned()
}

/// A hub set up in `folder`, on ports the system chooses, with one firm; its settings.
fn set_up_small(folder: &Path) -> PathBuf {
    let state = folder.join("hub");
    let name = state.to_str().unwrap();
    good(&["init", "--state", name, "--link-name", "127.0.0.1:1"]);
    let file = state.join("hub.toml");
    let text = std::fs::read_to_string(&file).unwrap();
    let text: String = text
        .lines()
        .map(|line| match line.split_once("-listen = ") {
            Some((door, _)) => format!("{door}-listen = \"127.0.0.1:0\"\n"),
            None => format!("{line}\n"),
        })
        .collect();
    std::fs::write(&file, text).unwrap();
    let area = ["--area", "E23000035", "--name", "Bakery"];
    let config = ["--config", file.to_str().unwrap()];
    good(&[&["admin", "add-member"], &area[..], &config].concat());
    file
}

fn members(config: &str) -> String {
    good(&["admin", "list", "members", "--config", config])
}

fn migrate(from: &str, to: &str) -> Output {
    hub(&["migrate-store", "--from", from, "--to", to])
}

/// Saved while it runs, and put back onto a fresh server.
fn saved_and_restored(folder: &Path, server: &engines::Server, grown: &str) {
    let before = members(grown);
    let saved = folder.join("saved");
    let serving = Served::start(grown);
    good(&["backup", saved.to_str().unwrap(), "--config", grown]);
    serving.stop();
    server.database("fresh");
    let state = folder.join("fresh");
    std::fs::create_dir(&state).unwrap();
    let file = state.join("hub.toml");
    let text = std::fs::read_to_string(grown).unwrap();
    let old = folder.join("hub");
    let text = text.replace(old.to_str().unwrap(), state.to_str().unwrap());
    std::fs::write(&file, text.replace("\"grown\"", "\"fresh\"")).unwrap();
    let fresh = file.to_str().unwrap();
    let restore = ["restore", saved.to_str().unwrap(), "--config", fresh];
    good(&restore);
    assert_eq!(members(fresh), before);
    good(&["admin", "verify-ledger", "--config", fresh]);
    assert!(!state.join("hub.sqlite").exists());
    // Neither over a hub that is there, nor over a database that holds something.
    refused(&restore, 5, "there already");
    std::fs::remove_dir_all(state.join("authority")).unwrap();
    refused(&restore, 5, "there already");
}

#[test]
fn a_hub_grows_out_of_its_file_and_comes_back() {
    let Some(server) = engines::Server::start() else {
        return;
    };
    server.database("grown");
    let folder = tempfile::tempdir().unwrap();
    let file = set_up_small(folder.path());
    let small = file.to_str().unwrap();
    let socket = server.folder().display();
    let at_server = format!("engine = \"postgres\"\nhost = \"{socket}\"\ndatabase = \"grown\"\n");
    let grown = &with_store(&file, "grown.toml", &at_server);
    good(&["check-config", grown]);
    let before = members(small);

    // Not while a hub runs on it; afterwards with every table's count and checksum.
    let serving = Served::start(small);
    assert_eq!(migrate(small, grown).status.code(), Some(5));
    serving.stop();
    let said = migrate(small, grown);
    assert!(said.status.success(), "{said:?}");
    let told = String::from_utf8_lossy(&said.stdout);
    let row = told
        .lines()
        .find(|line| line.starts_with("member\t"))
        .unwrap();
    let fields: Vec<&str> = row.split('\t').collect();
    assert!(fields[1] == "1" && fields[2].len() == 32, "{row}");
    let again = ["migrate-store", "--from", small, "--to", grown];
    refused(&again, 5, "not empty");
    let same = ["migrate-store", "--from", small, "--to", small];
    refused(&same, 2, "same store");

    // The hub runs on the new store; on the old one it does not start any more.
    refused(&["serve", "--config", small], 5, "moved");
    let serving = Served::start(grown);
    let health = call(serving.1, "GET", "/health", "", "");
    assert!(health.starts_with("HTTP/1.1 200"), "{health}");
    assert_eq!(members(grown), before);
    good(&["admin", "verify-ledger", "--config", grown]);
    let doctor = hub(&["doctor", "--json", "--config", grown]);
    let doctor = String::from_utf8(doctor.stdout).unwrap();
    let ledger = doctor.lines().find(|line| line.contains("\"ledger\""));
    assert!(ledger.unwrap().contains("\"state\":\"ok\""), "{doctor}");
    let back = ["migrate-store", "--from", grown, "--to", small];
    refused(&back, 5, "in use");
    serving.stop();
    saved_and_restored(folder.path(), &server, grown);

    // And back into a file of its own.
    let state = file.parent().unwrap();
    let back_state = folder.path().join("back");
    copy_folder(&state.join("authority"), &back_state.join("authority"));
    let text = std::fs::read_to_string(small).unwrap();
    let text = text.replace(state.to_str().unwrap(), back_state.to_str().unwrap());
    let back_file = back_state.join("hub.toml");
    std::fs::write(&back_file, text).unwrap();
    let back = back_file.to_str().unwrap();
    let said = migrate(grown, back);
    assert!(said.status.success(), "{said:?}");
    assert_eq!(members(back), before);
    Served::start(back).stop();
}

/// What `doctor` says of the sightings.
fn doctor_of_sightings(config: &str) -> String {
    let said = hub(&["doctor", "--json", "--config", config]).stdout;
    let said = String::from_utf8(said).unwrap();
    let line = said.lines().find(|line| line.contains("\"sightings\""));
    line.unwrap_or_default().to_owned()
}

/// The settings in `from` with a store whose sightings are in ClickHouse, and where they are.
fn with_sightings(from: &Path, name: &str, server: &engines::Server, address: &str) -> String {
    let (user, password) = engines::clickhouse::Engine::user();
    let secret = from.with_file_name("secret");
    std::fs::write(&secret, password).unwrap();
    let private = std::os::unix::fs::PermissionsExt::from_mode(0o600);
    std::fs::set_permissions(&secret, private).unwrap();
    let text = format!(
        "engine = \"postgres\"\nhost = \"{}\"\ndatabase = \"grown\"\n\
         sightings = \"{address}\"\nsightings-user = \"{user}\"\n\
         sightings-password-file = \"{}\"\n",
        server.folder().display(),
        secret.display()
    );
    with_store(from, name, &text)
}

/// The same settings, but for ClickHouse.
fn without_sightings(from: &Path) -> String {
    let text = std::fs::read_to_string(from).unwrap();
    let kept: Vec<&str> = text
        .lines()
        .filter(|line| !line.starts_with("sightings"))
        .collect();
    let file = from.with_file_name("without.toml");
    std::fs::write(&file, kept.join("\n")).unwrap();
    file.to_str().unwrap().to_owned()
}

#[test]
fn a_hub_moves_to_clickhouse_and_says_when_it_is_behind() {
    let (Some(server), Some(mut engine)) = (
        engines::Server::start(),
        engines::clickhouse::Engine::start(),
    ) else {
        return;
    };
    server.database("grown");
    engine.database("larum");
    let folder = tempfile::tempdir().unwrap();
    let file = set_up_small(folder.path());
    let small = file.to_str().unwrap();
    // What one firm has sent before.
    let store = HubConfig::load(&file).unwrap().open_store().unwrap();
    let member = cases::firm(&store, 9, "Bakery");
    let id = cases::collector(&store, member, 9);
    let seen = |number| vec![cases::sighting(number, "tcp/22", 1, 10, 20, 3)];
    let send = |store: &SqlStore, sequence: u32| {
        let sent = cases::batch(id, sequence.into(), seen(sequence));
        store.count_batch(&sent, cases::at(30)).unwrap().unwrap();
    };
    (1..=3).for_each(|sequence| send(&store, sequence));
    drop(store);

    let named = |address: &str, name: &str| with_sightings(&file, name, &server, address);
    let bad = named("http://ch.example.org/larum", "bad.toml");
    refused(&["check-config", &bad], 2, "sightings");
    let grown = named(&engine.server("larum").address, "grown.toml");
    good(&["check-config", &grown]);
    let said = migrate(small, &grown);
    assert!(said.status.success(), "{said:?}");
    let there = "SELECT count() FROM sighting FORMAT TabSeparated";
    assert_eq!(engine.ask("larum", there), "3");
    let told = doctor_of_sightings(&grown);
    assert!(told.contains("\"state\":\"ok\""), "{told}");

    // A batch that came while ClickHouse was away waits, and doctor says so.
    let config = HubConfig::load(Path::new(&grown)).unwrap();
    engine.crash();
    let store = config.open_store().unwrap();
    send(&store, 4);
    drop(store);
    let told = doctor_of_sightings(&grown);
    assert!(told.contains("\"state\":\"broken\""), "{told}");
    engine.up();
    let grown = named(&engine.server("larum").address, "again.toml");
    // The hub that leads carries it over.
    let serving = Served::start(&grown);
    let config = HubConfig::load(Path::new(&grown)).unwrap();
    let store = config.open_store().unwrap();
    while store.behind().unwrap().batches > 0 {
        std::thread::yield_now();
    }
    assert_eq!(engine.ask("larum", there), "4");
    let health = call(serving.1, "GET", "/health", "", "");
    assert!(health.starts_with("HTTP/1.1 200"), "{health}");
    serving.stop();
    drop(store);
    let without = without_sightings(Path::new(&grown));
    refused(&["serve", "--config", &without], 74, "ClickHouse");
}
