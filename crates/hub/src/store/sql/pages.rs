//! What the pages read about members,. Threats are in `pages_threats.rs`.

use std::collections::BTreeSet;

use super::engine::{Connection, Row, params};
use larum_core::time::Timestamp;

use super::SqlStore;
use super::people::{list, moment};
use crate::access::{Reach, Scope, Sealed};
use crate::id::MemberId;
use crate::store::StoreError;
use crate::store::pages::{
    Activity, CollectorRow, MAX_DOWNLOAD_ROWS, MAX_PAGE_ROWS, MAX_SUMMED_ROWS, MemberCard,
    MemberRow, Pages, SightingCursor, SightingRow, Spread, ThreatFilter, ThreatHour, ThreatMember,
    ThreatRow, ThreatSource, WarningRow,
};

const HOUR_SECONDS: i64 = 3_600;

/// The scope in SQL over a row of `member`: `?1` is what it reaches, `?2` whose.
pub(super) const IN_SCOPE: &str =
    "(?1 = 'all' OR (?1 = 'area' AND member.area = ?2) OR (?1 = 'region' AND member.region = ?2)
     OR (?1 = 'member' AND member.id = ?2))";

/// `?1` and `?2` of [`IN_SCOPE`].
pub(super) fn scope_parameters(scope: &Scope) -> (&'static str, String) {
    match scope.reach() {
        Reach::Nobody => ("nobody", String::new()),
        Reach::Member(member) => ("member", member.to_string()),
        Reach::Area(area) => ("area", area.clone()),
        Reach::Region(region) => ("region", region.clone()),
        Reach::All => ("all", String::new()),
    }
}

impl Pages for SqlStore {
    fn member(&self, scope: &Scope, id: MemberId) -> Result<Sealed<MemberCard>, StoreError> {
        let (reach, whose) = scope_parameters(scope);
        let sql =
            format!("SELECT id, name, area, sector, size FROM member WHERE id = ?3 AND {IN_SCOPE}");
        self.read(|connection| {
            let card = connection
                .prepare_cached(&sql)?
                .query_row(params![reach, whose, id], |row| card(row, 0))?;
            Ok(Sealed::new(vec![id], card))
        })
    }

    fn members(
        &self,
        scope: &Scope,
        after: Option<(&str, MemberId)>,
        limit: u32,
        now: Timestamp,
    ) -> Result<Sealed<Vec<MemberRow>>, StoreError> {
        let (reach, whose) = scope_parameters(scope);
        let (name, id) = after.map_or((None, None), |(name, id)| (Some(name), Some(id)));
        let sql = format!(
            "SELECT member.id, member.name, member.area, member.sector, member.size,
                count(collector.id), min(coalesce(collector.last_seen, 0)), max(collector.last_seen),
                max(CASE WHEN collector.conflict IS NOT NULL THEN 1 ELSE 0 END),
                (SELECT count(*) FROM warning
                 WHERE warning.member = member.id AND warning.expires > ?6)
             FROM member LEFT JOIN collector
                ON collector.member = member.id AND collector.revoked IS NULL
             WHERE {IN_SCOPE} AND (?3 IS NULL OR (member.name, member.id) > (?3, ?4))
             GROUP BY member.id ORDER BY member.name, member.id LIMIT ?5"
        );
        self.read(|connection| {
            let rows = list(
                connection,
                &sql,
                params![
                    reach,
                    whose,
                    name,
                    id,
                    limit.min(MAX_PAGE_ROWS),
                    now.as_millis()
                ],
                |row| {
                    Ok(MemberRow {
                        card: card(row, 0)?,
                        collectors: row.get(5)?,
                        quietest: moment(row, 6)?.filter(|at| at.as_millis() > 0),
                        last_seen: moment(row, 7)?,
                        conflict: row.get::<Option<bool>>(8)?.unwrap_or(false),
                        open_warnings: row.get(9)?,
                    })
                },
            )?;
            Ok(Sealed::new(
                rows.iter().map(|row| row.card.id).collect(),
                rows,
            ))
        })
    }

    fn member_count(&self, scope: &Scope) -> Result<u64, StoreError> {
        let (reach, whose) = scope_parameters(scope);
        let sql = format!("SELECT count(*) FROM member WHERE {IN_SCOPE}");
        self.read(|connection| {
            connection
                .prepare_cached(&sql)?
                .query_row(params![reach, whose], |row| count(row, 0))
        })
    }

    fn collectors(
        &self,
        scope: &Scope,
        member: MemberId,
    ) -> Result<Sealed<Vec<CollectorRow>>, StoreError> {
        let (reach, whose) = scope_parameters(scope);
        let sql = format!(
            "SELECT collector.id, collector.site, collector.created, collector.revoked,
                    collector.conflict, collector.last_seen, collector.heartbeat
             FROM collector JOIN member ON member.id = collector.member
             WHERE collector.member = ?3 AND {IN_SCOPE}
             ORDER BY collector.revoked IS NOT NULL, collector.site, collector.id LIMIT {MAX_PAGE_ROWS}"
        );
        self.read(|connection| {
            let rows = list(connection, &sql, params![reach, whose, member], |row| {
                Ok(CollectorRow {
                    id: row.get(0)?,
                    site: row.get(1)?,
                    created: Timestamp::from_millis(row.get(2)?),
                    revoked: moment(row, 3)?,
                    conflict: moment(row, 4)?,
                    last_seen: moment(row, 5)?,
                    heartbeat: row.get(6)?,
                })
            })?;
            Ok(Sealed::new(vec![member], rows))
        })
    }

