//! What the watch counts: who was seen for a key in an hour, at which firm.
//!
//! The newest blocks are asked themselves. When enough sightings wait in them, they are sorted by day and
//! key into rows that hold what many batches of many firms said, so that a question about a key reads
//! little and a batch writes nothing for it.

use std::collections::BTreeMap;
use std::net::IpAddr;

use larum_core::address::source_key;
use larum_core::finding::AttackOutcome;
use larum_core::sighting::Sighting;
use larum_core::time::Timestamp;
use larum_core::watch::fold::NO_SOURCE;

use super::clickhouse::ClickHouse;
use super::engine::{Connection, OptionalExtension as _, Transaction, Value, params};
use super::ingest::length;
use super::rollups::day_of_hour;
use crate::id::MemberId;
use crate::store::StoreError;
use crate::store::ingest::{MAX_BATCH_EDGES, MAX_EDGE_DAYS, MAX_EDGE_HOURS};
use crate::store::packed::{self, Span, hours_between, pack_spans, unpack_spans};

const DAY_HOURS: i64 = 24;
const HOUR_MS: i64 = 3_600_000;
/// Sightings that wait in blocks before they are sorted: some 10 MB of memory while that is done.
pub const MAX_WAITING: i64 = 30_000;
/// Rows looked through at once for a firm that is erased.
const ERASE_ROWS: i64 = 500;

/// The rows of a key in some days.
pub(super) const EDGES_OF_KEY: &str =
    "WITH RECURSIVE span (day) AS (SELECT ?2 UNION ALL SELECT day + 1 FROM span WHERE day < ?3)
     SELECT edge.day, edge.spans FROM span CROSS JOIN edge
     WHERE edge.day = span.day AND edge.key = ?1";
/// Blocks that are not sorted yet.
pub(super) const WAITING: &str = "SELECT firm, body FROM chunk WHERE receipt > ?1";

fn sources_of(sighting: &Sighting) -> Vec<IpAddr> {
    places_of(&sighting.sources)
}

/// The sources of a sighting as they count: where nobody attacked from outside the key is a place, and
/// the edge has no source.
pub(super) fn places_of(sources: &[IpAddr]) -> Vec<IpAddr> {
    if sources.is_empty() {
        return vec![NO_SOURCE];
    }
    let mut sources: Vec<IpAddr> = sources.iter().copied().map(source_key).collect();
    sources.sort_unstable();
    sources.dedup();
    sources
}

/// The sightings of a batch as spans. Beyond [`MAX_BATCH_EDGES`] one counts in its last hour only.
pub(super) fn spans_of(firm: i64, words: &[Sighting]) -> impl Iterator<Item = (&str, Span)> {
    let mut left = MAX_BATCH_EDGES;
    words.iter().map(move |word| {
        let hours = watched_hours(word.first, word.last, false).count();
        let edges = hours.saturating_mul(word.sources.len().max(1));
        let short = edges > left;
        left = left.saturating_sub(edges);
        (word.key.as_str(), span_of(firm, word, short))
    })
}

/// The hours in which something from `first` to `last` counts for the watch: each of its last, and of each day before
/// those the first. Who told nothing of an attack that lasts for weeks until its end (a log file of last month is
/// read at once) has then told of each day, as who watched it has.
fn watched_hours(first: Timestamp, last: Timestamp, short: bool) -> impl Iterator<Item = i64> {
    let (from, to) = hours_between(first, last, short);
    let begin = if short {
        from
    } else {
        hour_of(first).min(from)
    };
    let newest = day_of_hour(from);
    let days = day_of_hour(begin).max(newest.saturating_sub(MAX_EDGE_DAYS))..=newest;
    let before = days.map(move |day| day.saturating_mul(DAY_HOURS).max(begin));
    before.filter(move |hour| *hour < from).chain(from..=to)
}

const fn hour_of(at: Timestamp) -> i64 {
    at.as_millis().div_euclid(HOUR_MS)
}

/// A sighting as a span; `short` is one that counts in its last hour only.
pub(super) fn span_of(firm: i64, word: &Sighting, short: bool) -> Span {
    Span {
        firm,
        first: word.first,
        last: word.last,
        severity: word.severity,
        success: word.outcome == AttackOutcome::Success,
        short,
        count: word.count,
        sources: sources_of(word),
    }
}

