//! What is remembered of sources: when each was seen, by whom, how often it comes back.

use std::collections::BTreeMap;
use std::net::IpAddr;

use super::forest::{FEATURES, Row};
use crate::watch::network;

/// Days after which a source that was not seen is forgotten.
pub(super) const MEMORY_DAYS: i64 = 31;
/// Sources remembered at most; a new one is left out until others are forgotten.
const MAX_SOURCES: usize = 2_000_000;
/// Members remembered of one source.
const MAX_SEEN_BY: usize = 64;
/// Members whose likeness is measured; with more, all count the same.
const MAX_LIKENESS: usize = 64;
/// What is left of presence after a day, at three speeds.
const KEEP: [f32; 3] = [0.5, 0.8, 0.95];
/// Places of the activity of the network and of the wider one in a row.
const NEAR: usize = 11;
const WIDE: usize = 12;
/// "Never", in hours ago.
const NEVER_HOURS: f32 = 768.0;

/// How one source was seen: by one member, or by all together.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Track {
    presence: [f32; 3],
    events: f32,
    /// Seconds since 1970.
    first: i64,
    pub last: i64,
    before: i64,
    /// Days it was seen on.
    days: f32,
    /// Usual hours from one day's first sighting back to the last.
    gap: f32,
    /// Hours of the latest day, as bits.
    hours: u32,
    /// Days it was seen on, the latest whole one as the lowest bit.
    lately: u8,
}

/// One source.
#[derive(Clone, Debug, Default)]
pub(super) struct Source {
    pub all: Track,
    pub seen_by: Vec<(u32, Track)>,
    key: u32,
    keys: f32,
    /// Members that saw it on the latest day.
    latest: f32,
}

/// What is left of a key's sources the next day.
#[derive(Clone, Copy, Debug)]
struct Staying {
    again: f32,
    seen: f32,
}

#[derive(Clone, Copy, Debug, Default)]
struct Nearby {
    all: f32,
    wide: f32,
}

impl Source {
    /// Whether `member` saw it, and which others did.
    pub fn witnesses(&self, member: Option<u32>) -> (bool, impl Iterator<Item = u32> + Clone) {
        let all = self.seen_by.iter().map(|(one, _)| *one);
        let own = all.clone().any(|one| Some(one) == member);
        (own, all.filter(move |one| Some(*one) != member))
    }

    /// As all others saw it: what is known of a source to `member` if it were new. `None` where no
    /// other saw it.
    fn without(&self, member: u32, day: i64) -> Option<Self> {
        let own = self.seen_by.iter().find(|(one, _)| *one == member);
        let mut rest = self.clone();
        let Some((_, own)) = own else {
            return Some(rest);
        };
        rest.seen_by.retain(|(one, _)| *one != member);
        for (all, own) in rest.all.presence.iter_mut().zip(own.presence) {
            *all = (*all - own).max(0.0);
        }
        rest.all.events = (rest.all.events - own.events).max(0.0);
        let tracks = rest.seen_by.iter().map(|(_, track)| track);
        rest.all.last = tracks.clone().map(|track| track.last).max()?;
        rest.all.first = tracks.clone().map(|track| track.first).min()?;
        rest.all.hours = tracks.clone().fold(0, |hours, track| hours | track.hours);
        rest.all.days = tracks.clone().map(|track| track.days).fold(0.0, f32::max);
        if own.last >= day * DAY_SECONDS {
            rest.latest = (rest.latest - 1.0).max(0.0);
        }
        Some(rest)
    }
}

/// All that is remembered.
#[derive(Clone, Debug, Default)]
pub(super) struct Memory {
    pub sources: BTreeMap<IpAddr, Source>,
    /// Activity by network and member, and by network.
    near_member: BTreeMap<(IpAddr, u32), f32>,
    near: BTreeMap<IpAddr, f32>,
    wide: BTreeMap<IpAddr, f32>,
    staying: BTreeMap<u32, Staying>,
    likeness: Vec<Vec<f32>>,
    day: i64,
}

const DAY_SECONDS: i64 = 86_400;

impl Track {
    fn new(at: i64) -> Self {
        Self {
            first: at,
            ..Self::default()
        }
    }

