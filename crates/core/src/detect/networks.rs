//! Sets of networks that answer "is this address in it" in a few nanoseconds.

use std::net::IpAddr;

use crate::address::{Network, canonical};

/// From so many intervals on, an index by the first two bytes saves most of the search.
const INDEXED_FROM: usize = 256;

/// A set of networks, sorted into intervals that neither overlap nor touch. 8 bytes per IPv4
/// interval, 32 per IPv6 interval, and a 256 KiB index once there are many of IPv4.
#[derive(Clone, Debug, Default)]
pub struct NetworkSet {
    v4: Vec<(u32, u32)>,
    v6: Vec<(u128, u128)>,
    /// For each /16: place of its first interval; empty when there are few.
    index: Vec<u32>,
}

impl NetworkSet {
    /// From networks in any order.
    #[must_use]
    pub fn new(networks: impl IntoIterator<Item = Network>) -> Self {
        let networks = networks.into_iter();
        Self::of_ranges(networks.map(|network| (network.base(), network.last())))
    }

    /// From ranges, first and last address, in any order.
    #[must_use]
    pub fn of_ranges(ranges: impl IntoIterator<Item = (IpAddr, IpAddr)>) -> Self {
        let mut v4 = Vec::new();
        let mut v6 = Vec::new();
        for range in ranges {
            match range {
                (IpAddr::V4(first), IpAddr::V4(last)) => v4.push((first.to_bits(), last.to_bits())),
                (IpAddr::V6(first), IpAddr::V6(last)) => v6.push((first.to_bits(), last.to_bits())),
                _ => {}
            }
        }
        let v4 = disjoint(v4, |end: u32| end.checked_add(1));
        let index = index_of(&v4);
        Self {
            v4,
            v6: disjoint(v6, |end: u128| end.checked_add(1)),
            index,
        }
    }

    /// The networks of `content/never-block/`: public resolvers and others so widely shared that
    /// matching or blocking them would only do harm.
    #[must_use]
    pub fn never_block() -> Self {
        super::NeverMatch::built_in().networks()
    }

    /// Whether `ip` is in one of them.
    #[must_use]
    pub fn contains(&self, ip: IpAddr) -> bool {
        let ip = canonical(ip);
        self.covers(ip, ip)
    }

    /// Whether every address from `first` to `last` is in it.
    #[must_use]
    pub fn covers(&self, first: IpAddr, last: IpAddr) -> bool {
        match (first, last) {
            (IpAddr::V4(first), IpAddr::V4(last)) => {
                covered_by(self.near(first.to_bits()), first.to_bits(), last.to_bits())
            }
            (IpAddr::V6(first), IpAddr::V6(last)) => {
                covered_by(&self.v6, first.to_bits(), last.to_bits())
            }
            _ => false,
        }
    }

    /// Whether any address of `network` is in it.
    #[must_use]
    pub fn touches(&self, network: Network) -> bool {
        match (network.base(), network.last()) {
            (IpAddr::V4(first), IpAddr::V4(last)) => {
                touched_by(&self.v4, first.to_bits(), last.to_bits())
            }
            (IpAddr::V6(first), IpAddr::V6(last)) => {
                touched_by(&self.v6, first.to_bits(), last.to_bits())
            }
            _ => false,
        }
    }

    /// Whether nothing is in it.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.v4.is_empty() && self.v6.is_empty()
    }

    /// The intervals among which the one around `bits` is.
    fn near(&self, bits: u32) -> &[(u32, u32)] {
        let place = |at: usize| self.index.get(at).and_then(|at| usize::try_from(*at).ok());
        let high = usize::try_from(bits >> 16).unwrap_or(0);
        let (Some(from), Some(to)) = (place(high), place(high + 1)) else {
            return &self.v4;
        };
        // An interval that began in an earlier /16 may reach into this one.
        self.v4.get(from.saturating_sub(1)..to).unwrap_or_default()
    }
}

fn touched_by<T: Ord + Copy>(intervals: &[(T, T)], first: T, last: T) -> bool {
    let after = intervals.partition_point(|(start, _)| *start <= last);
    let interval = after.checked_sub(1).and_then(|at| intervals.get(at));
    interval.is_some_and(|(_, end)| *end >= first)
}

