//! What every part of a running collector writes on and the page, the metrics and `larum status` read
//! from: sums, positions, findings, alerts, the state of spool and hub. One lock, held briefly.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use larum_core::time::Timestamp;
use larum_link::wire::WireWarning;
use serde::{Deserialize, Serialize};

use crate::alerts::{Alert, Alerts};
use crate::blocked::Blocked;
use crate::blocklist::Fetched;
use crate::capture::CaptureState;
use crate::checkpoint::Checkpoint;
use crate::findings::{Findings, KeptFinding};
use crate::health::ConcernRow;
use crate::intake::IntakeState;
use crate::learned::Learned;
use crate::legend::SavedLegend;
use crate::names::Names;
use crate::outbox::InFlight;
use crate::reason::{Closed, Dropped};
use crate::tail::{Position, Seen};
use crate::tally::{DeviceId, Fate, Hour, OTHER, Source, Tally, hour_of};
use crate::unread::{Likeness, Unread};

/// Most warnings of the hub kept.
pub const MAX_WARNINGS: usize = 200;

/// Shared state of one running collector.
#[derive(Debug)]
pub struct Board {
    inner: Mutex<Posted>,
    catching_up: AtomicBool,
    unpacking: AtomicBool,
    too_many_files: AtomicBool,
    closed: [AtomicU64; Closed::ALL.len()],
}

/// What is behind the lock.
#[derive(Debug)]
pub struct Posted {
    /// The sums.
    pub tally: Tally,
    /// How far each file is read and dealt with.
    pub positions: Seen,
    /// How far each file was dealt with when the checkpoint on disk was taken.
    pub saved_positions: Vec<Position>,
    /// How far the intake is dealt with.
    pub intake: IntakeState,
    /// Up to where the system's journal is dealt with.
    pub journal: Option<String>,
    /// Newest findings.
    pub findings: Findings,
    /// Alerts.
    pub alerts: Alerts,
    /// Warnings of the hub, oldest first.
    pub warnings: VecDeque<WireWarning>,
    /// Sightings on their way to the hub.
    pub in_flight: InFlight,
    /// The spool.
    pub spool: SpoolState,
    /// The hub.
    pub hub: HubState,
    /// What was kept out, in numbers.
    pub blocked: Blocked,
    /// What was learned about devices' clocks and the firm's own addresses.
    pub learned: Learned,
    /// What unread lines look like, in numbers.
    pub unread: Unread,
    /// What senders said about the columns of their lines.
    pub legends: Vec<SavedLegend>,
    /// What hinders the collector itself, worst first.
    pub troubles: BTreeSet<Trouble>,
    /// What is wrong with devices and the collector, as it was told.
    pub concerns: Vec<ConcernRow>,
    /// What was captured on each interface since the start.
    pub captures: Vec<CaptureState>,
    /// What devices call themselves; never sent.
    pub names: Names,
    /// The member's blocklist, where it is served and once the hub gave it.
    pub blocklist: Option<Arc<Fetched>>,
}

/// How the spool is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SpoolState {
    /// Sightings waiting for the hub.
    pub waiting: u64,
    /// Bytes of them.
    pub bytes: u64,
    /// Sightings given up because the spool was full: oldest first.
    pub dropped_quota: u64,
    /// Sightings lost to damage on the disk.
    pub dropped_damage: u64,
    /// Sightings given up because the disk ran low: oldest first.
    #[serde(default)]
    pub dropped_room: u64,
    /// Sightings given up because they waited too long.
    #[serde(default)]
    pub dropped_age: u64,
}

impl SpoolState {
    /// Sightings that will never be sent, by reason: the names are those of [`larum_spool::Dropped`].
    #[must_use]
    pub const fn dropped(&self) -> [(&'static str, u64); 4] {
        larum_spool::Dropped {
            quota: self.dropped_quota,
            damaged: self.dropped_damage,
            room: self.dropped_room,
            age: self.dropped_age,
        }
        .by_reason()
    }

    /// All of them.
    #[must_use]
    pub fn lost(&self) -> u64 {
        let counts = self.dropped().into_iter().map(|(_, count)| count);
        counts.fold(0, u64::saturating_add)
    }
}

/// How things stand with the hub.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct HubState {
    /// `not-joined`, `joined` (not called yet), `connected`, or why the last call gave nothing.
    pub state: String,
    /// The member's name at the hub.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub member: Option<String>,
    /// This collector's identity at the hub.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub collector: Option<String>,
    /// When the hub last receipted a batch or sign of life, RFC 3339.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_answer: Option<String>,
    /// Number of the last batch the hub has receipted.
    #[serde(default)]
    pub last_batch: u64,
    /// The hub's clock minus this one's, in milliseconds, as last seen.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub clock_offset_ms: Option<i64>,
}

