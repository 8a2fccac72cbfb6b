//! Each dialect of the header, whole, cut and inside one another, around any bytes.

use proptest::prelude::*;

use super::{SHIPPED, answer};

/// A header of each dialect that the envelope knows.
const HEADERS: &[&str] = &[
    "",
    "<38>Nov  2 10:00:00 gw sshd[7]: ",
    "<134>Nov 2 10:00:00 filterlog: ",
    "Nov 02 2026 10:00:00 gw : ",
    "<38>1 2026-11-22T10:00:00.000000+01:00 gw app 7 ID [a@1 b=\"c\\]\"] \u{feff}",
    "<38>1 - - - - - - ",
    "<38>2026-11-22T10:00:00Z gw app - - [x@1 y=\"z\"] ",
    "<190>124: GW1: 007438: *Nov  2 10:00:00.123 UTC: ",
    "<190>124: 2y10w: ",
    "1795341600.123456789 MX64 ",
    "<30>info 2026-11-22 10:00:00 ",
    "2026-11-22T10:00:00.5Z stdout F ",
    "{\"log\":\"",
    "<38>Nov 2 10:00:00 relay 120 <38>1 2026-11-22T10:00:00Z gw app - - - ",
    "name,0123456789ab,v4.0.66.10832: ",
    "<38>Nov 2 10:00:00 gw user.info kernel: ",
    "\u{feff}<999>Nov 2 10:00:00 ",
];

#[test]
fn every_header_has_an_answer() {
    let header = || prop::sample::select(HEADERS);
    proptest!(ProptestConfig::with_cases(768), |(
        first in header(),
        second in header(),
        cut in any::<prop::sample::Index>(),
        message in prop::collection::vec(any::<u8>(), 0..80),
        tail in prop::sample::select(vec!["", "\",\"stream\":\"stdout\",\"time\":\"2026-11-22T10:00:00.1Z\"}", "\0\0", "\r\n"]),
    )| {
        let whole = [first.as_bytes(), second.as_bytes(), &message, tail.as_bytes()].concat();
        answer(&SHIPPED, &whole);
        let cut = cut.index(whole.len() + 1);
        answer(&SHIPPED, &whole[..cut]);
        answer(&SHIPPED, &whole[cut..]);
    });
}

#[test]
fn headers_in_headers_end() {
    for header in HEADERS.iter().filter(|header| !header.is_empty()) {
        let record = header.repeat(60_000 / header.len());
        answer(&SHIPPED, record.as_bytes());
    }
}