fn covered_by<T: Ord + Copy>(intervals: &[(T, T)], first: T, last: T) -> bool {
    let after = intervals.partition_point(|(start, _)| *start <= first);
    let interval = after.checked_sub(1).and_then(|at| intervals.get(at));
    interval.is_some_and(|(_, end)| last <= *end)
}

/// Sorts the intervals and joins those that overlap or touch.
fn disjoint<T: Ord + Copy>(
    mut intervals: Vec<(T, T)>,
    next: impl Fn(T) -> Option<T>,
) -> Vec<(T, T)> {
    intervals.sort_unstable();
    let mut out: Vec<(T, T)> = Vec::new();
    for (start, end) in intervals {
        match out.last_mut() {
            Some(last) if next(last.1).is_none_or(|after| start <= after) => {
                last.1 = last.1.max(end);
            }
            _ => out.push((start, end)),
        }
    }
    out.shrink_to_fit();
    out
}

fn index_of(v4: &[(u32, u32)]) -> Vec<u32> {
    if v4.len() < INDEXED_FROM {
        return Vec::new();
    }
    let mut place = 0;
    (0..=0x1_0000_u64)
        .map(|high| {
            while v4
                .get(place)
                .is_some_and(|(start, _)| u64::from(*start) >> 16 < high)
            {
                place += 1;
            }
            u32::try_from(place).unwrap_or(u32::MAX)
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::net::{Ipv4Addr, Ipv6Addr};

    #[test]
    fn networks_and_their_edges() {
        let set = NetworkSet::new(
            [
                "10.0.0.0/8",
                "10.1.0.0/16",
                "203.0.113.7",
                "203.0.113.8/31",
                "2001:db8::/32",
                "0.0.0.0/32",
                "255.255.255.255",
            ]
            .map(|network| network.parse().unwrap()),
        );
        for (ip, expected) in [
            ("10.1.2.3", true),
            ("10.255.255.255", true),
            ("11.0.0.0", false),
            ("203.0.113.7", true),
            ("203.0.113.10", false),
            ("::ffff:203.0.113.7", true),
            ("2001:db8:ffff::1", true),
            ("2001:db9::", false),
            ("0.0.0.0", true),
            ("255.255.255.255", true),
        ] {
            assert_eq!(set.contains(ip.parse().unwrap()), expected, "{ip}");
        }
        let ip = |text: &str| text.parse().unwrap();
        assert!(set.covers(ip("203.0.113.7"), ip("203.0.113.9")));
        assert!(!set.covers(ip("203.0.113.7"), ip("203.0.113.10")));
        assert!(!NetworkSet::default().contains(ip("10.0.0.1")));
        assert!(NetworkSet::never_block().contains(ip("8.8.8.8")));
        let resolver = "2001:4860:4860::/64".parse().unwrap();
        assert!(NetworkSet::never_block().touches(resolver));
    }

    proptest! {
        #[test]
        fn finds_what_a_plain_search_finds(
            nets in prop::collection::vec((any::<u32>(), 6_u8..=32), 0..600),
            probes in prop::collection::vec(any::<u32>(), 0..60),
        ) {
            let nets: Vec<Network> = nets
                .into_iter()
                .map(|(bits, prefix)| Network::new(Ipv4Addr::from_bits(bits).into(), prefix).unwrap())
                .collect();
            let set = NetworkSet::new(nets.iter().copied());
            let edges = nets.iter().map(|net| net.base());
            for ip in probes.into_iter().map(|bits| Ipv4Addr::from_bits(bits).into()).chain(edges) {
                prop_assert_eq!(set.contains(ip), nets.iter().any(|net| net.contains(ip)));
                let around = Network::new(ip, 20).unwrap();
                let touched = |net: &Network| net.contains(around.base()) || around.contains(net.base());
                prop_assert_eq!(set.touches(around), nets.iter().any(touched));
            }
        }

        #[test]
        fn finds_ipv6_networks(bits in any::<u128>(), prefix in 1_u8..=128, other in any::<u128>()) {
            let net = Network::new(Ipv6Addr::from_bits(bits).into(), prefix).unwrap();
            let set = NetworkSet::new([net]);
            for ip in [bits, other] {
                let ip = Ipv6Addr::from_bits(ip).into();
                prop_assert_eq!(set.contains(ip), net.contains(ip));
            }
        }
    }
}
