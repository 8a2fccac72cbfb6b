//! The embedded store: SQLite in WAL mode, one writer, several readers.

mod api;
mod audit;
mod codes;
mod enrol;
mod ingest;
mod lists;
mod pages;
mod pages_threats;
mod people;
mod proofs;
mod verdicts;
mod watch;
mod watch_state;

use std::path::Path;
use std::sync::{Mutex, MutexGuard, PoisonError};

use rusqlite::{Connection, OpenFlags, Transaction, TransactionBehavior};

use super::{Store, StoreError};

/// Forward-only schema steps; step N brings version N-1 to N. A released step never changes.
const MIGRATIONS: &[&str] = &[include_str!("../../../migrations/0001.sql")];
/// Connections for reading.
const READERS: usize = 4;
/// How long a statement waits for a lock before it fails, in milliseconds.
const BUSY_TIMEOUT_MS: u64 = 10_000;

/// The embedded store.
pub struct SqliteStore {
    writer: Mutex<Connection>,
    readers: [Mutex<Connection>; READERS],
}

impl SqliteStore {
    /// Opens (and if need be creates or upgrades) the store in `file`.
    ///
    /// # Errors
    /// When the file cannot be used, or was written by a newer program.
    pub fn open(file: &Path) -> Result<Self, StoreError> {
        let mut writer = Connection::open(file)?;
        configure(&writer)?;
        // FULL: a receipt promises that the batch survives a power cut (invariant 3).
        writer.pragma_update(None, "synchronous", "FULL")?;
        migrate(&mut writer)?;
        let reader = || -> Result<Mutex<Connection>, StoreError> {
            let connection = Connection::open_with_flags(
                file,
                OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX,
            )?;
            configure(&connection)?;
            Ok(Mutex::new(connection))
        };
        Ok(Self {
            writer: Mutex::new(writer),
            readers: [reader()?, reader()?, reader()?, reader()?],
        })
    }

    /// Runs `work` in one writing transaction: all of it is kept, durably, or none.
    ///
    /// # Errors
    /// What `work` gives, or the engine's failure.
    pub(super) fn write<T>(
        &self,
        work: impl FnOnce(&Transaction<'_>) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        let mut writer = lock(&self.writer);
        let transaction = writer.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let result = work(&transaction)?;
        transaction.commit()?;
        Ok(result)
    }

    /// Runs `work` on a connection that can only read.
    ///
    /// # Errors
    /// What `work` gives, or the engine's failure.
    pub(super) fn read<T>(
        &self,
        work: impl FnOnce(&Connection) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        let free = self
            .readers
            .iter()
            .find_map(|reader| reader.try_lock().ok());
        match free {
            Some(reader) => work(&reader),
            None => match self.readers.first() {
                Some(reader) => work(&lock(reader)),
                None => Err(StoreError::NotFound),
            },
        }
    }
}

impl Store for SqliteStore {}

/// A panic while a connection was held leaves no half-done transaction behind (it rolls back when
/// dropped), so a poisoned lock is as good as new.
fn lock(connection: &Mutex<Connection>) -> MutexGuard<'_, Connection> {
    connection.lock().unwrap_or_else(PoisonError::into_inner)
}

fn configure(connection: &Connection) -> Result<(), StoreError> {
    connection.busy_timeout(std::time::Duration::from_millis(BUSY_TIMEOUT_MS))?;
    connection.pragma_update(None, "journal_mode", "WAL")?;
    connection.pragma_update(None, "foreign_keys", true)?;
    connection.set_prepared_statement_cache_capacity(128);
    Ok(())
}

fn migrate(connection: &mut Connection) -> Result<(), StoreError> {
    let known = u32::try_from(MIGRATIONS.len()).unwrap_or(u32::MAX);
    let found: u32 = connection.query_row("PRAGMA user_version", [], |row| row.get(0))?;
    if found > known {
        return Err(StoreError::TooNew { found, known });
    }
    for (step, sql) in (1_u32..)
        .zip(MIGRATIONS)
        .skip(usize::try_from(found).unwrap_or(usize::MAX))
    {
        let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        transaction.execute_batch(sql)?;
        transaction.pragma_update(None, "user_version", step)?;
        transaction.commit()?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn opens_twice_and_refuses_a_newer_schema() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("hub.sqlite");
        drop(SqliteStore::open(&file).unwrap());
        let store = SqliteStore::open(&file).unwrap();
        store
            .write(|transaction| Ok(transaction.pragma_update(None, "user_version", 99)?))
            .unwrap();
        drop(store);
        assert!(matches!(
            SqliteStore::open(&file),
            Err(StoreError::TooNew {
                found: 99,
                known: 1
            })
        ));
    }
}
