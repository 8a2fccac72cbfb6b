//! Campaigns: sources that act alike across keys become one, so that many sources that each do
//! little are seen together.
//!
//! Every six hours, the sources of the last two and a half days that touched several keys are put
//! together when the keys they touched are nearly the same: candidates by `MinHash` (Broder 1997), then
//! the real overlap of the two sets. A group nobody saw before is judged like a key without history, by
//! a watch that has looked long enough itself: sightings that came later tell what was usual for a key,
//! but not who acted alike.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

use super::Fold;
use super::alarm::Alarm;
use super::edges::{KEPT_HOURS, mark, mixed};
use super::judge::Told;
use crate::detect::snapshot::kept;
use crate::time::Timestamp;
use crate::watch::assess::{Assessment, Kind, Setting, assess};
use crate::watch::baseline::{Day, as_number, is_settled};
use crate::watch::trim_for;

/// Hours between two looks.
const EVERY_HOURS: i64 = 6;
/// Keys a source must have touched to be compared …
const MIN_KEYS: usize = 3;
/// … and at most: one that touches everything is a scanner of the whole internet.
const MAX_KEYS: usize = 64;
/// Sources compared at most, in order of their marks …
const MAX_SOURCES: usize = 65_536;
/// … and the keys of all sources that are looked at for it.
const MAX_PAIRS: usize = 2_000_000;
/// Places for how often a source was seen.
const SEEN_PLACES: usize = 1 << 20;
/// Bands of the comparison, each of two hashes.
const BANDS: u64 = 12;
/// Share of keys in both, of those in either, from which two sources act alike.
const ALIKE: f64 = 0.6;
/// Fewest sources, and members, of a campaign.
const MIN_SOURCES: usize = 5;
const MIN_MEMBERS: usize = 4;
/// Days a group of keys is remembered, so that the same campaign is no news.
const MEMORY_DAYS: i64 = 30;
/// Hours from a group's first appearance in which it may be called.
const YOUNG_HOURS: i64 = 72;
/// Groups remembered at most.
const MAX_REMEMBERED: usize = 4_096;
/// Share of alarm-worthy groups' score against that of keys.
const SCORE_SCALE: f64 = 0.5;

/// What was seen of groups before.
#[derive(Clone, Debug, Default)]
pub(super) struct Campaigns {
    remembered: Vec<Remembered>,
}

/// A group of keys that some sources touched together.
#[derive(Clone, Debug)]
struct Remembered {
    /// The keys, marked.
    keys: BTreeSet<u64>,
    first: i64,
    last: i64,
}

kept!(Campaigns { remembered });
kept!(Remembered { keys, first, last });

/// Sources that act alike.
struct Group {
    sources: Vec<IpAddr>,
    keys: BTreeMap<usize, usize>,
}

impl Fold {
    pub(super) fn judge_campaigns(&mut self, hour: i64, out: &mut Vec<Alarm>) {
        if (hour + 1).rem_euclid(EVERY_HOURS) != 0 {
            return;
        }
        let looked = self.first_closed.map_or(0, |day| hour.div_euclid(24) - day);
        let learns = !is_settled(usize::try_from(looked).unwrap_or(0));
        let by_source = self.keys_of_sources(hour);
        let marks: Vec<u64> = self.keys.iter().map(|(name, _)| name_mark(name)).collect();
        for group in groups(&by_source, &marks) {
            let edges = self.edges_of(&group, hour);
            let marks: BTreeSet<u64> = group
                .keys
                .iter()
                .filter(|(_, count)| **count * 2 >= group.sources.len())
                .map(|(key, _)| name_mark(self.key_name(*key)))
                .collect();
            if self.campaigns.known(&marks, hour, learns) {
                continue;
            }
            let Some(assessment) = self.assess_group(&edges, hour) else {
                continue;
            };
            if assessment.alarm {
                out.extend(self.tell_campaign(hour, &group, &edges, &assessment));
            }
        }
    }

    /// The keys of the sources worth a comparison; of too many sources, those whose marks begin with
    /// most zeros.
    fn keys_of_sources(&self, hour: i64) -> BTreeMap<IpAddr, Vec<usize>> {
        let often = self.often_seen(hour);
        let mut pairs: Vec<(IpAddr, usize)> = Vec::new();
        let mut level = 0;
        self.each_source(hour, |key, source| {
            let mark = mark(source);
            let times = place_in(mark, often.len()).and_then(|at| often.get(at));
            if times.is_some_and(|times| usize::from(*times) >= MIN_KEYS)
                && mark.leading_zeros() >= level
            {
                pairs.push((source, key));
                while pairs.len() > MAX_PAIRS {
                    level += 1;
                    pairs
                        .retain(|(source, _)| super::edges::mark(*source).leading_zeros() >= level);
                }
            }
        });
        pairs.sort_unstable();
        let mut found: Vec<(u64, IpAddr, Vec<usize>)> = pairs
            .chunk_by(|left, right| left.0 == right.0)
            .filter(|same| (MIN_KEYS..=MAX_KEYS).contains(&same.len()))
            .filter_map(|same| {
                let (source, _) = same.first()?;
                let keys = same.iter().map(|(_, key)| *key).collect();
                Some((mark(*source), *source, keys))
            })
            .collect();
        if found.len() > MAX_SOURCES {
            found.sort_unstable();
            found.truncate(MAX_SOURCES);
        }
        let found = found.into_iter().map(|(_, source, keys)| (source, keys));
        found.collect()
    }

