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

fn detect() -> Detect {
    Detect::new(settings(), RuleSet::default(), Indicators::default())
}

fn event(at: i64, kind: Kind, source: &str) -> Event<'static> {
    let mut event = Event::new(Timestamp::from_seconds(START + at), "test", kind);
    event.src_ip = source.parse().ok();
    event
}

fn login(at: i64, source: &str, user: &str, worked: bool) -> Event<'static> {
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

fn refused(at: i64, source: &str, port: u16) -> Event<'static> {
    let mut event = event(at, Kind::Network, source);
    event.dst_ip = "198.51.100.1".parse().ok();
    event.dst_port = Some(port);
    event.proto = Some(Protocol::TCP);
    event.action = Some(Action::Deny);
    event
}

fn run(detect: &mut Detect, events: &[Event<'_>]) -> Vec<Signal> {
    let mut out = Vec::new();
    for event in events {
        detect.observe(event, &mut out);
    }
    detect.finish(&mut out);
    out
}

fn closed(signals: &[Signal]) -> Vec<&Finding> {
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
    settings.marks = Arc::new(Marks::new([(
        "192.0.2.9".parse().unwrap(),
        "our monitoring".to_owned(),
    )]));
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
    for name in story::What::all()
        .iter()
        .flat_map(|what| what.telling().messages)
    {
        for part in ["title", "advice"] {
            let id = format!("detect-{name}-{part}");
            assert!(words.has(&id), "{id}");
        }
    }
}

fn request(at: i64, source: &str, url: &str, status: u16) -> Event<'static> {
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

/// The findings of these events as detector, severity, outcome and number of sources.
fn said(events: &[Event<'_>]) -> Vec<(String, Severity, AttackOutcome, usize)> {
    let signals = run(&mut detect(), events);
    let told = closed(&signals).into_iter().map(|finding| {
        (
            finding.detector.to_string(),
            finding.severity,
            finding.outcome,
            finding.sources.len(),
        )
    });
    told.collect()
}

/// A log-in at the mail boxes, which are quieter than SSH.
fn mail_login(at: i64, source: &str, user: &str, worked: bool) -> Event<'static> {
    let mut event = login(at, source, user, worked);
    event.app_proto = Some("imap".into());
    event
}

#[test]
fn many_quiet_sources_with_many_names_are_one_story_of_spraying() {
    let mut events: Vec<_> = (0..90)
        .map(|n| {
            let source = format!("203.0.113.{}", n % 40 + 1);
            mail_login(n * 20, &source, &format!("person{}", n % 12), false)
        })
        .collect();
    let attempt = |severity, outcome| [("login-spraying".to_owned(), severity, outcome, 40)];
    assert_eq!(
        said(&events),
        attempt(Severity::Medium, AttackOutcome::Attempt)
    );
    // One of them gets in as somebody it did not fail for; a person who mistyped does not count.
    events.push(mail_login(1_900, "203.0.113.4", "person1", true));
    events.push(mail_login(1_901, "192.0.2.77", "ann", false));
    events.push(mail_login(1_905, "192.0.2.77", "ann", true));
    let after = (
        "login-after-guessing".to_owned(),
        Severity::High,
        AttackOutcome::Success,
        1,
    );
    let mut expected = attempt(Severity::Medium, AttackOutcome::Success).to_vec();
    expected[0].3 = 41;
    expected.push(after);
    assert_eq!(said(&events), expected);
}

#[test]
fn a_list_of_mail_addresses_each_tried_once_is_stuffing() {
    let events: Vec<_> = (0..80)
        .map(|n| {
            let source = format!("198.51.100.{}", n % 40 + 1);
            mail_login(
                n * 15,
                &source,
                &format!("p{n}@shop{}.example.org", n % 9),
                false,
            )
        })
        .collect();
    let found = said(&events);
    assert_eq!(found.len(), 1, "{found:?}");
    assert_eq!(found[0].0, "login-stuffing");
}

#[test]
fn one_account_guessed_from_everywhere_is_one_story_and_a_roaming_phone_is_none() {
    let from = |networks: i64| -> Vec<Event<'static>> {
        (0..30)
            .map(|n| {
                let network = n % networks;
                let source = format!("{}.{network}.0.{}", 20 + network, n + 1);
                mail_login(n * 1_200, &source, "ann@example.org", false)
            })
            .collect()
    };
    assert_eq!(said(&from(3)), []);
    let mut events = from(15);
    let found = said(&events);
    assert_eq!(found.len(), 1, "{found:?}");
    assert_eq!(found[0].0, "login-shared-guessing");
    assert_eq!(found[0].1, Severity::Medium);
    events.push(mail_login(30 * 1_200, "20.0.0.1", "ann@example.org", true));
    let found = said(&events);
    assert_eq!(found.last().unwrap().0, "login-after-guessing");
    assert_eq!(found.last().unwrap().1, Severity::High);
}

