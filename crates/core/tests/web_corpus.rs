//! The web judge against requests and values that others collected.
//!
//! The data is not part of the project; where it is absent these tests say so and pass.

#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    clippy::indexing_slicing,
    clippy::disallowed_methods,
    reason = "a test reads files, prints rates and fails by panicking"
)]

mod shared;

use std::collections::BTreeMap;

use larum_core::detect::web::{Level, WebRequest, judge, judge_value};
use serde_json::Value;

fn records(file: &str) -> Option<Vec<Value>> {
    let text = std::fs::read_to_string(shared::corpus(&format!("web/{file}"))?).unwrap();
    Some(
        text.lines()
            .map(|line| serde_json::from_str(line).unwrap())
            .collect(),
    )
}

/// Flagged and all, by class.
type Counts = BTreeMap<String, (usize, usize)>;

fn count(counts: &mut Counts, class: &str, flagged: bool) {
    let (hits, all) = counts.entry(class.to_owned()).or_default();
    *hits += usize::from(flagged);
    *all += 1;
}

fn share(counts: &Counts, class: &str) -> f64 {
    let (hits, all) = counts.get(class).copied().unwrap_or_default();
    f64::from(u32::try_from(hits).unwrap()) / f64::from(u32::try_from(all.max(1)).unwrap())
}

/// Rates of one file of values; prints them, and what was wrong when `WRONG` lists its class.
fn values(file: &str) -> Option<Counts> {
    let mut counts = Counts::new();
    for record in records(file)? {
        let text = record["payload"].as_str().unwrap_or("");
        let verdict = judge_value(text);
        let label = record["label"].as_str().unwrap();
        let flagged = verdict.level() >= Level::Suspicious;
        let class = if label == "benign" { label } else { "attack" };
        count(&mut counts, class, flagged);
        if class == "attack" {
            count(&mut counts, label, flagged);
        }
        if flagged != (class == "attack") {
            println!(
                "{label}: {} {:?} {:?}",
                verdict.score,
                verdict.why,
                text.chars().take(150).collect::<String>()
            );
        }
    }
    for (class, (hits, all)) in &counts {
        println!("{file} {class}: {hits} of {all} flagged");
    }
    Some(counts)
}

#[test]
fn values_that_were_collected() {
    for (file, least, most) in [
        ("libinjection.jsonl", 0.99, 0.05),
        ("ga-payloads.jsonl", 0.94, 0.006),
        ("gotestwaf.jsonl", 0.97, 0.05),
    ] {
        if let Some(counts) = values(file) {
            assert!(share(&counts, "attack") >= least, "{file}: too many missed");
            assert!(
                share(&counts, "benign") <= most,
                "{file}: too many false alarms"
            );
        }
    }
}

/// Of the rule set's own cases, those whose attack stands where an access log can see it.
#[test]
fn requests_that_were_collected() {
    let Some(records) = records("crs-regression.jsonl") else {
        return;
    };
    let mut counts = Counts::new();
    for record in &records {
        let request = &record["request"];
        let family = record["family"].as_str().unwrap_or("");
        let label = record["label"].as_str().unwrap();
        let header = |name: &str| {
            let headers = request["headers"].as_object()?;
            let found = headers
                .iter()
                .find(|(key, _)| key.eq_ignore_ascii_case(name))?;
            found.1.as_str()
        };
        let uri = request["uri"].as_str().unwrap_or("/");
        let asked = WebRequest {
            method: request["method"].as_str().unwrap_or("GET"),
            uri,
            user_agent: header("user-agent"),
            referer: header("referer"),
        };
        let plain = !uri.contains(['?', '%', '\'', '(', '.'])
            && header("referer").is_none()
            && header("user-agent")
                .is_none_or(|agent| agent.contains("test agent") && agent.len() < 24);
        let hidden = request["data"].is_string() && !request["data"].as_str().unwrap().is_empty();
        let content = [
            "sqli",
            "xss",
            "rce",
            "lfi",
            "rfi",
            "php",
            "java",
            "generic-injection",
            "protocol-attack",
        ];
        if hidden || label == "attack" && plain || !content.contains(&family) {
            continue;
        }
        let verdict = judge(&asked);
        let flagged = verdict.level() >= Level::Suspicious;
        count(&mut counts, label, flagged);
        count(&mut counts, &format!("{label} {family}"), flagged);
        if flagged != (label == "attack") {
            println!("{label} {} {:?} {asked:?}", record["rule"], verdict.why);
        }
    }
    for (class, (hits, all)) in &counts {
        println!("crs {class}: {hits} of {all} flagged");
    }
    assert!(share(&counts, "attack") >= 0.85, "too many missed");
}

/// A real access log: mostly honest visitors.
#[test]
fn a_real_access_log_is_mostly_clean() {
    let Some(path) = shared::corpus("background/apache_access_10k.log") else {
        return;
    };
    let bytes = std::fs::read(path).unwrap();
    let text = String::from_utf8_lossy(&bytes);
    let (mut all, mut flagged) = (0_u32, 0_u32);
    for line in text.lines() {
        let mut parts = line.split('"');
        let request = parts.nth(1).unwrap_or("");
        let referer = parts.nth(1).unwrap_or("");
        let agent = parts.nth(1).unwrap_or("");
        let mut words = request.split(' ');
        let verdict = judge(&WebRequest {
            method: words.next().unwrap_or(""),
            uri: words.next().unwrap_or(""),
            user_agent: Some(agent),
            referer: Some(referer),
        });
        all += 1;
        if verdict.level() >= Level::Suspicious {
            flagged += 1;
            println!("{:?} {request} | {referer} | {agent}", verdict.why);
        }
    }
    println!("access log: {flagged} of {all} flagged");
    assert!(
        flagged * 100 <= all * 2,
        "more than 2 % of honest requests flagged"
    );
}