    fn see(&mut self, at: i64, count: f32) {
        let (day, last_day) = (
            at.div_euclid(DAY_SECONDS),
            self.last.div_euclid(DAY_SECONDS),
        );
        if self.days == 0.0 || day > last_day {
            if self.days > 0.0 {
                let gap = hours(at - self.last);
                self.gap = if self.gap == 0.0 {
                    gap
                } else {
                    0.5 * self.gap + 0.5 * gap
                };
                self.before = self.last;
            }
            self.days += 1.0;
            self.hours = 0;
        }
        self.last = self.last.max(at);
        self.events += count;
        self.hours |= 1 << at.rem_euclid(DAY_SECONDS).div_euclid(3_600);
    }

    /// Whether it was seen on the whole day so many days before the latest one, at most seven.
    pub const fn seen_ago(&self, days: u32) -> bool {
        self.lately >> days & 1 == 1
    }

    /// Whether it was seen on one of the latest whole days, at most seven.
    pub const fn seen_within(&self, days: u32) -> bool {
        self.lately.trailing_zeros() < days
    }

    fn fade(&mut self, seen: f32) {
        for (presence, keep) in self.presence.iter_mut().zip(KEEP) {
            *presence = *presence * keep + seen * (1.0 - keep);
        }
    }
}

/// Hours of so many seconds.
fn hours(seconds: i64) -> f32 {
    // At most 31 days matter; beyond, "long ago" is enough.
    u16::try_from((seconds / 60).clamp(0, 60_000)).map_or(NEVER_HOURS, |minutes| {
        (f32::from(minutes) / 60.0).min(NEVER_HOURS)
    })
}

fn count(number: usize) -> f32 {
    f32::from(u16::try_from(number).unwrap_or(u16::MAX))
}

/// The /16 of an IPv4 address, the /32 of an IPv6 one.
fn wide(source: IpAddr) -> IpAddr {
    match source {
        IpAddr::V4(ip) => {
            let [a, b, ..] = ip.octets();
            std::net::Ipv4Addr::new(a, b, 0, 0).into()
        }
        IpAddr::V6(ip) => {
            let [a, b, ..] = ip.segments();
            std::net::Ipv6Addr::new(a, b, 0, 0, 0, 0, 0, 0).into()
        }
    }
}

impl Memory {
    /// Notes one sighting of a member and a key, in seconds since 1970. `crowded` says whose place among
    /// those that saw a source a further member may take when there is no room.
    pub fn see(
        &mut self,
        source: IpAddr,
        (member, key): (u32, u32),
        at: i64,
        events: u64,
        crowded: impl Fn(&[(u32, Track)]) -> Option<usize>,
    ) {
        if self.sources.len() >= MAX_SOURCES && !self.sources.contains_key(&source) {
            return;
        }
        let events = f32::from(u16::try_from(events).unwrap_or(u16::MAX));
        let known = self.sources.entry(source).or_insert_with(|| Source {
            all: Track::new(at),
            key,
            keys: 1.0,
            ..Source::default()
        });
        known.all.see(at, events);
        if known.key != key {
            known.key = key;
            known.keys = (known.keys + 1.0).min(50.0);
        }
        let place = known.seen_by.iter().position(|(one, _)| *one == member);
        if let Some((_, track)) = place.and_then(|place| known.seen_by.get_mut(place)) {
            track.see(at, events);
            return;
        }
        let mut track = Track::new(at);
        track.see(at, events);
        if known.seen_by.len() < MAX_SEEN_BY {
            known.seen_by.push((member, track));
        } else if let Some(place) = crowded(&known.seen_by)
            && let Some(other) = known.seen_by.get_mut(place)
        {
            *other = (member, track);
        }
    }

    /// Each source's service, and who saw it.
    pub fn reports(&self) -> impl Iterator<Item = (u32, &[(u32, Track)])> {
        let sources = self.sources.values();
        sources.map(|source| (source.key, source.seen_by.as_slice()))
    }

