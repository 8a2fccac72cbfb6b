//! Any bytes as a rule file: it loads or says why not, and what loads can be asked about any event.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| larum_fuzz::rules(data));
