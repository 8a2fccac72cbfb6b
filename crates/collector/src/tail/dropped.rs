//! Folders that whole files are put into: an archive, an export, what another program uploads. A file is
//! read once it has stopped growing, and moved or deleted once a checkpoint that counts it is on disk, so
//! that no end of the collector loses a line or counts one twice.
//!
//! Read: lines, plain, gzip or zstd, known by their first bytes. Names that begin with a dot or end in
//! `.part`, `.tmp` or `.filepart` are still being sent.
//!
//! | limit | | beyond |
//! |---|---|---|
//! | unpacked | 1,000 times the file and 16 MiB | the rest is not read, and counted once |
//! | zstd window | 8 MiB | the same |
//! | files looked at in one folder | `limits.files` | later |

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{self, BufReader, Read, Seek as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use flate2::bufread::MultiGzDecoder;
use larum_link::clock::Clock;
use tokio::sync::{mpsc, watch};

use super::pattern;
use super::position::{FileId, Position};
use crate::board::Board;
use crate::chunk::{Chunk, FULL_CHUNK_BYTES, MAX_RECORD_BYTES, Mark};
use crate::config::{Afterwards, FolderInput};
use crate::frame::{Framer, Framing};
use crate::legend::FileLegend;
use crate::reason::Dropped;
use crate::stop::until_stopped;
use crate::tally::Source;

/// The folder beside a file that is moved when it is dealt with.
pub const DONE_FOLDER: &str = "done";
/// How often folders are looked at.
const LOOK_EVERY: Duration = Duration::from_millis(500);
/// How long a file must not have changed.
const SETTLED: Duration = Duration::from_secs(2);
const MAX_UNPACKED_TIMES: u64 = 1_000;
const MAX_UNPACKED_BYTES: u64 = 16 << 20;
const MAX_WINDOW_LOG: u32 = 23;
const UNFINISHED: [&str; 3] = [".part", ".tmp", ".filepart"];

/// Reads what is put into folders.
pub(crate) struct Folders {
    pub(crate) inputs: Vec<FolderInput>,
    pub(crate) max_files: usize,
    pub(crate) board: Arc<Board>,
    pub(crate) clock: Clock,
    /// What files looked like, and since when.
    pub(crate) seen: BTreeMap<PathBuf, (Look, Instant)>,
    /// Read to the end, and not counted by a checkpoint on disk yet.
    pub(crate) read: Vec<(Position, Afterwards)>,
}

/// A file from outside: size and time of the last change.
type Look = (u64, Option<SystemTime>);

/// The collector stops.
struct Stopped;

impl Folders {
    /// Looks at the folders until `stop` changes. Waits while the queue is full.
    pub(crate) async fn run(mut self, queue: mpsc::Sender<Chunk>, mut stop: watch::Receiver<bool>) {
        loop {
            for (path, afterwards) in self.settled() {
                self.board.set_unpacking(true);
                let read = self.file(&path, afterwards, &queue, &mut stop).await;
                self.board.set_unpacking(false);
                match read {
                    Ok(Ok(())) => {}
                    // It is looked at again.
                    Ok(Err(_)) => tracing::warn!("a file in a folder cannot be read"),
                    Err(Stopped) => return,
                }
            }
            self.put_away();
            tokio::select! {
                () = until_stopped(&mut stop) => return,
                () = tokio::time::sleep(LOOK_EVERY) => {}
            }
        }
    }

    /// Files that have stopped growing and were not read yet.
    fn settled(&mut self) -> Vec<(PathBuf, Afterwards)> {
        let mut settled = Vec::new();
        let mut seen = BTreeMap::new();
        for input in &self.inputs {
            for path in pattern::matches(&input.path, self.max_files) {
                let name = path.to_string_lossy();
                if UNFINISHED.iter().any(|ending| name.ends_with(ending)) {
                    continue;
                }
                let Ok(metadata) = fs::metadata(&path) else {
                    continue;
                };
                let look = (metadata.len(), metadata.modified().ok());
                let since = match self.seen.get(&path) {
                    Some((before, since)) if *before == look => *since,
                    _ => Instant::now(),
                };
                let waits = self.read.iter().any(|(read, _)| read.path == path);
                if since.elapsed() >= SETTLED && !waits {
                    settled.push((path.clone(), input.afterwards));
                }
                seen.insert(path, (look, since));
            }
        }
        self.seen = seen;
        settled
    }

    async fn file(
        &mut self,
        path: &Path,
        afterwards: Afterwards,
        queue: &mpsc::Sender<Chunk>,
        stop: &mut watch::Receiver<bool>,
    ) -> Result<io::Result<()>, Stopped> {
        let mut reading = match self.open(path) {
            Ok(reading) => reading,
            Err(error) => return Ok(Err(error)),
        };
        loop {
            let (chunk, ended) = reading.next(&self.clock);
            if !chunk.is_empty() || ended {
                tokio::select! {
                    sent = queue.send(chunk) => sent.map_err(|_| Stopped)?,
                    // The position is only kept for chunks handed on; this one is read again.
                    () = until_stopped(stop) => return Err(Stopped),
                }
            }
            if ended {
                break;
            }
        }
        if reading.broken {
            let source = Source::Named(path.to_string_lossy().into());
            let now = self.clock.now();
            self.board.dropped(&source, Dropped::NotUnpacked, 1, now);
        }
        self.read.push((reading.position(), afterwards));
        Ok(Ok(()))
    }

    /// Opens `path` after what the checkpoint already counts of it.
    fn open(&self, path: &Path) -> io::Result<Reading> {
        let file = File::open(path)?;
        let id = FileId::of(&file)?;
        let known = self.board.lock().positions.of(&file).cloned();
        let skip = known.map_or(0, |position| position.offset);
        let (body, legend) = unpacked(file, skip)?;
        let mut reading = Reading {
            path: path.to_owned(),
            source: Source::Named(path.to_string_lossy().into()),
            id,
            legend,
            body,
            framer: Framer::new(Framing::Lines, MAX_RECORD_BYTES),
            buffer: vec![0; FULL_CHUNK_BYTES],
            offset: skip,
            broken: false,
        };
        let skipped = io::copy(&mut reading.body.by_ref().take(skip), &mut io::sink());
        reading.broken = skipped.is_ok_and(|skipped| skipped < skip);
        Ok(reading)
    }

    /// Moves or deletes what a checkpoint on disk counts to its end.
    fn put_away(&mut self) {
        let saved = self.board.lock().saved_positions.clone();
        let counted = |position: &Position| {
            let same = saved.iter().filter(|one| one.file == position.file);
            same.map(|one| one.offset).max() >= Some(position.offset)
        };
        self.read.retain(|(position, afterwards)| {
            if !counted(position) {
                return true;
            }
            if put_away(&position.path, *afterwards).is_err() {
                tracing::warn!("a file that was read can be neither moved nor deleted");
            }
            // One that is still there is known by its position, and not read again.
            false
        });
    }
}

fn put_away(path: &Path, afterwards: Afterwards) -> io::Result<()> {
    match afterwards {
        Afterwards::Keep => Ok(()),
        Afterwards::Delete => fs::remove_file(path),
        Afterwards::Move => {
            let folder = path.parent().unwrap_or(Path::new(".")).join(DONE_FOLDER);
            fs::create_dir_all(&folder)?;
            let name = path.file_name().unwrap_or_default();
            let mut to = folder.join(name);
            for number in 1..1_000 {
                if !to.exists() {
                    break;
                }
                let mut other = name.to_owned();
                other.push(format!(".{number}"));
                to = folder.join(other);
            }
            fs::rename(path, to)
        }
    }
}

/// One file being read.
struct Reading {
    path: PathBuf,
    source: Source,
    id: FileId,
    legend: FileLegend,
    body: Box<dyn Read + Send>,
    framer: Framer,
    buffer: Vec<u8>,
    /// Unpacked bytes read.
    offset: u64,
    /// It could not be read to its end.
    broken: bool,
}

impl Reading {
    /// The next chunk, and whether it is the last.
    fn next(&mut self, clock: &Clock) -> (Chunk, bool) {
        let mut chunk = Chunk::new(clock.now(), false);
        chunk.legend = Some(self.legend.clone());
        let read = self.body.read(&mut self.buffer);
        self.broken |= read.is_err();
        let read = read.unwrap_or(0);
        self.framer
            .push(self.buffer.get(..read).unwrap_or_default(), |record| {
                chunk.push(&self.source, record);
            });
        if read == 0 {
            self.framer
                .finish(|record| chunk.push(&self.source, record));
        }
        self.offset += u64::try_from(read).unwrap_or(0);
        chunk.mark = Some(Mark::File(self.position()));
        (chunk, read == 0)
    }

    fn position(&self) -> Position {
        Position {
            path: self.path.clone(),
            file: self.id.clone(),
            offset: self.offset.saturating_sub(self.framer.unfinished_bytes()),
        }
    }
}

/// The text in a file, bounded, and what its beginning says about columns.
fn unpacked(mut file: File, skip: u64) -> io::Result<(Box<dyn Read + Send>, FileLegend)> {
    let mut head = [0; 4];
    let mut have = 0;
    while have < head.len() {
        match file.read(head.get_mut(have..).unwrap_or_default())? {
            0 => break,
            read => have += read,
        }
    }
    file.rewind()?;
    let most = file.metadata()?.len().saturating_mul(MAX_UNPACKED_TIMES);
    let most = most.saturating_add(MAX_UNPACKED_BYTES);
    let bounded = |body: Box<dyn Read + Send>| Box::new(Bounded { body, left: most });
    Ok(match head {
        [0x1f, 0x8b, ..] => {
            let body = MultiGzDecoder::new(BufReader::new(file));
            (bounded(Box::new(body)), FileLegend::empty())
        }
        [0x28, 0xb5, 0x2f, 0xfd] => {
            let mut body = zstd::Decoder::new(file)?;
            body.window_log_max(MAX_WINDOW_LOG)?;
            (bounded(Box::new(body)), FileLegend::empty())
        }
        _ => {
            let legend = FileLegend::of(&file, skip);
            (Box::new(file), legend)
        }
    })
}

/// Ends with an error where a packed file goes beyond its bound.
struct Bounded {
    body: Box<dyn Read + Send>,
    left: u64,
}

impl Read for Bounded {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.body.read(buffer)?;
        let bytes = u64::try_from(read).unwrap_or(u64::MAX);
        self.left = self
            .left
            .checked_sub(bytes)
            .ok_or_else(|| io::Error::other("it unpacks to far too much"))?;
        Ok(read)
    }
}
