//! What devices' clocks show: the zone of stamps that name none, and by how much a clock is wrong.
//!
//! Most devices write local time without saying which, and some are simply wrong. For each device
//! (who sends, and the host name it states, because one relay speaks for many) the difference between
//! its stamps and their receipt is kept. A difference that is an offset in use somewhere on earth is
//! a zone; what is left over is the clock's error. The zone changes only by a jump of quarter hours
//! that several records agree on (summer time, or somebody setting the zone), so that a clock that
//! drifts never turns into a zone. Delays spread, clocks do not: differences that do not agree are
//! never called a wrong clock.
//!
//! Bounded: [`MAX_DEVICES`] devices (about 700 bytes each), [`MAX_HOSTS`] of one sender. When there
//! are more, a newcomer takes the place of the one with the least evidence among those with little or
//! long silent; where all have more, the newcomer is read in the assumed zone and nothing is learned.

mod track;
mod years;

pub use years::Years;

use std::collections::BTreeMap;

use crate::time::{DeviceTime, Timestamp};
use track::{Freedom, Settled, Track};

/// Most devices remembered.
pub const MAX_DEVICES: usize = 1_024;
/// Most host names remembered for one sender.
pub const MAX_HOSTS: usize = 64;
/// Longest name kept, in bytes; longer ones are cut.
pub const MAX_NAME_BYTES: usize = 128;
/// A clock further off than this is told, and its records are judged at the time it should have shown.
pub const WRONG_SECONDS: i64 = 120;
/// No record sent as it happens can be older than this when it is judged.
pub const OLDEST_SECONDS: i64 = 25 * 3_600;
/// Nor lie this far after its receipt.
const AHEAD_SECONDS: i64 = 60;
/// With fewer observations a device gives way to another.
const LITTLE: u32 = 5;
/// Silent for longer, a device with evidence gives way too.
const FORGOTTEN_SECONDS: i64 = 30 * 86_400;

/// What is known beforehand about the zone of stamps that name none, in seconds east of UTC.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ZoneRule {
    /// Set by a person, and never questioned.
    Fixed(i32),
    /// Taken until the device's own history says better.
    Learn(i32),
}

/// How a device's zone is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ZoneFrom {
    /// Its stamps name it.
    Stated,
    /// A person set it.
    Configured,
    /// Found from its history.
    Learned,
    /// Not found yet, or not to be found.
    Assumed,
}

impl ZoneFrom {
    /// Every value.
    pub const ALL: [Self; 4] = [Self::Stated, Self::Configured, Self::Learned, Self::Assumed];

    /// The word in status and words.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Stated => "stated",
            Self::Configured => "configured",
            Self::Learned => "learned",
            Self::Assumed => "assumed",
        }
    }

    /// The value spelled `word`.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|from| from.as_str() == word)
    }
}

/// A record's time, understood.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Told {
    /// As the device meant it.
    pub time: DeviceTime,
    /// When it happened, as far as can be known: the device's time without its clock's error, and
    /// never beyond belief.
    pub judged: Timestamp,
}

/// What is known about one clock.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClockState {
    /// Who sends.
    pub source: Box<str>,
    /// The host name stated; empty when none is.
    pub host: Box<str>,
    /// The zone in use, in seconds east of UTC.
    pub offset_seconds: i32,
    /// How it is known.
    pub zone_from: ZoneFrom,
    /// Whether it rests on many observations that agree.
    pub is_sure: bool,
    /// The clock minus the time of receipt; `None` until it is measured.
    pub skew_seconds: Option<i64>,
    /// Whether the measurements agree, so that it is the clock's error and no delay.
    pub is_steady: bool,
    /// Measurements altogether.
    pub observations: u32,
    /// The newest measurement.
    pub last: Timestamp,
}

impl ClockState {
    /// By how many seconds the clock is wrong (positive: ahead), where that is certain and more than
    /// [`WRONG_SECONDS`].
    #[must_use]
    pub fn wrong_by(&self) -> Option<i64> {
        self.skew_seconds
            .filter(|skew| self.is_steady && skew.abs() > WRONG_SECONDS)
    }
}

