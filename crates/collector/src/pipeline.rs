//! The one loop between the queue and the spool: receive, parse, detect, minimise, digest, persist.
//! Every decision is the core's; this loop obeys and enters what became of each record.

use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::{Duration, Instant};

use larum_core::clock::ZoneRule;
use larum_core::detect::{Detect, Signal};
use larum_core::digest::Digest;
use larum_core::finding::{Finding, FindingId, Severity};
use larum_core::minimise::{Level, Minimiser, PseudonymKey, Sharing};
use larum_core::parse::{Context, Formats, Legend, Scratch};
use larum_core::reject::Reject;
use larum_core::sighting::Sighting;
use larum_core::time::Timestamp;
use larum_link::clock::Clock;
use tokio::sync::{mpsc, watch};

use crate::alerts::{Alert, Origin};
use crate::board::{Board, Posted, Trouble};
use crate::checkpoint::Checkpoint;
use crate::chunk::{Chunk, Mark};
use crate::config::Config;
use crate::findings::KeptFinding;
use crate::learned::Learner;
use crate::legend::{FileLegend, SenderLegends};
use crate::memory::Memory;
use crate::reload::Changing;
use crate::sharing;
use crate::spooling::Spooling;
use crate::status::Status;
use crate::tally::{DeviceId, Fate, OTHER, Source, Sum, hour_of};
use crate::unread::{Likeness, Sampler};

/// Chunks taken from the queue at once, for one sync.
const CHUNKS_AT_ONCE: usize = 16;
/// How often sums and positions are written to disk while something changes.
const CHECKPOINT_EVERY: Duration = Duration::from_secs(5);
/// Longest sleep: sets how soon a join is noticed and a status file is at most old.
const LONGEST_SLEEP: Duration = Duration::from_secs(1);
/// Findings that ended longer ago than this, as in a log file from before the installation, are kept
/// but raise no alert.
const ALERT_WITHIN_SECONDS: i64 = 24 * 3_600;
/// Most findings whose device is remembered until their sighting is written.
const MAX_REMEMBERED: usize = 65_536;

/// What the pipeline is made of.
pub(crate) struct Parts {
    /// How to read each device, and the lists: they change while it runs.
    pub changing: Changing,
    pub detect: Detect,
    pub sharing: Sharing,
    /// What sightings are called by.
    pub pseudonyms: PseudonymKey,
    pub config: Arc<Config>,
    pub clock: Clock,
    pub board: Arc<Board>,
    pub spooling: Spooling,
    pub status: Status,
    /// Whether the collector belongs to a hub; without one nothing is shared.
    pub joined: watch::Receiver<bool>,
    /// Hears which chunk of the intake is the last that a checkpoint on disk counts.
    pub saved: watch::Sender<u64>,
}

/// The loop's state.
pub(crate) struct Pipeline {
    parts: Parts,
    formats: Arc<Formats>,
    legends: SenderLegends,
    sampler: Sampler,
    minimiser: Minimiser,
    digest: Digest,
    /// Device that a finding on its way is entered under, and its sighting.
    devices: BTreeMap<FindingId, DeviceId>,
    scratch: Scratch,
    signals: Vec<Signal>,
    sightings: Vec<Sighting>,
    /// A checkpoint taken and not yet written: see [`Pipeline::checkpoint`].
    held: Option<(Timestamp, Kept)>,
    checkpointed: Instant,
    changed: bool,
    memory: Memory,
    learner: Learner,
}

/// A checkpoint, and what the detectors remembered at that moment if it is time to write that.
type Kept = (Checkpoint, Option<Vec<u8>>);

