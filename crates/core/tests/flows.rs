//! The detectors of network flows on invented days: what they find, and what they leave alone.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::sync::Arc;

use larum_core::detect::sigma::RuleSet;
use larum_core::detect::{Detect, Indicators, Settings, Signal};
use larum_core::event::{Action, Certificate, Event, Kind, Protocol};
use larum_core::finding::{Evidence, Finding, Severity};
use larum_core::time::Timestamp;
use larum_core::words::Words;

const START: i64 = 1_795_219_200;
const HOUR: i64 = 3_600;
const DAY: i64 = 24 * HOUR;

/// A number that looks like chance and is the same every time.
fn chance(n: i64, below: i64) -> i64 {
    let n = u64::try_from(n).unwrap().wrapping_add(1);
    let n = n.wrapping_mul(0x9E37_79B9_7F4A_7C15);
    let n = (n ^ (n >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    i64::try_from((n ^ (n >> 31)) >> 1).unwrap() % below
}

/// A connection that a firewall let through, with its bytes.
fn flow(at: i64, from: &str, to: &str, port: u16, bytes: (u64, u64)) -> Event<'static> {
    let mut event = Event::new(Timestamp::from_seconds(START + at), "test", Kind::Network);
    event.src_ip = from.parse().ok();
    event.dst_ip = to.parse().ok();
    event.src_port = Some(u16::try_from(30_000 + chance(at, 20_000)).unwrap());
    event.dst_port = Some(port);
    event.proto = Some(Protocol::TCP);
    event.action = Some(Action::Allow);
    event.src_bytes = Some(bytes.0);
    event.dst_bytes = Some(bytes.1);
    event
}

fn run_with(mut events: Vec<Event<'static>>, indicators: Indicators) -> Vec<Finding> {
    events.sort_by_key(|event| event.received);
    let words = Arc::new(Words::of("en").unwrap());
    let mut detect = Detect::new(Settings::new(words), RuleSet::default(), indicators);
    let mut out = Vec::new();
    for event in &events {
        detect.observe(event, &mut out);
    }
    detect.finish(&mut out);
    let closed = out.into_iter().filter_map(|signal| match signal {
        Signal::Closed(finding) => Some(finding),
        Signal::Opened(_) => None,
    });
    closed.collect()
}

fn run(events: Vec<Event<'static>>) -> Vec<Finding> {
    run_with(events, Indicators::default())
}

fn told(findings: &[Finding]) -> Vec<(&str, Severity)> {
    let told = findings.iter();
    told.map(|finding| (&*finding.detector, finding.severity))
        .collect()
}

fn figure(finding: &Finding, name: &str) -> f64 {
    let found = finding.evidence.iter().find(|(known, _)| *known == name);
    let Some((_, Evidence::Number(number))) = found else {
        unreachable!("{name}: {found:?}")
    };
    *number
}

/// A call every `every` seconds, give or take `jitter`.
fn calls(
    from: &str,
    to: &str,
    port: u16,
    hours: i64,
    every: i64,
    jitter: i64,
) -> Vec<Event<'static>> {
    (0..hours * HOUR / every)
        .map(|n| {
            flow(
                n * every + chance(n, jitter.max(1)),
                from,
                to,
                port,
                (512, 900),
            )
        })
        .collect()
}

/// Ten people at work for `days` days, each going to many places at no set times.
fn office(days: i64) -> Vec<Event<'static>> {
    let mut events = Vec::new();
    for n in 0..days * 2_000 {
        let at = (n / 2_000) * DAY + 8 * HOUR + chance(n, 9 * HOUR);
        let from = format!("10.0.0.{}", 10 + n % 10);
        let to = format!("198.51.100.{}", 1 + chance(n * 7, 250));
        let down = u64::try_from(2_000 + chance(n * 3, 400_000)).unwrap();
        events.push(flow(at, &from, &to, 443, (900, down)));
    }
    events
}

