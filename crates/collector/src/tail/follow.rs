//! One followed path: the file that now has that name, and those that had it before and may still be
//! written to.

use std::collections::VecDeque;
use std::fs::{self, File};
use std::io::{self, Read as _, Seek as _, SeekFrom};
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use crate::chunk::MAX_RECORD_BYTES;
use larum_core::time::Timestamp;

use super::position::{FileId, Position, Seen};
use crate::chunk::{Chunk, Mark};
use crate::config::Start;
use crate::frame::{Framer, Framing};
use crate::legend::FileLegend;
use crate::tally::Source;

/// A file that lost its name is read on for so long after its last new byte: programs go on writing
/// to it until they are told to open the new one.
const LINGER: Duration = Duration::from_secs(5);
/// Files of one path that are read on after rotation.
const MAX_OLD: usize = 4;
/// Entries of a folder searched for a file that was renamed while the collector was down.
const MAX_ENTRIES: usize = 10_000;

/// Follows one path.
pub(super) struct Follower {
    path: PathBuf,
    source: Source,
    /// Files that had the name before, oldest first.
    old: VecDeque<Reading>,
    current: Option<Reading>,
}

/// What a look at a path found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Turn {
    /// There may be more to read at once.
    More,
    /// Read to the end for now.
    Waiting,
    /// No file of that name is left and all is read.
    Gone,
}

struct Reading {
    file: File,
    id: FileId,
    legend: FileLegend,
    framer: Framer,
    /// Bytes read so far.
    read_bytes: u64,
    last_byte: Instant,
}

impl Follower {
    /// Begins to follow `path` where it was left, else at `start`. `None` when it cannot be opened,
    /// or when another path has the file (it was just renamed).
    pub(super) fn open(path: &Path, seen: &mut Seen, start: Start) -> Option<Self> {
        let mut follower = Self {
            source: Source::Named(path.to_string_lossy().into()),
            path: path.to_owned(),
            old: VecDeque::new(),
            current: None,
        };
        let last = seen.last_under(path).cloned();
        let never_seen = last.is_none();
        let start = if never_seen { start } else { Start::Beginning };
        let file = File::open(path).ok()?;
        follower.current = Some(Reading::of(file, seen, start)?);
        let renamed = last.and_then(|last| find_renamed(path, &last));
        let old = renamed.and_then(|file| Reading::of(file, seen, Start::Beginning));
        follower.old.extend(old);
        Some(follower)
    }

    /// Reads at most one chunk, as long as `buffer`, oldest file first.
    pub(super) fn turn(
        &mut self,
        now: Timestamp,
        seen: &mut Seen,
        buffer: &mut [u8],
    ) -> (Option<Chunk>, Turn) {
        if let Some(old) = self.old.front_mut() {
            let mut chunk = Chunk::new(now, false);
            chunk.legend = Some(old.legend.clone());
            let read = old.read(buffer, &self.source, &mut chunk);
            let finished = read == 0 && old.last_byte.elapsed() >= LINGER;
            if finished {
                old.framer.finish(|record| chunk.push(&self.source, record));
            }
            if read > 0 || finished {
                chunk.mark = Some(Mark::File(old.position(&self.path)));
                if finished {
                    seen.release(&old.id);
                    self.old.pop_front();
                }
                return (Some(chunk), Turn::More);
            }
        }
        self.turn_current(now, seen, buffer)
    }

    fn turn_current(
        &mut self,
        now: Timestamp,
        seen: &mut Seen,
        buffer: &mut [u8],
    ) -> (Option<Chunk>, Turn) {
        let Some(current) = &mut self.current else {
            return (None, self.look_for_new(seen));
        };
        let mut chunk = Chunk::new(now, false);
        chunk.legend = Some(current.legend.clone());
        if current.was_truncated() {
            // What was there without its line end is a record too; then the file begins anew.
            current
                .framer
                .finish(|record| chunk.push(&self.source, record));
            if current.begin_anew().is_ok() {
                chunk.mark = Some(Mark::File(current.position(&self.path)));
            }
            return (Some(chunk), Turn::More);
        }
        let read = current.read(buffer, &self.source, &mut chunk);
        if read > 0 {
            chunk.mark = Some(Mark::File(current.position(&self.path)));
            return (Some(chunk), Turn::More);
        }
        if current.still_has_name(&self.path) {
            return (None, Turn::Waiting);
        }
        self.old.extend(self.current.take());
        while self.old.len() > MAX_OLD {
            if let Some(oldest) = self.old.pop_front() {
                seen.release(&oldest.id);
            }
        }
        (None, self.look_for_new(seen))
    }

