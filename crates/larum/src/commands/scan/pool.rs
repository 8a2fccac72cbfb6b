//! Workers that parse and sift pieces of input; each piece's result is waited for in order.

use std::sync::mpsc::{Receiver, Sender, SyncSender, channel, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::Scope;

use larum_collector::config::Zone;
use larum_core::clock::Years;
use larum_core::detect::{Observation, SiftScratch, Sifter};
use larum_core::own::Own;
use larum_core::parse::{Context, Formats, Legend, Scratch, lines};
use larum_core::report::Tally;
use larum_core::time::{DeviceTime, Timestamp};

use super::parts::{Meters, PartBatch, Shared};
use crate::recording::in_zone;

/// What workers share.
pub struct Work {
    pub formats: Formats,
    /// The firm's own addresses, for the direction of what does not state it.
    pub own: Own,
    /// Zone of stamps that name none; UTC without one.
    pub zone: Option<Zone>,
    pub received: Timestamp,
    pub since: Option<Timestamp>,
    pub until: Option<Timestamp>,
}

/// What a piece of input came to.
pub struct Batch {
    pub observations: Vec<Observation>,
    pub tally: Tally,
    /// Size of the piece.
    pub bytes: u64,
}

/// A piece of input, and what is needed to complete its stamps.
pub struct Piece {
    pub chunk: Vec<u8>,
    /// Where it begins in its file, unpacked.
    pub position: u64,
    pub years: Arc<Years>,
    /// What the lines before it said about those after them.
    pub legend: Legend,
}

enum Job {
    Lines(Piece, SyncSender<Batch>),
    Packets(Share, SyncSender<PartBatch>),
}

/// One part's share of a block of a capture; without a block, the end of the part.
pub struct Share {
    pub meters: Arc<Meters>,
    pub block: Option<Arc<Shared>>,
    pub part: usize,
    /// Number of the block in its capture.
    pub number: u64,
}

/// Where pieces are handed in. The workers end when it is dropped.
pub struct Pool {
    jobs: Sender<Job>,
}

impl Pool {
    /// Starts `workers` workers in `scope`.
    pub fn start<'scope>(
        scope: &'scope Scope<'scope, '_>,
        workers: usize,
        work: &'scope Work,
        sifter: &Sifter,
    ) -> Self {
        let (sender, receiver) = channel::<Job>();
        let receiver = Arc::new(Mutex::new(receiver));
        for _ in 0..workers {
            let sifter = sifter.clone();
            let receiver = Arc::clone(&receiver);
            scope.spawn(move || {
                let mut scratch = SiftScratch::default();
                loop {
                    let job = receiver
                        .lock()
                        .unwrap_or_else(PoisonError::into_inner)
                        .recv();
                    let Ok(job) = job else { return };
                    // Nobody waits any more when the scan was given up.
                    match job {
                        Job::Lines(piece, reply) => {
                            drop(reply.send(work.sift(&piece, &sifter, &mut scratch)));
                        }
                        Job::Packets(share, reply) => {
                            let block = share.block.as_deref();
                            let turn = (share.part, share.number);
                            let batch = share.meters.take(turn, block, work, &sifter, &mut scratch);
                            drop(reply.send(batch));
                        }
                    }
                }
            });
        }
        Self { jobs: sender }
    }

    /// Hands in a piece; the result arrives at the receiver.
    pub fn submit(&self, piece: Piece) -> Receiver<Batch> {
        let (reply, result) = sync_channel(1);
        // It fails only when all workers are gone, which the receiver then tells.
        drop(self.jobs.send(Job::Lines(piece, reply)));
        result
    }

    /// Hands in a share of a capture's block. Blocks of one capture must be handed in in order.
    pub fn submit_share(&self, share: Share) -> Receiver<PartBatch> {
        let (reply, result) = sync_channel(1);
        drop(self.jobs.send(Job::Packets(share, reply)));
        result
    }
}

impl Work {
    /// Parses and sifts the records of `piece`.
    fn sift(&self, piece: &Piece, sifter: &Sifter, scratch: &mut SiftScratch) -> Batch {
        let mut tally = Tally::default();
        let mut observations = Vec::new();
        let context = Context::at(self.received);
        let chunk = piece.chunk.as_slice();
        let mut position = piece.position;
        let records = chunk.strip_suffix(b"\n").unwrap_or(chunk);
        let mut room = Scratch::default();
        let mut legend = piece.legend.clone();
        for record in lines(records) {
            tally.records += 1;
            let begins = position;
            position += u64::try_from(record.len()).unwrap_or(0) + 1;
            let read = self
                .formats
                .parse_next(record, &context, &mut legend, &mut room);
            let mut event = match read {
                Ok(event) => event,
                Err(reason) => {
                    tally.reject(reason);
                    continue;
                }
            };
            tally.events += 1;
            event.ts = event
                .ts
                .map(|time| self.complete(begins, time, &piece.years));
            event.direction = self.own.direction(&event);
            let at = event.at();
            if !self.is_asked_for(at) {
                tally.outside_window += 1;
                continue;
            }
            if let Some(time) = event.ts {
                if tally.span.is_none() {
                    tally.offset_seconds = time.offset_seconds;
                }
                tally.see(at);
            }
            observations.extend(sifter.sift_record(&event, record, scratch));
        }
        Batch {
            observations,
            tally,
            bytes: u64::try_from(chunk.len()).unwrap_or(u64::MAX),
        }
    }

    /// Whether `at` is within the time asked for.
    pub fn is_asked_for(&self, at: Timestamp) -> bool {
        self.since.is_none_or(|since| at >= since) && self.until.is_none_or(|until| at < until)
    }

    /// `time` of the record at `position` with what its stamp left open.
    fn complete(&self, position: u64, time: DeviceTime, years: &Years) -> DeviceTime {
        in_zone(years.complete(position, time), self.zone.as_ref())
    }

    /// Time of the first event in `chunk`, the beginning of a file, that has one.
    pub fn first_time(&self, chunk: &[u8], years: &Years) -> Option<Timestamp> {
        let context = Context::at(self.received);
        let mut room = Scratch::default();
        let mut legend = Legend::of_file();
        lines(chunk).find_map(|record| {
            let read = self
                .formats
                .parse_next(record, &context, &mut legend, &mut room);
            read.ok()?.ts.map(|time| self.complete(0, time, years).at)
        })
    }
}
