//! What many sources do together at one service, against that service's own past.
//!
//! Each of them stays below what gives a single source away; together they are more than ever come.
//! Distinct sources are counted, never events, so that one loud source cannot trip it. See
//! `docs/detectors/login-spraying.md`.

use std::net::IpAddr;

use super::hash;
use super::snapshot::kept;
use super::table::{Remembered, Table};

/// Services watched at most; the one quiet longest gives way. At 2.5 KiB each.
pub const MAX_SERVICES: usize = 32;
/// Addresses remembered of each, for the story that may begin.
const LATEST: usize = 50;
const PANES: usize = 6;
/// 1,024 names that sources fail for, 24 KiB; 1,024 networks that fail, 80 KiB; 1,024 names that log
/// in, 12 KiB.
const SETS: usize = 64;
const HOUR_SECONDS: u32 = 3_600;
const DAY_SECONDS: u32 = 86_400;

/// How long a pane of a window is, and what is too many without a past and with one.
#[derive(Clone, Copy, Debug)]
pub struct Scale {
    pane_seconds: u32,
    /// Windows from which there is a past.
    past: u16,
    /// Distinct sources that are too many where there is none.
    cold: f32,
    /// Fewer are never too many.
    least: f32,
    /// How much one more window weighs in the past.
    learning: f32,
}

/// Windows of an hour and of a day.
const SCALES: [Scale; 2] = [
    Scale {
        pane_seconds: 600,
        past: 24,
        cold: 25.0,
        least: 12.0,
        learning: 1.0 / 24.0,
    },
    Scale {
        pane_seconds: 14_400,
        past: 3,
        cold: f32::INFINITY,
        least: 30.0,
        learning: 1.0 / 14.0,
    },
];
/// Standard deviations above the past that are too many.
const DEVIATIONS: f32 = 4.0;

/// One failure, as a crowd counts it.
#[derive(Clone, Copy, Debug)]
pub struct Try {
    /// Hash of the source.
    pub source: u64,
    /// Its address.
    pub ip: IpAddr,
    /// Hash of the account name.
    pub name: Option<u64>,
    /// Whether the name is a mail address.
    pub is_mail: bool,
    /// Whether somebody of that name logged in before.
    pub is_real: bool,
}

/// What a window holds.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Crowd {
    /// Distinct sources, estimated.
    pub sources: f32,
    /// Distinct names, estimated.
    pub names: f32,
    /// Distinct names that logged in before.
    pub real: u32,
    /// Failures.
    pub failures: u32,
    /// Those for a mail address.
    pub mails: u32,
}

#[derive(Clone, Copy, Debug, Default)]
struct Pane {
    sources: [u64; 8],
    names: [u64; 4],
    real: u64,
    failures: u32,
    mails: u32,
}

kept!(Pane {
    sources,
    names,
    real,
    failures,
    mails
});

/// Panes of one scale, and what windows before came to.
#[derive(Clone, Debug, Default)]
struct Window {
    panes: [Pane; PANES],
    /// Number of the newest pane since the epoch.
    newest: u32,
    /// Whether a window was seen from its beginning.
    is_whole: bool,
    mean: f32,
    variance: f32,
    /// Windows learned from.
    learned: u16,
}

kept!(Window {
    panes,
    newest,
    is_whole,
    mean,
    variance,
    learned
});

/// One service.
#[derive(Clone, Debug)]
struct Service {
    key: u64,
    last: u32,
    windows: [Window; 2],
    latest: Vec<IpAddr>,
    next: usize,
}

kept!(Service {
    key,
    last,
    windows,
    latest,
    next
});

/// A network whose members failed.
#[derive(Clone, Copy, Debug, Default)]
pub struct Network {
    last: u32,
    next: u8,
    failures: [Failed; 8],
}

kept!(Network {
    last,
    next,
    failures
});

/// A failure of a network: when, who, for which name, by 16 bits of hash each.
#[derive(Clone, Copy, Debug, Default)]
struct Failed {
    at: u32,
    source: u16,
    name: u16,
}

kept!(Failed { at, source, name });

/// What the neighbours of a source did before it logged in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Neighbours {
    /// Too little to say anything.
    Quiet,
    /// Several of them failed, for other names.
    Failing,
    /// They failed for the same name.
    SameName,
}

/// An account that sources failed for.
#[derive(Clone, Copy, Debug, Default)]
pub struct Account {
    last: u32,
    since: u32,
    networks: u64,
}

kept!(Account {
    last,
    since,
    networks
});

/// A name that logged in.
#[derive(Clone, Copy, Debug, Default)]
pub struct Real {
    last: u32,
}

