//! The queue, on a real folder and on a disk that fails.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use larum_spool::simulated::SimulatedStorage;
use larum_spool::{Fault, FolderStorage, Frame, Limits, Spool, Storage, WhenLow};

/// Small, so that segments and the quota are met soon.
const SMALL: Limits = Limits {
    segment_bytes: 256,
    total_bytes: 1_024,
    frame_bytes: 64,
    keep_free_bytes: 0,
    when_low: WhenLow::DropOldest,
    reserve_bytes: 128,
};

fn read_all<S: Storage>(spool: &mut Spool<S>) -> Vec<(u64, Vec<u8>)> {
    let mut frames = Vec::new();
    spool.read(1, usize::MAX, usize::MAX, &mut frames).unwrap();
    frames
        .into_iter()
        .map(|Frame { number, bytes }| (number, bytes))
        .collect()
}

fn numbers<S: Storage>(spool: &mut Spool<S>) -> Vec<u64> {
    read_all(spool)
        .into_iter()
        .map(|(number, _)| number)
        .collect()
}

#[test]
fn frames_come_back_in_order_after_reopening() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("spool");
    let (mut spool, recovery) =
        Spool::open(FolderStorage::open(&path).unwrap(), Limits::default()).unwrap();
    assert_eq!(recovery.frames, 0);
    for text in ["one", "two", "three"] {
        spool.append(text.as_bytes()).unwrap();
    }
    assert!(read_all(&mut spool).is_empty(), "not before sync");
    spool.sync().unwrap();
    assert_eq!(spool.release(1).unwrap(), 1);
    drop(spool);
    let (mut spool, recovery) =
        Spool::open(FolderStorage::open(&path).unwrap(), Limits::default()).unwrap();
    assert_eq!(recovery.frames, 2);
    let expected = vec![(2, b"two".to_vec()), (3, b"three".to_vec())];
    assert_eq!(read_all(&mut spool), expected);
    assert_eq!(spool.release(3).unwrap(), 2);
    assert_eq!(spool.pending().bytes, 0);
    drop(spool);
    let (mut spool, _) =
        Spool::open(FolderStorage::open(&path).unwrap(), Limits::default()).unwrap();
    assert_eq!(
        spool.append(b"four").unwrap(),
        4,
        "numbers are never used twice"
    );
    assert_eq!(spool.handed_on(), 3);
}

#[test]
fn a_second_writer_is_kept_out_and_a_reader_is_not() {
    let folder = tempfile::tempdir().unwrap();
    let first = FolderStorage::open(folder.path()).unwrap();
    let second = FolderStorage::open(folder.path()).unwrap_err();
    assert_eq!(second.kind(), std::io::ErrorKind::ResourceBusy);
    let mut reader = FolderStorage::read_only(folder.path()).unwrap();
    assert!(reader.append("x", b"y").is_err());
    drop(first);
    assert!(FolderStorage::open(folder.path()).is_ok());
}

#[test]
fn reading_keeps_to_the_room_it_is_given() {
    let (mut spool, _) = Spool::open(SimulatedStorage::new(1), SMALL).unwrap();
    for _ in 0..10 {
        spool.append(&[7; 20]).unwrap();
    }
    spool.sync().unwrap();
    let mut check = |from, frames, bytes, expected: &[u64]| {
        let mut out = Vec::new();
        spool.read(from, frames, bytes, &mut out).unwrap();
        let found: Vec<u64> = out.iter().map(|frame| frame.number).collect();
        assert_eq!(
            found, expected,
            "from {from}, {frames} frames, {bytes} bytes"
        );
    };
    check(1, 3, 1_000, &[1, 2, 3]);
    check(4, 100, 45, &[4, 5]);
    check(9, 100, 1, &[9]);
    check(11, 100, 1_000, &[]);
    check(1, 0, 1_000, &[]);
    check(8, 100, 1_000, &[8, 9, 10]);
}

