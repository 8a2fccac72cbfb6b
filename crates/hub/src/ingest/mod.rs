//! Ingest: a batch of sightings is checked, counted exactly once, and receipted after it is on the
//! disk.

pub mod check;

use std::collections::BTreeMap;

use data_encoding::HEXLOWER;
use larum_core::time::Timestamp;
use larum_link::body::{BodyError, decompress};
use larum_link::wire::{
    Batch, MAX_BATCH_BYTES, MAX_BATCH_SIGHTINGS, Receipt, WIRE_VERSION, chain_hash,
};
use sha2::{Digest as _, Sha256};

use crate::enrol::authority::{Authority, AuthorityError};
use crate::id::CollectorId;
use crate::store::ingest::{ChainConflict, CheckedBatch};
use crate::store::{Store, StoreError};

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

/// Takes one batch as it came over the wire, compressed, and signs the receipt.
///
/// # Errors
/// When it cannot be counted. Nothing of it is kept then.
pub fn take(
    store: &dyn Store,
    authority: &Authority,
    collector: CollectorId,
    body: &[u8],
    now: Timestamp,
) -> Result<Taken, IngestError> {
    let body = decompress(body, MAX_BATCH_BYTES).map_err(|error| match error {
        BodyError::TooLarge => IngestError::TooLarge,
        BodyError::NotCompressed => IngestError::Malformed,
    })?;
    let batch: Batch = serde_json::from_slice(&body).map_err(|_| IngestError::Malformed)?;
    if batch.sightings.len() > MAX_BATCH_SIGHTINGS {
        return Err(IngestError::TooLarge);
    }
    let sha256 = Sha256::digest(&body).into();
    let checked = check_batch(&batch, &sha256, collector, now).ok_or(IngestError::Malformed)?;
    let counted = store
        .count_batch(&checked, now)?
        .map_err(IngestError::Conflict)?;
    let receipt = Receipt {
        sequence: batch.sequence,
        sha256: checked.sha256,
        receipt: counted.receipt,
        received: counted.received.as_millis(),
        set_aside: counted.set_aside,
        signature: String::new(),
    };
    Ok(Taken {
        kept: if counted.fresh {
            u64::try_from(checked.sightings.len()).unwrap_or(u64::MAX)
        } else {
            0
        },
        fresh: counted.fresh,
        receipt: authority.sign_receipt(receipt, collector)?,
    })
}

/// `None` when the frame of the batch (version, number, chain) is not one.
fn check_batch(
    batch: &Batch,
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
    for sighting in &batch.sightings {
        match check::check(sighting, now) {
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
