//! Addresses and networks, compact: 8 bytes a single IPv4 address, 20 an IPv6 one, 12 and 36 a range,
//! and 256 KiB of places once there is an IPv4 address.
//!
//! Single addresses are sorted; the places tell where each /16 begins, so that a look-up touches a
//! couple of cache lines. IPv6 addresses crowd into few networks, so they are in the order of a hash
//! instead. Ranges are cut into pieces that do not overlap; a piece knows every note that covers it,
//! up to [`MAX_NOTES`].

use std::collections::BTreeMap;
use std::net::IpAddr;

use super::note::{MAX_NOTES, NoteId, NoteIds, NotesBuilder};
use crate::detect::hash;

/// Addresses one place of the IPv6 index stands for.
const PER_PLACE: usize = 4;
/// Marks a set of notes rather than a single one.
const MANY: u32 = 1 << 31;

/// All addresses and networks of the lists.
#[derive(Clone, Debug, Default)]
pub(super) struct Addresses {
    v4: Singles<u32>,
    v6: Singles<u128>,
    v4_ranges: Ranges<u32>,
    v6_ranges: Ranges<u128>,
}

impl Addresses {
    /// Adds the notes of `ip` and of every network around it.
    pub fn find(&self, ip: IpAddr, out: &mut NoteIds) {
        match ip {
            IpAddr::V4(ip) => {
                let bits = ip.to_bits();
                let place = usize::try_from(bits >> 16).unwrap_or(0);
                self.v4.find(bits, place, out);
                self.v4_ranges.find(bits, out);
            }
            IpAddr::V6(ip) => {
                let bits = ip.to_bits();
                self.v6.find(bits, v6_place(bits, self.v6.places()), out);
                self.v6_ranges.find(bits, out);
            }
        }
    }

    pub const fn is_empty(&self) -> bool {
        self.v4.keys.is_empty()
            && self.v6.keys.is_empty()
            && self.v4_ranges.pieces.is_empty()
            && self.v6_ranges.pieces.is_empty()
    }
}

fn v6_hash(bits: u128) -> u64 {
    let high = u64::try_from(bits >> 64).unwrap_or(0);
    let low = u64::try_from(bits & u128::from(u64::MAX)).unwrap_or(0);
    hash::mix(hash::mix(high) ^ low)
}

fn v6_place(bits: u128, places: usize) -> usize {
    let places = u128::try_from(places).unwrap_or(0);
    usize::try_from((u128::from(v6_hash(bits)) * places) >> 64).unwrap_or(0)
}

/// Single addresses, in the order of their place and then their value.
#[derive(Clone, Debug, Default)]
struct Singles<T> {
    keys: Vec<T>,
    notes: Vec<NoteId>,
    index: Vec<u32>,
}

impl<T: Ord + Copy> Singles<T> {
    /// `raw` is in the order of the places that `place` gives, then of the values.
    fn new(raw: &[(T, NoteId)], places: usize, place: impl Fn(T) -> usize) -> Self {
        if raw.is_empty() {
            return Self {
                keys: Vec::new(),
                notes: Vec::new(),
                index: Vec::new(),
            };
        }
        let mut index = Vec::with_capacity(places + 1);
        for (at, (key, _)) in raw.iter().enumerate() {
            while index.len() <= place(*key) {
                index.push(u32::try_from(at).unwrap_or(u32::MAX));
            }
        }
        while index.len() <= places {
            index.push(u32::try_from(raw.len()).unwrap_or(u32::MAX));
        }
        Self {
            keys: raw.iter().map(|(key, _)| *key).collect(),
            notes: raw.iter().map(|(_, note)| *note).collect(),
            index,
        }
    }

    const fn places(&self) -> usize {
        self.index.len().saturating_sub(1)
    }

