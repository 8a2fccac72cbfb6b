//! How far the spool has been emptied: one small file, replaced whole.
//!
//! | offset | bytes | |
//! |---|---|---|
//! | 0 | 8 | file header, `C`, version 2, as in [`frame`](crate::frame) |
//! | 8 | 8 | number of the last frame no longer needed |
//! | 16 | 8 | frames released because they were handed on |
//! | 24 | 8 | frames dropped by the quota |
//! | 32 | 8 | frames lost to damage |
//! | 40 | 8 | frames dropped because the disk ran low |
//! | 48 | 8 | frames dropped because they were too old |
//! | 56 | 4 | CRC-32C of the bytes before |
//!
//! Version 1 ended after the frames lost to damage, with the CRC at 40; it is still read.
//! The first number is always the sum of the others, so that no frame can vanish uncounted.

use crate::frame::{file_header_of, le_u32, le_u64, version_of};

/// Name of the file.
pub const NAME: &str = "cursor";
/// Version written.
const VERSION: u8 = 2;
/// Size of the file.
pub const BYTES: usize = 60;
/// Size of a file of version 1.
const BYTES_OF_VERSION_1: usize = 44;

/// See the module.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Cursor {
    pub released: u64,
    pub handed_on: u64,
    pub quota: u64,
    pub damaged: u64,
    pub room: u64,
    pub age: u64,
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
        bytes.extend_from_slice(&file_header_of(VERSION, b'C'));
        for number in [
            self.released,
            self.handed_on,
            self.quota,
            self.damaged,
            self.room,
            self.age,
        ] {
            bytes.extend_from_slice(&number.to_le_bytes());
        }
        bytes.extend_from_slice(&crc32c::crc32c(&bytes).to_le_bytes());
        bytes
    }

    /// From the file's bytes.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, Unusable> {
        match version_of(bytes, b'C') {
            Some(1) => Self::decode(bytes, BYTES_OF_VERSION_1).ok_or(Unusable::Damaged),
            Some(VERSION) => Self::decode(bytes, BYTES).ok_or(Unusable::Damaged),
            Some(_) => Err(Unusable::Version),
            None => Err(Unusable::Damaged),
        }
    }

    fn decode(bytes: &[u8], size: usize) -> Option<Self> {
        let body = bytes.get(..size - 4)?;
        let sound = bytes.len() == size && le_u32(bytes, size - 4)? == crc32c::crc32c(body);
        let cursor = Self {
            released: le_u64(body, 8)?,
            handed_on: le_u64(body, 16)?,
            quota: le_u64(body, 24)?,
            damaged: le_u64(body, 32)?,
            room: le_u64(body, 40).unwrap_or(0),
            age: le_u64(body, 48).unwrap_or(0),
        };
        sound.then_some(cursor)
    }
}
