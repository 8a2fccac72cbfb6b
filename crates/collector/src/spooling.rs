//! Sightings into the spool: many frames, one sync, and only then are they counted. While the disk is
//! full they wait in memory; what no longer fits is counted as withheld.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use larum_core::sighting::{Sighting, Withheld};
use larum_spool::{FolderStorage, Ledger, Limits, Spool, SpoolError, Storage};
use tokio::sync::watch;

use crate::board::{Board, Posted, SpoolState, Trouble};
use crate::tally::{DeviceId, Fate, Hour};

/// Most sightings that wait in memory while the spool cannot be written.
pub const MAX_WAITING: usize = 4_096;

/// The spool as the pipeline and the uplink share it.
pub type SharedSpool<S = FolderStorage> = Arc<Mutex<Spool<S>>>;

/// The spool behind its lock. Hold it briefly.
pub fn lock<S: Storage>(spool: &SharedSpool<S>) -> MutexGuard<'_, Spool<S>> {
    spool.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Opens the spool of a collector, finishes what a crash interrupted between it and the ledger, and
/// brings the sums of `board`, as of the last checkpoint, in line with both. To be called before
/// anything is spooled: numbers that are in the ledger must not be given again, or the frames that get
/// them would pass for sent.
///
/// # Errors
/// When the spool cannot be opened.
pub fn open<S: Storage, L: Storage>(
    storage: S,
    limits: Limits,
    ledger: Option<&Ledger<L>>,
    board: &Board,
) -> Result<Spool<S>, SpoolError> {
    let (mut spool, recovery) = Spool::open(storage, limits)?;
    tracing::info!(
        frames = recovery.frames,
        torn_bytes = recovery.torn_bytes,
        corrupt_segments = recovery.corrupt_segments,
        "spool opened"
    );
    if let Some(ledger) = ledger {
        spool.release(ledger.head().spool_up_to)?;
    }
    let mut guard = board.lock();
    let posted = &mut *guard;
    posted.spool = state_of(&spool);
    posted.adopt_unknown_sightings(spool.next_number());
    for (first, last) in spool.take_lost() {
        posted.in_flight.lost(first, last);
    }
    let tally = &mut posted.tally;
    let sent = spool.handed_on().saturating_sub(tally.total().sent);
    posted.in_flight.settle_before(spool.oldest(), sent);
    if let Some(ledger) = ledger {
        posted.in_flight.sent(ledger.head().spool_up_to, tally);
        posted
            .in_flight
            .receipted(ledger.receipted_up_to().unwrap_or(0), tally);
    }
    Ok(spool)
}

/// A sighting on its way into the spool.
#[derive(Debug)]
struct Waiting {
    sighting: Sighting,
    device: DeviceId,
    /// Its number, once it was appended. It still waits for the sync.
    number: Option<u64>,
}

/// Writes sightings into a spool.
pub struct Spooling<S: Storage = FolderStorage> {
    spool: SharedSpool<S>,
    /// Oldest first. What was appended stays here until it is synced: before that the disk may lose it.
    waiting: VecDeque<Waiting>,
    /// Numbers of frames that are safe and not yet entered on the board, with their device.
    safe: Vec<(u64, DeviceId)>,
    /// Tells the uplink the newest number that is safe.
    spooled: watch::Sender<u64>,
    /// What waits longer is given up.
    keep_hours: Hour,
    /// The hour in which that was last looked at.
    looked: Option<Hour>,
}

impl<S: Storage> Spooling<S> {
    /// Writes into `spool`; `spooled` hears of each number that is safe there. What could not be sent
    /// for `keep_days` is given up.
    #[must_use]
    pub fn new(spool: SharedSpool<S>, spooled: watch::Sender<u64>, keep_days: u64) -> Self {
        Self {
            spool,
            waiting: VecDeque::new(),
            safe: Vec::new(),
            spooled,
            keep_hours: Hour::try_from(keep_days)
                .unwrap_or(Hour::MAX)
                .saturating_mul(24),
            looked: None,
        }
    }