    fn find(&self, key: T, place: usize, out: &mut NoteIds) {
        let at = |place: usize| {
            self.index
                .get(place)
                .and_then(|at| usize::try_from(*at).ok())
        };
        let (Some(from), Some(to)) = (at(place), at(place + 1)) else {
            return;
        };
        let keys = self.keys.get(from..to).unwrap_or_default();
        let first = keys.partition_point(|held| *held < key);
        let held = keys
            .iter()
            .zip(self.notes.get(from..to).unwrap_or_default());
        for (_, note) in held.skip(first).take_while(|(held, _)| **held == key) {
            if out.len() < MAX_NOTES {
                out.push(*note);
            }
        }
    }
}

/// Ranges cut into pieces.
#[derive(Clone, Debug, Default)]
struct Ranges<T> {
    /// First and last address, and the note or, with [`MANY`] set, the set of notes.
    pieces: Vec<(T, T, u32)>,
    /// Sets of notes: how many, then the notes.
    sets: Vec<u32>,
}

impl<T: Ord + Copy> Ranges<T> {
    fn find(&self, key: T, out: &mut NoteIds) {
        if self.pieces.is_empty() {
            return;
        }
        let after = self.pieces.partition_point(|(first, ..)| *first <= key);
        let piece = after.checked_sub(1).and_then(|at| self.pieces.get(at));
        let Some((_, last, set)) = piece else { return };
        if key > *last {
            return;
        }
        let notes = if set & MANY == 0 {
            std::slice::from_ref(set)
        } else {
            self.set(set & !MANY)
        };
        let room = MAX_NOTES.saturating_sub(out.len());
        out.extend(notes.iter().take(room).copied());
    }

    fn set(&self, at: u32) -> &[NoteId] {
        let at = usize::try_from(at).unwrap_or(usize::MAX);
        let rest = self.sets.get(at..).unwrap_or_default();
        let Some((count, notes)) = rest.split_first() else {
            return &[];
        };
        let count = usize::try_from(*count).unwrap_or(0);
        notes.get(..count).unwrap_or_default()
    }

    /// Cuts `raw` (first, last, note) into pieces; `next` and `before` step by one address.
    fn new(
        mut raw: Vec<(T, T, NoteId)>,
        notes: &NotesBuilder,
        next: impl Fn(T) -> Option<T>,
        before: impl Fn(T) -> T,
    ) -> Self {
        let mut ranges = Self {
            pieces: Vec::new(),
            sets: Vec::new(),
        };
        raw.sort_unstable();
        raw.dedup();
        let mut ends: Vec<(T, NoteId)> = raw.iter().map(|(_, last, note)| (*last, *note)).collect();
        ends.sort_unstable();
        // What covers the current place, those that hold longest first.
        let mut cover: BTreeMap<(std::cmp::Reverse<u32>, NoteId), u32> = BTreeMap::new();
        let key = |note: NoteId| (std::cmp::Reverse(notes.until(note)), note);
        let (mut starts, mut ends) = (raw.iter().peekable(), ends.iter().peekable());
        let mut from: Option<T> = None;
        while let Some((last, ending)) = ends.peek().copied() {
            match starts.peek() {
                Some((first, _, note)) if first <= last => {
                    if let Some(from) = from.filter(|from| from < first) {
                        ranges.push(from, before(*first), &cover, &next);
                    }
                    from = Some(*first);
                    *cover.entry(key(*note)).or_default() += 1;
                    starts.next();
                }
                _ => {
                    if let Some(from) = from.filter(|from| from <= last) {
                        ranges.push(from, *last, &cover, &next);
                    }
                    from = next(*last);
                    if let Some(count) = cover.get_mut(&key(*ending)) {
                        *count -= 1;
                        if *count == 0 {
                            cover.remove(&key(*ending));
                        }
                    }
                    ends.next();
                }
            }
        }
        ranges.pieces.shrink_to_fit();
        ranges.sets.shrink_to_fit();
        ranges
    }