impl HubState {
    /// There is no hub.
    #[must_use]
    pub fn not_joined() -> Self {
        Self {
            state: "not-joined".to_owned(),
            ..Self::default()
        }
    }
}

/// What hinders the collector itself: the reason in the log, on the page and in metrics.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Trouble {
    /// The spool cannot be written: sightings wait in memory.
    SpoolUnwritable,
    /// Spool or ledger cannot be read or written by the uplink: nothing leaves until they can.
    SpoolUnreadable,
    /// The state folder cannot be written: positions and sums are not kept.
    StateUnwritable,
    /// What streams bring cannot be kept on disk: who waits for an answer gets none.
    IntakeUnwritable,
    /// A certificate, key or authority of a listener cannot be used: the one of before stays.
    CertificateUnusable,
    /// The system's journal cannot be read.
    JournalUnreadable,
    /// An interface that is captured on is down, or gone.
    CaptureDown,
    /// More files match than may be followed.
    TooManyFiles,
    /// The firm's own format folder could not be used on reload: the formats of before stay.
    FormatsWrong,
    /// A list of indicators could not be read again: the lists of before stay.
    ListsUnreadable,
}

impl Trouble {
    /// Every trouble.
    pub const ALL: [Self; 10] = [
        Self::SpoolUnwritable,
        Self::SpoolUnreadable,
        Self::StateUnwritable,
        Self::IntakeUnwritable,
        Self::CertificateUnusable,
        Self::JournalUnreadable,
        Self::CaptureDown,
        Self::TooManyFiles,
        Self::FormatsWrong,
        Self::ListsUnreadable,
    ];

    /// The stable code.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::SpoolUnwritable => "spool-unwritable",
            Self::SpoolUnreadable => "spool-unreadable",
            Self::StateUnwritable => "state-unwritable",
            Self::IntakeUnwritable => "intake-unwritable",
            Self::CertificateUnusable => "certificate-unusable",
            Self::JournalUnreadable => "journal-unreadable",
            Self::CaptureDown => "capture-down",
            Self::TooManyFiles => "too-many-files",
            Self::FormatsWrong => "formats-wrong",
            Self::ListsUnreadable => "lists-unreadable",
        }
    }
}

impl Board {
    /// The board of a collector on `folder`, continuing from `checkpoint`.
    #[must_use]
    pub fn new(folder: &Path, checkpoint: &Checkpoint) -> Self {
        let mut tally = Tally::restore(&checkpoint.tally);
        let in_flight = InFlight::restore(&checkpoint.in_flight, &mut tally);
        Self {
            inner: Mutex::new(Posted {
                tally,
                positions: Seen::new(checkpoint.positions.iter().cloned()),
                saved_positions: checkpoint.positions.clone(),
                intake: checkpoint.intake,
                journal: checkpoint.journal.clone(),
                findings: Findings::open(folder),
                alerts: Alerts::open(folder),
                warnings: checkpoint.warnings.iter().cloned().collect(),
                in_flight,
                blocked: checkpoint.blocked.clone(),
                unread: Unread::restore(&checkpoint.unread),
                spool: SpoolState::default(),
                hub: HubState::not_joined(),
                learned: checkpoint.learned.clone(),
                legends: checkpoint.legends.clone(),
                troubles: BTreeSet::new(),
                concerns: Vec::new(),
                captures: Vec::new(),
                names: Names::default(),
                blocklist: None,
            }),
            catching_up: AtomicBool::new(false),
            unpacking: AtomicBool::new(false),
            too_many_files: AtomicBool::new(false),
            closed: [const { AtomicU64::new(0) }; Closed::ALL.len()],
        }
    }

    /// The state behind the lock. Hold it briefly, never across an await.
    pub fn lock(&self) -> MutexGuard<'_, Posted> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Enters records that never reached the parser.
    pub fn dropped(&self, source: &Source, reason: Dropped, count: u64, now: Timestamp) {
        if count == 0 {
            return;
        }
        let mut posted = self.lock();
        let device = match source {
            Source::Other => OTHER,
            source => posted.tally.device(&source.name()),
        };
        posted
            .tally
            .enter(device, hour_of(now), Fate::Dropped(reason), count);
    }

