//! The pages' sums: a firm's events and findings by hour and by day.

use std::collections::BTreeMap;

use larum_core::finding::AttackOutcome;
use larum_core::sighting::Sighting;
use larum_core::time::Timestamp;

use super::engine::{Connection, Transaction, Value, numbers, params};
use super::ingest::signed;
use crate::store::StoreError;
use crate::store::packed::{DaySums, hours_between, pack_day, unpack_day};

const HOUR_SECONDS: i64 = 3_600;
const DAY_HOURS: i64 = 24;
/// Most events of one sighting that the sums count, so that no sum can overflow.
const MAX_EVENTS: u64 = 1 << 32;

/// Hours since the epoch.
pub(super) const fn hour_of(at: Timestamp) -> i64 {
    at.as_seconds().div_euclid(HOUR_SECONDS)
}

/// Days since the epoch.
pub(super) const fn day_of(at: Timestamp) -> i64 {
    hour_of(at).div_euclid(DAY_HOURS)
}

/// The day of an hour.
pub(super) const fn day_of_hour(hour: i64) -> i64 {
    hour.div_euclid(DAY_HOURS)
}

/// The start of an hour.
pub(super) const fn hour_start(hour: i64) -> Timestamp {
    Timestamp::from_seconds(hour.saturating_mul(HOUR_SECONDS))
}

/// The first day of which nothing is older than `since`.
pub(super) const fn first_whole_day(since: Timestamp) -> i64 {
    day_of(since.plus_millis(-1)).saturating_add(1)
}

/// Changes of the sums: events and findings by hour and outcome.
#[derive(Default)]
pub(super) struct Sums(BTreeMap<Cell, (i64, i64)>);

/// An hour or a day since the epoch, and an outcome.
pub(super) type Cell = (i64, AttackOutcome);

impl Sums {
    /// Adds a sighting, or takes it away again (`sign` -1). Its events are spread evenly over its
    /// hours, the remainder to the first ones.
    pub fn add(&mut self, sighting: &Sighting, sign: i64) {
        let (first, last) = hours_between(sighting.first, sighting.last, false);
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

    /// Adds other changes.
    pub fn join(&mut self, other: &Self) {
        for (cell, (events, findings)) in &other.0 {
            let sum = self.0.entry(*cell).or_default();
            sum.0 = sum.0.saturating_add(*events);
            sum.1 = sum.1.saturating_add(*findings);
        }
    }

    /// The changes by hour.
    pub fn hours(&self) -> impl Iterator<Item = (Cell, (i64, i64))> {
        self.0.iter().map(|(cell, sum)| (*cell, *sum))
    }

    /// The changes by day.
    pub fn days(&self) -> impl Iterator<Item = (Cell, (i64, i64))> {
        self.by_day().into_iter().flat_map(|(day, hours)| {
            let cells = whole(&hours).into_iter();
            cells.map(move |(outcome, sum)| ((day, outcome), sum))
        })
    }

    fn by_day(&self) -> BTreeMap<i64, DaySums> {
        let mut days: BTreeMap<i64, DaySums> = BTreeMap::new();
        for ((hour, outcome), sum) in &self.0 {
            if *sum != (0, 0) {
                let of_day = u8::try_from(hour.rem_euclid(DAY_HOURS)).unwrap_or(0);
                let day = days.entry(day_of_hour(*hour)).or_default();
                day.insert((of_day, *outcome), *sum);
            }
        }
        days
    }

    /// Changes a firm's sums by these.
    pub fn put(&self, transaction: &Transaction<'_>, firm: i64) -> Result<(), StoreError> {
        let by_day = self.by_day();
        let mut known = days_sums(transaction, firm, by_day.keys().copied())?;
        let (mut days, mut hours) = (Vec::new(), Vec::new());
        for (day, changes) in by_day {
            for (outcome, (events, findings)) in whole(&changes) {
                if (events, findings) != (0, 0) {
                    let outcome = Value::Text(outcome.as_str().into());
                    let [events, findings] = [events, findings].map(Value::Integer);
                    let [firm, day] = [firm, day].map(Value::Integer);
                    days.push([firm, day, outcome, events, findings]);
                }
            }
            let mut sums = known.remove(&day).unwrap_or_default();
            for (slot, (events, findings)) in changes {
                let sum = sums.entry(slot).or_default();
                sum.0 = sum.0.saturating_add(events);
                sum.1 = sum.1.saturating_add(findings);
            }
            let [firm, day] = [firm, day].map(Value::Integer);
            hours.push([firm, day, Value::Blob(pack_day(&sums).into())]);
        }
        transaction.execute_rows(
            "INSERT INTO rollup_day (firm, day, outcome, events, findings)
             VALUES (?1, ?2, ?3, ?4, ?5)
             ON CONFLICT (firm, day, outcome) DO UPDATE SET
                 events = rollup_day.events + excluded.events,
                 findings = rollup_day.findings + excluded.findings",
            &days,
        )?;
        transaction.execute_rows(
            "INSERT INTO rollup_hour (firm, day, sums) VALUES (?1, ?2, ?3)
             ON CONFLICT (firm, day) DO UPDATE SET sums = excluded.sums",
            &hours,
        )
    }
}

fn whole(hours: &DaySums) -> BTreeMap<AttackOutcome, (i64, i64)> {
    let mut days: BTreeMap<AttackOutcome, (i64, i64)> = BTreeMap::new();
    for ((_, outcome), (events, findings)) in hours {
        let sum = days.entry(*outcome).or_default();
        sum.0 = sum.0.saturating_add(*events);
        sum.1 = sum.1.saturating_add(*findings);
    }
    days
}

/// A firm's sums of some days.
fn days_sums(
    connection: &Connection<'_>,
    firm: i64,
    days: impl Iterator<Item = i64>,
) -> Result<BTreeMap<i64, DaySums>, StoreError> {
    let among = connection.among("?2");
    let sql = format!("SELECT day, sums FROM rollup_hour WHERE firm = ?1 AND day {among}");
    let mut statement = connection.prepare_cached(&sql)?;
    let mut rows = statement.query(params![firm, numbers(days)])?;
    let mut known = BTreeMap::new();
    while let Some(row) = rows.next()? {
        let sums: Vec<u8> = row.get(1)?;
        let sums = unpack_day(&sums).ok_or_else(|| StoreError::malformed(1))?;
        known.insert(row.get(0)?, sums);
    }
    Ok(known)
}

/// Calls `each` with the hourly sums of all firms: the firm, the hour and outcome, events and findings.
pub(super) fn each_hour_of_all(
    connection: &Connection<'_>,
    mut each: impl FnMut(i64, Cell, (i64, i64)) -> Result<(), StoreError>,
) -> Result<(), StoreError> {
    let mut statement = connection.prepare_cached("SELECT firm, day, sums FROM rollup_hour")?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        let (day, sums): (i64, Vec<u8>) = (row.get(1)?, row.get(2)?);
        let sums = unpack_day(&sums).ok_or_else(|| StoreError::malformed(2))?;
        for ((of_day, outcome), sum) in sums {
            let hour = day.saturating_mul(DAY_HOURS).saturating_add(of_day.into());
            each(row.get(0)?, (hour, outcome), sum)?;
        }
    }
    Ok(())
}

