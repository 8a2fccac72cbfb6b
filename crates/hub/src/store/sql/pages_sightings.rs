//! What the pages read about a firm's sightings: sums by hour, and the sightings themselves out of the
//! blocks they came in, newest first.

use std::collections::{BTreeSet, HashSet};
use std::ops::ControlFlow;

use super::engine::{Connection, OptionalExtension as _, Value, params};
use larum_core::sighting::Sighting;
use larum_core::time::Timestamp;

use super::SqlStore;
use super::edges::{EDGES_OF_KEY, WAITING};
use super::findings::short_id;
use super::pages::{IN_SCOPE, scope_parameters};
use super::rollups::{SUMS, each_hour, hour_of, hour_start};
use crate::access::Scope;
use crate::id::MemberId;
use crate::store::StoreError;
use crate::store::packed;
use crate::store::pages::{Activity, MAX_SUMMED_ROWS, SightingCursor, SightingRow};

/// The number of a firm within the scope; `None` when it is outside, or has sent nothing yet.
pub(super) fn firm(
    connection: &Connection<'_>,
    scope: &Scope,
    member: MemberId,
) -> Result<Option<i64>, StoreError> {
    let (reach, whose) = scope_parameters(scope);
    connection
        .prepare_cached(&format!(
            "SELECT firm.number FROM firm JOIN member ON member.id = firm.member
             WHERE firm.member = ?3 AND {IN_SCOPE}"
        ))?
        .query_row(params![reach, whose, member], |row| row.get(0))
        .optional()
}

/// Blocks of a firm that hold what ended within some time, those with the latest first.
const BLOCKS: &str = "SELECT chunk.receipt, chunk.newest, sender.collector, chunk.body
    FROM chunk JOIN sender ON sender.number = chunk.sender
    WHERE chunk.firm = ?1 AND chunk.newest >= ?2 AND chunk.newest <= ?4 AND chunk.oldest <= ?3
      AND (chunk.newest < ?4 OR chunk.receipt < ?5)
    ORDER BY chunk.newest DESC, chunk.receipt DESC LIMIT ?6";
/// Words in a block about which there is a later one.
const STALE: &str = "SELECT words FROM stale WHERE receipt = ?1";
/// Blocks asked for at once at first; twice as many each time after it.
const FIRST_BLOCKS: i64 = 4;
/// Most blocks asked for at once.
const MAX_BLOCKS: i64 = 256;

/// A block as it is read.
struct Block {
    receipt: i64,
    newest: Timestamp,
    collector: String,
    words: Vec<Sighting>,
}

/// Calls `each` with the blocks of a firm that can hold what ended between `from` and `until`, those
/// with the latest first, until it says that it has enough.
fn each_block(
    connection: &Connection<'_>,
    firm: i64,
    (from, until): (i64, i64),
    mut each: impl FnMut(Block) -> Result<ControlFlow<()>, StoreError>,
) -> Result<(), StoreError> {
    let (mut newest, mut receipt, mut limit) = (i64::MAX, i64::MAX, FIRST_BLOCKS);
    loop {
        let mut statement = connection.prepare_cached(BLOCKS)?;
        let mut rows = statement.query(params![firm, from, until, newest, receipt, limit])?;
        let mut count = 0;
        while let Some(row) = rows.next()? {
            count += 1;
            (receipt, newest) = (row.get(0)?, row.get(1)?);
            let body: Vec<u8> = row.get(3)?;
            let block = Block {
                receipt,
                newest: Timestamp::from_millis(newest),
                collector: row.get(2)?,
                words: packed::unpack(&body).ok_or_else(|| StoreError::malformed(3))?,
            };
            if each(block)?.is_break() {
                return Ok(());
            }
        }
        if count < limit {
            return Ok(());
        }
        limit = limit.saturating_mul(2).min(MAX_BLOCKS);
    }
}

