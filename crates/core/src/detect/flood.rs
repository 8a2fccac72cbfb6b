//! Floods: a service sought far more than ever before, most of it in vain (ATT&CK T1498.001, T1499.002),
//! and answers to questions nobody asked, sent by servers that were tricked into it (T1498.002).
//!
//! Senders of a flood are forged or hired, so the story is the service's and nobody is blamed. See
//! `docs/detectors/flood.md`.

use super::bitmap::Bitmap;
use super::flow::{Flow, Way};
use super::fold::Fold;
use super::hash;
use super::snapshot::kept;
use super::source::key_of;
use super::story::What;
use super::table::{Remembered, Table};
use super::telling::{Telling, blocked_or_unknown, service_key};
use crate::event::Protocol;
use crate::finding::{Category, Severity};
use crate::time::Timestamp;

/// Most services whose load is watched: 1,024, at 80 bytes each.
pub type Services = Table<Load, 64>;
/// Most own addresses watched for reflected answers: 256, at 56 bytes each.
pub type Targets = Table<Reflection, 16>;
/// Contacts are counted in panes of this length.
const PANE_SECONDS: u32 = 10;
/// So many contacts a second are a flood for a small firm whatever its past.
const LEAST_RATE: f32 = 50.0;
/// So many times the service's rate of the past hour.
const FACTOR: f32 = 10.0;
/// Of so many contacts at least one half must have failed: a rush of customers is no attack.
const FAILED_SHARE: f32 = 0.5;
/// After so long, or at so many contacts a second, a service that used to answer is taken as cut off.
const LONG_SECONDS: u32 = 60;
const HEAVY_RATE: f32 = 1_000.0;
/// How fast the rates of the last minute and hour forget, for each pane.
const MINUTE_KEPT: f32 = 0.846_481_7;
const HOUR_KEPT: f32 = 0.997_226_1;
/// Ports of services that answer much to little and anybody (US-CERT TA14-017A).
const REFLECTORS: &[u16] = &[
    17, 19, 53, 69, 111, 123, 137, 161, 389, 427, 520, 1_434, 1_900, 3_283, 3_478, 3_702, 5_093,
    5_351, 5_353, 10_001, 11_211, 17_185, 27_015, 27_960, 32_414, 37_810,
];
/// Reflected answers are counted for so long.
const REFLECTION_SECONDS: u32 = 60;
/// Answers nobody asked for within that time, or bytes of them, and from how many servers.
const LEAST_ANSWERS: u32 = 600;
const LEAST_ANSWER_BYTES: u64 = 20_000_000;
const LEAST_REFLECTORS: u32 = 16;
/// Name servers answer too late every day: of their answers so many times more.
const NAME_FACTOR: u32 = 5;

/// How much one service is sought.
#[derive(Clone, Copy, Debug, Default)]
pub struct Load {
    pane: u32,
    count: u32,
    failed: u32,
    /// Contacts a second, smoothed over a minute and an hour.
    minute: f32,
    hour: f32,
    /// Panes since it is known, at most a day's.
    panes: u16,
    /// Whether it used to answer.
    served: bool,
    began: u32,
    sources: Bitmap<4>,
}

kept!(Load {
    pane,
    count,
    failed,
    minute,
    hour,
    panes,
    served,
    began,
    sources
});

impl Remembered for Load {
    fn last(&self) -> u32 {
        self.pane.saturating_mul(PANE_SECONDS)
    }

    /// The binary digits of the present rush and of how long it is known.
    fn evidence(&self) -> u32 {
        let digits = self.count.checked_ilog2().unwrap_or(0);
        let known = u32::from(self.panes).checked_ilog2().unwrap_or(0);
        digits + known + if self.served { 4 } else { 0 }
    }

    /// One less for each hour of silence.
    fn strength(&self, now: u32) -> u32 {
        let idle = now.saturating_sub(self.last()) / 3_600;
        self.evidence().saturating_sub(idle)
    }
}

impl Load {
    /// Notes a contact from `source`; whether the service is flooded.
    fn note(&mut self, now: u32, failed: bool, source: u64) -> bool {
        let pane = now / PANE_SECONDS;
        if pane > self.pane {
            self.turn(pane);
        }
        self.count = self.count.saturating_add(1);
        self.failed = self.failed.saturating_add(u32::from(failed));
        self.served |= !failed;
        self.sources.note(hash::mix(source));
        self.is_flooded(now, failed)
    }

