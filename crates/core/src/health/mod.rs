//! Silence speaks: what a watcher must say about itself and its devices before anybody asks.
//!
//! [`Health::look`] is handed what is counted every few seconds and answers with what began or ended:
//! a device that stopped logging, lines that suddenly cannot be read, a clock that is wrong, lines that
//! are lost, a hub that cannot be reached, a spool that grows, a disk that fills. Each concern has its
//! own patience, so that nothing flaps (property tests in `hold` and `rhythm`).

mod hold;
mod rhythm;
mod window;

use std::collections::BTreeMap;
use std::sync::Arc;

pub use hold::Turn;
pub use rhythm::{Rhythm, WEEK_HOURS};

use crate::event::words;
use crate::time::Timestamp;
use hold::{Hold, Patience, Sign};
use window::{Count, Window};

/// Most devices whose rhythm is known; further ones are not judged (worst case 0.5 MiB).
pub const MAX_DEVICES: usize = 1_024;
/// Most devices told at once for one reason; where more are silent the first ones tell enough.
pub const MAX_TOLD: usize = 32;

/// Lines that cannot be read are told from so many in five minutes …
const LEAST_UNREAD: u64 = 20;
/// … that are by so much more than before, as a share, …
const SHARE_JUMP: f64 = 0.10;
/// … and at least so many times as many. It is over when the share is above its past by less than:
const SHARE_TIMES: f64 = 2.0;
const SHARE_BACK: f64 = 0.03;
/// Lines that must be known before a share is compared with its past.
const LEAST_PAST: f64 = 50.0;
/// Lost lines are told from so many in five minutes that are one in a hundred, or from more at any rate.
const LEAST_LOST: u64 = 10;
const MUCH_LOST: u64 = 1_000;
/// The hub is told to be out of reach after so long without an answer.
const UNREACHED_MS: i64 = 5 * 60_000;
/// The clocks of hub and collector differ by so much, and no longer do below half of it.
const CLOCKS_DIFFER_MS: u64 = 60_000;
/// The spool grows when what waits has not become less for so long …
const GROWS_MS: i64 = 10 * 60_000;
/// … and has become so much more.
const GROWS_BY: u64 = 50;
/// A disk is nearly full when less than one part in so many is free, …
const FREE_PART: u64 = 20;
/// … but no more than this need be free, …
const FREE_ENOUGH_BYTES: u64 = 2 << 30;
/// … and this always must.
const FREE_LEAST_BYTES: u64 = 256 << 20;

words! {
    /// What is wrong: the reason in the log, in metrics, in status and, after `concern-`, in the
    /// catalogue.
    Kind {
        /// A device that used to send does not.
        DeviceSilent = "device-silent",
        /// Of a device's lines suddenly many cannot be read.
        UnreadJump = "unread-jump",
        /// A device's clock is wrong.
        DeviceClock = "device-clock",
        /// Lines are lost before they are read: the system's buffer or the queue is full.
        LinesLost = "lines-lost",
        /// The hub gives no answer.
        HubUnreached = "hub-unreached",
        /// This machine's clock and the hub's differ.
        OwnClock = "own-clock",
        /// What waits for the hub becomes more.
        SpoolGrows = "spool-grows",
        /// The disk is nearly full.
        DiskFilling = "disk-filling",
    }
}

impl Kind {
    fn patience(self) -> Patience {
        let minutes = |begin: i64, end: i64| Patience {
            begin_ms: begin * 60_000,
            end_ms: end * 60_000,
        };
        match self {
            // Its own rhythm was its patience.
            Self::DeviceSilent => minutes(0, 1),
            Self::UnreadJump => minutes(1, 10),
            Self::DeviceClock | Self::OwnClock => minutes(2, 10),
            Self::LinesLost => minutes(0, 15),
            Self::HubUnreached => minutes(0, 10),
            Self::SpoolGrows => minutes(0, 5),
            Self::DiskFilling => minutes(1, 5),
        }
    }
}

/// What is wrong, and with what.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Concern {
    /// What.
    pub kind: Kind,
    /// The device, where it is about one.
    pub device: Option<Arc<str>>,
}

/// Something that is wrong now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Standing {
    /// What.
    pub concern: Concern,
    /// Since when it is told.
    pub since: Timestamp,
    /// How bad when it was told. `device-silent`: seconds it is usually quiet at most; `unread-jump`:
    /// per cent of its lines; `device-clock`, `own-clock`: seconds, positive when ahead of the right
    /// time; `lines-lost`: lines in five minutes; `hub-unreached`: seconds since its last answer;
    /// `spool-grows`: sightings waiting; `disk-filling`: bytes free.
    pub amount: i64,
    /// When the device, or the hub, was last heard.
    pub heard: Option<Timestamp>,
}

