//! A compact set of short byte strings: names, web addresses, fingerprints.
//!
//! Entries lie one behind the other in the order of their hash, about four to a bucket; a look-up
//! reads the bucket's place, then its entries from first to last, and compares the bytes themselves.
//! A filter of 12 bits an entry (a blocked Bloom filter, Putze et al. 2007) answers most misses
//! without touching either. Per entry: 6 bytes and the string, 1 byte of places, 1.5 bytes of filter;
//! no allocation of its own. The entries of a large table lie in large pages ([`Pages`]).
//!
//! One entry: the low byte of its hash, the length of the string, the note as four bytes
//! little-endian, the string.

use super::note::{MAX_NOTES, NoteId, NoteIds, NotesBuilder};
use super::pages::Pages;
use crate::detect::hash;

/// Longest string, in bytes.
pub(super) const MAX_KEY_BYTES: usize = 255;
/// Entries a bucket may hold. Ordinary buckets hold below 20; whoever aims at one bucket fills it
/// and no more, so that a look-up stays short.
const MAX_BUCKET: usize = 64;
/// Entries a bucket holds on average.
const PER_BUCKET: usize = 4;
/// Bits of the filter for each entry.
const FILTER_BITS: usize = 12;

const SEED: u64 = 0x6C61_7275_6D2D_6C69;
const STEP: u64 = 0x0000_0100_0000_01B3;

/// The hash of a string read from its end, so that all parents of a name come by the way.
#[derive(Clone, Copy)]
pub(super) struct Backwards(u64);

impl Backwards {
    pub const fn new() -> Self {
        Self(SEED)
    }

    /// One more byte in front.
    pub const fn front(self, byte: u8) -> Self {
        // The step of FNV-1a; the rotation brings high bits down, which it alone never does.
        Self((self.0 ^ byte as u64).wrapping_mul(STEP).rotate_left(23))
    }

    pub const fn finish(self) -> u64 {
        hash::mix(self.0)
    }

    pub fn of(key: &[u8]) -> u64 {
        let all = key
            .iter()
            .rev()
            .fold(Self::new(), |sum, byte| sum.front(*byte));
        all.finish()
    }
}

/// The place of `hash` among `places`, even and in the order of the hashes.
fn place_of(hash: u64, places: usize) -> usize {
    let places = u128::try_from(places).unwrap_or(0);
    usize::try_from((u128::from(hash) * places) >> 64).unwrap_or(0)
}

/// The set.
#[derive(Clone, Debug, Default)]
pub(super) struct Table {
    /// Where each bucket begins, and the end.
    places: Vec<u32>,
    entries: Pages,
    filter: Vec<u64>,
    len: usize,
}

impl Table {
    pub const fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Bytes of memory of its own, which no allocator counts.
    pub fn own_bytes(&self) -> usize {
        self.entries.own_bytes()
    }

    #[cfg(test)]
    pub const fn len(&self) -> usize {
        self.len
    }

    /// Whether a string of this hash may be in it: false is certain.
    pub fn may_hold(&self, hash: u64) -> bool {
        let (place, bits) = filter_of(hash, self.filter.len());
        self.filter
            .get(place)
            .is_some_and(|word| word & bits == bits)
    }

    /// Adds the notes of `key`, whose hash is `hash`.
    pub fn find(&self, hash: u64, key: &[u8], out: &mut NoteIds) {
        let bucket = place_of(hash, self.places.len().saturating_sub(1));
        let place = |at: usize| self.places.get(at).and_then(|at| usize::try_from(*at).ok());
        let (Some(from), Some(to)) = (place(bucket), place(bucket + 1)) else {
            return;
        };
        let mut rest = self.entries.bytes().get(from..to).unwrap_or_default();
        let tag = tag_of(hash);
        while let Some(([mark, length, a, b, c, d], tail)) = rest.split_first_chunk::<6>() {
            let Some((held, after)) = tail.split_at_checked(usize::from(*length)) else {
                return;
            };
            if *mark == tag && held == key && out.len() < MAX_NOTES {
                out.push(NoteId::from_le_bytes([*a, *b, *c, *d]));
            }
            rest = after;
        }
    }
}

const fn tag_of(hash: u64) -> u8 {
    let [low, ..] = hash.to_le_bytes();
    low
}

/// Which word of the filter, and which four bits of it.
fn filter_of(hash: u64, words: usize) -> (usize, u64) {
    let spread = hash::mix(hash);
    let bits = (0..4).fold(0, |bits, n| bits | hash::bit(hash >> (8 + 6 * n)));
    (place_of(spread, words), bits)
}

/// Strings while they are gathered. Per string: 16 bytes, 1 byte and the string.
#[derive(Debug, Default)]
pub(super) struct TableBuilder {
    /// Hash, where the string begins, note.
    raw: Vec<(u64, u32, NoteId)>,
    /// Length and string, one behind the other.
    strings: Vec<u8>,
}

impl TableBuilder {
    pub const fn len(&self) -> usize {
        self.raw.len()
    }

