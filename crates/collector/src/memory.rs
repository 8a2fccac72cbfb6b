//! What the detectors remember, on disk: a restart, even a crash, does not make a collector forget who
//! has been knocking for days.
//!
//! Taken together with a checkpoint and written after it, so that what is remembered is never ahead of
//! what is read: after a crash nothing counts twice, and at most the evidence of the last pause is
//! missing.

use std::path::Path;
use std::time::{Duration, Instant};
use std::{fs, io};

use larum_core::detect::Detect;

use crate::state;

const FILE: &str = "detectors.memory";
const SET_ASIDE: &str = "detectors.unreadable";
/// Shortest time from one writing to the next.
const LEAST_PAUSE: Duration = Duration::from_secs(30);
/// Most bytes a second written on average, for the sake of memory cards. The tables hold at most
/// 24 MiB: full, they are written every three minutes.
const BYTES_A_SECOND: u64 = 128 * 1_024;

/// Writes the memory now and then.
#[derive(Debug)]
pub(crate) struct Memory {
    changed: bool,
    written: Instant,
    pause: Duration,
}

impl Memory {
    pub(crate) fn new() -> Self {
        Self {
            changed: false,
            written: Instant::now(),
            pause: LEAST_PAUSE,
        }
    }

    /// Notes that there is something new to remember.
    pub(crate) const fn changed(&mut self) {
        self.changed = true;
    }

    /// Whether it is time to write.
    pub(crate) fn is_due(&self) -> bool {
        self.changed && self.written.elapsed() >= self.pause
    }

    /// What `detect` remembers now.
    pub(crate) fn take(&mut self, detect: &Detect) -> Vec<u8> {
        self.changed = false;
        let mut bytes = Vec::new();
        detect.snapshot(&mut bytes);
        bytes
    }

    /// Writes what was taken to `folder`.
    ///
    /// # Errors
    /// When the system refuses; the one before stays.
    pub(crate) fn write(&mut self, folder: &Path, bytes: &[u8]) -> io::Result<()> {
        self.written = Instant::now();
        let length = u64::try_from(bytes.len()).unwrap_or(u64::MAX);
        self.pause = LEAST_PAUSE.max(Duration::from_secs(length / BYTES_A_SECOND));
        let written = state::replace(folder, FILE, bytes);
        self.changed |= written.is_err();
        written
    }
}

/// Goes on with what was remembered in `folder`. What cannot be used is set aside under another name,
/// and the log says why; the detectors begin with an empty memory then.
///
/// # Errors
/// When it is there but the system does not let it be read or set aside.
pub(crate) fn restore(detect: &mut Detect, folder: &Path) -> io::Result<()> {
    let Some(bytes) = state::read_bytes(folder, FILE)? else {
        return Ok(());
    };
    match detect.restore(&bytes) {
        Ok(()) => {
            let bytes = bytes.len();
            tracing::info!(bytes, "the detectors go on with what they remembered");
        }
        Err(reason) => {
            tracing::error!(%reason, "what the detectors remembered cannot be used; it was set aside");
            fs::rename(folder.join(FILE), folder.join(SET_ASIDE))?;
        }
    }
    Ok(())
}
