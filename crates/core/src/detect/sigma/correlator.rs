//! Counting for correlations, in one bounded table.
//!
//! The attacker picks the keys: a rule that groups by source can be shown any number of sources. The
//! table holds [`MAX_GROUPS`] groups and [`MAX_CELLS`] moments or values; whoever comes when it is
//! full takes the place of the group with the least evidence, of the correlation that takes most room:
//! single spoofed packets push out each other, never a group that has built up, and one noisy rule
//! never pushes out the groups of another. Together at most 2 MiB.
//!
//! Only record time counts. Events come in the order of the input, whoever sifted them.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

use super::correlation::Correlation;
use super::fact::Fact;
use super::window::Window;
use super::{RuleIndex, RuleSet};
use crate::detect::hash;
use crate::detect::snapshot::{Reader, Snapshot, kept};
use crate::detect::story::Ending;
use crate::event::Protocol;
use crate::time::Timestamp;

/// Groups of events at most; at about 600 bytes each.
pub const MAX_GROUPS: usize = 2_048;
/// Room for moments and values at most, of all groups together; at 24 bytes each.
pub const MAX_CELLS: usize = 32_768;

/// What a finding says of the event that completed a correlation.
#[derive(Clone, Copy, Debug)]
pub struct Trace {
    pub(in crate::detect) at: Timestamp,
    pub(in crate::detect) source: Option<IpAddr>,
    pub(in crate::detect) outside: bool,
    pub(in crate::detect) target: Option<IpAddr>,
    pub(in crate::detect) port: Option<u16>,
    pub(in crate::detect) proto: Option<Protocol>,
    pub(in crate::detect) ending: Ending,
}

kept!(Trace {
    at,
    source,
    outside,
    target,
    port,
    proto,
    ending
});

/// A correlation that is met.
#[derive(Clone, Debug)]
pub struct Hit {
    /// Which.
    pub rule: RuleIndex,
    /// The group, by hash.
    pub group: u64,
    /// The group as a person reads it.
    pub shown: Box<str>,
    /// Events in the time span, this one among them.
    pub count: u64,
    /// Those of them that were refused.
    pub refused: u64,
    /// When the first of them happened.
    pub first: Timestamp,
    /// The last event.
    pub(in crate::detect) trace: Trace,
    /// Whether all events of the group have the same source.
    pub(in crate::detect) by_source: bool,
    /// The first sources, where there can be several.
    pub sources: Vec<IpAddr>,
}

/// A correlation by its place, and a group of it.
type Key = (u32, u64);

#[derive(Clone, Debug)]
struct Group {
    window: Window,
    /// What was seen of it, weighted by how hard it is to forge.
    strength: u32,
    touched: i64,
    /// When it is over, if nothing more comes.
    due: i64,
    /// When it is looked at next, never later than that.
    queued: i64,
    /// When it last counted for another correlation, and whether it was met at the last event.
    fed: Option<i64>,
    was_met: bool,
    /// For those that are only judged at the end.
    last: Option<(Trace, Box<str>)>,
}

kept!(Group {
    window,
    strength,
    touched,
    due,
    queued,
    fed,
    was_met,
    last
});

/// Counts what belongs together.
#[derive(Clone, Debug, Default)]
pub struct Correlator {
    groups: BTreeMap<Key, Group>,
    /// When a group may be over; a sliding one may have been put off since.
    due: BTreeSet<(i64, Key)>,
    /// Per correlation: its groups, the weakest first.
    weakest: BTreeMap<u32, BTreeSet<(u32, i64, u64)>>,
    /// Cells in use per correlation.
    cells: BTreeMap<u32, usize>,
    all_cells: usize,
    replaced: u64,
}

