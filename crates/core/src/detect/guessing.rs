//! Log-in guessing: many failures from one source, or one source trying many names, and the log-in
//! that works after them (ATT&CK T1110.001, T1110.003, T1078).
//!
//! Three leaky buckets see fast, slow and very slow guessing; a plain count per ten minutes would
//! miss whoever is patient. See `docs/detectors/login-guessing.md`.

use super::fold::Fold;
use super::hash;
use super::recent::{Bucket, Recent};
use super::sift::Observation;
use super::story::{StoryKey, What};
use super::table::Remembered;
use super::telling::{Telling, service_key};
use crate::event::Protocol;
use crate::finding::{AttackOutcome, Category, Severity};

/// Failures that may stand in the fast bucket, and the seconds one takes to leak.
const FAST: (f32, f32) = (5.0, 10.0);
/// The same for the slow bucket.
const SLOW: (f32, f32) = (10.0, 60.0);
/// The same for a day: 20 failures, one leaking every 72 minutes.
const DAY: (f32, f32) = (20.0, 4_320.0);
/// Different names from one source within a day that no forgetful person tries.
const MANY_NAMES: u8 = 8;
const DAY_MINUTES: u16 = 1_440;
/// A source that logged in before may fail this many times as often: an old password on a phone.
const KNOWN_FACTOR: f32 = 4.0;
/// How long an earlier log-in vouches for a source.
const KNOWN_SECONDS: u32 = 30 * 86_400;
/// Failures that make the next success suspect, and the time they must fall into.
const FAILURES_BEFORE: usize = 5;
const BEFORE_SECONDS: u32 = 3_600;

/// What is remembered about the log-ins of one source.
#[derive(Clone, Copy, Debug, Default)]
pub struct LoginRow {
    last: u32,
    fast: Bucket,
    slow: Bucket,
    day: Bucket,
    names: Recent,
    last_failure: u32,
    /// Times of the last failures, a ring.
    failures: [u32; FAILURES_BEFORE],
    next: u8,
    /// Mark of the last failure, to see one attempt logged twice.
    last_mark: u32,
    /// Last log-in that worked without failures before it.
    known: u32,
    verdict: bool,
}

/// How a failed log-in was judged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Failure {
    /// The same attempt, logged once more.
    Repeat,
    /// Nothing special yet.
    Ordinary,
    /// One name or few, too often.
    Guessing,
    /// Too many different names.
    Spraying,
}

impl LoginRow {
    /// Notes a failure at `now` for the account whose hash is `name`; `mark` is equal for two lines
    /// about the same attempt.
    pub fn fail(&mut self, now: u32, name: Option<u16>, mark: u32) -> Failure {
        if now == self.last_failure && mark == self.last_mark && mark != 0 {
            return Failure::Repeat;
        }
        let idle = now.saturating_sub(self.last_failure);
        self.last_failure = now.max(self.last_failure);
        self.last_mark = mark;
        if let Some(slot) = self.failures.get_mut(usize::from(self.next)) {
            *slot = now;
        }
        self.next = (self.next + 1) % 5;
        let patience = if self.is_known(now) {
            KNOWN_FACTOR
        } else {
            1.0
        };
        let minute = minute_of(now);
        if let Some(name) = name {
            self.names.note(name, minute);
        }
        let many_names = self.names.within(minute, DAY_MINUTES) >= MANY_NAMES;
        let fast = self.fast.pour(idle, FAST.1, FAST.0 * patience);
        let slow = self.slow.pour(idle, SLOW.1, SLOW.0 * patience);
        let day = self.day.pour(idle, DAY.1, DAY.0 * patience);
        if many_names {
            self.verdict = true;
            Failure::Spraying
        } else if fast || slow || day {
            self.verdict = true;
            Failure::Guessing
        } else {
            Failure::Ordinary
        }
    }

    /// Notes a log-in that worked at `now`; whether enough failures came before it within the hour
    /// to suspect that the password was guessed.
    pub fn succeed(&mut self, now: u32) -> bool {
        let suspect = self
            .failures
            .iter()
            .all(|at| *at != 0 && now.saturating_sub(*at) <= BEFORE_SECONDS);
        if suspect {
            self.failures = Default::default();
        } else {
            self.known = now;
        }
        suspect
    }

    /// Whether the source logged in before, as the people who belong there do.
    pub const fn is_known(&self, now: u32) -> bool {
        self.known != 0 && now.saturating_sub(self.known) <= KNOWN_SECONDS
    }
}

impl Remembered for LoginRow {
    fn last(&self) -> u32 {
        self.last
    }

    /// 0 to 45.
    fn evidence(&self) -> u32 {
        let failures = self.failures.iter().filter(|at| **at != 0).count();
        let failures = u32::try_from(failures).unwrap_or(0);
        let names = u32::from(self.names.len());
        failures + names + if self.verdict { 32 } else { 0 }
    }

    fn touch(&mut self, now: u32) {
        self.last = now;
    }
}

/// Minutes since the epoch, low 16 bits (they wrap after 45 days).
pub fn minute_of(now: u32) -> u16 {
    u16::try_from((now / 60) & 0xFFFF).unwrap_or(0)
}