    /// Goes through the sources of each key, each once.
    fn each_source(&self, hour: i64, mut look: impl FnMut(usize, IpAddr)) {
        let mut edges = Vec::new();
        for (key, (_, state)) in self.keys.iter().enumerate() {
            edges.clear();
            let counts = |member| self.counting.counts(member);
            state
                .edges
                .add_between(hour - KEPT_HOURS + 1, hour, counts, &mut edges);
            let mut last = None;
            for (source, _) in &edges {
                if last != Some(source) {
                    look(key, *source);
                }
                last = Some(source);
            }
        }
    }

    /// How many keys a source was seen on, at most, by its mark: several sources may share a place.
    fn often_seen(&self, hour: i64) -> Vec<u8> {
        let mut often = vec![0_u8; SEEN_PLACES];
        self.each_source(hour, |_, source| {
            let place = place_in(mark(source), SEEN_PLACES);
            if let Some(times) = place.and_then(|at| often.get_mut(at)) {
                *times = times.saturating_add(1);
            }
        });
        often
    }

    /// Which members the group's sources reached, on its keys.
    fn edges_of(&self, group: &Group, hour: i64) -> Vec<(IpAddr, u32)> {
        let sources: BTreeSet<IpAddr> = group.sources.iter().copied().collect();
        let mut edges = BTreeSet::new();
        for key in group.keys.keys() {
            let Some((_, state)) = self.keys.get(*key) else {
                continue;
            };
            let seen = state.edges.between(hour - KEPT_HOURS + 1, hour, |_| true);
            edges.extend(seen.into_iter().filter(|edge| sources.contains(&edge.0)));
        }
        edges.into_iter().collect()
    }

    fn assess_group(&mut self, edges: &[(IpAddr, u32)], hour: i64) -> Option<Assessment> {
        let members = self.counting.counted;
        let mut edges = edges.to_vec();
        self.members.voices.speak(&mut edges);
        let breadth = self.tally.measure(&edges, trim_for(members));
        if breadth.sources < MIN_SOURCES || breadth.members < MIN_MEMBERS {
            return None;
        }
        let from = self.members.history_from()?;
        let days = usize::try_from(hour.div_euclid(24) - from).unwrap_or(0);
        let history = vec![
            Day {
                known: members,
                ..Day::default()
            };
            days.min(super::super::HISTORY_DAYS)
        ];
        let mut assessment = assess(breadth, &history, Setting { members });
        assessment.score *= SCORE_SCALE;
        assessment.alarm &=
            assessment.evidence.settled && assessment.score >= crate::watch::ALARM_SCORE;
        Some(assessment)
    }

    fn tell_campaign(
        &mut self,
        hour: i64,
        group: &Group,
        edges: &[(IpAddr, u32)],
        assessment: &Assessment,
    ) -> Option<Alarm> {
        let mut keys: Vec<(usize, &str)> = group
            .keys
            .iter()
            .map(|(key, count)| (*count, self.key_name(*key)))
            .collect();
        keys.sort_by(|left, right| right.0.cmp(&left.0).then(left.1.cmp(right.1)));
        let top = keys.first().map_or("", |(_, name)| *name).to_owned();
        let names: Vec<String> = keys
            .iter()
            .skip(1)
            .take(MAX_KEYS)
            .map(|(_, name)| (*name).to_owned())
            .collect();
        let first_seen = group
            .keys
            .keys()
            .filter_map(|key| {
                self.keys
                    .get(*key)?
                    .1
                    .edges
                    .first_since(hour - KEPT_HOURS + 1)
            })
            .min()
            .unwrap_or(Timestamp::from_seconds(hour * super::HOUR_SECONDS));
        let told = Told {
            hour,
            kind: Kind::Campaign,
            key: &top,
            assessment,
            q_value: (-assessment.score).exp(),
            window: edges,
            first_seen,
        };
        let mut alarm = self.tell(&told)?;
        alarm.shown.keys = names;
        alarm.shown.window_hours = KEPT_HOURS;
        Some(alarm)
    }
}

