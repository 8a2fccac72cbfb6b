//! The judgement of one hour: every key that got a sighting in it.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;
use std::ops::RangeInclusive;

use super::alarm::{Alarm, Level, Shown};
use super::calibration::{false_discovery, stratum};
use super::edges::mark;
use super::episodes::{Candidate, Verdict};
use super::members::Standing as Counting;
use super::{DAY_HOURS, Fold, HOUR_SECONDS, KeyState, Learned, known_or_new};
use crate::time::Timestamp;
use crate::watch::assess::{Assessment, Kind, Setting, assess_against};
use crate::watch::baseline::{Day, HISTORY_DAYS};
use crate::watch::{WINDOW_HOURS, breadth, trim_for};

/// Share of false alarms accepted among those called in an hour.
const FALSE_DISCOVERY: f64 = 0.10;
/// Addresses shown with an alarm.
const MAX_SHOWN: usize = 20;
/// Members named with an alarm.
const MAX_REACHED: usize = 100_000;
/// Cells with fewer members are not shown.
const MIN_SHOWN_CELL: usize = 5;

/// A key that was judged.
pub(super) struct Judged {
    pub key: usize,
    pub assessment: Assessment,
    pub stratum: usize,
    pub probability: f64,
}

/// What a campaign or a rise is told from.
pub(super) struct Told<'a> {
    pub hour: i64,
    pub kind: Kind,
    pub key: &'a str,
    pub assessment: &'a Assessment,
    pub q_value: f64,
    pub window: &'a [(IpAddr, u32)],
    pub first_seen: Timestamp,
}

impl Fold {
    pub(super) fn judge_hour(&mut self, hour: i64, touched: &[usize], out: &mut Vec<Alarm>) {
        self.judge_rises(hour, touched, true, out);
        self.judge_waves(hour, touched, out);
        self.judge_campaigns(hour, out);
    }

    /// Judges rises of `keys` in `hour`. While the hour is being filled (`whole` is false) nothing is
    /// learned from it, and shares of false alarms are reckoned over all keys of the hour so far.
    pub(super) fn judge_rises(
        &mut self,
        hour: i64,
        keys: &[usize],
        whole: bool,
        out: &mut Vec<Alarm>,
    ) {
        let judged = self.judge_keys(hour, keys);
        let probabilities: Vec<f64> = judged.iter().map(|one| one.probability).collect();
        let others = if whole {
            0
        } else {
            self.touched.len().saturating_sub(keys.len())
        };
        let shares = false_discovery(&probabilities, others);
        let mut called: Vec<(usize, f64)> = Vec::new();
        let bar = self.episodes.bar(hour, self.budget);
        for (place, (one, share)) in judged.iter().zip(&shares).enumerate() {
            let name = self.key_name(one.key);
            let known = self.calibration.is_settled(one.stratum);
            let credible = *share <= FALSE_DISCOVERY || !known;
            if one.assessment.alarm && one.assessment.score >= bar && credible {
                called.push((place, *share));
            } else if whole && !self.episodes.is_open(name, hour) {
                self.calibration
                    .learn(one.stratum, one.assessment.score, hour);
            }
        }
        let strength = |place: usize| judged.get(place).map_or(0.0, |one| one.assessment.score);
        called.sort_by(|left, right| strength(right.0).total_cmp(&strength(left.0)));
        for (place, share) in called {
            let Some(one) = judged.get(place) else {
                continue;
            };
            let window = self.window(one.key, hour);
            let (key, assessment) = (one.key, one.assessment);
            let name = self.key_name(key).to_owned();
            let first_seen = self.first_seen(key, hour);
            let told = Told {
                hour,
                kind: known_or_new(assessment.kind == Kind::Novel),
                key: &name,
                assessment: &assessment,
                q_value: share,
                window: &window,
                first_seen,
            };
            out.extend(self.tell(&told));
        }
    }

    /// When what is said now is said.
    pub(super) fn said_at(&self, hour: i64) -> Timestamp {
        self.looking.unwrap_or_else(|| end_of(hour))
    }

    /// Names of members, for those who may see them.
    pub(super) fn names_of(&self, members: &BTreeSet<u32>) -> Vec<String> {
        let mut names: Vec<String> = members
            .iter()
            .take(MAX_REACHED)
            .map(|member| self.members.name(*member).to_owned())
            .collect();
        names.sort_unstable();
        names
    }

    /// The edges of a key in the window that ends with `hour`.
    fn window(&self, key: usize, hour: i64) -> Vec<(IpAddr, u32)> {
        let mut window = Vec::new();
        if let Some((_, state)) = self.keys.get(key) {
            let counts = |member| self.counting.counts(member);
            let from = hour - WINDOW_HOURS + 1;
            state.edges.add_between(from, hour, counts, &mut window);
        }
        window
    }

    fn judge_keys(&mut self, hour: i64, touched: &[usize]) -> Vec<Judged> {
        let members = self.counting.counted;
        let trim = trim_for(members);
        let nulls = self.calibration.nulls();
        let voices = &self.members.voices;
        let mut judged = Vec::new();
        let mut window = Vec::new();
        for key in touched {
            let Some((_, state)) = self.keys.get_mut(*key) else {
                continue;
            };
            let from = hour - WINDOW_HOURS + 1;
            window.clear();
            let counting = &self.counting;
            let counts = |member| counting.counts(member);
            state.edges.add_between(from, hour, counts, &mut window);
            voices.speak(&mut window);
            if window.len() < 3 {
                continue;
            }
            let mut breadth = scaled(self.tally.measure(&window, trim), &state.edges);
            let heard = (members, voices);
            breadth.roaming = self.roamers.of_key(&state.edges, hour, heard, counts);
            let past = state.past(counting, self.generation, self.first_closed);
            let assessment = assess_against(breadth, past, Setting { members });
            let stratum = stratum(
                assessment.kind == Kind::Novel,
                assessment.evidence.trimmed.month.mean,
            );
            judged.push(Judged {
                key: *key,
                stratum,
                probability: nulls.probability(stratum, assessment.score),
                assessment,
            });
        }
        judged
    }

