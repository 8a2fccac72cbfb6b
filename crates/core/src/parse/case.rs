//! A format's evidence: every sample record in its file must give exactly the event beside it.

use std::collections::BTreeMap;

use super::file::{Case, FormatFile};
use super::{Context, Formats, Scratch};
use crate::event::{Event, Field, Value};
use crate::time::{DeviceTime, Timestamp};

/// 2026-11-22T12:00:00Z, the time of receipt of cases that state none.
const DEFAULT_RECEIVED: Timestamp = Timestamp::from_seconds(1_795_348_800);
/// Fields that follow from the file as a whole and are not repeated in each case.
const IMPLIED: [Field; 3] = [Field::Format, Field::Vendor, Field::Product];

/// A case that does not hold.
#[derive(Debug, PartialEq, Eq)]
pub struct CaseProblem {
    /// Name of the format.
    pub format: String,
    /// The sample record.
    pub input: String,
    /// What came of it and what should have, by field.
    pub difference: String,
}

/// A sample record of a format file.
#[derive(Debug, PartialEq, Eq)]
pub struct Sample {
    /// The record.
    pub record: String,
    /// When it counts as received.
    pub received: Timestamp,
}

/// The sample records in the format file `text`: for benchmarks and tests. Empty when it cannot be read.
#[must_use]
pub fn samples(text: &str) -> Vec<Sample> {
    let Ok(file) = toml::from_str::<FormatFile>(text) else {
        return Vec::new();
    };
    let received = |case: &Case| {
        let stated = case.received.as_ref();
        let stated = stated.and_then(|text| DeviceTime::parse_rfc3339(text.as_bytes()));
        stated.map_or(DEFAULT_RECEIVED, |time| time.at)
    };
    let mut samples = Vec::new();
    for case in file.case {
        samples.push(Sample {
            received: received(&case),
            record: case.input,
        });
    }
    samples
}

/// Checks the cases of `files` against `formats`: the number of cases, and those that do not hold.
#[must_use]
pub fn check_cases(formats: &Formats, files: &[(&str, &str)]) -> (usize, Vec<CaseProblem>) {
    let mut count = 0;
    let mut problems = Vec::new();
    for (name, text) in files {
        let Ok(file) = toml::from_str::<FormatFile>(text) else {
            continue;
        };
        for case in &file.case {
            count += 1;
            if let Err(difference) = check(formats, name, case) {
                problems.push(CaseProblem {
                    format: (*name).to_owned(),
                    input: case.input.clone(),
                    difference,
                });
            }
        }
    }
    (count, problems)
}

fn check(formats: &Formats, name: &str, case: &Case) -> Result<(), String> {
    let received = match &case.received {
        None => DEFAULT_RECEIVED,
        Some(text) => {
            DeviceTime::parse_rfc3339(text.as_bytes())
                .ok_or("`received` is no RFC 3339 time")?
                .at
        }
    };
    let mut scratch = Scratch::default();
    let found = formats.parse(case.input.as_bytes(), &Context::at(received), &mut scratch);
    match (found, &case.reject) {
        (Err(reason), Some(expected)) if reason.code() == expected => Ok(()),
        (Err(reason), _) => Err(format!("rejected: {reason}")),
        (Ok(event), Some(expected)) => Err(format!("an event, not {expected}: {event:?}")),
        (Ok(event), None) if event.format != name => Err(format!("read by {}", event.format)),
        (Ok(event), None) => compare(&event, &case.expect),
    }
}

fn compare(event: &Event<'_>, expected: &BTreeMap<String, toml::Value>) -> Result<(), String> {
    let mut differences = Vec::new();
    for name in expected.keys() {
        if Field::from_word(name).is_none() {
            differences.push(format!("no field {name}"));
        }
    }
    for field in Field::ALL {
        let wanted = expected.get(field.as_str());
        let found = event.get(*field);
        if wanted.is_none() && IMPLIED.contains(field) {
            continue;
        }
        let same = match (found, wanted) {
            (None, None) => true,
            (Some(found), Some(wanted)) => equal(found, wanted),
            _ => false,
        };
        if !same {
            let shown = found.map_or_else(|| "nothing".to_owned(), |value| value.to_string());
            let wanted = wanted.map_or_else(|| "nothing".to_owned(), |value| format!("{value:?}"));
            differences.push(format!("{field}: {shown}, not {wanted}"));
        }
    }
    if differences.is_empty() {
        Ok(())
    } else {
        Err(differences.join("; "))
    }
}

fn equal(found: Value<'_>, wanted: &toml::Value) -> bool {
    match (found, wanted) {
        (Value::Number(number), toml::Value::Integer(wanted)) => {
            u64::try_from(*wanted) == Ok(number)
        }
        (Value::Flag(flag), toml::Value::Boolean(wanted)) => flag == *wanted,
        (Value::Number(_) | Value::Flag(_), _) => false,
        (found, toml::Value::String(wanted)) => found.to_string() == *wanted,
        _ => false,
    }
}
