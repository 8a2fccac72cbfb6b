//! A machine with a collector, and everything around it.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::{Arc, Mutex};

use larum_collector::board::Board;
use larum_collector::checkpoint::Checkpoint;
use larum_collector::spooling::{self, SharedSpool, Spooling};
use larum_collector::tally::{DeviceId, hour_of};
use larum_collector::uplink::batching::make_batch;
use larum_core::finding::{AttackOutcome, Category, FindingId, Severity};
use larum_core::forward::{Action, Failure, Forward, Outbox, Settings};
use larum_core::sighting::Sighting;
use larum_core::time::Timestamp;
use larum_link::wire::Receipt;
use larum_spool::simulated::SimulatedStorage;
use larum_spool::{Fault, Ledger, Limits, SpoolError, Storage as _};
use tokio::sync::watch;

use super::hub::Hub;
use super::random::Random;

const SECOND: i64 = 1_000;
const MINUTE: i64 = 60 * SECOND;
const HOUR: i64 = 60 * MINUTE;
/// 2027-01-15, by a clock that is right.
const START_MS: i64 = 1_800_000_000_000;
/// An answer must have come within this time.
const CALL_TIMEOUT: i64 = 30 * SECOND;
/// As the sender pauses when spool or ledger cannot be used.
const STORAGE_PAUSE: i64 = 30 * SECOND;
const CHECKPOINT: &str = "checkpoint.json";

/// What may go wrong.
#[derive(Clone, Copy, Debug)]
pub struct Faults {
    pub quota: bool,
    pub disk: bool,
    pub network: bool,
    pub clock: bool,
    pub crash: bool,
}

impl Faults {
    pub const fn all() -> Self {
        Self {
            quota: false,
            disk: true,
            network: true,
            clock: true,
            crash: true,
        }
    }
}

/// What happened, added up: a simulation in which nothing happens proves nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Seen {
    lives: u64,
    acknowledged: u64,
    batches: u64,
    kills: u64,
    power_cuts: u64,
    failed_syncs: u64,
    full: u64,
    lost_messages: u64,
    doubled: u64,
    again: u64,
    clock_steps: u64,
    hub_down: u64,
    dropped: u64,
    damaged: u64,
    virtual_hours: u64,
}

impl Seen {
    pub fn add(&mut self, other: &Self) {
        for (sum, one) in self.fields().into_iter().zip(other.clone().fields()) {
            *sum += *one;
        }
    }

    fn fields(&mut self) -> [&mut u64; 15] {
        [
            &mut self.lives,
            &mut self.acknowledged,
            &mut self.batches,
            &mut self.kills,
            &mut self.power_cuts,
            &mut self.failed_syncs,
            &mut self.full,
            &mut self.lost_messages,
            &mut self.doubled,
            &mut self.again,
            &mut self.clock_steps,
            &mut self.hub_down,
            &mut self.dropped,
            &mut self.damaged,
            &mut self.virtual_hours,
        ]
    }

    /// Over many seeds each fault must have happened.
    pub fn was_worth_it(&self) {
        if self.lives < 200 {
            return;
        }
        for (what, count) in [
            ("kills", self.kills),
            ("power cuts", self.power_cuts),
            ("failed syncs", self.failed_syncs),
            ("full disks", self.full),
            ("lost messages", self.lost_messages),
            ("doubled messages", self.doubled),
            ("batches sent again", self.again),
            ("clock steps", self.clock_steps),
        ] {
            assert!(count > self.lives / 4, "too few {what}: {self:?}");
        }
    }
}

#[derive(Clone, Debug)]
enum Event {
    /// Something is found, so many at once.
    Sightings(i64),
    Settle(u64),
    Checkpoint(u64),
    /// The uplink looks; a wake-up of an older number was overtaken.
    Wake(u64, u64),
    AtHub(Arc<Vec<u8>>, u64),
    Answer(u64, Option<Receipt>),
    Refused(u64, Failure),
    Fault,
    HubUp,
    Start,
    Calm,
}

