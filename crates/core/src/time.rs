//! Points in time, as arguments: the core never asks a clock.
//!
//! Standard: RFC 3339. Resolution is the microsecond, range the years 0000 to 9999.

use std::fmt;

const MICROS_PER_SECOND: i64 = 1_000_000;
const SECONDS_PER_DAY: i64 = 86_400;

/// A point in time: microseconds since 1970-01-01T00:00:00Z.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(i64);

impl Timestamp {
    /// From microseconds since the epoch.
    #[must_use]
    pub const fn from_micros(micros: i64) -> Self {
        Self(micros)
    }

    /// From milliseconds since the epoch; saturates.
    #[must_use]
    pub const fn from_millis(millis: i64) -> Self {
        Self(millis.saturating_mul(1_000))
    }

    /// From seconds since the epoch; saturates.
    #[must_use]
    pub const fn from_seconds(seconds: i64) -> Self {
        Self(seconds.saturating_mul(MICROS_PER_SECOND))
    }

    /// From a civil date and time in UTC; `None` where a part is out of range. Second 60 (a leap
    /// second) counts as the first moment of the next minute.
    #[must_use]
    pub fn from_civil(date: (i64, i64, i64), clock: (i64, i64, i64), micros: i64) -> Option<Self> {
        let (year, month, day) = date;
        let (hour, minute, second) = clock;
        let valid = (0..=9999).contains(&year)
            && (1..=12).contains(&month)
            && (1..=days_in_month(year, month)).contains(&day)
            && (0..24).contains(&hour)
            && (0..60).contains(&minute)
            && (0..=60).contains(&second)
            && (0..MICROS_PER_SECOND).contains(&micros);
        if !valid {
            return None;
        }
        let seconds = days_from_civil(year, month, day) * SECONDS_PER_DAY
            + hour * 3_600
            + minute * 60
            + second;
        Some(Self(seconds * MICROS_PER_SECOND + micros))
    }

    /// Microseconds since the epoch.
    #[must_use]
    pub const fn as_micros(self) -> i64 {
        self.0
    }

    /// Whole milliseconds since the epoch, rounded down.
    #[must_use]
    pub const fn as_millis(self) -> i64 {
        self.0.div_euclid(1_000)
    }

    /// Whole seconds since the epoch, rounded down.
    #[must_use]
    pub const fn as_seconds(self) -> i64 {
        self.0.div_euclid(MICROS_PER_SECOND)
    }

    /// This moment moved by milliseconds (negative: earlier); saturates.
    #[must_use]
    pub const fn plus_millis(self, millis: i64) -> Self {
        Self(self.0.saturating_add(millis.saturating_mul(1_000)))
    }

    /// This moment moved by seconds (negative: earlier); saturates.
    #[must_use]
    pub const fn plus_seconds(self, seconds: i64) -> Self {
        Self(
            self.0
                .saturating_add(seconds.saturating_mul(MICROS_PER_SECOND)),
        )
    }

    /// Milliseconds from `earlier` to this moment; negative when `earlier` is later.
    #[must_use]
    pub const fn millis_since(self, earlier: Self) -> i64 {
        self.0.saturating_sub(earlier.0).div_euclid(1_000)
    }

    /// The start of the pane of `seconds` length this moment falls into, counted from the epoch.
    #[must_use]
    pub const fn floor_to(self, seconds: i64) -> Self {
        let span = seconds.saturating_mul(MICROS_PER_SECOND);
        if span <= 0 {
            return self;
        }
        Self(self.0.div_euclid(span).saturating_mul(span))
    }

    /// Year, month and day in UTC.
    #[must_use]
    pub fn civil_date(self) -> (i64, i64, i64) {
        civil_from_days(self.as_seconds().div_euclid(SECONDS_PER_DAY))
    }
}

impl fmt::Display for Timestamp {
    /// RFC 3339 in UTC, with as many fraction digits (0, 3 or 6) as are needed.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        DeviceTime::stated(*self, 0).fmt(f)
    }
}

/// A moment as a device wrote it: the instant, and the offset from UTC the device used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct DeviceTime {
    /// The instant meant.
    pub at: Timestamp,
    /// Seconds east of UTC the device used to write it, within ±18 h.
    pub offset_seconds: i32,
    /// What the stamp left open and the reader filled in.
    pub assumed: Assumed,
}

/// What a stamp did not say, so that somebody who knows more can complete it better.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Assumed {
    /// It named no zone.
    pub zone: bool,
    /// It named no year.
    pub year: bool,
}

impl DeviceTime {
    /// A moment that the stamp stated in full.
    #[must_use]
    pub const fn stated(at: Timestamp, offset_seconds: i32) -> Self {
        Self {
            at,
            offset_seconds,
            assumed: Assumed {
                zone: false,
                year: false,
            },
        }
    }

    /// What the device's clock showed, taken as if it were UTC.
    #[must_use]
    pub fn local(&self) -> Timestamp {
        self.at.plus_seconds(i64::from(self.offset_seconds))
    }

