//! The Sigma engine against rules that others wrote, and its cost with many rules.
//!
//! The rules are not part of the project; where they are absent the first test says so and passes.

#![expect(
    clippy::unwrap_used,
    clippy::disallowed_methods,
    clippy::disallowed_types,
    reason = "a test reads files, measures time, prints and fails by panicking"
)]

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Instant;

use larum_core::detect::sigma::{RuleSet, Scratch};
use larum_core::event::{Action, Direction, Event, Kind, Protocol};
use larum_core::time::Timestamp;

fn rules_under(folder: &Path, found: &mut Vec<(String, String)>) {
    let Ok(entries) = std::fs::read_dir(folder) else {
        return;
    };
    let mut paths: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    for path in paths {
        if path.is_dir() {
            rules_under(&path, found);
        } else if path.extension().is_some_and(|ending| ending == "yml") {
            let name = path.file_name().unwrap().to_string_lossy().into_owned();
            found.push((name, std::fs::read_to_string(&path).unwrap()));
        }
    }
}

#[test]
fn rules_of_others_load_or_say_why_not() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/corpus/attack/sigma");
    let mut files = Vec::new();
    rules_under(&folder, &mut files);
    if files.is_empty() {
        println!("skipped: no rules next to the repository");
        return;
    }
    let (rules, skipped) = RuleSet::compile(&files);
    let mut reasons = BTreeMap::new();
    for skipped in &skipped {
        println!("{skipped}");
        assert!(!skipped.detail.is_empty(), "{skipped:?}");
        *reasons.entry(skipped.reason).or_insert(0) += 1;
    }
    println!("{} loaded, skipped {reasons:?}", rules.len());
    assert_eq!(rules.len() + skipped.len(), files.len());
    assert!(
        rules.len() * 2 > files.len(),
        "most rules for our devices load"
    );
}

/// `count` rules of the kinds people write, none of which matches ordinary events.
fn invented(count: usize) -> RuleSet {
    let files: Vec<(String, String)> = (0..count)
        .map(|number| {
            let detection = match number % 5 {
                0 => format!("    cs-uri|contains: ['/plugin{number}/run.php', '/panel{number}x']"),
                1 => format!("    c-useragent|contains: ['grabber{number}', 'probe-{number}/']"),
                2 => format!("    cs-uri-stem|endswith: '/door{number}.jsp'\n    cs-method: POST"),
                3 => format!("    cs-uri|re: 'exploit{number}=[a-z]+[0-9]{{3}}'"),
                _ => format!(
                    "    cs-uri|contains|all: ['id={number}', 'cmd{number}']\n    sc-status: 200"
                ),
            };
            let text = format!(
                "title: t{number}\nid: r{number}\nlogsource:\n  category: webserver\n\
                 detection:\n  s:\n{detection}\n  condition: s\n"
            );
            (format!("r{number}.yml"), text)
        })
        .collect();
    let (rules, skipped) = RuleSet::compile(&files);
    assert!(skipped.is_empty(), "{skipped:?}");
    rules
}

fn ordinary() -> Vec<Event<'static>> {
    let mut web = Event::new(Timestamp::default(), "nginx-access", Kind::Http);
    web.src_ip = Some("198.51.100.7".parse().unwrap());
    web.http_method = Some(Cow::Borrowed("GET"));
    web.http_status = Some(200);
    web.url = Some(Cow::Borrowed("/shop/product.php?id=1042&colour=blue"));
    web.user_agent = Some(Cow::Borrowed(
        "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Safari/537.36",
    ));
    let mut firewall = Event::new(Timestamp::default(), "fortigate", Kind::Network);
    firewall.src_ip = Some("10.0.0.7".parse().unwrap());
    firewall.dst_ip = Some("203.0.113.9".parse().unwrap());
    firewall.dst_port = Some(443);
    firewall.proto = Some(Protocol::TCP);
    firewall.direction = Some(Direction::Outbound);
    firewall.action = Some(Action::Allow);
    vec![web, firewall]
}

fn nanoseconds(rules: &RuleSet, event: &Event<'_>) -> f64 {
    let rounds: u32 = if cfg!(debug_assertions) {
        2_000
    } else {
        400_000
    };
    let (mut scratch, mut out) = (Scratch::default(), Vec::new());
    rules.matches(event, &mut scratch, &mut out);
    assert_eq!(out, []);
    // The best of a few runs: other programs only ever make it slower.
    (0..5)
        .map(|_| {
            let start = Instant::now();
            for _ in 0..rounds {
                rules.matches(std::hint::black_box(event), &mut scratch, &mut out);
            }
            start.elapsed().as_secs_f64() * 1e9 / f64::from(rounds)
        })
        .fold(f64::INFINITY, f64::min)
}

#[test]
fn a_hundred_times_the_rules_costs_little_more() {
    let (few, many) = (invented(30), invented(3_000));
    let built_in = RuleSet::built_in().unwrap();
    for event in ordinary() {
        let (few, many) = (nanoseconds(&few, &event), nanoseconds(&many, &event));
        let own = nanoseconds(&built_in, &event);
        println!(
            "{}: {few:.0} ns with 30 rules, {many:.0} ns with 3,000 ({:.1} times), {own:.0} ns with the {} built in",
            event.kind,
            many / few,
            built_in.len()
        );
        assert!(
            many < few.max(50.0) * 12.0,
            "cost grows with the number of rules"
        );
    }
}