impl Fold<'_> {
    pub(super) fn login(&mut self, failed: bool, user: Option<&str>, mark: u32) {
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
        let Some(row) = self.detect.sources.login.admit(seen.actor(), now, 1) else {
            return;
        };
        let judged = row.fail(now, name, mark);
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
        let Some(row) = self.detect.sources.login.admit(seen.actor(), now, 1) else {
            return;
        };
        let known = row.is_known(now);
        if !row.succeed(now) {
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

    pub(super) fn login_page(&mut self, path: &str) {
        let seen = self.seen;
        let now = seen.seconds();
        let Some(row) = self.detect.sources.login.admit(seen.actor(), now, 1) else {
            return;
        };
        let judged = row.fail(now, None, 0);
        let key = self.key(What::Guessing, WEB_LOGIN);
        let story = self.tell(key);
        story.reason(path);
        if judged == Failure::Guessing {
            story.outcome = Some(AttackOutcome::Attempt);
            story.raise(Severity::Medium, 65);
            self.open(&key);
        }
    }

    pub(super) fn unauthorised(&mut self) {
        let seen = self.seen;
        let now = seen.seconds();
        let Some(row) = self.detect.sources.web.admit(seen.actor(), now, 1) else {
            return;
        };
        let judged = row.unauthorised(now);
        let key = self.key(What::Guessing, WEB_LOGIN);
        if judged || self.detect.stories.opened(&key).is_some() {
            self.tell(key).raise(Severity::Medium, 70);
            self.open(&key);
        }
    }
}

/// Marks guessing at a web log-in page.
const WEB_LOGIN: u64 = u64::MAX;

/// Log-ins are told apart by service: protocol and port.
fn service_detail(seen: &Observation) -> u64 {
    let proto = seen.proto.map_or(0, Protocol::number);
    (u64::from(proto) << 16) | u64::from(seen.port.unwrap_or(0))
}

/// Names beyond which guessing is called spraying.
const SPRAYING_NAMES: u64 = 8;

/// How guessing is told.
pub const GUESSING: Telling = Telling {
    detector: "login-guessing",
    quiet_seconds: 3 * 3_600,
    category: Category::BruteForce,
    names: "users",
    reasons: "log_in_pages",
    techniques: |story| {
        if story.names.count() >= SPRAYING_NAMES {
            &["T1110.001", "T1110.003"]
        } else {
            &["T1110.001"]
        }
    },
    key: |story| {
        if story.key.detail == WEB_LOGIN {
            "web/log-in".to_owned()
        } else {
            service_key(story).unwrap_or_else(|| "auth/guessing".to_owned())
        }
    },
    message: |story| match () {
        () if story.key.detail == WEB_LOGIN => "web-guessing",
        () if !story.outside => "inside-guessing",
        () if story.names.count() >= SPRAYING_NAMES => "spraying",
        () => "guessing",
    },
    messages: &["web-guessing", "inside-guessing", "spraying", "guessing"],
    outcome: |_| AttackOutcome::Attempt,
};

/// How a log-in after guessing is told.
pub const BREAK_IN: Telling = Telling {
    detector: "login-after-guessing",
    quiet_seconds: 3 * 3_600,
    category: Category::BruteForce,
    names: "users",
    reasons: "failures_before",
    techniques: |_| &["T1110.001", "T1078"],
    key: |story| service_key(story).unwrap_or_else(|| "auth/guessing".to_owned()),
    message: |story| {
        if story.severity >= Severity::High {
            "break-in"
        } else {
            "late-log-in"
        }
    },
    messages: &["break-in", "late-log-in"],
    outcome: |_| AttackOutcome::Success,
};

#[cfg(test)]
mod tests {
    use super::*;

    /// Failures at these seconds, all for one name; the place of the first that is judged guessing.
    #[track_caller]
    fn check(seconds: impl Iterator<Item = u32>, expected: Option<usize>) {
        let mut row = LoginRow::default();
        let found = seconds
            .map(|at| row.fail(1_000_000 + at, Some(7), 0))
            .position(|failure| failure == Failure::Guessing);
        assert_eq!(found, expected);
    }

    #[test]
    fn fast_slow_and_very_slow_guessing_is_seen_and_a_clumsy_person_is_not() {
        check((0..10).map(|n| n * 2), Some(6));
        check((0..40).map(|n| n * 30), Some(19));
        check((0..40).map(|n| n * 1_800), Some(33));
        check((0..5).map(|n| n * 2), None);
        // Every two hours: a forgotten device.
        check((0..200).map(|n| n * 7_200), None);
    }

    #[test]
    fn many_names_are_spraying_however_slowly() {
        let mut row = LoginRow::default();
        let found = (0..12_u16)
            .map(|n| row.fail(1_000_000 + u32::from(n) * 7_000, Some(n), 0))
            .position(|failure| failure == Failure::Spraying);
        assert_eq!(found, Some(7));
    }

    #[test]
    fn a_success_is_suspect_only_after_five_failures_within_the_hour() {
        let mut row = LoginRow::default();
        for n in 0..4 {
            row.fail(1_000_000 + n, None, 0);
        }
        assert!(!row.succeed(1_000_010));
        for n in 0..5 {
            row.fail(1_001_000 + n, None, 0);
        }
        assert!(row.succeed(1_001_010));
        assert!(!row.succeed(1_001_011));
    }

    #[test]
    fn one_attempt_logged_twice_counts_once_and_known_sources_get_patience() {
        let mut row = LoginRow::default();
        assert_eq!(row.fail(1_000_000, Some(1), 9), Failure::Ordinary);
        assert_eq!(row.fail(1_000_000, Some(1), 9), Failure::Repeat);
        let mut known = LoginRow::default();
        assert!(!known.succeed(999_000));
        assert!((0..19).all(|n| known.fail(1_000_000 + n, Some(1), 0) == Failure::Ordinary));
    }
}
