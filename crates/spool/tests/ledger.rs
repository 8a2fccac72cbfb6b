//! The egress ledger: the chain, receipts, and finding every change.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

use larum_spool::ledger::{Damage, Keep, MAX_BODY_BYTES, chain_hash, hex, verify};
use larum_spool::simulated::SimulatedStorage;
use larum_spool::{Fault, FolderStorage, Ledger, Storage};
use proptest::prelude::*;
use sha2::{Digest as _, Sha256};

/// SHA-256 over 32 zero bytes and the SHA-256 of "first", by another program.
const FIRST_HASH: &str = "664cc94c690b164c5c4e366131ce26d2f535300a175c0486c5f470991af63a5f";
const FILE: &str = "00000000000000000001.ledger";

/// Three entries, two of them with a receipt.
fn filled() -> (SimulatedStorage, Ledger<SimulatedStorage>) {
    let disk = SimulatedStorage::new(1);
    let mut ledger = Ledger::open(disk.clone()).unwrap();
    for (index, body) in [&b"first"[..], b"second", b"third"].into_iter().enumerate() {
        let entry = ledger.append(body, 10 * (index as u64 + 1), 1_000).unwrap();
        assert_eq!(entry.sequence, index as u64 + 1);
    }
    ledger.receipt(1, b"one").unwrap();
    ledger.receipt(2, b"two").unwrap();
    (disk, ledger)
}

#[test]
fn the_chain_is_what_the_hub_computes() {
    let (_, ledger) = filled();
    let mut previous = [0; 32];
    for body in [&b"first"[..], b"second", b"third"] {
        let mut outer = Sha256::new();
        outer.update(previous);
        outer.update(Sha256::digest(body));
        let expected: [u8; 32] = outer.finalize().into();
        assert_eq!(chain_hash(&previous, body), expected);
        previous = expected;
    }
    assert_eq!(ledger.head().hash, previous);
    assert_eq!(ledger.head().hash_hex(), hex(&previous));
    assert_eq!(ledger.head().hash_hex().len(), 64);
    assert_eq!(
        hex(&chain_hash(&[0; 32], b"first")),
        FIRST_HASH,
        "the definition must never change"
    );
}

#[test]
fn it_goes_on_where_it_was_after_reopening() {
    let (_, ledger) = filled();
    let head = ledger.head();
    let mut ledger = Ledger::open(ledger.into_storage()).unwrap();
    assert_eq!(ledger.head(), head);
    assert_eq!(
        (head.sequence, head.receipted, head.spool_up_to),
        (3, 2, 30)
    );
    let waiting = ledger.unreceipted().unwrap().unwrap();
    assert_eq!(
        (waiting.sequence, waiting.body.as_slice()),
        (3, &b"third"[..])
    );
    assert_eq!(ledger.receipt(2, b"").unwrap_err().fault, Fault::NotWaiting);
    assert_eq!(ledger.receipt(4, b"").unwrap_err().fault, Fault::NotWaiting);
    ledger.receipt(3, b"three").unwrap();
    assert_eq!(ledger.unreceipted().unwrap(), None);
    assert_eq!(
        ledger.append(b"fourth", 40, 2_000).unwrap().previous,
        head.hash
    );
    assert_eq!(ledger.unreceipted().unwrap().unwrap().sequence, 4);
    let entries = ledger.entries(2, 3).unwrap();
    let shown: Vec<_> = entries
        .iter()
        .map(|entry| (entry.sequence, entry.receipt.as_deref()))
        .collect();
    assert_eq!(shown, [(2, Some(&b"two"[..])), (3, Some(&b"three"[..]))]);
    let summary = ledger.verify().unwrap();
    assert_eq!((summary.entries, summary.receipted), (4, 3));
    assert_eq!(summary.head, ledger.head().hash_hex());
    assert_eq!(summary.body_bytes, 22);
}

#[test]
fn every_flipped_bit_is_found() {
    for name in [FILE, "head"] {
        let length = filled().0.get(name).unwrap().len();
        for offset in 0..length {
            for bit in 0..8 {
                let (disk, _) = filled();
                disk.flip_bit(name, offset, bit);
                assert!(verify(&disk).is_err(), "{name} byte {offset} bit {bit}");
            }
        }
    }
}

#[test]
fn every_missing_byte_and_every_cut_is_found() {
    let (disk, _) = filled();
    let whole = disk.get(FILE).unwrap();
    for offset in 0..whole.len() {
        let (disk, _) = filled();
        disk.put(FILE, &whole[..offset]);
        assert!(verify(&disk).is_err(), "cut at {offset}");
        let mut missing = whole.clone();
        missing.remove(offset);
        disk.put(FILE, &missing);
        assert!(verify(&disk).is_err(), "byte {offset} missing");
    }
    assert!(verify(&disk).is_ok());
}

