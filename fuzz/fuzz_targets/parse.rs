//! Any bytes to all shipped formats.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| larum_fuzz::parse(data));
