//! Ingest.

use std::collections::BTreeMap;

use super::engine::{Connection, OptionalExtension as _, Transaction, params};
use larum_core::address::source_key;
use larum_core::sighting::Sighting;
use larum_core::time::Timestamp;
use larum_core::watch::fold::NO_SOURCE;

use super::SqlStore;
use crate::id::{CollectorId, MemberId};
use crate::store::StoreError;
use crate::store::ingest::{
    ChainConflict, CheckedBatch, Counted, IngestStore, MAX_BATCH_EDGES, MAX_EDGE_HOURS, Totals,
};

const HOUR_SECONDS: i64 = 3_600;

impl IngestStore for SqlStore {
    fn count_batch(
        &self,
        batch: &CheckedBatch,
        now: Timestamp,
    ) -> Result<Result<Counted, ChainConflict>, StoreError> {
        self.write_beside(|transaction| {
            let (member, expected, head) = position(transaction, batch.collector)?;
            if let Some((sha256, counted)) = counted_before(transaction, batch)?
                && sha256 == batch.sha256
            {
                return Ok(Ok(counted));
            }
            if batch.sequence != expected || batch.previous != head {
                transaction.execute(
                    "UPDATE collector SET conflict = ?2 WHERE id = ?1",
                    params![batch.collector, now.as_millis()],
                )?;
                return Ok(Err(ChainConflict { expected }));
            }
            for sighting in &batch.sightings {
                upsert_sighting(transaction, member, batch.collector, sighting)?;
            }
            // Last what other writers wait for: a receipt must not be seen before an earlier one,
            // since the watch goes on from the newest it saw.
            transaction.in_order()?;
            let receipt = insert_batch(transaction, batch, now)?;
            let mut edges_left = MAX_BATCH_EDGES;
            for sighting in &batch.sightings {
                upsert_edges(transaction, (member, receipt), sighting, &mut edges_left)?;
            }
            Ok(Ok(Counted {
                receipt,
                received: Timestamp::from_millis(now.as_millis()),
                set_aside: batch.set_aside.clone(),
                fresh: true,
            }))
        })
    }

    fn heartbeat(
        &self,
        collector: CollectorId,
        json: &str,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        self.write_beside(|transaction| {
            let changed = transaction.execute(
                "UPDATE collector SET last_seen = ?2, heartbeat = ?3 WHERE id = ?1",
                params![collector, now.as_millis(), json],
            )?;
            if changed == 0 {
                return Err(StoreError::NotFound);
            }
            Ok(())
        })
    }

    fn fetch_warnings(
        &self,
        member: MemberId,
        after: u64,
        limit: usize,
        now: Timestamp,
    ) -> Result<Vec<(u64, String)>, StoreError> {
        // Numbers the store never gave out: nothing can come after them.
        let Ok(after) = i64::try_from(after) else {
            return Ok(Vec::new());
        };
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        let found = self.read(|connection| {
            let mut statement = connection.prepare_cached(
                "SELECT id, body FROM warning
                 WHERE member = ?1 AND id > ?2 AND expires > ?3 ORDER BY id LIMIT ?4",
            )?;
            let rows = statement
                .query_map(params![member, after, now.as_millis(), limit], |row| {
                    Ok((unsigned(row.get(0)?), row.get(1)?))
                })?;
            rows.collect::<Result<Vec<(u64, String)>, _>>()
        })?;
        // Most calls find nothing, and then nothing is written.
        if !found.is_empty() {
            self.write_beside(|transaction| {
                let mut statement = transaction.prepare_cached(
                    "UPDATE warning SET delivered = ?2 WHERE id = ?1 AND delivered IS NULL",
                )?;
                for (id, _) in &found {
                    statement.execute(params![signed(*id), now.as_millis()])?;
                }
                Ok(())
            })?;
        }
        Ok(found)
    }

    fn totals(&self) -> Result<Totals, StoreError> {
        self.read(|connection| {
            connection
                .prepare_cached(
                    "SELECT (SELECT count(*) FROM batch),
                            (SELECT coalesce(sum(sightings), 0) FROM batch),
                            (SELECT count(*) FROM sighting),
                            (SELECT count(*) FROM collector WHERE conflict IS NOT NULL)",
                )?
                .query_row([], |row| {
                    Ok(Totals {
                        batches: unsigned(row.get(0)?),
                        arrived: unsigned(row.get(1)?),
                        findings: unsigned(row.get(2)?),
                        conflicts: unsigned(row.get(3)?),
                    })
                })
        })
    }

    fn newest_warning(&self) -> Result<u64, StoreError> {
        self.read(|connection| {
            connection
                .prepare_cached("SELECT coalesce(max(id), 0) FROM warning")?
                .query_row([], |row| Ok(unsigned(row.get(0)?)))
        })
    }
}

/// The collector's member, the number expected next, and the hash of the last batch counted.
fn position(
    transaction: &Transaction<'_>,
    collector: CollectorId,
) -> Result<(MemberId, u64, String), StoreError> {
    transaction
        .prepare_cached(&format!(
            "SELECT member, next_sequence, chain_head FROM collector WHERE id = ?1{}",
            transaction.for_update()
        ))?
        .query_row([collector], |row| {
            Ok((row.get(0)?, unsigned(row.get(1)?), row.get(2)?))
        })
}

