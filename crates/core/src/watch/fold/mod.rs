//! The whole watch as a fold over sightings: no clock, no I/O, bounded state. Alarms come out as the
//! hours go by; `larum-hub backtest` prints them, the hub makes threats of them.
//!
//! Two ways to drive it, one code. In a recording ([`Fold::observe`], [`Fold::finish`]) time is that of
//! the sightings: an hour is judged when a sighting of a later hour arrives. A hub has a clock of its
//! own ([`Fold::take`], [`Fold::advance`]), so that no collector's clock moves its time; it also looks
//! early at the hour being filled. Within an hour the sums only grow, so that an early look calls
//! nothing the hour would not have called at its end.
//!
//! What comes late counts in the windows and days that are still open ([`edges::KEPT_HOURS`]); what is
//! older teaches the days it is of (`past`); what is older than those is counted as late and changes
//! nothing. A repeated sighting is the same edge and changes nothing.

mod alarm;
mod calibration;
mod campaigns;
mod edges;
mod episodes;
mod judge;
mod kept;
mod members;
mod past;
mod places;
mod standing;
mod waves;

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

use super::assess::Kind;
use super::baseline::Day;
use crate::time::Timestamp;

pub use alarm::{Alarm, Level, Shown};
use calibration::Calibration;
use campaigns::Campaigns;
pub use edges::{KEPT_HOURS, KeyEdges, MAX_KEY_EDGES, mixed_mark};
use episodes::Episodes;
pub use episodes::{Budget, NATIONAL_A_WEEK};
use members::Members;
use past::Past;
pub use places::NO_SOURCE;
use places::Places;
pub use standing::Standing;
use waves::Waves;

pub(super) const HOUR_SECONDS: i64 = 3_600;
pub(super) const DAY_HOURS: i64 = 24;
/// Keys kept at most; a further one is counted as refused until others fall silent.
pub const MAX_KEYS: usize = 200_000;
/// Hours a sighting may be dated ahead of the time: what the hub's ingest accepts.
const MAX_AHEAD_HOURS: i64 = 25;
/// Hours without any sighting that are skipped at once: everything learned is over by then.
const MAX_GAP_HOURS: i64 = 24 * 60;

/// One sighting, as the fold takes it in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Seen<'a> {
    /// When.
    pub at: Timestamp,
    /// Who saw it: the member's name or number, as it stands in the record.
    pub member: &'a str,
    /// Who did it; [`NO_SOURCE`] where nobody did from outside, because the key is a place that a host
    /// inside was in touch with.
    pub source: IpAddr,
    /// What: a service, a rule, a domain.
    pub key: &'a str,
    /// The member's force area; empty when not known.
    pub area: &'a str,
    /// The member's sector; empty when not known.
    pub sector: &'a str,
}

/// What the fold did with its input.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counted {
    /// Sightings that were counted, repeated ones too.
    pub taken: u64,
    /// Sightings older than the days in memory; they changed nothing.
    pub late: u64,
    /// Sightings that came too late for any window and taught the day they are of.
    pub past: u64,
    /// Sightings of a key or a member beyond the limits.
    pub refused: u64,
}

/// What is kept of one key.
#[derive(Clone, Debug, Default)]
struct KeyState {
    edges: KeyEdges,
    /// Whole days, by number since 1970; days on which nothing was seen are missing.
    days: BTreeMap<i64, Day>,
}

/// The watch's whole state.
#[derive(Clone, Debug)]
pub struct Fold {
    budget: Budget,
    /// The hour being filled, in hours since 1970; none before the first sighting.
    hour: Option<i64>,
    names: BTreeMap<String, usize>,
    keys: Vec<(String, KeyState)>,
    /// Keys with sightings that no judged hour has seen yet, and the latest hour of those.
    touched: BTreeMap<usize, i64>,
    /// Keys with sightings since the last early look.
    fresh: BTreeSet<usize>,
    /// The moment of an early look while it lasts.
    looking: Option<Timestamp>,
    past: Past,
    places: Places,
    members: Members,
    calibration: Calibration,
    episodes: Episodes,
    waves: Waves,
    campaigns: Campaigns,
    counted: Counted,
}

