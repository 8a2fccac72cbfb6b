//! Every capture of the corpus, cut and flipped anywhere, ends without a panic, in bounded memory, and
//! every packet still counts once.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

mod shared;

use shared::corpus;
use shared::flows::{bytes, read};

/// Numbers that follow from a seed (SplitMix64), so that a failure can be had again.
fn next(state: &mut u64) -> u64 {
    *state = state.wrapping_add(0x9E37_79B9_7F4A_7C15);
    let mut mixed = *state;
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    mixed ^ (mixed >> 31)
}

fn below(state: &mut u64, limit: usize) -> usize {
    usize::try_from(next(state) % u64::try_from(limit.max(1)).unwrap()).unwrap()
}

#[test]
fn captures_cut_and_flipped_anywhere_are_read_to_their_end() {
    let mut files = 0;
    for set in ["arkime", "corelight", "suricata-verify", "zeek"] {
        let Some(folder) = corpus(&format!("pcap/{set}/pcaps")) else {
            return;
        };
        let mut paths: Vec<_> = std::fs::read_dir(folder)
            .unwrap()
            .map(|entry| entry.unwrap().path())
            .collect();
        paths.sort();
        for path in paths {
            let whole = bytes(&path);
            files += 1;
            let mut state = files;
            // Large ones are broken less often: the test is to stay quick.
            let rounds = (200_000 / whole.len().max(1)).clamp(1, 8);
            for round in 0..rounds {
                let mut broken = whole.clone();
                if round % 2 == 0 {
                    broken.truncate(below(&mut state, whole.len()));
                }
                for _ in 0..=below(&mut state, 12) {
                    let place = below(&mut state, broken.len());
                    if let Some(byte) = broken.get_mut(place) {
                        *byte ^= 1 << below(&mut state, 8);
                    }
                }
                // Sums are checked within.
                read(&broken);
            }
        }
    }
    assert!(files > 500, "only {files} captures");
}
