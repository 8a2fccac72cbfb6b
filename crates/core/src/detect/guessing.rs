//! Log-in guessing by one source, and the log-in that works after it (ATT&CK T1110.001, T1110.003,
//! T1078); a device with an old password is told apart.
//!
//! What many sources do together is in [`super::shared_guessing`]. See
//! `docs/detectors/login-guessing.md`.

use super::fold::Fold;
use super::hash;
use super::login_row::{Attempt, Failure, Name};
use super::shared_guessing::Together;
use super::sift;
use super::sift::Observation;
use super::story::{Story, StoryKey, What};
use super::telling::{Telling, service_key};
use crate::event::Protocol;
use crate::finding::{AttackOutcome, Category, Severity};

/// Marks guessing at a web log-in page.
pub const WEB_LOGIN: u64 = u64::MAX;
/// Marks a service known by the name of its program only.
const BY_NAME: u64 = 1 << 40;
/// Failures of one source beyond which its story is worth a look, however calm.
const MANY_FAILURES: u64 = 20;
/// Names beyond which guessing is called spraying.
const SPRAYING_NAMES: u64 = 8;
/// Failures of a source that still count for a crowd.
const FEW_FAILURES: usize = 3;
/// Answers of a log-in page that make the one that let in surely a guess.
const MANY_PAGES: u16 = 10;

