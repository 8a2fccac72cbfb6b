//! Finding a key among a format's keys, and holding what a record said under them.

use smallvec::SmallVec;

use super::escape::Escape;

/// The most keys one format may name.
pub(super) const MAX_SLOTS: usize = 128;

/// A word and its number, or room for one.
type Cell = Option<(Box<str>, u16)>;

/// A fixed table from word to number, ASCII case ignored. Looking up a word costs a handful of
/// instructions however many words there are, and allocates nothing.
#[derive(Debug, Default)]
pub(super) struct KeyTable {
    cells: Box<[Cell]>,
}

impl KeyTable {
    /// Builds the table; of two equal words the first counts.
    pub fn new<'w>(words: impl IntoIterator<Item = (&'w str, u16)>) -> Self {
        let words: Vec<_> = words.into_iter().collect();
        let size = (words.len() * 4).next_power_of_two().max(8);
        let mut table = Self {
            cells: vec![None; size].into_boxed_slice(),
        };
        for (word, number) in words {
            if table.find(word).is_some() {
                continue;
            }
            let mut at = table.home(word);
            while let Some(Some(_)) = table.cells.get(at) {
                at = (at + 1) & (size - 1);
            }
            if let Some(cell) = table.cells.get_mut(at) {
                *cell = Some((word.into(), number));
            }
        }
        table
    }

    /// The number of `word`, if the table has it.
    #[inline]
    pub fn find(&self, word: &str) -> Option<u16> {
        let mut at = self.home(word);
        // Three of four cells are empty, so the walk ends.
        while let Some(Some((held, number))) = self.cells.get(at) {
            if held.eq_ignore_ascii_case(word) {
                return Some(*number);
            }
            at = (at + 1) & (self.cells.len() - 1);
        }
        None
    }

    /// Where `word` belongs: from its length and three of its bytes, folded to one case.
    #[inline]
    fn home(&self, word: &str) -> usize {
        let bytes = word.as_bytes();
        let byte = |at: usize| usize::from(bytes.get(at).copied().unwrap_or(0) | 0x20);
        let last = bytes.len().saturating_sub(1);
        let mixed = byte(0)
            .wrapping_mul(0x9E37)
            .wrapping_add(byte(last).wrapping_mul(0x79B9))
            .wrapping_add(byte(bytes.len() / 2).wrapping_mul(0x85EB))
            .wrapping_add(bytes.len().wrapping_mul(0xC2B3));
        (mixed ^ (mixed >> 7)) & self.cells.len().saturating_sub(1)
    }
}

/// What a record said under each of a format's keys.
pub(super) struct Slots<'a> {
    /// As many as the format has keys: setting up more would cost every record.
    values: SmallVec<[Value<'a>; MAX_SLOTS]>,
    /// Goes up with every record: a value of an earlier one does not count.
    round: u32,
}

/// What one slot holds.
#[derive(Clone, Copy)]
struct Value<'a> {
    text: &'a str,
    escape: Escape,
    round: u32,
}

/// One value as written, and how it is escaped.
#[derive(Clone, Copy)]
pub(super) struct Raw<'a> {
    pub text: &'a str,
    pub escape: Escape,
}

impl<'a> Slots<'a> {
    /// Without room; see [`Slots::clear`].
    pub fn new() -> Self {
        Self {
            values: SmallVec::new(),
            round: 0,
        }
    }

    /// Empties all slots and makes room for `count`.
    pub fn clear(&mut self, count: usize) {
        self.round += 1;
        let count = count.min(MAX_SLOTS);
        if self.values.len() < count {
            let empty = Value {
                text: "",
                escape: Escape::None,
                round: 0,
            };
            self.values.resize(count, empty);
        }
    }

    /// Holds `text` under `slot`, unless something is there: the first occurrence counts, so that text
    /// further on in the record cannot replace it.
    #[inline]
    pub fn set(&mut self, slot: u16, text: &'a str, escape: Escape) {
        if let Some(value) = self.values.get_mut(usize::from(slot))
            && value.round != self.round
        {
            *value = Value {
                text,
                escape,
                round: self.round,
            };
        }
    }

    /// How many slots hold something.
    pub fn count(&self) -> usize {
        let held = |value: &&Value<'_>| value.round == self.round;
        self.values.iter().filter(held).count()
    }

    /// What stands under `slot`.
    #[inline]
    pub fn get(&self, slot: u16) -> Option<Raw<'a>> {
        let value = self.values.get(usize::from(slot))?;
        (value.round == self.round).then_some(Raw {
            text: value.text,
            escape: value.escape,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_word_is_found_and_no_other() {
        let words: Vec<String> = (0..200).map(|n| format!("key{n}")).collect();
        let table = KeyTable::new(words.iter().zip(0..).map(|(word, n)| (word.as_str(), n)));
        for (word, n) in words.iter().zip(0..) {
            assert_eq!(table.find(word), Some(n));
            assert_eq!(table.find(&word.to_uppercase()), Some(n));
        }
        assert_eq!(table.find("key200"), None);
        assert_eq!(table.find(""), None);
        assert_eq!(KeyTable::default().find("x"), None);
    }

    #[test]
    fn the_first_value_counts() {
        let mut slots = Slots::new();
        slots.clear(MAX_SLOTS);
        let escapes = [
            Escape::None,
            Escape::Backslash,
            Escape::Entity,
            Escape::DoubledQuote,
        ];
        for (slot, escape) in (124..).zip(escapes) {
            slots.set(slot, "a", escape);
            slots.set(slot, "b", Escape::None);
            let raw = slots.get(slot).unwrap();
            assert_eq!((raw.text, raw.escape), ("a", escape));
        }
        slots.set(128, "c", Escape::None);
        assert!(slots.get(128).is_none());
        slots.clear(MAX_SLOTS);
        assert!(slots.get(127).is_none());
    }
}
