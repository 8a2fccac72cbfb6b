//! Scans shared out over the addresses of one network, each below what gives a single one away (ATT&CK
//! T1595.001): marked for the hub, which joins what many firms see. See `docs/detectors/port-scan.md`.

use std::net::IpAddr;

use super::fold::Fold;
use super::hash;
use super::scan::{Contact, ScanRow, reached};
use super::snapshot::kept;
use super::story::{StoryKey, What};
use super::table::Remembered;
use super::telling::{Telling, service_key};
use crate::finding::{Category, Severity};
use crate::time::Timestamp;

/// Different addresses of the network that must have taken part.
const LEAST_SOURCES: u32 = 3;

/// What is remembered about the refused contacts of one network.
#[derive(Clone, Copy, Debug, Default)]
pub struct SharedScanRow {
    /// As if one source had made them all.
    scan: ScanRow,
    /// Bitmap of the addresses.
    sources: u64,
}

kept!(SharedScanRow { scan, sources });

impl SharedScanRow {
    /// Notes a refused contact of the source with hash `source`, which is no scanner by itself; whether the
    /// network is one.
    fn refuse(&mut self, now: u32, source: u64, port: u16, target: u64) -> bool {
        if self.scan.is_stale(now) {
            *self = Self::default();
        }
        self.sources |= hash::bit(hash::mix(source));
        let contact = self.scan.refuse(now, port, target);
        contact != Contact::Ordinary && hash::distinct(self.sources) >= LEAST_SOURCES
    }
}

impl Remembered for SharedScanRow {
    fn last(&self) -> u32 {
        self.scan.last()
    }

    fn evidence(&self) -> u32 {
        self.scan.evidence()
    }
}

impl Fold<'_> {
    /// Counts a refused contact of a source that is no scanner by itself as its network's.
    pub(super) fn refused_together(&mut self, port: u16, target: u64, now: u32) {
        let seen = self.seen;
        let (true, Some(ip)) = (self.detect.settings.report_probes, seen.source) else {
            return;
        };
        let network = network_key(ip);
        let Some(row) = self.detect.sources.networks.admit(network, now, 1) else {
            return;
        };
        let is_scan = row.refuse(now, seen.actor(), port, target);
        let row = *row;
        let key = StoryKey {
            what: What::SharedScan,
            actor: 0,
            detail: network,
        };
        let known = self.detect.stories.opened(&key).is_some();
        let may_begin = is_scan && self.detect.stories.has_room_for_packets();
        if !known && !may_begin {
            return;
        }
        let story = self.tell(key);
        if !known {
            for port in row.scan.ports() {
                story.aim(None, seen.proto, Some(port));
            }
            let (refused, first) = row.scan.refused();
            story.add_earlier(refused, Timestamp::from_seconds(first.into()));
        }
        story.raise(Severity::Info, 60);
        self.open(&key);
    }
}

/// The /24 or /48 of `ip`: what one customer of a provider often has.
fn network_key(ip: IpAddr) -> u64 {
    match ip {
        IpAddr::V4(ip) => (1 << 48) | u64::from(ip.to_bits() >> 8),
        IpAddr::V6(ip) => u64::try_from(ip.to_bits() >> 80).unwrap_or(0).max(1),
    }
}

/// How they are told.
pub const SHARED_SCAN: Telling = Telling {
    detector: "shared-scan",
    quiet_seconds: 6 * 3_600,
    category: Category::Scan,
    names: "signatures",
    reasons: "kinds",
    techniques: |_| &["T1595.001"],
    key: |story| service_key(story).unwrap_or_else(|| "scan/shared-scan".to_owned()),
    message: |_| "shared-scan",
    messages: &["shared-scan"],
    outcome: reached,
};

#[cfg(test)]
mod tests {
    use super::*;

    const START: u32 = 1_700_000_000;

    /// Refused contacts of (seconds, source, port, target): which one gives the network away?
    #[track_caller]
    fn check(contacts: impl Iterator<Item = (u32, u64, u16, u64)>, expected: Option<usize>) {
        let mut row = SharedScanRow::default();
        let mut judged = contacts.map(|(at, source, port, target)| {
            row.refuse(START + at, source, port, hash::mix(target))
        });
        assert_eq!(judged.position(|is_scan| is_scan), expected);
    }

    #[test]
    fn three_addresses_that_take_turns_are_one_scan() {
        let ports = |sources: u64, gap: u32| {
            (0..20_u16).map(move |n| (u32::from(n) * gap, u64::from(n) % sources, 1_000 + n, 1))
        };
        check(ports(3, 60), Some(4));
        check(ports(20, 60), Some(4));
        check(ports(20, 5 * 3_600), Some(7));
        check(ports(2, 60), None);
        check(ports(20, 26 * 3_600), None);
        // A worm that asks for one port is not coordinated by that.
        check((0..50).map(|n| (n * 60, n.into(), 23, 1)), None);
        // One port on many hosts, each asked by somebody else.
        check(
            (0..20).map(|n| (n * 60, n.into(), 3_389, n.into())),
            Some(4),
        );
    }

    #[test]
    fn a_collector_marks_them_and_names_the_addresses_and_a_recording_does_not() {
        use crate::detect::tests::{refused, with_probes};
        let events: Vec<_> = (0..12_u16)
            .map(|n| refused(i64::from(n) * 60, &format!("192.0.2.{}", n % 6), 1_000 + n))
            .collect();
        for (report_probes, expected) in [(true, 1), (false, 0)] {
            let mut out = Vec::new();
            let mut detect = with_probes(report_probes);
            for event in &events {
                detect.observe(event, &mut out);
            }
            let open = detect.open_findings();
            let shared: Vec<_> = open
                .iter()
                .filter(|finding| &*finding.detector == "shared-scan")
                .collect();
            assert_eq!(shared.len(), expected);
            for finding in shared {
                assert_eq!((finding.severity, finding.count), (Severity::Info, 12));
                assert!(finding.sources.len() >= 5, "{:?}", finding.sources);
                assert_eq!(finding.key, "scan/shared-scan");
            }
        }
    }

    #[test]
    fn networks_are_told_apart() {
        let key = |ip: &str| network_key(ip.parse().unwrap());
        assert_eq!(key("192.0.2.1"), key("192.0.2.254"));
        assert_ne!(key("192.0.2.1"), key("192.0.3.1"));
        assert_eq!(key("2001:db8:1:2::3"), key("2001:db8:1:ffff::1"));
        assert_ne!(key("2001:db8:1::1"), key("2001:db8:2::1"));
    }
}
