//! Community ID, version 1: one name for a flow, the same in every tool that follows the specification
//! (github.com/corelight/community-id-spec).
//!
//! SHA-1 over the seed, both ends in order, and the protocol, in base 64. SHA-1 is what the
//! specification says; nothing here rests on its strength.

use std::net::IpAddr;

use data_encoding::BASE64;
use sha1::{Digest as _, Sha1};

/// One end of a flow.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct End {
    /// Address.
    pub ip: IpAddr,
    /// Port; of ICMP what stands for it ([`icmp_ports`]); 0 without.
    pub port: u16,
}

/// The id of the flow between `source` and `target`, with seed 0. `ports` says whether the protocol has
/// any; a one-way flow keeps its order.
#[must_use]
pub fn community_id(source: End, target: End, protocol: u8, ports: bool, one_way: bool) -> String {
    let (first, second) = if one_way || source <= target {
        (source, target)
    } else {
        (target, source)
    };
    // Seed, two addresses, protocol, padding, two ports: 2 + 32 + 2 + 4 bytes at most.
    let mut input = [0_u8; 40];
    let mut length = 2;
    let mut add = |bytes: &[u8]| {
        if let Some(room) = input.get_mut(length..length + bytes.len()) {
            room.copy_from_slice(bytes);
            length += bytes.len();
        }
    };
    for end in [first, second] {
        match end.ip {
            IpAddr::V4(ip) => add(&ip.octets()),
            IpAddr::V6(ip) => add(&ip.octets()),
        }
    }
    add(&[protocol, 0]);
    if ports {
        add(&first.port.to_be_bytes());
        add(&second.port.to_be_bytes());
    }
    let hash = Sha1::digest(input.get(..length).unwrap_or_default());
    let mut id = String::with_capacity(30);
    id.push_str("1:");
    BASE64.encode_append(&hash, &mut id);
    id
}

/// What stands for the ports of an ICMP packet, and whether its flow has one direction only: for
/// questions and their answers the type and its counterpart, else type and code.
#[must_use]
pub fn icmp_ports(version_six: bool, kind: u8, code: u8) -> (u16, u16, bool) {
    /// Questions with their answers (IANA registries of ICMP types).
    const FOUR: &[(u8, u8)] = &[(8, 0), (13, 14), (15, 16), (17, 18), (10, 9)];
    const SIX: &[(u8, u8)] = &[
        (128, 129),
        (133, 134),
        (135, 136),
        (130, 131),
        (139, 140),
        (144, 145),
    ];
    let pairs = if version_six { SIX } else { FOUR };
    let other = pairs.iter().find_map(|&(question, answer)| {
        if kind == question {
            Some(answer)
        } else if kind == answer {
            Some(question)
        } else {
            None
        }
    });
    match other {
        Some(other) => (kind.into(), other.into(), false),
        None => (kind.into(), code.into(), true),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(source: (&str, u16), target: (&str, u16), protocol: u8, expected: &str) {
        let end = |(ip, port): (&str, u16)| End {
            ip: ip.parse().unwrap(),
            port,
        };
        let (source, target) = (end(source), end(target));
        let one_way = false;
        for (a, b) in [(source, target), (target, source)] {
            assert_eq!(community_id(a, b, protocol, true, one_way), expected);
        }
    }

    /// Values worked out outside this program, with SHA-1 and base 64 over the bytes the specification names.
    #[test]
    fn the_ids_are_those_of_the_specification() {
        check(
            ("10.0.0.5", 50_000),
            ("192.0.2.1", 443),
            6,
            "1:83wG9ZWcs02R9+megj1PwUlVbuU=",
        );
        check(
            ("10.0.0.5", 50_000),
            ("192.0.2.1", 53),
            17,
            "1:IFGWCh3Be4j+mCX8LXj6sZYh5Ik=",
        );
    }

    #[test]
    fn questions_and_answers_of_icmp_share_an_id() {
        assert_eq!(icmp_ports(false, 8, 0), (8, 0, false));
        assert_eq!(icmp_ports(false, 0, 0), (0, 8, false));
        assert_eq!(icmp_ports(true, 136, 0), (136, 135, false));
        assert_eq!(icmp_ports(false, 3, 1), (3, 1, true));
    }
}
