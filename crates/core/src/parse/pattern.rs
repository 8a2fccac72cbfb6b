//! Dates and times in an order of a device's own, as a format file describes them.
//!
//! | code | takes |
//! |---|---|
//! | `%Y` `%y` | year with four or two digits (2000 to 2099) |
//! | `%m` `%d` | month and day, one or two digits |
//! | `%b` | month's English name, short or long |
//! | `%a` | day's English name, passed over |
//! | `%H` `%I` `%M` | hour (24 or 12), minute, one or two digits |
//! | `%S` | second, with or without a fraction |
//! | `%p` | AM or PM |
//! | `%z` | offset or zone name; may be missing |
//! | `%s` | seconds since 1970, or finer, told by the number of digits |
//! | `%%` | a per cent sign |
//!
//! A blank stands for any number of blanks, at least one; all else for itself.

use super::stamp::{self, Missing, Moment};
use crate::time::DeviceTime;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Piece {
    Year,
    ShortYear,
    Month,
    Day,
    MonthName,
    DayName,
    Hour,
    Minute,
    Second,
    Half,
    Zone,
    Epoch,
    Blank,
    Byte(u8),
}

/// A compiled pattern.
#[derive(Debug)]
pub(super) struct Pattern {
    pieces: Box<[Piece]>,
}

impl Pattern {
    /// Compiles `text`.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn compile(text: &str) -> Result<Self, String> {
        let mut pieces = Vec::new();
        let mut bytes = text.bytes();
        while let Some(byte) = bytes.next() {
            pieces.push(match byte {
                b'%' => match bytes.next() {
                    Some(b'Y') => Piece::Year,
                    Some(b'y') => Piece::ShortYear,
                    Some(b'm') => Piece::Month,
                    Some(b'd') => Piece::Day,
                    Some(b'b') => Piece::MonthName,
                    Some(b'a') => Piece::DayName,
                    Some(b'H' | b'I') => Piece::Hour,
                    Some(b'M') => Piece::Minute,
                    Some(b'S') => Piece::Second,
                    Some(b'p') => Piece::Half,
                    Some(b'z') => Piece::Zone,
                    Some(b's') => Piece::Epoch,
                    Some(b'%') => Piece::Byte(b'%'),
                    other => {
                        let letter = other.map(char::from).unwrap_or_default();
                        return Err(format!("no code `%{letter}`"));
                    }
                },
                b' ' => Piece::Blank,
                other => Piece::Byte(other),
            });
        }
        let has = |piece| pieces.contains(&piece);
        let whole = has(Piece::Epoch)
            || ((has(Piece::Month) || has(Piece::MonthName))
                && has(Piece::Day)
                && has(Piece::Hour)
                && has(Piece::Minute));
        if whole {
            Ok(Self {
                pieces: pieces.into(),
            })
        } else {
            Err("a time needs month, day, hour and minute, or %s".into())
        }
    }

    /// The moment that the whole of `text` spells.
    pub fn read(&self, text: &[u8], missing: &Missing) -> Option<DeviceTime> {
        let mut found = Moment::default();
        let mut rest = text;
        for piece in &self.pieces {
            rest = one(*piece, rest, &mut found)?;
        }
        if !rest.is_empty() {
            return None;
        }
        found.complete(missing)
    }
}

/// Reads what `piece` stands for; gives what follows it.
fn one<'t>(piece: Piece, text: &'t [u8], found: &mut Moment) -> Option<&'t [u8]> {
    let number = |least, most| stamp::number(text, least, most);
    let (value, rest) = match piece {
        Piece::Year => {
            let (year, rest) = number(4, 4)?;
            (found.year = Some(year), rest)
        }
        Piece::ShortYear => {
            let (year, rest) = number(2, 2)?;
            (found.year = Some(2_000 + year), rest)
        }
        Piece::Month => {
            let (month, rest) = number(1, 2)?;
            (found.month = month, rest)
        }
        Piece::Day => {
            let (day, rest) = number(1, 2)?;
            (found.day = day, rest)
        }
        Piece::MonthName => {
            let (month, rest) = stamp::month(text)?;
            (found.month = month, letters(rest))
        }
        Piece::DayName => ((), letters(text)),
        Piece::Hour | Piece::Minute | Piece::Second | Piece::Half => {
            ((), of_day(piece, text, found)?)
        }
        Piece::Zone => {
            let zone = stamp::numeric_zone(text).or_else(|| stamp::named_zone(text));
            match zone {
                Some((offset, rest)) => (found.offset_seconds = Some(offset), rest),
                None => ((), text),
            }
        }
        Piece::Epoch => {
            let end = text
                .iter()
                .take_while(|byte| byte.is_ascii_digit() || **byte == b'.')
                .count();
            let (digits, rest) = text.split_at_checked(end)?;
            (found.epoch = Some(stamp::epoch(digits)?), rest)
        }
        Piece::Blank => {
            let count = text.iter().take_while(|byte| **byte == b' ').count();
            if count == 0 && !text.is_empty() {
                return None;
            }
            ((), text.get(count..)?)
        }
        Piece::Byte(byte) => ((), text.strip_prefix(&[byte])?),
    };
    let () = value;
    Some(rest)
}

