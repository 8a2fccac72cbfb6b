//! Data carried out: a host that sends far more than it gets to a place it never sent to before (ATT&CK
//! T1041, T1048, T1567).
//!
//! See `docs/detectors/outflow.md`.

use super::beacon::is_keep_alive;
use super::firm::Host;
use super::fold::Fold;
use super::hash;
use super::snapshot::kept;
use super::source::key_of;
use super::story::{StoryKey, What};
use super::table::{Remembered, Table};
use super::telling::{Telling, blocked_or_unknown, service_key};
use crate::finding::{Category, Severity};
use crate::time::Timestamp;

/// Most pairs of a host and a place whose bytes are added up: 2,048, at 48 bytes each.
pub type HaulTable = Table<Haul, 128>;
/// A pair is watched from the first record with so many bytes out.
const LEAST_BYTES: u64 = 4_096;
/// Less than this in a day is no haul.
const HAUL_BYTES: u64 = 50_000_000;
/// While everything is new, only what is so many times as much.
const LEARNING_FACTOR: u64 = 10;
/// So many times more out than in.
const RATIO: u64 = 10;
/// Hosts that go to a place that make it a service of the firm.
const SHARED_HOSTS: u32 = 3;
/// A day is counted from the first byte.
const WINDOW_SECONDS: u32 = 86_400;
/// Of a host's own earlier days to one place, all but this share sent less.
const USUAL_SHARE: f64 = 0.001;
/// The lowest class of a host's own history.
const CLASS_BYTES: u64 = 1 << 20;

/// What a host sent to a place within a day.
#[derive(Clone, Copy, Debug, Default)]
pub struct Haul {
    up: u64,
    down: u64,
    since: u32,
    last: u32,
    records: u32,
    /// Whether any record said how much came back.
    both: bool,
    told: bool,
}

kept!(Haul {
    up,
    down,
    since,
    last,
    records,
    both,
    told
});

impl Remembered for Haul {
    fn last(&self) -> u32 {
        self.last
    }

    /// The number of binary digits of what was sent.
    fn evidence(&self) -> u32 {
        self.up.checked_ilog2().unwrap_or(0) + if self.told { 16 } else { 0 }
    }

    /// One less for every two hours of silence.
    fn strength(&self, now: u32) -> u32 {
        let idle = now.saturating_sub(self.last) / 7_200;
        self.evidence().saturating_sub(idle)
    }
}

/// The pairs whose bytes are added up.
#[derive(Clone, Debug, Default)]
pub struct Hauls {
    rows: HaulTable,
}

kept!(Hauls { rows });

impl Hauls {
    /// Adds a record; the day before, if one just ended, and the row.
    fn add(
        &mut self,
        key: u64,
        now: u32,
        up: Option<u64>,
        down: Option<u64>,
    ) -> Option<(Option<u64>, &mut Haul)> {
        let sent = up.unwrap_or(0);
        if sent < LEAST_BYTES {
            self.rows.find(key)?;
        }
        let brings = sent.checked_ilog2().unwrap_or(0);
        let row = self.rows.admit(key, now, brings)?;
        let mut ended = None;
        if row.since == 0 || now.saturating_sub(row.since) >= WINDOW_SECONDS {
            ended = (row.since != 0).then_some(row.up);
            *row = Haul {
                since: now,
                both: row.both,
                ..Haul::default()
            };
        }
        row.up = row.up.saturating_add(sent);
        row.down = row.down.saturating_add(down.unwrap_or(0));
        row.last = row.last.max(now);
        row.records = row.records.saturating_add(1);
        row.both |= down.is_some();
        Some((ended, row))
    }
}

/// The class of `bytes` in a host's history.
fn class_of(bytes: u64) -> usize {
    let digits = (bytes / CLASS_BYTES)
        .checked_ilog2()
        .map_or(0, |digits| digits + 1);
    usize::try_from(digits).unwrap_or(0).min(23)
}

impl Host {
    /// Notes a day's upload to one place; of one that was told, as it grows.
    fn uploaded(&mut self, bytes: u64) {
        if let Some(count) = self.uploads.get_mut(class_of(bytes)) {
            *count = count.saturating_add(1);
        }
    }
}

/// What all but one in a thousand of a host's days to one place stayed below.
fn usual(uploads: &[u16; 24]) -> u64 {
    let all: u32 = uploads.iter().map(|count| u32::from(*count)).sum();
    let allowed = f64::from(all) * USUAL_SHARE;
    let mut above = 0_u32;
    for (class, count) in uploads.iter().enumerate().rev() {
        above += u32::from(*count);
        if f64::from(above) > allowed {
            return CLASS_BYTES << class.min(40);
        }
    }
    0
}

