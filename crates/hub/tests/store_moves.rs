//! A whole store on the move: from one engine to the other and back, into a backup and onto a fresh
//! machine, old things forgotten, a firm erased without a trace.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod cases;
mod engines;

use std::path::Path;

use cases::{at, batch, collector, firm, person_id, sighting};
use larum_core::time::Timestamp;
use larum_hub_lib::access::Role;
use larum_hub_lib::backup::{BackupError, backup, restore};
use larum_hub_lib::config::HubConfig;
use larum_hub_lib::run::set_up;
use larum_hub_lib::store::StoreError;
use larum_hub_lib::store::audit::{Actor, Audit as _, Verified};
use larum_hub_lib::store::enrol::EnrolStore as _;
use larum_hub_lib::store::ingest::IngestStore as _;
use larum_hub_lib::store::keep::{KeepSince, KeepStore as _};
use larum_hub_lib::store::people::{NewPerson, People as _};
use larum_hub_lib::store::sql::SqlStore;
use larum_hub_lib::store::watch::WatchStore as _;

/// What only the second firm said and is called.
const NAME: &str = "Zwetschgenhof";
const EMAIL: &str = "quill@zwetschgenhof.example.org";
const KEY: &str = "zwetschge.example.org";

/// Two firms with everything a store keeps about them.
fn fill(store: &SqlStore) {
    let by = Actor::program("test");
    for (number, name, email) in [(1, "Bakery", "sam@example.org"), (2, NAME, EMAIL)] {
        let member = firm(store, number, name);
        let id = collector(store, member, number);
        store.heartbeat(id, "{\"spool\":1}", at(2)).unwrap();
        let person = NewPerson {
            id: person_id(number),
            email: email.to_owned(),
            name: format!("Person of {name}"),
            role: Role::Member,
            member: Some(member),
            area: None,
        };
        store.add_person(&by, &person, at(1)).unwrap();
        let hash = format!("link {number}");
        let link = store.add_sign_in_link(&by, person.id, &hash, at(500), at(3));
        link.unwrap();
        let key = if number == 2 { KEY } else { "tcp/22" };
        let seen = vec![sighting(
            number,
            key,
            40 + u8::try_from(number).unwrap(),
            0,
            7_200,
            3,
        )];
        let counted = store.count_batch(&batch(id, 1, seen), at(9));
        counted.unwrap().unwrap();
        let change = cases::watch::change("tcp/22", &[member]);
        store.apply_threat(&change, at(10)).unwrap();
    }
    store.set_setting("odd", &[0, 9, 10, 13, 92, 255]).unwrap();
}

fn head(store: &SqlStore) -> Verified {
    let verified = store.verify().unwrap();
    assert!(matches!(verified, Verified::Whole { rows, .. } if rows > 0));
    verified
}

