//! What a detector concluded, with the evidence for it.
//!
//! Standards: OCSF detection finding (2004), MITRE ATT&CK technique ids.

mod json;

pub use json::write_finding;

use std::fmt;
use std::net::IpAddr;
use std::sync::Arc;

use crate::event::{Protocol, words};
use crate::time::Timestamp;

words! {
    /// The family of behaviour.
    Category {
        /// Looking for open doors.
        Scan = "scan",
        /// Guessing log-ins.
        BruteForce = "brute-force",
        /// Attacking a web application.
        WebAttack = "web-attack",
        /// Contact with something known bad.
        Indicator = "indicator",
        /// Remote control of an infected host.
        C2 = "c2",
        /// Data hidden in name look-ups.
        DnsTunnel = "dns-tunnel",
        /// Names made up by malware.
        GeneratedDomain = "generated-domain",
        /// Denial of service.
        Dos = "dos",
        /// Data carried out.
        Exfiltration = "exfiltration",
        /// Malicious software.
        Malware = "malware",
        /// A weak spot.
        Exposure = "exposure",
        /// A rule of the house broken.
        Policy = "policy",
        /// What another detector said.
        IdsAlert = "ids-alert",
    }
}

words! {
    /// How bad it is if true. Separate from confidence: how sure we are.
    Severity {
        /// Worth knowing.
        Info = "info",
        /// Background noise of the internet.
        Low = "low",
        /// Deserves a look this week.
        Medium = "medium",
        /// Deserves action today.
        High = "high",
        /// Act now.
        Critical = "critical",
    }
}

words! {
    /// What became of the attack.
    AttackOutcome {
        /// Tried; nothing says that it worked.
        Attempt = "attempt",
        /// Kept out.
        Blocked = "blocked",
        /// It worked.
        Success = "success",
        /// Cannot be told from these records.
        Unknown = "unknown",
    }
}

/// The identity of a finding: the same attack gets the same id on every run, on any number of
/// workers, so that an update replaces what was said before.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FindingId(pub [u8; 16]);

impl FindingId {
    /// From what makes the finding unique: detector, actors, target and first time. SHA-256 cut to
    /// 128 bits over the length-prefixed parts.
    #[must_use]
    pub fn of(parts: &[&[u8]]) -> Self {
        use sha2::{Digest as _, Sha256};
        let mut hash = Sha256::new();
        for part in parts {
            hash.update((part.len() as u64).to_le_bytes());
            hash.update(part);
        }
        let mut id = [0; 16];
        for (to, from) in id.iter_mut().zip(hash.finalize()) {
            *to = from;
        }
        Self(id)
    }

    /// From its 32 hexadecimal digits.
    #[must_use]
    pub fn from_hex(text: &str) -> Option<Self> {
        let bytes = text.as_bytes();
        if bytes.len() != 32 {
            return None;
        }
        let mut id = [0; 16];
        for (to, pair) in id.iter_mut().zip(bytes.chunks_exact(2)) {
            *to = u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok()?;
        }
        Some(Self(id))
    }
}

impl fmt::Display for FindingId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

/// One piece of evidence.
#[derive(Clone, Debug, PartialEq)]
pub enum Evidence {
    /// Text. May hold content; it is never part of a sighting.
    Text(String),
    /// A count or measure.
    Number(f64),
    /// Several texts, at most 20.
    List(Vec<String>),
}

/// What a detector concluded.
#[derive(Clone, Debug, PartialEq)]
pub struct Finding {
    /// Stable identity.
    pub id: FindingId,
    /// What the same attacker does is one story: the id of the first finding of it, often this one.
    pub story: FindingId,
    /// Name of the native detector, or the id of the Sigma rule.
    pub detector: Arc<str>,
    /// One line, in plain words.
    pub title: String,
    /// Family of behaviour.
    pub category: Category,
    /// ATT&CK technique ids, such as `T1110.001`.
    pub attack: Vec<Arc<str>>,
    /// How bad if true.
    pub severity: Severity,
    /// How sure, 0 to 100.
    pub confidence: u8,
    /// What became of it.
    pub outcome: AttackOutcome,
    /// Record time of the first event behind it.
    pub first: Timestamp,
    /// Record time of the last.
    pub last: Timestamp,
    /// Who did it: one address, several for a distributed attack (at most 50), none if unknown.
    pub sources: Vec<IpAddr>,
    /// The one target, if there is one.
    pub dst_ip: Option<IpAddr>,
    /// The one service, if there is one.
    pub dst_port: Option<u16>,
    /// Protocol of the service.
    pub proto: Option<Protocol>,
    /// The key under which firms can compare notes without content: `tcp/445`, a rule id, a domain.
    pub key: String,
    /// Events behind it.
    pub count: u64,
    /// What it rests on, by name, in a fixed order.
    pub evidence: Vec<(&'static str, Evidence)>,
    /// What to do, in plain words.
    pub advice: String,
}
