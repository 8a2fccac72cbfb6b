//! What the pages read. Every call takes the reader's [`Scope`] into its SQL, and whatever is about
//! a member comes [`Sealed`].

use std::collections::BTreeMap;
use std::fmt;

use larum_core::time::Timestamp;

use super::StoreError;
use super::people::Wanted;
use crate::access::{Scope, Sealed};
use crate::id::{CollectorId, MemberId};

/// Most rows of one page.
pub const MAX_PAGE_ROWS: u32 = 50;
/// Most sightings of one download.
pub const MAX_DOWNLOAD_ROWS: u32 = 10_000;
/// Most sightings that different sources are counted in.
pub const MAX_SUMMED_ROWS: u32 = 20_000;
/// Most threats of one list.
pub const MAX_THREATS: u32 = 100;
/// Most source addresses of one threat.
pub const MAX_THREAT_SOURCES: u32 = 200;
/// Most members named on one threat's page.
pub const MAX_THREAT_MEMBERS: u32 = 500;

/// A firm.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MemberCard {
    /// Identity.
    pub id: MemberId,
    /// Name.
    pub name: String,
    /// Police force area, ONS code.
    pub area: String,
    /// Line of business.
    pub sector: String,
    /// Size class.
    pub size: String,
}

/// A firm in the analyst's list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MemberRow {
    /// The firm.
    pub card: MemberCard,
    /// Collectors not revoked.
    pub collectors: u32,
    /// When the least recently heard of them was heard.
    pub quietest: Option<Timestamp>,
    /// When any of them was last heard.
    pub last_seen: Option<Timestamp>,
    /// Whether a collector's numbering contradicts the hub's.
    pub conflict: bool,
    /// Warnings that still matter.
    pub open_warnings: u32,
}

/// A collector and what it last said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CollectorRow {
    /// Identity.
    pub id: CollectorId,
    /// Where it stands.
    pub site: String,
    /// When it joined.
    pub created: Timestamp,
    /// When it was shut out, if it was.
    pub revoked: Option<Timestamp>,
    /// When its numbering last contradicted the hub's.
    pub conflict: Option<Timestamp>,
    /// When it was last heard.
    pub last_seen: Option<Timestamp>,
    /// Its last heartbeat as sent, JSON.
    pub heartbeat: Option<String>,
    /// When it last had to wait because its day's quota was used up.
    pub over_quota: Option<Timestamp>,
}

/// A sighting exactly as the hub keeps it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SightingRow {
    /// Finding id.
    pub id: String,
    /// Which collector sent it.
    pub collector: String,
    /// What firms compare.
    pub key: String,
    /// Detector name or rule id.
    pub detector: String,
    /// Category word.
    pub category: String,
    /// ATT&CK ids.
    pub attack: Vec<String>,
    /// Severity word.
    pub severity: String,
    /// 0 to 100.
    pub confidence: u8,
    /// Outcome word.
    pub outcome: String,
    /// First event.
    pub first: Timestamp,
    /// Last event.
    pub last: Timestamp,
    /// Events behind it.
    pub count: u64,
    /// Attackers' addresses.
    pub sources: Vec<String>,
}

/// Where a page of sightings ended: the next begins before it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SightingCursor {
    /// Last event of the last row shown.
    pub last: Timestamp,
    /// Its id.
    pub id: String,
}

/// Sums over a member's sightings of some time.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Activity {
    /// Events by outcome word, of the hours asked for.
    pub events: BTreeMap<String, u64>,
    /// Findings whose last event is in these hours.
    pub sightings: u64,
    /// Different attackers' addresses.
    pub sources: u64,
    /// Events per hour, by start of the hour; a sighting's events are spread evenly over the hours it
    /// lasted, because no finer times leave the firm.
    pub hours: BTreeMap<Timestamp, u64>,
    /// Whether there were more sightings than [`MAX_SUMMED_ROWS`], so that `sources` is too low.
    pub cut: bool,
}

