//! The store contract: everything the hub keeps, and the only SQL of the project.
//!
//! [`Store`] is what the rest of the hub depends on, in parts by subject; [`sqlite`] is the embedded
//! implementation. Calls block: shells run them through `tokio::task::spawn_blocking`.

pub mod api;
pub mod audit;
pub mod codes;
pub mod enrol;
pub mod ingest;
pub mod lists;
pub mod pages;
pub mod people;
pub mod proofs;
pub mod sqlite;
pub mod verdicts;
pub mod watch;
pub mod watch_state;

/// The whole contract.
pub trait Store:
    Send
    + Sync
    + enrol::EnrolStore
    + ingest::IngestStore
    + people::People
    + proofs::Proofs
    + codes::Codes
    + audit::Audit
    + pages::Pages
    + watch::WatchStore
    + watch_state::WatchState
    + lists::Lists
    + api::ApiStore
    + verdicts::Verdicts
{
}

/// Why the store could not do it.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// What was asked for is not there (or not visible to who asks).
    #[error("not found")]
    NotFound,
    /// It is there already, or contradicts what is there.
    #[error("conflict: {0}")]
    Conflict(String),
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
    /// The engine failed.
    #[error("the store failed: {0}")]
    Engine(#[source] rusqlite::Error),
}

impl From<rusqlite::Error> for StoreError {
    fn from(error: rusqlite::Error) -> Self {
        match &error {
            rusqlite::Error::QueryReturnedNoRows => Self::NotFound,
            rusqlite::Error::SqliteFailure(failure, detail) => match failure.code {
                rusqlite::ErrorCode::DiskFull => Self::DiskFull,
                rusqlite::ErrorCode::ConstraintViolation => {
                    Self::Conflict(detail.clone().unwrap_or_default())
                }
                _ => Self::Engine(error),
            },
            _ => Self::Engine(error),
        }
    }
}