impl Default for Fold {
    fn default() -> Self {
        Self::new(Budget::default())
    }
}

impl Fold {
    /// An empty watch that calls at most as much as `budget` says.
    #[must_use]
    pub fn new(budget: Budget) -> Self {
        Self {
            budget,
            hour: None,
            names: BTreeMap::new(),
            keys: Vec::new(),
            touched: BTreeMap::new(),
            fresh: BTreeSet::new(),
            looking: None,
            past: Past::default(),
            places: Places::default(),
            members: Members::default(),
            calibration: Calibration::default(),
            episodes: Episodes::default(),
            waves: Waves::default(),
            campaigns: Campaigns::default(),
            counted: Counted::default(),
        }
    }

    /// What was done with the input so far.
    #[must_use]
    pub const fn counted(&self) -> Counted {
        self.counted
    }

    /// Takes in one sighting. If it is of a later hour, the hours before it are judged first and
    /// their alarms are added to `out`, in order of time.
    pub fn observe(&mut self, seen: &Seen<'_>, out: &mut Vec<Alarm>) {
        let hour = seen.at.as_seconds().div_euclid(HOUR_SECONDS);
        let open = *self.hour.get_or_insert(hour);
        if hour > open {
            self.close_until(hour, out);
        }
        self.take(seen);
    }

    /// Takes in one sighting and leaves the time as it is. One dated ahead of the time counts when its
    /// hour comes.
    pub fn take(&mut self, seen: &Seen<'_>) {
        let hour = seen.at.as_seconds().div_euclid(HOUR_SECONDS);
        let now = *self.hour.get_or_insert(hour);
        let day = hour.div_euclid(DAY_HOURS);
        let today = now.div_euclid(DAY_HOURS);
        if day < today - i64::try_from(super::HISTORY_DAYS).unwrap_or(i64::MAX)
            || hour > now + MAX_AHEAD_HOURS
        {
            self.counted.late += 1;
            return;
        }
        if seen.source == NO_SOURCE {
            self.take_place(seen, hour, now);
            return;
        }
        let (Some(key), Some(member)) = (self.key(seen.key), self.members.enter(seen, now)) else {
            self.counted.refused += 1;
            return;
        };
        if day < today {
            let noted = self.past.note(key, day, (seen.source, member), now);
            if hour <= now - KEPT_HOURS {
                let counted = if noted {
                    &mut self.counted.past
                } else {
                    &mut self.counted.refused
                };
                *counted += 1;
                return;
            }
        }
        if let Some((_, state)) = self.keys.get_mut(key) {
            state.edges.insert(seen.source, member, seen.at);
            let latest = self.touched.entry(key).or_insert(hour);
            *latest = hour.max(*latest);
            self.fresh.insert(key);
            self.counted.taken += 1;
        }
    }

    fn take_place(&mut self, seen: &Seen<'_>, hour: i64, now: i64) {
        let member = self.members.enter(seen, now);
        let noted = member.is_some_and(|member| self.places.see(seen.key, member, hour));
        let counted = if noted {
            &mut self.counted.taken
        } else {
            &mut self.counted.refused
        };
        *counted += 1;
    }

    /// Brings the time to `now`: judges the hours that are over, then looks early at what came since
    /// the last look. A `now` before the time does nothing but look.
    pub fn advance(&mut self, now: Timestamp, out: &mut Vec<Alarm>) {
        let hour = now.as_seconds().div_euclid(HOUR_SECONDS);
        let open = *self.hour.get_or_insert(hour);
        self.settle_past();
        if hour > open {
            self.close_until(hour, out);
        }
        let fresh = std::mem::take(&mut self.fresh);
        self.looking = Some(now);
        if !fresh.is_empty() {
            self.judge_rises(hour.max(open), &fresh, false, out);
        }
        self.judge_places(hour.max(open), out);
        self.looking = None;
    }

    /// Judges the hour being filled. Call it at the end of a recording.
    pub fn finish(&mut self, out: &mut Vec<Alarm>) {
        if let Some(hour) = self.hour {
            self.close_until(hour + 1, out);
        }
    }

