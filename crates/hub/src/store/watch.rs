//! What the watch reads and writes: edges, learned days, threats and warnings.

use std::net::IpAddr;

use larum_core::finding::Severity;
use larum_core::time::Timestamp;
use larum_core::watch::{Edges, Kind, State};

use super::StoreError;
use crate::id::MemberId;

/// Edges that were counted since the watch last looked.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Fresh {
    /// Number of the last mark; handed back to [`WatchStore::watch_done`].
    pub up_to: i64,
    /// How many marks there were; the caller's limit when there may be more.
    pub marks: usize,
    /// Key and hour, each once, in order.
    pub hours: Vec<(String, Timestamp)>,
}

/// What was measured for a key on a calendar day (UTC).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LearnedDay {
    /// The key.
    pub key: String,
    /// Start of the day.
    pub day: Timestamp,
    /// `larum_core::watch::Breadth::capped`.
    pub capped: usize,
    /// `larum_core::watch::Breadth::trimmed`.
    pub trimmed: usize,
    /// `larum_core::watch::Breadth::shared`.
    pub shared: usize,
}

/// A threat as kept.
#[derive(Clone, Debug, PartialEq)]
pub struct ThreatRow {
    /// What is attacked.
    pub key: String,
    /// Known or new.
    pub kind: Kind,
    /// How wide: `region`.
    pub level: String,
    /// Which one.
    pub scope: String,
    /// Where it stands.
    pub state: State,
    /// How bad.
    pub severity: Severity,
    /// When it was called.
    pub opened: Timestamp,
    /// When it last was an alarm or reached another member.
    pub updated: Timestamp,
    /// When it was closed.
    pub closed: Option<Timestamp>,
    /// Score at the last judgement that was an alarm.
    pub score: f64,
    /// Distinct sources since it began.
    pub sources: usize,
    /// Distinct members since it began.
    pub members: usize,
    /// The first sighting that belongs to it.
    pub first: Timestamp,
    /// What the judgement rests on, a JSON object; keys in `docs/developer/watch.md`.
    pub evidence: String,
}

/// What a member reported about a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reached {
    /// The member.
    pub member: MemberId,
    /// Its first sighting.
    pub first: Timestamp,
    /// The worst severity it reported.
    pub severity: Severity,
    /// Whether it reported that the attack worked.
    pub success: bool,
}

/// A warning to be issued.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewWarning {
    /// To whom.
    pub member: MemberId,
    /// When it no longer matters.
    pub expires: Timestamp,
    /// The warning as sent, JSON; the store puts its number in as `id`.
    pub body: String,
}

/// What the watch concluded about one key.
#[derive(Clone, Debug)]
pub struct ThreatChange {
    /// The threat to write over; `None` for a new one.
    pub id: Option<i64>,
    /// All of its columns.
    pub row: ThreatRow,
    /// Who was reached, and when first.
    pub reached: Vec<(MemberId, Timestamp)>,
    /// Warnings to issue. A member that has one for this threat keeps it and gets no second.
    pub warnings: Vec<NewWarning>,
}

/// What a change did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Applied {
    /// Warnings issued.
    pub warned: usize,
    /// Members warned before that were reached now.
    pub hit: usize,
}

/// What became of a warning.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WarningState {
    /// Who was warned.
    pub member: MemberId,
    /// When.
    pub issued: Timestamp,
    /// When a collector of the member first fetched it.
    pub delivered: Option<Timestamp>,
    /// The member's first sighting of the threat, if it came after the warning.
    pub hit: Option<Timestamp>,
}

/// How much the hub has counted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Batches with a receipt.
    pub batches: u64,
    /// Sightings in them.
    pub sightings: u64,
    /// Findings behind those sightings; a later sighting of a finding replaces the earlier.
    pub findings: u64,
}

/// What the watch needs of the store.
pub trait WatchStore {
    /// Which keys and hours got new edges since the last [`WatchStore::watch_done`], from at most
    /// `limit` marks numbered above `after`.
    ///
    /// # Errors
    /// When the store fails; so for every call here.
    fn watch_fresh(&self, after: i64, limit: usize) -> Result<Fresh, StoreError>;