impl Pipeline {
    pub(crate) fn new(parts: Parts) -> Self {
        let learner = Learner::new(&parts.config, &parts.board.lock().learned);
        let formats = Arc::clone(&parts.changing.formats.borrow());
        let legends = SenderLegends::load(&formats, &parts.board.lock().legends);
        let mut pipeline = Self {
            legends,
            learner,
            minimiser: Minimiser::new(parts.sharing.clone(), parts.pseudonyms.clone()),
            formats,
            sampler: Sampler::default(),
            parts,
            digest: Digest::default(),
            devices: BTreeMap::new(),
            scratch: Scratch::default(),
            signals: Vec::new(),
            sightings: Vec::new(),
            held: None,
            checkpointed: Instant::now(),
            changed: true,
            memory: Memory::new(),
        };
        pipeline.own_changed();
        pipeline.lists_changed();
        pipeline.go_on();
        pipeline
    }

    /// What was going on when the collector stopped still is: said of the findings that the page shows.
    fn go_on(&mut self) {
        let board = Arc::clone(&self.parts.board);
        let mut posted = board.lock();
        for finding in self.parts.detect.open_findings() {
            let known = posted.findings.get(&finding.id.to_string());
            let Some(name) = known.map(|known| known.device.clone()) else {
                continue;
            };
            let device = posted.tally.device(&name);
            self.devices.insert(finding.id, device);
            posted.keep(KeptFinding::of(&finding, &name, true));
        }
    }

    /// Runs until the queue is closed and empty, then ends what is open and writes everything.
    pub(crate) async fn run(mut self, mut queue: mpsc::Receiver<Chunk>) {
        let mut chunks = Vec::with_capacity(CHUNKS_AT_ONCE);
        loop {
            let sleep = self.sleep();
            tokio::select! {
                received = queue.recv_many(&mut chunks, CHUNKS_AT_ONCE) => {
                    if received == 0 {
                        break;
                    }
                }
                () = tokio::time::sleep(sleep) => {}
                Ok(()) = self.parts.joined.changed() => self.share_if_joined(),
            }
            if self.parts.changing.formats.has_changed().unwrap_or(false) {
                self.formats = Arc::clone(&self.parts.changing.formats.borrow_and_update());
                self.legends.renew(&self.formats);
            }
            if self.parts.changing.lists.has_changed().unwrap_or(false) {
                self.lists_changed();
            }
            let idle = chunks.is_empty();
            for mut chunk in chunks.drain(..) {
                self.events(&mut chunk);
                self.chunk(&chunk);
            }
            self.turn(idle);
        }
        self.stop();
    }

    /// How long nothing has to be done unless records arrive.
    fn sleep(&self) -> Duration {
        let now = self.parts.clock.now();
        let detect = self
            .parts
            .detect
            .next_deadline()
            .filter(|_| !self.parts.board.catching_up());
        let next = [self.digest.next_deadline(), detect]
            .into_iter()
            .flatten()
            .min();
        let Some(next) = next else {
            return LONGEST_SLEEP;
        };
        let wait = u64::try_from(next.millis_since(now)).unwrap_or(0);
        self.parts
            .clock
            .real(Duration::from_millis(wait + 1))
            .clamp(Duration::from_millis(5), LONGEST_SLEEP)
    }

    fn share_if_joined(&mut self) {
        let mut sharing = self.parts.sharing.clone();
        sharing.own_networks = self.learner.certain_own();
        sharing::chosen(&self.parts.config.state_dir).limit(&mut sharing);
        if !*self.parts.joined.borrow_and_update() {
            sharing.level = Level::Off;
        }
        self.minimiser = Minimiser::new(sharing, self.parts.pseudonyms.clone());
    }

    /// The firm's own addresses are never an attacker, here and at the hub.
    fn own_changed(&mut self) {
        self.parts.detect.set_own(&self.learner.certain_own());
        self.share_if_joined();
    }

    fn lists_changed(&mut self) {
        let lists = Arc::clone(&self.parts.changing.lists.borrow_and_update());
        self.parts
            .detect
            .set_lists(Arc::clone(&lists.indicators), lists.never.clone());
    }

