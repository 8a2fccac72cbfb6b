//! The sum nobody can argue with (invariant 2): per device and hour,
//! `received = events + Σ rejected + Σ dropped` and `findings = sightings + Σ withheld`.
//!
//! A record is entered once, with what became of it, so the sums hold at every moment and cannot
//! drift. Records still in the queue are counted when their fate is known.

mod saved;

pub use saved::{DeviceHours, SavedTally};

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::Arc;

use larum_core::reject::Reject;
use larum_core::sighting::Withheld;
use larum_core::time::Timestamp;
use larum_link::wire;

use crate::reason::Dropped;

/// Most devices with rows of their own; records of further ones are entered under [`OTHER`].
pub const MAX_DEVICES: usize = 1_024;
/// Most rows of one device and hour; the oldest are added up into one sum when there are more.
pub const MAX_ROWS: usize = 8_192;
/// Hours that are kept apart; older ones are added up.
pub const KEPT_HOURS: i64 = 48;
/// Longest name of a device, in bytes; longer ones are cut.
pub const MAX_NAME_BYTES: usize = 256;
/// The device that stands for all beyond [`MAX_DEVICES`] and for senders that may not send.
pub const OTHER: DeviceId = DeviceId(0);
/// Its name.
pub const OTHER_NAME: &str = "other";

const SECONDS_PER_HOUR: i64 = 3_600;

/// A device of this tally; valid for as long as the tally lives.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct DeviceId(u16);

/// An hour, counted from the epoch.
pub type Hour = i64;

/// The hour `moment` falls into.
#[must_use]
pub const fn hour_of(moment: Timestamp) -> Hour {
    moment.as_seconds().div_euclid(SECONDS_PER_HOUR)
}

/// Where records come from.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Source {
    /// A sender of syslog.
    Sender(IpAddr),
    /// A file, standard input, or a listener as a whole, by name.
    Named(Arc<str>),
    /// Senders that may not send.
    Other,
}

impl Source {
    /// What the device is called in the sum.
    #[must_use]
    pub fn name(&self) -> String {
        match self {
            Self::Sender(ip) => ip.to_canonical().to_string(),
            Self::Named(name) => name.to_string(),
            Self::Other => OTHER_NAME.to_owned(),
        }
    }
}

/// The sum of one device and hour, or of many.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Sum {
    /// Records that became events.
    pub events: u64,
    /// Records that did not, in the order of [`Reject::ALL`].
    pub rejected: [u64; Reject::ALL.len()],
    /// Records dropped before parsing, in the order of [`Dropped::ALL`].
    pub dropped: [u64; Dropped::ALL.len()],
    /// Findings without a sighting of their own, in the order of [`Withheld::ALL`].
    pub withheld: [u64; WITHHELD_REASONS],
    /// Sightings made.
    pub sightings: u64,
    /// Sightings put into a batch.
    pub sent: u64,
    /// Sightings in a batch that the hub has receipted.
    pub receipted: u64,
}

const WITHHELD_REASONS: usize = Withheld::ALL.len();

impl Sum {
    /// Records received: all whose fate is known.
    #[must_use]
    pub fn received(&self) -> u64 {
        self.events + self.rejected.iter().sum::<u64>() + self.dropped.iter().sum::<u64>()
    }

    /// Findings whose fate is known.
    #[must_use]
    pub fn findings(&self) -> u64 {
        self.sightings + self.withheld.iter().sum::<u64>()
    }

    /// Enters one record or finding.
    pub fn enter(&mut self, fate: Fate) {
        self.enter_many(fate, 1);
    }

    /// Enters `count` records or findings of the same fate.
    pub fn enter_many(&mut self, fate: Fate, count: u64) {
        let place = match fate {
            Fate::Event => Some(&mut self.events),
            Fate::Rejected(reason) => slot(&mut self.rejected, &Reject::ALL, reason),
            Fate::Dropped(reason) => slot(&mut self.dropped, &Dropped::ALL, reason),
            Fate::Withheld(reason) => slot(&mut self.withheld, Withheld::ALL, reason),
            Fate::Sighting => Some(&mut self.sightings),
            Fate::Sent => Some(&mut self.sent),
            Fate::Receipted => Some(&mut self.receipted),
        };
        if let Some(place) = place {
            *place = place.saturating_add(count);
        }
    }

