//! The web judge against our own values and requests (`corpus/web/`): attacks, and honest ones that look
//! like attacks.

#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    clippy::indexing_slicing,
    clippy::disallowed_methods,
    reason = "a test reads files, prints what was wrong and fails by panicking"
)]

use std::path::Path;

use larum_core::detect::web::{Level, Scratch, WholeRequest, judge_value, judge_whole};
use serde_json::Value;

/// Counts of one class.
#[derive(Default)]
struct Rate {
    flagged: u32,
    all: u32,
}

impl Rate {
    fn share(&self) -> f64 {
        f64::from(self.flagged) / f64::from(self.all.max(1))
    }
}

/// Attacks and honest ones of `file`, as `judge` sees them.
fn rates(file: &str, judge: fn(&Value) -> Level) -> (Rate, Rate) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../corpus/web");
    let text = std::fs::read_to_string(path.join(file)).unwrap();
    let (mut attacks, mut honest) = (Rate::default(), Rate::default());
    for line in text.lines() {
        let record: Value = serde_json::from_str(line).unwrap();
        let flagged = judge(&record) > Level::Clean;
        let is_attack = record["label"] == "attack";
        let rate = if is_attack { &mut attacks } else { &mut honest };
        rate.all += 1;
        rate.flagged += u32::from(flagged);
        if flagged != is_attack {
            println!("{line}");
        }
    }
    (attacks, honest)
}

fn value(record: &Value) -> Level {
    judge_value(record["payload"].as_str().unwrap()).level()
}

fn request(record: &Value) -> Level {
    let request = &record["request"];
    let headers: Vec<(&str, &str)> = request["headers"]
        .as_object()
        .unwrap()
        .iter()
        .map(|(name, value)| (name.as_str(), value.as_str().unwrap()))
        .collect();
    let request = WholeRequest {
        method: request["method"].as_str().unwrap(),
        uri: request["uri"].as_str().unwrap(),
        version: request["version"].as_str(),
        headers: &headers,
        body: request["body"].as_str(),
    };
    judge_whole(&request, &mut Scratch::default()).level()
}

#[test]
fn attacks_are_found() {
    let (attacks, _) = rates("attack-values.jsonl", value);
    assert!(
        attacks.all >= 1_000 && attacks.share() >= 0.985,
        "{}",
        attacks.share()
    );
    let (attacks, _) = rates("requests.jsonl", request);
    assert!(
        attacks.all >= 200 && attacks.share() >= 0.96,
        "{}",
        attacks.share()
    );
}

#[test]
fn honest_ones_are_left_alone() {
    let (_, honest) = rates("benign-values.jsonl", value);
    assert!(
        honest.all >= 800 && honest.share() <= 0.015,
        "{}",
        honest.share()
    );
    let (_, honest) = rates("requests.jsonl", request);
    assert!(
        honest.all >= 500 && honest.share() <= 0.01,
        "{}",
        honest.share()
    );
}