    fn sightings(
        &self,
        scope: &Scope,
        member: MemberId,
        before: Option<&SightingCursor>,
        limit: u32,
    ) -> Result<Sealed<Vec<SightingRow>>, StoreError> {
        let (reach, whose) = scope_parameters(scope);
        let (last, id) = before.map_or((None, None), |cursor| {
            (Some(cursor.last.as_millis()), Some(cursor.id.as_str()))
        });
        let sql = format!(
            "SELECT sighting.id, sighting.collector, key, detector, category, attack, severity,
                    confidence, outcome, first, last, count, sources
             FROM sighting JOIN member ON member.id = sighting.member
             WHERE sighting.member = ?3 AND {IN_SCOPE}
               AND (?4 IS NULL OR (sighting.last, sighting.id) < (?4, ?5))
             ORDER BY sighting.last DESC, sighting.id DESC LIMIT ?6"
        );
        self.read(|connection| {
            let rows = list(
                connection,
                &sql,
                params![reach, whose, member, last, id, limit.min(MAX_DOWNLOAD_ROWS)],
                sighting,
            )?;
            Ok(Sealed::new(vec![member], rows))
        })
    }

    fn activity(
        &self,
        scope: &Scope,
        member: MemberId,
        from: Timestamp,
        to: Timestamp,
    ) -> Result<Sealed<Activity>, StoreError> {
        let (reach, whose) = scope_parameters(scope);
        let sql = format!(
            "SELECT outcome, first, last, count, sources
             FROM sighting JOIN member ON member.id = sighting.member
             WHERE sighting.member = ?3 AND {IN_SCOPE} AND last >= ?4 AND first < ?5
             ORDER BY last DESC LIMIT {MAX_SUMMED_ROWS}"
        );
        let parameters = params![reach, whose, member, from.as_millis(), to.as_millis()];
        self.read(|connection| {
            let mut statement = connection.prepare_cached(&sql)?;
            let mut rows = statement.query(parameters)?;
            let mut activity = Activity::default();
            let mut sources = BTreeSet::new();
            while let Some(row) = rows.next()? {
                let events = count(&row, 3)?;
                activity.sightings += 1;
                let sum = activity.events.entry(row.get(0)?).or_default();
                *sum = sum.saturating_add(events);
                sources.extend(texts(&row, 4)?);
                let first = Timestamp::from_millis(row.get(1)?);
                let last = Timestamp::from_millis(row.get(2)?);
                spread(&mut activity, first, last, events, (from, to));
            }
            activity.sources = u64::try_from(sources.len()).unwrap_or(u64::MAX);
            activity.cut = activity.sightings >= u64::from(MAX_SUMMED_ROWS);
            Ok(Sealed::new(vec![member], activity))
        })
    }

    fn warnings(
        &self,
        scope: &Scope,
        member: MemberId,
        limit: u32,
    ) -> Result<Sealed<Vec<WarningRow>>, StoreError> {
        self.read(|connection| {
            let rows = warnings(connection, scope, member, None, limit)?;
            Ok(Sealed::new(vec![member], rows))
        })
    }

    fn warning(
        &self,
        scope: &Scope,
        member: MemberId,
        id: u64,
    ) -> Result<Sealed<WarningRow>, StoreError> {
        self.read(|connection| {
            let id = i64::try_from(id).map_err(|_| StoreError::NotFound)?;
            let rows = warnings(connection, scope, member, Some(id), 1)?;
            let row = rows.into_iter().next().ok_or(StoreError::NotFound)?;
            Ok(Sealed::new(vec![member], row))
        })
    }

    fn threat_list(&self, filter: &ThreatFilter) -> Result<Vec<ThreatRow>, StoreError> {
        self.read(|connection| super::pages_threats::threats(connection, filter))
    }

    fn threat(&self, id: u64) -> Result<ThreatRow, StoreError> {
        self.read(|connection| super::pages_threats::threat(connection, id))
    }

    fn threat_hours(
        &self,
        key: &str,
        from: Timestamp,
        to: Timestamp,
    ) -> Result<Vec<ThreatHour>, StoreError> {
        self.read(|connection| super::pages_threats::hours(connection, key, from, to))
    }

    fn threat_sources(&self, key: &str, from: Timestamp) -> Result<Vec<ThreatSource>, StoreError> {
        self.read(|connection| super::pages_threats::sources(connection, key, from))
    }

    fn threat_members(
        &self,
        scope: &Scope,
        id: u64,
    ) -> Result<Sealed<Vec<ThreatMember>>, StoreError> {
        self.read(|connection| super::pages_threats::members(connection, scope, id))
    }

