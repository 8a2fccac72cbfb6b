//! How broad a key's activity is: the two sums that one source or one member cannot inflate.

use std::collections::BTreeSet;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use super::{MEMBER_CAP, PACES, SOURCE_CAP};

/// Which source was seen at which member; `M` is the member's identity.
pub type Edges<M> = BTreeSet<(M, IpAddr)>;

/// How broad a key's activity is in one window.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Breadth {
    /// Distinct sources.
    pub sources: usize,
    /// Distinct members.
    pub members: usize,
    /// Distinct networks of the sources.
    pub networks: usize,
    /// Sum over sources of min(members that saw it, [`SOURCE_CAP`]), over the members left after the
    /// trim.
    pub capped: usize,
    /// Sum over members of min(sources it saw, [`MEMBER_CAP`]), without the trimmed members.
    pub trimmed: usize,
    /// Sum over sources of min(further members that saw it, 2), without the member that adds most to
    /// it: how much the same sources go from member to member. Counted only where one member is
    /// trimmed (up to 200 members), as only then the bound against liars is exact; else 0.
    pub shared: usize,
    /// Networks with a source that goes from member to member: that met new ones in four different
    /// hours of 36, in four of 48, in five of 64; as far as they rest on no single member's word.
    /// Counted where [`Breadth::shared`] is, and by the fold only, which knows the hours.
    pub roaming: [usize; PACES],
}

/// How many members are left out of the sums when `members` report: one in two hundred, at least
/// one. So many members may lie without lifting [`Breadth::trimmed`] above the honest members'
/// untrimmed sum.
#[must_use]
pub const fn trim_for(members: usize) -> usize {
    let share = members.div_ceil(200);
    if share == 0 { 1 } else { share }
}

/// Measures a window, leaving out the `trim` members that saw the most sources.
///
/// Removing the `trim` largest removes at least as much as that many liars added; a liar that is not
/// among them added less than each honest member removed. Both sums are taken over the members left,
/// so that a member cannot swell the learned level either and hide a wave behind it.
#[must_use]
pub fn measure<M: Ord + Copy>(edges: &Edges<M>, trim: usize) -> Breadth {
    let mut by_source: Vec<(IpAddr, M)> = edges
        .iter()
        .map(|(member, source)| (*source, *member))
        .collect();
    by_source.sort_unstable();
    measure_by_source(&by_source, trim)
}

/// As [`measure`], over edges sorted by source, each once.
#[must_use]
pub fn measure_by_source<M: Ord + Copy>(edges: &[(IpAddr, M)], trim: usize) -> Breadth {
    // Each edge: its member, and what the shared sum would lose without it.
    let mut of_members: Vec<(M, usize)> = Vec::with_capacity(edges.len());
    let OfSources {
        sources,
        networks,
        shared,
    } = sum_sources(edges, |member, adds| of_members.push((member, adds)));
    of_members.sort_unstable();
    let mut by_size: Vec<(usize, M)> = Vec::new();
    let mut most_shared = 0;
    for same in of_members.chunk_by(|left, right| left.0 == right.0) {
        most_shared = most_shared.max(same.iter().map(|(_, adds)| adds).sum());
        by_size.extend(same.first().map(|(member, _)| (same.len(), *member)));
    }
    by_size.sort_unstable_by(|left, right| right.cmp(left));
    let members = by_size.len();
    let (out, left) = by_size.split_at(trim.min(members));
    let mut out: Vec<M> = out.iter().map(|(_, member)| *member).collect();
    out.sort_unstable();
    Breadth {
        sources,
        members,
        networks,
        capped: edges
            .chunk_by(|left, right| left.0 == right.0)
            .map(|same| {
                let kept = same
                    .iter()
                    .filter(|(_, member)| out.binary_search(member).is_err());
                kept.count().min(SOURCE_CAP)
            })
            .sum(),
        trimmed: left.iter().map(|(count, _)| count.min(&MEMBER_CAP)).sum(),
        shared: if trim == 1 { shared - most_shared } else { 0 },
        roaming: [0; PACES],
    }
}

/// What the sources of a window come to, whoever saw them.
pub(super) struct OfSources {
    pub sources: usize,
    pub networks: usize,
    /// The shared sum, before any member is left out.
    pub shared: usize,
}

/// Sums over edges sorted by source; `each` is told every edge's member, and what the shared sum would lose
/// without that edge.
pub(super) fn sum_sources<M: Copy>(
    edges: &[(IpAddr, M)],
    mut each: impl FnMut(M, usize),
) -> OfSources {
    let mut sums = OfSources {
        sources: 0,
        networks: 0,
        shared: 0,
    };
    let mut last = None;
    for same in edges.chunk_by(|left, right| left.0 == right.0) {
        sums.sources += 1;
        // Sources are sorted, so those of one network stand together.
        let here = same.first().map(|(source, _)| network(*source));
        sums.networks += usize::from(here != last);
        last = here;
        let value = shared_value(same.len());
        sums.shared += value;
        let adds = value - shared_value(same.len() - 1);
        for (_, member) in same {
            each(*member, adds);
        }
    }
    sums
}

const fn shared_value(members: usize) -> usize {
    match members {
        0 | 1 => 0,
        2 => 1,
        _ => 2,
    }
}

/// The network an address counts as: the /24 of an IPv4 address, the /48 of an IPv6 one.
#[must_use]
pub fn network(source: IpAddr) -> IpAddr {
    match source {
        IpAddr::V4(ip) => {
            let [a, b, c, _] = ip.octets();
            Ipv4Addr::new(a, b, c, 0).into()
        }
        IpAddr::V6(ip) => {
            let [a, b, c, ..] = ip.segments();
            Ipv6Addr::new(a, b, c, 0, 0, 0, 0, 0).into()
        }
    }
}