/// The same for a piece of the time of day.
fn of_day<'t>(piece: Piece, text: &'t [u8], found: &mut Moment) -> Option<&'t [u8]> {
    let number = stamp::number(text, 1, 2);
    match piece {
        Piece::Hour => {
            let (hour, rest) = number?;
            found.clock.0 = hour;
            Some(rest)
        }
        Piece::Minute => {
            let (minute, rest) = number?;
            found.clock.1 = minute;
            Some(rest)
        }
        Piece::Second => {
            let (second, rest) = number?;
            found.clock.2 = second;
            let (micros, rest) = stamp::fraction(rest)?;
            found.micros = micros;
            Some(rest)
        }
        Piece::Half => {
            let (half, rest) = text.split_at_checked(2)?;
            let afternoon = half.eq_ignore_ascii_case(b"pm");
            if !afternoon && !half.eq_ignore_ascii_case(b"am") {
                return None;
            }
            found.afternoon = Some(afternoon);
            Some(rest)
        }
        _ => None,
    }
}

fn letters(text: &[u8]) -> &[u8] {
    let count = text
        .iter()
        .take_while(|byte| byte.is_ascii_alphabetic())
        .count();
    text.get(count..).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::time::Timestamp;

    #[test]
    fn reads_times_in_any_order() {
        let missing = Missing {
            received: Timestamp::from_seconds(1_795_348_800),
            zone_offset_seconds: 3_600,
        };
        for (pattern, text, expected) in [
            (
                "%d.%m.%Y %H:%M:%S",
                "7.1.2026  9:05:03",
                Some("2026-01-07T09:05:03+01:00"),
            ),
            (
                "%m/%d/%y %I:%M:%S %p",
                "01/07/26 12:05:03 AM",
                Some("2026-01-07T00:05:03+01:00"),
            ),
            (
                "%m/%d/%y %I:%M:%S %p",
                "01/07/26 1:05:03 pm",
                Some("2026-01-07T13:05:03+01:00"),
            ),
            (
                "%a %b %d %H:%M:%S %Y %z",
                "Wed January 07 09:05:03.25 2026 UTC",
                Some("2026-01-07T09:05:03.250000+00:00"),
            ),
            ("%Y%m%d-%H:%M%z", "2026", None),
            (
                "%b %d %H:%M:%S%z",
                "Nov 23 13:00:00-0500",
                Some("2025-11-23T13:00:00-05:00"),
            ),
            (
                "[%s]",
                "[1795348800.5]",
                Some("2026-11-22T12:00:00.500000+00:00"),
            ),
            ("%Y-%m-%d %H:%M", "2026-13-01 00:00", None),
            ("%Y-%m-%d %H:%M", "2026-12-01 00:00x", None),
        ] {
            let found = Pattern::compile(pattern)
                .unwrap()
                .read(text.as_bytes(), &missing);
            let expected = expected.map(|text| DeviceTime::parse_rfc3339(text.as_bytes()).unwrap());
            // What was assumed is not compared.
            let shown = |time: Option<DeviceTime>| time.map(|time| time.to_string());
            assert_eq!(shown(found), shown(expected), "{pattern} {text}");
        }
        for wrong in ["%q", "%", "%Y", ""] {
            assert!(Pattern::compile(wrong).is_err(), "{wrong}");
        }
    }
}
