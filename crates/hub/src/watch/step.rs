//! One look of the watch: what the fold calls becomes threats, and threats become warnings.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};

use larum_core::finding::Severity;
use larum_core::time::Timestamp;
use larum_core::watch::fold::{Alarm, Level, Standing};
use larum_core::watch::weakness;
use larum_core::watch::{Edges, Kind, State, Verdict};
use larum_core::words::Words;

use super::Settings;
use super::evidence::{evidence, rounded};
use super::live::Live;
use super::warn::{Grounds, MAX_INDICATORS, compose};
use crate::id::MemberId;
use crate::store::StoreError;
use crate::store::verdicts::Verdicts;
use crate::store::watch::{
    NewWarning, Reached, ThreatChange, ThreatRow, WatchStore, broadest_sources,
};
use crate::store::watch_state::{OpenThreat, WatchState};

const HOUR_SECONDS: i64 = 3_600;
/// Edges dated later than this after now are no part of a threat: ingest accepts clocks that run a day
/// ahead, no more.
const AHEAD_HOURS: i64 = 25;
/// Keys of one threat whose sightings are gone through, the one it was called for first.
const MAX_KEYS: usize = 8;

/// What a look did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Summary {
    /// Edges that were new.
    pub taken: usize,
    /// Threats opened.
    pub opened: usize,
    /// Threats closed.
    pub closed: usize,
    /// Warnings issued.
    pub warned: usize,
    /// Warned members that were reached.
    pub hit: usize,
}

/// What the watch needs of the store.
pub trait Rows: WatchStore + WatchState + Verdicts {}

impl<S: WatchStore + WatchState + Verdicts + ?Sized> Rows for S {}

/// The watch, ready to look.
pub struct Watch {
    words: Words,
    settings: Settings,
    live: Mutex<Option<Live>>,
}

/// A threat as it stood, if it did, and as it is to stand.
struct Standpoint {
    id: Option<i64>,
    row: ThreatRow,
    keys: Vec<String>,
}

/// Whom a threat reached, and from where.
struct Reach {
    members: Vec<Reached>,
    edges: Edges<MemberId>,
}

impl Watch {
    /// A watch that warns in `words`.
    #[must_use]
    pub const fn new(words: Words, settings: Settings) -> Self {
        Self {
            words,
            settings,
            live: Mutex::new(None),
        }
    }

    /// Forgets the state, which is then built anew from what the store has.
    pub fn forget(&self) {
        *self.live.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }

    /// Looks once, at `now`: takes in what arrived since the last look, calls what stands out, and
    /// brings every open threat up to date. Looking twice changes nothing.
    ///
    /// # Errors
    /// When the store fails; what was not finished is done at the next look.
    pub fn step(
        &self,
        store: &(impl Rows + ?Sized),
        now: Timestamp,
    ) -> Result<Summary, StoreError> {
        let mut held = self.live.lock().unwrap_or_else(PoisonError::into_inner);
        let mut live = match held.take() {
            Some(live) => live,
            None => Live::resume(store, self.settings.budget)?,
        };
        let mut summary = Summary::default();
        let done = self.step_with(store, &mut live, now, &mut summary);
        if done.is_ok() || !live.pending.is_empty() {
            *held = Some(live);
        }
        // Otherwise the store failed half-way through a look: the state is built anew from what the
        // store has.
        drop(held);
        done.map(|()| summary)
    }

    fn step_with(
        &self,
        store: &(impl Rows + ?Sized),
        live: &mut Live,
        now: Timestamp,
        summary: &mut Summary,
    ) -> Result<(), StoreError> {
        summary.taken = live.step(store, now)?;
        while let Some(alarm) = live.pending.first() {
            self.call(store, live, alarm, now, summary)?;
            live.pending.remove(0);
        }
        for open in store.open_threats()? {
            self.follow(store, live, open, now, summary)?;
        }
        Ok(())
    }