/// Something that began or ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// Which way.
    pub turn: Turn,
    /// What.
    pub standing: Standing,
}

/// What is counted of a device.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct DeviceVitals<'a> {
    /// Its name.
    pub name: &'a str,
    /// When it was last heard; `None` when never.
    pub last_heard: Option<Timestamp>,
    /// Lines since the look before.
    pub received: u64,
    /// Lines of them that could not be read.
    pub unread: u64,
    /// By how many seconds its clock is wrong, where that is certain.
    pub clock_wrong_seconds: Option<i64>,
}

/// How things stand with the hub of a collector that has joined one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HubVitals {
    /// When it last gave an answer.
    pub last_answer: Option<Timestamp>,
    /// Its clock minus ours, in milliseconds.
    pub clock_offset_ms: Option<i64>,
}

/// What is counted every few seconds.
#[derive(Clone, Copy, Debug, Default)]
pub struct Vitals<'a> {
    /// Local time is so many seconds east of UTC: devices rest by it.
    pub zone_offset_seconds: i32,
    /// Every device that can be silent.
    pub devices: &'a [DeviceVitals<'a>],
    /// Lines of all devices since the look before, lost ones included.
    pub received: u64,
    /// Lines of them that were lost because too many came at once.
    pub lost: u64,
    /// The hub, when there is one.
    pub hub: Option<HubVitals>,
    /// Sightings waiting for the hub.
    pub waiting: u64,
    /// Bytes of them, and the most there may be.
    pub spool_bytes: (u64, u64),
    /// Bytes free on the disk of the state folder, and all there are.
    pub disk_bytes: Option<(u64, u64)>,
}

#[derive(Clone, Debug)]
struct Device {
    rhythm: Rhythm,
    read: Window,
}

/// What is known of a device, as it is kept across a restart.
#[derive(Clone, Debug, PartialEq)]
pub struct DeviceMemory {
    /// Its name.
    pub name: Arc<str>,
    /// Its rhythm.
    pub rhythm: Rhythm,
    /// Lines of the past, and those of them that could not be read, faded.
    pub past: (f64, f64),
}

/// Everything that may be wrong.
#[derive(Clone, Debug, Default)]
pub struct Health {
    devices: BTreeMap<Arc<str>, Device>,
    holds: BTreeMap<Concern, Told>,
    lost: Window,
    hub_from: Option<Timestamp>,
    rising: Option<Rising>,
}

/// Since when what waits for the hub has not become less.
#[derive(Clone, Copy, Debug)]
struct Rising {
    since: Timestamp,
    /// What waited then.
    least: u64,
    /// What waited at the last look.
    newest: u64,
}

#[derive(Clone, Copy, Debug, Default)]
struct Told {
    hold: Hold,
    amount: i64,
    heard: Option<Timestamp>,
}

/// The sign of a concern at one moment.
struct Look {
    sign: Sign,
    amount: i64,
    heard: Option<Timestamp>,
}

impl Health {
    /// Continues from what was kept.
    #[must_use]
    pub fn restore(
        devices: impl IntoIterator<Item = DeviceMemory>,
        standing: impl IntoIterator<Item = Standing>,
    ) -> Self {
        let mut health = Self::default();
        for memory in devices.into_iter().take(MAX_DEVICES) {
            let device = Device {
                rhythm: memory.rhythm,
                read: Window::with_past(memory.past.0, memory.past.1),
            };
            health.devices.insert(memory.name, device);
        }
        for one in standing.into_iter().take(MAX_TOLD * Kind::ALL.len()) {
            let told = Told {
                hold: Hold::open_since(one.since),
                amount: one.amount,
                heard: one.heard,
            };
            health.holds.insert(one.concern, told);
        }
        health
    }

    /// What is to be kept of the devices.
    pub fn memories(&self) -> impl Iterator<Item = DeviceMemory> {
        self.devices.iter().map(|(name, device)| DeviceMemory {
            name: Arc::clone(name),
            rhythm: device.rhythm.clone(),
            past: device.read.past(),
        })
    }

    /// What is wrong now.
    pub fn standing(&self) -> impl Iterator<Item = Standing> {
        self.holds.iter().filter_map(|(concern, told)| {
            Some(Standing {
                concern: concern.clone(),
                since: told.hold.open()?,
                amount: told.amount,
                heard: told.heard,
            })
        })
    }