impl Campaigns {
    /// Whether a group with these keys is old; from now on it is remembered. For three days a group
    /// is judged anew as it grows; one that was there while the watch `learns` is old from the start.
    fn known(&mut self, keys: &BTreeSet<u64>, hour: i64, learns: bool) -> bool {
        let since = hour - MEMORY_DAYS * 24;
        self.remembered.retain(|group| group.last > since);
        let found = self
            .remembered
            .iter_mut()
            .find(|group| overlap(&group.keys, keys) >= 0.5);
        if let Some(group) = found {
            group.last = hour;
            return hour - group.first > YOUNG_HOURS;
        }
        if self.remembered.len() < MAX_REMEMBERED {
            self.remembered.push(Remembered {
                keys: keys.clone(),
                first: if learns { hour - YOUNG_HOURS - 1 } else { hour },
                last: hour,
            });
        }
        learns
    }
}

/// The place of a mark among `places`, by its low bits; its high ones choose who is left out.
fn place_in(mark: u64, places: usize) -> Option<usize> {
    let mask = u64::try_from(places).ok()?.checked_sub(1)?;
    usize::try_from(mark & mask).ok()
}

fn overlap<T: Ord>(left: &BTreeSet<T>, right: &BTreeSet<T>) -> f64 {
    let both = left.intersection(right).count();
    let either = left.len() + right.len() - both;
    as_number(both) / as_number(either.max(1))
}

/// Sources with nearly the same keys, five or more together.
/// `marks` are those of the keys, so that it does not matter how they are numbered.
fn groups(by_source: &BTreeMap<IpAddr, Vec<usize>>, marks: &[u64]) -> Vec<Group> {
    let sources: Vec<(&IpAddr, &Vec<usize>)> = by_source.iter().collect();
    let mut heads: Vec<usize> = (0..sources.len()).collect();
    let mut first_in: BTreeMap<(u64, u64), usize> = BTreeMap::new();
    for (place, (_, keys)) in sources.iter().enumerate() {
        for band in 0..BANDS {
            let signature = (
                band,
                least(keys, marks, band * 2) ^ least(keys, marks, band * 2 + 1).rotate_left(7),
            );
            let first = *first_in.entry(signature).or_insert(place);
            let alike = sources
                .get(first)
                .is_some_and(|(_, other)| shared(keys, other) >= ALIKE);
            if first != place && alike {
                join(&mut heads, first, place);
            }
        }
    }
    let mut found: BTreeMap<usize, Group> = BTreeMap::new();
    for (place, (source, keys)) in sources.iter().enumerate() {
        let head = head_of(&heads, place);
        let group = found.entry(head).or_insert_with(|| Group {
            sources: Vec::new(),
            keys: BTreeMap::new(),
        });
        group.sources.push(**source);
        for key in *keys {
            *group.keys.entry(*key).or_default() += 1;
        }
    }
    let mut groups: Vec<Group> = found
        .into_values()
        .filter(|group| group.sources.len() >= MIN_SOURCES)
        .collect();
    groups.sort_by_key(|group| std::cmp::Reverse(group.sources.len()));
    groups
}

/// The smallest hash of the keys under the `number`th hash function.
fn least(keys: &[usize], marks: &[u64], number: u64) -> u64 {
    keys.iter()
        .map(|key| mixed(marks.get(*key).copied().unwrap_or(0) ^ number.rotate_right(9)))
        .min()
        .unwrap_or(0)
}

/// Share of keys in both of those in either; both lists are in order.
fn shared(left: &[usize], right: &[usize]) -> f64 {
    let both = left
        .iter()
        .filter(|key| right.binary_search(key).is_ok())
        .count();
    as_number(both) / as_number((left.len() + right.len() - both).max(1))
}

fn head_of(heads: &[usize], mut place: usize) -> usize {
    while let Some(next) = heads.get(place) {
        if *next == place {
            break;
        }
        place = *next;
    }
    place
}

fn join(heads: &mut [usize], one: usize, other: usize) {
    let (one, other) = (head_of(heads, one), head_of(heads, other));
    if let Some(head) = heads.get_mut(one.max(other)) {
        *head = one.min(other);
    }
}

fn name_mark(name: &str) -> u64 {
    name.bytes()
        .fold(0, |sum, byte| mixed(sum ^ u64::from(byte)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sources_with_nearly_the_same_keys_are_one_group() {
        let mut by_source = BTreeMap::new();
        for host in 1..=6_u8 {
            let mut keys = vec![1, 5, 9, 14];
            if host == 6 {
                keys.push(20);
            }
            by_source.insert(IpAddr::from([192, 0, 2, host]), keys);
        }
        by_source.insert(IpAddr::from([203, 0, 113, 1]), vec![2, 3, 4]);
        let marks: Vec<u64> = (0..21_u8).map(|key| name_mark(&key.to_string())).collect();
        let groups = groups(&by_source, &marks);
        assert_eq!(groups.len(), 1);
        assert_eq!(groups.first().map(|group| group.sources.len()), Some(6));
        assert_ne!(
            mark(IpAddr::from([192, 0, 2, 1])),
            mark(IpAddr::from([192, 0, 2, 2]))
        );
    }
}
