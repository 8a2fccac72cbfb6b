//! Port and address scans: one source trying many closed doors (ATT&CK T1595.001, inside T1046).
//!
//! Two judgements run side by side. Where the device also logs what it let through, the sequential
//! test of Jung et al. 2004 (threshold random walk) weighs each *first* contact: refused ones for,
//! served ones against. Where only refusals are logged, distinct closed ports decide, with a memory
//! of three days so that one port an hour is still seen. See `docs/detectors/port-scan.md`.

use super::fold::Fold;
use super::hash;
use super::ports::Ports;
use super::snapshot::kept;
use super::story::{Story, StoryKey, What};
use super::table::Remembered;
use super::telling::{Telling, service_key};
use crate::event::Protocol;
use crate::finding::{AttackOutcome, Category, Severity};
use crate::time::Timestamp;

/// Distinct closed ports within an hour.
const PORTS_PER_HOUR: u8 = 5;
/// Distinct closed ports within three days: as many as are remembered.
const PORTS_IN_THREE_DAYS: u8 = 8;
/// ln(0.8 / 0.2) = 1.386 in eighths: what one first contact weighs when 80 % of honest ones and 20 %
/// of a scanner's are served.
const STEP: i8 = 11;
/// ln(0.99 / 0.001) = 6.9 in eighths: one false verdict in 1,000 sources by the test alone; five refused
/// first contacts in a row.
const THRESHOLD: i8 = 55;
/// What mail programs and browsers try by themselves when a server has moved or a name is stale. As
/// long as a source tried nothing else it must try as many of them as are remembered.
const CLIENT_PORTS: &[u16] = &[
    25, 80, 110, 143, 443, 465, 587, 993, 995, 4_190, 8_080, 8_443,
];
/// A source can earn no more credit than four served contacts.
const FLOOR: i8 = -4 * STEP;
/// The weight of old contacts halves every day.
const HALF_LIFE_SECONDS: f32 = 86_400.0;
/// Different hosts from which one closed port is a sweep.
const SWEPT_HOSTS: u32 = 5;
/// Refused targets within an hour that no inside host tries by itself.
const INSIDE_TARGETS: u32 = 30;
/// Malware that spreads knows few doors; file sharing between friends knows many.
const FEW_PORTS: u8 = 4;
/// Distinct closed ports within an hour that an inside host tries on these few targets.
const INSIDE_PORTS_PER_HOUR: u8 = 8;
const FEW_TARGETS: u32 = 2;
const HOUR_SECONDS: u32 = 3_600;
/// The bit of `refused` that stands for a verdict.
const VERDICT: u16 = 1 << 15;

/// What is remembered about the contacts of one source: 42 bytes, kept in pieces of two so that no
/// room is lost between rows.
#[derive(Clone, Copy, Debug, Default)]
pub struct ScanRow {
    ports: Ports,
    /// Bitmap of the targets of this hour of the clock.
    targets: [u16; 4],
    last: [u16; 2],
    /// Refused contacts; the highest bit says that some contact was more than ordinary.
    refused: u16,
    /// First refused contact: the low 24 bits of its second.
    first: [u8; 3],
    walk: i8,
}

kept!(ScanRow {
    ports,
    targets,
    last,
    refused,
    first,
    walk
});

/// What the contacts of a source amount to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Contact {
    /// Nothing special yet.
    Ordinary,
    /// Many closed ports.
    Ports,
    /// Many hosts that do not answer.
    Hosts,
}

impl ScanRow {
    /// Notes a refused contact from the internet to `port` of the target with hash `target`.
    pub fn refuse(&mut self, now: u32, port: u16, target: u64) -> Contact {
        let now = self.note_refused(now, port, target);
        let many_ports = self.ports.len() >= PORTS_IN_THREE_DAYS
            || (self.ports.within_hour(now) >= PORTS_PER_HOUR && !self.is_client());
        let contact = if many_ports && self.walk > 0 {
            Contact::Ports
        } else if self.walk >= THRESHOLD && self.distinct_targets() >= SWEPT_HOSTS {
            Contact::Hosts
        } else {
            Contact::Ordinary
        };
        self.judged(contact)
    }

    /// Notes a refused contact by an inside host.
    pub fn refuse_inside(&mut self, now: u32, port: u16, target: u64) -> Contact {
        let now = self.note_refused(now, port, target);
        let targets = self.distinct_targets();
        let spreads = targets >= INSIDE_TARGETS && self.ports.len() <= FEW_PORTS;
        let contact = if spreads && self.walk >= THRESHOLD {
            Contact::Hosts
        } else if targets <= FEW_TARGETS && self.ports.within_hour(now) >= INSIDE_PORTS_PER_HOUR {
            Contact::Ports
        } else {
            Contact::Ordinary
        };
        self.judged(contact)
    }

