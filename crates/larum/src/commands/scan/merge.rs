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

use super::chunks::Chunks;
use super::pool::{Batch, Piece, Pool, Work};
use crate::recording;

/// Files read at the same time, at most. When more than this overlap in time, the later ones wait.
const MAX_OPEN: usize = 64;

/// A file that waits for its time.
struct Waiting {
    path: PathBuf,
    starts: Option<Timestamp>,
    /// Standard input cannot be opened twice.
    opened: Option<(Chunks, Vec<u8>)>,
    years: Years,
}

/// A file being read.
struct Stream {
    path: PathBuf,
    chunks: Option<Chunks>,
    pending: VecDeque<Receiver<Batch>>,
    years: Arc<Years>,
    /// What was said so far about the lines to come.
    legend: Legend,
    /// Where the next piece begins.
    position: u64,
    /// What cannot be read twice is sampled as it comes.
    is_stdin: bool,
    current: std::vec::IntoIter<Observation>,
    head: Option<Observation>,
}

impl Stream {
    /// Hands in the next piece.
    fn submit(&mut self, chunk: Vec<u8>, pool: &Pool, work: &Work) {
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
        self.pending.push_back(pool.submit(Piece {
            chunk,
            position,
            years,
            legend,
        }));
    }
}

fn is_stdin(path: &Path) -> bool {
    path.as_os_str() == "-"
}

/// A file that could not be read, or not to its end.
pub struct Trouble {
    pub path: PathBuf,
    pub error: io::Error,
    /// Whether anything was read before.
    pub opened: bool,
}

/// All files, merged.
pub struct Merge<'p> {
    pool: &'p Pool,
    work: &'p Work,
    workers: usize,
    waiting: VecDeque<Waiting>,
    streams: Vec<Stream>,
    /// What was read so far.
    pub tally: Tally,
    /// Bytes looked at so far, unpacked.
    pub bytes: u64,
    /// Files that gave trouble.
    pub troubles: Vec<Trouble>,
}

impl<'p> Merge<'p> {
    /// Looks at the beginning of each file to learn its time.
    pub fn new(paths: &[PathBuf], pool: &'p Pool, work: &'p Work, workers: usize) -> Self {
        let mut paths = paths.to_vec();
        paths.sort();
        paths.dedup();
        let mut troubles = Vec::new();
        let mut waiting = Vec::new();
        for path in paths {
            let beginning = Chunks::open(&path).and_then(|mut chunks| {
                let first = chunks.next_chunk()?;
                Ok((chunks, first.unwrap_or_default()))
            });
            match beginning {
                Ok((chunks, first)) => {
                    let is_stdin = is_stdin(&path);
                    let mut years = Years::new(work.received);
                    if is_stdin {
                        recording::sample(&first, 0, &work.formats, work.received, &mut years);
                    } else {
                        years = recording::years(&path, &work.formats, work.received);
                    }
                    let starts = work.first_time(&first, &years);
                    waiting.push(Waiting {
                        path,
                        starts,
                        opened: is_stdin.then_some((chunks, first)),
                        years,
                    });
                }
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
            tally: Tally::default(),
            bytes: 0,
            troubles,
        }
    }

    /// The next observation in record time.
    pub fn next(&mut self) -> Option<Observation> {
        loop {
            self.admit();
            let index = self
                .streams
                .iter()
                .enumerate()
                .filter_map(|(index, stream)| Some((stream.head.as_ref()?.at(), index)))
                .min();
            let Some((_, index)) = index else {
                if self.waiting.is_empty() {
                    return None;
                }
                continue;
            };
            let observation = self.streams.get_mut(index)?.head.take();
            self.advance(index);
            return observation;
        }
    }

    /// Opens the files whose time has come, and forgets those that are read.
    fn admit(&mut self) {
        self.streams.retain(|stream| stream.head.is_some());
        while self.streams.len() < MAX_OPEN {
            let now = self
                .streams
                .iter()
                .filter_map(|stream| stream.head.as_ref().map(Observation::at))
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
        let (chunks, first) = match file.opened {
            Some((chunks, first)) => (Ok(chunks), first),
            None => (Chunks::open(&file.path), Vec::new()),
        };
        self.tally.files += 1;
        match chunks {
            Ok(chunks) => {
                // In the order of names among equals: streams are opened in that order.
                let mut stream = Stream {
                    is_stdin: is_stdin(&file.path),
                    path: file.path,
                    chunks: Some(chunks),
                    pending: VecDeque::new(),
                    years: Arc::new(file.years),
                    legend: Legend::of_file(),
                    position: 0,
                    current: Vec::new().into_iter(),
                    head: None,
                };
                if !first.is_empty() {
                    stream.submit(first, self.pool, self.work);
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

    /// Takes the next observation of a stream as its head.
    fn advance(&mut self, index: usize) {
        let open = self.streams.len().max(1);
        let lookahead = (2 * self.workers / open).max(2);
        let Some(stream) = self.streams.get_mut(index) else {
            return;
        };
        loop {
            if let Some(observation) = stream.current.next() {
                stream.head = Some(observation);
                return;
            }
            while stream.pending.len() < lookahead {
                let Some(chunks) = &mut stream.chunks else {
                    break;
                };
                match chunks.next_chunk() {
                    Ok(Some(chunk)) => stream.submit(chunk, self.pool, self.work),
                    Ok(None) => stream.chunks = None,
                    Err(error) => {
                        stream.chunks = None;
                        self.troubles.push(Trouble {
                            path: stream.path.clone(),
                            error,
                            opened: true,
                        });
                    }
                }
            }
            let Some(result) = stream.pending.pop_front() else {
                return;
            };
            if let Ok(batch) = result.recv() {
                self.tally.add(&batch.tally);
                self.bytes += batch.bytes;
                stream.current = batch.observations.into_iter();
            }
        }
    }
}
