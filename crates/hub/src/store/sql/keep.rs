//! Forgetting and erasing.

use std::collections::HashSet;

use larum_core::sighting::Sighting;
use larum_core::time::Timestamp;

use super::audit::append;
use super::edges::{self, sort_waiting};
use super::engine::{Connection, ToValue, Transaction, params};
use super::findings::{Findings, count_gone, short_id};
use super::ingest_rows::ends;
use super::pages_sightings::stale;
use super::rollups::{day_of, first_whole_day};
use super::tables::{self, LEDGER, Table};
use super::{Engine, SqlStore};
use crate::id::MemberId;
use crate::store::StoreError;
use crate::store::audit::{Actor, Entry};
use crate::store::keep::{Forgotten, KeepSince, KeepStore, MAX_FORGOTTEN_ROWS};
use crate::store::packed;

/// Blocks of sightings looked into in one transaction at most.
const MAX_FORGOTTEN_BLOCKS: u32 = 200;
/// Closed threats deleted in one transaction at most.
const MAX_FORGOTTEN_THREATS: u32 = 50;

impl KeepStore for SqlStore {
    fn forget_old(&self, since: &KeepSince) -> Result<Forgotten, StoreError> {
        let tables = tables::all()?;
        let (addresses, counts) = (since.addresses.as_millis(), since.counts.as_millis());
        let carried = match &self.grown {
            Some(grown) => self.forget_carried(grown, since)?,
            None => Forgotten::default(),
        };
        self.write(|transaction| {
            let delete = |table: &str, key: &str, old: &str, before: i64| {
                let sql = format!(
                    "DELETE FROM {table} WHERE ({key}) IN
                        (SELECT {key} FROM {table} WHERE {old} LIMIT {MAX_FORGOTTEN_ROWS})"
                );
                transaction.execute(&sql, [before])
            };
            let mut forgotten = carried;
            // What waits to be carried over is not old, or goes as soon as it was.
            if self.grown.is_none() {
                forgotten.sightings = forget_sightings(transaction, addresses)?;
                sort_waiting(transaction)?;
            }
            let whole = first_whole_day(since.addresses);
            let edges = delete("edge", "day, key, receipt", "day < ?1", whole)?;
            let mut gone = forget_threats(transaction, &tables, counts)?;
            gone += delete("rollup_hour", "firm, day", "day < ?1", whole)?;
            let day = day_of(since.counts);
            gone += delete("rollup_day", "firm, day, outcome", "day < ?1", day)?;
            // The newest batch of a collector stays, to tell a repeated one from a forked chain.
            let old = "received < ?1 AND EXISTS (SELECT 1 FROM sender
                JOIN collector ON collector.id = sender.collector
                WHERE sender.number = batch.sender
                  AND collector.next_sequence > batch.sequence + 1)";
            gone += delete("batch", "receipt", old, counts)?;
            forgotten.edges += edges;
            forgotten.counts += gone;
            Ok(forgotten)
        })
    }

    fn erase_member(
        &self,
        by: &Actor,
        member: MemberId,
        now: Timestamp,
    ) -> Result<usize, StoreError> {
        let tables = tables::all()?;
        let entry = Entry {
            action: "erase-member".to_owned(),
            member: Some(member),
            subject: member.to_string(),
        };
        let mut rows = self.write(|transaction| {
            super::clickhouse::note_erased(transaction, member, self.grown.is_some())?;
            let rows = erase(transaction, &tables, member)?;
            append(transaction, by, &entry, now)?;
            Ok(rows)
        })?;
        self.scrub()?;
        if let Some(grown) = &self.grown {
            rows += self.purge(grown)?;
        }
        Ok(rows)
    }
}

