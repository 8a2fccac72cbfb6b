//! Schema steps go forward only: what a release has carried never changes, and a store of every
//! released version is opened, upgraded and moved by today's program with every row.
//!
//! On the day of a release `cargo nextest run -p larum-hub-lib --run-ignored only release_the_schema`
//! writes the newest step into `migrations/released` and its fixture into `tests/schema`.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod cases;
mod engines;

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use cases::{at, batch, collector, firm, person_id, sighting};
use larum_hub_lib::access::Role;
use larum_hub_lib::store::audit::{Actor, Audit as _, Verified};
use larum_hub_lib::store::enrol::EnrolStore as _;
use larum_hub_lib::store::ingest::IngestStore as _;
use larum_hub_lib::store::people::{NewPerson, People as _};
use larum_hub_lib::store::sql::SqlStore;
use larum_hub_lib::store::sql::copy::TableCount;
use larum_hub_lib::store::sql::engine::schema;
use larum_hub_lib::store::watch::WatchStore as _;
use larum_hub_lib::store::watch_state::WatchState as _;
use rusqlite::Connection;
use sha2::{Digest as _, Sha256};

/// The files of a step.
const PARTS: [&str; 3] = ["sql", "sqlite.sql", "postgres.sql"];

fn home() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

fn fixture(home: &Path, version: u32) -> PathBuf {
    home.join(format!("tests/schema/{version:04}.sql"))
}

/// The hash of a step, hexadecimal.
fn hash(home: &Path, version: u32) -> Result<String, String> {
    let mut hasher = Sha256::new();
    for part in PARTS {
        let file = home.join(format!("migrations/{version:04}.{part}"));
        let bytes = std::fs::read(&file).map_err(|error| format!("{file:?}: {error}"))?;
        hasher.update(bytes);
    }
    Ok(data_encoding::HEXLOWER.encode(&hasher.finalize()))
}

/// The released versions, each as it was and with its fixture; or what is wrong.
fn released(home: &Path) -> Result<Vec<u32>, String> {
    let text = std::fs::read_to_string(home.join("migrations/released")).unwrap();
    let mut versions = Vec::new();
    for line in text.lines().filter(|line| !line.starts_with('#')) {
        let (version, expected) = line.split_once(' ').ok_or("not a version and a hash")?;
        let version: u32 = version.parse().map_err(|_| "not a version")?;
        if hash(home, version)? != expected {
            return Err(format!(
                "step {version:04} is released and was changed: put it back, and write {:04}",
                version + 1
            ));
        }
        if !fixture(home, version).exists() {
            return Err(format!("step {version:04} has no fixture"));
        }
        versions.push(version);
    }
    Ok(versions)
}

/// A store with rows in its main tables.
fn fill(store: &SqlStore) {
    let by = Actor::program("test");
    for number in [1, 2] {
        let member = firm(store, number, "Bäckerei O'Neil");
        let id = collector(store, member, number);
        let person = NewPerson {
            id: person_id(number),
            email: format!("p{number}@example.org"),
            name: "Sam".to_owned(),
            role: Role::Member,
            member: Some(member),
            area: None,
        };
        store.add_person(&by, &person, at(1)).unwrap();
        let link = store.add_sign_in_link(&by, person.id, &format!("l{number}"), at(9), at(1));
        link.unwrap();
        let seen = vec![sighting(number, "tcp/22", 7, 0, 7_200, 3)];
        let counted = store.count_batch(&batch(id, 1, seen), at(9));
        counted.unwrap().unwrap();
        let change = cases::watch::change("tcp/22", &[member]);
        let called = store.apply_threat(&change, at(10)).unwrap();
        store.note_episode(called.threat, 1).unwrap();
    }
    let look = store.begin_look(at(10), 1, at(0)).unwrap();
    store.keep_state(look.id, &[0, 1, 255]).unwrap();
    store.set_setting("odd", &[0, 39, 255]).unwrap();
}

/// The embedded store in `file` as text.
fn dump(file: &Path) -> String {
    let connection = Connection::open(file).unwrap();
    let mut text = String::new();
    let mut all = |sql: &str, each: &mut dyn FnMut(&rusqlite::Row<'_>, &mut String)| {
        let mut statement = connection.prepare(sql).unwrap();
        let mut rows = statement.query([]).unwrap();
        while let Some(row) = rows.next().unwrap() {
            each(row, &mut text);
        }
    };
    let mut tables: Vec<String> = Vec::new();
    let made = "FROM sqlite_master WHERE sql IS NOT NULL AND name NOT LIKE 'sqlite_%'";
    all(
        &format!("SELECT sql, type, name {made} AND type = 'table' ORDER BY name"),
        &mut |row, text| {
            writeln!(text, "{};", row.get_unwrap::<_, String>(0)).unwrap();
            tables.push(row.get_unwrap(2));
        },
    );
    tables.push("sqlite_sequence".to_owned());
    for table in &tables {
        let mut columns: Vec<String> = Vec::new();
        all(
            &format!("SELECT name FROM pragma_table_info('{table}')"),
            &mut |row, _| columns.push(format!("quote({})", row.get_unwrap::<_, String>(0))),
        );
        let row_text = columns.join(" || ', ' || ");
        all(
            &format!("SELECT {row_text} FROM {table}"),
            &mut |row, text| {
                let values: String = row.get_unwrap(0);
                writeln!(text, "INSERT INTO {table} VALUES ({values});").unwrap();
            },
        );
    }
    all(
        &format!("SELECT sql {made} AND type <> 'table' ORDER BY name"),
        &mut |row, text| writeln!(text, "{};", row.get_unwrap::<_, String>(0)).unwrap(),
    );
    all("PRAGMA user_version", &mut |row, text| {
        let version: u32 = row.get_unwrap(0);
        writeln!(text, "PRAGMA user_version = {version};").unwrap();
    });
    text
}

