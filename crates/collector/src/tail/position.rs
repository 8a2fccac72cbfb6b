//! How far a file is read, in a way that survives renaming, truncation and restarts.

use std::collections::{BTreeSet, VecDeque};
use std::fs::File;
use std::io;
use std::os::unix::fs::{FileExt as _, MetadataExt as _};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

/// How much of a file's beginning identifies it, beside device and inode (which are given to a new
/// file once the old one is gone).
const HEAD_BYTES: usize = 256;
/// Most files whose positions are remembered; the longest unread are forgotten first.
pub const MAX_POSITIONS: usize = 1_024;

/// How far one file is read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Position {
    /// The path it was followed under; after rotation the file may have another name.
    pub path: PathBuf,
    /// Which file.
    pub file: FileId,
    /// Where the next unread line begins, in bytes.
    pub offset: u64,
}

/// What makes a file the same file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FileId {
    /// Device number.
    pub device: u64,
    /// Inode number.
    pub inode: u64,
    /// How many bytes of the beginning were hashed.
    pub head_bytes: usize,
    /// SHA-256 of them, hexadecimal.
    pub head_sha256: String,
}

impl FileId {
    /// Of an open file, with as much of its head as is there.
    pub(super) fn of(file: &File) -> io::Result<Self> {
        let metadata = file.metadata()?;
        let (head_bytes, head_sha256) = head(file, HEAD_BYTES)?;
        Ok(Self {
            device: metadata.dev(),
            inode: metadata.ino(),
            head_bytes,
            head_sha256,
        })
    }

    /// Whether `file` is the file this was made of, perhaps grown.
    pub(super) fn is(&self, file: &File) -> bool {
        let Ok(metadata) = file.metadata() else {
            return false;
        };
        (metadata.dev(), metadata.ino()) == (self.device, self.inode) && self.head_is_of(file)
    }

    /// Whether the beginning of `file` is still the one seen.
    pub(super) fn head_is_of(&self, file: &File) -> bool {
        head(file, self.head_bytes)
            .is_ok_and(|(bytes, hash)| bytes == self.head_bytes && hash == self.head_sha256)
    }

    /// Whether more of the head can be taken in, once the file has grown.
    pub(super) const fn is_short(&self) -> bool {
        self.head_bytes < HEAD_BYTES
    }
}

fn head(file: &File, wanted: usize) -> io::Result<(usize, String)> {
    let mut buffer = [0_u8; HEAD_BYTES];
    let mut have = 0;
    while have < wanted.min(HEAD_BYTES) {
        let place = buffer
            .get_mut(have..wanted.min(HEAD_BYTES))
            .unwrap_or_default();
        let offset = u64::try_from(have).unwrap_or(0);
        match file.read_at(place, offset) {
            Ok(0) => break,
            Ok(read) => have += read,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    let hash = Sha256::digest(buffer.get(..have).unwrap_or_default());
    Ok((have, data_encoding::HEXLOWER.encode(&hash)))
}

/// Every file ever read (the newest [`MAX_POSITIONS`]), and which of them are open now. A file keeps
/// its position whatever name it has, so rotation under a pattern that matches the old names too
/// reads nothing twice.
#[derive(Debug, Default)]
pub struct Seen {
    positions: VecDeque<Position>,
    open: BTreeSet<(u64, u64)>,
}

impl Seen {
    /// From the positions of an earlier run, longest unread first.
    #[must_use]
    pub fn new(positions: impl IntoIterator<Item = Position>) -> Self {
        let mut seen = Self::default();
        for position in positions {
            seen.note(position);
        }
        seen
    }

    /// Notes how far a file is read now.
    pub fn note(&mut self, position: Position) {
        let same = |one: &Position| {
            (one.file.device, one.file.inode) == (position.file.device, position.file.inode)
        };
        if let Some(at) = self.positions.iter().rposition(same) {
            self.positions.remove(at);
        }
        self.positions.push_back(position);
        if self.positions.len() > MAX_POSITIONS {
            self.positions.pop_front();
        }
    }

    /// All positions, longest unread first.
    pub fn positions(&self) -> impl Iterator<Item = &Position> {
        self.positions.iter()
    }

    /// How far `file` was read, under whatever name.
    pub(super) fn of(&self, file: &File) -> Option<&Position> {
        self.positions.iter().rev().find(|one| one.file.is(file))
    }

    /// The file last read under `path`.
    pub(super) fn last_under(&self, path: &Path) -> Option<&Position> {
        self.positions.iter().rev().find(|one| one.path == path)
    }

    /// Takes `file` for one reader; `false` when another has it.
    pub(super) fn claim(&mut self, file: &FileId) -> bool {
        self.open.insert((file.device, file.inode))
    }

    /// Gives `file` back.
    pub(super) fn release(&mut self, file: &FileId) {
        self.open.remove(&(file.device, file.inode));
    }
}
