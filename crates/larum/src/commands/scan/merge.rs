//! Several files as one input in record time.
//!
//! Files are opened when the merge reaches the time of their first event, so that a year of rotated
//! logs needs no more memory than two of them; among equal times the order of names decides. The
//! findings therefore depend neither on the order of the arguments nor on the number of workers.

use std::collections::VecDeque;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::mpsc::Receiver;

use larum_core::clock::Years;
use larum_core::detect::Observation;
use larum_core::parse::Legend;
use larum_core::report::Tally;
use larum_core::time::Timestamp;
use larum_packet::flow::Counts;

use super::chunks::Chunks;
use super::parts::{self, Meters, Share};
use super::pool::{Batch, Piece, Pool, Work};
use super::turn::{Filled, Outcome, Sorted, Told};
use crate::packets::{Block, Blocks};
use crate::recording;

/// Files read at the same time, at most. When more than this overlap in time, the later ones wait.
const MAX_OPEN: usize = 64;

/// A file that waits for its time.
struct Waiting {
    path: PathBuf,
    starts: Option<Timestamp>,
    /// Standard input cannot be opened twice.
    opened: Option<(Source, First)>,
    years: Years,
}

impl Waiting {
    fn new(path: PathBuf, source: Source, first: First, work: &Work) -> Self {
        let is_stdin = is_stdin(&path);
        let mut years = Years::new(work.received);
        let starts = match &first {
            First::Lines(first) => {
                if is_stdin {
                    recording::sample(first, 0, &work.formats, work.received, &mut years);
                } else {
                    years = recording::years(&path, &work.formats, work.received);
                }
                work.first_time(first, &years)
            }
            First::Packets(first) => first.as_ref().and_then(Block::first_time),
        };
        Self {
            path,
            starts,
            opened: is_stdin.then_some((source, first)),
            years,
        }
    }
}

/// What is read piece by piece: lines of text, or packets.
enum Source {
    Lines(Chunks),
    Packets(Blocks),
    /// A capture at its end: so many steps until all its flows are told.
    Ending(usize),
}

/// The first piece of a file.
enum First {
    Lines(Vec<u8>),
    Packets(Option<Block>),
}

impl Source {
    /// Opens a file, and reads the first piece of it.
    fn open(path: &Path) -> io::Result<(Self, First)> {
        let mut chunks = Chunks::open(path)?;
        if chunks.is_capture() {
            let mut blocks = chunks.into_packets();
            let first = First::Packets(blocks.next_block()?);
            return Ok((Self::Packets(blocks), first));
        }
        let first = First::Lines(chunks.next_chunk()?.unwrap_or_default());
        Ok((Self::Lines(chunks), first))
    }
}

/// A piece that workers work on.
enum Pending {
    Lines(Receiver<Batch>),
    Packets(Share),
}

/// What a piece came to, in order.
enum Came {
    Lines(Vec<Observation>),
    Packets(Told),
}

impl Came {
    fn get(&self, place: usize) -> Option<&Observation> {
        match self {
            Self::Lines(observations) => observations.get(place),
            Self::Packets(told) => told.get(place),
        }
    }
}

/// Memory that is done with, until it is used again.
#[derive(Default)]
struct Spare {
    /// A worker takes and frees what the observations hold.
    observations: Vec<Observation>,
    told: Vec<Told>,
    sorted: Vec<Sorted>,
}

impl Spare {
    fn keep(&mut self, came: Came) {
        match came {
            Came::Lines(observations) => self.observations = observations,
            Came::Packets(told) => self.told.push(told),
        }
    }
}

/// A file being read.
struct Stream {
    path: PathBuf,
    source: Option<Source>,
    pending: VecDeque<Pending>,
    meters: Arc<Meters>,
    years: Arc<Years>,
    /// What was said so far about the lines to come.
    legend: Legend,
    /// Where the next piece begins.
    position: u64,
    /// Packets the capture says were lost; known at its end.
    lost: u64,
    /// What cannot be read twice is sampled as it comes.
    is_stdin: bool,
    spare: Spare,
    /// What the piece at hand came to, and which of it comes next.
    current: Came,
    next: usize,
}

impl Stream {
    /// The observation that comes next.
    fn head(&self) -> Option<&Observation> {
        self.current.get(self.next)
    }