    /// The same face of the clock in the zone of `offset_seconds`; a stamp that named its zone stays.
    #[must_use]
    pub fn in_zone(self, offset_seconds: i32) -> Self {
        if !self.assumed.zone {
            return self;
        }
        Self {
            at: self.local().plus_seconds(-i64::from(offset_seconds)),
            offset_seconds,
            ..self
        }
    }

    /// The same day and time of day in the year that brings it nearest to `moment`; a stamp that
    /// named its year stays.
    #[must_use]
    pub fn in_year_near(self, moment: Timestamp) -> Self {
        /// 29 February comes back after at most this many years.
        const LEAP_SEARCH_YEARS: i64 = 8;
        /// Nearer than this there is no nearer year; nearly all records are.
        const HALF_YEAR_SECONDS: i64 = 182 * SECONDS_PER_DAY;
        let apart = self.at.millis_since(moment).saturating_abs() / 1_000;
        if !self.assumed.year || apart <= HALF_YEAR_SECONDS {
            return self;
        }
        let (_, month, day) = self.local().civil_date();
        let micros = self
            .local()
            .as_micros()
            .rem_euclid(MICROS_PER_SECOND * SECONDS_PER_DAY);
        let (year, ..) = moment.civil_date();
        (year - LEAP_SEARCH_YEARS..=year + LEAP_SEARCH_YEARS)
            .filter_map(|year| {
                let midnight = Timestamp::from_civil((year, month, day), (0, 0, 0), 0)?;
                let at = Timestamp(midnight.0.saturating_add(micros));
                Some(at.plus_seconds(-i64::from(self.offset_seconds)))
            })
            .min_by_key(|at| at.0.abs_diff(moment.0))
            .map_or(self, |at| Self { at, ..self })
    }

    /// Reads an RFC 3339 date-time. A blank instead of `T`, a comma before the fraction and an offset
    /// without colon are accepted, as devices write them; more than six fraction digits are cut.
    /// `None` for anything else, trailing bytes included.
    #[must_use]
    pub fn parse_rfc3339(text: &[u8]) -> Option<Self> {
        let mut digits = Digits(text);
        let year = digits.take(4)?;
        digits.expect(b"-")?;
        let month = digits.take(2)?;
        digits.expect(b"-")?;
        let day = digits.take(2)?;
        digits.expect(b"Tt ")?;
        let hour = digits.take(2)?;
        digits.expect(b":")?;
        let minute = digits.take(2)?;
        digits.expect(b":")?;
        let second = digits.take(2)?;
        let micros = digits.fraction()?;
        let offset = digits.offset()?;
        if !digits.0.is_empty() {
            return None;
        }
        let local = Timestamp::from_civil((year, month, day), (hour, minute, second), micros)?;
        Some(Self::stated(local.plus_seconds(-i64::from(offset)), offset))
    }
}

impl fmt::Display for DeviceTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let local = self.local();
        let (year, month, day) = local.civil_date();
        let second_of_day = local.as_seconds().rem_euclid(SECONDS_PER_DAY);
        let (hour, minute, second) = (
            second_of_day / 3_600,
            second_of_day / 60 % 60,
            second_of_day % 60,
        );
        write!(
            f,
            "{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}"
        )?;
        match local.0.rem_euclid(MICROS_PER_SECOND) {
            0 => {}
            micros if micros % 1_000 == 0 => write!(f, ".{:03}", micros / 1_000)?,
            micros => write!(f, ".{micros:06}")?,
        }
        if self.offset_seconds == 0 {
            return f.write_str("Z");
        }
        let sign = if self.offset_seconds < 0 { '-' } else { '+' };
        let minutes = self.offset_seconds.unsigned_abs() / 60;
        write!(f, "{sign}{:02}:{:02}", minutes / 60, minutes % 60)
    }
}

/// A reader of fixed-width decimal fields.
struct Digits<'a>(&'a [u8]);

impl Digits<'_> {
    fn take(&mut self, width: usize) -> Option<i64> {
        let (head, tail) = self.0.split_at_checked(width)?;
        self.0 = tail;
        head.iter().try_fold(0_i64, |sum, byte| {
            byte.is_ascii_digit()
                .then(|| sum * 10 + i64::from(byte - b'0'))
        })
    }

    fn expect(&mut self, any_of: &[u8]) -> Option<()> {
        let (head, tail) = self.0.split_first()?;
        self.0 = tail;
        any_of.contains(head).then_some(())
    }

    fn fraction(&mut self) -> Option<i64> {
        if !matches!(self.0.first(), Some(b'.' | b',')) {
            return Some(0);
        }
        self.0 = self.0.get(1..)?;
        let count = self
            .0
            .iter()
            .take_while(|byte| byte.is_ascii_digit())
            .count();
        let (head, tail) = self.0.split_at_checked(count)?;
        self.0 = tail;
        if count == 0 {
            return None;
        }
        let padded = head.iter().copied().chain(std::iter::repeat(b'0')).take(6);
        Some(padded.fold(0_i64, |sum, byte| sum * 10 + i64::from(byte - b'0')))
    }

    fn offset(&mut self) -> Option<i32> {
        let (sign, tail) = self.0.split_first()?;
        self.0 = tail;
        let sign = match sign {
            b'Z' | b'z' => return Some(0),
            b'+' => 1,
            b'-' => -1,
            _ => return None,
        };
        let hours = self.take(2)?;
        if self.0.first() == Some(&b':') {
            self.0 = self.0.get(1..)?;
        }
        let minutes = self.take(2)?;
        let seconds = hours * 3_600 + minutes * 60;
        (hours <= 18 && minutes < 60).then(|| sign * i32::try_from(seconds).unwrap_or(0))
    }
}

