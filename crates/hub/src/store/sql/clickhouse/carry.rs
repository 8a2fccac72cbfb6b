//! A store with its sightings in ClickHouse, moved or saved: everything it holds is put back into the
//! tables of a store that keeps its sightings itself.

use std::collections::BTreeMap;

use larum_core::finding::AttackOutcome;
use larum_core::sighting::Sighting;

use super::super::SqlStore;
use super::super::edges::note_waiting;
use super::super::engine::{Connection, Transaction, params};
use super::super::ingest::length;
use super::super::ingest_rows::{Kept, Place, keep_sightings, keep_words};
use super::super::rollups::{Cell, put_hours};
use super::rows::Rows;
use super::words::{COLUMNS, Word, word};
use super::{ClickHouse, OF_FIRMS, WEEK_HOURS};
use crate::store::StoreError;
use crate::store::packed;

/// Tables about where sightings are: never copied.
pub const ABOUT_PLACES: [&str; 3] = ["feed", "longest", "erased"];
/// Tables that stand empty while the sightings are in ClickHouse, or hold what waits.
pub const CARRIED: [&str; 7] = [
    "chunk",
    "finding",
    "stale",
    "edge",
    "edge_sorted",
    "rollup_hour",
    "rollup_day",
];
/// Sightings asked for at once, about.
const MAX_WINDOW: i64 = 100_000;
/// How often it is tried to find nothing half carried.
const ATTEMPTS: usize = 10;

impl SqlStore {
    /// Runs `work` while no group of blocks is half carried and nobody begins another.
    pub(in super::super) fn at_rest<T>(
        &self,
        mut work: impl FnMut(&ClickHouse) -> Result<T, StoreError>,
    ) -> Result<Option<T>, StoreError> {
        let Some(grown) = &self.grown else {
            return Ok(None);
        };
        for _ in 0..ATTEMPTS {
            self.feed_all()?;
            let done = self.alone_with(|_, state| {
                if state.until > state.done {
                    return Ok(None);
                }
                work(grown).map(Some)
            })?;
            if done.is_some() {
                return Ok(done);
            }
        }
        Err(StoreError::Contended)
    }

    /// Carries everything over and compares the number of findings there with the number counted here.
    ///
    /// # Errors
    /// When a count differs; and as [`Self::feed`].
    pub(in super::super) fn feed_and_compare(&self) -> Result<(), StoreError> {
        self.feed_all()?;
        let Some(grown) = &self.grown else {
            return Ok(());
        };
        let counted = self.read(|connection| {
            connection
                .prepare_cached("SELECT number, findings FROM firm WHERE findings > 0")?
                .query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?
                .collect::<Result<BTreeMap<i64, i64>, _>>()
        })?;
        if grown.findings()? == counted {
            return Ok(());
        }
        Err(StoreError::Engine(
            "findings differ after they were carried over".into(),
        ))
    }
}

/// Says that what the tables hold now is to be taken over.
///
/// # Errors
/// The engine's.
pub fn adopt(transaction: &Transaction<'_>) -> Result<(), StoreError> {
    transaction.execute(
        "UPDATE feed SET done = 0, until = 0,
             adopted = (SELECT coalesce(max(receipt), 0) FROM batch)",
        [],
    )?;
    Ok(())
}

impl ClickHouse {
    /// Whether nobody has carried anything there yet.
    ///
    /// # Errors
    /// [`StoreError::NotEmpty`] when it holds something, and when it does not answer.
    pub fn must_be_empty(&self) -> Result<(), StoreError> {
        for table in OF_FIRMS {
            if self.count(table, "1")? > 0 {
                return Err(StoreError::NotEmpty);
            }
        }
        Ok(())
    }
}

/// Puts what ClickHouse holds, and what waits in `from`, into the tables of `to`, whose firms, batches
/// and collectors are there already.
///
/// # Errors
/// The engines'.
pub fn put_back(
    grown: &ClickHouse,
    from: &Connection<'_>,
    to: &Transaction<'_>,
) -> Result<(), StoreError> {
    let mut put_back = words(grown, from, to)?;
    let there: i64 = grown.findings()?.values().sum();
    if put_back.new != usize::try_from(there).unwrap_or(usize::MAX) {
        return Err(StoreError::Engine(
            "findings differ after they were put back".into(),
        ));
    }
    hours(grown, to)?;
    days(grown, to)?;
    put_back.words = put_back.words.saturating_add(waiting(from, to)?);
    note_waiting(to, put_back.words)
}

