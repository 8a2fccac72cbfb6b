//! Frames in a file: what the spool and the ledger share.
//!
//! A file is an 8-byte header and then frames, back to back. Numbers are little endian.
//!
//! | offset | bytes | file header |
//! |---|---|---|
//! | 0 | 1 | version, 1 |
//! | 1 | 1 | what the file holds: `S` spool, `L` ledger |
//! | 2 | 2 | zeros |
//! | 4 | 4 | CRC-32C of the four bytes before, so that rubbish is not taken for a newer version |
//!
//! | offset | bytes | frame |
//! |---|---|---|
//! | 0 | 4 | length of the payload |
//! | 4 | 4 | CRC-32C over the length, the number and the payload |
//! | 8 | 8 | number, from 1 |
//! | 16 | length | payload |
//!
//! Standard: CRC-32C (Castagnoli), RFC 3720 section 12.1. A stretch of zeros, as a file system may
//! leave after a crash, is no frame: number 0 is never given.

use std::io;

use crate::storage::Storage;

/// Bytes before the first frame.
pub const FILE_HEADER_BYTES: u64 = 8;
/// Bytes before a payload.
pub const FRAME_HEADER_BYTES: usize = 16;
/// Version written.
pub const VERSION: u8 = 1;
/// Most bytes asked of the storage at a time.
const READ_BYTES: usize = 64 * 1024;

/// The header of a file of this version that holds `what`.
#[must_use]
pub fn file_header(what: u8) -> [u8; 8] {
    file_header_of(VERSION, what)
}

/// The header of a file of any version; it looks the same in all.
#[must_use]
pub fn file_header_of(version: u8, what: u8) -> [u8; 8] {
    let [a, b, c, d] = crc32c::crc32c(&[version, what, 0, 0]).to_le_bytes();
    [version, what, 0, 0, a, b, c, d]
}

/// The version in a file header; `None` if the bytes do not start with the header of a file that
/// holds `what`.
#[must_use]
pub fn version_of(bytes: &[u8], what: u8) -> Option<u8> {
    let version = *bytes.first()?;
    bytes
        .starts_with(&file_header_of(version, what))
        .then_some(version)
}

/// Appends a frame to `out`.
pub fn write_frame(number: u64, payload: &[u8], out: &mut Vec<u8>) {
    // Callers have a limit far below 4 GiB; a longer payload would be refused on reading.
    let length = u32::try_from(payload.len())
        .unwrap_or(u32::MAX)
        .to_le_bytes();
    let number = number.to_le_bytes();
    out.reserve(FRAME_HEADER_BYTES + payload.len());
    out.extend_from_slice(&length);
    out.extend_from_slice(&checksum(&length, &number, payload).to_le_bytes());
    out.extend_from_slice(&number);
    out.extend_from_slice(payload);
}

fn checksum(length: &[u8], number: &[u8], payload: &[u8]) -> u32 {
    let sum = crc32c::crc32c(length);
    let sum = crc32c::crc32c_append(sum, number);
    crc32c::crc32c_append(sum, payload)
}

/// What stands at a place in a file.
#[derive(Debug, PartialEq, Eq)]
pub enum Found<'a> {
    /// A whole frame; the next one starts at `end`.
    Frame {
        /// Its number.
        number: u64,
        /// Its payload.
        payload: &'a [u8],
        /// Offset of the byte after it.
        end: u64,
    },
    /// The end of the file, exactly after a frame.
    End,
    /// The file ends inside what may be a frame.
    CutOff,
    /// No frame: damaged.
    Damaged,
}

/// Reads frames of one file forwards, with one buffer.
#[derive(Debug)]
pub struct FrameReader {
    name: String,
    len_bytes: u64,
    payload_limit_bytes: usize,
    buffer: Vec<u8>,
    /// Offset in the file of the first byte in `buffer`.
    at: u64,
}

impl FrameReader {
    /// A reader of the file `name`, refusing payloads above the limit.
    ///
    /// # Errors
    /// When its size cannot be read.
    pub fn new<S: Storage>(
        storage: &S,
        name: &str,
        payload_limit_bytes: usize,
    ) -> io::Result<Self> {
        Ok(Self {
            name: name.to_owned(),
            len_bytes: storage.len(name)?,
            payload_limit_bytes,
            buffer: Vec::new(),
            at: 0,
        })
    }