    /// Learns from `day`, which is over: fades what was, forgets what is too old.
    pub fn close_day(&mut self, day: i64, members: usize) {
        let start = day * DAY_SECONDS;
        self.day = day;
        for value in self.near_member.values_mut() {
            *value *= 0.8;
        }
        for value in self.near.values_mut().chain(self.wide.values_mut()) {
            *value *= 0.8;
        }
        for staying in self.staying.values_mut() {
            staying.again *= 0.9;
            staying.seen *= 0.9;
        }
        let forgotten = start - (MEMORY_DAYS - 1) * DAY_SECONDS;
        for (address, source) in &mut self.sources {
            source.seen_by.retain(|(_, track)| track.last >= forgotten);
            source.latest = 0.0;
            for (member, track) in &mut source.seen_by {
                let seen = track.last >= start;
                track.lately = track.lately << 1 | u8::from(seen);
                track.fade(f32::from(u8::from(seen)));
                track.events *= 0.8;
                if seen {
                    source.latest += 1.0;
                    *self
                        .near_member
                        .entry((network(*address), *member))
                        .or_default() += 1.0;
                    *self.near.entry(network(*address)).or_default() += 1.0;
                    *self.wide.entry(wide(*address)).or_default() += 1.0;
                } else {
                    track.hours = 0;
                }
            }
            source.all.fade(source.latest);
            source.all.events *= 0.8;
            if source.all.last < start {
                source.all.hours = 0;
            }
            if source.all.last >= start - DAY_SECONDS {
                let staying = self.staying.entry(source.key).or_insert(Staying {
                    again: 0.3,
                    seen: 1.0,
                });
                staying.seen += 1.0;
                if source.all.last >= start && source.all.before >= start - DAY_SECONDS {
                    staying.again += 1.0;
                }
            }
        }
        self.sources
            .retain(|_, source| source.all.last >= forgotten);
        self.near_member.retain(|_, value| *value > 0.01);
        self.near.retain(|_, value| *value > 0.01);
        self.wide.retain(|_, value| *value > 0.01);
        self.staying.retain(|_, value| value.seen > 0.01);
        self.learn_likeness(start, members);
    }

    /// How alike members are: the sources both saw on the day, over what each saw.
    fn learn_likeness(&mut self, start: i64, members: usize) {
        if members > MAX_LIKENESS {
            self.likeness.clear();
            return;
        }
        let mut both = vec![vec![0.0_f32; members]; members];
        for source in self.sources.values() {
            let on_day = |entry: &&(u32, Track)| entry.1.last >= start;
            let places =
                |(member, _): &(u32, Track)| usize::try_from(*member).unwrap_or(usize::MAX);
            for one in source.seen_by.iter().filter(on_day).map(places) {
                for other in source.seen_by.iter().filter(on_day).map(places) {
                    if let Some(sum) = both.get_mut(one).and_then(|row| row.get_mut(other)) {
                        *sum += 1.0;
                    }
                }
            }
        }
        let own: Vec<f32> = both
            .iter()
            .enumerate()
            .map(|(place, row)| row.get(place).copied().unwrap_or(0.0).max(1.0))
            .collect();
        self.likeness.resize_with(members, Vec::new);
        for ((row, shared), mine) in self.likeness.iter_mut().zip(&both).zip(&own) {
            row.resize(members, 0.0);
            for ((value, shared), theirs) in row.iter_mut().zip(shared).zip(&own) {
                *value = 0.9 * *value + 0.1 * shared / (mine * theirs).sqrt();
            }
        }
    }

    fn alike(&self, member: Option<u32>, other: u32) -> f32 {
        let place = |member: u32| usize::try_from(member).ok();
        let other = place(other);
        let Some(member) = member else {
            // A member nobody knows yet is like all others on average.
            let columns = self.likeness.iter().filter_map(|row| row.get(other?));
            return columns.sum::<f32>() / count(self.likeness.len().max(1));
        };
        place(member)
            .and_then(|member| self.likeness.get(member)?.get(other?).copied())
            .unwrap_or(0.2)
    }

    /// As [`Memory::row`] would be for `member` if it were new and had said nothing.
    pub fn row_as_new(&self, address: IpAddr, source: &Source, member: u32) -> Option<Row> {
        let mut row = self.row(address, &source.without(member, self.day)?, None);
        let near = self.near_member.get(&(network(address), member));
        let near = near.copied().unwrap_or(0.0);
        for place in [NEAR, WIDE] {
            if let Some(value) = row.get_mut(place) {
                *value = (*value - near).max(0.0);
            }
        }
        Some(row)
    }

