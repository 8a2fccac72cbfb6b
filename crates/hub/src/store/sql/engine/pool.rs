//! PostgreSQL behind the store: a few sessions, opened when needed and replaced when lost.

use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use ::postgres::config::{Host, SslMode};
use ::postgres::{Client, Config, NoTls};

use super::postgres::Session;
use super::tls::Tls;
use super::{Connection, OptionalExtension as _, Transaction, params, schema};
use crate::store::StoreError;
use crate::store::sql::server::{SESSIONS, Server};

/// How long a call waits for a free session before it fails.
const WAIT: Duration = Duration::from_secs(10);
/// How long connecting may take.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
/// After how much silence a connection is tried; one that stays silent for twice as long is lost.
const KEEPALIVE: Duration = Duration::from_secs(30);
/// How often it is tried within that time.
const KEEPALIVE_TRIES: u32 = 3;
/// How often a piece of work is tried when another writer was in the way, or a session was lost
/// before anything was committed.
const ATTEMPTS: usize = 8;
/// The advisory lock of schema steps, the text `larum` as a number.
const SCHEMA_LOCK: i64 = 0x6c_6172_756d;
/// The advisory lock of all writers but ingest.
const WRITER_LOCK: i64 = SCHEMA_LOCK + 1;
/// The advisory lock of transactions that become visible in order.
pub const ORDER_LOCK: i64 = SCHEMA_LOCK + 2;
/// The advisory lock of the hub that leads; held by a session for as long as it lives.
const LEAD_LOCK: i64 = SCHEMA_LOCK + 3;
/// The setting that holds the number of the newest term.
const TERM: &str = "lead-term";
/// What every session of the program calls itself.
const APPLICATION: &str = "larum-hub";
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
    tls: Option<Tls>,
    max_sessions: usize,
    state: Mutex<State>,
    freed: Condvar,
    lead: Mutex<Leading>,
}

/// The session that holds the lead, and in which term.
#[derive(Default)]
struct Leading {
    session: Option<Session>,
    term: u64,
    /// The store's number of that term: each that begins, on any hub, has one more than the one before.
    /// Zero when this hub never led.
    number: i64,
}

#[derive(Default)]
struct State {
    idle: Vec<Session>,
    open: usize,
}

/// The number of the newest term; the row is locked as `lock` says until the transaction ends.
fn term_number(connection: &Connection<'_>, lock: &str) -> Result<i64, StoreError> {
    let sql = format!("SELECT value FROM setting WHERE name = ?1 {lock}");
    let kept: Option<Vec<u8>> = connection
        .query_row(&sql, [TERM], |row| row.get(0))
        .optional()?;
    let bytes = kept.and_then(|bytes| bytes.try_into().ok());
    Ok(bytes.map_or(0, i64::from_be_bytes))
}

/// Begins a term, and gives its number. Only who holds the lead's lock calls this.
fn begin_term(session: &Session) -> Result<i64, StoreError> {
    let connection = Connection::Postgres(session);
    session.batch("BEGIN READ WRITE")?;
    let number = term_number(&connection, "FOR UPDATE")?.saturating_add(1);
    connection.execute(
        "INSERT INTO setting (name, value) VALUES (?1, ?2)
         ON CONFLICT (name) DO UPDATE SET value = excluded.value",
        params![TERM, number.to_be_bytes().to_vec()],
    )?;
    session.batch("COMMIT")?;
    Ok(number)
}

impl Postgres {
    /// Connects by a socket on this machine, and creates or upgrades the schema if need be.
    ///
    /// # Errors
    /// When the address is none or not a socket's, the server does not answer or refuses, or the
    /// store was written by a newer program.
    pub fn open(address: &str) -> Result<Self, StoreError> {
        let config: Config = address.parse()?;
        let hosts = config.get_hosts();
        if hosts.iter().any(|host| matches!(host, Host::Tcp(_))) {
            return Err(StoreError::NotPrivate);
        }
        Self::start(config, None, SESSIONS)
    }

    /// Connects to `server`, encrypted unless it is reached by a socket, and creates or upgrades the
    /// schema if need be.
    ///
    /// # Errors
    /// When the server does not answer or refuses, is not the one it should be, or the store was
    /// written by a newer program.
    pub fn open_at(server: &Server) -> Result<Self, StoreError> {
        let mut config = Config::new();
        config
            .host(&server.host)
            .port(server.port)
            .dbname(&server.database)
            .user(&server.user);
        if let Some(password) = &server.password {
            config.password(password);
        }
        let tls = if server.is_socket() {
            None
        } else {
            config.ssl_mode(SslMode::Require);
            Some(Tls::trusting(&server.ca_file)?)
        };
        Self::start(config, tls, server.sessions)
    }

    fn start(mut config: Config, tls: Option<Tls>, sessions: u32) -> Result<Self, StoreError> {
        config
            .application_name(APPLICATION)
            .connect_timeout(CONNECT_TIMEOUT)
            .keepalives_idle(KEEPALIVE)
            .keepalives_interval(KEEPALIVE.checked_div(KEEPALIVE_TRIES).unwrap_or(KEEPALIVE))
            .keepalives_retries(KEEPALIVE_TRIES)
            .tcp_user_timeout(KEEPALIVE.saturating_mul(2));
        let pool = Self {
            config,
            tls,
            // One session is the lead's.
            max_sessions: usize::try_from(sessions.max(2)).unwrap_or(2) - 1,
            state: Mutex::default(),
            freed: Condvar::new(),
            lead: Mutex::default(),
        };
        pool.migrate()?;
        Ok(pool)
    }

