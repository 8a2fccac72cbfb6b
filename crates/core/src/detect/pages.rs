//! How large each page of the web server usually is: an attack that is answered with the same page as
//! everybody gets was most likely ignored, one that is answered with something else may have worked.

use super::snapshot::kept;
use super::table::{Remembered, Table};

/// 4,096 pages; 128 KiB.
const SETS: usize = 256;
/// Answers from which a page is known.
const KNOWN: u16 = 8;
/// How much a new answer counts in what is usual.
const WEIGHT: f32 = 0.1;
/// A page whose size varies by more than this share of its mean says nothing.
const STEADY: f32 = 0.2;
/// Within this many usual deviations, or this share, or so many bytes, a size is usual.
const DEVIATIONS: f32 = 4.0;
const SHARE: f32 = 0.1;
const BYTES: f32 = 64.0;

/// The usual size of one page.
#[derive(Clone, Copy, Debug, Default)]
pub struct Size {
    last: u32,
    mean: f32,
    deviation: f32,
    seen: u16,
}

kept!(Size {
    last,
    mean,
    deviation,
    seen
});

impl Remembered for Size {
    fn last(&self) -> u32 {
        self.last
    }

    fn evidence(&self) -> u32 {
        self.seen.into()
    }

    fn touch(&mut self, now: u32) {
        self.last = now;
    }
}

/// How the size of an answer compares with those before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answer {
    /// As everybody's.
    Usual,
    /// Nothing like it, of a page that is always the same.
    Unusual,
    /// The page is not known, or always different.
    Untold,
}

/// The usual sizes of the pages asked for most.
#[derive(Clone, Debug, Default)]
pub struct Pages(Table<Size, SETS>);

kept!(Pages(_));

impl Pages {
    /// Notes that the page with this hash was served to an honest request with `bytes`.
    pub fn served(&mut self, page: u64, bytes: u64, now: u32) {
        let Some(size) = self.0.admit(page, now, 1) else {
            return;
        };
        let bytes = as_f32(bytes);
        if size.seen == 0 {
            size.mean = bytes;
        }
        let off = (bytes - size.mean).abs();
        size.mean += (bytes - size.mean) * WEIGHT;
        size.deviation += (off - size.deviation) * WEIGHT;
        size.seen = size.seen.saturating_add(1);
    }

    /// How an answer of `bytes` from the page with this hash compares.
    pub fn compare(&mut self, page: u64, bytes: u64) -> Answer {
        let Some(size) = self.0.find(page).filter(|size| size.seen >= KNOWN) else {
            return Answer::Untold;
        };
        let off = (as_f32(bytes) - size.mean).abs();
        let usual = (size.deviation * DEVIATIONS)
            .max(size.mean * SHARE)
            .max(BYTES);
        if off <= usual {
            Answer::Usual
        } else if size.deviation <= size.mean * STEADY {
            Answer::Unusual
        } else {
            Answer::Untold
        }
    }
}

#[expect(
    clippy::cast_precision_loss,
    reason = "sizes of pages; a tenth more or less does not matter"
)]
fn as_f32(bytes: u64) -> f32 {
    bytes as f32
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_steady_page_tells_and_a_changing_one_does_not() {
        let mut pages = Pages::default();
        for n in 0..20_u32 {
            pages.served(1, 5_000 + u64::from(n % 3) * 20, n);
            pages.served(2, u64::from(n % 5) * 4_000, n);
        }
        pages.served(3, 5_000, 1);
        for (page, bytes, expected) in [
            (1, 5_010, Answer::Usual),
            (1, 5_400, Answer::Usual),
            (1, 900, Answer::Unusual),
            (1, 90_000, Answer::Unusual),
            (2, 8_000, Answer::Usual),
            (2, 90_000, Answer::Untold),
            (3, 90_000, Answer::Untold),
            (4, 90_000, Answer::Untold),
        ] {
            assert_eq!(pages.compare(page, bytes), expected, "{page} {bytes}");
        }
    }
}
