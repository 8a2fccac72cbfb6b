//! An invented firm: its name, addresses and what stands in its cupboard.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use crate::device::DeviceKind;
use crate::random::Random;

const FIRST: &[&str] = &[
    "Alder", "Beacon", "Castle", "Dale", "Elm", "Foundry", "Garden", "Harbour", "Ivy", "Juniper",
    "Kiln", "Lantern", "Mill", "North", "Orchard", "Priory", "Quarry", "River", "Station", "Tower",
    "Union", "Valley", "Willow", "York",
];
const TRADE: &[(&str, &str)] = &[
    ("Dental Practice", "health"),
    ("Solicitors", "legal"),
    ("Joinery", "manufacturing"),
    ("Veterinary Surgery", "health"),
    ("Accountants", "finance"),
    ("Motors", "retail"),
    ("Bakery", "food"),
    ("Primary School", "education"),
    ("Estate Agents", "property"),
    ("Print Works", "manufacturing"),
    ("Care Home", "health"),
    ("Garden Centre", "retail"),
];
/// Staff names that exist on a firm's server.
pub const STAFF: &[&str] = &["jane", "tom", "office", "backup", "priya", "deploy"];
/// Firewalls that firms in the town use.
const FIREWALLS: &[DeviceKind] = &[
    DeviceKind::FortiGate,
    DeviceKind::CiscoAsa,
    DeviceKind::Filterlog,
    DeviceKind::Netfilter,
];

/// An invented firm.
#[derive(Clone, Debug)]
pub struct Firm {
    /// Number in the town, from 0.
    pub index: u64,
    /// Name on the door.
    pub name: String,
    /// Line of business.
    pub sector: &'static str,
    /// Its address on the internet, out of 203.0.113.0/24.
    pub public: Ipv4Addr,
    /// Its server in the inside network.
    pub server: Ipv4Addr,
    /// What firewall it has.
    pub firewall: DeviceKind,
    /// What web server it has.
    pub web: DeviceKind,
}

impl Firm {
    /// The firm number `index`. Up to 24 firms have names of their own; up to 250 public addresses
    /// differ, and the inside networks of 65,536.
    #[must_use]
    pub fn invented(index: u64) -> Self {
        let turn = |length: usize, by: u64| {
            usize::try_from(index.wrapping_mul(by) % u64::try_from(length.max(1)).unwrap_or(1))
                .unwrap_or(0)
        };
        let first = FIRST.get(turn(FIRST.len(), 7)).copied().unwrap_or("High");
        let (trade, sector) = TRADE
            .get(turn(TRADE.len(), 5))
            .copied()
            .unwrap_or(("Trading", "retail"));
        let low = u8::try_from(index % 250).unwrap_or(0);
        let high = u8::try_from(index / 256 % 256).unwrap_or(0);
        let inside = u8::try_from(index % 256).unwrap_or(0);
        Self {
            index,
            name: format!("{first} {trade}"),
            sector,
            public: Ipv4Addr::new(203, 0, 113, low + 2),
            server: Ipv4Addr::new(10, high, inside, 10),
            firewall: FIREWALLS
                .get(turn(FIREWALLS.len(), 1))
                .copied()
                .unwrap_or(DeviceKind::Netfilter),
            web: if index.is_multiple_of(3) {
                DeviceKind::Apache
            } else {
                DeviceKind::Nginx
            },
        }
    }

    /// A desk in the inside network.
    #[must_use]
    pub fn desk(&self, random: &mut Random) -> Ipv4Addr {
        let [a, b, c, _] = self.server.octets();
        Ipv4Addr::new(a, b, c, random.byte(20, 90))
    }

    /// Name of its machines in logs.
    #[must_use]
    pub fn host(&self, role: &str) -> String {
        format!("{role}-{:02}", self.index + 1)
    }
}

/// An address somewhere on the internet: mostly IPv4 out of 192.0.2.0/24 and 198.51.100.0/24, one
/// in ten IPv6 with a network of its own out of 2001:db8::/32.
pub fn stranger(random: &mut Random) -> IpAddr {
    match random.below(10) {
        0 => stranger_v6(random),
        _ => stranger_v4(random).into(),
    }
}

/// An address of a whole internet of networks: three in four have a network of their own, the others
/// are one of eight IPv4 addresses that call on everybody, day after day.
pub fn far_stranger(random: &mut Random) -> IpAddr {
    if random.chance(750) {
        return stranger_v6(random);
    }
    let last = random.byte(10, 14);
    let network = if random.chance(500) {
        [192, 0, 2]
    } else {
        [198, 51, 100]
    };
    let [a, b, c] = network;
    Ipv4Addr::new(a, b, c, last).into()
}

fn stranger_v6(random: &mut Random) -> IpAddr {
    let site = random.port(0x100, 0xFFFF);
    Ipv6Addr::new(0x2001, 0xDB8, site, 0, 0, 0, 0, random.port(1, 0xFFFF)).into()
}

/// An IPv4 address somewhere on the internet.
pub fn stranger_v4(random: &mut Random) -> Ipv4Addr {
    let last = random.byte(1, 255);
    if random.chance(500) {
        Ipv4Addr::new(192, 0, 2, last)
    } else {
        Ipv4Addr::new(198, 51, 100, last)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn far_strangers_have_networks_of_their_own_or_are_among_eight() {
        let mut random = Random::of(1, &[]);
        let all: BTreeSet<IpAddr> = (0..2_000).map(|_| far_stranger(&mut random)).collect();
        let known = all.iter().filter(|source| source.is_ipv4()).count();
        let sites: BTreeSet<[u16; 3]> = all
            .iter()
            .filter_map(|source| match source {
                IpAddr::V6(ip) => {
                    let [a, b, c, ..] = ip.segments();
                    Some([a, b, c])
                }
                IpAddr::V4(_) => None,
            })
            .collect();
        assert_eq!(known, 8);
        assert!(sites.len() > 1_400, "{}", sites.len());
    }

    #[test]
    fn twenty_four_firms_differ_in_name_and_address() {
        let firms: Vec<Firm> = (0..24).map(Firm::invented).collect();
        let names: BTreeSet<_> = firms.iter().map(|firm| firm.name.clone()).collect();
        let addresses: BTreeSet<_> = firms.iter().map(|firm| firm.public).collect();
        assert_eq!((names.len(), addresses.len()), (24, 24));
    }
}