    /// Begins a new pane.
    fn turn(&mut self, pane: u32) {
        if self.pane == 0 {
            self.pane = pane;
            return;
        }
        #[expect(clippy::cast_precision_loss, reason = "counts of ten seconds")]
        let rate = self.count as f32 / PANE_SECONDS as f32;
        let flooded = self.is_over(rate);
        self.minute = self.minute * MINUTE_KEPT + rate * (1.0 - MINUTE_KEPT);
        // The rush itself must not become what is usual.
        if !flooded {
            self.hour = self.hour * HOUR_KEPT + rate * (1.0 - HOUR_KEPT);
            self.began = 0;
        }
        let empty = (pane - self.pane - 1).min(8_640);
        if empty > 0 {
            #[expect(clippy::cast_precision_loss, reason = "at most 8,640")]
            let empty = empty as f32;
            self.minute *= MINUTE_KEPT.powf(empty);
            self.hour *= HOUR_KEPT.powf(empty);
            self.began = 0;
        }
        if pane / 6 != self.pane / 6 {
            self.sources = Bitmap::default();
        }
        self.panes = self.panes.saturating_add(1).min(8_640);
        self.pane = pane;
        self.count = 0;
        self.failed = 0;
    }

    fn is_over(&self, rate: f32) -> bool {
        rate >= LEAST_RATE && rate >= self.hour * FACTOR
    }

    /// Whether this contact, which `failed` or not, is part of a flood.
    fn is_flooded(&mut self, now: u32, failed: bool) -> bool {
        if self.began != 0 {
            return failed;
        }
        #[expect(clippy::cast_precision_loss, reason = "counts of ten seconds")]
        let (count, failures) = (self.count as f32, self.failed as f32);
        let over = self.is_over(count / PANE_SECONDS as f32) && failures >= count * FAILED_SHARE;
        if over {
            self.began = now;
        }
        over
    }
}

/// Answers nobody asked for, at one own address, and the questions that were asked.
#[derive(Clone, Copy, Debug, Default)]
pub struct Reflection {
    since: u32,
    answers: u32,
    name_answers: u32,
    asked: u32,
    down: u64,
    up: u64,
    servers: u64,
}

kept!(Reflection {
    since,
    answers,
    name_answers,
    asked,
    down,
    up,
    servers
});

impl Remembered for Reflection {
    fn last(&self) -> u32 {
        self.since
    }

    fn evidence(&self) -> u32 {
        let answers = self.answers.saturating_add(self.name_answers);
        answers.checked_ilog2().unwrap_or(0)
    }

    /// One less for each minute of silence.
    fn strength(&self, now: u32) -> u32 {
        let idle = now.saturating_sub(self.since) / REFLECTION_SECONDS;
        self.evidence().saturating_sub(idle)
    }
}

impl Reflection {
    /// Notes an answer; whether they are a flood.
    fn note(&mut self, now: u32, port: u16, flow: &Flow, server: u64) -> bool {
        if now.saturating_sub(self.since) >= REFLECTION_SECONDS {
            *self = Self {
                since: now,
                ..Self::default()
            };
        }
        if flow.way == Way::Out && !flow.is_reply {
            // A question, whose answer is welcome.
            self.asked = self.asked.saturating_add(1);
            return false;
        }
        if port == 53 {
            self.name_answers = self.name_answers.saturating_add(1);
        } else {
            self.answers = self.answers.saturating_add(1);
        }
        self.down = self.down.saturating_add(flow.down.unwrap_or(0));
        self.up = self.up.saturating_add(flow.up.unwrap_or(0));
        self.servers |= hash::bit(hash::mix(server));
        let answers = self.answers.saturating_add(self.name_answers / NAME_FACTOR);
        let many = answers.saturating_sub(self.asked) >= LEAST_ANSWERS;
        let large = self.down >= LEAST_ANSWER_BYTES && self.down / 10 >= self.up;
        (many || large) && hash::distinct(self.servers) >= LEAST_REFLECTORS
    }
}

/// The loads that are watched.
#[derive(Clone, Debug, Default)]
pub struct Loads {
    services: Services,
    targets: Targets,
}

kept!(Loads { services, targets });

