//! A device's own rhythm: in which hours of the week it speaks, and how long it is usually quiet in them.
//!
//! Quiet is measured in the device's own time, which only runs in hours in which it is usually heard: an
//! office firewall that rests at night and over the weekend is not missed then, and is missed within
//! minutes on a working morning. A device is silent when it has been quiet for three times as long as it
//! usually is at most. What a telling teaches is capped, so that a device that comes and goes is told
//! ever more rarely, and one that was away for days is still missed the next time.

use crate::time::Timestamp;

/// Hours of a week.
pub const WEEK_HOURS: usize = 168;
/// Weeks of which it is remembered in which hours a device was heard.
const WEEKS: u32 = 4;
/// No device is told silent sooner than this …
const LEAST_QUIET_MS: i64 = 5 * 60_000;
/// … nor in an hour of the week that was not lived through with it before.
const LEAST_QUIET_UNKNOWN_MS: i64 = 15 * 60_000;
/// So many times its longest usual quiet …
const USUAL_TIMES: i64 = 3;
/// … and in an hour not lived through.
const USUAL_TIMES_UNKNOWN: i64 = 10;
/// A device must have been heard at so many looks …
const LEAST_HEARD: u32 = 20;
/// … over this time before it is known.
const LEAST_KNOWN_MS: i64 = 10 * 60_000;
/// A device that is not known, or speaks rarely, is silent after a day …
const RARE_MS: i64 = 24 * HOUR_MS;
/// … or after so many times its longest silence.
const RARE_TIMES: i64 = 2;
/// A device silent for longer than this has been taken away.
const REMOVED_MS: i64 = 14 * 24 * HOUR_MS;
/// The usual quiet fades by one part in so many each hour: by half in about ten days.
const FADES: i64 = 336;
/// Looks further apart were not one watch: the machine slept, or its clock was set.
const LONGEST_LOOK_MS: i64 = 10 * 60_000;
const HOUR_MS: i64 = 3_600_000;

/// What is known of a device's rhythm; what the collector keeps across a restart.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rhythm {
    /// When it was first heard.
    pub first: Timestamp,
    /// When it was last heard.
    pub last: Timestamp,
    /// For each hour of the week, local time, Monday first: the low four bits say in which of the last
    /// four weeks it was heard in it, the newest lowest; the high four bits which of them are known.
    pub hours: [u8; WEEK_HOURS],
    /// Its longest usual quiet in its own time, in milliseconds.
    pub longest_ms: i64,
    /// Its longest usual silence, nights and weekends included, in milliseconds.
    pub longest_rest_ms: i64,
    /// At how many looks it was newly heard; saturates.
    pub heard: u32,
    watch: Watch,
}

/// What is known since the start.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Watch {
    looked: Option<Timestamp>,
    /// From when silence counts: the start, or the end of a sleep.
    from: Timestamp,
    /// How long it is quiet, in its own time.
    quiet_ms: i64,
    hour: i64,
    hour_heard: bool,
    /// Whether the hour was watched from its beginning.
    hour_whole: bool,
}

/// How a device is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Silence {
    pub(super) silent: bool,
    /// Silent for so long that it has been taken away.
    pub(super) removed: bool,
    /// The longest it is usually quiet, in milliseconds.
    pub(super) usual_ms: i64,
}

impl Rhythm {
    /// Of a device first heard at `heard`.
    #[must_use]
    pub fn new(heard: Timestamp) -> Self {
        Self::restore(heard, heard, [0; WEEK_HOURS], (0, 0), 1)
    }

    /// As it was kept; the parts are those of [`Rhythm`]'s fields, the quiet pair is `longest_ms` and
    /// `longest_rest_ms`.
    #[must_use]
    pub fn restore(
        first: Timestamp,
        last: Timestamp,
        hours: [u8; WEEK_HOURS],
        (longest_ms, longest_rest_ms): (i64, i64),
        heard: u32,
    ) -> Self {
        Self {
            first,
            last,
            hours,
            longest_ms: longest_ms.max(0),
            longest_rest_ms: longest_rest_ms.max(0),
            heard,
            watch: Watch::default(),
        }
    }