    /// Adds `key`; false when it is too long or there is no more room.
    pub fn add(&mut self, key: &[u8], note: NoteId) -> bool {
        let length = u8::try_from(key.len());
        let (Ok(length), Ok(at)) = (length, u32::try_from(self.strings.len())) else {
            return false;
        };
        self.strings.push(length);
        self.strings.extend_from_slice(key);
        self.raw.push((Backwards::of(key), at, note));
        true
    }

    /// The set, and how many strings found no room in their bucket.
    pub fn finish(mut self, notes: &NotesBuilder) -> (Table, usize) {
        if self.raw.is_empty() {
            return (Table::default(), 0);
        }
        let strings = std::mem::take(&mut self.strings);
        let string = |at: u32| string_at(&strings, at);
        // Equal strings side by side, the note that holds longest first.
        let until = |note: NoteId| std::cmp::Reverse(notes.until(note));
        self.raw.sort_unstable_by(|a, b| {
            let bytes = || string(a.1).cmp(string(b.1));
            let times = || until(a.2).cmp(&until(b.2)).then(a.2.cmp(&b.2));
            a.0.cmp(&b.0).then_with(bytes).then_with(times)
        });
        let count = self.raw.len();
        let buckets = count.div_ceil(PER_BUCKET);
        let mut table = Table {
            places: Vec::with_capacity(buckets + 1),
            entries: Pages::with_room(strings.len() + 5 * count),
            filter: vec![0; (count * FILTER_BITS).div_ceil(64)],
            len: 0,
        };
        let words = table.filter.len();
        let (mut in_bucket, mut crowded) = (0_usize, 0_usize);
        let mut last: Option<(&[u8], NoteId)> = None;
        let mut notes_of_key = 0;
        for (hash, at, note) in self.raw {
            let key = string(at);
            while table.places.len() <= place_of(hash, buckets) {
                table.places.push(end_of(table.entries.bytes()));
                in_bucket = 0;
            }
            let before = last.replace((key, note));
            if before == Some((key, note)) {
                continue;
            }
            let is_same = before.is_some_and(|(held, _)| held == key);
            notes_of_key = if is_same { notes_of_key + 1 } else { 1 };
            if notes_of_key > MAX_NOTES {
                continue;
            }
            in_bucket += 1;
            if in_bucket > MAX_BUCKET {
                crowded += 1;
                continue;
            }
            let length = u8::try_from(key.len()).unwrap_or(0);
            table.entries.add(&[tag_of(hash), length]);
            table.entries.add(&note.to_le_bytes());
            table.entries.add(key);
            table.len += 1;
            let (place, bits) = filter_of(hash, words);
            if let Some(word) = table.filter.get_mut(place) {
                *word |= bits;
            }
        }
        while table.places.len() <= buckets {
            table.places.push(end_of(table.entries.bytes()));
        }
        table.entries.end();
        (table, crowded)
    }
}

fn string_at(strings: &[u8], at: u32) -> &[u8] {
    let at = usize::try_from(at).unwrap_or(usize::MAX);
    let length = strings.get(at).copied().unwrap_or(0);
    let from = at.saturating_add(1);
    strings
        .get(from..from.saturating_add(usize::from(length)))
        .unwrap_or_default()
}

fn end_of(entries: &[u8]) -> u32 {
    u32::try_from(entries.len()).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::BTreeMap;

    fn notes(count: u16) -> NotesBuilder {
        let mut notes = NotesBuilder::default();
        for port in 0..count {
            let origin = super::super::note::Origin::new(0, None, port, 0, 0);
            notes.note(origin, super::super::note::Validity::ALWAYS);
        }
        notes
    }

    proptest! {
        #[test]
        fn it_holds_what_was_put_in_and_nothing_else(
            put in prop::collection::vec(("[a-c]{0,4}", 0_u32..6), 0..200),
            ask in prop::collection::vec("[a-c]{0,4}", 0..50),
        ) {
            let notes = notes(6);
            let mut builder = TableBuilder::default();
            let mut naive: BTreeMap<&str, std::collections::BTreeSet<u32>> = BTreeMap::new();
            for (key, note) in &put {
                prop_assert!(builder.add(key.as_bytes(), *note));
                naive.entry(key).or_default().insert(*note);
            }
            let (table, crowded) = builder.finish(&notes);
            prop_assert_eq!(crowded, 0);
            for key in ask.iter().chain(put.iter().map(|(key, _)| key)) {
                let hash = Backwards::of(key.as_bytes());
                let mut found = NoteIds::new();
                table.find(hash, key.as_bytes(), &mut found);
                found.sort_unstable();
                let expected: Vec<u32> = naive.get(key.as_str()).into_iter().flatten().copied().collect();
                prop_assert_eq!(found.as_slice(), expected.as_slice());
                prop_assert!(expected.is_empty() || table.may_hold(hash));
            }
        }
    }

    #[test]
    fn a_string_too_long_is_refused_and_notes_beyond_the_limit_are_dropped() {
        let notes = notes(20);
        let mut builder = TableBuilder::default();
        assert!(!builder.add(&[b'a'; MAX_KEY_BYTES + 1], 0));
        for note in 0..20 {
            assert!(builder.add(&[b'a'; MAX_KEY_BYTES], note));
        }
        let (table, _) = builder.finish(&notes);
        assert_eq!(table.len(), MAX_NOTES);
    }
}
