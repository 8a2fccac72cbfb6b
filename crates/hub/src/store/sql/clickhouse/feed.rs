//! Carrying blocks over into ClickHouse, in groups, each wholly and once.
//!
//! A group is chosen and written down before the first of its rows is sent, so that after a failure the
//! same group is carried again. What it comes to depends on its blocks and on what stood there before
//! it, which is told by the numbers of batches: so the same rows are sent again, over the same. The
//! group's blocks leave PostgreSQL in the transaction that says it is done.

use std::collections::BTreeMap;

use larum_core::sighting::Sighting;

use super::super::SqlStore;
use super::super::edges::spans_of;
use super::super::engine::{Connection, OptionalExtension as _, Transaction, params};
use super::super::ingest_rows::later_word;
use super::super::rollups::{Cell, Sums, each_hour_of_all};
use super::rows::{Rows, Writer};
use super::words::{COLUMNS, Finding, Word, day};
use super::{ClickHouse, Server};
use crate::store::StoreError;
use crate::store::packed;

/// Sightings of a group, about; a group is held in memory.
const MAX_GROUP_SIGHTINGS: i64 = 100_000;
/// Blocks of a group at most.
const MAX_GROUP_BLOCKS: i64 = 2_000;
/// Findings asked for in one statement: a text of 48 letters each, and as many words held.
const MAX_ASKED: usize = 50_000;
/// Blocks carried without a pause after which their room is given back at once. That of fewer is left to
/// the database's own cleaning, which comes minutes later.
const MANY_BLOCKS: usize = 200;
/// Rows of sums sent at once.
const SUM_ROWS: usize = 100_000;
/// Tables that are empty once their sums were taken over.
const EMPTIED: [&str; 6] = [
    "rollup_hour",
    "rollup_day",
    "edge",
    "edge_sorted",
    "finding",
    "stale",
];
/// The state of carrying, locked by whoever carries, forgets or erases.
const STATE: &str = "SELECT done, until, adopted FROM feed WHERE name = 'sightings'";

/// What a round carried.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Fed {
    /// Blocks.
    pub blocks: usize,
    /// Sightings in them.
    pub sightings: usize,
}

/// A block as it waits.
pub(super) struct Block {
    receipt: i64,
    firm: i64,
    sender: i64,
    words: Vec<Sighting>,
}

/// Where carrying stands: the newest batch carried, the newest of the group being carried, and the
/// newest that was counted in the database's own tables before ClickHouse was there.
#[derive(Clone, Copy)]
pub(super) struct State {
    pub done: i64,
    pub until: i64,
    pub adopted: i64,
}

impl SqlStore {
    /// The store with its sightings in ClickHouse. What is in the tables already is carried over by
    /// [`Self::feed`]. ClickHouse is not asked anything yet.
    ///
    /// # Errors
    /// When the server cannot be used, or the store fails.
    pub fn with_sightings_in(mut self, server: &Server) -> Result<Self, StoreError> {
        let grown = ClickHouse::new(server)?;
        self.write(|transaction| {
            // No batch may be counted the old way after the number of the newest was taken.
            transaction.in_order()?;
            transaction.execute(
                "INSERT INTO feed (name, done, until, adopted)
                 SELECT 'sightings', 0, 0, coalesce(max(receipt), 0) FROM batch WHERE 1 = 1
                 ON CONFLICT (name) DO NOTHING",
                [],
            )?;
            Ok(())
        })?;
        self.grown = Some(Box::new(grown));
        Ok(self)
    }

    /// Whether this store carries its sightings over into ClickHouse.
    #[must_use]
    pub const fn is_carried(&self) -> bool {
        self.grown.is_some()
    }

    /// Asks ClickHouse, if the sightings are there, whether it can be worked with.
    ///
    /// # Errors
    /// When it does not answer, or refuses.
    pub fn reach_clickhouse(&self) -> Result<(), StoreError> {
        match &self.grown {
            Some(grown) => grown.ask("SELECT 1 FORMAT RowBinary").map(drop),
            None => Ok(()),
        }
    }