/// Edges of a batch, in order of hour, key and source, with the greatest count of a sighting behind each.
pub(super) type Edges<'w> = BTreeMap<(i64, &'w str, IpAddr), u64>;

/// The edges that words of a batch bring. Of a word that another came before (`earlier`, by its place),
/// only those that the other did not bring.
pub(super) fn edges_of<'w>(
    words: &'w [Sighting],
    earlier: &BTreeMap<usize, Sighting>,
) -> Edges<'w> {
    let mut edges = Edges::new();
    for (place, (key, span)) in spans_of(0, words).enumerate() {
        add_edges(&mut edges, key, &span, earlier.get(&place));
    }
    edges
}

/// Adds the edges that a word brings and the one before it did not.
pub(super) fn add_edges<'w>(
    edges: &mut Edges<'w>,
    key: &'w str,
    span: &Span,
    before: Option<&Sighting>,
) {
    let told = before.map(|word| (hour_of(word.first), hour_of(word.last)));
    let known = before.map(sources_of).unwrap_or_default();
    for hour in watched_hours(span.first, span.last, span.short) {
        let is_told = told.is_some_and(|(from, to)| (from..=to).contains(&hour));
        for source in &span.sources {
            if !is_told || known.binary_search(source).is_err() {
                let count = edges.entry((hour, key, *source)).or_default();
                *count = span.count.max(*count);
            }
        }
    }
}

/// Notes that so many more sightings wait in blocks, and sorts those that wait when they are many.
pub(super) fn note_waiting(transaction: &Transaction<'_>, more: usize) -> Result<(), StoreError> {
    let (receipt, waiting) = add_waiting(transaction, length(more))?;
    if waiting >= MAX_WAITING {
        sort_after(transaction, receipt)?;
    }
    Ok(())
}

/// Sorts all that waits in blocks.
pub(super) fn sort_waiting(transaction: &Transaction<'_>) -> Result<(), StoreError> {
    transaction.in_order()?;
    let (receipt, waiting) = add_waiting(transaction, 0)?;
    if waiting > 0 {
        sort_after(transaction, receipt)?;
    }
    Ok(())
}

/// How far blocks are sorted, and how many sightings wait behind.
fn add_waiting(transaction: &Transaction<'_>, more: i64) -> Result<(i64, i64), StoreError> {
    transaction
        .prepare_cached(
            "INSERT INTO edge_sorted (id, receipt, waiting) VALUES (1, 0, ?1)
             ON CONFLICT (id) DO UPDATE SET waiting = edge_sorted.waiting + excluded.waiting
             RETURNING receipt, waiting",
        )?
        .query_row([more], |row| Ok((row.get(0)?, row.get(1)?)))
}

