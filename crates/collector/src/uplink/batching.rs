//! From the spool to the ledger: what will be sent, fixed word for word before it leaves; and from the
//! hub's answer to a receipt that proves something.

use larum_link::convert;
use larum_link::receipt;
use larum_link::wire::{MAX_BATCH_BYTES, Receipt};
use larum_spool::ledger::{Entry, hex};
use larum_spool::{Fault, Ledger, Spool, SpoolError, Storage};
use rustls::pki_types::CertificateDer;
use sha2::{Digest as _, Sha256};

use super::connection::{CallError, LinkProblem};

/// What became of spool frames.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Made {
    /// All spool frames up to this number are in the ledger.
    pub up_to: u64,
    /// Frames that were no sighting and were left out.
    pub unreadable: u64,
    /// Numbers up to there that are in no batch, because damage on the disk took them.
    pub lost: Vec<(u64, u64)>,
}

/// Makes a batch of at most `max` frames, durably; `None` when nothing waits. Hold the spool from
/// before to after, so that its quota drops no frame that is on its way.
///
/// # Errors
/// As spool and ledger say; nothing is lost or sent twice then.
pub fn make_batch<S: Storage>(
    spool: &mut Spool<S>,
    ledger: &mut Ledger<S>,
    max: usize,
    now_ms: i64,
) -> Result<Option<Made>, SpoolError> {
    let mut frames = Vec::new();
    let head = ledger.head();
    // From behind the ledger: releasing may have failed after the last batch was written.
    spool.read(head.spool_up_to + 1, max, MAX_BATCH_BYTES, &mut frames)?;
    if frames.is_empty() {
        return Ok(None);
    }
    let packed = convert::pack(
        frames.iter().map(|frame| frame.bytes.as_slice()),
        head.sequence + 1,
        head.hash_hex(),
        now_ms,
    )
    .map_err(|_| SpoolError::from(Fault::Io))?;
    let Some(last) = packed.used.checked_sub(1).and_then(|at| frames.get(at)) else {
        return Err(Fault::TooLarge.into());
    };
    let up_to = last.number;
    // Nothing but unreadable frames: an empty batch would tell the hub nothing.
    if packed.sightings > 0
        && let Err(error) = ledger.append(&packed.body, up_to, now_ms)
    {
        // The record may be safe although what came after it failed.
        if ledger.head().spool_up_to == up_to {
            spool.release(up_to)?;
        }
        return Err(error);
    }
    spool.release(up_to)?;
    Ok(Some(Made {
        up_to,
        unreadable: u64::try_from(packed.unreadable).unwrap_or(u64::MAX),
        lost: spool.take_lost(),
    }))
}

/// The hub as its receipts prove it.
#[derive(Clone, Debug)]
pub struct Hub {
    collector: String,
    authorities: Vec<CertificateDer<'static>>,
}

impl Hub {
    /// The hub with these authorities, giving receipts to `collector`.
    #[must_use]
    pub const fn new(collector: String, authorities: Vec<CertificateDer<'static>>) -> Self {
        Self {
            collector,
            authorities,
        }
    }

    /// Its authorities' certificates.
    #[must_use]
    pub fn authorities(&self) -> &[CertificateDer<'static>] {
        &self.authorities
    }

    /// The receipt in the hub's answer, if it is one for this batch and the hub has signed it.
    ///
    /// # Errors
    /// When it is about something else, or no proof.
    pub fn receipt(&self, answer: &[u8], entry: &Entry) -> Result<Receipt, CallError> {
        let receipt: Receipt = serde_json::from_slice(answer).map_err(|_| CallError::Malformed)?;
        let sha256: [u8; 32] = Sha256::digest(&entry.body).into();
        if receipt.sequence != entry.sequence || receipt.sha256 != hex(&sha256) {
            return Err(CallError::Malformed);
        }
        let proved = |authority: &CertificateDer<'_>| {
            receipt::verify(&receipt, &self.collector, authority).is_ok()
        };
        if self.authorities.iter().any(proved) {
            Ok(receipt)
        } else {
            Err(CallError::Link(LinkProblem::WrongHub))
        }
    }
}