    /// Whether the sightings of this store were ever carried over into ClickHouse.
    ///
    /// # Errors
    /// When the store fails.
    pub fn is_fed(&self) -> Result<bool, StoreError> {
        self.read(|connection| {
            connection.query_row("SELECT count(*) FROM feed", [], |row| {
                row.get::<i64>(0).map(|rows| rows > 0)
            })
        })
    }

    /// Carries one group of blocks over into ClickHouse, after what an earlier round left undone. Says
    /// nothing was carried when nothing waits, or the store keeps its sightings itself.
    ///
    /// # Errors
    /// When ClickHouse or the store fails: nothing is lost or doubled, another round goes on from here.
    pub fn feed(&self) -> Result<Fed, StoreError> {
        let Some(grown) = &self.grown else {
            return Ok(Fed::default());
        };
        grown.make()?;
        self.adopt_sums(grown)?;
        self.purge(grown)?;
        let chosen = self.write_beside(choose)?;
        if !chosen {
            return Ok(Fed::default());
        }
        self.alone_with(|transaction, state| {
            if state.until <= state.done {
                return Ok(Fed::default());
            }
            let blocks = waiting(transaction, &state)?;
            let group = send(grown, &state, &blocks)?;
            finish(transaction, &state, &group)?;
            Ok(Fed {
                blocks: blocks.len(),
                sightings: blocks.iter().map(|block| block.words.len()).sum(),
            })
        })
    }

    /// Carries everything that waits.
    ///
    /// # Errors
    /// As [`Self::feed`].
    pub fn feed_all(&self) -> Result<(), StoreError> {
        let mut carried = 0_usize;
        loop {
            let blocks = self.feed()?.blocks;
            carried = carried.saturating_add(blocks);
            if blocks == 0 {
                break;
            }
        }
        if carried >= MANY_BLOCKS {
            self.give_back("chunk")?;
        }
        Ok(())
    }

    /// Runs `work` while nobody else carries, forgets or erases. An error of ClickHouse is no reason
    /// to begin again at once.
    pub(super) fn alone_with<T>(
        &self,
        mut work: impl FnMut(&Transaction<'_>, State) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        self.write_beside(|transaction| {
            if let Connection::Postgres(session) = transaction {
                session.batch(
                    "SET LOCAL statement_timeout = 0;
                     SET LOCAL lock_timeout = 0;
                     SET LOCAL idle_in_transaction_session_timeout = 0",
                )?;
            }
            let state = state(transaction)?;
            Ok(work(transaction, state))
        })?
    }

    /// Takes the sums over that the database's own tables hold, and empties these: the blocks say the
    /// rest again.
    fn adopt_sums(&self, grown: &ClickHouse) -> Result<(), StoreError> {
        let empty = self.read(|connection| {
            connection.query_row(
                "SELECT CASE WHEN EXISTS (SELECT 1 FROM rollup_day) OR EXISTS (SELECT 1 FROM edge)
                          OR EXISTS (SELECT 1 FROM rollup_hour) OR EXISTS (SELECT 1 FROM finding)
                        THEN 0 ELSE 1 END",
                [],
                |row| row.get::<i64>(0),
            )
        })?;
        if empty == 1 {
            return Ok(());
        }
        self.alone_with(|transaction, _| {
            let mut hours = Sender::to(grown, "rollup_hour");
            each_hour_of_all(transaction, |firm, (hour, outcome), sum| {
                hours.put(((firm, hour), outcome.as_str()), 0, sum)
            })?;
            hours.send()?;
            let mut days = Sender::to(grown, "rollup_day");
            let mut statement = transaction
                .prepare_cached("SELECT firm, day, outcome, events, findings FROM rollup_day")?;
            let mut rows = statement.query([])?;
            while let Some(row) = rows.next()? {
                let outcome: String = row.get(2)?;
                let cell = ((row.get(0)?, row.get(1)?), &*outcome);
                days.put(cell, 0, (row.get(3)?, row.get(4)?))?;
            }
            days.send()?;
            for table in EMPTIED {
                transaction.execute(&format!("DELETE FROM {table}"), [])?;
            }
            Ok(())
        })
    }
}

