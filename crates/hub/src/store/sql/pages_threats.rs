//! What the pages read about threats: counts for everybody who may see threats, names as
//! far as the scope goes.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

use super::engine::{Connection, Row, params};
use larum_core::time::Timestamp;
use larum_core::watch::fold::NO_SOURCE;

use super::clickhouse::ClickHouse;
use super::edges::each_told;
use super::pages::{IN_SCOPE, card, count, scope_parameters};
use super::people::{list, moment};
use super::rollups::hour_start;
use super::watch::hours as hours_of;
use crate::access::{Scope, Sealed};
use crate::id::MemberId;
use crate::store::StoreError;
use crate::store::pages::{
    MAX_THREAT_MEMBERS, MAX_THREAT_SOURCES, MAX_THREATS, MIN_SHOWN, Spread, ThreatFilter,
    ThreatHour, ThreatMember, ThreatRow, ThreatSource,
};

/// A threat, with the areas in which at least `fewest` firms were hit, and the one that `own` stands for.
fn threat_sql(fewest: u64, own: &'static str) -> String {
    format!(
        "SELECT threat.id, threat.key, threat.kind, threat.level, threat.state,
    threat.severity, threat.opened, threat.updated, threat.closed, threat.score, threat.sources,
    threat.members, threat.first, threat.evidence,
    (SELECT count(*) FROM warning WHERE warning.threat = threat.id),
    (SELECT count(*) FROM warning WHERE warning.threat = threat.id AND warning.hit > warning.issued),
    (SELECT string_agg(hit.area, ' ') FROM (
        SELECT member.area AS area FROM threat_member
        JOIN member ON member.id = threat_member.member
        WHERE threat_member.threat = threat.id
        GROUP BY member.area HAVING count(*) >= {fewest} OR member.area = {own} ORDER BY member.area) AS hit)
    FROM threat"
    )
}

/// Where a threat stands in the list, as [`ThreatCursor`] says it, what is greater first turned about.
const STANDING: &str = "CASE threat.state WHEN 'closed' THEN 2 WHEN 'watching' THEN 1 ELSE 0 END,
    CASE threat.severity WHEN 'critical' THEN 0 WHEN 'high' THEN 1 WHEN 'medium' THEN 2
                         WHEN 'low' THEN 3 ELSE 4 END,
    -threat.opened, -threat.id";

pub(super) fn threats(
    connection: &Connection<'_>,
    filter: &ThreatFilter,
) -> Result<Vec<ThreatRow>, StoreError> {
    let (threat, fewest) = (threat_sql(filter.fewest, "?3"), filter.fewest);
    let sql = format!(
        "{threat} WHERE (?1 = 1 OR threat.state <> 'closed')
           AND (?2 IS NULL OR CASE WHEN ?2 = ?3 THEN 1 ELSE {fewest} END <= (
                SELECT count(*) FROM threat_member JOIN member ON member.id = threat_member.member
                WHERE threat_member.threat = threat.id AND member.area = ?2))
           AND (?4 IS NULL OR ({STANDING}) > (?4, ?5, ?6, ?7))
         ORDER BY {STANDING} LIMIT ?8"
    );
    let at = filter.after;
    list(
        connection,
        &sql,
        params![
            filter.closed,
            filter.area,
            filter.own,
            at.map(|at| i64::from(at.state)),
            at.map(|at| i64::from(at.severity)),
            at.map(|at| at.opened.as_millis().saturating_neg()),
            at.map(|at| -i64::try_from(at.id).unwrap_or(i64::MAX)),
            filter.limit.unwrap_or(MAX_THREATS).min(MAX_THREATS)
        ],
        threat_row,
    )
}

pub(super) fn threat(connection: &Connection<'_>, id: u64) -> Result<ThreatRow, StoreError> {
    let id = number(id)?;
    connection
        .prepare_cached(&format!(
            "{} WHERE threat.id = ?1",
            threat_sql(MIN_SHOWN, "''")
        ))?
        .query_row([id], threat_row)
}

pub(super) fn hours(
    grown: Option<&ClickHouse>,
    connection: &Connection<'_>,
    key: &str,
    from: Timestamp,
    to: Timestamp,
) -> Result<Vec<ThreatHour>, StoreError> {
    let mut hours: BTreeMap<Timestamp, (BTreeSet<IpAddr>, BTreeSet<MemberId>)> = BTreeMap::new();
    each_told(grown, connection, key, hours_of(from, to), |told| {
        for hour in told.hours.0..=told.hours.1 {
            let (sources, members) = hours.entry(hour_start(hour)).or_default();
            sources.extend(told.span.sources.iter().copied());
            members.insert(told.member);
        }
    })?;
    let size = |length| u64::try_from(length).unwrap_or(u64::MAX);
    Ok(hours
        .into_iter()
        .map(|(hour, (sources, members))| ThreatHour {
            hour,
            sources: size(sources.len()),
            members: size(members.len()),
        })
        .collect())
}

