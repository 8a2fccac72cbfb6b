//! Any bytes to the readers of application protocols.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| larum_fuzz::app(data));
