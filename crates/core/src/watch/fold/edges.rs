//! Which source was seen at which member, in which of the last hours.
//!
//! A key's edges are two flat tables, one for each family of addresses, sorted by source and member.
//! What is new waits behind the table and is put in its place when the edges are read, or when a
//! quarter of the table waits.

use std::borrow::Cow;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use super::HOUR_SECONDS;
use super::roaming::First;
use crate::detect::hash;
use crate::detect::snapshot::{Reader, Snapshot};
use crate::time::Timestamp;

/// Hours an edge remembers: a window and the two days before it, for what comes late.
pub const KEPT_HOURS: i64 = 64;
/// Edges of a key at most. Beyond it every other source is left out, again and again, by a fixed
/// function of its address; the same ones are left out everywhere, so that states still merge.
pub const MAX_KEY_EDGES: usize = 16_384;
/// Edges that may wait before a small table.
const MIN_WAITING: usize = 32;
const HOUR: u32 = 3_600;

/// When one source was seen at one member: 24 bytes for an IPv4 source, 40 for an IPv6 one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Row<S> {
    /// Bit n: seen n hours before `last`.
    mask: u64,
    /// The latest hour, in hours since 1970.
    last: u32,
    /// First sighting among those kept, in seconds since 1970.
    first: u32,
    member: u32,
    source: S,
}

/// Rows in order of source and member, and those that wait to be put in order.
#[derive(Clone, Debug)]
struct Table<S> {
    rows: Vec<Row<S>>,
    waiting: Vec<Row<S>>,
}

/// The edges of one key. Merging is commutative, associative and idempotent.
#[derive(Clone, Debug, Default)]
pub struct KeyEdges {
    four: Table<Ipv4Addr>,
    six: Table<Ipv6Addr>,
    /// Only sources whose mark has so many leading zero bits are kept.
    level: u32,
}

/// An edge of the last hours.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Recent {
    /// Who.
    pub source: IpAddr,
    /// At whom.
    pub member: u32,
    /// The fewest hours before the hour asked for that it was seen at.
    pub ago: u32,
}

impl PartialEq for KeyEdges {
    fn eq(&self, other: &Self) -> bool {
        let (one, other) = (self.in_order(), other.in_order());
        one.four.rows == other.four.rows
            && one.six.rows == other.six.rows
            && one.level == other.level
    }
}

impl Eq for KeyEdges {}

