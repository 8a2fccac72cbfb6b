//! What officers said of threats.

use larum_core::time::Timestamp;
use larum_core::watch::Verdict;

use super::StoreError;

/// How threats were judged since some day; each threat counts once, with the newest word.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Judged {
    /// Real.
    pub confirmed: u64,
    /// Nothing to worry about.
    pub benign: u64,
    /// The same as another.
    pub duplicate: u64,
    /// Called and not judged yet.
    pub waiting: u64,
}

/// How fast warnings were, of the newest ones.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Speed {
    /// Warnings looked at.
    pub warnings: u64,
    /// From the first sighting of a threat to a warning of it: the middle one, milliseconds.
    pub to_warn: i64,
    /// Warnings that a collector of the firm has fetched.
    pub fetched: u64,
    /// From the warning to its being fetched: the time that 95 in a hundred of those needed at most,
    /// milliseconds.
    pub to_fetch: i64,
}

/// Warnings whose times are looked at, at most: the newest.
pub const MAX_TIMED: usize = 20_000;

impl Speed {
    /// Sums up the times from first sighting to warning, and from warning to fetching.
    #[must_use]
    pub fn of(mut to_warn: Vec<i64>, mut to_fetch: Vec<i64>) -> Self {
        to_warn.sort_unstable();
        to_fetch.sort_unstable();
        let count = |times: &[i64]| u64::try_from(times.len()).unwrap_or(u64::MAX);
        let last = (to_fetch.len() * 95).div_ceil(100).saturating_sub(1);
        Self {
            warnings: count(&to_warn),
            to_warn: to_warn.get(to_warn.len() / 2).copied().unwrap_or(0),
            fetched: count(&to_fetch),
            to_fetch: to_fetch.get(last).copied().unwrap_or(0),
        }
    }
}

/// The verdicts' part of the store.
pub trait Verdicts: Send + Sync {
    /// Keeps an officer's word on a threat; earlier words stay in the record.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] when there is no such threat.
    fn give_verdict(
        &self,
        threat: u64,
        person: &str,
        verdict: Verdict,
        now: Timestamp,
    ) -> Result<(), StoreError>;

    /// The newest word on a threat, and when it was given.
    ///
    /// # Errors
    /// When the store fails.
    fn verdict(&self, threat: u64) -> Result<Option<(Verdict, Timestamp)>, StoreError>;

    /// How the threats opened since `since` were judged.
    ///
    /// # Errors
    /// When the store fails.
    fn judged(&self, since: Timestamp) -> Result<Judged, StoreError>;

    /// How fast the warnings issued since `since` were, the newest [`MAX_TIMED`] of them.
    ///
    /// # Errors
    /// When the store fails.
    fn speed(&self, since: Timestamp) -> Result<Speed, StoreError>;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_middle_and_the_slowest_but_one_in_twenty() {
        assert_eq!(Speed::of(vec![], vec![]), Speed::default());
        let speed = Speed::of((1..=101).rev().collect(), (1..=100).collect());
        assert_eq!((speed.warnings, speed.to_warn), (101, 51));
        assert_eq!((speed.fetched, speed.to_fetch), (100, 95));
        assert_eq!(Speed::of(vec![7], vec![9]).to_fetch, 9);
    }
}
