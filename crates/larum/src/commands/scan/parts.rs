//! A capture shared out to workers: always [`PARTS`] parts, each with flows of its own, so that what is
//! found does not depend on how many workers there are.
//!
//! Packets go to a part by the addresses of their outermost header: both directions of a flow, and all
//! pieces of a fragmented packet, meet in one part. Each part takes its blocks in order; the observations
//! of all parts are put back into the order of the packets that brought them about.

use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

use larum_core::detect::{Observation, SiftScratch, Sifter};
use larum_core::event::Event;
use larum_core::report::Tally;
use larum_core::time::Timestamp;
use larum_packet::flow::{Counts, Limits, MAX_FLOWS, Meter, Packet, Tell};
use larum_packet::{Unread, ip, link};

use super::pool::Work;
use crate::packets::Block;

/// Parts of a capture.
pub const PARTS: usize = 16;

/// Flows of a part that are told at once when a capture ends, so that half a million do not have to be
/// in memory twice.
const END_FLOWS: usize = 2_048;
/// How often a capture has to be ended until all parts have told everything.
pub const ENDS: usize = MAX_FLOWS / PARTS / END_FLOWS + 1;

/// A block with its packets sorted by part.
pub struct Shared {
    block: Block,
    parts: Vec<Vec<Place>>,
    unread: Vec<Unread>,
    last: Option<Timestamp>,
}

/// Where a packet stands in its block.
struct Place {
    /// Its number in the block.
    number: u32,
    at: Timestamp,
    /// Where its IP header begins, and where it ends.
    ip: std::ops::Range<usize>,
    wire_bytes: u32,
}

impl Shared {
    /// Sorts the packets of `block`.
    pub fn new(block: Block) -> Self {
        let mut parts: Vec<Vec<Place>> = (0..PARTS).map(|_| Vec::new()).collect();
        let mut unread = Vec::new();
        let mut last = None;
        for (number, found) in (0_u32..).zip(block.frames()) {
            let (frame, start) = match found {
                Ok(found) => found,
                Err(reason) => {
                    unread.push(reason);
                    continue;
                }
            };
            last = last.max(Some(frame.at));
            match link::ip_offset(frame.link, frame.bytes) {
                Ok(offset) => {
                    let packet = frame.bytes.get(offset..).unwrap_or_default();
                    let part = usize::try_from(ip::pair_hash(packet)).unwrap_or(0) % PARTS;
                    if let Some(part) = parts.get_mut(part) {
                        part.push(Place {
                            number,
                            at: frame.at,
                            ip: start + offset..start + frame.bytes.len(),
                            wire_bytes: frame.wire_bytes,
                        });
                    }
                }
                Err(reason) => unread.push(reason),
            }
        }
        Self {
            block,
            parts,
            unread,
            last,
        }
    }

    /// Bytes of the capture told of in it.
    pub const fn read_bytes(&self) -> u64 {
        self.block.read_bytes
    }
}

/// The meters of one capture.
pub struct Meters {
    parts: Vec<(Mutex<Turn>, Condvar)>,
}

/// A part's meter, and whose turn it is.
struct Turn {
    meter: Meter,
    next: u64,
    /// Whether the sums are told.
    told: bool,
}

/// Gives the turn to the next block, also when this one fails: nobody waits for ever.
struct Taking<'m> {
    turn: MutexGuard<'m, Turn>,
    came: &'m Condvar,
}

impl Drop for Taking<'_> {
    fn drop(&mut self) {
        self.turn.next += 1;
        self.came.notify_all();
    }
}

/// What one part of a block came to.
pub struct PartBatch {
    /// With the number of the packet that brought it about.
    pub observations: Vec<(u32, Observation)>,
    pub tally: Tally,
    /// The sums of the part, at its end.
    pub counts: Option<Counts>,
}

impl Default for Meters {
    fn default() -> Self {
        let limits = Limits::default().shared(PARTS);
        let turn = || Turn {
            meter: Meter::new(limits),
            next: 0,
            told: false,
        };
        Self {
            parts: (0..PARTS)
                .map(|_| (Mutex::new(turn()), Condvar::new()))
                .collect(),
        }
    }
}

