//! The kill -9 rig: a process that appends, ships and acknowledges is killed again and again; what
//! it had acknowledged must be there, exactly once and in order.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

use std::io::{BufRead as _, BufReader, Write as _};
use std::path::Path;
use std::process::{Command, Stdio};

use larum_spool::{FolderStorage, Ledger, Limits, Spool, WhenLow};

const FOLDER: &str = "LARUM_TEST_KILL_FOLDER";
const START: &str = "LARUM_TEST_KILL_START";
const ROUNDS: u64 = 40;

const LIMITS: Limits = Limits {
    segment_bytes: 4_096,
    total_bytes: 1 << 30,
    frame_bytes: 1_024,
    keep_free_bytes: 0,
    when_low: WhenLow::DropOldest,
    reserve_bytes: 4_096,
};

fn open(folder: &Path) -> (Spool, Ledger) {
    let storage = FolderStorage::open(folder.join("spool")).unwrap();
    let (mut spool, recovery) = Spool::open(storage, LIMITS).unwrap();
    assert_eq!(recovery.corrupt_segments, 0, "a kill corrupts nothing");
    let ledger = Ledger::open(FolderStorage::open(folder.join("ledger")).unwrap()).unwrap();
    spool.release(ledger.head().spool_up_to).unwrap();
    (spool, ledger)
}

fn ship(spool: &mut Spool, ledger: &mut Ledger) -> bool {
    let mut frames = Vec::new();
    let from = ledger.head().spool_up_to + 1;
    spool.read(from, 50, 1 << 20, &mut frames).unwrap();
    let Some(last) = frames.last().map(|frame| frame.number) else {
        return false;
    };
    let body: Vec<u8> = frames
        .iter()
        .flat_map(|frame| frame.bytes[..8].to_vec())
        .collect();
    ledger.append(&body, last, 0).unwrap();
    spool.release(last).unwrap();
    if let Some(entry) = ledger.unreceipted().unwrap() {
        ledger.receipt(entry.sequence, b"received").unwrap();
    }
    true
}

/// The process that is killed; does nothing when run as a test of its own.
#[test]
fn kill_child() {
    let (Ok(folder), Ok(start)) = (std::env::var(FOLDER), std::env::var(START)) else {
        return;
    };
    let (mut spool, mut ledger) = open(Path::new(&folder));
    let mut id: u64 = start.parse().unwrap();
    let mut out = std::io::stdout().lock();
    for round in 0_u64.. {
        for _ in 0..1 + round % 7 {
            let mut frame = id.to_le_bytes().to_vec();
            frame.resize(8 + usize::try_from(id % 300).unwrap(), 0xEE);
            spool.append(&frame).unwrap();
            id += 1;
        }
        spool.sync().unwrap();
        writeln!(out, "acknowledged {}", id - 1).unwrap();
        out.flush().unwrap();
        if round % 5 == 4 {
            ship(&mut spool, &mut ledger);
        }
    }
}

#[test]
fn kill_rig() {
    let folder = tempfile::tempdir().unwrap();
    let mut start = 1_u64;
    // Every frame was acknowledged from the start of a process up to its last word.
    let mut acknowledged: Vec<std::ops::RangeInclusive<u64>> = Vec::new();
    for round in 0..ROUNDS {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "kill_child", "--nocapture", "--test-threads=1"])
            .env(FOLDER, folder.path())
            .env(START, start.to_string())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut words = BufReader::new(child.stdout.take().unwrap()).lines();
        let mut last = start - 1;
        let mut read = |words: &mut dyn Iterator<Item = std::io::Result<String>>| {
            for line in &mut *words {
                let line = line.unwrap();
                if let Some((_, number)) = line.split_once("acknowledged ") {
                    last = number.parse().unwrap();
                    return true;
                }
            }
            false
        };
        // The pipe decides when: after so many words, wherever the process then is.
        for _ in 0..1 + (round * 7) % 23 {
            assert!(read(&mut words), "the child ended by itself");
        }
        child.kill().unwrap();
        while read(&mut words) {}
        child.wait().unwrap();
        acknowledged.push(start..=last);
        // Numbers that were never acknowledged are not used again, so that each can be told apart.
        start = last + 100;
    }
    let (mut spool, mut ledger) = open(folder.path());
    while ship(&mut spool, &mut ledger) {}
    assert_eq!(spool.dropped().damaged, 0);
    ledger.verify().unwrap();
    let entries = ledger.entries(1, u64::MAX).unwrap();
    let sent: Vec<u64> = entries
        .iter()
        .flat_map(|entry| entry.body.chunks_exact(8))
        .map(|id| u64::from_le_bytes(id.try_into().unwrap()))
        .collect();
    assert!(sent.windows(2).all(|pair| pair[0] < pair[1]));
    for id in acknowledged.into_iter().flatten() {
        assert!(
            sent.binary_search(&id).is_ok(),
            "{id} was acknowledged and lost"
        );
    }
}
