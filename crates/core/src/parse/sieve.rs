//! Which of many marks stand in a text: one pass that looks at every fourth byte.
//!
//! Dozens of formats may begin in the same shape, a date for example, and differ in a word further on.
//! To search for each word by itself costs a pass for each. Here four bytes at a time are looked up in a
//! table; only where a mark has the same four it is compared. Time is linear in the text's length.

/// The bytes looked at together, and how far apart.
const WINDOW: usize = 4;
/// A mark of so many bytes has a whole window inside wherever it stands.
pub(super) const LEAST_BYTES: usize = 2 * WINDOW - 1;
/// So many entries of a list are told apart; those behind them always count.
const MAX_TOLD: usize = 256;
/// The most windows of one net: each has a place of 16 bits.
const MAX_WINDOWS: usize = 16_384;
/// So many cells for each window, or up to twice as many: what no text has nearly always meets an empty one.
const CELLS_A_WINDOW: usize = 8;
/// Below so many entries with marks searching for each costs less.
const LEAST_ENTRIES: usize = 4;

/// A bit for each entry of a list.
pub(super) type Entries = [u64; MAX_TOLD / 64];

/// Texts to be looked for, each of [`LEAST_BYTES`] or more.
#[derive(Debug)]
pub(super) struct Net {
    /// For each hash of a window the first entry of `windows`, counted from one; zero is none.
    cells: Box<[u16]>,
    /// How far a hash is shifted to become a cell.
    shift: u32,
    /// Each window of each text, those of one cell together.
    windows: Vec<Window>,
    /// Bits that do not count: those in which small and capital letters differ, or none.
    blind: u32,
}

/// Four bytes of a text.
#[derive(Clone, Copy, Debug)]
struct Window {
    bytes: u32,
    /// Where in the text they stand.
    offset: u16,
    /// Whether it is the last of its cell.
    last: bool,
    text: usize,
}

impl Net {
    /// Without a text; `any_case` says whether small letters may be capital ones.
    pub fn new(any_case: bool) -> Self {
        Self {
            cells: Box::default(),
            shift: 0,
            windows: Vec::new(),
            blind: if any_case { 0x2020_2020 } else { 0 },
        }
    }

    /// Adds `text` under `number`. False, and nothing added, where it is too short, or there is no room.
    pub fn add(&mut self, text: &[u8], number: usize) -> bool {
        if text.len() < LEAST_BYTES || self.windows.len() > MAX_WINDOWS - WINDOW {
            return false;
        }
        (0..WINDOW).all(|offset| self.add_window(text, number, offset))
    }

    /// Adds the window of `text` that begins at `offset` alone. False, and nothing added, where there is none, or no
    /// room.
    pub fn add_window(&mut self, text: &[u8], number: usize, offset: usize) -> bool {
        let window = text.get(offset..).and_then(|rest| rest.first_chunk());
        let (Some(bytes), Ok(offset)) = (window, u16::try_from(offset)) else {
            return false;
        };
        let fits = self.windows.len() < MAX_WINDOWS;
        if fits {
            self.windows.push(Window {
                bytes: u32::from_le_bytes(*bytes) | self.blind,
                offset,
                last: false,
                text: number,
            });
        }
        fits
    }

    /// The same, ready to be looked through: at most one of [`CELLS_A_WINDOW`] cells is taken.
    pub fn finish(mut self) -> Self {
        let size = (self.windows.len() * CELLS_A_WINDOW)
            .next_power_of_two()
            .max(2);
        let shift = u32::BITS - size.trailing_zeros();
        self.shift = shift;
        self.cells = vec![0; size].into_boxed_slice();
        self.windows
            .sort_by_key(|window| (home(window.bytes, shift), window.bytes));
        let mut before = None;
        for place in (0..self.windows.len()).rev() {
            let Some(window) = self.windows.get_mut(place) else {
                continue;
            };
            let home = home(window.bytes, shift);
            window.last = before != Some(home);
            before = Some(home);
            if let (Some(cell), Ok(place)) = (self.cells.get_mut(home), u16::try_from(place + 1)) {
                *cell = place;
            }
        }
        self
    }

    /// Calls `may_be` with the number of every text that may stand in `text`, and where it would begin, until
    /// it says that it has enough.
    #[inline]
    pub fn each(&self, text: &[u8], mut may_be: impl FnMut(usize, usize) -> bool) {
        let (windows, _) = text.as_chunks::<WINDOW>();
        for (number, bytes) in windows.iter().enumerate() {
            if self.at(*bytes, number * WINDOW, &mut may_be) {
                return;
            }
        }
    }

    /// The same for the window `bytes` alone, which stands at `place`; whether there was enough.
    #[inline]
    pub fn at(
        &self,
        bytes: [u8; WINDOW],
        place: usize,
        mut may_be: impl FnMut(usize, usize) -> bool,
    ) -> bool {
        let bytes = u32::from_le_bytes(bytes) | self.blind;
        let cell = self.cells.get(home(bytes, self.shift));
        let mut next = usize::from(cell.copied().unwrap_or(0));
        while let Some(window) = self.windows.get(next.wrapping_sub(1)) {
            if window.bytes == bytes
                && let Some(start) = place.checked_sub(usize::from(window.offset))
                && may_be(window.text, start)
            {
                return true;
            }
            next = if window.last { 0 } else { next + 1 };
        }
        false
    }
}

/// The marks of a list's entries.
#[derive(Debug)]
pub(super) struct Sieve {
    net: Net,
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
            net: Net::new(false),
            marks: Vec::new(),
            always: Entries::default(),
        };
        for (entry, marks) in entries.into_iter().enumerate().take(MAX_TOLD) {
            let longest = marks.iter().max_by_key(|mark| mark.len());
            let mark = longest.map(|mark| mark.as_bytes()).unwrap_or_default();
            if sieve.net.add(mark, sieve.marks.len()) {
                sieve.marks.push((mark.into(), entry));
            } else {
                insert(&mut sieve.always, entry);
            }
        }
        sieve.net = sieve.net.finish();
        (sieve.marks.len() >= LEAST_ENTRIES).then_some(sieve)
    }

    /// The entries whose mark stands in `text`, and those without one.
    pub fn of(&self, text: &[u8]) -> Entries {
        let mut found = self.always;
        self.net.each(text, |mark, start| {
            if let Some((mark, entry)) = self.marks.get(mark)
                && text.get(start..).is_some_and(|rest| rest.starts_with(mark))
            {
                insert(&mut found, *entry);
            }
            false
        });
        found
    }
}

/// The cell of a table where `window` belongs.
#[inline]
const fn home(window: u32, shift: u32) -> usize {
    (window.wrapping_mul(0x9E37_79B1) >> (shift & 31)) as usize
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
