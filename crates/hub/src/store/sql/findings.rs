//! Where the latest word about each finding of a firm stands, in parts of a day.
//!
//! A finding's first event is part of its identity, so what comes together belongs to the same day or
//! two. A batch reads the parts of its days and writes the last of each, and those of the findings that
//! it tells more about: a handful of rows, however many findings there are.

use std::collections::{BTreeMap, BTreeSet};

use larum_core::finding::FindingId;

use super::engine::{Connection, Transaction, Value, numbers, params};
use super::ingest::length;
use crate::store::StoreError;
use crate::store::packed::{pack_places, unpack_places};

/// Most findings of one part: it fills a page of the engine, 4 KB.
const PART_FINDINGS: usize = 384;

/// Both halves of a finding's identity laid over each other, by which it is found among those of its firm
/// and day.
pub(super) fn short_id(id: &FindingId) -> i64 {
    let bits = u128::from_be_bytes(id.0);
    let [low, high] = [bits, bits >> 64].map(|half| half & u128::from(u64::MAX));
    u64::try_from(low ^ high).unwrap_or_default().cast_signed()
}

/// The findings of a firm in some days.
pub(super) struct Findings {
    firm: i64,
    days: BTreeMap<i64, Day>,
}

#[derive(Default)]
struct Day {
    parts: Vec<Part>,
    /// Findings that are new, with their batch.
    new: Vec<(i64, i64)>,
}

struct Part {
    number: i64,
    /// Findings with the batch of their latest word, in order of the findings.
    places: Vec<(i64, i64)>,
    is_changed: bool,
}

impl Findings {
    /// What is known of a firm.
    pub const fn of(firm: i64) -> Self {
        Self {
            firm,
            days: BTreeMap::new(),
        }
    }

    /// Reads what is known of these days, all at once.
    pub fn read(
        &mut self,
        connection: &Connection<'_>,
        days: impl Iterator<Item = i64>,
    ) -> Result<(), StoreError> {
        let is_new = |day: &i64| !self.days.contains_key(day);
        let days: BTreeSet<i64> = days.filter(is_new).collect();
        let mut statement = connection.prepare_cached(&format!(
            "SELECT day, part, places FROM finding WHERE firm = ?1 AND day {} ORDER BY day, part",
            connection.among("?2")
        ))?;
        let wanted = numbers(days.iter().copied());
        self.days
            .extend(days.into_iter().map(|day| (day, Day::default())));
        let mut rows = statement.query(params![self.firm, wanted])?;
        while let Some(row) = rows.next()? {
            let (day, places): (i64, Vec<u8>) = (row.get(0)?, row.get(2)?);
            self.days.entry(day).or_default().parts.push(Part {
                number: row.get(1)?,
                places: unpack_places(&places).ok_or_else(|| StoreError::malformed(2))?,
                is_changed: false,
            });
        }
        Ok(())
    }

    /// The batch with the latest word about a finding.
    pub fn find(
        &mut self,
        connection: &Connection<'_>,
        day: i64,
        id: i64,
    ) -> Result<Option<i64>, StoreError> {
        let known = self.place(connection, day, id)?;
        Ok(known.map(|(part, place)| part.places.get(place).map_or(0, |(_, receipt)| *receipt)))
    }

    /// Notes a finding that is new.
    pub fn add(&mut self, day: i64, id: i64, receipt: i64) {
        self.days.entry(day).or_default().new.push((id, receipt));
    }

    /// Notes that the latest word about a known finding stands in another batch now.
    pub fn point_to(
        &mut self,
        connection: &Connection<'_>,
        (day, id): (i64, i64),
        receipt: i64,
    ) -> Result<(), StoreError> {
        if let Some((part, place)) = self.place(connection, day, id)?
            && let Some(known) = part.places.get_mut(place)
        {
            known.1 = receipt;
            part.is_changed = true;
        }
        Ok(())
    }

    /// Forgets a finding whose latest word stands in this batch; whether it does.
    pub fn forget(
        &mut self,
        connection: &Connection<'_>,
        (day, id): (i64, i64),
        receipt: i64,
    ) -> Result<bool, StoreError> {
        let Some((part, place)) = self.place(connection, day, id)? else {
            return Ok(false);
        };
        if part.places.get(place) != Some(&(id, receipt)) {
            return Ok(false);
        }
        part.places.remove(place);
        part.is_changed = true;
        Ok(true)
    }

    fn place(
        &mut self,
        connection: &Connection<'_>,
        day: i64,
        id: i64,
    ) -> Result<Option<(&mut Part, usize)>, StoreError> {
        if !self.days.contains_key(&day) {
            self.read(connection, std::iter::once(day))?;
        }
        let known = self.days.entry(day).or_default();
        Ok(known.parts.iter_mut().find_map(|part| {
            let place = part.places.binary_search_by_key(&id, |(id, _)| *id).ok()?;
            Some((part, place))
        }))
    }

    /// Writes what has changed.
    pub fn put(mut self, transaction: &Transaction<'_>) -> Result<(), StoreError> {
        let mut changed = Vec::new();
        let mut delete = transaction
            .prepare_cached("DELETE FROM finding WHERE firm = ?1 AND day = ?2 AND part = ?3")?;
        for (day, known) in &mut self.days {
            known.settle();
            for part in known.parts.iter().filter(|part| part.is_changed) {
                if part.places.is_empty() {
                    delete.execute(params![self.firm, day, part.number])?;
                } else {
                    let places = Value::Blob(pack_places(&part.places).into());
                    let number = Value::Integer(part.number);
                    let (firm, day) = (Value::Integer(self.firm), Value::Integer(*day));
                    changed.push([firm, day, number, places]);
                }
            }
        }
        transaction.execute_rows(
            "INSERT INTO finding (firm, day, part, places) VALUES (?1, ?2, ?3, ?4)
             ON CONFLICT (firm, day, part) DO UPDATE SET places = excluded.places",
            &changed,
        )
    }
}

impl Day {
    /// Puts what is new behind what was known: into the last part while there is room, then into others.
    fn settle(&mut self) {
        let mut new = std::mem::take(&mut self.new).into_iter().peekable();
        while new.peek().is_some() {
            let has_room = |part: &Part| part.places.len() < PART_FINDINGS;
            if !self.parts.last().is_some_and(has_room) {
                let number = self.parts.last().map_or(0, |part| part.number + 1);
                self.parts.push(Part {
                    number,
                    places: Vec::new(),
                    is_changed: true,
                });
            }
            let Some(last) = self.parts.last_mut() else {
                return;
            };
            let room = PART_FINDINGS.saturating_sub(last.places.len());
            last.places.extend(new.by_ref().take(room));
            last.places.sort_unstable();
            last.is_changed = true;
        }
    }
}

/// Says how many findings of a firm are gone.
pub(super) fn count_gone(
    transaction: &Transaction<'_>,
    firm: i64,
    gone: usize,
) -> Result<(), StoreError> {
    transaction.execute(
        "UPDATE firm SET findings = findings - ?2 WHERE number = ?1",
        [firm, length(gone)],
    )?;
    Ok(())
}
