//! What an address is: the internet, the inside, or neither.
//!
//! Standards: RFC 6890 (special-purpose registries), RFC 6598 (shared address space, 100.64/10).

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// Whether `ip` can be a host on the public internet. Private, shared (100.64/10), loopback,
/// link-local, unspecified, multicast, broadcast and reserved addresses are not. Documentation
/// ranges (192.0.2.0/24, 198.51.100.0/24, 203.0.113.0/24, 2001:db8::/32) count as public, so that
/// examples and tests behave like the real thing.
#[must_use]
pub fn is_public(ip: IpAddr) -> bool {
    match canonical(ip) {
        IpAddr::V4(ip) => is_public_v4(ip),
        IpAddr::V6(ip) => is_public_v6(ip),
    }
}

/// An IPv4 address written as IPv4-mapped IPv6 (`::ffff:0:0/96`), as dual-stack daemons log it,
/// becomes plain IPv4; every other address stays.
#[must_use]
pub fn canonical(ip: IpAddr) -> IpAddr {
    ip.to_canonical()
}

/// The key that per-source tables use: an IPv4 address, or the /64 of an IPv6 one, because a single
/// subscriber holds at least a /64 and could otherwise be 2^64 sources.
#[must_use]
pub fn source_key(ip: IpAddr) -> IpAddr {
    match canonical(ip) {
        IpAddr::V6(ip) => {
            let [a, b, c, d, ..] = ip.segments();
            IpAddr::V6(Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0))
        }
        v4 => v4,
    }
}

/// A network in CIDR notation (RFC 4632): an address and how many leading bits belong to it. A bare
/// address is the network of itself alone. Host bits are cleared; IPv4-mapped networks become IPv4.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Network {
    base: IpAddr,
    prefix: u8,
}

impl Network {
    /// The network of `prefix` bits around `ip`; `None` when there are not that many bits.
    #[must_use]
    pub fn new(ip: IpAddr, prefix: u8) -> Option<Self> {
        let (ip, prefix) = match (ip, canonical(ip)) {
            (IpAddr::V6(_), v4 @ IpAddr::V4(_)) => (v4, prefix.checked_sub(96)?),
            (same, _) => (same, prefix),
        };
        let base = match ip {
            IpAddr::V4(ip) if prefix <= 32 => IpAddr::V4(Ipv4Addr::from_bits(
                ip.to_bits() & u32::MAX.checked_shl(32 - u32::from(prefix)).unwrap_or(0),
            )),
            IpAddr::V6(ip) if prefix <= 128 => IpAddr::V6(Ipv6Addr::from_bits(
                ip.to_bits() & u128::MAX.checked_shl(128 - u32::from(prefix)).unwrap_or(0),
            )),
            _ => return None,
        };
        Some(Self { base, prefix })
    }

    /// Its last address.
    #[must_use]
    pub fn last(&self) -> IpAddr {
        match self.base {
            IpAddr::V4(base) => {
                let hosts = u32::MAX.checked_shr(self.prefix.into()).unwrap_or(0);
                IpAddr::V4((base.to_bits() | hosts).into())
            }
            IpAddr::V6(base) => {
                let hosts = u128::MAX.checked_shr(self.prefix.into()).unwrap_or(0);
                IpAddr::V6((base.to_bits() | hosts).into())
            }
        }
    }

    /// What stands for a source in tables and lists: an IPv4 address alone, the /64 of an IPv6 one
    /// ([`source_key`]).
    #[must_use]
    pub fn of_source(ip: IpAddr) -> Self {
        let base = source_key(ip);
        let prefix = if base.is_ipv4() { 32 } else { 64 };
        Self { base, prefix }
    }

    /// Whether `ip` is in it; an IPv4-mapped address counts as IPv4.
    #[must_use]
    pub fn contains(&self, ip: IpAddr) -> bool {
        let ip = canonical(ip);
        ip.is_ipv4() == self.base.is_ipv4()
            && Self::new(ip, self.prefix).is_some_and(|network| network.base == self.base)
    }

    /// Its first address.
    #[must_use]
    pub const fn base(&self) -> IpAddr {
        self.base
    }

    /// How many leading bits belong to it.
    #[must_use]
    pub const fn prefix(&self) -> u8 {
        self.prefix
    }
}

/// The text is neither an address nor a network.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NotANetwork;

impl std::fmt::Display for NotANetwork {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("not an address or network such as 192.0.2.0/24")
    }
}

impl std::error::Error for NotANetwork {}

impl std::str::FromStr for Network {
    type Err = NotANetwork;

