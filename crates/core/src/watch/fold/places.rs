//! Shared command and control: the same rare place outside is in touch with hosts inside several
//! members.
//!
//! Collectors report a place when a host inside calls it like clockwork, or when it is known bad. One
//! member's report is its own business; the same place at several members, that was not there before,
//! is news. What a fifth of all members are in touch with is a service, not a hiding place.

use std::collections::{BTreeMap, BTreeSet};
use std::net::{IpAddr, Ipv6Addr};

use super::alarm::{Alarm, Level, Shown};
use super::edges::mixed;
use super::episodes::{Candidate, Verdict};
use super::{DAY_HOURS, Fold, HOUR_SECONDS};
use crate::detect::snapshot::kept;
use crate::time::Timestamp;
use crate::watch::assess::Kind;
use crate::watch::baseline::as_number;
use crate::watch::trim_for;

/// What stands for the source of a sighting that has none, because its key is the place.
pub const NO_SOURCE: IpAddr = IpAddr::V6(Ipv6Addr::UNSPECIFIED);
/// Hours in which members count together.
const WINDOW_HOURS: i64 = 72;
/// Days a contact is remembered.
const MEMORY_DAYS: i64 = 30;
/// Fewest members beyond those that may lie: with one that may, three.
const MIN_MEMBERS: usize = 2;
/// A place is common when one in so many members is in touch with it …
const COMMON_SHARE: usize = 5;
/// … and at least so many are.
const COMMON_MEMBERS: usize = 10;
/// Places at most; a further one is refused until others are forgotten.
const MAX_PLACES: usize = 65_536;
/// Members of one place at most: by then it is common or was called long ago.
const MAX_MEMBERS: usize = 1_024;
/// Brings the score to the scale of the others: three members at a new place are 4.5.
const SCORE_SCALE: f64 = 1.5;

/// Who is in touch with which place.
#[derive(Clone, Debug, Default)]
pub(super) struct Places {
    contacts: BTreeMap<String, BTreeMap<u32, Contact>>,
    fresh: BTreeSet<String>,
}

/// A member in touch with a place.
#[derive(Clone, Copy, Debug)]
struct Contact {
    /// First hour of it …
    first: i64,
    /// … and the last.
    last: i64,
}

kept!(Places { contacts, fresh });
kept!(Contact { first, last });

/// A place as it stands in an hour.
struct Standing {
    now: BTreeSet<u32>,
    before: usize,
    first: i64,
}

impl Places {
    /// Notes that a host of `member` was in touch with `place`; false when there is no room.
    pub fn see(&mut self, place: &str, member: u32, hour: i64) -> bool {
        if self.contacts.len() >= MAX_PLACES && !self.contacts.contains_key(place) {
            return false;
        }
        let contacts = self.contacts.entry(place.to_owned()).or_default();
        if contacts.len() >= MAX_MEMBERS && !contacts.contains_key(&member) {
            return false;
        }
        let contact = contacts.entry(member).or_insert(Contact {
            first: hour,
            last: hour,
        });
        contact.first = contact.first.min(hour);
        contact.last = contact.last.max(hour);
        self.fresh.insert(place.to_owned());
        true
    }

    /// Whether nobody was in touch with the place in the last `hours`; true of what is no place.
    pub fn is_silent(&self, place: &str, since: i64) -> bool {
        let contacts = self.contacts.get(place).into_iter().flatten();
        !contacts
            .into_iter()
            .any(|(_, contact)| contact.last >= since)
    }

    /// Forgets contacts that are over for long.
    pub fn forget_before(&mut self, hour: i64) {
        for contacts in self.contacts.values_mut() {
            contacts.retain(|_, contact| contact.last >= hour);
        }
        self.contacts.retain(|_, contacts| !contacts.is_empty());
    }
}

impl Fold {
    /// Judges the places that were reported since they were judged last.
    pub(super) fn judge_places(&mut self, hour: i64, out: &mut Vec<Alarm>) {
        for place in std::mem::take(&mut self.places.fresh) {
            if let Some(standing) = self.place_standing(&place, hour) {
                out.extend(self.tell_place(hour, &place, &standing));
            }
            // What was reported of a later hour is judged again when that comes.
            let contacts = self.places.contacts.get(&place).into_iter().flatten();
            if contacts.into_iter().any(|(_, contact)| contact.last > hour) {
                self.places.fresh.insert(place);
            }
        }
    }

    pub(super) fn forget_places(&mut self, day: i64) {
        self.places
            .forget_before((day + 1 - MEMORY_DAYS) * DAY_HOURS);
    }

    /// How a place stands, if that is worth an alarm.
    fn place_standing(&self, place: &str, hour: i64) -> Option<Standing> {
        let since = hour - WINDOW_HOURS;
        let reported = self.places.contacts.get(place)?.iter();
        let mut counted: BTreeMap<u32, Contact> = BTreeMap::new();
        for (member, contact) in reported
            .filter(|(member, contact)| contact.first <= hour && self.counting.counts(**member))
        {
            let voice = self.members.voices.of(*member);
            let known = counted.entry(voice).or_insert(*contact);
            known.first = known.first.min(contact.first);
            known.last = known.last.max(contact.last);
        }
        let before = counted.values().filter(|one| one.first <= since).count();
        let now: Vec<(u32, Contact)> = counted
            .into_iter()
            .filter(|(_, one)| one.last > since)
            .collect();
        let members = self.counting.counted;
        let needed = MIN_MEMBERS + trim_for(members);
        let common = COMMON_MEMBERS.max(members.div_ceil(COMMON_SHARE));
        let is_news = now.len() >= needed && now.len() <= common && before * 2 < now.len();
        let first = now.iter().map(|(_, one)| one.first.max(since)).min()?;
        is_news.then(|| Standing {
            now: now.into_iter().map(|(member, _)| member).collect(),
            before,
            first,
        })
    }

    fn tell_place(&mut self, hour: i64, place: &str, standing: &Standing) -> Option<Alarm> {
        let members = standing.now.len();
        let score = as_number(members.saturating_sub(standing.before))
            / as_number(standing.before + 1).sqrt()
            * SCORE_SCALE;
        let mark = place
            .bytes()
            .fold(1, |sum, byte| mixed(sum ^ u64::from(byte)));
        let candidate = Candidate {
            hour,
            level: Level::National,
            scope: "all",
            key: place,
            score,
            sources: BTreeSet::from([mark]),
        };
        let (episode, grown) = match self.episodes.decide(candidate, self.budget) {
            Verdict::Silent => return None,
            Verdict::Opened(number) => (number, false),
            Verdict::Grown(number) => (number, true),
        };
        Some(Alarm {
            at: self.said_at(hour),
            kind: Kind::Control,
            level: Level::National,
            scope: "all".to_owned(),
            key: place.to_owned(),
            score,
            q_value: (-score).exp(),
            sources: 1,
            members,
            first_seen: Timestamp::from_seconds(standing.first * HOUR_SECONDS),
            shown: Shown {
                window_hours: WINDOW_HOURS,
                broadest: place.parse().into_iter().collect(),
                reached: self.names_of(&standing.now),
                sectors: self.cells(&standing.now, true),
                areas: self.cells(&standing.now, false),
                episode,
                grown,
                ..Shown::default()
            },
        })
    }
}
