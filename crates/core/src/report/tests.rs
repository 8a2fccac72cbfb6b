//! What the report says, and in which order.

use super::*;
use crate::finding::{AttackOutcome, Category, Evidence, FindingId};

fn words() -> Words {
    Words::of("en").unwrap()
}

fn finding(source: &str, severity: Severity, detector: &str, key: &str) -> Finding {
    Finding {
        id: FindingId::of(&[source.as_bytes(), detector.as_bytes()]),
        story: FindingId::of(&[source.as_bytes(), detector.as_bytes()]),
        detector: detector.into(),
        title: format!("{source} did {detector}"),
        category: Category::BruteForce,
        attack: Vec::new(),
        severity,
        confidence: 90,
        outcome: AttackOutcome::Attempt,
        first: Timestamp::from_seconds(1_700_000_000),
        last: Timestamp::from_seconds(1_700_003_600),
        sources: source.parse().into_iter().collect(),
        dst_ip: None,
        dst_port: None,
        proto: None,
        key: key.to_owned(),
        count: 10,
        evidence: vec![("users", Evidence::List(vec!["root".into(), "admin".into()]))],
        advice: "Do something.".to_owned(),
    }
}

fn tally() -> Tally {
    Tally {
        files: 1,
        records: 1_234,
        events: 1_200,
        rejects: [0, 0, 0, 34, 0, 0, 0],
        outside_window: 0,
        span: Some((
            Timestamp::from_seconds(1_700_000_000),
            Timestamp::from_seconds(1_700_090_000),
        )),
        offset_seconds: 3_600,
    }
}

#[test]
fn worst_first_same_things_together_noise_in_one_line() {
    let mut findings = [
        finding("192.0.2.1", Severity::Medium, "login-guessing", "tcp/22"),
        finding("192.0.2.2", Severity::Medium, "login-guessing", "tcp/22"),
        finding(
            "192.0.2.2",
            Severity::Critical,
            "login-after-guessing",
            "tcp/22",
        ),
        finding("192.0.2.3", Severity::Low, "port-scan", "scan/port-scan"),
    ];
    findings[2].outcome = AttackOutcome::Success;
    let report = Report::new(&findings, &tally(), &words(), Detail::Page);
    let headings: Vec<_> = report
        .stories
        .iter()
        .map(|told| told.heading.as_str())
        .collect();
    assert_eq!(
        headings,
        [
            "192.0.2.2 did login-after-guessing",
            "2 addresses tried to guess passwords for remote log-in (SSH)",
        ]
    );
    assert_eq!(report.level, Some(Severity::Critical));
    assert_eq!(report.verdict, "Act now: somebody seems to have got in.");
    assert!(report.background.unwrap().contains("one stranger"));
    assert_eq!(
        report.about,
        "1,234 records from 1 file, 2023-11-14 23:13 to 2023-11-16 00:13 (+01:00)"
    );
    assert_eq!(
        report.unread,
        [
            "34 of 1,234 records told us nothing about attacks:",
            "34 are in a format we do not know yet",
        ]
    );
    assert_eq!(report.timeline.len(), 2);
}

#[test]
fn nothing_read_is_never_called_safe() {
    let mut unread = tally();
    unread.events = 0;
    unread.rejects = [0, 0, 0, 1_234, 0, 0, 0];
    let report = Report::new(&[], &unread, &words(), Detail::Page);
    assert!(report.verdict.contains("cannot say"), "{}", report.verdict);
    let empty = Report::new(&[], &Tally::default(), &words(), Detail::Page);
    assert_eq!(empty.verdict, "There is nothing in there to look at.");
}

#[test]
fn every_reason_has_its_words() {
    let words = words();
    for reason in Reject::ALL {
        assert!(words.has(&format!("scan-unread-{reason}")), "{reason}");
    }
}

#[test]
fn numbers_are_grouped() {
    for (number, text) in [
        (0, "0"),
        (999, "999"),
        (1_000, "1,000"),
        (1_234_567, "1,234,567"),
    ] {
        assert_eq!(grouped(number), text);
    }
}

