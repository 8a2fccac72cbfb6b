//! The second stage: what an observation adds to what is remembered.

use super::guessing::Failure;
use super::scan::Contact;
use super::sift::{Attack, Clue, Observation};
use super::source::{ANSWERED, PACKET, Row};
use super::story::{Ending, Story, StoryKey, What};
use super::{Detect, Signal, hash, wording};
use crate::event::Protocol;
use crate::finding::{AttackOutcome, Severity};
use crate::time::Timestamp;

/// Points of different requests of one source that together are an attack, where no single request
/// surely is.
const ATTACK_POINTS: u32 = 15;
/// Requests from which an attack is more than a passing scanner.
const PERSISTENT_REQUESTS: u64 = 20;

/// One observation on its way through the detectors.
struct Fold<'d> {
    detect: &'d mut Detect,
    seen: &'d Observation,
    now: Timestamp,
    out: &'d mut Vec<Signal>,
    /// Whether the story told last was opened before.
    is_open: bool,
}

pub(super) fn fold(detect: &mut Detect, seen: &Observation, now: Timestamp, out: &mut Vec<Signal>) {
    let mut fold = Fold {
        detect,
        seen,
        now,
        out,
        is_open: false,
    };
    match &seen.clue {
        Clue::None => {}
        Clue::Refused { late_answer: true } => {}
        Clue::Refused { late_answer: false } => fold.refused(),
        Clue::Served => fold.served(),
        Clue::Login { failed, user, mark } => fold.login(*failed, user.as_deref(), *mark),
        Clue::LoginPage(path) => fold.login_page(path),
        Clue::Unauthorised => fold.unauthorised(),
        Clue::Miss(path) => fold.miss(path.as_deref()),
        Clue::Hit => {
            if let Some(row) = fold.detect.sources.find(seen.actor()) {
                row.web.hit();
            }
        }
        Clue::Attack(attack) => fold.web_attack(attack),
        Clue::Alert {
            signature,
            severity,
        } => fold.alert(signature, *severity),
    }
    fold.listed();
    fold.rules();
}

