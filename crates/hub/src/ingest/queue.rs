//! The line of batches before the store: many are counted in one transaction, each collector in its
//! turn, and who comes when the line is full is told to come again.
//!
//! One thread at a time serves the line, as long as somebody stands in it. Each batch is answered after
//! the transaction that holds it is on the disk (invariant 3).

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use larum_link::clock::Clock;
use tokio::sync::{Semaphore, oneshot};

use crate::id::CollectorId;
use crate::store::ingest::{BatchAnswer, CheckedBatch};
use crate::store::{Store, StoreError};

/// Most sightings that wait in the line: about 30 MB.
pub const MAX_WAITING_SIGHTINGS: usize = 50_000;
/// Most batches of one collector in the line.
pub const MAX_WAITING_OF_ONE: usize = 4;
/// Most sightings in one transaction, but for a single batch.
pub const GROUP_SIGHTINGS: usize = 5_000;
/// Most batches in one transaction.
pub const GROUP_BATCHES: usize = 256;
/// When to come again if the line is full, in seconds, at least; each collector a little later than
/// another, so that they do not all come at once.
pub const BUSY_SECONDS: u32 = 1;
/// Spread of [`BUSY_SECONDS`].
const BUSY_SPREAD: u32 = 8;
/// Batches that are unpacked and checked at once.
const READERS: usize = 4;

/// Why a batch in the line was not counted.
#[derive(Debug, thiserror::Error)]
pub enum QueueError {
    /// The line is full, or the collector has too many batches in it: seconds to wait.
    #[error("the line of batches is full")]
    Full(u32),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// The line.
pub struct Queue {
    store: Arc<dyn Store>,
    clock: Clock,
    line: Mutex<Line>,
    /// Held while a batch is unpacked and checked, which takes memory and a core.
    pub(super) reading: Semaphore,
}

struct Job {
    batch: CheckedBatch,
    answer: oneshot::Sender<Result<BatchAnswer, StoreError>>,
}

#[derive(Default)]
struct Line {
    waiting: BTreeMap<CollectorId, VecDeque<Job>>,
    /// Whose turn it is next; each collector with something in the line stands here once.
    turns: VecDeque<CollectorId>,
    sightings: usize,
    is_served: bool,
}

impl Line {
    fn add(&mut self, job: Job) -> Result<(), u32> {
        let collector = job.batch.collector;
        let weight = weight(&job.batch);
        let own = self.waiting.get(&collector).map_or(0, VecDeque::len);
        let is_full = self.sightings > 0 && self.sightings + weight > MAX_WAITING_SIGHTINGS;
        if is_full || own >= MAX_WAITING_OF_ONE {
            return Err(BUSY_SECONDS + spread(collector));
        }
        if own == 0 {
            self.turns.push_back(collector);
        }
        self.waiting.entry(collector).or_default().push_back(job);
        self.sightings += weight;
        Ok(())
    }

    /// The next group, one batch of each collector in turn.
    fn group(&mut self) -> Vec<Job> {
        let mut group: Vec<Job> = Vec::new();
        let mut sightings = 0;
        while let Some(collector) = self.turns.pop_front() {
            let Some(own) = self.waiting.get_mut(&collector) else {
                continue;
            };
            let next = own.front().map_or(0, |job| weight(&job.batch));
            if !group.is_empty() && sightings + next > GROUP_SIGHTINGS {
                self.turns.push_front(collector);
                break;
            }
            if let Some(job) = own.pop_front() {
                sightings += next;
                self.sightings = self.sightings.saturating_sub(next);
                group.push(job);
            }
            if own.is_empty() {
                self.waiting.remove(&collector);
            } else {
                self.turns.push_back(collector);
            }
            if group.len() >= GROUP_BATCHES {
                break;
            }
        }
        group
    }
}

/// What a batch counts as in the line; an empty one takes a place too.
fn weight(batch: &CheckedBatch) -> usize {
    batch.sightings.len().max(1)
}

fn spread(collector: CollectorId) -> u32 {
    let text = collector.to_string();
    text.bytes().fold(0_u32, |sum, byte| {
        sum.wrapping_mul(31).wrapping_add(byte.into())
    }) % BUSY_SPREAD
}

impl Queue {
    /// An empty line before `store`.
    #[must_use]
    pub fn new(store: Arc<dyn Store>, clock: Clock) -> Arc<Self> {
        Arc::new(Self {
            store,
            clock,
            line: Mutex::default(),
            reading: Semaphore::new(READERS),
        })
    }

    /// Counts a batch when its turn comes; ends when it is on the disk.
    ///
    /// # Errors
    /// When the line is full, or the store fails; nothing of the batch is counted then.
    pub async fn count(self: &Arc<Self>, batch: CheckedBatch) -> Result<BatchAnswer, QueueError> {
        let (answer, answered) = oneshot::channel();
        {
            let mut line = self.locked();
            line.add(Job { batch, answer }).map_err(QueueError::Full)?;
            if !line.is_served {
                line.is_served = true;
                let served = Served(self.clone());
                tokio::task::spawn_blocking(move || served.0.serve());
            }
        }
        match answered.await {
            Ok(answer) => Ok(answer?),
            Err(_) => Err(StoreError::Contended.into()),
        }
    }

