//! The cases of the conformance suite, by part of the contract. Each asserts what must hold and
//! writes every answer down, so that the engines can be compared. Identities are fixed.

#![allow(dead_code, reason = "each test file uses a part of it")]

mod api;
mod applications;
mod audit;
mod blocks;
mod enrol;
mod firm_people;
mod ingest;
pub mod pages;
mod people;
mod proofs;
pub mod watch;
mod watchful;

use std::fmt::Write as _;

use larum_core::finding::{AttackOutcome, Category, FindingId, Severity};
use larum_core::sighting::Sighting;
use larum_core::time::Timestamp;
use larum_hub_lib::id::{CollectorId, MemberId, PersonId};
use larum_hub_lib::store::enrol::{EnrolStore as _, Issued, NewMember, NewToken};
use larum_hub_lib::store::ingest::CheckedBatch;
use larum_hub_lib::store::keep::{KeepSince, KeepStore as _};
use larum_hub_lib::store::sql::SqlStore;

/// One case.
pub type Case = fn(&SqlStore, &mut String);

/// All of them.
pub const CASES: &[(&str, Case)] = &[
    ("enrol_tokens", enrol::tokens),
    ("enrol_collectors", enrol::collectors),
    ("enrol_settings", enrol::settings),
    ("enrol_trust", enrol::trust),
    ("ingest_once", ingest::once),
    ("ingest_together", ingest::together),
    ("ingest_sightings", ingest::sightings),
    ("ingest_foreign_text", ingest::foreign_text),
    ("blocks_sorted", blocks::sorted),
    ("blocks_many", blocks::many),
    ("blocks_replaced", blocks::replaced),
    ("blocks_shared", blocks::shared),
    ("ingest_warnings", ingest::warnings),
    ("people_sessions", people::sessions),
    ("people_links", people::links),
    ("people_lists", people::lists),
    ("firm_people", firm_people::chosen),
    ("firm_people_invited", firm_people::invited),
    ("proofs_passkeys", proofs::passkeys),
    ("proofs_codes", proofs::codes),
    ("applications_vetted", applications::vetted),
    ("applications_forgotten", applications::forgotten),
    ("audit_chain", audit::chain),
    ("api_keys", api::keys),
    ("api_verdicts", api::verdicts),
    ("api_acknowledgements", api::acknowledgements),
    ("pages_members", pages::members),
    ("pages_sightings", pages::sightings),
    ("pages_long_findings", pages::long_findings),
    ("pages_threats", pages::threats),
    ("watchful_emergency", watchful::emergency),
    ("watchful_sharing", watchful::sharing),
    ("watchful_two_persons", watchful::two_persons),
    ("identities", watchful::identities),
    ("watch_arrivals", watch::arrivals),
    ("watch_episodes", watch::episodes),
    ("watch_lists", watch::lists),
    ("watch_threats", watch::threats),
];

/// Writes an answer down.
pub fn tell(told: &mut String, answer: impl std::fmt::Debug) {
    writeln!(told, "{answer:?}").unwrap();
}

/// 2027-01-15T08:00:00Z and some seconds.
pub const fn at(seconds: i64) -> Timestamp {
    Timestamp::from_seconds(1_800_000_000 + seconds)
}

pub fn member_id(number: u32) -> MemberId {
    MemberId::parse(&format!("{number:032x}")).unwrap()
}

pub fn collector_id(number: u32) -> CollectorId {
    CollectorId::parse(&format!("c{number:031x}")).unwrap()
}

pub fn person_id(number: u32) -> PersonId {
    PersonId::parse(&format!("e{number:031x}")).unwrap()
}

/// Adds firm `number`; odd ones are in area E23000001, even ones in E23000002.
pub fn firm(store: &SqlStore, number: u32, name: &str) -> MemberId {
    let id = member_id(number);
    let member = NewMember {
        id,
        name: name.to_owned(),
        area: format!("E2300000{}", 2 - number % 2),
        region: "north".to_owned(),
        sector: if number < 3 { "food" } else { "care" }.to_owned(),
        size: "micro".to_owned(),
    };
    store.add_member(&member, at(0)).unwrap();
    id
}

pub fn token(hash: &str, member: MemberId, expires: i64) -> NewToken {
    NewToken {
        secret_hash: hash.to_owned(),
        member,
        site: "shop".to_owned(),
        expires: at(expires),
    }
}

pub fn issued(number: u32) -> Issued {
    Issued {
        collector: collector_id(number),
        serial: format!("{number:040x}"),
        not_before: at(0),
        not_after: at(7 * 86_400),
    }
}

/// Enrols collector `number` of `member`.
pub fn collector(store: &SqlStore, member: MemberId, number: u32) -> CollectorId {
    let hash = format!("token {number}");
    store.add_token(&token(&hash, member, 100), at(0)).unwrap();
    store.enrol(&hash, &issued(number), at(1)).unwrap().unwrap();
    collector_id(number)
}

pub fn sighting(number: u32, key: &str, source: u8, first: i64, last: i64, count: u64) -> Sighting {
    Sighting {
        id: FindingId::of(&[&number.to_le_bytes()]),
        key: key.to_owned(),
        detector: "log-in-guessing".into(),
        category: Category::BruteForce,
        attack: vec!["T1110.001".into(), "T1110".into()],
        severity: Severity::Medium,
        confidence: 80,
        outcome: AttackOutcome::Blocked,
        first: at(first),
        last: at(last),
        count,
        sources: vec![
            std::net::Ipv4Addr::new(198, 51, 100, source).into(),
            format!("2001:db8:{source:x}::5").parse().unwrap(),
        ],
    }
}

/// Sorts what waits in the blocks, which is done on the way to forgetting what is old.
pub fn sort(store: &SqlStore) {
    let long_ago = at(-400 * 86_400);
    let since = KeepSince {
        addresses: long_ago,
        counts: long_ago,
    };
    assert_eq!(store.forget_old(&since).unwrap().rows(), 0);
}

/// What a collector's chain looks like from outside.
pub fn hash(number: u64) -> String {
    format!("{number:064x}")
}

/// Batch `sequence` in a chain without a gap.
pub fn batch(collector: CollectorId, sequence: u64, sightings: Vec<Sighting>) -> CheckedBatch {
    CheckedBatch {
        collector,
        sequence,
        previous: hash(sequence - 1),
        sha256: hash(1_000 + sequence),
        chain: hash(sequence),
        sightings,
        set_aside: [("too-old".to_owned(), 2)].into(),
    }
}
