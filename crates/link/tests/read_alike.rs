//! The hub reads batches without copying their words; what comes out is what the owned types give.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use larum_core::sighting::Sighting;
use larum_link::convert::{SharedWords, read_sighting};
use larum_link::wire::{Batch, ReadBatch, WIRE_VERSION, WireSighting};
use proptest::prelude::*;

fn sighting() -> impl Strategy<Value = WireSighting> {
    // Words that fit, words that do not, and words that JSON has to escape.
    let word = |good: &'static str| prop_oneof![3 => Just(good.to_owned()), 1 => any::<String>()];
    let words = (
        word("0123456789abcdef0123456789abcdef"),
        word("tcp/3389"),
        word("port-scan"),
        word("scan"),
        prop::collection::vec(word("T1110.001"), 0..18),
        word("medium"),
        word("blocked"),
    );
    let numbers = (
        0..130_u8,
        any::<i64>(),
        0..3_i64,
        0..3_u64,
        prop::collection::vec(
            prop_oneof![
                Just("203.0.113.9".parse().unwrap()),
                any::<std::net::IpAddr>()
            ],
            0..3,
        ),
    );
    (words, numbers).prop_map(|(words, numbers)| {
        let (id, key, detector, category, attack, severity, outcome) = words;
        let (confidence, first, lasted, count, sources) = numbers;
        WireSighting {
            id,
            key,
            detector,
            category,
            attack,
            severity,
            confidence,
            outcome,
            first,
            last: first.saturating_add(lasted - 1),
            count,
            sources,
        }
    })
}

proptest! {
    #[test]
    fn a_batch_is_read_alike(sightings in prop::collection::vec(sighting(), 0..5)) {
        let batch = Batch {
            version: WIRE_VERSION,
            sequence: 3,
            previous: "ab".repeat(32),
            created: 5,
            sightings,
        };
        let json = serde_json::to_vec(&batch).unwrap();
        let read: ReadBatch<'_> = serde_json::from_slice(&json).unwrap();
        prop_assert_eq!((read.version, read.sequence, read.created), (WIRE_VERSION, 3, 5));
        prop_assert_eq!(&*read.previous, &batch.previous);
        let mut shared = SharedWords::default();
        let alike: Vec<_> = read
            .sightings
            .iter()
            .map(|one| read_sighting(one, &mut shared))
            .collect();
        let owned: Vec<_> = batch.sightings.iter().map(Sighting::try_from).collect();
        prop_assert_eq!(alike, owned);
    }
}