    /// Makes a threat of an alarm, or tells of a known one that it has grown.
    fn call(
        &self,
        store: &(impl Rows + ?Sized),
        live: &Live,
        alarm: &Alarm,
        now: Timestamp,
        summary: &mut Summary,
    ) -> Result<(), StoreError> {
        let episode = alarm.shown.episode;
        let known = store.threat_of_episode(episode)?;
        let opened = known.is_none();
        let (id, before) = known.unzip();
        let first = before
            .as_ref()
            .map_or(alarm.first_seen, |row| row.first.min(alarm.first_seen));
        let row = ThreatRow {
            key: before
                .as_ref()
                .map_or_else(|| alarm.key.clone(), |row| row.key.clone()),
            kind: before.as_ref().map_or(alarm.kind, |row| row.kind),
            level: self.level(alarm),
            scope: self.scope(alarm),
            state: State::Emerging,
            severity: Severity::Medium,
            opened: before.as_ref().map_or(now, |row| row.opened),
            updated: now,
            closed: None,
            score: alarm.score,
            sources: alarm.sources,
            members: alarm.members,
            first,
            evidence: self.evidence_of(alarm),
        };
        let keys = live
            .fold()
            .standing(episode)
            .map_or_else(|| vec![alarm.key.clone()], |standing| standing.keys);
        let reach = if matches!(row.kind, Kind::Campaign | Kind::Slow) {
            Reach::of_campaign(alarm)
        } else {
            self.reach(store, &row, &keys, now)?
        };
        let threat = self.write(store, Standpoint { id, row, keys }, reach, now, summary)?;
        store.note_episode(threat, episode)?;
        summary.opened += usize::from(opened);
        Ok(())
    }

    /// Brings an open threat up to date: whom it reached since, how it stands, whether it is over.
    fn follow(
        &self,
        store: &(impl Rows + ?Sized),
        live: &Live,
        open: OpenThreat,
        now: Timestamp,
        summary: &mut Summary,
    ) -> Result<(), StoreError> {
        let OpenThreat {
            id,
            episode,
            mut row,
        } = open;
        let standing = live.fold().standing(episode).unwrap_or_else(|| Standing {
            state: State::Closed,
            keys: vec![row.key.clone()],
            stirred: row.updated,
            merged_into: None,
        });
        let into = match standing.merged_into {
            Some(other) => store.threat_of_episode(other)?.map(|(into, _)| into),
            None => None,
        };
        row.state = standing.state;
        row.closed = (standing.state == State::Closed).then_some(now);
        summary.closed += usize::from(row.closed.is_some());
        let reach = if matches!(row.kind, Kind::Campaign | Kind::Slow) {
            None
        } else {
            Some(self.reach(store, &row, &standing.keys, now)?)
        };
        let reach = reach.unwrap_or_else(|| Reach {
            members: Vec::new(),
            edges: Edges::new(),
        });
        if reach.members.len() > row.members {
            row.updated = now;
        }
        let keys = standing.keys;
        self.write(
            store,
            Standpoint {
                id: Some(id),
                row,
                keys,
            },
            reach,
            now,
            summary,
        )?;
        if let Some(into) = into {
            store.note_merged(id, into)?;
        }
        Ok(())
    }

    /// Writes a threat with whom it reached and the warnings that follow.
    fn write(
        &self,
        store: &(impl Rows + ?Sized),
        point: Standpoint,
        reach: Reach,
        now: Timestamp,
        summary: &mut Summary,
    ) -> Result<i64, StoreError> {
        let Standpoint { id, mut row, keys } = point;
        if !reach.members.is_empty() {
            row.severity = severity(&reach.members);
            row.members = reach.members.len();
        }
        if !reach.edges.is_empty() {
            let sources: BTreeSet<_> = reach.edges.iter().map(|(_, source)| *source).collect();
            row.sources = sources.len();
        }
        let warnings = if row.state == State::Emerging {
            self.warnings(store, (id, &row, &keys), &reach, now)?
        } else {
            Vec::new()
        };
        let change = ThreatChange {
            id,
            row,
            reached: reach
                .members
                .iter()
                .map(|one| (one.member, one.first))
                .collect(),
            warnings,
        };
        let applied = store.apply_threat(&change, now)?;
        summary.warned += applied.warned;
        summary.hit += applied.hit;
        Ok(applied.threat)
    }

