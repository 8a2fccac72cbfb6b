//! A small generator of numbers that look random and follow from a seed.

/// SplitMix64 (Steele, Lea, Flood 2014): 64 bits of state, full period, good enough for traffic and
/// useless for secrets.
#[derive(Clone, Debug)]
pub struct Random(u64);

impl Random {
    /// Starts at `seed`.
    #[must_use]
    pub const fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// A generator of its own for one thing, named by numbers: any hour of any firm can be made
    /// again without making the hours before it.
    #[must_use]
    pub fn of(seed: u64, parts: &[u64]) -> Self {
        let mut mixed = Self(seed);
        for part in parts {
            let before = mixed.bits();
            mixed = Self(before ^ part.wrapping_mul(0xD6E8_FEB8_6659_FD93));
        }
        mixed.bits();
        mixed
    }

    /// The next 64 bits.
    pub const fn bits(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    /// A number from 0 up to but without `end`; 0 when `end` is 0.
    pub const fn below(&mut self, end: u64) -> u64 {
        if end == 0 {
            return 0;
        }
        // The bias of the remainder is below 2^-32 for the small ranges used here.
        self.bits() % end
    }

    /// A number from `low` up to but without `high`.
    pub const fn between(&mut self, low: u64, high: u64) -> u64 {
        low + self.below(high.saturating_sub(low))
    }

    /// As [`Random::between`], for ports and counters.
    pub fn port(&mut self, low: u16, high: u16) -> u16 {
        u16::try_from(self.between(u64::from(low), u64::from(high))).unwrap_or(low)
    }

    /// A byte from `low` up to but without `high`.
    pub fn byte(&mut self, low: u8, high: u8) -> u8 {
        u8::try_from(self.between(u64::from(low), u64::from(high))).unwrap_or(low)
    }

    /// Whether something of `per_mille` in a thousand happens.
    pub const fn chance(&mut self, per_mille: u64) -> bool {
        self.below(1_000) < per_mille
    }

    /// How often something happens that happens `per_mille`/1000 times on average: the whole part
    /// always, one more by chance.
    pub const fn times(&mut self, per_mille: u64) -> u64 {
        per_mille / 1_000 + if self.chance(per_mille % 1_000) { 1 } else { 0 }
    }

    /// One of `choices`; `None` when there is none.
    pub fn pick<'a, T>(&mut self, choices: &'a [T]) -> Option<&'a T> {
        let count = u64::try_from(choices.len()).unwrap_or(u64::MAX);
        choices.get(usize::try_from(self.below(count)).unwrap_or(0))
    }

    /// One of `choices`, or the empty text.
    pub fn word<'a>(&mut self, choices: &[&'a str]) -> &'a str {
        self.pick(choices).copied().unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_seed_gives_the_same_numbers_and_another_seed_does_not() {
        let draw = |seed| {
            let mut random = Random::of(seed, &[7, 9]);
            (0..8).map(|_| random.below(1_000)).collect::<Vec<_>>()
        };
        assert_eq!(draw(1), draw(1));
        assert_ne!(draw(1), draw(2));
        let mut random = Random::new(1);
        let mean = (0..10_000).map(|_| random.below(100)).sum::<u64>() / 10_000;
        assert!((48..=51).contains(&mean), "{mean}");
    }
}