kept!(Real { last });

/// What is remembered of all services.
#[derive(Clone, Debug, Default)]
pub struct Crowds {
    services: Vec<Service>,
    /// Failures of networks, by network and service.
    pub networks: Table<Network, SETS>,
    /// Failures for accounts, by name and service.
    pub accounts: Table<Account, SETS>,
    /// Names that logged in.
    pub real: Table<Real, SETS>,
}

kept!(Crowds {
    services,
    networks,
    accounts,
    real
});

impl Crowds {
    /// Notes a failure at `service` of a source that gave itself away by nothing else; the crowd, if
    /// it is larger than that service's past explains. `patient` services need a past.
    pub fn note(&mut self, service: u64, now: u32, one: Try, patient: bool) -> Option<Crowd> {
        let service = self.service(service, now)?;
        service.remember(one.ip);
        let mut found = None;
        for (window, scale) in service.windows.iter_mut().zip(SCALES) {
            window.advance(now, scale);
            window.note(one);
            let crowd = window.crowd();
            if window.is_too_many(crowd.sources, scale, patient) {
                found.get_or_insert(crowd);
            }
        }
        found
    }

    /// The latest addresses that failed at `service`.
    pub fn latest(&self, service: u64) -> &[IpAddr] {
        let service = self.services.iter().find(|known| known.key == service);
        service.map_or(&[], |service| &service.latest)
    }

    fn service(&mut self, key: u64, now: u32) -> Option<&mut Service> {
        if !self.services.iter().any(|service| service.key == key) {
            if self.services.len() >= MAX_SERVICES {
                let idlest = self.services.iter().enumerate();
                let (place, _) = idlest.min_by_key(|(_, service)| service.last)?;
                self.services.swap_remove(place);
            }
            self.services.push(Service {
                key,
                last: now,
                windows: <[Window; 2]>::default(),
                latest: Vec::new(),
                next: 0,
            });
        }
        let service = self.services.iter_mut().find(|known| known.key == key)?;
        service.last = now.max(service.last);
        Some(service)
    }
}

impl Service {
    fn remember(&mut self, ip: IpAddr) {
        if self.latest.contains(&ip) {
            return;
        }
        if self.latest.len() < LATEST {
            self.latest.push(ip);
        } else if let Some(place) = self.latest.get_mut(self.next) {
            *place = ip;
            self.next = (self.next + 1) % LATEST;
        }
    }
}

impl Window {
    /// Lets go of panes too old at `now`, and learns from windows that are complete.
    fn advance(&mut self, now: u32, scale: Scale) {
        let pane = now / scale.pane_seconds;
        if self.newest == 0 {
            self.newest = pane;
        }
        let panes = u32::try_from(PANES).unwrap_or(1);
        // After a long silence the windows in between were empty.
        if pane > self.newest.saturating_add(64 * panes) {
            self.newest = pane - 64 * panes;
        }
        while self.newest < pane {
            self.newest += 1;
            if self.newest.is_multiple_of(panes) && std::mem::replace(&mut self.is_whole, true) {
                self.learn(scale);
            }
            let place = usize::try_from(self.newest % panes).unwrap_or(0);
            if let Some(pane) = self.panes.get_mut(place) {
                *pane = Pane::default();
            }
        }
    }

    fn note(&mut self, one: Try) {
        let panes = u32::try_from(PANES).unwrap_or(1);
        let place = usize::try_from(self.newest % panes).unwrap_or(0);
        let Some(pane) = self.panes.get_mut(place) else {
            return;
        };
        set(&mut pane.sources, one.source);
        if let Some(name) = one.name {
            set(&mut pane.names, name);
            if one.is_real {
                pane.real |= bit_of(name);
            }
        }
        pane.failures = pane.failures.saturating_add(1);
        pane.mails = pane.mails.saturating_add(u32::from(one.is_mail));
    }

    fn crowd(&self) -> Crowd {
        let mut sources = [0; 8];
        let mut names = [0; 4];
        let mut real = 0;
        let mut crowd = Crowd::default();
        for pane in &self.panes {
            join(&mut sources, &pane.sources);
            join(&mut names, &pane.names);
            real |= pane.real;
            crowd.failures = crowd.failures.saturating_add(pane.failures);
            crowd.mails = crowd.mails.saturating_add(pane.mails);
        }
        crowd.sources = distinct(&sources);
        crowd.names = distinct(&names);
        crowd.real = hash::distinct(real);
        crowd
    }

