//! Any bytes to the envelope: a format that asks for every part of the header.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| larum_fuzz::envelope(data));