/// A collector that runs.
struct Process {
    board: Board,
    device: DeviceId,
    spooling: Spooling<SimulatedStorage>,
    spool: SharedSpool<SimulatedStorage>,
    _spooled: watch::Receiver<u64>,
    ledger: Option<Ledger<SimulatedStorage>>,
    pace: Forward,
    oldest: Option<Timestamp>,
    /// The call that is waited for.
    asked: Option<u64>,
    idle: bool,
    wake: u64,
}

pub struct World {
    random: Random,
    faults: Faults,
    limits: Limits,
    telling: bool,
    now_ms: i64,
    clock_off_ms: i64,
    events: BTreeMap<(i64, u64), Event>,
    counter: u64,
    spool_disk: SimulatedStorage,
    ledger_disk: SimulatedStorage,
    state_disk: SimulatedStorage,
    process: Option<Process>,
    /// Starts of the process so far.
    life: u64,
    hub: Hub,
    calm: bool,
    next_id: u64,
    /// Put, and not known to be safe.
    doubtful: Vec<String>,
    acknowledged: BTreeSet<String>,
    seen: Seen,
}

impl World {
    pub fn new(seed: u64, faults: Faults, telling: bool) -> Self {
        let mut random = Random::new(seed);
        let mut disk = || SimulatedStorage::new(random.next());
        let (spool_disk, ledger_disk, state_disk) = (disk(), disk(), disk());
        let limits = Limits {
            segment_bytes: 4_096,
            total_bytes: if faults.quota { 16_384 } else { 1 << 30 },
            frame_bytes: 2_048,
            keep_free_bytes: 0,
            when_low: larum_spool::WhenLow::DropOldest,
            reserve_bytes: 2_048,
        };
        Self {
            random,
            faults,
            limits,
            telling,
            now_ms: START_MS,
            clock_off_ms: 0,
            events: BTreeMap::new(),
            counter: 0,
            spool_disk,
            ledger_disk,
            state_disk,
            process: None,
            life: 0,
            hub: Hub::new(),
            calm: false,
            next_id: 0,
            doubtful: Vec::new(),
            acknowledged: BTreeSet::new(),
            seen: Seen {
                lives: 1,
                ..Seen::default()
            },
        }
    }

    fn tell(&self, what: impl FnOnce() -> String) {
        if self.telling {
            let at = self.now_ms - START_MS;
            eprintln!("{:>10}.{:03} s  {}", at / 1_000, at % 1_000, what());
        }
    }

    fn after(&mut self, wait_ms: i64, event: Event) {
        self.counter += 1;
        let at = self.now_ms + wait_ms.max(0);
        self.events.insert((at, self.counter), event);
    }

    /// The time the collector's clock shows.
    const fn clock(&self) -> Timestamp {
        Timestamp::from_millis(self.now_ms + self.clock_off_ms)
    }

    /// Lives through the faults, then through calm until nothing is left to do, and checks the sums.
    pub fn live(mut self) -> Seen {
        let trouble_ms = self.random.between(10 * MINUTE, 3 * HOUR);
        self.after(0, Event::Start);
        self.after(SECOND, Event::Sightings(3));
        self.after(SECOND, Event::Fault);
        self.after(trouble_ms, Event::Calm);
        // After calm: the longest wait a hub may ask for, and a person's restart.
        let end_ms = self.now_ms + trouble_ms + 6 * HOUR;
        let mut same_moment = 0;
        while let Some(((at, _), event)) = self.events.pop_first() {
            same_moment = if at == self.now_ms {
                same_moment + 1
            } else {
                0
            };
            assert!(same_moment < 10_000, "it spins: {event:?}");
            if at > end_ms {
                break;
            }
            self.now_ms = at;
            self.happen(event);
        }
        self.check();
        self.seen
    }

