//! What a batch brings: the latest word about each finding, what the watch counts, and the pages' sums.

use std::collections::BTreeMap;
use std::net::IpAddr;

use super::engine::{OptionalExtension as _, Transaction, params};
use larum_core::address::source_key;
use larum_core::finding::{AttackOutcome, FindingId};
use larum_core::sighting::Sighting;
use larum_core::time::Timestamp;
use larum_core::watch::fold::NO_SOURCE;

use super::ingest::signed;
use crate::store::StoreError;
use crate::store::ingest::{MAX_BATCH_EDGES, MAX_EDGE_HOURS};
use crate::store::packed::{self, Seen};

const HOUR_SECONDS: i64 = 3_600;
const DAY_HOURS: i64 = 24;
/// Most events of one sighting that the sums count, so that no sum can overflow.
const MAX_EVENTS: u64 = 1 << 32;
/// Blocks kept at hand while a batch is taken in, for the words they hold.
const MAX_BLOCKS: usize = 16;

/// Whose batch it is.
pub(super) struct Place {
    pub firm: i64,
    pub sender: i64,
    pub receipt: i64,
}

/// Hours since the epoch.
pub(super) const fn hour_of(at: Timestamp) -> i64 {
    at.as_seconds().div_euclid(HOUR_SECONDS)
}

/// Days since the epoch.
pub(super) const fn day_of(at: Timestamp) -> i64 {
    hour_of(at).div_euclid(DAY_HOURS)
}

/// The start of an hour.
pub(super) const fn hour_start(hour: i64) -> Timestamp {
    Timestamp::from_seconds(hour.saturating_mul(HOUR_SECONDS))
}

/// Both halves of a finding's identity laid over each other, by which it is found among those of its firm
/// and day.
pub(super) fn short_id(id: &FindingId) -> i64 {
    let bits = u128::from_be_bytes(id.0);
    let [low, high] = [bits, bits >> 64].map(|half| half & u128::from(u64::MAX));
    u64::try_from(low ^ high).unwrap_or_default().cast_signed()
}

/// Keeps the sightings of a batch; how many findings are new.
pub(super) fn keep_sightings(
    transaction: &Transaction<'_>,
    place: &Place,
    sightings: &[Sighting],
) -> Result<usize, StoreError> {
    let mut taken = Taken::default();
    let mut insert = transaction.prepare_cached(
        "INSERT INTO finding (firm, day, id, count, receipt) VALUES (?1, ?2, ?3, ?4, ?5)
         ON CONFLICT (firm, day, id) DO NOTHING",
    )?;
    for sighting in sightings {
        let finding = (day_of(sighting.first), short_id(&sighting.id));
        let inserted = insert.execute(params![
            place.firm,
            finding.0,
            finding.1,
            signed(sighting.count),
            place.receipt
        ])?;
        if inserted > 0 {
            taken.new += 1;
            taken.sums.add(sighting, 1);
            taken.places.insert(finding, taken.kept.len());
            taken.kept.push(sighting.clone());
        } else {
            replace(transaction, place, finding, sighting, &mut taken)?;
        }
    }
    if taken.kept.is_empty() {
        return Ok(0);
    }
    put_chunk(transaction, place, &taken.kept)?;
    put_edges(transaction, place, &taken.kept)?;
    put_sums(transaction, place.firm, &taken.sums)?;
    Ok(taken.new)
}

/// What of a batch is taken in so far.
#[derive(Default)]
struct Taken {
    /// The words that count.
    kept: Vec<Sighting>,
    /// Where in `kept` a finding is.
    places: BTreeMap<(i64, i64), usize>,
    sums: Sums,
    new: usize,
    blocks: BTreeMap<i64, Vec<Sighting>>,
}

/// The later word about a finding replaces the earlier; an older one that arrives late (a smaller
/// count) changes nothing.
fn replace(
    transaction: &Transaction<'_>,
    place: &Place,
    (day, id): (i64, i64),
    sighting: &Sighting,
    taken: &mut Taken,
) -> Result<(), StoreError> {
    let (count, receipt): (i64, i64) = transaction
        .prepare_cached(
            "SELECT count, receipt FROM finding WHERE firm = ?1 AND day = ?2 AND id = ?3",
        )?
        .query_row(params![place.firm, day, id], |row| {
            Ok((row.get(0)?, row.get(1)?))
        })?;
    if signed(sighting.count) < count {
        return Ok(());
    }
    point_to(transaction, place, (day, id), sighting.count)?;
    if let Some(kept) = taken
        .places
        .get(&(day, id))
        .and_then(|known| taken.kept.get_mut(*known))
    {
        let word = later_word(kept, sighting);
        taken.sums.add(kept, -1);
        taken.sums.add(&word, 1);
        *kept = word;
        return Ok(());
    }
    let earlier = word_in(transaction, &mut taken.blocks, receipt, id)?;
    let word = match &earlier {
        Some(earlier) => {
            taken.sums.add(earlier, -1);
            later_word(earlier, sighting)
        }
        None => sighting.clone(),
    };
    taken.sums.add(&word, 1);
    transaction
        .prepare_cached(
            "INSERT INTO stale (receipt, id, firm) VALUES (?1, ?2, ?3)
             ON CONFLICT (receipt, id) DO NOTHING",
        )?
        .execute(params![receipt, id, place.firm])?;
    taken.places.insert((day, id), taken.kept.len());
    taken.kept.push(word);
    Ok(())
}