    /// Looks at `now`, in a zone so many seconds east of UTC; the device was last heard at `last`, and
    /// is `told` to be silent or not.
    pub(super) fn look(
        &mut self,
        last: Timestamp,
        now: Timestamp,
        zone_offset_seconds: i32,
        told: bool,
    ) -> Silence {
        let hour = hour_of(now, zone_offset_seconds);
        let since_ms = self
            .watch
            .looked
            .map(|looked| now.millis_since(looked))
            .filter(|since| (0..=LONGEST_LOOK_MS).contains(since));
        let Some(since_ms) = since_ms else {
            self.begin(now, hour);
            let heard = self.hear(last, now);
            return self.judge(now, hour, told && !heard);
        };
        self.watch.looked = Some(now);
        if self.expected(hour) != Expected::No {
            self.watch.quiet_ms = self.watch.quiet_ms.saturating_add(since_ms);
        }
        if hour != self.watch.hour {
            self.end_hour(hour, told);
        }
        let heard = self.hear(last, now);
        self.judge(now, hour, told && !heard)
    }

    fn begin(&mut self, now: Timestamp, hour: i64) {
        self.watch = Watch {
            looked: Some(now),
            from: now,
            quiet_ms: 0,
            hour,
            hour_heard: false,
            hour_whole: false,
        };
    }

    fn end_hour(&mut self, hour: i64, told: bool) {
        let Watch {
            hour: ended,
            hour_heard,
            hour_whole,
            ..
        } = self.watch;
        // A fault is no rhythm, unless nothing is known of the hour: then it may be the rest. Nor is an
        // hour of which only a part was watched.
        if let Some(slot) = slot(ended).and_then(|slot| self.hours.get_mut(slot))
            && (hour_heard || (hour_whole && (!told || usual(*slot).is_none())))
        {
            let heard = ((*slot << 1) | u8::from(hour_heard)) & 0x0f;
            let known = (((*slot >> 4) << 1) | 1) & 0x0f;
            *slot = (known << 4) | heard;
        }
        self.longest_ms -= self.longest_ms / FADES;
        self.longest_rest_ms -= self.longest_rest_ms / FADES;
        self.watch.hour = hour;
        self.watch.hour_heard = false;
        self.watch.hour_whole = true;
    }

    /// Takes in that it was last heard at `last`; whether that is news.
    fn hear(&mut self, last: Timestamp, now: Timestamp) -> bool {
        if last <= self.last {
            return false;
        }
        let rest_ms = last.millis_since(self.last.max(self.watch.from)).max(0);
        let quiet_ms = self.watch.quiet_ms.min(self.needed_ms(Expected::Yes));
        self.longest_ms = self.longest_ms.max(quiet_ms);
        self.longest_rest_ms = self.longest_rest_ms.max(rest_ms.min(self.rare_ms()));
        self.last = last;
        self.heard = self.heard.saturating_add(1);
        // Heard before this look: the quiet has lasted since then.
        self.watch.quiet_ms = now.millis_since(last).clamp(0, LEAST_QUIET_MS);
        self.watch.hour_heard = true;
        true
    }

    /// `told` to be silent, and not heard since: then it stays so, also in hours in which it rests.
    fn judge(&self, now: Timestamp, hour: i64, told: bool) -> Silence {
        let resting_ms = now.millis_since(self.last.max(self.watch.from));
        let expected = self.expected(hour);
        let missed = self.is_known()
            && expected != Expected::No
            && self.watch.quiet_ms > self.needed_ms(expected);
        // Before a restart it was silent too; what a stop of the collector hides is not held against it.
        let away_ms = now.millis_since(self.last);
        let rare = !self.has_hours()
            && resting_ms > HOUR_MS.min(self.rare_ms())
            && away_ms > self.rare_ms();
        Silence {
            silent: told || missed || rare,
            removed: away_ms > REMOVED_MS,
            usual_ms: if missed || self.has_hours() {
                self.longest_ms
            } else {
                self.longest_rest_ms
            },
        }
    }

