//! IP protocol numbers and their keywords (IANA protocol-numbers registry), lower case.

use std::fmt;

/// An IP protocol by its number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Protocol(u8);

/// The numbers that firewalls of small firms log; others are shown as their number.
const KEYWORDS: &[(u8, &str)] = &[
    (0, "hopopt"),
    (1, "icmp"),
    (2, "igmp"),
    (4, "ipv4"),
    (6, "tcp"),
    (8, "egp"),
    (9, "igp"),
    (17, "udp"),
    (27, "rdp"),
    (33, "dccp"),
    (41, "ipv6"),
    (43, "ipv6-route"),
    (44, "ipv6-frag"),
    (46, "rsvp"),
    (47, "gre"),
    (50, "esp"),
    (51, "ah"),
    (58, "ipv6-icmp"),
    (59, "ipv6-nonxt"),
    (60, "ipv6-opts"),
    (88, "eigrp"),
    (89, "ospfigp"),
    (94, "ipip"),
    (97, "etherip"),
    (98, "encap"),
    (103, "pim"),
    (108, "ipcomp"),
    (112, "vrrp"),
    (115, "l2tp"),
    (132, "sctp"),
    (133, "fc"),
    (136, "udplite"),
    (137, "mpls-in-ip"),
];

/// Spellings devices use beside the registry's keyword.
const ALIASES: &[(&str, u8)] = &[
    ("icmpv6", 58),
    ("icmp6", 58),
    ("ipv6icmp", 58),
    ("ospf", 89),
    ("carp", 112),
    ("ip-in-ip", 4),
];

impl Protocol {
    /// Transmission control protocol.
    pub const TCP: Self = Self(6);
    /// User datagram protocol.
    pub const UDP: Self = Self(17);
    /// Internet control message protocol.
    pub const ICMP: Self = Self(1);

    /// By number.
    #[must_use]
    pub const fn from_number(number: u8) -> Self {
        Self(number)
    }

    /// By keyword or number written in decimal, in any case; `None` for anything else.
    #[must_use]
    pub fn from_keyword(word: &str) -> Option<Self> {
        // Nearly all are one of these.
        match word.as_bytes() {
            b"tcp" | b"TCP" => return Some(Self::TCP),
            b"udp" | b"UDP" => return Some(Self::UDP),
            b"icmp" | b"ICMP" => return Some(Self::ICMP),
            _ => {}
        }
        if word.len() > 12 {
            return None;
        }
        if word.starts_with(|first: char| first.is_ascii_digit()) {
            return word.parse().ok().map(Self);
        }
        KEYWORDS
            .iter()
            .find(|(_, keyword)| keyword.eq_ignore_ascii_case(word))
            .map(|(number, _)| *number)
            .or_else(|| {
                ALIASES
                    .iter()
                    .find(|(alias, _)| alias.eq_ignore_ascii_case(word))
                    .map(|(_, number)| *number)
            })
            .map(Self)
    }

    /// The number.
    #[must_use]
    pub const fn number(self) -> u8 {
        self.0
    }

    /// The registry's keyword, lower case; `"unassigned"` for numbers not listed here.
    #[must_use]
    pub fn keyword(self) -> &'static str {
        KEYWORDS
            .iter()
            .find(|(number, _)| *number == self.0)
            .map_or("unassigned", |(_, keyword)| keyword)
    }
}

impl fmt::Display for Protocol {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.keyword())
    }
}