/// Rows of sums on their way.
struct Sender<'g> {
    grown: &'g ClickHouse,
    table: &'static str,
    out: Writer,
    rows: usize,
}

impl<'g> Sender<'g> {
    fn to(grown: &'g ClickHouse, table: &'static str) -> Self {
        Self {
            grown,
            table,
            out: Writer::default(),
            rows: 0,
        }
    }

    /// Writes a row, named by the firm, its hour or day, the outcome and the group that says it.
    fn put(
        &mut self,
        ((firm, at), outcome): ((i64, i64), &str),
        group: i64,
        (events, findings): (i64, i64),
    ) -> Result<(), StoreError> {
        self.out.u32(firm);
        self.out.i32(at);
        self.out.bytes(outcome.as_bytes());
        self.out.i64(group);
        self.out.i64(events);
        self.out.i64(findings);
        self.rows += 1;
        if self.rows.is_multiple_of(SUM_ROWS) {
            self.grown
                .insert(self.table, std::mem::take(&mut self.out.0))?;
        }
        Ok(())
    }

    fn send(self) -> Result<(), StoreError> {
        self.grown.insert(self.table, self.out.0)
    }
}

/// Where carrying stands, locked until the transaction ends.
fn state(transaction: &Transaction<'_>) -> Result<State, StoreError> {
    transaction.query_row(&format!("{STATE}{}", transaction.for_update()), [], |row| {
        Ok(State {
            done: row.get(0)?,
            until: row.get(1)?,
            adopted: row.get(2)?,
        })
    })
}

/// Chooses the next group, unless one is being carried. Whether there is any.
fn choose(transaction: &Transaction<'_>) -> Result<bool, StoreError> {
    let state = state(transaction)?;
    if state.until > state.done {
        return Ok(true);
    }
    let waiting = transaction
        .prepare_cached(
            "SELECT chunk.receipt, batch.sightings
             FROM chunk JOIN batch ON batch.receipt = chunk.receipt
             WHERE chunk.receipt > ?1 ORDER BY chunk.receipt LIMIT ?2",
        )?
        .query_map([state.done, MAX_GROUP_BLOCKS], |row| {
            Ok((row.get(0)?, row.get(1)?))
        })?
        .collect::<Result<Vec<(i64, i64)>, _>>()?;
    let (mut until, mut sightings) = (None, 0_i64);
    for (receipt, count) in waiting {
        sightings = sightings.saturating_add(count);
        if until.is_some() && sightings > MAX_GROUP_SIGHTINGS {
            break;
        }
        until = Some(receipt);
    }
    let Some(until) = until else {
        return Ok(false);
    };
    transaction.execute(
        "UPDATE feed SET until = ?1 WHERE name = 'sightings'",
        [until],
    )?;
    Ok(true)
}

/// The blocks of the group.
fn waiting(transaction: &Transaction<'_>, state: &State) -> Result<Vec<Block>, StoreError> {
    transaction
        .prepare_cached(
            "SELECT receipt, firm, sender, body FROM chunk
             WHERE receipt > ?1 AND receipt <= ?2 ORDER BY receipt",
        )?
        .query_map([state.done, state.until], |row| {
            let body: Vec<u8> = row.get(3)?;
            Ok(Block {
                receipt: row.get(0)?,
                firm: row.get(1)?,
                sender: row.get(2)?,
                words: packed::unpack(&body).ok_or_else(|| StoreError::malformed(3))?,
            })
        })?
        .collect()
}

