//! How each detector tells its stories: the part of a detector that is words and names.

use super::story::{Few, Story, What};
use super::{
    alert, beacon, certificate, crawl, flood, generated, guessing, listed, mismatch, new_service,
    outflow, probing, proxy_probe, rule, scan, scanner, shared_guessing, shared_scan, spread,
    tunnel, web_attack,
};
use crate::event::Protocol;
use crate::finding::{AttackOutcome, Category};

/// How one detector tells its stories.
///
/// A new detector is a file with one of these, a variant of [`What`], and what it adds to
/// [`super::fold::Fold`].
pub struct Telling {
    /// The stable name of the detector; empty for rules, which have their own ids.
    pub detector: &'static str,
    /// Silence after which a story is over, in seconds.
    pub quiet_seconds: i64,
    /// The sort of finding.
    pub category: Category,
    /// What the evidence calls the names of a story.
    pub names: &'static str,
    /// What the evidence calls its reasons.
    pub reasons: &'static str,
    /// ATT&CK technique ids.
    pub techniques: fn(&Story) -> &'static [&'static str],
    /// What firms compare: never content, only services, templates and names from lists.
    pub key: fn(&Story) -> String,
    /// Which message of the catalogue speaks of it, between `detect-` and `-title` or `-advice`.
    pub message: fn(&Story) -> &'static str,
    /// Every answer of `message`, for the test that none is missing.
    #[cfg_attr(
        not(test),
        expect(dead_code, reason = "only a test asks for all of them")
    )]
    pub messages: &'static [&'static str],
    /// What became of it, where neither the story nor a complete refusal says.
    pub outcome: fn(&Story) -> AttackOutcome,
}

impl What {
    /// How the stories of this are told.
    pub const fn telling(self) -> &'static Telling {
        match self {
            Self::Guessing => &guessing::GUESSING,
            Self::BreakIn => &guessing::BREAK_IN,
            Self::OldPassword => &guessing::OLD_PASSWORD,
            Self::Spraying => &shared_guessing::SPRAYING,
            Self::Stuffing => &shared_guessing::STUFFING,
            Self::SharedGuessing => &shared_guessing::SHARED_GUESSING,
            Self::PortScan => &scan::PORT_SCAN,
            Self::AddressScan => &scan::ADDRESS_SCAN,
            Self::SharedScan => &shared_scan::SHARED_SCAN,
            Self::Probe => &scan::PROBE,
            Self::WebProbing => &probing::WEB_PROBING,
            Self::WebCrawl => &crawl::WEB_CRAWL,
            Self::WebScanner => &scanner::WEB_SCANNER,
            Self::ProxyProbe => &proxy_probe::PROXY_PROBE,
            Self::ProtocolMismatch => &mismatch::PROTOCOL_MISMATCH,
            Self::CertificateEnding => &certificate::CERTIFICATE_ENDING,
            Self::WebAttack => &web_attack::WEB_ATTACK,
            Self::GeneratedDomain => &generated::GENERATED_DOMAIN,
            Self::DnsTunnel => &tunnel::DNS_TUNNEL,
            Self::Indicator => &listed::INDICATOR,
            Self::Alert => &alert::ALERT,
            Self::Beacon => &beacon::BEACON,
            Self::Outflow => &outflow::OUTFLOW,
            Self::Flood => &flood::FLOOD,
            Self::Amplification => &flood::AMPLIFICATION,
            Self::NewService => &new_service::NEW_SERVICE,
            Self::InsideAttack => &spread::INSIDE_ATTACK,
            Self::Rule(_) => &rule::RULE,
        }
    }

    /// One of each that is no rule.
    pub const NATIVE: &[Self] = &[
        Self::Guessing,
        Self::BreakIn,
        Self::OldPassword,
        Self::Spraying,
        Self::Stuffing,
        Self::SharedGuessing,
        Self::PortScan,
        Self::AddressScan,
        Self::SharedScan,
        Self::Probe,
        Self::WebProbing,
        Self::WebCrawl,
        Self::WebScanner,
        Self::ProxyProbe,
        Self::ProtocolMismatch,
        Self::CertificateEnding,
        Self::WebAttack,
        Self::GeneratedDomain,
        Self::DnsTunnel,
        Self::Indicator,
        Self::Alert,
        Self::Beacon,
        Self::Outflow,
        Self::Flood,
        Self::Amplification,
        Self::NewService,
        Self::InsideAttack,
    ];
}

/// What became of a story: what its detector knows, else that all of it was kept out, else what the
/// detector supposes.
pub fn outcome(story: &Story) -> AttackOutcome {
    match story.outcome {
        Some(known) => known,
        None => (story.key.what.telling().outcome)(story),
    }
}

/// [`AttackOutcome::Blocked`] when every event was refused, else unknown.
pub fn blocked_or_unknown(story: &Story) -> AttackOutcome {
    if story.refused == story.count {
        AttackOutcome::Blocked
    } else {
        AttackOutcome::Unknown
    }
}

/// The one service of a story as firms compare it, like `tcp/22`.
pub fn service_key(story: &Story) -> Option<String> {
    let (proto, port) = only(&story.services)?;
    Some(format!("{}/{port}", proto.unwrap_or(Protocol::TCP)))
}

/// The only one, if there is exactly one.
pub fn only<T: PartialEq>(few: &Few<T>) -> Option<&T> {
    match few.items() {
        [one] => Some(one),
        _ => None,
    }
}
