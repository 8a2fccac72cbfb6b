//! One row of differences between a device's stamps and their receipt, and what they say: the zone
//! the stamps are written in, and by how much the clock is wrong.

use crate::time::Timestamp;

/// Observations kept, the newest.
const WINDOW: usize = 15;
/// So many that agree make up a mind for the first time.
const FIRST: usize = 3;
/// So many that agree, over [`CHANGE_SECONDS`] of receipt or more, change it.
const CHANGE: usize = 5;
/// A change takes at least this long, so that a backlog sent in one go is not taken for one.
const CHANGE_SECONDS: i64 = 60;
/// Once the mind is made up, one observation in so many seconds is enough, and makes the window span
/// more than a change takes.
const SPACING_SECONDS: i64 = 5;
/// Observations agree when they lie within this.
const AGREE_SECONDS: i64 = 120;
/// Half a quarter hour: a difference this near to an offset in use is that offset and a wrong clock.
const NEAR_SECONDS: i64 = 450;
/// A difference that has moved by more than this has jumped; by less, the clock drifts.
const JUMP_SECONDS: i64 = 300;
/// A first record is given a zone other than the assumed one only when it fits this well.
const FIT_SECONDS: i64 = 120;
const QUARTER_SECONDS: i64 = 900;
const HOUR_SECONDS: i64 = 3_600;

/// Offsets in use in the world besides the whole hours from -12 to +14, in minutes (IANA time zone
/// database; -150, 630, 660 and 825 in summer).
const BROKEN_OFFSETS: [i64; 13] = [
    -570, -210, -150, 210, 270, 330, 345, 390, 525, 570, 630, 765, 825,
];

/// The stamps' difference from receipt in seconds, and when that was.
#[derive(Clone, Copy, Debug, Default)]
struct Seen {
    difference: i64,
    received: i64,
}

/// What a track has made up its mind to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Settled {
    /// Seconds east of UTC the stamps are written in; 0 on a track whose zone is known.
    pub offset_seconds: i32,
    /// The clock minus the time of receipt.
    pub skew_seconds: i64,
    /// Whether the observations agree, so that the skew is the clock's and not a changing delay's.
    pub is_steady: bool,
    /// Whether the zone was found; if not, the assumed one is kept and the clock is called wrong.
    pub has_zone: bool,
}

/// A window of observations and the conclusion.
#[derive(Clone, Debug, Default)]
pub(super) struct Track {
    window: [Seen; WINDOW],
    length: usize,
    settled: Option<Settled>,
    /// Observations taken altogether.
    taken: u32,
}

/// What the zone of a track may be.
#[derive(Clone, Copy, Debug)]
pub(super) enum Freedom {
    /// Known; differences are the clock's alone.
    Known,
    /// To be found; this one, in seconds east of UTC, until it is.
    Assume(i32),
}

impl Track {
    pub(super) const fn settled(&self) -> Option<Settled> {
        self.settled
    }

    pub(super) const fn taken(&self) -> u32 {
        self.taken
    }

    /// Whether enough was seen to rely on it.
    pub(super) fn is_sure(&self) -> bool {
        usize::try_from(self.taken).unwrap_or(usize::MAX) >= WINDOW
            && self
                .settled
                .is_some_and(|settled| settled.has_zone && settled.is_steady)
    }

    /// A track that remembers a conclusion but not what it rested on.
    pub(super) fn restored(settled: Option<Settled>, taken: u32) -> Self {
        Self {
            settled,
            taken,
            ..Self::default()
        }
    }

    /// Seconds east of UTC for a stamp that shows `difference` seconds more than receipt.
    pub(super) fn offset_for(&self, difference: i64, assume: i32) -> i32 {
        let Some(settled) = self.settled else {
            if (difference - i64::from(assume)).abs() <= NEAR_SECONDS {
                return assume;
            }
            let (offset, rest) = nearest_offset(difference);
            return if rest.abs() <= FIT_SECONDS {
                offset
            } else {
                assume
            };
        };
        // Clocks that have just gone forward: a stamp cannot come from an hour ahead, so there is
        // nothing to wait for. Back may be a delay, and waits until several agree.
        let step = difference - i64::from(settled.offset_seconds) - settled.skew_seconds;
        let forward = settled.offset_seconds.saturating_add(3_600);
        if settled.has_zone && (step - HOUR_SECONDS).abs() <= FIT_SECONDS && is_offset(forward) {
            return forward;
        }
        settled.offset_seconds
    }

    /// Takes in one observation; of those received within [`SPACING_SECONDS`] one counts.
    pub(super) fn take(&mut self, difference: i64, received: Timestamp, freedom: Freedom) {
        let received = received.as_seconds();
        let spacing = match self.settled {
            Some(_) => SPACING_SECONDS,
            // So far off is no delay: there is nothing to wait for.
            None if difference.abs() > super::OLDEST_SECONDS => 0,
            None => 1,
        };
        let too_soon = |seen: Seen| (0..spacing).contains(&(received - seen.received));
        if self.newest().is_some_and(too_soon) {
            return;
        }
        self.window.rotate_right(1);
        if let Some(first) = self.window.first_mut() {
            *first = Seen {
                difference,
                received,
            };
        }
        self.length = WINDOW.min(self.length + 1);
        self.taken = self.taken.saturating_add(1);
        self.conclude(freedom);
    }

    fn newest(&self) -> Option<Seen> {
        self.window.iter().take(self.length).next().copied()
    }

