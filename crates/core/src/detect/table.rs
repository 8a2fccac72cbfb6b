//! One bounded table for what is remembered about each of many, where the attacker picks the keys.
//!
//! Spoofed packets can name any number of sources. The table is set-associative with two candidate
//! sets per key, so it never grows beyond its places, never rehashes and costs the same whatever the
//! keys. A newcomer takes the place of the row with the least evidence, and none at all when every
//! candidate row has more evidence than it brings: ten million sources that appear once cannot push
//! out one that really attacks.

use super::hash;
use super::snapshot::{Reader, Snapshot};

const WAYS: usize = 16;

/// What a table remembers of one key.
pub trait Remembered: Copy + Default {
    /// When it was last noted, in seconds since the epoch.
    fn last(&self) -> u32;
    /// How much evidence it holds, as it was at [`Self::last`].
    fn evidence(&self) -> u32;
    /// How much of that is left at `now`: halved for every hour of silence, unless a detector
    /// remembers longer.
    fn strength(&self, now: u32) -> u32 {
        let idle_hours = now.saturating_sub(self.last()) / 3_600;
        self.evidence().checked_shr(idle_hours).unwrap_or(0)
    }
    /// Notes the time, so that a row just made is not the oldest of all. Default: nothing, for rows that
    /// note the time themselves with what they are told.
    fn touch(&mut self, _now: u32) {}
}

#[derive(Clone, Debug)]
struct Set<R> {
    /// 0 marks a free place; no source has the key 0 (the IPv6 prefix ::/64 is not routed).
    keys: [u64; WAYS],
    rows: [R; WAYS],
}

/// A table of `SETS` × 16 rows.
#[derive(Clone, Debug)]
pub struct Table<R, const SETS: usize> {
    /// Sets are made when first needed, so that an idle table costs 8 bytes a set.
    sets: Vec<Option<Box<Set<R>>>>,
    rows: usize,
    refused: u64,
    replaced: u64,
}

impl<R: Remembered, const SETS: usize> Default for Table<R, SETS> {
    fn default() -> Self {
        Self {
            sets: vec![None; SETS],
            rows: 0,
            refused: 0,
            replaced: 0,
        }
    }
}

impl<R: Remembered, const SETS: usize> Table<R, SETS> {
    /// Rows at most.
    pub const MAX_ROWS: usize = SETS * WAYS;
    /// Bytes at most.
    #[cfg(test)]
    pub const MAX_BYTES: usize = SETS * (size_of::<Set<R>>() + size_of::<usize>());

    /// The row of `key`, if there is one.
    pub fn find(&mut self, key: u64) -> Option<&mut R> {
        let (set, way) = self.place_of(key)?;
        self.row_at(set, way)
    }

    /// The row of `key`, made if need be for evidence of strength `brings`; `None` when the table is
    /// full of stronger evidence.
    pub fn admit(&mut self, key: u64, now: u32, brings: u32) -> Option<&mut R> {
        let (set, way) = match self.place_of(key) {
            Some(place) => place,
            None => self.make_place(key, now, brings)?,
        };
        let row = self.row_at(set, way)?;
        row.touch(now.max(row.last()));
        Some(row)
    }

    /// Every row in use.
    pub fn rows_mut(&mut self) -> impl Iterator<Item = &mut R> {
        self.sets.iter_mut().flatten().flat_map(|set| {
            let used = set.keys.iter().zip(&mut set.rows);
            used.filter(|(key, _)| **key != 0).map(|(_, row)| row)
        })
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

    fn row_at(&mut self, set: usize, way: usize) -> Option<&mut R> {
        self.sets.get_mut(set)?.as_mut()?.rows.get_mut(way)
    }

    fn make_place(&mut self, key: u64, now: u32, brings: u32) -> Option<(usize, usize)> {
        let (index, way) = match self.free_place(key) {
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
        let set = self.sets.get_mut(index)?.get_or_insert_with(|| {
            Box::new(Set {
                keys: [0; WAYS],
                rows: [R::default(); WAYS],
            })
        });
        *set.keys.get_mut(way)? = key;
        *set.rows.get_mut(way)? = R::default();
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
                .map(move |(way, row)| (row.strength(now), row.last(), index, way))
        });
        rows.min()
            .filter(|(strength, ..)| *strength <= brings)
            .map(|(_, _, index, way)| (index, way))
    }
}

/// Each row at its place: where a row stands decides which gives way among equals.
impl<R: Remembered + Snapshot, const SETS: usize> Snapshot for Table<R, SETS> {
    fn layout() -> u64 {
        let sets = u64::try_from(SETS).unwrap_or(u64::MAX);
        hash::mix(hash::mix(R::layout()) ^ sets)
    }

    fn write(&self, out: &mut Vec<u8>) {
        self.refused.write(out);
        self.replaced.write(out);
        self.sets.iter().flatten().count().write(out);
        for (index, set) in self.sets.iter().enumerate() {
            let Some(set) = set else { continue };
            index.write(out);
            set.keys.write(out);
            let rows = set.keys.iter().zip(&set.rows);
            for (_, row) in rows.filter(|(key, _)| **key != 0) {
                row.write(out);
            }
        }
    }

    fn read(from: &mut Reader<'_>) -> Option<Self> {
        let mut table = Self {
            refused: u64::read(from)?,
            replaced: u64::read(from)?,
            ..Self::default()
        };
        for _ in 0..usize::read(from)? {
            let place = table.sets.get_mut(usize::read(from)?)?;
            let mut set = Box::new(Set {
                keys: Snapshot::read(from)?,
                rows: [R::default(); WAYS],
            });
            let rows = set.keys.iter().zip(&mut set.rows);
            for (_, row) in rows.filter(|(key, _)| **key != 0) {
                *row = R::read(from)?;
                table.rows += 1;
            }
            *place = Some(set);
        }
        Some(table)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Clone, Copy, Debug, Default)]
    struct Count {
        last: u32,
        evidence: u32,
    }

    impl Remembered for Count {
        fn last(&self) -> u32 {
            self.last
        }

        fn evidence(&self) -> u32 {
            self.evidence
        }

        fn touch(&mut self, now: u32) {
            self.last = now;
        }
    }

    #[test]
    fn a_flood_of_newcomers_leaves_whoever_has_more_evidence() {
        let mut table: Table<Count, 4> = Table::default();
        for key in 1..=8 {
            table.admit(key, 1_000, 5).unwrap().evidence = 5;
        }
        for key in 100..10_000 {
            if let Some(row) = table.admit(key, 1_001, 1) {
                row.evidence = 1;
            }
        }
        assert_eq!(table.len(), Table::<Count, 4>::MAX_ROWS);
        assert!((1..=8).all(|key| table.find(key).is_some_and(|row| row.evidence == 5)));
        assert!(!table.remembers_all());
    }

    #[test]
    fn evidence_halves_with_every_silent_hour() {
        let mut table: Table<Count, 1> = Table::default();
        for key in 1..=16 {
            table.admit(key, 1_000, 1).unwrap().evidence = 8;
        }
        assert!(table.admit(17, 1_000 + 2 * 3_600, 1).is_none());
        assert!(table.admit(17, 1_000 + 3 * 3_600, 1).is_some());
    }
}
