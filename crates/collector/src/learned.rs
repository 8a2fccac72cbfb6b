//! What the collector learned about the firm by listening: each device's zone and clock, and which
//! public addresses are the firm's own. Shown on the page and in status, kept in the checkpoint.

mod say;

pub use say::{clock_line, own_line, right_time, span};

use std::time::{Duration, Instant};

use larum_core::address::Network;
use larum_core::clock::{ClockState, Clocks, ZoneFrom, ZoneRule};
use larum_core::event::Event;
use larum_core::own::{Evidence, Own};
use larum_core::time::{DeviceTime, Timestamp};
use serde::{Deserialize, Serialize};

use crate::board::Board;
use crate::config::Config;

/// How often what was learned is posted.
const POST_EVERY: Duration = Duration::from_secs(1);
/// Most learned addresses kept across a restart and shown.
const MAX_KEPT: usize = 1_024;

/// What was learned, as posted, shown and kept.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Learned {
    /// Clocks, by sender and host.
    #[serde(default)]
    pub clocks: Vec<ClockRow>,
    /// The firm's own public addresses.
    #[serde(default)]
    pub own: Vec<OwnRow>,
    /// What the learned ones rest on.
    #[serde(default)]
    pub evidence: Vec<SavedEvidence>,
}

/// One clock.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClockRow {
    /// Who sends.
    pub device: String,
    /// The host name stated in the records, where there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub host: Option<String>,
    /// Zone in use, in seconds east of UTC.
    pub zone_offset_seconds: i32,
    /// How it is known: `stated`, `configured`, `learned` or `assumed`.
    pub zone_from: String,
    /// Whether it rests on many measurements that agree.
    pub sure: bool,
    /// The clock minus the time of receipt, in seconds (median); absent until it is measured.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub skew_seconds: Option<i64>,
    /// Whether the measurements agree; if not, the records are delayed on their way.
    pub steady: bool,
    /// The skew, where it is certain and more than two minutes: the clock is wrong.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub wrong_seconds: Option<i64>,
    /// Measurements.
    pub measured: u32,
    /// The newest, RFC 3339.
    pub last: String,
}

/// A public address or network of the firm's own.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct OwnRow {
    /// Which.
    pub network: String,
    /// Why: `configured`, `translated`, `said` or `sought`.
    pub why: String,
    /// Records that say so; 0 for configured ones.
    pub records: u32,
}

/// Evidence for one address, in the checkpoint.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SavedEvidence {
    ip: std::net::IpAddr,
    translated: u32,
    said: u32,
    contradicted: u32,
    sought: u32,
    from_inside: u32,
    corners: u64,
    last_seconds: i64,
}

impl Learned {
    /// The clocks of the device called `name`.
    pub fn clocks_of<'s>(&'s self, name: &'s str) -> impl Iterator<Item = &'s ClockRow> {
        self.clocks.iter().filter(move |clock| clock.device == name)
    }
}

/// Learns from every event.
pub(crate) struct Learner {
    clocks: Clocks,
    own: Own,
    /// The version of `own` that was last put to use.
    used: u64,
    posted: Option<Instant>,
}

impl Learner {
    /// Continues from `before`.
    pub(crate) fn new(config: &Config, before: &Learned) -> Self {
        let mut clocks = Clocks::default();
        clocks.restore(before.clocks.iter().filter_map(ClockRow::state));
        let mut own = Own::new(&config.own_networks, &config.not_own_networks);
        own.restore(before.evidence.iter().map(SavedEvidence::evidence));
        Self {
            used: own.version(),
            clocks,
            own,
            posted: None,
        }
    }

    /// Completes `event`: its time, where it was sent as it happened, and its direction, where the
    /// device did not say it. Returns when it happened, as far as that can be known.
    pub(crate) fn read(
        &mut self,
        event: &mut Event<'_>,
        sender: Option<(&str, ZoneRule)>,
    ) -> Timestamp {
        self.own.observe(event);
        event.direction = self.own.direction(event);
        let (Some(time), Some((name, rule))) = (event.ts, sender) else {
            return event.at();
        };
        let host = event.device.as_deref().unwrap_or("");
        let told = self.clocks.read(name, host, time, event.received, rule);
        event.ts = Some(told.time);
        told.judged
    }

    /// The networks that are certainly the firm's own, configured and learned.
    pub(crate) fn certain_own(&self) -> Vec<Network> {
        self.own.certain()
    }

    /// Whether more or less is known of the firm's addresses than when this was last asked.
    pub(crate) fn has_new_own(&mut self) -> bool {
        let version = self.own.version();
        std::mem::replace(&mut self.used, version) != version
    }

    /// Posts what is known, if the last time is long enough ago.
    pub(crate) fn post_now_and_then(&mut self, board: &Board, now: Timestamp) {
        if self
            .posted
            .is_none_or(|posted| posted.elapsed() >= POST_EVERY)
        {
            self.post(board, now);
        }
    }

    /// Posts what is known.
    pub(crate) fn post(&mut self, board: &Board, now: Timestamp) {
        self.posted = Some(Instant::now());
        self.own.forget(now);
        let own = self.own.addresses();
        let learned = Learned {
            clocks: self
                .clocks
                .states()
                .map(|state| ClockRow::of(&state))
                .collect(),
            own: own.iter().take(MAX_KEPT).map(OwnRow::of).collect(),
            evidence: self
                .own
                .evidence()
                .filter(|seen| self.own.why(seen.ip).is_some())
                .take(MAX_KEPT)
                .map(SavedEvidence::of)
                .collect(),
        };
        board.lock().learned = learned;
    }
}

impl ClockRow {
    fn of(state: &ClockState) -> Self {
        Self {
            device: state.source.to_string(),
            host: (!state.host.is_empty()).then(|| state.host.to_string()),
            zone_offset_seconds: state.offset_seconds,
            zone_from: state.zone_from.as_str().to_owned(),
            sure: state.is_sure,
            skew_seconds: state.skew_seconds,
            steady: state.is_steady,
            wrong_seconds: state.wrong_by(),
            measured: state.observations,
            last: Timestamp::from_seconds(state.last.as_seconds()).to_string(),
        }
    }

    fn state(&self) -> Option<ClockState> {
        Some(ClockState {
            source: self.device.as_str().into(),
            host: self.host.as_deref().unwrap_or("").into(),
            offset_seconds: self.zone_offset_seconds,
            zone_from: ZoneFrom::from_word(&self.zone_from)?,
            is_sure: self.sure,
            skew_seconds: self.skew_seconds,
            is_steady: self.steady,
            observations: self.measured,
            last: DeviceTime::parse_rfc3339(self.last.as_bytes())?.at,
        })
    }
}

impl OwnRow {
    fn of(own: &larum_core::own::OwnAddress) -> Self {
        Self {
            network: own.network.to_string(),
            why: own.why.as_str().to_owned(),
            records: own.records,
        }
    }
}

impl SavedEvidence {
    const fn of(seen: &Evidence) -> Self {
        Self {
            ip: seen.ip,
            translated: seen.translated,
            said: seen.said,
            contradicted: seen.contradicted,
            sought: seen.sought,
            from_inside: seen.from_inside,
            corners: seen.corners,
            last_seconds: seen.last.as_seconds(),
        }
    }

    const fn evidence(&self) -> Evidence {
        Evidence {
            ip: self.ip,
            translated: self.translated,
            said: self.said,
            contradicted: self.contradicted,
            sought: self.sought,
            from_inside: self.from_inside,
            corners: self.corners,
            last: Timestamp::from_seconds(self.last_seconds),
        }
    }
}
