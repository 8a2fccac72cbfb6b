//! Dates and times as devices write them.
//!
//! Each reader takes the start of a text and gives the moment and what follows it. A stamp without a
//! year gets the latest year that puts it no more than a day after receipt; a stamp without a zone
//! gets the zone the caller states.

use super::{Context, scan};
use crate::time::{Assumed, DeviceTime, Timestamp};

/// A stamp without a year may lie this far after receipt (clock skew and zones), no further.
const MAX_AHEAD_SECONDS: i64 = 86_400;
/// 29 February comes back after at most this many years.
const LEAP_SEARCH_YEARS: i64 = 8;

const WEEKDAYS: [[u8; 3]; 7] = [
    *b"Mon", *b"Tue", *b"Wed", *b"Thu", *b"Fri", *b"Sat", *b"Sun",
];

/// The months' names as numbers, in order.
const MONTHS: [u32; 12] = [
    u32::from_le_bytes(*b"jan\0"),
    u32::from_le_bytes(*b"feb\0"),
    u32::from_le_bytes(*b"mar\0"),
    u32::from_le_bytes(*b"apr\0"),
    u32::from_le_bytes(*b"may\0"),
    u32::from_le_bytes(*b"jun\0"),
    u32::from_le_bytes(*b"jul\0"),
    u32::from_le_bytes(*b"aug\0"),
    u32::from_le_bytes(*b"sep\0"),
    u32::from_le_bytes(*b"oct\0"),
    u32::from_le_bytes(*b"nov\0"),
    u32::from_le_bytes(*b"dec\0"),
];

/// Zone names that mean one offset in the logs of devices, in minutes.
const ZONES: &[(&str, i32)] = &[
    ("UTC", 0),
    ("GMT", 0),
    ("Z", 0),
    ("WET", 0),
    ("BST", 60),
    ("WEST", 60),
    ("CET", 60),
    ("CEST", 120),
    ("EET", 120),
    ("EEST", 180),
    ("EST", -300),
    ("EDT", -240),
    ("CST", -360),
    ("CDT", -300),
    ("MST", -420),
    ("MDT", -360),
    ("PST", -480),
    ("PDT", -420),
    ("AKST", -540),
    ("AKDT", -480),
    ("HST", -600),
    ("MSK", 180),
    ("SAST", 120),
    ("SGT", 480),
    ("HKT", 480),
    ("JST", 540),
    ("AWST", 480),
    ("ACST", 570),
    ("AEST", 600),
    ("AEDT", 660),
    ("NZST", 720),
    ("NZDT", 780),
];

/// What is needed to complete a stamp.
#[derive(Clone, Copy, Debug)]
pub(super) struct Missing {
    /// Time of receipt, for the year.
    pub received: Timestamp,
    /// Zone for stamps without one, in seconds east of UTC.
    pub zone_offset_seconds: i32,
}

impl Missing {
    /// What the caller of the parser states.
    pub const fn of(context: &Context<'_>) -> Self {
        Self {
            received: context.received,
            zone_offset_seconds: context.zone_offset_seconds,
        }
    }
}

/// Date and time of day as written, zone not applied.
#[derive(Clone, Copy)]
struct Civil {
    date: (i64, i64, i64),
    clock: (i64, i64, i64),
    micros: i64,
}

impl Civil {
    /// In the zone the stamp names, else in the one that is assumed, which is then marked.
    fn at(self, stated: Option<i32>, missing: &Missing) -> Option<DeviceTime> {
        let local = Timestamp::from_civil(self.date, self.clock, self.micros)?;
        let offset_seconds = stated.unwrap_or(missing.zone_offset_seconds);
        Some(DeviceTime {
            at: local.plus_seconds(-i64::from(offset_seconds)),
            offset_seconds,
            assumed: Assumed {
                zone: stated.is_none(),
                year: false,
            },
        })
    }
}

