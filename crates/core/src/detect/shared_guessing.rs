//! Guessing that many sources share out among themselves: a few passwords over many names
//! (ATT&CK T1110.003), leaked pairs each tried once (T1110.004), one account from everywhere
//! (T1110.001), and the log-in that works among them.
//!
//! See `docs/detectors/login-spraying.md`.

use std::net::IpAddr;

use super::crowd::{Crowd, Neighbours, Try};
use super::fold::Fold;
use super::guessing::{AFTER_CROWD, AFTER_NEIGHBOURS, WEB_LOGIN, login_key};
use super::hash;
use super::login_row::is_stock;
use super::story::{Story, StoryKey, What};
use super::telling::{Telling, only};
use crate::finding::{AttackOutcome, Category, Severity};

/// Names from which a crowd is after names, and those from which it may work through a list.
const MANY_NAMES: f32 = 8.0;
const LIST_NAMES: f32 = 20.0;
/// Of ten failures of a list, those for a mail address.
const LIST_MAILS: u32 = 6;
/// Tries per name of a list.
const LIST_TRIES: f32 = 2.0;
/// Different networks (/16, or /32 of IPv6) that no person fails from in a day.
const ACCOUNT_NETWORKS: u32 = 10;
/// Names that logged in before from which a crowd knows whom it is after.
const REAL_NAMES: u32 = 2;
/// Services the whole internet guesses at day and night: SSH, Telnet, FTP.
const NOISY_PORTS: &[u16] = &[21, 22, 23];

/// One failure of an outside source, as part of what others do.
pub struct Together<'n> {
    /// Which service.
    pub service: u64,
    /// The account name and its hash.
    pub name: Option<(&'n str, u64)>,
    /// Whether the source itself did nothing else that gives it away.
    pub is_quiet: bool,
}

impl Fold<'_> {
    pub(super) fn failed_together(&mut self, failed: &Together<'_>) {
        let Some(ip) = self.seen.source else { return };
        let now = self.seen.seconds();
        let key = near_key(ip, failed.service);
        if let Some(network) = self.detect.crowds.networks.admit(key, now, 1) {
            network.fail(now, self.seen.actor(), failed.name.map(|(_, hash)| hash));
        }
        if let Some((user, hash)) = failed.name {
            self.account_failed(ip, failed.service, user, hash);
        }
        if !failed.is_quiet {
            return;
        }
        let real = failed
            .name
            .and_then(|(_, hash)| self.detect.crowds.real.find(hash.max(1)));
        let one = Try {
            source: self.seen.actor(),
            ip,
            name: failed.name.map(|(_, hash)| hash),
            is_mail: failed.name.is_some_and(|(user, _)| is_mail_address(user)),
            is_real: real.is_some_and(|real| real.is_fresh(now)),
        };
        // Shops have customers who mistype: only their past tells what is too many.
        let patient = failed.service == WEB_LOGIN;
        let crowd = self.detect.crowds.note(failed.service, now, one, patient);
        if let Some(crowd) = crowd {
            self.tell_crowd(failed, &crowd);
        }
    }

    /// Notes who fails for one account that few would try by chance.
    fn account_failed(&mut self, ip: IpAddr, service: u64, user: &str, hash: u64) {
        if is_stock(user) {
            return;
        }
        let now = self.seen.seconds();
        let Some(account) = self
            .detect
            .crowds
            .accounts
            .admit(account_key(service, hash), now, 1)
        else {
            return;
        };
        if account.fail(now, far_key(ip)) < ACCOUNT_NETWORKS {
            return;
        }
        let key = StoryKey {
            what: What::SharedGuessing,
            actor: 0,
            detail: account_key(service, hash),
        };
        let story = self.tell(key);
        story.name(user);
        story.raise(Severity::Medium, 75);
        self.open(&key);
    }

    fn tell_crowd(&mut self, failed: &Together<'_>, crowd: &Crowd) {
        let key_of = |what| StoryKey {
            what,
            actor: 0,
            detail: failed.service,
        };
        // What it turns out to be is said once.
        let begun = [What::Stuffing, What::Spraying, What::SharedGuessing]
            .into_iter()
            .find(|what| self.detect.stories.opened(&key_of(*what)).is_some());
        let what = begun.unwrap_or_else(|| what_of(crowd));
        let key = key_of(what);
        let latest = match begun {
            Some(_) => Vec::new(),
            None => self.detect.crowds.latest(failed.service).to_vec(),
        };
        let is_noisy = self
            .seen
            .port
            .is_some_and(|port| NOISY_PORTS.contains(&port));
        let story = self.tell(key);
        for ip in latest {
            story.join(ip);
        }
        if let Some((user, _)) = failed.name {
            story.name(user);
        }
        story.figure("sources_in_window", crowd.sources.round().into());
        let severity = if crowd.real >= REAL_NAMES || !is_noisy {
            Severity::Medium
        } else {
            Severity::Low
        };
        story.raise(severity, 75);
        self.open(&key);
    }

    /// A log-in of a source that nobody knows: whether it is the fruit of what others, or it, tried.
    pub(super) fn worked_among_many(
        &mut self,
        service: u64,
        name: Option<(&str, u64)>,
        tried: bool,
        tried_others: bool,
    ) {
        let Some(ip) = self.seen.source else { return };
        let now = self.seen.seconds();
        let user = name.map(|(user, _)| user);
        for what in [What::Stuffing, What::Spraying] {
            let key = StoryKey {
                what,
                actor: 0,
                detail: service,
            };
            if tried_others && let Some(story) = self.detect.stories.opened_mut(&key) {
                story.outcome = Some(AttackOutcome::Success);
                let crowd = story.incident;
                self.break_in(service, Severity::High, 70, user, |story| {
                    story.label = AFTER_CROWD.into();
                    story.incident = crowd;
                });
                return;
            }
        }
        let crowds = &mut self.detect.crowds;
        let account = name.and_then(|(_, hash)| crowds.accounts.find(account_key(service, hash)));
        if account.is_some_and(|account| account.networks(now) >= ACCOUNT_NETWORKS) {
            // Its owner logs in during such days too, mostly without failing.
            let severity = if tried {
                Severity::High
            } else {
                Severity::Medium
            };
            self.break_in(service, severity, 60, user, label(AFTER_CROWD));
            return;
        }
        let hash = name.map(|(_, hash)| hash);
        let Some(network) = self.detect.crowds.networks.find(near_key(ip, service)) else {
            return;
        };
        let severity = match network.before(now, self.seen.actor(), hash) {
            Neighbours::Quiet => return,
            Neighbours::Failing => Severity::Medium,
            Neighbours::SameName => Severity::High,
        };
        network.clear();
        self.break_in(service, severity, 60, user, label(AFTER_NEIGHBOURS));
    }
}

