//! A blocklist as devices read it.
//!
//! Sources: Palo Alto Networks, "Formatting Guidelines for an External Dynamic List" (one address,
//! range or network a line); MikroTik RouterOS manual, "Address-lists" and "Scripting"; nft(8), sets
//! with flag `interval`; the plain list is what most firewalls fetch (a line each, `#` begins a
//! comment).

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use crate::address::Network;
use crate::event::words;

/// Name of the set or address list on the device.
const NAME: &str = "larum";
/// Hours a device keeps an entry that is not renewed: a device cut off from the hub forgets.
const KEEP_HOURS: u32 = 48;
/// Elements a line of an nftables set at most, so that lines stay readable.
const ELEMENTS_A_LINE: usize = 8;

words! {
    /// How a device wants its list.
    Format {
        /// A line each, `#` for comments.
        Plain = "plain",
        /// As plain, neighbouring addresses put together as networks.
        Cidr = "cidr",
        /// External dynamic list of Palo Alto Networks: a line each, nothing else.
        PaloAlto = "palo-alto",
        /// A script for MikroTik RouterOS 7 that fills the address list `larum`.
        Mikrotik = "mikrotik",
        /// A file for `nft -f` that fills the sets `blocked4` and `blocked6` of table `larum`.
        Nftables = "nftables",
    }
}

words! {
    /// Which addresses.
    Family {
        /// IPv4 and IPv6.
        Both = "both",
        /// IPv4 only.
        V4 = "4",
        /// IPv6 only.
        V6 = "6",
    }
}

impl Family {
    const fn has(self, ip: IpAddr) -> bool {
        matches!(
            (self, ip),
            (Self::Both, _) | (Self::V4, IpAddr::V4(_)) | (Self::V6, IpAddr::V6(_))
        )
    }
}

/// The list in a format. The same addresses give the same bytes, in whatever order they come. An IPv6
/// source stands for its /64, as everywhere in the watch.
#[must_use]
pub fn render(sources: &[IpAddr], format: Format, family: Family) -> String {
    let mut sources: Vec<IpAddr> = sources
        .iter()
        .copied()
        .filter(|ip| family.has(*ip))
        .collect();
    sources.sort_unstable();
    sources.dedup();
    match format {
        Format::Plain => lines(sources.iter().map(|ip| shown(*ip)), true),
        Format::PaloAlto => lines(sources.iter().map(|ip| shown(*ip)), false),
        Format::Cidr => lines(aggregated(&sources).iter().map(ToString::to_string), true),
        Format::Mikrotik => mikrotik(&sources),
        Format::Nftables => nftables(&sources, family),
    }
}

fn shown(ip: IpAddr) -> String {
    match ip {
        IpAddr::V4(ip) => ip.to_string(),
        IpAddr::V6(_) => Network::of_source(ip).to_string(),
    }
}

fn line(out: &mut String, text: &str) {
    out.push_str(text);
    out.push('\n');
}

fn lines(entries: impl Iterator<Item = String>, comment: bool) -> String {
    let mut out = String::new();
    if comment {
        // A list without entries must not look like a failed download.
        out.push_str("# larum blocklist\n");
    }
    for entry in entries {
        out.push_str(&entry);
        out.push('\n');
    }
    out
}

/// The same addresses in as few networks as possible, none of them wider than what it stands for.
/// `sources` are sorted and different.
#[must_use]
pub fn aggregated(sources: &[IpAddr]) -> Vec<Network> {
    // Each network as the number of its first address and its prefix; IPv6 in units of a /64.
    let mut four: Vec<(u64, u8)> = Vec::new();
    let mut six: Vec<(u64, u8)> = Vec::new();
    for source in sources {
        match source {
            IpAddr::V4(ip) => push(&mut four, u64::from(u32::from(*ip)), 32),
            IpAddr::V6(ip) => {
                let high = u64::try_from(u128::from(*ip) >> 64).unwrap_or(0);
                push(&mut six, high, 64);
            }
        }
    }
    let four = four.iter().filter_map(|(first, prefix)| {
        let ip = Ipv4Addr::from(u32::try_from(*first).ok()?);
        Network::new(ip.into(), *prefix)
    });
    let six = six.iter().filter_map(|(first, prefix)| {
        let ip = Ipv6Addr::from(u128::from(*first) << 64);
        Network::new(ip.into(), *prefix)
    });
    four.chain(six).collect()
}

/// Adds the next network and joins it with its other half as long as that is there. `whole` is the
/// prefix of a single one.
fn push(networks: &mut Vec<(u64, u8)>, first: u64, whole: u8) {
    if networks.last().is_some_and(|(last, _)| *last == first) {
        return;
    }
    networks.push((first, whole));
    while let [.., (left, left_prefix), (right, right_prefix)] = networks.as_slice() {
        let size = 1_u64
            .checked_shl(u32::from(whole - left_prefix))
            .unwrap_or(0);
        let halves = left_prefix == right_prefix
            && *left_prefix > 0
            && size > 0
            && left.checked_add(size) == Some(*right)
            && left.is_multiple_of(size.saturating_mul(2).max(1));
        if !halves {
            return;
        }
        let joined = (*left, left_prefix - 1);
        networks.truncate(networks.len() - 2);
        networks.push(joined);
    }
}

