//! The formats against real lines of their products, with the fields that others read from them.
//!
//! The floors are regression guards a few points below what was measured; the rates are printed. The
//! lines are not part of the project; where they are absent this test says so and passes.

#![expect(clippy::disallowed_methods, reason = "a test reads files")]

mod shared;

use larum_core::event::{Event, Field};
use larum_core::parse::{Context, Formats, Scratch};
use larum_core::time::Timestamp;
use serde_json::Value;

/// Fields compared, by their name in the corpus.
const FIELDS: &[Field] = &[
    Field::SrcIp,
    Field::SrcPort,
    Field::DstIp,
    Field::DstPort,
    Field::Proto,
    Field::HttpMethod,
    Field::HttpStatus,
    Field::Url,
];

/// Case file of a product, and the least share of its fields, in per cent.
const PRODUCTS: &[(&str, usize)] = &[
    (
        "logs/elastic-2.0/elastic-integrations/fortinet_fortigate.jsonl",
        88,
    ),
    ("logs/elastic-2.0/elastic-integrations/cisco_asa.jsonl", 70),
    ("logs/elastic-2.0/elastic-integrations/pfsense.jsonl", 45),
    ("logs/elastic-2.0/elastic-integrations/iptables.jsonl", 35),
    ("logs/elastic-2.0/elastic-integrations/nginx.jsonl", 45),
    ("logs/elastic-2.0/elastic-integrations/apache.jsonl", 78),
    ("logs/permissive/elastic-beats-oss/nginx.jsonl", 66),
    ("logs/permissive/elastic-beats-oss/apache.jsonl", 70),
];

fn agrees(event: &Event<'_>, field: Field, expected: &Value) -> bool {
    let expected = match expected {
        Value::String(text) => text.to_lowercase(),
        other => other.to_string(),
    };
    let same_address = |text: &str| {
        let parse = |text: &str| text.parse::<std::net::IpAddr>().ok();
        parse(text).is_some() && parse(text) == parse(&expected)
    };
    event.get(field).is_some_and(|value| {
        let value = value.to_string().to_lowercase();
        value == expected || same_address(&value)
    })
}

#[test]
fn real_lines_of_each_product_keep_their_fields() {
    let formats = Formats::built_in().unwrap();
    let context = Context::at(Timestamp::from_seconds(1_795_305_600));
    let mut short = Vec::new();
    for (file, floor) in PRODUCTS {
        let Some(path) = shared::corpus(file) else {
            return;
        };
        let (mut right, mut all) = (0, 0);
        for line in std::fs::read_to_string(path).unwrap().lines() {
            let case: Value = serde_json::from_str(line).unwrap();
            let input = case["input"].as_str().unwrap();
            let mut scratch = Scratch::default();
            let event = formats.parse(input.as_bytes(), &context, &mut scratch).ok();
            for field in FIELDS {
                let Some(expected) = case["canon"].get(field.as_str()) else {
                    continue;
                };
                all += 1;
                right += usize::from(
                    event
                        .as_ref()
                        .is_some_and(|event| agrees(event, *field, expected)),
                );
            }
        }
        let per_cent = right * 100 / all.max(1);
        println!("{file}: {right} of {all} fields, {per_cent} %");
        if per_cent < *floor {
            short.push((file, per_cent, floor));
        }
    }
    assert!(short.is_empty(), "below the floor: {short:?}");
}
