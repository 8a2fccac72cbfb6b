//! Slow scans shared out: many addresses of one network that each look at one or two firms, so seldom
//! that no firm and no day sees anything.
//!
//! A firm is a target, and the first contact of a network with it on a key is a trial of one sequential
//! test for the network. Trials speak for a scan; time without any speaks against it, at the rate at which
//! networks of this hub meet new firms by chance. Sources: the sequential test of Jung, Paxson, Berger and
//! Balakrishnan 2004 (its odds), with the drift of Wald's test of two Poisson rates, because firms send
//! no word of the contacts that were welcome. An address that looks at more than two firms gives itself
//! away and is no evidence. A firm has two trials at most, and those of as many firms as may lie are
//! taken off. What looks for one thing is a scan; a network whose addresses each want something else is
//! only a busy one.

use std::collections::BTreeSet;
use std::net::IpAddr;

use super::alarm::{Alarm, Level, Shown};
use super::edges::{mark, mixed};
use super::episodes::{Candidate, Verdict};
use super::{DAY_HOURS, Fold, HOUR_SECONDS};
use crate::detect::hash;
use crate::detect::snapshot::kept;
use crate::time::Timestamp;
use crate::watch::assess::Kind;
use crate::watch::baseline::{as_number, is_settled};
use crate::watch::{ALARM_SCORE, network, trim_for};

/// Networks remembered at most, in sets of [`SET`]: 131,072 rows.
const MAX_SETS: usize = 1 << 14;
const SET: usize = 8;
/// Odds of a trial under a scan against chance: four to one, as a logarithm.
const STEP: f64 = 1.386_294_361;
/// A scan is held to meet new firms four times as fast as chance does; the drift is the difference.
const DRIFT_OF_RATE: f64 = 3.0;
/// Evidence that is a verdict: one wrong in a hundred thousand tests.
const VERDICT: f64 = 11.5;
/// Fewest addresses that must have taken part.
const MIN_SOURCES: usize = 3;
/// Firms an address may look at and still be part of a scan shared out.
const MAX_FIRMS_OF_SOURCE: u8 = 2;
/// Trials of a firm at most.
const MAX_TRIALS: u8 = 2;
/// Firms and addresses remembered of a network.
const MAX_FIRMS: usize = 64;
const MAX_SOURCES: usize = 32;
/// Firms that may lie at most; beyond, a hub of millions could never call anything.
const MAX_LIES: usize = 16;
/// Hours after which a silent network is forgotten.
const MEMORY_HOURS: i64 = 24 * 30;
/// New firms a network meets in a day by chance, at least.
const LEAST_RATE: f64 = 0.1;
/// Contacts that wait at most.
const MAX_WAITING: usize = 65_536;
/// Weight of a day in what is usual.
const DAY_WEIGHT: f64 = 0.1;

/// A contact that waits: hour and source, member and key.
pub(super) type Waiting = ((i64, IpAddr), (u32, usize));

/// The networks under test.
#[derive(Clone, Debug)]
pub(super) struct Slow {
    /// A power of two of sets.
    sets: Vec<Vec<Row>>,
    held: usize,
    /// New trials of a network in a day by chance.
    rate: f64,
    /// Networks with a verdict that has not been told.
    due: BTreeSet<u64>,
}

/// One network.
#[derive(Clone, Debug, Default)]
struct Row {
    network: u64,
    evidence: f64,
    /// Hours of the first and of the latest trial.
    first: i64,
    last: i64,
    /// The keys of each firm's trials, by short marks; the second is 0 where there was none.
    firms: Vec<(u32, [u32; 2])>,
    /// Firms each address looked at, by a short mark of it.
    sources: Vec<(u32, u8)>,
    /// The key most trials were on, by a vote (Boyer and Moore 1981).
    key: String,
    votes: u32,
    /// Trials since midnight.
    today: u32,
    told: bool,
}

kept!(Slow {
    sets,
    held,
    rate,
    due
});
kept!(Row {
    network,
    evidence,
    first,
    last,
    firms,
    sources,
    key,
    votes,
    today,
    told
});

impl Default for Slow {
    fn default() -> Self {
        Self {
            sets: vec![Vec::new(); 16],
            held: 0,
            rate: LEAST_RATE,
            due: BTreeSet::new(),
        }
    }
}

/// One contact of an address with a firm.
pub(super) struct Contact<'a> {
    pub source: IpAddr,
    pub member: u32,
    pub key: &'a str,
    pub hour: i64,
    /// Firms that may lie.
    pub lies: usize,
}

