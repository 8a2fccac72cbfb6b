//! `larum outbox` and `larum ledger verify`, the real program over a state folder.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::path::Path;
use std::process::{Command, Output};

use larum_link::convert;
use larum_link::wire::{Batch, Receipt, WireSighting};
use larum_spool::ledger::{Keep, hex};
use larum_spool::{FolderStorage, Ledger, Limits, Spool};
use sha2::{Digest as _, Sha256};

/// 2026-11-22T20:00:00Z.
const MADE_MS: i64 = 1_795_377_600_000;

const COLLECTOR: &str = "00112233445566778899aabbccddeeff";

fn sighting(last: u8) -> WireSighting {
    WireSighting {
        id: format!("{last:032x}"),
        key: "tcp/22".into(),
        detector: "login-guessing".into(),
        category: "brute-force".into(),
        attack: vec!["T1110.001".into()],
        severity: "medium".into(),
        confidence: 80,
        outcome: "blocked".into(),
        first: MADE_MS - 60_000,
        last: MADE_MS,
        count: 12,
        sources: vec![[203, 0, 113, last].into()],
    }
}

/// Two batches, the first with a receipt, and one sighting that waits.
fn state() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let storage = FolderStorage::open(folder.path().join("spool")).unwrap();
    let (mut spool, _) = Spool::open(storage, Limits::default()).unwrap();
    let mut ledger =
        Ledger::open(FolderStorage::open(folder.path().join("ledger")).unwrap()).unwrap();
    let frames: Vec<Vec<u8>> = (1..=4)
        .map(|last| serde_json::to_vec(&sighting(last)).unwrap())
        .collect();
    for frame in &frames {
        spool.append(frame).unwrap();
    }
    spool.sync().unwrap();
    for (from, to) in [(0, 2), (2, 3)] {
        let head = ledger.head();
        let packed = convert::pack(
            frames.get(from..to).unwrap().iter().map(Vec::as_slice),
            head.sequence + 1,
            head.hash_hex(),
            MADE_MS,
        )
        .unwrap();
        ledger.append(&packed.body, to as u64, MADE_MS).unwrap();
        spool.release(to as u64).unwrap();
    }
    let first = ledger.unreceipted().unwrap().unwrap();
    let sha256: [u8; 32] = Sha256::digest(&first.body).into();
    let receipt = Receipt {
        sequence: 1,
        sha256: hex(&sha256),
        receipt: 77,
        received: MADE_MS + 1_000,
        set_aside: Default::default(),
        signature: String::new(),
    };
    ledger
        .receipt(1, &serde_json::to_vec(&receipt).unwrap())
        .unwrap();
    folder
}

fn run(folder: &Path, args: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_larum"))
        .args(args)
        .arg("--state")
        .arg(folder)
        .output()
        .unwrap()
}

#[track_caller]
fn check(folder: &Path, args: &[&str], exit: i32, expected: &[&str]) -> String {
    let output = run(folder, args);
    let out = String::from_utf8(output.stdout).unwrap();
    let err = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(exit), "{args:?}: {out}{err}");
    for part in expected {
        assert!(
            out.contains(part) || err.contains(part),
            "{part} in {out}{err}"
        );
    }
    assert!(!out.contains('«') && !err.contains('«'), "{out}{err}");
    out
}

#[test]
fn a_person_reads_what_has_left() {
    let state = state();
    let folder = state.path();
    check(
        folder,
        &["outbox", "list"],
        0,
        &[
            "2026-11-22 20:00:00",
            "2026-11-22 20:00:01",
            "not yet",
            "One report waits",
        ],
    );
    check(
        folder,
        &["outbox", "show", "1"],
        0,
        &[
            "The hub has received it (2026-11-22 20:00:01 UTC, receipt 77).",
            "Guessing passwords on tcp/22: it was kept out.",
            "203.0.113.2",
            "Seen 12 times, from 2026-11-22 19:59:00 to 2026-11-22 20:00:00 UTC.",
            "login-guessing",
            "T1110.001",
        ],
    );
    check(folder, &["outbox", "show", "2"], 0, &["word for word"]);
    check(folder, &["outbox", "show", "pending"], 0, &["203.0.113.4"]);
}

