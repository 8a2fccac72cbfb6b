//! Nobody is told the same thing twice: alarms become episodes, episodes have a budget.

use std::collections::BTreeSet;

use super::alarm::Level;
use crate::detect::snapshot::{kept, kept_choice};
use crate::watch::EPISODE_HOURS;

/// National episodes a week at most, by default.
pub const NATIONAL_A_WEEK: usize = 5;
const WEEK_HOURS: i64 = 168;
/// Weeks whose strongest episodes set the bar when there were too many.
const BAR_WEEKS: i64 = 4;
/// An episode is told again when its score has grown so much.
const GROWN: f64 = 1.5;
/// Sources remembered of an episode.
const MAX_SOURCES: usize = 512;
/// Episodes remembered.
const MAX_EPISODES: usize = 4_096;
/// Keys remembered of an episode.
const MAX_KEYS: usize = 64;
/// Two keys are one episode when this share of the smaller set of sources is in both …
const SHARED_OF_SMALLER: f64 = 0.5;
/// … and this share of the larger, so that a few scanners of everything join nothing.
const SHARED_OF_LARGER: f64 = 0.15;
/// Fewest sources in both.
const MIN_SHARED: usize = 2;

/// How much may be called.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Budget {
    /// National episodes in any seven days. Default [`NATIONAL_A_WEEK`].
    pub national_a_week: usize,
    /// Episodes in any seven days of one sector or area. Default 1.
    pub cell_a_week: usize,
}

impl Default for Budget {
    fn default() -> Self {
        Self {
            national_a_week: NATIONAL_A_WEEK,
            cell_a_week: 1,
        }
    }
}

/// What is to be said of a candidate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// A new episode, to be told.
    Opened(u64),
    /// A known one that has grown, to be told again.
    Grown(u64),
    /// Nothing new to say.
    Silent,
}

/// Something that scores high enough to be told.
pub(super) struct Candidate<'a> {
    pub hour: i64,
    pub level: Level,
    pub scope: &'a str,
    pub key: &'a str,
    pub score: f64,
    /// Marks of the sources.
    pub sources: BTreeSet<u64>,
}

#[derive(Clone, Debug)]
struct Episode {
    number: u64,
    level: Level,
    scope: String,
    keys: Vec<String>,
    /// Latest hour it was an alarm.
    last: i64,
    /// Highest score.
    peak: f64,
    /// Score when it was last told; none while held back.
    told: Option<f64>,
    /// When it was first told.
    told_at: i64,
    sources: BTreeSet<u64>,
    /// The episode it turned out to be one with.
    merged_into: Option<u64>,
}

kept_choice!(Level of Self::ALL);
kept!(Episode {
    number,
    level,
    scope,
    keys,
    last,
    peak,
    told,
    told_at,
    sources,
    merged_into
});
kept!(Episodes { episodes, made });

/// All episodes of the last weeks.
#[derive(Clone, Debug, Default)]
pub(super) struct Episodes {
    episodes: Vec<Episode>,
    made: u64,
}

impl Episodes {
    /// Whether the key is part of an episode that is not over.
    pub fn is_open(&self, key: &str, hour: i64) -> bool {
        self.episodes
            .iter()
            .any(|one| one.is_open(hour) && one.has_key(key))
    }

    /// The score that a national candidate needs beyond the usual one: when the last weeks had more
    /// episodes than the budget, that of the strongest the budget has room for.
    pub fn bar(&self, hour: i64, budget: Budget) -> f64 {
        let since = hour - BAR_WEEKS * WEEK_HOURS;
        let room = budget.national_a_week.saturating_mul(4);
        let mut peaks: Vec<f64> = self
            .episodes
            .iter()
            .filter(|one| one.level == Level::National && one.last > since)
            .filter(|one| one.merged_into.is_none())
            .map(|one| one.peak)
            .collect();
        peaks.sort_by(|left, right| right.total_cmp(left));
        peaks.get(room).copied().unwrap_or(0.0)
    }

    /// Other keys of the episode.
    pub fn keys(&self, number: u64) -> Vec<String> {
        self.episodes
            .iter()
            .find(|one| one.number == number)
            .map_or_else(Vec::new, |one| one.keys.clone())
    }

    /// Keys, last hour and merger of an episode.
    pub fn told(&self, number: u64) -> Option<(&[String], i64, Option<u64>)> {
        let found = self.episodes.iter().find(|one| one.number == number)?;
        Some((&found.keys, found.last, found.merged_into))
    }

