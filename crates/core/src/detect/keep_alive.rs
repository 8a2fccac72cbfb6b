//! Places that honest machines call in a rhythm and send much to: the update, push and office services
//! of well-known makers (`content/keep-alive/`).

use std::net::IpAddr;

use crate::address::Network;

/// The places.
#[derive(Clone, Debug, Default)]
pub struct KeepAlive {
    networks: Vec<Network>,
    names: Vec<&'static str>,
}

impl KeepAlive {
    /// The list that ships with the program.
    pub fn shipped() -> Self {
        let mut list = Self::default();
        let lines = crate::content::KEEP_ALIVE
            .iter()
            .flat_map(|(_, text)| text.lines());
        for line in lines {
            let entry = line.split('#').next().unwrap_or("").trim();
            match entry.parse() {
                Ok(network) => list.networks.push(network),
                Err(_) if entry.is_empty() => {}
                Err(_) => list.names.push(entry),
            }
        }
        list
    }

    /// Whether `ip` is one of them.
    pub fn has_address(&self, ip: IpAddr) -> bool {
        self.networks.iter().any(|network| network.contains(ip))
    }

    /// Whether `name`, in lower case, is one of them or belongs to one.
    pub fn has_name(&self, name: &str) -> bool {
        self.names.iter().any(|known| {
            name.strip_suffix(known)
                .is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_match_whole_labels_and_every_entry_is_one() {
        let list = KeepAlive::shipped();
        assert!(list.names.len() > 20 && list.networks.len() > 20);
        let is_name = |name: &str| {
            name.contains('.')
                && name
                    .bytes()
                    .all(|byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.'))
        };
        for name in &list.names {
            assert!(is_name(name), "{name}");
        }
        for (name, expected) in [
            ("windowsupdate.com", true),
            ("au.download.windowsupdate.com", true),
            ("evilwindowsupdate.com", false),
            ("windowsupdate.com.example.org", false),
        ] {
            assert_eq!(list.has_name(name), expected, "{name}");
        }
        assert!(list.has_address("17.57.144.1".parse().unwrap()));
        assert!(!list.has_address("192.0.2.1".parse().unwrap()));
    }
}
