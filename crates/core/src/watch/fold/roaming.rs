//! Sources that go from member to member: the mark of a campaign that takes its time.
//!
//! A scanner of the whole internet sweeps: it meets everybody within an hour or two, and many do so
//! every day. Hosts that share a list of targets out meet one member now and another some hours
//! later. What is counted is networks with such a source: one whose first contacts with members fell
//! into several different hours of a window. On busy keys, where the sums over sources and members
//! vary more by chance than a small campaign adds, this is rare.

use std::net::IpAddr;

use super::edges::KeyEdges;
use super::voices::Voices;
use crate::watch::{network, trim_for};

/// Hours of a window, and the different hours in which a source must have met its first members.
#[derive(Clone, Copy, Debug)]
pub(super) struct Pace {
    pub hours: u32,
    pub stops: usize,
}

/// The paces looked for.
pub(super) const PACES: [Pace; crate::watch::PACES] = [
    Pace {
        hours: 36,
        stops: 4,
    },
    Pace {
        hours: 48,
        stops: 4,
    },
    Pace {
        hours: 64,
        stops: 5,
    },
];
/// Hours of the longest window.
pub(super) const LONGEST_HOURS: i64 = 64;

/// Fewest networks that are worth a count: two sources are no campaign.
const MIN_NETWORKS: usize = 3;
/// Members for which one more stop is asked for: among many, chance leads to more of them.
const MEMBERS_A_STOP: usize = 20;

/// The first contact of a source with a member.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct First {
    pub source: IpAddr,
    pub member: u32,
    /// Hours before the end of the window.
    pub ago: u32,
}

/// What a member's word is worth to the count.
#[derive(Clone, Debug, Default)]
pub(super) struct Roamers {
    /// Members without whom a network would not be counted, once for each such network.
    needed: Vec<u32>,
    firsts: Vec<First>,
    /// The stops of one source.
    stops: Vec<(u32, u32)>,
}

impl Roamers {
    /// Networks with a source that roams at `pace`, without those that rest on the word of the one
    /// member on whose word most rest: whatever one member says, the count is not above what the
    /// others saw, nor below what it would be without that member. `firsts` are sorted by source.
    pub fn count(&mut self, firsts: &[First], pace: Pace) -> usize {
        self.needed.clear();
        let mut networks = 0;
        let of_network =
            |left: &First, right: &First| network(left.source) == network(right.source);
        for near in firsts.chunk_by(of_network) {
            if near.len() < pace.stops {
                continue;
            }
            let of_source = |left: &First, right: &First| left.source == right.source;
            let most = near
                .chunk_by(of_source)
                .map(|same| (self.stops_of(same, pace), same))
                .max_by_key(|(stops, _)| *stops);
            let Some((stops, same)) = most.filter(|(stops, _)| *stops >= pace.stops) else {
                continue;
            };
            networks += 1;
            if stops == pace.stops {
                self.note_needed(same, pace);
            }
        }
        if networks < MIN_NETWORKS {
            return 0;
        }
        self.needed.sort_unstable();
        let of_member = self.needed.chunk_by(|left, right| left == right);
        networks - of_member.map(<[u32]>::len).max().unwrap_or(0)
    }

    /// Networks that roam at each pace in the windows that end with hour `to`. Nothing where more than
    /// one member may lie: the bound against liars is exact for one.
    pub fn of_key(
        &mut self,
        edges: &KeyEdges,
        to: i64,
        (members, voices): (usize, &Voices),
        counts: impl Fn(u32) -> bool,
    ) -> [usize; crate::watch::PACES] {
        if trim_for(members) != 1 {
            return [0; crate::watch::PACES];
        }
        let mut firsts = std::mem::take(&mut self.firsts);
        firsts.clear();
        edges.add_firsts(to, LONGEST_HOURS, counts, &mut firsts);
        voices.speak_of_firsts(&mut firsts);
        let found = PACES.map(|mut pace| {
            pace.stops += members / MEMBERS_A_STOP;
            self.count(&firsts, pace) * edges.scale()
        });
        self.firsts = firsts;
        found
    }