impl Slow {
    /// Notes a contact.
    pub fn note(&mut self, contact: &Contact<'_>) {
        let drift = DRIFT_OF_RATE * self.rate / 24.0;
        let id = mark(network(contact.source));
        let Some(row) = self.admit(id, contact.hour) else {
            return;
        };
        if !row.is_trial(contact) {
            return;
        }
        let idle = as_number(usize::try_from(contact.hour - row.last).unwrap_or(0));
        row.evidence = (row.evidence - drift * idle).max(0.0);
        let is_first = row.firms.len() == 1 && row.votes == 0;
        row.last = row.last.max(contact.hour);
        row.today = row.today.saturating_add(1);
        row.vote(contact.key);
        // A network that is there at all has met one firm; an address that looks at many gives itself
        // away.
        if row.count_source(contact.source) <= MAX_FIRMS_OF_SOURCE && !is_first {
            row.evidence += STEP;
        }
        let lies = as_number(contact.lies.min(MAX_LIES)) * f64::from(MAX_TRIALS) * STEP;
        let is_proven = row.sources.len() >= MIN_SOURCES && row.evidence >= VERDICT + lies;
        if !row.told && is_proven && row.is_of_one_mind() {
            self.due.insert(id);
        }
    }

    /// The row of a network; a new one takes the place of the one with least evidence where there is
    /// no other.
    fn admit(&mut self, id: u64, hour: i64) -> Option<&mut Row> {
        if self.held > self.sets.len() * SET / 2 && self.sets.len() < MAX_SETS {
            self.grow();
        }
        let set = self.set_of(id);
        let rows = self.sets.get_mut(set)?;
        if let Some(place) = rows.iter().position(|row| row.network == id) {
            let row = rows.get_mut(place)?;
            if hour - row.last > MEMORY_HOURS {
                *row = Row::new(id, hour);
            }
            return Some(row);
        }
        if rows.len() >= SET {
            let weakest = (0..rows.len()).min_by(|left, right| {
                let of = |place: &usize| rows.get(*place).map_or((0.0, 0), Row::strength);
                let (left, right) = (of(left), of(right));
                left.0.total_cmp(&right.0).then(left.1.cmp(&right.1))
            })?;
            rows.swap_remove(weakest);
            self.held -= 1;
        }
        self.held += 1;
        rows.push(Row::new(id, hour));
        rows.last_mut()
    }

    fn set_of(&self, id: u64) -> usize {
        let mask = u64::try_from(self.sets.len())
            .unwrap_or(1)
            .saturating_sub(1);
        usize::try_from(mixed(id) & mask).unwrap_or(0)
    }

    fn grow(&mut self) {
        let before = std::mem::take(&mut self.sets);
        self.sets = vec![Vec::new(); (before.len() * 2).max(1)];
        for row in before.into_iter().flatten() {
            let set = self.set_of(row.network);
            if let Some(rows) = self.sets.get_mut(set) {
                rows.push(row);
            }
        }
    }

    /// Learns from a day what is usual, without as many firms as may lie, and forgets silent networks.
    pub fn close_day(&mut self, day: i64, lies: usize) {
        let since = (day + 1) * DAY_HOURS - MEMORY_HOURS;
        let lies = u32::try_from(lies.min(MAX_LIES)).unwrap_or(0) * u32::from(MAX_TRIALS);
        let (mut trials, mut networks) = (0_usize, 0_usize);
        for row in self.sets.iter_mut().flatten() {
            let today = std::mem::take(&mut row.today);
            if today > 0 {
                networks += 1;
                let beyond = today.saturating_sub(1).saturating_sub(lies);
                trials += usize::try_from(beyond).unwrap_or(0);
            }
        }
        if networks > 0 {
            let rate = as_number(trials) / as_number(networks);
            self.rate =
                ((1.0 - DAY_WEIGHT) * self.rate + DAY_WEIGHT * rate).clamp(LEAST_RATE, 10.0);
        }
        for rows in &mut self.sets {
            rows.retain(|row| row.last >= since);
        }
        self.held = self.sets.iter().map(Vec::len).sum();
    }

    fn row(&mut self, id: u64) -> Option<&mut Row> {
        let set = self.set_of(id);
        let rows = self.sets.get_mut(set)?;
        rows.iter_mut().find(|row| row.network == id)
    }
}

impl Row {
    fn new(network: u64, hour: i64) -> Self {
        Self {
            network,
            first: hour,
            last: hour,
            ..Self::default()
        }
    }

    fn strength(&self) -> (f64, i64) {
        (self.evidence, self.last)
    }

    /// Whether the contact is the firm's first, or its first on another key while it has trials left. A
    /// repeated contact is none.
    fn is_trial(&mut self, contact: &Contact<'_>) -> bool {
        let key = short(hash::bytes(contact.key.as_bytes()));
        let found = self.firms.iter_mut();
        let Some((_, [first, second])) =
            found.into_iter().find(|(firm, _)| *firm == contact.member)
        else {
            let has_room = self.firms.len() < MAX_FIRMS;
            if has_room {
                self.firms.push((contact.member, [key, 0]));
            }
            return has_room;
        };
        let is_new = *second == 0 && *first != key && contact.key != self.key;
        if is_new {
            *second = key;
        }
        is_new
    }

    fn vote(&mut self, key: &str) {
        if self.votes == 0 {
            key.clone_into(&mut self.key);
        }
        if key == self.key {
            self.votes = self.votes.saturating_add(1);
        } else {
            self.votes = self.votes.saturating_sub(1);
        }
    }