impl KeyEdges {
    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        let all = self.in_order();
        all.four.rows.len() + all.six.rows.len()
    }

    /// Whether there are none.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.places_used() == 0
    }

    /// Rows in memory: those of [`KeyEdges::len`], and repeated ones that wait.
    pub(super) const fn places_used(&self) -> usize {
        self.four.places_used() + self.six.places_used()
    }

    /// What a count of edges is to be multiplied with, because of the sources left out.
    #[must_use]
    pub const fn scale(&self) -> usize {
        1_usize << self.level
    }

    /// Notes that `source` was seen at `member`.
    pub fn insert(&mut self, source: IpAddr, member: u32, at: Timestamp) {
        self.insert_within(MAX_KEY_EDGES, (source, member), at);
    }

    /// As [`KeyEdges::insert`], where only `most` edges have room.
    pub(super) fn insert_within(&mut self, most: usize, edge: (IpAddr, u32), at: Timestamp) {
        let (source, member) = edge;
        if self.level > 0 && mark(source).leading_zeros() < self.level {
            return;
        }
        // Times before 1970 and after 2106 count as those.
        let first = u32::try_from(at.as_seconds().max(0)).unwrap_or(u32::MAX);
        let last = first / HOUR;
        let is_due = match source {
            IpAddr::V4(source) => self.four.push(Row {
                mask: 1,
                last,
                first,
                member,
                source,
            }),
            IpAddr::V6(source) => self.six.push(Row {
                mask: 1,
                last,
                first,
                member,
                source,
            }),
        };
        if is_due {
            self.settle(most);
        }
    }

    /// Takes in what another hub noted.
    pub fn merge(&mut self, other: &Self) {
        self.level = self.level.max(other.level);
        let other = other.in_order();
        self.four.waiting.extend_from_slice(&other.four.rows);
        self.six.waiting.extend_from_slice(&other.six.rows);
        self.four.settle();
        self.six.settle();
        self.drop_unmarked();
        self.settle(MAX_KEY_EDGES);
    }

    /// Puts what waits in its place, so that reading costs least, and leaves out every other source
    /// until at most `most` edges are left.
    pub(super) fn settle(&mut self, most: usize) {
        self.four.settle();
        self.six.settle();
        while self.places_used() > most && self.level < 31 {
            self.level += 1;
            self.drop_unmarked();
        }
    }

    fn in_order(&self) -> Cow<'_, Self> {
        if self.four.waiting.is_empty() && self.six.waiting.is_empty() {
            return Cow::Borrowed(self);
        }
        let mut settled = self.clone();
        settled.settle(MAX_KEY_EDGES);
        Cow::Owned(settled)
    }

    /// The edges seen from hour `from` to hour `to`, both included, of members that count; sorted by
    /// source, then member.
    #[must_use]
    pub fn between(&self, from: i64, to: i64, counts: impl Fn(u32) -> bool) -> Vec<(IpAddr, u32)> {
        let mut found = Vec::new();
        self.add_between(from, to, counts, &mut found);
        found
    }

    /// As [`KeyEdges::between`], added to `found`.
    pub(super) fn add_between(
        &self,
        from: i64,
        to: i64,
        counts: impl Fn(u32) -> bool,
        found: &mut Vec<(IpAddr, u32)>,
    ) {
        let all = self.in_order();
        all.four.each(|row, source| {
            if row.within(from, to) && counts(row.member) {
                found.push((source, row.member));
            }
        });
        all.six.each(|row, source| {
            if row.within(from, to) && counts(row.member) {
                found.push((source, row.member));
            }
        });
    }

    /// Adds the edges of the last `hours` hours up to hour `to` to `found`, sorted by source.
    pub(super) fn add_recent(
        &self,
        to: i64,
        hours: u32,
        counts: impl Fn(u32) -> bool,
        found: &mut Vec<Recent>,
    ) {
        let mut add = |ago: Option<u32>, member: u32, source: IpAddr| {
            if let Some(ago) = ago
                && ago < hours
                && counts(member)
            {
                found.push(Recent {
                    source,
                    member,
                    ago,
                });
            }
        };
        let all = self.in_order();
        all.four
            .each(|row, source| add(row.ago(to), row.member, source));
        all.six
            .each(|row, source| add(row.ago(to), row.member, source));
    }

    /// Adds the edges whose first sighting among those kept fell into the last `hours` hours up to hour
    /// `to`, sorted by source.
    pub(super) fn add_firsts(
        &self,
        to: i64,
        hours: i64,
        counts: impl Fn(u32) -> bool,
        found: &mut Vec<First>,
    ) {
        let mut add = |first: u32, member: u32, source: IpAddr| {
            let ago = to - i64::from(first / HOUR);
            if (0..hours).contains(&ago)
                && let Ok(ago) = u32::try_from(ago)
                && counts(member)
            {
                found.push(First {
                    source,
                    member,
                    ago,
                });
            }
        };
        let all = self.in_order();
        all.four
            .each(|row, source| add(row.first, row.member, source));
        all.six
            .each(|row, source| add(row.first, row.member, source));
    }

    /// First sighting of the edges that were seen from hour `from` on.
    #[must_use]
    pub fn first_since(&self, from: i64) -> Option<Timestamp> {
        let mut first: Option<i64> = None;
        let mut look = |last: u32, seconds: u32| {
            if i64::from(last) >= from {
                let seconds = i64::from(seconds).max(from * HOUR_SECONDS);
                first = Some(first.map_or(seconds, |known| known.min(seconds)));
            }
        };
        let all = self.in_order();
        all.four.each(|row, _| look(row.last, row.first));
        all.six.each(|row, _| look(row.last, row.first));
        first.map(Timestamp::from_seconds)
    }

    /// Whether any edge was seen in `hour` or later.
    #[must_use]
    pub fn any_since(&self, hour: i64) -> bool {
        self.four.any_since(hour) || self.six.any_since(hour)
    }

    /// Forgets edges not seen since `hour`.
    pub fn forget_before(&mut self, hour: i64) {
        self.settle(MAX_KEY_EDGES);
        self.four.rows.retain(|row| i64::from(row.last) >= hour);
        self.six.rows.retain(|row| i64::from(row.last) >= hour);
        self.four.give_back();
        self.six.give_back();
        if self.is_empty() {
            self.level = 0;
        }
    }

    fn drop_unmarked(&mut self) {
        let level = self.level;
        if level == 0 {
            return;
        }
        let stays = |source: IpAddr| mark(source).leading_zeros() >= level;
        self.four.rows.retain(|row| stays(row.source.into()));
        self.six.rows.retain(|row| stays(row.source.into()));
    }
}

impl<S> Default for Table<S> {
    fn default() -> Self {
        Self {
            rows: Vec::new(),
            waiting: Vec::new(),
        }
    }
}

impl<S> Table<S> {
    const fn places_used(&self) -> usize {
        self.rows.len() + self.waiting.len()
    }
}

impl<S: Ord + Copy + Into<IpAddr>> Table<S> {
    /// Adds a row; whether so many wait that they should be put in order.
    fn push(&mut self, row: Row<S>) -> bool {
        // A batch often brings the hours of one edge together.
        if let Some(last) = self.waiting.last_mut()
            && last.edge() == row.edge()
        {
            *last = last.merge(row);
            return false;
        }
        self.waiting.push(row);
        self.waiting.len() > MIN_WAITING.max(self.rows.len() / 4)
    }

