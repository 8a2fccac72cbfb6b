//! Which of many marks stand in a text: one pass that looks at every fourth byte.
//!
//! Dozens of formats may begin in the same shape, a date for example, and differ in a word further on.
//! To search for each word by itself costs a pass for each. Here four bytes at a time are looked up in a
//! table of bits; only where one is set a mark is compared. Time is linear in the text's length.

/// The bytes looked at together, and how far apart.
const WINDOW: usize = 4;
/// A mark of so many bytes has a whole window inside wherever it stands.
const LEAST_BYTES: usize = 2 * WINDOW - 1;
/// So many entries of a list are told apart; those behind them always count.
const MAX_TOLD: usize = 256;
/// The table has two to this power of bits.
const TABLE_BITS: u32 = 13;
/// Below so many entries with marks searching for each costs less.
const LEAST_ENTRIES: usize = 4;

/// A bit for each entry of a list.
pub(super) type Entries = [u64; MAX_TOLD / 64];

/// The marks of a list's entries.
#[derive(Debug)]
pub(super) struct Sieve {
    /// A bit for the hash of each window.
    table: Box<[u64]>,
    /// Each window of each mark, in their order: its bytes, where in the mark it stands, the mark.
    windows: Vec<(u32, usize, usize)>,
    /// Each mark and the entry it belongs to.
    marks: Vec<(Box<[u8]>, usize)>,
    /// Entries without a mark that is long enough.
    always: Entries,
}

impl Sieve {
    /// Of the entries of a list, each with marks that must all be there; of each the longest counts.
    /// `None` where it would not pay.
    pub fn new<'m>(entries: impl IntoIterator<Item = &'m [String]>) -> Option<Self> {
        let mut sieve = Self {
            table: vec![0; (1 << TABLE_BITS) / 64].into_boxed_slice(),
            windows: Vec::new(),
            marks: Vec::new(),
            always: Entries::default(),
        };
        for (entry, marks) in entries.into_iter().enumerate().take(MAX_TOLD) {
            let longest = marks.iter().max_by_key(|mark| mark.len());
            match longest.filter(|mark| mark.len() >= LEAST_BYTES) {
                Some(mark) => sieve.add(mark.as_bytes(), entry),
                None => insert(&mut sieve.always, entry),
            }
        }
        sieve.windows.sort_unstable();
        (sieve.marks.len() >= LEAST_ENTRIES).then_some(sieve)
    }

    fn add(&mut self, mark: &[u8], entry: usize) {
        for offset in 0..WINDOW {
            let window = mark.get(offset..).and_then(|rest| rest.first_chunk());
            let Some(window) = window.map(|bytes| u32::from_le_bytes(*bytes)) else {
                continue;
            };
            let (word, bit) = place(window);
            if let Some(word) = self.table.get_mut(word) {
                *word |= bit;
            }
            self.windows.push((window, offset, self.marks.len()));
        }
        self.marks.push((mark.into(), entry));
    }

    /// The entries whose mark stands in `text`, and those without one.
    pub fn of(&self, text: &[u8]) -> Entries {
        let mut found = self.always;
        let (windows, _) = text.as_chunks::<WINDOW>();
        for (number, bytes) in windows.iter().enumerate() {
            let window = u32::from_le_bytes(*bytes);
            let (word, bit) = place(window);
            if self.table.get(word).is_some_and(|word| word & bit != 0) {
                self.look(window, number * WINDOW, text, &mut found);
            }
        }
        found
    }

    /// Adds the entries whose mark has this window at `at`.
    #[inline(never)]
    fn look(&self, window: u32, at: usize, text: &[u8], found: &mut Entries) {
        let first = self.windows.partition_point(|(known, ..)| *known < window);
        let alike = self.windows.get(first..).unwrap_or_default().iter();
        for (_, offset, mark) in alike.take_while(|(known, ..)| *known == window) {
            let start = at.checked_sub(*offset);
            if let Some((mark, entry)) = self.marks.get(*mark)
                && let Some(rest) = start.and_then(|start| text.get(start..))
                && rest.starts_with(mark)
            {
                insert(found, *entry);
            }
        }
    }
}

/// The word of the table and the bit in it where `window` belongs.
#[inline]
const fn place(window: u32) -> (usize, u64) {
    let hash = window.wrapping_mul(0x9E37_79B1) >> (32 - TABLE_BITS);
    ((hash / 64) as usize, 1 << (hash & 63))
}

fn insert(entries: &mut Entries, entry: usize) {
    if let Some(word) = entries.get_mut(entry / 64) {
        *word |= 1 << (entry & 63);
    }
}

/// Whether `entries` has this one; those that are not told apart are always in it.
#[inline]
pub(super) fn has(entries: &Entries, entry: usize) -> bool {
    entries
        .get(entry / 64)
        .is_none_or(|word| word >> (entry & 63) & 1 == 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_each_mark_wherever_it_stands() {
        let marks = [
            "] INFO  ",
            "failed for ",
            "short",
            "src_ip=\"",
            "INFO  org.example",
        ];
        let lists: Vec<Vec<String>> = marks
            .iter()
            .map(|mark| vec!["x".to_owned(), (*mark).to_owned()])
            .collect();
        let sieve = Sieve::new(lists.iter().map(Vec::as_slice)).unwrap();
        for before in 0..9 {
            for (entry, mark) in marks.iter().enumerate() {
                let text = format!("{}{mark}{}", "-".repeat(before), "+".repeat(8 - before));
                let found = sieve.of(text.as_bytes());
                for (other, wanted) in marks.iter().enumerate() {
                    let expected = text.contains(wanted) || wanted.len() < LEAST_BYTES;
                    assert_eq!(has(&found, other), expected, "{wanted} in {text}");
                }
                assert!(has(&found, entry), "{text}");
            }
        }
        assert!(has(&sieve.of(b""), MAX_TOLD));
    }

    #[test]
    fn few_marks_are_searched_for_one_by_one() {
        let lists = [vec!["a long mark".to_owned()], vec![]];
        assert!(Sieve::new(lists.iter().map(Vec::as_slice)).is_none());
    }

    proptest::proptest! {
        #[test]
        fn whatever_stands_there_is_found(
            marks in proptest::collection::vec("[ab]{3,12}", 4..12),
            text in "[ab]{0,64}",
        ) {
            let lists: Vec<Vec<String>> = marks.iter().map(|mark| vec![mark.clone()]).collect();
            let Some(sieve) = Sieve::new(lists.iter().map(Vec::as_slice)) else {
                return Ok(());
            };
            let found = sieve.of(text.as_bytes());
            for (entry, mark) in marks.iter().enumerate() {
                let expected = text.contains(mark.as_str()) || mark.len() < LEAST_BYTES;
                proptest::prop_assert_eq!(has(&found, entry), expected);
            }
        }
    }
}