    /// What is due besides records.
    fn turn(&mut self, idle: bool) {
        let now = self.parts.clock.now();
        if idle && !self.parts.board.catching_up() {
            self.parts.detect.expire(now, &mut self.signals);
            self.deal_with_signals(OTHER, now);
        }
        if self.learner.has_new_own() {
            self.own_changed();
        }
        self.learner.post_now_and_then(&self.parts.board, now);
        self.digest.due(now, &mut self.sightings);
        self.spool(now);
        self.checkpoint(now);
        self.parts.status.refresh(&self.parts.board, now);
    }

    /// Parses and detects; enters what became of each record, and then how far its file is read.
    fn chunk(&mut self, chunk: &Chunk) {
        let offset = self.parts.config.zone.offset_seconds_at(chunk.received);
        let context = Context {
            received: chunk.received,
            zone_offset_seconds: offset,
            format: None,
        };
        let board = Arc::clone(&self.parts.board);
        let names: Vec<String> = chunk.sources().iter().map(Source::name).collect();
        let devices: Vec<DeviceId> = {
            let mut posted = board.lock();
            let mut devices = Vec::with_capacity(names.len());
            for name in &names {
                let device = posted.tally.device(name);
                posted.tally.heard(device, chunk.received);
                devices.push(device);
            }
            devices
        };
        let mut sums = vec![Sum::default(); devices.len()];
        let rule = match &chunk.zone {
            Some(zone) => ZoneRule::Fixed(zone.offset_seconds_at(chunk.received)),
            None => ZoneRule::Learn(offset),
        };
        let mut unread: BTreeMap<(DeviceId, Likeness), u64> = BTreeMap::new();
        for (source, record) in chunk.records() {
            let device = devices.get(source).copied().unwrap_or(OTHER);
            let live = names.get(source).filter(|_| chunk.live);
            let sender = live.map(|name| (name.as_str(), rule));
            let file = chunk.legend.as_ref();
            let origin = chunk.sources().get(source);
            let outcome = self.record(record, &context, sender, (origin, file));
            if let Some(sum) = sums.get_mut(source) {
                sum.enter(match outcome {
                    Ok(()) => Fate::Event,
                    Err(reason) => Fate::Rejected(reason),
                });
            }
            if let Err(reason) = outcome
                && let Some(likeness) = self.look(device, record, reason, &context)
            {
                *unread.entry((device, likeness)).or_default() += 1;
            }
            if !self.signals.is_empty() {
                self.deal_with_signals(device, chunk.received);
            }
        }
        let mut posted = board.lock();
        if let Some(legends) = self.legends.save() {
            posted.legends = legends;
        }
        for (device, sum) in devices.iter().zip(&sums) {
            posted.tally.add(*device, hour_of(chunk.received), sum);
        }
        posted.note_unread(hour_of(chunk.received), unread);
        match &chunk.mark {
            Some(Mark::File(position)) => posted.positions.note(position.clone()),
            Some(Mark::Journal(cursor)) => posted.journal = Some(cursor.clone()),
            Some(Mark::Intake(number)) => posted.intake.done = posted.intake.done.max(*number),
            None => {}
        }
        self.changed = true;
    }

    /// Detects on events that need no reading, such as what was said on a captured interface.
    fn events(&mut self, chunk: &mut Chunk) {
        let events = chunk.take_events();
        if events.is_empty() {
            return;
        }
        let board = Arc::clone(&self.parts.board);
        let devices: Vec<DeviceId> = {
            let mut posted = board.lock();
            let sources = chunk.sources().iter();
            sources
                .map(|source| posted.tally.device(&source.name()))
                .collect()
        };
        let mut sums = vec![Sum::default(); devices.len()];
        for (source, mut event) in events {
            if event.src_host.is_some() {
                board.lock().names.learn(&event, chunk.received);
            }
            let device = devices.get(source).copied().unwrap_or(OTHER);
            let judged = catch_unwind(AssertUnwindSafe(|| {
                let at = self.learner.read(&mut event, None);
                let signals = &mut self.signals;
                self.parts.detect.observe_at(&event, &[], at, signals);
            }));
            if let Some(sum) = sums.get_mut(source) {
                sum.enter(match judged {
                    Ok(()) => Fate::Event,
                    Err(_) => Fate::Rejected(Reject::Poisonous),
                });
            }
            self.deal_with_signals(device, chunk.received);
        }
        let mut posted = board.lock();
        for (device, sum) in devices.iter().zip(&sums) {
            posted.tally.heard(*device, chunk.received);
            posted.tally.add(*device, hour_of(chunk.received), sum);
        }
        self.changed = true;
    }