    fn look_for_new(&mut self, seen: &mut Seen) -> Turn {
        let Ok(file) = File::open(&self.path) else {
            return if self.old.is_empty() {
                Turn::Gone
            } else {
                Turn::Waiting
            };
        };
        self.current = Reading::of(file, seen, Start::Beginning);
        if self.current.is_some() {
            Turn::More
        } else {
            Turn::Waiting
        }
    }
}

impl Reading {
    /// Opens `file` where it was left, else at `start`; `None` when it is being read already.
    fn of(file: File, seen: &mut Seen, start: Start) -> Option<Self> {
        let length = file.metadata().ok()?.len();
        let offset = match (seen.of(&file), start) {
            // Shorter than what was read: it was truncated meanwhile, and begins anew.
            (Some(position), _) if position.offset <= length => position.offset,
            (None, Start::End) => length,
            _ => 0,
        };
        let reading = Self::at(file, offset).ok()?;
        seen.claim(&reading.id).then_some(reading)
    }

    fn at(mut file: File, offset: u64) -> io::Result<Self> {
        file.seek(SeekFrom::Start(offset))?;
        Ok(Self {
            id: FileId::of(&file)?,
            legend: FileLegend::of(&file, offset),
            file,
            framer: Framer::new(Framing::Lines, MAX_RECORD_BYTES),
            read_bytes: offset,
            last_byte: Instant::now(),
        })
    }

    /// Reads what is there, at most one buffer; how many bytes. An unreadable file counts as having
    /// nothing new: it is looked at again.
    fn read(&mut self, buffer: &mut [u8], source: &Source, chunk: &mut Chunk) -> usize {
        let Ok(bytes @ 1..) = self.file.read(buffer) else {
            return 0;
        };
        self.framer
            .push(buffer.get(..bytes).unwrap_or_default(), |record| {
                chunk.push(source, record);
            });
        self.read_bytes += u64::try_from(bytes).unwrap_or(0);
        self.last_byte = Instant::now();
        if self.id.is_short()
            && let Ok(id) = FileId::of(&self.file)
        {
            self.id = id;
        }
        bytes
    }

    fn position(&self, path: &Path) -> Position {
        Position {
            path: path.to_owned(),
            file: self.id.clone(),
            offset: self
                .read_bytes
                .saturating_sub(self.framer.unfinished_bytes()),
        }
    }

    /// Shorter than what was read, or grown again over a different beginning.
    fn was_truncated(&self) -> bool {
        let Ok(metadata) = self.file.metadata() else {
            return false;
        };
        metadata.len() < self.read_bytes
            || (metadata.len() > self.read_bytes && !self.id.head_is_of(&self.file))
    }

    fn begin_anew(&mut self) -> io::Result<()> {
        self.file.seek(SeekFrom::Start(0))?;
        self.read_bytes = 0;
        self.framer = Framer::new(Framing::Lines, MAX_RECORD_BYTES);
        self.id = FileId::of(&self.file)?;
        self.legend = FileLegend::of(&self.file, 0);
        Ok(())
    }

    fn still_has_name(&self, path: &Path) -> bool {
        fs::metadata(path).is_ok_and(|metadata| {
            (metadata.dev(), metadata.ino()) == (self.id.device, self.id.inode)
        })
    }
}

/// The file of `position` under its new name in the same folder.
fn find_renamed(path: &Path, position: &Position) -> Option<File> {
    let folder = path
        .parent()
        .filter(|folder| !folder.as_os_str().is_empty());
    fs::read_dir(folder.unwrap_or(Path::new(".")))
        .ok()?
        .take(MAX_ENTRIES)
        .filter_map(Result::ok)
        .filter(|entry| {
            entry
                .metadata()
                .is_ok_and(|metadata| metadata.is_file() && metadata.ino() == position.file.inode)
        })
        .find_map(|entry| {
            File::open(entry.path())
                .ok()
                .filter(|file| position.file.is(file))
        })
}
