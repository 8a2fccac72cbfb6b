//! Ingest: batches, signs of life, what a collector fetches. What a batch brings is in
//! `ingest_rows.rs`.

use std::collections::BTreeMap;

use super::engine::{Connection, OptionalExtension as _, Transaction, params};
use data_encoding::HEXLOWER_PERMISSIVE;
use larum_core::time::Timestamp;

use super::SqlStore;
use super::edges::note_waiting;
use super::ingest_rows::{Kept, Place, keep_sightings, put_chunk};
use crate::id::{CollectorId, MemberId};
use crate::store::StoreError;
use crate::store::ingest::{
    BatchAnswer, Behind, ChainConflict, CheckedBatch, Counted, IngestStore, Totals,
};

impl IngestStore for SqlStore {
    fn count_batches(
        &self,
        batches: &[CheckedBatch],
        now: Timestamp,
    ) -> Result<Vec<BatchAnswer>, StoreError> {
        self.write_beside(|transaction| {
            // Receipts become visible in their order: the watch goes on from the newest it saw.
            transaction.in_order()?;
            let mut waiting = 0;
            let answers = batches
                .iter()
                .map(|batch| match self.count_one(transaction, batch, now) {
                    Err(StoreError::NotFound) => Ok(BatchAnswer::Unknown),
                    Ok((answer, words)) => {
                        waiting += words;
                        Ok(answer)
                    }
                    Err(error) => Err(error),
                })
                .collect::<Result<_, _>>()?;
            if waiting > 0 {
                note_waiting(transaction, waiting)?;
            }
            Ok(answers)
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

    fn note_over_quota(&self, collector: CollectorId, now: Timestamp) -> Result<(), StoreError> {
        self.write_beside(|transaction| {
            transaction.execute(
                "UPDATE collector SET over_quota = ?2 WHERE id = ?1",
                params![collector, now.as_millis()],
            )?;
            Ok(())
        })
    }

    fn note_network(
        &self,
        collector: CollectorId,
        network: Option<&str>,
    ) -> Result<(), StoreError> {
        let known: Option<Option<String>> = self.read(|connection| {
            connection
                .prepare_cached("SELECT network FROM collector WHERE id = ?1")?
                .query_row(params![collector], |row| row.get(0))
                .optional()
        })?;
        if known.is_none_or(|known| known.as_deref() == network) {
            return Ok(());
        }
        self.write_beside(|transaction| {
            transaction.execute(
                "UPDATE collector SET network = ?2 WHERE id = ?1",
                params![collector, network],
            )?;
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

    fn prove_writable(&self, now: Timestamp) -> Result<Option<Timestamp>, StoreError> {
        self.write_beside(|transaction| {
            transaction.execute(
                "INSERT INTO setting (name, value) VALUES ('written', ?1)
                 ON CONFLICT (name) DO UPDATE SET value = excluded.value",
                [now.as_millis().to_be_bytes().to_vec()],
            )?;
            transaction
                .prepare_cached("SELECT at FROM watch_look ORDER BY id DESC LIMIT 1")?
                .query_row([], |row| row.get(0).map(Timestamp::from_millis))
                .optional()
        })
    }

    fn totals(&self) -> Result<Totals, StoreError> {
        self.read(|connection| {
            connection
                .prepare_cached(
                    "SELECT coalesce(sum(batches), 0), coalesce(sum(sightings), 0),
                            coalesce(sum(findings), 0),
                            (SELECT count(*) FROM collector WHERE conflict IS NOT NULL)
                     FROM firm",
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

    fn behind(&self) -> Result<Behind, StoreError> {
        if self.grown.is_none() {
            return Ok(Behind::default());
        }
        self.read(|connection| {
            connection.query_row(
                "SELECT count(*), min(batch.received)
                 FROM chunk JOIN batch ON batch.receipt = chunk.receipt",
                [],
                |row| {
                    let since: Option<i64> = row.get(1)?;
                    Ok(Behind {
                        batches: u64::try_from(row.get::<i64>(0)?).unwrap_or_default(),
                        since: since.map(Timestamp::from_millis),
                    })
                },
            )
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

impl SqlStore {
    /// Counts one batch, if it is the next of its collector; how many sightings wait in its block to be
    /// sorted.
    fn count_one(
        &self,
        transaction: &Transaction<'_>,
        batch: &CheckedBatch,
        now: Timestamp,
    ) -> Result<(BatchAnswer, usize), StoreError> {
        let (member, expected, head) = position(transaction, batch.collector)?;
        if batch.sequence != expected || batch.previous != head {
            if let Some((sha256, counted)) = counted_before(transaction, batch)?
                && sha256 == digest(&batch.sha256)
            {
                return Ok((BatchAnswer::Counted(counted), 0));
            }
            transaction.execute(
                "UPDATE collector SET conflict = ?2 WHERE id = ?1",
                params![batch.collector, now.as_millis()],
            )?;
            return Ok((BatchAnswer::Conflict(ChainConflict { expected }), 0));
        }
        let (sender, firm) = sender(transaction, member, batch.collector)?;
        let receipt = insert_batch(transaction, sender, batch, now)?;
        let place = Place {
            firm,
            sender,
            receipt,
        };
        let Kept { new, words } = if self.grown.is_none() {
            keep_sightings(transaction, &place, &batch.sightings)?
        } else {
            // It waits to be carried over; which findings are new is told then, and nothing is sorted here.
            if !batch.sightings.is_empty() {
                put_chunk(transaction, &place, &batch.sightings, &[])?;
            }
            Kept::default()
        };
        transaction
            .prepare_cached(
                "UPDATE firm SET batches = batches + 1, sightings = sightings + ?2,
                             findings = findings + ?3
             WHERE number = ?1",
            )?
            .execute(params![firm, length(batch.sightings.len()), length(new)])?;
        let counted = Counted {
            receipt: unsigned(receipt),
            received: Timestamp::from_millis(now.as_millis()),
            set_aside: batch.set_aside.clone(),
            fresh: true,
        };
        Ok((BatchAnswer::Counted(counted), words))
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

/// The numbers of a collector and its firm, given now if they have none yet.
fn sender(
    transaction: &Transaction<'_>,
    member: MemberId,
    collector: CollectorId,
) -> Result<(i64, i64), StoreError> {
    let known = transaction
        .prepare_cached("SELECT number, firm FROM sender WHERE collector = ?1")?
        .query_row([collector], |row| Ok((row.get(0)?, row.get(1)?)))
        .optional()?;
    if let Some(known) = known {
        return Ok(known);
    }
    transaction.execute(
        "INSERT INTO firm (member, batches, sightings, findings) VALUES (?1, 0, 0, 0)
         ON CONFLICT (member) DO NOTHING",
        [member],
    )?;
    transaction.query_row(
        "INSERT INTO sender (collector, firm) SELECT ?1, number FROM firm WHERE member = ?2
         RETURNING number, firm",
        params![collector, member],
        |row| Ok((row.get(0)?, row.get(1)?)),
    )
}

fn counted_before(
    connection: &Connection<'_>,
    batch: &CheckedBatch,
) -> Result<Option<(Vec<u8>, Counted)>, StoreError> {
    connection
        .prepare_cached(
            "SELECT sha256, receipt, received, set_aside FROM batch
             WHERE sender = (SELECT number FROM sender WHERE collector = ?1) AND sequence = ?2",
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
    sender: i64,
    batch: &CheckedBatch,
    now: Timestamp,
) -> Result<i64, StoreError> {
    let receipt = transaction.query_row(
        "INSERT INTO batch (sender, sequence, sha256, received, sightings, set_aside)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6) RETURNING receipt",
        params![
            sender,
            signed(batch.sequence),
            digest(&batch.sha256),
            now.as_millis(),
            length(batch.sightings.len()),
            json_object(&batch.set_aside),
        ],
        |row| row.get(0),
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

/// The bytes of a hash in hexadecimal; its letters where it is none, so that two stay different.
fn digest(hex: &str) -> Vec<u8> {
    HEXLOWER_PERMISSIVE
        .decode(hex.as_bytes())
        .unwrap_or_else(|_| hex.as_bytes().to_vec())
}

fn json_object(reasons: &BTreeMap<String, u64>) -> String {
    let object: serde_json::Map<_, _> = reasons
        .iter()
        .map(|(reason, count)| (reason.clone(), (*count).into()))
        .collect();
    serde_json::Value::from(object).to_string()
}

pub(super) fn length(count: usize) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}

/// SQLite's integers are signed; a count beyond its range is kept as the greatest it can hold.
pub(super) fn signed(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

pub(super) fn unsigned(number: i64) -> u64 {
    u64::try_from(number).unwrap_or_default()
}
