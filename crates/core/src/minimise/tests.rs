use super::*;
use crate::finding::{AttackOutcome, Evidence, FindingId};
use crate::time::Timestamp;

fn finding(key: &str, sources: &[&str]) -> Finding {
    Finding {
        id: FindingId::of(&[key.as_bytes()]),
        story: FindingId::of(&[key.as_bytes()]),
        detector: Arc::from("login-guessing"),
        title: "someone tried to log in as alice".into(),
        category: Category::BruteForce,
        attack: vec![Arc::from("T1110.001"), Arc::from("alice")],
        severity: Severity::Medium,
        confidence: 80,
        outcome: AttackOutcome::Attempt,
        first: Timestamp::from_seconds(100),
        last: Timestamp::from_seconds(200),
        sources: sources.iter().map(|ip| ip.parse().unwrap()).collect(),
        dst_ip: Some("10.0.0.5".parse().unwrap()),
        dst_port: Some(22),
        proto: Some(crate::event::Protocol::TCP),
        key: key.into(),
        count: 12,
        evidence: vec![("users", Evidence::List(vec!["alice".into()]))],
        advice: "lock the account of alice".into(),
    }
}

fn key_of_the_firm() -> PseudonymKey {
    PseudonymKey::new(&[9; PSEUDONYM_KEY_BYTES])
}

#[track_caller]
fn check(sharing: &Sharing, finding: &Finding, expected: Result<&[&str], Withheld>) {
    let screened = Minimiser::new(sharing.clone(), key_of_the_firm()).screen(finding);
    let sources = screened.map(|sighting| {
        let text = |ip: &IpAddr| ip.to_string();
        sighting.sources.iter().map(text).collect::<Vec<_>>()
    });
    let expected = expected.map(|ips| ips.iter().map(|ip| (*ip).to_owned()).collect());
    assert_eq!(sources, expected);
}

#[test]
fn only_outside_addresses_are_named() {
    let sharing = Sharing {
        own_networks: vec!["198.51.100.0/24".parse().unwrap()],
        never_share: vec!["203.0.113.53".parse().unwrap()],
        ..Sharing::default()
    };
    let of = |sources: &[&str]| finding("tcp/22", sources);
    check(&sharing, &of(&["192.0.2.1"]), Ok(&["192.0.2.1"]));
    check(
        &sharing,
        &of(&[
            "10.1.1.1",
            "192.0.2.1",
            "198.51.100.7",
            "::ffff:192.0.2.1",
            "203.0.113.53",
        ]),
        Ok(&["192.0.2.1"]),
    );
    check(&sharing, &of(&[]), Err(Withheld::NoSource));
    check(
        &sharing,
        &of(&["10.1.1.1", "fe80::1"]),
        Err(Withheld::InsideOnly),
    );
    check(&sharing, &of(&["198.51.100.9"]), Err(Withheld::InsideOnly));
    check(&sharing, &of(&["203.0.113.53"]), Err(Withheld::NeverShare));
    check(
        &sharing,
        &of(&["10.1.1.1", "203.0.113.53"]),
        Err(Withheld::NeverShare),
    );
}

#[test]
fn what_the_member_does_not_share_stays_home() {
    let one = finding("tcp/22", &["192.0.2.1"]);
    let off = Sharing {
        level: Level::Off,
        ..Sharing::default()
    };
    check(&off, &one, Err(Withheld::SharingOff));
    let high = Sharing {
        min_severity: Severity::High,
        ..Sharing::default()
    };
    check(&high, &one, Err(Withheld::BelowLevel));
    let sure = Sharing {
        min_confidence: 81,
        ..Sharing::default()
    };
    check(&sure, &one, Err(Withheld::BelowLevel));
}

#[test]
fn at_most_fifty_sources() {
    let sources: Vec<String> = (0..90).map(|n| format!("192.0.2.{n}")).collect();
    let sources: Vec<&str> = sources.iter().map(String::as_str).collect();
    let sighting = Minimiser::new(Sharing::default(), key_of_the_firm())
        .screen(&finding("tcp/22", &sources))
        .unwrap();
    assert_eq!(sighting.sources.len(), MAX_SOURCES);
    assert_eq!(sighting.attack, vec![Arc::from("T1110.001")]);
}

#[test]
fn a_key_is_shared_only_in_a_shape_that_cannot_hold_content() {
    let minimiser = Minimiser::new(Sharing::default(), key_of_the_firm());
    let check = |key: &str, category: Category, expected: &str| {
        let mut finding = finding(key, &["192.0.2.1"]);
        finding.category = category;
        assert_eq!(minimiser.screen(&finding).unwrap().key, expected, "{key}");
    };
    let own = "login-guessing";
    for kept in [
        "tcp/22",
        "udp/0",
        "icmp/8",
        "gre",
        "web/traversal",
        "sid/1:2019401",
        "1b2c3d4e-0000-4abc-8def-001122334455",
        own,
    ] {
        check(kept, Category::BruteForce, kept);
    }
    for replaced in [
        "",
        "tcp/65536",
        "tcp/022",
        "tcp/22/alice",
        "TCP/22",
        "web/alice",
        "alice",
        "alice/web",
        "/index.php?user=alice",
        "10.0.0.5",
        "192.0.2.1",
        "bad.example.org",
        "sid/alice",
        "1B2C3D4E-0000-4ABC-8DEF-001122334455",
        "tcp/22\n",
        "tcp/２２",
    ] {
        check(replaced, Category::BruteForce, own);
    }
    check("bad.example.org", Category::Indicator, "example.org");
    check("-bad.example.org", Category::Indicator, "example.org");
    check("203.0.113.9", Category::Indicator, "203.0.113.9");
    for replaced in [
        "10.0.0.5",
        "fileserver.corp",
        "fileserver",
        "a.b.c.d.example",
        "alice@example.org",
        "bad.example.org/path",
        "printer.local",
        "192.0.2.300",
    ] {
        check(replaced, Category::Indicator, own);
    }
}

