//! Sightings in ClickHouse: whatever fails on the way, nothing is lost and nothing is there twice.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod cases;
mod engines;

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use cases::{at, batch, collector, collector_id, firm, member_id, sighting};
use engines::clickhouse::Engine;
use larum_hub_lib::store::StoreError;
use larum_hub_lib::store::audit::Actor;
use larum_hub_lib::store::ingest::IngestStore as _;
use larum_hub_lib::store::keep::{KeepSince, KeepStore as _};
use larum_hub_lib::store::lists::Lists as _;
use larum_hub_lib::store::pages::Pages as _;
use larum_hub_lib::store::sql::SqlStore;
use larum_hub_lib::store::sql::clickhouse::Server;
use larum_hub_lib::store::watch_state::WatchState as _;
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};

/// The tables with rows of firms.
const TABLES: [&str; 3] = ["sighting", "rollup_hour", "rollup_day"];

/// Two firms, a batch each, and a later word about what the first said; batches 1 to 3.
fn three_batches(store: &SqlStore) {
    for number in [1, 2] {
        let member = firm(store, number, "Firm");
        collector(store, member, number);
    }
    for number in [1, 2] {
        let seen = vec![
            sighting(number, "tcp/22", 1, 10, 7_300, 3),
            sighting(number + 10, "tcp/23", 2, -90 * 86_400, -89 * 86_400, 5),
        ];
        count(store, number, 1, seen);
    }
    let late = sighting(1, "tcp/22", 1, 10, 20, 2);
    count(store, 1, 2, vec![wider(9_000, 8), late]);
}

/// A later word about the first firm's finding: another source beside the first.
fn wider(last: i64, count: u64) -> larum_core::sighting::Sighting {
    let mut wider = sighting(1, "tcp/22", 1, 10, last, count);
    let also = sighting(1, "tcp/22", 3, 10, last, count);
    wider.sources.extend(also.sources);
    wider
}

fn count(store: &SqlStore, number: u32, sequence: u64, seen: Vec<larum_core::sighting::Sighting>) {
    let sent = batch(collector_id(number), sequence, seen);
    let counted = store.count_batch(&sent, at(9_100)).unwrap().unwrap();
    assert!(counted.fresh);
}

/// Everything that pages can see of what was counted.
fn pages(store: &SqlStore) -> String {
    use larum_hub_lib::access::{Action, Opener, Role, Standing, Viewer, enter};
    use larum_hub_lib::store::pages::Pages as _;
    let viewer = Viewer {
        person: cases::person_id(1),
        name: "Sam".to_owned(),
        role: Role::Regional,
        member: None,
        area: None,
        standing: Standing::Fresh,
        emergency: false,
    };
    let scope = enter(Some(&viewer), Action::MemberRead).unwrap();
    let opener = || {
        Opener::new(
            store,
            &viewer,
            Action::MemberRead,
            "/members".to_owned(),
            at(0),
        )
    };
    let mut told = String::new();
    for number in [1, 2] {
        let member = member_id(number);
        let rows = store.sightings(&scope, member, None, 50).unwrap();
        cases::tell(&mut told, opener().open(rows).unwrap());
        for (from, to) in [(-200 * 86_400, 86_400), (3_600, 7_200)] {
            let activity = store.activity(&scope, member, at(from), at(to)).unwrap();
            cases::tell(&mut told, opener().open(activity).unwrap());
        }
    }
    cases::tell(
        &mut told,
        store.past_edges(at(-200 * 86_400), at(86_400)).unwrap(),
    );
    cases::tell(&mut told, store.totals().unwrap());
    told
}

/// And what the watch is told of its arrival.
fn seen(store: &SqlStore) -> String {
    let mut told = pages(store);
    let newest = store.newest_receipt().unwrap();
    cases::tell(&mut told, store.arrived(0, newest).unwrap());
    cases::tell(&mut told, store.arrived(1, newest).unwrap());
    told
}

