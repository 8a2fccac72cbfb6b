//! How far the spool has been emptied: one small file, replaced whole.
//!
//! | offset | bytes | |
//! |---|---|---|
//! | 0 | 8 | file header, `C`, as in [`frame`](crate::frame) |
//! | 8 | 8 | number of the last frame no longer needed |
//! | 16 | 8 | frames released because they were handed on |
//! | 24 | 8 | frames dropped by the quota |
//! | 32 | 8 | frames lost to damage |
//! | 40 | 4 | CRC-32C of the bytes before |
//!
//! The first number is always the sum of the other three, so that no frame can vanish uncounted.

use crate::frame::{VERSION, file_header, le_u32, le_u64, version_of};

/// Name of the file.
pub const NAME: &str = "cursor";
/// Size of the file.
pub const BYTES: usize = 44;

/// See the module.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Cursor {
    pub released: u64,
    pub handed_on: u64,
    pub quota: u64,
    pub damaged: u64,
}

/// Why a cursor cannot be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unusable {
    /// Damaged: it must be rebuilt.
    Damaged,
    /// Written by a newer program.
    Version,
}

impl Cursor {
    /// The file's bytes.
    pub fn to_bytes(self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(BYTES);
        bytes.extend_from_slice(&file_header(b'C'));
        for number in [self.released, self.handed_on, self.quota, self.damaged] {
            bytes.extend_from_slice(&number.to_le_bytes());
        }
        bytes.extend_from_slice(&crc32c::crc32c(&bytes).to_le_bytes());
        bytes
    }

    /// From the file's bytes.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, Unusable> {
        if version_of(bytes, b'C').is_some_and(|version| version > VERSION) {
            return Err(Unusable::Version);
        }
        Self::decode(bytes).ok_or(Unusable::Damaged)
    }

    fn decode(bytes: &[u8]) -> Option<Self> {
        let body = bytes.get(..BYTES - 4)?;
        let sound = bytes.len() == BYTES
            && body.starts_with(&file_header(b'C'))
            && le_u32(bytes, BYTES - 4)? == crc32c::crc32c(body);
        let cursor = Self {
            released: le_u64(bytes, 8)?,
            handed_on: le_u64(bytes, 16)?,
            quota: le_u64(bytes, 24)?,
            damaged: le_u64(bytes, 32)?,
        };
        sound.then_some(cursor)
    }
}
