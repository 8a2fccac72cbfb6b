//! Blocklists.

use std::collections::BTreeMap;
use std::net::IpAddr;

use super::engine::{OptionalExtension as _, Row, params};
use larum_core::time::Timestamp;
use larum_core::watch::fold::NO_SOURCE;

use super::SqlStore;
use super::edges::each_of_all;
use super::rollups::hour_start;
use super::watch::{address, count, hours, signed};
use crate::id::MemberId;
use crate::store::StoreError;
use crate::store::lists::{Device, Listed, Lists, MAX_DEVICES, PastEdge};

const DEVICE: &str =
    "SELECT id, member, name, size, created, fetched, secret_hash FROM blocklist_device";
const ENTRY: &str = "SELECT source, rank, witnesses, last, expires FROM blocklist_entry";

impl Lists for SqlStore {
    fn add_device(
        &self,
        member: MemberId,
        name: &str,
        secret_hash: &str,
        size: usize,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        self.write(|transaction| {
            let devices: i64 = transaction.query_row(
                "SELECT count(*) FROM blocklist_device WHERE member = ?1 AND revoked IS NULL",
                [member],
                |row| row.get(0),
            )?;
            if devices >= signed(MAX_DEVICES) {
                return Err(StoreError::Conflict("devices".to_owned()));
            }
            transaction.execute(
                "INSERT INTO blocklist_device (member, name, secret_hash, size, created)
                 VALUES (?1, ?2, ?3, ?4, ?5)",
                params![member, name, secret_hash, signed(size), now.as_millis()],
            )?;
            Ok(())
        })
    }

    fn devices(&self, member: MemberId) -> Result<Vec<Device>, StoreError> {
        self.read(|connection| {
            let sql = format!("{DEVICE} WHERE member = ?1 AND revoked IS NULL ORDER BY id");
            let mut statement = connection.prepare_cached(&sql)?;
            let rows = statement.query_map([member], device)?;
            rows.collect::<Result<_, _>>()
        })
    }

    fn revoke_device(&self, member: MemberId, id: u64, now: Timestamp) -> Result<(), StoreError> {
        let id = i64::try_from(id).map_err(|_| StoreError::NotFound)?;
        self.write(|transaction| {
            let changed = transaction.execute(
                "UPDATE blocklist_device SET revoked = ?3
                 WHERE id = ?1 AND member = ?2 AND revoked IS NULL",
                params![id, member, now.as_millis()],
            )?;
            if changed == 0 {
                return Err(StoreError::NotFound);
            }
            Ok(())
        })
    }

    fn device(&self, secret_hash: &str, now: Timestamp) -> Result<Device, StoreError> {
        let found = self.read(|connection| {
            let sql = format!("{DEVICE} WHERE secret_hash = ?1 AND revoked IS NULL");
            connection
                .prepare_cached(&sql)?
                .query_row([secret_hash], device)
        })?;
        // Who guesses writes nothing.
        self.write(|transaction| {
            transaction
                .prepare_cached("UPDATE blocklist_device SET fetched = ?2 WHERE secret_hash = ?1")?
                .execute(params![secret_hash, now.as_millis()])?;
            Ok(())
        })?;
        Ok(found)
    }

    fn list_readers(&self) -> Result<Vec<(MemberId, usize)>, StoreError> {
        self.read(|connection| {
            let mut statement = connection.prepare_cached(
                "SELECT member, max(size) FROM blocklist_device
                 WHERE revoked IS NULL GROUP BY member ORDER BY member",
            )?;
            let rows = statement.query_map([], |row| Ok((row.get(0)?, count(row, 1)?)))?;
            rows.collect::<Result<_, _>>()
        })
    }

