//! An infected host that attacks others: one inside that seeks many strangers at a door that malware
//! uses, or mails the whole world (ATT&CK T1046, T1210).
//!
//! What a firewall refuses of it is an address scan ([`super::scan`]); this sees what it lets through.
//! See `docs/detectors/inside-attack.md`.

use super::bitmap::Bitmap;
use super::fold::Fold;
use super::hash;
use super::snapshot::kept;
use super::source::key_of;
use super::story::{StoryKey, What};
use super::table::{Remembered, Table};
use super::telling::{Telling, blocked_or_unknown, service_key};
use crate::finding::{Category, Severity};
use crate::time::Timestamp;

/// Most pairs of a host and a port that are watched: 1,024, at 40 bytes each.
pub type SpreadTable = Table<Spread, 64>;
/// Doors that malware uses to spread, and that office work outside the house has no use for.
const DOORS: &[u16] = &[
    22, 23, 135, 139, 445, 1_433, 2_222, 2_323, 3_306, 3_389, 5_432, 5_555, 5_900, 5_985, 6_379,
    7_547, 8_291, 8_728, 9_200, 11_211, 27_017, 37_215, 52_869,
];
/// The door of mail between providers.
const MAIL: u16 = 25;
/// More different strangers than this within an hour at one door (Maltrail's figure).
const STRANGERS: u32 = 32;
/// Of a host that was seen mailing strangers on earlier days, so many times its busiest hour.
const MAIL_FACTOR: u32 = 8;
/// A host that received mail so lately is a mail server.
const MAIL_SERVER_SECONDS: u32 = 14 * 86_400;
const HOUR_SECONDS: u32 = 3_600;

/// The strangers a host sought at one door.
#[derive(Clone, Copy, Debug, Default)]
pub struct Spread {
    /// Bitmap for counting, 128 bits.
    strangers: Bitmap<2>,
    since: u32,
    last: u32,
    contacts: u32,
    /// Most strangers in any earlier hour.
    busiest: u16,
    told: bool,
}

kept!(Spread {
    strangers,
    since,
    last,
    contacts,
    busiest,
    told
});

impl Remembered for Spread {
    fn last(&self) -> u32 {
        self.last
    }

    fn evidence(&self) -> u32 {
        let told = if self.told { 64 } else { 0 };
        self.count() + u32::from(self.busiest) + told
    }

    /// One less for each hour of silence.
    fn strength(&self, now: u32) -> u32 {
        let idle = now.saturating_sub(self.last) / HOUR_SECONDS;
        self.evidence().saturating_sub(idle)
    }
}

impl Spread {
    fn note(&mut self, now: u32, stranger: u64) {
        if now.saturating_sub(self.since) >= HOUR_SECONDS {
            let count = u16::try_from(self.count()).unwrap_or(u16::MAX);
            self.busiest = self.busiest.max(count);
            self.strangers = Bitmap::default();
            self.contacts = 0;
            self.since = now;
        }
        self.last = self.last.max(now);
        self.contacts = self.contacts.saturating_add(1);
        self.strangers.note(hash::mix(stranger));
    }

    /// How many different strangers this hour, by linear counting (within a tenth up to 128).
    fn count(&self) -> u32 {
        self.strangers.count()
    }
}

/// The pairs that are watched.
#[derive(Clone, Debug, Default)]
pub struct Spreads {
    rows: SpreadTable,
}

kept!(Spreads { rows });

impl Fold<'_> {
    pub(super) fn spread(&mut self) {
        let Some((flow, host, place)) = self.seen.outgoing() else {
            return;
        };
        let is_mail = flow.port == MAIL;
        let is_refused = self.seen.ending == super::story::Ending::Refused;
        if flow.is_reply || is_refused || !(is_mail || DOORS.contains(&flow.port)) {
            return;
        }
        let port = flow.port;
        let now = self.seen.seconds();
        let host_key = key_of(host);
        let key = hash::mix(host_key) ^ hash::mix(port.into());
        let Some(row) = self.detect.flows.spreads.rows.admit(key, now, 1) else {
            return;
        };
        row.note(now, place);
        let spread = *row;
        let story_key = StoryKey {
            what: What::InsideAttack,
            actor: host_key,
            detail: port.into(),
        };
        let known = spread.told && self.detect.stories.opened(&story_key).is_some();
        if !known && !self.is_too_wide(host_key, is_mail, &spread) {
            return;
        }
        if let Some(row) = self.detect.flows.spreads.rows.find(key) {
            row.told = true;
        }
        let Some((key, story)) = self.tell_flow(What::InsideAttack, port.into()) else {
            return;
        };
        if !known {
            let first = Timestamp::from_seconds(spread.since.into());
            story.add_past(spread.contacts.into(), first);
        }
        let severity = if is_mail {
            Severity::Medium
        } else {
            Severity::High
        };
        story.raise(severity, 80);
        let strangers = f64::from(spread.count());
        let most = story
            .figure_of("strangers_an_hour")
            .unwrap_or(0.0)
            .max(strangers);
        story.figure("strangers_an_hour", most);
        if spread.busiest > 0 {
            story.figure("busiest_hour_before", spread.busiest.into());
        }
        self.open(&key);
    }

    fn is_too_wide(&mut self, host: u64, is_mail: bool, spread: &Spread) -> bool {
        let now = self.seen.seconds();
        let count = spread.count();
        if !is_mail || count <= STRANGERS {
            return count > STRANGERS;
        }
        let row = self.detect.flows.firm.host(host, now);
        let is_server = row.is_some_and(|row| {
            row.receives_mail > 0 && now.saturating_sub(row.receives_mail) < MAIL_SERVER_SECONDS
        });
        !is_server && count > u32::from(spread.busiest).saturating_mul(MAIL_FACTOR)
    }
}

/// How hosts that attack others are told.
pub const INSIDE_ATTACK: Telling = Telling {
    detector: "inside-attack",
    quiet_seconds: 6 * HOUR_SECONDS as i64,
    category: Category::Malware,
    names: "places",
    reasons: "kinds",
    techniques: |story| match story.services.items() {
        [(_, MAIL)] => &["T1071.003"],
        _ => &["T1046", "T1210"],
    },
    key: |story| service_key(story).unwrap_or_else(|| "inside-attack".to_owned()),
    message: |story| match story.services.items() {
        [(_, MAIL)] => "inside-mailer",
        _ => "inside-attack",
    },
    messages: &["inside-attack", "inside-mailer"],
    outcome: blocked_or_unknown,
};
