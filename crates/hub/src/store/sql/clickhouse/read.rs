//! What the pages and the watch read out of ClickHouse.

use std::collections::BTreeMap;
use std::net::IpAddr;

use larum_core::finding::{AttackOutcome, Severity};
use larum_core::sighting::Sighting;
use larum_core::time::Timestamp;

use super::super::edges::{Edges, Firms, add_edges, places_of, span_of};
use super::super::engine::Connection;
use super::super::rollups::{day_of, day_of_hour, hour_of, hour_start};
use super::ClickHouse;
use super::rows::{Rows, literal};
use super::words::{COLUMNS, Word, word};
use crate::store::StoreError;
use crate::store::packed::Span;
use crate::store::pages::{Activity, SightingCursor};
use crate::store::watch_state::ArrivedEdge;

/// How far back a firm's newest sightings are looked for at first.
const WEEK_MS: i64 = 7 * 86_400_000;
/// When the newest batches of a firm's collectors came.
const NEWEST: &str = "SELECT max((SELECT received FROM batch WHERE batch.sender = sender.number
        ORDER BY sequence DESC LIMIT 1))
    FROM sender WHERE firm = ?1";

/// Condition of what of a firm, or of any, ended at `from` or later. It names the days on which that can
/// have begun, so that the partitions before them are not opened.
fn ended_since(
    connection: &Connection<'_>,
    firm: Option<i64>,
    from: Timestamp,
) -> Result<String, StoreError> {
    let longest: Option<i64> = connection
        .prepare_cached("SELECT max(lasted) FROM longest WHERE ?1 IS NULL OR firm = ?1")?
        .query_row([firm], |row| row.get(0))?;
    let whose = firm.map_or_else(String::new, |firm| format!("firm = {firm} AND "));
    let from = from.as_millis();
    let begin = Timestamp::from_millis(from.saturating_sub(longest.unwrap_or(i64::MAX)));
    let day = day_of(begin).clamp(i32::MIN.into(), i32::MAX.into());
    Ok(format!("{whose}day >= {day} AND first + lasted >= {from}"))
}

/// A firm's sightings from before `before`, newest first, each with the collector that sent it: those of
/// a week, and if they are too few, all.
pub fn sightings(
    grown: &ClickHouse,
    connection: &Connection<'_>,
    firm: i64,
    before: Option<&SightingCursor>,
    limit: usize,
) -> Result<Vec<(Sighting, String)>, StoreError> {
    let newest = match before {
        Some(cursor) => Some(cursor.last.as_millis()),
        None => connection
            .prepare_cached(NEWEST)?
            .query_row([firm], |row| row.get(0))?,
    };
    if let Some(newest) = newest {
        let from = Timestamp::from_millis(newest.saturating_sub(WEEK_MS));
        let of_week = ended_since(connection, Some(firm), from)?;
        let found = newest_of(grown, connection, &of_week, before, limit)?;
        if found.len() >= limit {
            return Ok(found);
        }
    }
    newest_of(grown, connection, &format!("firm = {firm}"), before, limit)
}

/// The newest sightings that meet a condition. The latest word about a finding is the one of its newest
/// batch, and none ended later.
fn newest_of(
    grown: &ClickHouse,
    connection: &Connection<'_>,
    condition: &str,
    before: Option<&SightingCursor>,
    limit: usize,
) -> Result<Vec<(Sighting, String)>, StoreError> {
    let before = before.map_or_else(String::new, |cursor| {
        let last = cursor.last.as_millis();
        let id = literal(cursor.id.as_bytes());
        format!("HAVING ended < {last} OR (ended = {last} AND lower(hex(id)) < {id})")
    });
    let answer = grown.ask_for_page(&format!(
        "SELECT {COLUMNS} FROM sighting WHERE {condition} AND (day, id, receipt) IN (
            SELECT day, id, newest FROM (
                SELECT day, id, max(receipt) AS newest, max(first + lasted) AS ended
                FROM sighting WHERE {condition} GROUP BY day, id {before}
                ORDER BY ended DESC, id DESC LIMIT {limit}))
         ORDER BY last DESC, id DESC LIMIT 1 BY day, id FORMAT RowBinary"
    ))?;
    let mut statement =
        connection.prepare_cached("SELECT collector FROM sender WHERE number = ?1")?;
    let mut senders: BTreeMap<i64, String> = BTreeMap::new();
    let mut rows = Rows::new(&answer);
    let mut found = Vec::new();
    while rows.more() {
        let word = Word::read(&mut rows)?;
        let collector = match senders.get(&word.sender) {
            Some(collector) => collector.clone(),
            None => {
                let collector: String = statement.query_row([word.sender], |row| row.get(0))?;
                senders.insert(word.sender, collector.clone());
                collector
            }
        };
        found.push((word.sighting, collector));
    }
    Ok(found)
}