    /// Learns what the last window came to. What is far above the past counts as little above it, so
    /// that an attack does not become usual while it lasts.
    fn learn(&mut self, scale: Scale) {
        let ceiling = if self.learned < scale.past {
            f32::INFINITY
        } else {
            self.limit(scale)
        };
        let sources = self.crowd().sources.min(ceiling);
        self.learned = self.learned.saturating_add(1);
        let learning = (1.0 / f32::from(self.learned)).max(scale.learning);
        let off = sources - self.mean;
        self.mean += learning * off;
        self.variance = (1.0 - learning) * (self.variance + learning * off * off);
    }

    fn limit(&self, scale: Scale) -> f32 {
        let spread = self.variance.max(self.mean).max(1.0).sqrt();
        let usual = (self.mean + DEVIATIONS * spread).max(2.0 * self.mean);
        usual.max(scale.least)
    }

    fn is_too_many(&self, sources: f32, scale: Scale, patient: bool) -> bool {
        if self.learned < scale.past {
            return !patient && sources >= scale.cold.max(self.limit(scale));
        }
        sources > self.limit(scale)
    }
}

impl Network {
    /// Notes a failure of the member with hash `source`, for the name with hash `name`.
    pub fn fail(&mut self, now: u32, source: u64, name: Option<u64>) {
        let failed = Failed {
            at: now,
            source: hash::short(hash::mix(source)),
            name: name.map_or(0, |name| hash::short(name) | 1),
        };
        if let Some(slot) = self.failures.get_mut(usize::from(self.next)) {
            *slot = failed;
        }
        self.next = (self.next + 1) % 8;
    }

    /// What others than the member with hash `source` did within the hour before `now`, in which it
    /// logged in as `name`.
    pub fn before(&self, now: u32, source: u64, name: Option<u64>) -> Neighbours {
        const ENOUGH: usize = 5;
        const SEVERAL: u32 = 3;
        let own = hash::short(hash::mix(source));
        let name = name.map_or(0, |name| hash::short(name) | 1);
        let near = self.failures.iter().filter(|failed| {
            failed.at != 0 && now.saturating_sub(failed.at) <= HOUR_SECONDS && failed.source != own
        });
        let (mut count, mut same, mut sources) = (0, false, 0_u64);
        for failed in near {
            count += 1;
            same |= failed.name == name || failed.name == 0;
            sources |= hash::bit(failed.source.into());
        }
        match () {
            () if count < ENOUGH => Neighbours::Quiet,
            () if same => Neighbours::SameName,
            () if sources.count_ones() >= SEVERAL => Neighbours::Failing,
            () => Neighbours::Quiet,
        }
    }

    /// Forgets all, when it was told: one story is enough.
    pub fn clear(&mut self) {
        self.failures = Default::default();
    }
}

impl Account {
    /// Notes a failure for it from the network with hash `network`; how many different networks
    /// failed for it within about a day.
    pub fn fail(&mut self, now: u32, network: u64) -> u32 {
        if now.saturating_sub(self.since) > DAY_SECONDS {
            *self = Self {
                last: self.last,
                since: now,
                networks: 0,
            };
        }
        self.networks |= hash::bit(hash::mix(network));
        self.networks(now)
    }

    /// How many different networks failed for it within about a day before `now`.
    pub fn networks(&self, now: u32) -> u32 {
        if now.saturating_sub(self.since) > DAY_SECONDS {
            return 0;
        }
        hash::distinct(self.networks)
    }
}

impl Real {
    /// Whether the name logged in within the last month.
    pub const fn is_fresh(&self, now: u32) -> bool {
        const MONTH_SECONDS: u32 = 30 * 86_400;
        self.last != 0 && now.saturating_sub(self.last) <= MONTH_SECONDS
    }
}

impl Remembered for Network {
    fn last(&self) -> u32 {
        self.last
    }

    fn evidence(&self) -> u32 {
        let set = self.failures.iter().filter(|failed| failed.at != 0).count();
        u32::try_from(set).unwrap_or(0)
    }

    fn touch(&mut self, now: u32) {
        self.last = now;
    }
}

impl Remembered for Account {
    fn last(&self) -> u32 {
        self.last
    }

    fn evidence(&self) -> u32 {
        self.networks.count_ones()
    }

    fn touch(&mut self, now: u32) {
        self.last = now;
    }
}

impl Remembered for Real {
    fn last(&self) -> u32 {
        self.last
    }

    fn evidence(&self) -> u32 {
        1
    }

    fn touch(&mut self, now: u32) {
        self.last = now;
    }
}

const fn bit_of(name: u64) -> u64 {
    hash::bit(hash::mix(name))
}