/// A firm's sightings from before `before`, newest first. A block is read only if it can hold one of
/// them.
pub(super) fn sightings(
    connection: &Connection<'_>,
    firm: i64,
    before: Option<&SightingCursor>,
    limit: usize,
) -> Result<Vec<SightingRow>, StoreError> {
    let is_before = |sighting: &Sighting| {
        before.is_none_or(|cursor| {
            sighting.last < cursor.last
                || (sighting.last == cursor.last && sighting.id.to_string() < cursor.id)
        })
    };
    let until = before.map_or(i64::MAX, |cursor| cursor.last.as_millis());
    let mut found: Vec<(Sighting, String)> = Vec::new();
    each_block(connection, firm, (i64::MIN, until), |block| {
        // What this and later blocks hold ended when this one did, or before it.
        if found.len() >= limit {
            order(&mut found);
            found.truncate(limit);
            if found
                .last()
                .is_none_or(|(last, _)| last.last > block.newest)
            {
                return Ok(ControlFlow::Break(()));
            }
        }
        let stale = stale(connection, block.receipt)?;
        found.extend(
            block
                .words
                .into_iter()
                .filter(|word| is_before(word) && !stale.contains(&short_id(&word.id)))
                .map(|word| (word, block.collector.clone())),
        );
        Ok(ControlFlow::Continue(()))
    })?;
    order(&mut found);
    found.truncate(limit);
    Ok(found
        .into_iter()
        .map(|(sighting, collector)| row(sighting, collector))
        .collect())
}

fn order(found: &mut [(Sighting, String)]) {
    found.sort_unstable_by(|(left, _), (right, _)| {
        (right.last, right.id.0).cmp(&(left.last, left.id.0))
    });
}

/// Findings in a block about which there is a later word.
pub(super) fn stale(connection: &Connection<'_>, receipt: i64) -> Result<HashSet<i64>, StoreError> {
    let words: Option<Vec<u8>> = connection
        .prepare_cached(STALE)?
        .query_row([receipt], |row| row.get(0))
        .optional()?;
    Ok(packed::ids(&words.unwrap_or_default()).collect())
}

/// A sighting as pages show it.
pub(super) fn row(sighting: Sighting, collector: String) -> SightingRow {
    SightingRow {
        id: sighting.id.to_string(),
        collector,
        key: sighting.key,
        detector: sighting.detector.to_string(),
        category: sighting.category.as_str().to_owned(),
        attack: sighting.attack.iter().map(ToString::to_string).collect(),
        severity: sighting.severity.as_str().to_owned(),
        confidence: sighting.confidence,
        outcome: sighting.outcome.as_str().to_owned(),
        first: sighting.first,
        last: sighting.last,
        count: sighting.count,
        sources: sighting.sources.iter().map(ToString::to_string).collect(),
    }
}

/// Sums from the hours, and the different sources out of the blocks.
pub(super) fn activity(
    connection: &Connection<'_>,
    firm: i64,
    from: Timestamp,
    to: Timestamp,
) -> Result<Activity, StoreError> {
    let mut activity = Activity::default();
    let end = hour_of(to.plus_millis(-1)).saturating_add(1);
    each_hour(
        connection,
        firm,
        (hour_of(from), end),
        |hour, outcome, sum| activity.add(hour_start(hour), outcome.as_str(), sum),
    )?;
    let mut sources = BTreeSet::new();
    let mut looked_at = 0_usize;
    let most = usize::try_from(MAX_SUMMED_ROWS).unwrap_or(usize::MAX);
    each_block(connection, firm, (from.as_millis(), i64::MAX), |block| {
        for word in &block.words {
            if word.last >= from && word.first < to {
                looked_at += 1;
                sources.extend(word.sources.iter().copied());
            }
        }
        if looked_at < most {
            return Ok(ControlFlow::Continue(()));
        }
        activity.cut = true;
        Ok(ControlFlow::Break(()))
    })?;
    activity.sources = u64::try_from(sources.len()).unwrap_or(u64::MAX);
    Ok(activity)
}

impl SqlStore {
    /// How the engine goes about the pages' reading: one line a step, for the test that no page walks
    /// through all sightings.
    ///
    /// # Errors
    /// When the engine fails.
    pub fn reading_plans(&self) -> Result<Vec<String>, StoreError> {
        self.read(|connection| {
            let mut steps = Vec::new();
            for (sql, places) in [
                (BLOCKS, 6),
                (STALE, 1),
                (SUMS, 3),
                (EDGES_OF_KEY, 3),
                (WAITING, 1),
            ] {
                let nothing = vec![Value::Null; places];
                let plan = connection
                    .prepare_cached(&format!("EXPLAIN QUERY PLAN {sql}"))?
                    .query_map(nothing.as_slice(), |row| row.get::<String>(3))?
                    .collect::<Result<Vec<_>, _>>()?;
                steps.extend(plan);
            }
            Ok(steps)
        })
    }
}
