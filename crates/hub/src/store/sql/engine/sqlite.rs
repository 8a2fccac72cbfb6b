//! The embedded engine: SQLite in WAL mode, one writer, several readers.

use std::borrow::Cow;
use std::path::Path;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use rusqlite::types::{ToSqlOutput, ValueRef};
use rusqlite::{OpenFlags, TransactionBehavior};

use super::{Connection, ToValue, Transaction, Value, schema};
use crate::store::StoreError;

/// Connections for reading.
const READERS: usize = 4;
/// How long a statement waits for a lock before it fails, in milliseconds.
const BUSY_TIMEOUT_MS: u64 = 10_000;
/// What the writer keeps in memory, in KiB: a group of batches with what is sorted beside it, so that no
/// page goes to the log twice.
const WRITER_CACHE_KIB: i64 = 16 * 1_024;
/// Pages in the log before it is brought into the file: 16 MB. Pages that every group changes are brought
/// once for many groups.
const CHECKPOINT_PAGES: i64 = 4_000;
/// Prepared statements kept by each connection.
const MAX_PREPARED: usize = 256;

/// A file, opened.
pub struct Sqlite {
    /// Held while waiting for the writer: who comes back at once waits behind who waited before.
    next: Mutex<()>,
    readers: [Mutex<rusqlite::Connection>; READERS],
    // Last, so that it is closed last: whoever leaves last brings what is in the log into the file,
    // which one that only reads cannot.
    writer: Mutex<rusqlite::Connection>,
}

impl Sqlite {
    /// Opens (and if need be creates or upgrades) the store in `file`.
    ///
    /// # Errors
    /// When the file cannot be used, or was written by a newer program.
    pub fn open(file: &Path) -> Result<Self, StoreError> {
        let mut writer = rusqlite::Connection::open(file)?;
        configure(&writer)?;
        // FULL: a receipt promises that the batch survives a power cut (invariant 3).
        writer.pragma_update(None, "synchronous", "FULL")?;
        // Less than nothing means KiB.
        writer.pragma_update(None, "cache_size", -WRITER_CACHE_KIB)?;
        writer.pragma_update(None, "wal_autocheckpoint", CHECKPOINT_PAGES)?;
        migrate(&mut writer)?;
        let reader = || -> Result<Mutex<rusqlite::Connection>, StoreError> {
            let connection = rusqlite::Connection::open_with_flags(
                file,
                OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX,
            )?;
            configure(&connection)?;
            Ok(Mutex::new(connection))
        };
        Ok(Self {
            writer: Mutex::new(writer),
            next: Mutex::new(()),
            readers: [reader()?, reader()?, reader()?, reader()?],
        })
    }

    /// Writes a copy of the store as it stands at one moment into a new file, while others read and
    /// write.
    ///
    /// # Errors
    /// When the file is there already or cannot be written.
    pub fn save_to(&self, file: &Path) -> Result<(), StoreError> {
        if file.exists() {
            return Err(StoreError::Conflict("the file is there already".into()));
        }
        let name = file.to_str().ok_or(StoreError::NotFound)?;
        self.read(&mut |connection| {
            connection.execute("VACUUM INTO ?1", [name])?;
            Ok(())
        })
    }

    /// Brings everything into the file itself, so that the file alone is the store.
    ///
    /// # Errors
    /// [`StoreError::Contended`] while somebody still reads what was.
    pub fn settle(&self) -> Result<(), StoreError> {
        empty_log(&lock(&self.writer))
    }

    /// Writes the file anew without what was deleted, and empties the log beside it.
    ///
    /// # Errors
    /// [`StoreError::Contended`] while somebody still reads what was.
    pub fn scrub(&self) -> Result<(), StoreError> {
        let writer = self.lock_writer();
        writer.execute_batch("VACUUM")?;
        empty_log(&writer)
    }