    fn happen(&mut self, event: Event) {
        match event {
            Event::Sightings(count) => self.sightings(count),
            Event::Settle(life) if life == self.life => self.settle(),
            Event::Checkpoint(life) if life == self.life => self.checkpoint(),
            Event::Wake(life, wake) if life == self.life => self.wake(wake),
            Event::AtHub(body, call) => self.at_hub(&body, call),
            Event::Answer(call, receipt) => self.answer(call, receipt),
            Event::Refused(call, failure) => self.refused(call, failure),
            Event::Fault => self.fault(),
            Event::HubUp => self.hub.up = true,
            Event::Start => self.start(),
            Event::Calm => self.be_calm(),
            Event::Settle(_) | Event::Checkpoint(_) | Event::Wake(..) => {}
        }
    }

    fn sightings(&mut self, count: i64) {
        if let Some(process) = &mut self.process {
            for _ in 0..count {
                self.next_id += 1;
                let sighting = sighting(self.next_id);
                self.doubtful.push(sighting.id.to_string());
                process.spooling.put(sighting, process.device);
            }
            let soon_ms = self.random.between(50, 5 * SECOND);
            self.after(soon_ms, Event::Settle(self.life));
        }
        if !self.calm {
            // Quiet times, and bursts.
            let quiet = if self.random.chance(20) {
                HOUR
            } else {
                3 * MINUTE
            };
            let wait_ms = self.random.between(10, quiet);
            let count = if self.random.chance(50) { 60 } else { 4 };
            let count = self.random.between(1, count);
            self.after(wait_ms, Event::Sightings(count));
        }
    }

    fn settle(&mut self) {
        let hour = hour_of(self.clock());
        let Some(process) = &mut self.process else {
            return;
        };
        process.spooling.settle(&process.board, hour);
        if !process.spooling.is_waiting() {
            self.acknowledged.extend(self.doubtful.drain(..));
        }
        let pending = spooling::lock(&process.spool).pending().frames;
        let (wake, again) = (process.idle && pending > 0, process.spooling.is_waiting());
        if wake {
            self.wake_after(0);
        }
        if again {
            self.after(20 * SECOND, Event::Settle(self.life));
        }
        self.after(10 * SECOND, Event::Checkpoint(self.life));
    }

    /// As the pipeline does it: not while anything is not safe on the disk.
    fn checkpoint(&mut self) {
        let Some(process) = &self.process else {
            return;
        };
        if process.spooling.is_waiting() {
            return;
        }
        let checkpoint = Checkpoint::of(&process.board.lock());
        let bytes = serde_json::to_vec(&checkpoint).unwrap();
        // A checkpoint that cannot be written is written later.
        drop(self.state_disk.replace(CHECKPOINT, &bytes));
    }

    fn wake_after(&mut self, wait_ms: i64) {
        let life = self.life;
        if let Some(process) = &mut self.process {
            process.idle = false;
            process.wake += 1;
            let wake = process.wake;
            self.after(wait_ms, Event::Wake(life, wake));
        }
    }

    /// One decision of the uplink, obeyed.
    fn wake(&mut self, wake: u64) {
        let now = self.clock();
        let Some(process) = &mut self.process else {
            return;
        };
        if process.wake != wake || process.asked.is_some() {
            return;
        }
        let ledger = match open_ledger(&mut process.ledger, &process.spool, &self.ledger_disk) {
            Ok(ledger) => ledger,
            Err(error) => return self.storage_failed(&error),
        };
        let pending = spooling::lock(&process.spool).pending();
        process.oldest = (pending.frames > 0).then(|| process.oldest.unwrap_or(now));
        let outbox = Outbox {
            unreceipted: ledger.waiting(),
            pending_frames: pending.frames,
            oldest: process.oldest,
        };
        match process.pace.decide(outbox, now) {
            Action::SendPending(_) => match ledger.unreceipted() {
                Ok(Some(entry)) => self.send(entry.body),
                Ok(None) => panic!("a batch that waits is there"),
                Err(error) => self.storage_failed(&error),
            },
            Action::MakeBatch { max } => {
                process.oldest = None;
                let made = make_batch(
                    &mut spooling::lock(&process.spool),
                    ledger,
                    max,
                    now.as_millis(),
                );
                match made {
                    Ok(made) => {
                        if let Some(made) = &made {
                            let mut posted = process.board.lock();
                            let posted = &mut *posted;
                            for (first, last) in made.lost.iter().copied() {
                                posted.in_flight.lost(first, last);
                            }
                            posted.in_flight.sent(made.up_to, &mut posted.tally);
                        }
                        self.wake_after(if made.is_some() { 0 } else { 500 });
                    }
                    Err(error) => self.storage_failed(&error),
                }
            }
            Action::Wait(until) => {
                let wait_ms = until.millis_since(now);
                assert!(wait_ms <= 3 * HOUR, "waits for {wait_ms} ms");
                self.wake_after(wait_ms);
            }
            Action::Idle => process.idle = true,
            Action::Stop(stop) => panic!("{stop:?}: nothing here needs a person"),
        }
    }

