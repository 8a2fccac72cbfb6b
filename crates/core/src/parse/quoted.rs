//! Marks inside JSON, told by the four bytes at a quote.
//!
//! A format that a mark inside may make of a JSON object has a mark with a quote, which no value holds bare. A record
//! has a quote every six bytes or so: looking at those alone, each by itself, costs a fifth of walking over every
//! byte.

use super::inside::Mark;
use super::sieve::Net;

/// So many bytes at a quote tell a mark: the quote is the first of them or the last. Shorter marks are compared at
/// every quote before which stands what stands before theirs.
const TOLD_BYTES: usize = 4;

/// A mark's quote.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Quote {
    /// Where it stands in the mark.
    at: usize,
    /// How many bytes of the mark there are from there on, where they are enough to tell it; else none.
    pub known: usize,
}

/// The quote of `mark` that tells most.
pub(super) fn quote_in(mark: &[u8]) -> Option<Quote> {
    let at = memchr::memchr(b'"', mark)?;
    let known = mark.len() - at;
    if known >= TOLD_BYTES {
        return Some(Quote { at, known });
    }
    let at = memchr::memrchr(b'"', mark)?;
    Some(Quote { at, known: 0 })
}

/// Marks with a quote.
#[derive(Debug)]
pub(super) struct Quoted {
    /// By the bytes from the quote on.
    from: Net,
    /// By the bytes up to the quote, for marks that end with it.
    upto: Net,
    /// The others, and where their quote stands.
    short: Vec<(Box<[u8]>, usize, u32)>,
    /// A bit for each byte that stands before a quote of `upto` or `short`; all, where one begins with its quote.
    before: [u64; 4],
}

impl Quoted {
    /// Of `marks`, numbered in order; `None` where one has no quote.
    pub fn new(marks: &[Mark]) -> Option<Self> {
        let mut quoted = Self {
            from: Net::new(false),
            upto: Net::new(false),
            short: Vec::new(),
            before: [0; 4],
        };
        for (mark, number) in marks.iter().zip(0_u32..) {
            quoted.add(mark.text.as_bytes(), number)?;
        }
        quoted.from = quoted.from.finish();
        quoted.upto = quoted.upto.finish();
        Some(quoted)
    }

    fn add(&mut self, text: &[u8], number: u32) -> Option<()> {
        let quote = quote_in(text)?;
        let place = usize::try_from(number).ok()?;
        if quote.known >= TOLD_BYTES {
            return self.from.add_window(text, place, quote.at).then_some(());
        }
        match quote.at.checked_sub(1).and_then(|at| text.get(at)) {
            Some(byte) => {
                let word = self.before.get_mut(usize::from(byte >> 6))?;
                *word |= 1 << (byte & 63);
            }
            None => self.before = [u64::MAX; 4],
        }
        let start = (quote.at + 1).checked_sub(TOLD_BYTES);
        if start.is_none_or(|start| !self.upto.add_window(text, place, start)) {
            self.short.push((text.into(), quote.at, number));
        }
        Some(())
    }

    /// Calls `may_be` with the number of every mark whose quote may be the one at `quote`, and where it begins.
    #[inline]
    pub fn around(&self, record: &[u8], quote: usize, mut may_be: impl FnMut(u32, usize)) {
        let mut each = |number: usize, start: usize| {
            may_be(u32::try_from(number).unwrap_or(u32::MAX), start);
            false
        };
        if let Some(bytes) = record.get(quote..).and_then(<[u8]>::first_chunk) {
            self.from.at(*bytes, quote, &mut each);
        }
        let before = quote.checked_sub(1).and_then(|at| record.get(at));
        let before = before.copied().unwrap_or(0);
        let word = self.before.get(usize::from(before >> 6));
        if word.copied().unwrap_or(0) >> (before & 63) & 1 == 0 {
            return;
        }
        if let Some(bytes) = record.get(..=quote).and_then(<[u8]>::last_chunk) {
            self.upto.at(*bytes, quote + 1 - TOLD_BYTES, &mut each);
        }
        for (text, at, number) in &self.short {
            let start = quote.checked_sub(*at);
            let rest = start.and_then(|start| record.get(start..));
            if let Some(start) = start
                && rest.is_some_and(|rest| rest.starts_with(text))
            {
                may_be(*number, start);
            }
        }
    }
}
