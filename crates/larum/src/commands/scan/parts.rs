//! A capture shared out to workers: always [`PARTS`] parts, each with flows of its own, so that what is
//! found does not depend on how many workers there are.
//!
//! Packets go to a part by the addresses of their outermost header: both directions of a flow, and all
//! pieces of a fragmented packet, meet in one part. Each part takes its blocks in order, one worker at a
//! time, so that nobody waits while another part has something to do; the observations of all parts are
//! put back into the order of the packets that brought them about ([`super::turn`]).

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use larum_core::detect::{SiftScratch, Sifter};
use larum_core::event::Event;
use larum_packet::Unread;
use larum_packet::flow::{Limits, MAX_FLOWS, Meter, Packet, Tell};

use super::pool::Work;
use super::turn::{Filled, Outcome, PartBatch};

/// Parts of a capture.
pub const PARTS: usize = 16;

/// Flows of a part that are told at once when a capture ends, so that half a million do not have to be
/// in memory twice.
const END_FLOWS: usize = 2_048;
/// How often a capture has to be ended until all parts have told everything.
pub const ENDS: usize = MAX_FLOWS / PARTS / END_FLOWS + 1;
/// Shares that whoever takes a part works on in one go: what the part remembers is at hand then, and later
/// blocks are still left for those who wait for this one.
const MAX_SHARES: usize = 2;

/// One part's share of a block of a capture; without a block, a step of the end of the part.
#[derive(Clone)]
pub struct Share {
    pub block: Option<Arc<Filled>>,
    pub outcome: Arc<Outcome>,
}

/// The meters of one capture.
pub struct Meters {
    parts: Vec<Part>,
}

/// A part: its meter, and the shares that wait for it.
#[derive(Default)]
struct Part {
    shares: Mutex<Shares>,
    meter: Mutex<PartMeter>,
}

#[derive(Default)]
struct Shares {
    waiting: VecDeque<Share>,
    /// Whether somebody works on this part, or is about to.
    taken: bool,
    /// Who worked on it last, and has its flows at hand.
    last: Option<usize>,
}

struct PartMeter {
    meter: Meter,
    /// Whether the sums are told.
    told: bool,
}

impl Default for PartMeter {
    fn default() -> Self {
        Self {
            meter: Meter::new(Limits::default().shared(PARTS)),
            told: false,
        }
    }
}

impl Default for Meters {
    fn default() -> Self {
        Self {
            parts: (0..PARTS).map(|_| Part::default()).collect(),
        }
    }
}

impl Meters {
    /// Puts `share` behind those that wait for `part`. If somebody has to be found to [`Self::take`] it:
    /// who had the part last, at first its number.
    pub fn hand_in(&self, part: usize, share: Share) -> Option<usize> {
        let mut shares = lock(&self.parts.get(part)?.shares);
        shares.waiting.push_back(share);
        let was_taken = std::mem::replace(&mut shares.taken, true);
        (!was_taken).then(|| shares.last.unwrap_or(part))
    }

    /// `worker` works on `part` no more; whether somebody has to be found to go on.
    pub fn rest(&self, part: usize, worker: usize) -> bool {
        self.parts.get(part).is_some_and(|part| {
            let mut shares = lock(&part.shares);
            shares.last = Some(worker);
            shares.taken = !shares.waiting.is_empty();
            shares.taken
        })
    }

    /// Works on the next shares of `part`: takes their packets; without a block, ends some of its flows.
    pub fn take(&self, part: usize, work: &Work, sifter: &Sifter, scratch: &mut SiftScratch) {
        let Some(place) = self.parts.get(part) else {
            return;
        };
        let mut state = lock(&place.meter);
        for _ in 0..MAX_SHARES {
            let Some(Share { block, outcome }) = lock(&place.shares).waiting.pop_front() else {
                return;
            };
            let mut making = outcome.of(part);
            let mut sifting = Sifting {
                work,
                sifter,
                scratch,
                number: 0,
                batch: &mut making.batch,
            };
            match block {
                // The block is let go of before anybody is told, so that its memory can be used again.
                Some(filled) => sifting.block(part, &filled, &mut state.meter),
                None => {
                    state.meter.finish_some(END_FLOWS, &mut sifting);
                    // The last one tells the sums.
                    if state.meter.flows() == 0 && !state.told {
                        state.told = true;
                        making.batch.counts = Some(*state.meter.counts());
                    }
                }
            }
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

struct Sifting<'a> {
    work: &'a Work,
    sifter: &'a Sifter,
    scratch: &'a mut SiftScratch,
    number: u32,
    batch: &'a mut PartBatch,
}

impl Sifting<'_> {
    fn block(&mut self, part: usize, filled: &Filled, meter: &mut Meter) {
        for place in filled.packets(part) {
            self.number = place.number;
            let packet = Packet {
                at: place.at,
                ip: filled.block().slice(place.ip.clone()),
                wire_bytes: place.wire_bytes,
            };
            meter.packet(&packet, self);
        }
        self.number = u32::MAX;
        if part == 0 {
            for reason in &filled.sorted().unread {
                meter.no_packet(*reason, self);
            }
        }
        // Parts without packets in this block end their silent flows as well. A stamp far ahead of the
        // others is no time to go by.
        if let (Some(last), Some(now)) = (filled.sorted().last, meter.now())
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