impl Fold<'_> {
    pub(super) fn outflow(&mut self) {
        let Some((flow, host, place)) = self.seen.outgoing() else {
            return;
        };
        if flow.failed {
            return;
        }
        let now = self.seen.seconds();
        let host_key = key_of(host);
        let key = hash::mix(host_key) ^ place;
        let flows = &mut self.detect.flows;
        let Some((ended, row)) = flows.hauls.add(key, now, flow.up, flow.down) else {
            return;
        };
        let haul = *row;
        let before = haul.up.saturating_sub(flow.up.unwrap_or(0));
        let grown = haul.told && class_of(haul.up) > class_of(before);
        let bytes = ended.or_else(|| grown.then_some(haul.up));
        if let (Some(bytes), Some(history)) = (bytes, flows.firm.host(host_key, now)) {
            history.uploaded(bytes);
        }
        let story_key = StoryKey {
            what: What::Outflow,
            actor: host_key,
            detail: place,
        };
        if haul.told {
            if self.detect.stories.opened(&story_key).is_some()
                && let Some((_, story)) = self.tell_flow(What::Outflow, place)
            {
                #[expect(clippy::cast_precision_loss, reason = "bytes far below 2^53")]
                story.figure("bytes_out", haul.up as f64);
            }
        } else if haul.up >= HAUL_BYTES
            && haul.both
            && haul.up / RATIO >= haul.down
            && !is_keep_alive(&self.detect.flows.keep_alive, flow)
        {
            self.weigh_outflow(place, key, &haul);
        }
    }

    fn weigh_outflow(&mut self, place: u64, key: u64, haul: &Haul) {
        let Some((_, host, _)) = self.seen.outgoing() else {
            return;
        };
        let now = self.seen.seconds();
        let firm = &mut self.detect.flows.firm;
        let host_key = key_of(host);
        let learning = firm.is_learning(now);
        if !learning && !firm.is_new_place(place, now) {
            return;
        }
        let own = firm
            .host(host_key, now)
            .map_or(0, |host| usual(&host.uploads));
        let factor = if learning { LEARNING_FACTOR } else { 1 };
        if haul.up < HAUL_BYTES.saturating_mul(factor).max(own) {
            return;
        }
        let hosts = firm.place(place).map_or(1, |place| place.hosts());
        let beacon = StoryKey {
            what: What::Beacon,
            actor: host_key,
            detail: place,
        };
        let listed = self
            .seen
            .listed
            .as_ref()
            .is_some_and(|listed| listed.outgoing);
        let calls = self
            .detect
            .stories
            .opened(&beacon)
            .is_some_and(|story| story.severity >= Severity::Medium);
        let (severity, confidence) = match () {
            () if listed || calls => (Severity::High, 75),
            () if hosts >= SHARED_HOSTS => (Severity::Low, 30),
            () if learning => (Severity::Medium, 35),
            () => (Severity::Medium, 55),
        };
        if let Some(history) = self.detect.flows.firm.host(host_key, now) {
            history.uploaded(haul.up);
        }
        if let Some(row) = self.detect.flows.hauls.rows.find(key) {
            row.told = true;
        }
        let Some((key, story)) = self.tell_flow(What::Outflow, place) else {
            return;
        };
        let records = haul.records.into();
        story.add_past(records, Timestamp::from_seconds(haul.since.into()));
        story.raise(severity, confidence);
        let reasons = [
            (listed, "listed"),
            (calls, "beacon"),
            (learning, "all-is-new"),
        ];
        for (_, reason) in reasons.iter().filter(|(holds, _)| *holds) {
            story.because(reason);
        }
        #[expect(clippy::cast_precision_loss, reason = "bytes far below 2^53")]
        let figures = [
            ("bytes_out", haul.up as f64),
            ("bytes_in", haul.down as f64),
            ("usual_bytes", own as f64),
            ("hosts", f64::from(hosts)),
        ];
        for (name, figure) in figures {
            story.figure(name, figure);
        }
        self.open(&key);
    }
}

/// How data carried out is told.
pub const OUTFLOW: Telling = Telling {
    detector: "outflow",
    quiet_seconds: 6 * 3_600,
    category: Category::Exfiltration,
    names: "places",
    reasons: "kinds",
    techniques: |story| match story.why.items().iter().any(|why| &**why == "beacon") {
        true => &["T1041"],
        false => &["T1048", "T1567"],
    },
    key: |story| service_key(story).unwrap_or_else(|| "outflow".to_owned()),
    message: |_| "outflow",
    messages: &["outflow"],
    outcome: blocked_or_unknown,
};