    fn settle(&mut self) {
        if self.waiting.is_empty() {
            return;
        }
        self.waiting.sort_unstable_by_key(Row::edge);
        let mut settled: Vec<Row<S>> = Vec::with_capacity(self.places_used());
        let mut put = |row: Row<S>| match settled.last_mut() {
            Some(last) if last.edge() == row.edge() => *last = last.merge(row),
            _ => settled.push(row),
        };
        let mut old = self.rows.iter().copied().peekable();
        for row in self.waiting.drain(..) {
            while let Some(before) = old.next_if(|old| old.edge() <= row.edge()) {
                put(before);
            }
            put(row);
        }
        old.for_each(put);
        self.rows = settled;
    }

    fn each(&self, mut look: impl FnMut(&Row<S>, IpAddr)) {
        for row in &self.rows {
            look(row, row.source.into());
        }
    }

    fn any_since(&self, hour: i64) -> bool {
        let mut all = self.rows.iter().chain(&self.waiting);
        all.any(|row| i64::from(row.last) >= hour)
    }

    /// Gives back memory that is no longer used.
    fn give_back(&mut self) {
        self.rows.shrink_to_fit();
        self.waiting = Vec::new();
    }
}

impl<S: Ord + Copy> Row<S> {
    const fn edge(&self) -> (S, u32) {
        (self.source, self.member)
    }

    fn merge(self, other: Self) -> Self {
        let last = self.last.max(other.last);
        Self {
            last,
            mask: self.moved_to(last) | other.moved_to(last),
            first: self.first.min(other.first),
            ..self
        }
    }

    /// The mask as seen from the later hour `last`.
    fn moved_to(self, last: u32) -> u64 {
        self.mask.checked_shl(last - self.last).unwrap_or(0)
    }

    /// The fewest hours before `to` it was seen at.
    fn ago(&self, to: i64) -> Option<u32> {
        let ahead = i64::from(self.last) - to;
        if ahead <= 0 {
            return u32::try_from(-ahead).ok();
        }
        let bits = u32::try_from(ahead).ok()?;
        let older = self.mask.checked_shr(bits)?;
        (older != 0).then(|| older.trailing_zeros())
    }

    fn within(&self, from: i64, to: i64) -> bool {
        let last = i64::from(self.last);
        // Bits of hours `to` down to `from`: from `last - to` on, as many as there are hours.
        let newest = (last - to).max(0);
        let oldest = last - from;
        if oldest < 0 || newest >= KEPT_HOURS {
            return false;
        }
        let shifted = u32::try_from(newest).map_or(0, |bits| self.mask >> bits);
        let width = oldest - newest + 1;
        let wanted = u32::try_from(width)
            .ok()
            .and_then(|bits| 1_u64.checked_shl(bits))
            .map_or(u64::MAX, |bit| bit - 1);
        shifted & wanted != 0
    }
}

impl Snapshot for KeyEdges {
    fn layout() -> u64 {
        hash::bytes(b"edges of a key: level, count, rows of address, member, last, first, mask")
    }

    fn write(&self, out: &mut Vec<u8>) {
        let all = self.in_order();
        self.level.write(out);
        let count = all.places_used();
        u32::try_from(count).unwrap_or(u32::MAX).write(out);
        all.four.each(|row, source| row.write(source, out));
        all.six.each(|row, source| row.write(source, out));
    }

    fn read(from: &mut Reader<'_>) -> Option<Self> {
        let mut edges = Self {
            level: u32::read(from)?.min(31),
            ..Self::default()
        };
        for _ in 0..u32::read(from)? {
            let source = IpAddr::read(from)?;
            let (member, last, first) = Snapshot::read(from)?;
            let mask = u64::read(from)?;
            match source {
                IpAddr::V4(source) => edges.four.rows.push(Row {
                    mask,
                    last,
                    first,
                    member,
                    source,
                }),
                IpAddr::V6(source) => edges.six.rows.push(Row {
                    mask,
                    last,
                    first,
                    member,
                    source,
                }),
            }
        }
        Some(edges)
    }
}

impl<S> Row<S> {
    fn write(&self, source: IpAddr, out: &mut Vec<u8>) {
        source.write(out);
        self.member.write(out);
        self.last.write(out);
        self.first.write(out);
        self.mask.write(out);
    }
}

/// A mark of the address that looks random: the finaliser of `SplitMix64` (Steele 2014).
pub(super) fn mark(source: IpAddr) -> u64 {
    let number = match source {
        IpAddr::V4(ip) => u64::from(u32::from(ip)),
        IpAddr::V6(ip) => {
            let [a, b, c, d, e, f, g, h] = ip.segments().map(u64::from);
            let high = a << 48 | b << 32 | c << 16 | d;
            high.rotate_left(29) ^ (e << 48 | f << 32 | g << 16 | h)
        }
    };
    mixed(number)
}

/// The finaliser of `SplitMix64`.
pub(super) const fn mixed(number: u64) -> u64 {
    let number = number.wrapping_add(0x9E37_79B9_7F4A_7C15);
    let number = (number ^ (number >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    let number = (number ^ (number >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    number ^ (number >> 31)
}

/// A mark of an address together with a number, for fair choices without chance.
#[must_use]
pub fn mixed_mark(source: IpAddr, number: u64) -> u64 {
    mixed(mark(source) ^ mixed(number))
}
