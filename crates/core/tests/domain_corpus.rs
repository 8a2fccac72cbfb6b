//! The domain judge, and the detector that uses it, against names that others collected; no family of them
//! was trained on.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::disallowed_methods,
    reason = "a test reads files, prints rates and fails by panicking"
)]

mod shared;

use std::collections::BTreeMap;
use std::sync::Arc;

use larum_core::detect::domain::judge_domain;
use larum_core::detect::sigma::RuleSet;
use larum_core::detect::web::Level;
use larum_core::detect::{Detect, Indicators, Settings};
use larum_core::event::{Event, Kind};
use larum_core::finding::Severity;
use larum_core::time::Timestamp;
use larum_core::words::Words;
use serde_json::Value;

/// The names of the corpus by family, `alexa` for those that people chose.
fn families() -> Option<BTreeMap<String, Vec<String>>> {
    let path = shared::corpus("dns/domains.jsonl")?;
    let mut families: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for line in std::fs::read_to_string(path).unwrap().lines() {
        let record: Value = serde_json::from_str(line).unwrap();
        let text = |key: &str| record[key].as_str().unwrap().to_owned();
        families
            .entry(text("family"))
            .or_default()
            .push(text("domain"));
    }
    Some(families)
}

#[test]
fn names_that_were_collected() {
    let Some(families) = families() else {
        return;
    };
    let (mut found, mut wrong) = ((0, 0), (0, 0));
    for (family, names) in families {
        let count = if family == "alexa" {
            &mut wrong
        } else {
            &mut found
        };
        for name in names {
            count.0 += u32::from(judge_domain(&name).level > Level::Clean);
            count.1 += 1;
        }
    }
    println!("found {found:?}, flagged wrongly {wrong:?}");
    assert!(found.0 * 100 >= found.1 * 60, "too many missed");
    assert!(wrong.0 * 1000 <= wrong.1 * 3, "too many false alarms");
}

/// How many names one computer asks for, one every `seconds`, before somebody is warned, and how loudly.
/// One name in `exists` exists.
fn warned(names: &[String], seconds: i64, exists: usize) -> Option<(usize, Severity)> {
    let settings = Settings::new(Arc::new(Words::of("en").unwrap()));
    let mut detect = Detect::new(settings, RuleSet::default(), Indicators::default());
    let mut out = Vec::new();
    for (at, name) in names.iter().enumerate() {
        let time = 1_763_600_000 + seconds * i64::try_from(at).unwrap();
        let mut event = Event::new(Timestamp::from_seconds(time), "", Kind::Dns);
        event.src_ip = Some("10.0.0.5".parse().unwrap());
        event.dns_query = Some(name.as_str().into());
        event.dns_type = Some("A".into());
        event.dns_rcode = Some(
            if at % exists == 0 {
                "NOERROR"
            } else {
                "NXDOMAIN"
            }
            .into(),
        );
        detect.observe(&event, &mut out);
        if let Some(signal) = out.first() {
            return Some((at + 1, signal.finding().severity));
        }
    }
    None
}

#[test]
fn a_computer_that_asks_for_names_of_a_family_is_found() {
    let Some(families) = families() else {
        return;
    };
    for (family, names) in families {
        if family == "alexa" {
            continue;
        }
        let found = warned(&names, 10, 50);
        println!("{family}: {found:?}");
        let (after, _) = found.expect(&family);
        assert!(after <= 60, "{family}: only after {after} names");
    }
}

#[test]
fn a_computer_that_asks_for_names_that_people_chose_is_left_alone() {
    let Some(families) = families() else {
        return;
    };
    assert_eq!(warned(&families["alexa"], 20, 1), None);
}
