//! What reads bytes that somebody else made, each by itself, with nothing around it: for fuzzing
//! (`fuzz/`), and for the test below that throws damaged ones at them.

use larum_core::parse::MAX_RECORD_BYTES;

use crate::frame::{Framer, Framing};
use crate::system_journal::Export;

/// A stream of syslog over TCP, read in pieces of `piece` bytes; how many records.
#[must_use]
pub fn syslog(bytes: &[u8], piece: usize) -> usize {
    let mut records = 0;
    let mut framer = Framer::new(Framing::Syslog, MAX_RECORD_BYTES);
    for piece in bytes.chunks(piece.max(1)) {
        framer.push(piece, |_| records += 1);
    }
    framer.finish(|_| records += 1);
    records
}

/// A stream of RELP, read in pieces of `piece` bytes; how many frames, until it is RELP no more.
#[must_use]
pub fn relp(bytes: &[u8], piece: usize) -> usize {
    crate::listen::count_relp(bytes, piece)
}

/// What `journalctl -o export` writes, read in pieces of `piece` bytes; how many entries.
#[must_use]
pub fn journal(bytes: &[u8], piece: usize) -> usize {
    let mut entries = 0;
    let mut line = Vec::new();
    let mut export = Export::default();
    for piece in bytes.chunks(piece.max(1)) {
        let read = export.push(piece, |entry| {
            line.clear();
            entries += usize::from(entry.to_syslog(&mut line));
        });
        if read.is_err() {
            break;
        }
    }
    entries
}

/// A chunk as the intake keeps it on disk; how many records, where it is one.
#[must_use]
pub fn intake(bytes: &[u8]) -> Option<usize> {
    crate::intake::count_records(bytes)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Pieces of what these formats are made of.
    const PIECES: [&[u8]; 20] = [
        b"1 open 0\n",
        b"2 syslog 5 hello\n",
        b"3 close 0\n",
        b"999999999 syslog 999999999 ",
        b"17 <38>Nov 22 hello!",
        b"<38>Nov 22 hello\n",
        b"5 <1>ab",
        b"99999999999 x",
        b"\n",
        b"\0",
        b"__CURSOR=s=1;i=1\n",
        b"MESSAGE=hello\n",
        b"MESSAGE\n\x05\0\0\0\0\0\0\0hello\n",
        b"MESSAGE\n\xff\xff\xff\xff\xff\xff\xff\x7f",
        b"PRIORITY=6\n",
        b"\n\n",
        b"\x01\x01\0\0\0\0\0\0\0\0\0",
        b"\x01\0\x04\x07\x00192.0.2.",
        b"\x01\0\0\0",
        b"\xff\xff",
    ];

    fn damaged() -> impl Strategy<Value = Vec<u8>> {
        let piece = prop_oneof![
            4 => proptest::sample::select(&PIECES[..]).prop_map(<[u8]>::to_vec),
            1 => proptest::collection::vec(any::<u8>(), 0..40),
        ];
        proptest::collection::vec(piece, 0..20).prop_map(|pieces| pieces.concat())
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(2_000))]

        #[test]
        fn any_bytes_are_read_alike_however_they_are_cut(bytes in damaged(), piece in 1..50_usize) {
            let whole = bytes.len().max(1);
            prop_assert_eq!(syslog(&bytes, piece), syslog(&bytes, whole));
            prop_assert_eq!(relp(&bytes, piece), relp(&bytes, whole));
            prop_assert_eq!(journal(&bytes, piece), journal(&bytes, whole));
            prop_assert!(intake(&bytes).is_none_or(|records| records <= bytes.len()));
        }
    }
}