#[test]
fn a_clockwork_call_of_one_host_is_a_beacon_scored_as_rita_does() {
    let mut events = office(2);
    events.extend(calls("10.0.0.12", "203.0.113.9", 443, 36, 300, 30));
    let findings = run(events);
    assert_eq!(told(&findings), [("beacon", Severity::Medium)]);
    let finding = &findings[0];
    assert_eq!(
        finding.sources,
        ["10.0.0.12".parse::<std::net::IpAddr>().unwrap()]
    );
    assert_eq!(finding.dst_ip, "203.0.113.9".parse().ok());
    assert_eq!(
        finding.key, "203.0.113.9",
        "the place, so that the hub can join firms"
    );
    assert!(figure(finding, "score") > 0.95, "{finding:?}");
    assert!((285.0..=315.0).contains(&figure(finding, "interval_seconds")));
    assert!(finding.count > 400, "{}", finding.count);
    assert_eq!(finding.first.as_seconds(), START + 2 * 300 + chance(2, 30));
}

#[test]
fn a_beacon_says_what_is_odd_about_the_certificate_of_the_place() {
    let certificate = |days: i64, self_signed| {
        Some(Arc::new(Certificate {
            subject: "CN=localhost".to_owned(),
            issuer: "CN=localhost".to_owned(),
            not_before: Timestamp::from_seconds(START - 30 * DAY),
            not_after: Timestamp::from_seconds(START + days * DAY),
            self_signed,
        }))
    };
    for (certificate, odd) in [
        (certificate(60, true), Some("certificate-self-signed")),
        (certificate(-1, false), Some("certificate-expired")),
        (certificate(3_650, false), Some("certificate-long-lived")),
        (certificate(60, false), None),
        (None, None),
    ] {
        let mut events = office(1);
        for contact in calls("10.0.0.12", "203.0.113.9", 443, 24, 300, 30) {
            let mut hello = Event::new(contact.received, "packets", Kind::Tls);
            (hello.src_ip, hello.dst_ip) = (contact.src_ip, contact.dst_ip);
            (hello.src_port, hello.dst_port) = (contact.src_port, contact.dst_port);
            hello.proto = Some(Protocol::TCP);
            hello.certificate.clone_from(&certificate);
            events.extend([hello, contact]);
        }
        let findings = run(events);
        assert_eq!(told(&findings), [("beacon", Severity::Medium)]);
        let why = findings[0].evidence.iter().find(|(name, _)| *name == "why");
        let Some((_, Evidence::List(why))) = why else {
            unreachable!("{:?}", findings[0])
        };
        let certificates: Vec<_> = why.iter().filter(|why| why.starts_with("cert")).collect();
        assert_eq!(certificates.into_iter().next().map(String::as_str), odd);
    }
}

#[test]
fn a_beacon_to_a_listed_place_is_high_and_one_of_all_hosts_is_everyday() {
    let list = [("list".to_owned(), "203.0.113.9\n".to_owned())];
    let indicators = Indicators::compile(&list).0;
    let mut events = office(1);
    events.extend(calls("10.0.0.12", "203.0.113.9", 443, 24, 600, 60));
    let findings = run_with(events, indicators);
    let beacon = findings
        .iter()
        .find(|finding| &*finding.detector == "beacon");
    assert_eq!(beacon.unwrap().severity, Severity::High);
    let mut shared = office(1);
    for host in 10..20 {
        let from = format!("10.0.0.{host}");
        shared.extend(calls(&from, "203.0.113.9", 443, 24, 300, 20));
    }
    assert_eq!(told(&run(shared)), []);
}

#[test]
fn an_odd_port_to_a_place_that_is_new_makes_an_old_hosts_beacon_high() {
    let mut events = office(6);
    for call in calls("10.0.0.12", "203.0.113.9", 4_444, 24, 300, 30) {
        let mut call = call;
        call.received = call.received.plus_seconds(5 * DAY);
        events.push(call);
    }
    let findings = run(events);
    assert_eq!(told(&findings), [("beacon", Severity::High)]);
    assert_eq!(findings[0].attack, ["T1571".into()]);
}

