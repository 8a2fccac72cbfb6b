//! The bytes of the ledger's records and of its head.
//!
//! Records are [frames](crate::frame) numbered with the entry they are about. Payload of an entry:
//!
//! | offset | bytes | |
//! |---|---|---|
//! | 0 | 1 | 1 |
//! | 1 | 8 | when it was made, milliseconds since the epoch, signed |
//! | 9 | 8 | number of the last spool frame in it |
//! | 17 | 32 | hash of the entry before; zeros for the first |
//! | 49 | 32 | hash of this entry |
//! | 81 | rest | body |
//!
//! Payload of a receipt: the byte 2, then the receipt.
//!
//! | offset | bytes | head |
//! |---|---|---|
//! | 0 | 8 | file header, `H` |
//! | 8 | 8 | number of the last entry |
//! | 16 | 32 | its hash |
//! | 48 | 8 | number of the last spool frame in it |
//! | 56 | 8 | number of the last entry with a receipt |
//! | 64 | 16 | where the records end: first number of the file, offset |
//! | 80 | 16 | where the first entry without receipt stands, likewise |
//! | 96 | 4 | CRC-32C of the bytes before |

use sha2::{Digest as _, Sha256};

use crate::frame::{FILE_HEADER_BYTES, file_header, le_u32, le_u64};

/// A SHA-256 hash.
pub type Hash = [u8; 32];

const ENTRY: u8 = 1;
const RECEIPT: u8 = 2;
/// Bytes of an entry's payload before its body.
pub const ENTRY_HEADER_BYTES: usize = 81;
/// Size of the head file.
pub const HEAD_BYTES: usize = 100;

/// The hash of an entry: SHA-256 over the hash of the entry before and the SHA-256 of the body,
/// 64 bytes together. A body can so be proved, or forgotten, without the others.
#[must_use]
pub fn chain_hash(previous: &Hash, body: &[u8]) -> Hash {
    let mut hash = Sha256::new();
    hash.update(previous);
    hash.update(Sha256::digest(body));
    hash.finalize().into()
}

/// 64 lower-case hexadecimal digits.
#[must_use]
pub fn hex(hash: &Hash) -> String {
    let mut text = String::with_capacity(64);
    for nibble in hash.iter().flat_map(|byte| [byte >> 4, byte & 15]) {
        text.extend(char::from_digit(u32::from(nibble), 16));
    }
    text
}

/// A record's payload, taken apart.
#[derive(Debug, PartialEq, Eq)]
pub enum Record<'a> {
    Entry {
        time_ms: i64,
        spool_up_to: u64,
        previous: Hash,
        hash: Hash,
        body: &'a [u8],
    },
    Receipt(&'a [u8]),
}

impl<'a> Record<'a> {
    pub fn from_payload(payload: &'a [u8]) -> Option<Self> {
        match *payload.first()? {
            ENTRY => Some(Self::Entry {
                time_ms: i64::from_le_bytes(payload.get(1..9)?.try_into().ok()?),
                spool_up_to: le_u64(payload, 9)?,
                previous: payload.get(17..49)?.try_into().ok()?,
                hash: payload.get(49..81)?.try_into().ok()?,
                body: payload.get(ENTRY_HEADER_BYTES..)?,
            }),
            RECEIPT => Some(Self::Receipt(payload.get(1..)?)),
            _ => None,
        }
    }

    pub fn to_payload(&self) -> Vec<u8> {
        match self {
            Self::Entry {
                time_ms,
                spool_up_to,
                previous,
                hash,
                body,
            } => {
                let mut payload = Vec::with_capacity(ENTRY_HEADER_BYTES + body.len());
                payload.push(ENTRY);
                payload.extend_from_slice(&time_ms.to_le_bytes());
                payload.extend_from_slice(&spool_up_to.to_le_bytes());
                payload.extend_from_slice(previous);
                payload.extend_from_slice(hash);
                payload.extend_from_slice(body);
                payload
            }
            Self::Receipt(bytes) => {
                let mut payload = Vec::with_capacity(1 + bytes.len());
                payload.push(RECEIPT);
                payload.extend_from_slice(bytes);
                payload
            }
        }
    }
}

/// A place in the ledger: the first number of a file, and an offset in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    pub file: u64,
    pub offset: u64,
}

