//! Sightings into the spool: many frames, one sync, and only then are they counted. While the disk is
//! full they wait in memory; what no longer fits is counted as withheld.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use larum_core::sighting::{Sighting, Withheld};
use larum_spool::{FolderStorage, Spool, Storage};
use tokio::sync::watch;

use crate::board::{Posted, SpoolState, Trouble};
use crate::tally::{DeviceId, Fate, Hour};

/// Most sightings that wait in memory while the spool cannot be written.
pub const MAX_WAITING: usize = 4_096;

/// The spool as the pipeline and the uplink share it.
pub type SharedSpool<S = FolderStorage> = Arc<Mutex<Spool<S>>>;

/// The spool behind its lock. Hold it briefly.
pub fn lock<S: Storage>(spool: &SharedSpool<S>) -> MutexGuard<'_, Spool<S>> {
    spool.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A sighting on its way into the spool.
#[derive(Debug)]
struct Waiting {
    sighting: Sighting,
    device: DeviceId,
}

/// Writes sightings into a spool.
pub struct Spooling<S: Storage = FolderStorage> {
    spool: SharedSpool<S>,
    waiting: VecDeque<Waiting>,
    /// Numbers of frames appended and not yet synced, with their device.
    unsynced: Vec<(u64, DeviceId)>,
    quota_seen: u64,
    /// Tells the uplink the newest number that is safe.
    spooled: watch::Sender<u64>,
}

impl<S: Storage> Spooling<S> {
    /// Writes into `spool`; `spooled` hears of each number that is safe there.
    #[must_use]
    pub fn new(spool: SharedSpool<S>, spooled: watch::Sender<u64>) -> Self {
        let quota_seen = lock(&spool).dropped().quota;
        Self {
            spool,
            waiting: VecDeque::new(),
            unsynced: Vec::new(),
            quota_seen,
            spooled,
        }
    }

    /// Takes a sighting of `device`.
    pub fn put(&mut self, sighting: Sighting, device: DeviceId) {
        self.waiting.push_back(Waiting { sighting, device });
    }

    /// Whether anything waits for the disk.
    #[must_use]
    pub fn is_waiting(&self) -> bool {
        !self.waiting.is_empty()
    }

    /// Writes and syncs all that waits, and enters it in `posted`. Disk time is spent before the
    /// board is locked.
    pub fn settle(&mut self, board: &crate::board::Board, hour: Hour) {
        let (outcome, state, oldest) = {
            let spool = Arc::clone(&self.spool);
            let mut spool = lock(&spool);
            let outcome = self.write(&mut spool);
            (outcome, state_of(&spool), spool.oldest())
        };
        let mut posted = board.lock();
        if state.dropped_quota > self.quota_seen {
            self.quota_seen = state.dropped_quota;
            posted.in_flight.lost_before(oldest);
        }
        posted.spool = state;
        match outcome {
            Ok(()) => {
                posted.trouble(Trouble::SpoolUnwritable, false);
                if let Some((newest, _)) = self.unsynced.last() {
                    self.spooled.send_replace(*newest);
                }
                for (number, device) in self.unsynced.drain(..) {
                    posted.tally.enter(device, hour, Fate::Sighting, 1);
                    posted.in_flight.put(number, device, hour);
                }
            }
            Err(NotWritten) => {
                posted.trouble(Trouble::SpoolUnwritable, true);
                self.give_up_beyond(MAX_WAITING, &mut posted, hour);
            }
        }
    }

    /// What can no longer wait, oldest first, is withheld.
    pub fn give_up_beyond(&mut self, limit: usize, posted: &mut Posted, hour: Hour) {
        while self.waiting.len() > limit {
            if let Some(waiting) = self.waiting.pop_front() {
                let fate = Fate::Withheld(Withheld::DiskFull);
                posted.tally.enter(waiting.device, hour, fate, 1);
            }
        }
    }

    fn write(&mut self, spool: &mut Spool<S>) -> Result<(), NotWritten> {
        while let Some(waiting) = self.waiting.front() {
            let frame = larum_link::convert::frame(&waiting.sighting).map_err(|_| NotWritten)?;
            let number = spool.append(&frame).map_err(|_| NotWritten)?;
            self.unsynced.push((number, waiting.device));
            self.waiting.pop_front();
        }
        spool.sync().map_err(|_| NotWritten)
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
    }
}

#[cfg(test)]
mod tests;
