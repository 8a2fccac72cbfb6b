//! How broad a key's activity is: the two sums that one source or one member cannot inflate.

use std::collections::{BTreeMap, BTreeSet};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use super::{MEMBER_CAP, SOURCE_CAP};

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
    let mut sources_of: BTreeMap<M, usize> = BTreeMap::new();
    let mut sources = BTreeSet::new();
    let mut networks = BTreeSet::new();
    for (member, source) in edges {
        *sources_of.entry(*member).or_default() += 1;
        sources.insert(*source);
        networks.insert(network(*source));
    }
    let mut by_size: Vec<(usize, M)> = sources_of
        .iter()
        .map(|(member, count)| (*count, *member))
        .collect();
    by_size.sort_by(|left, right| right.cmp(left));
    let left: BTreeSet<M> = by_size
        .iter()
        .skip(trim)
        .map(|(_, member)| *member)
        .collect();
    let mut members_of: BTreeMap<IpAddr, usize> = BTreeMap::new();
    for (member, source) in edges {
        if left.contains(member) {
            *members_of.entry(*source).or_default() += 1;
        }
    }
    Breadth {
        sources: sources.len(),
        members: sources_of.len(),
        networks: networks.len(),
        capped: members_of
            .values()
            .map(|degree| degree.min(&SOURCE_CAP))
            .sum(),
        trimmed: by_size
            .iter()
            .skip(trim)
            .map(|(count, _)| count.min(&MEMBER_CAP))
            .sum(),
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