impl Activity {
    /// Adds what the sums hold of one hour and outcome; what is not above nothing is left out.
    pub(super) fn add(&mut self, hour: Timestamp, outcome: &str, (events, findings): (i64, i64)) {
        let above = |number: i64| u64::try_from(number).unwrap_or_default();
        let (events, findings) = (above(events), above(findings));
        if events > 0 {
            for sum in [
                self.events.entry(outcome.to_owned()).or_default(),
                self.hours.entry(hour).or_default(),
            ] {
                *sum = sum.saturating_add(events);
            }
        }
        self.sightings = self.sightings.saturating_add(findings);
    }
}

/// A warning to a member.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WarningRow {
    /// Number.
    pub id: u64,
    /// Number of the threat.
    pub threat: u64,
    /// When it was issued.
    pub issued: Timestamp,
    /// When it no longer matters.
    pub expires: Timestamp,
    /// The warning as sent, JSON.
    pub body: String,
    /// When a collector of the member first fetched it.
    pub delivered: Option<Timestamp>,
    /// When the member was hit after it, if it was.
    pub hit: Option<Timestamp>,
}

/// A threat: counts, no names.
#[derive(Clone, Debug, PartialEq)]
pub struct ThreatRow {
    /// Number.
    pub id: u64,
    /// What firms compare.
    pub key: String,
    /// `emerging`, `novel` and so on.
    pub kind: String,
    /// `national`, `region`, `sector`, `area`.
    pub level: String,
    /// `emerging`, `watching`, `closed`.
    pub state: String,
    /// Severity word.
    pub severity: String,
    /// When it was called.
    pub opened: Timestamp,
    /// When it last changed.
    pub updated: Timestamp,
    /// When it was over, if it is.
    pub closed: Option<Timestamp>,
    /// How unusual it is.
    pub score: f64,
    /// Distinct attackers' addresses.
    pub sources: u64,
    /// Distinct firms.
    pub members: u64,
    /// First sighting of it.
    pub first: Timestamp,
    /// What it rests on, JSON object.
    pub evidence: String,
    /// Firms warned.
    pub warned: u64,
    /// Firms warned first and hit after.
    pub warned_before_hit: u64,
    /// Areas of the firms hit, as far as they have as many as the filter asks for.
    pub areas: Vec<String>,
}

impl ThreatRow {
    /// What it was called for first, then what else belongs to it.
    #[must_use]
    pub fn keys(&self) -> Vec<String> {
        let evidence: serde_json::Value = serde_json::from_str(&self.evidence).unwrap_or_default();
        let others = evidence.get("keys").and_then(serde_json::Value::as_array);
        let others = others.into_iter().flatten();
        let others = others.filter_map(|key| key.as_str().map(str::to_owned));
        std::iter::once(self.key.clone()).chain(others).collect()
    }
}

/// Which threats to list.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ThreatFilter {
    /// Only those that hit this area.
    pub area: Option<String>,
    /// Fewest firms hit of an area that is named or asked for: [`MIN_SHOWN`] for readers who may not see
    /// the firms, 1 for those who may.
    pub fewest: u64,
    /// The area whose firms the reader may see, and so any number of them.
    pub own: Option<String>,
    /// Closed ones too.
    pub closed: bool,
    /// The last threat of the page before; none on the first page.
    pub after: Option<ThreatCursor>,
    /// Most threats; none is [`MAX_THREATS`], which there are never more of.
    pub limit: Option<u32>,
}

/// Where a threat stands in the list of threats.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ThreatCursor {
    /// 0 emerging, 1 watching, 2 closed.
    pub state: u8,
    /// 0 critical to 4 info.
    pub severity: u8,
    /// When it was called.
    pub opened: Timestamp,
    /// Its number.
    pub id: u64,
}