#[test]
fn records_moved_removed_or_put_in_are_found() {
    let (disk, _) = filled();
    let whole = disk.get(FILE).unwrap();
    let records = records(&whole);
    assert_eq!(records.len(), 5);
    let check = |order: &[usize], expected: Damage| {
        let mut bytes = whole[..8].to_vec();
        for index in order {
            bytes.extend_from_slice(records[*index]);
        }
        let (disk, _) = filled();
        disk.put(FILE, &bytes);
        assert_eq!(verify(&disk).unwrap_err().what, expected, "{order:?}");
    };
    check(&[1, 0, 2, 3, 4], Damage::Missing);
    check(&[0, 2, 1, 3, 4], Damage::Missing);
    check(&[0, 1, 1, 2, 3, 4], Damage::Reordered);
    check(&[0, 1, 2, 4, 3], Damage::Reordered);
    check(&[1, 2, 3, 4], Damage::Missing);
    check(&[0, 1, 2, 3], Damage::Truncated);
    check(&[], Damage::Truncated);
}

fn records(file: &[u8]) -> Vec<&[u8]> {
    let mut records = Vec::new();
    let mut rest = &file[8..];
    while !rest.is_empty() {
        let length = 16 + u32::from_le_bytes(rest[..4].try_into().unwrap()) as usize;
        let (record, behind) = rest.split_at(length);
        records.push(record);
        rest = behind;
    }
    records
}

#[test]
fn a_write_that_was_interrupted_is_no_damage_and_a_cut_end_is() {
    let (disk, ledger) = filled();
    let head = ledger.head();
    drop(ledger);
    let whole = disk.get(FILE).unwrap();
    let mut torn = whole.clone();
    torn.extend_from_slice(&[40, 0, 0, 0, 1, 2, 3]);
    disk.put(FILE, &torn);
    assert_eq!(verify(&disk).unwrap().unfinished_bytes, 7);
    let ledger = Ledger::open(disk.clone()).unwrap();
    assert_eq!((ledger.head(), ledger.torn_bytes()), (head, 7));
    drop(ledger);
    assert_eq!(disk.get(FILE).unwrap(), whole);
    disk.put(FILE, &whole[..whole.len() - 1]);
    assert_eq!(Ledger::open(disk).unwrap_err().fault, Fault::Broken);
}

#[test]
fn a_full_disk_stops_it_only_after_the_reserve() {
    let disk = SimulatedStorage::new(1);
    let mut ledger = Ledger::open(disk.clone()).unwrap();
    disk.set_capacity_bytes(Some(disk.used_bytes() + 100));
    ledger.append(&[1; 5_000], 1, 0).unwrap();
    let mut refused = None;
    for number in 2..400 {
        if let Err(error) = ledger.append(&[1; 5_000], number, 0) {
            refused = Some((number, error.fault));
            break;
        }
    }
    let (number, fault) = refused.unwrap();
    assert!(number > 50, "the reserve was used");
    assert_eq!(fault, Fault::DiskFull);
    assert_eq!(ledger.head().sequence, number - 1);
    ledger.verify().unwrap();
    disk.set_capacity_bytes(None);
    assert_eq!(ledger.append(b"on", 500, 0).unwrap().sequence, number);
    ledger.verify().unwrap();
}

#[test]
fn a_failed_sync_shuts_it_and_opening_tells_what_is_there() {
    let (disk, mut ledger) = filled();
    disk.fail_sync_after(0);
    assert_eq!(
        ledger.append(b"x", 40, 0).unwrap_err().fault,
        Fault::Poisoned
    );
    assert_eq!(
        ledger.append(b"x", 40, 0).unwrap_err().fault,
        Fault::Poisoned
    );
    assert_eq!(ledger.receipt(3, b"").unwrap_err().fault, Fault::Poisoned);
    drop(ledger);
    let ledger = Ledger::open(disk.clone()).unwrap();
    let head = ledger.head();
    drop(ledger);
    disk.crash();
    assert_eq!(
        Ledger::open(disk).unwrap().head(),
        head,
        "opening made it durable"
    );
}