/// The words as blocks of the batches that brought them, as if these came again; how many of them wait to
/// be sorted, and how many findings they tell of.
fn words(
    grown: &ClickHouse,
    from: &Connection<'_>,
    to: &Transaction<'_>,
) -> Result<Kept, StoreError> {
    let sizes = from
        .prepare_cached("SELECT receipt, sightings FROM batch ORDER BY receipt")?
        .query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?
        .collect::<Result<Vec<(i64, i64)>, _>>()?;
    let (mut after, mut held, mut done) = (0_i64, 0_i64, Kept::default());
    let newest = sizes.last().map(|(receipt, _)| *receipt);
    for (receipt, sightings) in sizes {
        held = held.saturating_add(sightings);
        if held < MAX_WINDOW && Some(receipt) != newest {
            continue;
        }
        let answer = grown.ask(&format!(
            "SELECT {COLUMNS} FROM sighting FINAL WHERE receipt > {after} AND receipt <= {receipt}
             ORDER BY receipt, day, id FORMAT RowBinary"
        ))?;
        let mut rows = Rows::new(&answer);
        let mut block: Vec<Word> = Vec::new();
        while rows.more() {
            let word = Word::read(&mut rows)?;
            if block
                .first()
                .is_some_and(|first| first.receipt != word.receipt)
            {
                put_block(to, &block, &mut done)?;
                block.clear();
            }
            block.push(word);
        }
        put_block(to, &block, &mut done)?;
        (after, held) = (receipt, 0);
        note_waiting(to, std::mem::take(&mut done.words))?;
    }
    Ok(done)
}

fn put_block(to: &Transaction<'_>, block: &[Word], done: &mut Kept) -> Result<(), StoreError> {
    let Some(first) = block.first() else {
        return Ok(());
    };
    let place = Place {
        firm: first.firm,
        sender: first.sender,
        receipt: first.receipt,
    };
    let words: Vec<Sighting> = block.iter().map(|word| word.sighting.clone()).collect();
    // The sums are put back as they are: they may be kept longer.
    let (kept, _) = keep_words(to, &place, &words)?;
    done.new = done.new.saturating_add(kept.new);
    done.words = done.words.saturating_add(kept.words);
    Ok(())
}

/// The hourly sums, a week at a time.
fn hours(grown: &ClickHouse, to: &Transaction<'_>) -> Result<(), StoreError> {
    let answer = grown
        .ask("SELECT min(hour), max(hour) FROM rollup_hour HAVING count() > 0 FORMAT RowBinary")?;
    let mut rows = Rows::new(&answer);
    if !rows.more() {
        return Ok(());
    }
    let (mut at, last) = (rows.i32()?, rows.i32()?);
    // Whole days at a time, as a day is one row there.
    at = at.saturating_sub(at.rem_euclid(WEEK_HOURS));
    while at <= last {
        let end = at.saturating_add(WEEK_HOURS);
        let answer = grown.ask(&format!(
            "SELECT firm, hour, outcome, sum(events), sum(findings) FROM rollup_hour FINAL
             WHERE hour >= {at} AND hour < {end}
             GROUP BY firm, hour, outcome ORDER BY firm FORMAT RowBinary"
        ))?;
        let mut rows = Rows::new(&answer);
        let mut of_firm: Vec<(Cell, (i64, i64))> = Vec::new();
        let mut firm = 0;
        while rows.more() {
            let number = rows.u32()?;
            if number != firm {
                put_hours(to, firm, &of_firm)?;
                of_firm.clear();
                firm = number;
            }
            let (hour, outcome) = (rows.i32()?, word(&mut rows, AttackOutcome::from_word)?);
            of_firm.push(((hour, outcome), (rows.i64()?, rows.i64()?)));
        }
        put_hours(to, firm, &of_firm)?;
        at = end;
    }
    Ok(())
}

/// The daily sums.
fn days(grown: &ClickHouse, to: &Transaction<'_>) -> Result<(), StoreError> {
    let mut insert = to.prepare_cached(
        "INSERT INTO rollup_day (firm, day, outcome, events, findings)
         VALUES (?1, ?2, ?3, ?4, ?5)",
    )?;
    let answer = grown.ask(
        "SELECT firm, day, outcome, sum(events), sum(findings) FROM rollup_day FINAL
         GROUP BY firm, day, outcome FORMAT RowBinary",
    )?;
    let mut rows = Rows::new(&answer);
    while rows.more() {
        let (firm, day, outcome) = (rows.u32()?, rows.i32()?, rows.text()?.to_owned());
        let (events, findings) = (rows.i64()?, rows.i64()?);
        insert.execute(params![firm, day, outcome, events, findings])?;
    }
    Ok(())
}

/// What waits to be carried over is counted the usual way; how many of it wait to be sorted.
fn waiting(from: &Connection<'_>, to: &Transaction<'_>) -> Result<usize, StoreError> {
    let mut statement =
        from.prepare_cached("SELECT receipt, firm, sender, body FROM chunk ORDER BY receipt")?;
    let (mut rows, mut words) = (statement.query([])?, 0_usize);
    while let Some(row) = rows.next()? {
        let place = Place {
            receipt: row.get(0)?,
            firm: row.get(1)?,
            sender: row.get(2)?,
        };
        let body: Vec<u8> = row.get(3)?;
        let block = packed::unpack(&body).ok_or_else(|| StoreError::malformed(3))?;
        let kept = keep_sightings(to, &place, &block)?;
        words = words.saturating_add(kept.words);
        to.execute(
            "UPDATE firm SET findings = findings + ?2 WHERE number = ?1",
            params![place.firm, length(kept.new)],
        )?;
    }
    Ok(words)
}
