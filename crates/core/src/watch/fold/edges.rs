//! Which source was seen at which member, in which of the last hours.

use std::collections::BTreeMap;
use std::net::IpAddr;

use super::HOUR_SECONDS;
use crate::detect::snapshot::kept;
use crate::time::Timestamp;

/// Hours an edge remembers: a window and the two days before it, for what comes late.
pub const KEPT_HOURS: i64 = 64;
/// Edges of a key at most. Beyond it every other source is left out, again and again, by a fixed
/// function of its address; the same ones are left out everywhere, so that states still merge.
pub const MAX_KEY_EDGES: usize = 16_384;

/// When one source was seen at one member.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Hours {
    /// The latest hour, in hours since 1970.
    last: i64,
    /// Bit n: seen n hours before `last`.
    mask: u64,
    /// First sighting among those kept, in seconds since 1970.
    first: i64,
}

/// The edges of one key. Merging is commutative, associative and idempotent.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct KeyEdges {
    seen: BTreeMap<(IpAddr, u32), Hours>,
    /// Only sources whose mark has so many leading zero bits are kept.
    level: u32,
}

kept!(Hours { last, mask, first });
kept!(KeyEdges { seen, level });

impl KeyEdges {
    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.seen.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.seen.is_empty()
    }

    /// What a count of edges is to be multiplied with, because of the sources left out.
    #[must_use]
    pub const fn scale(&self) -> usize {
        1_usize << self.level
    }

    /// Notes that `source` was seen at `member`.
    pub fn insert(&mut self, source: IpAddr, member: u32, at: Timestamp) {
        if mark(source).leading_zeros() < self.level {
            return;
        }
        let seconds = at.as_seconds();
        let new = Hours {
            last: seconds.div_euclid(HOUR_SECONDS),
            mask: 1,
            first: seconds,
        };
        self.seen
            .entry((source, member))
            .and_modify(|hours| *hours = hours.merge(new))
            .or_insert(new);
        self.thin();
    }

    /// Takes in what another hub noted.
    pub fn merge(&mut self, other: &Self) {
        self.level = self.level.max(other.level);
        for (edge, hours) in &other.seen {
            self.seen
                .entry(*edge)
                .and_modify(|known| *known = known.merge(*hours))
                .or_insert(*hours);
        }
        let level = self.level;
        self.seen
            .retain(|(source, _), _| mark(*source).leading_zeros() >= level);
        self.thin();
    }

    /// The edges seen from hour `from` to hour `to`, both included, of members that count; sorted by
    /// source, then member.
    #[must_use]
    pub fn between(&self, from: i64, to: i64, counts: impl Fn(u32) -> bool) -> Vec<(IpAddr, u32)> {
        self.seen
            .iter()
            .filter(|((_, member), hours)| hours.within(from, to) && counts(*member))
            .map(|(edge, _)| *edge)
            .collect()
    }

    /// The edges of the last `hours` hours up to hour `to`, sorted by source, each with the fewest
    /// hours before `to` it was seen at.
    #[must_use]
    pub fn recent(
        &self,
        to: i64,
        hours: i64,
        counts: impl Fn(u32) -> bool,
    ) -> Vec<(IpAddr, u32, i64)> {
        let mut recent = Vec::new();
        for ((source, member), seen) in &self.seen {
            if let Some(ago) = seen.ago(to)
                && ago < hours
                && counts(*member)
            {
                recent.push((*source, *member, ago));
            }
        }
        recent
    }

    /// First sighting of the edges that were seen from hour `from` on.
    #[must_use]
    pub fn first_since(&self, from: i64) -> Option<Timestamp> {
        let seconds = self
            .seen
            .values()
            .filter(|hours| hours.last >= from)
            .map(|hours| hours.first.max(from * HOUR_SECONDS))
            .min();
        seconds.map(Timestamp::from_seconds)
    }

    /// Whether any edge was seen in `hour` or later.
    #[must_use]
    pub fn any_since(&self, hour: i64) -> bool {
        self.seen.values().any(|hours| hours.last >= hour)
    }

    /// Forgets edges not seen since `hour`.
    pub fn forget_before(&mut self, hour: i64) {
        self.seen.retain(|_, hours| hours.last >= hour);
        if self.seen.is_empty() {
            self.level = 0;
        }
    }

    fn thin(&mut self) {
        while self.seen.len() > MAX_KEY_EDGES && self.level < 31 {
            self.level += 1;
            let level = self.level;
            self.seen
                .retain(|(source, _), _| mark(*source).leading_zeros() >= level);
        }
    }
}

impl Hours {
    fn merge(self, other: Self) -> Self {
        let last = self.last.max(other.last);
        Self {
            last,
            mask: self.moved_to(last) | other.moved_to(last),
            first: self.first.min(other.first),
        }
    }

    /// The mask as seen from the later hour `last`.
    fn moved_to(self, last: i64) -> u64 {
        u32::try_from(last - self.last)
            .ok()
            .and_then(|hours| self.mask.checked_shl(hours))
            .unwrap_or(0)
    }

    /// The fewest hours before `to` it was seen at.
    fn ago(self, to: i64) -> Option<i64> {
        let ahead = self.last - to;
        if ahead <= 0 {
            return Some(-ahead);
        }
        let bits = u32::try_from(ahead).ok()?;
        let older = self.mask.checked_shr(bits)?;
        (older != 0).then(|| i64::from(older.trailing_zeros()))
    }

    fn within(self, from: i64, to: i64) -> bool {
        // Bits of hours `to` down to `from`: from `last - to` on, as many as there are hours.
        let newest = (self.last - to).max(0);
        let oldest = self.last - from;
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
