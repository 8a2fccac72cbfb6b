//! One look of the watch.

use std::collections::{BTreeMap, BTreeSet};

use larum_core::finding::Severity;
use larum_core::time::Timestamp;
use larum_core::watch::{
    Assessment, Day, Deviation, Edges, HISTORY_DAYS, Known, MEMBER_PROBATION_DAYS, Setting, State,
    Step, WINDOW_HOURS, assess, measure, next_step, trim_for,
};
use larum_core::words::Words;

use super::Settings;
use super::warn::{Grounds, MAX_INDICATORS, compose};
use crate::id::MemberId;
use crate::store::StoreError;
use crate::store::watch::{
    Fresh, LearnedDay, NewWarning, Reached, ThreatChange, ThreatRow, WatchStore, broadest_sources,
};

const HOUR_SECONDS: i64 = 3_600;
const DAY_SECONDS: i64 = 86_400;
/// Most marks taken in one go; a backlog is learned in several.
const MAX_MARKS: usize = 100_000;
/// Edges dated later than this after now are no part of the window: ingest accepts clocks that run a
/// day ahead, no more.
const AHEAD_HOURS: i64 = 25;

/// What a look did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Summary {
    /// Days measured.
    pub days: usize,
    /// Keys judged.
    pub judged: usize,
    /// Threats opened.
    pub opened: usize,
    /// Threats closed.
    pub closed: usize,
    /// Warnings issued.
    pub warned: usize,
    /// Warned members that were reached.
    pub hit: usize,
}

/// The watch, ready to look.
pub struct Watch {
    words: Words,
    settings: Settings,
}

/// Who reports, and since when.
struct Membership {
    firsts: Vec<(MemberId, Timestamp)>,
    /// Members whose edges count in the window.
    counted: BTreeSet<MemberId>,
    /// First whole day of the hub's history.
    history_from: Timestamp,
}

impl Watch {
    /// A watch that warns in `words`.
    #[must_use]
    pub const fn new(words: Words, settings: Settings) -> Self {
        Self { words, settings }
    }

    /// Looks once, at `now`: measures the days that got new edges, judges the keys that were seen in
    /// the last 24 hours or have an open threat, and writes what follows. Looking twice changes
    /// nothing.
    ///
    /// # Errors
    /// When the store fails; what was not finished stays marked for the next look.
    pub fn step(
        &self,
        store: &(impl WatchStore + ?Sized),
        now: Timestamp,
    ) -> Result<Summary, StoreError> {
        let mut summary = Summary::default();
        let mut keys: BTreeSet<String> = store.open_threat_keys()?.into_iter().collect();
        let since = window_start(now);
        let mut learned = 0;
        loop {
            let fresh = store.watch_fresh(learned, MAX_MARKS)?;
            summary.days += learn(store, &fresh)?;
            let recent = fresh.hours.iter().filter(|(_, hour)| *hour >= since);
            keys.extend(recent.map(|(key, _)| key.clone()));
            learned = fresh.up_to;
            if fresh.marks < MAX_MARKS {
                break;
            }
        }
        // A key that could not be judged keeps every mark; learning twice does no harm.
        if self.judge_all(store, &keys, (now, learned), &mut summary)? && learned > 0 {
            store.watch_done(learned)?;
        }
        Ok(summary)
    }

    /// Judges all keys; whether each could be judged.
    fn judge_all(
        &self,
        store: &(impl WatchStore + ?Sized),
        keys: &BTreeSet<String>,
        (now, learned): (Timestamp, i64),
        summary: &mut Summary,
    ) -> Result<bool, StoreError> {
        if keys.is_empty() {
            return Ok(true);
        }
        let membership = Membership::of(store, now)?;
        let mut all = true;
        for key in keys {
            let mut window = store.edges(key, window_start(now), window_end(now))?;
            // What arrived after the days were measured may belong to the past: a backlog coming in.
            // Against a past that lacks it the window would look like an outbreak.
            if store.has_unlearned(key, learned, window_start(now))? {
                all = false;
                continue;
            }
            window.retain(|(member, _)| membership.counted.contains(member));
            self.judge(store, (key, &window), &membership, now, summary)?;
        }
        Ok(all)
    }