/// The fixture of the newest version, made now.
fn fixture_now() -> String {
    let folder = tempfile::tempdir().unwrap();
    fill(&engines::open(folder.path()));
    dump(&folder.path().join("hub.sqlite"))
}

/// Rows by table, as they stand in a file of any version.
fn rows(connection: &Connection) -> Vec<TableCount> {
    let names = "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'";
    let mut statement = connection.prepare(names).unwrap();
    let names = statement.query_map([], |row| row.get(0)).unwrap();
    names
        .map(|name| {
            let table: String = name.unwrap();
            let sql = format!("SELECT count(*) FROM {table}");
            let rows = connection.query_row(&sql, [], |row| row.get::<_, i64>(0));
            let rows = u64::try_from(rows.unwrap()).unwrap();
            TableCount { table, rows }
        })
        .collect()
}

/// Today's program opens a store of that version, keeps every row, goes on with it and moves it.
fn comes_forward(text: &str, server: Option<&engines::Server>, name: &str) {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("hub.sqlite");
    let connection = Connection::open(&file).unwrap();
    connection
        .pragma_update(None, "foreign_keys", false)
        .unwrap();
    connection.execute_batch(text).unwrap();
    let before = rows(&connection);
    drop(connection);
    assert!(before.iter().filter(|table| table.rows > 0).count() > 12);
    let store = SqlStore::open(&file).unwrap();
    let after = store.row_counts().unwrap();
    for table in &before {
        assert!(after.contains(table), "{table:?} became {after:?}");
    }
    let ledger = store.verify().unwrap();
    assert!(matches!(ledger, Verified::Whole { rows, .. } if rows > 0));
    let id = cases::collector_id(1);
    let next = store.count_batch(&batch(id, 2, Vec::new()), at(20));
    assert_eq!(next.unwrap().unwrap().receipt, 3);
    if let Some(server) = server {
        let grown = SqlStore::connect(&server.database(name)).unwrap();
        assert_eq!(store.copy_into(&grown).unwrap(), grown.sums().unwrap());
    }
}

#[test]
fn a_store_of_every_released_version_comes_forward() {
    let server = engines::Server::start();
    for version in released(&home()).unwrap() {
        let text = std::fs::read_to_string(fixture(&home(), version)).unwrap();
        comes_forward(&text, server.as_ref(), &format!("v{version}"));
    }
    // The newest too, so that its fixture can be made when it is released.
    comes_forward(&fixture_now(), server.as_ref(), "now");
}

#[test]
fn a_released_step_that_changes_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let copy = folder.path();
    std::fs::create_dir_all(copy.join("tests/schema")).unwrap();
    std::fs::create_dir(copy.join("migrations")).unwrap();
    for part in PARTS {
        let file = format!("migrations/0001.{part}");
        std::fs::copy(home().join(&file), copy.join(&file)).unwrap();
    }
    let list = copy.join("migrations/released");
    std::fs::write(&list, "# none\n").unwrap();
    assert_eq!(released(copy), Ok(Vec::new()));
    let line = format!("0001 {}\n", hash(copy, 1).unwrap());
    std::fs::write(&list, line).unwrap();
    assert!(released(copy).unwrap_err().contains("no fixture"));
    std::fs::write(fixture(copy, 1), fixture_now()).unwrap();
    assert_eq!(released(copy), Ok(vec![1]));
    for part in PARTS {
        let file = copy.join(format!("migrations/0001.{part}"));
        let text = std::fs::read_to_string(&file).unwrap();
        std::fs::write(&file, format!("{text}\n-- later\n")).unwrap();
        assert!(released(copy).unwrap_err().contains("write 0002"), "{part}");
        std::fs::write(&file, text).unwrap();
    }
}

/// Not a test: what a release does.
#[test]
#[ignore = "writes into the source; run by whoever releases"]
fn release_the_schema() {
    use std::io::Write as _;
    let (home, version) = (home(), schema::known());
    assert!(!released(&home).unwrap().contains(&version));
    std::fs::create_dir_all(home.join("tests/schema")).unwrap();
    std::fs::write(fixture(&home, version), fixture_now()).unwrap();
    let mut list = std::fs::OpenOptions::new()
        .append(true)
        .open(home.join("migrations/released"))
        .unwrap();
    writeln!(list, "{version:04} {}", hash(&home, version).unwrap()).unwrap();
}
