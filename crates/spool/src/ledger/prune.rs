//! Leaving out the oldest part of a ledger, so that it fits on a disk for ever, and still being able to
//! prove the rest.
//!
//! # Limits
//! Whole files go, oldest first, and only when the hub has given its receipt for every entry in them;
//! the file that is written to stays.
//!
//! # Layout
//! What is left begins where the `anchor` says. It is put in place before the files go, so that a crash
//! in between leaves too much rather than too little. The hash in it is named as `previous` by the
//! first batch that is left, which the hub has signed a receipt for: an anchor cannot be invented.
//!
//! | offset | bytes | |
//! |---|---|---|
//! | 0 | 8 | file header, `A`, as in [`frame`](crate::frame) |
//! | 8 | 8 | number of the last entry that was left out |
//! | 16 | 32 | its hash |
//! | 48 | 8 | number of the last spool frame in it |
//! | 56 | 8 | number of the last entry whose receipt was left out |
//! | 64 | 8 | when the first entry was made, milliseconds since the epoch, signed |
//! | 72 | 8 | when the last entry that was left out was made |
//! | 80 | 8 | when it was left out |
//! | 88 | 4 | CRC-32C of the bytes before |

use std::io;

use super::record::{Damage, Hash, Place, Record, State};
use super::{Ledger, MAX_PAYLOAD_BYTES, broken, file_name, files, hex};
use crate::fault::{Fault, SpoolError};
use crate::frame::{FILE_HEADER_BYTES, Found, FrameReader, file_header, le_u32, le_u64};
use crate::storage::Storage;

/// Name of the file.
pub(super) const ANCHOR: &str = "anchor";
/// Its size.
const ANCHOR_BYTES: usize = 92;
const KIND: u8 = b'A';

/// What is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Keep {
    /// Entries made at or after this moment, milliseconds since the epoch.
    pub since_ms: i64,
    /// Not more than so many bytes of files, where receipts allow it.
    pub max_bytes: u64,
}

/// What was left out, from the first entry on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pruned {
    /// Number of the last entry that was left out: all from 1 up to it are no longer there.
    pub sequence: u64,
    /// Its hash: what the first entry that is left names as the one before.
    pub hash: Hash,
    /// When the first of all was made, milliseconds since the epoch.
    pub first_ms: i64,
    /// When the last that was left out was made.
    pub last_ms: i64,
    /// When it was left out.
    pub pruned_ms: i64,
    /// Number of the last entry whose receipt was left out too.
    pub receipted: u64,
    pub(super) spool_up_to: u64,
}

impl Pruned {
    /// The hash as 64 hexadecimal digits.
    #[must_use]
    pub fn hash_hex(&self) -> String {
        hex(&self.hash)
    }

    /// The state of a ledger of which nothing but this is known.
    pub(super) const fn state(&self) -> State {
        State {
            sequence: self.sequence,
            hash: self.hash,
            spool_up_to: self.spool_up_to,
            receipted: self.receipted,
            end: Place::start_of(self.sequence.saturating_add(1)),
            waiting: Place::start_of(self.sequence.saturating_add(1)),
        }
    }

    fn to_bytes(self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(ANCHOR_BYTES);
        bytes.extend_from_slice(&file_header(KIND));
        bytes.extend_from_slice(&self.sequence.to_le_bytes());
        bytes.extend_from_slice(&self.hash);
        bytes.extend_from_slice(&self.spool_up_to.to_le_bytes());
        bytes.extend_from_slice(&self.receipted.to_le_bytes());
        for time_ms in [self.first_ms, self.last_ms, self.pruned_ms] {
            bytes.extend_from_slice(&time_ms.to_le_bytes());
        }
        bytes.extend_from_slice(&crc32c::crc32c(&bytes).to_le_bytes());
        bytes
    }

    fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let body = bytes.get(..ANCHOR_BYTES - 4)?;
        let sound = bytes.len() == ANCHOR_BYTES
            && body.starts_with(&file_header(KIND))
            && le_u32(bytes, ANCHOR_BYTES - 4)? == crc32c::crc32c(body);
        let time_ms = |offset: usize| {
            let bytes = bytes.get(offset..offset + 8)?;
            Some(i64::from_le_bytes(bytes.try_into().ok()?))
        };
        let pruned = Self {
            sequence: le_u64(bytes, 8)?,
            hash: bytes.get(16..48)?.try_into().ok()?,
            spool_up_to: le_u64(bytes, 48)?,
            receipted: le_u64(bytes, 56)?,
            first_ms: time_ms(64)?,
            last_ms: time_ms(72)?,
            pruned_ms: time_ms(80)?,
        };
        sound.then_some(pruned)
    }
}

