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
mod index;
mod judge;
mod kept;
mod members;
mod past;
mod places;
mod roaming;
mod slow;
mod standing;
mod tally;
mod voices;
mod waves;

use std::collections::BTreeMap;
use std::net::IpAddr;

use super::assess::{Kind, Past as Learned};
use super::baseline::Day;
use crate::time::Timestamp;

pub use alarm::{Alarm, Level, Shown};
use calibration::Calibration;
use campaigns::Campaigns;
pub use edges::{KEPT_HOURS, KeyEdges, MAX_KEY_EDGES, Recent, mixed_mark};
use episodes::Episodes;
pub use episodes::{Budget, NATIONAL_A_WEEK};
use index::Index;
use members::{Members, Standing as Counting};
use past::Past;
pub use places::NO_SOURCE;
use places::Places;
use roaming::Roamers;
use slow::Slow;
pub use standing::Standing;
use tally::Tally;
use waves::Waves;

pub(super) const HOUR_SECONDS: i64 = 3_600;
pub(super) const DAY_HOURS: i64 = 24;
/// Keys kept at most; a further one is counted as refused until others fall silent.
pub const MAX_KEYS: usize = 200_000;
/// Edges of all keys at most: 400 MB of IPv4 ones. Beyond it each key has room for half as many, again and
/// again.
pub const MAX_EDGES: usize = 16_000_000;
/// Halvings of a key's room at most: with all keys in use, the edges still fit.
const MAX_PRESSURE: u32 = 8;
/// Sightings between two counts of all edges.
const COUNT_EVERY: u64 = 1 << 20;
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
    /// Whole days in order, by number since 1970; days on which nothing was seen are missing.
    days: Vec<Measured>,
    /// The latest hour of the sightings that no judged hour has seen yet.
    latest: Option<i64>,
    /// Whether something came since the last early look.
    fresh: bool,
    /// What the days make usual, as of the generation it was learned in.
    usual: Option<(u64, Box<Learned>)>,
}

/// One whole day of a key, as measured.
#[derive(Clone, Copy, Debug, Default)]
struct Measured {
    day: u32,
    capped: u32,
    trimmed: u32,
    shared: u32,
    roaming: [u16; super::PACES],
}

