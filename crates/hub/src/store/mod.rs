//! The store contract: everything the hub keeps, and the only SQL of the project.
//!
//! [`Store`] is what the rest of the hub depends on, in parts by subject; [`sql`] implements it over
//! an engine, embedded SQLite or PostgreSQL. Calls block: shells run them through
//! `tokio::task::spawn_blocking`, always (the PostgreSQL client refuses to block an async task).
//!
//! # How to write a store method
//!
//! The trait part stands in `store/NAME.rs`, the statements in `store/sql/NAME.rs`, written once for
//! both engines: `use super::engine::{Connection, OptionalExtension as _, Row, Transaction, params}`.
//! `self.read(|connection| …)` reads; `self.write(|transaction| …)` writes, one at a time over all
//! hubs, and may run more than once, so it changes nothing outside itself. Portable statements:
//!
//! - places are `?1`, `?2`; every row comes by `row.get(0)?` and every closure gives `StoreError`;
//! - an identity made by the database comes back by `RETURNING id`;
//! - in `ON CONFLICT … DO UPDATE` a column of the old row is `table.column`, the new `excluded.column`;
//! - the greater of two is `CASE WHEN a > b THEN a ELSE b END` (`max` of two is not portable), texts are
//!   joined by `string_agg`, JSON is read and made in Rust;
//! - with `GROUP BY`, select only grouped columns and aggregates; truth values are aggregated as
//!   `max(CASE WHEN … THEN 1 ELSE 0 END)`; a `bool` given as a parameter is the number 0 or 1, in a
//!   condition `?1 = 1`;
//! - after a statement has failed, the transaction is over: give the error back.
//!
//! New tables go into `migrations/0001.sql` (types INTEGER, REAL, TEXT, BLOB), triggers into
//! `0001.sqlite.sql` and `0001.postgres.sql`. The conformance suite runs on both engines.

pub mod api;
pub mod applications;
pub mod audit;
pub mod codes;
pub mod enrol;
pub mod firm_people;
pub mod firms;
pub mod identities;
pub mod ingest;
pub mod keep;
pub mod lead;
pub mod lists;
pub mod packed;
pub mod pages;
pub mod people;
pub mod proofs;
pub mod sql;
pub mod verdicts;
pub mod watch;
pub mod watch_state;
pub mod watchful;

/// The whole contract.
pub trait Store:
    Send
    + Sync
    + enrol::EnrolStore
    + ingest::IngestStore
    + people::People
    + firm_people::FirmPeople
    + proofs::Proofs
    + codes::Codes
    + firms::LookedAfter
    + identities::Identities
    + audit::Audit
    + pages::Pages
    + watch::WatchStore
    + watch_state::WatchState
    + lists::Lists
    + api::ApiStore
    + applications::Applications
    + keep::KeepStore
    + lead::Lead
    + verdicts::Verdicts
    + watchful::Watchful
{
}

/// What an engine said went wrong.
pub(crate) type Cause = Box<dyn std::error::Error + Send + Sync>;

/// Why the store could not do it.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// What was asked for is not there (or not visible to who asks).
    #[error("not found")]
    NotFound,
    /// It is there already, or contradicts what is there.
    #[error("conflict: {0}")]
    Conflict(String),
    /// A store that should be empty holds something.
    #[error("the other store is not empty")]
    NotEmpty,
    /// The disk is full. Nothing of the call was kept.
    #[error("the disk with the hub's store is full")]
    DiskFull,
    /// The store was written by a newer program.
    #[error(
        "the store has schema version {found}; this program knows up to {known}: install a newer version"
    )]
    TooNew {
        /// Version in the file.
        found: u32,
        /// Newest version known.
        known: u32,
    },
    /// Other writers were in the way every time it was tried. Nothing of the call was kept.
    #[error("other writers were in the way")]
    Contended,
    /// Another hub leads by now. Nothing of the call was kept.
    #[error("another hub leads")]
    LeadLost,
    /// The database server does not answer. Whoever asked asks again: everything is safe to repeat.
    #[error("the database does not answer: {0}")]
    Unavailable(#[source] Cause),
    /// The database server is on another machine, and the connection to it would not be encrypted.
    #[error("this address would not be encrypted: name the server in the settings, under [store]")]
    NotPrivate,
    /// The store keeps its sightings in ClickHouse, and the settings do not name it.
    #[error(
        "this store has its sightings in ClickHouse: name it in the settings, as `sightings` under [store]"
    )]
    SightingsElsewhere,
    /// A file the store needs to connect cannot be used.
    #[error("the file {file} cannot be used: {source}")]
    File {
        /// The file.
        file: std::path::PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The engine failed.
    #[error("the store failed: {0}")]
    Engine(#[source] Cause),
}

impl StoreError {
    /// A column that does not hold what the program put there.
    pub(crate) fn malformed(column: usize) -> Self {
        Self::Engine(format!("column {column} holds something else").into())
    }
}
