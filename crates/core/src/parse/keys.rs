//! Finding a key among a format's keys, and holding what a record said under them.

use std::collections::BTreeMap;

use smallvec::SmallVec;

use super::escape::Escape;
use super::scan;

/// The longest path into a nested record, in bytes; values under longer ones are passed over.
const MAX_PATH_BYTES: usize = 128;
/// The most keys one format may name.
pub(super) const MAX_SLOTS: usize = 128;

/// Stands for "nobody asks for it".
pub(super) const NO_SLOT: u16 = u16::MAX;

/// A word's bytes as two numbers: of up to 16 bytes they leave nothing open.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Shape {
    head: u64,
    tail: u64,
    length: usize,
}

impl Shape {
    /// Every letter in small; a few other characters become one, too, so this is no comparison.
    const FOLD: u64 = 0x2020_2020_2020_2020;
    /// Bytes that `head` and `tail` cover.
    const BYTES: usize = 16;

    /// Of `word`.
    #[inline]
    pub fn of(word: &[u8]) -> Self {
        Self {
            head: scan::packed(word),
            tail: word
                .last_chunk()
                .map_or(0, |last| u64::from_le_bytes(*last)),
            length: word.len(),
        }
    }

    /// The cell of a table of `1 << (64 - shift)` where a word of this shape belongs, in any case.
    #[inline]
    fn home(self, shift: u32) -> usize {
        usize::try_from(self.mixed() >> (shift & 63)).unwrap_or(0)
    }

    /// All of it as one number whose upper bits are well mixed; letters' case does not count.
    #[inline]
    pub const fn mixed(self) -> u64 {
        let folded = (self.head | Self::FOLD) ^ (self.tail | Self::FOLD).rotate_left(23);
        (folded ^ self.length as u64).wrapping_mul(0x9E37_79B9_7F4A_7C15)
    }
}

/// A word of a table.
#[derive(Debug)]
struct Word {
    shape: Shape,
    text: Box<str>,
    number: u16,
}

impl Word {
    /// Whether this is `word`, whose shape is given; written the same way it mostly is, so that is
    /// looked at first.
    #[inline]
    fn is(&self, shape: Shape, word: &[u8]) -> bool {
        if self.shape == shape && (shape.length <= Shape::BYTES || self.text.as_bytes() == word) {
            return true;
        }
        self.shape.length == shape.length
            && self.shape.head | Shape::FOLD == shape.head | Shape::FOLD
            && self.text.as_bytes().eq_ignore_ascii_case(word)
    }
}

/// A fixed table from word to number, ASCII case ignored. Looking up a word costs a handful of
/// instructions however many words there are, and allocates nothing.
#[derive(Debug, Default)]
pub(super) struct KeyTable {
    /// Place of a word in `words`, counted from one; zero is none. At most one of four is taken.
    cells: Box<[u16]>,
    words: Box<[Word]>,
    /// How far a hash is shifted to become a cell.
    shift: u32,
    /// The same words as paths into nested records, where such are read.
    tree: Box<[Branch]>,
}

/// Where a path into a nested record has come to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Place(pub u16);

impl Place {
    /// At its beginning.
    pub const ROOT: Self = Self(0);
    /// Where no word leads.
    pub const NOWHERE: Self = Self(u16::MAX);
}

/// A place to which some word leads, or its beginning does.
#[derive(Debug, Default)]
struct Branch {
    /// The word's number, where one ends here.
    number: Option<u16>,
    /// The places one name deeper.
    below: KeyTable,
}