fn set<const WORDS: usize>(bitmap: &mut [u64; WORDS], hash: u64) {
    let spread = hash::mix(hash);
    let words = u64::try_from(WORDS).unwrap_or(1);
    let place = usize::try_from((spread >> 32) % words).unwrap_or(0);
    if let Some(word) = bitmap.get_mut(place) {
        *word |= hash::bit(spread);
    }
}

fn join<const WORDS: usize>(to: &mut [u64; WORDS], from: &[u64; WORDS]) {
    for (to, from) in to.iter_mut().zip(from) {
        *to |= from;
    }
}

/// How many distinct things set `bitmap` (linear counting, Whang et al. 1990).
#[expect(clippy::cast_precision_loss, reason = "at most 512 bits")]
fn distinct<const WORDS: usize>(bitmap: &[u64; WORDS]) -> f32 {
    let empty: u32 = bitmap.iter().map(|word| word.count_zeros()).sum();
    let bits = (WORDS * 64) as f32;
    -bits * (empty.max(1) as f32 / bits).ln()
}

#[cfg(test)]
mod tests {
    use super::*;

    const START: u32 = 1_700_000_000;

    fn one(source: u32, name: u32) -> Try {
        Try {
            source: source.into(),
            ip: IpAddr::V4(source.into()),
            name: Some(name.into()),
            is_mail: false,
            is_real: false,
        }
    }

    #[test]
    fn more_sources_than_the_past_explains_are_a_crowd_and_a_steady_noise_is_not() {
        let mut crowds = Crowds::default();
        // Twenty sources an hour, new ones every hour, for a week.
        let noise = (0..24 * 7 * 20_u32).map(|n| (START + n * 180, n));
        let early = noise
            .filter(|(at, n)| crowds.note(22, *at, one(*n, n % 7), false).is_some())
            .count();
        assert_eq!(early, 0);
        let after = START + 24 * 7 * 3_600;
        let first = (0..200_u32).position(|n| {
            crowds
                .note(22, after + n * 5, one(1 << 20 | n, n % 9), false)
                .is_some()
        });
        assert!(first.is_some_and(|at| (20..60).contains(&at)), "{first:?}");
    }

    #[test]
    fn one_loud_source_is_no_crowd_and_a_patient_service_needs_a_past() {
        let mut crowds = Crowds::default();
        assert!((0..5_000).all(|n| crowds.note(22, START + n, one(7, n), false).is_none()));
        assert!((0..100).all(|n| crowds.note(80, START + n, one(n, 1), true).is_none()));
        assert!((0..100).any(|n| crowds.note(23, START + n, one(n, 1), false).is_some()));
        assert_eq!(crowds.latest(23).len(), 25);
    }

    #[test]
    fn memory_stays_within_its_bound() {
        let mut crowds = Crowds::default();
        for n in 0..20_000_u32 {
            crowds.note(n.into(), START + n, one(n, n), false);
            if let Some(account) = crowds.accounts.admit(u64::from(n) + 1, START + n, 1) {
                account.fail(START + n, n.into());
            }
        }
        assert_eq!(crowds.services.len(), MAX_SERVICES);
        assert!(crowds.accounts.len() <= 1_024);
        let service = size_of::<Service>() + LATEST * size_of::<IpAddr>();
        let tables = Table::<Network, SETS>::MAX_BYTES
            + Table::<Account, SETS>::MAX_BYTES
            + Table::<Real, SETS>::MAX_BYTES;
        assert!(
            MAX_SERVICES * service + tables <= 300 * 1_024,
            "{service} {tables}"
        );
    }

    #[test]
    fn a_network_and_an_account_remember_a_while() {
        let mut network = Network::default();
        for n in 0..5 {
            assert_eq!(network.before(START, 99, None), Neighbours::Quiet);
            network.fail(START + n, 1 + u64::from(n % 3), Some(n.into()));
        }
        let before = |at, source, name| network.before(START + at, source, Some(name));
        assert_eq!(before(60, 99, 3), Neighbours::SameName);
        assert_eq!(before(60, 99, 77), Neighbours::Failing);
        assert_eq!(before(60, 1, 3), Neighbours::Quiet);
        assert_eq!(before(9_000, 99, 3), Neighbours::Quiet);
        let mut account = Account::default();
        for n in 0..12 {
            account.fail(START + n, u64::from(n % 3));
        }
        assert!(account.networks(START + 12) <= 4);
        for n in 0..12 {
            account.fail(START + n, u64::from(n));
        }
        assert!(account.networks(START + 12) >= 8);
        assert_eq!(account.fail(START + 90_000, 1), 1);
    }
}
