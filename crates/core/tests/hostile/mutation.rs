//! Every sample record of every format, spoilt.

use larum_core::content::FORMATS;
use larum_core::parse::samples;

use super::{Numbers, SHIPPED, answer};

/// How often each record is spoilt.
const TURNS: usize = 6;
/// What is put in.
const PIECES: &[&[u8]] = &[
    b"\0",
    b"\x1b[31m",
    b"\r",
    b"\n",
    b"\"",
    b"'",
    b"\\",
    b"\xff\xfe",
    b"\xc3",
    b"=",
    b"|",
    b",",
    b"\"\"",
    b"</",
    b"]]>",
    b"{",
    b"}",
    b"[",
    b"]",
    b"<34>",
    b"\xef\xbb\xbf",
    b"  ",
    b"\t",
    b"%",
    b"&lt;",
];

#[test]
fn every_spoilt_record_has_an_answer() {
    let records: Vec<Vec<u8>> = FORMATS
        .iter()
        .flat_map(|(_, text)| samples(text))
        .map(|sample| sample.record.into_bytes())
        .collect();
    let mut numbers = Numbers(0x9E37_79B9_7F4A_7C15);
    for record in &records {
        for _ in 0..TURNS {
            let other = &records[numbers.below(records.len())];
            answer(&SHIPPED, &spoilt(record, other, &mut numbers));
        }
    }
}

/// `record` with one to three changes.
fn spoilt(record: &[u8], other: &[u8], numbers: &mut Numbers) -> Vec<u8> {
    let mut record = record.to_vec();
    for _ in 0..=numbers.below(3) {
        let at = numbers.below(record.len() + 1);
        let end = at + numbers.below(record.len() + 1 - at);
        match numbers.below(7) {
            // Cut off.
            0 => record.truncate(at),
            // The rest of another record.
            1 => {
                record.truncate(at);
                record.extend_from_slice(&other[numbers.below(other.len())..]);
            }
            // A part said twice.
            2 => {
                let part = record[at..end].to_vec();
                record.splice(at..at, part);
            }
            // A part left out.
            3 => {
                record.drain(at..end);
            }
            // A bit flipped.
            4 => {
                if let Some(byte) = record.get_mut(at) {
                    *byte ^= 1 << numbers.below(8);
                }
            }
            // Quotes, brackets, control characters.
            5 => {
                let piece = PIECES[numbers.below(PIECES.len())];
                record.splice(at..at, piece.iter().copied());
            }
            // Another record in the middle.
            _ => {
                record.splice(at..at, other.iter().copied());
            }
        }
    }
    record
}
