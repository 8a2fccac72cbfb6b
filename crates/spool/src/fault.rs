//! What can go wrong with the disk: each a different thing to do.

use std::fmt;
use std::io;

use crate::storage::is_full;

/// Why the spool or the ledger refused. The code is the log field and the metric label.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Fault {
    /// The disk is full. What was accepted before is safe; free some room and try again.
    DiskFull,
    /// A write could not be made durable, or not taken back. Nothing more is accepted until the
    /// spool is opened again, because the disk may have lost what it was given since the last
    /// success.
    Poisoned,
    /// A frame or body is larger than its limit.
    TooLarge,
    /// Another process is writing here.
    InUse,
    /// The limits contradict each other.
    LimitsUnusable,
    /// A file was written by a newer version of the program.
    VersionUnknown,
    /// A receipt for an entry that does not wait for one.
    NotWaiting,
    /// The ledger's records contradict each other.
    Broken,
    /// The operating system refused for another reason.
    Io,
}

impl Fault {
    /// Every fault, in the order used in metrics.
    pub const ALL: [Self; 9] = [
        Self::DiskFull,
        Self::Poisoned,
        Self::TooLarge,
        Self::InUse,
        Self::LimitsUnusable,
        Self::VersionUnknown,
        Self::NotWaiting,
        Self::Broken,
        Self::Io,
    ];

    /// The stable code for logs and metrics.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::DiskFull => "disk-full",
            Self::Poisoned => "poisoned",
            Self::TooLarge => "too-large",
            Self::InUse => "in-use",
            Self::LimitsUnusable => "limits-unusable",
            Self::VersionUnknown => "version-unknown",
            Self::NotWaiting => "not-waiting",
            Self::Broken => "broken",
            Self::Io => "io",
        }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::DiskFull => "the disk is full",
            Self::Poisoned => "the disk failed to keep what it was given; restart the program",
            Self::TooLarge => "larger than the limit",
            Self::InUse => "another process is writing in this folder",
            Self::LimitsUnusable => {
                "the limits cannot work: a segment must hold a frame, and two segments must fit in the whole"
            }
            Self::VersionUnknown => "a file here was written by a newer version of the program",
            Self::NotWaiting => "no entry of that number is waiting for a receipt",
            Self::Broken => "the records contradict each other",
            Self::Io => "the disk refused",
        })
    }
}

/// A refusal of the spool or the ledger.
#[derive(Debug, thiserror::Error)]
#[error("{fault}")]
pub struct SpoolError {
    /// What to go by.
    pub fault: Fault,
    /// What the operating system said, if it did.
    #[source]
    pub source: Option<io::Error>,
}

impl From<Fault> for SpoolError {
    fn from(fault: Fault) -> Self {
        Self {
            fault,
            source: None,
        }
    }
}

impl From<io::Error> for SpoolError {
    fn from(error: io::Error) -> Self {
        let fault = if is_full(&error) {
            Fault::DiskFull
        } else if error.kind() == io::ErrorKind::ResourceBusy {
            Fault::InUse
        } else {
            Fault::Io
        };
        Self {
            fault,
            source: Some(error),
        }
    }
}
