//! Numbers of names, found by a fixed hash.
//!
//! Somebody outside may choose names so that their hashes collide. A name is therefore looked for in few
//! places; where those are taken it goes into a tree, and nothing becomes slow.

use std::collections::BTreeMap;

use crate::detect::hash;

/// Places in which a name may stand.
const REACH: u64 = 16;
/// Slots of the smallest table.
const MIN_SLOTS: usize = 64;
/// Number of a slot that is free.
const FREE: u32 = u32::MAX;

/// A table of numbers by name; the names themselves are kept by its owner.
#[derive(Clone, Debug, Default)]
pub(super) struct Index {
    /// A power of two of them, or none.
    slots: Vec<Slot>,
    held: usize,
    crowded: BTreeMap<Box<str>, u32>,
}

#[derive(Clone, Copy, Debug)]
struct Slot {
    /// Upper half of the name's hash.
    tag: u32,
    number: u32,
}

impl Index {
    /// The number of `name`; `name_of` gives the name of a number.
    pub fn find<'a>(&self, name: &str, name_of: impl Fn(u32) -> Option<&'a str>) -> Option<u32> {
        let hash = hash::bytes(name.as_bytes());
        let tag = tag(hash);
        for place in self.places(hash) {
            let slot = self.slots.get(place)?;
            if slot.number == FREE {
                return None;
            }
            if slot.tag == tag && name_of(slot.number) == Some(name) {
                return Some(slot.number);
            }
        }
        self.crowded.get(name).copied()
    }

    /// Notes that `name`, which is not in it, has `number`.
    pub fn insert<'a>(
        &mut self,
        name: &str,
        number: u32,
        name_of: impl Fn(u32) -> Option<&'a str>,
    ) {
        if (self.held + 1) * 2 > self.slots.len() {
            self.grow(name_of);
        }
        self.put(name, number);
    }

    fn put(&mut self, name: &str, number: u32) {
        self.held += 1;
        let hash = hash::bytes(name.as_bytes());
        for place in self.places(hash) {
            if let Some(slot) = self.slots.get_mut(place)
                && slot.number == FREE
            {
                *slot = Slot {
                    tag: tag(hash),
                    number,
                };
                return;
            }
        }
        self.crowded.insert(name.into(), number);
    }

    fn grow<'a>(&mut self, name_of: impl Fn(u32) -> Option<&'a str>) {
        let size = (self.slots.len() * 2).max(MIN_SLOTS);
        let free = Slot {
            tag: 0,
            number: FREE,
        };
        let before = std::mem::replace(&mut self.slots, vec![free; size]);
        let crowded = std::mem::take(&mut self.crowded);
        self.held = 0;
        for slot in before.iter().filter(|slot| slot.number != FREE) {
            if let Some(name) = name_of(slot.number) {
                self.put(name, slot.number);
            }
        }
        for (name, number) in crowded {
            self.put(&name, number);
        }
    }

    /// Where a name of this hash may stand.
    fn places(&self, hash: u64) -> impl Iterator<Item = usize> + use<> {
        let size = u64::try_from(self.slots.len()).unwrap_or(0);
        let mask = size.saturating_sub(1);
        let steps = if size == 0 { 0 } else { REACH };
        (0..steps).filter_map(move |step| usize::try_from(hash.wrapping_add(step) & mask).ok())
    }
}

fn tag(hash: u64) -> u32 {
    u32::try_from(hash >> 32).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_keeps_its_number_also_where_many_collide() {
        let names: Vec<String> = (0..5_000).map(|turn| format!("name {turn}")).collect();
        let at = |number: u32| -> Option<&str> { names.get(number as usize).map(String::as_str) };
        let mut index = Index::default();
        for (name, number) in names.iter().zip(0..) {
            assert_eq!(index.find(name, at), None);
            index.insert(name, number, at);
        }
        for (name, number) in names.iter().zip(0..) {
            assert_eq!(index.find(name, at), Some(number));
        }
        // As if all fell on the same few places.
        let mut crowd = Index {
            slots: vec![
                Slot {
                    tag: 1,
                    number: 4_999
                };
                16_384
            ],
            ..Index::default()
        };
        for (name, number) in names.iter().zip(0..100) {
            crowd.insert(name, number, at);
        }
        for (name, number) in names.iter().zip(0..100) {
            assert_eq!(crowd.find(name, at), Some(number));
        }
        assert_eq!(crowd.find("name 200", at), None);
    }
}
