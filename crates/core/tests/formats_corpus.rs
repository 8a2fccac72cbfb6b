//! The formats against real records of many products, with the fields that others read from them.
//!
//! The floors are regression guards a little below what was measured; the rates are printed. Fields are
//! compared as the scorer beside the records does it. Where the reference is wrong is listed in
//! `docs/developer/format-disputes.md`; nothing is left out here for it. The records are not part of the
//! project; where they are absent this test says so and passes.

#![expect(clippy::disallowed_methods, reason = "a test reads files")]
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod shared;

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::path::{Path, PathBuf};

use larum_core::event::{Event, Field};
use larum_core::parse::{Context, Formats, Scratch};
use larum_core::reject::Reject;
use larum_core::time::{DeviceTime, Timestamp};
use serde_json::Value;

/// The fields that matter most.
const CORE: &[Field] = &[
    Field::Ts,
    Field::SrcIp,
    Field::SrcPort,
    Field::DstIp,
    Field::DstPort,
    Field::Proto,
    Field::Action,
];
/// Least share of core fields, the mean over products, in thousandths.
const CORE_FLOOR: usize = 955;
/// Least share of all fields, the mean over products, in thousandths.
const ALL_FLOOR: usize = 890;
/// Least share of records whose maker or product is recognised, in thousandths.
const PRODUCT_FLOOR: usize = 970;
/// Words that name the same product, or products whose records do not tell them apart: access logs of web
/// servers, programs of a Unix system, one product under its old and its new name.
const ALIKE: &[&[&str]] = &[
    &[
        "httpd",
        "apache",
        "apache2",
        "nginx",
        "web",
        "whitelist",
        "bunkerweb",
        "npmplus",
    ],
    &[
        "system", "syslog", "unix", "sshd", "openssh", "linux", "pam", "auth",
    ],
    &["system", "windows"],
    &["iptables", "netfilter", "firewalls", "linux"],
    &["ti", "threat"],
    &["bro", "zeek"],
    &["junos", "juniper"],
    &["firewalls", "cisco"],
    &["java", "tomcat"],
    &["mariadb", "mysql"],
    &["pfsense", "opnsense", "netgate"],
    &["postscreen", "postfix"],
    &["radarr", "sonarr", "prowlarr", "servarr"],
];
/// The most records that may stay unread.
const MOST_UNREAD: usize = 32;
/// A stamp without a zone may differ by one: this many seconds at most, in steps of a quarter hour.
const MAX_ZONE_SECONDS: i64 = 14 * 3_600;

/// Right and expected fields.
#[derive(Clone, Copy, Default)]
struct Share {
    right: usize,
    expected: usize,
}

impl Share {
    fn add(&mut self, right: bool) {
        self.right += usize::from(right);
        self.expected += 1;
    }

    fn thousandths(self) -> usize {
        self.right * 1_000 / self.expected.max(1)
    }
}

/// The mean over products that have expectations.
fn mean(shares: impl Iterator<Item = Share>) -> usize {
    let all: Vec<usize> = shares
        .filter(|share| share.expected > 0)
        .map(Share::thousandths)
        .collect();
    all.iter().sum::<usize>() / all.len().max(1)
}

fn action_class(word: &str) -> &str {
    match word {
        "deny" | "drop" | "reject" | "block" | "reset" | "denied" | "blocked" => "deny",
        "allow" | "accept" | "permit" | "allowed" | "close" | "timeout" | "built" | "teardown"
        | "pass" => "allow",
        other => other,
    }
}

fn same_time(found: DeviceTime, expected: &str, input: &str) -> bool {
    let seconds = |time: DeviceTime| time.at.as_micros() / 1_000_000;
    let whole = expected.split('.').next().unwrap_or_default();
    let expected = match whole.parse() {
        Ok(epoch) => DeviceTime::stated(Timestamp::from_seconds(epoch), 0),
        Err(_) => match DeviceTime::parse_rfc3339(expected.as_bytes()) {
            Some(time) => time,
            None => return false,
        },
    };
    let (year, ..) = expected.at.civil_date();
    let mut apart = (seconds(found) - seconds(expected)).abs();
    if !input.contains(&year.to_string()) {
        // Without a year only the time within it counts; leap days aside.
        apart %= 365 * 86_400;
        apart = apart.min((apart - 86_400).abs());
    }
    let zoned = ["Z", "+0", "-0", "UTC", "GMT", "tz="]
        .iter()
        .any(|mark| input.contains(mark));
    apart <= 1 || (!zoned && apart <= MAX_ZONE_SECONDS && apart % 900 <= 1)
}