/// What a store that keeps its sightings itself shows.
fn expected() -> String {
    let mut told = String::new();
    engines::embedded(|store| {
        three_batches(store);
        told = seen(store);
    });
    told
}

/// Both show the same; the first line that differs is told.
fn assert_alike(shown: &str, expected: &str, when: &str) {
    for (shown, expected) in shown.lines().zip(expected.lines()) {
        assert_eq!(shown, expected, "{when}");
    }
    assert_eq!(shown.len(), expected.len(), "{when}");
}

fn in_clickhouse(folder: &std::path::Path, server: &Server) -> SqlStore {
    engines::open(folder).with_sightings_in(server).unwrap()
}

/// Passes `passed` requests on to the engine with their answers. The next is passed on and its answer
/// withheld; later ones are refused.
fn flaky(server: &Server, passed: usize) -> (Server, Arc<AtomicUsize>) {
    let (scheme, rest) = server.address.split_once("://").unwrap();
    let (target, name) = rest.split_once('/').unwrap();
    let target = target.to_owned();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("{scheme}://{}/{name}", listener.local_addr().unwrap());
    let count = Arc::new(AtomicUsize::new(0));
    let counter = count.clone();
    std::thread::spawn(move || {
        for client in listener.incoming() {
            let mut client = client.unwrap();
            let number = counter.fetch_add(1, Ordering::SeqCst);
            if number > passed {
                continue;
            }
            let request = message(&mut client);
            let mut engine = TcpStream::connect(&target).unwrap();
            engine.write_all(&request).unwrap();
            let answer = message(&mut engine);
            if number < passed {
                client.write_all(&answer).unwrap();
            }
        }
    });
    let server = Server {
        address,
        ..server.clone()
    };
    (server, count)
}

/// A request or an answer, up to its end.
fn message(stream: &mut TcpStream) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut byte = [0];
    while !bytes.ends_with(b"\r\n\r\n") {
        stream.read_exact(&mut byte).unwrap();
        bytes.extend(byte);
    }
    let head = String::from_utf8_lossy(&bytes).to_ascii_lowercase();
    let length = head
        .lines()
        .find_map(|line| line.strip_prefix("content-length: "));
    let mut body = vec![0; length.map_or(0, |length| length.trim().parse().unwrap())];
    stream.read_exact(&mut body).unwrap();
    bytes.extend(body);
    bytes
}

#[test]
fn a_failure_after_any_statement_loses_nothing_and_doubles_nothing() {
    let Some(engine) = Engine::start() else {
        return;
    };
    let expected = expected();
    let mut failures = 0;
    for passed in 0.. {
        let folder = tempfile::tempdir().unwrap();
        let server = engine.database(&format!("cut_{passed}"));
        let (cut, requests) = flaky(&server, passed);
        let store = in_clickhouse(folder.path(), &cut);
        three_batches(&store);
        let went_wrong = store.feed_all();
        assert_eq!(went_wrong.is_err(), store.behind().unwrap().batches > 0);
        drop(store);
        let store = in_clickhouse(folder.path(), &server);
        // What arrives meanwhile belongs to the next group.
        store.feed_all().unwrap();
        assert_alike(&seen(&store), &expected, &format!("cut after {passed}"));
        if went_wrong.is_ok() {
            assert!(requests.load(Ordering::SeqCst) <= passed);
            break;
        }
        failures += 1;
    }
    // At least the tables, what is known, the words and two kinds of sums.
    assert!(failures >= 7, "{failures}");
}

#[test]
fn a_store_takes_over_what_it_had_counted_before() {
    let Some(engine) = Engine::start() else {
        return;
    };
    let expected = expected();
    let folder = tempfile::tempdir().unwrap();
    let store = engines::open(folder.path());
    three_batches(&store);
    drop(store);
    let store = in_clickhouse(folder.path(), &engine.database("adopted"));
    store.feed_all().unwrap();
    assert_alike(&seen(&store), &expected, "taken over");
    count(&store, 2, 2, vec![sighting(2, "tcp/22", 1, 10, 7_300, 9)]);
    store.feed_all().unwrap();
    assert_eq!(store.totals().unwrap().findings, 4);
}

