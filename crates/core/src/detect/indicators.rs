//! Addresses, networks and domains known bad, from lists.

use super::networks::{Tag, TaggedNetworks};
use crate::address::Network;

/// Entries at most, over all lists; further ones are counted as left out.
pub const MAX_ENTRIES: usize = 2_000_000;
/// Longest line of a list that is looked at, in bytes; CSV exports have long notes.
pub const MAX_LINE_BYTES: usize = 8_192;
/// Lists at most.
pub const MAX_LISTS: usize = 1_000;
/// Columns of a CSV line that are looked at for an entry.
const MAX_COLUMNS: usize = 12;
/// The shortest prefix a list may name: anything wider is a mistake in the list.
const MIN_PREFIX_V4: u8 = 8;
const MIN_PREFIX_V6: u8 = 19;
/// Longest domain name, in bytes (RFC 1035).
const MAX_DOMAIN_BYTES: usize = 253;

/// A set of indicators, each with the list it came from.
#[derive(Clone, Debug, Default)]
pub struct Indicators {
    lists: Vec<String>,
    networks: TaggedNetworks,
    /// Sorted by name; a name stands for its subdomains too.
    domains: Vec<(Box<str>, Tag)>,
}

/// What was read of a list.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ListCount {
    /// Entries taken.
    pub taken: usize,
    /// Lines that hold no address, network or domain.
    pub unreadable: usize,
    /// Entries left out: private or never-to-be-matched addresses, networks too wide, or beyond
    /// [`MAX_ENTRIES`].
    pub left_out: usize,
}

impl Indicators {
    /// Reads lists of (name, text): one entry a line, plain or as a column of CSV; `#` and `;` open
    /// comments.
    #[must_use]
    pub fn compile(lists: &[(String, String)]) -> (Self, Vec<ListCount>) {
        let mut networks = Vec::new();
        let mut domains: Vec<(Box<str>, Tag)> = Vec::new();
        let mut counts = Vec::new();
        for (index, (_, text)) in lists.iter().take(MAX_LISTS).enumerate() {
            let tag = Tag::try_from(index).unwrap_or(Tag::MAX);
            let mut count = ListCount::default();
            for line in text.lines() {
                let line = line.trim().trim_start_matches('\u{feff}');
                if line.is_empty() || line.starts_with(['#', ';']) || line.starts_with("//") {
                    continue;
                }
                match entry_of(line) {
                    None => count.unreadable += 1,
                    Some(_) if networks.len() + domains.len() >= MAX_ENTRIES => count.left_out += 1,
                    Some(Entry::Network(network)) if !is_usable(network) => count.left_out += 1,
                    Some(Entry::Network(network)) => {
                        networks.push((network, tag));
                        count.taken += 1;
                    }
                    Some(Entry::Domain(domain)) => {
                        domains.push((domain, tag));
                        count.taken += 1;
                    }
                }
            }
            counts.push(count);
        }
        domains.sort_unstable();
        domains.dedup_by(|a, b| a.0 == b.0);
        let lists = lists.iter().map(|(name, _)| name.clone()).collect();
        let set = Self {
            lists,
            networks: TaggedNetworks::new(networks),
            domains,
        };
        (set, counts)
    }

    /// The list that names `ip` or a network it is in.
    #[must_use]
    pub fn find_ip(&self, ip: std::net::IpAddr) -> Option<Tag> {
        self.networks.find(ip)
    }

    /// The list that names `domain` or a parent of it.
    #[must_use]
    pub fn find_domain(&self, domain: &str) -> Option<Tag> {
        if self.domains.is_empty() || domain.len() > MAX_DOMAIN_BYTES {
            return None;
        }
        let lower = domain.trim_end_matches('.').to_ascii_lowercase();
        let mut rest = lower.as_str();
        loop {
            if let Ok(at) = self
                .domains
                .binary_search_by(|(name, _)| (**name).cmp(rest))
            {
                return self.domains.get(at).map(|(_, tag)| *tag);
            }
            rest = rest.split_once('.')?.1;
        }
    }

