//! What must never be matched or blocked, whatever a list says.

use std::net::IpAddr;

use super::entry::{Entry, Hint, entry_of, name_of};
use super::json::{Json, Sink, Token};
use super::refusal::Refusal;
use crate::address::Network;
use crate::detect::networks::NetworkSet;

/// Entries at most; further ones are counted as refused.
pub const MAX_NEVER_ENTRIES: usize = 500_000;

/// Addresses and names that are never matched: resolvers, networks that carry half the internet,
/// names that millions use, and what the operator adds (plain lists, MISP warning lists).
///
/// An address is never matched. A name is never an indicator itself, nor is a parent of it; its
/// subdomains can be, because `evil.pages.example` says nothing about `pages.example`. An entry that
/// begins with a dot stands for its subdomains too.
#[derive(Clone, Debug, Default)]
pub struct NeverMatch {
    ranges: Vec<(IpAddr, IpAddr)>,
    networks: NetworkSet,
    own: NetworkSet,
    /// Names from their last label to the first, each label with a dot behind; sorted.
    names: Vec<Box<str>>,
    /// The same of those that stand for their subdomains too.
    families: Vec<Box<str>>,
}

impl NeverMatch {
    /// The files of `content/never-block/`.
    #[must_use]
    pub fn built_in() -> Self {
        let mut never = Self::default();
        for (_, text) in crate::content::NEVER_BLOCK {
            never.read(text.as_bytes());
        }
        never.settle();
        never
    }

    /// Adds a list of the operator's, plain or a MISP warning list; returns how many entries it gave,
    /// and how many lines or values were none.
    pub fn add(&mut self, bytes: &[u8]) -> (usize, usize) {
        let counts = self.read(bytes);
        self.settle();
        counts
    }

    /// Names the firm's own public addresses, instead of those named before.
    pub fn set_own(&mut self, own: &[Network]) {
        self.own = NetworkSet::new(own.iter().copied());
    }

    /// The addresses that are never matched, without the firm's own.
    #[must_use]
    pub fn networks(&self) -> NetworkSet {
        self.networks.clone()
    }

    fn read(&mut self, bytes: &[u8]) -> (usize, usize) {
        let text = bytes.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(bytes);
        let mut counts = (0, 0);
        let mut count = |is_taken| match is_taken {
            true => counts.0 += 1,
            false => counts.1 += 1,
        };
        if matches!(text.trim_ascii_start().first(), Some(b'{' | b'[')) {
            let mut strings = Strings::default();
            let mut json = Json::default();
            let is_whole = json.feed(text, &mut strings).is_ok() && json.end().is_ok();
            for value in &strings.found {
                count(self.take(value));
            }
            if !is_whole {
                count(false);
            }
            return counts;
        }
        for line in String::from_utf8_lossy(text).lines() {
            let value = line.split('#').next().unwrap_or("").trim();
            if !value.is_empty() && !value.starts_with([';', '!']) {
                count(self.take(value));
            }
        }
        counts
    }

    fn take(&mut self, value: &str) -> bool {
        if self.ranges.len() + self.names.len() + self.families.len() >= MAX_NEVER_ENTRIES {
            return false;
        }
        let is_family = value.starts_with(['.', '*']);
        match entry_of(value, Hint::Unsaid) {
            Ok(Entry::Addresses { first, last, .. }) => self.ranges.push((first, last)),
            Ok(Entry::Name { name, .. }) if is_family => self.families.push(reversed(&name)),
            Ok(Entry::Name { name, .. }) => self.names.push(reversed(&name)),
            // The end of names itself, such as `uk`.
            Err(_) if is_top(value) => self.names.push(reversed(value)),
            _ => return false,
        }
        true
    }

    fn settle(&mut self) {
        self.networks = NetworkSet::of_ranges(self.ranges.iter().copied());
        for names in [&mut self.names, &mut self.families] {
            names.sort_unstable();
            names.dedup();
        }
    }

    /// Why the addresses from `first` to `last` are no indicator, if so.
    pub(super) fn refuses(&self, first: IpAddr, last: IpAddr) -> Option<Refusal> {
        if self.own.covers(first, last) {
            Some(Refusal::Own)
        } else if self.networks.covers(first, last) {
            Some(Refusal::Never)
        } else {
            None
        }
    }

