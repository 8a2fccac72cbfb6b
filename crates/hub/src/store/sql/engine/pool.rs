//! PostgreSQL behind the store: a few sessions, opened when needed and replaced when lost.

use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use ::postgres::config::Host;
use ::postgres::{Config, NoTls};

use super::postgres::Session;
use super::{Connection, Transaction, schema};
use crate::store::StoreError;

/// Sessions at most.
const MAX_SESSIONS: usize = 12;
/// How long a call waits for a free session before it fails.
const WAIT: Duration = Duration::from_secs(10);
/// How long connecting may take.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
/// How often a piece of work is tried when another writer was in the way, or a session was lost
/// before anything was committed.
const ATTEMPTS: usize = 8;
/// The advisory lock of schema steps, the text `larum` as a number.
const SCHEMA_LOCK: i64 = 0x6c_6172_756d;
/// The advisory lock of all writers but ingest.
const WRITER_LOCK: i64 = SCHEMA_LOCK + 1;
/// The advisory lock of transactions that become visible in order.
pub const ORDER_LOCK: i64 = SCHEMA_LOCK + 2;
/// A commit is an acknowledgement, so it waits for the disk. Statements outside a transaction only
/// read. A statement that hangs must not hold its session for ever.
const SETTINGS: &str = "SET synchronous_commit = on;
    SET SESSION CHARACTERISTICS AS TRANSACTION READ ONLY, ISOLATION LEVEL READ COMMITTED;
    SET statement_timeout = '60s'; SET lock_timeout = '30s';
    SET idle_in_transaction_session_timeout = '60s'";

/// How a writing transaction is kept apart from others.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Writer {
    /// One at a time, across all hubs.
    Alone,
    /// Beside others; locks the rows it decides by.
    Beside,
}

/// PostgreSQL.
pub struct Postgres {
    config: Config,
    state: Mutex<State>,
    freed: Condvar,
}

#[derive(Default)]
struct State {
    idle: Vec<Session>,
    open: usize,
}

impl Postgres {
    /// Connects, and creates or upgrades the schema if need be.
    ///
    /// # Errors
    /// When the address is none, the server does not answer or refuses, or the store was written by
    /// a newer program.
    pub fn open(address: &str) -> Result<Self, StoreError> {
        let mut config: Config = address.parse()?;
        // Without TLS nothing leaves the machine.
        let is_local = config.get_hosts().iter().all(|host| match host {
            Host::Unix(_) => true,
            Host::Tcp(name) => matches!(name.as_str(), "localhost" | "127.0.0.1" | "::1"),
        });
        if !is_local {
            return Err(StoreError::NotPrivate);
        }
        config
            .application_name("larum-hub")
            .connect_timeout(CONNECT_TIMEOUT);
        let pool = Self {
            config,
            state: Mutex::default(),
            freed: Condvar::new(),
        };
        pool.migrate()?;
        Ok(pool)
    }

    fn migrate(&self) -> Result<(), StoreError> {
        let session = Leased::take(self)?;
        session.begin()?;
        session.batch(&format!(
            "SELECT pg_advisory_xact_lock({SCHEMA_LOCK});
             CREATE TABLE IF NOT EXISTS schema_version (version BIGINT NOT NULL)"
        ))?;
        let connection = Connection::Postgres(&session);
        let found = connection.query_row(
            "SELECT coalesce(max(version), 0) FROM schema_version",
            [],
            |row| row.get(0),
        )?;
        for (version, step) in schema::steps_after(found)? {
            session.batch(&schema::for_postgres(step.tables))?;
            session.batch(step.postgres)?;
            connection.execute("INSERT INTO schema_version VALUES (?1)", [version])?;
        }
        session.batch("COMMIT")
    }

    /// Runs `work` in one writing transaction; again from the start while nothing was committed and
    /// only chance stood in the way.
    ///
    /// # Errors
    /// What `work` gives, or the engine's failure. After [`StoreError::Unavailable`] the work may or
    /// may not have been kept, if the connection broke during the commit itself.
    pub fn write<T>(
        &self,
        writer: Writer,
        work: &mut dyn FnMut(&Transaction<'_>) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        for _ in 1..ATTEMPTS {
            match self.try_write(writer, work) {
                Err(Failed::Before(StoreError::Contended | StoreError::Unavailable(_))) => {}
                result => return result.map_err(Failed::error),
            }
        }
        self.try_write(writer, work).map_err(Failed::error)
    }