    fn storage_failed(&mut self, error: &SpoolError) {
        self.tell(|| format!("storage: {error:?}"));
        self.wake_after(STORAGE_PAUSE);
    }

    fn send(&mut self, body: Vec<u8>) {
        self.counter += 1;
        let call = self.counter;
        if let Some(process) = &mut self.process {
            process.asked = Some(call);
        }
        let body = Arc::new(body);
        let copies = self.copies();
        for _ in 0..copies {
            let late_ms = self.lateness();
            self.after(late_ms, Event::AtHub(body.clone(), call));
        }
        self.after(CALL_TIMEOUT, Event::Refused(call, Failure::TimedOut));
    }

    /// How often a message arrives.
    fn copies(&mut self) -> u64 {
        if self.calm || !self.faults.network {
            return 1;
        }
        if self.random.chance(150) {
            self.seen.lost_messages += 1;
            return 0;
        }
        if self.random.chance(100) {
            self.seen.doubled += 1;
            return 2;
        }
        1
    }

    fn lateness(&mut self) -> i64 {
        let late = !self.calm && self.faults.network && self.random.chance(60);
        // Later than the time-out: it overtakes what is sent in its place, or is overtaken.
        self.random
            .between(5, if late { 10 * MINUTE } else { 2 * SECOND })
    }

    fn at_hub(&mut self, body: &[u8], call: u64) {
        if !self.hub.up {
            let failure = Failure::Unreachable;
            return self.after(5, Event::Refused(call, failure));
        }
        let receipt = self.hub.take(body, self.now_ms);
        let copies = self.copies();
        for _ in 0..copies {
            let late_ms = self.lateness();
            self.after(late_ms, Event::Answer(call, receipt.clone()));
        }
    }

    fn answer(&mut self, call: u64, receipt: Option<Receipt>) {
        let Some(process) = &mut self.process else {
            return;
        };
        // An answer nobody waits for any more is gone with its connection.
        if process.asked != Some(call) {
            return;
        }
        process.asked = None;
        let receipt = receipt.expect("the chain contradicts itself");
        let Some(ledger) = &mut process.ledger else {
            return;
        };
        let entry = ledger.unreceipted().unwrap().unwrap();
        assert_eq!(receipt.sequence, entry.sequence);
        let bytes = serde_json::to_vec(&receipt).unwrap();
        if let Err(error) = ledger.receipt(entry.sequence, &bytes) {
            return self.storage_failed(&error);
        }
        process.pace.succeeded();
        {
            let mut posted = process.board.lock();
            let posted = &mut *posted;
            posted
                .in_flight
                .receipted(entry.spool_up_to, &mut posted.tally);
        }
        self.wake_after(0);
    }

    fn refused(&mut self, call: u64, failure: Failure) {
        let now = self.clock();
        let random = self.random.next();
        let Some(process) = &mut self.process else {
            return;
        };
        if process.asked == Some(call) {
            process.asked = None;
            process.pace.failed(failure, None, now, random);
            self.wake_after(0);
        }
    }

