//! Any bytes as a stream of syslog, of RELP, of the system's journal, and as a chunk of the intake. The first byte
//! says in what pieces they come; how they are cut must make no difference.

#![no_main]

use larum_collector::any_bytes::{intake, journal, relp, syslog};

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    let Some((piece, bytes)) = data.split_first() else {
        return;
    };
    let (piece, whole) = (usize::from(*piece), bytes.len());
    assert_eq!(syslog(bytes, piece), syslog(bytes, whole));
    assert_eq!(relp(bytes, piece), relp(bytes, whole));
    assert_eq!(journal(bytes, piece), journal(bytes, whole));
    assert!(intake(bytes).is_none_or(|records| records <= whole));
});