/// The latest word about a finding stands in this batch now.
fn point_to(
    transaction: &Transaction<'_>,
    place: &Place,
    (day, id): (i64, i64),
    count: u64,
) -> Result<(), StoreError> {
    transaction
        .prepare_cached(
            "UPDATE finding SET count = ?4, receipt = ?5
             WHERE firm = ?1 AND day = ?2 AND id = ?3",
        )?
        .execute(params![place.firm, day, id, signed(count), place.receipt])?;
    Ok(())
}

/// The new word, with the widest span that was told.
fn later_word(earlier: &Sighting, later: &Sighting) -> Sighting {
    Sighting {
        first: earlier.first.min(later.first),
        last: earlier.last.max(later.last),
        ..later.clone()
    }
}

/// The word about a finding in the block of a batch.
fn word_in(
    transaction: &Transaction<'_>,
    blocks: &mut BTreeMap<i64, Vec<Sighting>>,
    receipt: i64,
    id: i64,
) -> Result<Option<Sighting>, StoreError> {
    if !blocks.contains_key(&receipt) {
        let body: Option<Vec<u8>> = transaction
            .prepare_cached("SELECT body FROM chunk WHERE receipt = ?1")?
            .query_row([receipt], |row| row.get(0))
            .optional()?;
        let words = match body {
            Some(body) => packed::unpack(&body).ok_or_else(|| StoreError::malformed(0))?,
            None => Vec::new(),
        };
        if blocks.len() >= MAX_BLOCKS {
            blocks.pop_first();
        }
        blocks.insert(receipt, words);
    }
    let words = blocks.get(&receipt).map(Vec::as_slice).unwrap_or_default();
    Ok(words.iter().find(|word| short_id(&word.id) == id).cloned())
}

fn put_chunk(
    transaction: &Transaction<'_>,
    place: &Place,
    kept: &[Sighting],
) -> Result<(), StoreError> {
    let (oldest, newest) = ends(kept);
    transaction
        .prepare_cached(
            "INSERT INTO chunk (receipt, firm, sender, oldest, newest, body)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
        )?
        .execute(params![
            place.receipt,
            place.firm,
            place.sender,
            oldest,
            newest,
            packed::pack(kept)
        ])?;
    Ok(())
}

/// The earliest and the latest of the last events.
pub(super) fn ends(kept: &[Sighting]) -> (i64, i64) {
    let lasts = kept.iter().map(|sighting| sighting.last.as_millis());
    (
        lasts.clone().min().unwrap_or_default(),
        lasts.max().unwrap_or_default(),
    )
}

/// What sightings say about keys and hours, in order of hour and key.
pub(super) fn edges_of(kept: &[Sighting]) -> BTreeMap<(i64, &str), Seen> {
    let mut edges: BTreeMap<(i64, &str), Seen> = BTreeMap::new();
    let mut left = MAX_BATCH_EDGES;
    // Where nobody attacked from outside the key is a place, and the edge has no source.
    let no_source = [NO_SOURCE];
    for sighting in kept {
        let sources: &[IpAddr] = if sighting.sources.is_empty() {
            &no_source
        } else {
            &sighting.sources
        };
        let (mut first, last) = hours_of(sighting);
        let hours = usize::try_from(last.saturating_sub(first).saturating_add(1)).unwrap_or(1);
        let rows = hours.saturating_mul(sources.len());
        if rows > left {
            first = last;
        }
        left = left.saturating_sub(rows);
        for hour in first..=last {
            let seen = edges.entry((hour, &sighting.key)).or_insert_with(|| Seen {
                first: sighting.first,
                last: sighting.last,
                severity: sighting.severity,
                success: false,
                sources: BTreeMap::new(),
            });
            seen.first = seen.first.min(sighting.first);
            seen.last = seen.last.max(sighting.last);
            seen.severity = seen.severity.max(sighting.severity);
            seen.success |= sighting.outcome == AttackOutcome::Success;
            for source in sources {
                let count = seen.sources.entry(source_key(*source)).or_default();
                *count = sighting.count.max(*count);
            }
        }
    }
    edges
}

/// The hours that a sighting is spread over, the first and the last.
fn hours_of(sighting: &Sighting) -> (i64, i64) {
    let last = hour_of(sighting.last);
    let earliest = last.saturating_sub(MAX_EDGE_HOURS - 1);
    (hour_of(sighting.first).clamp(earliest, last), last)
}