    fn try_write<T>(
        &self,
        writer: Writer,
        work: &mut dyn FnMut(&Transaction<'_>) -> Result<T, StoreError>,
    ) -> Result<T, Failed> {
        let session = Leased::take(self).map_err(Failed::AtAll)?;
        session.begin().map_err(Failed::Before)?;
        let done = match writer {
            Writer::Alone => session.batch(&format!("SELECT pg_advisory_xact_lock({WRITER_LOCK})")),
            Writer::Beside => Ok(()),
        }
        .and_then(|()| work(&Connection::Postgres(&session)));
        match done {
            Ok(result) => match session.batch("COMMIT") {
                Ok(()) => Ok(result),
                Err(StoreError::Contended) => Err(Failed::Before(StoreError::Contended)),
                Err(error) => Err(Failed::AtAll(error)),
            },
            Err(error) => {
                // A session that cannot even roll back is lost, which `Leased` sees.
                drop(session.batch("ROLLBACK"));
                Err(Failed::Before(error))
            }
        }
    }

    /// Runs `work` on a session that only reads.
    ///
    /// # Errors
    /// What `work` gives, or the engine's failure.
    pub fn read<T>(
        &self,
        work: &mut dyn FnMut(&Connection<'_>) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        for _ in 1..ATTEMPTS {
            let session = Leased::take(self)?;
            match work(&Connection::Postgres(&session)) {
                Err(StoreError::Unavailable(_)) if session.is_closed() => {}
                result => return result,
            }
        }
        let session = Leased::take(self)?;
        work(&Connection::Postgres(&session))
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// When a transaction failed.
enum Failed {
    /// Before its commit: nothing was kept.
    Before(StoreError),
    /// In its commit, or for want of a server.
    AtAll(StoreError),
}

impl Failed {
    fn error(self) -> StoreError {
        match self {
            Self::Before(error) | Self::AtAll(error) => error,
        }
    }
}

/// A session on loan.
struct Leased<'p> {
    pool: &'p Postgres,
    session: Option<Session>,
}

impl<'p> Leased<'p> {
    fn take(pool: &'p Postgres) -> Result<Self, StoreError> {
        let mut state = pool.lock();
        loop {
            match state.idle.pop() {
                Some(session) if session.is_closed() => state.open = state.open.saturating_sub(1),
                Some(session) => {
                    return Ok(Self {
                        pool,
                        session: Some(session),
                    });
                }
                None if state.open < MAX_SESSIONS => break,
                None => {
                    let waited = pool.freed.wait_timeout(state, WAIT);
                    let (guard, timeout) = waited.unwrap_or_else(PoisonError::into_inner);
                    if timeout.timed_out() {
                        return Err(StoreError::Unavailable("no free session".into()));
                    }
                    state = guard;
                }
            }
        }
        state.open += 1;
        drop(state);
        let mut leased = Self {
            pool,
            session: None,
        };
        let session = Session::new(pool.config.connect(NoTls)?);
        session.batch(SETTINGS)?;
        leased.session = Some(session);
        Ok(leased)
    }

    fn begin(&self) -> Result<(), StoreError> {
        self.batch("BEGIN READ WRITE")
    }
}

impl std::ops::Deref for Leased<'_> {
    type Target = Session;

    fn deref(&self) -> &Session {
        match &self.session {
            Some(session) => session,
            // Only `drop` takes it out.
            None => unreachable!("a session is on loan until it is dropped"),
        }
    }
}

impl Drop for Leased<'_> {
    fn drop(&mut self) {
        let mut state = self.pool.lock();
        match self.session.take() {
            // After a panic the session may stand within a transaction.
            Some(session) if !session.is_closed() && !std::thread::panicking() => {
                state.idle.push(session);
            }
            _ => state.open = state.open.saturating_sub(1),
        }
        drop(state);
        self.pool.freed.notify_one();
    }
}