#[test]
fn a_store_moves_to_postgres_and_back_with_equal_counts() {
    let Some(server) = engines::Server::start() else {
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    let small = engines::open(folder.path());
    fill(&small);
    let address = server.database("grown");
    let grown = SqlStore::connect(&address).unwrap();
    let copied = small.copy_into(&grown).unwrap();
    assert_eq!(copied, small.sums().unwrap());
    assert_eq!(grown.sums().unwrap(), copied);
    assert!(
        copied
            .iter()
            .any(|sum| sum.rows > 1 && sum.checksum() != "0".repeat(32))
    );
    assert_eq!(head(&grown), head(&small));
    assert_eq!(grown.setting("odd").unwrap(), small.setting("odd").unwrap());
    assert_eq!(grown.threats(9).unwrap(), small.threats(9).unwrap());
    // A second time it is refused, and nothing is there twice.
    let again = small.copy_into(&grown);
    assert!(matches!(again, Err(StoreError::NotEmpty)), "{again:?}");
    assert_eq!(grown.sums().unwrap(), copied);
    // The grown store goes on: numbers are given out after those that were copied.
    let id = cases::collector_id(1);
    let next = grown.count_batch(&batch(id, 2, Vec::new()), at(20));
    assert_eq!(next.unwrap().unwrap().receipt, 3);
    let warned = grown.apply_threat(&cases::watch::change("tcp/9", &[]), at(30));
    assert_eq!(warned.unwrap().threat, 3);
    // And back into a file, which is how a grown store is backed up.
    let file = folder.path().join("back.sqlite");
    let saved = grown.save_to(&file).unwrap();
    let back = SqlStore::open(&file).unwrap();
    assert_eq!(back.row_counts().unwrap(), saved);
    assert_eq!(saved, grown.row_counts().unwrap());
    assert_eq!(head(&back), head(&grown));
    let next = back.count_batch(&batch(id, 3, Vec::new()), at(40));
    assert_eq!(next.unwrap().unwrap().receipt, 4);
}

#[test]
fn a_backup_is_restored_onto_a_fresh_machine_with_equal_counts() {
    let folder = tempfile::tempdir().unwrap();
    let config = HubConfig::new(folder.path().join("hub"), "hub.example.org");
    std::fs::create_dir(&config.state_dir).unwrap();
    let now = at(0);
    set_up(&config, now).unwrap();
    let store = SqlStore::open(&config.store_file()).unwrap();
    fill(&store);
    let counts = store.row_counts().unwrap();
    let saved = folder.path().join("saved");
    let list = backup(&store, &config, &saved, now).unwrap();
    // The hub goes on; what comes later is not in the backup.
    let id = cases::collector_id(1);
    store
        .count_batch(&batch(id, 2, Vec::new()), at(50))
        .unwrap()
        .unwrap();
    let fresh = HubConfig::new(folder.path().join("fresh"), "hub.example.org");
    assert_eq!(restore(&saved, &fresh).unwrap(), list);
    let restored = SqlStore::open(&fresh.store_file()).unwrap();
    assert_eq!(restored.row_counts().unwrap(), counts);
    assert!(matches!(restored.verify().unwrap(), Verified::Whole { .. }));
    let names = |config: &HubConfig| {
        let entries = std::fs::read_dir(config.authority_dir()).unwrap();
        let mut names: Vec<_> = entries.map(|entry| entry.unwrap().file_name()).collect();
        names.sort();
        names
    };
    assert_eq!(names(&fresh), names(&config));
    // Neither over a hub that is there, nor into a folder that is there, nor from half a backup.
    let over = restore(&saved, &fresh);
    assert!(matches!(over, Err(BackupError::Exists(_))), "{over:?}");
    let twice = backup(&store, &config, &saved, now);
    assert!(matches!(twice, Err(BackupError::Exists(_))), "{twice:?}");
    let other = HubConfig::new(folder.path().join("other"), "hub.example.org");
    let file = saved.join("hub.sqlite");
    let mut bytes = std::fs::read(&file).unwrap();
    *bytes.last_mut().unwrap() ^= 1;
    std::fs::write(&file, bytes).unwrap();
    let damaged = restore(&saved, &other);
    assert!(
        matches!(damaged, Err(BackupError::Damaged(_))),
        "{damaged:?}"
    );
    assert!(
        !other.state_dir.exists(),
        "nothing is made of a damaged backup"
    );
}

/// Everything the store's folder holds, as bytes.
fn on_disk(folder: &Path) -> Vec<u8> {
    let mut bytes = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        bytes.extend(std::fs::read(entry.unwrap().path()).unwrap());
    }
    bytes
}

fn holds(bytes: &[u8], text: &str) -> bool {
    bytes
        .windows(text.len())
        .any(|window| window.eq_ignore_ascii_case(text.as_bytes()))
}

fn holds_bytes(bytes: &[u8], part: &[u8]) -> bool {
    bytes.windows(part.len()).any(|window| window == part)
}

