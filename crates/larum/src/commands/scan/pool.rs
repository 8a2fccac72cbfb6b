//! Workers that parse and sift pieces of input; each piece's result is waited for in order.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::sync::mpsc::{Receiver, SyncSender, TryRecvError, sync_channel};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::Scope;

use larum_collector::config::Zone;
use larum_core::clock::Years;
use larum_core::detect::{Observation, SiftScratch, Sifter};
use larum_core::own::Own;
use larum_core::parse::{Context, Formats, Legend, Scratch, lines};
use larum_core::report::Tally;
use larum_core::time::{DeviceTime, Timestamp};

use super::parts::{Meters, PARTS, Share};
use super::turn::{Outcome, PartBatch};
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
    /// The piece, whose memory can be used again.
    pub chunk: Vec<u8>,
}

/// A piece of input, and what is needed to complete its stamps.
pub struct Piece {
    pub chunk: Vec<u8>,
    /// Where it begins in its file, unpacked.
    pub position: u64,
    pub years: Arc<Years>,
    /// What the lines before it said about those after them.
    pub legend: Legend,
    /// Observations that are done with: whoever works on the piece frees them and uses their memory.
    pub done: Vec<Observation>,
}

enum Job {
    Lines(Piece, SyncSender<Batch>),
    /// A part of a capture has shares waiting.
    Part(Arc<Meters>, usize),
}

/// Work that waits for a worker.
struct Jobs {
    lines: VecDeque<Job>,
    /// Parts of captures, in the queue of whoever had them last.
    parts: Vec<VecDeque<Job>>,
    /// Workers that sleep.
    asleep: usize,
    over: bool,
}

impl Jobs {
    /// The next job of `worker`: its own first, then what is anybody's, then another's.
    fn pop(&mut self, worker: usize) -> Option<Job> {
        let own = self.parts.get_mut(worker).and_then(VecDeque::pop_front);
        own.or_else(|| self.lines.pop_front()).or_else(|| {
            let longest = self.parts.iter_mut().max_by_key(|queue| queue.len())?;
            longest.pop_front()
        })
    }
}

/// Where jobs are handed in and taken.
struct Queue {
    jobs: Mutex<Jobs>,
    came: Condvar,
}

impl Queue {
    fn new(workers: usize) -> Self {
        Self {
            jobs: Mutex::new(Jobs {
                lines: VecDeque::new(),
                parts: (0..workers.max(1)).map(|_| VecDeque::new()).collect(),
                asleep: 0,
                over: false,
            }),
            came: Condvar::new(),
        }
    }

    fn jobs(&self) -> MutexGuard<'_, Jobs> {
        self.jobs.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn push_lines(&self, job: Job) {
        let mut jobs = self.jobs();
        jobs.lines.push_back(job);
        self.wake(jobs, 1);
    }

    /// Hands in parts of a capture, each with who had it last.
    fn push_parts(&self, parts: impl Iterator<Item = (usize, Job)>) {
        let mut jobs = self.jobs();
        let queues = jobs.parts.len();
        let mut count = 0;
        for (last, job) in parts {
            if let Some(queue) = jobs.parts.get_mut(last % queues) {
                queue.push_back(job);
                count += 1;
            }
        }
        self.wake(jobs, count);
    }

    /// Wakes as many sleepers as there are new jobs. To wake somebody asks the system, so only if there is
    /// anybody.
    fn wake(&self, jobs: MutexGuard<'_, Jobs>, count: usize) {
        let sleepers = jobs.asleep.min(count);
        drop(jobs);
        for _ in 0..sleepers {
            self.came.notify_one();
        }
    }

    fn try_pop(&self, worker: usize) -> Option<Job> {
        self.jobs().pop(worker)
    }

    /// The next job, waited for; `None` when no more will come.
    fn pop(&self, worker: usize) -> Option<Job> {
        let mut jobs = self.jobs();
        loop {
            if let Some(job) = jobs.pop(worker) {
                return Some(job);
            }
            if jobs.over {
                return None;
            }
            jobs.asleep += 1;
            jobs = self.came.wait(jobs).unwrap_or_else(PoisonError::into_inner);
            jobs.asleep -= 1;
        }
    }
}

/// Takes a part's next shares, and hands the part in again if more wait, also when this one fails: nobody
/// waits for ever.
struct Taking<'q> {
    queue: &'q Queue,
    meters: &'q Arc<Meters>,
    part: usize,
    worker: usize,
}