impl KeyTable {
    /// Builds the table; of two equal words the first counts.
    pub fn new<'w>(words: impl IntoIterator<Item = (&'w str, u16)>) -> Self {
        let given: Vec<_> = words.into_iter().collect();
        let size = (given.len() * 4).next_power_of_two().max(8);
        let mut table = Self {
            cells: vec![0; size].into_boxed_slice(),
            words: Box::default(),
            shift: 64 - size.trailing_zeros(),
            tree: Box::default(),
        };
        let mut words: Vec<Word> = Vec::with_capacity(given.len());
        for (text, number) in given {
            let shape = Shape::of(text.as_bytes());
            let mut at = shape.home(table.shift);
            let taken = loop {
                let place = table.cells.get(at).copied().unwrap_or_default();
                match words.get(usize::from(place).wrapping_sub(1)) {
                    Some(held) if held.is(shape, text.as_bytes()) => break true,
                    Some(_) => at = (at + 1) & (size - 1),
                    None => break false,
                }
            };
            if taken {
                continue;
            }
            words.push(Word {
                shape,
                text: text.into(),
                number,
            });
            if let (Some(cell), Ok(place)) = (table.cells.get_mut(at), u16::try_from(words.len())) {
                *cell = place;
            }
        }
        table.words = words.into_boxed_slice();
        table
    }

    /// The same table, its words to be found step by step, too: full stops part the names of the objects that
    /// enclose a value. As a name may hold full stops itself, each may be one or part the path.
    pub fn nested(self) -> Self {
        // The beginnings of words, in small letters, by place; the first is the root.
        let mut known = BTreeMap::from([(String::new(), 0)]);
        let mut numbers: Vec<Option<u16>> = vec![None];
        let mut below: Vec<Vec<(String, u16)>> = vec![Vec::new()];
        let mut place_of = |text: &str, numbers: &mut Vec<Option<u16>>| {
            *known.entry(text.to_ascii_lowercase()).or_insert_with(|| {
                numbers.push(None);
                numbers.len() - 1
            })
        };
        for word in &self.words {
            let text = &*word.text;
            let dots = text
                .match_indices('.')
                .map(|(at, _)| at)
                .filter(|at| *at > 0);
            let mut ends: Vec<usize> = dots.collect();
            if text.len() > MAX_PATH_BYTES {
                ends.clear();
            }
            ends.push(text.len());
            // From each place on the way to each later one.
            let starts = std::iter::once(None).chain(ends.iter().copied().map(Some));
            for (number, start) in starts.enumerate() {
                let from = place_of(
                    start.and_then(|at| text.get(..at)).unwrap_or(""),
                    &mut numbers,
                );
                for end in ends.get(number..).unwrap_or_default() {
                    let to = place_of(text.get(..*end).unwrap_or(""), &mut numbers);
                    let name = text.get(start.map_or(0, |at| at + 1)..*end).unwrap_or("");
                    below.resize_with(numbers.len().max(below.len()), Vec::new);
                    if let (Some(list), Ok(to)) = (below.get_mut(from), u16::try_from(to)) {
                        list.push((name.to_owned(), to));
                    }
                }
            }
            let end = place_of(text, &mut numbers);
            if let Some(number) = numbers.get_mut(end) {
                *number = number.or(Some(word.number));
            }
        }
        below.resize_with(numbers.len(), Vec::new);
        let tree = numbers
            .into_iter()
            .zip(below)
            .map(|(number, below)| Branch {
                number,
                below: Self::new(below.iter().map(|(name, place)| (name.as_str(), *place))),
            });
        Self {
            tree: tree.collect(),
            ..self
        }
    }

    /// The place that `name` leads to from `place`. Nothing leads on from the root that has no name.
    #[inline]
    pub fn below(&self, place: Place, name: &[u8]) -> Place {
        if place == Place::ROOT && name.is_empty() {
            return place;
        }
        let branch = self.tree.get(usize::from(place.0));
        let found = branch.and_then(|branch| branch.below.find_bytes(name));
        found.map_or(Place::NOWHERE, Place)
    }

    /// The number of the word that ends at `place`.
    #[inline]
    pub fn slot(&self, place: Place) -> Option<u16> {
        self.tree.get(usize::from(place.0))?.number
    }

    /// The number of `word`, if the table has it.
    #[inline]
    pub fn find(&self, word: &str) -> Option<u16> {
        self.find_bytes(word.as_bytes())
    }

    /// The same for a word that may be cut out anywhere.
    #[inline]
    pub fn find_bytes(&self, word: &[u8]) -> Option<u16> {
        let shape = Shape::of(word);
        let mut at = shape.home(self.shift);
        // Three of four cells are empty, so the walk ends.
        loop {
            let place = *self.cells.get(at)?;
            let held = self.words.get(usize::from(place).wrapping_sub(1))?;
            if held.is(shape, word) {
                return Some(held.number);
            }
            at = (at + 1) & (self.cells.len() - 1);
        }
    }
}

