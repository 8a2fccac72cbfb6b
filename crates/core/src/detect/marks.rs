//! Whom a finding need not alarm about: scanners known to mean no harm, and what the owner said is
//! ours. Their findings are kept and explained, but not severe.

use std::net::IpAddr;
use std::sync::Arc;

use serde::Deserialize;

use crate::address::Network;
use crate::content::KNOWN_SCANNERS;

/// Why an address is no cause for alarm.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mark<'m> {
    /// It is the firm's own, or works for it: what the owner wrote about it.
    Ours(&'m str),
    /// It looks at the whole internet and says so: who it is.
    KnownScanner(&'m str),
}

/// Networks with their marks; asked once for each finding, so plain lists will do.
#[derive(Clone, Debug)]
pub struct Marks {
    ours: Vec<(Network, String)>,
    scanners: Vec<(Network, Arc<str>)>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    scanner: Vec<Scanner>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Scanner {
    name: String,
    does: String,
    /// Where it was published; for those who read the file.
    #[serde(rename = "source")]
    _source: String,
    networks: Vec<String>,
}

impl Marks {
    /// Adds what is ours with the owner's reason; where a known scanner has the same address, the owner's
    /// word stands.
    pub fn add_ours(&mut self, ours: impl IntoIterator<Item = (Network, String)>) {
        self.ours.extend(ours);
    }

    /// The mark of `ip`.
    #[must_use]
    pub fn find(&self, ip: IpAddr) -> Option<Mark<'_>> {
        let ours = self.ours.iter().find(|(network, _)| network.contains(ip));
        let scanner = || {
            self.scanners
                .iter()
                .find(|(network, _)| network.contains(ip))
        };
        match ours {
            Some((_, why)) => Some(Mark::Ours(why)),
            None => scanner().map(|(_, who)| Mark::KnownScanner(who)),
        }
    }
}

impl Default for Marks {
    /// The scanners of `content/known-scanners/`.
    fn default() -> Self {
        let mut networks = Vec::new();
        for scanner in scanners() {
            let who: Arc<str> = format!("{}, who {}", scanner.name, scanner.does).into();
            let read = scanner.networks.iter().filter_map(|text| text.parse().ok());
            networks.extend(read.map(|network| (network, Arc::clone(&who))));
        }
        Self {
            ours: Vec::new(),
            scanners: networks,
        }
    }
}

fn scanners() -> Vec<Scanner> {
    let files = KNOWN_SCANNERS.iter();
    let read = files.filter_map(|(_, text)| toml::from_str::<File>(text).ok());
    read.flat_map(|file| file.scanner).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_shipped_file_is_read_and_every_network_in_it() {
        for (name, text) in KNOWN_SCANNERS {
            let file = toml::from_str::<File>(text).unwrap();
            for scanner in file.scanner {
                assert!(!scanner._source.is_empty(), "{name}: {}", scanner.name);
                for network in scanner.networks {
                    assert!(network.parse::<Network>().is_ok(), "{name}: {network}");
                }
            }
        }
    }

    #[test]
    fn the_owners_word_comes_before_the_list() {
        let ours = |text: &str, why: &str| (text.parse::<Network>().unwrap(), why.to_owned());
        let mut marks = Marks::default();
        marks.add_ours([
            ours("192.0.2.0/28", "our office"),
            ours("162.142.125.7", "our test"),
        ]);
        for (ip, expected) in [
            ("192.0.2.9", Some(Mark::Ours("our office"))),
            ("162.142.125.7", Some(Mark::Ours("our test"))),
            ("192.0.2.99", None),
        ] {
            assert_eq!(marks.find(ip.parse().unwrap()), expected, "{ip}");
        }
        let censys = marks.find("162.142.125.8".parse().unwrap());
        assert!(matches!(censys, Some(Mark::KnownScanner(who)) if who.starts_with("Censys")));
    }
}