impl Fold<'_> {
    pub(super) fn login_failed(&mut self, user: Option<&str>, mark: u32, left: bool) {
        let seen = self.seen;
        if seen.source.is_none() {
            return;
        }
        let now = seen.seconds();
        let hashed = user.map(|user| (user, hash::bytes(user.as_bytes())));
        let attempt = Attempt {
            name: hashed.map(|(user, hash)| Name::new(user, hash)),
            mark: if mark == 0 {
                0
            } else {
                hash::short(mark.into()) | 1
            },
            is_page: false,
            is_left: left,
        };
        let Some(row) = self.detect.sources.login.admit(seen.actor(), now, 1) else {
            return;
        };
        let judged = row.fail(now, attempt);
        if judged == Failure::Repeat {
            return;
        }
        let told = Told {
            judged,
            is_one_name: row.is_one_name(),
            tries: row.tries(),
        };
        let is_known = row.is_known(now);
        let is_quiet = row.failures_within_hour(now) <= FEW_FAILURES
            && matches!(judged, Failure::Ordinary | Failure::Persistent);
        let service = service_detail(seen);
        self.tell_failure(self.key(What::Guessing, service), user, told);
        if seen.outside && !is_known {
            self.failed_together(&Together {
                service,
                name: hashed,
                is_quiet,
            });
        }
    }

    fn tell_failure(&mut self, guessing: StoryKey, user: Option<&str>, told: Told) {
        let outside = self.seen.outside;
        let story = self.tell(guessing);
        if let Some(user) = user {
            story.name(user);
        }
        let many = outside && story.count >= MANY_FAILURES;
        match told.judged {
            Failure::Ordinary | Failure::Repeat => return,
            Failure::Device => {
                if !story.opened {
                    self.tell_device(guessing.detail, user, told.tries);
                }
                return;
            }
            Failure::Persistent if many => story.raise(Severity::Medium, 80),
            Failure::Persistent => story.raise(Severity::Low, 60),
            Failure::Guessing if !outside && told.is_one_name => story.raise(Severity::Low, 60),
            Failure::Guessing => story.raise(Severity::Medium, 90),
            Failure::Spraying => story.raise(Severity::Medium, 95),
        }
        if !outside {
            // Mostly a forgotten password somewhere; sometimes somebody already inside.
            story.confidence = 60;
        }
        self.open(&guessing);
    }

    fn tell_device(&mut self, service: u64, user: Option<&str>, tries: u16) {
        let key = self.key(What::OldPassword, service);
        let at = self.seen.at;
        let story = self.tell(key);
        story.add_earlier(tries.into(), at);
        if let Some(user) = user {
            story.name(user);
        }
        story.raise(Severity::Info, 60);
        self.open(&key);
    }

    pub(super) fn login_worked(&mut self, user: Option<&str>) {
        let seen = self.seen;
        if seen.source.is_none() {
            return;
        }
        let now = seen.seconds();
        let service = service_detail(seen);
        let hashed = user.map(|user| (user, hash::bytes(user.as_bytes())));
        let name = hashed.map(|(user, hash)| Name::new(user, hash));
        if let Some((_, hash)) = hashed {
            // Its time is all there is to remember.
            let _is_there = self.detect.crowds.real.admit(hash.max(1), now, 1).is_some();
        }
        // Who never failed needs no memory, unless there is plenty: then it vouches for them later.
        let Some(row) = self.detect.sources.login.admit(seen.actor(), now, 1) else {
            return;
        };
        let known = row.is_known(now);
        let tried = name.is_some_and(|name| row.tried(name));
        let tried_others = name.is_some_and(|name| row.tried_others(name));
        if !row.succeed(now) {
            if seen.outside && !known {
                self.worked_among_many(service, hashed, tried, tried_others);
            }
            return;
        }
        let before = self
            .detect
            .stories
            .opened_mut(&self.key(What::Guessing, service));
        let (failures, names) = before.map_or((5, 1), |story| {
            story.outcome = Some(AttackOutcome::Success);
            (story.count, story.names.count())
        });
        let severe = seen.outside && !known && (failures >= MANY_FAILURES || names >= 4);
        let (severity, confidence) = match (seen.outside && !known, severe) {
            (_, true) => (Severity::Critical, 90),
            (true, false) => (Severity::High, 75),
            (false, false) => (Severity::Medium, 75),
        };
        self.break_in(service, severity, confidence, user, |story| {
            story.reason(&failures.to_string());
        });
    }

    /// Tells of a log-in that worked and should not have.
    pub(super) fn break_in(
        &mut self,
        service: u64,
        severity: Severity,
        confidence: u8,
        user: Option<&str>,
        more: impl FnOnce(&mut Story),
    ) {
        let key = self.key(What::BreakIn, service);
        let story = self.tell(key);
        if let Some(user) = user {
            story.name(user);
        }
        more(story);
        story.outcome = Some(AttackOutcome::Success);
        story.raise(severity, confidence);
        self.open(&key);
    }

    pub(super) fn login_page(&mut self, path: &str, worked: bool) {
        let seen = self.seen;
        let now = seen.seconds();
        if worked {
            self.page_let_in(path);
            return;
        }
        let Some(row) = self.detect.sources.login.admit(seen.actor(), now, 1) else {
            return;
        };
        let judged = row.fail(
            now,
            Attempt {
                is_page: true,
                ..Attempt::default()
            },
        );
        let is_known = row.is_known(now);
        let is_quiet = row.failures_within_hour(now) <= FEW_FAILURES;
        let key = self.key(What::Guessing, WEB_LOGIN);
        let story = self.tell(key);
        story.reason(path);
        match judged {
            Failure::Guessing => story.raise(Severity::Medium, 65),
            Failure::Persistent if story.count >= MANY_FAILURES => {
                story.raise(Severity::Medium, 65);
            }
            Failure::Persistent => story.raise(Severity::Low, 55),
            _ => {}
        }
        if matches!(judged, Failure::Guessing | Failure::Persistent) {
            story.outcome = Some(AttackOutcome::Attempt);
            self.open(&key);
        }
        if seen.outside && !is_known && is_quiet {
            self.failed_together(&Together {
                service: WEB_LOGIN,
                name: None,
                is_quiet,
            });
        }
    }

    /// A log-in page that answered otherwise than it does to a wrong password.
    fn page_let_in(&mut self, path: &str) {
        let seen = self.seen;
        let now = seen.seconds();
        let Some(row) = self.detect.sources.login.find(seen.actor()) else {
            return;
        };
        let tries = row.tries();
        let known = row.is_known(now);
        if !row.succeed(now) {
            return;
        }
        let severity = if seen.outside && !known && tries >= MANY_PAGES {
            Severity::High
        } else {
            Severity::Medium
        };
        self.break_in(WEB_LOGIN, severity, 60, None, |story| {
            story.reason(&tries.to_string());
            story.because(path);
        });
    }

    pub(super) fn unauthorised(&mut self, path: u64) {
        let seen = self.seen;
        let now = seen.seconds();
        let Some(row) = self.detect.sources.web.admit(seen.actor(), now, 1) else {
            return;
        };
        let judged = row.unauthorised(now, path);
        let key = self.key(What::Guessing, WEB_LOGIN);
        if judged || self.detect.stories.opened(&key).is_some() {
            self.tell(key).raise(Severity::Medium, 70);
            self.open(&key);
        }
    }
}