    /// Whether `name` is no indicator: it is on the list, or a parent of something that is.
    pub(super) fn refuses_name(&self, name: &str) -> bool {
        let wanted = reversed(name);
        let at = self.names.partition_point(|held| **held < *wanted);
        let above = |names: &[Box<str>], at: usize| {
            names.get(at).is_some_and(|held| held.starts_with(&*wanted))
        };
        let families_at = self.families.partition_point(|held| **held < *wanted);
        above(&self.names, at) || above(&self.families, families_at) || self.is_below(&wanted)
    }

    /// Whether a family stands for the name `wanted`, reversed.
    fn is_below(&self, wanted: &str) -> bool {
        let ends = wanted.match_indices('.').map(|(at, _)| at + 1);
        !self.families.is_empty()
            && ends.filter_map(|end| wanted.get(..end)).any(|parent| {
                self.families
                    .binary_search_by(|held| (**held).cmp(parent))
                    .is_ok()
            })
    }
}

fn is_top(value: &str) -> bool {
    name_of(&format!("x.{value}")).is_some() && !value.contains('.')
}

/// `www.example.org` as `org.example.www.`, so that parents are beginnings.
fn reversed(name: &str) -> Box<str> {
    let mut out = String::with_capacity(name.len() + 1);
    for label in name.trim_end_matches('.').rsplit('.') {
        out.push_str(&label.to_ascii_lowercase());
        out.push('.');
    }
    out.into()
}

/// The strings of a MISP warning list's `list`, or of a file that is one array of strings.
#[derive(Default)]
struct Strings {
    /// For each open container, whether strings in it count.
    depth: Vec<bool>,
    is_list: bool,
    found: Vec<String>,
}

impl Sink for Strings {
    fn token(&mut self, token: Token<'_>, _line: u64) {
        match token {
            Token::StartObject => self.depth.push(false),
            Token::StartArray => {
                let counts = self.depth.is_empty() || (self.depth.len() == 1 && self.is_list);
                self.depth.push(counts);
            }
            Token::EndObject | Token::EndArray => {
                self.depth.pop();
            }
            Token::Key(key) => self.is_list = key == "list",
            Token::Text { text, .. } => {
                let counts = self.depth.last() == Some(&true);
                if counts && self.found.len() < MAX_NEVER_ENTRIES {
                    self.found.push(text.to_owned());
                }
            }
            Token::Plain(_) => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_refused_with_their_parents_and_families_with_their_children() {
        let mut never = NeverMatch::default();
        let counts = never.add(
            b"# names\npages.example\nwww.shop.example\n.corp.example\nuk\n192.0.2.0/24 # ours\n198.51.100.1-198.51.100.9\nno entry\n",
        );
        assert_eq!(counts, (6, 1));
        for (name, refused) in [
            ("pages.example", true),
            ("evil.pages.example", false),
            ("shop.example", true),
            ("example", true),
            ("www.shop.example", true),
            ("ww.shop.example", false),
            ("corp.example", true),
            ("a.b.corp.example", true),
            ("notcorp.example", false),
            ("uk", true),
            ("bad.uk", false),
        ] {
            assert_eq!(never.refuses_name(name), refused, "{name}");
        }
        let ip = |text: &str| text.parse().unwrap();
        for (first, last, refused) in [
            ("192.0.2.1", "192.0.2.1", true),
            ("192.0.2.0", "192.0.2.255", true),
            ("192.0.2.0", "192.0.3.255", false),
            ("198.51.100.4", "198.51.100.5", true),
            ("198.51.100.10", "198.51.100.10", false),
        ] {
            let found = never.refuses(ip(first), ip(last));
            assert_eq!(found.is_some(), refused, "{first}-{last}");
        }
        never.set_own(&["203.0.113.0/29".parse().unwrap()]);
        assert_eq!(
            never.refuses(ip("203.0.113.1"), ip("203.0.113.1")),
            Some(Refusal::Own)
        );
    }

    #[test]
    fn warning_lists_of_misp_are_read() {
        let mut never = NeverMatch::default();
        let json = br#"{"name":"a","list":["192.0.2.0/24","cdn.example.org","/regex/"],
            "matching_attributes":["ip-dst","domain"],"type":"cidr","version":1}"#;
        assert_eq!(never.add(json), (2, 1));
        assert!(never.refuses_name("cdn.example.org"));
        assert_eq!(never.add(b"[\"198.51.100.0/24\"]"), (1, 0));
        assert_eq!(never.add(b"{\"list\":[\"203.0.113.1\""), (1, 1));
    }
}