    fn judge(
        &self,
        store: &(impl WatchStore + ?Sized),
        (key, window): (&str, &Edges<MemberId>),
        membership: &Membership,
        now: Timestamp,
        summary: &mut Summary,
    ) -> Result<(), StoreError> {
        summary.judged += 1;
        let history = history(store, key, membership, now)?;
        let judged = assess(
            measure(window, trim_for(membership.counted.len())),
            &history,
            Setting {
                members: membership.counted.len(),
            },
        );
        let latest = store.latest_threat(key)?;
        let known = latest.as_ref().map(|(_, row)| Known {
            state: row.state,
            stirred: row.updated,
            closed: row.closed,
        });
        let step = next_step(known, &judged, now);
        let (id, before) = match (step, latest) {
            (Step::Nothing, _) => return Ok(()),
            (Step::Open, _) | (_, None) => (None, None),
            (_, Some((id, row))) => (Some(id), Some(row)),
        };
        let change = self.change(store, key, (id, before), (step, &judged), now)?;
        let applied = store.apply_threat(&change, now)?;
        summary.opened += usize::from(step == Step::Open);
        summary.closed += usize::from(step == Step::Close);
        summary.warned += applied.warned;
        summary.hit += applied.hit;
        Ok(())
    }

    /// The threat as it is to be kept now, and the warnings that follow.
    fn change(
        &self,
        store: &(impl WatchStore + ?Sized),
        key: &str,
        (id, before): (Option<i64>, Option<ThreatRow>),
        (step, judged): (Step, &Assessment),
        now: Timestamp,
    ) -> Result<ThreatChange, StoreError> {
        let since = before.as_ref().map_or(window_start(now), |row| row.first);
        let reached = store.reached(key, since)?;
        let edges = store.edges(key, since.floor_to(HOUR_SECONDS), window_end(now))?;
        let sources: BTreeSet<_> = edges.iter().map(|(_, source)| *source).collect();
        let grew = before
            .as_ref()
            .is_some_and(|row| reached.len() > row.members);
        // A sighting may have begun long before the window it ended in.
        let first = reached.iter().map(|one| one.first.max(since)).min();
        let mut row = before.unwrap_or_else(|| ThreatRow {
            key: key.to_owned(),
            kind: judged.kind,
            level: "region".to_owned(),
            scope: self.settings.region.clone(),
            state: State::Emerging,
            severity: Severity::Medium,
            opened: now,
            updated: now,
            closed: None,
            score: judged.score,
            sources: 0,
            members: 0,
            first: first.unwrap_or(since),
            evidence: String::new(),
        });
        if judged.alarm || grew {
            row.updated = now;
        }
        if judged.alarm || row.evidence.is_empty() {
            row.score = judged.score;
            row.evidence = evidence(judged);
        }
        row.severity = severity(&reached);
        row.sources = sources.len();
        row.members = reached.len();
        (row.state, row.closed) = match step {
            Step::Close => (State::Closed, Some(now)),
            Step::Update(state) => (state, None),
            Step::Open | Step::Nothing => (State::Emerging, None),
        };
        let warnings = if row.state == State::Emerging {
            self.warnings(store, &row, &reached, &edges, now)?
        } else {
            Vec::new()
        };
        Ok(ThreatChange {
            id,
            row,
            reached: reached.iter().map(|one| (one.member, one.first)).collect(),
            warnings,
        })
    }

    /// One warning for every member with a collector that was not reached.
    fn warnings(
        &self,
        store: &(impl WatchStore + ?Sized),
        row: &ThreatRow,
        reached: &[Reached],
        edges: &Edges<MemberId>,
        now: Timestamp,
    ) -> Result<Vec<NewWarning>, StoreError> {
        let hit: BTreeSet<MemberId> = reached.iter().map(|one| one.member).collect();
        let expires = now.plus_seconds(i64::from(self.settings.warning_hours) * HOUR_SECONDS);
        let grounds = Grounds {
            key: &row.key,
            kind: row.kind,
            severity: row.severity,
            members: row.members,
            sources: row.sources,
            indicators: broadest_sources(edges, MAX_INDICATORS),
        };
        let warning = compose(&self.words, grounds, now, expires);
        // Plain data always becomes JSON.
        let body = serde_json::to_string(&warning).unwrap_or_default();
        Ok(store
            .warnable()?
            .into_iter()
            .filter(|member| !hit.contains(member))
            .map(|member| NewWarning {
                member,
                expires,
                body: body.clone(),
            })
            .collect())
    }
}