/// `Mmm dd [yyyy] hh:mm:ss[.fff] [yyyy] [zone]` (RFC 3164 and its dialects), with an optional leading
/// `*` or `.` (a Cisco clock that is not synchronised).
pub(super) fn bsd<'a>(text: &'a [u8], missing: &Missing) -> Option<(DeviceTime, &'a [u8])> {
    let text = text.strip_prefix(b"*").unwrap_or(text);
    let text = text.strip_prefix(b".").unwrap_or(text);
    let (month, day, mut rest) = month_and_day(text)?;
    let mut year = None;
    if let Some((value, after)) = four_digit_year(rest) {
        year = Some(value);
        rest = blanks(after)?;
    }
    let (clock, micros, mut rest) = clock(rest)?;
    if year.is_none()
        && let Some((value, after)) = rest.strip_prefix(b" ").and_then(four_digit_year)
    {
        year = Some(value);
        rest = after;
    }
    let (offset_seconds, rest) = trailing_zone(rest);
    let time = Moment {
        year,
        month,
        day,
        clock,
        micros,
        offset_seconds,
        ..Moment::default()
    };
    Some((time.complete(missing)?, rest))
}

/// Whether `text` begins with such a stamp.
pub(super) fn begins_bsd(text: &[u8], missing: &Missing) -> bool {
    // Hosts stand there mostly.
    let may_be = matches!(text, [b'*' | b'.', ..] | [_, _, _, b' ' | b'a'..=b'z', ..]);
    may_be && bsd(text, missing).is_some()
}

/// Skips the day of the week that C's `ctime` writes before a stamp.
pub(super) fn without_weekday(text: &str) -> &str {
    match text.as_bytes() {
        [b'F' | b'M' | b'S' | b'T' | b'W', _, _, b' ', ..] => {}
        _ => return text,
    }
    let day = text.as_bytes().first_chunk();
    let rest = text
        .get(4..)
        .filter(|_| day.is_some_and(|day| WEEKDAYS.contains(day)));
    rest.unwrap_or(text)
}

/// `yyyy Mmm dd hh:mm:ss`, followed by a blank and a host; what some devices and collectors write.
pub(super) fn year_first<'a>(text: &'a [u8], missing: &Missing) -> Option<(DeviceTime, &'a [u8])> {
    let (year, rest) = four_digit_year(text)?;
    let (month, day, rest) = month_and_day(blanks(rest)?)?;
    let (clock, micros, rest) = clock(rest)?;
    let (offset_seconds, rest) = trailing_zone(rest);
    let time = Moment {
        year: Some(year),
        month,
        day,
        clock,
        micros,
        offset_seconds,
        ..Moment::default()
    };
    // NX-OS closes the stamp with a colon; there it belongs to the message.
    let follows = matches!(rest, [b' ', next, ..] if *next != b'%');
    follows.then_some((time.complete(missing)?, rest))
}

/// What a stamp says, piece by piece; what it does not say is completed.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Moment {
    pub year: Option<i64>,
    pub month: i64,
    pub day: i64,
    /// Hour, minute, second.
    pub clock: (i64, i64, i64),
    pub micros: i64,
    /// For a clock of twelve hours: whether it is past noon.
    pub afternoon: Option<bool>,
    pub offset_seconds: Option<i32>,
    /// The whole moment, where the device counts from 1970.
    pub epoch: Option<DeviceTime>,
}

impl Moment {
    /// The moment meant: without a year the latest that lies no more than a day after receipt.
    pub fn complete(self, missing: &Missing) -> Option<DeviceTime> {
        if let Some(time) = self.epoch {
            return Some(time);
        }
        let offset = self.offset_seconds;
        let (hour, minute, second) = self.clock;
        let hour = match (self.afternoon, hour) {
            (None, hour) => hour,
            (Some(false), 12) => 0,
            (Some(true), 1..12) => hour + 12,
            (Some(_), hour) => hour,
        };
        let civil = |year| Civil {
            date: (year, self.month, self.day),
            clock: (hour, minute, second),
            micros: self.micros,
        };
        if let Some(year) = self.year {
            return civil(year).at(offset, missing);
        }
        let latest = missing.received.plus_seconds(MAX_AHEAD_SECONDS);
        let (this_year, latest_month, _) = latest.civil_date();
        // Only around the turn of the year a zone can put the next year's first days before it.
        let next = i64::from(self.month == 1 && latest_month == 12);
        (this_year - LEAP_SEARCH_YEARS..=this_year + next)
            .rev()
            .filter_map(|year| civil(year).at(offset, missing))
            .find(|time| time.at <= latest)
            .map(|mut time| {
                time.assumed.year = true;
                time
            })
    }
}

