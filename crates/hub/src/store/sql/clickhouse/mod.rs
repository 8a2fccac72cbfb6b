//! ClickHouse behind the store: sightings and sums of a hub that has outgrown one machine.
//!
//! PostgreSQL stays the one place where a batch is counted. What a batch brings waits there as a block
//! until it was carried over ([`feed`]); the pages and the watch read it here. Everything that is
//! written here can be written again without being there twice, so a ClickHouse that fails loses
//! nothing and doubles nothing: it is only behind. Why it is so: `docs/design/0015-clickhouse.md`.

pub(super) mod carry;
pub mod feed;
mod forget;
pub(super) use forget::note_erased;
mod http;
pub(super) mod read;
mod rows;
mod words;

use std::fmt;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};

use axum::body::Bytes;
use http::{PAGE_PATIENCE, PATIENCE};

use super::engine::tls::Tls;
use crate::people::oidc::fetch::Place;
use crate::store::StoreError;

/// Where the server is and how the hub proves who it is.
#[derive(Clone, PartialEq, Eq)]
pub struct Server {
    /// Its address, `https://`, or `http://` on this machine; the path is the database's name.
    pub address: String,
    /// Who the hub is there.
    pub user: String,
    /// Its password.
    pub password: Option<String>,
    /// The authorities one of which must have signed the server's certificate, as PEM.
    pub ca_file: PathBuf,
}

impl fmt::Debug for Server {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}@{}", self.user, self.address)
    }
}

/// Name of the database when the address has no path.
pub const DATABASE: &str = "larum";

/// The place and the database an address names; `None` for one that is none, or would not be encrypted
/// on its way to another machine.
#[must_use]
pub fn place(address: &str) -> Option<(Place, String)> {
    let place = Place::parse(address)?;
    if !place.is_private() && !place.is_here() {
        return None;
    }
    let name = place.path().trim_matches('/');
    let name = if name.is_empty() { DATABASE } else { name };
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
    let name = name.bytes().all(is_plain).then(|| name.to_owned())?;
    Some((place, name))
}

/// Days of a partition of the sightings. What is too old goes by whole partitions, and by row in those
/// that hold younger rows too.
const WEEK_DAYS: i64 = 7;
/// Hours of a partition of the hourly sums.
const WEEK_HOURS: i64 = WEEK_DAYS * 24;
/// Days of a partition of the daily sums.
const MONTH_DAYS: i64 = 30;

/// The tables: name, columns, what a partition is, what tells rows apart. A row that is sent again
/// replaces itself.
fn tables() -> [(&'static str, String); 3] {
    let sightings = format!(
        "(firm UInt32 CODEC(ZSTD(1)), day Int32 CODEC(ZSTD(1)), id FixedString(16) CODEC(NONE),
          receipt UInt64 CODEC(T64, ZSTD(1)), sender UInt32 CODEC(ZSTD(1)),
          short UInt8 CODEC(ZSTD(1)), key LowCardinality(String) CODEC(ZSTD(1)),
          detector LowCardinality(String) CODEC(ZSTD(1)),
          category LowCardinality(String) CODEC(ZSTD(1)), severity LowCardinality(String) CODEC(ZSTD(1)),
          outcome LowCardinality(String) CODEC(ZSTD(1)),
          attack Array(LowCardinality(String)) CODEC(ZSTD(1)), confidence UInt8 CODEC(ZSTD(1)),
          first Int64 CODEC(T64, ZSTD(1)), lasted Int64 CODEC(T64, ZSTD(1)),
          count UInt64 CODEC(T64, ZSTD(1)), sources Array(String) CODEC(ZSTD(3)),
          last Int64 ALIAS first + lasted,
          INDEX ends first + lasted TYPE minmax, INDEX arrival receipt TYPE minmax)
         ENGINE = ReplacingMergeTree
         PARTITION BY intDiv(day, {WEEK_DAYS}) ORDER BY (firm, day, id, receipt)"
    );
    [
        ("sighting", sightings),
        ("rollup_hour", sums("hour", WEEK_HOURS)),
        ("rollup_day", sums("day", MONTH_DAYS)),
    ]
}

