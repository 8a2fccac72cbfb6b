//! Files of every released version must be readable for ever; `corpus/spool/` keeps them.
//!
//! A new version gets a new folder. To write it: `LARUM_WRITE_FIXTURES=1 cargo nextest run -p
//! larum-spool fixtures`.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::fs;
use std::path::{Path, PathBuf};

use larum_spool::ledger::Keep;
use larum_spool::simulated::SimulatedStorage;
use larum_spool::{Ledger, Limits, Spool, Storage, WhenLow};

const LIMITS: Limits = Limits {
    segment_bytes: 200,
    total_bytes: 1_000,
    frame_bytes: 100,
    keep_free_bytes: 0,
    when_low: WhenLow::DropOldest,
    reserve_bytes: 16,
};

fn folder(part: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../../corpus/spool")
        .join(part)
}

fn body(number: u64) -> Vec<u8> {
    format!("{{\"frame\":{number}}}").into_bytes()
}

/// Twelve frames of which four are released, one of them in the segment that is kept.
fn make_spool(disk: &SimulatedStorage) {
    let (mut spool, _) = Spool::open(disk.clone(), LIMITS).unwrap();
    for number in 1..=12 {
        spool.append(&body(number)).unwrap();
    }
    spool.sync().unwrap();
    spool.release(4).unwrap();
}

/// Three entries, two receipts.
fn make_ledger(disk: &SimulatedStorage) {
    let mut ledger = Ledger::open(disk.clone()).unwrap();
    for number in 1..=3 {
        ledger.append(&body(number), number * 10, 1_000).unwrap();
    }
    ledger.receipt(1, b"{\"receipt\":1}").unwrap();
    ledger.receipt(2, b"{\"receipt\":2}").unwrap();
}

/// Six entries with receipts of which the first file was left out.
fn make_pruned(disk: &SimulatedStorage) {
    let mut ledger = Ledger::open(disk.clone()).unwrap();
    ledger.set_file_bytes(300);
    for number in 1..=6 {
        let time_ms = i64::try_from(number).unwrap() * 1_000;
        ledger.append(&body(number), number * 10, time_ms).unwrap();
        ledger.receipt(number, b"{\"receipt\":0}").unwrap();
    }
    let keep = Keep {
        since_ms: 4_000,
        max_bytes: u64::MAX,
    };
    ledger.prune(keep, 9_000).unwrap();
}

/// A fixture as a disk.
fn kept(part: &str) -> SimulatedStorage {
    let disk = SimulatedStorage::new(1);
    for entry in fs::read_dir(folder(part)).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap().to_owned();
        disk.put(&name, &fs::read(&path).unwrap());
    }
    disk
}

/// The newest fixture as a disk; what today's program writes must be the same bytes.
fn fixture(part: &str, make: fn(&SimulatedStorage)) -> SimulatedStorage {
    let today = SimulatedStorage::new(1);
    make(&today);
    let names = today.list().unwrap();
    let written = names.iter().filter(|name| *name != "reserve");
    for name in written {
        let bytes = today.get(name).unwrap();
        let path = folder(part).join(name);
        if std::env::var_os("LARUM_WRITE_FIXTURES").is_some() && !path.exists() {
            fs::create_dir_all(folder(part)).unwrap();
            fs::write(&path, &bytes).unwrap();
        }
        assert_eq!(fs::read(&path).unwrap(), bytes, "{part}/{name}");
    }
    kept(part)
}

#[test]
fn spools_of_every_version_are_read() {
    for disk in [kept("v1/spool"), fixture("v2/spool", make_spool)] {
        spool_is_read(disk);
    }
}

fn spool_is_read(disk: SimulatedStorage) {
    let (mut spool, recovery) = Spool::open(disk, LIMITS).unwrap();
    assert_eq!((recovery.frames, recovery.torn_bytes), (8, 0));
    assert_eq!((spool.handed_on(), spool.dropped().sum()), (4, 0));
    let mut frames = Vec::new();
    spool.read(1, 100, 10_000, &mut frames).unwrap();
    let found: Vec<(u64, Vec<u8>)> = frames
        .into_iter()
        .map(|frame| (frame.number, frame.bytes))
        .collect();
    let expected: Vec<(u64, Vec<u8>)> = (5..=12).map(|number| (number, body(number))).collect();
    assert_eq!(found, expected);
    assert_eq!(spool.append(b"on").unwrap(), 13);
}

#[test]
fn a_ledger_of_version_1_is_read() {
    let mut ledger = Ledger::open(fixture("v1/ledger", make_ledger)).unwrap();
    let summary = ledger.verify().unwrap();
    assert_eq!((summary.entries, summary.receipted), (3, 2));
    assert_eq!(
        summary.head,
        "1dc267decdccf346307a469850733f059a8a19e015e0bb0b09eeeac62c53ba46"
    );
    assert_eq!(ledger.unreceipted().unwrap().unwrap().body, body(3));
    assert_eq!(ledger.append(b"on", 40, 2_000).unwrap().sequence, 4);
    ledger.verify().unwrap();
}

#[test]
fn an_anchor_of_version_1_is_read() {
    let ledger = Ledger::open(fixture("v1/pruned-ledger", make_pruned)).unwrap();
    let summary = ledger.verify().unwrap();
    assert_eq!((summary.entries, summary.receipted), (6, 6));
    let pruned = summary.pruned.unwrap();
    assert_eq!((pruned.sequence, pruned.receipted), (3, 3));
    let times = (pruned.first_ms, pruned.last_ms, pruned.pruned_ms);
    assert_eq!(times, (1_000, 3_000, 9_000));
    assert_eq!(ledger.entries(1, 9).unwrap()[0].previous, pruned.hash);
}