    /// Notes a contact that was let through.
    pub fn serve(&mut self, now: u32, target: u64) {
        let now = self.advance(now);
        if self.note_target(target) {
            self.walk(now, -STEP);
        }
        self.set_last(now);
    }

    /// Whether nothing was refused for longer than anything of it counts.
    pub fn is_stale(&self, now: u32) -> bool {
        const THREE_DAYS_SECONDS: u32 = 3 * 24 * HOUR_SECONDS;
        now.saturating_sub(self.last()) > THREE_DAYS_SECONDS
    }

    /// Whether some contact was ever more than ordinary.
    pub const fn verdict(&self) -> bool {
        self.refused & VERDICT != 0
    }

    /// Refused contacts so far, 32,767 at most, and when the first of them was, within half a year.
    pub fn refused(&self) -> (u32, u32) {
        let [high, middle, low] = self.first;
        let first = u32::from_be_bytes([0, high, middle, low]);
        let ago = self.last().wrapping_sub(first) & 0x00FF_FFFF;
        let count = u32::from(self.refused & !VERDICT);
        (count, self.last().saturating_sub(ago))
    }

    /// The closed ports remembered.
    pub fn ports(&self) -> impl Iterator<Item = u16> + '_ {
        self.ports.values()
    }

    /// Whether nothing was tried but what programs try by themselves.
    fn is_client(&self) -> bool {
        self.ports.values().all(|port| CLIENT_PORTS.contains(&port))
    }

    /// Counts a refused contact; the time to go by, which never goes back.
    fn note_refused(&mut self, now: u32, port: u16, target: u64) -> u32 {
        if self.refused == 0 {
            let [_, high, middle, low] = now.to_be_bytes();
            self.first = [high, middle, low];
        }
        self.refused += u16::from(self.refused & !VERDICT < !VERDICT);
        let now = self.advance(now);
        let new_target = self.note_target(target);
        if self.ports.note(port, now) || new_target {
            self.walk(now, STEP);
        }
        self.set_last(now);
        now
    }

    const fn judged(&mut self, contact: Contact) -> Contact {
        if !matches!(contact, Contact::Ordinary) {
            self.refused |= VERDICT;
        }
        contact
    }

    /// Forgets old ports, and with each hour of the clock the targets; the time to go by.
    fn advance(&mut self, now: u32) -> u32 {
        let now = now.max(self.last());
        self.ports.advance(now, self.last());
        if now / HOUR_SECONDS != self.last() / HOUR_SECONDS {
            self.targets = [0; 4];
        }
        now
    }

    /// Notes a target; whether it is new within this hour.
    fn note_target(&mut self, target: u64) -> bool {
        let bit = usize::try_from(target & 63).unwrap_or(0);
        let Some(word) = self.targets.get_mut(bit / 16) else {
            return false;
        };
        let is_new = *word & (1 << (bit % 16)) == 0;
        *word |= 1 << (bit % 16);
        is_new
    }

    fn distinct_targets(&self) -> u32 {
        let words = self.targets.iter();
        hash::distinct(words.fold(0, |bits, word| (bits << 16) | u64::from(*word)))
    }

    fn walk(&mut self, now: u32, step: i8) {
        #[expect(
            clippy::cast_precision_loss,
            reason = "seconds of an idle source, far below 2^24 where it matters"
        )]
        let idle = now.saturating_sub(self.last()) as f32;
        let kept = f32::from(self.walk) * (-idle / HALF_LIFE_SECONDS).exp2();
        #[expect(clippy::cast_possible_truncation, reason = "nearer to 0 than before")]
        let kept = kept.round() as i8;
        self.walk = kept.saturating_add(step).max(FLOOR);
    }

    fn set_last(&mut self, now: u32) {
        let [a, b, c, d] = now.to_be_bytes();
        self.last = [u16::from_be_bytes([a, b]), u16::from_be_bytes([c, d])];
    }
}

impl Remembered for ScanRow {
    fn last(&self) -> u32 {
        let [high, low] = self.last;
        (u32::from(high) << 16) | u32::from(low)
    }

    /// 0 to 24.
    fn evidence(&self) -> u32 {
        let ports = u32::from(self.ports.len());
        let targets = self.distinct_targets().min(8);
        ports.max(targets).saturating_sub(1) + if self.verdict() { 16 } else { 0 }
    }
}

