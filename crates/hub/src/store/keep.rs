//! How long things are kept, and how a firm is erased.

use larum_core::time::Timestamp;

use super::StoreError;
use super::audit::Actor;
use crate::id::MemberId;

/// Rows deleted in one transaction at most, so that receiving goes on meanwhile.
pub const MAX_FORGOTTEN_ROWS: u32 = 5_000;

/// From when on things are kept. What is older goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KeepSince {
    /// Attackers' addresses: sightings, the edges the watch counts, and the sums by hour. 90 days by default.
    pub addresses: Timestamp,
    /// Counts without addresses: threats that are closed with the warnings about them, sums by day, receipts. 13 months by default.
    pub counts: Timestamp,
}

/// How many rows went.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Forgotten {
    /// Sightings.
    pub sightings: usize,
    /// Rows of edges, each of a day and key.
    pub edges: usize,
    /// Closed threats with what belongs to them, sums, receipts.
    pub counts: usize,
}

impl Forgotten {
    /// All of them.
    #[must_use]
    pub const fn rows(&self) -> usize {
        self.sightings
            .saturating_add(self.edges)
            .saturating_add(self.counts)
    }
}

/// Forgetting.
pub trait KeepStore {
    /// Deletes some of what is older than it may be: at most [`MAX_FORGOTTEN_ROWS`] of each kind.
    /// Called again until nothing went.
    ///
    /// # Errors
    /// When the engine fails.
    fn forget_old(&self, since: &KeepSince) -> Result<Forgotten, StoreError>;

    /// Erases a firm: every row about it, its collectors and its people, and what the disk still
    /// holds of them. The ledger keeps the bare numbers of those who read and were read, and a row
    /// that says who erased it. How many rows went.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] without such a firm.
    fn erase_member(
        &self,
        by: &Actor,
        member: MemberId,
        now: Timestamp,
    ) -> Result<usize, StoreError>;
}