impl Correlator {
    /// Counts one event: `facts` of it, and the rules it `matched`. Appends what is met to `out`.
    pub(in crate::detect) fn observe(
        &mut self,
        rules: &RuleSet,
        matched: &[RuleIndex],
        facts: &[Fact],
        trace: &Trace,
        out: &mut Vec<Hit>,
    ) {
        let mut fired: Vec<RuleIndex> = Vec::new();
        for of_one in facts.chunk_by(|one, next| one.correlation == next.correlation) {
            let Some(correlation) = of_one.first().and_then(|fact| rules.correlation(fact)) else {
                continue;
            };
            let counts = |fact: &&Fact| {
                let input = correlation.inputs.get(usize::from(fact.input));
                let rule = input.map(|input| RuleIndex(input.rule));
                rule.is_some_and(|rule| matched.contains(&rule) || fired.contains(&rule))
            };
            // Inputs of one event may belong to different groups, through aliases.
            let mut here: Vec<&Fact> = of_one.iter().filter(counts).collect();
            here.sort_by_key(|fact| fact.group);
            for group in here.chunk_by(|one, next| one.group == next.group) {
                if self.count(correlation, group, trace, out) {
                    fired.push(correlation.number);
                }
            }
        }
    }

    /// Counts one event in one group; whether the correlation counts as newly met for others.
    fn count(
        &mut self,
        correlation: &Correlation,
        facts: &[&Fact],
        trace: &Trace,
        out: &mut Vec<Hit>,
    ) -> bool {
        let Some(fact) = facts.first() else {
            return false;
        };
        let key = (fact.correlation, fact.group);
        let at = trace.at.as_micros();
        let over = self.groups.get(&key).map(|group| group.due);
        if correlation.late && over.is_some_and(|due| at > due) {
            self.close(correlation, key, out);
        }
        let mut group = match self.take(key) {
            Some(group) => group,
            None => {
                let group = Group::new(at, correlation);
                self.due.insert((group.queued, key));
                group
            }
        };
        let met = group.count(correlation, facts, trace);
        let newly = group.feeds(correlation, met, at);
        if met {
            out.push(group.hit(correlation, key.1, &fact.shown, trace));
        }
        self.put(key, group);
        self.make_room();
        newly
    }

    /// Ends what is over at `now`, in record time.
    pub(in crate::detect) fn expire(
        &mut self,
        rules: &RuleSet,
        now: Timestamp,
        out: &mut Vec<Hit>,
    ) {
        let now = now.as_micros();
        while let Some((due, key)) = self.due.first().copied()
            && due < now
        {
            self.due.remove(&(due, key));
            let Some(group) = self.groups.get_mut(&key) else {
                continue;
            };
            if group.due >= now {
                group.queued = group.due;
                self.due.insert((group.queued, key));
            } else if let Some(correlation) = rules.correlations.get(super::place(key.0)) {
                self.close(correlation, key, out);
            }
        }
    }

    /// The end of the input: judges what is still waiting.
    pub(in crate::detect) fn finish(&mut self, rules: &RuleSet, out: &mut Vec<Hit>) {
        self.expire(rules, Timestamp::from_micros(i64::MAX), out);
    }

    /// When [`Correlator::expire`] next has something to do.
    #[must_use]
    pub fn next_deadline(&self) -> Option<Timestamp> {
        let (due, _) = self.due.first()?;
        Some(Timestamp::from_micros(due.saturating_add(1)))
    }

    /// How many groups there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.groups.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.groups.is_empty()
    }

    /// For how many moments and values there is room now.
    #[must_use]
    pub const fn cells(&self) -> usize {
        self.all_cells
    }

    /// How many groups gave way to others.
    #[must_use]
    pub const fn replaced(&self) -> u64 {
        self.replaced
    }

    /// Ends a group, and judges it if that was still to be done.
    fn close(&mut self, correlation: &Correlation, key: Key, out: &mut Vec<Hit>) {
        let Some(group) = self.take(key) else { return };
        self.due.remove(&(group.queued, key));
        if correlation.late
            && group.window.is_met(correlation)
            && let Some((trace, shown)) = &group.last
        {
            out.push(group.hit(correlation, key.1, shown, trace));
        }
    }

    /// Takes a group out to change it.
    fn take(&mut self, key: Key) -> Option<Group> {
        let group = self.groups.remove(&key)?;
        let cells = group.window.cells();
        self.all_cells -= cells;
        if let Some(of_one) = self.cells.get_mut(&key.0) {
            *of_one -= cells;
        }
        if let Some(weakest) = self.weakest.get_mut(&key.0) {
            weakest.remove(&(group.strength, group.touched, key.1));
        }
        Some(group)
    }

    fn put(&mut self, key: Key, group: Group) {
        let cells = group.window.cells();
        self.all_cells += cells;
        *self.cells.entry(key.0).or_default() += cells;
        let weakest = self.weakest.entry(key.0).or_default();
        weakest.insert((group.strength, group.touched, key.1));
        self.groups.insert(key, group);
    }

    fn make_room(&mut self) {
        while self.groups.len() > MAX_GROUPS || self.all_cells > MAX_CELLS {
            let too_many = self.groups.len() > MAX_GROUPS;
            let room = |number: &u32| {
                let groups = self.weakest.get(number).map_or(0, BTreeSet::len);
                let cells = self.cells.get(number).copied().unwrap_or(0);
                if too_many { groups } else { cells }
            };
            let largest = self
                .weakest
                .keys()
                .max_by_key(|number| (room(number), std::cmp::Reverse(**number)));
            let victim = largest.and_then(|number| {
                let (_, _, group) = self.weakest.get(number)?.first()?;
                Some((*number, *group))
            });
            let Some(group) = victim.and_then(|key| self.take(key)) else {
                return;
            };
            if let Some(key) = victim {
                self.due.remove(&(group.queued, key));
            }
            self.replaced += 1;
        }
    }
}

