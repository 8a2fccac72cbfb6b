//! What the watch reads and writes: edges, threats and warnings.

use std::net::IpAddr;

use larum_core::finding::Severity;
use larum_core::time::Timestamp;
use larum_core::watch::{Edges, Kind, State};

use super::StoreError;
use crate::id::MemberId;

/// A threat as kept.
#[derive(Clone, Debug, PartialEq)]
pub struct ThreatRow {
    /// What is attacked.
    pub key: String,
    /// Known or new.
    pub kind: Kind,
    /// How wide: `region` (all members of the hub), `sector`, `area`.
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
    /// The threat's number.
    pub threat: i64,
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
    /// Which sources were seen at which members for `key` in the hours from `from` up to but without
    /// `to`.
    ///
    /// # Errors
    /// When the store fails; so for every call here.
    fn edges(
        &self,
        key: &str,
        from: Timestamp,
        to: Timestamp,
    ) -> Result<Edges<MemberId>, StoreError>;

    /// The newest threat of `key`.
    ///
    /// # Errors
    /// When the store fails.
    fn latest_threat(&self, key: &str) -> Result<Option<(i64, ThreatRow)>, StoreError>;

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
