//! Hostile lines: any bytes in, exactly one answer out, in time and memory that follow from the length.
//!
//! Nothing here is timed. Time is bounded by construction (a template may try so many ends per byte,
//! which its own tests count; every other reader walks the record once) and by the test runner's limit.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

mod dialects;
mod mutation;
mod readers;

use std::sync::LazyLock;

use larum_core::content::FORMATS;
use larum_core::event::{Field, Value};
use larum_core::parse::{Context, Formats, MAX_RECORD_BYTES, Scratch, samples};
use larum_core::time::Timestamp;

/// The shipped formats, compiled once.
static SHIPPED: LazyLock<Formats> = LazyLock::new(|| Formats::built_in().unwrap());

fn context() -> Context<'static> {
    Context::at(Timestamp::from_seconds(1_795_348_800))
}

/// Reads `record`; whatever comes, no text in it is longer than the record can explain.
fn answer(formats: &Formats, record: &[u8]) {
    let mut scratch = Scratch::default();
    if let Ok(event) = formats.parse(record, &context(), &mut scratch) {
        for field in Field::ALL {
            if let Some(Value::Text(text)) = event.get(*field) {
                // A byte that is no UTF-8 becomes a character of three.
                assert!(text.len() <= record.len() * 3 + 64, "{field}");
            }
        }
    }
}

/// A small generator of numbers, so that every run tries the same.
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, end: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % u64::try_from(end.max(1)).unwrap()).unwrap()
    }
}

/// What a format's record may be drowned in.
const FLOODS: &[&str] = &[
    " ", "\"", "\\\"", "=", " a=\"", "[[", "](", "|", ",\"", "<a>", "{\"a\":", " from ", ": ",
    "&#", "%", " SRC=", "\t", "((", "--", "\u{e9}",
];

#[test]
fn every_format_ends_on_records_of_the_greatest_length() {
    for (turn, (_, text)) in FORMATS.iter().enumerate() {
        let Some(sample) = samples(text).into_iter().next() else {
            continue;
        };
        let flood = FLOODS[turn % FLOODS.len()];
        let middle = sample.record.floor_char_boundary(sample.record.len() / 2);
        let head = &sample.record[..if turn % 2 == 0 {
            middle
        } else {
            sample.record.len()
        }];
        let record = format!("{head}{}", flood.repeat(MAX_RECORD_BYTES / flood.len()));
        answer(&SHIPPED, record.as_bytes());
    }
}

#[test]
fn memory_follows_from_the_length() {
    // Escapes are undone into memory of the value's length, colours and bad bytes into three times the
    // record's; nothing grows faster.
    const TIMES: u64 = 16;
    for flood in [
        "\\\"",
        "\u{1b}[1m",
        "&amp;",
        "\"\"",
        "%41",
        "{\"a\":",
        "[",
        "a=b ",
        "<b>",
    ] {
        for head in [
            "{\"log\":\"",
            "{\"timestamp\":\"2026-11-22T10:00:00.000000+0000\",\"event_type\":\"alert\",\"src_ip\":\"",
            "date=2026-11-22 time=10:00:00 devid=\"F\" type=\"utm\" url=\"",
            "203.0.113.9 - - [22/Nov/2026:10:00:00 +0000] \"GET /",
            "<Event><System><Provider Name=\"",
            "CEF:0|a|b|c|d|e|5|msg=",
            "",
        ] {
            let record = format!("{head}{}", flood.repeat(MAX_RECORD_BYTES / flood.len()));
            answer(&SHIPPED, record.as_bytes());
            let counted = allocation_counter::measure(|| answer(&SHIPPED, record.as_bytes()));
            let most = u64::try_from(record.len()).unwrap() * TIMES;
            assert!(
                counted.bytes_max < most,
                "{head}{flood}: {} bytes",
                counted.bytes_max
            );
        }
    }
}