/// The groups, from which everything else follows.
impl Snapshot for Correlator {
    fn layout() -> u64 {
        hash::mix(Group::layout() ^ Key::layout())
    }

    fn write(&self, out: &mut Vec<u8>) {
        self.replaced.write(out);
        self.groups.len().write(out);
        for (key, group) in &self.groups {
            key.write(out);
            group.write(out);
        }
    }

    fn read(from: &mut Reader<'_>) -> Option<Self> {
        let mut correlator = Self {
            replaced: u64::read(from)?,
            ..Self::default()
        };
        for _ in 0..usize::read(from)? {
            let key = Key::read(from)?;
            let group = Group::read(from)?;
            correlator.due.insert((group.queued, key));
            correlator.put(key, group);
        }
        Some(correlator)
    }
}

impl Group {
    fn new(at: i64, correlation: &Correlation) -> Self {
        Self {
            window: Window::new(at),
            strength: 0,
            touched: at,
            due: at.saturating_add(correlation.span_micros),
            queued: at.saturating_add(correlation.span_micros),
            fed: None,
            was_met: false,
            last: None,
        }
    }

    /// Counts one event; whether the correlation is met by it.
    fn count(&mut self, correlation: &Correlation, facts: &[&Fact], trace: &Trace) -> bool {
        let at = trace.at.as_micros();
        let refused = trace.ending == Ending::Refused;
        if !self.window.begin_event(correlation, at, refused) {
            return false;
        }
        if !correlation.by_source
            && let Some(source) = trace.source
        {
            self.window.note_source(source);
        }
        for fact in facts {
            self.window.count(correlation, fact.input, fact.value, at);
            self.strength = self.strength.saturating_add(fact.weight.into());
        }
        self.touched = self.touched.max(at);
        if correlation.late {
            let shown = facts.first().map(|fact| fact.shown.clone());
            self.last = Some((*trace, shown.unwrap_or_default()));
            return false;
        }
        self.due = self.touched.saturating_add(correlation.span_micros);
        self.window.is_met(correlation)
    }

    /// Whether this time it counts for other correlations: once for each time that it becomes true,
    /// and once for each time span that it stays so.
    fn feeds(&mut self, correlation: &Correlation, met: bool, at: i64) -> bool {
        let before = std::mem::replace(&mut self.was_met, met);
        let again = self
            .fed
            .is_none_or(|fed| at > fed.saturating_add(correlation.span_micros));
        let newly = met && (again || !before);
        if newly {
            self.fed = Some(at);
        }
        newly
    }

    fn hit(&self, correlation: &Correlation, group: u64, shown: &str, trace: &Trace) -> Hit {
        let count = self.window.known_events(&correlation.counted);
        Hit {
            rule: correlation.number,
            group: hash::mix(group),
            shown: shown.into(),
            count,
            refused: u64::from(self.window.refused).min(count),
            first: Timestamp::from_micros(self.window.begin()),
            trace: *trace,
            by_source: correlation.by_source,
            sources: self.window.sources.clone(),
        }
    }
}
