//! Addresses, networks, names, web addresses and fingerprints known bad, from lists.
//!
//! A million addresses and a million names lie in flat arrays of about 35 bytes an entry
//! ([`addresses`], [`table`]); what a list says beside the entry is kept once ([`note`]). Lists are
//! read in pieces ([`Loader`]) and may be plain ([`lines`]), CSV, STIX 2 or MISP ([`objects`]).

mod addresses;
mod entry;
mod intake;
mod json;
mod lines;
mod load;
mod never;
mod note;
mod objects;
mod pages;
mod pattern;
mod record;
mod refusal;
mod table;
#[cfg(test)]
mod tests;
pub(super) mod web;
mod when;

use std::net::IpAddr;

use crate::time::Timestamp;
use addresses::Addresses;
use intake::{Intake, JA3, JA4, URL};
use note::{NoteId, NoteIds, Notes};
use table::{Backwards, Table};

pub use intake::{MAX_ENTRIES, MAX_NETWORKS};
pub use lines::MAX_LINE_BYTES;
pub use load::{Loader, MAX_LISTS};
pub use never::{MAX_NEVER_ENTRIES, NeverMatch};
pub use note::MAX_NOTES;
pub use refusal::{EntryKind, ListReport, MAX_MENTIONS, Mention, Refusal};

/// Longest fingerprint that is looked up, in bytes.
const MAX_FINGERPRINT_BYTES: usize = 64;

/// A set of indicators, each with what its lists say of it.
#[derive(Clone, Debug, Default)]
pub struct Indicators {
    lists: Vec<String>,
    notes: Notes,
    addresses: Addresses,
    /// Names; each stands for its subdomains too.
    names: Table,
    most_labels: usize,
    /// Web addresses and fingerprints.
    others: Table,
    has_urls: bool,
}

/// Which entries of which lists match, at most [`MAX_NOTES`].
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Hit(NoteIds);

/// What one list says of a match.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Says<'a> {
    /// The list's name.
    pub list: &'a str,
    /// The source the list names.
    pub source: Option<&'a str>,
    /// The malware, campaign or sort of threat.
    pub threat: Option<&'a str>,
    /// How sure the list is, 0 to 100.
    pub confidence: Option<u8>,
    /// The port it is about.
    pub port: Option<u16>,
    /// The end of its validity.
    pub until: Option<Timestamp>,
}

impl Indicators {
    /// Reads lists of (name, text), held to the shipped never-match list.
    #[must_use]
    pub fn compile(lists: &[(String, String)]) -> (Self, Vec<ListReport>) {
        let mut loader = Loader::new(NeverMatch::built_in(), None);
        for (name, text) in lists {
            loader.list(name);
            loader.feed(text.as_bytes());
        }
        loader.finish()
    }

    fn gathered(lists: Vec<String>, intake: Intake) -> (Self, Vec<ListReport>) {
        let Intake {
            notes,
            addresses,
            names,
            others,
            has_urls,
            most_labels,
            mut reports,
            ..
        } = intake;
        let (names, crowded) = names.finish(&notes);
        let (others, more) = others.finish(&notes);
        if let Some(report) = reports.last_mut() {
            for _ in 0..crowded + more {
                report.refuse(Refusal::Full, "", 0, "");
            }
        }
        let addresses = addresses.finish(&notes);
        let indicators = Self {
            lists,
            addresses,
            names,
            most_labels,
            others,
            has_urls,
            notes: notes.finish(),
        };
        (indicators, reports)
    }

    /// What names `ip`, or a network it is in, at `at`.
    #[must_use]
    pub fn find_ip(&self, ip: IpAddr, at: Timestamp) -> Option<Hit> {
        let mut found = NoteIds::new();
        self.addresses
            .find(crate::address::canonical(ip), &mut found);
        self.hit(found, at)
    }