    /// Whether two trials of three or more are on one key: by the vote, so that no key is counted apart.
    fn is_of_one_mind(&self) -> bool {
        let trials: u32 = self
            .firms
            .iter()
            .map(|(_, [_, second])| 1 + u32::from(*second != 0))
            .sum();
        self.votes.saturating_mul(3) >= trials
    }

    /// How many trials the address has had.
    fn count_source(&mut self, source: IpAddr) -> u8 {
        let short = short(mark(source));
        if let Some((_, firms)) = self.sources.iter_mut().find(|(one, _)| *one == short) {
            *firms = firms.saturating_add(1);
            return *firms;
        }
        if self.sources.len() < MAX_SOURCES {
            self.sources.push((short, 1));
        }
        1
    }
}

/// Half of a mark, never 0.
fn short(mark: u64) -> u32 {
    u32::try_from(mark >> 32).unwrap_or(0).max(1)
}

impl Fold {
    /// Notes a contact; it is tested when the hour is looked at next, so that the order in which the
    /// contacts of an hour arrive changes nothing. Beyond [`MAX_WAITING`] it is tested at once.
    pub(super) fn note_slow(&mut self, source: IpAddr, member: u32, key: usize, hour: i64) {
        if self.counting.counts(member) {
            self.contacts.push(((hour, source), (member, key)));
            if self.contacts.len() >= MAX_WAITING {
                self.settle_slow();
            }
        }
    }

    /// Tests the networks of the contacts that wait, in an order of their own.
    fn settle_slow(&mut self) {
        let mut waiting = std::mem::take(&mut self.contacts);
        let order = |((hour, source), (member, key)): &Waiting| {
            let name = hash::bytes(self.key_name(*key).as_bytes());
            (*hour, *source, self.members.voices.mark(*member), name)
        };
        waiting.sort_by_cached_key(order);
        let lies = trim_for(self.counting.counted);
        for ((hour, source), (member, key)) in waiting.drain(..) {
            let Some((key, _)) = self.keys.get(key) else {
                continue;
            };
            let member = self.members.voices.of(member);
            self.slow.note(&Contact {
                source,
                member,
                key,
                hour,
                lies,
            });
        }
        self.contacts = waiting;
    }

    /// Tells of the networks with a verdict. While the hub is young it only learns who is always there.
    pub(super) fn judge_slow(&mut self, hour: i64, out: &mut Vec<Alarm>) {
        self.settle_slow();
        let is_old = is_settled(self.counting.known.len());
        for id in std::mem::take(&mut self.slow.due) {
            let Some(row) = self.slow.row(id) else {
                continue;
            };
            row.told = true;
            let row = row.clone();
            if is_old {
                out.extend(self.tell_slow(hour, &row));
            }
        }
    }

    fn tell_slow(&mut self, hour: i64, row: &Row) -> Option<Alarm> {
        let lies = trim_for(self.counting.counted).min(MAX_LIES);
        let off = as_number(lies) * f64::from(MAX_TRIALS) * STEP;
        let score = (row.evidence - off) / VERDICT * ALARM_SCORE;
        let sources = self.sources_of(row);
        let candidate = Candidate {
            hour,
            level: Level::National,
            scope: "all",
            key: &row.key,
            score,
            sources: sources.iter().map(|source| mark(*source)).collect(),
        };
        let (episode, grown) = match self.episodes.decide(candidate, self.budget) {
            Verdict::Silent => return None,
            Verdict::Opened(number) => (number, false),
            Verdict::Grown(number) => (number, true),
        };
        let members: BTreeSet<u32> = row.firms.iter().map(|(firm, _)| *firm).collect();
        Some(Alarm {
            at: self.said_at(hour),
            kind: Kind::Slow,
            level: Level::National,
            scope: "all".to_owned(),
            key: row.key.clone(),
            score,
            q_value: (-row.evidence).exp(),
            sources: row.sources.len(),
            members: members.len(),
            first_seen: Timestamp::from_seconds(row.first * HOUR_SECONDS),
            shown: Shown {
                window_hours: row.last - row.first + 1,
                broadest: sources.into_iter().take(20).collect(),
                reached: self.names_of(&members),
                sectors: self.cells(&members, true),
                areas: self.cells(&members, false),
                episode,
                grown,
                ..Shown::default()
            },
        })
    }

    /// The network's addresses that are still remembered on its key.
    fn sources_of(&self, row: &Row) -> BTreeSet<IpAddr> {
        let state = self
            .place_of(&row.key)
            .and_then(|place| self.keys.get(place));
        let Some((_, state)) = state else {
            return BTreeSet::new();
        };
        let edges = state.edges.between(i64::MIN / 2, i64::MAX / 2, |_| true);
        let own = edges.into_iter().map(|(source, _)| source);
        own.filter(|source| mark(network(*source)) == row.network)
            .collect()
    }
}