/// Some of a format's slots.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct SlotSet {
    /// Slots 0 to 63.
    low: u64,
    /// The others.
    high: u64,
}

impl SlotSet {
    /// The slots, in order.
    #[inline]
    pub fn each(self) -> impl Iterator<Item = usize> {
        let halves = [(self.low, 0), (self.high, 64)];
        halves.into_iter().flat_map(|(mut bits, first)| {
            std::iter::from_fn(move || {
                let slot = (bits != 0).then(|| first + bits.trailing_zeros() as usize)?;
                bits &= bits - 1;
                Some(slot)
            })
        })
    }

    /// A number that differs where sets do, mostly.
    #[inline]
    pub fn mixed(self) -> usize {
        let mixed = (self.low ^ self.high.rotate_left(29)).wrapping_mul(0x9E37_79B9_7F4A_7C15);
        usize::try_from(mixed >> 56).unwrap_or(0)
    }

    /// Adds one. What is no slot ([`MAX_SLOTS`]) is left out.
    #[inline]
    pub const fn insert(&mut self, slot: u16) {
        let bit = 1 << (slot & 63);
        if slot < 64 {
            self.low |= bit;
        } else if slot < 128 {
            self.high |= bit;
        }
    }

    /// Whether this slot is one of them.
    #[inline]
    pub const fn has(self, slot: u16) -> bool {
        let half = if slot < 64 { self.low } else { self.high };
        slot < 128 && half >> (slot & 63) & 1 == 1
    }
}

/// What a record said under each of a format's keys.
pub(super) struct Slots<'a> {
    /// As many as the format has slots: all others would have to be emptied for nothing.
    texts: SmallVec<[Option<&'a str>; MAX_SLOTS]>,
    escapes: [Escape; MAX_SLOTS],
    filled: SlotSet,
}

/// One value as written, and how it is escaped.
#[derive(Clone, Copy)]
pub(super) struct Raw<'a> {
    pub text: &'a str,
    pub escape: Escape,
}

impl<'a> Slots<'a> {
    /// Without a slot.
    #[inline]
    pub fn none() -> Self {
        Self {
            texts: SmallVec::new(),
            escapes: [Escape::None; MAX_SLOTS],
            filled: SlotSet::default(),
        }
    }

    /// So many, all empty; no more than [`MAX_SLOTS`].
    pub fn new(count: usize) -> Self {
        let mut slots = Self::none();
        slots.begin(count);
        slots
    }

    /// The same in place of those that there were.
    #[inline]
    pub fn begin(&mut self, count: usize) {
        const EMPTY: &[Option<&str>] = &[None; MAX_SLOTS];
        self.texts.clear();
        self.texts
            .extend_from_slice(EMPTY.get(..count).unwrap_or(EMPTY));
        self.filled = SlotSet::default();
    }

    /// Holds `text` under `slot`, unless something is there: the first occurrence counts, so that text
    /// further on in the record cannot replace it.
    #[inline]
    pub fn set(&mut self, slot: u16, text: &'a str, escape: Escape) {
        let place = usize::from(slot);
        if let (Some(said @ None), Some(how)) =
            (self.texts.get_mut(place), self.escapes.get_mut(place))
        {
            (*said, *how) = (Some(text), escape);
            self.filled.insert(slot);
        }
    }

    /// How many slots hold something.
    pub fn count(&self) -> usize {
        self.filled.each().count()
    }

    /// The slots that hold something.
    #[inline]
    pub const fn filled(&self) -> SlotSet {
        self.filled
    }

    /// What stands under `slot`.
    #[inline]
    pub fn get(&self, slot: u16) -> Option<Raw<'a>> {
        let slot = usize::from(slot);
        let text = (*self.texts.get(slot)?)?;
        let escape = *self.escapes.get(slot)?;
        Some(Raw { text, escape })
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
        let mut slots = Slots::new(MAX_SLOTS);
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
        slots.begin(MAX_SLOTS);
        assert!(slots.get(127).is_none());
    }
}