#[test]
fn the_oldest_go_first_when_the_quota_is_reached_and_are_counted() {
    let (mut spool, _) = Spool::open(SimulatedStorage::new(1), SMALL).unwrap();
    for _ in 0..200 {
        spool.append(&[1; 40]).unwrap();
    }
    spool.sync().unwrap();
    assert!(spool.pending().bytes <= SMALL.total_bytes);
    let waiting = numbers(&mut spool);
    assert_eq!(waiting.last(), Some(&200));
    assert_eq!(spool.dropped().quota, 200 - waiting.len() as u64);
    assert_eq!(spool.dropped().damaged, 0);
    assert_eq!(spool.oldest(), waiting[0]);
}

/// For a disk of 1 MiB, of which 200 KiB are to stay free.
const ON_A_SMALL_DISK: Limits = Limits {
    segment_bytes: 64 * 1024,
    total_bytes: 1 << 30,
    frame_bytes: 8 * 1024,
    keep_free_bytes: 200 * 1024,
    when_low: WhenLow::DropOldest,
    reserve_bytes: 128,
};

#[test]
fn a_disk_that_runs_low_gets_the_oldest_back_before_it_is_full() {
    let disk = SimulatedStorage::new(1);
    let limits = ON_A_SMALL_DISK;
    disk.set_capacity_bytes(Some(1024 * 1024));
    let (mut spool, _) = Spool::open(disk.clone(), limits).unwrap();
    for _ in 0..1_000 {
        spool.append(&[1; 4_000]).unwrap();
        assert!(
            disk.used_bytes() < 1024 * 1024 - 100 * 1024,
            "never near full"
        );
    }
    spool.sync().unwrap();
    let waiting = numbers(&mut spool);
    assert_eq!(waiting.last(), Some(&1_000));
    let dropped = spool.dropped();
    assert_eq!(dropped.room, 1_000 - waiting.len() as u64);
    assert_eq!((dropped.quota, dropped.sum()), (0, dropped.room));
    // Somebody else has filled the disk: what is left is kept.
    disk.set_capacity_bytes(Some(disk.used_bytes() + 150 * 1024));
    for _ in 0..20 {
        spool.append(&[1; 4_000]).unwrap();
    }
    assert!(spool.pending().frames > 16, "two segments stay");
    // The reasons survive.
    let kept = spool.dropped();
    let (spool, _) = Spool::open(spool.into_storage(), limits).unwrap();
    assert_eq!(spool.dropped(), kept);
}

#[test]
fn a_disk_that_runs_low_takes_no_more_where_nothing_may_be_dropped() {
    let disk = SimulatedStorage::new(1);
    let limits = Limits {
        when_low: WhenLow::Refuse,
        ..ON_A_SMALL_DISK
    };
    disk.set_capacity_bytes(Some(1024 * 1024));
    let (mut spool, _) = Spool::open(disk.clone(), limits).unwrap();
    let mut taken = 0;
    let refused = loop {
        match spool.append(&[1; 4_000]) {
            Ok(number) => taken = number,
            Err(error) => break error,
        }
    };
    assert_eq!(refused.fault, Fault::DiskFull);
    assert!(
        disk.used_bytes() < 1024 * 1024 - 100 * 1024,
        "long before it is full"
    );
    spool.sync().unwrap();
    assert_eq!(numbers(&mut spool).len() as u64, taken);
    assert_eq!(spool.dropped().sum(), 0);
    assert!(spool.append(&[1; 4_000]).is_err(), "it stays shut");
    // Once there is room again it goes on.
    disk.set_capacity_bytes(Some(2 * 1024 * 1024));
    assert_eq!(spool.append(&[1; 4_000]).unwrap(), taken + 1);
}

