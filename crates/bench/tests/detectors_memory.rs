//! The detectors' memory has one bound, whatever an attacker sends: 24 MiB for all tables together
//! (invariant 4 of the design).
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::sync::Arc;

use larum_core::detect::sigma::RuleSet;
use larum_core::detect::{Detect, Indicators, Settings};
use larum_core::event::{Action, Event, Kind, Outcome, Protocol};
use larum_core::time::Timestamp;
use larum_core::words::Words;

const MAX_BYTES: u64 = 24 * 1_048_576;
const START: i64 = 1_700_000_000;
/// Rounds of the attack, each with a source of its own that nobody saw before. In a release build ten
/// million of them.
const ROUNDS: u64 = if cfg!(debug_assertions) {
    150_000
} else {
    10_000_000
};

/// A number that looks like chance and is the same every time.
fn spread(n: u64) -> u64 {
    let n = n.wrapping_mul(0x9E37_79B9_7F4A_7C15);
    (n ^ (n >> 29)).wrapping_mul(0xBF58_476D_1CE4_E5B9)
}

fn event(n: u64, kind: Kind) -> Event<'static> {
    let seconds = START + i64::try_from(n / 200).unwrap();
    let mut event = Event::new(Timestamp::from_seconds(seconds), "test", kind);
    let bits = spread(n);
    event.src_ip = Some(if n.is_multiple_of(3) {
        IpAddr::V6(Ipv6Addr::from_bits(
            (0x2001 << 112) | (u128::from(bits) << 48) | 1,
        ))
    } else {
        let low = u32::try_from(bits >> 40).unwrap();
        IpAddr::V4(Ipv4Addr::from_bits(0x5000_0000 | low))
    });
    event.proto = Some(Protocol::TCP);
    event.dst_ip = "198.51.100.1".parse().ok();
    event.dst_port = Some(u16::try_from(bits & 0xFFFF).unwrap());
    event
}

/// Everything at once that makes detectors remember: refused packets, failed log-ins with long names,
/// missing pages, attacks, alerts, inside hosts that talk to ever new places.
fn attack(n: u64) -> Event<'static> {
    let long = format!("{n:x}-{}", "x".repeat(400));
    const KINDS: [Kind; 7] = [
        Kind::Network,
        Kind::Auth,
        Kind::Http,
        Kind::Http,
        Kind::Ids,
        Kind::Network,
        Kind::Dns,
    ];
    let place = usize::try_from(n % 7).unwrap();
    // Some sources come back, so that their stories fill.
    let mut event = event(
        if n.is_multiple_of(2) { n } else { n % 20_000 },
        KINDS.get(place).copied().unwrap(),
    );
    event.received = Timestamp::from_seconds(START + i64::try_from(n / 200).unwrap());
    match place {
        0 => event.action = Some(Action::Deny),
        1 => {
            event.user = Some(long.into());
            event.outcome = Some(Outcome::Failure);
        }
        2 => {
            event.url = Some(format!("/{long}").into());
            event.http_status = Some(404);
        }
        3 => {
            event.url =
                Some(format!("/{long}?q=1'+union+select+user,password+from+users--").into());
            event.http_status = Some(200);
        }
        4 => {
            event.signature = Some(long.into());
            event.severity = Some("high".into());
        }
        5 => {
            event.dst_ip = event.src_ip;
            event.src_ip = Some(IpAddr::V4(Ipv4Addr::from_bits(
                0x0A00_0000 | u32::try_from(n % 5_000).unwrap(),
            )));
            event.action = Some(Action::Allow);
            event.src_bytes = Some(n * 1_000);
            event.dst_bytes = Some(10);
        }
        _ => {
            event.src_ip = "10.0.0.9".parse().ok();
            event.dns_query = Some(format!("{n:x}.{}.example.org", spread(n) % 50_000).into());
        }
    }
    event
}

/// Detectors that saw `rounds` of the attack, and how often they spoke.
fn attacked(detect: &mut Detect, rounds: u64) -> usize {
    let mut out = Vec::new();
    let mut told = 0;
    for n in 0..rounds {
        detect.observe(&attack(n), &mut out);
        told += out.len();
        out.clear();
    }
    told
}

/// Correlations that group by what the attacker picks.
fn rules() -> RuleSet {
    let rule = |name: &str, category: &str, item: &str| {
        format!(
            "title: {name}\nname: {name}\nlogsource:\n  category: {category}\ndetection:\n  s:\n    \
             {item}\n  condition: s\n---\n"
        )
    };
    let correlation = |kind: &str, rule: &str, group: &str, condition: &str| {
        format!(
            "title: {kind}-{rule}-{group}\nid: {kind}-{rule}-{group}\ncorrelation:\n  type: {kind}\n  \
             rules: [{rule}]\n  group-by: [{group}]\n  timespan: 7d\n  condition: {condition}\n---\n"
        )
    };
    let text = [
        rule("refused", "firewall", "action: deny"),
        rule("failed", "authentication", "outcome: failure"),
        rule("asked", "dns", "dns_query|exists: true"),
        correlation("event_count", "refused", "src_ip", "{gte: 1000}"),
        correlation("event_count", "failed", "src_ip", "{lt: 2}"),
        correlation(
            "value_count",
            "failed",
            "dst_port",
            "{field: user, gte: 900}",
        ),
        correlation(
            "value_count",
            "asked",
            "src_ip",
            "{field: dns_query, gte: 1000}",
        ),
        correlation(
            "value_percentile",
            "refused",
            "dst_ip",
            "{field: dst_port, percentile: 9, lt: 1}",
        ),
    ];
    let (rules, skipped) = RuleSet::compile(&[("rules.yml".to_owned(), text.concat())]);
    assert_eq!(skipped, []);
    rules
}

fn detectors(words: &Arc<Words>) -> Detect {
    let mut settings = Settings::new(Arc::clone(words));
    settings.report_probes = true;
    Detect::new(settings, rules(), Indicators::default())
}

#[test]
fn all_tables_together_stay_within_their_bytes() {
    // What is made once for all (the catalogue, the words that attacks are known by) is no table.
    let words = Arc::new(Words::of("en").unwrap());
    assert!(attacked(&mut detectors(&words), 1_000) > 10);
    let mut held = (0, larum_core::detect::Pressure::default());
    let counted = allocation_counter::measure(|| {
        let mut detect = detectors(&words);
        held.0 = attacked(&mut detect, ROUNDS);
        held.1 = detect.pressure();
    });
    println!("{} bytes at most; {held:?}", counted.bytes_max);
    assert!(held.0 > 1_000, "{held:?}");
    assert!(
        counted.bytes_max <= MAX_BYTES,
        "{} bytes; {held:?}",
        counted.bytes_max
    );
}