#[test]
fn people_at_work_clocks_and_lasting_connections_are_no_beacons() {
    let mut events = office(3);
    // A page that asks for news while somebody is at work.
    events.extend(
        calls("10.0.0.13", "203.0.113.20", 443, 8, 60, 5)
            .into_iter()
            .map(|mut call| {
                call.received = call.received.plus_seconds(9 * HOUR);
                call
            }),
    );
    events.extend(calls("10.0.0.14", "203.0.113.21", 123, 72, 64, 2));
    // One connection, of which a flow record comes every minute.
    events.extend(
        calls("10.0.0.15", "203.0.113.22", 443, 72, 60, 1)
            .into_iter()
            .map(|mut call| {
                call.src_port = Some(40_000);
                call
            }),
    );
    // Updates are looked for every four hours.
    events.extend(calls("10.0.0.16", "203.0.113.23", 443, 72, 4 * HOUR, 900));
    // The connection is logged when it opens and again when it closes, and belongs to one person.
    assert_eq!(told(&run(events)), []);
}

#[test]
fn a_connection_logged_at_both_ends_is_one_contact_with_its_size() {
    let mut events = office(1);
    for open in calls("10.0.0.12", "203.0.113.9", 443, 24, 600, 40) {
        let mut close = open.clone();
        close.received = close.received.plus_seconds(20);
        close.action = Some(Action::Close);
        let mut open = open;
        (open.src_bytes, open.dst_bytes) = (None, None);
        events.extend([open, close]);
    }
    let findings = run(events);
    assert_eq!(told(&findings), [("beacon", Severity::Medium)]);
    assert!(figure(&findings[0], "ds") > 0.99);
    assert!(
        (100..=144).contains(&findings[0].count),
        "{:?}",
        findings[0]
    );
}

#[test]
fn a_name_behind_a_proxy_is_a_place_and_a_makers_service_is_not_watched() {
    let request = |at: i64, host: &str| {
        let mut event = flow(at, "10.0.0.12", "10.0.0.1", 443, (300, 500));
        event.kind = Kind::Http;
        (event.dst_ip, event.src_port) = (None, None);
        event.http_method = Some("CONNECT".into());
        event.url = Some(format!("{host}:443").into());
        event
    };
    let mut events = office(1);
    for n in 0..280 {
        events.push(request(n * 300 + chance(n, 20), "c2.example.org"));
        events.push(request(
            n * 300 + chance(n, 9),
            "au.download.windowsupdate.com",
        ));
    }
    let findings = run(events);
    assert_eq!(told(&findings), [("beacon", Severity::Medium)]);
    assert!(
        findings[0].title.contains("c2.example.org"),
        "{}",
        findings[0].title
    );
}

#[test]
fn much_sent_to_a_new_place_is_told_and_a_talk_or_an_old_habit_is_not() {
    let mut events = office(6);
    let at = 5 * DAY + 10 * HOUR;
    for n in 0..30 {
        events.push(flow(
            at + n * 60,
            "10.0.0.12",
            "203.0.113.9",
            443,
            (8_000_000, 4_000),
        ));
        // A call with pictures both ways.
        events.push(flow(
            at + n * 60,
            "10.0.0.13",
            "203.0.113.10",
            443,
            (9_000_000, 9_500_000),
        ));
    }
    // A backup of every night.
    for night in 0..6 {
        events.push(flow(
            night * DAY + HOUR,
            "10.0.0.14",
            "203.0.113.11",
            443,
            (400_000_000, 90_000),
        ));
    }
    let findings = run(events);
    assert_eq!(told(&findings), [("outflow", Severity::Medium)]);
    let finding = &findings[0];
    assert_eq!(finding.dst_ip, "203.0.113.9".parse().ok());
    assert_eq!(
        finding.sources,
        ["10.0.0.12".parse::<std::net::IpAddr>().unwrap()]
    );
    assert!(figure(finding, "bytes_out") > 200e6);
}

#[test]
fn a_new_backup_every_night_is_asked_about_once() {
    let mut events = office(12);
    for night in 5..12 {
        let to = format!("203.0.113.{}", 10 + night);
        for n in 0..5 {
            let at = night * DAY + HOUR + n * 600;
            events.push(flow(at, "10.0.0.14", &to, 443, (1_000_000_000, 90_000)));
        }
    }
    assert_eq!(told(&run(events)), [("outflow", Severity::Medium)]);
}