#[test]
fn a_step_on_the_same_device_is_said_once() {
    let mut findings = [
        finding("192.0.2.2", Severity::High, "login-guessing", "tcp/22"),
        finding("192.0.2.2", Severity::High, "port-scan", "scan/port-scan"),
    ];
    findings[0].advice = "Change it. On the box: clear A, and B.".to_owned();
    findings[1].advice = "Close it. Tell us. On the box: clear A, and B.".to_owned();
    findings[1].story = findings[0].story;
    let report = Report::new(&findings, &tally(), &words(), Detail::Page);
    let advice: Vec<&str> = report.stories[0]
        .rows
        .iter()
        .map(|(_, text)| text.as_str())
        .filter(|text| text.contains(" it."))
        .collect();
    assert_eq!(advice, [findings[1].advice.as_str(), "Change it."]);
}

#[test]
fn different_things_that_one_attacker_did_are_one_story_told_step_by_step() {
    let mut findings = [
        finding("192.0.2.2", Severity::Low, "port-scan", "scan/port-scan"),
        finding("192.0.2.2", Severity::Medium, "login-guessing", "tcp/22"),
        finding(
            "192.0.2.2",
            Severity::Critical,
            "login-after-guessing",
            "tcp/22",
        ),
        finding("192.0.2.3", Severity::Low, "web-probing", "web/probing"),
    ];
    for (finding, minutes) in findings.iter_mut().zip([0, 10, 20, 30]) {
        finding.first = finding.first.plus_seconds(minutes * 60);
        finding.advice = format!("Advice about {}.", finding.detector);
    }
    for index in [1, 2] {
        findings[index].story = findings[0].story;
    }
    let report = Report::new(&findings, &tally(), &words(), Detail::Page);
    let [told] = report.stories.as_slice() else {
        panic!("{:?}", report.stories);
    };
    assert_eq!(told.heading, "192.0.2.2 did login-after-guessing");
    let rows: Vec<(&str, &str)> = told
        .rows
        .iter()
        .map(|(label, text)| (label.as_str(), text.as_str()))
        .collect();
    let how = "10 times; names tried: root, admin";
    assert_eq!(
        rows,
        [
            ("When", "2023-11-14 23:13 to 2023-11-15 00:13"),
            (
                "Step by step",
                format!("23:13 did port-scan: {how}").as_str()
            ),
            ("", format!("23:23 did login-guessing: {how}").as_str()),
            (
                "",
                "23:33 did login-after-guessing: 10 times; account: root, admin"
            ),
            ("Did it work", "Nothing shows that it did."),
            ("Do this", "Advice about login-after-guessing."),
            ("And this", "Advice about login-guessing."),
        ]
    );
    // The other is noise.
    assert!(report.background.unwrap().contains("one stranger"));
    assert_eq!(
        report.most_tried,
        Some("Tried most: remote log-in (SSH) (20), your website (10).".to_owned())
    );
}

#[test]
fn what_an_intruder_does_inside_is_told_with_how_he_came_in() {
    let mut findings = [
        finding(
            "192.0.2.2",
            Severity::Critical,
            "login-after-guessing",
            "tcp/22",
        ),
        finding("10.0.0.9", Severity::Medium, "outflow", "flow/outflow"),
        finding("192.0.2.3", Severity::Medium, "login-guessing", "tcp/21"),
    ];
    findings[0].outcome = AttackOutcome::Success;
    findings[1].category = Category::Exfiltration;
    findings[1].outcome = AttackOutcome::Unknown;
    findings[1].evidence = vec![("bytes_out", Evidence::Number(3_031_720_110.0))];
    let tell = |findings: &[Finding]| {
        let report = Report::new(findings, &tally(), &words(), Detail::Page);
        let told = report
            .stories
            .into_iter()
            .find(|told| told.heading.contains("outflow"));
        let told = told.unwrap();
        let row = |label: &str| told.rows.iter().find(|(known, _)| known == label).cloned();
        (told.severity, row("Goes with"), row("When").unwrap().1)
    };
    for (hours, is_sequel) in [(1, true), (23, true), (25, false), (-1, false)] {
        findings[1].first = findings[0].last.plus_seconds(hours * 3_600);
        let (severity, goes_with, how) = tell(&findings);
        assert_eq!(severity == Severity::High, is_sequel, "{hours}");
        let goes_with = goes_with.is_some_and(|(_, text)| text.contains("under 1,"));
        assert_eq!(goes_with, is_sequel, "{hours}");
        assert!(how.ends_with(": 10 times; 3.0 GB sent"), "{how}");
    }
    findings[0].outcome = AttackOutcome::Unknown;
    findings[1].first = findings[0].last;
    assert_eq!(tell(&findings).0, Severity::Medium);
}