impl ThreatCursor {
    /// That of a threat.
    #[must_use]
    pub fn of(row: &ThreatRow) -> Self {
        Self {
            state: match row.state.as_str() {
                "closed" => 2,
                "watching" => 1,
                _ => 0,
            },
            severity: match row.severity.as_str() {
                "critical" => 0,
                "high" => 1,
                "medium" => 2,
                "low" => 3,
                _ => 4,
            },
            opened: row.opened,
            id: row.id,
        }
    }

    /// From what [`fmt::Display`] makes of one.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let mut parts = text.split('-');
        let mut number = |most: i64| {
            let part = parts.next().filter(|part| part.len() <= 18)?;
            let digits = part.bytes().all(|byte| byte.is_ascii_digit());
            let number: i64 = digits.then(|| part.parse().ok()).flatten()?;
            (number <= most).then_some(number)
        };
        let (state, severity) = (number(2)?, number(4)?);
        let (opened, id) = (number(i64::MAX)?, number(i64::MAX)?);
        parts.next().is_none().then_some(Self {
            state: state.try_into().ok()?,
            severity: severity.try_into().ok()?,
            opened: Timestamp::from_millis(opened),
            id: id.try_into().ok()?,
        })
    }
}

impl fmt::Display for ThreatCursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let opened = self.opened.as_millis();
        write!(f, "{}-{}-{opened}-{}", self.state, self.severity, self.id)
    }
}

/// One hour of a threat.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ThreatHour {
    /// Start of the hour.
    pub hour: Timestamp,
    /// Distinct attackers' addresses in it.
    pub sources: u64,
    /// Distinct firms in it.
    pub members: u64,
}

/// An attacker's address behind a threat.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ThreatSource {
    /// Address, or the /64 of an IPv6 one.
    pub source: String,
    /// Distinct firms it attacked.
    pub members: u64,
    /// First hour it was seen in.
    pub first: Timestamp,
    /// Last hour it was seen in.
    pub last: Timestamp,
}

/// A firm hit by or warned of a threat.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ThreatMember {
    /// The firm.
    pub card: MemberCard,
    /// When it was first hit, if it was.
    pub hit: Option<Timestamp>,
    /// When it was warned, if it was.
    pub warned: Option<Timestamp>,
    /// When its collector fetched the warning, if it did.
    pub delivered: Option<Timestamp>,
}

/// How many firms of some kind a threat hit and how many were warned; counts, no names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Spread {
    /// Area code or sector.
    pub of: String,
    /// Firms hit.
    pub hit: u64,
    /// Firms warned.
    pub warned: u64,
}

/// Fewest firms of a cell shown to those who see no names.
pub const MIN_SHOWN: u64 = 5;

impl Spread {
    /// What of `rows` may be shown to those who see no names but in their `own` area: no other cell in
    /// which fewer than [`MIN_SHOWN`] firms were hit or warned, and none at all where the hidden ones
    /// could be reckoned from the total. Each firm counts once, so that none is ever half of a cell.
    #[must_use]
    pub fn shown(mut rows: Vec<Self>, own: Option<&str>) -> Vec<Self> {
        let few = |count: u64| count > 0 && count < MIN_SHOWN;
        let is_own = |row: &Self| own == Some(row.of.as_str());
        let small = |row: &Self| !is_own(row) && (few(row.hit) || few(row.warned));
        let hidden =
            |of: fn(&Self) -> u64| -> u64 { rows.iter().filter(|row| small(row)).map(of).sum() };
        if few(hidden(|row| row.hit)) || few(hidden(|row| row.warned)) {
            rows.retain(is_own);
        }
        rows.retain(|row| !small(row));
        rows
    }
}

/// The pages' part of the store. A member outside the scope is as if it were not there.
pub trait Pages: Send + Sync {
    /// One firm.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] when it is not there or outside the scope.
    fn member(&self, scope: &Scope, id: MemberId) -> Result<Sealed<MemberCard>, StoreError>;

