//! The journal of the machine the collector runs on, read through `journalctl`, which knows every layout
//! of the journal's files, also of newer systemd versions: one child that follows and writes the export
//! format. It is started again when it ends, after the last entry that was dealt with.
//!
//! The child gets no input and its complaints are not read; its output waits in a pipe of the system, so
//! that a slow collector makes it wait.

mod export;

pub use export::{Entry, Export, NotExport};

use std::process::Stdio;
use std::sync::Arc;
use std::time::Duration;

use larum_link::clock::Clock;
use tokio::io::AsyncReadExt as _;
use tokio::process::{Child, Command};
use tokio::sync::{mpsc, watch};

use crate::board::{Board, Trouble};
use crate::chunk::{Chunk, FULL_CHUNK_BYTES, Mark};
use crate::config::{JournalInput, Start};
use crate::stop::until_stopped;
use crate::tally::Source;

/// What the journal is called as a device.
pub const DEVICE: &str = "system journal";
/// Pause before the child is started again.
const PAUSE: Duration = Duration::from_secs(5);
/// Longest cursor that is remembered.
const MAX_CURSOR_BYTES: usize = 512;

/// Follows the journal.
pub(crate) struct SystemJournal {
    pub(crate) input: JournalInput,
    /// After which entry to begin.
    pub(crate) cursor: Option<String>,
    pub(crate) board: Arc<Board>,
    pub(crate) clock: Clock,
}

/// Why a child is no longer read.
#[derive(PartialEq, Eq)]
enum Ended {
    /// The collector stops.
    Stopped,
    /// It has ended, or writes something else.
    Child,
}

impl SystemJournal {
    /// Follows until `stop` changes. Waits while the queue is full.
    pub(crate) async fn run(mut self, queue: mpsc::Sender<Chunk>, mut stop: watch::Receiver<bool>) {
        loop {
            if let Ok(child) = self.start()
                && self.follow(child, &queue, &mut stop).await == Ended::Stopped
            {
                return;
            }
            self.trouble(true);
            tokio::select! {
                () = tokio::time::sleep(PAUSE) => {}
                () = until_stopped(&mut stop) => return,
            }
        }
    }

    fn trouble(&self, there: bool) {
        let mut posted = self.board.lock();
        posted.trouble(Trouble::JournalUnreadable, there);
    }

    fn start(&self) -> std::io::Result<Child> {
        let mut command = Command::new(&self.input.program);
        command.args(["--follow", "--output=export", "--quiet"]);
        if let Some(folder) = &self.input.folder {
            command.arg("--directory").arg(folder);
        }
        for unit in &self.input.units {
            command.arg(format!("--unit={unit}"));
        }
        match (&self.cursor, self.input.start) {
            (Some(cursor), _) => command
                .arg(format!("--after-cursor={cursor}"))
                .arg("--lines=all"),
            (None, Start::Beginning) => command.arg("--lines=all"),
            (None, Start::End) => command.arg("--lines=0"),
        };
        command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .kill_on_drop(true)
            .spawn()
    }

    async fn follow(
        &mut self,
        mut child: Child,
        queue: &mpsc::Sender<Chunk>,
        stop: &mut watch::Receiver<bool>,
    ) -> Ended {
        let Some(mut output) = child.stdout.take() else {
            return Ended::Child;
        };
        let source = Source::Named(DEVICE.into());
        let mut export = Export::default();
        let mut buffer = vec![0; FULL_CHUNK_BYTES / 2];
        let mut line = Vec::new();
        loop {
            let read = tokio::select! {
                read = output.read(&mut buffer) => read.unwrap_or(0),
                () = until_stopped(stop) => return Ended::Stopped,
            };
            if read == 0 {
                return Ended::Child;
            }
            // Entries may be from while the collector was down: their own time counts.
            let mut chunk = Chunk::new(self.clock.now(), false);
            let cursor = &mut self.cursor;
            let read = export.push(buffer.get(..read).unwrap_or_default(), |entry| {
                line.clear();
                if entry.to_syslog(&mut line) {
                    chunk.push(&source, &line);
                }
                if let Some(new) = entry.cursor().filter(|new| new.len() <= MAX_CURSOR_BYTES) {
                    *cursor = Some(new.to_owned());
                }
            });
            chunk.mark = self.cursor.clone().map(Mark::Journal);
            if !chunk.is_empty() {
                self.trouble(false);
                tokio::select! {
                    sent = queue.send(chunk) => {
                        if sent.is_err() {
                            return Ended::Stopped;
                        }
                    }
                    // What was not handed on is not in the checkpoint, and is read again.
                    () = until_stopped(stop) => return Ended::Stopped,
                }
            }
            if read.is_err() {
                return Ended::Child;
            }
        }
    }
}
