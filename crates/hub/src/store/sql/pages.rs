//! What the pages read about members. Sightings are in `pages_sightings.rs`, threats in `pages_threats.rs`.

use super::engine::{Connection, Row, params};
use larum_core::time::Timestamp;

use super::SqlStore;
use super::clickhouse;
use super::pages_sightings::{activity, firm, row as sighting_row, sightings};
use super::people::{list, moment};
use crate::access::{Reach, Scope, Sealed};
use crate::id::MemberId;
use crate::store::StoreError;
use crate::store::pages::{
    Activity, CollectorRow, MAX_DOWNLOAD_ROWS, MAX_PAGE_ROWS, MemberCard, MemberRow, Pages,
    SightingCursor, SightingRow, Spread, ThreatFilter, ThreatHour, ThreatMember, ThreatRow,
    ThreatSource, WarningRow,
};
use crate::store::people::Wanted;

/// The scope in SQL over a row of `member`: `?1` is what it reaches, `?2` whose.
pub(super) const IN_SCOPE: &str =
    "(?1 = 'all' OR (?1 = 'area' AND member.area = ?2) OR (?1 = 'region' AND member.region = ?2)
     OR (?1 = 'member' AND member.id = ?2)
     OR (?1 = 'shared' AND member.region IN (SELECT region FROM region_share)))";

/// `?1` and `?2` of [`IN_SCOPE`].
pub(super) fn scope_parameters(scope: &Scope) -> (&'static str, String) {
    match scope.reach() {
        Reach::Nobody => ("nobody", String::new()),
        Reach::Member(member) => ("member", member.to_string()),
        Reach::Area(area) => ("area", area.clone()),
        Reach::Region(region) => ("region", region.clone()),
        Reach::Shared => ("shared", String::new()),
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
        wanted: &Wanted<'_, MemberId>,
        now: Timestamp,
    ) -> Result<Sealed<Vec<MemberRow>>, StoreError> {
        let (reach, whose) = scope_parameters(scope);
        let (name, id) = wanted.after.unzip();
        // Whether a name is found tells it to somebody who may not see it.
        let pattern = match scope.masked() {
            true => Wanted::<MemberId>::default().pattern(),
            false => wanted.pattern(),
        };
        let sql = format!(
            "SELECT member.id, member.name, member.area, member.sector, member.size,
                count(collector.id), min(coalesce(collector.last_seen, 0)), max(collector.last_seen),
                max(CASE WHEN collector.conflict IS NOT NULL THEN 1 ELSE 0 END),
                (SELECT count(*) FROM warning
                 WHERE warning.member = member.id AND warning.expires > ?6)
             FROM member LEFT JOIN collector
                ON collector.member = member.id AND collector.revoked IS NULL
             WHERE {IN_SCOPE} AND (?3 IS NULL OR (member.name, member.id) > (?3, ?4))
                AND lower(member.name) LIKE ?7 ESCAPE '\\'
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
                    wanted.limit.min(MAX_PAGE_ROWS),
                    now.as_millis(),
                    pattern
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
                    collector.conflict, collector.last_seen, collector.heartbeat,
                    collector.over_quota
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
                    over_quota: moment(row, 7)?,
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
        let limit = usize::try_from(limit.min(MAX_DOWNLOAD_ROWS)).unwrap_or(usize::MAX);
        self.read(|connection| {
            let rows = match firm(connection, scope, member)? {
                Some(firm) => match &self.grown {
                    None => sightings(connection, firm, before, limit)?,
                    Some(grown) => {
                        clickhouse::read::sightings(grown, connection, firm, before, limit)?
                            .into_iter()
                            .map(|(sighting, collector)| sighting_row(sighting, collector))
                            .collect()
                    }
                },
                None => Vec::new(),
            };
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
        self.read(|connection| {
            let activity = match firm(connection, scope, member)? {
                Some(firm) => match &self.grown {
                    None => activity(connection, firm, from, to)?,
                    Some(grown) => clickhouse::read::activity(grown, connection, firm, (from, to))?,
                },
                None => Activity::default(),
            };
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
        self.read(|connection| {
            super::pages_threats::hours(self.grown.as_deref(), connection, key, from, to)
        })
    }

    fn threat_sources(&self, key: &str, from: Timestamp) -> Result<Vec<ThreatSource>, StoreError> {
        self.read(|connection| {
            super::pages_threats::sources(self.grown.as_deref(), connection, key, from)
        })
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
