//! The store contract, run on every engine: what holds for one holds for all, and the same calls get
//! the same answers to the letter.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod cases;
mod engines;

use cases::{CASES, Case};
use larum_hub_lib::store::ingest::IngestStore as _;
use larum_hub_lib::store::sql::SqlStore;
use larum_hub_lib::store::sql::edges::MAX_WAITING;
use larum_hub_lib::store::watch::WatchStore as _;

fn transcript(case: Case, store: &SqlStore) -> String {
    let mut told = String::new();
    case(store, &mut told);
    told
}

#[test]
fn every_case_holds_embedded() {
    for (_, case) in CASES {
        engines::embedded(|store| drop(transcript(*case, store)));
    }
}

#[test]
fn every_case_holds_in_postgres_and_answers_alike() {
    let Some(server) = engines::Server::start() else {
        return;
    };
    for (name, case) in CASES {
        let address = server.database(name);
        let told = transcript(*case, &SqlStore::connect(&address).unwrap());
        engines::embedded(|store| assert_eq!(told, transcript(*case, store), "{name}"));
        // Opened again, it is the same store and not made anew.
        drop(SqlStore::connect(&address).unwrap());
    }
}

#[test]
fn every_case_holds_in_postgres_with_clickhouse_and_answers_alike() {
    let (Some(server), Some(engine)) = (
        engines::Server::start(),
        engines::clickhouse::Engine::start(),
    ) else {
        return;
    };
    for (name, case) in CASES {
        let address = server.database(name);
        let store = SqlStore::connect(&address).unwrap();
        let store = store.with_sightings_in(&engine.database(name)).unwrap();
        let told = transcript(*case, &store);
        engines::embedded(|store| assert_eq!(told, transcript(*case, store), "{name}"));
        assert_eq!(store.behind().unwrap().batches, 0, "{name}");
    }
}

#[test]
fn no_page_walks_through_all_sightings() {
    engines::embedded(|store| {
        let steps = store.reading_plans().unwrap();
        assert!(
            steps.iter().any(|step| step.contains("chunk_by_firm")),
            "{steps:?}"
        );
        for table in ["chunk", "edge", "finding", "stale", "rollup_hour"] {
            let scan = format!("SCAN {table}");
            assert!(
                !steps.iter().any(|step| step.starts_with(&scan)),
                "{steps:?}"
            );
        }
    });
}

#[test]
fn what_waits_is_sorted_when_it_is_much() {
    const EACH: u32 = 1_000;
    engines::embedded(|store| {
        let member = cases::firm(store, 1, "Bakery");
        let id = cases::collector(store, member, 1);
        let rows = |table: &str| {
            let counts = store.row_counts().unwrap();
            counts
                .iter()
                .find(|count| count.table == table)
                .unwrap()
                .rows
        };
        let send = |sequence: u32| {
            let first = sequence * EACH;
            let all = (first..first + EACH).map(|number| {
                let source = u8::try_from(number % 200).unwrap();
                cases::sighting(number, "tcp/22", source, 10, 20, 1)
            });
            let batch = cases::batch(id, sequence.into(), all.collect());
            store.count_batch(&batch, cases::at(30)).unwrap().unwrap();
        };
        let edges = || {
            store
                .edges("tcp/22", cases::at(0), cases::at(60))
                .unwrap()
                .len()
        };
        let batches = u32::try_from(MAX_WAITING).unwrap() / EACH;
        (1..batches).for_each(send);
        assert_eq!((rows("edge"), edges()), (0, 400));
        send(batches);
        assert_eq!((rows("edge"), edges()), (1, 400));
        send(batches + 1);
        assert_eq!((rows("edge"), edges()), (1, 400));
    });
}