impl Meters {
    /// Takes the packets of `part` in the block with this `number`; without a block, ends a part of its flows.
    /// Blocks of a part that come before it are waited for: whoever hands out work hands it out in
    /// order, so that they are being worked on.
    pub fn take(
        &self,
        (part, number): (usize, u64),
        shared: Option<&Shared>,
        work: &Work,
        sifter: &Sifter,
        scratch: &mut SiftScratch,
    ) -> PartBatch {
        let mut sifting = Sifting {
            work,
            sifter,
            scratch,
            number: 0,
            batch: PartBatch {
                observations: Vec::new(),
                tally: Tally::default(),
                counts: None,
            },
        };
        let Some((turn, came)) = self.parts.get(part) else {
            return sifting.batch;
        };
        let turn = turn.lock().unwrap_or_else(PoisonError::into_inner);
        let turn = came
            .wait_while(turn, |turn| turn.next != number)
            .unwrap_or_else(PoisonError::into_inner);
        let mut turn = Taking { turn, came };
        match shared {
            Some(shared) => sifting.block(part, shared, &mut turn.turn.meter),
            None => {
                turn.turn.meter.finish_some(END_FLOWS, &mut sifting);
                // The last one tells the sums.
                if turn.turn.meter.flows() == 0 && !turn.turn.told {
                    turn.turn.told = true;
                    sifting.batch.counts = Some(*turn.turn.meter.counts());
                }
            }
        }
        sifting.batch
    }
}

/// Puts the batches of all parts back in order.
pub fn join(batches: Vec<PartBatch>) -> (Vec<Observation>, Tally, Counts) {
    let mut tally = Tally::default();
    let mut counts = Counts::default();
    let mut all = Vec::new();
    for batch in batches {
        tally.add(&batch.tally);
        if let Some(part) = batch.counts {
            counts.join(&part);
        }
        all.extend(batch.observations);
    }
    // Stable: what comes at the end of a block stays in the order of parts.
    all.sort_by_key(|(number, _)| *number);
    let observations = all
        .into_iter()
        .map(|(_, observation)| observation)
        .collect();
    (observations, tally, counts)
}

struct Sifting<'a> {
    work: &'a Work,
    sifter: &'a Sifter,
    scratch: &'a mut SiftScratch,
    number: u32,
    batch: PartBatch,
}

impl Sifting<'_> {
    fn block(&mut self, part: usize, shared: &Shared, meter: &mut Meter) {
        for place in shared.parts.get(part).into_iter().flatten() {
            self.number = place.number;
            let packet = Packet {
                at: place.at,
                ip: shared.block.slice(place.ip.clone()),
                wire_bytes: place.wire_bytes,
            };
            meter.packet(&packet, self);
        }
        self.number = u32::MAX;
        if part == 0 {
            for reason in &shared.unread {
                meter.no_packet(*reason, self);
            }
        }
        // Parts without packets in this block end their silent flows as well. A stamp far ahead of the
        // others is no time to go by.
        if let (Some(last), Some(now)) = (shared.last, meter.now())
            && last <= now.plus_seconds(3_600)
        {
            meter.advance(last, self);
        }
    }
}

impl Tell for Sifting<'_> {
    fn event(&mut self, event: &mut Event<'_>) {
        let tally = &mut self.batch.tally;
        tally.records += 1;
        tally.events += 1;
        event.direction = self.work.own.direction(event);
        let at = event.at();
        if !self.work.is_asked_for(at) {
            tally.outside_window += 1;
            return;
        }
        tally.see(at);
        if let Some(observation) = self.sifter.sift(event, self.scratch) {
            self.batch.observations.push((self.number, observation));
        }
    }

    fn unread(&mut self, reason: Unread, packets: u64) {
        for _ in 0..packets {
            self.batch.tally.records += 1;
            self.batch.tally.reject(reason.reject());
        }
    }
}