fn refused(at: i64, from: u32, port: u16) -> Event<'static> {
    let from = std::net::Ipv4Addr::from_bits(0xC000_0200 + from).to_string();
    let mut event = flow(at, &from, "10.0.0.2", port, (0, 0));
    event.action = Some(Action::Drop);
    (event.src_bytes, event.dst_bytes) = (None, None);
    event
}

#[test]
fn a_flood_is_one_story_of_the_service_whose_senders_are_not_blamed() {
    let mut events = Vec::new();
    for n in 0..2_000 {
        events.push(flow(n, "198.51.100.7", "10.0.0.2", 443, (800, 9_000)));
    }
    for n in 0..40_000_u32 {
        events.push(refused(2_000 + i64::from(n / 400), n % 200, 443));
    }
    let findings = run(events);
    let floods: Vec<_> = findings
        .iter()
        .filter(|finding| &*finding.detector == "flood")
        .collect();
    assert_eq!(floods.len(), 1, "{:?}", told(&findings));
    let flood = floods[0];
    assert_eq!((flood.severity, flood.sources.len()), (Severity::High, 0));
    assert_eq!((flood.key.as_str(), flood.dst_port), ("tcp/443", Some(443)));
    assert!(figure(flood, "senders_a_minute") > 150.0);
    assert!(figure(flood, "contacts_a_second") >= 400.0);
}

#[test]
fn a_rush_of_customers_and_a_scan_of_all_ports_are_no_floods() {
    let mut events = Vec::new();
    for n in 0..20_000_u32 {
        let from = std::net::Ipv4Addr::from_bits(0xC633_6400 + n % 250).to_string();
        events.push(flow(
            i64::from(n / 400),
            &from,
            "10.0.0.2",
            443,
            (800, 9_000),
        ));
        let port = u16::try_from(1 + n % 60_000).unwrap();
        events.push(refused(i64::from(n / 400), 1, port));
    }
    let findings = run(events);
    assert!(
        findings.iter().all(|finding| &*finding.detector != "flood"),
        "{:?}",
        told(&findings)
    );
}

#[test]
fn answers_nobody_asked_for_are_a_flood_and_late_ones_of_the_firms_resolver_are_not() {
    let answer = |at: i64, from: u32, port: u16| {
        let mut event = refused(at, from, 40_000);
        event.src_port = Some(port);
        event.proto = Some(Protocol::UDP);
        event
    };
    let attack = (0..3_000_u32).map(|n| answer(i64::from(n / 100), n % 60, 123));
    let findings = run(attack.collect());
    assert_eq!(told(&findings), [("amplification", Severity::Medium)]);
    assert_eq!(findings[0].key, "dos/amplification");
    let late = (0..3_000_u32).map(|n| answer(i64::from(n / 10), n % 3, 53));
    assert_eq!(told(&run(late.collect())), []);
}

#[test]
fn a_service_that_answers_for_the_first_time_after_three_days_is_told_once() {
    let visit = |at: i64, from: u8, port: u16, answer: u64| {
        flow(
            at,
            &format!("192.0.2.{from}"),
            "10.0.0.2",
            port,
            (600, answer),
        )
    };
    let mut events = Vec::new();
    for hour in 0..8 * 24 {
        events.push(visit(hour * HOUR, 7, 443, 9_000));
    }
    for n in 0..50 {
        // Somebody opens the remote desktop, and a program its own web page.
        events.push(visit(5 * DAY + n * 900, 9, 3_389, 4_000));
        events.push(visit(6 * DAY + n * 900, 9, 8_088, 4_000));
        // Knocks that are not answered.
        events.push(visit(5 * DAY + n * 700, 11, 23, 0));
    }
    let findings = run(events);
    assert_eq!(
        told(&findings),
        [
            ("new-service", Severity::High),
            ("new-service", Severity::Medium)
        ]
    );
    assert_eq!(findings[0].key, "tcp/3389");
    assert!(
        findings[0].title.contains("10.0.0.2"),
        "{}",
        findings[0].title
    );
    assert!(findings[0].sources.is_empty());
}

