//! The place outside that one of the firm's own hosts was in contact with: what firms compare when none of
//! them was attacked from outside. See `docs/design/0010-places.md`.

use std::net::IpAddr;

use super::key;
use crate::detect::suffix;
use crate::finding::{Category, Finding, Severity};
use crate::sighting::MAX_KEY_BYTES;

/// Findings less severe or less sure than this may be somebody's habit, and name no place.
const MIN_SEVERITY: Severity = Severity::Medium;
const MIN_CONFIDENCE: u8 = 50;

/// A place outside.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Place {
    /// By its address.
    Address(IpAddr),
    /// By the name that somebody registered, without what stands left of it: that may name the firm, its
    /// host, or carry data.
    Name(String),
}

impl Place {
    /// The place that `finding` is about.
    pub fn of(finding: &Finding) -> Option<Self> {
        let is_worth = finding.severity >= MIN_SEVERITY && finding.confidence >= MIN_CONFIDENCE;
        if !is_worth || !has_places(finding.category) {
            return None;
        }
        if let Ok(ip) = finding.key.parse::<IpAddr>() {
            return Some(Self::Address(crate::address::canonical(ip)));
        }
        registered(&finding.key).map(|name| Self::Name(name.to_owned()))
    }

    /// The key of its sighting.
    pub fn key(self) -> String {
        match self {
            Self::Address(ip) => ip.to_string(),
            Self::Name(name) => name,
        }
    }
}

/// Whether findings of this family are about a place, and their key is that place. Not among them: data
/// that went out to a place that may be honest, hosts that attack others (their victims are no
/// culprits), and names a program made, of which there are too many to say which one matters.
pub const fn has_places(category: Category) -> bool {
    matches!(
        category,
        Category::C2 | Category::DnsTunnel | Category::Indicator
    )
}

/// The name on the internet that `name` belongs to.
pub fn registered(name: &str) -> Option<&str> {
    let registered = suffix::registered(name)?.domain;
    is_registered(registered).then_some(registered)
}

/// Whether `text` is exactly a name that somebody registered on the internet.
pub fn is_registered(text: &str) -> bool {
    text.len() <= MAX_KEY_BYTES
        && key::is_outside_domain(text)
        && suffix::is_on_the_internet(text)
        && suffix::registered(text).is_some_and(|whole| whole.domain == text)
}