/// What a group comes to.
#[derive(Default)]
struct Group {
    /// The latest word about each finding.
    known: BTreeMap<Finding, Word>,
    /// The words that count, each in its block.
    words: Writer,
    sums: BTreeMap<i64, Sums>,
    firms: BTreeMap<i64, OfFirm>,
}

/// What a group says of a firm.
#[derive(Default)]
struct OfFirm {
    /// Findings that are new.
    new: i64,
    /// How long the longest finding lasted, in milliseconds.
    longest: i64,
}

/// Sends a group.
fn send(grown: &ClickHouse, state: &State, blocks: &[Block]) -> Result<Group, StoreError> {
    let mut group = Group {
        known: grown.known(state, blocks)?,
        ..Group::default()
    };
    for block in blocks {
        // What was counted before ClickHouse was there is in the sums that were taken over.
        group.take(block, block.receipt <= state.adopted);
    }
    grown.insert("sighting", std::mem::take(&mut group.words.0))?;
    let mut hours = Sender::to(grown, "rollup_hour");
    let mut days = Sender::to(grown, "rollup_day");
    for (firm, sums) in &group.sums {
        put_sums(&mut hours, *firm, state.until, sums.hours())?;
        put_sums(&mut days, *firm, state.until, sums.days())?;
    }
    hours.send()?;
    days.send()?;
    Ok(group)
}

fn put_sums(
    out: &mut Sender<'_>,
    firm: i64,
    group: i64,
    changes: impl Iterator<Item = (Cell, (i64, i64))>,
) -> Result<(), StoreError> {
    for ((at, outcome), change) in changes.filter(|(_, change)| *change != (0, 0)) {
        out.put(((firm, at), outcome.as_str()), group, change)?;
    }
    Ok(())
}

impl Group {
    /// Takes a block in: the later word about a finding replaces the earlier, and an older one that
    /// arrives late (a smaller count) changes nothing, as in the store's own tables.
    fn take(&mut self, block: &Block, is_summed: bool) {
        let mut kept: Vec<Sighting> = Vec::with_capacity(block.words.len());
        let mut places: BTreeMap<Finding, usize> = BTreeMap::new();
        let mut sums = Sums::default();
        let mut new = 0;
        for sighting in &block.words {
            let finding = (block.firm, day(sighting), sighting.id.0);
            let place = places.get(&finding).copied();
            let earlier = match place {
                Some(place) => kept.get(place),
                None => self.known.get(&finding).map(|word| &word.sighting),
            };
            if earlier.is_some_and(|earlier| sighting.count < earlier.count) {
                continue;
            }
            let word =
                earlier.map_or_else(|| sighting.clone(), |earlier| later_word(earlier, sighting));
            match earlier {
                Some(earlier) => sums.add(earlier, -1),
                None => new += 1,
            }
            sums.add(&word, 1);
            match place.and_then(|place| kept.get_mut(place)) {
                Some(kept) => *kept = word,
                None => {
                    places.insert(finding, kept.len());
                    kept.push(word);
                }
            }
        }
        self.keep(block, kept);
        if !is_summed {
            self.firms.entry(block.firm).or_default().new += new;
            self.sums.entry(block.firm).or_default().join(&sums);
        }
    }

    /// Writes the words of a block that count.
    fn keep(&mut self, block: &Block, kept: Vec<Sighting>) {
        let short: Vec<bool> = spans_of(block.firm, &kept)
            .map(|(_, span)| span.short)
            .collect();
        let of_firm = self.firms.entry(block.firm).or_default();
        for (sighting, short) in kept.into_iter().zip(short) {
            let (first, last) = (sighting.first.as_millis(), sighting.last.as_millis());
            of_firm.longest = of_firm.longest.max(last.saturating_sub(first));
            let word = Word {
                receipt: block.receipt,
                sender: block.sender,
                day: day(&sighting),
                short,
                firm: block.firm,
                sighting,
            };
            word.write(&mut self.words);
            self.known.insert(word.finding(), word);
        }
    }
}

