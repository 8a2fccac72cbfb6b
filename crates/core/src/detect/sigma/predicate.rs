//! The atoms of all rules: one look at one slot of an event, shared by every rule that asks the same.

use std::collections::BTreeMap;

use regex_automata::meta::Regex;

use super::glob::Glob;
use super::modifier::{Order, Part, Place};
use super::skip::{Skip, SkipReason, skip};
use super::slot::{Slot, texts};
use crate::address::Network;
use crate::event::{Event, Value};
use crate::time::{DeviceTime, Timestamp};

/// Most memory one compiled regular expression may take, in bytes.
const MAX_REGEX_BYTES: usize = 256 * 1024;
/// Most different questions of all rules together.
const MAX_PREDICATES: usize = 500_000;
/// Longest regular expression, in bytes.
const MAX_REGEX_TEXT_BYTES: usize = 4_096;

/// One question to a slot.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Test {
    /// The text fits the pattern.
    Glob(Glob),
    /// The number is this.
    Number(u64),
    /// The address is in this network.
    Network(Network),
    /// The number compares so.
    Compare(Order, i64),
    /// The part of the moment compares so.
    Clock(Part, Order, i64),
    /// The regular expression (with its flags written in front) finds something.
    Regex(String),
    /// The device did not say.
    Missing,
    /// It equals, contains, begins or ends with the value of another slot.
    Same(Slot, Place),
}

/// A question with what it needs to be answered fast.
#[derive(Debug)]
pub(super) struct Predicate {
    /// Where to look.
    pub(super) slot: Slot,
    /// What to ask.
    pub(super) test: Test,
    /// For a regular expression.
    regex: Option<Regex>,
    /// A text that must be there for the answer to be yes, in lower case; empty if there is none.
    pub(super) literal: Vec<u8>,
}

impl Predicate {
    /// Whether `event` answers yes.
    pub(super) fn holds(
        &self,
        event: &Event<'_>,
        record: Option<&str>,
        buffer: &mut String,
    ) -> bool {
        if self.slot == Slot::AnyText {
            return texts(event, record).any(|text| self.fits(Value::Text(text), event, buffer));
        }
        match self.slot.value(event) {
            None => self.test == Test::Missing,
            Some(value) => self.fits(value, event, buffer),
        }
    }

    fn fits(&self, value: Value<'_>, event: &Event<'_>, buffer: &mut String) -> bool {
        match &self.test {
            Test::Glob(glob) => glob.matches(as_text(&value, buffer)),
            Test::Number(wanted) => value == Value::Number(*wanted),
            Test::Network(network) => match value {
                Value::Ip(ip) => network.contains(ip),
                Value::Text(text) => text.parse().is_ok_and(|ip| network.contains(ip)),
                _ => false,
            },
            Test::Compare(order, limit) => {
                number(&value).is_some_and(|number| order.holds(number, *limit))
            }
            Test::Clock(part, order, limit) => {
                moment(&value).is_some_and(|time| order.holds(part_of(time, *part), *limit))
            }
            Test::Regex(_) => self
                .regex
                .as_ref()
                .is_some_and(|regex| regex.is_match(as_text(&value, buffer))),
            Test::Missing => false,
            Test::Same(slot, place) => {
                let Some(other) = slot.value(event) else {
                    return false;
                };
                let mut other_text = String::new();
                let other = as_text(&other, &mut other_text).to_ascii_lowercase();
                let text = as_text(&value, buffer).to_ascii_lowercase();
                match place {
                    Place::Whole => text == other,
                    Place::Anywhere => text.contains(&other),
                    Place::Start => text.starts_with(&other),
                    Place::End => text.ends_with(&other),
                }
            }
        }
    }
}

fn as_text<'v>(value: &Value<'v>, buffer: &'v mut String) -> &'v str {
    use std::fmt::Write as _;
    if let Value::Text(text) = value {
        return text;
    }
    buffer.clear();
    // Writing to a string cannot fail.
    if write!(buffer, "{value}").is_err() {
        buffer.clear();
    }
    buffer
}

fn number(value: &Value<'_>) -> Option<i64> {
    match value {
        Value::Number(number) => i64::try_from(*number).ok(),
        Value::Text(text) => text.trim().parse().ok(),
        _ => None,
    }
}