/// Whether a refused packet is a late answer to a connection somebody inside opened: from a service
/// port to a high port. Firewalls log masses of them after they forgot the connection. The price: a
/// scanner that sends from port 443 is seen only when it tries ports below 1024.
pub const fn is_late_answer(src_port: Option<u16>, dst_port: u16) -> bool {
    let Some(from) = src_port else { return false };
    dst_port >= 1_024
        && (from < 1_024
            || matches!(from, 1_883 | 5_222 | 5_228 | 8_080 | 8_443 | 8_883)
            // Servers of calls with pictures: Teams and STUN, Zoom, Meet.
            || matches!(from, 3_478..=3_481 | 8_801..=8_810 | 19_302..=19_309))
}

impl Fold<'_> {
    pub(super) fn refused(&mut self) {
        let seen = self.seen;
        let (Some(port), now) = (seen.port, seen.seconds()) else {
            return;
        };
        if self.is_from_a_place_just_visited(port, now) {
            return;
        }
        if self.detect.settings.report_probes && seen.outside {
            self.probe(port);
        }
        let Some(row) = self.detect.sources.scan.admit(seen.actor(), now, 1) else {
            return;
        };
        let target = seen.target_hash();
        let contact = if seen.outside {
            row.refuse(now, port, target)
        } else {
            row.refuse_inside(now, port, target)
        };
        let row = *row;
        let known = self.open_scan(&row);
        let key = match (known, contact) {
            (Some(key), _) => key,
            (None, Contact::Ordinary) => {
                if seen.outside {
                    self.refused_together(port, target, now);
                }
                return;
            }
            _ if !self.detect.stories.has_room_for_packets() => return,
            (None, Contact::Ports) => self.key(What::PortScan, 0),
            (None, Contact::Hosts) => self.key(What::AddressScan, 0),
        };
        let outside = seen.outside;
        let proto = seen.proto;
        let is_new = known.is_none();
        let story = self.tell(key);
        if is_new {
            for port in row.ports() {
                story.aim(None, proto, Some(port));
            }
            let (refused, first) = row.refused();
            story.add_earlier(refused, Timestamp::from_seconds(first.into()));
        }
        // The sender of a lone packet can be forged, more easily without a connection.
        let sure = if proto == Some(Protocol::TCP) { 85 } else { 65 };
        let severity = if outside {
            Severity::Low
        } else if key.what == What::AddressScan {
            Severity::High
        } else {
            Severity::Medium
        };
        story.raise(severity, sure);
        self.open(&key);
    }

    pub(super) fn served(&mut self) {
        let seen = self.seen;
        let Some(port) = seen.port else { return };
        let now = seen.seconds();
        let target = seen.target_hash();
        if let Some(row) = self.detect.sources.scan.find(seen.actor()) {
            row.serve(now, target);
            let row = *row;
            if let Some(key) = self.open_scan(&row) {
                let service = format!("{}/{port}", seen.proto.unwrap_or(Protocol::TCP));
                let story = self.tell(key);
                story.reason(&service);
                story.raise(Severity::Medium, 85);
            }
        }
    }

    /// Whether a packet to a high port comes from a place that somebody inside was just talking to: a
    /// late answer from a high port, as file sharing and calls with pictures leave them behind.
    fn is_from_a_place_just_visited(&mut self, port: u16, now: u32) -> bool {
        if !self.seen.outside || port < 1_024 {
            return false;
        }
        let place = hash::mix(self.seen.actor());
        let known = self.detect.flows.firm.place(place);
        known.is_some_and(|place| place.is_in_use(now))
    }

    /// The story of a scan by this actor, whose row is `row`, that is already opened.
    fn open_scan(&self, row: &ScanRow) -> Option<StoryKey> {
        // A scan leaves its mark in the row: without one there is no story, unless the row is a
        // second one for somebody whose first gave way.
        if !row.verdict() && self.detect.sources.scan.remembers_all() {
            return None;
        }
        [What::PortScan, What::AddressScan]
            .map(|what| self.key(what, 0))
            .into_iter()
            .find(|key| self.detect.stories.opened(key).is_some())
    }

    fn probe(&mut self, port: u16) {
        let number = self.seen.proto.map_or(0, Protocol::number);
        let key = self.key(What::Probe, (u64::from(number) << 16) | u64::from(port));
        let known = self.detect.stories.opened(&key).is_some();
        if known || self.detect.stories.has_room_for_packets() {
            self.tell(key).raise(Severity::Info, 60);
            self.open(&key);
        }
    }
}

