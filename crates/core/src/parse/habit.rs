//! The keys of records, as they followed one another.
//!
//! Records of one format mostly name the same keys in the same order. Where the key that followed the last time
//! stands there again, one comparison tells so; finding where a key ends and what the format asks of it costs
//! ten times as much. What is remembered changes no answer: it says what looking would say, of the same bytes.

use std::sync::Arc;

use super::keys::{Shape, SlotSet};

/// The longest key remembered, in bytes, with the signs that enclose it.
const MAX_KEY_BYTES: usize = 40;
/// So many keys are remembered of one format; of more all are forgotten.
const MAX_KEYS: usize = 256;
/// Cells of the table in which a remembered key is looked up; a power of two.
const CELLS: usize = 1_024;
/// Stands for "no key".
const NONE: u16 = u16::MAX;
/// So many sorts of records, by what they fill, are remembered of one format; a power of two.
const FILLINGS: usize = 8;

/// What follows from which slots a record fills, whatever stands in them.
#[derive(Clone, Copy, Debug)]
pub(super) struct Filling {
    filled: SlotSet,
    /// The fields that may take a value, a bit each.
    pub fields: u64,
    /// The rules, of the first that are bits together, that may hold.
    pub rules: u64,
}

/// What one room to work in remembers of every format.
#[derive(Debug, Default)]
pub(super) struct Habits {
    /// The formats that this is of. Held, so that no others can take their place unnoticed.
    of: Option<Arc<()>>,
    by_format: Vec<Option<Box<Habit>>>,
}

impl Habits {
    /// What is remembered of the format of this number among those that `mark` is of.
    #[inline]
    pub fn of(&mut self, mark: &Arc<()>, format: u16) -> Option<&mut Habit> {
        let known = self.of.as_ref().is_some_and(|of| Arc::ptr_eq(of, mark));
        let number = usize::from(format);
        if !known || !matches!(self.by_format.get(number), Some(Some(_))) {
            self.make_room(mark, number);
        }
        self.by_format.get_mut(number)?.as_deref_mut()
    }

    #[cold]
    fn make_room(&mut self, mark: &Arc<()>, number: usize) {
        if self.of.as_ref().is_none_or(|of| !Arc::ptr_eq(of, mark)) {
            self.by_format.clear();
            self.of = Some(Arc::clone(mark));
        }
        if self.by_format.len() <= number {
            self.by_format.resize_with(number + 1, || None);
        }
        if let Some(place) = self.by_format.get_mut(number) {
            *place = Some(Box::default());
        }
    }
}

/// The keys of one format's records.
#[derive(Debug)]
pub(super) struct Habit {
    keys: Vec<Known>,
    /// By a key's bytes its place in `keys`, counted from one; zero is none.
    cells: Vec<u16>,
    /// What followed the beginning of a record.
    first: Followers,
    /// The key that stood there last, and those that are expected now.
    last: u16,
    next: Followers,
    fillings: [Option<Filling>; FILLINGS],
}

/// What followed a key the last time, and what else did before that: devices write records of several sorts.
type Followers = [u16; 2];

/// What nothing followed yet.
const NOBODY: Followers = [NONE; 2];

impl Default for Habit {
    fn default() -> Self {
        Self {
            keys: Vec::new(),
            cells: Vec::new(),
            first: NOBODY,
            last: NONE,
            next: NOBODY,
            fillings: [None; FILLINGS],
        }
    }
}

/// A key that stood in some record.
#[derive(Debug)]
struct Known {
    /// Its first eight bytes, and which of them there are.
    head: u64,
    mask: u64,
    /// Its last eight bytes, where there are more.
    tail: u64,
    text: [u8; MAX_KEY_BYTES],
    length: u8,
    /// Where it stood, for keys whose meaning hangs on that.
    within: u16,
    /// What it means.
    means: u16,
    /// The keys that followed it.
    next: Followers,
}

impl Known {
    /// Whether `rest` begins with it.
    #[inline]
    fn begins(&self, rest: &[u8]) -> bool {
        let length = usize::from(self.length);
        let Some(first) = rest.first_chunk() else {
            return false;
        };
        if u64::from_le_bytes(*first) & self.mask != self.head {
            return false;
        }
        if length <= 8 {
            return true;
        }
        let Some(last) = rest.get(..length).and_then(<[u8]>::last_chunk) else {
            return false;
        };
        u64::from_le_bytes(*last) == self.tail
            && (length <= 16 || rest.get(8..length - 8) == self.text.get(8..length - 8))
    }

