//! Tests of the detectors together.

use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;

use super::sigma::RuleSet;
use super::*;
use crate::event::{Action, Kind, Outcome, Protocol};
use crate::finding::{AttackOutcome, Severity, write_finding};

const START: i64 = 1_700_000_000;

fn settings() -> Settings {
    Settings::new(Arc::new(Words::of("en").unwrap()))
}

pub(super) fn detect() -> Detect {
    Detect::new(settings(), RuleSet::default(), Indicators::default())
}

pub(super) fn with_probes(report_probes: bool) -> Detect {
    let settings = Settings {
        report_probes,
        ..settings()
    };
    Detect::new(settings, RuleSet::default(), Indicators::default())
}

fn event(at: i64, kind: Kind, source: &str) -> Event<'static> {
    let mut event = Event::new(Timestamp::from_seconds(START + at), "test", kind);
    event.src_ip = source.parse().ok();
    event
}

pub(super) fn login(at: i64, source: &str, user: &str, worked: bool) -> Event<'static> {
    let mut event = event(at, Kind::Auth, source);
    event.app_proto = Some("ssh".into());
    event.user = Some(user.to_owned().into());
    event.outcome = Some(if worked {
        Outcome::Success
    } else {
        Outcome::Failure
    });
    event
}

pub(super) fn refused(at: i64, source: &str, port: u16) -> Event<'static> {
    let mut event = event(at, Kind::Network, source);
    event.dst_ip = "198.51.100.1".parse().ok();
    event.dst_port = Some(port);
    event.proto = Some(Protocol::TCP);
    event.action = Some(Action::Deny);
    event
}

pub(super) fn run(detect: &mut Detect, events: &[Event<'_>]) -> Vec<Signal> {
    let mut out = Vec::new();
    for event in events {
        detect.observe(event, &mut out);
    }
    detect.finish(&mut out);
    out
}

pub(super) fn closed(signals: &[Signal]) -> Vec<&Finding> {
    let closed = signals.iter().filter_map(|signal| match signal {
        Signal::Closed(finding) => Some(finding),
        Signal::Opened(_) => None,
    });
    closed.collect()
}

#[test]
fn a_long_attack_is_one_finding_opened_once_and_closed_with_final_counts() {
    let events: Vec<_> = (0..500)
        .map(|n| {
            login(
                n * 20,
                "192.0.2.9",
                ["root", "admin"][usize::try_from(n % 2).unwrap()],
                false,
            )
        })
        .collect();
    let signals = run(&mut detect(), &events);
    assert_eq!(signals.len(), 2);
    let (Signal::Opened(opened), Signal::Closed(closed)) = (&signals[0], &signals[1]) else {
        panic!("{signals:?}");
    };
    assert_eq!(opened.id, closed.id);
    assert_eq!(closed.count, 500);
    assert_eq!(closed.severity, Severity::Medium);
    assert_eq!(closed.outcome, AttackOutcome::Attempt);
    assert_eq!(closed.key, "tcp/22");
    assert_eq!(closed.dst_port, Some(22));
    assert_eq!(closed.first, Timestamp::from_seconds(START));
    assert_eq!(closed.last, Timestamp::from_seconds(START + 499 * 20));
    assert_eq!(
        closed.title,
        "192.0.2.9 tried to guess a password for remote log-in (SSH)"
    );
}

#[test]
fn a_log_in_after_guessing_is_critical_and_one_after_a_typo_is_nothing() {
    let mut events: Vec<_> = (0..40)
        .map(|n| login(n, "192.0.2.9", "root", false))
        .collect();
    events.push(login(41, "192.0.2.9", "root", true));
    events.extend((0..2).map(|n| login(50 + n, "192.0.2.77", "ann", false)));
    events.push(login(55, "192.0.2.77", "ann", true));
    let signals = run(&mut detect(), &events);
    let found: Vec<_> = closed(&signals)
        .iter()
        .map(|finding| {
            (
                finding.detector.to_string(),
                finding.severity,
                finding.outcome,
            )
        })
        .collect();
    assert_eq!(
        found,
        [
            (
                "login-guessing".to_owned(),
                Severity::Medium,
                AttackOutcome::Success
            ),
            (
                "login-after-guessing".to_owned(),
                Severity::Critical,
                AttackOutcome::Success
            ),
        ]
    );
}

#[test]
fn what_one_attacker_does_within_a_day_is_one_story() {
    let day = 86_400;
    let mut events: Vec<_> = (0..10_u16)
        .map(|n| refused(i64::from(n), "192.0.2.9", 1_000 + n))
        .collect();
    events.extend((0..10).map(|n| login(600 + n, "192.0.2.9", "root", false)));
    events.extend((0..10).map(|n| login(600 + n, "192.0.2.77", "root", false)));
    // The scan and the guessing are over; he comes back in the evening, and again much later.
    events.extend((0..10).map(|n| login(day / 2 + n, "192.0.2.9", "ann", false)));
    events.extend((0..10).map(|n| login(3 * day + n, "192.0.2.9", "bob", false)));
    let signals = run(&mut detect(), &events);
    let mut found: Vec<_> = closed(&signals)
        .iter()
        .map(|one| (one.first, one.sources.clone(), one.id, one.story))
        .collect();
    found.sort();
    let [scan, ours, other, evening, later] = found.as_slice() else {
        panic!("{found:?}");
    };
    assert_eq!(scan.3, scan.2);
    let (ours, other) = if ours.1 == scan.1 {
        (ours, other)
    } else {
        (other, ours)
    };
    assert_eq!((ours.3, evening.3), (scan.2, scan.2));
    assert_eq!(other.3, other.2);
    assert_eq!(later.3, later.2);
}

#[test]
fn what_is_ours_and_who_is_known_to_mean_no_harm_is_kept_and_explained_but_alarms_nobody() {
    let guessing = |source: &str| -> Vec<Event<'static>> {
        let failed = (0..30).map(|n| login(n, source, "root", false));
        failed.chain([login(31, source, "root", true)]).collect()
    };
    let mut settings = settings();
    let ours = ("192.0.2.9".parse().unwrap(), "our monitoring".to_owned());
    settings.marks.add_ours([ours]);
    let mut detect = Detect::new(settings, RuleSet::default(), Indicators::default());
    let mut events = guessing("192.0.2.9");
    events.extend((0..9_u16).map(|n| refused(i64::from(n), "162.142.125.9", 1_000 + n)));
    events.extend(guessing("162.142.125.10"));
    let signals = run(&mut detect, &events);
    let mut found: Vec<_> = closed(&signals)
        .iter()
        .map(|one| {
            let why = one.evidence.first().map(|(name, _)| *name);
            (one.sources[0].to_string(), one.severity, why)
        })
        .collect();
    found.sort();
    let stranger = "162.142.125.10".to_owned();
    assert_eq!(
        found,
        [
            (stranger.clone(), Severity::Medium, Some("users")),
            (stranger, Severity::Critical, Some("users")),
            (
                "162.142.125.9".to_owned(),
                Severity::Info,
                Some("known_scanner")
            ),
            ("192.0.2.9".to_owned(), Severity::Info, Some("ours")),
            ("192.0.2.9".to_owned(), Severity::Info, Some("ours")),
        ]
    );
    let ours = closed(&signals)
        .into_iter()
        .find(|one| one.sources[0].to_string() == "192.0.2.9");
    assert!(ours.unwrap().advice.contains("our monitoring"));
}

