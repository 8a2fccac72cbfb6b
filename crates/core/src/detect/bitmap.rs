//! How many distinct things there were, in a fixed number of bits.

use super::hash;

/// Distinct things by linear counting (Whang et al. 1990), in `WORDS` × 64 bits: about right
/// up to as many as there are bits.
#[derive(Clone, Copy, Debug)]
pub struct Bitmap<const WORDS: usize>([u64; WORDS]);

impl<const WORDS: usize> Default for Bitmap<WORDS> {
    fn default() -> Self {
        Self([0; WORDS])
    }
}

impl<const WORDS: usize> Bitmap<WORDS> {
    /// Notes the thing whose well-mixed hash is `spread`; whether its bit was not set.
    pub fn note(&mut self, spread: u64) -> bool {
        let words = u128::try_from(WORDS).unwrap_or(0);
        let place = (u128::from(spread) * words) >> 64;
        let Some(word) = self.0.get_mut(usize::try_from(place).unwrap_or(0)) else {
            return false;
        };
        let is_new = *word & hash::bit(spread) == 0;
        *word |= hash::bit(spread);
        is_new
    }

    /// The bits, to be kept.
    pub const fn words(&self) -> &[u64; WORDS] {
        &self.0
    }

    /// With these bits.
    pub const fn of_words(words: [u64; WORDS]) -> Self {
        Self(words)
    }

    /// Bits that are set.
    pub fn ones(&self) -> u32 {
        self.0.iter().map(|word| word.count_ones()).sum()
    }

    /// How many distinct things were noted, estimated; bits × ln(bits) when it is full.
    pub fn count(&self) -> u32 {
        let bits = f64::from(u32::try_from(WORDS * 64).unwrap_or(u32::MAX));
        let empty = bits - f64::from(self.ones());
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "between 0 and bits × ln(bits)"
        )]
        let count = (-bits * (empty.max(1.0) / bits).ln()).round() as u32;
        count
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_each_thing_once_and_about_right_until_it_fills() {
        let mut bitmap = Bitmap::<8>::default();
        assert_eq!(bitmap.count(), 0);
        for (from, to) in [(0, 10_u32), (10, 100), (100, 400)] {
            for thing in from..to {
                bitmap.note(hash::mix(thing.into()));
            }
            assert!(!bitmap.note(hash::mix(from.into())));
            let off = f64::from(bitmap.count()) - f64::from(to);
            assert!(off.abs() <= 0.15 * f64::from(to) + 1.0, "{off} of {to}");
        }
        for thing in 400..100_000_u32 {
            bitmap.note(hash::mix(thing.into()));
        }
        assert_eq!((bitmap.ones(), bitmap.count()), (512, 3_194));
    }
}