    /// Adds `other` to this sum; saturates.
    pub fn add(&mut self, other: &Self) {
        let add = |to: &mut u64, from: &u64| *to = to.saturating_add(*from);
        add(&mut self.events, &other.events);
        add(&mut self.sightings, &other.sightings);
        add(&mut self.sent, &other.sent);
        add(&mut self.receipted, &other.receipted);
        for (to, from) in self.rejected.iter_mut().zip(&other.rejected) {
            add(to, from);
        }
        for (to, from) in self.dropped.iter_mut().zip(&other.dropped) {
            add(to, from);
        }
        for (to, from) in self.withheld.iter_mut().zip(&other.withheld) {
            add(to, from);
        }
    }
}

/// What became of a record, or of a finding.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    /// The record is an event.
    Event,
    /// The record is none.
    Rejected(Reject),
    /// The record never reached the parser.
    Dropped(Dropped),
    /// The finding gave no sighting of its own.
    Withheld(Withheld),
    /// The finding gave a sighting.
    Sighting,
    /// A sighting went into a batch.
    Sent,
    /// The hub has counted a sighting.
    Receipted,
}

#[derive(Debug)]
struct Device {
    name: String,
    last_heard: Option<Timestamp>,
}

/// All sums of a collector.
#[derive(Debug)]
pub struct Tally {
    devices: Vec<Device>,
    by_name: BTreeMap<String, DeviceId>,
    rows: BTreeMap<(Hour, DeviceId), Sum>,
    earlier: Sum,
    total: Sum,
    last_heard: Option<Timestamp>,
}

impl Default for Tally {
    fn default() -> Self {
        Self::new()
    }
}

impl Tally {
    /// A tally without entries.
    #[must_use]
    pub fn new() -> Self {
        let mut tally = Self {
            devices: Vec::new(),
            by_name: BTreeMap::new(),
            rows: BTreeMap::new(),
            earlier: Sum::default(),
            total: Sum::default(),
            last_heard: None,
        };
        tally.add_device(OTHER_NAME);
        tally
    }

    /// The device called `name`, new if need be; [`OTHER`] when there are too many.
    pub fn device(&mut self, name: &str) -> DeviceId {
        let mut end = name.len().min(MAX_NAME_BYTES);
        while !name.is_char_boundary(end) {
            end -= 1;
        }
        let name = name.get(..end).unwrap_or(name);
        match self.by_name.get(name) {
            Some(device) => *device,
            None => self.add_device(name),
        }
    }

    fn add_device(&mut self, name: &str) -> DeviceId {
        let id = if self.devices.len() < MAX_DEVICES {
            u16::try_from(self.devices.len()).unwrap_or(0)
        } else if let Some(free) = self.forgettable() {
            free
        } else {
            return OTHER;
        };
        let device = Device {
            name: name.to_owned(),
            last_heard: None,
        };
        match self.devices.get_mut(usize::from(id)) {
            Some(slot) => {
                self.by_name.remove(&slot.name);
                *slot = device;
            }
            None => self.devices.push(device),
        }
        let id = DeviceId(id);
        self.by_name.insert(name.to_owned(), id);
        id
    }

    /// A device without a row left, so that its place can be given away.
    fn forgettable(&self) -> Option<u16> {
        let mut used = vec![false; self.devices.len()];
        for (_, device) in self.rows.keys() {
            if let Some(slot) = used.get_mut(usize::from(device.0)) {
                *slot = true;
            }
        }
        used.iter()
            .skip(1)
            .position(|used| !used)
            .and_then(|at| u16::try_from(at + 1).ok())
    }

    /// Enters `count` records or findings of `device` with their fate, in `hour`.
    pub fn enter(&mut self, device: DeviceId, hour: Hour, fate: Fate, count: u64) {
        if count == 0 {
            return;
        }
        let mut sum = Sum::default();
        sum.enter_many(fate, count);
        self.add(device, hour, &sum);
    }

