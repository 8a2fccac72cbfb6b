//! Any bytes in, exactly one answer out: never a panic, and never a field that the record's own device
//! did not write.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::cell::RefCell;

use larum_core::content::FORMATS;
use larum_core::event::{Field, Value};
use larum_core::parse::{Context, Formats, MAX_RECORD_BYTES, Scratch};
use larum_core::reject::Reject;
use larum_core::time::Timestamp;
use proptest::prelude::*;

fn context() -> Context<'static> {
    Context::at(Timestamp::from_seconds(1_795_348_800))
}

/// The sample records of all format files.
fn samples() -> Vec<String> {
    let mut found = Vec::new();
    for (_, text) in FORMATS.iter() {
        let file: toml::Table = toml::from_str(text).unwrap();
        for case in file.get("case").unwrap().as_array().unwrap() {
            found.push(case.get("input").unwrap().as_str().unwrap().to_owned());
        }
    }
    found
}

/// Everything in an answer that is text must be valid and must not be longer than the record.
fn answer(formats: &Formats, record: &[u8]) {
    let mut scratch = Scratch::default();
    if let Ok(event) = formats.parse(record, &context(), &mut scratch) {
        for field in Field::ALL {
            if let Some(Value::Text(text)) = event.get(*field) {
                // A byte that is no UTF-8 becomes a character of three.
                assert!(text.len() <= record.len() * 3 + 64);
            }
        }
    }
}

#[test]
fn answers_random_and_mutated_records() {
    let formats = Formats::built_in().unwrap();
    let samples = samples();
    let mutations =
        prop::collection::vec((any::<prop::sample::Index>(), any::<u8>(), 0..4_u8), 0..8);
    proptest!(|(random in prop::collection::vec(any::<u8>(), 0..600),
                which in any::<prop::sample::Index>(),
                other in any::<prop::sample::Index>(),
                changes in mutations)| {
        answer(&formats, &random);
        let mut record = which.get(&samples).clone().into_bytes();
        for (place, byte, sort) in changes {
            let at = place.index(record.len() + 1);
            match sort {
                0 if at < record.len() => record[at] = byte,
                1 if at < record.len() => { record.remove(at); }
                2 => record.insert(at, byte),
                _ => record.truncate(at.max(1)),
            }
        }
        answer(&formats, &record);
        let joined = [record.as_slice(), other.get(&samples).as_bytes()].concat();
        answer(&formats, &joined);
    });
}

/// A record is read the same whatever was read before it in the same room, damaged or not.
#[test]
fn what_was_read_before_changes_no_answer() {
    let formats = Formats::built_in().unwrap();
    let samples = samples();
    let cuts = prop::collection::vec(
        (
            any::<prop::sample::Index>(),
            any::<prop::sample::Index>(),
            0..6_u8,
        ),
        1..12,
    );
    let room = RefCell::new(Scratch::default());
    for sample in samples.iter().chain(&samples) {
        same_in_any_room(&formats, sample.as_bytes(), &mut room.borrow_mut());
    }
    proptest!(|(cuts in cuts)| {
        for (which, place, sort) in cuts {
            let mut record = which.get(&samples).clone().into_bytes();
            let at = place.index(record.len());
            match sort {
                0 => record.truncate(at),
                1 => { record.remove(at); }
                2 => record[at] = b'=',
                3 => record[at] = b'"',
                4 => record.rotate_left(at),
                _ => {}
            }
            same_in_any_room(&formats, &record, &mut room.borrow_mut());
        }
    });
}

#[track_caller]
fn same_in_any_room(formats: &Formats, record: &[u8], room: &mut Scratch) {
    let mut fresh = Scratch::default();
    let expected = formats.parse(record, &context(), &mut fresh);
    let found = formats.parse(record, &context(), room);
    assert_eq!(found, expected, "{}", String::from_utf8_lossy(record));
}

#[test]
fn every_sample_is_read_the_same_whatever_ends_it() {
    let formats = Formats::built_in().unwrap();
    for sample in samples() {
        let mut one = Scratch::default();
        let mut two = Scratch::default();
        let ended = format!("\u{feff}{sample}\r\n\0");
        assert_eq!(
            formats.parse(sample.as_bytes(), &context(), &mut one),
            formats.parse(ended.as_bytes(), &context(), &mut two),
            "{sample}"
        );
    }
}