    fn is_known(&self) -> bool {
        self.heard >= LEAST_HEARD && self.last.millis_since(self.first) >= LEAST_KNOWN_MS
    }

    /// Whether there are hours of the week in which it is usually heard: then it is missed in those.
    fn has_hours(&self) -> bool {
        self.is_known() && self.hours.iter().any(|hour| usual(*hour) == Some(true))
    }

    fn needed_ms(&self, expected: Expected) -> i64 {
        let (least_ms, times) = match expected {
            Expected::Perhaps => (LEAST_QUIET_UNKNOWN_MS, USUAL_TIMES_UNKNOWN),
            Expected::Yes | Expected::No => (LEAST_QUIET_MS, USUAL_TIMES),
        };
        self.longest_ms.saturating_mul(times).max(least_ms)
    }

    fn rare_ms(&self) -> i64 {
        self.longest_rest_ms.saturating_mul(RARE_TIMES).max(RARE_MS)
    }

    /// Whether it is usually heard in this hour. An hour that was not lived through is like the others,
    /// unless the device rests at any time.
    fn expected(&self, hour: i64) -> Expected {
        let known = slot(hour).and_then(|slot| self.hours.get(slot)).copied();
        match known.and_then(usual) {
            Some(true) => Expected::Yes,
            Some(false) => Expected::No,
            None if self.hours.iter().any(|hour| usual(*hour) == Some(false)) => Expected::No,
            None => Expected::Perhaps,
        }
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Expected {
    Yes,
    Perhaps,
    No,
}

/// Whether it was heard in three of four of the weeks that are known; `None` when none is.
const fn usual(hour: u8) -> Option<bool> {
    let known = hour >> 4;
    if known == 0 {
        return None;
    }
    let heard = hour & known;
    Some(heard.count_ones() * WEEKS >= known.count_ones() * (WEEKS - 1))
}

/// Hours since the epoch, local time.
fn hour_of(now: Timestamp, zone_offset_seconds: i32) -> i64 {
    now.plus_seconds(i64::from(zone_offset_seconds))
        .as_seconds()
        .div_euclid(3_600)
}

/// The hour of the week; the epoch was a Thursday.
fn slot(hour: i64) -> Option<usize> {
    usize::try_from(hour.saturating_add(72).rem_euclid(168)).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// A Monday, midnight UTC.
    const MONDAY: Timestamp = Timestamp::from_seconds(1_793_577_600);
    const LOOK_SECONDS: i64 = 10;

    /// Seconds from Monday at which a device that speaks when `speaks` says so is told silent, over.
    fn told(seconds: i64, speaks: impl Fn(i64) -> bool) -> Vec<i64> {
        let mut rhythm: Option<Rhythm> = None;
        let mut last = MONDAY;
        let mut told = Vec::new();
        let mut open = false;
        for second in (0..seconds).step_by(usize::try_from(LOOK_SECONDS).unwrap()) {
            let now = MONDAY.plus_seconds(second);
            if speaks(second) {
                last = now;
                rhythm.get_or_insert_with(|| Rhythm::new(now));
            }
            let Some(rhythm) = &mut rhythm else { continue };
            let silence = rhythm.look(last, now, 0, open);
            if silence.silent != open {
                open = silence.silent;
                if open {
                    told.push(second);
                }
            }
        }
        told
    }

    const HOUR: i64 = 3_600;
    const DAY: i64 = 86_400;

    fn office(second: i64) -> bool {
        let (day, hour) = (second / DAY % 7, second % DAY / HOUR);
        day < 5 && (8..18).contains(&hour)
    }

    #[test]
    fn a_steady_device_is_missed_within_minutes() {
        let died = 3 * HOUR;
        let at = told(5 * HOUR, |second| second < died && second % 20 == 0);
        assert_eq!(at.len(), 1, "{at:?}");
        assert!((280..1_200).contains(&(at[0] - died)), "{at:?}");
        // Once its week is known: five minutes.
        let died = 9 * DAY + 3 * HOUR;
        let at = told(died + HOUR, |second| second < died && second % 20 == 0);
        assert_eq!(at.len(), 1, "{at:?}");
        assert!((280..420).contains(&(at[0] - died)), "{at:?}");
    }

    #[test]
    fn one_that_speaks_every_half_hour_is_given_longer() {
        let died = 9 * DAY;
        let at = told(died + DAY, |second| second < died && second % 1_800 == 0);
        assert_eq!(at.len(), 1, "{at:?}");
        assert!((3_000..6_000).contains(&(at[0] - died)), "{at:?}");
    }

    #[test]
    fn one_that_rests_is_not_missed_at_night_but_in_the_morning() {
        let died = 4 * 7 * DAY + DAY + 10 * HOUR;
        let at = told(died + HOUR, |second| {
            office(second) && second < died && second % 30 == 0
        });
        // The first evening nobody can know that it rests.
        let (early, late): (Vec<i64>, Vec<i64>) = at.iter().copied().partition(|at| *at < 2 * DAY);
        assert!(early.len() <= 1, "{at:?}");
        assert_eq!(late.len(), 1, "{at:?}");
        assert!((270..600).contains(&(late[0] - died)), "{at:?}");
    }

    #[test]
    fn one_that_speaks_once_a_day_is_missed_after_two() {
        let died = 10 * DAY + HOUR;
        let at = told(15 * DAY, |second| second < died && second % DAY == 5 * HOUR);
        assert_eq!(at.len(), 1, "{at:?}");
        assert!((18 * HOUR..2 * DAY).contains(&(at[0] - died)), "{at:?}");
    }

    #[test]
    fn a_stop_of_the_collector_is_not_held_against_the_device() {
        let mut rhythm = Rhythm::new(MONDAY);
        let mut now = MONDAY;
        for _ in 0..1_000 {
            now = now.plus_seconds(10);
            assert!(!rhythm.look(now, now, 0, false).silent);
        }
        let last = now;
        // Off for twelve hours, then heard again two minutes after the start.
        now = now.plus_seconds(12 * HOUR);
        for _ in 0..12 {
            now = now.plus_seconds(10);
            assert!(!rhythm.look(last, now, 0, false).silent);
        }
        assert!(!rhythm.look(now, now, 0, false).silent);
        assert!(rhythm.longest_ms < 300_000, "{rhythm:?}");
    }

    proptest! {
        /// A device that comes and goes at random is told silent a few times at most: each telling
        /// makes the next one rarer.
        #[test]
        fn one_that_comes_and_goes_is_told_ever_more_rarely(
            phases in proptest::collection::vec((60_i64..7_200, 60_i64..7_200), 10..60),
        ) {
            let mut edges = Vec::new();
            let mut at = 0;
            for (on, off) in &phases {
                edges.push((at, at + on));
                at += on + off;
            }
            let speaks = |second: i64| {
                edges.iter().any(|(from, to)| (*from..*to).contains(&second))
            };
            let told = told(at, speaks);
            prop_assert!(told.len() <= 5, "{told:?}");
        }

        /// Any times, also a clock set to and fro: no overflow, nothing negative.
        #[test]
        fn any_times_are_borne(
            looks in proptest::collection::vec((any::<i64>(), any::<i64>(), any::<bool>()), 0..50),
            offset in any::<i32>(),
        ) {
            let mut rhythm = Rhythm::new(MONDAY);
            for (last, now, told) in looks {
                let (last, now) = (Timestamp::from_micros(last), Timestamp::from_micros(now));
                rhythm.look(last, now, offset, told);
                prop_assert!(rhythm.longest_ms >= 0 && rhythm.longest_rest_ms >= 0);
            }
        }
    }
}
