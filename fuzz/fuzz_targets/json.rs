//! Any bytes to the json reader.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| larum_fuzz::reader("json", data));