impl SqlStore {
    /// Writes the store anew without what was deleted. A database server's log and copies are its
    /// operator's.
    fn scrub(&self) -> Result<(), StoreError> {
        match &self.engine {
            Engine::Sqlite(engine) => engine.scrub(),
            Engine::Postgres(engine) => {
                let tables = tables::all()?;
                engine.scrub(tables.iter().map(|table| table.name.as_str()))
            }
        }
    }

    /// Gives back the room of what was deleted from a table. An embedded store uses it again by itself.
    ///
    /// # Errors
    /// The engine's.
    pub(super) fn give_back(&self, table: &str) -> Result<(), StoreError> {
        match &self.engine {
            Engine::Sqlite(_) => Ok(()),
            Engine::Postgres(engine) => engine.give_back(table),
        }
    }
}

fn erase(
    transaction: &Transaction<'_>,
    tables: &[Table],
    member: MemberId,
) -> Result<usize, StoreError> {
    let found: i64 = transaction.query_row(
        "SELECT count(*) FROM member WHERE id = ?1",
        params![member],
        |row| row.get(0),
    )?;
    if found == 0 {
        return Err(StoreError::NotFound);
    }
    if let Connection::Postgres(session) = transaction {
        session.batch("SET LOCAL statement_timeout = 0")?;
    }
    let root = Root {
        table: "member",
        condition: "id = ?1",
        named: Some("member"),
    };
    let shared = edges::erase(transaction, member)?;
    let rows = shared + delete_about(transaction, tables, &root, &member)?;
    // What the watch keeps in mind names members too; it makes it anew from what is left.
    Ok(rows + transaction.execute("DELETE FROM watch_state", [])?)
}

/// Takes sightings that ended before `before` out of their blocks; how many words went.
fn forget_sightings(transaction: &Transaction<'_>, before: i64) -> Result<usize, StoreError> {
    let blocks = transaction
        .prepare_cached(&format!(
            "SELECT receipt, firm, body FROM chunk WHERE oldest < ?1
             ORDER BY oldest LIMIT {MAX_FORGOTTEN_BLOCKS}"
        ))?
        .query_map([before], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?
        .collect::<Result<Vec<(i64, i64, Vec<u8>)>, _>>()?;
    let most = usize::try_from(MAX_FORGOTTEN_ROWS).unwrap_or(usize::MAX);
    let mut gone = 0;
    for (receipt, firm, body) in blocks {
        let words = packed::unpack(&body).ok_or_else(|| StoreError::malformed(2))?;
        let (kept, old): (Vec<Sighting>, Vec<Sighting>) = words
            .into_iter()
            .partition(|word| word.last.as_millis() >= before);
        gone += old.len();
        forget_words(transaction, (receipt, firm), &old)?;
        if kept.is_empty() {
            transaction.execute("DELETE FROM chunk WHERE receipt = ?1", [receipt])?;
        } else {
            let (oldest, newest) = ends(kept.iter());
            transaction.execute(
                "UPDATE chunk SET oldest = ?2, newest = ?3, body = ?4 WHERE receipt = ?1",
                params![receipt, oldest, newest, packed::pack(&kept)],
            )?;
        }
        if gone >= most {
            break;
        }
    }
    Ok(gone)
}

/// Forgets where words stood; where it was the latest about a finding, the finding is gone.
fn forget_words(
    transaction: &Transaction<'_>,
    (receipt, firm): (i64, i64),
    words: &[Sighting],
) -> Result<(), StoreError> {
    let (mut findings, mut gone) = (Findings::of(firm), 0_usize);
    findings.read(transaction, words.iter().map(|word| day_of(word.first)))?;
    let mut old = HashSet::new();
    for word in words {
        let id = short_id(&word.id);
        let finding = (day_of(word.first), id);
        gone += usize::from(findings.forget(transaction, finding, receipt)?);
        old.insert(id);
    }
    findings.put(transaction)?;
    count_gone(transaction, firm, gone)?;
    let mut left: Vec<i64> = stale(transaction, receipt)?
        .difference(&old)
        .copied()
        .collect();
    if left.is_empty() {
        transaction.execute("DELETE FROM stale WHERE receipt = ?1", [receipt])?;
        return Ok(());
    }
    left.sort_unstable();
    let mut list = Vec::new();
    packed::add_ids(&mut list, &left);
    transaction.execute(
        "UPDATE stale SET words = ?2 WHERE receipt = ?1",
        params![receipt, list],
    )?;
    Ok(())
}

/// Deletes threats closed before `before`, with everything that belongs to them.
fn forget_threats(
    transaction: &Transaction<'_>,
    tables: &[Table],
    before: i64,
) -> Result<usize, StoreError> {
    let condition = format!(
        "id IN (SELECT id FROM threat WHERE closed < ?1 ORDER BY id LIMIT {MAX_FORGOTTEN_THREATS})"
    );
    let root = Root {
        table: "threat",
        condition: &condition,
        named: None,
    };
    delete_about(transaction, tables, &root, &before)
}

/// Where a search for rows begins.
struct Root<'r> {
    /// The table.
    table: &'r str,
    /// Which of its rows, by parameter `?1`.
    condition: &'r str,
    /// A column that holds `?1` wherever it occurs.
    named: Option<&'r str>,
}

