//! Who reports: numbers instead of names, since when, where and what.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::{DAY_HOURS, HOUR_SECONDS, Seen};
use crate::detect::snapshot::kept;
use crate::watch::MEMBER_PROBATION_DAYS;

/// Members at most.
const MAX_MEMBERS: usize = 2_000_000;

/// One member.
#[derive(Clone, Debug)]
struct Member {
    /// First hour it reported of.
    first: i64,
    /// The hour in which it was first heard, by the watch's own time: what it says of earlier days
    /// does not make it older.
    joined: i64,
    area: Option<u32>,
    sector: Option<u32>,
}

/// Until when a member had to be there to count: by when it was first heard, so that invented dates
/// make nobody old, and by its own first sighting. `None` while the hub itself is young.
#[derive(Clone, Copy, Debug)]
pub(super) struct Probation {
    joined: Option<i64>,
    first: Option<i64>,
}

impl Probation {
    fn is_over(self, member: &Member) -> bool {
        self.joined.is_none_or(|since| member.joined <= since)
            && self.first.is_none_or(|since| member.first <= since)
    }
}

/// All members, by number in order of their first appearance.
#[derive(Clone, Debug, Default)]
pub(super) struct Members {
    numbers: BTreeMap<Arc<str>, u32>,
    names: Vec<Arc<str>>,
    /// In order of their joining.
    known: Vec<Member>,
    /// First hours, sorted unless `unsorted`.
    firsts: Vec<i64>,
    unsorted: bool,
    areas: Places,
    sectors: Places,
}

kept!(Member {
    first,
    joined,
    area,
    sector
});
kept!(Members {
    numbers,
    names,
    known,
    firsts,
    unsorted,
    areas,
    sectors
});

/// Names of areas or of sectors, numbered.
#[derive(Clone, Debug, Default)]
pub(super) struct Places {
    pub(super) numbers: BTreeMap<String, u32>,
    pub(super) names: Vec<String>,
    /// Members in each.
    pub(super) members: Vec<usize>,
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
    pub fn enter(&mut self, seen: &Seen<'_>, now: i64) -> Option<u32> {
        let hour = seen.at.as_seconds().div_euclid(HOUR_SECONDS);
        if let Some(number) = self.numbers.get(seen.member) {
            let member = self.known.get_mut(place(*number)?)?;
            if hour < member.first {
                member.first = hour;
                self.unsorted = true;
            }
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
        let name: Arc<str> = seen.member.into();
        self.numbers.insert(Arc::clone(&name), number);
        self.names.push(name);
        self.known.push(Member {
            first: hour,
            joined: now,
            area,
            sector,
        });
        self.unsorted |= self.firsts.last().is_some_and(|last| *last > hour);
        self.firsts.push(hour);
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

    /// Who is on probation in hour `now`.
    pub fn probation(&self, now: i64) -> Probation {
        let trim = crate::watch::trim_for(self.len());
        let since = now - MEMBER_PROBATION_DAYS * DAY_HOURS;
        let settled = |start: i64| {
            let start = start.div_euclid(DAY_HOURS) * DAY_HOURS;
            (start <= since - 3 * DAY_HOURS).then_some(since)
        };
        let joined = self.known.get(trim).or_else(|| self.known.last());
        let first = self.firsts.get(trim).or_else(|| self.firsts.last());
        Probation {
            joined: joined.and_then(|member| settled(member.joined)),
            first: first.and_then(|first| settled(*first)),
        }
    }

    /// Whether the member's sightings count towards an alarm.
    pub fn counts(&self, number: u32, probation: Probation) -> bool {
        let member = place(number).and_then(|at| self.known.get(at));
        member.is_some_and(|member| probation.is_over(member))
    }

    /// Members that count.
    pub fn counted(&self, probation: Probation) -> usize {
        let counted = self.known.iter().filter(|one| probation.is_over(one));
        counted.count()
    }

    /// The member's name.
    pub fn name(&self, number: u32) -> &str {
        let names = place(number).and_then(|at| self.names.get(at));
        names.map_or("", |name| name)
    }

    /// Brings first hours into order again.
    pub fn refresh(&mut self) {
        if !std::mem::take(&mut self.unsorted) {
            return;
        }
        self.firsts.clear();
        self.firsts
            .extend(self.known.iter().map(|member| member.first));
        self.firsts.sort_unstable();
    }
}