    fn lock_writer(&self) -> MutexGuard<'_, rusqlite::Connection> {
        let next = self.next.lock().unwrap_or_else(PoisonError::into_inner);
        let writer = lock(&self.writer);
        drop(next);
        writer
    }

    /// Runs `work` in one writing transaction.
    ///
    /// # Errors
    /// What `work` gives, or the engine's failure.
    pub fn write<T>(
        &self,
        work: &mut dyn FnMut(&Transaction<'_>) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        let mut writer = self.lock_writer();
        let transaction = writer.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let result = work(&Connection::Sqlite(&transaction))?;
        transaction.commit()?;
        Ok(result)
    }

    /// Runs `work` on a connection that can only read.
    ///
    /// # Errors
    /// What `work` gives, or the engine's failure.
    pub fn read<T>(
        &self,
        work: &mut dyn FnMut(&Connection<'_>) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        let free = self
            .readers
            .iter()
            .find_map(|reader| reader.try_lock().ok());
        match free {
            Some(reader) => work(&Connection::Sqlite(&reader)),
            None => match self.readers.first() {
                Some(reader) => work(&Connection::Sqlite(&lock(reader))),
                None => Err(StoreError::NotFound),
            },
        }
    }
}

fn empty_log(writer: &rusqlite::Connection) -> Result<(), StoreError> {
    let busy: i64 = writer.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |row| row.get(0))?;
    if busy == 0 {
        Ok(())
    } else {
        Err(StoreError::Contended)
    }
}

/// True when nobody has `file` open: every open connection holds a share of it for as long as it
/// lives, and only one that is alone gets it whole.
///
/// # Errors
/// When the file cannot be used.
pub fn is_free(file: &Path) -> Result<bool, StoreError> {
    let connection = rusqlite::Connection::open(file)?;
    connection.busy_timeout(Duration::ZERO)?;
    let alone = || {
        connection.pragma_update(None, "locking_mode", "EXCLUSIVE")?;
        connection.execute_batch("BEGIN EXCLUSIVE; ROLLBACK")
    };
    match alone() {
        Ok(()) => Ok(true),
        Err(error) if is_busy(&error) => Ok(false),
        Err(error) => Err(error.into()),
    }
}

fn is_busy(error: &rusqlite::Error) -> bool {
    use rusqlite::ErrorCode::{DatabaseBusy, DatabaseLocked};
    matches!(
        error.sqlite_error_code(),
        Some(DatabaseBusy | DatabaseLocked)
    )
}

/// A panic while a connection was held leaves no half-done transaction behind (it rolls back when
/// dropped), so a poisoned lock is as good as new.
fn lock(connection: &Mutex<rusqlite::Connection>) -> MutexGuard<'_, rusqlite::Connection> {
    connection.lock().unwrap_or_else(PoisonError::into_inner)
}

fn configure(connection: &rusqlite::Connection) -> Result<(), StoreError> {
    connection.busy_timeout(Duration::from_millis(BUSY_TIMEOUT_MS))?;
    connection.pragma_update(None, "journal_mode", "WAL")?;
    connection.pragma_update(None, "foreign_keys", true)?;
    connection.set_prepared_statement_cache_capacity(MAX_PREPARED);
    Ok(())
}

fn migrate(connection: &mut rusqlite::Connection) -> Result<(), StoreError> {
    let found: u32 = connection.query_row("PRAGMA user_version", [], |row| row.get(0))?;
    for (version, step) in schema::steps_after(found)? {
        let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        transaction.execute_batch(step.tables)?;
        transaction.execute_batch(step.sqlite)?;
        transaction.pragma_update(None, "user_version", version)?;
        transaction.commit()?;
    }
    Ok(())
}

/// A value as the engine takes it.
pub struct Bound<'v>(Value<'v>);

impl rusqlite::ToSql for Bound<'_> {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::Borrowed(match &self.0 {
            Value::Null => ValueRef::Null,
            Value::Integer(number) => ValueRef::Integer(*number),
            Value::Real(number) => ValueRef::Real(*number),
            Value::Text(text) => ValueRef::Text(text.as_bytes()),
            Value::Blob(bytes) => ValueRef::Blob(bytes),
        }))
    }
}

/// Parameters as the engine takes them.
pub fn bound<'v>(
    values: &'v [&'v dyn ToValue],
) -> rusqlite::ParamsFromIter<impl Iterator<Item = Bound<'v>>> {
    rusqlite::params_from_iter(
        values
            .iter()
            .map(|value| Bound(value.to_value().keepable())),
    )
}

/// A column as the store knows it.
///
/// # Errors
/// When a text is not one.
pub fn value(value: ValueRef<'_>) -> Result<Value<'_>, StoreError> {
    Ok(match value {
        ValueRef::Null => Value::Null,
        ValueRef::Integer(number) => Value::Integer(number),
        ValueRef::Real(number) => Value::Real(number),
        ValueRef::Text(bytes) => Value::Text(Cow::Borrowed(
            std::str::from_utf8(bytes).map_err(|_| StoreError::malformed(0))?,
        )),
        ValueRef::Blob(bytes) => Value::Blob(Cow::Borrowed(bytes)),
    })
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
                _ => Self::Engine(error.into()),
            },
            _ => Self::Engine(error.into()),
        }
    }
}
