//! The hub as the collector must be able to rely on it: each batch is counted in one step that is on
//! the disk before the answer, once, in the order of the chain.

use std::collections::BTreeMap;

use larum_link::wire::{Batch, CHAIN_START, Receipt, chain_hash};
use sha2::{Digest as _, Sha256};

/// What was counted.
pub struct Hub {
    pub up: bool,
    head: String,
    /// Batches by number, with what was answered.
    batches: BTreeMap<u64, Receipt>,
    /// How often each sighting was counted, by its id.
    pub counted: BTreeMap<String, u64>,
    /// Answers that say what an earlier answer said.
    pub again: u64,
}

impl Hub {
    pub fn new() -> Self {
        Self {
            up: true,
            head: CHAIN_START.to_owned(),
            batches: BTreeMap::new(),
            counted: BTreeMap::new(),
            again: 0,
        }
    }

    pub fn batches(&self) -> u64 {
        self.batches.len() as u64
    }

    /// The answer to a batch; `None` for a contradiction, which nothing simulated here may cause.
    pub fn take(&mut self, body: &[u8], now_ms: i64) -> Option<Receipt> {
        let digest: [u8; 32] = Sha256::digest(body).into();
        let sha256 = data_encoding::HEXLOWER.encode(&digest);
        let batch: Batch = serde_json::from_slice(body).expect("a batch");
        if let Some(before) = self.batches.get(&batch.sequence) {
            self.again += 1;
            return (before.sha256 == sha256).then(|| before.clone());
        }
        if batch.sequence != self.batches() + 1 || batch.previous != self.head {
            return None;
        }
        self.head = chain_hash(&batch.previous, &digest)?;
        for sighting in batch.sightings {
            *self.counted.entry(sighting.id).or_default() += 1;
        }
        let receipt = Receipt {
            sequence: batch.sequence,
            sha256,
            receipt: batch.sequence,
            received: now_ms,
            set_aside: BTreeMap::new(),
            signature: String::new(),
        };
        self.batches.insert(batch.sequence, receipt.clone());
        Some(receipt)
    }
}
