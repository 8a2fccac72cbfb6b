//! The web judge against requests and values that others collected.
//!
//! The data is not part of the project; where it is absent these tests say so and pass.

#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    clippy::indexing_slicing,
    clippy::disallowed_methods,
    clippy::disallowed_types,
    reason = "a test reads files, prints rates and fails by panicking"
)]

use std::collections::BTreeMap;
use std::path::PathBuf;

use larum_core::detect::web::{Level, WebRequest, judge, judge_value};
use serde_json::Value;

fn records(file: &str) -> Option<Vec<Value>> {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../shared/corpus/web");
    let Ok(text) = std::fs::read_to_string(path.join(file)) else {
        println!("skipped: no {file} next to the repository");
        return None;
    };
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
        ("libinjection.jsonl", 0.97, 0.06),
        ("ga-payloads.jsonl", 0.90, 0.006),
        ("gotestwaf.jsonl", 0.85, 0.15),
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
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR"))
        .join("../../../shared/corpus/background/apache_access_10k.log");
    let Ok(bytes) = std::fs::read(path) else {
        println!("skipped: no access log next to the repository");
        return;
    };
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

/// Prints what an ordinary request costs; that it stays cheap is asserted loosely, because other
/// programs share the machine.
#[test]
fn an_ordinary_request_is_cheap() {
    let rounds: u32 = if cfg!(debug_assertions) {
        2_000
    } else {
        400_000
    };
    let plain = WebRequest {
        method: "GET",
        uri: "/shop/product.php?id=1042&colour=blue",
        user_agent: Some(
            "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Safari/537.36",
        ),
        referer: None,
    };
    let no_agent = WebRequest {
        user_agent: None,
        ..plain
    };
    let encoded = WebRequest {
        uri: "/search?q=dark%20blue+shoes%21",
        ..no_agent
    };
    for (name, request) in [
        ("plain", plain),
        ("without agent", no_agent),
        ("encoded", encoded),
    ] {
        let best = (0..5)
            .map(|_| {
                let start = std::time::Instant::now();
                for _ in 0..rounds {
                    assert!(judge(std::hint::black_box(&request)).why.is_empty());
                }
                start.elapsed().as_secs_f64() * 1e9 / f64::from(rounds)
            })
            .fold(f64::INFINITY, f64::min);
        println!("{name}: {best:.0} ns");
        assert!(best < 100_000.0, "{name}: {best:.0} ns");
    }
}