#[test]
fn records_without_content_or_text_have_a_reason() {
    let formats = Formats::built_in().unwrap();
    let long = "x".repeat(MAX_RECORD_BYTES + 1);
    let cut = format!(
        "203.0.113.9 - - [22/Nov/2026:10:00:00 +0000] \"GET / HTTP/1.1\" 200 1 \"-\" \"-\" {long}"
    );
    for (record, expected) in [
        (&b""[..], Some(Reject::Empty)),
        (b" \r\n\0\0", Some(Reject::Empty)),
        (b"\x01\x02\x03\xff\xfe", Some(Reject::NotText)),
        (b"hello world", Some(Reject::UnknownFormat)),
        (long.as_bytes(), Some(Reject::TooLong)),
        (cut.as_bytes(), None),
    ] {
        let mut scratch = Scratch::default();
        let found = formats.parse(record, &context(), &mut scratch);
        assert_eq!(found.as_ref().err().copied(), expected);
        assert_eq!(found.is_ok_and(|event| event.truncated), expected.is_none());
    }
}

/// Free text that a stranger chooses, put where each device writes it, never changes who did it.
#[test]
fn text_a_stranger_chose_forges_no_field() {
    let formats = Formats::built_in().unwrap();
    let hostile = [
        "x from 198.51.100.1 port 1 ssh2",
        "198.51.100.1 port 1 [preauth]",
        "a SRC=198.51.100.1 DST=198.51.100.2 PROTO=TCP IN=eth0 DPT=1",
        "IN=eth0 OUT= SRC=198.51.100.1 DST=198.51.100.2 LEN=1 PROTO=TCP SPT=1 DPT=1 [SRC=",
        "%ASA-4-106023: Deny tcp src a:198.51.100.1/1 dst b:198.51.100.2/2 by access-group x",
        "x srcip=198.51.100.1 action=pass type=traffic",
        "x : user IP = 198.51.100.1",
        "[1/Jan/2020:00:00:00 +0000] GET / HTTP/1.1 200 1",
        "5,,,1,igb0,match,pass,in,4,0x0,,1,1,0,none,6,tcp,44,198.51.100.1,198.51.100.2,1,2",
        "filterlog[1]: x",
        "\\",
        "é\u{202e}x",
    ];
    for text in hostile {
        for record in [
            format!("Nov 22 10:00:00 gw sshd[1]: Failed password for invalid user {text} from 203.0.113.9 port 7 ssh2"),
            format!("Nov 22 10:00:00 gw sshd[1]: Invalid user {text} from 203.0.113.9 port 7"),
            format!("Nov 22 10:00:00 gw sshd[1]: Disconnected from invalid user {text} 203.0.113.9 port 7 [preauth]"),
            format!("203.0.113.9 - {text} [22/Nov/2026:10:00:00 +0000] \"GET /{text} HTTP/1.1\" 404 7 \"{text}\" \"{text}\"").replace("\\\"", "\\\\\""),
            format!("date=2026-11-22 time=10:00:00 devid=\"F\" type=\"utm\" subtype=\"webfilter\" level=\"warning\" srcip=203.0.113.9 action=\"blocked\" url=\"/{}\" agent=\"{}\"", text.replace('\\', "\\\\"), text.replace('\\', "\\\\")),
            format!("%ASA-6-113015: AAA user authentication Rejected : reason = Invalid password : local database : user = {text} : user IP = 203.0.113.9"),
        ] {
            let mut scratch = Scratch::default();
            let event = formats.parse(record.as_bytes(), &context(), &mut scratch);
            let event = event.unwrap_or_else(|reason| panic!("{reason}: {record}"));
            assert_eq!(event.src_ip, "203.0.113.9".parse().ok(), "{record}");
            assert_eq!(event.dst_ip, None, "{record}");
            assert!(event.outcome != Some(larum_core::event::Outcome::Success), "{record}");
        }
    }
}

/// Twice the bytes may take no more than a few times as long: counted in the answers, not in time, by
/// the tries a template may make; here only that hostile lengths end at all.
#[test]
fn hostile_lengths_end() {
    let formats = Formats::built_in().unwrap();
    for piece in [
        " from ",
        " [",
        "\"",
        "\\\"",
        "a=\"",
        "[[",
        "SRC=",
        "] \"",
        " - ",
        "%ASA-1-1: ",
    ] {
        for start in [
            "Nov 22 10:00:00 gw sshd[1]: Failed password for ",
            "203.0.113.9 - ",
            "date=2026-11-22 type=x subtype=y level=",
            "%ASA-6-113015: AAA user authentication Rejected : reason = ",
            "Nov 22 10:00:00 gw kernel: IN=",
            "<34>1 - - - - - ",
        ] {
            let record = format!("{start}{}", piece.repeat(60_000 / piece.len()));
            answer(&formats, record.as_bytes());
        }
    }
}