/// A table of sums by `span`, so many of which are a partition.
fn sums(span: &str, partition: i64) -> String {
    format!(
        "(firm UInt32 CODEC(ZSTD(1)), {span} Int32 CODEC(ZSTD(1)),
          outcome LowCardinality(String) CODEC(ZSTD(1)), batch UInt64 CODEC(T64, ZSTD(1)),
          events Int64 CODEC(ZSTD(1)), findings Int64 CODEC(ZSTD(1)))
         ENGINE = ReplacingMergeTree
         PARTITION BY intDiv({span}, {partition}) ORDER BY (firm, {span}, outcome, batch)"
    )
}

/// Tables with rows of firms: all.
const OF_FIRMS: [&str; 3] = ["sighting", "rollup_hour", "rollup_day"];
/// An answer to an insert means that the disk has it.
const DURABLE: &str = "SETTINGS fsync_after_insert = 1, fsync_part_directory = 1";

/// A ClickHouse server that is spoken to over HTTP, a connection a call.
pub struct ClickHouse {
    place: Place,
    database: String,
    server: Server,
    tls: Option<Tls>,
    /// Whether the tables were seen to be there.
    made: AtomicBool,
}

impl ClickHouse {
    /// The server that the settings name. It is not asked anything yet: a hub takes batches while
    /// ClickHouse is away.
    ///
    /// # Errors
    /// When the address is none or would not be encrypted, or the authorities cannot be read.
    pub fn new(server: &Server) -> Result<Self, StoreError> {
        let (place, database) = place(&server.address).ok_or(StoreError::NotPrivate)?;
        let tls = if place.is_private() {
            Some(Tls::trusting(&server.ca_file)?)
        } else {
            None
        };
        Ok(Self {
            place,
            database,
            server: server.clone(),
            tls,
            made: AtomicBool::new(false),
        })
    }

    /// Makes the tables unless they are there.
    fn make(&self) -> Result<(), StoreError> {
        if self.made.load(Ordering::Acquire) {
            return Ok(());
        }
        for (name, table) in tables() {
            let sql = format!("CREATE TABLE IF NOT EXISTS {name} {table} {DURABLE}");
            self.ask_at_once(&sql, Vec::new(), PAGE_PATIENCE)?;
        }
        self.made.store(true, Ordering::Release);
        Ok(())
    }

    /// What a statement gives, in the format that it names.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`] when the server does not answer, [`StoreError::Engine`] when it
    /// refuses.
    fn ask(&self, sql: &str) -> Result<Bytes, StoreError> {
        self.make()?;
        self.ask_at_once(sql, Vec::new(), PATIENCE)
    }

    /// As [`Self::ask`], for a page that somebody waits for.
    ///
    /// # Errors
    /// As [`Self::ask`]; also when it takes too long.
    fn ask_for_page(&self, sql: &str) -> Result<Bytes, StoreError> {
        self.make()?;
        self.ask_at_once(sql, Vec::new(), PAGE_PATIENCE)
    }

    /// What the tables take on its disk, in bytes.
    ///
    /// # Errors
    /// When it does not answer.
    pub(super) fn disk_bytes(&self) -> Result<u64, StoreError> {
        let answer = self.ask(
            "SELECT toUInt64(sum(bytes_on_disk)) FROM system.parts
             WHERE database = currentDatabase() AND active FORMAT RowBinary",
        )?;
        rows::Rows::new(&answer).u64()
    }

    /// Writes rows, `RowBinary`, into a table; nothing is sent when there are none. When this returns
    /// they are on the server's disk.
    fn insert(&self, table: &str, rows: Vec<u8>) -> Result<(), StoreError> {
        if rows.is_empty() {
            return Ok(());
        }
        self.make()?;
        let sql = format!("INSERT INTO {table} FORMAT RowBinary");
        self.ask_at_once(&sql, rows, PATIENCE).map(drop)
    }
}