/// The anchor of a folder; `None` when nothing was left out, an inner `None` when it is damaged.
pub(super) fn read_anchor<S: Storage>(storage: &S) -> io::Result<Option<Option<Pruned>>> {
    // One byte more than it has, so that a longer file is noticed.
    let mut bytes = vec![0; ANCHOR_BYTES + 1];
    match storage.read(ANCHOR, 0, &mut bytes) {
        Ok(read) => {
            bytes.truncate(read);
            Ok(Some(Pruned::from_bytes(&bytes)))
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

impl<S: Storage> Ledger<S> {
    /// Leaves out the oldest files that `keep` does not ask for, durably; returns how many entries those
    /// were. What has no receipt yet stays, and so does the file that is written to.
    ///
    /// # Errors
    /// [`Fault::Poisoned`]; [`Fault::Broken`] when what is to go is not what was written, which then
    /// stays; [`Fault::DiskFull`] or [`Fault::Io`].
    pub fn prune(&mut self, keep: Keep, now_ms: i64) -> Result<u64, SpoolError> {
        if self.poisoned {
            return Err(Fault::Poisoned.into());
        }
        let before = self.first_kept();
        loop {
            let files: Vec<u64> = files(&self.storage)?
                .into_iter()
                .filter(|file| *file >= self.first_kept())
                .collect();
            let (Some(oldest), Some(next)) = (files.first(), files.get(1)) else {
                break;
            };
            if *oldest >= self.state.end.file || self.state.receipted + 1 < *next {
                break;
            }
            let mut bytes = 0_u64;
            for file in &files {
                bytes = bytes.saturating_add(self.storage.len(&file_name(*file))?);
            }
            let pruned = self.without(*oldest, now_ms)?;
            if pruned.sequence + 1 != *next {
                return Err(broken(pruned.sequence + 1, Damage::Missing));
            }
            if pruned.last_ms >= keep.since_ms && bytes <= keep.max_bytes {
                break;
            }
            self.storage.replace(ANCHOR, &pruned.to_bytes())?;
            self.pruned = Some(pruned);
            self.storage.remove(&file_name(*oldest))?;
        }
        Ok(self.first_kept() - before)
    }

    /// What was left out so far.
    #[must_use]
    pub const fn pruned(&self) -> Option<Pruned> {
        self.pruned
    }

    /// Number of the oldest entry that is there, or will be.
    #[must_use]
    pub fn first_kept(&self) -> u64 {
        self.pruned.map_or(1, |pruned| pruned.sequence + 1)
    }

    /// Removes what a crash has left of files behind the anchor.
    pub(super) fn finish_pruning(&mut self) -> Result<(), SpoolError> {
        let first = self.first_kept();
        for file in files(&self.storage)?
            .into_iter()
            .filter(|file| *file < first)
        {
            self.storage.remove(&file_name(file))?;
        }
        Ok(())
    }

    /// The anchor as it is without the oldest file, which is checked on the way: what is wrong is not
    /// swept away.
    fn without(&self, file: u64, now_ms: i64) -> Result<Pruned, SpoolError> {
        let mut state = self.pruned.map_or(State::EMPTY, |pruned| pruned.state());
        let (mut first_ms, mut last_ms) = (self.pruned.map(|pruned| pruned.first_ms), 0);
        let mut reader = FrameReader::new(&self.storage, &file_name(file), MAX_PAYLOAD_BYTES)?;
        let mut offset = FILE_HEADER_BYTES;
        loop {
            let (number, payload, end) = match reader.at(&self.storage, offset)? {
                Found::Frame {
                    number,
                    payload,
                    end,
                } => (number, payload, end),
                Found::End => break,
                _ => return Err(broken(state.sequence + 1, Damage::Changed)),
            };
            let record =
                Record::from_payload(payload).ok_or_else(|| broken(number, Damage::Changed))?;
            let place = |offset| Place { file, offset };
            state
                .apply(number, &record, place(offset), place(end))
                .map_err(|damage| broken(number, damage))?;
            if let Record::Entry { time_ms, .. } = record {
                first_ms = first_ms.or(Some(time_ms));
                last_ms = time_ms;
            }
            offset = end;
        }
        Ok(Pruned {
            sequence: state.sequence,
            hash: state.hash,
            first_ms: first_ms.unwrap_or(last_ms),
            last_ms,
            pruned_ms: now_ms,
            spool_up_to: state.spool_up_to,
            receipted: state.receipted,
        })
    }
}
