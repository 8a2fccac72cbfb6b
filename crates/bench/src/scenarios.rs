//! Whole recordings, looked into as `larum scan` does: which attackers are named, and how often people
//! who do nothing wrong are.

#![expect(clippy::print_stdout, reason = "a tool that prints its tables")]

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::net::IpAddr;
use std::path::Path;
use std::sync::Arc;

use anyhow::{Context as _, Result};
use larum_core::clock::Years;
use larum_core::detect::{Detect, Indicators, Settings, Signal, sigma::RuleSet};
use larum_core::finding::{Finding, Severity};
use larum_core::own::Own;
use larum_core::parse::{Context, Formats, Scratch};
use larum_core::time::Timestamp;
use larum_core::words::Words;
use serde_json::Value;

use crate::house::shipped;

/// 2026-11-22T00:00:00Z: when the recordings are looked into.
const NOW: Timestamp = Timestamp::from_seconds(1_795_305_600);

/// Kinds of behaviour of the cases that no address log can show to us, each with the reason.
const NOT_COVERED: &[(&str, &str)] = &[
    (
        "auth:successful",
        "travel between log-ins needs a map of addresses; the account is named, no address",
    ),
    (
        "cloud:unusual-activity",
        "a log-in outside office hours; the account is named, no address",
    ),
    (
        "http:dos",
        "a limit the server itself keeps, and a protocol version it refuses, which events do not carry",
    ),
    (
        "k8s:audit",
        "what a cluster's own administrator may do is the cluster's policy",
    ),
    (
        "linux:exploitation",
        "a program that crashed, seen on the host; no address",
    ),
    (
        "linux:post-exploitation",
        "commands run on a host (audit rules of the host); no address",
    ),
    (
        "smtp:spam",
        "what a mail server turns away is its own work, and one refused message no attack",
    ),
];

/// Behaviours that count, and why a source is missed, where one is.
const MISSED: &[(&str, &str)] = &[
    (
        "pop3/imap:bruteforce",
        "three refused log-ins within two seconds, without a name: what a mail program with an old password does",
    ),
    (
        "vm-management:exploit",
        "one request that names a page at an inside address, from a computer inside: suspicious, but no proof",
    ),
];

/// What a recording came to.
struct Looked {
    lines: usize,
    unread: usize,
    findings: Vec<Finding>,
}

/// Looks into recordings with everything that ships.
struct Looker {
    formats: Formats,
    rules: Arc<RuleSet>,
    words: Arc<Words>,
}

impl Looker {
    fn new() -> Result<Self> {
        let rules =
            RuleSet::built_in().map_err(|error| anyhow::anyhow!("the shipped rules: {error:?}"))?;
        Ok(Self {
            formats: shipped()?,
            rules: Arc::new(rules),
            words: Arc::new(Words::of("en")?),
        })
    }

    fn look(&self, lines: &[&str]) -> Looked {
        let context = Context::at(NOW);
        let (mut years, mut own, mut room) = (Years::new(NOW), Own::default(), Scratch::default());
        for (position, line) in (0..).zip(lines) {
            let Ok(event) = self.formats.parse(line.as_bytes(), &context, &mut room) else {
                continue;
            };
            own.observe(&event);
            if let Some(time) = event.ts {
                years.see(position, time);
            }
        }
        let mut settings = Settings::new(Arc::clone(&self.words));
        settings.own = own.certain();
        let (indicators, _) = Indicators::compile(&[]);
        let mut detect = Detect::shared(settings, Arc::clone(&self.rules), Arc::new(indicators));
        let (mut signals, mut unread) = (Vec::new(), 0);
        for (position, line) in (0..).zip(lines) {
            let Ok(mut event) = self.formats.parse(line.as_bytes(), &context, &mut room) else {
                unread += 1;
                continue;
            };
            event.ts = event.ts.map(|time| years.complete(position, time));
            event.direction = own.direction(&event);
            detect.observe(&event, &mut signals);
        }
        detect.finish(&mut signals);
        let findings = signals.into_iter().filter_map(|signal| match signal {
            Signal::Closed(finding) => Some(finding),
            Signal::Opened(_) => None,
        });
        Looked {
            lines: lines.len(),
            unread,
            findings: findings.collect(),
        }
    }
}

/// Found and expected of one kind of behaviour.
#[derive(Default)]
struct Found {
    found: usize,
    expected: usize,
    /// Accounts and programs that a case names in place of an address.
    no_address: usize,
}