#[test]
fn a_blocked_port_scan_is_background_and_carries_its_ports() {
    let events: Vec<_> = (0..30_u16)
        .map(|n| refused(i64::from(n), "192.0.2.9", 1_000 + n))
        .collect();
    let signals = run(&mut detect(), &events);
    let finding = closed(&signals)[0];
    assert_eq!(finding.severity, Severity::Low);
    assert_eq!(finding.outcome, AttackOutcome::Blocked);
    assert_eq!(finding.count, 30);
    assert_eq!(finding.first, Timestamp::from_seconds(START));
    assert_eq!(finding.key, "scan/port-scan");
    let mut json = String::new();
    write_finding(finding, &mut json);
    assert!(json.contains("tcp/1000"), "{json}");
}

#[test]
fn quiet_time_ends_a_story_and_the_next_attack_is_a_new_one() {
    let mut detect = detect();
    let mut out = Vec::new();
    for n in 0..10 {
        detect.observe(&login(n, "192.0.2.9", "root", false), &mut out);
    }
    let deadline = detect.next_deadline().unwrap();
    detect.expire(deadline.plus_seconds(-1), &mut out);
    assert_eq!(out.len(), 1);
    detect.expire(deadline.plus_seconds(3 * 3_600), &mut out);
    assert_eq!(out.len(), 2);
    assert_eq!(out[0].finding().id, out[1].finding().id);
    for n in 0..10 {
        detect.observe(&login(90_000 + n, "192.0.2.9", "root", false), &mut out);
    }
    assert_ne!(out[2].finding().id, out[0].finding().id);
}

