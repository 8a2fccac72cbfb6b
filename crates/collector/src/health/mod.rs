//! Looks after the collector itself and its devices, every few seconds: counts what the core judges
//! (`larum_core::health`), posts what stands, tells the owner what began and what ended.

mod saved;
mod say;

pub use say::{say, say_text};

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use larum_core::health::{
    Change, Concern, DeviceVitals, Health, HubVitals, Kind, Standing, Turn, Vitals,
};
use larum_core::time::{DeviceTime, Timestamp};
use larum_core::words::Words;
use larum_link::clock::Clock;
use serde::{Deserialize, Serialize};
use tokio::sync::watch;
use tokio::task::JoinHandle;

use crate::alerts::{Alert, Origin};
use crate::board::{Board, HubState, Posted};
use crate::config::{Config, Zone};
use crate::reason::Dropped;
use crate::shared::Shared;
use crate::tally::{DeviceId, Hour, OTHER_NAME, hour_of};
use crate::unread;

/// How often everything is looked at, by the collector's clock; never faster than [`LEAST_PAUSE`].
const LOOK_EVERY: Duration = Duration::from_secs(10);
const LEAST_PAUSE: Duration = Duration::from_millis(500);
/// How often devices' rhythms are written to disk; what stands is written when it changes.
const SAVE_EVERY: Duration = Duration::from_secs(600);
/// What is read once and then ends is not missed.
const STDIN: &str = "stdin";
/// The name of a listener stands for what was lost there, and is never heard.
const LISTENER: &str = "udp ";

/// Something that is wrong now, as posted, shown in status and kept. Keys and units as in
/// [`Standing`].
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ConcernRow {
    /// What: the codes of [`Kind`].
    pub kind: String,
    /// The device, where it is about one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub device: Option<String>,
    /// Since when it is told, RFC 3339.
    pub since: String,
    /// How bad it was then; the unit depends on the kind.
    pub amount: i64,
    /// When the device or the hub was last heard, RFC 3339.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub heard: Option<String>,
}

impl ConcernRow {
    /// Of what stands.
    #[must_use]
    pub fn of(standing: &Standing) -> Self {
        let written = |at: Timestamp| Timestamp::from_seconds(at.as_seconds()).to_string();
        Self {
            kind: standing.concern.kind.as_str().to_owned(),
            device: standing.concern.device.as_deref().map(ToOwned::to_owned),
            since: written(standing.since),
            amount: standing.amount,
            heard: standing.heard.map(written),
        }
    }

    /// What it is, when this program knows it.
    #[must_use]
    pub fn kind(&self) -> Option<Kind> {
        Kind::from_word(&self.kind)
    }

    fn standing(&self) -> Option<Standing> {
        Some(Standing {
            concern: Concern {
                kind: self.kind()?,
                device: self.device.as_deref().map(Arc::from),
            },
            since: moment_of(&self.since)?,
            amount: self.amount,
            heard: self.heard.as_deref().and_then(moment_of),
        })
    }
}

pub(crate) fn moment_of(text: &str) -> Option<Timestamp> {
    DeviceTime::parse_rfc3339(text.as_bytes()).map(|time| time.at)
}

/// What the look before this one had counted, so that only what is new is judged.
#[derive(Debug, Default)]
struct Counted {
    rows: BTreeMap<(Hour, DeviceId), (u64, u64)>,
    received: u64,
    lost: u64,
    begun: bool,
}

/// Looks after everything on a board.
pub(crate) struct Watcher {
    config: Arc<Config>,
    clock: Clock,
    board: Arc<Board>,
    words: Arc<Words>,
    health: Health,
    counted: Counted,
    saved: Instant,
}

impl Watcher {
    /// Continues from what an earlier run left in the state folder.
    fn new(config: &Arc<Config>, clock: &Clock, board: &Arc<Board>, words: &Arc<Words>) -> Self {
        let health = saved::load(&config.state_dir);
        board.lock().concerns = rows(&health);
        Self {
            config: Arc::clone(config),
            clock: clock.clone(),
            board: Arc::clone(board),
            words: Arc::clone(words),
            health,
            counted: Counted::default(),
            saved: Instant::now(),
        }
    }

    /// Looks after `board` on a task of its own, until `stopped`.
    pub(crate) fn start(
        config: &Arc<Config>,
        clock: &Clock,
        board: &Arc<Board>,
        shared: &Shared,
        stopped: &watch::Receiver<bool>,
    ) -> JoinHandle<()> {
        let watcher = Self::new(config, clock, board, &shared.words);
        tokio::spawn(watcher.run(stopped.clone()))
    }

    /// Looks until `stopped`, and then keeps what was learned.
    async fn run(mut self, mut stopped: watch::Receiver<bool>) {
        let pause = self.clock.real(LOOK_EVERY).max(LEAST_PAUSE);
        loop {
            self.look(self.clock.now());
            tokio::select! {
                () = tokio::time::sleep(pause) => {}
                _ = stopped.wait_for(|stopped| *stopped) => break,
            }
        }
        self.save();
    }

