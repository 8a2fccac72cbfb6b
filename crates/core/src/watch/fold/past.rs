//! What comes too late for its own day: a collector that was cut off, or that reads the log files of
//! the weeks before it was installed.
//!
//! The edges of a day are kept until nothing more of it has come for two days, and measured as any
//! other day; the larger of two measures of a day stands. A member's word alone is trimmed here as
//! everywhere, so a lone member cannot swell the past.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

use super::Fold;
use crate::detect::snapshot::kept;
use crate::watch::trim_for;

/// Hours the edges of a past day are kept after the last of them came.
pub(super) const KEPT_HOURS: i64 = 48;
/// Edges at most, of one key and day …
const MAX_OF_DAY: usize = 4_096;
/// … and of all.
const MAX_EDGES: usize = 2_000_000;

/// Late edges by key and day.
#[derive(Clone, Debug, Default)]
pub(super) struct Past {
    days: BTreeMap<(usize, i64), Late>,
    edges: usize,
    /// What is to be measured anew.
    fresh: BTreeSet<(usize, i64)>,
}

/// The late edges of a key on a day, sorted by source.
#[derive(Clone, Debug, Default)]
struct Late {
    /// The hour in which the last of them came.
    came: i64,
    edges: BTreeSet<(IpAddr, u32)>,
}

kept!(Past { days, edges, fresh });
kept!(Late { came, edges });

impl Past {
    /// Notes an edge of `day`; false when there is no room for it.
    pub fn note(&mut self, key: usize, day: i64, edge: (IpAddr, u32), now: i64) -> bool {
        let late = self.days.entry((key, day)).or_default();
        if late.edges.contains(&edge) {
            return true;
        }
        if late.edges.len() >= MAX_OF_DAY || self.edges >= MAX_EDGES {
            return false;
        }
        late.edges.insert(edge);
        late.came = now;
        self.edges += 1;
        self.fresh.insert((key, day));
        true
    }

    /// Forgets days of which nothing came since `hour`.
    pub fn forget_before(&mut self, hour: i64) {
        self.days.retain(|_, late| late.came >= hour);
        self.edges = self.days.values().map(|late| late.edges.len()).sum();
    }

    /// Follows keys to their new places.
    pub fn renumber(&mut self, place: impl Fn(&usize) -> Option<usize>) {
        self.days = std::mem::take(&mut self.days)
            .into_iter()
            .filter_map(|((key, day), late)| Some(((place(&key)?, day), late)))
            .collect();
        self.fresh = self
            .fresh
            .iter()
            .filter_map(|(key, day)| Some((place(key)?, *day)))
            .collect();
        self.edges = self.days.values().map(|late| late.edges.len()).sum();
    }
}

impl Fold {
    /// Measures the past days that got late edges.
    pub(super) fn settle_past(&mut self) {
        self.members.refresh();
        let trim = trim_for(self.members.voices());
        let voices = &self.members.voices;
        self.tally.widen(self.members.len(), voices.marks());
        for (key, day) in std::mem::take(&mut self.past.fresh) {
            let Some(late) = self.past.days.get(&(key, day)) else {
                continue;
            };
            let mut edges: Vec<(IpAddr, u32)> = late.edges.iter().copied().collect();
            voices.speak(&mut edges);
            let measured = self.tally.measure(&edges, trim);
            if let Some((_, state)) = self.keys.get_mut(key) {
                state.learn(day, &measured);
            }
        }
    }
}