    fn connect(&self) -> Result<Client, StoreError> {
        Ok(match &self.tls {
            Some(tls) => self.config.connect(tls.clone())?,
            None => self.config.connect(NoTls)?,
        })
    }

    /// The term in which this hub leads; see [`crate::store::lead::Lead::term`].
    ///
    /// # Errors
    /// When the server does not answer.
    pub fn term(&self) -> Result<Option<u64>, StoreError> {
        let mut lead = self.lead.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(session) = &lead.session {
            if session.batch("SELECT 1").is_ok() {
                return Ok(Some(lead.term));
            }
            lead.session = None;
        }
        let session = Session::new(self.connect()?);
        let took = Connection::Postgres(&session).query_row(
            "SELECT pg_try_advisory_lock(?1)",
            [LEAD_LOCK],
            |row| row.get::<bool>(0),
        )?;
        if !took {
            return Ok(None);
        }
        lead.number = begin_term(&session)?;
        lead.session = Some(session);
        lead.term += 1;
        Ok(Some(lead.term))
    }

    /// Runs `work` as [`write`](Self::write) does, if no other hub has begun a term since this one did: a hub
    /// that was held up in the middle of its work, and lost the lead meanwhile, keeps nothing of it. A
    /// term that begins waits until this is over.
    ///
    /// # Errors
    /// [`StoreError::LeadLost`], what `work` gives, or the engine's failure.
    pub fn write_leading<T>(
        &self,
        work: &mut dyn FnMut(&Transaction<'_>) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        let lead = self.lead.lock().unwrap_or_else(PoisonError::into_inner);
        let number = lead.number;
        drop(lead);
        self.write(Writer::Alone, &mut |transaction| {
            // Zero: not a hub that runs the watch, but a command or a test that holds no lead.
            if number != 0 && term_number(transaction, "FOR SHARE")? != number {
                return Err(StoreError::LeadLost);
            }
            work(transaction)
        })
    }

    /// Sessions of other processes of this program in this database.
    ///
    /// # Errors
    /// When the server does not answer.
    pub fn others(&self) -> Result<u64, StoreError> {
        let open: i64 = self.read(&mut |connection| {
            connection.query_row(
                "SELECT count(*) FROM pg_stat_activity
                 WHERE datname = current_database() AND application_name = ?1",
                [APPLICATION],
                |row| row.get(0),
            )
        })?;
        let lead = self.lead.lock().unwrap_or_else(PoisonError::into_inner);
        let ours = self.lock().open + usize::from(lead.session.is_some());
        Ok(u64::try_from(open)
            .unwrap_or_default()
            .saturating_sub(u64::try_from(ours).unwrap_or(u64::MAX)))
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

    /// Writes `tables` anew without what was deleted. Whoever writes to one of them waits meanwhile.
    ///
    /// # Errors
    /// When the server does not answer, or somebody holds a table.
    pub fn scrub<'t>(&self, tables: impl Iterator<Item = &'t str>) -> Result<(), StoreError> {
        self.vacuum("FULL, ANALYZE", tables)
    }

    /// Lets the room of what was deleted from a table be used again, and gives the free end of it back
    /// to the disk. Nobody waits for it.
    ///
    /// # Errors
    /// When the server does not answer.
    pub fn give_back(&self, table: &str) -> Result<(), StoreError> {
        self.vacuum("ANALYZE", std::iter::once(table))
    }

    fn vacuum<'t>(
        &self,
        how: &str,
        mut tables: impl Iterator<Item = &'t str>,
    ) -> Result<(), StoreError> {
        let session = Leased::take(self)?;
        session.batch("SET statement_timeout = 0")?;
        let done = tables.try_for_each(|table| session.batch(&format!("VACUUM ({how}) {table}")));
        session.batch(SETTINGS)?;
        done
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
                None if state.open < pool.max_sessions => break,
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
        let session = Session::new(pool.connect()?);
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
        let mut lost = Vec::new();
        match self.session.take() {
            // After a panic the session may stand within a transaction.
            Some(session) if !session.is_closed() && !std::thread::panicking() => {
                state.idle.push(session);
            }
            ended => {
                // A session learns that it was cut only when it is used; the others probably were too.
                lost.append(&mut state.idle);
                state.open = state.open.saturating_sub(1 + lost.len());
                lost.extend(ended);
            }
        }
        drop(state);
        self.pool.freed.notify_one();
        drop(lost);
    }
}

/// A session may not be ended on a thread that runs asynchronous tasks, and a hub's store is dropped
/// wherever its last user ends.
impl Drop for Postgres {
    fn drop(&mut self) {
        let mut sessions = std::mem::take(&mut self.lock().idle);
        let lead = self.lead.get_mut().unwrap_or_else(PoisonError::into_inner);
        sessions.extend(lead.session.take());
        let ending = std::thread::Builder::new().spawn(move || drop(sessions));
        if let Ok(ending) = ending {
            drop(ending.join());
        }
    }
}