/// Prints how many of the sources that other people's cases name are found, by behaviour. With
/// `detailed`, also what each case came to.
pub fn scenarios(folder: &Path, detailed: bool) -> Result<()> {
    let path = folder.join("detect/crowdsec-scenarios.jsonl");
    let text =
        fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))?;
    let looker = Looker::new()?;
    let mut table: BTreeMap<String, Found> = BTreeMap::new();
    let (mut extra, mut unread, mut lines) = (BTreeSet::new(), 0, 0);
    for case in text.lines() {
        let case: Value = serde_json::from_str(case)?;
        let id = word(&case, "id").trim_start_matches("crowdsec-scenario/");
        let looked = looker.look(&texts(&case, "lines"));
        unread += looked.unread;
        lines += looked.lines;
        let named: BTreeSet<IpAddr> = looked
            .findings
            .iter()
            .filter(|finding| finding.severity > Severity::Info)
            .flat_map(|finding| finding.sources.iter().copied())
            .collect();
        let mut expected = BTreeSet::new();
        for alert in case
            .get("expected_alerts")
            .and_then(Value::as_array)
            .into_iter()
            .flatten()
        {
            for source in texts(alert, "sources") {
                expected.insert((word(alert, "behavior").to_owned(), source.to_owned()));
            }
        }
        let mut missed = Vec::new();
        for (behaviour, source) in &expected {
            let row = table.entry(behaviour.clone()).or_default();
            let Ok(ip) = source.parse::<IpAddr>() else {
                row.no_address += 1;
                continue;
            };
            let is_found = named.contains(&ip);
            row.expected += 1;
            row.found += usize::from(is_found);
            if !is_found {
                missed.push(format!("{behaviour} {source}"));
            }
        }
        let known: BTreeSet<IpAddr> = expected
            .iter()
            .filter_map(|(_, source)| source.parse().ok())
            .collect();
        let more: Vec<_> = named.difference(&known).collect();
        extra.extend(more.iter().map(|ip| (id.to_owned(), **ip)));
        if detailed && !(missed.is_empty() && more.is_empty()) {
            println!(
                "{id}: {} of {} lines unread; missed {missed:?}; extra {more:?}",
                looked.unread, looked.lines
            );
            for finding in &looked.findings {
                println!(
                    "    {} {} {:?} {}",
                    finding.detector, finding.severity, finding.sources, finding.title
                );
            }
        }
    }
    print_scenarios(&table, extra.len(), unread, lines);
    Ok(())
}

fn print_scenarios(table: &BTreeMap<String, Found>, extra: usize, unread: usize, lines: usize) {
    let reason_in = |reasons: &[(&str, &'static str)], behaviour: &str| {
        let known = reasons.iter().find(|(name, _)| *name == behaviour);
        known.map(|(_, reason)| *reason)
    };
    let (mut found, mut expected) = (0, 0);
    println!("| behaviour | sources found | no address | |\n|---|---|---|---|");
    for (behaviour, row) in table {
        let reason = reason_in(NOT_COVERED, behaviour);
        if reason.is_none() {
            found += row.found;
            expected += row.expected;
        }
        let missed = reason_in(MISSED, behaviour).filter(|_| row.found < row.expected);
        let note = match (reason, missed) {
            (Some(reason), _) => format!("not covered: {reason}"),
            (None, Some(reason)) => format!("missed: {reason}"),
            (None, None) => String::new(),
        };
        println!(
            "| {behaviour} | {} of {} | {} | {note} |",
            row.found, row.expected, row.no_address
        );
    }
    let share = share(found, expected);
    println!("| **covered** | **{found} of {expected} = {share:.1} %** | | |");
    println!("| sources named that no case names | {extra} | | |");
    println!("| lines unread | {unread} of {lines} | | |");
}

/// Prints what is found in recordings in which little happens.
pub fn background(folder: &Path) -> Result<()> {
    let looker = Looker::new()?;
    println!(
        "| recording | lines | critical | high | medium | low | high and worse per 100,000 |\n|---|---|---|---|---|---|---|"
    );
    let mut files: Vec<_> = fs::read_dir(folder.join("background"))?
        .map(|entry| entry.map(|entry| entry.path()))
        .collect::<Result<_, _>>()?;
    files.sort();
    for path in files {
        let bytes = fs::read(&path).with_context(|| format!("cannot read {}", path.display()))?;
        let text = String::from_utf8_lossy(&bytes);
        let looked = looker.look(&text.lines().collect::<Vec<_>>());
        let of = |severity| {
            looked
                .findings
                .iter()
                .filter(|finding| finding.severity == severity)
                .count()
        };
        let bad = of(Severity::Critical) + of(Severity::High);
        println!(
            "| {} | {} | {} | {} | {} | {} | {:.1} |",
            path.file_name().unwrap_or_default().to_string_lossy(),
            looked.lines,
            of(Severity::Critical),
            of(Severity::High),
            of(Severity::Medium),
            of(Severity::Low),
            share(bad, looked.lines) * 1_000.0,
        );
    }
    Ok(())
}

fn share(part: usize, whole: usize) -> f64 {
    let of = |count: usize| f64::from(u32::try_from(count).unwrap_or(u32::MAX));
    of(part) * 100.0 / of(whole.max(1))
}

fn word<'v>(value: &'v Value, key: &str) -> &'v str {
    value.get(key).and_then(Value::as_str).unwrap_or("")
}

fn texts<'v>(value: &'v Value, key: &str) -> Vec<&'v str> {
    let list = value.get(key).and_then(Value::as_array);
    list.into_iter()
        .flatten()
        .filter_map(Value::as_str)
        .collect()
}
