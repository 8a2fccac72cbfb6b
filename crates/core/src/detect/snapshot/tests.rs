//! Tests of the memory as bytes; that a cut stream goes on as before is in `tests/snapshot.rs`.

use std::net::{IpAddr, Ipv4Addr};

use proptest::prelude::*;

use super::*;
use crate::detect::tests::{detect, login, run};
use crate::detect::{Indicators, MAX_STORIES, Settings, Signal};
use crate::event::Event;
use crate::words::Words;

fn kept(detect: &Detect) -> Vec<u8> {
    let mut bytes = Vec::new();
    detect.snapshot(&mut bytes);
    bytes
}

fn flood(from: u32, to: u32) -> Vec<Event<'static>> {
    let source = |n: u32| IpAddr::V4(Ipv4Addr::from_bits(0x5000_0000 | n)).to_string();
    let events = (from..to).flat_map(|n| {
        let at = i64::from(n / 100);
        let users = ["root", "ann", "bob", "eve"];
        (0..5).map(move |k| login(at, &source(n), users[k % 4], false))
    });
    events.collect()
}

#[test]
fn full_tables_go_on_as_before() {
    let mut uncut = detect();
    let mut out = Vec::new();
    for event in flood(0, 20_000) {
        uncut.observe(&event, &mut out);
    }
    let pressure = uncut.pressure();
    assert!(pressure.sources_replaced + pressure.sources_refused > 0);
    assert_eq!(pressure.stories, MAX_STORIES);
    let bytes = kept(&uncut);
    assert!(bytes.len() < 24 * 1_048_576, "{}", bytes.len());
    let mut cut = detect();
    cut.restore(&bytes).unwrap();
    assert_eq!(cut.pressure(), pressure);
    let more = flood(20_000, 21_000);
    assert_eq!(run(&mut cut, &more), run(&mut uncut, &more));
}

#[test]
fn stories_of_rules_follow_their_rules_and_go_with_them() {
    let rule = |name: &str| {
        format!(
            "title: {name}\nid: {name}\nlogsource:\n  category: authentication\ndetection:\n  \
             sel:\n    user: {name}\n  condition: sel\nlevel: high\n"
        )
    };
    let with = |names: &[&str]| {
        let files: Vec<_> = names
            .iter()
            .map(|name| (format!("{name}.yml"), rule(name)))
            .collect();
        let (rules, skipped) = RuleSet::compile(&files);
        assert!(skipped.is_empty(), "{skipped:?}");
        let settings = Settings::new(std::sync::Arc::new(Words::of("en").unwrap()));
        Detect::new(settings, rules, Indicators::default())
    };
    let mut before = with(&["ann", "bob"]);
    let mut out = Vec::new();
    for user in ["ann", "bob"] {
        before.observe(&login(0, "192.0.2.9", user, false), &mut out);
    }
    let opened: Vec<_> = out.iter().map(Signal::finding).cloned().collect();
    assert_eq!(opened.len(), 2);
    let mut after = with(&["first", "bob"]);
    after.restore(&kept(&before)).unwrap();
    assert_eq!(after.open_findings(), opened[1..]);
}

#[test]
fn another_layout_is_another_version() {
    let mut bytes = kept(&detect());
    bytes[1] ^= 1;
    let end = bytes.len() - SUM_BYTES;
    let sum = hash::bytes(&bytes[..end]);
    bytes[end..].copy_from_slice(&sum.to_le_bytes());
    let refused = detect().restore(&bytes);
    assert_eq!(refused, Err(SnapshotRefusal::OtherVersion));
    bytes[0] += 1;
    assert_eq!(detect().restore(&bytes), refused);
    assert_eq!(detect().restore(b""), Err(SnapshotRefusal::Damaged));
}

proptest! {
    /// Even bytes that were made to pass the check sum are refused or read, and that is all.
    #[test]
    fn no_bytes_make_it_panic(changes in prop::collection::vec((9_usize..3_000, any::<u8>()), 1..20)) {
        let mut writer = detect();
        let mut out = Vec::new();
        for event in flood(0, 20) {
            writer.observe(&event, &mut out);
        }
        let mut bytes = kept(&writer);
        let end = bytes.len() - SUM_BYTES;
        for (place, byte) in changes {
            bytes[place % (end - HEAD_BYTES) + HEAD_BYTES] = byte;
        }
        let sum = hash::bytes(&bytes[..end]);
        bytes[end..].copy_from_slice(&sum.to_le_bytes());
        let mut reader = detect();
        let restored = reader.restore(&bytes);
        prop_assert!(matches!(restored, Ok(()) | Err(SnapshotRefusal::Damaged)));
    }
}