    /// Hands in the next piece.
    fn submit(&mut self, chunk: Vec<u8>, pool: &Pool<'_>, work: &Work) {
        let position = self.position;
        self.position += u64::try_from(chunk.len()).unwrap_or(0);
        if self.is_stdin && position > 0 {
            let mut years = (*self.years).clone();
            recording::sample(&chunk, position, &work.formats, work.received, &mut years);
            self.years = Arc::new(years);
        }
        let years = Arc::clone(&self.years);
        let legend = self.legend.clone();
        self.legend.skim(&work.formats, &chunk);
        self.pending.push_back(Pending::Lines(pool.submit(Piece {
            chunk,
            position,
            years,
            legend,
            done: std::mem::take(&mut self.spare.observations),
        })));
    }

    /// Hands in the next block of a capture, or its end.
    fn submit_block(&mut self, block: Option<Block>, pool: &Pool<'_>) {
        let block = block.map(|block| {
            let sorted = self.spare.sorted.pop().unwrap_or_default();
            Arc::new(Filled::new(block, sorted))
        });
        let told = self.spare.told.pop().unwrap_or_default();
        let share = Share {
            block,
            outcome: Arc::new(Outcome::new(told)),
        };
        pool.submit_share(&self.meters, &share);
        self.pending.push_back(Pending::Packets(share));
    }

    fn end_packets(&mut self) {
        self.source = Some(Source::Ending(parts::ENDS));
    }

    /// Reads the next piece and hands it in; whether there may be more.
    fn read_on(&mut self, pool: &Pool<'_>, work: &Work) -> io::Result<bool> {
        match &mut self.source {
            Some(Source::Lines(chunks)) => match chunks.next_chunk()? {
                Some(chunk) => self.submit(chunk, pool, work),
                None => self.source = None,
            },
            Some(Source::Packets(blocks)) => {
                let block = blocks.next_block()?;
                if block.is_none() {
                    self.lost = blocks.lost();
                    self.end_packets();
                } else {
                    self.submit_block(block, pool);
                }
            }
            Some(Source::Ending(left)) => {
                *left = left.saturating_sub(1);
                if *left == 0 {
                    self.source = None;
                }
                self.submit_block(None, pool);
            }
            None => {}
        }
        Ok(self.source.is_some())
    }
}

fn is_stdin(path: &Path) -> bool {
    path.as_os_str() == "-"
}

/// Sums of captures.
#[derive(Default)]
pub struct PacketSums {
    pub counts: Counts,
    /// Packets that whoever captured says were lost.
    pub lost: u64,
}

/// A file that could not be read, or not to its end.
pub struct Trouble {
    pub path: PathBuf,
    pub error: io::Error,
    /// Whether anything was read before.
    pub opened: bool,
}

/// All files, merged.
pub struct Merge<'p, 'w> {
    pool: &'p Pool<'w>,
    work: &'p Work,
    workers: usize,
    waiting: VecDeque<Waiting>,
    streams: Vec<Stream>,
    /// The stream whose next observation was given out.
    given: Option<usize>,
    /// What was read so far.
    pub tally: Tally,
    /// Bytes looked at so far, unpacked.
    pub bytes: u64,
    /// Packets of captures, if there were any.
    pub packets: Option<PacketSums>,
    /// Files that gave trouble.
    pub troubles: Vec<Trouble>,
}

impl<'p, 'w> Merge<'p, 'w> {
    /// Looks at the beginning of each file to learn its time.
    pub fn new(paths: &[PathBuf], pool: &'p Pool<'w>, work: &'p Work, workers: usize) -> Self {
        let mut paths = paths.to_vec();
        paths.sort();
        paths.dedup();
        let mut troubles = Vec::new();
        let mut waiting = Vec::new();
        for path in paths {
            match Source::open(&path) {
                Ok((source, first)) => waiting.push(Waiting::new(path, source, first, work)),
                Err(error) => troubles.push(Trouble {
                    path,
                    error,
                    opened: false,
                }),
            }
        }
        // Those without a time come first: they hold nothing that could be out of order.
        waiting.sort_by_key(|file| file.starts);
        Self {
            pool,
            work,
            workers,
            waiting: waiting.into(),
            streams: Vec::new(),
            given: None,
            tally: Tally::default(),
            bytes: 0,
            packets: None,
            troubles,
        }
    }

    /// The next observation in record time.
    pub fn next(&mut self) -> Option<&Observation> {
        if let Some(index) = self.given.take()
            && let Some(stream) = self.streams.get_mut(index)
        {
            stream.next += 1;
            self.advance(index);
        }
        loop {
            self.admit();
            let index = self
                .streams
                .iter()
                .enumerate()
                .filter_map(|(index, stream)| Some((stream.head()?.at(), index)))
                .min();
            if let Some((_, index)) = index {
                self.given = Some(index);
                return self.streams.get(index)?.head();
            }
            if self.waiting.is_empty() {
                return None;
            }
        }
    }