fn label(label: &'static str) -> impl FnOnce(&mut Story) {
    move |story| story.label = label.into()
}

fn what_of(crowd: &Crowd) -> What {
    #[expect(clippy::cast_precision_loss, reason = "far below 2^24")]
    let failures = crowd.failures as f32;
    match () {
        () if crowd.names >= LIST_NAMES
            && crowd.mails.saturating_mul(10) >= crowd.failures.saturating_mul(LIST_MAILS)
            && failures <= crowd.names * LIST_TRIES =>
        {
            What::Stuffing
        }
        () if crowd.names >= MANY_NAMES => What::Spraying,
        () => What::SharedGuessing,
    }
}

/// Whether `user` looks like a mail address.
fn is_mail_address(user: &str) -> bool {
    user.split_once('@').is_some_and(|(local, domain)| {
        !local.is_empty() && !domain.contains('@') && domain.contains('.')
    })
}

/// The /24 or /64 of `ip`, with the service; never 0.
fn near_key(ip: IpAddr, service: u64) -> u64 {
    let near = match ip {
        IpAddr::V4(ip) => (1 << 48) | u64::from(ip.to_bits() >> 8),
        IpAddr::V6(ip) => u64::try_from(ip.to_bits() >> 64).unwrap_or(0),
    };
    hash::mix(near ^ hash::mix(service)).max(1)
}

/// The /16 or /32 of `ip`: another one is another provider, or another part of a large one.
fn far_key(ip: IpAddr) -> u64 {
    match ip {
        IpAddr::V4(ip) => (1 << 48) | u64::from(ip.to_bits() >> 16),
        IpAddr::V6(ip) => u64::try_from(ip.to_bits() >> 96).unwrap_or(0),
    }
}

fn account_key(service: u64, name: u64) -> u64 {
    hash::mix(name ^ hash::mix(service)).max(1)
}

/// How spraying across sources is told.
pub const SPRAYING: Telling = Telling {
    detector: "login-spraying",
    quiet_seconds: 6 * 3_600,
    category: Category::BruteForce,
    names: "users",
    reasons: "kinds",
    techniques: |_| &["T1110.003"],
    key: login_key,
    message: |_| "shared-spraying",
    messages: &["shared-spraying"],
    outcome: |_| AttackOutcome::Attempt,
};

/// How leaked pairs tried out are told.
pub const STUFFING: Telling = Telling {
    detector: "login-stuffing",
    techniques: |_| &["T1110.004"],
    message: |_| "stuffing",
    messages: &["stuffing"],
    ..SPRAYING
};

/// How guessing shared out is told.
pub const SHARED_GUESSING: Telling = Telling {
    detector: "login-shared-guessing",
    techniques: |_| &["T1110.001"],
    message: |story| {
        if only(&story.names).is_some() {
            "account-guessing"
        } else {
            "shared-guessing"
        }
    },
    messages: &["account-guessing", "shared-guessing"],
    ..SPRAYING
};
