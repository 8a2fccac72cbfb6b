//! What is remembered about each source, in one bounded table.
//!
//! The attacker picks the keys: spoofed packets can name any number of sources. The table is
//! set-associative with two candidate sets per key, so it never grows, never rehashes and costs the
//! same whatever the keys. A newcomer takes the place of the row with the least evidence, and none
//! at all when every candidate row has more evidence than it brings: ten million sources that
//! appear once cannot push out one that really attacks.

use std::net::IpAddr;

use super::guessing::LoginRow;
use super::hash;
use super::probing::WebRow;
use super::scan::ScanRow;
use crate::address;

/// Rows at most; at about 200 bytes each the table can reach 14 MiB and stays there.
pub const MAX_ROWS: usize = SETS * WAYS;
const SETS: usize = 8_192;
const WAYS: usize = 8;

/// Evidence that a log-in or a web request brings: it needs an answered connection and cannot be
/// spoofed, so it outranks everything that single packets can build up.
pub const ANSWERED: u32 = 64;
/// Evidence that one packet brings.
pub const PACKET: u32 = 1;

/// A source in 64 bits: the /64 of an IPv6 address, or an IPv4 address below a prefix (1::/32) that
/// the internet registries do not give out.
pub fn key_of(ip: IpAddr) -> u64 {
    match address::source_key(ip) {
        IpAddr::V4(ip) => (1 << 48) | u64::from(ip.to_bits()),
        IpAddr::V6(ip) => u64::try_from(ip.to_bits() >> 64).unwrap_or(u64::MAX),
    }
}

/// Everything remembered about one source.
#[derive(Clone, Copy, Debug, Default)]
pub struct Row {
    /// When it was last seen, seconds since the epoch.
    pub last: u32,
    /// Closed doors it tried.
    pub scan: ScanRow,
    /// Log-ins it failed.
    pub login: LoginRow,
    /// Pages it missed.
    pub web: WebRow,
}

impl Row {
    /// How much evidence it holds, halved for every hour of silence.
    fn strength(&self, now: u32) -> u32 {
        let evidence = self.scan.evidence() * PACKET
            + (self.login.evidence() + self.web.evidence()) * ANSWERED;
        let idle_hours = now.saturating_sub(self.last) / 3_600;
        evidence.checked_shr(idle_hours).unwrap_or(0)
    }
}

#[derive(Clone, Debug, Default)]
struct Set {
    /// 0 marks a free place; no source has the key 0 (the IPv6 prefix ::/64 is not routed).
    keys: [u64; WAYS],
    rows: [Row; WAYS],
}

/// The table.
#[derive(Clone, Debug)]
pub struct Sources {
    /// Sets are made when first needed, so that an idle table costs 64 KiB.
    sets: Vec<Option<Box<Set>>>,
    rows: usize,
    refused: u64,
    replaced: u64,
}

impl Default for Sources {
    fn default() -> Self {
        Self {
            sets: vec![None; SETS],
            rows: 0,
            refused: 0,
            replaced: 0,
        }
    }
}

impl Sources {
    /// The row of `key`, if there is one.
    pub fn find(&mut self, key: u64) -> Option<&mut Row> {
        let (set, way) = self.place_of(key)?;
        self.row_at(set, way)
    }

    /// The row of `key`, made if need be for evidence of strength `brings`; `None` when the table is
    /// full of stronger evidence.
    pub fn admit(&mut self, key: u64, now: u32, brings: u32) -> Option<&mut Row> {
        let (set, way) = match self.place_of(key) {
            Some(place) => place,
            None => self.make_place(key, now, brings)?,
        };
        self.row_at(set, way)
    }

    /// How many rows are in use.
    pub const fn len(&self) -> usize {
        self.rows
    }

    /// How many newcomers found no place, and how many rows gave way to newcomers.
    pub const fn pressure(&self) -> (u64, u64) {
        (self.refused, self.replaced)
    }

    /// Whether no row ever gave way: then a source without a row was never seen.
    pub const fn remembers_all(&self) -> bool {
        self.refused == 0 && self.replaced == 0
    }

    fn candidates(key: u64) -> [usize; 2] {
        let spread = hash::mix(key);
        let set = |bits: u64| usize::try_from(bits).unwrap_or(0) % SETS;
        [set(spread & 0xFFFF_FFFF), set(spread >> 32)]
    }

    fn place_of(&self, key: u64) -> Option<(usize, usize)> {
        Self::candidates(key).into_iter().find_map(|index| {
            let set = self.sets.get(index)?.as_ref()?;
            let way = set.keys.iter().position(|held| *held == key)?;
            Some((index, way))
        })
    }

    fn row_at(&mut self, set: usize, way: usize) -> Option<&mut Row> {
        self.sets.get_mut(set)?.as_mut()?.rows.get_mut(way)
    }

    fn make_place(&mut self, key: u64, now: u32, brings: u32) -> Option<(usize, usize)> {
        let place = self.free_place(key);
        let (index, way) = match place {
            Some(place) => {
                self.rows += 1;
                place
            }
            None => {
                let Some(place) = self.weakest(key, now, brings) else {
                    self.refused += 1;
                    return None;
                };
                self.replaced += 1;
                place
            }
        };
        let set = self.sets.get_mut(index)?.get_or_insert_default();
        *set.keys.get_mut(way)? = key;
        *set.rows.get_mut(way)? = Row {
            last: now,
            ..Row::default()
        };
        Some((index, way))
    }

    /// A free place in the emptier of the two sets.
    fn free_place(&self, key: u64) -> Option<(usize, usize)> {
        Self::candidates(key)
            .into_iter()
            .filter_map(|index| {
                let Some(set) = self.sets.get(index)?.as_ref() else {
                    return Some((0, index, 0));
                };
                let used = set.keys.iter().filter(|held| **held != 0).count();
                let way = set.keys.iter().position(|held| *held == 0)?;
                Some((used, index, way))
            })
            .min()
            .map(|(_, index, way)| (index, way))
    }

    /// The candidate row with the least evidence, the one silent longest among equals; `None` when
    /// it has more than the newcomer brings.
    fn weakest(&self, key: u64, now: u32, brings: u32) -> Option<(usize, usize)> {
        let rows = Self::candidates(key).into_iter().flat_map(|index| {
            let set = self.sets.get(index).and_then(Option::as_ref);
            set.into_iter()
                .flat_map(|set| set.rows.iter().enumerate())
                .map(move |(way, row)| (row.strength(now), row.last, index, way))
        });
        rows.min()
            .filter(|(strength, ..)| *strength <= brings)
            .map(|(_, _, index, way)| (index, way))
    }
}