    fn threat_areas(&self, id: u64) -> Result<Vec<Spread>, StoreError> {
        self.read(|connection| super::pages_threats::by_column(connection, "area", id))
    }

    fn threat_sectors(&self, id: u64) -> Result<Vec<Spread>, StoreError> {
        self.read(|connection| super::pages_threats::by_column(connection, "sector", id))
    }
}

/// Spreads `events` evenly over the hours from `first` to `last`, the remainder to the first ones,
/// and keeps those that begin within `window`.
fn spread(
    activity: &mut Activity,
    first: Timestamp,
    last: Timestamp,
    events: u64,
    window: (Timestamp, Timestamp),
) {
    let begin = first.floor_to(HOUR_SECONDS);
    let hours = last.max(first).floor_to(HOUR_SECONDS).as_seconds() - begin.as_seconds();
    let hours = u64::try_from(hours / HOUR_SECONDS + 1).unwrap_or(1);
    let (each, rest) = (events / hours, events % hours);
    // Only the hours within the window are walked, however long the sighting lasted.
    let (from, to) = (window.0.floor_to(HOUR_SECONDS), window.1);
    let mut hour = begin.max(from);
    while hour < to && hour <= last.max(first) {
        let index = (hour.as_seconds() - begin.as_seconds()) / HOUR_SECONDS;
        let extra = u64::from(u64::try_from(index).unwrap_or(u64::MAX) < rest);
        let sum = activity.hours.entry(hour).or_default();
        *sum = sum.saturating_add(each + extra);
        hour = hour.plus_seconds(HOUR_SECONDS);
    }
}

fn warnings(
    connection: &Connection<'_>,
    scope: &Scope,
    member: MemberId,
    id: Option<i64>,
    limit: u32,
) -> Result<Vec<WarningRow>, StoreError> {
    let (reach, whose) = scope_parameters(scope);
    let sql = format!(
        "SELECT warning.id, warning.threat, warning.issued, warning.expires, warning.body,
                warning.delivered, warning.hit
         FROM warning JOIN member ON member.id = warning.member
         WHERE warning.member = ?3 AND {IN_SCOPE} AND (?4 IS NULL OR warning.id = ?4)
         ORDER BY warning.id DESC LIMIT ?5"
    );
    list(
        connection,
        &sql,
        params![reach, whose, member, id, limit.min(MAX_PAGE_ROWS)],
        |row| {
            Ok(WarningRow {
                id: count(row, 0)?,
                threat: count(row, 1)?,
                issued: Timestamp::from_millis(row.get(2)?),
                expires: Timestamp::from_millis(row.get(3)?),
                body: row.get(4)?,
                delivered: moment(row, 5)?,
                hit: moment(row, 6)?,
            })
        },
    )
}

fn sighting(row: &Row<'_>) -> Result<SightingRow, StoreError> {
    Ok(SightingRow {
        id: row.get(0)?,
        collector: row.get(1)?,
        key: row.get(2)?,
        detector: row.get(3)?,
        category: row.get(4)?,
        attack: texts(row, 5)?,
        severity: row.get(6)?,
        confidence: row.get(7)?,
        outcome: row.get(8)?,
        first: Timestamp::from_millis(row.get(9)?),
        last: Timestamp::from_millis(row.get(10)?),
        count: count(row, 11)?,
        sources: texts(row, 12)?,
    })
}

/// Five columns from `index`: id, name, area, sector, size.
pub(super) fn card(row: &Row<'_>, index: usize) -> Result<MemberCard, StoreError> {
    Ok(MemberCard {
        id: row.get(index)?,
        name: row.get(index + 1)?,
        area: row.get(index + 2)?,
        sector: row.get(index + 3)?,
        size: row.get(index + 4)?,
    })
}

/// A number that is never negative.
pub(super) fn count(row: &Row<'_>, index: usize) -> Result<u64, StoreError> {
    Ok(u64::try_from(row.get::<i64>(index)?).unwrap_or_default())
}

/// A JSON array of texts.
fn texts(row: &Row<'_>, index: usize) -> Result<Vec<String>, StoreError> {
    let text: Option<String> = row.get(index)?;
    Ok(text
        .and_then(|text| serde_json::from_str(&text).ok())
        .unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sighting_spreads_over_its_hours_and_nothing_is_lost() {
        let at = |hour: i64, minute: i64| Timestamp::from_seconds(hour * 3_600 + minute * 60);
        let check = |first, last, events, window, expected: &[u64]| {
            let mut activity = Activity::default();
            spread(&mut activity, first, last, events, window);
            assert_eq!(
                activity.hours.values().copied().collect::<Vec<_>>(),
                expected
            );
        };
        let day = (at(0, 0), at(24, 0));
        check(at(1, 5), at(1, 50), 7, day, &[7]);
        check(at(1, 50), at(3, 10), 8, day, &[3, 3, 2]);
        check(at(1, 50), at(1, 10), 8, day, &[8]);
        check(at(1, 0), at(4, 0), 8, (at(2, 0), at(4, 0)), &[2, 2]);
        check(at(-900_000, 0), at(1, 0), 900_002, day, &[1, 1]);
    }
}