/// Entries have an end, so that a router cut off from the hub forgets them; each import sets all anew.
fn mikrotik(sources: &[IpAddr]) -> String {
    let mut out = format!("# {NAME} blocklist: /import this file\n");
    for (path, family) in [("/ip", Family::V4), ("/ipv6", Family::V6)] {
        let mut own = sources.iter().filter(|ip| family.has(**ip)).peekable();
        if own.peek().is_none() {
            continue;
        }
        line(&mut out, &format!("{path} firewall address-list"));
        line(&mut out, &format!("remove [find list={NAME} dynamic=yes]"));
        for ip in own {
            let address = shown(*ip);
            line(
                &mut out,
                &format!(
                    ":do {{ add list={NAME} address={address} timeout={KEEP_HOURS}h }} on-error={{}}"
                ),
            );
        }
    }
    out
}

fn nftables(sources: &[IpAddr], family: Family) -> String {
    let mut out = format!("add table inet {NAME}\n");
    let sets = [
        (Family::V4, "blocked4", "ipv4_addr"),
        (Family::V6, "blocked6", "ipv6_addr"),
    ];
    for (of, set, kind) in sets {
        if family != Family::Both && family != of {
            continue;
        }
        line(
            &mut out,
            &format!("add set inet {NAME} {set} {{ type {kind}; flags interval; }}"),
        );
        line(&mut out, &format!("flush set inet {NAME} {set}"));
        let own: Vec<IpAddr> = sources.iter().copied().filter(|ip| of.has(*ip)).collect();
        let networks: Vec<String> = aggregated(&own).iter().map(ToString::to_string).collect();
        for chunk in networks.chunks(ELEMENTS_A_LINE) {
            let elements = chunk.join(", ");
            line(
                &mut out,
                &format!("add element inet {NAME} {set} {{ {elements} }}"),
            );
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ips(texts: &[&str]) -> Vec<IpAddr> {
        texts.iter().map(|text| text.parse().unwrap()).collect()
    }

    #[test]
    fn a_list_in_every_format() {
        let sources = ips(&[
            "203.0.113.9",
            "198.51.100.7",
            "2001:db8:0:5::",
            "203.0.113.8",
        ]);
        let check = |format, family, expected: &str| {
            assert_eq!(render(&sources, format, family), expected, "{format}");
        };
        check(
            Format::Plain,
            Family::Both,
            "# larum blocklist\n198.51.100.7\n203.0.113.8\n203.0.113.9\n2001:db8:0:5::/64\n",
        );
        check(
            Format::PaloAlto,
            Family::V4,
            "198.51.100.7\n203.0.113.8\n203.0.113.9\n",
        );
        check(
            Format::Cidr,
            Family::Both,
            "# larum blocklist\n198.51.100.7/32\n203.0.113.8/31\n2001:db8:0:5::/64\n",
        );
        check(
            Format::Mikrotik,
            Family::V6,
            "# larum blocklist: /import this file\n/ipv6 firewall address-list\n\
             remove [find list=larum dynamic=yes]\n\
             :do { add list=larum address=2001:db8:0:5::/64 timeout=48h } on-error={}\n",
        );
        check(
            Format::Nftables,
            Family::V4,
            "add table inet larum\n\
             add set inet larum blocked4 { type ipv4_addr; flags interval; }\n\
             flush set inet larum blocked4\n\
             add element inet larum blocked4 { 198.51.100.7/32, 203.0.113.8/31 }\n",
        );
    }

    #[test]
    fn neighbours_become_networks_and_nothing_else_is_in_them() {
        let check = |from: [u8; 4], count: u32, expected: &[&str]| {
            let first = u32::from(Ipv4Addr::from(from));
            let sources: Vec<IpAddr> = (0..count)
                .map(|step| Ipv4Addr::from(first + step).into())
                .collect();
            let networks: Vec<String> = aggregated(&sources)
                .iter()
                .map(ToString::to_string)
                .collect();
            assert_eq!(networks, expected);
        };
        check([192, 0, 2, 0], 256, &["192.0.2.0/24"]);
        check([192, 0, 2, 1], 2, &["192.0.2.1/32", "192.0.2.2/32"]);
        check(
            [192, 0, 2, 2],
            7,
            &["192.0.2.2/31", "192.0.2.4/30", "192.0.2.8/32"],
        );
        check([255, 255, 255, 254], 2, &["255.255.255.254/31"]);
        check([0, 0, 0, 0], 2, &["0.0.0.0/31"]);
    }

    #[test]
    fn an_empty_list_is_no_empty_file_where_that_matters() {
        for format in Format::ALL {
            let text = render(&[], *format, Family::Both);
            assert_eq!(text.is_empty(), *format == Format::PaloAlto, "{format}");
        }
    }
}