/// `yyyy-mm-dd`, `yyyy/mm/dd` or `yyyy:mm:dd`, then `T`, a blank or a hyphen, then `hh:mm:ss[.fff]` and an optional zone.
pub(super) fn iso<'a>(text: &'a [u8], missing: &Missing) -> Option<(DeviceTime, &'a [u8])> {
    let (date, rest) = iso_date(text)?;
    let rest = match rest.split_first()? {
        (b'T' | b't' | b' ' | b'-', rest) => rest,
        _ => return None,
    };
    let (clock, micros, rest) = clock(rest)?;
    let civil = Civil {
        date,
        clock,
        micros,
    };
    if let Some((offset, after)) = numeric_zone(rest) {
        return Some((civil.at(Some(offset), missing)?, after));
    }
    let (offset, rest) = trailing_zone(rest);
    Some((civil.at(offset, missing)?, rest))
}

/// `dd/Mmm/yyyy:hh:mm:ss +zzzz`, the stamp of web servers' access logs.
pub(super) fn web<'a>(text: &'a [u8], missing: &Missing) -> Option<(DeviceTime, &'a [u8])> {
    let (day, rest) = number(text, 1, 2)?;
    let (month, rest) = month(rest.strip_prefix(b"/")?)?;
    let (year, rest) = number(rest.strip_prefix(b"/")?, 4, 4)?;
    let (clock, micros, rest) = clock(rest.strip_prefix(b":")?)?;
    let civil = Civil {
        date: (year, month, day),
        clock,
        micros,
    };
    let (offset, rest) = trailing_zone(rest);
    Some((civil.at(offset, missing)?, rest))
}

/// What follows what looks like an access log's stamp: `dd/Mmm/yyyy:hh:mm:ss` and an optional zone.
/// Whether it is a real date shows when it is read.
pub(super) fn web_end(text: &[u8]) -> Option<&[u8]> {
    let rest = match text {
        [b'0'..=b'9', b'/', ..] => text.get(1..)?,
        [b'0'..=b'9', b'0'..=b'9', ..] => text.get(2..)?,
        _ => return None,
    };
    let [b'/', m1, m2, m3, b'/', y1, y2, y3, y4, b':', clock @ ..] = rest else {
        return None;
    };
    let [h1, h2, b':', n1, n2, b':', s1, s2, rest @ ..] = clock else {
        return None;
    };
    let digits = [y1, y2, y3, y4, h1, h2, n1, n2, s1, s2];
    let good = [m1, m2, m3].iter().all(|byte| byte.is_ascii_alphabetic())
        && digits.iter().all(|byte| byte.is_ascii_digit());
    if !good {
        return None;
    }
    let (_, rest) = fraction(rest)?;
    Some(trailing_zone(rest).1)
}

/// A date, a time of day and an optional zone that stand in three fields.
pub(super) fn parts(
    date: &[u8],
    time_of_day: &[u8],
    zone: Option<&[u8]>,
    missing: &Missing,
) -> Option<DeviceTime> {
    let (date, after) = iso_date(date)?;
    if !after.is_empty() {
        return None;
    }
    let (clock, micros, _) = clock(time_of_day)?;
    let offset = match zone {
        Some(zone) => Some(numeric_zone(zone).or_else(|| named_zone(zone))?.0),
        None => None,
    };
    Civil {
        date,
        clock,
        micros,
    }
    .at(offset, missing)
}