/// The watch's whole state.
#[derive(Clone, Debug)]
pub struct Fold {
    budget: Budget,
    /// The hour being filled, in hours since 1970; none before the first sighting.
    hour: Option<i64>,
    index: Index,
    keys: Vec<(String, KeyState)>,
    /// Keys with sightings that no judged hour has seen yet.
    touched: Vec<usize>,
    /// Keys with sightings since the last early look.
    fresh: Vec<usize>,
    /// How often a key's room was halved because all keys together had too many edges.
    pressure: u32,
    /// Who counts in the hour being judged, and which days are its history; each other one is another
    /// generation.
    counting: Counting,
    generation: u64,
    tally: Tally,
    roamers: Roamers,
    /// The first day whose end was judged: before it nobody knows the hours.
    first_closed: Option<i64>,
    /// The moment of an early look while it lasts.
    looking: Option<Timestamp>,
    past: Past,
    places: Places,
    slow: Slow,
    /// Contacts that were not tested yet.
    contacts: Vec<slow::Waiting>,
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
            index: Index::default(),
            keys: Vec::new(),
            touched: Vec::new(),
            fresh: Vec::new(),
            pressure: 0,
            counting: Counting::default(),
            generation: 0,
            tally: Tally::default(),
            roamers: Roamers::default(),
            first_closed: None,
            looking: None,
            past: Past::default(),
            places: Places::default(),
            slow: Slow::default(),
            contacts: Vec::new(),
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
        self.note_slow(seen.source, member, key, hour);
        let room = self.room();
        if let Some((_, state)) = self.keys.get_mut(key) {
            state
                .edges
                .insert_within(room, (seen.source, member), seen.at);
            if state.latest.is_none() {
                self.touched.push(key);
            }
            state.latest = Some(state.latest.map_or(hour, |latest| latest.max(hour)));
            if !std::mem::replace(&mut state.fresh, true) {
                self.fresh.push(key);
            }
            self.counted.taken += 1;
            if self.counted.taken.is_multiple_of(COUNT_EVERY) {
                self.make_room();
            }
        }
    }

    /// Edges a key has room for.
    const fn room(&self) -> usize {
        MAX_KEY_EDGES >> self.pressure
    }

    /// Halves the room of each key until all edges fit.
    fn make_room(&mut self) {
        while self.pressure < MAX_PRESSURE && self.places_used() > MAX_EDGES {
            self.pressure += 1;
            let room = self.room();
            for (_, state) in &mut self.keys {
                state.edges.settle(room);
            }
        }
    }

    fn places_used(&self) -> usize {
        let used = self.keys.iter();
        used.map(|(_, state)| state.edges.places_used()).sum()
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
        let mut fresh = std::mem::take(&mut self.fresh);
        self.prepare(hour.max(open), &mut fresh);
        for key in &fresh {
            if let Some((_, state)) = self.keys.get_mut(*key) {
                state.fresh = false;
            }
        }
        self.looking = Some(now);
        if !fresh.is_empty() {
            self.judge_rises(hour.max(open), &fresh, false, out);
        }
        self.judge_places(hour.max(open), out);
        self.judge_slow(hour.max(open), out);
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
        self.make_room();
        let mut touched = std::mem::take(&mut self.touched);
        for key in &touched {
            if let Some((_, state)) = self.keys.get_mut(*key) {
                state.latest = state.latest.filter(|latest| *latest > hour);
                if state.latest.is_some() {
                    self.touched.push(*key);
                }
            }
        }
        self.prepare(hour, &mut touched);
        if !touched.is_empty() {
            self.judge_hour(hour, &touched, out);
        }
        self.judge_places(hour, out);
        self.judge_slow(hour, out);
        if (hour + 1).rem_euclid(DAY_HOURS) == 0 {
            self.close_day(hour.div_euclid(DAY_HOURS));
        }
    }

    /// Reckons once what every judgement of the hour needs, and puts `keys` and their edges in order:
    /// by name, so that what is called does not depend on which key was met first.
    fn prepare(&mut self, hour: i64, keys: &mut [usize]) {
        keys.sort_unstable_by(|left, right| self.key_name(*left).cmp(self.key_name(*right)));
        self.members.refresh();
        let counting = self.members.standing(hour, self.history_days(hour));
        if counting != self.counting {
            self.generation += 1;
            self.counting = counting;
        }
        self.tally
            .widen(self.members.len(), self.members.voices.marks());
        let room = self.room();
        for key in keys.iter() {
            if let Some((_, state)) = self.keys.get_mut(*key) {
                state.edges.settle(room);
            }
        }
    }

    /// Learns `day`, which is complete, and the day before it anew: late sightings belong to it.
    fn close_day(&mut self, day: i64) {
        let members = self.members.voices();
        let trim = super::trim_for(members);
        self.first_closed.get_or_insert(day);
        let voices = &self.members.voices;
        self.tally.widen(self.members.len(), voices.marks());
        let room = self.room();
        let mut edges = Vec::new();
        for (_, state) in &mut self.keys {
            state.edges.settle(room);
            for number in [day - 1, day] {
                let from = number * DAY_HOURS;
                edges.clear();
                state
                    .edges
                    .add_between(from, from + DAY_HOURS - 1, |_| true, &mut edges);
                voices.speak(&mut edges);
                if !edges.is_empty() {
                    let mut breadth = self.tally.measure(&edges, trim);
                    let last = from + DAY_HOURS - 1;
                    breadth.roaming =
                        self.roamers
                            .of_key(&state.edges, last, (members, voices), |_| true);
                    state.learn(number, &breadth);
                }
            }
            state
                .edges
                .forget_before((day + 1) * DAY_HOURS - KEPT_HOURS);
            let kept = day - i64::try_from(super::HISTORY_DAYS).unwrap_or(i64::MAX);
            state.days.retain(|one| i64::from(one.day) >= kept);
        }
        if self.pressure > 0 && self.places_used() < MAX_EDGES / 4 {
            self.pressure -= 1;
        }
        self.past
            .forget_before((day + 1) * DAY_HOURS - past::KEPT_HOURS);
        self.forget_places(day);
        let lies = super::trim_for(self.counting.counted);
        self.slow.close_day(day, lies);
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
        let mut places = BTreeMap::new();
        for (before, (name, state)) in kept.into_iter().enumerate() {
            if !silent(&state) {
                places.insert(before, self.keys.len());
                self.keys.push((name, state));
            }
        }
        self.index = indexed(&self.keys);
        let place = |key: &usize| places.get(key).copied();
        self.fresh = self.fresh.iter().filter_map(place).collect();
        self.touched = self.touched.iter().filter_map(place).collect();
        self.past.renumber(place);
    }

    /// The place of a key, if it is known.
    fn place_of(&self, name: &str) -> Option<usize> {
        let found = self.index.find(name, |number| name_at(&self.keys, number));
        usize::try_from(found?).ok()
    }

    fn key(&mut self, name: &str) -> Option<usize> {
        if let Some(place) = self.place_of(name) {
            return Some(place);
        }
        if self.keys.len() >= MAX_KEYS {
            return None;
        }
        let place = self.keys.len();
        let number = u32::try_from(place).ok()?;
        let keys = &self.keys;
        self.index
            .insert(name, number, |number| name_at(keys, number));
        self.keys.push((name.to_owned(), KeyState::default()));
        Some(place)
    }
}