#[derive(Clone, Debug)]
struct Device {
    /// Stamps without zone.
    open: Track,
    /// Stamps whose zone is known.
    known: Track,
    /// Zone of the newest record, and how it was known.
    offset_seconds: i32,
    zone_from: ZoneFrom,
    last: Timestamp,
}

impl Device {
    fn new(now: Timestamp) -> Self {
        Self {
            open: Track::default(),
            known: Track::default(),
            offset_seconds: 0,
            zone_from: ZoneFrom::Assumed,
            last: now,
        }
    }

    const fn evidence(&self) -> u32 {
        self.open.taken().saturating_add(self.known.taken())
    }

    fn track(&self) -> &Track {
        match self.zone_from {
            ZoneFrom::Stated | ZoneFrom::Configured => &self.known,
            ZoneFrom::Learned | ZoneFrom::Assumed => &self.open,
        }
    }

    fn read(&mut self, time: DeviceTime, received: Timestamp, rule: ZoneRule) -> Told {
        self.last = self.last.max(received);
        let (time, skew) = match (time.assumed.zone, rule) {
            (true, ZoneRule::Learn(assume)) => {
                let difference = seconds_between(time.local(), received);
                self.open
                    .take(difference, received, Freedom::Assume(assume));
                let offset = self.open.offset_for(difference, assume);
                let found = self.open.settled().is_some_and(|settled| settled.has_zone);
                self.zone_from = if found {
                    ZoneFrom::Learned
                } else {
                    ZoneFrom::Assumed
                };
                (time.in_zone(offset), self.open.settled())
            }
            (assumed, rule) => {
                let time = match rule {
                    ZoneRule::Fixed(offset) | ZoneRule::Learn(offset) => time.in_zone(offset),
                };
                let difference = seconds_between(time.at, received);
                self.known.take(difference, received, Freedom::Known);
                self.zone_from = if assumed {
                    ZoneFrom::Configured
                } else {
                    ZoneFrom::Stated
                };
                (time, self.known.settled())
            }
        };
        self.offset_seconds = time.offset_seconds;
        Told {
            time,
            judged: judged(time.at, skew, received),
        }
    }
}

/// All devices' clocks.
#[derive(Clone, Debug, Default)]
pub struct Clocks {
    /// By sender, then host.
    sources: BTreeMap<Box<str>, BTreeMap<Box<str>, Device>>,
    count: usize,
}

impl Clocks {
    /// Completes `time`, stamped by `host` and sent by `source` as it happened, and learns from it.
    pub fn read(
        &mut self,
        source: &str,
        host: &str,
        time: DeviceTime,
        received: Timestamp,
        rule: ZoneRule,
    ) -> Told {
        let time = time.in_year_near(received);
        let (source, host) = (cut(source), cut(host));
        if let Some(device) = self.find(source, host) {
            return device.read(time, received, rule);
        }
        let mut device = Device::new(received);
        let told = device.read(time, received, rule);
        self.make_room(source, received);
        if self.has_room(source) {
            self.insert(source, host, device);
        }
        told
    }

