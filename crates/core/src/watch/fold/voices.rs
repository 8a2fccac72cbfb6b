//! Members of one network speak with one voice: whoever fills a network with members is still one.
//!
//! Every sum, quorum and trim is over voices, so that what holds of one member that lies holds of one
//! network full of them. Whom a warning reaches and who was hit is told by member, not by voice.

use std::collections::BTreeMap;
use std::net::IpAddr;

use super::Fold;
use super::edges::Recent;
use super::roaming::First;
use crate::detect::hash;
use crate::detect::snapshot::kept;

/// Networks at most; members of further ones speak for themselves. As many as members.
const MAX_NETWORKS: usize = 2_000_000;
/// The number of no network.
const ALONE: u32 = u32::MAX;

/// Which members speak with one voice.
#[derive(Clone, Debug, Default)]
pub(super) struct Voices {
    networks: BTreeMap<String, u32>,
    /// The network of each member, as far as one is known.
    calls_from: Vec<u32>,
    /// The voice of each member: the first member of its network. Empty while each has its own.
    of: Vec<u32>,
    /// A mark of each voice, so that no choice between two depends on who was met first.
    marks: Vec<u64>,
    /// Whether `of` and `marks` are not what the networks say.
    stale: bool,
}

kept!(Voices { networks, calls_from } fresh { of: Vec::new(), marks: Vec::new(), stale: true });

impl Voices {
    /// Notes from which network member `number` calls; the empty name where that is not known.
    pub fn note(&mut self, number: u32, network: &str) {
        let Some(at) = slot(number) else {
            return;
        };
        let found = self.enter(network);
        if self.calls_from.len() <= at {
            if found == ALONE {
                return;
            }
            self.calls_from.resize(at + 1, ALONE);
        }
        if let Some(known) = self.calls_from.get_mut(at)
            && *known != found
        {
            *known = found;
            self.stale = true;
        }
    }

    fn enter(&mut self, network: &str) -> u32 {
        if network.is_empty() {
            return ALONE;
        }
        if let Some(number) = self.networks.get(network) {
            return *number;
        }
        let number = u32::try_from(self.networks.len()).unwrap_or(ALONE);
        if self.networks.len() >= MAX_NETWORKS || number == ALONE {
            return ALONE;
        }
        self.networks.insert(network.to_owned(), number);
        number
    }

    /// Brings voices and marks up to date for members of these names; says whether voices changed.
    pub fn refresh(&mut self, names: &[Box<str>]) -> bool {
        let grown = self.marks.len()..names.len();
        let new = names.get(grown).unwrap_or_default();
        self.marks.extend(new.iter().map(|name| name_mark(name)));
        if !std::mem::take(&mut self.stale) {
            return false;
        }
        let mut heads: BTreeMap<u32, u32> = BTreeMap::new();
        let numbers = (0..).zip(&self.calls_from);
        self.of = numbers
            .map(|(number, network)| match *network {
                ALONE => number,
                network => *heads.entry(network).or_insert(number),
            })
            .collect();
        if (0..).zip(&self.of).all(|(number, voice)| number == *voice) {
            self.of.clear();
        }
        self.marks.clear();
        self.marks.extend(names.iter().map(|name| name_mark(name)));
        for (name, network) in &self.networks {
            let head = heads.get(network).and_then(|head| slot(*head));
            if let Some(mark) = head.and_then(|head| self.marks.get_mut(head)) {
                *mark = name_mark(name);
            }
        }
        true
    }

    /// The voice member `number` speaks with.
    pub fn of(&self, number: u32) -> u32 {
        let found = slot(number).and_then(|at| self.of.get(at));
        found.copied().unwrap_or(number)
    }

    /// Whether each member has a voice of its own.
    pub const fn are_single(&self) -> bool {
        self.of.is_empty()
    }

    /// A mark of each voice, by its number.
    pub fn marks(&self) -> &[u64] {
        &self.marks
    }

    /// The mark of the voice of a member.
    pub fn mark(&self, number: u32) -> u64 {
        let mark = slot(self.of(number)).and_then(|at| self.marks.get(at));
        mark.copied().unwrap_or(u64::from(number))
    }

    /// Edges by voice instead of by member, sorted by source, each once.
    pub fn speak(&self, edges: &mut Vec<(IpAddr, u32)>) {
        if self.are_single() {
            return;
        }
        for (_, member) in edges.iter_mut() {
            *member = self.of(*member);
        }
        edges.sort_unstable();
        edges.dedup();
    }

    /// As [`Voices::speak`]; of a voice's contacts with a source the latest.
    pub fn speak_of_recent(&self, recent: &mut Vec<Recent>) {
        if self.are_single() {
            return;
        }
        for one in recent.iter_mut() {
            one.member = self.of(one.member);
        }
        recent.sort_unstable_by_key(|one| (one.source, one.member, one.ago));
        recent.dedup_by_key(|one| (one.source, one.member));
    }

    /// As [`Voices::speak`]; of a voice's contacts with a source the first.
    pub fn speak_of_firsts(&self, firsts: &mut Vec<First>) {
        if self.are_single() {
            return;
        }
        for one in firsts.iter_mut() {
            one.member = self.of(one.member);
        }
        firsts.sort_unstable_by_key(|one| (one.source, one.member, std::cmp::Reverse(one.ago)));
        firsts.dedup_by_key(|one| (one.source, one.member));
    }
}

fn name_mark(name: &str) -> u64 {
    hash::bytes(name.as_bytes())
}

fn slot(number: u32) -> Option<usize> {
    usize::try_from(number).ok()
}

impl Fold {
    /// Says from which network (an IPv4 /24, an IPv6 /48) `member` calls; empty where that is not known.
    /// From then on members of one network count as one in everything that leads to an alarm. A
    /// member that was not seen yet is not known here either: say it after its first sighting.
    pub fn calls_from(&mut self, member: &str, network: &str) {
        if let Some(number) = self.members.number(member) {
            self.members.voices.note(number, network);
        }
    }
}