/// PostgreSQL gives the room of many carried blocks back at once, not when it next cleans.
#[test]
fn the_room_of_carried_blocks_is_given_back() {
    const BLOCKS: u32 = 250;
    const EACH: u32 = 100;
    let (Some(database), Some(engine)) = (engines::Server::start(), Engine::start()) else {
        return;
    };
    let store = SqlStore::connect(&database.database("room")).unwrap();
    let store = store.with_sightings_in(&engine.database("room")).unwrap();
    let member = firm(&store, 1, "Firm");
    collector(&store, member, 1);
    let room = || store.disk_bytes().unwrap()[0].1;
    let before = room();
    for block in 0..BLOCKS {
        let numbers = block * EACH..(block + 1) * EACH;
        let seen = numbers.map(|number| sighting(number, "tcp/22", 1, 10, 20, 1));
        count(&store, 1, u64::from(block) + 1, seen.collect());
    }
    let waiting = room() - before;
    store.feed_all().unwrap();
    let left = room() - before;
    assert!(waiting > 400_000 && left < waiting / 3, "{waiting}, {left}");
}

#[test]
fn without_clickhouse_batches_are_counted_and_pages_are_behind() {
    let Some(mut engine) = Engine::start() else {
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    let server = engine.database("away");
    engine.crash();
    let store = in_clickhouse(folder.path(), &server);
    three_batches(&store);
    assert!(matches!(store.feed(), Err(StoreError::Unavailable(_))));
    let behind = store.behind().unwrap();
    assert_eq!((behind.batches, behind.since), (3, Some(at(9_100))));
    assert_eq!(store.newest_receipt().unwrap(), 0, "the watch waits");
    assert!(matches!(
        store.arrived(0, 9),
        Err(StoreError::Unavailable(_))
    ));
    drop(store);
    engine.up();
    let store = in_clickhouse(folder.path(), &engine.server("away"));
    store.feed_all().unwrap();
    assert_alike(&seen(&store), &expected(), "caught up");
}

/// Whoever waits for a page is told to come back, and gets it once the engine goes on.
#[test]
fn a_page_waits_for_a_hanging_engine_and_not_for_ever() {
    let Some(engine) = Engine::start() else {
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    let store = in_clickhouse(folder.path(), &engine.database("hangs"));
    three_batches(&store);
    store.feed_all().unwrap();
    let (_, scope) = cases::pages::officer(None);
    let page = || store.activity(&scope, member_id(2), at(-86_400), at(86_400));
    assert!(page().is_ok());
    engine.signal("STOP");
    let waited = page();
    engine.signal("CONT");
    assert!(matches!(waited, Err(StoreError::Unavailable(_))));
    assert!(page().is_ok());
}

/// What a door before the server says of a server that is down is no refusal of the server's own.
#[test]
fn a_door_before_a_server_that_is_down_means_come_back() {
    let check = |answer: &'static str, is_away: bool| {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let server = Server {
            address: format!("http://{}/larum", listener.local_addr().unwrap()),
            user: "larum".to_owned(),
            password: None,
            ca_file: std::path::PathBuf::new(),
        };
        let door = std::thread::spawn(move || {
            let (mut client, _) = listener.accept().unwrap();
            message(&mut client);
            let said = format!("HTTP/1.1 {answer}\r\nContent-Length: 0\r\n\r\n");
            client.write_all(said.as_bytes()).unwrap();
        });
        let folder = tempfile::tempdir().unwrap();
        let said = in_clickhouse(folder.path(), &server).reach_clickhouse();
        door.join().unwrap();
        let found = matches!(said, Err(StoreError::Unavailable(_)));
        assert_eq!(found, is_away, "{answer}: {said:?}");
        assert!(said.is_err(), "{answer}");
    };
    check("502 Bad Gateway", true);
    check("503 Service Unavailable", true);
    check("504 Gateway Timeout", true);
    // With the server's own number it is the server that refuses.
    check("503 Busy\r\nX-ClickHouse-Exception-Code: 202", false);
    check("500 Internal Server Error", false);
    check("403 Forbidden\r\nX-ClickHouse-Exception-Code: 516", false);
}

