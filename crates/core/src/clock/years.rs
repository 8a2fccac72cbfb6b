//! The year of stamps that name none, in a recording: from the order of its records.
//!
//! A recording has no time of receipt. Its records are in order, so a month that goes back means a
//! new year; and its last record cannot be later than the time the recording is looked at. The first
//! alone would give a file that runs from 1 to 30 November, looked at on the 20th, two different
//! years.
//!
//! Samples of the whole recording go into [`Years::see`] first; then [`Years::complete`] answers for
//! any record in it. Bounded: [`MAX_MARKS`] marks of 16 bytes.

use crate::time::{DeviceTime, Timestamp};

/// Most marks kept, at least a week apart; beyond, the last one answers.
pub const MAX_MARKS: usize = 4_096;

const DAY_SECONDS: i64 = 86_400;
/// A year and a bit: a mark need only be right to the half year.
const YEAR_SECONDS: i64 = 365 * DAY_SECONDS + DAY_SECONDS / 4;
/// A step back of up to 60 days is disorder, anything else goes forward: the year nearest to this
/// long after the record before.
const CENTRE_SECONDS: i64 = YEAR_SECONDS / 2 - 60 * DAY_SECONDS;
/// A step larger than this needs others that confirm it.
const LEAP_SECONDS: i64 = 30 * DAY_SECONDS;
/// Samples that confirm it, the first included.
const CONFIRMATIONS: u8 = 3;
/// A new mark when time has moved by this much.
const MARK_SECONDS: i64 = 7 * DAY_SECONDS;
/// The last record may lie this far after the time the recording is looked at.
const MAX_AHEAD_SECONDS: i64 = DAY_SECONDS;

#[derive(Clone, Copy, Debug)]
struct Leap {
    position: u64,
    at: Timestamp,
    newest: Timestamp,
    seen: u8,
}

/// The years of one recording.
#[derive(Clone, Debug)]
pub struct Years {
    /// Position of a record, and its time; positions ascend.
    marks: Vec<(u64, Timestamp)>,
    /// Time of the newest sample believed.
    newest: Option<Timestamp>,
    /// A step far ahead that waits for confirmation.
    leap: Option<Leap>,
    now: Timestamp,
    /// How far all marks move back so that none lies ahead of `now`.
    shift_seconds: i64,
}

impl Years {
    /// For a recording looked at at `now`.
    #[must_use]
    pub const fn new(now: Timestamp) -> Self {
        Self {
            marks: Vec::new(),
            newest: None,
            leap: None,
            now,
            shift_seconds: 0,
        }
    }

    /// Whether no stamp without a year was seen.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.marks.is_empty()
    }

    /// Takes in the time of the record at `position`, a number that grows through the recording, as
    /// the parser gave it. Samples come in order.
    pub fn see(&mut self, position: u64, time: DeviceTime) {
        if !time.assumed.year {
            return;
        }
        let Some(newest) = self.newest else {
            if !is_unset_clock(time) {
                self.believe(position, time.at);
            }
            return;
        };
        let at = time.in_year_near(newest.plus_seconds(CENTRE_SECONDS)).at;
        let step = at.millis_since(newest) / 1_000;
        if step.abs() <= LEAP_SECONDS {
            self.leap = None;
            self.believe(position, at);
            return;
        }
        if is_unset_clock(time) {
            return;
        }
        let leap = match self.leap {
            Some(leap) if at >= leap.newest.plus_seconds(-LEAP_SECONDS) => Leap {
                newest: leap.newest.max(at),
                seen: leap.seen + 1,
                ..leap
            },
            _ => Leap {
                position,
                at,
                newest: at,
                seen: 1,
            },
        };
        if leap.seen < CONFIRMATIONS {
            self.leap = Some(leap);
            return;
        }
        self.leap = None;
        self.believe(leap.position, leap.at);
        self.believe(position, leap.newest);
    }

    fn believe(&mut self, position: u64, at: Timestamp) {
        self.newest = Some(at);
        let ahead = at.millis_since(self.now.plus_seconds(MAX_AHEAD_SECONDS)) / 1_000;
        if ahead > 0 {
            let years = ahead / YEAR_SECONDS + 1;
            self.shift_seconds = self.shift_seconds.max(years * YEAR_SECONDS);
        }
        let moved = self
            .marks
            .last()
            .is_none_or(|(_, last)| at.millis_since(*last).abs() > MARK_SECONDS * 1_000);
        if moved && self.marks.len() < MAX_MARKS {
            self.marks.push((position, at));
        }
    }

    /// The time of the record at `position` in its year; a stamp that names its year stays.
    #[must_use]
    pub fn complete(&self, position: u64, time: DeviceTime) -> DeviceTime {
        if !time.assumed.year {
            return time;
        }
        let after = self.marks.partition_point(|(from, _)| *from <= position);
        let mark = self.marks.get(after.saturating_sub(1));
        let Some((_, near)) = mark else { return time };
        let found = time.in_year_near(near.plus_seconds(-self.shift_seconds));
        if found.at <= self.now.plus_seconds(MAX_AHEAD_SECONDS) {
            found
        } else {
            // Nobody writes a log of the future; an unset clock does.
            found.in_year_near(found.at.plus_seconds(-YEAR_SECONDS))
        }
    }
}

/// A clock that was never set starts on 1 January.
fn is_unset_clock(time: DeviceTime) -> bool {
    let (_, month, day) = time.local().civil_date();
    (month, day) == (1, 1)
}
