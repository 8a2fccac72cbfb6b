//! How often one caller may call: token buckets in a bounded table.

use std::collections::BTreeMap;

use larum_core::time::Timestamp;

/// What a limiter allows.
#[derive(Clone, Copy, Debug)]
pub struct Allowance {
    /// Calls at once.
    pub burst: u32,
    /// Milliseconds until one more call is allowed.
    pub refill_ms: i64,
    /// Most callers remembered; beyond it those who have been quiet longest are forgotten, which
    /// gives them their full allowance again.
    pub callers: usize,
}

/// Counts calls per caller. Time is an argument.
#[derive(Debug)]
pub struct Limiter<K> {
    allowance: Allowance,
    /// Per caller: the moment at which its bucket is full again.
    full_at: BTreeMap<K, Timestamp>,
}

impl<K: Ord + Copy> Limiter<K> {
    /// A limiter with nobody in it.
    #[must_use]
    pub const fn new(allowance: Allowance) -> Self {
        Self {
            allowance,
            full_at: BTreeMap::new(),
        }
    }

    /// Takes one call of `caller`'s allowance.
    ///
    /// # Errors
    /// When it has none left: the whole seconds, at least one, until it has.
    pub fn take(&mut self, caller: K, now: Timestamp) -> Result<(), u32> {
        let span_ms = i64::from(self.allowance.burst).saturating_mul(self.allowance.refill_ms);
        // A moment further ahead than an empty bucket needs comes from a clock that was set back.
        let full_at = self
            .full_at
            .get(&caller)
            .copied()
            .filter(|full_at| *full_at <= now.plus_millis(span_ms))
            .map_or(now, |full_at| full_at.max(now));
        let next = full_at.plus_millis(self.allowance.refill_ms);
        let over_ms = next.millis_since(now) - span_ms;
        if over_ms > 0 {
            return Err(u32::try_from(over_ms / 1_000 + 1).unwrap_or(u32::MAX));
        }
        if !self.full_at.contains_key(&caller) && self.full_at.len() >= self.allowance.callers {
            self.forget(now);
        }
        self.full_at.insert(caller, next);
        Ok(())
    }

    /// Gives a call back.
    pub fn give_back(&mut self, caller: K) {
        if let Some(full_at) = self.full_at.get_mut(&caller) {
            *full_at = full_at.plus_millis(-self.allowance.refill_ms);
        }
    }

    /// Whether `caller` is remembered.
    #[must_use]
    pub fn contains(&self, caller: &K) -> bool {
        self.full_at.contains_key(caller)
    }

    /// Callers remembered.
    #[must_use]
    pub fn len(&self) -> usize {
        self.full_at.len()
    }

    /// Whether nobody is remembered.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.full_at.is_empty()
    }

    fn forget(&mut self, now: Timestamp) {
        self.full_at.retain(|_, full_at| *full_at > now);
        // Still full: those nearest to their full allowance lose least. A tenth at once, so that a
        // flood of new callers does not pay for a search each.
        if self.full_at.len() >= self.allowance.callers {
            let mut moments: Vec<Timestamp> = self.full_at.values().copied().collect();
            moments.sort_unstable();
            let cut = moments.get(moments.len() / 10).copied().unwrap_or(now);
            self.full_at.retain(|_, full_at| *full_at > cut);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn at(ms: i64) -> Timestamp {
        Timestamp::from_millis(1_800_000_000_000 + ms)
    }

    fn limiter(callers: usize) -> Limiter<u32> {
        Limiter::new(Allowance {
            burst: 3,
            refill_ms: 10_000,
            callers,
        })
    }

    #[test]
    fn allows_a_burst_then_one_at_a_time() {
        let mut limiter = limiter(10);
        let mut take = |ms| limiter.take(1, at(ms));
        assert_eq!([take(0), take(0), take(0)], [Ok(()); 3]);
        assert_eq!(take(0), Err(11));
        assert_eq!(take(10_000), Ok(()));
        assert_eq!(take(10_001), Err(10));
        assert_eq!(take(100_000), Ok(()));
    }

    #[test]
    fn a_clock_set_back_shuts_nobody_out_for_long() {
        let mut limiter = limiter(10);
        limiter.take(1, at(86_400_000)).unwrap();
        assert_eq!(limiter.take(1, at(0)), Ok(()));
    }

    #[test]
    fn the_table_is_bounded_and_callers_do_not_disturb_each_other() {
        let mut limiter = limiter(100);
        for caller in 0..10_000 {
            assert_eq!(limiter.take(caller, at(0)), Ok(()));
            assert!(limiter.len() <= 100);
        }
        limiter.give_back(9_999);
        for _ in 0..3 {
            assert_eq!(limiter.take(9_999, at(0)), Ok(()));
        }
        assert!(limiter.take(9_999, at(0)).is_err());
    }
}