fn counted_before(
    connection: &Connection<'_>,
    batch: &CheckedBatch,
) -> Result<Option<(String, Counted)>, StoreError> {
    connection
        .prepare_cached(
            "SELECT sha256, receipt, received, set_aside FROM batch
             WHERE collector = ?1 AND sequence = ?2",
        )?
        .query_row(params![batch.collector, signed(batch.sequence)], |row| {
            let set_aside: String = row.get(3)?;
            let counted = Counted {
                receipt: unsigned(row.get(1)?),
                received: Timestamp::from_millis(row.get(2)?),
                set_aside: serde_json::from_str(&set_aside).unwrap_or_default(),
                fresh: false,
            };
            Ok((row.get(0)?, counted))
        })
        .optional()
}

fn insert_batch(
    transaction: &Transaction<'_>,
    batch: &CheckedBatch,
    now: Timestamp,
) -> Result<u64, StoreError> {
    let receipt = transaction.query_row(
        "INSERT INTO batch (collector, sequence, sha256, received, sightings, set_aside)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6) RETURNING receipt",
        params![
            batch.collector,
            signed(batch.sequence),
            batch.sha256,
            now.as_millis(),
            signed(u64::try_from(batch.sightings.len()).unwrap_or(u64::MAX)),
            json_object(&batch.set_aside),
        ],
        |row| Ok(unsigned(row.get(0)?)),
    )?;
    transaction.execute(
        "UPDATE collector SET next_sequence = ?2, chain_head = ?3, last_seen = ?4 WHERE id = ?1",
        params![
            batch.collector,
            signed(batch.sequence.saturating_add(1)),
            batch.chain,
            now.as_millis()
        ],
    )?;
    Ok(receipt)
}

/// The later word about a finding replaces the earlier; an older one that arrives late (a smaller
/// count) changes nothing.
fn upsert_sighting(
    transaction: &Transaction<'_>,
    member: MemberId,
    collector: CollectorId,
    sighting: &Sighting,
) -> Result<(), StoreError> {
    let attack: Vec<&str> = sighting.attack.iter().map(AsRef::as_ref).collect();
    let sources: Vec<String> = sighting.sources.iter().map(ToString::to_string).collect();
    transaction
        .prepare_cached(
            "INSERT INTO sighting (member, id, collector, key, detector, category, attack, severity,
                                   confidence, outcome, first, last, count, sources)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14)
             ON CONFLICT (member, id) DO UPDATE SET
                 collector = excluded.collector, key = excluded.key, detector = excluded.detector,
                 category = excluded.category, attack = excluded.attack,
                 severity = excluded.severity, confidence = excluded.confidence,
                 outcome = excluded.outcome, 
                 first = CASE WHEN excluded.first < sighting.first
                     THEN excluded.first ELSE sighting.first END,
                 last = CASE WHEN excluded.last > sighting.last
                     THEN excluded.last ELSE sighting.last END, count = excluded.count,
                 sources = excluded.sources
             WHERE excluded.count >= sighting.count",
        )?
        .execute(params![
            member,
            sighting.id.to_string(),
            collector,
            sighting.key,
            &*sighting.detector,
            sighting.category.as_str(),
            json_list(&attack),
            sighting.severity.as_str(),
            sighting.confidence,
            sighting.outcome.as_str(),
            sighting.first.as_millis(),
            sighting.last.as_millis(),
            signed(sighting.count),
            json_list(&sources),
        ])?;
    Ok(())
}

/// One row per source and hour the sighting spans, which is what the watch counts.
fn upsert_edges(
    transaction: &Transaction<'_>,
    (member, receipt): (MemberId, u64),
    sighting: &Sighting,
    edges_left: &mut usize,
) -> Result<(), StoreError> {
    let last = sighting.last.floor_to(HOUR_SECONDS);
    let earliest = last.plus_seconds(-(MAX_EDGE_HOURS - 1) * HOUR_SECONDS);
    let mut first = sighting.first.floor_to(HOUR_SECONDS).max(earliest);
    let hours = usize::try_from((last.as_seconds() - first.as_seconds()) / HOUR_SECONDS + 1)
        .unwrap_or(usize::MAX);
    // Where nobody attacked from outside the key is a place, and the edge has no source.
    let no_source = [NO_SOURCE];
    let sources = if sighting.sources.is_empty() {
        &no_source[..]
    } else {
        &sighting.sources
    };
    let rows = hours.saturating_mul(sources.len());
    if rows > *edges_left {
        first = last;
    }
    *edges_left = edges_left.saturating_sub(rows);
    let mut statement = transaction.prepare_cached(
        "INSERT INTO edge (hour, key, member, source, count, receipt)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6)
         ON CONFLICT (hour, key, member, source) DO UPDATE SET count = excluded.count
         WHERE excluded.count > edge.count",
    )?;
    for source in sources {
        let source = source_key(*source).to_string();
        let mut hour = first;
        while hour <= last {
            statement.execute(params![
                hour.as_millis(),
                sighting.key,
                member,
                source,
                signed(sighting.count),
                signed(receipt)
            ])?;
            hour = hour.plus_seconds(HOUR_SECONDS);
        }
    }
    Ok(())
}

fn json_list<T: AsRef<str>>(items: &[T]) -> String {
    let items: Vec<&str> = items.iter().map(AsRef::as_ref).collect();
    serde_json::Value::from(items).to_string()
}

fn json_object(reasons: &BTreeMap<String, u64>) -> String {
    let object: serde_json::Map<_, _> = reasons
        .iter()
        .map(|(reason, count)| (reason.clone(), (*count).into()))
        .collect();
    serde_json::Value::from(object).to_string()
}

/// SQLite's integers are signed; a count beyond its range is kept as the greatest it can hold.
fn signed(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

fn unsigned(number: i64) -> u64 {
    u64::try_from(number).unwrap_or_default()
}
