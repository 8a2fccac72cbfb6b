//! Who reports: numbers instead of names, since when, where and what.

use std::collections::BTreeMap;

use super::{DAY_HOURS, HOUR_SECONDS, Seen};
use crate::watch::MEMBER_PROBATION_DAYS;

/// Members at most.
const MAX_MEMBERS: usize = 2_000_000;

/// One member.
#[derive(Clone, Debug)]
struct Member {
    /// First hour it reported of.
    first: i64,
    area: Option<u32>,
    sector: Option<u32>,
}

/// All members, by number in order of their first appearance.
#[derive(Clone, Debug, Default)]
pub(super) struct Members {
    numbers: BTreeMap<String, u32>,
    known: Vec<Member>,
    /// First hours, sorted anew each day.
    firsts: Vec<i64>,
    areas: Places,
    sectors: Places,
}

/// Names of areas or of sectors, numbered.
#[derive(Clone, Debug, Default)]
pub(super) struct Places {
    numbers: BTreeMap<String, u32>,
    names: Vec<String>,
    /// Members in each.
    members: Vec<usize>,
}

/// Areas or sectors at most; members of further ones belong to none.
const MAX_PLACES: usize = 512;

impl Places {
    fn enter(&mut self, name: &str) -> Option<u32> {
        if name.is_empty() {
            return None;
        }
        if let Some(number) = self.numbers.get(name) {
            return Some(*number);
        }
        if self.names.len() >= MAX_PLACES {
            return None;
        }
        let number = u32::try_from(self.names.len()).ok()?;
        self.numbers.insert(name.to_owned(), number);
        self.names.push(name.to_owned());
        self.members.push(0);
        Some(number)
    }

    pub fn name(&self, number: u32) -> &str {
        place(number)
            .and_then(|place| self.names.get(place))
            .map_or("", String::as_str)
    }

    pub const fn len(&self) -> usize {
        self.names.len()
    }

    pub fn members(&self, number: u32) -> usize {
        place(number)
            .and_then(|place| self.members.get(place))
            .copied()
            .unwrap_or(0)
    }

    fn add(&mut self, number: Option<u32>) {
        let counted = number
            .and_then(place)
            .and_then(|at| self.members.get_mut(at));
        if let Some(counted) = counted {
            *counted += 1;
        }
    }
}

fn place(number: u32) -> Option<usize> {
    usize::try_from(number).ok()
}

impl Members {
    /// The number of the member a sighting is of; `None` when there are too many.
    pub fn enter(&mut self, seen: &Seen<'_>) -> Option<u32> {
        let hour = seen.at.as_seconds().div_euclid(HOUR_SECONDS);
        if let Some(number) = self.numbers.get(seen.member) {
            let member = self.known.get_mut(place(*number)?)?;
            member.first = member.first.min(hour);
            if member.area.is_none() && !seen.area.is_empty() {
                member.area = self.areas.enter(seen.area);
                self.areas.add(member.area);
            }
            if member.sector.is_none() && !seen.sector.is_empty() {
                member.sector = self.sectors.enter(seen.sector);
                self.sectors.add(member.sector);
            }
            return Some(*number);
        }
        if self.known.len() >= MAX_MEMBERS {
            return None;
        }
        let number = u32::try_from(self.known.len()).ok()?;
        let (area, sector) = (self.areas.enter(seen.area), self.sectors.enter(seen.sector));
        self.areas.add(area);
        self.sectors.add(sector);
        self.numbers.insert(seen.member.to_owned(), number);
        self.known.push(Member {
            first: hour,
            area,
            sector,
        });
        let at = self.firsts.partition_point(|first| *first <= hour);
        self.firsts.insert(at, hour);
        Some(number)
    }

    pub const fn len(&self) -> usize {
        self.known.len()
    }

    pub fn area(&self, number: u32) -> Option<u32> {
        self.known.get(place(number)?)?.area
    }

    pub fn sector(&self, number: u32) -> Option<u32> {
        self.known.get(place(number)?)?.sector
    }

    pub const fn areas(&self) -> &Places {
        &self.areas
    }

    pub const fn sectors(&self) -> &Places {
        &self.sectors
    }

    /// Members known before `hour`.
    pub fn known_before(&self, hour: i64) -> usize {
        self.firsts.partition_point(|first| *first < hour)
    }

    /// First whole day of the history: it starts where more members report than are trimmed, so that
    /// one member with invented dates cannot make a young hub look old.
    pub fn history_from(&self) -> Option<i64> {
        let trim = crate::watch::trim_for(self.len());
        let start = self.firsts.get(trim).or_else(|| self.firsts.last())?;
        Some(start.div_euclid(DAY_HOURS) + 1)
    }

    /// From which first hour on a member is still on probation; none on a young hub.
    pub fn probation(&self, now: i64) -> Option<i64> {
        let start = (self.history_from()? - 1) * DAY_HOURS;
        let since = now - MEMBER_PROBATION_DAYS * DAY_HOURS;
        (start <= since - 3 * DAY_HOURS).then_some(since)
    }

    /// Whether the member's sightings count towards an alarm.
    pub fn counts(&self, number: u32, probation: Option<i64>) -> bool {
        let Some(since) = probation else { return true };
        place(number)
            .and_then(|at| self.known.get(at))
            .is_some_and(|member| member.first <= since)
    }

    /// Members that count.
    pub fn counted(&self, probation: Option<i64>) -> usize {
        probation.map_or(self.len(), |since| self.known_before(since + 1))
    }

    /// Late sightings may have moved first hours back.
    pub fn close_day(&mut self, _day: i64) {
        self.firsts.clear();
        self.firsts
            .extend(self.known.iter().map(|member| member.first));
        self.firsts.sort_unstable();
    }
}