#[test]
fn what_is_too_old_goes_and_is_counted() {
    let (mut spool, _) = Spool::open(SimulatedStorage::new(1), SMALL).unwrap();
    for _ in 0..10 {
        spool.append(&[1; 20]).unwrap();
    }
    spool.sync().unwrap();
    spool.append(&[1; 20]).unwrap();
    spool.release(2).unwrap();
    assert_eq!(spool.drop_up_to(5).unwrap(), 3);
    assert_eq!(spool.drop_up_to(5).unwrap(), 0);
    assert_eq!(spool.take_lost(), [(3, 5)]);
    assert_eq!(numbers(&mut spool), [6, 7, 8, 9, 10]);
    assert_eq!(
        spool.drop_up_to(u64::MAX).unwrap(),
        5,
        "not what is not durable yet"
    );
    let expected = larum_spool::Dropped {
        age: 8,
        ..Default::default()
    };
    assert_eq!(spool.dropped(), expected);
    assert_eq!(spool.handed_on(), 2);
}

#[test]
fn a_full_disk_is_told_and_emptying_still_works() {
    let disk = SimulatedStorage::new(1);
    let (mut spool, _) = Spool::open(disk.clone(), SMALL).unwrap();
    for _ in 0..4 {
        spool.append(&[1; 40]).unwrap();
    }
    spool.sync().unwrap();
    disk.set_capacity_bytes(Some(disk.used_bytes() + 10));
    for _ in 0..3 {
        assert_eq!(spool.append(&[2; 40]).unwrap_err().fault, Fault::DiskFull);
    }
    assert_eq!(
        numbers(&mut spool),
        [1, 2, 3, 4],
        "what was accepted is safe"
    );
    assert_eq!(spool.release(4).unwrap(), 4);
    assert_eq!(spool.append(&[3; 40]).unwrap(), 5, "room was made");
    spool.sync().unwrap();
    let (mut spool, _) = Spool::open(spool.into_storage(), SMALL).unwrap();
    assert_eq!(numbers(&mut spool), [5]);
}

#[test]
fn a_failed_sync_shuts_the_spool_until_it_is_opened_again() {
    let disk = SimulatedStorage::new(1);
    let (mut spool, _) = Spool::open(disk.clone(), SMALL).unwrap();
    spool.append(b"kept").unwrap();
    spool.sync().unwrap();
    spool.append(b"lost").unwrap();
    disk.fail_sync_after(0);
    assert_eq!(spool.sync().unwrap_err().fault, Fault::Poisoned);
    assert_eq!(spool.sync().unwrap_err().fault, Fault::Poisoned);
    assert_eq!(spool.append(b"more").unwrap_err().fault, Fault::Poisoned);
    assert_eq!(spool.release(1).unwrap_err().fault, Fault::Poisoned);
    let mut out = Vec::new();
    assert_eq!(
        spool.read(1, 9, 9, &mut out).unwrap_err().fault,
        Fault::Poisoned
    );
    disk.crash();
    let (mut spool, _) = Spool::open(disk, SMALL).unwrap();
    assert_eq!(read_all(&mut spool).first(), Some(&(1, b"kept".to_vec())));
}

#[test]
fn what_is_too_large_or_cannot_work_is_refused() {
    let (mut spool, _) = Spool::open(SimulatedStorage::new(1), SMALL).unwrap();
    assert_eq!(spool.append(&[0; 65]).unwrap_err().fault, Fault::TooLarge);
    assert_eq!(spool.append(&[0; 64]).unwrap(), 1);
    assert_eq!(spool.append(&[]).unwrap(), 2);
    let unusable = Limits {
        segment_bytes: 80,
        ..SMALL
    };
    let refused = Spool::open(SimulatedStorage::new(1), unusable).unwrap_err();
    assert_eq!(refused.fault, Fault::LimitsUnusable);
}

#[test]
fn a_newer_program_s_files_are_left_alone() {
    let disk = SimulatedStorage::new(1);
    let mut newer = larum_spool::frame::file_header_of(2, b'S').to_vec();
    newer.push(9);
    disk.put("00000000000000000001.spool", &newer);
    let refused = Spool::open(disk.clone(), SMALL).unwrap_err();
    assert_eq!(refused.fault, Fault::VersionUnknown);
    assert_eq!(disk.get("00000000000000000001.spool").unwrap().len(), 9);
}