pub(super) fn sources(
    grown: Option<&ClickHouse>,
    connection: &Connection<'_>,
    key: &str,
    from: Timestamp,
) -> Result<Vec<ThreatSource>, StoreError> {
    let mut known: BTreeMap<IpAddr, (BTreeSet<MemberId>, Timestamp, Timestamp)> = BTreeMap::new();
    let end = Timestamp::from_millis(i64::MAX);
    each_told(grown, connection, key, hours_of(from, end), |told| {
        let [begin, end] = [told.hours.0, told.hours.1].map(hour_start);
        let sources = told.span.sources.iter();
        for source in sources.filter(|source| **source != NO_SOURCE) {
            let (members, first, last) = known
                .entry(*source)
                .or_insert_with(|| (BTreeSet::new(), begin, end));
            members.insert(told.member);
            *first = begin.min(*first);
            *last = end.max(*last);
        }
    })?;
    let mut sources: Vec<ThreatSource> = known
        .into_iter()
        .map(|(source, (members, first, last))| ThreatSource {
            source: source.to_string(),
            members: u64::try_from(members.len()).unwrap_or(u64::MAX),
            first,
            last,
        })
        .collect();
    sources.sort_by(|left, right| {
        (right.members, right.last, &left.source).cmp(&(left.members, left.last, &right.source))
    });
    sources.truncate(usize::try_from(MAX_THREAT_SOURCES).unwrap_or(usize::MAX));
    Ok(sources)
}

pub(super) fn members(
    connection: &Connection<'_>,
    scope: &Scope,
    id: u64,
) -> Result<Sealed<Vec<ThreatMember>>, StoreError> {
    let (reach, whose) = scope_parameters(scope);
    let sql = format!(
        "SELECT member.id, member.name, member.area, member.sector, member.size,
                threat_member.first, warning.issued, warning.delivered
         FROM member
         LEFT JOIN threat_member
            ON threat_member.threat = ?3 AND threat_member.member = member.id
         LEFT JOIN warning ON warning.threat = ?3 AND warning.member = member.id
         WHERE {IN_SCOPE} AND (threat_member.member IS NOT NULL OR warning.id IS NOT NULL)
         ORDER BY threat_member.first IS NULL, threat_member.first, member.name
         LIMIT {MAX_THREAT_MEMBERS}"
    );
    let rows = list(
        connection,
        &sql,
        params![reach, whose, number(id)?],
        |row| {
            Ok(ThreatMember {
                card: card(row, 0)?,
                hit: moment(row, 5)?,
                warned: moment(row, 6)?,
                delivered: moment(row, 7)?,
            })
        },
    )?;
    Ok(Sealed::new(
        rows.iter().map(|row| row.card.id).collect(),
        rows,
    ))
}

/// Firms hit and warned by a column of `member`; `column` is one of ours, never a reader's.
pub(super) fn by_column(
    connection: &Connection<'_>,
    column: &'static str,
    id: u64,
) -> Result<Vec<Spread>, StoreError> {
    let sql = format!(
        "SELECT member.{column}, count(threat_member.member), count(warning.id)
         FROM member
         LEFT JOIN threat_member
            ON threat_member.threat = ?1 AND threat_member.member = member.id
         LEFT JOIN warning ON warning.threat = ?1 AND warning.member = member.id
         WHERE threat_member.member IS NOT NULL OR warning.id IS NOT NULL
         GROUP BY member.{column} ORDER BY 2 DESC, 1"
    );
    list(connection, &sql, [number(id)?], |row| {
        Ok(Spread {
            of: row.get(0)?,
            hit: count(row, 1)?,
            warned: count(row, 2)?,
        })
    })
}

fn number(id: u64) -> Result<i64, StoreError> {
    i64::try_from(id).map_err(|_| StoreError::NotFound)
}

fn threat_row(row: &Row<'_>) -> Result<ThreatRow, StoreError> {
    let areas: Option<String> = row.get(16)?;
    Ok(ThreatRow {
        id: count(row, 0)?,
        key: row.get(1)?,
        kind: row.get(2)?,
        level: row.get(3)?,
        state: row.get(4)?,
        severity: row.get(5)?,
        opened: Timestamp::from_millis(row.get(6)?),
        updated: Timestamp::from_millis(row.get(7)?),
        closed: moment(row, 8)?,
        score: row.get(9)?,
        sources: count(row, 10)?,
        members: count(row, 11)?,
        first: Timestamp::from_millis(row.get(12)?),
        evidence: row.get(13)?,
        warned: count(row, 14)?,
        warned_before_hit: count(row, 15)?,
        areas: areas
            .unwrap_or_default()
            .split_ascii_whitespace()
            .map(str::to_owned)
            .collect(),
    })
}