    /// Edges held at the moment, over all keys; what the state's size follows from.
    #[must_use]
    pub fn edges_held(&self) -> usize {
        self.keys.iter().map(|(_, state)| state.edges.len()).sum()
    }

    fn close_until(&mut self, next: i64, out: &mut Vec<Alarm>) {
        let Some(open) = self.hour else { return };
        let from = open.max(next - MAX_GAP_HOURS);
        if from > open {
            self.close_hour(open, out);
        }
        for hour in from..next {
            self.close_hour(hour, out);
        }
        self.hour = Some(next);
    }

    /// Judges `hour`, which is complete.
    fn close_hour(&mut self, hour: i64, out: &mut Vec<Alarm>) {
        self.members.refresh();
        let touched: BTreeSet<usize> = self.touched.keys().copied().collect();
        self.touched.retain(|_, latest| *latest > hour);
        if !touched.is_empty() {
            self.judge_hour(hour, &touched, out);
        }
        self.judge_places(hour, out);
        if (hour + 1).rem_euclid(DAY_HOURS) == 0 {
            self.close_day(hour.div_euclid(DAY_HOURS));
        }
    }

    /// Learns `day`, which is complete, and the day before it anew: late sightings belong to it.
    fn close_day(&mut self, day: i64) {
        let trim = super::trim_for(self.members.len());
        for (_, state) in &mut self.keys {
            for number in [day - 1, day] {
                let from = number * DAY_HOURS;
                let edges = state.edges.between(from, from + DAY_HOURS - 1, |_| true);
                if edges.is_empty() {
                    continue;
                }
                let breadth = super::breadth::measure_by_source(&edges, trim);
                state.learn(number, &breadth);
            }
            state
                .edges
                .forget_before((day + 1) * DAY_HOURS - KEPT_HOURS);
            let kept = i64::try_from(super::HISTORY_DAYS).unwrap_or(i64::MAX);
            state.days = state.days.split_off(&(day - kept));
        }
        self.past
            .forget_before((day + 1) * DAY_HOURS - past::KEPT_HOURS);
        self.forget_places(day);
        self.forget_silent_keys();
        self.members.refresh();
    }

    /// A key without edges and days is as one never seen.
    fn forget_silent_keys(&mut self) {
        let silent = |state: &KeyState| state.edges.is_empty() && state.days.is_empty();
        if !self.keys.iter().any(|(_, state)| silent(state)) {
            return;
        }
        let kept = std::mem::take(&mut self.keys);
        self.names.clear();
        let mut places = BTreeMap::new();
        for (before, (name, state)) in kept.into_iter().enumerate() {
            if !silent(&state) {
                places.insert(before, self.keys.len());
                self.names.insert(name.clone(), self.keys.len());
                self.keys.push((name, state));
            }
        }
        let place = |key: &usize| places.get(key).copied();
        self.fresh = self.fresh.iter().filter_map(place).collect();
        self.past.renumber(place);
        self.touched = std::mem::take(&mut self.touched)
            .iter()
            .filter_map(|(key, latest)| Some((place(key)?, *latest)))
            .collect();
    }

    fn key(&mut self, name: &str) -> Option<usize> {
        if let Some(place) = self.names.get(name) {
            return Some(*place);
        }
        if self.keys.len() >= MAX_KEYS {
            return None;
        }
        let place = self.keys.len();
        self.names.insert(name.to_owned(), place);
        self.keys.push((name.to_owned(), KeyState::default()));
        Some(place)
    }
}

impl KeyState {
    /// Takes in what was measured of a day; a second measure, with what came late, only adds.
    fn learn(&mut self, day: i64, breadth: &super::Breadth) {
        let learned = self.days.entry(day).or_default();
        learned.capped = learned.capped.max(breadth.capped);
        learned.trimmed = learned.trimmed.max(breadth.trimmed);
        learned.shared = learned.shared.max(breadth.shared);
    }
}

/// Kind and level of an alarm about a key.
const fn known_or_new(novel: bool) -> Kind {
    if novel { Kind::Novel } else { Kind::Emerging }
}
