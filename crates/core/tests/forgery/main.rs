//! Text that a stranger chooses never becomes an address (invariant: one field's text stays in it).
//!
//! Into every value of every format file's cases that somebody outside can choose (a user name, an
//! address asked for, a browser's name, a host name, the name of a file or of an alert), an address
//! assignment is spliced: in the words in which that very record states its own addresses, in those of
//! every reader's kind, and as whole records of other products. It is escaped the way the device does
//! it. The addresses of the event must stay what they were, and the record must stay its product's.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

mod exceptions;
mod payload;
mod place;

use std::collections::BTreeMap;
use std::net::IpAddr;

use larum_core::content::FORMATS;
use larum_core::event::{Event, Field};
use larum_core::parse::{Context, Formats, Scratch};
use larum_core::reject::Reject;
use larum_core::time::{DeviceTime, Timestamp};

use exceptions::{EXCEPTIONS, Worst};
use place::Place;

/// 2026-11-22T12:00:00Z: what cases without a time of receipt count as.
const RECEIVED: Timestamp = Timestamp::from_seconds(1_795_348_800);
/// The address that must appear nowhere.
const EVIL: &str = "203.0.113.66";

/// At most one text in so many may make a record unreadable, another product's, or lose its address:
/// mostly names that a device writes bare, before the words by which its record is known.
const HIDDEN_SHARE: usize = 50;

/// A format file's case.
struct Sample {
    reader: String,
    escapes: bool,
    input: String,
    received: Timestamp,
    /// What separates pairs in its key-value readers and how a value may hold it; second steps too.
    separators: Vec<(char, bool)>,
    /// Whether a second step reads CEF.
    cef_inside: bool,
    /// The keys that its addresses are read from.
    keys: Vec<String>,
}

impl Sample {
    fn new(file: &toml::Table, case: &toml::Value) -> Self {
        let received = case.get("received").map_or(RECEIVED, |text| {
            let text = text.as_str().unwrap().as_bytes();
            DeviceTime::parse_rfc3339(text).unwrap().at
        });
        let word = |table: &toml::Table, key: &str| {
            let found = table.get(key).and_then(toml::Value::as_str);
            found.unwrap_or_default().to_owned()
        };
        let escaped = |table: &toml::Table| word(table, "escapes") == "backslash";
        let mut separators = Vec::new();
        if let Some(options) = file.get("key-value").and_then(toml::Value::as_table) {
            separators.extend(
                word(options, "separator")
                    .chars()
                    .map(|sign| (sign, escaped(file))),
            );
        }
        let steps = file.get("then").and_then(toml::Value::as_array);
        let steps = || {
            steps
                .into_iter()
                .flatten()
                .filter_map(toml::Value::as_table)
        };
        for step in steps() {
            let sign = word(step, "separator").chars().next();
            let sign = sign.or((word(step, "reader") == "csv").then_some(','));
            separators.extend(sign.map(|sign| (sign, escaped(step))));
        }
        Self {
            reader: word(file, "reader"),
            escapes: escaped(file) || steps().any(escaped),
            input: case["input"].as_str().unwrap().to_owned(),
            received,
            cef_inside: steps().any(|step| word(step, "reader") == "cef"),
            separators,
            keys: address_keys(file),
        }
    }

    /// `payload` as far as a value of this product can hold it: a separator is escaped, or where the
    /// syntax has no way to write it, it cannot be there.
    fn writable(&self, payload: &str) -> String {
        let mut text = payload.to_owned();
        for (sign, escaped) in &self.separators {
            let instead = if *escaped {
                format!("\\{sign}")
            } else {
                "_".to_owned()
            };
            text = text.replace(*sign, &instead);
        }
        if self.cef_inside {
            text.replace('=', "\\=")
        } else {
            text
        }
    }
}

/// The keys under which the file looks for addresses.
fn address_keys(file: &toml::Table) -> Vec<String> {
    let mut found = Vec::new();
    let fields = file.get("fields").and_then(toml::Value::as_table);
    for (name, places) in fields.into_iter().flatten() {
        if !name.ends_with("_ip") {
            continue;
        }
        let mut open = vec![places];
        while let Some(place) = open.pop() {
            match place {
                toml::Value::String(key) => found.push(key.clone()),
                toml::Value::Array(list) => open.extend(list),
                toml::Value::Table(full) => open.extend(full.get("from")),
                _ => {}
            }
        }
    }
    found
}

/// The cases of all files that give an event.
fn samples() -> Vec<Sample> {
    let mut found = Vec::new();
    for (_, text) in FORMATS.iter() {
        let file: toml::Table = toml::from_str(text).unwrap();
        for case in file["case"].as_array().unwrap() {
            if case.get("reject").is_some() {
                continue;
            }
            found.push(Sample::new(&file, case));
        }
    }
    found
}

/// What must not change.
fn addresses(event: &Event<'_>) -> [Option<IpAddr>; 4] {
    [
        event.src_ip,
        event.dst_ip,
        event.src_nat_ip,
        event.dst_nat_ip,
    ]
}

/// The worst that `found` means for an event of `format` with the addresses `honest`.
fn worst(
    found: Result<Event<'_>, Reject>,
    format: &str,
    honest: [Option<IpAddr>; 4],
) -> Option<Worst> {
    let Ok(event) = found else {
        return Some(Worst::Hidden);
    };
    if event.format != format {
        return Some(Worst::Hidden);
    }
    let found = addresses(&event);
    let mut pairs = found.iter().zip(&honest);
    if found == honest {
        None
    } else if pairs.all(|(found, honest)| found.is_none() || found == honest) {
        Some(Worst::Hidden)
    } else {
        Some(Worst::Forged)
    }
}

#[test]
fn a_strangers_text_becomes_no_address() {
    let formats = Formats::built_in().unwrap();
    let (mut tried, mut hidden) = (0_usize, 0_usize);
    let mut forged: BTreeMap<(String, &str), String> = BTreeMap::new();
    for sample in samples() {
        let mut scratch = Scratch::default();
        let context = Context::at(sample.received);
        let Ok(event) = formats.parse(sample.input.as_bytes(), &context, &mut scratch) else {
            continue;
        };
        let honest = addresses(&event);
        for place in Place::all(&sample, &event, &formats) {
            for payload in payload::all(&sample, honest, place.field) {
                let record = place.splice(&sample, &payload);
                tried += 1;
                let mut scratch = Scratch::default();
                let found = formats.parse(record.as_bytes(), &context, &mut scratch);
                match worst(found, event.format, honest) {
                    None => {}
                    Some(Worst::Hidden) => hidden += 1,
                    Some(Worst::Forged) => {
                        forged.insert((event.format.to_owned(), place.field.as_str()), record);
                    }
                }
            }
        }
    }
    let mut problems = Vec::new();
    for ((format, field), record) in &forged {
        let known = |(name, of, _): &&(&str, Field, &str)| name == format && of.as_str() == *field;
        if !EXCEPTIONS.iter().any(|exception| known(&exception)) {
            problems.push(format!("{field} of {format}: {record}"));
        }
    }
    for (format, field, reason) in EXCEPTIONS {
        if !forged.contains_key(&((*format).to_owned(), field.as_str())) {
            // Somebody mended a format: no reason to stop them.
            println!("{field} of {format} no longer forges an address: {reason}");
        }
    }
    println!("{tried} texts tried, {hidden} hid their record");
    assert!(problems.is_empty(), "{}", problems.join("\n"));
    assert!(tried > 20_000, "only {tried} places and texts were tried");
    assert!(
        hidden * HIDDEN_SHARE < tried,
        "{hidden} of {tried} hid their record"
    );
}