    /// Takes in a candidate and says what is to be told.
    pub fn decide(&mut self, candidate: Candidate<'_>, budget: Budget) -> Verdict {
        let hour = candidate.hour;
        let room = self.has_room(&candidate, budget);
        let alike: Vec<usize> = self
            .episodes
            .iter()
            .enumerate()
            .filter(|(_, one)| one.level == candidate.level && one.scope == candidate.scope)
            .filter(|(_, one)| one.is_open(hour) && one.belongs(&candidate))
            .map(|(place, _)| place)
            .collect();
        let Some(first) = self.join(&alike) else {
            return self.open(candidate, room);
        };
        let Some(episode) = self.episodes.get_mut(first) else {
            return Verdict::Silent;
        };
        episode.last = hour;
        episode.take_in(
            vec![candidate.key.to_owned()],
            candidate.sources,
            candidate.score,
        );
        match episode.told {
            None if room => {
                episode.told = Some(candidate.score);
                episode.told_at = hour;
                Verdict::Opened(episode.number)
            }
            Some(told) if candidate.score >= told * GROWN => {
                episode.told = Some(candidate.score);
                Verdict::Grown(episode.number)
            }
            _ => Verdict::Silent,
        }
    }

    /// Makes one episode of those that turned out to be the same: the earliest that was told, or else
    /// the earliest.
    fn join(&mut self, alike: &[usize]) -> Option<usize> {
        let told = |place: &&usize| {
            self.episodes
                .get(**place)
                .is_some_and(|one| one.told.is_some())
        };
        let first = *alike.iter().find(told).or_else(|| alike.first())?;
        let into = self.episodes.get(first)?.number;
        for place in alike.iter().filter(|place| **place != first) {
            let Some(other) = self.episodes.get_mut(*place) else {
                continue;
            };
            other.merged_into = Some(into);
            let (keys, sources, peak) = (
                std::mem::take(&mut other.keys),
                std::mem::take(&mut other.sources),
                other.peak,
            );
            if let Some(kept) = self.episodes.get_mut(first) {
                kept.take_in(keys, sources, peak);
            }
        }
        Some(first)
    }

    fn open(&mut self, candidate: Candidate<'_>, room: bool) -> Verdict {
        let since = candidate.hour - BAR_WEEKS * WEEK_HOURS;
        self.episodes.retain(|one| one.last > since);
        if self.episodes.len() >= MAX_EPISODES {
            return Verdict::Silent;
        }
        self.made += 1;
        self.episodes.push(Episode {
            number: self.made,
            level: candidate.level,
            scope: candidate.scope.to_owned(),
            keys: vec![candidate.key.to_owned()],
            last: candidate.hour,
            peak: candidate.score,
            told: room.then_some(candidate.score),
            told_at: candidate.hour,
            sources: candidate.sources.into_iter().take(MAX_SOURCES).collect(),
            merged_into: None,
        });
        if room {
            Verdict::Opened(self.made)
        } else {
            Verdict::Silent
        }
    }

    fn has_room(&self, candidate: &Candidate<'_>, budget: Budget) -> bool {
        let since = candidate.hour - WEEK_HOURS;
        let told = self.episodes.iter().filter(|one| {
            one.told.is_some()
                && one.told_at > since
                && one.level == candidate.level
                && one.scope == candidate.scope
        });
        let allowed = if candidate.level == Level::National {
            budget.national_a_week
        } else {
            budget.cell_a_week
        };
        told.count() < allowed
    }
}

impl Episode {
    const fn is_open(&self, hour: i64) -> bool {
        self.merged_into.is_none() && hour < self.last + EPISODE_HOURS
    }

    fn take_in(&mut self, keys: Vec<String>, sources: BTreeSet<u64>, score: f64) {
        self.peak = self.peak.max(score);
        for key in keys {
            if !self.has_key(&key) && self.keys.len() < MAX_KEYS {
                self.keys.push(key);
            }
        }
        for source in sources {
            if self.sources.len() < MAX_SOURCES {
                self.sources.insert(source);
            }
        }
    }

    fn has_key(&self, key: &str) -> bool {
        self.keys.iter().any(|known| known == key)
    }

    fn belongs(&self, candidate: &Candidate<'_>) -> bool {
        if self.has_key(candidate.key) {
            return true;
        }
        let number = crate::watch::baseline::as_number;
        let both = candidate.sources.intersection(&self.sources).count();
        let (one, other) = (candidate.sources.len(), self.sources.len());
        both >= MIN_SHARED
            && number(both) >= SHARED_OF_SMALLER * number(one.min(other))
            && number(both) >= SHARED_OF_LARGER * number(one.max(other))
    }
}