    /// Takes a sighting of `device`.
    pub fn put(&mut self, sighting: Sighting, device: DeviceId) {
        self.waiting.push_back(Waiting {
            sighting,
            device,
            number: None,
        });
    }

    /// Whether anything is not safe on the disk yet.
    #[must_use]
    pub fn is_waiting(&self) -> bool {
        !self.waiting.is_empty()
    }

    /// Writes and syncs all that waits, and enters it in `posted`. Disk time is spent before the
    /// board is locked.
    pub fn settle(&mut self, board: &Board, hour: Hour) {
        let too_old = self.too_old(board, hour);
        let (outcome, state, lost) = {
            let spool = Arc::clone(&self.spool);
            let mut spool = lock(&spool);
            // A spool that cannot do this cannot be written either, which is told below.
            let aged = too_old.map_or(Ok(0), |up_to| spool.drop_up_to(up_to));
            let outcome = self.write(&mut spool);
            if aged.is_err() {
                self.looked = None;
            }
            (outcome, state_of(&spool), spool.take_lost())
        };
        let mut guard = board.lock();
        let posted = &mut *guard;
        posted.spool = state;
        if let Some((newest, _)) = self.safe.last() {
            self.spooled.send_replace(*newest);
        }
        for (number, device) in self.safe.drain(..) {
            posted.tally.enter(device, hour, Fate::Sighting, 1);
            let tally = &mut posted.tally;
            posted.in_flight.put(number, device, hour, tally);
        }
        for (first, last) in lost {
            posted.in_flight.lost(first, last);
        }
        posted.trouble(Trouble::SpoolUnwritable, outcome.is_err());
        if outcome.is_err() {
            self.give_up_beyond(MAX_WAITING, posted, hour);
        }
    }

    /// Once an hour: the last number that waits for too long.
    fn too_old(&mut self, board: &Board, hour: Hour) -> Option<u64> {
        if self.looked.replace(hour) == Some(hour) {
            return None;
        }
        let before = hour.saturating_sub(self.keep_hours);
        board.lock().in_flight.waiting_since_before(before)
    }

    /// What can no longer wait, oldest first, is withheld. After a failed sync that may be something
    /// that did reach the disk: it is then counted as withheld and, found there at the next start,
    /// as sent too, rather than not at all.
    pub fn give_up_beyond(&mut self, limit: usize, posted: &mut Posted, hour: Hour) {
        while self.waiting.len() > limit {
            if let Some(waiting) = self.waiting.pop_front() {
                let fate = Fate::Withheld(Withheld::DiskFull);
                posted.tally.enter(waiting.device, hour, fate, 1);
            }
        }
    }

    fn write(&mut self, spool: &mut Spool<S>) -> Result<(), NotWritten> {
        let mut outcome = Ok(());
        for waiting in self.waiting.iter_mut().filter(|one| one.number.is_none()) {
            let frame = larum_link::convert::frame(&waiting.sighting).map_err(|_| NotWritten)?;
            match spool.append(&frame) {
                Ok(number) => waiting.number = Some(number),
                Err(_) => {
                    outcome = Err(NotWritten);
                    break;
                }
            }
        }
        // Also when the rest did not fit: what did is to be sent, which makes room.
        spool.sync().map_err(|_| NotWritten)?;
        while let Some(number) = self.waiting.front().and_then(|waiting| waiting.number) {
            if let Some(waiting) = self.waiting.pop_front() {
                self.safe.push((number, waiting.device));
            }
        }
        outcome
    }
}

/// The disk refused; the spool's own error was counted where it happened.
struct NotWritten;

/// What the board shows of a spool.
pub fn state_of<S: Storage>(spool: &Spool<S>) -> SpoolState {
    let pending = spool.pending();
    let dropped = spool.dropped();
    SpoolState {
        waiting: pending.frames,
        bytes: pending.bytes,
        dropped_quota: dropped.quota,
        dropped_damage: dropped.damaged,
        dropped_room: dropped.room,
        dropped_age: dropped.age,
    }
}

#[cfg(test)]
mod tests;