    /// The name of a list.
    #[must_use]
    pub fn list_name(&self, tag: Tag) -> &str {
        self.lists.get(usize::from(tag)).map_or("", String::as_str)
    }

    /// Whether there are no indicators.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.networks.is_empty() && self.domains.is_empty()
    }

    /// Whether there are domains among them.
    #[must_use]
    pub const fn has_domains(&self) -> bool {
        !self.domains.is_empty()
    }
}

enum Entry {
    Network(Network),
    Domain(Box<str>),
}

/// The first address or network among the columns, else the first domain.
fn entry_of(line: &str) -> Option<Entry> {
    if line.len() > MAX_LINE_BYTES {
        return None;
    }
    let columns = || {
        line.split([',', ';', '\t', ' ', '|'])
            .map(|cell| cell.trim_matches(['"', '\'', ' ']))
            .filter(|cell| !cell.is_empty())
            .take(MAX_COLUMNS)
    };
    let network = columns().find_map(|cell| {
        let address = cell.parse().ok();
        address.or_else(|| {
            // host:port, as some lists write it
            let (host, port) = cell.rsplit_once(':')?;
            let port: Option<u16> = port.parse().ok();
            port.and_then(|_| host.parse().ok())
        })
    });
    if let Some(network) = network {
        return Some(Entry::Network(network));
    }
    columns()
        .find(|cell| is_domain(cell))
        .map(|cell| Entry::Domain(cell.trim_end_matches('.').to_ascii_lowercase().into()))
}

fn is_domain(cell: &str) -> bool {
    let labels = cell.trim_end_matches('.').split('.');
    cell.len() <= MAX_DOMAIN_BYTES
        && labels.clone().count() >= 2
        && labels.clone().all(|label| {
            (1..=63).contains(&label.len())
                && label
                    .bytes()
                    .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_')
        })
        && labels
            .clone()
            .next_back()
            .is_some_and(|top| top.len() >= 2 && top.bytes().any(|byte| byte.is_ascii_alphabetic()))
}

fn is_usable(network: Network) -> bool {
    let narrow = if network.base().is_ipv4() {
        network.prefix() >= MIN_PREFIX_V4
    } else {
        network.prefix() >= MIN_PREFIX_V6
    };
    narrow && crate::address::is_public(network.base())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_plain_lists_and_csv_and_counts_the_rest() {
        let lists = [
            (
                "plain".to_owned(),
                "# note\n192.0.2.1\n198.51.100.0/24 # net\n10.0.0.1\n0.0.0.0/0\nnonsense\nbad.example.org\n".to_owned(),
            ),
            (
                "csv".to_owned(),
                "first_seen,ip,port\n\"2026-01-01 00:00:00\",\"203.0.113.9\",443\n2001:db8:1::/48\n".to_owned(),
            ),
        ];
        let (set, counts) = Indicators::compile(&lists);
        assert_eq!(
            counts,
            [
                ListCount {
                    taken: 3,
                    unreadable: 1,
                    left_out: 2
                },
                ListCount {
                    taken: 2,
                    unreadable: 1,
                    left_out: 0
                },
            ]
        );
        for (ip, list) in [
            ("192.0.2.1", Some("plain")),
            ("198.51.100.200", Some("plain")),
            ("203.0.113.9", Some("csv")),
            ("2001:db8:1::5", Some("csv")),
            ("10.0.0.1", None),
        ] {
            let found = set
                .find_ip(ip.parse().unwrap())
                .map(|tag| set.list_name(tag));
            assert_eq!(found, list, "{ip}");
        }
        assert!(set.find_domain("www.BAD.example.org.").is_some());
        assert!(set.find_domain("example.org").is_none());
        assert!(set.find_domain("notbad.example.org").is_none());
    }
}