    /// Looks at what was counted until `now`, and says what began and what ended. To be called every few
    /// seconds.
    pub fn look(&mut self, vitals: &Vitals<'_>, now: Timestamp) -> Vec<Change> {
        let mut changes = Vec::new();
        self.look_at_devices(vitals, now, &mut changes);
        let lost = self.lost_sign(vitals, now);
        self.tell(Kind::LinesLost, None, lost, now, &mut changes);
        let hub = self.hub_sign(vitals.hub, now);
        self.tell(Kind::HubUnreached, None, hub, now, &mut changes);
        self.tell(
            Kind::OwnClock,
            None,
            own_clock_sign(vitals.hub),
            now,
            &mut changes,
        );
        let spool = self.spool_sign(vitals, now);
        self.tell(Kind::SpoolGrows, None, spool, now, &mut changes);
        let disk = disk_sign(vitals.disk_bytes);
        self.tell(Kind::DiskFilling, None, disk, now, &mut changes);
        changes
    }

    fn look_at_devices(&mut self, vitals: &Vitals<'_>, now: Timestamp, changes: &mut Vec<Change>) {
        self.forget_missing(vitals.devices, now, changes);
        for vital in vitals.devices {
            let Some(last) = vital.last_heard else {
                continue;
            };
            let name: Arc<str> = match self.devices.get_key_value(vital.name) {
                Some((name, _)) => Arc::clone(name),
                None if self.devices.len() < MAX_DEVICES => vital.name.into(),
                None => continue,
            };
            let silent_told = self.is_told(Kind::DeviceSilent, &name);
            let unread_told = self.is_told(Kind::UnreadJump, &name);
            let device = self
                .devices
                .entry(Arc::clone(&name))
                .or_insert_with(|| Device {
                    rhythm: Rhythm::new(last),
                    read: Window::default(),
                });
            let silence = device
                .rhythm
                .look(last, now, vitals.zone_offset_seconds, silent_told);
            let silent = Look {
                sign: Sign::of(
                    silence.silent && !silence.removed,
                    !silence.silent || silence.removed,
                ),
                amount: silence.usual_ms / 1_000,
                heard: Some(last),
            };
            let lines = Count {
                all: vital.received,
                part: vital.unread,
            };
            device.read.add(lines, now, unread_told);
            let unread = unread_sign(&device.read, last);
            let wrong = vital.clock_wrong_seconds;
            let clock = Look {
                sign: Sign::of(wrong.is_some(), wrong.is_none()),
                amount: wrong.unwrap_or(0),
                heard: Some(last),
            };
            self.tell(Kind::DeviceSilent, Some(&name), silent, now, changes);
            self.tell(Kind::UnreadJump, Some(&name), unread, now, changes);
            self.tell(Kind::DeviceClock, Some(&name), clock, now, changes);
        }
    }