    fn fault(&mut self) {
        if self.calm {
            return;
        }
        let next_ms = self.random.between(SECOND, 12 * MINUTE);
        self.after(next_ms, Event::Fault);
        match self.random.next() % 10 {
            0 if self.faults.crash => self.kill(false),
            1 if self.faults.crash => self.kill(true),
            2 | 3 if self.faults.disk => {
                let count = self.random.next() % 8;
                let disk = self.a_disk();
                self.tell(|| format!("a write fails after {count} more"));
                disk.fail_write_after(count);
            }
            4 if self.faults.disk => {
                self.seen.failed_syncs += 1;
                let count = self.random.next() % 8;
                let disk = self.a_disk();
                self.tell(|| format!("a sync fails after {count} more"));
                disk.fail_sync_after(count);
            }
            5 if self.faults.disk => {
                self.seen.full += 1;
                let room = self.random.next() % 4_000;
                self.tell(|| format!("only {room} bytes are left on the disk"));
                for disk in self.disks() {
                    disk.set_capacity_bytes(Some(disk.used_bytes() + room));
                }
            }
            6 => self
                .disks()
                .iter()
                .for_each(|disk| disk.set_capacity_bytes(None)),
            7 if self.faults.clock => {
                self.seen.clock_steps += 1;
                let span = if self.random.chance(200) { 24 * 400 } else { 2 };
                self.clock_off_ms = self.random.between(-span * HOUR, span * HOUR);
                self.tell(|| format!("the clock is {} ms off", self.clock_off_ms));
            }
            8 => {
                self.seen.hub_down += 1;
                self.hub.up = false;
                let back_ms = self.random.between(MINUTE, 5 * HOUR);
                self.tell(|| format!("the hub is down for {back_ms} ms"));
                self.after(back_ms, Event::HubUp);
            }
            _ => {}
        }
    }

    const fn disks(&self) -> [&SimulatedStorage; 3] {
        [&self.spool_disk, &self.ledger_disk, &self.state_disk]
    }

    fn a_disk(&mut self) -> SimulatedStorage {
        match self.random.next() % 3 {
            0 => self.spool_disk.clone(),
            1 => self.ledger_disk.clone(),
            _ => self.state_disk.clone(),
        }
    }

    /// The process ends without a word; with `power` the machine does.
    fn kill(&mut self, power: bool) {
        if self.process.take().is_none() {
            return;
        }
        self.tell(|| if power { "the power is cut" } else { "killed" }.to_owned());
        self.life += 1;
        self.doubtful.clear();
        if power {
            self.seen.power_cuts += 1;
            self.disks().iter().for_each(|disk| disk.crash());
        } else {
            self.seen.kills += 1;
        }
        let down_ms = self.random.between(100, 20 * MINUTE);
        self.after(down_ms, Event::Start);
    }

    fn start(&mut self) {
        if self.process.is_some() {
            return;
        }
        match self.started() {
            Ok(process) => {
                self.tell(|| "started".to_owned());
                self.process = Some(process);
                self.wake_after(0);
            }
            Err(error) => {
                self.tell(|| format!("does not start: {error:?}"));
                self.after(10 * SECOND, Event::Start);
            }
        }
    }

    /// As `larum_collector::run` begins.
    fn started(&self) -> Result<Process, SpoolError> {
        let checkpoint = match self.state_disk.get(CHECKPOINT) {
            Some(bytes) => serde_json::from_slice(&bytes).expect("a checkpoint is replaced whole"),
            None => Checkpoint::default(),
        };
        let board = Board::new(Path::new("/nonexistent"), &checkpoint);
        let ledger = Ledger::look(self.ledger_disk.clone()).ok();
        let spool = spooling::open(
            self.spool_disk.clone(),
            self.limits,
            ledger.as_ref(),
            &board,
        )?;
        let spool = Arc::new(Mutex::new(spool));
        let (told, spooled) = watch::channel(0);
        let device = board.lock().tally.device("gate");
        Ok(Process {
            device,
            board,
            spooling: Spooling::new(spool.clone(), told, 3_650),
            spool,
            _spooled: spooled,
            ledger: None,
            pace: Forward::new(Settings::default()),
            oldest: None,
            asked: None,
            idle: false,
            wake: 0,
        })
    }

