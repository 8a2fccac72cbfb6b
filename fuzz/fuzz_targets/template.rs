//! Any bytes to the template reader.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| larum_fuzz::reader("template", data));