    /// Number of devices remembered.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.count
    }

    /// Whether no device is remembered.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// What is known, by sender and host.
    pub fn states(&self) -> impl Iterator<Item = ClockState> {
        self.sources.iter().flat_map(|(source, hosts)| {
            hosts.iter().map(|(host, device)| {
                let settled = device.track().settled();
                ClockState {
                    source: source.clone(),
                    host: host.clone(),
                    offset_seconds: device.offset_seconds,
                    zone_from: device.zone_from,
                    is_sure: device.track().is_sure(),
                    skew_seconds: settled.map(|settled| settled.skew_seconds),
                    is_steady: settled.is_some_and(|settled| settled.is_steady),
                    observations: device.track().taken(),
                    last: device.last,
                }
            })
        })
    }

    /// Takes up what [`Self::states`] gave before a restart; beyond the limits nothing is taken.
    pub fn restore(&mut self, states: impl IntoIterator<Item = ClockState>) {
        for state in states {
            let (source, host) = (cut(&state.source), cut(&state.host));
            let learns = matches!(state.zone_from, ZoneFrom::Learned | ZoneFrom::Assumed);
            let believable = track::is_offset(state.offset_seconds) || !learns;
            if !believable || self.find(source, host).is_some() || !self.has_room(source) {
                continue;
            }
            let mut device = Device::new(state.last);
            let settled = state.skew_seconds.map(|skew_seconds| Settled {
                offset_seconds: if learns { state.offset_seconds } else { 0 },
                skew_seconds: skew_seconds.clamp(-MOST_SECONDS, MOST_SECONDS),
                is_steady: state.is_steady,
                has_zone: state.zone_from != ZoneFrom::Assumed,
            });
            let track = Track::restored(settled, state.observations);
            if learns {
                device.open = track;
            } else {
                device.known = track;
            }
            device.offset_seconds = state.offset_seconds;
            device.zone_from = state.zone_from;
            self.insert(source, host, device);
        }
    }

    fn find(&mut self, source: &str, host: &str) -> Option<&mut Device> {
        self.sources.get_mut(source)?.get_mut(host)
    }

    fn insert(&mut self, source: &str, host: &str, device: Device) {
        let hosts = self.sources.entry(source.into()).or_default();
        if hosts.insert(host.into(), device).is_none() {
            self.count += 1;
        }
    }

    fn has_room(&self, source: &str) -> bool {
        let hosts = self.sources.get(source).map_or(0, BTreeMap::len);
        self.count < MAX_DEVICES && hosts < MAX_HOSTS
    }

    /// Forgets the one with the least evidence where a newcomer of `source` has no place, if that is
    /// little evidence or long ago.
    fn make_room(&mut self, source: &str, now: Timestamp) {
        let hosts = self.sources.get(source).map_or(0, BTreeMap::len);
        let only = match (hosts >= MAX_HOSTS, self.count >= MAX_DEVICES) {
            (true, _) => Some(source),
            (false, true) => None,
            (false, false) => return,
        };
        let old = now.plus_seconds(-FORGOTTEN_SECONDS);
        let least = self
            .sources
            .iter()
            .filter(|(name, _)| only.is_none_or(|only| only == name.as_ref()))
            .flat_map(|(name, hosts)| hosts.iter().map(move |(host, device)| (name, host, device)))
            .filter(|(.., device)| device.evidence() < LITTLE || device.last < old)
            .min_by_key(|(.., device)| (device.last >= old, device.evidence(), device.last))
            .map(|(name, host, _)| (name.clone(), host.clone()));
        let Some((name, host)) = least else { return };
        if let Some(hosts) = self.sources.get_mut(&name) {
            if hosts.remove(&host).is_some() {
                self.count -= 1;
            }
            if hosts.is_empty() {
                self.sources.remove(&name);
            }
        }
    }
}

/// A difference larger than this is cut, so that sums cannot overflow: 10,000 years.
const MOST_SECONDS: i64 = 10_000 * 366 * 86_400;

fn seconds_between(later: Timestamp, earlier: Timestamp) -> i64 {
    (later.millis_since(earlier) / 1_000).clamp(-MOST_SECONDS, MOST_SECONDS)
}

/// When a record that was sent as it happened can have happened.
fn judged(at: Timestamp, clock: Option<Settled>, received: Timestamp) -> Timestamp {
    let at = match clock {
        Some(clock) if clock.is_steady && clock.skew_seconds.abs() > WRONG_SECONDS => {
            at.plus_seconds(-clock.skew_seconds)
        }
        _ => at,
    };
    let believable =
        at <= received.plus_seconds(AHEAD_SECONDS) && at >= received.plus_seconds(-OLDEST_SECONDS);
    if believable { at } else { received }
}

fn cut(name: &str) -> &str {
    name.get(..name.floor_char_boundary(MAX_NAME_BYTES))
        .unwrap_or(name)
}

#[cfg(test)]
mod tests;
