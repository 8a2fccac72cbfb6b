//! Reading a snapshot from its front.

use crate::detect::hash;
use crate::detect::sigma::RuleIndex;

/// What is left of a snapshot.
pub struct Reader<'b> {
    rest: &'b [u8],
    /// What number each rule of the snapshot has now.
    rules: Vec<Option<RuleIndex>>,
}

impl<'b> Reader<'b> {
    /// Reads `bytes`.
    pub const fn new(bytes: &'b [u8]) -> Self {
        Self {
            rest: bytes,
            rules: Vec::new(),
        }
    }

    /// The next `count` bytes.
    pub fn take(&mut self, count: usize) -> Option<&'b [u8]> {
        let (taken, rest) = self.rest.split_at_checked(count)?;
        self.rest = rest;
        Some(taken)
    }

    /// How many bytes are left: more things than these cannot follow.
    pub const fn left(&self) -> usize {
        self.rest.len()
    }

    /// Notes that the rules called `then` in this order are now called `now` in this order.
    pub fn renumber(&mut self, then: &[u64], now: &[u64]) {
        let mut places: Vec<(u64, u32)> = now.iter().copied().zip(0..).collect();
        places.sort_unstable_by_key(|(name, place)| (hash::mix(*name), *place));
        let place_of = |name: &u64| {
            let from = places.partition_point(|(held, _)| hash::mix(*held) < hash::mix(*name));
            let (held, place) = places.get(from)?;
            (held == name).then_some(RuleIndex::of(*place))
        };
        self.rules = then.iter().map(place_of).collect();
    }

    /// The number that the rule numbered `then` has now, if it is still there.
    pub fn rule(&self, then: u32) -> Option<RuleIndex> {
        let place = usize::try_from(then).ok()?;
        *self.rules.get(place)?
    }
}