impl Membership {
    fn of(store: &(impl WatchStore + ?Sized), now: Timestamp) -> Result<Self, StoreError> {
        let mut firsts = store.watch_members()?;
        firsts.sort_by_key(|(_, first)| *first);
        // The history starts where more members report than are trimmed, so that one member with
        // invented dates cannot make a young hub look old.
        let start = firsts
            .get(trim_for(firsts.len()))
            .map_or(now, |(_, first)| *first);
        let history_from = start.floor_to(DAY_SECONDS).plus_seconds(DAY_SECONDS);
        let probation = now.plus_seconds(-MEMBER_PROBATION_DAYS * DAY_SECONDS);
        let young = start > probation.plus_seconds(-3 * DAY_SECONDS);
        let counted = firsts
            .iter()
            .filter(|(_, first)| young || *first <= probation)
            .map(|(member, _)| *member)
            .collect();
        Ok(Self {
            firsts,
            counted,
            history_from,
        })
    }

    /// Members known before `moment`.
    fn known_before(&self, moment: Timestamp) -> usize {
        self.firsts.partition_point(|(_, first)| *first < moment)
    }
}

/// Measures every day that got new edges and keeps it.
fn learn(store: &(impl WatchStore + ?Sized), fresh: &Fresh) -> Result<usize, StoreError> {
    let members = store.watch_members()?.len();
    let days: BTreeSet<(&str, Timestamp)> = fresh
        .hours
        .iter()
        .map(|(key, hour)| (key.as_str(), hour.floor_to(DAY_SECONDS)))
        .collect();
    let mut learned = Vec::with_capacity(days.len());
    for (key, day) in days {
        let edges = store.edges(key, day, day.plus_seconds(DAY_SECONDS))?;
        let breadth = measure(&edges, trim_for(members));
        learned.push(LearnedDay {
            key: key.to_owned(),
            day,
            capped: breadth.capped,
            trimmed: breadth.trimmed,
            shared: breadth.shared,
        });
    }
    store.learn_days(&learned)?;
    Ok(learned.len())
}

/// The whole calendar days before the window, oldest first, without gaps.
fn history(
    store: &(impl WatchStore + ?Sized),
    key: &str,
    membership: &Membership,
    now: Timestamp,
) -> Result<Vec<Day>, StoreError> {
    let last = window_start(now)
        .floor_to(DAY_SECONDS)
        .plus_seconds(-DAY_SECONDS);
    let days = i64::try_from(HISTORY_DAYS).unwrap_or(i64::MAX);
    let from = membership
        .history_from
        .max(last.plus_seconds(-(days - 1) * DAY_SECONDS));
    let seen: BTreeMap<Timestamp, LearnedDay> = store
        .learned_days(key, from, last)?
        .into_iter()
        .map(|day| (day.day, day))
        .collect();
    let mut history = Vec::with_capacity(HISTORY_DAYS);
    let mut day = from;
    while day <= last {
        let next = day.plus_seconds(DAY_SECONDS);
        let found = seen.get(&day);
        history.push(Day {
            capped: found.map_or(0, |found| found.capped),
            trimmed: found.map_or(0, |found| found.trimmed),
            shared: found.map_or(0, |found| found.shared),
            known: membership.known_before(next),
        });
        day = next;
    }
    Ok(history)
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

fn evidence(judged: &Assessment) -> String {
    let breadth = judged.evidence.breadth;
    let deviation = |one: Deviation| {
        serde_json::json!({
            "usual": rounded(one.mean),
            "spread": rounded(one.spread),
            "slow": rounded(one.slow),
            "fast": rounded(one.fast),
            "days": one.days,
        })
    };
    serde_json::json!({
        "window_hours": WINDOW_HOURS,
        "sources": breadth.sources,
        "members": breadth.members,
        "networks": breadth.networks,
        "source_capped": breadth.capped,
        "member_trimmed": breadth.trimmed,
        "shared": breadth.shared,
        "source_capped_against": deviation(judged.evidence.capped),
        "member_trimmed_against": deviation(judged.evidence.trimmed),
        "shared_against": deviation(judged.evidence.shared),
        "score": rounded(judged.score),
        "settled": judged.evidence.settled,
    })
    .to_string()
}

fn rounded(value: f64) -> f64 {
    (value * 100.0).round() / 100.0
}

fn window_start(now: Timestamp) -> Timestamp {
    now.floor_to(HOUR_SECONDS)
        .plus_seconds(-(WINDOW_HOURS - 1) * HOUR_SECONDS)
}

fn window_end(now: Timestamp) -> Timestamp {
    now.floor_to(HOUR_SECONDS)
        .plus_seconds(AHEAD_HOURS * HOUR_SECONDS)
}