fn agrees(event: &Event<'_>, field: Field, expected: &Value, input: &str) -> bool {
    let expected = match expected {
        Value::String(text) => text.trim().to_lowercase(),
        other => other.to_string(),
    };
    let Some(value) = event.get(field) else {
        return false;
    };
    let found = value.to_string().to_lowercase();
    let address = |text: &str| text.parse::<IpAddr>().ok();
    match field {
        Field::Ts => event
            .ts
            .is_some_and(|time| same_time(time, &expected.to_uppercase(), input)),
        Field::Action => action_class(&found) == action_class(&expected),
        Field::Proto => {
            let number = event.proto.map(|proto| proto.number().to_string());
            found == expected
                || number.as_ref() == Some(&expected)
                || (found == "ipv6-icmp" && expected.starts_with("icmp"))
        }
        _ => {
            found == expected
                || (address(&found).is_some() && address(&found) == address(&expected))
        }
    }
}

/// Whether the event's maker, product or format and what the case says of its origin share a name.
fn is_of(event: &Event<'_>, case: &Value) -> bool {
    let words = |text: &str| -> Vec<String> {
        let lower = text.to_lowercase();
        let words = lower.split(|letter: char| !letter.is_alphanumeric());
        words
            .filter(|word| word.len() > 1)
            .map(ToOwned::to_owned)
            .collect()
    };
    let joined = |text: &str| words(text).concat();
    let said = [event.vendor, event.product, Some(event.format)];
    let said = said.into_iter().flatten();
    let origin = [
        "/vendor",
        "/stream",
        "/expected/sourcetype",
        "/canon/vendor",
        "/canon/product",
    ]
    .map(|path| {
        case.pointer(path)
            .and_then(Value::as_str)
            .unwrap_or_default()
    })
    .join(" ");
    let expected = words(&origin);
    let whole = joined(&origin);
    said.into_iter().any(|name| {
        let found = words(name);
        let name = joined(name);
        let shared = found.iter().any(|word| expected.contains(word));
        let inside = expected
            .iter()
            .any(|word| word.len() > 3 && name.contains(word.as_str()));
        let alike = ALIKE.iter().any(|group| {
            let has = |words: &[String]| words.iter().any(|word| group.contains(&word.as_str()));
            has(&found) && has(&expected)
        });
        shared || inside || alike || (name.len() > 2 && whole.contains(&name))
    })
}

/// Every case file below `folder`.
fn files(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files(&path, found);
        } else if path.extension().is_some_and(|ending| ending == "jsonl") {
            found.push(path);
        }
    }
}

#[test]
fn real_records_of_each_product_keep_their_fields() {
    let Some(folder) = shared::corpus("logs") else {
        return;
    };
    let mut paths = Vec::new();
    files(&folder, &mut paths);
    paths.sort();
    let formats = Formats::built_in().unwrap();
    let context = Context::at(Timestamp::from_seconds(1_795_305_600));
    let mut products: BTreeMap<String, [Share; 2]> = BTreeMap::new();
    let mut unread = 0;
    let mut recognised = Share::default();
    for path in &paths {
        for line in std::fs::read_to_string(path).unwrap().lines() {
            let case: Value = serde_json::from_str(line).unwrap();
            let input = case["input"].as_str().unwrap();
            let mut scratch = Scratch::default();
            let answer = formats.parse(input.as_bytes(), &context, &mut scratch);
            unread += usize::from(
                answer
                    .as_ref()
                    .is_err_and(|reason| *reason != Reject::NotOfInterest),
            );
            let meant = case["parsed"] != false && case["dropped"] != true;
            if meant
                && !answer
                    .as_ref()
                    .is_err_and(|reason| *reason == Reject::NotOfInterest)
            {
                recognised.add(answer.as_ref().is_ok_and(|event| is_of(event, &case)));
            }
            let event = answer.ok();
            let shares = products.entry(case["vendor"].to_string()).or_default();
            for field in Field::ALL {
                let Some(expected) = case["canon"].get(field.as_str()) else {
                    continue;
                };
                let right = event
                    .as_ref()
                    .is_some_and(|event| agrees(event, *field, expected, input));
                shares[1].add(right);
                if CORE.contains(field) {
                    shares[0].add(right);
                }
            }
        }
    }
    for (product, [core, all]) in &products {
        println!(
            "{product}: core {} of {}, all {} of {}",
            core.right, core.expected, all.right, all.expected
        );
    }
    let core = mean(products.values().map(|shares| shares[0]));
    let all = mean(products.values().map(|shares| shares[1]));
    println!("mean over products: core {core}, all {all} thousandths; {unread} unread");
    println!(
        "product recognised: {} of {}",
        recognised.right, recognised.expected
    );
    assert!(recognised.thousandths() >= PRODUCT_FLOOR);
    assert!(
        core >= CORE_FLOOR && all >= ALL_FLOOR,
        "core {core}, all {all}"
    );
    assert!(unread <= MOST_UNREAD, "{unread} records unread");
}