fn is_leap(year: i64) -> bool {
    year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
}

fn days_in_month(year: i64, month: i64) -> i64 {
    match month {
        2 => 28 + i64::from(is_leap(year)),
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

/// Days since 1970-01-01 of a proleptic Gregorian date, counting years from March so that the leap
/// day is the last of its year. Of years from 0 on.
fn days_from_civil(year: i64, month: i64, day: i64) -> i64 {
    // Four centuries later, so that no year counted from March is below zero and plain division rounds down.
    let year = year + 400 - i64::from(month <= 2);
    let month = usize::try_from(month - 1).ok();
    let before = month.and_then(|month| DAYS_FROM_MARCH.get(month));
    let leap_days = year / 4 - year / 100 + year / 400;
    year * 365 + leap_days + before.copied().unwrap_or(0) + day - (1 + 719_468 + 146_097)
}

/// How many days lie between the first of March and the first of each month, January first.
const DAYS_FROM_MARCH: [i64; 12] = [306, 337, 0, 31, 61, 92, 122, 153, 184, 214, 245, 275];

fn civil_from_days(days: i64) -> (i64, i64, i64) {
    let shifted = days + 719_468;
    let era = shifted.div_euclid(146_097);
    let day_of_era = shifted.rem_euclid(146_097);
    let year_of_era =
        (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted_month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * shifted_month + 2) / 5 + 1;
    let month = if shifted_month < 10 {
        shifted_month + 3
    } else {
        shifted_month - 9
    };
    let year = year_of_era + era * 400 + i64::from(month <= 2);
    (year, month, day)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(input: &str, expected: Option<&str>) {
        let parsed = DeviceTime::parse_rfc3339(input.as_bytes()).map(|time| time.to_string());
        assert_eq!(parsed.as_deref(), expected, "{input}");
    }

    #[test]
    fn reads_and_writes_rfc3339() {
        check("2026-11-22T19:24:00Z", Some("2026-11-22T19:24:00Z"));
        check(
            "2026-11-22 19:24:00,5+0530",
            Some("2026-11-22T19:24:00.500+05:30"),
        );
        check(
            "2024-02-29T23:59:60-01:00",
            Some("2024-03-01T00:00:00-01:00"),
        );
        check(
            "1969-12-31T23:59:59.000001Z",
            Some("1969-12-31T23:59:59.000001Z"),
        );
        check(
            "2026-11-22T19:24:00.123456789Z",
            Some("2026-11-22T19:24:00.123456Z"),
        );
        for wrong in [
            "2023-02-29T00:00:00Z",
            "2026-13-01T00:00:00Z",
            "2026-11-22T24:00:00Z",
            "2026-11-22T19:24:00",
            "2026-11-22T19:24:00Zx",
            "",
            "2026-11-22T19:24:00.Z",
        ] {
            check(wrong, None);
        }
    }

    #[track_caller]
    fn check_year(shown: (i64, i64, i64), near: (i64, i64, i64), expected: &str) {
        let at = |date| Timestamp::from_civil(date, (12, 0, 0), 0).unwrap();
        let time = DeviceTime {
            assumed: Assumed {
                zone: false,
                year: true,
            },
            ..DeviceTime::stated(at(shown), 3_600)
        };
        assert_eq!(time.in_year_near(at(near)).to_string(), expected);
        let stated = DeviceTime::stated(at(shown), 3_600);
        assert_eq!(stated.in_year_near(at(near)), stated);
    }

    #[test]
    fn a_year_that_was_not_stated_is_the_nearest() {
        check_year((2026, 12, 31), (2026, 1, 1), "2025-12-31T13:00:00+01:00");
        check_year((2020, 1, 1), (2026, 12, 31), "2027-01-01T13:00:00+01:00");
        check_year((2026, 6, 1), (2026, 11, 1), "2026-06-01T13:00:00+01:00");
        check_year((2020, 2, 29), (2026, 3, 1), "2028-02-29T13:00:00+01:00");
        check_year((2020, 2, 29), (2025, 3, 1), "2024-02-29T13:00:00+01:00");
    }

    #[test]
    fn every_day_of_four_centuries_survives_the_round_trip() {
        let first = days_from_civil(0, 1, 1);
        for day in (first..first + 2_000).chain(-200_000..200_000) {
            let (year, month, date) = civil_from_days(day);
            assert_eq!(days_from_civil(year, month, date), day);
        }
    }
}