fn put_edges(
    transaction: &Transaction<'_>,
    place: &Place,
    kept: &[Sighting],
) -> Result<(), StoreError> {
    let mut statement = transaction.prepare_cached(
        "INSERT INTO edge (hour, key, firm, receipt, seen) VALUES (?1, ?2, ?3, ?4, ?5)
         ON CONFLICT (hour, key, firm, receipt) DO NOTHING",
    )?;
    for ((hour, key), seen) in edges_of(kept) {
        statement.execute(params![
            hour,
            key,
            place.firm,
            place.receipt,
            seen.pack(hour_start(hour))
        ])?;
    }
    Ok(())
}

/// Changes of the pages' sums: events and findings by hour and outcome.
#[derive(Default)]
struct Sums(BTreeMap<(i64, AttackOutcome), (i64, i64)>);

impl Sums {
    /// Adds a sighting, or takes it away again (`sign` -1). Its events are spread evenly over its
    /// hours, the remainder to the first ones.
    fn add(&mut self, sighting: &Sighting, sign: i64) {
        let (first, last) = hours_of(sighting);
        let hours = last.saturating_sub(first).saturating_add(1).max(1);
        let events = signed(sighting.count.min(MAX_EVENTS));
        let (each, rest) = (events / hours, events % hours);
        for hour in first..=last {
            let extra = i64::from(hour.saturating_sub(first) < rest);
            let sum = self.0.entry((hour, sighting.outcome)).or_default();
            sum.0 = sum.0.saturating_add((each + extra).saturating_mul(sign));
            if hour == last {
                sum.1 = sum.1.saturating_add(sign);
            }
        }
    }

    fn by_day(&self) -> BTreeMap<(i64, AttackOutcome), (i64, i64)> {
        let mut days: BTreeMap<(i64, AttackOutcome), (i64, i64)> = BTreeMap::new();
        for ((hour, outcome), (events, findings)) in &self.0 {
            let day = hour.div_euclid(DAY_HOURS);
            let sum = days.entry((day, *outcome)).or_default();
            sum.0 = sum.0.saturating_add(*events);
            sum.1 = sum.1.saturating_add(*findings);
        }
        days
    }
}

fn put_sums(transaction: &Transaction<'_>, firm: i64, sums: &Sums) -> Result<(), StoreError> {
    for (table, unit, sums) in [
        ("rollup_hour", "hour", &sums.0),
        ("rollup_day", "day", &sums.by_day()),
    ] {
        let mut statement = transaction.prepare_cached(&format!(
            "INSERT INTO {table} (firm, {unit}, outcome, events, findings)
             VALUES (?1, ?2, ?3, ?4, ?5)
             ON CONFLICT (firm, {unit}, outcome) DO UPDATE SET
                 events = {table}.events + excluded.events,
                 findings = {table}.findings + excluded.findings"
        ))?;
        for ((at, outcome), (events, findings)) in sums {
            if (*events, *findings) != (0, 0) {
                statement.execute(params![firm, at, outcome.as_str(), events, findings])?;
            }
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use larum_core::finding::{Category, Severity};

    use super::*;

    fn sighting(first: (i64, i64), last: (i64, i64), count: u64) -> Sighting {
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
    fn a_sighting_spreads_over_its_hours_and_nothing_is_lost() {
        let check = |first, last, events, expected: &[i64]| {
            let mut sums = Sums::default();
            let sighting = sighting(first, last, events);
            sums.add(&sighting, 1);
            let spread: Vec<i64> = sums.0.values().map(|sum| sum.0).collect();
            assert_eq!(spread, expected);
            let days: i64 = sums.by_day().values().map(|sum| sum.0).sum();
            assert_eq!(days, signed(events));
            sums.add(&sighting, -1);
            assert!(sums.0.values().all(|sum| *sum == (0, 0)));
        };
        check((1, 5), (1, 50), 7, &[7]);
        check((1, 50), (3, 10), 8, &[3, 3, 2]);
        check((22, 0), (25, 0), 8, &[2, 2, 2, 2]);
        // One that lasted for ever is spread over its last two days.
        check((-900_000, 0), (1, 0), 96, &[2; 48]);
    }

    #[test]
    fn a_batch_of_very_long_sightings_has_a_bounded_number_of_edges() {
        let mut long = sighting((-48, 0), (0, 0), 3);
        long.sources = (1..51)
            .map(|host| std::net::Ipv4Addr::new(192, 0, 2, host).into())
            .collect();
        let all = vec![long; 1_000];
        let rows: usize = edges_of(&all).values().map(|seen| seen.sources.len()).sum();
        assert!(rows <= MAX_BATCH_EDGES);
        assert!(edges_of(&all).contains_key(&(0, "tcp/22")));
    }
}
