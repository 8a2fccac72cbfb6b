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
}