    fn past_edges(&self, from: Timestamp, to: Timestamp) -> Result<Vec<PastEdge>, StoreError> {
        self.read(|connection| {
            let mut edges: BTreeMap<(i64, String, MemberId, IpAddr), u64> = BTreeMap::new();
            each_of_all(
                self.grown.as_deref(),
                connection,
                hours(from, to),
                |key, told| {
                    let sources = told.span.sources.iter();
                    for source in sources.filter(|source| **source != NO_SOURCE) {
                        for hour in told.hours.0..=told.hours.1 {
                            let known = edges
                                .entry((hour, key.to_owned(), told.member, *source))
                                .or_default();
                            *known = told.span.count.max(*known);
                        }
                    }
                },
            )?;
            let past = edges
                .into_iter()
                .map(|((hour, key, member, source), count)| PastEdge {
                    hour: hour_start(hour),
                    member,
                    source,
                    key,
                    count,
                });
            Ok(past.collect())
        })
    }

    fn put_list(&self, member: MemberId, entries: &[Listed]) -> Result<(), StoreError> {
        self.write_leading(|transaction| {
            transaction.execute("DELETE FROM blocklist_entry WHERE member = ?1", [member])?;
            let mut insert = transaction.prepare_cached(
                "INSERT INTO blocklist_entry (member, source, rank, witnesses, last, expires)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
            )?;
            for entry in entries {
                insert.execute(params![
                    member,
                    entry.source.to_string(),
                    signed(entry.rank),
                    signed(entry.witnesses),
                    entry.last.as_millis(),
                    entry.expires.as_millis()
                ])?;
            }
            Ok(())
        })
    }

    fn list(
        &self,
        member: MemberId,
        limit: usize,
        now: Timestamp,
    ) -> Result<Vec<Listed>, StoreError> {
        self.read(|connection| {
            let sql = format!(
                "{ENTRY} WHERE member = ?1 AND expires > ?2 AND NOT EXISTS (
                    SELECT 1 FROM blocklist_appeal
                    WHERE blocklist_appeal.member = blocklist_entry.member
                      AND blocklist_appeal.source = blocklist_entry.source)
                 ORDER BY rank LIMIT ?3"
            );
            let mut statement = connection.prepare_cached(&sql)?;
            let rows =
                statement.query_map(params![member, now.as_millis(), signed(limit)], listed)?;
            rows.collect::<Result<_, _>>()
        })
    }

    fn listed(&self, member: MemberId, source: IpAddr) -> Result<Option<Listed>, StoreError> {
        self.read(|connection| {
            let sql = format!("{ENTRY} WHERE member = ?1 AND source = ?2");
            connection
                .prepare_cached(&sql)?
                .query_row(params![member, source.to_string()], listed)
                .optional()
        })
    }

    fn appeal(&self, member: MemberId, source: IpAddr, now: Timestamp) -> Result<(), StoreError> {
        self.write(|transaction| {
            transaction.execute(
                "INSERT INTO blocklist_appeal (member, source, at) VALUES (?1, ?2, ?3)
                 ON CONFLICT (member, source) DO NOTHING",
                params![member, source.to_string(), now.as_millis()],
            )?;
            Ok(())
        })
    }

    fn appeals(&self, member: MemberId) -> Result<Vec<(IpAddr, Timestamp)>, StoreError> {
        self.read(|connection| {
            let mut statement = connection.prepare_cached(
                "SELECT source, at FROM blocklist_appeal WHERE member = ?1
                 ORDER BY at DESC, source",
            )?;
            let rows = statement.query_map([member], |row| {
                Ok((address(row, 0)?, Timestamp::from_millis(row.get(1)?)))
            })?;
            rows.collect::<Result<_, _>>()
        })
    }
}

fn device(row: &Row<'_>) -> Result<Device, StoreError> {
    let fetched: Option<i64> = row.get(5)?;
    Ok(Device {
        id: u64::try_from(row.get::<i64>(0)?).unwrap_or_default(),
        member: row.get(1)?,
        name: row.get(2)?,
        size: count(row, 3)?,
        created: Timestamp::from_millis(row.get(4)?),
        fetched: fetched.map(Timestamp::from_millis),
        secret_hash: row.get(6)?,
    })
}

fn listed(row: &Row<'_>) -> Result<Listed, StoreError> {
    Ok(Listed {
        source: address(row, 0)?,
        rank: count(row, 1)?,
        witnesses: count(row, 2)?,
        last: Timestamp::from_millis(row.get(3)?),
        expires: Timestamp::from_millis(row.get(4)?),
    })
}