impl Fold<'_> {
    fn key(&self, what: What, detail: u64) -> StoryKey {
        StoryKey {
            what,
            actor: self.seen.actor(),
            detail,
        }
    }

    /// Adds this event to the story of `key`, beginning it if need be.
    fn tell(&mut self, key: StoryKey) -> &mut Story {
        let seen = self.seen;
        let story = self.detect.stories.continue_or_begin(
            key,
            seen.source,
            seen.at,
            self.now,
            &mut self.detect.over,
        );
        story.outside = seen.outside;
        story.add(seen.at, seen.ending);
        story.aim(seen.target, seen.proto, seen.port);
        self.is_open = story.opened;
        story
    }

    /// Says that the story of `key`, which was told last, has reached its verdict, if that was not
    /// said yet.
    fn open(&mut self, key: &StoryKey) {
        if !self.is_open
            && let Some(story) = self.detect.stories.open(key)
        {
            let finding = wording::finding(story, &self.detect.settings.words, &self.detect.rules);
            self.out.push(Signal::Opened(finding));
        }
    }

    fn refused(&mut self) {
        let seen = self.seen;
        let (Some(port), now) = (seen.port, seen.seconds()) else {
            return;
        };
        if self.detect.settings.report_probes && seen.outside {
            self.probe(port);
        }
        let Some(row) = self.detect.sources.admit(seen.actor(), now, PACKET) else {
            return;
        };
        row.last = row.last.max(now);
        let target = seen.target_hash();
        let contact = if seen.outside {
            row.scan.refuse(now, port, target)
        } else {
            row.scan.refuse_inside(now, port, target)
        };
        let row = *row;
        let known = self.open_scan(&row);
        let key = match (known, contact) {
            (Some(key), _) => key,
            (None, Contact::Ordinary) => return,
            _ if !self.detect.stories.has_room_for_packets() => return,
            (None, Contact::Ports) => self.key(What::PortScan, 0),
            (None, Contact::Hosts) => self.key(What::AddressScan, 0),
        };
        let outside = seen.outside;
        let proto = seen.proto;
        let is_new = known.is_none();
        let story = self.tell(key);
        if is_new {
            for port in row.scan.ports() {
                story.aim(None, proto, Some(port));
            }
            let (refused, first) = row.scan.refused();
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

    /// The story of a scan by this actor, whose row is `row`, that is already opened.
    fn open_scan(&self, row: &Row) -> Option<StoryKey> {
        // A scan leaves its mark in the row: without one there is no story, unless the row is a
        // second one for somebody whose first gave way.
        if !row.scan.verdict() && self.detect.sources.remembers_all() {
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

    fn served(&mut self) {
        let seen = self.seen;
        let Some(port) = seen.port else { return };
        let now = seen.seconds();
        let target = seen.target_hash();
        if let Some(row) = self.detect.sources.find(seen.actor()) {
            row.scan.serve(now, port, target);
            let row = *row;
            if let Some(key) = self.open_scan(&row) {
                let service = format!("{}/{port}", seen.proto.unwrap_or(Protocol::TCP));
                let story = self.tell(key);
                story.reason(&service);
                story.raise(Severity::Medium, 85);
            }
        }
    }

    fn login(&mut self, failed: bool, user: Option<&str>, mark: u32) {
        let seen = self.seen;
        if seen.source.is_none() {
            return;
        }
        let now = seen.seconds();
        let service = service_detail(seen);
        let guessing = self.key(What::Guessing, service);
        if !failed {
            self.login_worked(user, guessing);
            return;
        }
        let name = user.map(|user| hash::short(hash::bytes(user.as_bytes())));
        let Some(row) = self.detect.sources.admit(seen.actor(), now, ANSWERED) else {
            return;
        };
        row.last = row.last.max(now);
        let judged = row.login.fail(now, name, mark);
        if judged == Failure::Repeat {
            return;
        }
        let outside = seen.outside;
        let story = self.tell(guessing);
        if let Some(user) = user {
            story.name(user);
        }
        match judged {
            Failure::Guessing => story.raise(Severity::Medium, 90),
            Failure::Spraying => story.raise(Severity::Medium, 95),
            Failure::Ordinary | Failure::Repeat => return,
        }
        if !outside {
            // Mostly a forgotten password somewhere; sometimes somebody already inside.
            story.confidence = 60;
        }
        self.open(&guessing);
    }

    fn login_worked(&mut self, user: Option<&str>, guessing: StoryKey) {
        let seen = self.seen;
        let now = seen.seconds();
        // Who never failed needs no memory, unless there is plenty: then it vouches for them later.
        let Some(row) = self.detect.sources.admit(seen.actor(), now, PACKET) else {
            return;
        };
        row.last = row.last.max(now);
        let known = row.login.is_known(now);
        if !row.login.succeed(now) {
            return;
        }
        let before = self.detect.stories.opened_mut(&guessing);
        let (failures, tried) = before.map_or((5, 1), |story| {
            story.outcome = Some(AttackOutcome::Success);
            (story.count, story.names.count())
        });
        let key = self.key(What::BreakIn, guessing.detail);
        let severe = seen.outside && !known && (failures >= 20 || tried >= 4);
        let severity = match (seen.outside && !known, severe) {
            (_, true) => Severity::Critical,
            (true, false) => Severity::High,
            (false, false) => Severity::Medium,
        };
        let story = self.tell(key);
        if let Some(user) = user {
            story.name(user);
        }
        story.reason(&failures.to_string());
        story.outcome = Some(AttackOutcome::Success);
        story.raise(severity, if severe { 90 } else { 75 });
        self.open(&key);
    }

    fn login_page(&mut self, path: &str) {
        let seen = self.seen;
        let now = seen.seconds();
        let Some(row) = self.detect.sources.admit(seen.actor(), now, ANSWERED) else {
            return;
        };
        row.last = row.last.max(now);
        let judged = row.login.fail(now, None, 0);
        let key = self.key(What::Guessing, WEB_LOGIN);
        let story = self.tell(key);
        story.reason(path);
        if judged == Failure::Guessing {
            story.outcome = Some(AttackOutcome::Attempt);
            story.raise(Severity::Medium, 65);
            self.open(&key);
        }
    }

    fn unauthorised(&mut self) {
        let seen = self.seen;
        let now = seen.seconds();
        let Some(row) = self.detect.sources.admit(seen.actor(), now, ANSWERED) else {
            return;
        };
        row.last = row.last.max(now);
        let judged = row.web.unauthorised(now);
        let key = self.key(What::Guessing, WEB_LOGIN);
        if judged || self.detect.stories.opened(&key).is_some() {
            self.tell(key).raise(Severity::Medium, 70);
            self.open(&key);
        }
    }

    fn miss(&mut self, path: Option<&str>) {
        let seen = self.seen;
        let now = seen.seconds();
        let Some(path) = path else { return };
        let Some(row) = self.detect.sources.admit(seen.actor(), now, ANSWERED) else {
            return;
        };
        row.last = row.last.max(now);
        let probing = row.web.miss(now, hash::bytes(path.as_bytes()));
        let key = self.key(What::WebProbing, 0);
        let story = self.tell(key);
        story.name(path);
        if probing {
            story.raise(Severity::Low, 80);
            self.open(&key);
        }
    }

    fn web_attack(&mut self, attack: &Attack) {
        let key = self.key(What::WebAttack, 0);
        let ending = self.seen.ending;
        let outside = self.seen.outside;
        let story = self.tell(key);
        if story.is_new(attack.mark) {
            story.points = story.points.saturating_add(attack.score.into());
        }
        story.name(&attack.path);
        for kind in &attack.kinds {
            story.reason(kind);
        }
        for why in &attack.why {
            story.because(why);
        }
        if attack.sure {
            story.certain = story.certain.saturating_add(1);
        }
        let (certain, count) = (story.certain, story.count);
        if certain == 0 && story.points < ATTACK_POINTS {
            if ending == Ending::Refused {
                self.miss(Some(&attack.path));
            }
            return;
        }
        let severity = match ending {
            Ending::Served if attack.sure && attack.is_telling_when_answered() => Severity::High,
            Ending::Served if attack.sure => Severity::Medium,
            _ if count >= PERSISTENT_REQUESTS => Severity::Medium,
            _ => Severity::Low,
        };
        story.raise(severity, if certain > 0 { 85 } else { 60 });
        if !outside {
            story.confidence = story.confidence.min(60);
        }
        self.open(&key);
    }

    fn alert(&mut self, signature: &str, severity: Severity) {
        let key = self.key(What::Alert, hash::bytes(signature.as_bytes()));
        let story = self.tell(key);
        story.label = signature.into();
        story.name(signature);
        story.raise(severity, 70);
        self.open(&key);
    }

    fn listed(&mut self) {
        let Some(listed) = &self.seen.listed else {
            return;
        };
        let direction = u64::from(listed.outgoing) << 16;
        // From inside, each listed place is a story of its own; from outside, the actor is the place.
        let place = if listed.outgoing {
            hash::bytes(listed.what.as_bytes())
        } else {
            0
        };
        let key = self.key(
            What::Indicator,
            (u64::from(listed.list) | direction) ^ place,
        );
        let severity = match (listed.outgoing, self.seen.ending) {
            (true, Ending::Refused) => Severity::Medium,
            (true, _) => Severity::High,
            (false, Ending::Refused) => Severity::Info,
            (false, Ending::Unsaid) => Severity::Low,
            (false, Ending::Served) => Severity::Medium,
        };
        let list = self.detect.indicators.list_name(listed.list).to_owned();
        let story = self.tell(key);
        story.label = listed.what.clone();
        story.reason(&list);
        if listed.outgoing {
            story.name(&listed.what);
        }
        story.raise(severity, 70);
        self.open(&key);
    }

    fn rules(&mut self) {
        for index in &self.seen.rules {
            let rule = self.detect.rules.rule(*index);
            let detail = hash::bytes(rule.id.as_bytes());
            let (severity, confidence) = (rule.severity, rule.confidence);
            let key = self.key(What::Rule(*index), detail);
            let story = self.tell(key);
            story.raise(severity, confidence);
            self.open(&key);
        }
    }
}

/// Marks guessing at a web log-in page.
pub(super) const WEB_LOGIN: u64 = u64::MAX;

/// Log-ins are told apart by service: protocol and port.
fn service_detail(seen: &Observation) -> u64 {
    let proto = seen.proto.map_or(0, Protocol::number);
    (u64::from(proto) << 16) | u64::from(seen.port.unwrap_or(0))
}