    /// Whether this is `text`, which stands in the same place.
    fn is(&self, within: u16, text: &[u8]) -> bool {
        self.within == within && self.text.get(..usize::from(self.length)) == Some(text)
    }
}

impl Habit {
    /// At the beginning of a record.
    #[inline]
    pub const fn begin(&mut self) {
        self.last = NONE;
        self.next = self.first;
    }

    /// What the expected key means, and its length, where `rest` begins with it.
    #[inline]
    pub fn expected(&mut self, within: u16, rest: &[u8]) -> Option<(u16, usize)> {
        for next in self.next {
            let key = self.keys.get(usize::from(next))?;
            if key.within == within && key.begins(rest) {
                self.last = next;
                self.next = key.next;
                return Some((key.means, usize::from(key.length)));
            }
        }
        None
    }

    /// The same for a key that ends at `end` of `text`, begins no sooner than at `least` and where it `may`: what
    /// it means and where it begins.
    #[inline]
    pub fn expected_before(
        &mut self,
        text: &[u8],
        end: usize,
        least: usize,
        may: impl Fn(usize) -> bool,
    ) -> Option<(u16, usize)> {
        for next in self.next {
            let key = self.keys.get(usize::from(next))?;
            let start = end.saturating_sub(usize::from(key.length));
            if start >= least
                && start + usize::from(key.length) == end
                && may(start)
                && key.begins(text.get(start..)?)
            {
                self.last = next;
                self.next = key.next;
                return Some((key.means, start));
            }
        }
        None
    }

    /// What follows from these slots being filled: remembered, or as `reckon` says of them, fields and rules.
    #[inline]
    pub fn filling(&mut self, filled: SlotSet, reckon: impl Fn() -> (u64, u64)) -> (u64, u64) {
        let Some(place) = self.fillings.get_mut(filled.mixed() & (FILLINGS - 1)) else {
            return reckon();
        };
        if let Some(known) = place
            && known.filled == filled
        {
            return (known.fields, known.rules);
        }
        let (fields, rules) = reckon();
        *place = Some(Filling {
            filled,
            fields,
            rules,
        });
        (fields, rules)
    }

    /// Notes that the key `text` followed, and what it means there.
    #[inline(never)]
    pub fn learn(&mut self, within: u16, text: &[u8], means: u16) {
        if text.is_empty() || text.len() > MAX_KEY_BYTES {
            return;
        }
        let Some(found) = self.place(within, text, means) else {
            return;
        };
        let before = match self.keys.get_mut(usize::from(self.last)) {
            Some(last) => &mut last.next,
            None => &mut self.first,
        };
        if !before.contains(&found) {
            let [latest, _] = *before;
            *before = [found, latest];
        }
        self.last = found;
        let key = self.keys.get(usize::from(found));
        self.next = key.map_or(NOBODY, |key| key.next);
    }

    /// The place of a key, made if there is none.
    fn place(&mut self, within: u16, text: &[u8], means: u16) -> Option<u16> {
        let mixed = Shape::of(text).mixed() ^ u64::from(within).wrapping_mul(0x9E37_79B9);
        let home = usize::try_from(mixed >> 48).unwrap_or(0) & (CELLS - 1);
        // Two that meet lie side by side; a third takes the first one's cell.
        let mut cell = home;
        for near in [home, home ^ 1] {
            let place = self.cells.get(near).copied().unwrap_or(0);
            match self.keys.get(usize::from(place).wrapping_sub(1)) {
                Some(key) if key.is(within, text) => return place.checked_sub(1),
                Some(_) => {}
                None => cell = near,
            }
        }
        if self.keys.len() >= MAX_KEYS || self.cells.is_empty() {
            *self = Self::default().with_room_of(self);
        }
        let mut bytes = [0; MAX_KEY_BYTES];
        bytes.get_mut(..text.len())?.copy_from_slice(text);
        let missing = 8_usize.saturating_sub(text.len());
        self.keys.push(Known {
            head: super::scan::head(text),
            mask: u64::MAX >> (8 * missing.min(7)),
            tail: text
                .last_chunk()
                .map_or(0, |last| u64::from_le_bytes(*last)),
            text: bytes,
            length: u8::try_from(text.len()).ok()?,
            within,
            means,
            next: NOBODY,
        });
        let count = u16::try_from(self.keys.len()).ok()?;
        *self.cells.get_mut(cell)? = count;
        count.checked_sub(1)
    }