#[test]
fn a_detector_of_free_choice_is_replaced_by_its_category() {
    let mut one = finding("tcp/22", &["192.0.2.1"]);
    one.detector = Arc::from("Alice's rule");
    one.key = "Alice's rule".into();
    let sighting = Minimiser::new(Sharing::default(), key_of_the_firm())
        .screen(&one)
        .unwrap();
    assert_eq!(&*sighting.detector, "brute-force");
    assert_eq!(sighting.key, "brute-force");
}

#[test]
fn a_place_is_named_without_the_host_that_went_there() {
    use Category::{BruteForce, C2, DnsTunnel, Exfiltration, Indicator, Malware};
    let sharing = Sharing {
        own_networks: vec!["198.51.100.0/24".parse().unwrap()],
        never_share: vec!["203.0.113.53".parse().unwrap()],
        ..Sharing::default()
    };
    let check = |sharing: &Sharing, key: &str, category, expected: Result<&str, Withheld>| {
        let mut finding = finding(key, &["10.1.1.1"]);
        (finding.category, finding.detector) = (category, Arc::from("beacon"));
        let screened = Minimiser::new(sharing.clone(), key_of_the_firm()).screen(&finding);
        let place = screened.map(|sighting| {
            assert_eq!(sighting.sources, Vec::<IpAddr>::new());
            assert!(is_place(&sighting.key, sighting.category));
            sighting.key
        });
        assert_eq!(place, expected.map(str::to_owned), "{key} {category}");
    };
    for (key, category, expected) in [
        ("example.org", C2, "example.org"),
        ("alice-laptop.example.co.uk", C2, "example.co.uk"),
        ("c2VjcmV0.x7.example.org", DnsTunnel, "example.org"),
        ("203.0.113.9", C2, "203.0.113.9"),
        ("::ffff:203.0.113.9", Indicator, "203.0.113.9"),
        ("bad.example.org", Indicator, "example.org"),
    ] {
        check(&sharing, key, category, Ok(expected));
    }
    let inside = Err(Withheld::InsideOnly);
    for (key, category) in [
        ("10.0.0.5", C2),
        ("198.51.100.7", C2),
        ("fileserver", C2),
        ("fileserver.lan", C2),
        ("printer.bakery", C2),
        ("co.uk", C2),
        ("alice@example.org", C2),
        ("tcp/443", C2),
        ("beacon", C2),
        ("1b2c3d4e-0000-4abc-8def-001122334455", C2),
        ("TLS 771,4865", Indicator),
        ("example.org", Exfiltration),
        ("203.0.113.9", Malware),
        ("example.org", BruteForce),
    ] {
        check(&sharing, key, category, inside);
    }
    check(&sharing, "203.0.113.53", C2, Err(Withheld::NeverShare));
    let no_places = Sharing {
        places: false,
        ..Sharing::default()
    };
    check(&no_places, "example.org", C2, inside);
    let mut habit = finding("example.org", &["10.1.1.1"]);
    (habit.category, habit.severity) = (C2, Severity::Low);
    super::tests::check(&sharing, &habit, inside.map(|_: &str| &[][..]));
}

/// A new kind of web attack must get its word in `key.rs`, or firms could not compare it.
#[test]
fn every_web_attack_has_a_key_that_is_shared() {
    for kind in crate::detect::web::Kind::ALL {
        let key = format!("web/{kind}");
        assert!(is_shareable_key(&key, Category::WebAttack), "{key}");
    }
}

/// Whoever knows detector, target and times, and that the actor is one of 65,536 machines, tries them all.
#[test]
fn the_id_of_a_sighting_is_no_digest_of_an_inside_address() {
    let minimiser = Minimiser::new(Sharing::default(), key_of_the_firm());
    let guesses: BTreeSet<[u8; 16]> = (0..=u16::MAX)
        .map(|host| {
            let [third, fourth] = host.to_be_bytes();
            FindingId::of(&[b"beacon", format!("10.1.{third}.{fourth}").as_bytes()]).0
        })
        .collect();
    let mut finding = finding("203.0.113.9", &["10.1.1.1"]);
    (finding.category, finding.detector) = (Category::C2, Arc::from("beacon"));
    finding.id = FindingId::of(&[b"beacon", b"10.1.1.1"]);
    assert!(guesses.contains(&finding.id.0));
    let id = minimiser.screen(&finding).unwrap().id;
    assert!(!guesses.contains(&id.0));
    // What is said of it later replaces it.
    finding.count += 1;
    assert_eq!(minimiser.screen(&finding).unwrap().id, id);
}
