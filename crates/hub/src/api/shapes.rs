//! What is sent: one shape each, described for the document.

use std::collections::BTreeMap;

use larum_core::time::Timestamp;
use larum_core::watch::weakness::{self, Weakness};
use larum_link::wire::{Heartbeat, WireWarning};
use serde::{Serialize, Serializer};
use utoipa::ToSchema;

use crate::origin::Origin;
use crate::store::api::{Acknowledged, KeyRow};
use crate::store::audit::AuditRow;
use crate::store::pages::{
    Activity, CollectorRow, MemberCard, MemberRow, SightingRow, Spread, ThreatMember, ThreatRow,
    ThreatSource, WarningRow,
};
use crate::store::people::CollectorEntry;
use crate::watch::exploited::Catalogue;

/// A moment in UTC.
#[derive(ToSchema)]
#[schema(value_type = String, format = DateTime, example = "2026-11-23T09:30:00Z")]
pub(super) struct Moment(pub Timestamp);

impl Serialize for Moment {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&self.0)
    }
}

impl From<Timestamp> for Moment {
    fn from(at: Timestamp) -> Self {
        Self(at)
    }
}

/// A key and its owner.
#[derive(Serialize, ToSchema)]
pub(super) struct Key {
    /// Identity of the key.
    pub id: String,
    /// What it is for, in its owner's words.
    pub name: String,
    /// What it was made for.
    pub actions: Vec<&'static str>,
    /// What its owner is.
    pub role: &'static str,
    /// Identity of the owner's firm, if they belong to one.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub member: Option<String>,
    /// When it was made.
    pub created: Moment,
    /// When it ends.
    pub expires: Moment,
}

impl Key {
    pub fn of(key: &KeyRow, role: &'static str, member: Option<String>) -> Self {
        Self {
            id: key.id.to_string(),
            name: key.name.clone(),
            actions: key.actions.iter().map(|action| action.as_str()).collect(),
            role,
            member,
            created: key.created.into(),
            expires: key.expires.into(),
        }
    }
}

/// Sums over a firm's sightings.
#[derive(Serialize, ToSchema)]
pub(super) struct Summary {
    /// Start of the time summed.
    pub from: Moment,
    /// End of it.
    pub to: Moment,
    /// Sightings.
    pub sightings: u64,
    /// Different attackers' addresses.
    pub sources: u64,
    /// Events by outcome: `attempt`, `blocked`, `success`, `unknown`.
    pub events: BTreeMap<String, u64>,
    /// Whether there were more sightings than are summed, so that the sums are too low.
    pub cut: bool,
}

impl Summary {
    pub fn of(activity: Activity, from: Timestamp, to: Timestamp) -> Self {
        Self {
            from: from.into(),
            to: to.into(),
            sightings: activity.sightings,
            sources: activity.sources,
            events: activity.events,
            cut: activity.cut,
        }
    }
}

/// A sighting as the firm sent it.
#[derive(Serialize, ToSchema)]
pub(super) struct Sighting {
    /// Identity of the finding.
    pub id: String,
    /// Identity of the collector.
    pub collector: String,
    /// What firms compare, such as `tcp/3389`.
    pub key: String,
    /// Detector or rule.
    pub detector: String,
    /// Category word.
    pub category: String,
    /// ATT&CK techniques.
    pub attack: Vec<String>,
    /// `info`, `low`, `medium`, `high` or `critical`.
    pub severity: String,
    /// How sure the detector is.
    #[schema(minimum = 0, maximum = 100)]
    pub confidence: u8,
    /// `attempt`, `blocked`, `success` or `unknown`.
    pub outcome: String,
    /// First event.
    pub first: Moment,
    /// Last event.
    pub last: Moment,
    /// Events behind it.
    pub count: u64,
    /// Attackers' addresses.
    pub sources: Vec<String>,
}

impl From<SightingRow> for Sighting {
    fn from(row: SightingRow) -> Self {
        Self {
            id: row.id,
            collector: row.collector,
            key: row.key,
            detector: row.detector,
            category: row.category,
            attack: row.attack,
            severity: row.severity,
            confidence: row.confidence,
            outcome: row.outcome,
            first: row.first.into(),
            last: row.last.into(),
            count: row.count,
            sources: row.sources,
        }
    }
}