    fn look(&mut self, now: Timestamp) {
        let disk = room(&self.config.state_dir);
        let zone_offset_seconds = self.config.zone.offset_seconds_at(now);
        let board = Arc::clone(&self.board);
        let mut posted = board.lock();
        let counts = self.counted.count(&posted, now);
        let devices: Vec<DeviceVitals<'_>> = posted
            .tally
            .devices()
            .filter(|(_, name, _)| can_be_silent(name))
            .map(|(id, name, last_heard)| {
                let (received, unread) = counts.get(&id).copied().unwrap_or_default();
                let wrong = posted.learned.clocks_of(name);
                let wrong = wrong.filter_map(|clock| clock.wrong_seconds);
                DeviceVitals {
                    name,
                    last_heard,
                    received,
                    unread,
                    clock_wrong_seconds: wrong.max_by_key(|skew| skew.unsigned_abs()),
                }
            })
            .collect();
        let (received, lost) = self.counted.all(&posted);
        let vitals = Vitals {
            zone_offset_seconds,
            devices: &devices,
            received,
            lost,
            hub: hub_of(&posted.hub),
            waiting: posted.spool.waiting,
            spool_bytes: (posted.spool.bytes, self.config.limits.spool_bytes),
            disk_bytes: disk,
        };
        let changes = self.health.look(&vitals, now);
        for change in &changes {
            self.tell(change, now, &mut posted);
        }
        posted.concerns = rows(&self.health);
        drop(posted);
        if !changes.is_empty() || self.saved.elapsed() >= SAVE_EVERY {
            self.save();
        }
    }

    fn tell(&self, change: &Change, now: Timestamp, posted: &mut Posted) {
        let row = ConcernRow::of(&change.standing);
        let reason = row.kind.as_str();
        let zone: &Zone = &self.config.zone;
        let about = row.device.as_deref().unwrap_or("self");
        let id = format!("{reason}/{about}/{}", row.since);
        let alert = |id, severity: &str, title, advice| Alert {
            raised: now.to_string(),
            origin: Origin::Collector,
            id,
            severity: severity.to_owned(),
            title,
            advice,
        };
        match change.turn {
            Turn::Began => {
                tracing::warn!(reason, "concern");
                posted.alert(alert(
                    id,
                    severity_of(change.standing.concern.kind),
                    say(&row, &self.words),
                    vec![say_text(&row, zone, &self.words)],
                ));
            }
            Turn::Over => {
                tracing::info!(reason, "concern over");
                let title = self
                    .words
                    .say_with("concern-over", &[("title", say(&row, &self.words).into())]);
                posted.alert(alert(format!("{id}/over"), "info", title, Vec::new()));
            }
        }
    }

    fn save(&mut self) {
        self.saved = Instant::now();
        if saved::write(&self.config.state_dir, &self.health).is_err() {
            tracing::warn!(reason = "state-unwritable", "devices' rhythms are not kept");
        }
    }
}

fn severity_of(kind: Kind) -> &'static str {
    match kind {
        Kind::DiskFilling | Kind::LinesLost => "high",
        Kind::DeviceSilent | Kind::UnreadJump | Kind::SpoolGrows | Kind::OwnClock => "medium",
        Kind::DeviceClock | Kind::HubUnreached => "low",
    }
}

fn rows(health: &Health) -> Vec<ConcernRow> {
    health.standing().map(|one| ConcernRow::of(&one)).collect()
}

fn can_be_silent(name: &str) -> bool {
    name != OTHER_NAME && name != STDIN && !name.starts_with(LISTENER)
}

fn hub_of(hub: &HubState) -> Option<HubVitals> {
    (hub.state != HubState::not_joined().state).then(|| HubVitals {
        last_answer: hub.last_answer.as_deref().and_then(moment_of),
        clock_offset_ms: hub.clock_offset_ms,
    })
}

/// Bytes free for this account on the disk of `folder`, and all there are.
pub fn room(folder: &Path) -> Option<(u64, u64)> {
    let about = rustix::fs::statvfs(folder).ok()?;
    let bytes = |blocks: u64| blocks.saturating_mul(about.f_frsize);
    Some((bytes(about.f_bavail), bytes(about.f_blocks)))
}

impl Counted {
    /// Lines of each device since the look before, and those of them that could not be read.
    fn count(&mut self, posted: &Posted, now: Timestamp) -> BTreeMap<DeviceId, (u64, u64)> {
        let from = hour_of(now) - 1;
        let mut rows = BTreeMap::new();
        let mut counts: BTreeMap<DeviceId, (u64, u64)> = BTreeMap::new();
        for (device, hour, sum) in posted.tally.rows().filter(|(_, hour, _)| *hour >= from) {
            let counted = (sum.received(), unread::unread_in(sum));
            let before = self.rows.get(&(hour, device)).copied().unwrap_or_default();
            if self.begun {
                let entry = counts.entry(device).or_default();
                entry.0 += counted.0.saturating_sub(before.0);
                entry.1 += counted.1.saturating_sub(before.1);
            }
            rows.insert((hour, device), counted);
        }
        self.rows = rows;
        counts
    }

    /// Lines of all devices since the look before, and those of them that were lost.
    fn all(&mut self, posted: &Posted) -> (u64, u64) {
        let total = posted.tally.total();
        let lost = Dropped::ALL
            .iter()
            .zip(&total.dropped)
            .filter(|(reason, _)| matches!(reason, Dropped::QueueFull | Dropped::SystemBuffer))
            .map(|(_, count)| count)
            .sum::<u64>();
        let received = total.received();
        let new = (
            received.saturating_sub(self.received),
            lost.saturating_sub(self.lost),
        );
        (self.received, self.lost) = (received, lost);
        if std::mem::replace(&mut self.begun, true) {
            new
        } else {
            (0, 0)
        }
    }
}

#[cfg(test)]
mod tests;
