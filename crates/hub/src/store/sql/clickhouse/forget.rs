//! Forgetting what is too old and erasing firms, in ClickHouse.

use super::super::SqlStore;
use super::super::engine::{Transaction, params};
use super::super::rollups::{day_of, first_whole_day};
use super::feed::set_findings;
use super::rows::Rows;
use super::{ClickHouse, MONTH_DAYS, OF_FIRMS, WEEK_DAYS, WEEK_HOURS};
use crate::store::StoreError;
use crate::store::keep::{Forgotten, KeepSince};

/// Hours of a day.
const DAY_HOURS: i64 = 24;

/// What of a table is too old.
struct Old {
    table: &'static str,
    /// The column by which it is divided, and how much of it a partition holds.
    column: &'static str,
    width: i64,
    /// In partitions from here on there is nothing old.
    before: i64,
    /// Which rows are old.
    condition: String,
}

impl SqlStore {
    /// Forgets in ClickHouse what is too old; how many rows went.
    pub(in super::super) fn forget_carried(
        &self,
        grown: &ClickHouse,
        since: &KeepSince,
    ) -> Result<Forgotten, StoreError> {
        grown.make()?;
        self.alone_with(|transaction, _| {
            let addresses = since.addresses.as_millis();
            let sightings = grown.forget(&Old {
                table: "sighting",
                column: "day",
                width: WEEK_DAYS,
                // Whatever ended before a day began on it or earlier.
                before: day_of(since.addresses).saturating_add(1),
                condition: format!("first + lasted < {addresses}"),
            })?;
            if sightings > 0 {
                let mut findings = all_firms(transaction)?;
                findings.extend(grown.findings()?);
                set_findings(transaction, &findings)?;
            }
            let hour = first_whole_day(since.addresses).saturating_mul(DAY_HOURS);
            let hours = grown.forget(&Old {
                table: "rollup_hour",
                column: "hour",
                width: WEEK_HOURS,
                before: hour,
                condition: format!("hour < {hour}"),
            })?;
            let day = day_of(since.counts);
            let days = grown.forget(&Old {
                table: "rollup_day",
                column: "day",
                width: MONTH_DAYS,
                before: day,
                condition: format!("day < {day}"),
            })?;
            Ok(Forgotten {
                sightings,
                edges: 0,
                counts: hours.saturating_add(days),
            })
        })
    }

    /// Takes firms that were erased out of ClickHouse, and writes down that they are gone. A firm that
    /// was erased while ClickHouse was away waits here.
    pub(in super::super) fn purge(&self, grown: &ClickHouse) -> Result<usize, StoreError> {
        let waiting = self.read(|connection| {
            connection
                .prepare_cached("SELECT number FROM erased WHERE gone = 0 ORDER BY number")?
                .query_map([], |row| row.get(0))?
                .collect::<Result<Vec<i64>, _>>()
        })?;
        let mut rows = 0_usize;
        for firm in waiting {
            grown.make()?;
            rows = rows.saturating_add(self.alone_with(|transaction, _| {
                let rows = grown.erase(firm)?;
                transaction.execute("UPDATE erased SET gone = 1 WHERE number = ?1", [firm])?;
                Ok(rows)
            })?);
        }
        Ok(rows)
    }
}

/// Writes down that a firm has to go from ClickHouse too, before its number is forgotten.
pub(in super::super) fn note_erased(
    transaction: &Transaction<'_>,
    member: crate::id::MemberId,
    is_carried: bool,
) -> Result<(), StoreError> {
    if !is_carried {
        return Ok(());
    }
    transaction.execute(
        "INSERT INTO erased (number, gone) SELECT number, 0 FROM firm WHERE member = ?1",
        params![member],
    )?;
    Ok(())
}

/// All firms, each with nothing.
fn all_firms(
    transaction: &Transaction<'_>,
) -> Result<std::collections::BTreeMap<i64, i64>, StoreError> {
    transaction
        .prepare_cached("SELECT number FROM firm")?
        .query_map([], |row| Ok((row.get(0)?, 0)))?
        .collect()
}

impl ClickHouse {
    /// How many rows of a table are so.
    pub(super) fn count(&self, table: &str, condition: &str) -> Result<usize, StoreError> {
        let answer = self.ask(&format!(
            "SELECT count() FROM {table} WHERE {condition} FORMAT RowBinary"
        ))?;
        let count = Rows::new(&answer).u64()?;
        Ok(usize::try_from(count).unwrap_or(usize::MAX))
    }

    /// Drops the partitions in which every row is old, and deletes the old rows of the others. How many
    /// rows went.
    fn forget(&self, old: &Old) -> Result<usize, StoreError> {
        let Old {
            table,
            column,
            width,
            before,
            condition,
        } = old;
        let answer = self.ask(&format!(
            "SELECT DISTINCT toInt64OrZero(partition) FROM system.parts
             WHERE database = currentDatabase() AND table = '{table}' AND active
             FORMAT RowBinary"
        ))?;
        let (mut rows, mut gone) = (Rows::new(&answer), 0_usize);
        while rows.more() {
            let partition = rows.i64()?;
            // The one around zero reaches from the other side of it.
            let begin = if partition <= 0 {
                partition.saturating_sub(1)
            } else {
                partition
            };
            if begin.saturating_mul(*width) >= *before {
                continue;
            }
            let within = format!("intDiv({column}, {width}) = {partition}");
            let old = self.count(table, &format!("{within} AND {condition}"))?;
            if self.count(table, &within)? == old {
                self.ask(&format!("ALTER TABLE {table} DROP PARTITION {partition}"))?;
            } else if old > 0 {
                self.ask(&format!(
                    "DELETE FROM {table} WHERE {within} AND {condition}"
                ))?;
            }
            gone = gone.saturating_add(old);
        }
        Ok(gone)
    }

    /// Writes every part of every table that holds rows of a firm anew without them, and counts that
    /// none is left. How many rows went.
    fn erase(&self, firm: i64) -> Result<usize, StoreError> {
        let mut gone = 0_usize;
        let condition = format!("firm = {firm}");
        for table in OF_FIRMS {
            let rows = self.count(table, &condition)?;
            if rows == 0 {
                continue;
            }
            self.ask(&format!("ALTER TABLE {table} DELETE WHERE {condition}"))?;
            if self.count(table, &condition)? > 0 {
                return Err(StoreError::Engine("rows of an erased firm are left".into()));
            }
            gone = gone.saturating_add(rows);
        }
        Ok(gone)
    }
}