macro_rules! page {
    ($(#[$meta:meta])* $name:ident, $row:ty) => {
        $(#[$meta])*
        #[derive(Serialize, ToSchema)]
        pub(super) struct $name {
            /// The rows.
            pub items: Vec<$row>,
            /// The `cursor` of the next page; not there on the last.
            #[serde(skip_serializing_if = "Option::is_none")]
            #[schema(nullable = false)]
            pub next: Option<String>,
        }
    };
}

page!(
    /// Sightings, newest first.
    SightingPage,
    Sighting
);
page!(
    /// Warnings, newest first.
    WarningPage,
    Warning
);
page!(
    /// Reads, newest first.
    ReadPage,
    Read
);
page!(
    /// Firms by name.
    MemberPage,
    Member
);
page!(
    /// Collectors of the hub, by the name of their firm.
    InstalledPage,
    Installed
);
page!(
    /// Threats: emerging, watched, closed; in each the worst and newest first.
    ThreatPage,
    Threat
);

/// A collector of a firm, and how it is.
#[derive(Serialize, ToSchema)]
pub(super) struct Collector {
    /// Identity.
    pub id: String,
    /// Where it stands.
    pub site: String,
    /// When it joined.
    pub created: Moment,
    /// When it was shut out, if it was.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub revoked: Option<Moment>,
    /// When its numbering last contradicted the hub's: a copied identity or a restored back-up.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub conflict: Option<Moment>,
    /// When it last had to wait because its day's quota was used up.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub over_quota: Option<Moment>,
    /// When it was last heard.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub last_seen: Option<Moment>,
    /// What it last said about itself.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub health: Option<Health>,
}

/// What a collector last said about itself. The counts are since its installation.
#[derive(Serialize, ToSchema)]
pub(super) struct Health {
    /// Version of the program.
    pub version: String,
    /// Devices heard in the last hour.
    pub devices: u32,
    /// Records received.
    pub received: u64,
    /// Records read.
    pub events: u64,
    /// Records that could not be read, by reason.
    pub rejected: BTreeMap<String, u64>,
    /// Records dropped before reading, by reason.
    pub dropped: BTreeMap<String, u64>,
    /// Findings.
    pub findings: u64,
    /// Sightings the hub has receipted.
    pub receipted: u64,
    /// Bytes waiting to be sent.
    pub waiting_bytes: u64,
    /// What is wrong with it.
    pub concerns: Vec<String>,
}

impl From<CollectorRow> for Collector {
    fn from(row: CollectorRow) -> Self {
        let beat = row
            .heartbeat
            .and_then(|json| serde_json::from_str::<Heartbeat>(&json).ok());
        Self {
            id: row.id.to_string(),
            site: row.site,
            created: row.created.into(),
            revoked: row.revoked.map(Moment),
            conflict: row.conflict.map(Moment),
            over_quota: row.over_quota.map(Moment),
            last_seen: row.last_seen.map(Moment),
            health: beat.map(|beat| Health {
                version: beat.version,
                devices: beat.devices,
                received: beat.total.received,
                events: beat.total.events,
                rejected: beat.total.rejected,
                dropped: beat.total.dropped,
                findings: beat.total.findings,
                receipted: beat.total.receipted,
                waiting_bytes: beat.spool_bytes,
                concerns: beat.concerns,
            }),
        }
    }
}

/// A firm's collectors.
#[derive(Serialize, ToSchema)]
pub(super) struct Collectors {
    /// The collectors, those in use first.
    pub items: Vec<Collector>,
}

/// A collector as whoever runs the hub sees it.
#[derive(Serialize, ToSchema)]
pub(super) struct Installed {
    /// Identity.
    pub id: String,
    /// Name of its firm.
    pub member_name: String,
    /// Where it stands.
    pub site: String,
    /// When it joined.
    pub created: Moment,
    /// When it was last heard.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub last_seen: Option<Moment>,
    /// When it was shut out, if it was.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub revoked: Option<Moment>,
    /// When its numbering last contradicted the hub's.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub conflict: Option<Moment>,
    /// When it last had to wait because its day's quota was used up.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub over_quota: Option<Moment>,
}

impl From<CollectorEntry> for Installed {
    fn from(row: CollectorEntry) -> Self {
        Self {
            id: row.id.to_string(),
            member_name: row.member_name,
            site: row.site,
            created: row.created.into(),
            last_seen: row.last_seen.map(Moment),
            revoked: row.revoked.map(Moment),
            conflict: row.conflict.map(Moment),
            over_quota: row.over_quota.map(Moment),
        }
    }
}

/// A warning to a firm.
#[derive(Serialize, ToSchema)]
pub(super) struct Warning {
    /// Number.
    pub id: u64,
    /// Number of the threat.
    pub threat: u64,
    /// When it was issued.
    pub issued: Moment,
    /// When it no longer matters.
    pub expires: Moment,
    /// Severity word.
    pub severity: String,
    /// What it is about, such as `tcp/3389`.
    pub key: String,
    /// One line: what.
    pub title: String,
    /// Why this firm.
    pub why: String,
    /// What to do, one step each.
    pub actions: Vec<String>,
    /// Addresses seen attacking others.
    pub indicators: Vec<String>,
    /// When a collector of the firm fetched it.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub delivered: Option<Moment>,
    /// When the firm was hit after it, if it was.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub hit: Option<Moment>,
    /// When somebody of the firm said that it was read.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub acknowledged: Option<Moment>,
}

impl Warning {
    /// `None` where the stored text cannot be read.
    pub fn of(row: WarningRow, acknowledged: Option<Acknowledged>) -> Option<Self> {
        let body: WireWarning = serde_json::from_str(&row.body).ok()?;
        Some(Self {
            id: row.id,
            threat: row.threat,
            issued: row.issued.into(),
            expires: row.expires.into(),
            severity: body.severity,
            key: body.key,
            title: body.title,
            why: body.why,
            actions: body.actions,
            indicators: body.indicators.iter().map(ToString::to_string).collect(),
            delivered: row.delivered.map(Moment),
            hit: row.hit.map(Moment),
            acknowledged: acknowledged.map(|word| word.at.into()),
        })
    }
}

/// A firm's word that a warning was read.
#[derive(Serialize, ToSchema)]
pub(super) struct Acknowledgement {
    /// Number of the warning.
    pub warning: u64,
    /// When it was given first.
    pub at: Moment,
}

/// A read of the firm's data by somebody outside it.
#[derive(Serialize, ToSchema)]
pub(super) struct Read {
    /// Number in the ledger.
    pub id: u64,
    /// When.
    pub at: Moment,
    /// Who.
    pub who: String,
    /// What they are.
    pub role: String,
    /// What was done.
    pub action: String,
    /// On which address.
    pub subject: String,
}

impl From<AuditRow> for Read {
    fn from(row: AuditRow) -> Self {
        Self {
            id: row.id,
            at: row.at.into(),
            who: row.who,
            role: row.role,
            action: row.action,
            subject: row.subject,
        }
    }
}

/// Something emerging across firms: counts, no names.
#[derive(Serialize, ToSchema)]
pub(super) struct Threat {
    /// Number.
    pub id: u64,
    /// What is attacked, such as `tcp/3389`.
    pub key: String,
    /// `emerging`, `novel` and so on.
    pub kind: String,
    /// How wide: `national`, `region`, `sector`, `area`.
    pub level: String,
    /// `emerging`, `watching` or `closed`.
    pub state: String,
    /// Severity word.
    pub severity: String,
    /// When it was called.
    pub opened: Moment,
    /// When it last changed.
    pub updated: Moment,
    /// When it was over, if it is.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub closed: Option<Moment>,
    /// First sighting of it.
    pub first: Moment,
    /// How unusual it is.
    pub score: f64,
    /// Different attackers' addresses.
    pub sources: u64,
    /// Firms hit.
    pub members: u64,
    /// Firms warned.
    pub warned: u64,
    /// Firms warned first and hit after.
    pub warned_before_hit: u64,
}

impl From<ThreatRow> for Threat {
    fn from(row: ThreatRow) -> Self {
        Self {
            id: row.id,
            key: row.key,
            kind: row.kind,
            level: row.level,
            state: row.state,
            severity: row.severity,
            opened: row.opened.into(),
            updated: row.updated.into(),
            closed: row.closed.map(Moment),
            first: row.first.into(),
            // What is no number cannot be said in JSON.
            score: if row.score.is_finite() {
                row.score
            } else {
                0.0
            },
            sources: row.sources,
            members: row.members,
            warned: row.warned,
            warned_before_hit: row.warned_before_hit,
        }
    }
}

/// An attacker's address behind a threat.
#[derive(Serialize, ToSchema)]
pub(super) struct Source {
    /// Address, or the /64 of an IPv6 one.
    pub source: String,
    /// Different firms it attacked.
    pub members: u64,
    /// First hour it was seen in.
    pub first: Moment,
    /// Last hour it was seen in.
    pub last: Moment,
    /// Country it is registered in, two letters, where the hub has a file that knows.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub country: Option<String>,
    /// Number and name of its network, where the hub has a file that knows.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub network: Option<String>,
}

impl Source {
    pub fn of((row, origin): (ThreatSource, Origin)) -> Self {
        let known = |text: String| Some(text).filter(|text| !text.is_empty());
        Self {
            country: known(origin.country),
            network: known(origin.network),
            source: row.source,
            members: row.members,
            first: row.first.into(),
            last: row.last.into(),
        }
    }
}

/// How many firms of one sector or area; counts, no names.
#[derive(Serialize, ToSchema)]
pub(super) struct Share {
    /// Code of the area, or the sector.
    pub of: String,
    /// Firms hit.
    pub hit: u64,
    /// Firms warned.
    pub warned: u64,
}

impl From<Spread> for Share {
    fn from(row: Spread) -> Self {
        Self {
            of: row.of,
            hit: row.hit,
            warned: row.warned,
        }
    }
}

/// A firm hit by or warned of a threat.
#[derive(Serialize, ToSchema)]
pub(super) struct Reached {
    /// The firm.
    pub member: Card,
    /// When it was first hit, if it was.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub hit: Option<Moment>,
    /// When it was warned, if it was.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub warned: Option<Moment>,
    /// When its collector fetched the warning, if it did.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub delivered: Option<Moment>,
}

impl From<ThreatMember> for Reached {
    fn from(row: ThreatMember) -> Self {
        Self {
            member: row.card.into(),
            hit: row.hit.map(Moment),
            warned: row.warned.map(Moment),
            delivered: row.delivered.map(Moment),
        }
    }
}

/// A threat with what it rests on.
#[derive(Serialize, ToSchema)]
pub(super) struct ThreatDetail {
    /// The threat.
    pub threat: Threat,
    /// The addresses behind it, widest reach first; at most 200.
    pub sources: Vec<Source>,
    /// Firms hit and warned by area.
    pub areas: Vec<Share>,
    /// Firms hit and warned by sector.
    pub sectors: Vec<Share>,
    /// The firms that this reader may see; at most 500.
    pub members: Vec<Reached>,
    /// Weaknesses that attackers are known to use and that surely belong to what is attacked, those used
    /// for extortion first, then the newest; at most 10. Left out where the hub has no list of them.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub exploited: Option<Exploited>,
}

/// What a list of known-exploited weaknesses has about a threat.
#[derive(Serialize, ToSchema)]
pub(super) struct Exploited {
    /// When the list was released.
    pub released: Moment,
    /// The weaknesses.
    pub weaknesses: Vec<Exploit>,
}

impl Exploited {
    pub fn of(list: &Catalogue, keys: &[&str]) -> Self {
        let found = weakness::of_keys(keys, &list.weaknesses);
        Self {
            released: list.released.into(),
            weaknesses: found.into_iter().map(Into::into).collect(),
        }
    }
}

/// A weakness that attackers are known to use, as the list tells it.
#[derive(Serialize, ToSchema)]
pub(super) struct Exploit {
    /// CVE number.
    pub cve: String,
    /// Who makes the product.
    pub vendor: String,
    /// The product.
    pub product: String,
    /// What the weakness is called.
    pub name: String,
    /// What the list says must be done.
    pub action: String,
    /// Until when US government offices had to have done it; empty where the list does not say.
    pub due: String,
    /// Whether extortionists are known to use it.
    pub ransomware: bool,
}

impl From<&Weakness> for Exploit {
    fn from(one: &Weakness) -> Self {
        Self {
            cve: one.cve.clone(),
            vendor: one.vendor.clone(),
            product: one.product.clone(),
            name: one.name.clone(),
            action: one.action.clone(),
            due: one.due.clone(),
            ransomware: one.ransomware,
        }
    }
}

/// What a firm is.
#[derive(Serialize, ToSchema)]
pub(super) struct Card {
    /// Identity.
    pub id: String,
    /// Name.
    pub name: String,
    /// Police force area, ONS code.
    pub area: String,
    /// Line of business.
    pub sector: String,
    /// Size class.
    pub size: String,
}

impl From<MemberCard> for Card {
    fn from(card: MemberCard) -> Self {
        Self {
            id: card.id.to_string(),
            name: card.name,
            area: card.area,
            sector: card.sector,
            size: card.size,
        }
    }
}

/// A firm in the list.
#[derive(Serialize, ToSchema)]
pub(super) struct Member {
    /// The firm.
    pub member: Card,
    /// Collectors not shut out.
    pub collectors: u32,
    /// When any of them was last heard.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub last_seen: Option<Moment>,
    /// Whether a collector's numbering contradicts the hub's.
    pub conflict: bool,
    /// Warnings that still matter.
    pub open_warnings: u32,
}

impl From<MemberRow> for Member {
    fn from(row: MemberRow) -> Self {
        Self {
            member: row.card.into(),
            collectors: row.collectors,
            last_seen: row.last_seen.map(Moment),
            conflict: row.conflict,
            open_warnings: row.open_warnings,
        }
    }
}