#[test]
fn programs_read_it_too_and_the_bytes_are_exact() {
    let state = state();
    let folder = state.path();
    let list = check(folder, &["outbox", "list", "--json"], 0, &[]);
    let rows: Vec<serde_json::Value> = list
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let field = |row: usize, name: &str| rows.get(row).unwrap().get(name).cloned();
    assert_eq!(rows.len(), 2);
    assert_eq!(field(0, "sightings"), Some(2.into()));
    assert_eq!(field(0, "receipt"), Some(77.into()));
    assert_eq!(field(1, "receipt"), None);

    let raw = run(folder, &["outbox", "show", "1", "--raw"]).stdout;
    let batch: Batch = serde_json::from_slice(&raw).unwrap();
    assert_eq!(batch.sightings, [sighting(1), sighting(2)]);
    let shown = check(folder, &["outbox", "show", "1", "--json"], 0, &[]);
    let first: WireSighting = serde_json::from_str(shown.lines().next().unwrap()).unwrap();
    assert_eq!(first, sighting(1));

    let export = check(folder, &["outbox", "export"], 0, &[]);
    let mut previous = [0; 32];
    for line in export.lines() {
        let row: serde_json::Value = serde_json::from_str(line).unwrap();
        let text = |name: &str| row.get(name).unwrap().as_str().unwrap().to_owned();
        assert_eq!(text("previous"), hex(&previous));
        previous = larum_spool::ledger::chain_hash(&previous, text("body").as_bytes());
        assert_eq!(text("hash"), hex(&previous));
    }
    assert_eq!(export.lines().count(), 2);
}

#[test]
fn a_damaged_record_is_told() {
    let state = state();
    let folder = state.path();
    check(
        folder,
        &["ledger", "verify"],
        0,
        &["The record is whole: 2 batches, 1 of them received"],
    );
    check(
        folder,
        &["ledger", "verify", "--json"],
        0,
        &["\"whole\":true"],
    );
    let file = folder.join("ledger/00000000000000000001.ledger");
    let mut bytes = std::fs::read(&file).unwrap();
    *bytes.get_mut(150).unwrap() ^= 1;
    std::fs::write(&file, bytes).unwrap();
    check(
        folder,
        &["ledger", "verify"],
        5,
        &["at batch 1", "not what was written"],
    );
    check(
        folder,
        &["ledger", "verify", "--json"],
        5,
        &["\"whole\":false", "\"broken_at\":1", "\"what\":\"changed\""],
    );
    check(folder, &["outbox", "list"], 5, &["damaged at batch 1"]);
}

#[test]
fn a_receipt_for_something_else_is_told() {
    let state = state();
    let folder = state.path();
    let mut ledger = Ledger::open(FolderStorage::open(folder.join("ledger")).unwrap()).unwrap();
    let wrong = Receipt {
        sequence: 2,
        sha256: "0".repeat(64),
        receipt: 78,
        received: MADE_MS,
        set_aside: Default::default(),
        signature: String::new(),
    };
    ledger
        .receipt(2, &serde_json::to_vec(&wrong).unwrap())
        .unwrap();
    check(
        folder,
        &["ledger", "verify"],
        5,
        &["at batch 2", "receipt is for something else"],
    );
}

/// Puts the hub's signature under a receipt, as a hub with this key does it.
fn sign(mut receipt: Receipt, key: &rcgen::KeyPair) -> Vec<u8> {
    use rcgen::SigningKey as _;
    let text = larum_link::receipt::signed_text(&receipt, COLLECTOR).unwrap();
    receipt.signature = larum_link::receipt::written(&key.sign(&text).unwrap());
    serde_json::to_vec(&receipt).unwrap()
}

/// Two more batches; the receipts of all but the first are signed, then spoiled by `spoil`.
fn signed_state(spoil: impl Fn(Receipt, &rcgen::KeyPair) -> Vec<u8>) -> tempfile::TempDir {
    let state = state();
    let folder = state.path();
    let key = rcgen::KeyPair::generate().unwrap();
    let certificate = rcgen::CertificateParams::default()
        .self_signed(&key)
        .unwrap();
    std::fs::create_dir(folder.join("identity")).unwrap();
    std::fs::write(folder.join("identity/ledger-of"), COLLECTOR).unwrap();
    std::fs::write(folder.join("ledger/hub.der"), certificate.der()).unwrap();
    let mut ledger = Ledger::open(FolderStorage::open(folder.join("ledger")).unwrap()).unwrap();
    let head = ledger.head();
    let frame = serde_json::to_vec(&sighting(5)).unwrap();
    let packed = convert::pack([frame.as_slice()], 3, head.hash_hex(), MADE_MS).unwrap();
    ledger.append(&packed.body, 4, MADE_MS).unwrap();
    while let Some(entry) = ledger.unreceipted().unwrap() {
        let sha256: [u8; 32] = Sha256::digest(&entry.body).into();
        let receipt = Receipt {
            sequence: entry.sequence,
            sha256: hex(&sha256),
            receipt: 77 + entry.sequence,
            received: MADE_MS,
            set_aside: Default::default(),
            signature: String::new(),
        };
        let bytes = match entry.sequence {
            3 => spoil(receipt, &key),
            _ => sign(receipt, &key),
        };
        ledger.receipt(entry.sequence, &bytes).unwrap();
    }
    state
}

