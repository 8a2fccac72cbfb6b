//! The watch.

use std::collections::BTreeMap;

use super::engine::{OptionalExtension as _, Row, Transaction, params};
use larum_core::finding::Severity;
use larum_core::time::Timestamp;
use larum_core::watch::{Edges, Kind, State};

use super::SqlStore;
use super::edges::each_told;
use super::rollups::hour_of;
use crate::id::MemberId;
use crate::store::StoreError;
use crate::store::watch::{
    Applied, Counts, Reached, ThreatChange, ThreatRow, WarningState, WatchStore,
};

pub(super) const THREAT_COLUMNS: &str =
    "id, key, kind, level, scope, state, severity, opened, updated, closed,
    score, sources, members, first, evidence";

/// The hours from `from` up to, not including, `to`: the first and the last.
pub(super) const fn hours(from: Timestamp, to: Timestamp) -> (i64, i64) {
    (hour_of(from), hour_of(to.plus_millis(-1)))
}

impl WatchStore for SqlStore {
    fn edges(
        &self,
        key: &str,
        from: Timestamp,
        to: Timestamp,
    ) -> Result<Edges<MemberId>, StoreError> {
        let grown = self.grown.as_deref();
        self.read(|connection| {
            let mut edges = Edges::new();
            each_told(grown, connection, key, hours(from, to), |told| {
                let sources = told.span.sources.iter();
                edges.extend(sources.map(|source| (told.member, *source)));
            })?;
            Ok(edges)
        })
    }

    fn latest_threat(&self, key: &str) -> Result<Option<(i64, ThreatRow)>, StoreError> {
        self.read(|connection| {
            let sql = format!(
                "SELECT {THREAT_COLUMNS} FROM threat WHERE key = ?1 ORDER BY id DESC LIMIT 1"
            );
            connection
                .prepare_cached(&sql)?
                .query_row([key], threat)
                .optional()
        })
    }

    fn reached(&self, key: &str, since: Timestamp) -> Result<Vec<Reached>, StoreError> {
        let grown = self.grown.as_deref();
        self.read(|connection| {
            let mut reached: BTreeMap<MemberId, Reached> = BTreeMap::new();
            let end = Timestamp::from_millis(i64::MAX);
            each_told(grown, connection, key, hours(since, end), |told| {
                let (member, span) = (told.member, told.span);
                if span.last < since {
                    return;
                }
                let known = reached.entry(member).or_insert(Reached {
                    member,
                    first: span.first,
                    severity: span.severity,
                    success: false,
                });
                known.first = known.first.min(span.first);
                known.severity = known.severity.max(span.severity);
                known.success |= span.success;
            })?;
            Ok(reached.into_values().collect())
        })
    }

    fn warnable(&self) -> Result<Vec<MemberId>, StoreError> {
        self.read(|connection| {
            let mut statement = connection.prepare_cached(
                "SELECT DISTINCT member FROM collector WHERE revoked IS NULL ORDER BY member",
            )?;
            let rows = statement.query_map([], |row| row.get(0))?;
            rows.collect::<Result<_, _>>()
        })
    }

    fn threats(&self, limit: usize) -> Result<Vec<(i64, ThreatRow)>, StoreError> {
        self.read(|connection| {
            let sql = format!("SELECT {THREAT_COLUMNS} FROM threat ORDER BY id LIMIT ?1");
            let mut statement = connection.prepare_cached(&sql)?;
            let rows = statement.query_map([signed(limit)], threat)?;
            rows.collect::<Result<_, _>>()
        })
    }

    fn warning_states(&self, threat: i64) -> Result<Vec<WarningState>, StoreError> {
        self.read(|connection| {
            let mut statement = connection.prepare_cached(
                "SELECT member, issued, delivered, hit FROM warning WHERE threat = ?1 ORDER BY id",
            )?;
            let rows = statement.query_map([threat], |row| {
                let at = |column| -> Result<Option<Timestamp>, StoreError> {
                    let millis: Option<i64> = row.get(column)?;
                    Ok(millis.map(Timestamp::from_millis))
                };
                Ok(WarningState {
                    member: row.get(0)?,
                    issued: Timestamp::from_millis(row.get(1)?),
                    delivered: at(2)?,
                    hit: at(3)?,
                })
            })?;
            rows.collect::<Result<_, _>>()
        })
    }

    fn counts(&self) -> Result<Counts, StoreError> {
        self.read(|connection| {
            let number = |sql| -> Result<u64, StoreError> {
                let number: i64 = connection.query_row(sql, [], |row| row.get(0))?;
                Ok(u64::try_from(number).unwrap_or_default())
            };
            Ok(Counts {
                batches: number("SELECT coalesce(sum(batches), 0) FROM firm")?,
                sightings: number("SELECT coalesce(sum(sightings), 0) FROM firm")?,
                findings: number("SELECT coalesce(sum(findings), 0) FROM firm")?,
            })
        })
    }

    fn apply_threat(&self, change: &ThreatChange, now: Timestamp) -> Result<Applied, StoreError> {
        self.write_leading(|transaction| {
            let id = write_threat(transaction, change)?;
            write_reached(transaction, id, change)?;
            Ok(Applied {
                threat: id,
                warned: write_warnings(transaction, id, change, now)?,
                hit: mark_hits(transaction, id)?,
            })
        })
    }
}