fn name_at(keys: &[(String, KeyState)], number: u32) -> Option<&str> {
    let (name, _) = keys.get(usize::try_from(number).ok()?)?;
    Some(name)
}

fn indexed(keys: &[(String, KeyState)]) -> Index {
    let mut index = Index::default();
    for (number, (name, _)) in (0..).zip(keys) {
        index.insert(name, number, |number| name_at(keys, number));
    }
    index
}

impl KeyState {
    /// Takes in what was measured of a day; a second measure, with what came late, only adds.
    fn learn(&mut self, day: i64, breadth: &super::Breadth) {
        let Ok(day) = u32::try_from(day) else {
            return;
        };
        let place = self.days.partition_point(|one| one.day < day);
        if self.days.get(place).is_none_or(|one| one.day != day) {
            let new = Measured {
                day,
                ..Measured::default()
            };
            self.days.insert(place, new);
        }
        let number = |sum: usize| u32::try_from(sum).unwrap_or(u32::MAX);
        if let Some(learned) = self.days.get_mut(place) {
            learned.capped = learned.capped.max(number(breadth.capped));
            learned.trimmed = learned.trimmed.max(number(breadth.trimmed));
            learned.shared = learned.shared.max(number(breadth.shared));
            for (known, new) in learned.roaming.iter_mut().zip(breadth.roaming) {
                *known = (*known).max(u16::try_from(new).unwrap_or(u16::MAX));
            }
        }
        self.usual = None;
    }

    /// The day by its number, for a hub that knew `known` members then; `roams` says whether the hours
    /// of the day are known.
    fn day(&self, day: i64, known: usize, roams: bool) -> Day {
        let place = self.days.partition_point(|one| i64::from(one.day) < day);
        let found = self.days.get(place).filter(|one| i64::from(one.day) == day);
        let number = |sum: u32| usize::try_from(sum).unwrap_or(usize::MAX);
        found.map_or(
            Day {
                known,
                roaming: roams.then_some([0; super::PACES]),
                ..Day::default()
            },
            |one| Day {
                capped: number(one.capped),
                trimmed: number(one.trimmed),
                shared: number(one.shared),
                roaming: roams.then(|| one.roaming.map(usize::from)),
                known,
            },
        )
    }
}

/// Kind and level of an alarm about a key.
const fn known_or_new(novel: bool) -> Kind {
    if novel { Kind::Novel } else { Kind::Emerging }
}