#[test]
fn an_erased_firm_is_gone_even_if_clickhouse_was_away() {
    let Some(mut engine) = Engine::start() else {
        return;
    };
    let rows_of = |engine: &Engine, firm: u32| {
        TABLES.map(|table| {
            let sql =
                format!("SELECT count() FROM {table} WHERE firm = {firm} FORMAT TabSeparated");
            engine.ask("erased", &sql).parse::<u64>().unwrap()
        })
    };
    let folder = tempfile::tempdir().unwrap();
    let store = in_clickhouse(folder.path(), &engine.database("erased"));
    three_batches(&store);
    store.feed_all().unwrap();
    let second = rows_of(&engine, 2);
    assert!(rows_of(&engine, 1).iter().all(|rows| *rows > 0));
    engine.crash();
    // Some of it waits still.
    count(&store, 1, 3, vec![sighting(40, "tcp/22", 1, 10, 7_300, 9)]);
    let by = Actor::program("test");
    let erased = store.erase_member(&by, member_id(1), at(9_200));
    assert!(matches!(erased, Err(StoreError::Unavailable(_))));
    drop(store);
    engine.up();
    let store = in_clickhouse(folder.path(), &engine.server("erased"));
    store.feed_all().unwrap();
    assert_eq!(rows_of(&engine, 1), [0; 3]);
    assert_eq!(rows_of(&engine, 2), second);
    // And while it is there, at once.
    assert!(store.erase_member(&by, member_id(2), at(9_300)).unwrap() > 4);
    assert_eq!(rows_of(&engine, 2), [0; 3]);
}