fn sort_after(transaction: &Transaction<'_>, receipt: i64) -> Result<(), StoreError> {
    let newest: i64 = transaction
        .prepare_cached("SELECT coalesce(max(receipt), 0) FROM chunk")?
        .query_row([], |row| row.get(0))?;
    let newest = newest.max(receipt);
    let mut blocks = Vec::new();
    {
        let mut statement = transaction.prepare_cached(WAITING)?;
        let mut rows = statement.query([receipt])?;
        while let Some(row) = rows.next()? {
            let body: Vec<u8> = row.get(1)?;
            let words = packed::unpack(&body).ok_or_else(|| StoreError::malformed(1))?;
            blocks.push((row.get(0)?, words));
        }
    }
    let mut sorted: BTreeMap<(i64, &str), Vec<Span>> = BTreeMap::new();
    for (firm, words) in &blocks {
        for (key, span) in spans_of(*firm, words) {
            sorted.entry((span.day(), key)).or_default().push(span);
        }
    }
    let rows: Vec<[Value<'_>; 4]> = sorted
        .into_iter()
        .map(|((day, key), mut spans)| {
            let spans = Value::Blob(pack_spans(day, &mut spans).into());
            let [day, newest] = [day, newest].map(Value::Integer);
            [day, Value::Text(key.into()), newest, spans]
        })
        .collect();
    transaction.execute_rows(
        "INSERT INTO edge (day, key, receipt, spans) VALUES (?1, ?2, ?3, ?4)",
        &rows,
    )?;
    transaction.execute(
        "UPDATE edge_sorted SET receipt = ?1, waiting = 0 WHERE id = 1",
        [newest],
    )?;
    Ok(())
}

/// Calls `each` with the firm and every span of the blocks that are not sorted yet, of one key or of all.
fn each_waiting(
    connection: &Connection<'_>,
    key: Option<&str>,
    mut each: impl FnMut(&str, Span) -> Result<(), StoreError>,
) -> Result<(), StoreError> {
    let sorted: Option<i64> = connection
        .prepare_cached("SELECT receipt FROM edge_sorted WHERE id = 1")?
        .query_row([], |row| row.get(0))
        .optional()?;
    let mut statement = connection.prepare_cached(WAITING)?;
    let mut rows = statement.query([sorted.unwrap_or(0)])?;
    while let Some(row) = rows.next()? {
        let body: Vec<u8> = row.get(1)?;
        let words = match key {
            Some(key) => packed::unpack_key(&body, key),
            None => packed::unpack(&body),
        };
        let words = words.ok_or_else(|| StoreError::malformed(1))?;
        for (key, span) in spans_of(row.get(0)?, &words) {
            each(key, span)?;
        }
    }
    Ok(())
}

/// The firms that spans name by their numbers.
pub(super) struct Firms<'c> {
    connection: &'c Connection<'c>,
    known: BTreeMap<i64, Option<MemberId>>,
}

impl<'c> Firms<'c> {
    pub(super) const fn of(connection: &'c Connection<'c>) -> Self {
        Self {
            connection,
            known: BTreeMap::new(),
        }
    }

    /// What a span says of the hours from `first` to `last`; `None` when that is nothing, or its firm was
    /// erased meanwhile.
    fn told<'s>(
        &mut self,
        span: &'s Span,
        (first, last): (i64, i64),
    ) -> Result<Option<Told<'s>>, StoreError> {
        let (from, to) = span.hours();
        let hours = (from.max(first), to.min(last));
        if hours.0 > hours.1 {
            return Ok(None);
        }
        let member = self.member(span.firm)?;
        Ok(member.map(|member| Told {
            member,
            span,
            hours,
        }))
    }

    /// Who a firm is; `None` when it was erased meanwhile.
    pub(super) fn member(&mut self, firm: i64) -> Result<Option<MemberId>, StoreError> {
        if let Some(known) = self.known.get(&firm) {
            return Ok(*known);
        }
        let found = self
            .connection
            .prepare_cached("SELECT member FROM firm WHERE number = ?1")?
            .query_row([firm], |row| row.get(0))
            .optional()?;
        self.known.insert(firm, found);
        Ok(found)
    }
}

/// A span that counts in some of the hours asked for.
pub(super) struct Told<'s> {
    pub member: MemberId,
    pub span: &'s Span,
    /// Its hours among those, since the epoch: the first and the last.
    pub hours: (i64, i64),
}