/// How a failure is told.
#[derive(Clone, Copy)]
struct Told {
    judged: Failure,
    is_one_name: bool,
    tries: u16,
}

/// Log-ins are told apart by service: protocol and port, or the name of the program.
fn service_detail(seen: &Observation) -> u64 {
    match seen.port {
        Some(port) => {
            let proto = seen.proto.map_or(0, Protocol::number);
            (u64::from(proto) << 16) | u64::from(port)
        }
        None => BY_NAME | u64::from(seen.program),
    }
}

/// What firms compare of log-ins at the service of `story`.
pub fn login_key(story: &Story) -> String {
    match story.key.detail {
        WEB_LOGIN => "web/log-in".to_owned(),
        _ if is_vpn(story) => "vpn/guessing".to_owned(),
        _ => service_key(story).unwrap_or_else(|| "auth/guessing".to_owned()),
    }
}

fn is_vpn(story: &Story) -> bool {
    story.key.detail == BY_NAME | u64::from(sift::vpn())
}

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
    key: login_key,
    message: |story| match () {
        () if story.key.detail == WEB_LOGIN => "web-guessing",
        () if !story.outside => "inside-guessing",
        () if is_vpn(story) => "vpn-guessing",
        () if story.names.count() >= SPRAYING_NAMES => "spraying",
        () => "guessing",
    },
    messages: &[
        "web-guessing",
        "inside-guessing",
        "vpn-guessing",
        "spraying",
        "guessing",
    ],
    outcome: |_| AttackOutcome::Attempt,
};

/// What a log-in followed, where it was not failures of its own source.
pub const AFTER_NEIGHBOURS: &str = "neighbours";
/// The same, for a crowd.
pub const AFTER_CROWD: &str = "crowd";

/// How a log-in after guessing is told.
pub const BREAK_IN: Telling = Telling {
    detector: "login-after-guessing",
    quiet_seconds: 3 * 3_600,
    category: Category::BruteForce,
    names: "users",
    reasons: "failures_before",
    techniques: |_| &["T1110.001", "T1078"],
    key: login_key,
    message: |story| match &*story.label {
        AFTER_NEIGHBOURS => "neighbour-break-in",
        AFTER_CROWD => "crowd-break-in",
        _ if story.severity >= Severity::High => "break-in",
        _ => "late-log-in",
    },
    messages: &[
        "break-in",
        "late-log-in",
        "neighbour-break-in",
        "crowd-break-in",
    ],
    outcome: |_| AttackOutcome::Success,
};

/// How a device that fails by the clock is told.
pub const OLD_PASSWORD: Telling = Telling {
    detector: "old-password",
    quiet_seconds: 86_400,
    category: Category::Policy,
    names: "users",
    reasons: "kinds",
    techniques: |_| &[],
    key: login_key,
    message: |_| "old-password",
    messages: &["old-password"],
    outcome: |_| AttackOutcome::Attempt,
};
