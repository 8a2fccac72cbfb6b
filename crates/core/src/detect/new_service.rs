//! A service that suddenly answers the internet (ATT&CK T1133): a door somebody left open, or a back
//! door.
//!
//! For the first three days of records every service that answers is learned; one that answers later
//! for the first time is told, once. See `docs/detectors/new-service.md`.

use super::firm::LEARNING_SECONDS;
use super::fold::Fold;
use super::hash;
use super::snapshot::kept;
use super::source::key_of;
use super::story::{Ending, What};
use super::table::{Remembered, Table};
use super::telling::{Telling, service_key};
use crate::event::Protocol;
use crate::finding::{AttackOutcome, Category, Severity};
use crate::time::Timestamp;

/// Most services of the firm that are remembered: 2,048, at 40 bytes each.
pub type DoorTable = Table<Door, 128>;
/// Services that attackers seek and few firms mean to offer to everybody: remote log-in and remote
/// screens, file sharing, directories, databases, the devices' own administration.
const RISKY: &[u16] = &[
    21, 23, 111, 135, 137, 138, 139, 389, 445, 512, 513, 514, 623, 873, 1_433, 1_434, 1_521, 2_049,
    2_323, 2_375, 3_306, 3_389, 4_786, 5_432, 5_555, 5_900, 5_901, 5_984, 5_985, 5_986, 6_379,
    7_547, 8_291, 9_200, 10_250, 11_211, 27_017, 50_070,
];
/// Ports from here on are also lent out for an hour, to file transfers and games.
const LENT_PORTS: u16 = 10_000;
/// A service on an ordinary port is told from so many answered contacts.
const LEAST_CONTACTS: u32 = 2;
/// One on a lent port from so many, by so many strangers, over so long.
const LENT_CONTACTS: u32 = 5;
const LENT_STRANGERS: u32 = 2;
const LENT_SECONDS: u32 = 600;
/// New services of one address of which is told within a day; beyond, the whole address is open.
const MOST_TOLD: u8 = 8;
const DAY_SECONDS: u32 = 86_400;

/// What is known of a service of the firm.
#[derive(Clone, Copy, Debug, Default)]
pub struct Door {
    first: u32,
    last: u32,
    contacts: u32,
    strangers: u64,
    /// Of the row of an address: services told since `first`.
    told_today: u8,
    told: bool,
}

kept!(Door {
    first,
    last,
    contacts,
    strangers,
    told_today,
    told
});

impl Remembered for Door {
    fn last(&self) -> u32 {
        self.last
    }

    /// For how long it answered.
    fn evidence(&self) -> u32 {
        let known_days = self.last.saturating_sub(self.first) / DAY_SECONDS;
        7 + 4 * known_days.min(90)
    }

    /// One less for each day of silence.
    fn strength(&self, now: u32) -> u32 {
        let idle_days = now.saturating_sub(self.last) / DAY_SECONDS;
        self.evidence().saturating_sub(idle_days)
    }
}

/// The services that are known.
#[derive(Clone, Debug, Default)]
pub struct Doors {
    rows: DoorTable,
    origin: u32,
}

kept!(Doors { rows, origin });

impl Doors {
    /// Notes that the service answered `stranger`; the row, when it must be told.
    fn answered(&mut self, key: u64, port: u16, now: u32, stranger: u64) -> Option<&mut Door> {
        if self.origin == 0 {
            self.origin = now;
        }
        let learning = now.saturating_sub(self.origin) < LEARNING_SECONDS;
        let row = self.rows.admit(key, now, 7)?;
        if row.first == 0 {
            row.first = now;
        }
        row.last = row.last.max(now);
        row.contacts = row.contacts.saturating_add(1);
        row.strangers |= hash::bit(hash::mix(stranger));
        if learning {
            row.told = true;
        }
        let enough = match port {
            _ if RISKY.contains(&port) => true,
            LENT_PORTS.. => {
                row.contacts >= LENT_CONTACTS
                    && hash::distinct(row.strangers) >= LENT_STRANGERS
                    && now.saturating_sub(row.first) >= LENT_SECONDS
            }
            _ => row.contacts >= LEAST_CONTACTS,
        };
        (enough && !row.told).then_some(row)
    }

    /// Whether `address` has told of too many new services today; counts one more.
    fn is_too_many(&mut self, address: u64, now: u32) -> bool {
        let Some(row) = self.rows.admit(address, now, 7) else {
            return false;
        };
        if now.saturating_sub(row.first) >= DAY_SECONDS {
            row.first = now;
            row.told_today = 0;
        }
        row.last = row.last.max(now);
        row.told_today = row.told_today.saturating_add(1);
        row.told_today > MOST_TOLD
    }
}

impl Fold<'_> {
    pub(super) fn new_service(&mut self) {
        let Some(flow) = self.seen.flow else { return };
        let (Some(host), Some(other)) = (flow.host, flow.other) else {
            return;
        };
        let is_tcp = self.seen.proto.is_none_or(|proto| proto == Protocol::TCP);
        let answered = match flow.up {
            Some(bytes) => bytes > 0 && !flow.failed,
            // A firewall that does not count bytes: what it let through, it means to be open.
            None => is_tcp && self.seen.ending == Ending::Served,
        };
        if !answered || flow.is_request {
            return;
        }
        let now = self.seen.seconds();
        let number = self.seen.proto.unwrap_or(Protocol::TCP).number();
        let service = (u64::from(number) << 16) | u64::from(flow.port);
        let address = hash::mix(key_of(host));
        if matches!(flow.port, 25 | 465 | 587) {
            let row = self.detect.flows.firm.host(key_of(host), now);
            if let Some(row) = row {
                row.receives_mail = now;
            }
        }
        let doors = &mut self.detect.flows.doors;
        let ftp = address ^ hash::mix((6 << 16) | 21);
        if flow.port >= 1_024 && doors.rows.find(ftp).is_some_and(|row| row.told) {
            return;
        }
        let key = address ^ hash::mix(service);
        let Some(row) = doors.answered(key, flow.port, now, key_of(other)) else {
            return;
        };
        row.told = true;
        let (contacts, first) = (row.contacts, row.first);
        let too_many = doors.is_too_many(address, now);
        let detail = if too_many { 0 } else { service };
        let Some((key, story)) = self.tell_service(What::NewService, detail) else {
            return;
        };
        if !too_many {
            story.add_past(contacts.into(), Timestamp::from_seconds(first.into()));
        }
        let (severity, confidence) = match flow.port {
            _ if too_many => (Severity::High, 70),
            port if RISKY.contains(&port) => (Severity::High, 75),
            LENT_PORTS.. => (Severity::Low, 50),
            _ => (Severity::Medium, 65),
        };
        story.raise(severity, confidence);
        if RISKY.contains(&flow.port) {
            story.because("risky-service");
        }
        self.open(&key);
    }
}

/// How new services are told.
pub const NEW_SERVICE: Telling = Telling {
    detector: "new-service",
    quiet_seconds: 6 * 3_600,
    category: Category::Exposure,
    names: "visitors",
    reasons: "kinds",
    techniques: |_| &["T1133"],
    key: |story| service_key(story).unwrap_or_else(|| "exposure/other".to_owned()),
    message: |story| match story.services.items() {
        [_] => "new-service",
        _ => "open-host",
    },
    messages: &["new-service", "open-host"],
    outcome: |_| AttackOutcome::Unknown,
};