#[test]
fn large_bodies_and_many_files() {
    let folder = tempfile::tempdir().unwrap();
    let mut ledger = Ledger::open(FolderStorage::open(folder.path()).unwrap()).unwrap();
    let too_large = vec![0; MAX_BODY_BYTES + 1];
    assert_eq!(
        ledger.append(&too_large, 1, 0).unwrap_err().fault,
        Fault::TooLarge
    );
    for number in 1..=20 {
        ledger.append(&vec![7; MAX_BODY_BYTES], number, 0).unwrap();
        if number > 12 {
            ledger.receipt(number - 12, b"late").unwrap();
        }
    }
    let files = ledger.into_storage();
    let names = files.list().unwrap();
    let count = names
        .iter()
        .filter(|name| name.ends_with(".ledger"))
        .count();
    assert_eq!(count, 3);
    drop(files);
    let mut ledger = Ledger::open(FolderStorage::open(folder.path()).unwrap()).unwrap();
    assert_eq!(ledger.verify().unwrap().entries, 20);
    for number in 9..=20 {
        assert_eq!(ledger.unreceipted().unwrap().unwrap().sequence, number);
        ledger.receipt(number, b"later").unwrap();
    }
    assert_eq!(ledger.unreceipted().unwrap(), None);
    assert_eq!(ledger.entries(7, 9).unwrap().len(), 3);
    // A whole file in the middle goes missing.
    let middle = names.iter().filter(|name| name.ends_with(".ledger")).nth(1);
    std::fs::remove_file(folder.path().join(middle.unwrap())).unwrap();
    let broken = ledger.verify().unwrap_err();
    assert_eq!(broken.what, Damage::Missing);
}

#[test]
fn looking_at_it_changes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let mut ledger = Ledger::open(FolderStorage::open(folder.path()).unwrap()).unwrap();
    ledger.append(b"body", 1, 0).unwrap();
    let look = Ledger::look(FolderStorage::read_only(folder.path()).unwrap()).unwrap();
    assert_eq!(look.head(), ledger.head());
    assert_eq!(look.entries(1, 9).unwrap().len(), 1);
    look.verify().unwrap();
}

const DAY_MS: i64 = 86_400_000;

/// Forty entries, one a day, three or four in a file, all but the last two receipted.
fn forty() -> (SimulatedStorage, Ledger<SimulatedStorage>) {
    let disk = SimulatedStorage::new(1);
    let mut ledger = Ledger::open(disk.clone()).unwrap();
    ledger.set_file_bytes(500);
    for number in 1..=40 {
        let day_ms = i64::try_from(number).unwrap() * DAY_MS;
        ledger.append(&[7; 50], 10 * number, day_ms).unwrap();
        if number <= 38 {
            ledger.receipt(number, b"received").unwrap();
        }
    }
    (disk, ledger)
}

const EVERYTHING: Keep = Keep {
    since_ms: 0,
    max_bytes: u64::MAX,
};

#[test]
fn what_is_left_out_is_said_and_the_rest_is_still_proved() {
    let (disk, mut ledger) = forty();
    let head = ledger.head();
    let hashes: Vec<_> = ledger.entries(1, 40).unwrap();
    assert_eq!(ledger.prune(EVERYTHING, 0).unwrap(), 0);
    assert_eq!(verify(&disk).unwrap().pruned, None);

    let keep = Keep {
        since_ms: 20 * DAY_MS,
        max_bytes: u64::MAX,
    };
    let gone = ledger.prune(keep, 50 * DAY_MS).unwrap();
    assert!(
        (16..=19).contains(&gone),
        "whole files, none too young: {gone}"
    );
    let pruned = ledger.pruned().unwrap();
    assert_eq!((pruned.sequence, pruned.receipted), (gone, gone));
    assert_eq!(pruned.hash, hashes[usize::try_from(gone).unwrap() - 1].hash);
    assert_eq!(pruned.first_ms, DAY_MS);
    assert_eq!(pruned.last_ms, i64::try_from(gone).unwrap() * DAY_MS);
    assert_eq!(pruned.pruned_ms, 50 * DAY_MS);
    // The same chain, from there on, also when it is opened anew and written further.
    for round in 0..2 {
        let summary = verify(&disk).unwrap();
        assert_eq!(
            (summary.entries, summary.receipted),
            (40 + round, 38 + round)
        );
        assert_eq!(summary.pruned, Some(pruned));
        let kept = ledger.entries(1, 40).unwrap();
        assert_eq!(kept.len() as u64, 40 - gone);
        assert_eq!(kept[0].sequence, gone + 1);
        assert!(
            kept.iter()
                .all(|entry| entry.receipt.is_some() || entry.sequence > 38)
        );
        ledger = Ledger::open(ledger.into_storage()).unwrap();
        assert_eq!(ledger.head().sequence, head.sequence + round);
        assert_eq!(ledger.unreceipted().unwrap().unwrap().sequence, 39 + round);
        ledger.append(&[7; 50], 1_000, 60 * DAY_MS).unwrap();
        ledger.receipt(39 + round, b"received").unwrap();
    }
}