#[test]
fn the_hub_s_signatures_are_checked() {
    let plain = |receipt: Receipt, _: &rcgen::KeyPair| serde_json::to_vec(&receipt).unwrap();
    let later = |receipt: Receipt, key: &rcgen::KeyPair| {
        let mut signed: Receipt = serde_json::from_slice(&sign(receipt, key)).unwrap();
        signed.received += 1;
        serde_json::to_vec(&signed).unwrap()
    };
    let verify = ["ledger", "verify"];
    let good = signed_state(sign);
    check(
        good.path(),
        &verify,
        0,
        &["2 receipts carry", "1 older ones carry none"],
    );
    let json = ["ledger", "verify", "--json"];
    check(good.path(), &json, 0, &["\"signed\":2", "\"hub\":\""]);
    let taken_off = signed_state(plain);
    check(
        taken_off.path(),
        &verify,
        5,
        &["at batch 3", "signature has been taken off"],
    );
    let changed = signed_state(later);
    check(
        changed.path(),
        &verify,
        5,
        &["at batch 3", "has not signed this receipt"],
    );
}

#[test]
fn what_was_left_out_is_told_and_the_rest_is_proved() {
    let state = state();
    let folder = state.path();
    let mut ledger = Ledger::open(FolderStorage::open(folder.join("ledger")).unwrap()).unwrap();
    ledger.set_file_bytes(1);
    let second = ledger.unreceipted().unwrap().unwrap();
    let sha256: [u8; 32] = Sha256::digest(&second.body).into();
    let receipt = Receipt {
        sequence: 2,
        sha256: hex(&sha256),
        receipt: 78,
        received: MADE_MS + 1_000,
        set_aside: Default::default(),
        signature: String::new(),
    };
    let receipt = serde_json::to_vec(&receipt).unwrap();
    ledger.receipt(2, &receipt).unwrap();
    let frame = serde_json::to_vec(&sighting(4)).unwrap();
    let previous = ledger.head().hash_hex();
    let packed = convert::pack([frame.as_slice()], 3, previous, MADE_MS).unwrap();
    ledger.append(&packed.body, 4, MADE_MS).unwrap();
    let keep = Keep {
        since_ms: MADE_MS + 1,
        max_bytes: u64::MAX,
    };
    assert_eq!(ledger.prune(keep, MADE_MS + 86_400_000).unwrap(), 2);
    drop(ledger);
    check(
        folder,
        &["ledger", "verify"],
        0,
        &[
            "3 batches, 2 of them received",
            "Batches 1 to 2",
            "no longer here",
        ],
    );
    let json = check(folder, &["ledger", "verify", "--json"], 0, &[]);
    let row: serde_json::Value = serde_json::from_str(&json).unwrap();
    assert_eq!(row["pruned"]["sequence"], 2);
    check(
        folder,
        &["outbox", "show", "1"],
        4,
        &["The oldest that is kept is 3"],
    );
    check(folder, &["outbox", "list"], 0, &["3"]);
    // Without the note of where it begins, it begins in the middle.
    std::fs::remove_file(folder.join("ledger/anchor")).unwrap();
    check(folder, &["ledger", "verify"], 5, &["not there"]);
}

#[test]
fn what_is_not_there_is_said_so() {
    let state = state();
    let folder = state.path();
    check(
        folder,
        &["outbox", "show", "9"],
        4,
        &["There is no batch 9", "newest is 2"],
    );
    check(
        folder,
        &["outbox", "show", "0"],
        4,
        &["There is no batch 0"],
    );
    check(folder, &["outbox", "show", "first"], 2, &["no batch"]);
    let nowhere = folder.join("nowhere");
    for args in [
        &["outbox", "list"][..],
        &["ledger", "verify"],
        &["outbox", "export"],
    ] {
        check(&nowhere, args, 4, &["--state"]);
    }
    let empty = tempfile::tempdir().unwrap();
    check(
        empty.path(),
        &["outbox", "list"],
        0,
        &["Nothing has left this building yet."],
    );
    check(
        empty.path(),
        &["outbox", "show", "pending"],
        0,
        &["Nothing waits"],
    );
    check(empty.path(), &["ledger", "verify"], 0, &["It is empty"]);
}