    /// Opens the files whose time has come, and forgets those that are read.
    fn admit(&mut self) {
        self.streams.retain(|stream| stream.head().is_some());
        while self.streams.len() < MAX_OPEN {
            let now = self
                .streams
                .iter()
                .filter_map(|stream| stream.head().map(Observation::at))
                .min();
            let due = self.waiting.front().is_some_and(|next| {
                now.is_none_or(|now| next.starts.is_none_or(|starts| starts <= now))
            });
            let Some(file) = self.waiting.pop_front_if(|_| due) else {
                return;
            };
            self.open(file);
        }
    }

    fn open(&mut self, file: Waiting) {
        let opened = match file.opened {
            Some(opened) => Ok(opened),
            None => Source::open(&file.path),
        };
        self.tally.files += 1;
        match opened {
            Ok((source, first)) => {
                // In the order of names among equals: streams are opened in that order.
                let mut stream = Stream {
                    is_stdin: is_stdin(&file.path),
                    path: file.path,
                    source: Some(source),
                    pending: VecDeque::new(),
                    meters: Arc::default(),
                    lost: 0,
                    years: Arc::new(file.years),
                    legend: Legend::of_file(),
                    position: 0,
                    spare: Spare::default(),
                    current: Came::Lines(Vec::new()),
                    next: 0,
                };
                match first {
                    First::Lines(first) if first.is_empty() => {}
                    First::Lines(first) => stream.submit(first, self.pool, self.work),
                    First::Packets(None) => {}
                    First::Packets(block) => stream.submit_block(block, self.pool),
                }
                self.streams.push(stream);
                self.advance(self.streams.len() - 1);
            }
            Err(error) => self.troubles.push(Trouble {
                path: file.path,
                error,
                opened: false,
            }),
        }
    }

    /// Pieces of each file that are worked on beside the one at hand. One worker cannot work on two.
    fn lookahead(&self) -> usize {
        if self.workers == 1 {
            return 1;
        }
        let open = self.streams.len().max(1);
        ((2 * self.workers + 2) / open).max(2)
    }

    /// Gets the next observation of a stream ready, unless it is or there is none.
    fn advance(&mut self, index: usize) {
        let lookahead = self.lookahead();
        loop {
            let Some(stream) = self.streams.get_mut(index) else {
                return;
            };
            if stream.head().is_some() {
                return;
            }
            stream.next = 0;
            let done = std::mem::replace(&mut stream.current, Came::Lines(Vec::new()));
            stream.spare.keep(done);
            while stream.pending.len() < lookahead && stream.source.is_some() {
                if let Err(error) = stream.read_on(self.pool, self.work) {
                    // What packets came before is still told.
                    if let Some(Source::Packets(_)) = stream.source.take() {
                        stream.end_packets();
                    }
                    self.troubles.push(Trouble {
                        path: stream.path.clone(),
                        error,
                        opened: true,
                    });
                }
            }
            let Some(piece) = stream.pending.pop_front() else {
                return;
            };
            self.finish(index, piece);
        }
    }

    /// Waits for what a piece came to.
    fn finish(&mut self, index: usize, piece: Pending) {
        let Some(stream) = self.streams.get_mut(index) else {
            return;
        };
        match piece {
            Pending::Lines(result) => {
                if let Some(batch) = self.pool.wait(&result) {
                    self.tally.add(&batch.tally);
                    let bytes = u64::try_from(batch.chunk.len()).unwrap_or(0);
                    self.bytes = self.bytes.saturating_add(bytes);
                    stream.current = Came::Lines(batch.observations);
                    if let Some(Source::Lines(chunks)) = &mut stream.source {
                        chunks.give_back(batch.chunk);
                    }
                }
            }
            Pending::Packets(Share { block, outcome }) => {
                let (told, tally, counts) = Told::of(self.pool.wait_share(&outcome));
                self.tally.add(&tally);
                stream.current = Came::Packets(told);
                if counts.packets > 0 {
                    let sums = self.packets.get_or_insert_default();
                    sums.counts.join(&counts);
                    sums.lost = sums.lost.saturating_add(stream.lost);
                }
                let Some(filled) = block else { return };
                self.bytes = self.bytes.saturating_add(filled.block().read_bytes);
                if let Some(Source::Packets(blocks)) = &mut stream.source
                    && let Ok(filled) = Arc::try_unwrap(filled)
                {
                    let (block, sorted) = filled.into_parts();
                    blocks.give_back(block);
                    stream.spare.sorted.push(sorted);
                }
            }
        }
    }
}
