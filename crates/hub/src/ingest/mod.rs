//! Ingest: a batch of sightings is checked, counted exactly once, and receipted after it is on the
//! disk.

pub mod check;
pub mod queue;

use std::collections::BTreeMap;
use std::sync::Arc;

use data_encoding::HEXLOWER;
use hyper::body::Bytes;
use larum_core::time::Timestamp;
use larum_link::body::{BodyError, decompress};
use larum_link::convert::{SharedWords, read_sighting};
use larum_link::wire::{
    MAX_BATCH_BYTES, MAX_BATCH_SIGHTINGS, ReadBatch, Receipt, WIRE_VERSION, chain_hash,
};
use sha2::{Digest as _, Sha256};

use crate::enrol::authority::{Authority, AuthorityError};
use crate::id::CollectorId;
use crate::store::StoreError;
use crate::store::ingest::{BatchAnswer, ChainConflict, CheckedBatch};
use queue::{Queue, QueueError};

/// Why a batch was not counted.
#[derive(Debug, thiserror::Error)]
pub enum IngestError {
    /// It unpacks to more than the limit, or holds more sightings.
    #[error("the batch is too large")]
    TooLarge,
    /// It is not a batch of this version.
    #[error("the batch is malformed")]
    Malformed,
    /// Its number or chain contradicts what the hub has.
    #[error("the batch contradicts what was counted; expected number {}", .0.expected)]
    Conflict(ChainConflict),
    /// Too many batches wait: seconds until it may come again.
    #[error("too many batches wait")]
    Busy(u32),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// It was counted, and the receipt cannot be signed: the collector asks again.
    #[error(transparent)]
    Unsigned(#[from] AuthorityError),
}

/// What came of a batch.
#[derive(Clone, Debug)]
pub struct Taken {
    /// The word to the collector.
    pub receipt: Receipt,
    /// Sightings kept; zero when it had been counted before.
    pub kept: u64,
    /// Whether this call counted it.
    pub fresh: bool,
}

impl From<QueueError> for IngestError {
    fn from(error: QueueError) -> Self {
        match error {
            QueueError::Full(seconds) => Self::Busy(seconds),
            QueueError::Store(error) => Self::Store(error),
        }
    }
}

/// Takes one batch as it came over the wire, compressed, and signs the receipt once it is on the disk.
///
/// # Errors
/// When it cannot be counted. Nothing of it is kept then.
pub async fn take(
    queue: &Arc<Queue>,
    authority: &Authority,
    collector: CollectorId,
    body: Bytes,
    now: Timestamp,
) -> Result<Taken, IngestError> {
    let checked = {
        let reading = queue.reading.acquire().await;
        let read = tokio::task::spawn_blocking(move || read(collector, &body, now));
        let checked = read.await.map_err(|_| StoreError::Contended)??;
        drop(reading);
        checked
    };
    let (sequence, sha256) = (checked.sequence, checked.sha256.clone());
    let sightings = u64::try_from(checked.sightings.len()).unwrap_or(u64::MAX);
    let counted = match queue.count(checked).await? {
        BatchAnswer::Counted(counted) => counted,
        BatchAnswer::Conflict(conflict) => return Err(IngestError::Conflict(conflict)),
        BatchAnswer::Unknown => return Err(StoreError::NotFound.into()),
    };
    let receipt = Receipt {
        sequence,
        sha256,
        receipt: counted.receipt,
        received: counted.received.as_millis(),
        set_aside: counted.set_aside,
        signature: String::new(),
    };
    Ok(Taken {
        kept: if counted.fresh { sightings } else { 0 },
        fresh: counted.fresh,
        receipt: authority.sign_receipt(receipt, collector)?,
    })
}

/// Unpacks and checks a batch.
fn read(collector: CollectorId, body: &[u8], now: Timestamp) -> Result<CheckedBatch, IngestError> {
    let body = decompress(body, MAX_BATCH_BYTES).map_err(|error| match error {
        BodyError::TooLarge => IngestError::TooLarge,
        BodyError::NotCompressed => IngestError::Malformed,
    })?;
    let batch: ReadBatch<'_> = serde_json::from_slice(&body).map_err(|_| IngestError::Malformed)?;
    if batch.sightings.len() > MAX_BATCH_SIGHTINGS {
        return Err(IngestError::TooLarge);
    }
    let sha256 = Sha256::digest(&body).into();
    check_batch(&batch, &sha256, collector, now).ok_or(IngestError::Malformed)
}

/// `None` when the frame of the batch (version, number, chain) is not one.
fn check_batch(
    batch: &ReadBatch<'_>,
    sha256: &[u8; 32],
    collector: CollectorId,
    now: Timestamp,
) -> Option<CheckedBatch> {
    if batch.version != WIRE_VERSION || batch.sequence == 0 {
        return None;
    }
    let chain = chain_hash(&batch.previous, sha256)?;
    let mut sightings = Vec::with_capacity(batch.sightings.len());
    let mut set_aside: BTreeMap<String, u64> = BTreeMap::new();
    let mut shared = SharedWords::default();
    for sighting in &batch.sightings {
        match check::check(read_sighting(sighting, &mut shared), now) {
            Ok(sighting) => sightings.push(sighting),
            Err(reason) => *set_aside.entry(reason.code().to_owned()).or_default() += 1,
        }
    }
    Some(CheckedBatch {
        collector,
        sequence: batch.sequence,
        previous: batch.previous.to_ascii_lowercase(),
        sha256: HEXLOWER.encode(sha256),
        chain,
        sightings,
        set_aside,
    })
}