    /// Whether `key` got edges from before `hour` that are marked above `after`: its past is not
    /// learned in full yet.
    ///
    /// # Errors
    /// When the store fails.
    fn has_unlearned(&self, key: &str, after: i64, hour: Timestamp) -> Result<bool, StoreError>;

    /// Forgets the marks up to that number: everything they led to has been kept.
    ///
    /// # Errors
    /// When the store fails.
    fn watch_done(&self, up_to: i64) -> Result<(), StoreError>;

    /// Every member that ever reported, with the hour of its first edge.
    ///
    /// # Errors
    /// When the store fails.
    fn watch_members(&self) -> Result<Vec<(MemberId, Timestamp)>, StoreError>;

    /// Which sources were seen at which members for `key` in the hours from `from` up to but without
    /// `to`.
    ///
    /// # Errors
    /// When the store fails.
    fn edges(
        &self,
        key: &str,
        from: Timestamp,
        to: Timestamp,
    ) -> Result<Edges<MemberId>, StoreError>;

    /// Keeps measured days, over what was kept of them before.
    ///
    /// # Errors
    /// When the store fails.
    fn learn_days(&self, days: &[LearnedDay]) -> Result<(), StoreError>;

    /// The days of `key` from `from` to `to`, both included, in order; days without edges are left
    /// out.
    ///
    /// # Errors
    /// When the store fails.
    fn learned_days(
        &self,
        key: &str,
        from: Timestamp,
        to: Timestamp,
    ) -> Result<Vec<LearnedDay>, StoreError>;

    /// The newest threat of `key`.
    ///
    /// # Errors
    /// When the store fails.
    fn latest_threat(&self, key: &str) -> Result<Option<(i64, ThreatRow)>, StoreError>;

    /// Keys whose threat is not closed.
    ///
    /// # Errors
    /// When the store fails.
    fn open_threat_keys(&self) -> Result<Vec<String>, StoreError>;

    /// What each member reported about `key`, of sightings that ended at `since` or later.
    ///
    /// # Errors
    /// When the store fails.
    fn reached(&self, key: &str, since: Timestamp) -> Result<Vec<Reached>, StoreError>;

    /// Members with an installed collector that was not revoked.
    ///
    /// # Errors
    /// When the store fails.
    fn warnable(&self) -> Result<Vec<MemberId>, StoreError>;

    /// Every threat ever called, oldest first, with its number; at most `limit`.
    ///
    /// # Errors
    /// When the store fails.
    fn threats(&self, limit: usize) -> Result<Vec<(i64, ThreatRow)>, StoreError>;

    /// What became of the warnings about a threat, in the order they were issued.
    ///
    /// # Errors
    /// When the store fails.
    fn warning_states(&self, threat: i64) -> Result<Vec<WarningState>, StoreError>;

    /// How much the hub has counted in all.
    ///
    /// # Errors
    /// When the store fails.
    fn counts(&self) -> Result<Counts, StoreError>;

    /// Writes a threat, whom it reached, its warnings, and which warned members were hit, in one
    /// transaction.
    ///
    /// # Errors
    /// When the store fails.
    fn apply_threat(&self, change: &ThreatChange, now: Timestamp) -> Result<Applied, StoreError>;
}

/// The sources among `edges` seen at the most members, most first, at most `limit`.
#[must_use]
pub fn broadest_sources(edges: &Edges<MemberId>, limit: usize) -> Vec<IpAddr> {
    let mut members_of: std::collections::BTreeMap<IpAddr, usize> =
        std::collections::BTreeMap::new();
    for (_, source) in edges {
        *members_of.entry(*source).or_default() += 1;
    }
    let mut ranked: Vec<(usize, IpAddr)> = members_of
        .into_iter()
        .map(|(source, members)| (members, source))
        .collect();
    ranked.sort_by(|left, right| right.0.cmp(&left.0).then(left.1.cmp(&right.1)));
    ranked
        .into_iter()
        .take(limit)
        .map(|(_, source)| source)
        .collect()
}