impl Drop for Taking<'_> {
    fn drop(&mut self) {
        if self.meters.rest(self.part, self.worker) {
            let job = Job::Part(Arc::clone(self.meters), self.part);
            self.queue.push_parts(std::iter::once((self.worker, job)));
        }
    }
}

/// One that works.
struct Worker<'w> {
    number: usize,
    queue: Arc<Queue>,
    work: &'w Work,
    sifter: Sifter,
    scratch: SiftScratch,
}

impl Worker<'_> {
    fn run(&mut self, job: Job) {
        // Nobody waits any more when the scan was given up.
        match job {
            Job::Lines(piece, reply) => {
                drop(reply.send(self.work.sift(piece, &self.sifter, &mut self.scratch)));
            }
            Job::Part(meters, part) => {
                let taking = Taking {
                    queue: &self.queue,
                    meters: &meters,
                    part,
                    worker: self.number,
                };
                taking
                    .meters
                    .take(part, self.work, &self.sifter, &mut self.scratch);
            }
        }
    }
}

/// Where pieces are handed in. Whoever waits for a result works as well, so that with one worker no
/// other thread is needed. The workers end when it is dropped.
pub struct Pool<'w> {
    queue: Arc<Queue>,
    me: RefCell<Worker<'w>>,
}

impl<'w> Pool<'w> {
    /// Starts `workers` workers in `scope`, of which the calling thread is one.
    pub fn start<'scope>(
        scope: &'scope Scope<'scope, '_>,
        workers: usize,
        work: &'w Work,
        sifter: &Sifter,
    ) -> Self
    where
        'w: 'scope,
    {
        let queue = Arc::new(Queue::new(workers));
        let worker = |number| Worker {
            number,
            queue: Arc::clone(&queue),
            work,
            sifter: sifter.clone(),
            scratch: SiftScratch::default(),
        };
        for number in 1..workers {
            let mut worker = worker(number);
            scope.spawn(move || {
                let queue = Arc::clone(&worker.queue);
                while let Some(job) = queue.pop(worker.number) {
                    worker.run(job);
                }
            });
        }
        Self {
            me: RefCell::new(worker(0)),
            queue,
        }
    }

    /// Hands in a piece; the result arrives at the receiver.
    pub fn submit(&self, piece: Piece) -> Receiver<Batch> {
        let (reply, result) = sync_channel(1);
        self.queue.push_lines(Job::Lines(piece, reply));
        result
    }

    /// Hands in a block of a capture, or a step of its end, to all parts. Blocks of one capture must be
    /// handed in in order.
    pub fn submit_share(&self, meters: &Arc<Meters>, share: &Share) {
        let parts = (0..PARTS).filter_map(|part| {
            let last = meters.hand_in(part, share.clone())?;
            Some((last, Job::Part(Arc::clone(meters), part)))
        });
        self.queue.push_parts(parts);
    }

    /// What all parts made of a share, and other work until it is there.
    pub fn wait_share(&self, outcome: &Outcome) -> Vec<PartBatch> {
        loop {
            if let Some(batches) = outcome.try_take() {
                return batches;
            }
            match self.queue.try_pop(0) {
                Some(job) => self.me.borrow_mut().run(job),
                None => return outcome.wait(),
            }
        }
    }

    /// A result, and other work until it is there; `None` when whoever worked on it failed.
    pub fn wait<T>(&self, result: &Receiver<T>) -> Option<T> {
        loop {
            match result.try_recv() {
                Ok(result) => return Some(result),
                Err(TryRecvError::Disconnected) => return None,
                Err(TryRecvError::Empty) => {}
            }
            match self.queue.try_pop(0) {
                Some(job) => self.me.borrow_mut().run(job),
                None => return result.recv().ok(),
            }
        }
    }
}

impl Drop for Pool<'_> {
    fn drop(&mut self) {
        self.queue.jobs().over = true;
        self.queue.came.notify_all();
    }
}

impl Work {
    /// Parses and sifts the records of `piece`.
    fn sift(&self, piece: Piece, sifter: &Sifter, scratch: &mut SiftScratch) -> Batch {
        let mut tally = Tally::default();
        let mut observations = piece.done;
        observations.clear();
        let context = Context::at(self.received);
        let chunk = piece.chunk.as_slice();
        let mut position = piece.position;
        let records = chunk.strip_suffix(b"\n").unwrap_or(chunk);
        let mut room = Scratch::default();
        let mut legend = piece.legend;
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
            chunk: piece.chunk,
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