#[test]
fn an_erased_firm_leaves_no_trace_on_the_disk() {
    let folder = tempfile::tempdir().unwrap();
    let store = engines::open(folder.path());
    fill(&store);
    cases::sort(&store);
    let member = cases::member_id(2);
    let traces = [NAME, EMAIL, KEY, "link 2"];
    // Addresses stand as their bytes.
    let addresses = [
        &[4, 198, 51, 100, 42][..],
        &[16, 0x20, 0x01, 0x0d, 0xb8, 0, 0x2a, 0, 0][..],
    ];
    let bytes = on_disk(folder.path());
    for trace in traces {
        assert!(holds(&bytes, trace), "{trace} was there");
    }
    for address in addresses {
        assert!(holds_bytes(&bytes, address), "{address:?} was there");
    }
    let by = Actor::program("test");
    assert!(store.erase_member(&by, member, at(60)).unwrap() > 8);
    let bytes = on_disk(folder.path());
    for trace in traces {
        assert!(!holds(&bytes, trace), "{trace} is still there");
    }
    for address in addresses {
        assert!(!holds_bytes(&bytes, address), "{address:?} is still there");
    }
    assert!(
        holds_bytes(&bytes, &[4, 198, 51, 100, 41]),
        "the other firm is untouched"
    );
    assert!(matches!(store.verify().unwrap(), Verified::Whole { .. }));
    let again = store.erase_member(&by, member, at(61));
    assert!(matches!(again, Err(StoreError::NotFound)));
    assert_eq!(store.totals().unwrap().findings, 1);
}

#[test]
fn an_erased_firm_leaves_no_trace_in_the_tables_of_a_server() {
    let Some(server) = engines::Server::start() else {
        return;
    };
    let store = SqlStore::connect(&server.database("erased")).unwrap();
    fill(&store);
    cases::sort(&store);
    let on_disk = || server.tables("erased");
    assert!(holds(&on_disk(), NAME) && holds(&on_disk(), KEY));
    let by = Actor::program("test");
    assert!(
        store
            .erase_member(&by, cases::member_id(2), at(60))
            .unwrap()
            > 8
    );
    let bytes = on_disk();
    for trace in [NAME, EMAIL, KEY, "link 2"] {
        assert!(!holds(&bytes, trace), "{trace} is still there");
    }
    assert!(holds(&bytes, "sam@example.org"), "the other firm is there");
    assert!(matches!(store.verify().unwrap(), Verified::Whole { .. }));
    assert_eq!(store.totals().unwrap().findings, 1);
}

#[test]
fn what_is_old_is_forgotten_and_what_is_not_stays() {
    let check = |store: &SqlStore| {
        fill(store);
        let mut closed = cases::watch::change("tcp/1", &[cases::member_id(1)]);
        closed.row.closed = Some(at(-1));
        store.apply_threat(&closed, at(-2)).unwrap();
        let forget = |addresses: Timestamp, counts: Timestamp| {
            store.forget_old(&KeepSince { addresses, counts }).unwrap()
        };
        assert_eq!(forget(at(-86_400), at(-86_400)).rows(), 0);
        let counts = forget(at(-86_400), at(0));
        assert_eq!(counts.counts, 3, "a closed threat, its member, its warning");
        let addresses = forget(at(86_400), at(0));
        assert_eq!((addresses.sightings, addresses.edges), (2, 2));
        assert_eq!(forget(at(86_400), at(0)).rows(), 0);
        // The newest batch of a collector stays for ever: it is the end of its chain.
        let sums = forget(at(86_400), at(86_400));
        assert_eq!(
            (sums.rows(), sums.counts),
            (2, 2),
            "a sum of a day for each firm"
        );
        assert_eq!(forget(at(86_400), at(86_400)).rows(), 0);
        assert_eq!(store.totals().unwrap().batches, 2);
    };
    engines::embedded(check);
    if let Some(server) = engines::Server::start() {
        check(&SqlStore::connect(&server.database("old")).unwrap());
    }
}