    /// Whom the threat reached since it began, on any of its keys; in a cell, only its members.
    fn reach(
        &self,
        store: &(impl Rows + ?Sized),
        row: &ThreatRow,
        keys: &[String],
        now: Timestamp,
    ) -> Result<Reach, StoreError> {
        let inside = members_of_cell(store, row)?;
        let is_inside = |member: &MemberId| inside.as_ref().is_none_or(|all| all.contains(member));
        let mut members: BTreeMap<MemberId, Reached> = BTreeMap::new();
        let mut edges = Edges::new();
        for key in keys.iter().take(MAX_KEYS) {
            for one in store.reached(key, row.first)? {
                if !is_inside(&one.member) {
                    continue;
                }
                // A sighting may have begun long before the window it ended in.
                let first = one.first.max(row.first);
                let known = members
                    .entry(one.member)
                    .or_insert(Reached { first, ..one });
                known.first = known.first.min(first);
                known.severity = known.severity.max(one.severity);
                known.success |= one.success;
            }
            let from = row.first.floor_to(HOUR_SECONDS);
            let found = store.edges(key, from, window_end(now))?;
            edges.extend(found.into_iter().filter(|(member, _)| is_inside(member)));
        }
        Ok(Reach {
            members: members.into_values().collect(),
            edges,
        })
    }

    fn level(&self, alarm: &Alarm) -> String {
        match alarm.level {
            Level::National => Level::Region.as_str().to_owned(),
            level => level.as_str().to_owned(),
        }
    }

    fn scope(&self, alarm: &Alarm) -> String {
        match alarm.level {
            Level::National => self.settings.region.clone(),
            _ => alarm.scope.clone(),
        }
    }

    fn evidence_of(&self, alarm: &Alarm) -> String {
        let mut found = evidence(alarm);
        found.insert("score".to_owned(), rounded(alarm.score).into());
        found.insert("q_value".to_owned(), alarm.q_value.into());
        found.insert("sources".to_owned(), alarm.sources.into());
        found.insert("members".to_owned(), alarm.members.into());
        serde_json::Value::Object(found).to_string()
    }

    /// One warning for every member concerned, all of a cell for a wave, all else: first those that were
    /// not reached, then those that were. Who has a warning about the same key that is still good gets
    /// no second.
    fn warnings(
        &self,
        store: &(impl Rows + ?Sized),
        (id, row, keys): (Option<i64>, &ThreatRow, &[String]),
        reach: &Reach,
        now: Timestamp,
    ) -> Result<Vec<NewWarning>, StoreError> {
        if is_set_aside(store, id)? {
            return Ok(Vec::new());
        }
        let hit: BTreeSet<MemberId> = reach.members.iter().map(|one| one.member).collect();
        let inside = members_of_cell(store, row)?;
        let mut told = BTreeSet::new();
        for key in keys.iter().take(MAX_KEYS) {
            told.extend(store.warned_elsewhere(key, id, now)?);
        }
        let expires = now.plus_seconds(i64::from(self.settings.warning_hours) * HOUR_SECONDS);
        let known = self.settings.exploited.current();
        let named: Vec<&str> = keys.iter().take(MAX_KEYS).map(String::as_str).collect();
        let weaknesses = known
            .as_deref()
            .map(|list| weakness::of_keys(&named, &list.weaknesses))
            .unwrap_or_default();
        let body = |hit: bool| {
            let grounds = Grounds {
                key: &row.key,
                kind: row.kind,
                severity: row.severity,
                members: row.members,
                sources: row.sources,
                indicators: indicators(row, &reach.edges),
                weaknesses: weaknesses.clone(),
                hit,
            };
            let warning = compose(&self.words, grounds, now, expires);
            // Plain data always becomes JSON.
            serde_json::to_string(&warning).unwrap_or_default()
        };
        let (ahead, after) = (body(false), body(true));
        let mut concerned: Vec<MemberId> = store
            .warnable()?
            .into_iter()
            .filter(|member| !told.contains(member))
            .filter(|member| inside.as_ref().is_none_or(|all| all.contains(member)))
            .collect();
        // Those who still have time first.
        concerned.sort_by_key(|member| hit.contains(member));
        Ok(concerned
            .into_iter()
            .map(|member| NewWarning {
                member,
                expires,
                body: if hit.contains(&member) {
                    after.clone()
                } else {
                    ahead.clone()
                },
            })
            .collect())
    }
}