    fn push(
        &mut self,
        first: T,
        last: T,
        cover: &BTreeMap<(std::cmp::Reverse<u32>, NoteId), u32>,
        next: impl Fn(T) -> Option<T>,
    ) {
        let notes: NoteIds = cover
            .keys()
            .take(MAX_NOTES)
            .map(|(_, note)| *note)
            .collect();
        let neighbour = self
            .pieces
            .last()
            .copied()
            .filter(|(_, end, _)| next(*end) == Some(first));
        let set = match notes.as_slice() {
            [] => return,
            [one] if one & MANY == 0 => *one,
            many => match neighbour {
                Some((_, _, set)) if set & MANY != 0 && self.set(set & !MANY) == many => set,
                _ => {
                    let at = u32::try_from(self.sets.len()).unwrap_or(0);
                    self.sets.push(u32::try_from(many.len()).unwrap_or(0));
                    self.sets.extend_from_slice(many);
                    at | MANY
                }
            },
        };
        match self.pieces.last_mut() {
            Some(piece) if neighbour.is_some_and(|(_, _, held)| held == set) => piece.1 = last,
            _ => self.pieces.push((first, last, set)),
        }
    }
}

/// Addresses and networks while they are gathered.
#[derive(Debug, Default)]
pub(super) struct AddressesBuilder {
    v4: Vec<(u32, NoteId)>,
    /// High and low half.
    v6: Vec<(u64, u64, NoteId)>,
    v4_ranges: Vec<(u32, u32, NoteId)>,
    v6_ranges: Vec<(u128, u128, NoteId)>,
}

impl AddressesBuilder {
    pub const fn len(&self) -> usize {
        self.v4.len() + self.v6.len() + self.ranges()
    }

    pub const fn ranges(&self) -> usize {
        self.v4_ranges.len() + self.v6_ranges.len()
    }

    /// Adds the addresses from `first` to `last`, both of one family.
    pub fn add(&mut self, first: IpAddr, last: IpAddr, note: NoteId) {
        match (first, last) {
            (IpAddr::V4(first), IpAddr::V4(last)) if first == last => {
                self.v4.push((first.to_bits(), note));
            }
            (IpAddr::V4(first), IpAddr::V4(last)) => {
                self.v4_ranges.push((first.to_bits(), last.to_bits(), note));
            }
            (IpAddr::V6(first), IpAddr::V6(last)) if first == last => {
                let bits = first.to_bits();
                let high = u64::try_from(bits >> 64).unwrap_or(0);
                let low = u64::try_from(bits & u128::from(u64::MAX)).unwrap_or(0);
                self.v6.push((high, low, note));
            }
            (IpAddr::V6(first), IpAddr::V6(last)) => {
                self.v6_ranges.push((first.to_bits(), last.to_bits(), note));
            }
            _ => {}
        }
    }

    pub fn finish(self, notes: &NotesBuilder) -> Addresses {
        let Self {
            mut v4,
            v6,
            v4_ranges,
            v6_ranges,
        } = self;
        longest_first(&mut v4, notes);
        let v4 = Singles::new(&v4, 1 << 16, |bits| {
            usize::try_from(bits >> 16).unwrap_or(0)
        });
        let mut wide: Vec<(u128, NoteId)> = v6
            .into_iter()
            .map(|(high, low, note)| ((u128::from(high) << 64) | u128::from(low), note))
            .collect();
        longest_first(&mut wide, notes);
        let places = wide.len().div_ceil(PER_PLACE);
        wide.sort_by_key(|(bits, _)| (v6_place(*bits, places), *bits));
        Addresses {
            v4,
            v6: Singles::new(&wide, places, |bits| v6_place(bits, places)),
            v4_ranges: Ranges::new(
                v4_ranges,
                notes,
                |bits| bits.checked_add(1),
                |bits| bits.saturating_sub(1),
            ),
            v6_ranges: Ranges::new(
                v6_ranges,
                notes,
                |bits| bits.checked_add(1),
                |bits| bits.saturating_sub(1),
            ),
        }
    }
}