    /// Notes that a connection was closed or not taken.
    pub fn closed(&self, reason: Closed) {
        if let Some(at) = Closed::ALL.iter().position(|one| *one == reason)
            && let Some(count) = self.closed.get(at)
        {
            count.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// How many connections were closed or not taken, by reason, since the start.
    pub fn connections_closed(&self) -> impl Iterator<Item = (Closed, u64)> {
        Closed::ALL
            .into_iter()
            .zip(&self.closed)
            .map(|(reason, count)| (reason, count.load(Ordering::Relaxed)))
    }

    /// Notes whether files hold more than has been read.
    pub fn set_catching_up(&self, busy: bool) {
        self.catching_up.store(busy, Ordering::Relaxed);
    }

    /// Notes whether a file that was put into a folder is being read.
    pub fn set_unpacking(&self, busy: bool) {
        self.unpacking.store(busy, Ordering::Relaxed);
    }

    /// Whether files hold more than has been read, so that record time is not the clock's time.
    #[must_use]
    pub fn catching_up(&self) -> bool {
        self.catching_up.load(Ordering::Relaxed) || self.unpacking.load(Ordering::Relaxed)
    }

    /// Notes that more files match than may be followed.
    pub fn set_too_many_files(&self) {
        if !self.too_many_files.swap(true, Ordering::Relaxed) {
            self.lock().trouble(Trouble::TooManyFiles, true);
        }
    }
}

impl Posted {
    /// Begins or ends a trouble; logged when it changes.
    pub fn trouble(&mut self, trouble: Trouble, there: bool) {
        let changed = if there {
            self.troubles.insert(trouble)
        } else {
            self.troubles.remove(&trouble)
        };
        if changed && there {
            tracing::error!(reason = trouble.code(), "trouble");
        } else if changed {
            tracing::info!(reason = trouble.code(), "trouble over");
        }
    }

    /// What was captured on `interface`; there are no more of them than the configuration may name.
    pub fn capture(&mut self, interface: &str) -> &mut CaptureState {
        let mut states = self.captures.iter();
        let known = states.position(|state| state.interface == interface);
        let place = known.unwrap_or_else(|| {
            self.captures.push(CaptureState {
                interface: interface.to_owned(),
                ..CaptureState::default()
            });
            self.captures.len() - 1
        });
        // It was found or put there just now.
        #[expect(clippy::indexing_slicing, reason = "the place is one of the list")]
        &mut self.captures[place]
    }

    /// Enters sightings that reached the spool before a crash but not the checkpoint: all numbers
    /// below `next` that are not known.
    pub fn adopt_unknown_sightings(&mut self, next: u64) {
        let known = self.in_flight.newest().max(self.tally.total().sightings);
        for number in known + 1..next {
            self.tally.enter(OTHER, 0, Fate::Sighting, 1);
            self.in_flight.put(number, OTHER, 0, &mut self.tally);
        }
    }

    /// Notes what lines that were not read in `hour` look like.
    pub fn note_unread(&mut self, hour: Hour, unread: BTreeMap<(DeviceId, Likeness), u64>) {
        for ((device, likeness), lines) in unread {
            let device = self.tally.name(device);
            self.unread.add(hour, device, likeness, lines);
        }
    }

    /// Keeps `finding` for the page.
    pub fn keep(&mut self, finding: KeptFinding) {
        let unwritten = self.findings.put(finding).is_err();
        if unwritten {
            self.trouble(Trouble::StateUnwritable, true);
        }
    }

    /// Raises an alert, once for each origin and id.
    pub fn alert(&mut self, alert: Alert) {
        let severity = alert.severity.clone();
        let origin = alert.origin;
        match self.alerts.raise(alert) {
            Ok(true) => tracing::warn!(?origin, severity, "alert"),
            Ok(false) => {}
            Err(_) => self.trouble(Trouble::StateUnwritable, true),
        }
    }

    /// Takes in a warning of the hub; one of the same number is replaced.
    pub fn warn(&mut self, warning: WireWarning, now: Timestamp) {
        self.alert(Alert {
            raised: now.to_string(),
            origin: crate::alerts::Origin::Hub,
            id: warning.id.to_string(),
            severity: warning.severity.clone(),
            title: warning.title.clone(),
            advice: warning.actions.clone(),
        });
        self.warnings.retain(|known| known.id != warning.id);
        self.warnings.push_back(warning);
        if self.warnings.len() > MAX_WARNINGS {
            self.warnings.pop_front();
        }
    }
}