/// Deletes the rows of `root` and all that point to them, the last first.
fn delete_about(
    transaction: &Transaction<'_>,
    tables: &[Table],
    root: &Root<'_>,
    value: &dyn ToValue,
) -> Result<usize, StoreError> {
    let mut rows = 0;
    for table in tables.iter().rev().filter(|table| table.name != LEDGER) {
        if let Some(about) = about(table, tables, root) {
            let sql = format!("DELETE FROM {} WHERE {about}", table.name);
            rows += transaction.execute(&sql, &[value][..])?;
        }
    }
    Ok(rows)
}

/// The condition by which a row of `table` is about `root`: it names it, or points to what does.
/// `None` for tables that have nothing to do with it.
fn about(table: &Table, tables: &[Table], root: &Root<'_>) -> Option<String> {
    if table.name == root.table {
        return Some(root.condition.to_owned());
    }
    let named = table
        .columns
        .iter()
        .filter(|(column, _)| Some(column.as_str()) == root.named)
        .map(|(column, _)| format!("{column} = ?1"));
    let through = table
        .references
        .iter()
        .filter(|(column, to, _)| Some(column.as_str()) != root.named && *to != table.name)
        .filter_map(|(column, to, there)| {
            let other = tables.iter().find(|other| other.name == *to)?;
            let about = about(other, tables, root)?;
            Some(format!(
                "{column} IN (SELECT {there} FROM {to} WHERE {about})"
            ))
        });
    let conditions: Vec<String> = named.chain(through).collect();
    (!conditions.is_empty()).then(|| conditions.join(" OR "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_about_a_member_is_found_through_others() {
        let tables = tables::all().unwrap();
        let root = Root {
            table: "member",
            condition: "id = ?1",
            named: Some("member"),
        };
        let check = |name: &str, expected: Option<&str>| {
            let table = tables.iter().find(|table| table.name == name).unwrap();
            assert_eq!(about(table, &tables, &root).as_deref(), expected, "{name}");
        };
        let firm = "firm IN (SELECT number FROM firm WHERE member = ?1)";
        check("finding", Some(firm));
        // Rows that firms share are no firm's; erasing goes through them.
        check("edge", None);
        let sender = format!(
            "sender IN (SELECT number FROM sender WHERE {firm} OR collector IN \
             (SELECT id FROM collector WHERE member = ?1))"
        );
        check("batch", Some(&sender));
        check("chunk", Some(&format!("{firm} OR {sender}")));
        check("member", Some("id = ?1"));
        check(
            "session",
            Some("person IN (SELECT id FROM person WHERE member = ?1)"),
        );
        check("threat", None);
        check("setting", None);
    }
}