    /// Size of the file when the reader was made.
    #[must_use]
    pub const fn len_bytes(&self) -> u64 {
        self.len_bytes
    }

    /// The version in the file header; `None` if there is no header of a file that holds `what`.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn version<S: Storage>(&mut self, storage: &S, what: u8) -> io::Result<Option<u8>> {
        let header = self.bytes(storage, 0, 8)?;
        Ok(header.and_then(|header| version_of(header, what)))
    }

    /// What stands at `offset`.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn at<S: Storage>(&mut self, storage: &S, offset: u64) -> io::Result<Found<'_>> {
        if offset == self.len_bytes {
            return Ok(Found::End);
        }
        let limit = self.payload_limit_bytes;
        let Some(header) = self.bytes(storage, offset, FRAME_HEADER_BYTES)? else {
            return Ok(Found::CutOff);
        };
        let (Some(length), Some(number)) = (le_u32(header, 0), le_u64(header, 8)) else {
            return Ok(Found::CutOff);
        };
        let length = usize::try_from(length).unwrap_or(usize::MAX);
        if number == 0 || length > limit {
            return Ok(Found::Damaged);
        }
        let total = FRAME_HEADER_BYTES + length;
        let Some(frame) = self.bytes(storage, offset, total)? else {
            return Ok(Found::CutOff);
        };
        let (Some(stated), Some(length), Some(raw_number), Some(payload)) = (
            le_u32(frame, 4),
            frame.get(0..4),
            frame.get(8..16),
            frame.get(FRAME_HEADER_BYTES..),
        ) else {
            return Ok(Found::CutOff);
        };
        if stated != checksum(length, raw_number, payload) {
            return Ok(Found::Damaged);
        }
        Ok(Found::Frame {
            number,
            payload,
            end: offset + total as u64,
        })
    }

    /// The next place after `offset` where a whole frame with a number in `numbers` stands, for
    /// rescuing what lies behind damage.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn resume<S: Storage>(
        &mut self,
        storage: &S,
        offset: u64,
        numbers: std::ops::Range<u64>,
    ) -> io::Result<Option<u64>> {
        let limit = u32::try_from(self.payload_limit_bytes).unwrap_or(u32::MAX);
        let mut place = offset.max(FILE_HEADER_BYTES - 1) + 1;
        while let Some(header) = self.bytes(storage, place, FRAME_HEADER_BYTES)? {
            let plausible = le_u32(header, 0).is_some_and(|length| length <= limit)
                && le_u64(header, 8).is_some_and(|number| numbers.contains(&number));
            if plausible && matches!(self.at(storage, place)?, Found::Frame { .. }) {
                return Ok(Some(place));
            }
            place += 1;
        }
        Ok(None)
    }

    /// `count` bytes from `offset`; `None` if the file ends before.
    fn bytes<S: Storage>(
        &mut self,
        storage: &S,
        offset: u64,
        count: usize,
    ) -> io::Result<Option<&[u8]>> {
        let end = offset.saturating_add(count as u64);
        if end > self.len_bytes {
            return Ok(None);
        }
        let buffered = self.at..=self.at.saturating_add(self.buffer.len() as u64);
        if !(buffered.contains(&offset) && buffered.contains(&end)) {
            let remaining = usize::try_from(self.len_bytes - offset).unwrap_or(usize::MAX);
            self.buffer.resize(count.max(READ_BYTES.min(remaining)), 0);
            let read = storage.read(&self.name, offset, &mut self.buffer)?;
            self.buffer.truncate(read);
            self.at = offset;
        }
        let start = usize::try_from(offset - self.at).unwrap_or(usize::MAX);
        Ok(self.buffer.get(start..start.saturating_add(count)))
    }
}

/// A little-endian number at `offset`.
#[must_use]
pub fn le_u32(bytes: &[u8], offset: usize) -> Option<u32> {
    let field = bytes.get(offset..offset.checked_add(4)?)?;
    Some(u32::from_le_bytes(field.try_into().ok()?))
}

/// A little-endian number at `offset`.
#[must_use]
pub fn le_u64(bytes: &[u8], offset: usize) -> Option<u64> {
    let field = bytes.get(offset..offset.checked_add(8)?)?;
    Some(u64::from_le_bytes(field.try_into().ok()?))
}