    /// Devices that are no longer counted are no longer judged, and what was told of them is over.
    fn forget_missing(
        &mut self,
        devices: &[DeviceVitals<'_>],
        now: Timestamp,
        changes: &mut Vec<Change>,
    ) {
        let known: std::collections::BTreeSet<&str> =
            devices.iter().map(|device| device.name).collect();
        self.devices.retain(|name, _| known.contains(&**name));
        self.holds.retain(|concern, told| {
            let gone = concern
                .device
                .as_deref()
                .is_some_and(|name| !known.contains(name));
            if gone && told.hold.open().is_some() {
                changes.push(change(Turn::Over, concern, told, now));
            }
            !gone
        });
    }

    fn is_told(&self, kind: Kind, device: &Arc<str>) -> bool {
        let concern = Concern {
            kind,
            device: Some(Arc::clone(device)),
        };
        self.holds
            .get(&concern)
            .is_some_and(|told| told.hold.open().is_some())
    }

    fn tell(
        &mut self,
        kind: Kind,
        device: Option<&Arc<str>>,
        look: Look,
        now: Timestamp,
        changes: &mut Vec<Change>,
    ) {
        let concern = Concern {
            kind,
            device: device.map(Arc::clone),
        };
        let known = self.holds.contains_key(&concern);
        if !known && look.sign != Sign::Bad {
            return;
        }
        if !known && device.is_some() && self.told_of(kind) >= MAX_TOLD {
            return;
        }
        let told = self.holds.entry(concern.clone()).or_default();
        if told.hold.open().is_none() {
            told.amount = look.amount;
            told.heard = look.heard;
        }
        if let Some(turn) = told.hold.step(look.sign, now, kind.patience()) {
            changes.push(change(turn, &concern, told, now));
        }
        if told.hold == Hold::default() {
            self.holds.remove(&concern);
        }
    }

    fn told_of(&self, kind: Kind) -> usize {
        self.holds
            .keys()
            .filter(|concern| concern.kind == kind)
            .count()
    }

    fn lost_sign(&mut self, vitals: &Vitals<'_>, now: Timestamp) -> Look {
        let count = Count {
            all: vitals.received,
            part: vitals.lost,
        };
        self.lost.add(count, now, false);
        let sum = self.lost.sum();
        let much = sum.part >= MUCH_LOST
            || (sum.part >= LEAST_LOST && sum.part.saturating_mul(100) >= sum.all);
        Look {
            sign: Sign::of(much, sum.part == 0),
            amount: signed(sum.part),
            heard: None,
        }
    }

    fn hub_sign(&mut self, hub: Option<HubVitals>, now: Timestamp) -> Look {
        let Some(hub) = hub else {
            self.hub_from = None;
            return Look {
                sign: Sign::Good,
                amount: 0,
                heard: None,
            };
        };
        // Not before the hub could have been called; a clock that was set back begins anew.
        let from = self.hub_from.filter(|from| *from <= now).unwrap_or(now);
        self.hub_from = Some(from);
        let answered = hub.last_answer.filter(|answer| *answer <= now);
        let away_ms = now.millis_since(answered.map_or(from, |answer| answer.max(from)));
        let unheard_ms = answered.map_or(away_ms, |answer| now.millis_since(answer));
        Look {
            sign: Sign::of(away_ms > UNREACHED_MS, away_ms <= UNREACHED_MS),
            amount: unheard_ms / 1_000,
            heard: hub.last_answer,
        }
    }

    fn spool_sign(&mut self, vitals: &Vitals<'_>, now: Timestamp) -> Look {
        let waiting = vitals.waiting;
        let rising = self
            .rising
            .filter(|rising| rising.newest <= waiting && rising.since <= now)
            .unwrap_or(Rising {
                since: now,
                least: waiting,
                newest: waiting,
            });
        let Rising { since, least, .. } = rising;
        self.rising = Some(Rising {
            newest: waiting,
            ..rising
        });
        let (bytes, limit) = vitals.spool_bytes;
        let grows =
            now.millis_since(since) >= GROWS_MS && waiting >= least.saturating_add(GROWS_BY);
        let half_full = limit > 0 && bytes >= limit / 2;
        Look {
            sign: Sign::of(
                grows || half_full,
                now.millis_since(since) < GROWS_MS && bytes < limit / 4,
            ),
            amount: signed(waiting),
            heard: None,
        }
    }
}

fn change(turn: Turn, concern: &Concern, told: &Told, now: Timestamp) -> Change {
    Change {
        turn,
        standing: Standing {
            concern: concern.clone(),
            since: told.hold.open().unwrap_or(now),
            amount: told.amount,
            heard: told.heard,
        },
    }
}

fn unread_sign(read: &Window, heard: Timestamp) -> Look {
    let sum = read.sum();
    let share = read.share();
    let sign = match read.past_share(LEAST_PAST) {
        Some(past) => Sign::of(
            sum.part >= LEAST_UNREAD
                && share >= (past + SHARE_JUMP).max(past * SHARE_TIMES).min(0.98),
            sum.all > 0 && share <= past + SHARE_BACK,
        ),
        None => Sign::Between,
    };
    let percent = sum.part.saturating_mul(100) / sum.all.max(1);
    Look {
        sign,
        amount: signed(percent),
        heard: Some(heard),
    }
}

fn own_clock_sign(hub: Option<HubVitals>) -> Look {
    let offset_ms = hub.and_then(|hub| hub.clock_offset_ms).unwrap_or(0);
    let off = offset_ms.unsigned_abs();
    Look {
        sign: Sign::of(off >= CLOCKS_DIFFER_MS, off < CLOCKS_DIFFER_MS / 2),
        // The hub's clock is taken as right.
        amount: (offset_ms / 1_000).saturating_neg(),
        heard: None,
    }
}

fn disk_sign(disk: Option<(u64, u64)>) -> Look {
    let Some((free, all)) = disk else {
        return Look {
            sign: Sign::Between,
            amount: 0,
            heard: None,
        };
    };
    let needed = (all / FREE_PART).clamp(FREE_LEAST_BYTES, FREE_ENOUGH_BYTES);
    Look {
        sign: Sign::of(free < needed, free >= needed.saturating_add(needed / 2)),
        amount: signed(free),
        heard: None,
    }
}

fn signed(count: u64) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests;
