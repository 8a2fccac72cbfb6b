//! A block of a capture on its way through all parts, and what they made of it.
//!
//! All memory is used again: a part's observations go back to whoever works on that part next, who frees
//! what they hold where it was most likely made. Threads that free each other's memory wait for each other.

use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

use larum_core::detect::Observation;
use larum_core::report::Tally;
use larum_core::time::Timestamp;
use larum_packet::flow::Counts;
use larum_packet::{Unread, ip, link};

use super::parts::PARTS;
use crate::packets::Block;

/// Where a packet stands in its block.
pub struct Place {
    /// Its number in the block.
    pub number: u32,
    /// When it was captured.
    pub at: Timestamp,
    /// Where its IP header begins, and where it ends.
    pub ip: std::ops::Range<usize>,
    /// How long its frame was, in bytes.
    pub wire_bytes: u32,
}

/// The packets of a block by part.
#[derive(Default)]
pub struct Sorted {
    parts: Vec<Vec<Place>>,
    /// What is no packet, and why.
    pub unread: Vec<Unread>,
    /// The latest time in the block.
    pub last: Option<Timestamp>,
}

impl Sorted {
    /// Sorts the packets of `block` into the memory of `self`.
    fn sort(&mut self, block: &Block) {
        self.parts.resize_with(PARTS, Vec::new);
        self.parts.iter_mut().for_each(Vec::clear);
        self.unread.clear();
        self.last = None;
        for (number, found) in (0_u32..).zip(block.frames()) {
            let (frame, start) = match found {
                Ok(found) => found,
                Err(reason) => {
                    self.unread.push(reason);
                    continue;
                }
            };
            self.last = self.last.max(Some(frame.at));
            match link::ip_offset(frame.link, frame.bytes) {
                Ok(offset) => {
                    let packet = frame.bytes.get(offset..).unwrap_or_default();
                    let part = usize::try_from(ip::pair_hash(packet)).unwrap_or(0) % PARTS;
                    if let Some(part) = self.parts.get_mut(part) {
                        part.push(Place {
                            number,
                            at: frame.at,
                            ip: start + offset..start + frame.bytes.len(),
                            wire_bytes: frame.wire_bytes,
                        });
                    }
                }
                Err(reason) => self.unread.push(reason),
            }
        }
    }
}

/// A block, and its packets by part.
pub struct Filled {
    block: Block,
    sorted: Sorted,
}

impl Filled {
    /// `block` with its packets sorted into the memory of `sorted`.
    pub fn new(block: Block, mut sorted: Sorted) -> Self {
        sorted.sort(&block);
        Self { block, sorted }
    }

    /// The block.
    pub const fn block(&self) -> &Block {
        &self.block
    }

    /// What was found in it.
    pub const fn sorted(&self) -> &Sorted {
        &self.sorted
    }

    /// The packets of `part`, in order.
    pub fn packets(&self, part: usize) -> impl Iterator<Item = &Place> {
        self.sorted.parts.get(part).into_iter().flatten()
    }

    /// Its memory, when nobody works on it any more.
    pub fn into_parts(self) -> (Block, Sorted) {
        (self.block, self.sorted)
    }
}

/// What one part of a block came to.
#[derive(Default)]
pub struct PartBatch {
    /// With the number of the packet that brought it about.
    pub observations: Vec<(u32, Observation)>,
    pub tally: Tally,
    /// The sums of the part, at its end.
    pub counts: Option<Counts>,
}

/// What all parts make of one block.
pub struct Outcome {
    state: Mutex<Batches>,
    done: Condvar,
}

struct Batches {
    parts: Vec<PartBatch>,
    left: usize,
}

impl Outcome {
    /// Nothing yet; `memory` is an outcome that is done with.
    pub fn new(memory: Told) -> Self {
        let mut parts = memory.batches;
        parts.resize_with(PARTS, PartBatch::default);
        Self {
            state: Mutex::new(Batches { parts, left: PARTS }),
            done: Condvar::new(),
        }
    }

    fn state(&self) -> MutexGuard<'_, Batches> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Where `part` puts what it finds. It counts as done once that is dropped, also in a panic: nobody
    /// waits for ever.
    pub fn of(&self, part: usize) -> Making<'_> {
        let mut batch = self
            .state()
            .parts
            .get_mut(part)
            .map(std::mem::take)
            .unwrap_or_default();
        batch.observations.clear();
        batch.tally = Tally::default();
        batch.counts = None;
        Making {
            outcome: self,
            part,
            batch,
        }
    }

    /// All batches, if all parts are done.
    pub fn try_take(&self) -> Option<Vec<PartBatch>> {
        let mut state = self.state();
        (state.left == 0).then(|| std::mem::take(&mut state.parts))
    }

    /// All batches, waited for.
    pub fn wait(&self) -> Vec<PartBatch> {
        let mut state = self.state();
        while state.left > 0 {
            state = self
                .done
                .wait(state)
                .unwrap_or_else(PoisonError::into_inner);
        }
        std::mem::take(&mut state.parts)
    }
}

/// A batch in the making.
pub struct Making<'o> {
    outcome: &'o Outcome,
    part: usize,
    pub batch: PartBatch,
}

impl Drop for Making<'_> {
    fn drop(&mut self) {
        let mut state = self.outcome.state();
        if let Some(place) = state.parts.get_mut(self.part) {
            *place = std::mem::take(&mut self.batch);
        }
        state.left = state.left.saturating_sub(1);
        if state.left == 0 {
            self.outcome.done.notify_all();
        }
    }
}

/// The batches of all parts, and the order of their observations.
#[derive(Default)]
pub struct Told {
    batches: Vec<PartBatch>,
    /// Number of the packet, part, place there.
    order: Vec<(u32, u32, u32)>,
}

impl Told {
    /// Puts the observations of `batches` in the order of packets; what comes at the end of a block, in
    /// the order of parts. And the sums of all.
    pub fn of(batches: Vec<PartBatch>) -> (Self, Tally, Counts) {
        let mut tally = Tally::default();
        let mut counts = Counts::default();
        let all = batches.iter().map(|batch| batch.observations.len()).sum();
        let mut order = Vec::with_capacity(all);
        for (part, batch) in (0_u32..).zip(&batches) {
            tally.add(&batch.tally);
            if let Some(part) = batch.counts {
                counts.join(&part);
            }
            let places = (0_u32..).zip(&batch.observations);
            order.extend(places.map(|(place, (number, _))| (*number, part, place)));
        }
        order.sort_unstable();
        (Self { batches, order }, tally, counts)
    }

    /// The observation at `place` in that order.
    pub fn get(&self, place: usize) -> Option<&Observation> {
        let (_, part, place) = *self.order.get(place)?;
        let batch = self.batches.get(usize::try_from(part).ok()?)?;
        let (_, observation) = batch.observations.get(usize::try_from(place).ok()?)?;
        Some(observation)
    }
}
