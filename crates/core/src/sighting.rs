//! The unit that leaves the firm: a privacy-screened digest of one finding.
//!
//! Standard: STIX 2.1 sighting. A sighting holds who (outside), what, how it ended, how often and
//! when. It has no place for a payload, a message, a URL value, an account name or an inside
//! address: what cannot be expressed cannot leak (invariant 1).

use std::net::IpAddr;
use std::sync::Arc;

use crate::event::words;
use crate::finding::{AttackOutcome, Category, FindingId, Severity};
use crate::time::Timestamp;

/// The most outside addresses one sighting names.
pub const MAX_SOURCES: usize = 50;
/// The longest key, in bytes.
pub const MAX_KEY_BYTES: usize = 128;

/// What leaves the firm about one finding. A later sighting of the same `id` replaces the earlier.
#[derive(Clone, Debug, PartialEq)]
pub struct Sighting {
    /// Stands for the finding it digests; only the firm can tell which
    /// ([`PseudonymKey`](crate::minimise::PseudonymKey)).
    pub id: FindingId,
    /// What firms compare: `tcp/445`, a rule id, a domain; without sources, the place outside that a
    /// host inside was in contact with. At most [`MAX_KEY_BYTES`].
    pub key: String,
    /// Detector name or rule id.
    pub detector: Arc<str>,
    /// Family of behaviour.
    pub category: Category,
    /// ATT&CK technique ids.
    pub attack: Vec<Arc<str>>,
    /// How bad if true.
    pub severity: Severity,
    /// How sure, 0 to 100.
    pub confidence: u8,
    /// What became of it.
    pub outcome: AttackOutcome,
    /// First event.
    pub first: Timestamp,
    /// Last event.
    pub last: Timestamp,
    /// Events behind it.
    pub count: u64,
    /// Public addresses of the attackers, at most [`MAX_SOURCES`]. None where nobody attacked from
    /// outside: then the key is a place.
    pub sources: Vec<IpAddr>,
}

words! {
    /// Why a finding gave no sighting of its own.
    Withheld {
        /// Every actor is an inside address: the firm's own business.
        InsideOnly = "inside-only",
        /// No actor's address is known.
        NoSource = "no-source",
        /// Below the severity or confidence the member shares.
        BelowLevel = "below-level",
        /// The member chose to share nothing, or has no hub.
        SharingOff = "sharing-off",
        /// An update of a sighting that is still waiting to be sent; merged into it.
        Merged = "merged",
        /// On the never-share list (resolvers, the firm's own addresses).
        NeverShare = "never-share",
        /// The disk was full for so long that it could no longer be kept for the hub.
        DiskFull = "disk-full",
    }
}