    /// What names `name` or a parent of it at `at`, and the part of `name` that is listed: the longest
    /// of those that are.
    #[must_use]
    pub fn find_domain<'n>(&self, name: &'n str, at: Timestamp) -> Option<(Hit, &'n str)> {
        let name = name.trim_end_matches('.');
        let mut room = [0_u8; entry::MAX_NAME_BYTES];
        let lower = room.get_mut(..name.len())?;
        if self.names.is_empty() {
            return None;
        }
        lower.copy_from_slice(name.as_bytes());
        lower.make_ascii_lowercase();
        let mut found = NoteIds::new();
        let mut from = 0;
        let mut labels = 0;
        let mut sum = Backwards::new();
        for (place, byte) in lower.iter().enumerate().rev() {
            if *byte == b'.' {
                labels += 1;
                // A single label is never listed.
                if labels > 1 && self.find_name(sum.finish(), lower, place + 1, &mut found, at) {
                    from = place + 1;
                }
                if labels >= self.most_labels {
                    break;
                }
            }
            sum = sum.front(*byte);
        }
        if labels < self.most_labels && self.find_name(sum.finish(), lower, 0, &mut found, at) {
            from = 0;
        }
        let hit = self.hit(found, at)?;
        Some((hit, name.get(from..)?))
    }

    fn find_name(
        &self,
        hash: u64,
        lower: &[u8],
        from: usize,
        found: &mut NoteIds,
        at: Timestamp,
    ) -> bool {
        if !self.names.may_hold(hash) {
            return false;
        }
        let before = found.len();
        self.names
            .find(hash, lower.get(from..).unwrap_or_default(), found);
        let second = second_of(at);
        let new = found.get(before..).unwrap_or_default();
        new.iter().any(|note| self.notes.holds_at(*note, second))
    }

    /// What names the web address `url` at `at`: whole, or without its query.
    #[must_use]
    pub fn find_url(&self, url: &str, at: Timestamp) -> Option<Hit> {
        if !self.has_urls || url.len() > web::MAX_URL_BYTES {
            return None;
        }
        let parts = web::split(url)?;
        let mut found = NoteIds::new();
        self.find_other(URL, &web::key(&parts), &mut found);
        if let Some(parts) = web::without_query(&parts) {
            self.find_other(URL, &web::key(&parts), &mut found);
        }
        self.hit(found, at)
    }

    /// What names the TLS fingerprint at `at`: JA3, or JA4.
    #[must_use]
    pub fn find_fingerprint(
        &self,
        ja3: Option<&str>,
        ja4: Option<&str>,
        at: Timestamp,
    ) -> Option<Hit> {
        if self.others.is_empty() {
            return None;
        }
        let mut found = NoteIds::new();
        for (mark, print) in [(JA3, ja3), (JA4, ja4)] {
            if let Some(print) = print.filter(|print| print.len() <= MAX_FINGERPRINT_BYTES) {
                self.find_other(mark, &print.to_ascii_lowercase(), &mut found);
            }
        }
        self.hit(found, at)
    }

    fn find_other(&self, mark: u8, key: &str, found: &mut NoteIds) {
        let mut marked: smallvec::SmallVec<[u8; 256]> = smallvec::SmallVec::new();
        marked.push(mark);
        marked.extend_from_slice(key.as_bytes());
        let hash = Backwards::of(&marked);
        if self.others.may_hold(hash) {
            self.others.find(hash, &marked, found);
        }
    }

    fn hit(&self, mut found: NoteIds, at: Timestamp) -> Option<Hit> {
        if found.is_empty() {
            return None;
        }
        let second = second_of(at);
        found.retain(|note| self.notes.holds_at(*note, second));
        found.sort_unstable();
        found.dedup();
        found.truncate(MAX_NOTES);
        (!found.is_empty()).then_some(Hit(found))
    }

    /// What the lists say of a match, in the order of the lists.
    pub fn says<'s>(&'s self, hit: &'s Hit) -> impl Iterator<Item = Says<'s>> {
        hit.0.iter().filter_map(|note| self.one_says(*note))
    }

    fn one_says(&self, note: NoteId) -> Option<Says<'_>> {
        let origin = self.notes.origin(note)?;
        let until = self.notes.validity(note).until;
        Some(Says {
            list: self.lists.get(usize::from(origin.list))?,
            source: self.notes.text(origin.source),
            threat: self.notes.text(origin.threat),
            confidence: origin.confidence(),
            port: (origin.port != 0).then_some(origin.port),
            until: (until != note::FOR_EVER).then(|| Timestamp::from_seconds(until.into())),
        })
    }

    /// Whether there are no indicators.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.addresses.is_empty() && self.names.is_empty() && self.others.is_empty()
    }

    /// Whether there are names among them.
    #[must_use]
    pub const fn has_domains(&self) -> bool {
        !self.names.is_empty()
    }

    /// Bytes held in large pages, which no allocator counts.
    #[must_use]
    pub fn own_bytes(&self) -> usize {
        self.names.own_bytes() + self.others.own_bytes()
    }

    /// Whether there are web addresses among them.
    #[must_use]
    pub const fn has_urls(&self) -> bool {
        self.has_urls
    }

    /// Whether there are web addresses or fingerprints among them.
    #[must_use]
    pub const fn has_others(&self) -> bool {
        !self.others.is_empty()
    }
}

fn second_of(at: Timestamp) -> u32 {
    u32::try_from(at.as_seconds().max(0)).unwrap_or(u32::MAX - 1)
}
