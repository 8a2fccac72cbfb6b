//! Records from whoever is told that they arrived, or who sends them once only over a stream: they are
//! written to a spool of their own (`intake/` in the state folder) before they are dealt with, so that
//! an end without warning loses none of them.
//!
//! - RELP and HTTP are answered after the write has reached the disk: one sync for all that waited
//!   meanwhile (group commit).
//! - TCP and TLS have no answer. What they bring is written before it is dealt with and synced once a
//!   second, so that only a power cut, and of that second, can cost any.
//! - What was dealt with is given up once a checkpoint that counts it is on disk; after a start, what
//!   no checkpoint counts is dealt with again. Each record is therefore counted once.
//! - Files, standard input and the system's journal can be read again and need none of this; UDP has
//!   no promise to keep.
//!
//! Limits: [`QUEUE_CHUNKS`] chunks before the disk, `limits.intake-bytes` on it; beyond, senders wait.

mod layout;

use std::sync::Arc;
use std::time::Duration;

use larum_core::time::Timestamp;
use larum_link::clock::Clock;
use larum_spool::{FolderStorage, Frame, Spool, SpoolError, Storage, WhenLow};
use serde::{Deserialize, Serialize};
use tokio::sync::{mpsc, oneshot, watch};
use tokio::time::Instant;

use crate::board::{Board, Trouble};
use crate::chunk::{Chunk, Mark};
use crate::reason::Dropped;
use crate::stop::until_stopped;
use crate::tally::Source;

/// The folder inside the state folder.
pub const FOLDER: &str = "intake";
/// Chunks that wait for the disk.
pub const QUEUE_CHUNKS: usize = 32;
/// Largest chunk on disk: 1 MiB. One is at most 64 KiB of records and one long record, and six bytes
/// for each.
const MAX_FRAME_BYTES: usize = 1 << 20;
/// Size at which a segment is closed; what was dealt with is given up in such pieces.
const SEGMENT_BYTES: u64 = 8 << 20;
/// How long what nobody waits for may be written and not synced.
const LAZY_SYNC: Duration = Duration::from_secs(1);
/// Frames read back at once after a start.
const FRAMES_AT_ONCE: usize = 16;

/// How many records a frame of the intake holds, where it is one.
pub(crate) fn count_records(frame: &[u8]) -> Option<usize> {
    layout::read(frame).map(|chunk| chunk.len())
}

/// Where the intake stands, as the checkpoint remembers it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct IntakeState {
    /// Number of the last chunk that is dealt with and counted.
    pub done: u64,
    /// Chunks lost to damage on the disk that are counted.
    pub damaged: u64,
}

/// The way in.
#[derive(Clone)]
pub(crate) struct Intake {
    queue: mpsc::Sender<Taken>,
}

/// The chunk is not safe: whoever sent it must not be told so.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct NotSafe;

/// It is on disk.
#[derive(Debug)]
struct OnDisk;

/// Tells when a chunk is on disk.
pub(crate) struct Safe(oneshot::Receiver<OnDisk>);

impl Safe {
    /// Waits for the disk.
    pub(crate) async fn wait(self) -> Result<(), NotSafe> {
        self.0.await.map(|OnDisk| ()).map_err(|_| NotSafe)
    }
}

struct Taken {
    chunk: Chunk,
    /// Who waits for the disk; nobody waits for what is dealt with in any case.
    waiting: Option<oneshot::Sender<OnDisk>>,
}

impl Intake {
    /// Hands on a chunk that is dealt with even if it cannot be kept. Waits for room: this is what
    /// makes the sender wait.
    pub(crate) async fn hand_on(&self, chunk: Chunk) -> Result<(), NotSafe> {
        if chunk.is_empty() {
            return Ok(());
        }
        let waiting = None;
        let taken = Taken { chunk, waiting };
        self.queue.send(taken).await.map_err(|_| NotSafe)
    }

    /// As [`keep`](Self::keep), on a thread that may wait.
    pub(crate) fn keep_waiting(&self, chunk: Chunk) -> Result<Safe, NotSafe> {
        let (told, safe) = oneshot::channel();
        let waiting = Some(told);
        let taken = Taken { chunk, waiting };
        self.queue.blocking_send(taken).map_err(|_| NotSafe)?;
        Ok(Safe(safe))
    }