    /// The same with the memory that `other` holds, emptied.
    fn with_room_of(mut self, other: &mut Self) -> Self {
        self.keys = std::mem::take(&mut other.keys);
        self.cells = std::mem::take(&mut other.cells);
        self.fillings = other.fillings;
        self.keys.clear();
        self.cells.clear();
        self.cells.resize(CELLS, 0);
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Reads `keys` as a reader does; gives how many were expected.
    fn read(habit: &mut Habit, keys: &[&str]) -> usize {
        habit.begin();
        let mut expected = 0;
        for key in keys {
            let rest = format!("{key}value and more");
            let length = u16::try_from(key.len()).unwrap();
            match habit.expected(7, rest.as_bytes()) {
                Some(found) => {
                    assert_eq!(found, (length, key.len()), "{key}");
                    expected += 1;
                }
                None => habit.learn(7, key.as_bytes(), length),
            }
        }
        expected
    }

    #[test]
    fn keys_that_followed_one_another_are_expected_to_again() {
        let mut habit = Habit::default();
        let keys = [
            "a=",
            "source-address=",
            "x=",
            "a-very-long-key-with-words-in-it=",
        ];
        assert_eq!(read(&mut habit, &keys), 0);
        assert_eq!(read(&mut habit, &keys), 4);
        assert_eq!(read(&mut habit, &["a=", "x=", "y="]), 1);
        assert_eq!(read(&mut habit, &["a=", "x=", "y="]), 3);
        // Of two sorts of records both are remembered.
        assert_eq!(read(&mut habit, &keys), 4);
        assert_eq!(read(&mut habit, &["a=", "x=", "y="]), 3);
        // Its place is another's; nothing is expected there.
        habit.begin();
        assert_eq!(habit.expected(8, b"a=1234567890"), None);
        assert_eq!(habit.expected(7, b"a=1234567890"), Some((2, 2)));
    }

    #[test]
    fn a_key_is_known_by_all_its_bytes() {
        let mut habit = Habit::default();
        let keys = [
            "an-even-longer-key=",
            "an-evil-longer-key=",
            "an-even-lower-key=",
        ];
        for key in keys {
            let mut again = Habit::default();
            read(&mut again, &[key]);
            for other in keys {
                again.begin();
                let found = again.expected(7, format!("{other}12345678").as_bytes());
                assert_eq!(found.is_some(), key == other, "{key} {other}");
            }
        }
        read(
            &mut habit,
            &["=", "long-text-that-nobody-would-take-for-a-key="],
        );
        assert_eq!(habit.keys.len(), 1);
    }

    #[test]
    fn too_many_keys_are_forgotten_and_learned_anew() {
        let mut habit = Habit::default();
        for number in 0..5_000 {
            let key = format!("key{number}=");
            read(&mut habit, &[&key, "b="]);
            assert!(habit.keys.len() <= MAX_KEYS);
        }
        let keys = ["a=", "b=", "c="];
        read(&mut habit, &keys);
        assert_eq!(read(&mut habit, &keys), 3);
    }

    #[test]
    fn other_formats_have_other_habits() {
        let (one, other) = (Arc::new(()), Arc::new(()));
        let mut habits = Habits::default();
        read(habits.of(&one, 3).unwrap(), &["a=", "b="]);
        assert_eq!(read(habits.of(&one, 3).unwrap(), &["a=", "b="]), 2);
        assert_eq!(read(habits.of(&one, 2).unwrap(), &["a=", "b="]), 0);
        assert_eq!(read(habits.of(&other, 3).unwrap(), &["a=", "b="]), 0);
        assert_eq!(read(habits.of(&one, 3).unwrap(), &["a=", "b="]), 0);
    }
}
