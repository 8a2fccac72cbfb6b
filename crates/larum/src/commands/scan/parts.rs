//! A capture shared out to workers: always [`PARTS`] parts, each with flows of its own, so that what is
//! found does not depend on how many workers there are.
//!
//! Packets go to a part by the addresses of their outermost header: both directions of a flow, and all
//! pieces of a fragmented packet, meet in one part. Each part takes its blocks in order, one worker at a
//! time, so that nobody waits while another part has something to do; the observations of all parts are
//! put back into the order of the packets that brought them about.

use std::collections::VecDeque;
use std::sync::mpsc::SyncSender;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

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

/// A block, and its packets sorted by part once somebody has done so.
pub struct Shared {
    block: Block,
    sorted: OnceLock<Sorted>,
}

/// The packets of a block by part.
struct Sorted {
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
    /// `block`, not sorted yet.
    pub const fn new(block: Block) -> Self {
        Self {
            block,
            sorted: OnceLock::new(),
        }
    }

    /// Sorts its packets, unless that was done.
    pub fn sort(&self) {
        self.sorted();
    }

    fn sorted(&self) -> &Sorted {
        self.sorted.get_or_init(|| Sorted::of(&self.block))
    }

    /// Bytes of the capture told of in it.
    pub const fn read_bytes(&self) -> u64 {
        self.block.read_bytes
    }

    /// The block, when nobody works on it any more.
    pub fn into_block(self) -> Block {
        self.block
    }
}

impl Sorted {
    fn of(block: &Block) -> Self {
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
            parts,
            unread,
            last,
        }
    }
}

/// One part's share of a block of a capture; without a block, the end of the part.
pub struct Share {
    pub block: Option<Arc<Shared>>,
    pub reply: SyncSender<PartBatch>,
}

/// The meters of one capture.
pub struct Meters {
    parts: Vec<Part>,
}

/// A part: its meter, and the shares that wait for it.
struct Part {
    shares: Mutex<Shares>,
    meter: Mutex<PartMeter>,
}

#[derive(Default)]
struct Shares {
    waiting: VecDeque<Share>,
    /// Whether somebody works on this part, or is about to.
    taken: bool,
}

struct PartMeter {
    meter: Meter,
    /// Whether the sums are told.
    told: bool,
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

impl Default for Meters {
    fn default() -> Self {
        let limits = Limits::default().shared(PARTS);
        let part = |_| Part {
            shares: Mutex::default(),
            meter: Mutex::new(PartMeter {
                meter: Meter::new(limits),
                told: false,
            }),
        };
        Self {
            parts: (0..PARTS).map(part).collect(),
        }
    }
}

impl Meters {
    /// Puts `share` behind those that wait for `part`; whether somebody has to be found to
    /// [`Self::take`] it.
    pub fn hand_in(&self, part: usize, share: Share) -> bool {
        let Some(part) = self.parts.get(part) else {
            return false;
        };
        let mut shares = lock(&part.shares);
        shares.waiting.push_back(share);
        !std::mem::replace(&mut shares.taken, true)
    }

    /// Nobody works on `part` any more; whether somebody has to be found to go on.
    pub fn rest(&self, part: usize) -> bool {
        self.parts.get(part).is_some_and(|part| {
            let mut shares = lock(&part.shares);
            shares.taken = !shares.waiting.is_empty();
            shares.taken
        })
    }

    /// Works on the next share of `part`: takes its packets; without a block, ends some of its flows.
    pub fn take(&self, part: usize, work: &Work, sifter: &Sifter, scratch: &mut SiftScratch) {
        let Some(place) = self.parts.get(part) else {
            return;
        };
        let Some(share) = lock(&place.shares).waiting.pop_front() else {
            return;
        };
        let mut sifting = Sifting {
            work,
            sifter,
            scratch,
            number: 0,
            batch: PartBatch::default(),
        };
        let mut state = lock(&place.meter);
        match share.block {
            Some(shared) => sifting.block(part, &shared, &mut state.meter),
            None => {
                state.meter.finish_some(END_FLOWS, &mut sifting);
                // The last one tells the sums.
                if state.meter.flows() == 0 && !state.told {
                    state.told = true;
                    sifting.batch.counts = Some(*state.meter.counts());
                }
            }
        }
        // Nobody waits any more when the scan was given up.
        drop(share.reply.send(sifting.batch));
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
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
        let sorted = shared.sorted();
        for place in sorted.parts.get(part).into_iter().flatten() {
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
            for reason in &sorted.unread {
                meter.no_packet(*reason, self);
            }
        }
        // Parts without packets in this block end their silent flows as well. A stamp far ahead of the
        // others is no time to go by.
        if let (Some(last), Some(now)) = (sorted.last, meter.now())
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
