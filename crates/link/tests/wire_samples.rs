//! Everything ever released on the wire still decodes, and is written the same way again.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]
#![expect(clippy::indexing_slicing, reason = "a test fails by panicking")]

use std::path::PathBuf;

use larum_link::token::Token;
use larum_link::wire::{
    Batch, EnrolRequest, Enrolled, Heartbeat, Receipt, Refusal, RefusalCode, RenewRequest,
    Warnings, WireBlocklist,
};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../corpus/wire/v1")
}

fn sample(name: &str) -> String {
    std::fs::read_to_string(folder().join(name)).unwrap()
}

fn check<T: Serialize + DeserializeOwned>(name: &str) {
    let text = sample(name);
    let value: Value = serde_json::from_str(&text).unwrap();
    let decoded: T = serde_json::from_str(&text).unwrap();
    assert_eq!(serde_json::to_value(&decoded).unwrap(), value, "{name}");
    // A newer peer may say more.
    let mut more = value;
    more["said-by-a-newer-version"] = Value::from(1);
    assert!(serde_json::from_value::<T>(more).is_ok(), "{name}");
}

/// A sample, and the check of its type.
type Sample = (&'static str, fn(&str));

/// Every sample.
const SAMPLES: &[Sample] = &[
    ("batch-places.json", check::<Batch>),
    ("batch.json", check::<Batch>),
    ("blocklist-unchanged.json", check::<WireBlocklist>),
    ("blocklist.json", check::<WireBlocklist>),
    ("enrol-request.json", check::<EnrolRequest>),
    ("enrolled-authorities.json", check::<Enrolled>),
    ("enrolled.json", check::<Enrolled>),
    ("heartbeat-concerns.json", check::<Heartbeat>),
    ("heartbeat-trust.json", check::<Heartbeat>),
    ("heartbeat.json", check::<Heartbeat>),
    ("receipt-set-aside.json", check::<Receipt>),
    ("receipt-signed.json", check::<Receipt>),
    ("receipt.json", check::<Receipt>),
    ("refusal-busy.json", check::<Refusal>),
    ("refusal-conflict.json", check::<Refusal>),
    ("refusal-over-quota.json", check::<Refusal>),
    ("renew-request.json", check::<RenewRequest>),
    ("warnings.json", check::<Warnings>),
];

#[test]
fn version_1_decodes_for_ever() {
    for (name, check) in SAMPLES {
        check(name);
    }
}

#[test]
fn no_sample_is_left_out() {
    let mut there: Vec<String> = std::fs::read_dir(folder())
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|name| name.ends_with(".json"))
        .collect();
    there.sort_unstable();
    let read: Vec<&str> = SAMPLES.iter().map(|(name, _)| *name).collect();
    assert_eq!(there, read);
}

#[test]
fn a_quota_used_up_is_told_by_its_own_code() {
    let refusal: Refusal = serde_json::from_str(&sample("refusal-over-quota.json")).unwrap();
    assert_eq!(refusal.code, RefusalCode::OverQuota);
    assert_eq!(refusal.retry_after, Some(8_727));
}

#[test]
fn a_token_of_version_1_is_still_read() {
    let text = sample("token.txt");
    let token = Token::parse(&text).unwrap();
    assert_eq!(token.hub.to_string(), "hub.example.org:7443");
    assert_eq!(token.to_string(), text.trim());
}

#[test]
fn every_code_is_spelled_one_way_and_an_unknown_one_is_other() {
    for code in RefusalCode::ALL {
        assert_eq!(serde_json::to_value(code).unwrap(), code.as_str());
    }
    let newer: RefusalCode = serde_json::from_value("from-the-future".into()).unwrap();
    assert_eq!(newer, RefusalCode::Other);
}

#[test]
fn every_reason_has_its_words() {
    let words = larum_core::words::Words::of("en").unwrap();
    for code in RefusalCode::ALL {
        assert!(words.has(&format!("refusal-{code}")), "{code}");
    }
    for error in larum_link::token::TokenError::ALL {
        assert!(words.has(&format!("token-{error}")), "{error}");
    }
}
