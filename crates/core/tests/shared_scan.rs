//! Scans shared out over a network: the recorded case, and how often honest neighbours are taken for one.
//!
//! The population is invented: the shares are assumptions, stated here, and no measurement of the internet.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]
#![expect(clippy::disallowed_methods, reason = "a test reads a recording")]

use std::net::Ipv4Addr;
use std::path::Path;
use std::sync::Arc;

use larum_core::detect::sigma::RuleSet;
use larum_core::detect::{Detect, Indicators, Settings, Signal};
use larum_core::event::{Action, Event, Kind, Protocol};
use larum_core::finding::Finding;
use larum_core::parse::{Context, Formats, Scratch, lines};
use larum_core::time::Timestamp;
use larum_core::words::Words;

/// 2026-11-21T00:00:00Z.
const START: i64 = 1_795_219_200;
/// Networks of one day.
const NETWORKS: u32 = 5_000;

fn detect() -> Detect {
    let mut settings = Settings::new(Arc::new(Words::of("en").unwrap()));
    settings.report_probes = true;
    Detect::new(settings, RuleSet::default(), Indicators::default())
}

/// The shared scans among what `events` come to.
fn shared<'e>(events: impl Iterator<Item = Event<'e>>) -> Vec<Finding> {
    let (mut detect, mut out, mut found) = (detect(), Vec::new(), Vec::new());
    for event in events {
        detect.observe(&event, &mut out);
        for signal in out.drain(..) {
            if let Signal::Opened(finding) = signal
                && &*finding.detector == "shared-scan"
            {
                found.push(finding);
            }
        }
    }
    found
}

#[test]
fn the_recorded_case_is_marked_with_its_addresses_and_the_mail_programs_are_not() {
    let case = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../corpus/detect/shared-scan");
    let input = std::fs::read(case.join("input.log")).unwrap();
    let formats = Formats::built_in().unwrap();
    let context = Context {
        received: Timestamp::from_seconds(START),
        zone_offset_seconds: 0,
        format: None,
    };
    let mut scratch = Scratch::default();
    let (mut detect, mut out) = (detect(), Vec::new());
    for record in lines(input.trim_ascii_end()) {
        let event = formats.parse(record, &context, &mut scratch).unwrap();
        detect.observe(&event, &mut out);
    }
    let open = detect.open_findings();
    let shared: Vec<_> = open
        .iter()
        .filter(|finding| &*finding.detector == "shared-scan")
        .collect();
    let [finding] = shared.as_slice() else {
        panic!("{} networks marked", shared.len());
    };
    assert_eq!((finding.severity.as_str(), finding.count), ("info", 12));
    assert!(
        finding
            .sources
            .iter()
            .all(|ip| ip.to_string().starts_with("203.0.113."))
    );
    assert_eq!(finding.sources.len(), 6);
}

struct Chance(u64);

impl Chance {
    fn below(&mut self, limit: u32) -> u32 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let n = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        u32::try_from((n ^ (n >> 31)) % u64::from(limit.max(1))).unwrap()
    }

    fn port(&mut self, of: &[u16]) -> u16 {
        let place = self.below(u32::try_from(of.len()).unwrap());
        *of.get(usize::try_from(place).unwrap()).unwrap()
    }
}

/// What a visitor is refused in a day. In a hundred visitors 80 are refused nothing, 6 ask for one other
/// door of the web server, 6 for the doors of a name that is stale, 4 are mail programs whose server moved,
/// 4 are computers at home that look for a shared folder.
fn refused(chance: &mut Chance) -> Vec<u16> {
    let few = |chance: &mut Chance, most: u32, of: &[u16]| {
        (0..=chance.below(most)).map(|_| chance.port(of)).collect()
    };
    match chance.below(100) {
        0..80 => Vec::new(),
        80..86 => few(chance, 1, &[80, 8_080, 8_443, 21]),
        86..92 => few(chance, 6, &[443, 80, 8_443, 25, 993]),
        92..96 => few(chance, 20, &[993, 587, 143, 465, 443, 25]),
        _ => vec![445, 139, 80],
    }
}

/// How many of the networks are marked in a day in which each sends `visitors`.
fn marked(visitors: u32) -> usize {
    let mut chance = Chance(7);
    let mut contacts: Vec<(i64, u32, u16)> = Vec::new();
    for network in 0..NETWORKS {
        for visitor in 0..visitors {
            let at = i64::from(chance.below(80_000));
            let source = 0x5000_0000 + network * 256 + visitor;
            let ports = refused(&mut chance);
            contacts.extend(
                (0..)
                    .zip(ports)
                    .map(|(n, port)| (at + n * 30, source, port)),
            );
        }
    }
    contacts.sort_unstable();
    shared(contacts.into_iter().map(|(at, source, port)| {
        let mut event = Event::new(Timestamp::from_seconds(START + at), "test", Kind::Network);
        event.src_ip = Some(Ipv4Addr::from_bits(source).into());
        event.dst_ip = Some(Ipv4Addr::new(10, 0, 0, 2).into());
        (event.src_port, event.dst_port) = (Some(40_000), Some(port));
        event.proto = Some(Protocol::TCP);
        event.action = Some(Action::Drop);
        event
    }))
    .len()
}

#[test]
fn of_a_hundred_networks_with_four_visitors_at_most_one_is_marked() {
    for (visitors, most) in [(2, 0), (4, 50)] {
        let marked = marked(visitors);
        println!("{visitors} visitors each: {marked} of {NETWORKS} networks marked");
        assert!(marked <= most, "{visitors}: {marked}");
    }
}
