//! Any bytes to the netfilter reader.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| larum_fuzz::reader("netfilter", data));