#[test]
fn what_is_too_old_goes_by_row_and_by_partition() {
    let Some(engine) = Engine::start() else {
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    let store = in_clickhouse(folder.path(), &engine.database("old"));
    three_batches(&store);
    store.feed_all().unwrap();
    assert_eq!(store.totals().unwrap().findings, 4);
    let since = |addresses: i64, counts: i64| KeepSince {
        addresses: at(addresses),
        counts: at(counts),
    };
    assert_eq!(
        store
            .forget_old(&since(-100 * 86_400, -400 * 86_400))
            .unwrap()
            .rows(),
        0
    );
    let went = store.forget_old(&since(-86_400, -400 * 86_400)).unwrap();
    assert_eq!(went.sightings, 2);
    assert!(went.counts > 0, "{went:?}");
    assert_eq!(
        store
            .forget_old(&since(-86_400, -400 * 86_400))
            .unwrap()
            .rows(),
        0
    );
    assert_eq!(store.totals().unwrap().findings, 2);
    let parts = |table: &str| {
        let sql = format!(
            "SELECT uniqExact(partition) FROM system.parts WHERE database = 'old'
             AND table = '{table}' AND active FORMAT TabSeparated"
        );
        engine.ask("old", &sql).parse::<u64>().unwrap()
    };
    assert_eq!((parts("sighting"), parts("rollup_hour")), (1, 1));
    assert_eq!(parts("rollup_day"), 2, "counts are kept longer");
}

#[test]
fn a_store_moves_to_clickhouse_and_back_with_everything_it_counted() {
    let Some(engine) = Engine::start() else {
        return;
    };
    let expected = expected();
    let folders = [(); 3].map(|()| tempfile::tempdir().unwrap());
    let [first, second, third] = &folders;
    let plain = engines::open(first.path());
    three_batches(&plain);
    let server = engine.database("moved");
    let grown = in_clickhouse(second.path(), &server);
    let moved = plain.copy_into(&grown).unwrap();
    assert!(
        moved
            .iter()
            .any(|table| table.table == "chunk" && table.rows == 3)
    );
    assert_alike(&seen(&grown), &expected, "moved to ClickHouse");
    // What was counted there, and what waits there still, comes along on the way back and in a backup.
    let more = || vec![wider(9_500, 9), sighting(30, "x", 1, 1, 2, 1)];
    let fourth = batch(collector_id(1), 3, more());
    for store in [&plain, &grown] {
        store.count_batch(&fourth, at(9_600)).unwrap().unwrap();
    }
    grown.feed_all().unwrap();
    for store in [&plain, &grown] {
        count(store, 2, 2, vec![sighting(2, "tcp/22", 1, 10, 9_500, 9)]);
    }
    let back = engines::open(third.path());
    grown.copy_into(&back).unwrap();
    assert!(!back.is_fed().unwrap());
    assert_alike(&pages(&back), &pages(&plain), "moved back");
    let file = third.path().join("saved.sqlite");
    grown.save_to(&file).unwrap();
    let saved = SqlStore::open(&file).unwrap();
    assert_alike(&pages(&saved), &pages(&plain), "saved");
    // It goes on from there as if nothing had been.
    for store in [&plain, &back] {
        count(store, 1, 4, vec![wider(9_900, 12)]);
    }
    assert_alike(&pages(&back), &pages(&plain), "moved back and gone on");
    let newest = plain.newest_receipt().unwrap();
    assert_eq!(
        back.arrived(newest - 1, newest).unwrap(),
        plain.arrived(newest - 1, newest).unwrap()
    );
    // Nothing is moved where something is.
    let folder = tempfile::tempdir().unwrap();
    let other = in_clickhouse(folder.path(), &server);
    assert!(matches!(plain.copy_into(&other), Err(StoreError::NotEmpty)));
}

/// An authority; the key and certificate of a server called `localhost` it signed.
fn authority() -> [String; 3] {
    let mut params = CertificateParams::new(Vec::new()).unwrap();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let issuer = CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap();
    let key = KeyPair::generate().unwrap();
    let named = CertificateParams::new(vec!["localhost".to_owned()]).unwrap();
    let certificate = named.signed_by(&key, &issuer).unwrap();
    [issuer.pem(), key.serialize_pem(), certificate.pem()]
}

#[test]
fn a_server_over_the_network_is_checked_and_told_no_secret_before() {
    let [ca, key, certificate] = authority();
    let Some(engine) = Engine::encrypted(&key, &certificate) else {
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str, text: &str| {
        let file = folder.path().join(name);
        std::fs::write(&file, text).unwrap();
        file
    };
    let (user, password) = Engine::user();
    let good = Server {
        address: format!("https://localhost:{}/default", engine.port()),
        user: user.to_owned(),
        password: Some(password.to_owned()),
        ca_file: file("ca.pem", &ca),
    };
    let reach = |server: &Server| {
        let state = tempfile::tempdir().unwrap();
        in_clickhouse(state.path(), server).reach_clickhouse()
    };
    reach(&good).unwrap();
    let said = |server: &Server| reach(server).unwrap_err().to_string();
    // By another name, or signed by nobody we know.
    let mut other = good.clone();
    other.address = format!("https://127.0.0.1:{}/default", engine.port());
    assert!(said(&other).contains("certificate"), "{}", said(&other));
    let mut stranger = good.clone();
    stranger.ca_file = file("stranger.pem", &authority()[0]);
    assert!(
        said(&stranger).contains("certificate"),
        "{}",
        said(&stranger)
    );
    // The wrong password is refused, and the answer repeats nothing.
    let mut wrong = good.clone();
    wrong.password = Some("guess".to_owned());
    assert!(said(&wrong).contains("516"), "{}", said(&wrong));
    // Without TLS to another machine it is not even tried.
    for address in ["http://ch.example.org/larum", "http://192.0.2.1:8123/larum"] {
        let mut plain = good.clone();
        plain.address = address.to_owned();
        let state = tempfile::tempdir().unwrap();
        let opened = engines::open(state.path()).with_sightings_in(&plain);
        assert!(matches!(opened, Err(StoreError::NotPrivate)), "{address}");
    }
}