    /// From now on nothing fails; a person starts a collector anew that says its disk failed it.
    fn be_calm(&mut self) {
        self.calm = true;
        self.hub.up = true;
        for disk in self.disks() {
            disk.no_more_faults();
            disk.set_capacity_bytes(None);
        }
        self.tell(|| "calm".to_owned());
        if self.is_poisoned() {
            self.process = None;
            self.life += 1;
            self.doubtful.clear();
            self.after(MINUTE, Event::Start);
        }
    }

    fn is_poisoned(&mut self) -> bool {
        let Some(process) = &mut self.process else {
            return false;
        };
        spooling::lock(&process.spool).is_poisoned()
    }

    /// The oracle.
    fn check(&mut self) {
        let process = self.process.as_ref().expect("it runs");
        let spool = spooling::lock(&process.spool);
        let dropped = spool.dropped();
        let lost = dropped.quota + dropped.damaged;
        let ledger = process.ledger.as_ref().expect("the ledger is open");
        let arrived: u64 = self.hub.counted.values().sum();
        let posted = process.board.lock();
        let total = posted.tally.total();
        assert_eq!(spool.pending().frames, 0, "something still waits");
        assert_eq!(ledger.waiting(), None, "a batch has no receipt");
        assert_eq!(ledger.head().sequence, self.hub.batches());
        ledger.verify().unwrap();
        assert!(
            self.hub.counted.values().all(|count| *count == 1),
            "something was counted twice"
        );
        let missing = self
            .acknowledged
            .iter()
            .filter(|id| !self.hub.counted.contains_key(*id));
        let missing = missing.count() as u64;
        assert!(missing <= lost, "{missing} lost, {dropped:?} counted");
        assert!(self.faults.quota || dropped.quota == 0);
        // What the ledger took with its last breath may have been dropped before that was known.
        let doubtful = arrived.saturating_sub(spool.handed_on());
        assert!(doubtful <= dropped.quota, "handed on, and arrived");
        assert_eq!(total.sent, arrived, "sent");
        assert_eq!(total.receipted, arrived, "receipted");
        assert_eq!(total.sightings + doubtful, arrived + lost, "sightings");
        self.seen.acknowledged = self.acknowledged.len() as u64;
        self.seen.batches = self.hub.batches();
        self.seen.again = self.hub.again;
        self.seen.dropped = dropped.quota;
        self.seen.damaged = dropped.damaged;
        let hours = (self.now_ms - START_MS) / HOUR;
        self.seen.virtual_hours = u64::try_from(hours).unwrap_or(0);
    }
}

fn open_ledger<'l>(
    ledger: &'l mut Option<Ledger<SimulatedStorage>>,
    spool: &SharedSpool<SimulatedStorage>,
    disk: &SimulatedStorage,
) -> Result<&'l mut Ledger<SimulatedStorage>, SpoolError> {
    if ledger.as_ref().is_none_or(Ledger::is_poisoned) {
        *ledger = None;
        let opened = Ledger::open(disk.clone())?;
        spooling::lock(spool).release(opened.head().spool_up_to)?;
        *ledger = Some(opened);
    }
    ledger.as_mut().ok_or_else(|| SpoolError::from(Fault::Io))
}

fn sighting(number: u64) -> Sighting {
    Sighting {
        id: FindingId::of(&[&number.to_le_bytes()]),
        key: "tcp/22".into(),
        detector: "login-guessing".into(),
        category: Category::BruteForce,
        attack: Vec::new(),
        severity: Severity::Medium,
        confidence: 90,
        outcome: AttackOutcome::Attempt,
        first: Timestamp::from_seconds(0),
        last: Timestamp::from_seconds(1),
        count: 1,
        sources: vec!["198.51.100.7".parse().unwrap()],
    }
}