/// Seconds since 1970, with an optional fraction; or milli-, micro- or nanoseconds, told apart by the
/// number of digits.
pub(super) fn epoch(text: &[u8]) -> Option<DeviceTime> {
    let count = text.iter().take_while(|byte| byte.is_ascii_digit()).count();
    let (whole, rest) = number(text, 1, 19)?;
    let micros = match count {
        ..=11 => whole.checked_mul(1_000_000)?,
        12..=14 => whole.checked_mul(1_000)?,
        15..=17 => whole,
        _ => whole / 1_000,
    };
    let (fraction, rest) = fraction(rest)?;
    let at = Timestamp::from_micros(micros.checked_add(fraction)?);
    rest.is_empty().then_some(DeviceTime {
        at,
        offset_seconds: 0,
        assumed: Assumed::default(),
    })
}

/// A length of time in milliseconds: `hh:mm:ss`, or numbers with their units as in `1d 2h:03m:04s`,
/// `2h27m` and `0:00m:32s`.
pub(super) fn length_ms(text: &[u8]) -> Option<u64> {
    let mut parts = [0_i64; 4];
    let mut count = 0;
    let mut seconds = 0_i64;
    let mut rest = text;
    while !rest.is_empty() {
        let (value, after) = number(rest, 1, 8)?;
        let unit = match after.first() {
            Some(b'w') => 604_800,
            Some(b'd') => 86_400,
            Some(b'h') => 3_600,
            Some(b'm') => 60,
            Some(b's') => 1,
            _ => 0,
        };
        if unit == 0 {
            *parts.get_mut(count)? = value;
            count += 1;
            rest = after;
        } else {
            seconds = seconds.checked_add(value * unit)?;
            rest = after.get(1..)?;
        }
        rest = match rest.split_first() {
            Some((b':' | b' ', more)) if !more.is_empty() => more,
            _ => rest,
        };
    }
    let factors: &[i64] = match count {
        0 => &[],
        2 => &[60, 1],
        3 => &[3_600, 60, 1],
        4 => &[86_400, 3_600, 60, 1],
        _ => return None,
    };
    let plain: i64 = parts
        .iter()
        .zip(factors)
        .map(|(part, factor)| part * factor)
        .sum();
    u64::try_from(seconds + plain).ok()?.checked_mul(1_000)
}

pub(super) fn month(text: &[u8]) -> Option<(i64, &[u8])> {
    let ([a, b, c], rest) = text.split_first_chunk::<3>()?;
    // With this bit a capital becomes a small letter, and nothing else becomes a letter.
    let name = u32::from_le_bytes([*a, *b, *c, 0]) | 0x20_2020;
    let number = MONTHS.iter().zip(1..).find(|(month, _)| **month == name)?.1;
    if rest.first() == Some(&b' ') {
        return Some((number, rest));
    }
    // Some devices write the whole name.
    let letters = rest
        .iter()
        .take(6)
        .take_while(|byte| byte.is_ascii_lowercase());
    Some((number, rest.get(letters.count()..)?))
}

/// `Mmm dd`, and what follows the blanks behind it.
fn month_and_day(text: &[u8]) -> Option<(i64, i64, &[u8])> {
    let (month, rest) = month(text)?;
    let (day, rest) = number(blanks(rest)?, 1, 2)?;
    Some((month, day, blanks(rest)?))
}

fn blanks(text: &[u8]) -> Option<&[u8]> {
    let rest = text.strip_prefix(b" ")?;
    Some(rest.strip_prefix(b" ").unwrap_or(rest))
}