/// Puts the hourly sums of a firm of which nothing is there for these days.
pub(super) fn put_hours(
    transaction: &Transaction<'_>,
    firm: i64,
    hours: &[(Cell, (i64, i64))],
) -> Result<(), StoreError> {
    let mut days: BTreeMap<i64, DaySums> = BTreeMap::new();
    for ((hour, outcome), sum) in hours {
        let of_day = u8::try_from(hour.rem_euclid(DAY_HOURS)).unwrap_or(0);
        let day = days.entry(day_of_hour(*hour)).or_default();
        day.insert((of_day, *outcome), *sum);
    }
    let rows: Vec<[Value<'_>; 3]> = days
        .iter()
        .map(|(day, sums)| {
            let [firm, day] = [firm, *day].map(Value::Integer);
            [firm, day, Value::Blob(pack_day(sums).into())]
        })
        .collect();
    transaction.execute_rows(
        "INSERT INTO rollup_hour (firm, day, sums) VALUES (?1, ?2, ?3)",
        &rows,
    )
}

/// A firm's sums of the hours from `first` up to and without `end`.
pub(super) const SUMS: &str = "SELECT day, sums FROM rollup_hour
    WHERE firm = ?1 AND day >= ?2 AND day <= ?3 ORDER BY day";

/// Calls `each` with a firm's sums of the hours from `first` up to and without `end`, in order.
pub(super) fn each_hour(
    connection: &Connection<'_>,
    firm: i64,
    (first, end): (i64, i64),
    mut each: impl FnMut(i64, AttackOutcome, (i64, i64)),
) -> Result<(), StoreError> {
    let days = (day_of_hour(first), day_of_hour(end.saturating_sub(1)));
    let mut statement = connection.prepare_cached(SUMS)?;
    let mut rows = statement.query(params![firm, days.0, days.1])?;
    while let Some(row) = rows.next()? {
        let day: i64 = row.get(0)?;
        let sums: Vec<u8> = row.get(1)?;
        let sums = unpack_day(&sums).ok_or_else(|| StoreError::malformed(1))?;
        for ((of_day, outcome), sum) in sums {
            let hour = day.saturating_mul(DAY_HOURS).saturating_add(of_day.into());
            if hour >= first && hour < end {
                each(hour, outcome, sum);
            }
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::super::edges::tests::sighting;
    use super::*;

    #[test]
    fn a_sighting_spreads_over_its_hours_and_nothing_is_lost() {
        let check = |first, last, events, expected: &[i64]| {
            let mut sums = Sums::default();
            let sighting = sighting(first, last, events);
            sums.add(&sighting, 1);
            let spread: Vec<i64> = sums.0.values().map(|sum| sum.0).collect();
            assert_eq!(spread, expected);
            let days: i64 = sums
                .by_day()
                .values()
                .flat_map(|day| whole(day).into_values())
                .map(|sum| sum.0)
                .sum();
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
    fn a_day_goes_as_soon_as_its_beginning_is_too_old() {
        let day = |number: i64| Timestamp::from_seconds(number * 86_400);
        assert_eq!(first_whole_day(day(7)), 7);
        assert_eq!(first_whole_day(day(7).plus_millis(1)), 8);
        assert_eq!(first_whole_day(day(8).plus_millis(-1)), 8);
    }
}
