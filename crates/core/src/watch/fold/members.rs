//! Who reports: numbers instead of names, since when, where and what.

use std::collections::{BTreeMap, BTreeSet};

use super::index::Index;
use super::voices::Voices;
use super::{DAY_HOURS, HOUR_SECONDS, Seen};
use crate::detect::snapshot::{Reader, Snapshot, kept};
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
}

/// The area and the sector of a member; [`NOWHERE`] where it has none.
#[derive(Clone, Copy, Debug)]
struct Home {
    area: u16,
    sector: u16,
}

/// The number of no area and no sector.
const NOWHERE: u16 = u16::MAX;

/// Until when a member had to be there to count: by when it was first heard, so that invented dates
/// make nobody old, and by its own first sighting. `None` while the hub itself is young.
#[derive(Clone, Copy, Debug)]
struct Probation {
    joined: Option<i64>,
    first: Option<i64>,
}

impl Probation {
    fn is_over(self, member: &Member) -> bool {
        self.joined.is_none_or(|since| member.joined <= since)
            && self.first.is_none_or(|since| member.first <= since)
    }
}

/// Who counts towards an alarm in an hour, reckoned once for all keys.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Standing {
    /// Voices that count.
    pub counted: usize,
    /// A bit for each member, by number.
    bits: Vec<u64>,
    /// First day of the history …
    pub first_day: i64,
    /// … and the voices known on it and on each day after it.
    pub known: Vec<usize>,
}

impl Standing {
    /// Whether the member's sightings count towards an alarm.
    pub fn counts(&self, number: u32) -> bool {
        let bits = place(number / 64).and_then(|at| self.bits.get(at));
        bits.is_some_and(|bits| bits >> (number % 64) & 1 == 1)
    }
}

/// All members, by number in order of their first appearance.
#[derive(Clone, Debug, Default)]
pub(super) struct Members {
    index: Index,
    names: Vec<Box<str>>,
    /// In order of their joining.
    known: Vec<Member>,
    homes: Vec<Home>,
    /// First hours of each voice, sorted unless `unsorted`.
    firsts: Vec<i64>,
    unsorted: bool,
    areas: Places,
    sectors: Places,
    regions: Places,
    /// The region of each area; [`NOWHERE`] where it has none.
    regions_of: Vec<u16>,
    /// Who speaks for whom.
    pub(super) voices: Voices,
}

kept!(Member { first, joined });
kept!(Home { area, sector });
kept!(Standing {
    counted,
    bits,
    first_day,
    known
});

/// What is kept of them; the index is made anew.
type Kept = (
    (Vec<Box<str>>, Vec<Member>, Vec<Home>),
    (Vec<i64>, bool, (Places, Places, Places)),
    (Vec<u16>, Voices),
);

impl Snapshot for Members {
    fn layout() -> u64 {
        Kept::layout()
    }

    fn write(&self, out: &mut Vec<u8>) {
        self.names.write(out);
        self.known.write(out);
        self.homes.write(out);
        self.firsts.write(out);
        self.unsorted.write(out);
        self.areas.write(out);
        self.sectors.write(out);
        self.regions.write(out);
        self.regions_of.write(out);
        self.voices.write(out);
    }

    fn read(from: &mut Reader<'_>) -> Option<Self> {
        let ((names, known, homes), (firsts, unsorted, cells), (regions_of, mut voices)) =
            Kept::read(from)?;
        voices.refresh(&names);
        let (areas, sectors, regions) = cells;
        let mut index = Index::default();
        let name_of = |number: u32| names.get(place(number)?).map(AsRef::as_ref);
        for (number, name) in (0..).zip(&names) {
            index.insert(name, number, name_of);
        }
        Some(Self {
            index,
            names,
            known,
            homes,
            firsts,
            unsorted,
            areas,
            sectors,
            regions,
            regions_of,
            voices,
        })
    }
}

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

    /// The number of the place a member is of, who is counted there from now on.
    fn settle(&mut self, name: &str) -> u16 {
        let number = self.enter(name);
        let counted = number
            .and_then(place)
            .and_then(|at| self.members.get_mut(at));
        if let Some(counted) = counted {
            *counted += 1;
        }
        number
            .and_then(|number| u16::try_from(number).ok())
            .unwrap_or(NOWHERE)
    }
}

fn place(number: u32) -> Option<usize> {
    usize::try_from(number).ok()
}

impl Members {
    /// The number of the member a sighting is of; `None` when there are too many.
    pub fn enter(&mut self, seen: &Seen<'_>, now: i64) -> Option<u32> {
        let hour = seen.at.as_seconds().div_euclid(HOUR_SECONDS);
        let names = &self.names;
        let name_of = |number: u32| names.get(place(number)?).map(AsRef::as_ref);
        if let Some(number) = self.index.find(seen.member, name_of) {
            self.meet_again(place(number)?, seen, hour)?;
            return Some(number);
        }
        if self.known.len() >= MAX_MEMBERS {
            return None;
        }
        let number = u32::try_from(self.known.len()).ok()?;
        self.index.insert(seen.member, number, name_of);
        self.names.push(seen.member.into());
        let home = Home {
            area: self.settle_area(seen.area),
            sector: self.sectors.settle(seen.sector),
        };
        self.homes.push(home);
        self.known.push(Member {
            first: hour,
            joined: now,
        });
        self.unsorted |= self.firsts.last().is_some_and(|last| *last > hour);
        self.firsts.push(hour);
        Some(number)
    }