/// A decimal number of at least `least` and at most `most` digits.
pub(super) fn number(text: &[u8], least: usize, most: usize) -> Option<(i64, &[u8])> {
    // Nearly all numbers have two or four digits.
    match (least, most, text) {
        (1 | 2, 2, [tens @ b'0'..=b'9', ones @ b'0'..=b'9', rest @ ..]) => {
            return Some((pair(*tens, *ones), rest));
        }
        (4, 4, [a, b, c, d, rest @ ..]) => {
            let digits = [a, b, c, d].iter().all(|byte| byte.is_ascii_digit());
            return digits.then(|| (pair(*a, *b) * 100 + pair(*c, *d), rest));
        }
        _ => {}
    }
    let mut value = 0_i64;
    let mut count = 0;
    for byte in text.iter().take(most) {
        if !byte.is_ascii_digit() {
            break;
        }
        value = value.checked_mul(10)?.checked_add(i64::from(byte - b'0'))?;
        count += 1;
    }
    (count >= least).then_some((value, text.get(count..)?))
}

/// The number that two digits spell.
#[inline]
fn pair(tens: u8, ones: u8) -> i64 {
    i64::from(tens.wrapping_sub(b'0')) * 10 + i64::from(ones.wrapping_sub(b'0'))
}

/// Four digits that are a year and not the start of a longer number or of a time of day.
fn four_digit_year(text: &[u8]) -> Option<(i64, &[u8])> {
    let (year, rest) = number(text, 4, 4)?;
    let ends = match rest {
        [b':', after @ ..] => matches!(after.first(), None | Some(b' ')),
        // The host's address may follow the time of day: "10:00:00 2001:db8::1".
        [byte, ..] => !byte.is_ascii_alphanumeric() && *byte != b'.',
        [] => true,
    };
    (ends && (1970..2200).contains(&year)).then_some((year, rest))
}

/// Year, month, day.
type Date = (i64, i64, i64);

fn iso_date(text: &[u8]) -> Option<(Date, &[u8])> {
    let (year, rest) = number(text, 4, 4)?;
    let (separator, rest) = rest.split_first()?;
    if !matches!(separator, b'-' | b'/' | b':') {
        return None;
    }
    let (month, rest) = number(rest, 2, 2)?;
    let rest = rest.strip_prefix(std::slice::from_ref(separator))?;
    let (day, rest) = number(rest, 2, 2)?;
    Some(((year, month, day), rest))
}

/// Hour, minute, second.
type Clock = (i64, i64, i64);

fn clock(text: &[u8]) -> Option<(Clock, i64, &[u8])> {
    // Nearly all write two digits each.
    if let [h1, h2, b':', m1, m2, b':', s1, s2, rest @ ..] = text
        && [h1, h2, m1, m2, s1, s2]
            .iter()
            .all(|byte| byte.is_ascii_digit())
    {
        let (micros, rest) = fraction(rest)?;
        let clock = (pair(*h1, *h2), pair(*m1, *m2), pair(*s1, *s2));
        return Some((clock, micros, rest));
    }
    let (hour, rest) = number(text, 1, 2)?;
    let (minute, rest) = number(rest.strip_prefix(b":")?, 2, 2)?;
    let (second, rest) = number(rest.strip_prefix(b":")?, 2, 2)?;
    let (micros, rest) = fraction(rest)?;
    Some(((hour, minute, second), micros, rest))
}

/// `.` or `,` and digits, as microseconds; nothing there counts as zero.
pub(super) fn fraction(text: &[u8]) -> Option<(i64, &[u8])> {
    let Some((b'.' | b',', digits)) = text.split_first() else {
        return Some((0, text));
    };
    let count = scan::run(digits, scan::DIGIT);
    let (head, rest) = digits.split_at_checked(count)?;
    if head.is_empty() {
        return Some((0, text));
    }
    let (mut micros, mut unit) = (0_i64, 100_000);
    for byte in head.iter().take(6) {
        micros += i64::from(byte.wrapping_sub(b'0')) * unit;
        unit /= 10;
    }
    Some((micros, rest))
}

/// A zone after a blank; what follows it must end the word. Without one the text is left as it is.
#[inline]
fn trailing_zone(text: &[u8]) -> (Option<i32>, &[u8]) {
    // Nearly all write an offset of four digits.
    if let [b' ', sign @ (b'+' | b'-'), h1, h2, m1, m2, rest @ ..] = text
        && matches!(rest.first(), None | Some(b' ' | b':' | b']'))
        && let Some(offset) = offset(*sign, [*h1, *h2, *m1, *m2])
    {
        return (Some(offset), rest);
    }
    other_trailing_zone(text)
}