#[test]
fn late_answers_broadcasts_and_inside_clients_are_no_scans() {
    let mut events = Vec::new();
    for n in 0..40_u16 {
        let mut late = refused(i64::from(n), "192.0.2.9", 40_000 + n);
        late.src_port = Some(443);
        events.push(late);
        let mut broadcast = refused(i64::from(n), "192.0.2.10", 100 + n);
        broadcast.dst_ip = "255.255.255.255".parse().ok();
        events.push(broadcast);
        events.push(refused(i64::from(n), "10.0.0.5", 5_000 + n % 3));
    }
    assert_eq!(run(&mut detect(), &events), []);
}

#[test]
fn probes_are_reported_only_when_asked_for() {
    let events = [refused(0, "192.0.2.9", 445), refused(5, "192.0.2.9", 445)];
    assert_eq!(run(&mut detect(), &events), []);
    let mut asked = settings();
    asked.report_probes = true;
    let mut detect = Detect::new(asked, RuleSet::default(), Indicators::default());
    let signals = run(&mut detect, &events);
    let finding = closed(&signals)[0];
    assert_eq!((finding.key.as_str(), finding.count), ("tcp/445", 2));
    assert_eq!(finding.severity, Severity::Info);
}

#[test]
fn an_indicator_matches_by_direction_and_never_on_the_never_list() {
    let lists = [("list".to_owned(), "192.0.2.0/24\n8.8.8.8\n".to_owned())];
    let indicators = || Indicators::compile(&lists).0;
    let mut outgoing = refused(0, "10.0.0.5", 443);
    outgoing.dst_ip = "192.0.2.66".parse().ok();
    outgoing.action = Some(Action::Allow);
    let mut resolver = outgoing.clone();
    resolver.dst_ip = "8.8.8.8".parse().ok();
    let events = [outgoing, resolver, refused(1, "192.0.2.3", 22)];
    let mut detect = Detect::new(settings(), RuleSet::default(), indicators());
    let signals = run(&mut detect, &events);
    let found: Vec<_> = closed(&signals)
        .iter()
        .map(|finding| (finding.key.clone(), finding.severity))
        .collect();
    assert_eq!(
        found,
        [
            ("192.0.2.66".to_owned(), Severity::High),
            ("192.0.2.3".to_owned(), Severity::Info),
        ]
    );
}

#[test]
fn one_clock_a_year_ahead_does_not_end_the_stories_of_others() {
    let mut events: Vec<_> = (0..10)
        .map(|n| login(n, "192.0.2.9", "root", false))
        .collect();
    events.push(login(31_536_000, "192.0.2.50", "ann", false));
    events.extend((10..20).map(|n| login(n, "192.0.2.9", "root", false)));
    let signals = run(&mut detect(), &events);
    assert_eq!(closed(&signals).len(), 1);
    assert_eq!(closed(&signals)[0].count, 20);
}

#[test]
fn a_device_whose_clock_is_slow_is_not_cut_into_pieces() {
    let mut events = Vec::new();
    for n in 0..100 {
        events.push(login(40_000 + n, "192.0.2.1", "ann", true));
        events.push(login(n, "192.0.2.9", "root", false));
    }
    let signals = run(&mut detect(), &events);
    assert_eq!(closed(&signals).len(), 1);
    assert_eq!(closed(&signals)[0].count, 100);
}

/// Ten million spoofed sources in a release build, fewer in a debug build, which is slow.
const SPOOFED: u32 = if cfg!(debug_assertions) {
    200_000
} else {
    10_000_000
};

#[test]
fn spoofed_sources_neither_push_out_an_attacker_nor_grow_memory() {
    let mut asked = settings();
    asked.report_probes = true;
    let mut detect = Detect::new(asked, RuleSet::default(), Indicators::default());
    let mut out = Vec::new();
    let mut failures = 0;
    let mut event = refused(0, "192.0.2.1", 445);
    let step = SPOOFED / 40;
    for n in 0..SPOOFED {
        let spread = u32::try_from(hash::mix(u64::from(n)) & 0x3FFF_FFFF).unwrap();
        event.src_ip = Some(IpAddr::V4(Ipv4Addr::from_bits(0x4000_0000 | spread)));
        detect.observe(&event, &mut out);
        if n % step == 0 {
            detect.observe(&login(failures * 60, "192.0.2.9", "root", false), &mut out);
            failures += 1;
        }
    }
    let pressure = detect.pressure();
    assert!(pressure.sources <= MAX_ROWS);
    assert!(pressure.stories <= MAX_STORIES);
    assert!(out.len() <= 2 * MAX_STORIES, "{}", out.len());
    assert!(
        out.iter()
            .any(|signal| &*signal.finding().detector == "login-guessing"),
        "the guesser was forgotten: {pressure:?}"
    );
}

