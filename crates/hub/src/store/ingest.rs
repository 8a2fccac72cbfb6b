//! Batches of sightings, signs of life, and what a collector fetches.

use std::collections::BTreeMap;

use larum_core::sighting::Sighting;
use larum_core::time::Timestamp;

use super::StoreError;
use crate::id::{CollectorId, MemberId};

/// Longest span of hours that one sighting is spread over, counted back from its last event; what lies
/// before counts in the first of them, and for the watch once in each day.
pub const MAX_EDGE_HOURS: i64 = 48;
/// Most days before those hours in which a sighting counts for the watch.
pub const MAX_EDGE_DAYS: i64 = 60;
/// Most edges of one batch; beyond it a sighting counts in the hour of its last event only.
pub const MAX_BATCH_EDGES: usize = 100_000;

/// A batch that was checked and is to be counted.
#[derive(Clone, Debug)]
pub struct CheckedBatch {
    /// Who sent it.
    pub collector: CollectorId,
    /// Its number, from 1.
    pub sequence: u64,
    /// Hash of the batch before, hexadecimal.
    pub previous: String,
    /// SHA-256 of its JSON bytes, hexadecimal.
    pub sha256: String,
    /// Its own hash in the chain, hexadecimal.
    pub chain: String,
    /// What is kept.
    pub sightings: Vec<Sighting>,
    /// How many were not kept, by reason.
    pub set_aside: BTreeMap<String, u64>,
}

/// A batch that is durably counted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Counted {
    /// The hub's number for it.
    pub receipt: u64,
    /// When it was stored first.
    pub received: Timestamp,
    /// How many of its sightings were not kept, by reason.
    pub set_aside: BTreeMap<String, u64>,
    /// Whether this call counted it; `false` when it had been counted before.
    pub fresh: bool,
}

/// The number or chain of a batch contradicts what was counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ChainConflict {
    /// The number expected next.
    pub expected: u64,
}

/// What came of one batch among several.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum BatchAnswer {
    /// It is durably counted.
    Counted(Counted),
    /// It contradicts what was counted.
    Conflict(ChainConflict),
    /// Nobody knows its collector.
    Unknown,
}

/// How much was counted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Totals {
    /// Batches.
    pub batches: u64,
    /// Sightings in them, updates of one finding counted each.
    pub arrived: u64,
    /// Findings kept: one for each, however many sightings told of it.
    pub findings: u64,
    /// Collectors whose batches have contradicted the chain.
    pub conflicts: u64,
}

/// How far the pages are behind what was counted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Behind {
    /// Batches that were counted but are not shown yet.
    pub batches: u64,
    /// When the oldest of them was received.
    pub since: Option<Timestamp>,
}

/// What ingest needs of the store.
pub trait IngestStore {
    /// Counts batches, one after the other: their rows, their sightings, edges and sums in one
    /// transaction that is on the disk when this returns (invariant 3). A batch counted before, with
    /// the same bytes, gets the same answer again. On a contradiction nothing of the batch is counted
    /// and the collector is marked. One answer for each batch, in order.
    ///
    /// # Errors
    /// When the store fails; nothing of any of them is counted then.
    fn count_batches(
        &self,
        batches: &[CheckedBatch],
        now: Timestamp,
    ) -> Result<Vec<BatchAnswer>, StoreError>;

    /// Counts one batch; see [`Self::count_batches`].
    ///
    /// # Errors
    /// [`StoreError::NotFound`] for an unknown collector.
    fn count_batch(
        &self,
        batch: &CheckedBatch,
        now: Timestamp,
    ) -> Result<Result<Counted, ChainConflict>, StoreError> {
        match self.count_batches(std::slice::from_ref(batch), now)?.pop() {
            Some(BatchAnswer::Counted(counted)) => Ok(Ok(counted)),
            Some(BatchAnswer::Conflict(conflict)) => Ok(Err(conflict)),
            Some(BatchAnswer::Unknown) | None => Err(StoreError::NotFound),
        }
    }

    /// Keeps a collector's last sign of life, JSON.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] for an unknown collector.
    fn heartbeat(
        &self,
        collector: CollectorId,
        json: &str,
        now: Timestamp,
    ) -> Result<(), StoreError>;

    /// Keeps that a collector, or its firm, has used up its day and was asked to wait.
    ///
    /// # Errors
    /// When the store fails.
    fn note_over_quota(&self, collector: CollectorId, now: Timestamp) -> Result<(), StoreError>;

    /// Keeps from which network a collector calls (an IPv4 /24, an IPv6 /48); `None` where that says
    /// nothing about who it is.
    ///
    /// # Errors
    /// When the store fails.
    fn note_network(&self, collector: CollectorId, network: Option<&str>)
    -> Result<(), StoreError>;

    /// The warnings of a member numbered above `after`, as sent (JSON), oldest first, at most `limit`;
    /// they count as delivered from `now`. Those that no longer matter at `now` are left out.
    ///
    /// # Errors
    /// When the store fails.
    fn fetch_warnings(
        &self,
        member: MemberId,
        after: u64,
        limit: usize,
        now: Timestamp,
    ) -> Result<Vec<(u64, String)>, StoreError>;

    /// The number of the newest warning to anyone, zero when there is none: tells whether asking
    /// again is worth it.
    ///
    /// # Errors
    /// When the store fails.
    fn newest_warning(&self) -> Result<u64, StoreError>;

    /// Writes something, durably, and gives when the watch last looked: the proof that the store can do
    /// its work now.
    ///
    /// # Errors
    /// When it cannot.
    fn prove_writable(&self, now: Timestamp) -> Result<Option<Timestamp>, StoreError>;

    /// How far the pages and the watch are behind what was counted. A store that keeps its sightings
    /// itself never is.
    ///
    /// # Errors
    /// When the store fails.
    fn behind(&self) -> Result<Behind, StoreError>;

    /// How much was counted so far, for metrics and the proof that nothing is counted twice.
    ///
    /// # Errors
    /// When the store fails.
    fn totals(&self) -> Result<Totals, StoreError>;
}
