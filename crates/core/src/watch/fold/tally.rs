//! Sums over the members of a window, without sorting: a place for each member, used again and again.

use std::net::IpAddr;

use super::edges::Recent;
use crate::watch::baseline::as_number;
use crate::watch::breadth::{OfSources, sum_sources};
use crate::watch::{Breadth, MEMBER_CAP, PACES, SOURCE_CAP};

/// Parts of one in which weights are reckoned.
const PARTS: f64 = 4_294_967_296.0;

/// A place for each member.
#[derive(Clone, Debug, Default)]
pub(super) struct Tally {
    places: Vec<Place>,
    /// Members whose place is in use, in the order they were met.
    met: Vec<u32>,
    /// Of each member met: sources, mark, number.
    sizes: Vec<(usize, u64, u32)>,
    /// A mark of each member: of two with as many sources the one with the larger is left out.
    marks: Vec<u64>,
}

#[derive(Clone, Copy, Debug, Default)]
struct Place {
    /// Sources the member saw.
    sources: u32,
    /// What the shared sum would lose without it.
    adds: u32,
    /// Left out of the sums.
    out: bool,
    weight: f64,
}

impl Tally {
    /// Makes room for `members` with these marks.
    pub fn widen(&mut self, members: usize, marks: &[u64]) {
        if self.marks != marks {
            marks.clone_into(&mut self.marks);
        }
        if self.places.len() < members {
            self.places.resize(members, Place::default());
        }
    }

    /// As [`crate::watch::measure_by_source`]; members without room are not counted.
    pub fn measure(&mut self, edges: &[(IpAddr, u32)], trim: usize) -> Breadth {
        let OfSources {
            sources,
            networks,
            shared,
        } = sum_sources(edges, |member, adds| {
            self.add(member, u32::try_from(adds).unwrap_or(0));
        });
        let most_shared = self.leave_out(trim);
        let mut capped = 0;
        for same in edges.chunk_by(|left, right| left.0 == right.0) {
            let kept = same.iter().filter(|(_, member)| !self.is_out(*member));
            capped += kept.take(SOURCE_CAP).count();
        }
        let left = self.sizes.get(trim..).unwrap_or_default();
        let breadth = Breadth {
            sources,
            members: self.sizes.len(),
            networks,
            capped,
            trimmed: left.iter().map(|(count, ..)| count.min(&MEMBER_CAP)).sum(),
            shared: if trim == 1 {
                shared.saturating_sub(most_shared)
            } else {
                0
            },
            roaming: [0; PACES],
        };
        self.clear();
        breadth
    }

    /// Weights of the members met in a window of so many hours: a source that is everywhere counts for
    /// three members, a member at most so often as the window says.
    pub fn weigh(
        &mut self,
        recent: &[Recent],
        (hours, most): (u32, f64),
        mut each: impl FnMut(u32, f64),
    ) -> usize {
        for same in recent.chunk_by(|left, right| left.source == right.source) {
            let inside = |one: &&Recent| one.ago < hours;
            let count = same.iter().filter(inside).count();
            if count == 0 {
                continue;
            }
            // In parts of 2^-32, of which sums are exact: the order of members changes none.
            let weight = (as_number(SOURCE_CAP) / as_number(count)).min(1.0);
            let weight = (weight * PARTS).round() / PARTS;
            for one in same.iter().filter(inside) {
                self.add_weight(one.member, weight);
            }
        }
        let met = self.met.len();
        for member in &self.met {
            if let Some(place) = slot(*member).and_then(|at| self.places.get(at)) {
                each(*member, place.weight.min(most));
            }
        }
        self.clear();
        met
    }

    fn add(&mut self, member: u32, adds: u32) {
        let Some(place) = slot(member).and_then(|at| self.places.get_mut(at)) else {
            return;
        };
        if place.sources == 0 {
            self.met.push(member);
        }
        place.sources += 1;
        place.adds += adds;
    }

    fn add_weight(&mut self, member: u32, weight: f64) {
        let Some(place) = slot(member).and_then(|at| self.places.get_mut(at)) else {
            return;
        };
        if place.sources == 0 {
            self.met.push(member);
        }
        place.sources += 1;
        place.weight += weight;
    }

    /// Leaves out the `trim` members that saw the most sources; gives the most that one member adds to
    /// the shared sum.
    fn leave_out(&mut self, trim: usize) -> usize {
        let mut most = 0;
        self.sizes.clear();
        for member in &self.met {
            if let Some(place) = slot(*member).and_then(|at| self.places.get(at)) {
                most = most.max(place.adds);
                let sources = usize::try_from(place.sources).unwrap_or(usize::MAX);
                let mark = slot(*member).and_then(|at| self.marks.get(at));
                let mark = mark.copied().unwrap_or(u64::from(*member));
                self.sizes.push((sources, mark, *member));
            }
        }
        if trim < self.sizes.len() {
            self.sizes
                .select_nth_unstable_by(trim, |left, right| right.cmp(left));
        }
        for (_, _, member) in self.sizes.iter().take(trim) {
            if let Some(place) = slot(*member).and_then(|at| self.places.get_mut(at)) {
                place.out = true;
            }
        }
        usize::try_from(most).unwrap_or(usize::MAX)
    }

    fn is_out(&self, member: u32) -> bool {
        slot(member)
            .and_then(|at| self.places.get(at))
            .is_none_or(|place| place.out)
    }

    fn clear(&mut self) {
        for member in self.met.drain(..) {
            if let Some(place) = slot(member).and_then(|at| self.places.get_mut(at)) {
                *place = Place::default();
            }
        }
    }
}

fn slot(member: u32) -> Option<usize> {
    usize::try_from(member).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::watch::measure_by_source;
    use proptest::prelude::*;

    proptest! {
        /// The tally and the plain reckoning say the same, also when the tally is used again.
        #[test]
        fn it_measures_as_the_plain_reckoning(
            windows in prop::collection::vec(
                prop::collection::btree_set((0_u8..12, 0_u8..6, 0_u32..9), 0..60), 1..4),
            trim in 1_usize..4,
        ) {
            let mut tally = Tally::default();
            tally.widen(9, &[]);
            for window in windows {
                let edges: Vec<(IpAddr, u32)> = window
                    .into_iter()
                    .map(|(net, host, member)| (IpAddr::from([192, 0, net, host]), member))
                    .collect();
                prop_assert_eq!(tally.measure(&edges, trim), measure_by_source(&edges, trim));
            }
        }
    }
}