    fn serve(&self) {
        loop {
            let group = {
                let mut line = self.locked();
                let group = line.group();
                if group.is_empty() {
                    line.is_served = false;
                    return;
                }
                group
            };
            self.count_group(group);
        }
    }

    fn count_group(&self, group: Vec<Job>) {
        let (batches, answers): (Vec<CheckedBatch>, Vec<_>) =
            group.into_iter().map(|job| (job.batch, job.answer)).unzip();
        let now = self.clock.now();
        match self.store.count_batches(&batches, now) {
            Ok(counted) => {
                for (answer, counted) in answers.into_iter().zip(counted) {
                    // Who hung up asks again and gets the same answer.
                    drop(answer.send(Ok(counted)));
                }
            }
            Err(error) => {
                for (batch, answer) in batches.iter().zip(answers) {
                    // What stopped one batch must not stop those beside it.
                    let result = match again(&error) {
                        Some(same) => Err(same),
                        None => self
                            .store
                            .count_batches(std::slice::from_ref(batch), now)
                            .and_then(|mut one| one.pop().ok_or(StoreError::NotFound)),
                    };
                    drop(answer.send(result));
                }
            }
        }
    }

    /// A panic while the line was held leaves at worst one batch unanswered.
    fn locked(&self) -> MutexGuard<'_, Line> {
        self.line.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The same failure for everybody in the group, where it lies with the store and not with one batch.
fn again(error: &StoreError) -> Option<StoreError> {
    match error {
        StoreError::DiskFull => Some(StoreError::DiskFull),
        StoreError::Contended => Some(StoreError::Contended),
        StoreError::Unavailable(cause) => Some(StoreError::Unavailable(cause.to_string().into())),
        _ => None,
    }
}

/// Whoever serves the line; should it end badly, the next batch calls another.
struct Served(Arc<Queue>);

impl Drop for Served {
    fn drop(&mut self) {
        if std::thread::panicking() {
            self.0.locked().is_served = false;
        }
    }
}

#[cfg(test)]
mod tests {
    use larum_core::time::Timestamp;

    use super::*;
    use crate::store::sql::SqlStore;

    fn collector(number: u32) -> CollectorId {
        CollectorId::parse(&format!("{number:032x}")).unwrap()
    }

    fn job(
        number: u32,
        sequence: u64,
    ) -> (Job, oneshot::Receiver<Result<BatchAnswer, StoreError>>) {
        let (answer, answered) = oneshot::channel();
        let batch = CheckedBatch {
            collector: collector(number),
            sequence,
            previous: String::new(),
            sha256: String::new(),
            chain: String::new(),
            sightings: Vec::new(),
            set_aside: BTreeMap::new(),
        };
        (Job { batch, answer }, answered)
    }

    #[test]
    fn each_collector_has_its_turn_and_no_more_than_its_share() {
        let mut line = Line::default();
        for sequence in 1..=4 {
            line.add(job(1, sequence).0).unwrap();
        }
        assert!(line.add(job(1, 5).0).is_err(), "one collector's share");
        for number in 2..=3 {
            line.add(job(number, 1).0).unwrap();
        }
        let order: Vec<(CollectorId, u64)> = line
            .group()
            .iter()
            .map(|job| (job.batch.collector, job.batch.sequence))
            .collect();
        let expected = [(1, 1), (2, 1), (3, 1), (1, 2), (1, 3), (1, 4)];
        assert_eq!(
            order,
            expected.map(|(number, sequence)| (collector(number), sequence))
        );
        assert_eq!(
            (line.sightings, line.turns.len(), line.waiting.len()),
            (0, 0, 0)
        );
    }

    #[test]
    fn a_full_line_says_when_to_come_again() {
        let mut line = Line::default();
        let mut number = 0;
        let seconds = loop {
            number += 1;
            if let Err(seconds) = line.add(job(number, 1).0) {
                break seconds;
            }
        };
        assert_eq!(usize::try_from(number).unwrap(), MAX_WAITING_SIGHTINGS + 1);
        assert!((BUSY_SECONDS..BUSY_SECONDS + BUSY_SPREAD).contains(&seconds));
        assert_eq!(line.group().len(), GROUP_BATCHES);
    }

    #[tokio::test]
    async fn a_batch_nobody_sent_is_answered_and_the_line_goes_on() {
        let folder = tempfile::tempdir().unwrap();
        let store = Arc::new(SqlStore::open(&folder.path().join("hub.sqlite")).unwrap());
        let queue = Queue::new(store, Clock::scaled(Timestamp::from_seconds(0), 1.0));
        for _ in 0..3 {
            let answer = queue.count(job(9, 1).0.batch).await.unwrap();
            assert_eq!(answer, BatchAnswer::Unknown);
        }
        assert_eq!(queue.locked().sightings, 0);
    }
}