    /// Hands on a chunk that is only dealt with once it is on disk.
    pub(crate) async fn keep(&self, chunk: Chunk) -> Result<Safe, NotSafe> {
        let (told, safe) = oneshot::channel();
        if chunk.is_empty() {
            // Nothing can get lost.
            drop(told.send(OnDisk));
            return Ok(Safe(safe));
        }
        let waiting = Some(told);
        let taken = Taken { chunk, waiting };
        self.queue.send(taken).await.map_err(|_| NotSafe)?;
        Ok(Safe(safe))
    }
}

/// Writes, syncs, answers and hands on.
pub(crate) struct Keeper<S: Storage = FolderStorage> {
    spool: Spool<S>,
    max_bytes: u64,
    board: Arc<Board>,
    clock: Clock,
    queue: mpsc::Receiver<Taken>,
    onward: mpsc::Sender<Chunk>,
    /// Number of the last chunk that a checkpoint on disk counts.
    saved: watch::Receiver<u64>,
    stop: watch::Receiver<bool>,
    /// Since when something is written and not synced.
    unsynced: Option<Instant>,
    bytes: Vec<u8>,
}

/// What a keeper is connected to.
pub(crate) struct Ends {
    pub(crate) board: Arc<Board>,
    pub(crate) clock: Clock,
    /// Where chunks go on to.
    pub(crate) onward: mpsc::Sender<Chunk>,
    /// Number of the last chunk that a checkpoint on disk counts; its end ends the keeper.
    pub(crate) saved: watch::Receiver<u64>,
    pub(crate) stop: watch::Receiver<bool>,
}

/// How much disk it may use.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Room {
    /// Most bytes kept.
    pub(crate) max_bytes: u64,
    /// Bytes left free on the disk.
    pub(crate) keep_free_bytes: u64,
}

impl<S: Storage> Keeper<S> {
    /// Continues from what is in `storage`, of which the checkpoint counts what `ends.board` says.
    ///
    /// # Errors
    /// When the spool cannot be opened.
    pub(crate) fn open(storage: S, room: Room, ends: Ends) -> Result<(Self, Intake), SpoolError> {
        let limits = larum_spool::Limits {
            segment_bytes: SEGMENT_BYTES,
            // Senders wait long before the spool would drop its oldest.
            keep_free_bytes: room.keep_free_bytes,
            total_bytes: room.max_bytes.saturating_add(4 * SEGMENT_BYTES),
            frame_bytes: MAX_FRAME_BYTES,
            // What was answered for is never dropped; on a disk that runs low no more is answered.
            when_low: WhenLow::Refuse,
            ..larum_spool::Limits::default()
        };
        let (mut spool, recovery) = Spool::open(storage, limits)?;
        let state = ends.board.lock().intake;
        spool.release(state.done)?;
        if recovery.frames > 0 || recovery.corrupt_segments > 0 {
            tracing::info!(
                frames = spool.pending().frames,
                torn_bytes = recovery.torn_bytes,
                corrupt_segments = recovery.corrupt_segments,
                "records taken before the last end are dealt with now"
            );
        }
        let (way_in, queue) = mpsc::channel(QUEUE_CHUNKS);
        let keeper = Self {
            spool,
            max_bytes: room.max_bytes,
            board: ends.board,
            clock: ends.clock,
            queue,
            onward: ends.onward,
            saved: ends.saved,
            stop: ends.stop,
            unsynced: None,
            bytes: Vec::new(),
        };
        keeper.count_damage();
        Ok((keeper, Intake { queue: way_in }))
    }

    /// Runs until everybody with a way in is gone, and then until the last checkpoint is written.
    pub(crate) async fn run(mut self) {
        self.replay().await;
        let mut taken = Vec::with_capacity(QUEUE_CHUNKS);
        loop {
            let sync_at = self.unsynced.unwrap_or_else(Instant::now) + LAZY_SYNC;
            tokio::select! {
                received = self.queue.recv_many(&mut taken, QUEUE_CHUNKS) => {
                    if received == 0 {
                        break;
                    }
                    self.take(&mut taken).await;
                }
                Ok(()) = self.saved.changed() => self.release(),
                () = tokio::time::sleep_until(sync_at), if self.unsynced.is_some() => {
                    self.sync();
                }
            }
        }
        self.sync();
        // The pipeline ends when nobody sends to it, and with it the checkpoints.
        let Self { onward, .. } = &mut self;
        let (nobody, _) = mpsc::channel(1);
        drop(std::mem::replace(onward, nobody));
        while self.saved.changed().await.is_ok() {
            self.release();
        }
        self.release();
    }