/// The offset that a sign and four digits spell, in seconds.
#[inline]
fn offset(sign: u8, digits: [u8; 4]) -> Option<i32> {
    let [h1, h2, m1, m2] = digits;
    let are_digits =
        h1.is_ascii_digit() && h2.is_ascii_digit() && m1.is_ascii_digit() && m2.is_ascii_digit();
    let (hours, minutes) = (pair(h1, h2), pair(m1, m2));
    let good = are_digits && hours <= 18 && minutes < 60;
    let seconds = i32::try_from(hours * 3_600 + minutes * 60).ok()?;
    good.then_some(if sign == b'-' { -seconds } else { seconds })
}

/// The same where it is no offset of four digits.
fn other_trailing_zone(text: &[u8]) -> (Option<i32>, &[u8]) {
    let Some((b' ', [b'+' | b'-' | b'A'..=b'Z' | b'z', ..])) = text.split_first() else {
        return (None, text);
    };
    let zone = text.get(1..).and_then(|text| {
        let (offset, rest) = numeric_zone(text).or_else(|| named_zone(text))?;
        matches!(rest.first(), None | Some(b' ' | b':' | b']')).then_some((offset, rest))
    });
    match zone {
        Some((offset, rest)) => (Some(offset), rest),
        None => (None, text),
    }
}

pub(super) fn numeric_zone(text: &[u8]) -> Option<(i32, &[u8])> {
    if let [sign @ (b'+' | b'-'), h1, h2, m1, m2, rest @ ..] = text
        && [h1, h2, m1, m2].iter().all(|byte| byte.is_ascii_digit())
    {
        let (hours, minutes) = (pair(*h1, *h2), pair(*m1, *m2));
        let seconds = i32::try_from(hours * 3_600 + minutes * 60).ok()?;
        let seconds = if *sign == b'-' { -seconds } else { seconds };
        return (hours <= 18 && minutes < 60).then_some((seconds, rest));
    }
    let (sign, rest) = match text.split_first()? {
        (b'Z' | b'z', rest) => {
            // A relay may add one of its own.
            let rest = rest.strip_prefix(b"Z").unwrap_or(rest);
            let ends = !matches!(rest.first(), Some(byte) if byte.is_ascii_alphanumeric());
            return ends.then_some((0, rest));
        }
        (b'+', rest) => (1, rest),
        (b'-', rest) => (-1, rest),
        _ => return None,
    };
    let (hours, rest) = number(rest, 1, 2)?;
    let (minutes, rest) =
        number(rest.strip_prefix(b":").unwrap_or(rest), 2, 2).unwrap_or((0, rest));
    let seconds = i32::try_from(hours * 3_600 + minutes * 60).ok()?;
    (hours <= 18 && minutes < 60).then_some((sign * seconds, rest))
}