/// Calls `each` with what firms said about a key in the hours from `first` to `last`, some of it perhaps
/// twice.
pub(super) fn each_told(
    grown: Option<&ClickHouse>,
    connection: &Connection<'_>,
    key: &str,
    (first, last): (i64, i64),
    mut each: impl FnMut(&Told<'_>),
) -> Result<(), StoreError> {
    let mut firms = Firms::of(connection);
    let mut tell = |span: &Span| {
        let told = firms.told(span, (first, last))?;
        told.iter().for_each(&mut each);
        Ok::<_, StoreError>(())
    };
    if let Some(grown) = grown {
        return grown.each_span(connection, Some(key), (first, last), |_, span| tell(&span));
    }
    // First what waits: what is sorted in between is then found twice rather than not at all.
    each_waiting(connection, Some(key), |_, span| tell(&span))?;
    let Some((from, to)) = days(connection, (first, last))? else {
        return Ok(());
    };
    let mut statement = connection.prepare_cached(EDGES_OF_KEY)?;
    let mut rows = statement.query(params![key, from, to])?;
    while let Some(row) = rows.next()? {
        let spans: Vec<u8> = row.get(1)?;
        let spans = unpack_spans(row.get(0)?, &spans).ok_or_else(|| StoreError::malformed(1))?;
        spans.iter().try_for_each(&mut tell)?;
    }
    Ok(())
}

/// Calls `each` with what firms said about any key in the hours from `first` to `last`, some of it
/// perhaps twice.
pub(super) fn each_of_all(
    grown: Option<&ClickHouse>,
    connection: &Connection<'_>,
    (first, last): (i64, i64),
    mut each: impl FnMut(&str, &Told<'_>),
) -> Result<(), StoreError> {
    let mut firms = Firms::of(connection);
    let mut tell = |key: &str, span: &Span| {
        let told = firms.told(span, (first, last))?;
        told.iter().for_each(|told| each(key, told));
        Ok::<_, StoreError>(())
    };
    if let Some(grown) = grown {
        return grown.each_span(connection, None, (first, last), |key, span| {
            tell(key, &span)
        });
    }
    each_waiting(connection, None, |key, span| tell(key, &span))?;
    let Some((from, to)) = days(connection, (first, last))? else {
        return Ok(());
    };
    let mut statement = connection
        .prepare_cached("SELECT day, key, spans FROM edge WHERE day >= ?1 AND day <= ?2")?;
    let mut rows = statement.query([from, to])?;
    while let Some(row) = rows.next()? {
        let (key, spans): (String, Vec<u8>) = (row.get(1)?, row.get(2)?);
        let spans = unpack_spans(row.get(0)?, &spans).ok_or_else(|| StoreError::malformed(2))?;
        spans.iter().try_for_each(|span| tell(&key, span))?;
    }
    Ok(())
}

/// The days with rows in which a span can stand that counts in these hours; `None` when there are none.
fn days(
    connection: &Connection<'_>,
    (first, last): (i64, i64),
) -> Result<Option<(i64, i64)>, StoreError> {
    let (oldest, newest): (Option<i64>, Option<i64>) = connection
        .prepare_cached("SELECT (SELECT min(day) FROM edge), (SELECT max(day) FROM edge)")?
        .query_row([], |row| Ok((row.get(0)?, row.get(1)?)))?;
    let (Some(oldest), Some(newest)) = (oldest, newest) else {
        return Ok(None);
    };
    let from = day_of_hour(first).max(oldest);
    let to = day_of_hour(last.saturating_add(MAX_EDGE_HOURS - 1)).min(newest);
    Ok((from <= to).then_some((from, to)))
}

/// Takes what a firm said out of the rows it shares with others; how many rows changed.
pub(super) fn erase(transaction: &Transaction<'_>, member: MemberId) -> Result<usize, StoreError> {
    let firm: Option<i64> = transaction
        .prepare_cached("SELECT number FROM firm WHERE member = ?1")?
        .query_row([member], |row| row.get(0))
        .optional()?;
    let Some(firm) = firm else { return Ok(0) };
    let mut next = transaction.prepare_cached(&format!(
        "SELECT day, key, receipt, spans FROM edge
         WHERE day > ?1 OR (day = ?1 AND (key > ?2 OR (key = ?2 AND receipt > ?3)))
         ORDER BY day, key, receipt LIMIT {ERASE_ROWS}"
    ))?;
    let mut after = (i64::MIN, String::new(), 0_i64);
    let mut changed = 0;
    loop {
        let rows = next
            .query_map(params![after.0, after.1, after.2], |row| {
                let place: (i64, String, i64) = (row.get(0)?, row.get(1)?, row.get(2)?);
                Ok((place, row.get(3)?))
            })?
            .collect::<Result<Vec<((i64, String, i64), Vec<u8>)>, _>>()?;
        let Some((last, _)) = rows.last() else {
            return Ok(changed);
        };
        after = last.clone();
        for (place, spans) in rows {
            let spans = unpack_spans(place.0, &spans).ok_or_else(|| StoreError::malformed(3))?;
            changed += usize::from(leave_out(transaction, &place, spans, firm)?);
        }
    }
}

/// Writes a row without a firm, or deletes it when nothing is left; whether the firm was in it.
fn leave_out(
    transaction: &Transaction<'_>,
    (day, key, receipt): &(i64, String, i64),
    mut spans: Vec<Span>,
    firm: i64,
) -> Result<bool, StoreError> {
    let before = spans.len();
    spans.retain(|span| span.firm != firm);
    if spans.len() == before {
        return Ok(false);
    }
    if spans.is_empty() {
        transaction.execute(
            "DELETE FROM edge WHERE day = ?1 AND key = ?2 AND receipt = ?3",
            params![day, key, receipt],
        )?;
    } else {
        transaction.execute(
            "UPDATE edge SET spans = ?4 WHERE day = ?1 AND key = ?2 AND receipt = ?3",
            params![day, key, receipt, pack_spans(*day, &mut spans)],
        )?;
    }
    Ok(true)
}

#[cfg(test)]
pub(super) mod tests {
    use std::sync::Arc;

    use larum_core::finding::{Category, FindingId, Severity};

    use super::*;

    pub fn sighting(first: (i64, i64), last: (i64, i64), count: u64) -> Sighting {
        let at = |(hour, minute): (i64, i64)| Timestamp::from_seconds(hour * 3_600 + minute * 60);
        Sighting {
            id: FindingId([7; 16]),
            key: "tcp/22".to_owned(),
            detector: Arc::from("x"),
            category: Category::Scan,
            attack: Vec::new(),
            severity: Severity::Low,
            confidence: 1,
            outcome: AttackOutcome::Blocked,
            first: at(first),
            last: at(last),
            count,
            sources: Vec::new(),
        }
    }

    #[test]
    fn a_batch_of_very_long_sightings_has_a_bounded_number_of_edges() {
        let mut long = sighting((-48, 0), (0, 0), 3);
        long.sources = (1..51)
            .map(|host| std::net::Ipv4Addr::new(192, 0, 2, host).into())
            .collect();
        let all = vec![long; 1_000];
        let edges: i64 = spans_of(1, &all)
            .map(|(_, span)| {
                let (first, last) = span.hours();
                (last - first + 1) * length(span.sources.len())
            })
            .sum();
        // Each of those beyond the limit still counts in its last hour.
        assert!(edges <= length(MAX_BATCH_EDGES + 1_000 * 50));
        let last = spans_of(1, &all).last().unwrap().1;
        assert_eq!((last.short, last.hours()), (true, (0, 0)));
    }

    #[test]
    fn what_lasts_for_weeks_counts_on_each_day_once_and_in_its_last_hours() {
        let hours = |word: &Sighting, earlier: Option<Sighting>| -> Vec<i64> {
            let earlier = earlier.map(|word| (0, word)).into_iter().collect();
            let edges = edges_of(std::slice::from_ref(word), &earlier);
            edges.into_keys().map(|(hour, ..)| hour).collect()
        };
        let long = sighting((5, 0), (24 * 4 + 3, 0), 9);
        let expected: Vec<i64> = [5, 24, 48].into_iter().chain(52..=99).collect();
        assert_eq!(hours(&long, None), expected);
        let earlier = sighting((5, 0), (40, 0), 3);
        let expected: Vec<i64> = [48].into_iter().chain(52..=99).collect();
        assert_eq!(hours(&long, Some(earlier)), expected);
        let years = sighting((0, 0), (24 * 900, 0), 3);
        let most = usize::try_from(MAX_EDGE_HOURS + MAX_EDGE_DAYS).unwrap();
        assert!(hours(&years, None).len() <= most + 1);
    }

    #[test]
    fn a_later_word_brings_what_the_earlier_did_not() {
        let mut earlier = sighting((1, 0), (2, 0), 3);
        let mut later = sighting((1, 0), (3, 0), 5);
        let [one, two] = ["192.0.2.1", "192.0.2.2"].map(|ip| ip.parse::<IpAddr>().unwrap());
        earlier.sources = vec![one];
        later.sources = vec![one, two];
        let words = [later];
        let all: Vec<_> = edges_of(&words, &BTreeMap::new()).into_keys().collect();
        assert_eq!(all.len(), 6);
        let new = edges_of(&words, &[(0, earlier)].into());
        let new: Vec<(i64, IpAddr)> = new.into_keys().map(|(hour, _, ip)| (hour, ip)).collect();
        assert_eq!(new, [(1, two), (2, two), (3, one), (3, two)]);
    }
}
