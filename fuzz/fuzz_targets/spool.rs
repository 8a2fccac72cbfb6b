//! Any bytes as files of the spool and of the ledger on a disk that somebody else wrote to.

#![no_main]

use larum_spool::simulated::SimulatedStorage;
use larum_spool::{Ledger, Limits, Spool};

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    let storage = || {
        let storage = SimulatedStorage::new(1);
        let half = data.len() / 2;
        for (name, bytes) in [
            ("00000000000000000001.spool", &data[..half]),
            ("00000000000000000009.spool", &data[half..]),
            ("00000000000000000001.ledger", data),
            ("cursor", &data[..half]),
        ] {
            storage.put(name, bytes);
        }
        storage
    };
    if let Ok((mut spool, _)) = Spool::open(storage(), Limits::default()) {
        let mut frames = Vec::new();
        drop(spool.read(0, 100, 1 << 20, &mut frames));
        if let Ok(number) = spool.append(b"one more") {
            assert!(spool.sync().is_ok());
            assert!(frames.iter().all(|frame| frame.number < number));
        }
    }
    drop(larum_spool::ledger::verify(&storage()));
    drop(Ledger::open(storage()));
});