    fn conclude(&mut self, freedom: Freedom) {
        let Some(settled) = self.settled else {
            let full = self.length == WINDOW;
            let agree = self
                .spread(FIRST)
                .is_some_and(|spread| spread <= AGREE_SECONDS);
            if agree || full {
                let count = if agree { FIRST } else { WINDOW };
                self.settled = Some(decide(self.median(count), agree, freedom));
            }
            return;
        };
        let expected = i64::from(settled.offset_seconds) + settled.skew_seconds;
        if let Some(count) = self.agreeing() {
            let now = self.median(count);
            if (now - expected).abs() > JUMP_SECONDS {
                self.settled = Some(changed(settled, now, freedom));
                self.length = count;
                return;
            }
        }
        let drifted = self.median(WINDOW);
        if self.length >= FIRST && (drifted - expected).abs() <= JUMP_SECONDS {
            self.settled = Some(Settled {
                skew_seconds: drifted - i64::from(settled.offset_seconds),
                is_steady: self.is_steady(drifted),
                ..settled
            });
        } else if self.length == WINDOW {
            // Neither where it was nor anywhere else: delays, or somebody setting it back and forth.
            let is_steady = self.is_steady(drifted);
            self.settled = Some(Settled {
                is_steady,
                ..settled
            });
        }
    }

    /// How many of the newest observations agree, when they are enough to change the mind.
    fn agreeing(&self) -> Option<usize> {
        let first = self.newest()?;
        let (mut least, mut most) = (first.difference, first.difference);
        let (mut from, mut to) = (first.received, first.received);
        let mut count = 0;
        for seen in self.window.iter().take(self.length) {
            (least, most) = (least.min(seen.difference), most.max(seen.difference));
            if most - least > AGREE_SECONDS {
                break;
            }
            (from, to) = (from.min(seen.received), to.max(seen.received));
            count += 1;
        }
        (count >= CHANGE && to - from >= CHANGE_SECONDS).then_some(count)
    }

    /// How far the newest `count` lie apart; `None` when there are fewer.
    fn spread(&self, count: usize) -> Option<i64> {
        if self.length < count {
            return None;
        }
        let newest = self.window.iter().take(count).map(|seen| seen.difference);
        Some(newest.clone().max()? - newest.min()?)
    }

    /// Whether half the observations lie within a minute of `middle`.
    fn is_steady(&self, middle: i64) -> bool {
        let window = self.window.iter().take(self.length);
        let near = window.filter(|seen| (seen.difference - middle).abs() <= AGREE_SECONDS / 2);
        near.count() * 2 >= self.length
    }

    /// The middle one of the newest `count`.
    fn median(&self, count: usize) -> i64 {
        let mut sorted = [0; WINDOW];
        let count = count.min(self.length);
        for (slot, seen) in sorted.iter_mut().zip(self.window.iter().take(count)) {
            *slot = seen.difference;
        }
        let Some(used) = sorted.get_mut(..count) else {
            return 0;
        };
        used.sort_unstable();
        used.get(count / 2).copied().unwrap_or_default()
    }
}

/// Zone and skew that explain a difference of `middle` seconds.
fn decide(middle: i64, is_steady: bool, freedom: Freedom) -> Settled {
    let (offset_seconds, has_zone) = match freedom {
        Freedom::Known => (0, true),
        Freedom::Assume(assume) if (middle - i64::from(assume)).abs() <= NEAR_SECONDS => {
            (assume, true)
        }
        Freedom::Assume(assume) => match nearest_offset(middle) {
            (offset, rest) if rest.abs() <= NEAR_SECONDS => (offset, true),
            _ => (assume, false),
        },
    };
    Settled {
        offset_seconds,
        skew_seconds: middle - i64::from(offset_seconds),
        is_steady,
        has_zone,
    }
}

/// The mind after a jump to `middle`. By quarter hours exactly: the zone changed, or summer time
/// began or ended, and the clock is as wrong as before. By anything else: somebody set the clock.
fn changed(before: Settled, middle: i64, freedom: Freedom) -> Settled {
    if let Freedom::Assume(_) = freedom
        && before.has_zone
    {
        let step = middle - i64::from(before.offset_seconds) - before.skew_seconds;
        let quarters = (step + QUARTER_SECONDS / 2).div_euclid(QUARTER_SECONDS);
        let moved = i64::from(before.offset_seconds) + quarters * QUARTER_SECONDS;
        let left = step - quarters * QUARTER_SECONDS;
        if left.abs() <= AGREE_SECONDS
            && let Ok(offset_seconds) = i32::try_from(moved)
            && is_offset(offset_seconds)
        {
            return Settled {
                offset_seconds,
                skew_seconds: middle - moved,
                is_steady: true,
                has_zone: true,
            };
        }
        // What the device's own history says is the better assumption from now on.
        return decide(middle, true, Freedom::Assume(before.offset_seconds));
    }
    decide(middle, true, freedom)
}

/// The offset in use nearest to `difference`, and what is left.
fn nearest_offset(difference: i64) -> (i32, i64) {
    let hours = (-12..=14).map(|hour: i64| hour * HOUR_SECONDS);
    let broken = BROKEN_OFFSETS.iter().map(|minutes| minutes * 60);
    let nearest = hours
        .chain(broken)
        .min_by_key(|offset| (difference - offset).abs())
        .unwrap_or_default();
    (
        i32::try_from(nearest).unwrap_or_default(),
        difference - nearest,
    )
}

/// Whether it is an offset in use somewhere.
pub(super) fn is_offset(offset_seconds: i32) -> bool {
    nearest_offset(offset_seconds.into()).1 == 0
}