/// How port scans are told.
pub const PORT_SCAN: Telling = Telling {
    detector: "port-scan",
    quiet_seconds: 6 * 3_600,
    category: Category::Scan,
    names: "signatures",
    reasons: "open_ports",
    techniques,
    key: |_| "scan/port-scan".to_owned(),
    message: |story| match story.outside {
        false => "inside-port-scan",
        true if story.served > 0 => "open-port-scan",
        true => "port-scan",
    },
    messages: &["inside-port-scan", "open-port-scan", "port-scan"],
    outcome: reached,
};

/// How address scans are told.
pub const ADDRESS_SCAN: Telling = Telling {
    detector: "address-scan",
    quiet_seconds: 6 * 3_600,
    category: Category::Scan,
    names: "signatures",
    reasons: "open_ports",
    techniques,
    key: |story| service_key(story).unwrap_or_else(|| "scan/address-scan".to_owned()),
    message: |story| {
        if story.outside {
            "address-scan"
        } else {
            "inside-address-scan"
        }
    },
    messages: &["address-scan", "inside-address-scan"],
    outcome: reached,
};

/// How lone refused contacts are told.
pub const PROBE: Telling = Telling {
    detector: "closed-door",
    quiet_seconds: 3_600,
    category: Category::Scan,
    names: "signatures",
    reasons: "kinds",
    techniques,
    key: |story| service_key(story).unwrap_or_else(|| "scan/probe".to_owned()),
    message: |_| "probe",
    messages: &["probe"],
    outcome: reached,
};

const fn techniques(story: &Story) -> &'static [&'static str] {
    if story.outside {
        &["T1595.001"]
    } else {
        &["T1046"]
    }
}

pub const fn reached(story: &Story) -> AttackOutcome {
    if story.served == 0 {
        AttackOutcome::Blocked
    } else {
        AttackOutcome::Attempt
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const START: u32 = 1_700_000_000;

    #[track_caller]
    fn check(contacts: impl Iterator<Item = (u32, u16, u64)>, expected: Option<(usize, Contact)>) {
        let mut row = ScanRow::default();
        let found = contacts
            .map(|(at, port, target)| row.refuse(START + at, port, hash::mix(target)))
            .enumerate()
            .find(|(_, contact)| *contact != Contact::Ordinary);
        assert_eq!(found, expected);
    }

    #[test]
    fn five_ports_an_hour_or_eight_in_three_days_are_a_scan() {
        let ports = |gap: u32| (0..20_u16).map(move |n| (u32::from(n) * gap, 1_000 + n, 1));
        check(ports(1), Some((4, Contact::Ports)));
        check(ports(3_600), Some((7, Contact::Ports)));
        check(ports(5 * 3_600), Some((7, Contact::Ports)));
        check(ports(24 * 3_600), None);
        check((0..100).map(|n| (n, 23, 1)), None);
        check(
            (0..100).map(|n| (n, 1_000 + u16::try_from(n % 4).unwrap(), 1)),
            None,
        );
    }

    #[test]
    fn one_port_on_many_hosts_is_a_sweep() {
        check(
            (0..20).map(|n| (n, 445, u64::from(n))),
            Some((4, Contact::Hosts)),
        );
    }

    #[test]
    fn an_inside_host_scans_one_target_or_spreads_to_many_but_may_share_files() {
        let judge = |contacts: &[(u16, u64)]| {
            let mut row = ScanRow::default();
            let mut judged = contacts
                .iter()
                .map(|(port, target)| row.refuse_inside(START, *port, hash::mix(*target)));
            judged.find(|contact| *contact != Contact::Ordinary)
        };
        let one_target: Vec<_> = (0..20).map(|n| (20 + n, 1)).collect();
        let spreading: Vec<_> = (0..60).map(|n| (445, n)).collect();
        let sharing: Vec<_> = (0..60)
            .map(|n| (20_000 + u16::try_from(n).unwrap(), n))
            .collect();
        assert_eq!(judge(&one_target), Some(Contact::Ports));
        assert_eq!(judge(&spreading), Some(Contact::Hosts));
        assert_eq!(judge(&sharing), None);
    }

    #[test]
    fn a_source_that_is_mostly_served_is_no_scanner() {
        let mut row = ScanRow::default();
        for n in 0..12_u16 {
            row.serve(START + u32::from(n), hash::mix(u64::from(n)));
        }
        for port in [5_000, 5_001, 5_002, 5_003] {
            let contact = row.refuse(START + 20, port, 1);
            assert_eq!(contact, Contact::Ordinary);
        }
    }
}