    /// What a record that was not read looks like, if it is looked into.
    fn look(
        &mut self,
        device: DeviceId,
        record: &[u8],
        reason: Reject,
        context: &Context<'_>,
    ) -> Option<Likeness> {
        let Self {
            formats, sampler, ..
        } = self;
        catch_unwind(AssertUnwindSafe(|| {
            sampler.look(formats, device, record, reason, context)
        }))
        .unwrap_or(None)
    }

    /// One record into the detectors; `sender` of one that is sent as it happens, and what is known
    /// of its zone. A panic in here is a fault of the program that one record must not turn into the
    /// end of all watching.
    fn record(
        &mut self,
        record: &[u8],
        context: &Context<'_>,
        sender: Option<(&str, ZoneRule)>,
        (origin, file): (Option<&Source>, Option<&FileLegend>),
    ) -> Result<(), Reject> {
        let Self {
            parts,
            formats,
            legends,
            scratch,
            signals,
            learner,
            ..
        } = self;
        let judged = catch_unwind(AssertUnwindSafe(|| {
            let mut read = |legend: &mut Legend| {
                let mut event = formats.parse_next(record, context, legend, scratch)?;
                let at = learner.read(&mut event, sender);
                parts.detect.observe_at(&event, record, at, signals);
                Ok(())
            };
            match (file, origin) {
                (Some(file), _) => file.with(formats, read),
                (None, Some(sender)) => read(legends.next(formats, sender, record)),
                (None, None) => read(&mut Legend::new()),
            }
        }));
        judged.unwrap_or_else(|_| {
            *scratch = Scratch::default();
            Err(Reject::Poisonous)
        })
    }

    fn deal_with_signals(&mut self, device: DeviceId, now: Timestamp) {
        if self.signals.is_empty() {
            return;
        }
        let board = Arc::clone(&self.parts.board);
        let mut posted = board.lock();
        for signal in std::mem::take(&mut self.signals) {
            let (finding, open) = match signal {
                Signal::Opened(finding) => (finding, true),
                Signal::Closed(finding) => (finding, false),
            };
            let device = *self.devices.entry(finding.id).or_insert(device);
            self.tell(&finding, device, open, now, &mut posted);
            self.share(&finding, device, now, &mut posted);
        }
        self.changed = true;
    }

    /// Makes a sighting of it, or enters why there is none.
    fn share(&mut self, finding: &Finding, device: DeviceId, now: Timestamp, posted: &mut Posted) {
        let fate = match self.minimiser.screen(finding) {
            Err(reason) => Some(Fate::Withheld(reason)),
            Ok(sighting) => {
                self.devices.insert(sighting.id, device);
                let digested = self.digest.push(sighting, now, &mut self.sightings);
                digested.map(Fate::Withheld)
            }
        };
        if let Some(fate) = fate {
            posted.tally.enter(device, hour_of(now), fate, 1);
        }
    }

    /// Says how far what is still going on has come, without ending it.
    fn share_open(&mut self, now: Timestamp) {
        let board = Arc::clone(&self.parts.board);
        let mut posted = board.lock();
        for finding in self.parts.detect.open_findings() {
            let device = self.devices.get(&finding.id).copied().unwrap_or(OTHER);
            if finding.severity > Severity::Info {
                let name = posted.tally.name(device).to_owned();
                posted.keep(KeptFinding::of(&finding, &name, true));
            }
            self.share(&finding, device, now, &mut posted);
        }
    }