/// The group is there: its blocks go.
fn finish(transaction: &Transaction<'_>, state: &State, group: &Group) -> Result<(), StoreError> {
    let mut add =
        transaction.prepare_cached("UPDATE firm SET findings = findings + ?2 WHERE number = ?1")?;
    let mut note = transaction.prepare_cached(
        "INSERT INTO longest (firm, lasted) VALUES (?1, ?2)
         ON CONFLICT (firm) DO UPDATE SET lasted = excluded.lasted
         WHERE longest.lasted < excluded.lasted",
    )?;
    for (firm, said) in &group.firms {
        // Of a firm that was erased meanwhile nothing is noted.
        if add.execute(params![firm, said.new])? > 0 {
            note.execute(params![firm, said.longest])?;
        }
    }
    transaction.execute(
        "DELETE FROM chunk WHERE receipt > ?1 AND receipt <= ?2",
        [state.done, state.until],
    )?;
    transaction.execute("UPDATE feed SET done = until WHERE name = 'sightings'", [])?;
    Ok(())
}

/// Writes down how many findings firms have.
pub(super) fn set_findings(
    transaction: &Transaction<'_>,
    findings: &BTreeMap<i64, i64>,
) -> Result<(), StoreError> {
    let mut set = transaction.prepare_cached("UPDATE firm SET findings = ?2 WHERE number = ?1")?;
    for (firm, count) in findings {
        set.execute(params![firm, count])?;
    }
    Ok(())
}

/// The newest batch that was carried.
pub(in super::super) fn newest_carried(connection: &Connection<'_>) -> Result<u64, StoreError> {
    let done: Option<i64> = connection
        .query_row(STATE, [], |row| row.get(0))
        .optional()?;
    Ok(u64::try_from(done.unwrap_or(0)).unwrap_or_default())
}

impl ClickHouse {
    /// The latest word from before a group about each finding that its blocks tell of.
    fn known(
        &self,
        state: &State,
        blocks: &[Block],
    ) -> Result<BTreeMap<Finding, Word>, StoreError> {
        let mut findings: Vec<Finding> = blocks
            .iter()
            .flat_map(|block| {
                let finding = |word: &Sighting| (block.firm, day(word), word.id.0);
                block.words.iter().map(finding)
            })
            .collect();
        findings.sort_unstable();
        findings.dedup();
        let mut known: BTreeMap<Finding, Word> = BTreeMap::new();
        for asked in findings.chunks(MAX_ASKED) {
            let mut places = Writer::default();
            for (firm, day, id) in asked {
                places.u32(*firm);
                places.i32(*day);
                places.raw(id);
            }
            // One text with all of them is read ten times as fast as a list of so many values.
            let answer = self.ask(&format!(
                "SELECT {COLUMNS} FROM sighting
                 WHERE (firm, day, id) IN (SELECT * FROM format(RowBinary,
                     'firm UInt32, day Int32, id FixedString(16)', unhex('{}'))) AND receipt <= {}
                 ORDER BY receipt DESC LIMIT 1 BY firm, day, id FORMAT RowBinary",
                data_encoding::HEXLOWER.encode(&places.0),
                state.done
            ))?;
            let mut rows = Rows::new(&answer);
            while rows.more() {
                let word = Word::read(&mut rows)?;
                known.insert(word.finding(), word);
            }
        }
        Ok(known)
    }

    /// How many findings firms have.
    pub(super) fn findings(&self) -> Result<BTreeMap<i64, i64>, StoreError> {
        let answer = self.ask(
            "SELECT firm, toInt64(count()) FROM (
                SELECT firm, day, id FROM sighting GROUP BY firm, day, id)
             GROUP BY firm FORMAT RowBinary",
        )?;
        let (mut rows, mut found) = (Rows::new(&answer), BTreeMap::new());
        while rows.more() {
            found.insert(rows.u32()?, rows.i64()?);
        }
        Ok(found)
    }
}
