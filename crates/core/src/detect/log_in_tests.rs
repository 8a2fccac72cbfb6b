//! Tests of guessing, alone and together, and of what else comes to a website's door.

use std::net::{IpAddr, Ipv4Addr};

use super::tests::{closed, detect, login, request, run};
use crate::event::Event;
use crate::finding::{AttackOutcome, Severity};

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