    /// Deals again with what no checkpoint counts.
    async fn replay(&mut self) {
        let mut frames: Vec<Frame> = Vec::new();
        let mut from = 0;
        loop {
            frames.clear();
            let read = self
                .spool
                .read(from, FRAMES_AT_ONCE, MAX_FRAME_BYTES, &mut frames);
            if read.is_err() {
                self.unwritable(true);
            }
            let Some(last) = frames.last() else {
                break;
            };
            from = last.number + 1;
            for frame in frames.drain(..) {
                let Some(mut chunk) = layout::read(&frame.bytes) else {
                    self.lost(1, self.clock.now());
                    continue;
                };
                chunk.mark = Some(Mark::Intake(frame.number));
                if self.onward.send(chunk).await.is_err() {
                    return;
                }
            }
            self.count_damage();
        }
    }

    async fn take(&mut self, taken: &mut Vec<Taken>) {
        let mut awaited = false;
        for one in taken.iter_mut() {
            if self.write(&mut one.chunk).await {
                awaited |= one.waiting.is_some();
            }
        }
        if awaited {
            self.sync();
        }
        for one in taken.drain(..) {
            let Taken { mut chunk, waiting } = one;
            if self.spool.is_poisoned() {
                chunk.mark = None;
            }
            if let Some(waiting) = waiting {
                if chunk.mark.is_none() {
                    // Its sender keeps it and sends it again.
                    continue;
                }
                // A sender that has gone sends it again; that is all it can know.
                drop(waiting.send(OnDisk));
            }
            if self.onward.send(chunk).await.is_err() {
                return;
            }
        }
    }

    /// Writes one chunk and marks it; whether it could be.
    async fn write(&mut self, chunk: &mut Chunk) -> bool {
        self.bytes.clear();
        layout::write(chunk, &mut self.bytes);
        let needed = u64::try_from(self.bytes.len()).unwrap_or(u64::MAX);
        if !self.room_for(needed).await {
            return false;
        }
        match self.spool.append(&self.bytes) {
            Ok(number) => {
                self.unsynced.get_or_insert_with(Instant::now);
                chunk.mark = Some(Mark::Intake(number));
                self.unwritable(false);
                true
            }
            Err(_) => {
                self.unwritable(true);
                false
            }
        }
    }

    /// Waits until so many bytes fit; `false` when the collector stops before they do.
    async fn room_for(&mut self, bytes: u64) -> bool {
        while self.spool.pending().bytes.saturating_add(bytes) > self.max_bytes {
            tokio::select! {
                changed = self.saved.changed() => {
                    if changed.is_err() {
                        return false;
                    }
                    self.release();
                }
                () = until_stopped(&mut self.stop) => return false,
            }
        }
        true
    }

    fn sync(&mut self) {
        self.unsynced = None;
        if self.spool.sync().is_err() {
            self.unwritable(true);
        }
    }

    fn release(&mut self) {
        let done = *self.saved.borrow_and_update();
        // What cannot be released now is released with the next checkpoint.
        if self.spool.release(done).is_err() {
            self.unwritable(true);
        }
    }

    fn unwritable(&self, there: bool) {
        let mut posted = self.board.lock();
        posted.trouble(Trouble::IntakeUnwritable, there);
    }

    /// Enters chunks that damage on the disk has cost; how many records they held nobody knows.
    fn count_damage(&self) {
        let damaged = self.spool.dropped().damaged;
        let new = {
            let mut posted = self.board.lock();
            let new = damaged.saturating_sub(posted.intake.damaged);
            posted.intake.damaged = damaged;
            new
        };
        self.lost(new, self.clock.now());
    }

    fn lost(&self, chunks: u64, now: Timestamp) {
        let source = Source::Named(FOLDER.into());
        self.board
            .dropped(&source, Dropped::IntakeDamaged, chunks, now);
    }
}

#[cfg(test)]
mod tests;
