//! What may leave the firm: from a finding to a sighting, or a reason why not (invariant 1).
//!
//! A sighting is built up from nothing, field by field, never by removing from a finding: title,
//! evidence, advice, target address and account names have no way into it, and its id is one that the hub cannot
//! lead back to an address ([`PseudonymKey`]). The three texts that it
//! does carry (key, detector, technique ids) must have a shape that cannot hold content.

mod key;
mod place;
mod pseudonym;

pub use pseudonym::{PSEUDONYM_KEY_BYTES, PseudonymKey};

use std::collections::BTreeSet;
use std::net::IpAddr;
use std::sync::Arc;

use self::place::Place;
use crate::address::{self, Network};
use crate::event::words;
use crate::finding::{Category, Finding, Severity};
use crate::sighting::{MAX_SOURCES, Sighting, Withheld};

/// Most ATT&CK ids in a sighting.
const MAX_TECHNIQUES: usize = 16;
/// Longest detector name.
const MAX_DETECTOR_BYTES: usize = 64;

words! {
    /// How much the member shares.
    Level {
        /// Nothing leaves.
        Off = "off",
        /// Sightings.
        Standard = "standard",
    }
}

/// What the member shares with the hub.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sharing {
    /// How much. Default standard.
    pub level: Level,
    /// Findings less severe stay home. Default low.
    pub min_severity: Severity,
    /// Findings less sure stay home, 0 to 100. Default 30.
    pub min_confidence: u8,
    /// The firm's own public addresses; they count as inside. Default none.
    pub own_networks: Vec<Network>,
    /// Outside addresses that are never named, such as resolvers and partners. Default none.
    pub never_share: Vec<Network>,
    /// Whether a place outside is named that hosts inside were in contact with: where they are
    /// remote-controlled from, where data leaks to in names, what a list calls bad. The host itself
    /// is never named. Default yes.
    pub places: bool,
}

impl Default for Sharing {
    fn default() -> Self {
        Self {
            level: Level::Standard,
            min_severity: Severity::Low,
            min_confidence: 30,
            own_networks: Vec::new(),
            never_share: Vec::new(),
            places: true,
        }
    }
}

/// Screens findings by what the member shares.
#[derive(Clone, Debug)]
pub struct Minimiser {
    sharing: Sharing,
    pseudonyms: PseudonymKey,
}

impl Minimiser {
    /// A minimiser that keeps to `sharing` and calls sightings by the firm's own key.
    #[must_use]
    pub const fn new(sharing: Sharing, pseudonyms: PseudonymKey) -> Self {
        Self {
            sharing,
            pseudonyms,
        }
    }

    /// What the member shares.
    #[must_use]
    pub const fn sharing(&self) -> &Sharing {
        &self.sharing
    }

    /// The sighting of `finding`.
    ///
    /// # Errors
    /// The reason why it stays home.
    pub fn screen(&self, finding: &Finding) -> Result<Sighting, Withheld> {
        if self.sharing.level == Level::Off {
            return Err(Withheld::SharingOff);
        }
        if finding.severity < self.sharing.min_severity
            || finding.confidence < self.sharing.min_confidence
        {
            return Err(Withheld::BelowLevel);
        }
        let detector = detector(finding);
        let (key, sources) = match self.sources(&finding.sources) {
            Ok(sources) => {
                let key = key::shared(finding, &detector, |ip| self.may_name(ip));
                (key, sources)
            }
            Err(Withheld::InsideOnly) => (self.place(finding)?, Vec::new()),
            Err(reason) => return Err(reason),
        };
        Ok(Sighting {
            id: self.pseudonyms.of(finding.id),
            key,
            detector,
            category: finding.category,
            attack: finding
                .attack
                .iter()
                .filter(|id| is_technique(id))
                .take(MAX_TECHNIQUES)
                .cloned()
                .collect(),
            severity: finding.severity,
            confidence: finding.confidence.min(100),
            outcome: finding.outcome,
            first: finding.first.min(finding.last),
            last: finding.last.max(finding.first),
            count: finding.count,
            sources,
        })
    }

    /// The addresses that may be named, each once, in the finding's order.
    fn sources(&self, all: &[IpAddr]) -> Result<Vec<IpAddr>, Withheld> {
        if all.is_empty() {
            return Err(Withheld::NoSource);
        }
        let mut outside = all
            .iter()
            .map(|ip| address::canonical(*ip))
            .filter(|ip| self.is_outside(*ip))
            .peekable();
        if outside.peek().is_none() {
            return Err(Withheld::InsideOnly);
        }
        let mut seen = BTreeSet::new();
        let sources: Vec<IpAddr> = outside
            .filter(|ip| !is_in(&self.sharing.never_share, *ip) && seen.insert(*ip))
            .take(MAX_SOURCES)
            .collect();
        if sources.is_empty() {
            return Err(Withheld::NeverShare);
        }
        Ok(sources)
    }

    /// The place outside that a finding about hosts inside names, and only that.
    fn place(&self, finding: &Finding) -> Result<String, Withheld> {
        let place = Place::of(finding).filter(|_| self.sharing.places);
        match place.ok_or(Withheld::InsideOnly)? {
            Place::Address(ip) if !self.is_outside(ip) => Err(Withheld::InsideOnly),
            Place::Address(ip) if !self.may_name(ip) => Err(Withheld::NeverShare),
            place => Ok(place.key()),
        }
    }

    fn is_outside(&self, ip: IpAddr) -> bool {
        address::is_public(ip) && !is_in(&self.sharing.own_networks, ip)
    }

    fn may_name(&self, ip: IpAddr) -> bool {
        self.is_outside(ip) && !is_in(&self.sharing.never_share, ip)
    }
}

fn is_in(networks: &[Network], ip: IpAddr) -> bool {
    networks.iter().any(|network| network.contains(ip))
}

/// The detector's name if it has the shape of one, else the category's word: a rule that somebody
/// loaded may be called anything.
fn detector(finding: &Finding) -> Arc<str> {
    if finding.detector.len() <= MAX_DETECTOR_BYTES
        && (key::is_kebab(&finding.detector) || key::is_uuid(&finding.detector))
    {
        Arc::clone(&finding.detector)
    } else {
        Arc::from(finding.category.as_str())
    }
}

/// Whether `id` is an ATT&CK technique id: `T1110` or `T1110.001`.
#[must_use]
pub fn is_technique(id: &str) -> bool {
    let digits = |text: &str, count: usize| {
        text.len() == count && text.bytes().all(|byte| byte.is_ascii_digit())
    };
    let Some(number) = id.strip_prefix('T') else {
        return false;
    };
    match number.split_once('.') {
        Some((technique, part)) => digits(technique, 4) && digits(part, 3),
        None => digits(number, 4),
    }
}

/// Whether a sighting may carry `key`, by its shape alone: what the hub checks of what it receives.
/// Domains and public addresses pass only for the categories that are about places.
#[must_use]
pub fn is_shareable_key(key: &str, category: Category) -> bool {
    key::is_shareable(key, category, address::is_public) || key::is_kebab(key)
}

/// Whether `key` is a place outside and may stand alone, in a sighting without sources: a public address, or
/// a registered name, of a category that is about places.
#[must_use]
pub fn is_place(key: &str, category: Category) -> bool {
    place::has_places(category)
        && match key.parse::<IpAddr>() {
            Ok(ip) => address::is_public(ip),
            Err(_) => place::is_registered(key),
        }
}

#[cfg(test)]
mod tests;