#[test]
fn the_verdict_claims_no_more_than_the_worst_story() {
    for (severity, outcome, verdict) in [
        (
            Severity::Critical,
            AttackOutcome::Success,
            "Act now: somebody seems to have got in.",
        ),
        (
            Severity::Critical,
            AttackOutcome::Unknown,
            "Something here needs action now.",
        ),
        (
            Severity::Critical,
            AttackOutcome::Blocked,
            "Something here needs action now.",
        ),
        (
            Severity::High,
            AttackOutcome::Unknown,
            "Something here needs action today.",
        ),
        (
            Severity::Medium,
            AttackOutcome::Unknown,
            "There is something to look at this week. These records cannot tell what came of it.",
        ),
        (
            Severity::Medium,
            AttackOutcome::Attempt,
            "You were attacked. Nothing shows that it worked.",
        ),
    ] {
        let mut one = finding("192.0.2.1", severity, "device-alert", "ids/alert");
        one.outcome = outcome;
        assert_eq!(
            Report::new(&[one], &tally(), &words(), Detail::Page).verdict,
            verdict
        );
    }
}

#[test]
fn what_may_have_worked_comes_before_what_was_kept_out_and_no_advice_twice() {
    let mut findings = [
        finding("192.0.2.1", Severity::Medium, "a", "a"),
        finding("192.0.2.2", Severity::Medium, "b", "b"),
        finding("192.0.2.3", Severity::Medium, "c", "c"),
    ];
    let outcomes = [
        AttackOutcome::Blocked,
        AttackOutcome::Attempt,
        AttackOutcome::Unknown,
    ];
    for (finding, outcome) in findings.iter_mut().zip(outcomes) {
        finding.outcome = outcome;
    }
    findings[0].advice = "Do another thing.".to_owned();
    findings[2].advice = "Do something. And more.".to_owned();
    let report = Report::new(&findings, &tally(), &words(), Detail::Page);
    let told: Vec<_> = report
        .stories
        .iter()
        .map(|told| (told.heading.as_str(), told.rows.last().unwrap().1.as_str()))
        .collect();
    assert_eq!(
        told,
        [
            ("192.0.2.3 did c", "Do something. And more."),
            ("192.0.2.2 did b", "As under 1."),
            ("192.0.2.1 did a", "Do another thing."),
        ]
    );
}

#[test]
fn what_a_rule_saw_of_the_same_events_is_neither_told_nor_counted_again() {
    let mut findings = [
        finding(
            "192.0.2.1",
            Severity::Medium,
            "login-guessing",
            "vpn/guessing",
        ),
        finding("192.0.2.1", Severity::Low, "a-rule", "a-rule"),
    ];
    findings[1].story = findings[0].story;
    let report = Report::new(&findings, &tally(), &words(), Detail::Page);
    let rows = &report.stories[0].rows;
    assert!(
        rows.iter().any(|(_, text)| text.contains(": 10 times")),
        "{rows:?}"
    );
    findings[1].count = 11;
    let report = Report::new(&findings, &tally(), &words(), Detail::Page);
    assert!(
        report.stories[0]
            .rows
            .iter()
            .any(|(label, _)| label == "Step by step")
    );
}