pub(super) fn named_zone(text: &[u8]) -> Option<(i32, &[u8])> {
    let length = text
        .iter()
        .take_while(|byte| byte.is_ascii_uppercase())
        .count();
    if length == 0 {
        return None;
    }
    let (name, rest) = text.split_at_checked(length)?;
    let (_, minutes) = ZONES.iter().find(|(zone, _)| zone.as_bytes() == name)?;
    Some((minutes * 60, rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    const ZONE_SECONDS: i32 = 3_600;

    type Reader = for<'a> fn(&'a [u8], &Missing) -> Option<(DeviceTime, &'a [u8])>;

    #[track_caller]
    fn check(read: Reader, input: &str, expected: Option<(&str, &str)>) {
        let missing = Missing {
            received: Timestamp::from_civil((2026, 1, 2), (12, 0, 0), 0).unwrap(),
            zone_offset_seconds: ZONE_SECONDS,
        };
        let found = read(input.as_bytes(), &missing)
            .map(|(time, rest)| (time.to_string(), String::from_utf8_lossy(rest).into_owned()));
        let expected = expected.map(|(time, rest)| (time.to_owned(), rest.to_owned()));
        assert_eq!(found, expected, "{input}");
    }

    #[test]
    fn reads_the_dialects_of_rfc_3164() {
        check(
            bsd,
            "Jan  2 10:00:00 h",
            Some(("2026-01-02T10:00:00+01:00", " h")),
        );
        check(
            bsd,
            "Jan 2 10:00:00 h",
            Some(("2026-01-02T10:00:00+01:00", " h")),
        );
        check(
            bsd,
            "Dec 31 23:00:00 h",
            Some(("2025-12-31T23:00:00+01:00", " h")),
        );
        check(
            bsd,
            "Jan 3 11:00:00 h",
            Some(("2026-01-03T11:00:00+01:00", " h")),
        );
        check(
            bsd,
            "Jan 4 11:00:00 h",
            Some(("2025-01-04T11:00:00+01:00", " h")),
        );
        check(
            bsd,
            "Feb 29 11:00:00 h",
            Some(("2024-02-29T11:00:00+01:00", " h")),
        );
        check(
            bsd,
            "Feb  3 2019 01:02:03: x",
            Some(("2019-02-03T01:02:03+01:00", ": x")),
        );
        check(
            bsd,
            "Feb 3 01:02:03 2019 h",
            Some(("2019-02-03T01:02:03+01:00", " h")),
        );
        check(
            bsd,
            "*Feb 3 01:02:03.123 UTC: x",
            Some(("2025-02-03T01:02:03.123Z", ": x")),
        );
        check(
            bsd,
            "Feb 3 01:02:03 192.0.2.1 x",
            Some(("2025-02-03T01:02:03+01:00", " 192.0.2.1 x")),
        );
        check(bsd, "Foo 3 01:02:03 h", None);
        check(bsd, "Feb 30 2019 01:02:03 h", None);
    }

    #[test]
    fn reads_iso_and_web_stamps() {
        check(
            iso,
            "2019-02-03T01:02:03.5Z h",
            Some(("2019-02-03T01:02:03.500Z", " h")),
        );
        check(
            iso,
            "2019-02-03 01:02:03 h",
            Some(("2019-02-03T01:02:03+01:00", " h")),
        );
        check(
            iso,
            "2019-02-03T01:02:03-05:00 h",
            Some(("2019-02-03T01:02:03-05:00", " h")),
        );
        check(iso, "2019-02-0301:02:03", None);
        check(
            web,
            "03/Feb/2019:01:02:03 +0000]",
            Some(("2019-02-03T01:02:03Z", "]")),
        );
    }

    #[test]
    fn reads_epochs_of_any_resolution() {
        for (input, expected) in [
            ("1549155723", Some("2019-02-03T01:02:03Z")),
            ("1549155723.25", Some("2019-02-03T01:02:03.250Z")),
            ("1549155723250", Some("2019-02-03T01:02:03.250Z")),
            ("1549155723250000000", Some("2019-02-03T01:02:03.250Z")),
            ("99999999999999999999", None),
            ("x", None),
        ] {
            let found = epoch(input.as_bytes()).map(|time| time.to_string());
            assert_eq!(found.as_deref(), expected, "{input}");
        }
    }

    #[test]
    fn reads_lengths_of_time() {
        for (input, expected) in [
            ("0:00:30", Some(30_000)),
            ("100:00:01", Some(360_001_000)),
            ("2h:27m:34s", Some(8_854_000)),
            ("1d 2h:03m:04s", Some(93_784_000)),
            ("1d2h", Some(93_600_000)),
            ("1:30", Some(90_000)),
            ("", Some(0)),
            ("30", None),
            ("x", None),
            ("1:2:3:4:5", None),
        ] {
            assert_eq!(length_ms(input.as_bytes()), expected, "{input}");
        }
    }
}
