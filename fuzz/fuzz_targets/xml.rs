//! Any bytes to the xml reader.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| larum_fuzz::reader("xml", data));
