//! The store in SQL: every statement of the project, over an engine that is embedded or PostgreSQL.

mod api;
mod applications;
mod audit;
pub mod clickhouse;
mod codes;
pub mod copy;
pub mod edges;
pub mod engine;
mod enrol;
mod findings;
mod firm_people;
mod firms;
#[cfg(test)]
mod full_disk;
mod identities;
mod ingest;
mod ingest_rows;
mod keep;
mod lists;
mod pages;
mod pages_sightings;
mod pages_threats;
mod people;
mod proofs;
mod rollups;
pub mod server;
pub mod sum;
mod tables;
mod verdicts;
mod watch;
mod watch_state;
mod watchful;

use std::path::Path;

use super::lead::Lead;
use super::{Store, StoreError};
use engine::pool::{Postgres, Writer};
use engine::sqlite::Sqlite;
use engine::{Connection, Transaction};
use server::Server;

/// The store.
pub struct SqlStore {
    engine: Engine,
    /// Where the sightings are, when the database itself does not keep them.
    grown: Option<Box<clickhouse::ClickHouse>>,
}

enum Engine {
    Sqlite(Box<Sqlite>),
    Postgres(Box<Postgres>),
}

impl SqlStore {
    /// Opens (and if need be creates or upgrades) the embedded store in `file`.
    ///
    /// # Errors
    /// When the file cannot be used, or was written by a newer program.
    pub fn open(file: &Path) -> Result<Self, StoreError> {
        Ok(Self {
            engine: Engine::Sqlite(Box::new(Sqlite::open(file)?)),
            grown: None,
        })
    }

    /// True when nobody has the embedded store in `file` open, in this process or another.
    ///
    /// # Errors
    /// When the file cannot be used.
    pub fn is_free(file: &Path) -> Result<bool, StoreError> {
        engine::sqlite::is_free(file)
    }

    /// Connects to the PostgreSQL database at `address`, a socket on this machine
    /// (`postgresql://user@/name?host=/folder` or `key=value` pairs), and creates or upgrades the store in it if need be. Blocks: not to be
    /// called within an asynchronous task.
    ///
    /// # Errors
    /// When it does not answer or refuses, or was written by a newer program.
    pub fn connect(address: &str) -> Result<Self, StoreError> {
        Ok(Self {
            engine: Engine::Postgres(Box::new(Postgres::open(address)?)),
            grown: None,
        })
    }

    /// Connects to a PostgreSQL server, and creates or upgrades the store in it if need be. Blocks, as
    /// [`Self::connect`] does.
    ///
    /// # Errors
    /// When it does not answer or refuses, is not the one it should be, or was written by a newer
    /// program.
    pub fn connect_to(server: &Server) -> Result<Self, StoreError> {
        Ok(Self {
            engine: Engine::Postgres(Box::new(Postgres::open_at(server)?)),
            grown: None,
        })
    }

    /// Runs `work` in one writing transaction: all of it is kept, durably, or none. No other such
    /// transaction runs meanwhile, on this hub or another. `work` may run more than once before it
    /// is kept.
    ///
    /// # Errors
    /// What `work` gives, or the engine's failure.
    fn write<T>(
        &self,
        mut work: impl FnMut(&Transaction<'_>) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        match &self.engine {
            Engine::Sqlite(engine) => engine.write(&mut work),
            Engine::Postgres(engine) => engine.write(Writer::Alone, &mut work),
        }
    }

    /// As [`Self::write`], but beside others where the engine can: the work must lock the rows it
    /// decides by ([`Connection::for_update`]).
    ///
    /// # Errors
    /// What `work` gives, or the engine's failure.
    fn write_beside<T>(
        &self,
        mut work: impl FnMut(&Transaction<'_>) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        match &self.engine {
            Engine::Sqlite(engine) => engine.write(&mut work),
            Engine::Postgres(engine) => engine.write(Writer::Beside, &mut work),
        }
    }

    /// As [`Self::write`], for what only the hub that leads may write: the watch and what follows from it.
    ///
    /// # Errors
    /// [`StoreError::LeadLost`] when another hub has taken the lead since, what `work` gives, or the
    /// engine's failure.
    fn write_leading<T>(
        &self,
        mut work: impl FnMut(&Transaction<'_>) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        match &self.engine {
            Engine::Sqlite(engine) => engine.write(&mut work),
            Engine::Postgres(engine) => engine.write_leading(&mut work),
        }
    }

    /// Runs `work` on a connection that can only read.
    ///
    /// # Errors
    /// What `work` gives, or the engine's failure.
    fn read<T>(
        &self,
        mut work: impl FnMut(&Connection<'_>) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        match &self.engine {
            Engine::Sqlite(engine) => engine.read(&mut work),
            Engine::Postgres(engine) => engine.read(&mut work),
        }
    }
}

impl Store for SqlStore {}

impl Lead for SqlStore {
    fn term(&self) -> Result<Option<u64>, StoreError> {
        match &self.engine {
            Engine::Sqlite(_) => Ok(Some(1)),
            Engine::Postgres(engine) => engine.term(),
        }
    }

    fn others(&self) -> Result<u64, StoreError> {
        match &self.engine {
            Engine::Sqlite(_) => Ok(0),
            Engine::Postgres(engine) => engine.others(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn opens_twice_and_refuses_a_newer_schema() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("hub.sqlite");
        drop(SqlStore::open(&file).unwrap());
        let store = SqlStore::open(&file).unwrap();
        store
            .write(|transaction| transaction.execute_batch("PRAGMA user_version = 99"))
            .unwrap();
        drop(store);
        assert!(matches!(
            SqlStore::open(&file),
            Err(StoreError::TooNew {
                found: 99,
                known: 1
            })
        ));
    }
}
