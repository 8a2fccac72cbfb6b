//! Any bytes as what a hub is sent and a collector has in its spool: a packed body, a batch, a sighting.

#![no_main]

use larum_core::sighting::Sighting;
use larum_link::body::{MAX_PLAIN_BYTES, decompress};
use larum_link::convert;
use larum_link::wire::Batch;

fn batch(bytes: &[u8]) {
    let Ok(batch) = serde_json::from_slice::<Batch>(bytes) else {
        return;
    };
    for wire in &batch.sightings {
        // What the hub takes it can hand on, and it is the same then.
        if let Ok(sighting) = Sighting::try_from(wire) {
            let frame = convert::frame(&sighting).expect("a sighting can be written");
            let again = convert::unframe(&frame).expect("what was written can be read");
            assert_eq!(Sighting::try_from(&again), Ok(sighting));
        }
    }
}

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    batch(data);
    if let Ok(plain) = decompress(data, MAX_PLAIN_BYTES) {
        assert!(plain.len() <= MAX_PLAIN_BYTES);
        batch(&plain);
    }
    if let Ok(wire) = convert::unframe(data) {
        drop(Sighting::try_from(&wire));
    }
});
