//! The models over data that nobody here wrote, as a table beside published figures of others.

#![expect(clippy::print_stdout, reason = "a tool that prints its tables")]

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use anyhow::{Context as _, Result};
use larum_core::detect::domain::judge_domain;
use larum_core::detect::web::{Level, Scratch, WholeRequest, judge_value, judge_whole};
use serde_json::Value;

/// Families of the rule set's cases that are about content; the others are about one rule's reading
/// of the protocol, or about answers.
const CONTENT: &[&str] = &[
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

/// Prints the tables for the corpus in `folder`.
pub fn run(folder: &Path) -> Result<()> {
    println!("# Evaluation\n");
    println!(
        "Written by `just evaluate`. Flagged means suspicious or attack. The data is other people's,"
    );
    println!("stays outside the project and is never trained on.\n");
    println!("## Web\n\n| set | class | flagged |\n|---|---|---|");
    for file in ["libinjection", "ga-payloads", "gotestwaf"] {
        table(file, rows(folder, &format!("web/{file}.jsonl"), payload)?);
    }
    table(
        "CRS regression cases",
        rows(folder, "web/crs-regression.jsonl", request)?,
    );
    println!(
        "\n`benign for rule` are cases that one rule must leave alone; most of those flagged are attacks that"
    );
    println!(
        "another rule is for. Others, published on other data: ModSecurity CRS 92.3 % found at 18.6 % flagged"
    );
    println!(
        "wrongly, open-appsec 99.5 % at 0.6 %, AWS 79.9 % at 6.0 %, Cloudflare 63.5 % at 0.06 %.\n"
    );
    println!("## Generated domains\n\n| set | class | flagged |\n|---|---|---|");
    table("domains", rows(folder, "dns/domains.jsonl", domain)?);
    domains_at(folder)?;
    println!(
        "\nNo family of this set was seen in training. Others: Maltrail's thresholds 87.2 % at 9.8 %; a model"
    );
    println!("trained on real samples of the same families 98.2 % at 0.1 %.");
    Ok(())
}

type Counts = BTreeMap<String, (u32, u32)>;

fn rows(folder: &Path, file: &str, judge: fn(&Value) -> (Vec<String>, bool)) -> Result<Counts> {
    let path = folder.join(file);
    let text =
        fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))?;
    let mut counts = Counts::new();
    for line in text.lines() {
        let (classes, flagged) = judge(&serde_json::from_str(line)?);
        for class in classes {
            let (hits, all) = counts.entry(class).or_default();
            *hits += u32::from(flagged);
            *all += 1;
        }
    }
    Ok(counts)
}

fn table(set: &str, counts: Counts) {
    for (class, (hits, all)) in counts {
        let share = f64::from(hits) * 100.0 / f64::from(all.max(1));
        println!("| {set} | {class} | {hits} of {all} = {share:.1} % |");
    }
}

fn word<'v>(value: &'v Value, key: &str) -> &'v str {
    value.get(key).and_then(Value::as_str).unwrap_or("")
}

fn payload(value: &Value) -> (Vec<String>, bool) {
    let flagged = judge_value(word(value, "payload")).level() > Level::Clean;
    let label = match word(value, "label") {
        "" => "attack",
        label => label,
    };
    (vec![label.to_owned()], flagged)
}

fn domain(value: &Value) -> (Vec<String>, bool) {
    let flagged = judge_domain(word(value, "domain")).level > Level::Clean;
    let (label, family) = (word(value, "label"), word(value, "family"));
    (vec![label.to_owned(), format!("{label} {family}")], flagged)
}

/// The rates at given shares of honest names flagged wrongly, by the score alone.
fn domains_at(folder: &Path) -> Result<()> {
    let text = fs::read_to_string(folder.join("dns/domains.jsonl"))?;
    let mut families: BTreeMap<String, Vec<i32>> = BTreeMap::new();
    let (mut honest, mut all) = (Vec::new(), Vec::new());
    for line in text.lines() {
        let value: Value = serde_json::from_str(line)?;
        let score = judge_domain(word(&value, "domain")).score;
        if word(&value, "label") == "benign" {
            honest.push(score);
        } else {
            all.push(score);
            let family = word(&value, "family").to_owned();
            families.entry(family).or_default().push(score);
        }
    }
    honest.sort_unstable_by(|a, b| b.cmp(a));
    families.insert("**all**".to_owned(), all);
    println!("\n| family | found at 0.1 % | found at 1 % |\n|---|---|---|");
    for (family, scores) in families {
        let [tenth, whole] = [1_000, 100].map(|part| {
            // Names that score as much as the first honest one that must not be flagged are not.
            let least = honest.get(honest.len() / part).copied().unwrap_or(0);
            let found = scores.iter().filter(|score| **score > least).count();
            found * 1_000 / scores.len().max(1)
        });
        let percent = |share: usize| format!("{}.{} %", share / 10, share % 10);
        println!("| {family} | {} | {} |", percent(tenth), percent(whole));
    }
    Ok(())
}

fn request(value: &Value) -> (Vec<String>, bool) {
    let asked = value.get("request").unwrap_or(&Value::Null);
    let headers: Vec<(&str, &str)> = asked
        .get("headers")
        .and_then(Value::as_object)
        .into_iter()
        .flatten()
        .map(|(name, value)| (name.as_str(), value.as_str().unwrap_or("0")))
        .collect();
    let or = |key: &str, other: &'static str| {
        asked
            .get(key)
            .and_then(Value::as_str)
            .unwrap_or(other)
            .to_owned()
    };
    let (method, uri) = (or("method", "GET"), or("uri", "/"));
    let verdict = judge_whole(
        &WholeRequest {
            method: &method,
            uri: &uri,
            version: asked.get("version").and_then(Value::as_str),
            headers: &headers,
            body: asked.get("data").and_then(Value::as_str),
        },
        &mut Scratch::default(),
    );
    let label = word(value, "label").replace('_', " ");
    let family = word(value, "family");
    let part = if CONTENT.contains(&family) {
        "content"
    } else {
        "other"
    };
    (
        vec![
            label.clone(),
            format!("{label}, {part}"),
            format!("{label}, {part}, {family}"),
        ],
        verdict.level() > Level::Clean,
    )
}