    /// Firms, looked for in their names; at most [`MAX_PAGE_ROWS`]. Who may not see the names finds
    /// every firm, whatever is looked for.
    ///
    /// # Errors
    /// When the store fails.
    fn members(
        &self,
        scope: &Scope,
        wanted: &Wanted<'_, MemberId>,
        now: Timestamp,
    ) -> Result<Sealed<Vec<MemberRow>>, StoreError>;

    /// How many firms the scope reaches.
    ///
    /// # Errors
    /// When the store fails.
    fn member_count(&self, scope: &Scope) -> Result<u64, StoreError>;

    /// A firm's collectors.
    ///
    /// # Errors
    /// When the store fails.
    fn collectors(
        &self,
        scope: &Scope,
        member: MemberId,
    ) -> Result<Sealed<Vec<CollectorRow>>, StoreError>;

    /// A firm's sightings, newest first, from before `before`; at most `limit` and
    /// [`MAX_DOWNLOAD_ROWS`].
    ///
    /// # Errors
    /// When the store fails.
    fn sightings(
        &self,
        scope: &Scope,
        member: MemberId,
        before: Option<&SightingCursor>,
        limit: u32,
    ) -> Result<Sealed<Vec<SightingRow>>, StoreError>;

    /// Sums over a firm's sightings in the hours from `from` up to, not including, `to`.
    ///
    /// # Errors
    /// When the store fails.
    fn activity(
        &self,
        scope: &Scope,
        member: MemberId,
        from: Timestamp,
        to: Timestamp,
    ) -> Result<Sealed<Activity>, StoreError>;

    /// A firm's warnings, newest first; at most [`MAX_PAGE_ROWS`].
    ///
    /// # Errors
    /// When the store fails.
    fn warnings(
        &self,
        scope: &Scope,
        member: MemberId,
        limit: u32,
    ) -> Result<Sealed<Vec<WarningRow>>, StoreError>;

    /// One warning to a firm.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] when it is not there, another firm's, or outside the scope.
    fn warning(
        &self,
        scope: &Scope,
        member: MemberId,
        id: u64,
    ) -> Result<Sealed<WarningRow>, StoreError>;

    /// Threats: open before closed, worst and newest first; at most [`MAX_THREATS`] a page.
    ///
    /// # Errors
    /// When the store fails.
    fn threat_list(&self, filter: &ThreatFilter) -> Result<Vec<ThreatRow>, StoreError>;

    /// One threat.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] when there is none of this number.
    fn threat(&self, id: u64) -> Result<ThreatRow, StoreError>;

    /// Distinct sources and firms per hour for a key; hours without any are left out.
    ///
    /// # Errors
    /// When the store fails.
    fn threat_hours(
        &self,
        key: &str,
        from: Timestamp,
        to: Timestamp,
    ) -> Result<Vec<ThreatHour>, StoreError>;

    /// The addresses behind a key since `from`, widest reach first; at most [`MAX_THREAT_SOURCES`].
    ///
    /// # Errors
    /// When the store fails.
    fn threat_sources(&self, key: &str, from: Timestamp) -> Result<Vec<ThreatSource>, StoreError>;

    /// The firms within the scope that the threat hit or that were warned of it; at most
    /// [`MAX_THREAT_MEMBERS`].
    ///
    /// # Errors
    /// When the store fails.
    fn threat_members(
        &self,
        scope: &Scope,
        id: u64,
    ) -> Result<Sealed<Vec<ThreatMember>>, StoreError>;

    /// Firms hit and warned by area.
    ///
    /// # Errors
    /// When the store fails.
    fn threat_areas(&self, id: u64) -> Result<Vec<Spread>, StoreError>;

    /// Firms hit and warned by sector.
    ///
    /// # Errors
    /// When the store fails.
    fn threat_sectors(&self, id: u64) -> Result<Vec<Spread>, StoreError>;
}
