//! Any bytes to the csv reader.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| larum_fuzz::reader("csv", data));