    fn from_str(text: &str) -> Result<Self, NotANetwork> {
        let (ip, prefix) = match text.split_once('/') {
            Some((ip, prefix)) if prefix.bytes().all(|byte| byte.is_ascii_digit()) => {
                (ip, Some(prefix.parse().map_err(|_| NotANetwork)?))
            }
            Some(_) => return Err(NotANetwork),
            None => (text, None),
        };
        let ip: IpAddr = ip.parse().map_err(|_| NotANetwork)?;
        let whole = if ip.is_ipv4() { 32 } else { 128 };
        Self::new(ip, prefix.unwrap_or(whole)).ok_or(NotANetwork)
    }
}

impl std::fmt::Display for Network {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}/{}", self.base, self.prefix)
    }
}

fn is_public_v4(ip: Ipv4Addr) -> bool {
    let [a, b, c, _] = ip.octets();
    !(ip.is_private()
        || ip.is_loopback()
        || ip.is_link_local()
        || ip.is_multicast()
        || ip.is_broadcast()
        || a == 0
        || a >= 240
        || (a == 100 && (64..128).contains(&b))
        || (a == 192 && b == 0 && c == 0)
        || (a == 198 && (18..20).contains(&b)))
}

/// Translation prefixes carry an IPv4 address inside, which may be one of the firm's: such an
/// address is as public as the one it carries.
fn is_public_v6(ip: Ipv6Addr) -> bool {
    let bits = ip.to_bits();
    let carried = |shift: u32| {
        let low = u32::try_from((bits >> shift) & 0xFFFF_FFFF).unwrap_or(0);
        is_public_v4(Ipv4Addr::from_bits(low))
    };
    match ip.segments() {
        // NAT64 (RFC 6052), and its local use (RFC 8215).
        [0x64, 0xff9b, 0, 0, 0, 0, _, _] => carried(0),
        [0x64, 0xff9b, 1, ..] => false,
        // 6to4 (RFC 3056).
        [0x2002, ..] => carried(80),
        // Unspecified, loopback and the old IPv4-compatible form; discard-only (RFC 6666); the old
        // site-local range (RFC 3879).
        [0, 0, 0, 0, 0, 0, _, _] | [0x100, 0, 0, 0, ..] | [0xfec0..=0xfeff, ..] => false,
        _ => !(ip.is_multicast() || ip.is_unique_local() || ip.is_unicast_link_local()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_internet_is_public() {
        for inside in [
            "10.1.2.3",
            "172.31.0.1",
            "192.168.0.1",
            "127.0.0.1",
            "169.254.1.1",
            "0.0.0.0",
            "100.64.0.1",
            "224.0.0.1",
            "255.255.255.255",
            "::1",
            "::",
            "fe80::1",
            "fd00::1",
            "ff02::1",
            "::ffff:10.0.0.1",
            "192.0.0.8",
            "198.19.255.1",
            "64:ff9b::10.0.0.1",
            "64:ff9b:1::192.0.2.1",
            "2002:a00:1::1",
            "fec0::1",
            "100::1",
            "::10.0.0.1",
        ] {
            assert!(!is_public(inside.parse().unwrap()), "{inside}");
        }
        for outside in [
            "192.0.2.1",
            "8.8.8.8",
            "100.128.0.1",
            "2001:db8::1",
            "::ffff:192.0.2.1",
            "64:ff9b::192.0.2.1",
            "2002:c000:201::1",
        ] {
            assert!(is_public(outside.parse().unwrap()), "{outside}");
        }
    }

    #[track_caller]
    fn check_network(text: &str, shown: Option<&str>, inside: &[&str], outside: &[&str]) {
        let network: Option<Network> = text.parse().ok();
        assert_eq!(network.map(|network| network.to_string()).as_deref(), shown);
        for ip in inside {
            assert!(network.unwrap().contains(ip.parse().unwrap()), "{ip}");
        }
        for ip in outside {
            assert!(!network.unwrap().contains(ip.parse().unwrap()), "{ip}");
        }
    }

    #[test]
    fn networks_read_show_and_hold_addresses() {
        check_network(
            "192.0.2.77/24",
            Some("192.0.2.0/24"),
            &["192.0.2.1", "::ffff:192.0.2.1"],
            &["192.0.3.1", "2001:db8::1"],
        );
        check_network(
            "::ffff:192.0.2.0/120",
            Some("192.0.2.0/24"),
            &["192.0.2.9"],
            &[],
        );
        check_network("0.0.0.0/0", Some("0.0.0.0/0"), &["198.51.100.1"], &["::1"]);
        check_network("::/0", Some("::/0"), &["2001:db8::1"], &["192.0.2.1"]);
        check_network(
            "2001:db8::1",
            Some("2001:db8::1/128"),
            &["2001:db8::1"],
            &["2001:db8::2"],
        );
        for wrong in [
            "192.0.2.0/33",
            "::/129",
            "192.0.2.0/",
            "192.0.2.0/+1",
            "x",
            "",
            "/8",
        ] {
            check_network(wrong, None, &[], &[]);
        }
    }
}