impl Place {
    /// The first record of a file.
    pub const fn start_of(file: u64) -> Self {
        Self {
            file,
            offset: FILE_HEADER_BYTES,
        }
    }
}

/// Everything needed to go on without reading old records.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct State {
    pub sequence: u64,
    pub hash: Hash,
    pub spool_up_to: u64,
    pub receipted: u64,
    pub end: Place,
    pub waiting: Place,
}

impl State {
    /// An empty ledger.
    pub const EMPTY: Self = Self {
        sequence: 0,
        hash: [0; 32],
        spool_up_to: 0,
        receipted: 0,
        end: Place::start_of(1),
        waiting: Place::start_of(1),
    };

    pub fn to_bytes(self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(HEAD_BYTES);
        bytes.extend_from_slice(&file_header(b'H'));
        bytes.extend_from_slice(&self.sequence.to_le_bytes());
        bytes.extend_from_slice(&self.hash);
        for number in [
            self.spool_up_to,
            self.receipted,
            self.end.file,
            self.end.offset,
            self.waiting.file,
            self.waiting.offset,
        ] {
            bytes.extend_from_slice(&number.to_le_bytes());
        }
        bytes.extend_from_slice(&crc32c::crc32c(&bytes).to_le_bytes());
        bytes
    }

    /// `None` when the bytes are not a head of this version.
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let body = bytes.get(..HEAD_BYTES - 4)?;
        let sound = bytes.len() == HEAD_BYTES
            && body.starts_with(&file_header(b'H'))
            && le_u32(bytes, HEAD_BYTES - 4)? == crc32c::crc32c(body);
        let place = |offset: usize| {
            Some(Place {
                file: le_u64(bytes, offset)?,
                offset: le_u64(bytes, offset + 8)?,
            })
        };
        let state = Self {
            sequence: le_u64(bytes, 8)?,
            hash: bytes.get(16..48)?.try_into().ok()?,
            spool_up_to: le_u64(bytes, 48)?,
            receipted: le_u64(bytes, 56)?,
            end: place(64)?,
            waiting: place(80)?,
        };
        sound.then_some(state)
    }

    /// Takes a record that ends at `end` into account; the number of the entry it is about, and what
    /// is wrong with it, if it does not follow.
    pub fn apply(
        &mut self,
        number: u64,
        record: &Record<'_>,
        start: Place,
        end: Place,
    ) -> Result<(), Damage> {
        match record {
            Record::Entry {
                spool_up_to,
                previous,
                hash,
                body,
                ..
            } => {
                if number != self.sequence + 1 {
                    return Err(if number > self.sequence {
                        Damage::Missing
                    } else {
                        Damage::Reordered
                    });
                }
                if *previous != self.hash || *hash != chain_hash(previous, body) {
                    return Err(Damage::Changed);
                }
                if self.receipted == self.sequence {
                    self.waiting = start;
                }
                self.sequence = number;
                self.hash = *hash;
                self.spool_up_to = *spool_up_to;
            }
            Record::Receipt(_) => {
                if number > self.sequence {
                    return Err(Damage::Missing);
                }
                if number != self.receipted + 1 {
                    return Err(Damage::Reordered);
                }
                self.receipted = number;
            }
        }
        self.end = end;
        Ok(())
    }
}

/// What is wrong with a ledger.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Damage {
    /// Bytes are not what was written.
    Changed,
    /// A record is not there.
    Missing,
    /// A record stands where another belongs.
    Reordered,
    /// The ledger ends before its head.
    Truncated,
    /// The head itself is damaged or missing.
    Head,
    /// A file was written by a newer version of the program.
    Version,
    /// What says where the records that are left begin is damaged.
    Anchor,
}

impl Damage {
    /// Every kind, in order.
    pub const ALL: [Self; 7] = [
        Self::Changed,
        Self::Missing,
        Self::Reordered,
        Self::Truncated,
        Self::Head,
        Self::Version,
        Self::Anchor,
    ];

    /// The stable code for logs, `--json` and the catalogue of words.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Changed => "changed",
            Self::Missing => "missing",
            Self::Reordered => "reordered",
            Self::Truncated => "truncated",
            Self::Head => "head",
            Self::Version => "version",
            Self::Anchor => "anchor",
        }
    }
}