/// Sums over a firm's hours, and the different sources of what was seen in that time.
pub fn activity(
    grown: &ClickHouse,
    connection: &Connection<'_>,
    firm: i64,
    (from, to): (Timestamp, Timestamp),
) -> Result<Activity, StoreError> {
    let mut activity = Activity::default();
    let end = hour_of(to.plus_millis(-1)).saturating_add(1);
    let seen = ended_since(connection, Some(firm), from)?;
    // Both in one question: on its way to the server each waits as long as the other. The row with the
    // sources is the one without an outcome.
    let answer = grown.ask_for_page(&format!(
        "SELECT hour, toString(outcome), sum(events), sum(findings) FROM rollup_hour FINAL
         WHERE firm = {firm} AND hour >= {} AND hour < {end} GROUP BY hour, outcome
         UNION ALL
         SELECT toInt32(0), '', toInt64(uniqExact(source)), toInt64(0) FROM (
            SELECT arrayJoin(sources) AS source FROM sighting
            WHERE {seen} AND day <= {} AND first < {}) FORMAT RowBinary",
        hour_of(from),
        day_of(to),
        to.as_millis()
    ))?;
    let mut rows = Rows::new(&answer);
    while rows.more() {
        let hour = hour_start(rows.i32()?);
        let outcome = rows.text()?;
        let sums = (rows.i64()?, rows.i64()?);
        if outcome.is_empty() {
            activity.sources = u64::try_from(sums.0).unwrap_or_default();
        } else {
            activity.add(hour, outcome, sums);
        }
    }
    Ok(activity)
}

impl ClickHouse {
    /// Calls `each` with the key and span of what counts in the hours from `first` to `last`, of one key
    /// or of all, some of it perhaps twice.
    pub(in super::super) fn each_span(
        &self,
        connection: &Connection<'_>,
        key: Option<&str>,
        (first, last): (i64, i64),
        mut each: impl FnMut(&str, Span) -> Result<(), StoreError>,
    ) -> Result<(), StoreError> {
        let only = key.map_or_else(String::new, |key| {
            format!("AND key = {}", literal(key.as_bytes()))
        });
        // Identities, half of every row, are not read.
        let sql = format!(
            "SELECT key, firm, first, lasted, severity, outcome, short, count, sources FROM sighting
             WHERE {} AND day <= {} {only} FORMAT RowBinary",
            ended_since(connection, None, hour_start(first))?,
            day_of_hour(last)
        );
        let answer = match key {
            Some(_) => self.ask_for_page(&sql)?,
            None => self.ask(&sql)?,
        };
        let mut rows = Rows::new(&answer);
        while rows.more() {
            let (key, span) = span(&mut rows)?;
            each(key, span)?;
        }
        Ok(())
    }
}

/// Reads a key and a span.
fn span<'b>(rows: &mut Rows<'b>) -> Result<(&'b str, Span), StoreError> {
    let (key, firm) = (rows.text()?, rows.u32()?);
    let (first, lasted) = (rows.i64()?, rows.i64()?);
    let severity = word(rows, Severity::from_word)?;
    let success = word(rows, AttackOutcome::from_word)? == AttackOutcome::Success;
    let (short, count) = (rows.u8()? != 0, rows.u64()?);
    let length = rows.length()?;
    let sources: Vec<IpAddr> = (0..length)
        .map(|_| rows.address())
        .collect::<Result<_, _>>()?;
    let span = Span {
        firm,
        first: Timestamp::from_millis(first),
        last: Timestamp::from_millis(first.wrapping_add(lasted)),
        severity,
        success,
        short,
        count,
        sources: places_of(&sources),
    };
    Ok((key, span))
}

/// The edges that batches after `after` up to `up_to` brought and the words before about the same
/// findings did not, in order of batch, hour, key and source.
pub fn arrived(
    grown: &ClickHouse,
    connection: &Connection<'_>,
    after: u64,
    up_to: u64,
) -> Result<Vec<ArrivedEdge>, StoreError> {
    let answer = grown.ask(&format!(
        "SELECT {COLUMNS} FROM sighting
         WHERE receipt <= {up_to} AND (firm, day, id) IN (
            SELECT firm, day, id FROM sighting WHERE receipt > {after} AND receipt <= {up_to})
         ORDER BY firm, day, id, receipt FORMAT RowBinary"
    ))?;
    let (mut rows, mut before) = (Rows::new(&answer), None::<Word>);
    let mut words: Vec<(Word, Option<Sighting>)> = Vec::new();
    while rows.more() {
        let word = Word::read(&mut rows)?;
        let known = before.filter(|before| before.finding() == word.finding());
        // A row that was sent twice is there twice until it is merged.
        let is_again = known
            .as_ref()
            .is_some_and(|known| known.receipt == word.receipt);
        before = Some(word.clone());
        if !is_again && u64::try_from(word.receipt).is_ok_and(|receipt| receipt > after) {
            let known = known.map(|known| known.sighting);
            let known = known.filter(|known| known.key == word.sighting.key);
            words.push((word, known));
        }
    }
    words.sort_by_key(|(word, _)| word.receipt);
    let (mut firms, mut found) = (Firms::of(connection), Vec::new());
    for batch in words.chunk_by(|(left, _), (right, _)| left.receipt == right.receipt) {
        let mut edges = Edges::new();
        let mut member = None;
        for (word, known) in batch {
            member = firms.member(word.firm)?;
            let span = span_of(word.firm, &word.sighting, word.short);
            add_edges(&mut edges, &word.sighting.key, &span, known.as_ref());
        }
        // A firm that was erased a moment ago has no number any more.
        let Some(member) = member else { continue };
        let edge = |((hour, key, source), count): ((i64, &str, _), u64)| ArrivedEdge {
            hour: hour_start(hour),
            key: key.to_owned(),
            member,
            source,
            count,
        };
        found.extend(edges.into_iter().map(edge));
    }
    Ok(found)
}