/// Sorted, equal ones once, and of more notes than are kept those that hold longest.
fn longest_first<T: Ord + Copy>(raw: &mut Vec<(T, NoteId)>, notes: &NotesBuilder) {
    raw.sort_unstable_by_key(|(key, note)| (*key, std::cmp::Reverse(notes.until(*note)), *note));
    raw.dedup();
    let mut last: Option<(T, usize)> = None;
    raw.retain(|(key, _)| {
        let count = match last {
            Some((held, count)) if held == *key => count + 1,
            _ => 1,
        };
        last = Some((*key, count));
        count <= MAX_NOTES
    });
}

#[cfg(test)]
mod tests {
    use super::super::note::{Origin, Validity};
    use super::*;
    use proptest::prelude::*;
    use std::net::{Ipv4Addr, Ipv6Addr};

    fn notes() -> NotesBuilder {
        let mut notes = NotesBuilder::default();
        for list in 0..6 {
            notes.note(Origin::new(list, None, 0, 0, 0), Validity::ALWAYS);
        }
        notes
    }

    fn check(entries: &[(IpAddr, IpAddr, NoteId)], probes: &[IpAddr]) {
        let notes = notes();
        let mut builder = AddressesBuilder::default();
        for (first, last, note) in entries {
            builder.add(*first, *last, *note);
        }
        let set = builder.finish(&notes);
        let edges = entries.iter().flat_map(|(first, last, _)| [*first, *last]);
        for ip in probes.iter().copied().chain(edges) {
            let mut found = NoteIds::new();
            set.find(ip, &mut found);
            found.sort_unstable();
            found.dedup();
            let mut expected: Vec<NoteId> = entries
                .iter()
                .filter(|(first, last, _)| *first <= ip && ip <= *last)
                .map(|(_, _, note)| *note)
                .collect();
            expected.sort_unstable();
            expected.dedup();
            assert_eq!(found.as_slice(), expected.as_slice(), "{ip}");
        }
    }

    proptest! {
        #[test]
        fn it_finds_what_a_plain_search_finds(
            entries in prop::collection::vec((0_u32..300, 0_u32..40, 0_u32..4, any::<bool>()), 0..60),
            wide in prop::collection::vec((any::<u32>(), 0_u32..33, 0_u32..4), 0..20),
            probes in prop::collection::vec(0_u32..400, 0..60),
        ) {
            let v4 = |bits: u32| IpAddr::V4(Ipv4Addr::from_bits(bits));
            let v6 = |bits: u32| IpAddr::V6(Ipv6Addr::from_bits((0x2001_0DB8_u128 << 96) | u128::from(bits)));
            let mut all = Vec::new();
            for (start, length, note, is_six) in entries {
                let (first, last) = (start, start + length.saturating_sub(20));
                all.push(if is_six { (v6(first), v6(last), note) } else { (v4(first), v4(last), note) });
            }
            for (start, shift, note) in wide {
                let size = u32::MAX.checked_shr(shift).unwrap_or(0);
                all.push((v4(start), v4(start.saturating_add(size)), note));
            }
            let probes: Vec<IpAddr> = probes.iter().flat_map(|bits| [v4(*bits), v6(*bits)])
                .chain([v4(u32::MAX), v4(0)]).collect();
            check(&all, &probes);
        }
    }

    #[test]
    fn the_last_address_of_all_ends_a_range() {
        let all = |a: &str, b: &str, note| (a.parse().unwrap(), b.parse().unwrap(), note);
        check(
            &[
                all("255.255.255.0", "255.255.255.255", 1),
                all("255.255.255.255", "255.255.255.255", 2),
                all("ffff::", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", 3),
                all("0.0.0.0", "0.0.0.9", 4),
            ],
            &["255.255.254.255".parse().unwrap(), "::".parse().unwrap()],
        );
    }
}