#[test]
fn a_transfer_server_lends_ports_and_an_open_host_is_one_story_more() {
    let visit = |at: i64, host: &str, port: u16| flow(at, "192.0.2.7", host, port, (600, 9_000));
    let mut events = Vec::new();
    for hour in 0..8 * 24 {
        events.push(visit(hour * HOUR, "10.0.0.2", 21));
        let lent = u16::try_from(40_000 + hour).unwrap();
        events.push(visit(hour * HOUR + 5, "10.0.0.2", lent));
    }
    assert_eq!(told(&run(events.clone())), []);
    for n in 0..60 {
        let port = u16::try_from(1_000 + n).unwrap();
        for again in 0..3 {
            events.push(visit(5 * DAY + n * 60 + again, "10.0.0.3", port));
        }
    }
    let findings = run(events);
    assert!(findings.len() <= 9, "{}", findings.len());
    assert!(
        findings
            .iter()
            .any(|finding| finding.title.contains("many doors"))
    );
}

#[test]
fn an_inside_host_that_seeks_many_strangers_at_one_door_is_high() {
    let seek = |count: i64, port: u16| {
        (0..count).map(move |n| {
            let to = format!("203.0.113.{}", 1 + n);
            flow(n * 20, "10.0.0.12", &to, port, (120, 60))
        })
    };
    let mut events = office(1);
    events.extend(seek(60, 445));
    let findings = run(events);
    assert_eq!(told(&findings), [("inside-attack", Severity::High)]);
    assert_eq!(findings[0].attack, ["T1046".into(), "T1210".into()]);
    assert!(figure(&findings[0], "strangers_an_hour") > 45.0);
    for (count, port) in [(20, 445), (60, 443), (60, 8_080)] {
        let mut events = office(1);
        events.extend(seek(count, port));
        assert_eq!(told(&run(events)), [], "{count} {port}");
    }
}

#[test]
fn a_desk_that_mails_the_world_is_told_and_the_mail_server_is_not() {
    let mails = |from: &'static str| {
        (0..120).map(move |n| {
            let to = format!("203.0.113.{}", 1 + n);
            flow(DAY + n * 20, from, &to, 25, (40_000, 900))
        })
    };
    let mut events = office(2);
    events.extend(mails("10.0.0.12"));
    events.extend(mails("10.0.0.5"));
    for n in 0..20 {
        events.push(flow(n * 600, "192.0.2.77", "10.0.0.5", 25, (9_000, 500)));
    }
    let findings = run(events);
    assert_eq!(told(&findings), [("inside-attack", Severity::Medium)]);
    assert!(findings[0].title.contains("10.0.0.12"));
}

proptest::proptest! {
    #![proptest_config(proptest::prelude::ProptestConfig::with_cases(64))]
    #[test]
    fn clocks_that_jump_and_any_number_of_bytes_are_survived(
        steps in proptest::collection::vec(
            (proptest::prelude::any::<u32>(), 0_u8..6, 0_u8..4, proptest::prelude::any::<(u64, u64, u16)>()),
            0..300,
        ),
    ) {
        let events = steps.iter().map(|(at, host, place, (up, down, port))| {
            let (host, place) = (format!("10.0.0.{host}"), format!("203.0.113.{place}"));
            let (from, to) = if port % 2 == 0 { (&host, &place) } else { (&place, &host) };
            let mut event = flow(0, from, to, *[443, 25, 445, 3_389, *port].get(usize::from(port % 5)).unwrap(), (*up, *down));
            event.received = Timestamp::from_seconds(i64::from(*at));
            event.proto = Some(if port % 3 == 0 { Protocol::UDP } else { Protocol::TCP });
            event.src_port = Some(if port % 7 == 0 { 123 } else { *port });
            event
        });
        let words = Arc::new(Words::of("en").unwrap());
        let mut detect = Detect::new(Settings::new(words), RuleSet::default(), Indicators::default());
        let mut out = Vec::new();
        for event in events {
            detect.observe(&event, &mut out);
        }
        detect.finish(&mut out);
        for signal in &out {
            let finding = signal.finding();
            proptest::prop_assert!(finding.first <= finding.last, "{:?}", finding);
        }
    }
}