fn moment(value: &Value<'_>) -> Option<DeviceTime> {
    match value {
        Value::Time(time) => Some(*time),
        Value::Text(text) => DeviceTime::parse_rfc3339(text.as_bytes()),
        _ => None,
    }
}

/// What the device's clock or calendar shows.
fn part_of(time: DeviceTime, part: Part) -> i64 {
    const DAY_SECONDS: i64 = 86_400;
    let local = time.local();
    let (year, month, day) = local.civil_date();
    let second = local.as_seconds().rem_euclid(DAY_SECONDS);
    match part {
        Part::Minute => second / 60 % 60,
        Part::Hour => second / 3_600,
        Part::Day => day,
        Part::Week => {
            // ISO 8601: the week belongs to the year of its Thursday. Day 0 was a Thursday.
            let days = local.as_seconds().div_euclid(DAY_SECONDS);
            let thursday = days - (days + 3).rem_euclid(7) + 3;
            let at = Timestamp::from_seconds(thursday * DAY_SECONDS);
            let new_year = Timestamp::from_civil((at.civil_date().0, 1, 1), (0, 0, 0), 0);
            let new_year = new_year.map_or(0, |at| at.as_seconds().div_euclid(DAY_SECONDS));
            (thursday - new_year) / 7 + 1
        }
        Part::Month => month,
        Part::Year => year,
    }
}

/// All predicates, each once.
#[derive(Default)]
pub(super) struct Predicates {
    known: BTreeMap<(Slot, Test), u32>,
    all: Vec<Predicate>,
}

impl Predicates {
    /// The number of the predicate that asks `test` of `slot`.
    pub(super) fn add(&mut self, slot: Slot, test: Test) -> Result<u32, Skip> {
        if let Some(number) = self.known.get(&(slot, test.clone())) {
            return Ok(*number);
        }
        if self.all.len() >= MAX_PREDICATES {
            return skip(SkipReason::TooMany, "tests of all rules");
        }
        let (regex, literal) = match &test {
            Test::Regex(pattern) => {
                let (regex, literal) = compile(pattern)?;
                (Some(regex), literal)
            }
            Test::Glob(glob) => (None, glob.literal()),
            _ => (None, Vec::new()),
        };
        let number = u32::try_from(self.all.len()).unwrap_or(u32::MAX);
        self.known.insert((slot, test.clone()), number);
        self.all.push(Predicate {
            slot,
            test,
            regex,
            literal,
        });
        Ok(number)
    }

    /// All of them, by number.
    pub(super) fn into_all(self) -> Vec<Predicate> {
        self.all
    }
}

/// A linear-time regular expression, and a text that each of its matches contains.
fn compile(pattern: &str) -> Result<(Regex, Vec<u8>), Skip> {
    if pattern.len() > MAX_REGEX_TEXT_BYTES {
        return skip(SkipReason::Regex, "too long");
    }
    let refused = |error: String| (SkipReason::Regex, error);
    let tree = regex_automata::util::syntax::parse(pattern).map_err(|e| refused(e.to_string()))?;
    let literal = super::required::literal(&tree);
    let regex = Regex::builder()
        .configure(
            Regex::config()
                .nfa_size_limit(Some(MAX_REGEX_BYTES))
                .hybrid_cache_capacity(MAX_REGEX_BYTES),
        )
        .build(pattern)
        .map_err(|error| refused(error.to_string()))?;
    Ok((regex, literal))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_of_a_moment_are_those_the_device_shows() {
        for (text, expected) in [
            ("2026-11-23T01:46:07Z", [46, 1, 23, 48, 11, 2026]),
            ("2026-11-23T23:30:00-05:00", [30, 23, 23, 48, 11, 2026]),
            ("2027-01-01T00:00:00Z", [0, 0, 1, 53, 1, 2027]),
            ("2024-12-30T12:00:00Z", [0, 12, 30, 1, 12, 2024]),
            ("2026-01-05T12:00:00Z", [0, 12, 5, 2, 1, 2026]),
        ] {
            let time = DeviceTime::parse_rfc3339(text.as_bytes()).unwrap();
            let parts = [
                Part::Minute,
                Part::Hour,
                Part::Day,
                Part::Week,
                Part::Month,
                Part::Year,
            ];
            assert_eq!(parts.map(|part| part_of(time, part)), expected, "{text}");
        }
    }
}
