//! The store contract, run on every engine: what holds for one holds for all, and the same calls get
//! the same answers to the letter.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod cases;
mod engines;

use cases::{CASES, Case};
use larum_hub_lib::store::sql::SqlStore;

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