    /// The whole days before the window that ends with `hour`.
    pub(super) fn history_days(&self, hour: i64) -> RangeInclusive<i64> {
        let last = (hour - WINDOW_HOURS + 1).div_euclid(DAY_HOURS) - 1;
        let days = i64::try_from(HISTORY_DAYS).unwrap_or(i64::MAX);
        let from = self
            .members
            .history_from()
            .map_or(last + 1, |from| from.max(last - days + 1));
        from..=last
    }

    fn first_seen(&self, key: usize, hour: i64) -> Timestamp {
        self.keys
            .get(key)
            .and_then(|(_, state)| state.edges.first_since(hour - WINDOW_HOURS + 1))
            .unwrap_or_else(|| Timestamp::from_seconds(hour * HOUR_SECONDS))
    }

    pub(super) fn key_name(&self, key: usize) -> &str {
        self.keys.get(key).map_or("", |(name, _)| name.as_str())
    }

    /// The alarm to be told of a national candidate, if any is.
    pub(super) fn tell(&mut self, told: &Told<'_>) -> Option<Alarm> {
        let candidate = Candidate {
            hour: told.hour,
            level: Level::National,
            scope: "all",
            key: told.key,
            score: told.assessment.score,
            sources: told
                .window
                .iter()
                .map(|(source, _)| mark(*source))
                .collect(),
        };
        let (episode, grown) = match self.episodes.decide(candidate, self.budget) {
            Verdict::Silent => return None,
            Verdict::Opened(number) => (number, false),
            Verdict::Grown(number) => (number, true),
        };
        let members: BTreeSet<u32> = told.window.iter().map(|(_, member)| *member).collect();
        let breadth = told.assessment.evidence.breadth;
        let mut keys = self.episodes.keys(episode);
        keys.retain(|key| key != told.key);
        Some(Alarm {
            at: self.said_at(told.hour),
            kind: told.kind,
            level: Level::National,
            scope: "all".to_owned(),
            key: told.key.to_owned(),
            score: told.assessment.score,
            q_value: told.q_value,
            sources: breadth.sources,
            members: breadth.members,
            first_seen: told.first_seen,
            shown: Shown {
                evidence: Some(told.assessment.evidence),
                cell: None,
                window_hours: WINDOW_HOURS,
                keys,
                broadest: broadest(told.window),
                reached: self.names_of(&members),
                sectors: self.cells(&members, true),
                areas: self.cells(&members, false),
                episode,
                grown,
            },
        })
    }

    /// Members by sector or area, as far as it may be shown: five or more, and never so that the
    /// cells left out follow from the total.
    pub(super) fn cells(&self, members: &BTreeSet<u32>, sectors: bool) -> Vec<(String, usize)> {
        let mut counts: BTreeMap<u32, usize> = BTreeMap::new();
        for member in members {
            let cell = if sectors {
                self.members.sector(*member)
            } else {
                self.members.area(*member)
            };
            if let Some(cell) = cell {
                *counts.entry(cell).or_default() += 1;
            }
        }
        let places = if sectors {
            self.members.sectors()
        } else {
            self.members.areas()
        };
        let hidden: usize = counts
            .values()
            .filter(|count| **count < MIN_SHOWN_CELL)
            .sum();
        if hidden > 0 && hidden < MIN_SHOWN_CELL {
            return Vec::new();
        }
        let mut shown: Vec<(String, usize)> = counts
            .into_iter()
            .filter(|(_, count)| *count >= MIN_SHOWN_CELL)
            .map(|(cell, count)| (places.name(cell).to_owned(), count))
            .collect();
        shown.sort_unstable();
        shown
    }
}

impl KeyState {
    /// What the days before the window make usual, without gaps; learned once in a generation.
    fn past(
        &mut self,
        counting: &Counting,
        generation: u64,
        first_closed: Option<i64>,
    ) -> &Learned {
        if self.usual.as_ref().is_none_or(|(of, _)| *of != generation) {
            let history: Vec<Day> = (counting.first_day..)
                .zip(&counting.known)
                .map(|(day, known)| {
                    let roams = first_closed.is_some_and(|first| day >= first);
                    self.day(day, *known, roams)
                })
                .collect();
            let setting = Setting {
                members: counting.counted,
            };
            self.usual = Some((generation, Box::new(Learned::of(&history, setting))));
        }
        // It was put there just now.
        self.usual.get_or_insert_default().1.as_ref()
    }
}

pub(super) const fn end_of(hour: i64) -> Timestamp {
    Timestamp::from_seconds((hour + 1) * HOUR_SECONDS)
}

fn scaled(mut breadth: breadth::Breadth, edges: &super::KeyEdges) -> breadth::Breadth {
    let scale = edges.scale();
    breadth.sources *= scale;
    breadth.capped *= scale;
    breadth.trimmed *= scale;
    breadth.shared *= scale;
    breadth
}

/// The sources seen at most members.
pub(super) fn broadest(window: &[(IpAddr, u32)]) -> Vec<IpAddr> {
    let mut sources: Vec<(usize, IpAddr)> = window
        .chunk_by(|left, right| left.0 == right.0)
        .filter_map(|same| same.first().map(|(source, _)| (same.len(), *source)))
        .collect();
    sources.sort_by(|left, right| right.0.cmp(&left.0).then(left.1.cmp(&right.1)));
    sources.truncate(MAX_SHOWN);
    sources.into_iter().map(|(_, source)| source).collect()
}