impl Reach {
    /// A campaign is the same sources on many keys, a slow scan those of one network: whom they reached
    /// the alarm names.
    fn of_campaign(alarm: &Alarm) -> Self {
        let members = alarm.shown.reached.iter().filter_map(|name| {
            Some(Reached {
                member: MemberId::parse(name)?,
                first: alarm.first_seen,
                severity: Severity::Medium,
                success: false,
            })
        });
        Self {
            members: members.collect(),
            edges: Edges::new(),
        }
    }
}

/// The members of the sector or area the threat is about; `None` where all are meant.
fn members_of_cell(
    store: &(impl Rows + ?Sized),
    row: &ThreatRow,
) -> Result<Option<BTreeSet<MemberId>>, StoreError> {
    let level = Level::from_word(&row.level);
    // What concerns all members is called by the region the hub serves; only a wave is of a part.
    if row.kind != Kind::Wave {
        return Ok(None);
    }
    let is_in = |place: &crate::store::watch_state::Place| {
        let own = match level {
            Some(Level::Sector) => place.sector.as_str(),
            Some(Level::Region) => larum_core::area::region(&place.area).unwrap_or_default(),
            _ => place.area.as_str(),
        };
        own == row.scope
    };
    let places = store.places()?.into_iter();
    Ok(Some(
        places.filter(is_in).map(|place| place.member).collect(),
    ))
}

/// The addresses to name: the place itself, or the sources that most members saw.
fn indicators(row: &ThreatRow, edges: &Edges<MemberId>) -> Vec<IpAddr> {
    if row.kind == Kind::Control {
        return row.key.parse().into_iter().collect();
    }
    broadest_sources(edges, MAX_INDICATORS)
}

/// Whether an officer said that nobody needs to hear of the threat.
fn is_set_aside(store: &(impl Rows + ?Sized), id: Option<i64>) -> Result<bool, StoreError> {
    let Some(id) = id.and_then(|id| u64::try_from(id).ok()) else {
        return Ok(false);
    };
    let said = store.verdict(id)?.map(|(verdict, _)| verdict);
    Ok(matches!(said, Some(Verdict::Benign | Verdict::Duplicate)))
}

/// Two members' word for it: a single one can neither raise nor lower the severity.
fn severity(reached: &[Reached]) -> Severity {
    let mut severities: Vec<Severity> = reached.iter().map(|one| one.severity).collect();
    severities.sort_unstable_by(|left, right| right.cmp(left));
    let shared = severities.get(1).copied().unwrap_or(Severity::Medium);
    match reached.iter().filter(|one| one.success).count() {
        0 | 1 => shared.clamp(Severity::Medium, Severity::High),
        _ => Severity::Critical,
    }
}

fn window_end(now: Timestamp) -> Timestamp {
    now.floor_to(HOUR_SECONDS)
        .plus_seconds(AHEAD_HOURS * HOUR_SECONDS)
}