#[test]
fn a_log_in_after_its_neighbours_guessed_is_high() {
    let mut events: Vec<_> = (0..6)
        .map(|n| login(n * 60, &format!("192.0.2.{}", n + 1), "carol", false))
        .collect();
    events.push(login(400, "192.0.2.99", "carol", true));
    assert_eq!(
        said(&events),
        [(
            "login-after-guessing".to_owned(),
            Severity::High,
            AttackOutcome::Success,
            1
        )]
    );
    // Inside they are colleagues.
    let inside: Vec<_> = events
        .iter()
        .map(|event| {
            let mut event = event.clone();
            let IpAddr::V4(ip) = event.src_ip.unwrap() else {
                panic!("all are IPv4");
            };
            event.src_ip = Some(IpAddr::V4(Ipv4Addr::new(10, 0, 0, ip.octets()[3])));
            event
        })
        .collect();
    assert_eq!(said(&inside), []);
}

#[test]
fn a_phone_with_an_old_password_is_told_as_that() {
    let events: Vec<_> = (0..100)
        .map(|n| mail_login(n * 300, "192.0.2.9", "ann", false))
        .collect();
    let found = said(&events);
    assert_eq!(found.len(), 1, "{found:?}");
    assert_eq!(
        (found[0].0.as_str(), found[0].1),
        ("old-password", Severity::Info)
    );
}

#[test]
fn an_office_behind_one_address_is_no_attack() {
    let names = ["ann", "bob", "cy", "dan", "eve"];
    let mut events = Vec::new();
    for n in 0..60_i64 {
        let name = names[usize::try_from(n % 5).unwrap()];
        // Everybody mistypes now and then, and gets in.
        events.push(mail_login(
            n * 600,
            "192.0.2.9",
            name,
            n % 5 == 0 || n % 3 > 0,
        ));
    }
    assert_eq!(said(&events), []);
}

#[test]
fn addresses_of_one_network_of_ipv6_are_all_named() {
    let events: Vec<_> = (0..30)
        .map(|n| login(n, &format!("2001:db8::{}", n % 3), "root", false))
        .collect();
    let found = said(&events);
    assert_eq!(found.len(), 1, "{found:?}");
    assert_eq!(found[0].3, 3);
}

fn post(at: i64, source: &str, url: &str, status: u16) -> Event<'static> {
    let mut event = request(at, source, url, status);
    event.http_method = Some("POST".into());
    event
}

#[test]
fn log_in_pages_are_guessed_at_and_let_in() {
    let mut events: Vec<_> = (0..30)
        .map(|n| post(n * 3, "192.0.2.9", "/wp-login.php", 200))
        .collect();
    events.push(post(100, "192.0.2.9", "/wp-login.php", 302));
    events.push(post(101, "192.0.2.10", "/shop/login", 200));
    events.push(post(102, "192.0.2.10", "/shop/login", 302));
    let found = said(&events);
    let found: Vec<_> = found.iter().map(|told| (told.0.as_str(), told.1)).collect();
    assert_eq!(
        found,
        [
            ("login-guessing", Severity::Medium),
            ("login-after-guessing", Severity::High)
        ]
    );
}

#[test]
fn who_was_asked_for_a_password_and_gave_a_name_failed_to_log_in() {
    let events: Vec<_> = (0..10)
        .map(|n| {
            let mut event = request(n, "192.0.2.9", "/private/", 401);
            event.user = Some(format!("person{n}").into());
            event
        })
        .collect();
    let found = said(&events);
    assert_eq!(found[0].0, "login-guessing");
    assert_eq!(found[0].1, Severity::Medium);
}

#[test]
fn tools_crawlers_and_proxy_seekers_are_told_once_and_quietly() {
    let mut events = Vec::new();
    for n in 0..60 {
        events.push(request(n / 10, "192.0.2.20", &format!("/page/{n}"), 200));
    }
    let mut tool = request(10, "192.0.2.21", "/", 200);
    tool.user_agent = Some("Mozilla/5.0 zgrab/0.x".into());
    events.push(tool);
    let mut seeker = request(11, "192.0.2.22", "example.org:443", 405);
    seeker.format = "web-access";
    seeker.http_method = Some("CONNECT".into());
    events.push(seeker);
    let found = said(&events);
    let found: Vec<_> = found.iter().map(|told| (told.0.as_str(), told.1)).collect();
    assert_eq!(
        found,
        [
            ("web-crawl", Severity::Info),
            ("web-scanner", Severity::Low),
            ("proxy-probe", Severity::Low)
        ]
    );
}