#[test]
fn every_message_the_detectors_use_is_in_the_catalogue() {
    let words = Words::of("en").unwrap();
    for name in story::What::NATIVE
        .iter()
        .flat_map(|what| what.telling().messages)
    {
        for part in ["title", "advice"] {
            let id = format!("detect-{name}-{part}");
            assert!(words.has(&id), "{id}");
        }
    }
}

pub(super) fn request(at: i64, source: &str, url: &str, status: u16) -> Event<'static> {
    let mut event = event(at, Kind::Http, source);
    event.http_method = Some("GET".into());
    event.url = Some(url.to_owned().into());
    event.http_status = Some(status);
    event
}

#[test]
fn web_attacks_are_one_story_whose_severity_follows_the_answers() {
    let attack = |status| {
        [
            request(
                0,
                "192.0.2.9",
                "/cgi-bin/.%2e/.%2e/.%2e/.%2e/bin/sh",
                status,
            ),
            request(
                1,
                "192.0.2.9",
                "/?q=1'+UNION+SELECT+user,password+FROM+users--+",
                404,
            ),
        ]
    };
    let blocked = run(&mut detect(), &attack(404));
    let answered = run(&mut detect(), &attack(200));
    let summary = |signals: &[Signal]| {
        closed(signals)
            .iter()
            .map(|finding| {
                (
                    finding.detector.to_string(),
                    finding.severity,
                    finding.outcome,
                    finding.count,
                )
            })
            .collect::<Vec<_>>()
    };
    assert_eq!(
        summary(&blocked),
        [(
            "web-attack".to_owned(),
            Severity::Low,
            AttackOutcome::Blocked,
            2
        ),]
    );
    assert_eq!(
        summary(&answered),
        [(
            "web-attack".to_owned(),
            Severity::High,
            AttackOutcome::Unknown,
            2
        ),]
    );
    assert!(closed(&blocked)[0].key.starts_with("web/"));
}

#[test]
fn what_an_attack_was_answered_with_is_compared_with_what_everybody_gets() {
    let sized = |at: i64, source: &str, url: &str, bytes: u64| {
        let mut event = request(at, source, url, 200);
        event.dst_bytes = Some(bytes);
        event
    };
    let severity = |bytes: u64| {
        let mut events: Vec<_> = (0..20)
            .map(|n| sized(n, "192.0.2.1", "/shop?page=2", 8_000))
            .collect();
        let attack = "/shop?page=1'+UNION+SELECT+user,password+FROM+users--+";
        events.push(sized(30, "192.0.2.9", attack, bytes));
        let signals = run(&mut detect(), &events);
        closed(&signals)[0].severity
    };
    assert_eq!(severity(8_010), Severity::Medium);
    assert_eq!(severity(64_000), Severity::High);
}

#[test]
fn probing_a_website_is_background_and_browsing_it_is_nothing() {
    let mut events: Vec<_> = (0..40)
        .map(|n| request(n / 4, "192.0.2.9", &format!("/old/page{n}.php"), 404))
        .collect();
    events
        .extend((0..40).map(|n| request(n, "192.0.2.10", &format!("/shop/{n}?q=red+shoes"), 200)));
    events.extend((0..40).map(|n| request(n, "192.0.2.11", &format!("/img/{n}.png"), 404)));
    let signals = run(&mut detect(), &events);
    let found: Vec<_> = closed(&signals)
        .iter()
        .map(|finding| (finding.detector.to_string(), finding.severity))
        .collect();
    assert_eq!(found, [("web-probing".to_owned(), Severity::Low)]);
}

#[test]
fn an_answer_to_a_question_for_a_name_belongs_to_who_asked() {
    let mut detect = detect();
    let mut out = Vec::new();
    for n in 0..40_i64 {
        let name = hash::mix(n.cast_unsigned());
        let label: String = (0..14)
            .map(|at| char::from(b'a' + u8::try_from((name >> (at * 4)) % 26).unwrap()))
            .collect();
        let mut event = event(n * 5, Kind::Dns, "10.0.0.1");
        event.src_port = Some(53);
        event.dst_ip = "10.0.0.7".parse().ok();
        event.dst_port = Some(50_000);
        event.dns_query = Some(format!("{label}.example").into());
        event.dns_type = Some("A".into());
        event.dns_rcode = Some("NXDOMAIN".into());
        detect.observe(&event, &mut out);
    }
    let [Signal::Opened(finding)] = out.as_slice() else {
        panic!("{out:?}");
    };
    assert_eq!(&*finding.detector, "generated-domain");
    assert_eq!(finding.sources, ["10.0.0.7".parse::<IpAddr>().unwrap()]);
    // What leaves the firm is no name of anything inside it.
    assert_eq!(finding.key, "generated-domain");
}