    /// Keeps the finding for the page and raises an alert where it is bad enough.
    fn tell(
        &self,
        finding: &Finding,
        device: DeviceId,
        open: bool,
        now: Timestamp,
        posted: &mut Posted,
    ) {
        if !open {
            posted.blocked.enter(finding);
        }
        if finding.severity == Severity::Info {
            return;
        }
        let name = posted.tally.name(device).to_owned();
        posted.keep(KeptFinding::of(finding, &name, open));
        let recent = finding.last >= now.plus_seconds(-ALERT_WITHIN_SECONDS);
        if recent && finding.severity >= self.parts.config.alert_severity {
            posted.alert(Alert {
                raised: now.to_string(),
                origin: Origin::Finding,
                id: finding.id.to_string(),
                severity: finding.severity.to_string(),
                title: finding.title.clone(),
                advice: vec![finding.advice.clone()],
            });
        }
    }

    /// Digested sightings into the spool.
    fn spool(&mut self, now: Timestamp) {
        for sighting in self.sightings.drain(..) {
            let device = self.devices.get(&sighting.id).copied().unwrap_or(OTHER);
            self.parts.spooling.put(sighting, device);
            self.changed = true;
        }
        if self.devices.len() > MAX_REMEMBERED {
            self.devices.clear();
        }
        self.parts.spooling.settle(&self.parts.board, hour_of(now));
    }

    /// A position on disk says that everything before it is dealt with. So a checkpoint is taken
    /// now and then, but only written once every sighting that was waiting in the digest at that
    /// moment is safe in the spool.
    fn checkpoint(&mut self, now: Timestamp) {
        if self.changed {
            self.memory.changed();
        }
        let due = self.changed || self.memory.is_due();
        if self.held.is_none() && due && self.checkpointed.elapsed() >= CHECKPOINT_EVERY {
            self.changed = false;
            let is_due = self.memory.is_due();
            let memory = is_due.then(|| self.memory.take(&self.parts.detect));
            self.held = Some((now, (self.take_checkpoint(now), memory)));
        }
        let wait_ms = larum_core::digest::Settings::default().wait_ms;
        let safe = |taken: &Timestamp| {
            self.digest.is_empty() || now.millis_since(*taken) > wait_ms || now < *taken
        };
        if self.parts.spooling.is_waiting() || !self.held.as_ref().is_some_and(|(at, _)| safe(at)) {
            return;
        }
        if let Some((_, kept)) = self.held.take() {
            self.write(&kept);
        }
    }

    fn take_checkpoint(&self, now: Timestamp) -> Checkpoint {
        let mut posted = self.parts.board.lock();
        posted.tally.forget_before(now);
        posted.unread.forget_before(now);
        Checkpoint::of(&posted)
    }

    fn write(&mut self, (checkpoint, memory): &Kept) {
        let folder = &self.parts.config.state_dir;
        let mut written = checkpoint.write(folder);
        if let (Ok(()), Some(memory)) = (&written, memory) {
            written = self.memory.write(folder, memory);
        }
        let failed = written.is_err();
        let board = Arc::clone(&self.parts.board);
        let mut posted = board.lock();
        posted.trouble(Trouble::StateUnwritable, failed);
        self.changed |= failed;
        if !failed {
            posted.saved_positions.clone_from(&checkpoint.positions);
            self.parts.saved.send_replace(checkpoint.intake.done);
        }
        self.checkpointed = Instant::now();
    }

    /// Says how far everything has come, and writes everything. What is going on is not ended: the
    /// next start goes on with it.
    fn stop(&mut self) {
        let now = self.parts.clock.now();
        self.share_open(now);
        let memory = self.memory.take(&self.parts.detect);
        self.digest.flush(&mut self.sightings);
        self.spool(now);
        {
            let board = Arc::clone(&self.parts.board);
            let mut posted = board.lock();
            self.parts
                .spooling
                .give_up_beyond(0, &mut posted, hour_of(now));
        }
        self.learner.post(&self.parts.board, now);
        let checkpoint = self.take_checkpoint(now);
        self.write(&(checkpoint, Some(memory)));
        self.parts.status.write(&self.parts.board, now);
    }
}