impl Fold<'_> {
    pub(super) fn flood(&mut self) {
        let Some(flow) = self.seen.flow else { return };
        if self.seen.proto == Some(Protocol::UDP) && REFLECTORS.contains(&flow.opener_port) {
            return;
        }
        let now = self.seen.seconds();
        let number = self.seen.proto.unwrap_or(Protocol::TCP).number();
        let service = (u64::from(number) << 16) | u64::from(flow.port);
        let target = flow.host.map_or(1, key_of);
        let key = hash::mix(target) ^ hash::mix(service);
        let Some(load) = self.detect.flows.loads.services.admit(key, now, 1) else {
            return;
        };
        let source = flow.other.map_or(0, key_of);
        if !load.note(now, flow.failed, source) {
            return;
        }
        let load = *load;
        let Some((key, story)) = self.tell_service(What::Flood, service) else {
            return;
        };
        let lasts = now.saturating_sub(load.began);
        #[expect(clippy::cast_precision_loss, reason = "counts of ten seconds")]
        let rate = load.count as f32 / PANE_SECONDS as f32;
        let heavy = lasts >= LONG_SECONDS || rate >= HEAVY_RATE;
        let severity = if load.served && heavy {
            Severity::High
        } else {
            Severity::Medium
        };
        let pane = Timestamp::from_seconds(load.last().into());
        if lasts == 0 {
            story.add_past(load.count.into(), pane);
        }
        story.raise(severity, 75);
        let most = |held: Option<f64>, now: f64| held.map_or(now, |held| held.max(now));
        let rate_so_far = most(story.figure_of("contacts_a_second"), rate.into());
        let senders = most(
            story.figure_of("senders_a_minute"),
            load.sources.count().into(),
        );
        story.figure("contacts_a_second", rate_so_far);
        story.figure(
            "usual_contacts_a_second",
            (f64::from(load.hour) * 1_000.0).round() / 1_000.0,
        );
        story.figure("senders_a_minute", senders);
        self.open(&key);
    }

    pub(super) fn amplification(&mut self) {
        let Some(flow) = self.seen.flow else { return };
        let port = if flow.way == Way::In {
            flow.opener_port
        } else {
            flow.port
        };
        if self.seen.proto != Some(Protocol::UDP) || !REFLECTORS.contains(&port) {
            return;
        }
        let (Some(host), Some(other)) = (flow.host, flow.other) else {
            return;
        };
        let now = self.seen.seconds();
        let targets = &mut self.detect.flows.loads.targets;
        let Some(row) = targets.admit(hash::mix(key_of(host)), now, 1) else {
            return;
        };
        if !row.note(now, port, &flow, key_of(other)) {
            return;
        }
        let row = *row;
        let Some((key, story)) = self.tell_service(What::Amplification, 0) else {
            return;
        };
        story.reason(&format!("udp/{port}"));
        let severity = if row.down >= LEAST_ANSWER_BYTES {
            Severity::High
        } else {
            Severity::Medium
        };
        story.raise(severity, 80);
        let answers = row.answers.saturating_add(row.name_answers);
        story.figure("answers_a_minute", answers.into());
        #[expect(clippy::cast_precision_loss, reason = "bytes of a minute")]
        story.figure("bytes_a_minute", row.down as f64);
        story.figure("servers_a_minute", hash::distinct(row.servers).into());
        self.open(&key);
    }
}

/// How floods are told.
pub const FLOOD: Telling = Telling {
    detector: "flood",
    quiet_seconds: 1_800,
    category: Category::Dos,
    names: "senders",
    reasons: "kinds",
    techniques: |story| match story.services.items() {
        [(_, 80 | 443 | 8_080 | 8_443)] => &["T1498.001", "T1499.002"],
        _ => &["T1498.001"],
    },
    key: |story| service_key(story).unwrap_or_else(|| "dos/flood".to_owned()),
    message: |_| "flood",
    messages: &["flood"],
    outcome: blocked_or_unknown,
};

/// How reflected answers are told.
pub const AMPLIFICATION: Telling = Telling {
    detector: "amplification",
    quiet_seconds: 1_800,
    category: Category::Dos,
    names: "senders",
    reasons: "reflector_ports",
    techniques: |_| &["T1498.002"],
    key: |_| "dos/amplification".to_owned(),
    message: |_| "amplification",
    messages: &["amplification"],
    outcome: blocked_or_unknown,
};
