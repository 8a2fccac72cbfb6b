//! Log files, followed: rotation by rename and by truncation, files that appear later, positions kept
//! across restarts, a last line without its end waited for.
//!
//! One thread of its own looks at every file in turn; a file with much to read gives the others their
//! turn after each chunk. Looking is cheap (one `stat` per file), so no file-notification service is
//! needed and network folders work too.

mod dropped;
mod follow;
mod pattern;
mod position;

pub use dropped::DONE_FOLDER;
pub(crate) use dropped::Folders;
pub use position::{FileId, MAX_POSITIONS, Position, Seen};

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use larum_link::clock::Clock;
use tokio::sync::{mpsc, watch};

use self::follow::{Follower, Turn};
use crate::board::Board;
use crate::chunk::{Chunk, FULL_CHUNK_BYTES, Mark};
use crate::config::FileInput;
use crate::stop::until_stopped;

/// How often files that had nothing new are looked at again.
const LOOK_EVERY: Duration = Duration::from_millis(200);
/// How often patterns are matched against the folders again.
const MATCH_EVERY: Duration = Duration::from_secs(2);

/// Follows all configured files.
pub struct Tail {
    inputs: Vec<FileInput>,
    max_files: usize,
    board: Arc<Board>,
    clock: Clock,
    seen: Seen,
    followers: BTreeMap<PathBuf, Follower>,
    /// What is read from one file at a time.
    buffer: Vec<u8>,
    first_look: bool,
}

impl Tail {
    /// Follows `inputs`, at most `max_files` files at once, from the positions in `seen`.
    #[must_use]
    pub fn new(
        inputs: Vec<FileInput>,
        max_files: usize,
        seen: Seen,
        board: Arc<Board>,
        clock: Clock,
    ) -> Self {
        Self {
            inputs,
            max_files,
            board,
            clock,
            seen,
            followers: BTreeMap::new(),
            buffer: vec![0; FULL_CHUNK_BYTES],
            first_look: true,
        }
    }

    /// Follows until `stop` changes. Waits while the queue is full.
    pub async fn run(mut self, queue: mpsc::Sender<Chunk>, mut stop: watch::Receiver<bool>) {
        let mut matched: Option<Instant> = None;
        loop {
            if matched.is_none_or(|last| last.elapsed() >= MATCH_EVERY) {
                self.match_patterns();
                matched = Some(Instant::now());
            }
            let busy = match self.turn(&queue, &mut stop).await {
                Ok(busy) => busy,
                Err(Stopped) => return,
            };
            self.board.set_catching_up(busy);
            let pause = if busy { Duration::ZERO } else { LOOK_EVERY };
            tokio::select! {
                biased;
                () = until_stopped(&mut stop) => return,
                () = tokio::time::sleep(pause) => {}
            }
        }
    }

    /// One chunk of each file that has something; whether any had more than that.
    async fn turn(
        &mut self,
        queue: &mpsc::Sender<Chunk>,
        stop: &mut watch::Receiver<bool>,
    ) -> Result<bool, Stopped> {
        let mut busy = false;
        let mut gone = Vec::new();
        for (path, follower) in &mut self.followers {
            let (chunk, turn) = follower.turn(self.clock.now(), &mut self.seen, &mut self.buffer);
            match turn {
                Turn::More => busy = true,
                Turn::Waiting => {}
                Turn::Gone => gone.push(path.clone()),
            }
            let Some(chunk) = chunk else {
                continue;
            };
            let mark = chunk.mark.clone();
            tokio::select! {
                sent = queue.send(chunk) => sent.map_err(|_| Stopped)?,
                // The position is only kept for chunks handed on; this one is read again.
                () = until_stopped(stop) => return Err(Stopped),
            }
            if let Some(Mark::File(position)) = mark {
                self.seen.note(position);
            }
        }
        for path in gone {
            self.followers.remove(&path);
        }
        Ok(busy)
    }

    fn match_patterns(&mut self) {
        for input in &self.inputs {
            for path in pattern::matches(&input.path, self.max_files) {
                if self.followers.contains_key(&path) {
                    continue;
                }
                if self.followers.len() >= self.max_files {
                    self.board.set_too_many_files();
                    return;
                }
                let start = if self.first_look {
                    input.start
                } else {
                    crate::config::Start::Beginning
                };
                if let Some(follower) = Follower::open(&path, &mut self.seen, start) {
                    self.followers.insert(path, follower);
                }
            }
        }
        self.first_look = false;
    }
}

/// The collector stops.
struct Stopped;

#[cfg(test)]
mod tests;