/// `?1`, the identity, is given by the store.
const INSERT_THREAT: &str = "INSERT INTO threat (key, kind, level, scope, state, severity, opened,
        updated, closed, score, sources, members, first, evidence)
    SELECT ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15 WHERE ?1 IS NULL
    RETURNING id";
const UPDATE_THREAT: &str = "UPDATE threat SET state = ?6, severity = ?7, updated = ?9,
        closed = ?10, score = ?11, sources = ?12, members = ?13, first = ?14, evidence = ?15
    WHERE id = ?1";

fn write_threat(transaction: &Transaction<'_>, change: &ThreatChange) -> Result<i64, StoreError> {
    let row = &change.row;
    let closed = row.closed.map(Timestamp::as_millis);
    let values = params![
        change.id,
        row.key,
        row.kind.as_str(),
        row.level,
        row.scope,
        row.state.as_str(),
        row.severity.as_str(),
        row.opened.as_millis(),
        row.updated.as_millis(),
        closed,
        row.score,
        signed(row.sources),
        signed(row.members),
        row.first.as_millis(),
        row.evidence,
    ];
    let Some(id) = change.id else {
        return transaction.query_row(INSERT_THREAT, values, |row| row.get(0));
    };
    transaction.execute(UPDATE_THREAT, values)?;
    Ok(id)
}

fn write_reached(
    transaction: &Transaction<'_>,
    id: i64,
    change: &ThreatChange,
) -> Result<(), StoreError> {
    let mut statement = transaction.prepare_cached(
        "INSERT INTO threat_member (threat, member, first) VALUES (?1, ?2, ?3)
         ON CONFLICT (threat, member) DO UPDATE SET first = excluded.first
         WHERE excluded.first < threat_member.first",
    )?;
    for (member, first) in &change.reached {
        statement.execute(params![id, member, first.as_millis()])?;
    }
    Ok(())
}

fn write_warnings(
    transaction: &Transaction<'_>,
    id: i64,
    change: &ThreatChange,
    now: Timestamp,
) -> Result<usize, StoreError> {
    let mut insert = transaction.prepare_cached(
        "INSERT INTO warning (threat, member, issued, expires, body) VALUES (?1, ?2, ?3, ?4, ?5)
         ON CONFLICT (threat, member) DO NOTHING RETURNING id",
    )?;
    let mut number = transaction.prepare_cached("UPDATE warning SET body = ?2 WHERE id = ?1")?;
    let mut warned = 0;
    for warning in &change.warnings {
        let values = params![
            id,
            warning.member,
            now.as_millis(),
            warning.expires.as_millis(),
            warning.body
        ];
        let inserted: Option<i64> = insert.query_row(values, |row| row.get(0)).optional()?;
        if let Some(inserted) = inserted {
            number.execute(params![inserted, numbered(&warning.body, inserted)])?;
            warned += 1;
        }
    }
    Ok(warned)
}

/// The warning with its number, which only the store could give.
fn numbered(body: &str, id: i64) -> String {
    match serde_json::from_str(body) {
        Ok(serde_json::Value::Object(mut warning)) => {
            warning.insert("id".to_owned(), id.into());
            serde_json::Value::Object(warning).to_string()
        }
        _ => body.to_owned(),
    }
}

/// A warning counts as hit when the member's first sighting of the threat came after it.
fn mark_hits(transaction: &Transaction<'_>, id: i64) -> Result<usize, StoreError> {
    transaction
        .prepare_cached(
            "UPDATE warning SET hit = (SELECT first FROM threat_member
                 WHERE threat_member.threat = warning.threat
                   AND threat_member.member = warning.member)
             WHERE threat = ?1 AND hit IS NULL AND EXISTS (SELECT 1 FROM threat_member
                 WHERE threat_member.threat = warning.threat
                   AND threat_member.member = warning.member
                   AND threat_member.first >= warning.issued)",
        )?
        .execute([id])
}

pub(super) fn threat(row: &Row<'_>) -> Result<(i64, ThreatRow), StoreError> {
    let at = |column| row.get(column).map(Timestamp::from_millis);
    let closed: Option<i64> = row.get(9)?;
    Ok((
        row.get(0)?,
        ThreatRow {
            key: row.get(1)?,
            kind: word(row, 2, Kind::from_word)?,
            level: row.get(3)?,
            scope: row.get(4)?,
            state: word(row, 5, State::from_word)?,
            severity: word(row, 6, Severity::from_word)?,
            opened: at(7)?,
            updated: at(8)?,
            closed: closed.map(Timestamp::from_millis),
            score: row.get(10)?,
            sources: count(row, 11)?,
            members: count(row, 12)?,
            first: at(13)?,
            evidence: row.get(14)?,
        },
    ))
}

pub(super) fn word<T>(
    row: &Row<'_>,
    column: usize,
    read: fn(&str) -> Option<T>,
) -> Result<T, StoreError> {
    let text: String = row.get(column)?;
    read(&text).ok_or_else(|| StoreError::malformed(column))
}

pub(super) fn address(row: &Row<'_>, column: usize) -> Result<std::net::IpAddr, StoreError> {
    let text: String = row.get(column)?;
    text.parse().map_err(|_| StoreError::malformed(column))
}

pub(super) fn count(row: &Row<'_>, column: usize) -> Result<usize, StoreError> {
    let number: i64 = row.get(column)?;
    usize::try_from(number).map_err(|_| StoreError::malformed(column))
}

pub(super) fn signed(number: usize) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}