    /// Different hours in which a source met members for the first time.
    fn stops_of(&mut self, same: &[First], pace: Pace) -> usize {
        self.line_up(same, pace);
        self.stops.chunk_by(|left, right| left.0 == right.0).count()
    }

    /// Notes the members that were alone in an hour.
    fn note_needed(&mut self, same: &[First], pace: Pace) {
        self.line_up(same, pace);
        for hour in self.stops.chunk_by(|left, right| left.0 == right.0) {
            if let [(_, member)] = hour {
                self.needed.push(*member);
            }
        }
    }

    fn line_up(&mut self, same: &[First], pace: Pace) {
        self.stops.clear();
        let inside = same.iter().filter(|one| one.ago < pace.hours);
        self.stops.extend(inside.map(|one| (one.ago, one.member)));
        self.stops.sort_unstable();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const PACE: Pace = Pace {
        hours: 48,
        stops: 3,
    };

    fn first(host: u8, member: u32, ago: u32) -> First {
        First {
            source: IpAddr::from([192, 0, host, 1]),
            member,
            ago,
        }
    }

    #[test]
    fn a_sweep_does_not_roam_and_a_network_counts_once() {
        let mut roamers = Roamers::default();
        let sweep: Vec<First> = (0..9).map(|member| first(1, member, 3)).collect();
        assert_eq!(roamers.count(&sweep, PACE), 0);
        let roams = |host: u8| (0..5).map(move |member| first(host, member, member * 7));
        let three: Vec<First> = (1..=3).flat_map(roams).collect();
        assert_eq!(roamers.count(&three, PACE), 3);
        let mut one_network: Vec<First> = three
            .iter()
            .map(|one| First {
                source: match one.source {
                    IpAddr::V4(ip) => {
                        let [.., host, _] = ip.octets();
                        IpAddr::from([192, 0, 2, host])
                    }
                    other @ IpAddr::V6(_) => other,
                },
                ..*one
            })
            .collect();
        one_network.sort_by_key(|one| one.source);
        assert_eq!(roamers.count(&one_network, PACE), 0);
        // Two networks are too few.
        let two: Vec<First> = (1..=2).flat_map(roams).collect();
        assert_eq!(roamers.count(&two, PACE), 0);
    }

    fn sorted(mut firsts: Vec<First>) -> Vec<First> {
        firsts.sort_by_key(|one| (one.source, one.member));
        firsts.dedup_by_key(|one| (one.source, one.member));
        firsts
    }

    proptest! {
        /// Member 0 lies: the count stays between what it is without it, and what the others saw.
        #[test]
        fn one_member_neither_raises_nor_hides(
            honest in prop::collection::vec((0_u8..6, 1_u32..7, 0_u32..40), 0..60),
            lies in prop::collection::vec((0_u8..6, 0_u32..40), 0..12),
        ) {
            let honest: Vec<First> = honest.into_iter().map(|(h, m, a)| first(h, m, a)).collect();
            let mut all = honest.clone();
            all.extend(lies.into_iter().map(|(host, ago)| first(host, 0, ago)));
            let (honest, all) = (sorted(honest), sorted(all));
            let mut roamers = Roamers::default();
            let alone = roamers.count(&honest, PACE);
            let with = roamers.count(&all, PACE);
            // Untrimmed: as many as have a source with enough stops.
            let untrimmed = honest
                .chunk_by(|left, right| left.source == right.source)
                .filter(|same| {
                    let hours: std::collections::BTreeSet<u32> = same.iter().map(|one| one.ago).collect();
                    hours.len() >= PACE.stops
                })
                .count();
            prop_assert!(with <= untrimmed, "{with} of {untrimmed}");
            prop_assert!(with >= alone, "{with} instead of {alone}");
        }
    }
}