#[test]
fn what_has_no_receipt_is_never_left_out() {
    let (disk, mut ledger) = forty();
    let nothing = Keep {
        since_ms: i64::MAX,
        max_bytes: 0,
    };
    let gone = ledger.prune(nothing, 50 * DAY_MS).unwrap();
    assert!((30..=38).contains(&gone), "{gone}");
    assert_eq!(ledger.unreceipted().unwrap().unwrap().sequence, 39);
    assert_eq!(verify(&disk).unwrap().receipted, 38);
    // By size only as much as must be.
    let (_, mut ledger) = forty();
    let half = Keep {
        since_ms: 0,
        max_bytes: 3_000,
    };
    let gone = ledger.prune(half, 50 * DAY_MS).unwrap();
    assert!((15..=25).contains(&gone), "{gone}");
}

#[test]
fn nothing_can_be_taken_out_beside_the_anchor() {
    let pruned = || {
        let (disk, mut ledger) = forty();
        let keep = Keep {
            since_ms: 20 * DAY_MS,
            max_bytes: u64::MAX,
        };
        ledger.prune(keep, 50 * DAY_MS).unwrap();
        (disk, ledger.first_kept())
    };
    let (disk, _) = pruned();
    let length = disk.get("anchor").unwrap().len();
    for offset in 0..length {
        for bit in 0..8 {
            let (disk, _) = pruned();
            disk.flip_bit("anchor", offset, bit);
            assert_eq!(verify(&disk).unwrap_err().what, Damage::Anchor, "{offset}");
            assert_eq!(Ledger::open(disk).unwrap_err().fault, Fault::Broken);
        }
    }
    // Without the anchor what is gone is missing; the anchor of a shorter past does not fit.
    let (mut disk, first) = pruned();
    let anchor = disk.get("anchor").unwrap();
    disk.remove("anchor").unwrap();
    assert_eq!(verify(&disk).unwrap_err().what, Damage::Missing);
    let (mut disk, _) = pruned();
    disk.remove(&format!("{first:020}.ledger")).unwrap();
    assert_eq!(verify(&disk).unwrap_err().what, Damage::Missing);
    let (whole, _) = forty();
    whole.put("anchor", &anchor);
    assert_eq!(verify(&whole).unwrap().pruned.unwrap().sequence, first - 1);
    assert_eq!(Ledger::open(whole.clone()).unwrap().first_kept(), first);
    let left = whole.list().unwrap();
    assert!(
        !left.iter().any(|name| name == FILE),
        "a crash came in between"
    );
}

#[test]
fn what_was_changed_is_not_swept_away() {
    let (disk, mut ledger) = forty();
    disk.flip_bit(FILE, 150, 3);
    let keep = Keep {
        since_ms: 20 * DAY_MS,
        max_bytes: u64::MAX,
    };
    assert_eq!(ledger.prune(keep, 0).unwrap_err().fault, Fault::Broken);
    assert!(disk.get(FILE).is_some());
    assert_eq!(verify(&disk).unwrap_err().what, Damage::Changed);
}

proptest! {
    /// Whatever fails while parts are left out, what is left is one chain, and nothing without a receipt
    /// is gone.
    #[test]
    fn leaving_out_survives_faults_and_power_cuts(
        seed in any::<u64>(),
        steps in proptest::collection::vec((0_u8..8, 0_u64..6), 1..60),
    ) {
        let disk = SimulatedStorage::new(seed);
        let mut open = None;
        let (mut appended, mut receipted) = (0, 0);
        for (step, size) in steps {
            if open.is_none() {
                disk.no_more_faults();
                let ledger = Ledger::open(disk.clone()).unwrap();
                prop_assert!(ledger.head().sequence >= appended);
                prop_assert!(ledger.head().receipted >= receipted);
                prop_assert!(ledger.first_kept() <= ledger.head().receipted + 1);
                (appended, receipted) = (ledger.head().sequence, ledger.head().receipted);
                verify(&disk).unwrap();
                open = Some(ledger);
            }
            let Some(ledger) = &mut open else { continue };
            ledger.set_file_bytes(300);
            let done = match step {
                0..=2 => ledger.append(&[1; 40], 1, 1).map(|entry| appended = entry.sequence),
                3 | 4 if receipted < appended => {
                    ledger.receipt(receipted + 1, b"yes").map(|()| receipted += 1)
                }
                5 => {
                    let keep = Keep { since_ms: 0, max_bytes: 300 * size };
                    ledger.prune(keep, 2).map(drop)
                }
                6 => {
                    disk.fail_write_after(size);
                    Ok(())
                }
                7 if size == 0 => {
                    disk.crash();
                    open = None;
                    continue;
                }
                _ => {
                    disk.fail_sync_after(size);
                    Ok(())
                }
            };
            if done.is_err() {
                open = None;
            }
        }
    }
}