    fn meet_again(&mut self, at: usize, seen: &Seen<'_>, hour: i64) -> Option<()> {
        let member = self.known.get_mut(at)?;
        if hour < member.first {
            member.first = hour;
            self.unsorted = true;
        }
        let Home { area, sector } = *self.homes.get(at)?;
        if area == NOWHERE && !seen.area.is_empty() {
            let area = self.settle_area(seen.area);
            self.homes.get_mut(at)?.area = area;
        }
        if sector == NOWHERE && !seen.sector.is_empty() {
            self.homes.get_mut(at)?.sector = self.sectors.settle(seen.sector);
        }
        Some(())
    }

    /// Counts a member in an area and in its region.
    fn settle_area(&mut self, name: &str) -> u16 {
        let area = self.areas.settle(name);
        if area == NOWHERE {
            return NOWHERE;
        }
        let region = self
            .regions
            .settle(crate::area::region(name).unwrap_or_default());
        let at = usize::from(area);
        if self.regions_of.len() <= at {
            self.regions_of.resize(at + 1, NOWHERE);
        }
        if let Some(known) = self.regions_of.get_mut(at) {
            *known = region;
        }
        area
    }

    pub const fn len(&self) -> usize {
        self.known.len()
    }

    pub fn area(&self, number: u32) -> Option<u32> {
        let home = self.homes.get(place(number)?)?;
        (home.area != NOWHERE).then_some(u32::from(home.area))
    }

    pub fn sector(&self, number: u32) -> Option<u32> {
        let home = self.homes.get(place(number)?)?;
        (home.sector != NOWHERE).then_some(u32::from(home.sector))
    }

    /// The region of an area.
    pub fn region_of(&self, area: u32) -> Option<u32> {
        let region = self.regions_of.get(place(area)?)?;
        (*region != NOWHERE).then_some(u32::from(*region))
    }

    pub const fn regions(&self) -> &Places {
        &self.regions
    }

    pub const fn areas(&self) -> &Places {
        &self.areas
    }

    pub const fn sectors(&self) -> &Places {
        &self.sectors
    }

    /// Voices, as of the last [`Members::refresh`].
    pub const fn voices(&self) -> usize {
        self.firsts.len()
    }

    /// The number of a member that was entered.
    pub fn number(&self, name: &str) -> Option<u32> {
        let name_of = |number: u32| self.names.get(place(number)?).map(AsRef::as_ref);
        self.index.find(name, name_of)
    }

    /// Voices known before `hour`.
    pub fn known_before(&self, hour: i64) -> usize {
        self.firsts.partition_point(|first| *first < hour)
    }

    /// First whole day of the history: it starts where more members report than are trimmed, so that
    /// one member with invented dates cannot make a young hub look old.
    pub fn history_from(&self) -> Option<i64> {
        let trim = crate::watch::trim_for(self.voices());
        let start = self.firsts.get(trim).or_else(|| self.firsts.last())?;
        Some(start.div_euclid(DAY_HOURS) + 1)
    }

    /// Who is on probation in hour `now`.
    fn probation(&self, now: i64) -> Probation {
        let trim = crate::watch::trim_for(self.voices());
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

    /// Who counts in hour `now`, and how many there were on the `days`.
    pub fn standing(&self, now: i64, days: std::ops::RangeInclusive<i64>) -> Standing {
        let probation = self.probation(now);
        let mut standing = Standing {
            counted: 0,
            bits: vec![0; self.known.len().div_ceil(64)],
            first_day: *days.start(),
            known: days
                .map(|day| self.known_before((day + 1) * DAY_HOURS))
                .collect(),
        };
        for (members, bits) in self.known.chunks(64).zip(&mut standing.bits) {
            for (bit, member) in members.iter().enumerate() {
                if probation.is_over(member) {
                    *bits |= 1 << bit;
                    standing.counted += 1;
                }
            }
        }
        if !self.voices.are_single() {
            let numbers = (0_u32..).take(self.known.len());
            let heard: BTreeSet<u32> = numbers
                .filter(|number| standing.counts(*number))
                .map(|number| self.voices.of(number))
                .collect();
            standing.counted = heard.len();
        }
        standing
    }

    /// The member's name.
    pub fn name(&self, number: u32) -> &str {
        let names = place(number).and_then(|at| self.names.get(at));
        names.map_or("", |name| name)
    }

    /// Brings voices and their first hours into order again.
    pub fn refresh(&mut self) {
        self.unsorted |= self.voices.refresh(&self.names);
        // A new member of a known network brings no new voice.
        self.unsorted |= !self.voices.are_single() && self.firsts.len() != self.known.len();
        if !std::mem::take(&mut self.unsorted) {
            return;
        }
        let mut firsts: Vec<i64> = self.known.iter().map(|member| member.first).collect();
        for (number, member) in (0_u32..).zip(&self.known) {
            let voice = self.voices.of(number);
            if voice != number {
                if let Some(first) = place(voice).and_then(|at| firsts.get_mut(at)) {
                    *first = (*first).min(member.first);
                }
                if let Some(own) = place(number).and_then(|at| firsts.get_mut(at)) {
                    *own = i64::MAX;
                }
            }
        }
        firsts.retain(|first| *first != i64::MAX);
        self.firsts = firsts;
        self.firsts.sort_unstable();
    }
}