/// Flips every bit of the first of several segments in turn: no frame may come back changed, none
/// may be missing without being counted, and the others must be there.
#[test]
fn a_flipped_bit_costs_one_frame_and_is_counted() {
    let name = "00000000000000000001.spool";
    for while_open in [false, true] {
        let length = {
            let disk = SimulatedStorage::new(1);
            fill(&disk);
            disk.get(name).unwrap().len()
        };
        for offset in 0..length {
            let disk = SimulatedStorage::new(1);
            let mut spool = fill(&disk);
            disk.flip_bit(name, offset, 3);
            if !while_open {
                drop(spool);
                let (opened, recovery) = Spool::open(disk.clone(), SMALL).unwrap();
                assert_eq!(recovery.corrupt_segments, 1, "{offset}");
                spool = opened;
            }
            let found = read_all(&mut spool);
            let lost = 12 - found.len();
            assert!(lost <= 1, "{offset}: {lost} lost");
            assert_eq!(spool.dropped().damaged, lost as u64, "{offset}");
            for (number, bytes) in found {
                assert_eq!(bytes, body(number));
            }
            spool.release(12).unwrap();
            assert_eq!(spool.dropped().damaged, lost as u64, "{offset}");
            assert_eq!(spool.handed_on() + spool.dropped().damaged, 12);
            if lost > 0 {
                assert!(disk.get(&format!("{name}.corrupt")).is_some());
            }
        }
    }
}

fn body(number: u64) -> Vec<u8> {
    vec![u8::try_from(number).unwrap(); 30]
}

fn fill(disk: &SimulatedStorage) -> Spool<SimulatedStorage> {
    let (mut spool, _) = Spool::open(disk.clone(), SMALL).unwrap();
    for number in 1..=12 {
        spool.append(&body(number)).unwrap();
    }
    spool.sync().unwrap();
    spool
}

#[test]
fn a_damaged_cursor_is_told_and_loses_nothing() {
    let disk = SimulatedStorage::new(1);
    let mut spool = fill(&disk);
    spool.release(2).unwrap();
    drop(spool);
    disk.flip_bit("cursor", 9, 0);
    let (mut spool, recovery) = Spool::open(disk, SMALL).unwrap();
    assert!(recovery.cursor_rebuilt);
    assert_eq!(
        numbers(&mut spool).len(),
        12,
        "handed on twice rather than lost"
    );
}

#[test]
fn a_number_far_ahead_may_be_released() {
    let (mut spool, _) = Spool::open(SimulatedStorage::new(1), SMALL).unwrap();
    spool.append(b"x").unwrap();
    spool.sync().unwrap();
    assert_eq!(spool.release(500).unwrap(), 1);
    let (mut spool, _) = Spool::open(spool.into_storage(), SMALL).unwrap();
    assert_eq!(spool.append(b"y").unwrap(), 501);
    spool.sync().unwrap();
    assert_eq!(numbers(&mut spool), [501]);
}

#[test]
fn a_look_sees_what_waits_and_changes_nothing() {
    let disk = SimulatedStorage::new(1);
    let mut spool = fill(&disk);
    spool.release(5).unwrap();
    let before = disk.used_bytes();
    let mut seen = Vec::new();
    larum_spool::look(&disk, SMALL, 4, &mut seen).unwrap();
    let found: Vec<u64> = seen.iter().map(|frame| frame.number).collect();
    assert_eq!(found, [6, 7, 8, 9]);
    assert_eq!(disk.used_bytes(), before);
    let mut none = Vec::new();
    larum_spool::look(&SimulatedStorage::new(1), SMALL, 4, &mut none).unwrap();
    assert!(none.is_empty());
}