    /// Adds a sum made elsewhere, such as of one chunk of records.
    pub fn add(&mut self, device: DeviceId, hour: Hour, sum: &Sum) {
        self.rows.entry((hour, device)).or_default().add(sum);
        self.total.add(sum);
        while self.rows.len() > MAX_ROWS {
            self.fold_oldest();
        }
    }

    /// Notes that `device` was heard at `now`.
    pub fn heard(&mut self, device: DeviceId, now: Timestamp) {
        if let Some(entry) = self.devices.get_mut(usize::from(device.0)) {
            entry.last_heard = entry.last_heard.max(Some(now));
        }
        self.last_heard = self.last_heard.max(Some(now));
    }

    /// Adds up the hours that are too old to be kept apart.
    pub fn forget_before(&mut self, now: Timestamp) {
        let oldest = hour_of(now) - KEPT_HOURS;
        while self
            .rows
            .first_key_value()
            .is_some_and(|((hour, _), _)| *hour < oldest)
        {
            self.fold_oldest();
        }
    }

    fn fold_oldest(&mut self) {
        if let Some((_, sum)) = self.rows.pop_first() {
            self.earlier.add(&sum);
        }
    }

    /// Everything since the installation.
    #[must_use]
    pub const fn total(&self) -> &Sum {
        &self.total
    }

    /// The hours that are no longer kept apart.
    #[must_use]
    pub const fn earlier(&self) -> &Sum {
        &self.earlier
    }

    /// When anything was last heard.
    #[must_use]
    pub const fn last_heard(&self) -> Option<Timestamp> {
        self.last_heard
    }

    /// Name of `device`.
    #[must_use]
    pub fn name(&self, device: DeviceId) -> &str {
        self.devices
            .get(usize::from(device.0))
            .map_or(OTHER_NAME, |device| &device.name)
    }

    /// Every row: device, hour, sum; by hour, oldest first.
    pub fn rows(&self) -> impl Iterator<Item = (DeviceId, Hour, &Sum)> {
        self.rows
            .iter()
            .map(|((hour, device), sum)| (*device, *hour, sum))
    }

    /// Every device with what it was last heard, by name.
    pub fn devices(&self) -> impl Iterator<Item = (DeviceId, &str, Option<Timestamp>)> {
        self.by_name.iter().map(|(name, id)| {
            let heard = self
                .devices
                .get(usize::from(id.0))
                .and_then(|device| device.last_heard);
            (*id, name.as_str(), heard)
        })
    }

    /// How many devices were heard since `moment`.
    #[must_use]
    pub fn heard_since(&self, moment: Timestamp) -> usize {
        self.devices
            .iter()
            .filter(|device| device.last_heard >= Some(moment))
            .count()
    }
}

fn slot<'s, R: PartialEq + Copy>(
    counts: &'s mut [u64],
    all: &[R],
    reason: R,
) -> Option<&'s mut u64> {
    let at = all.iter().position(|one| *one == reason)?;
    counts.get_mut(at)
}

impl From<&Sum> for wire::Tally {
    fn from(sum: &Sum) -> Self {
        let by_reason = |counts: &[u64], codes: &[&'static str]| {
            counts
                .iter()
                .zip(codes)
                .filter(|(count, _)| **count > 0)
                .map(|(count, code)| ((*code).to_owned(), *count))
                .collect::<BTreeMap<_, _>>()
        };
        Self {
            received: sum.received(),
            events: sum.events,
            rejected: by_reason(&sum.rejected, &Reject::ALL.map(Reject::code)),
            dropped: by_reason(&sum.dropped, &Dropped::ALL.map(Dropped::code)),
            findings: sum.findings(),
            withheld: Withheld::ALL
                .iter()
                .zip(&sum.withheld)
                .filter(|(_, count)| **count > 0)
                .map(|(reason, count)| (reason.as_str().to_owned(), *count))
                .collect(),
            sightings: sum.sightings,
            sent: sum.sent,
            receipted: sum.receipted,
        }
    }
}

#[cfg(test)]
mod tests;