    /// The row of numbers that says how likely `source` comes to `member` next; without a member, or
    /// for one that never saw anything, what all others know.
    pub fn row(&self, address: IpAddr, source: &Source, member: Option<u32>) -> Row {
        let end = (self.day + 1) * DAY_SECONDS;
        let ago = |at: i64| hours(end - at);
        let own = member.and_then(|member| {
            let found = source.seen_by.iter().find(|(one, _)| *one == member);
            found.map(|(_, track)| *track)
        });
        let mine = own.unwrap_or_default();
        let all = &source.all;
        let alike: f32 = source
            .seen_by
            .iter()
            .filter(|(other, _)| Some(*other) != member)
            .map(|(other, track)| self.alike(member, *other) * track.presence[1])
            .sum();
        let nearby = Nearby {
            all: self.near.get(&network(address)).copied().unwrap_or(0.0),
            wide: self.wide.get(&wide(address)).copied().unwrap_or(0.0),
        };
        let near_mine = member
            .and_then(|member| self.near_member.get(&(network(address), member)))
            .copied()
            .unwrap_or(0.0);
        let staying = self
            .staying
            .get(&source.key)
            .map_or(0.3, |staying| staying.again / staying.seen);
        let row: [f32; FEATURES] = [
            mine.presence[0],
            mine.presence[1],
            mine.presence[2],
            own.map_or(NEVER_HOURS, |own| ago(own.last)),
            all.presence[0],
            all.presence[1],
            all.presence[2],
            ago(all.last),
            (mine.events + 1.0).ln(),
            (all.events + 1.0).ln(),
            near_mine,
            nearby.all,
            nearby.wide,
            alike,
            source.latest,
            ago(all.first),
            all.days,
            mine.days,
            mine.gap,
            all.gap,
            count(usize::try_from(mine.hours.count_ones()).unwrap_or(0)),
            count(usize::try_from(all.hours.count_ones()).unwrap_or(0)),
            staying,
            source.keys,
        ];
        row
    }

    /// What orders sources before anything was learned, and chooses whom to look at: how much a
    /// source was seen lately, by the member itself three times as much.
    pub fn plain_score(source: &Source, member: Option<u32>) -> f32 {
        let own = member.and_then(|member| {
            let found = source.seen_by.iter().find(|(one, _)| *one == member);
            found.map(|(_, track)| track.presence[1])
        });
        own.unwrap_or(0.0) * 3.0 + source.all.presence[1]
    }

    /// What orders sources for a member as if it were new: how much the others saw them lately.
    pub fn others_score(source: &Source, member: u32) -> f32 {
        let own = source.seen_by.iter().find(|(one, _)| *one == member);
        source.all.presence[1] - own.map_or(0.0, |(_, track)| track.presence[1])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Numbers of a row that others' sightings alone decide, to the last digit but rounding.
    const OF_OTHERS: [usize; 14] = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 14, 15, 21];

    fn remember(days: i64, members: &[u32]) -> Memory {
        let mut memory = Memory::default();
        for day in 0..days {
            // Each member sees some of the sources on some of the days, at its own hours.
            let mut seen: Vec<(u32, u32, u32)> = (0..20)
                .flat_map(|number| members.iter().map(move |member| (number, *member)))
                .map(|(number, member)| (mark(number, member, day), number, member))
                .filter(|(mark, ..)| mark % 3 == 0)
                .collect();
            seen.sort_by_key(|(mark, ..)| mark % 80_000);
            for (mark, number, member) in seen {
                let at = day * DAY_SECONDS + i64::from(mark % 80_000);
                memory.see(
                    source(number),
                    (member, 1),
                    at,
                    u64::from(mark % 9 + 1),
                    |_| None,
                );
            }
            memory.close_day(day, 4);
        }
        memory
    }

    fn mark(number: u32, member: u32, day: i64) -> u32 {
        let day = u32::try_from(day).unwrap();
        let mixed = (number * 97 + member * 31 + day).wrapping_mul(2_654_435_761);
        mixed >> 8
    }

    fn source(number: u32) -> IpAddr {
        std::net::Ipv4Addr::from(0xC633_6400 + number * 256).into()
    }

    #[test]
    fn a_row_as_new_holds_nothing_the_member_said() {
        let all = remember(9, &[0, 1, 2, 3]);
        let others = remember(9, &[0, 1, 3]);
        let mut compared = 0;
        for (address, known) in &others.sources {
            let as_new = all.row_as_new(*address, all.sources.get(address).unwrap(), 2);
            let really = others.row(*address, known, None);
            for place in OF_OTHERS {
                let (left, right) = (as_new.unwrap()[place], really[place]);
                assert!((left - right).abs() < 1e-4, "{place}: {left} {right}");
                compared += 1;
            }
        }
        assert!(compared > 100);
    }
}
