//! Invariant 1: marked secrets are put into every place of a finding that can hold text or an
//! address; none of them appears in the bytes that would leave.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::net::IpAddr;
use std::sync::Arc;

use larum_core::event::Protocol;
use larum_core::finding::{AttackOutcome, Category, Evidence, Finding, FindingId, Severity};
use larum_core::minimise::{Minimiser, PseudonymKey, Sharing};
use larum_core::sighting::Sighting;
use larum_core::time::Timestamp;
use larum_link::convert;
use larum_link::wire::{Batch, WireSighting};
use proptest::prelude::*;
use proptest::strategy::ValueTree as _;

/// Addresses inside the firm, and its own outside ones.
const INSIDE: &[&str] = &[
    "10.77.66.55",
    "192.168.77.66",
    "172.16.77.66",
    "100.64.77.66",
    "169.254.77.66",
    "fd77:6655::1",
    "fe80::7766",
    "::ffff:10.77.66.55",
    "64:ff9b::10.77.66.55",
    "2002:a4d:4237::1",
    "fec0::7766",
    "::10.77.66.55",
    "198.51.100.77",
    "2001:db8:77::66",
];

fn sharing() -> Sharing {
    Sharing {
        min_severity: Severity::Info,
        min_confidence: 0,
        own_networks: vec![
            "198.51.100.0/24".parse().unwrap(),
            "2001:db8:77::/48".parse().unwrap(),
        ],
        ..Sharing::default()
    }
}

/// A secret as it may stand in a log: a name, a phrase, a number, a mail address, a path.
fn secret() -> impl Strategy<Value = String> {
    prop_oneof![
        "mk[a-z]{6,12}",
        "MK[A-Za-z0-9 ]{6,20}",
        "mk[a-z]{4}\\.[a-z]{4}@mk[a-z]{5}\\.example\\.org",
        "/mk[a-z]{5}/[a-z]{3}\\?user=mk[a-z]{5}",
        "mk[a-z]{3}-mk[a-z]{3}-[0-9]{6}",
    ]
}

/// A key with the secret in it, in the ways a careless detector might build one.
fn key(secret: &str) -> impl Strategy<Value = String> + use<> {
    let forms = [
        secret.to_owned(),
        format!("tcp/{secret}"),
        format!("{secret}/22"),
        format!("web/{secret}"),
        format!("auth/{secret}"),
        format!("sid/{secret}"),
        format!("tcp/22 {secret}"),
        format!("web/traversal?{secret}"),
        format!("{secret}.fileserver.lan"),
        format!("{secret}.example.org"),
        format!("{secret}.dept.example.co.uk"),
    ];
    prop::sample::select(forms.to_vec())
}

prop_compose! {
    fn tainted()(secret in secret())(
        key in key(&secret),
        secret in Just(secret),
        category in prop::sample::select(Category::ALL.to_vec()),
        severity in prop::sample::select(Severity::ALL.to_vec()),
        inside in prop::collection::vec(prop::sample::select(INSIDE.to_vec()), 0..4),
        outside in prop::collection::vec(0_u8..=255, 0..60),
        named_by_rule in any::<bool>(),
    ) -> (Finding, String) {
        let mut sources: Vec<IpAddr> = inside.iter().map(|ip| ip.parse().unwrap()).collect();
        sources.extend(outside.iter().map(|last| IpAddr::from([203, 0, 113, *last])));
        let detector = if named_by_rule { format!("Log-in by {secret}") } else { "port-scan".into() };
        let finding = Finding {
            id: FindingId::of(&[secret.as_bytes()]),
            story: FindingId::of(&[secret.as_bytes()]),
            detector: Arc::from(detector),
            title: format!("{secret} was guessed"),
            category,
            attack: vec![Arc::from("T1110"), Arc::from(secret.as_str())],
            severity,
            confidence: 90,
            outcome: AttackOutcome::Success,
            first: Timestamp::from_seconds(10),
            last: Timestamp::from_seconds(20),
            sources,
            dst_ip: Some("10.77.66.55".parse().unwrap()),
            dst_port: Some(22),
            proto: Some(Protocol::TCP),
            key,
            count: 3,
            evidence: vec![
                ("user", Evidence::Text(secret.clone())),
                ("users", Evidence::List(vec![secret.clone()])),
            ],
            advice: format!("lock {secret}"),
        };
        (finding, secret)
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn no_secret_leaves((finding, secret) in tainted()) {
        let Ok(sighting) = Minimiser::new(sharing(), PseudonymKey::new(&[9; 32])).screen(&finding) else {
            return Ok(());
        };
        let frame = convert::frame(&sighting).unwrap();
        let packed =
            convert::pack([frame.as_slice()], 1, "0".repeat(64), 1_000).unwrap();
        let batch: Batch = serde_json::from_slice(&packed.body).unwrap();
        let text = String::from_utf8(packed.body).unwrap().to_lowercase();
        let secret = secret.to_lowercase();
        prop_assert!(!text.contains(&secret), "{} in {}", secret, text);
        // The distinctive part of the secret alone must not be there either.
        prop_assert!(!text.contains("\"mk") && !text.contains("/mk"), "{}", text);
        for ip in INSIDE {
            prop_assert!(!text.contains(&format!("\"{ip}\"")), "{} in {}", ip, text);
        }
        prop_assert!(!text.contains("77.66") && !text.contains("a4d:4237"), "{}", text);
        // And what leaves is what a hub accepts.
        let back = Sighting::try_from(batch.sightings.first().unwrap()).unwrap();
        prop_assert_eq!(back, sighting);
    }
}

#[test]
fn a_batch_keeps_to_its_limits_and_leaves_out_what_is_no_sighting() {
    let (finding, _) = tainted()
        .new_tree(&mut proptest::test_runner::TestRunner::deterministic())
        .unwrap()
        .current();
    let finding = Finding {
        sources: vec!["203.0.113.1".parse().unwrap()],
        ..finding
    };
    let sighting = Minimiser::new(sharing(), PseudonymKey::new(&[9; 32]))
        .screen(&finding)
        .unwrap();
    let frame = convert::frame(&sighting).unwrap();
    let rubbish = b"rubbish".to_vec();
    let frames: Vec<&[u8]> = std::iter::once(rubbish.as_slice())
        .chain(std::iter::repeat_n(frame.as_slice(), 1_500))
        .collect();
    let packed = convert::pack(frames, 9, "a".repeat(64), 5).unwrap();
    assert_eq!(
        (packed.used, packed.sightings, packed.unreadable),
        (1_001, 1_000, 1)
    );
    let batch: Batch = serde_json::from_slice(&packed.body).unwrap();
    assert_eq!((batch.sequence, batch.created), (9, 5));

    let long = WireSighting {
        sources: (0..50).map(|n| IpAddr::from([203, 0, 113, n])).collect(),
        key: "k".repeat(128),
        detector: "d".repeat(64),
        ..WireSighting::from(&sighting)
    };
    let long = serde_json::to_vec(&long).unwrap();
    let packed = convert::pack(
        std::iter::repeat_n(long.as_slice(), 1_500),
        1,
        "0".repeat(64),
        5,
    )
    .unwrap();
    assert!(packed.body.len() <= larum_link::wire::MAX_BATCH_BYTES);
    assert!(packed.used < 1_000);
}
