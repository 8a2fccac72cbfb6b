//! Reading a line allocates nothing once the room to work in has grown: all an event says is borrowed
//! from the record or from the formats.
//!
//! What cannot be borrowed is text that does not stand in the record as it is meant: a value whose
//! escapes are undone (a backslash, XML's entities, doubled quotes, a percent sign, a plus for a blank),
//! capitals made small (everyday names of services excepted), or two values joined; and a record that is no UTF-8 or has colours in it is
//! copied once, into room that is kept.

use larum_core::content::FORMATS;
use larum_core::parse::{Context, Formats, Legend, Scratch, samples};
use larum_core::time::Timestamp;

/// How many allocations reading `record` takes, the second time.
fn allocations(formats: &Formats, record: &str) -> u64 {
    let context = Context::at(Timestamp::from_seconds(1_795_348_800));
    let mut scratch = Scratch::default();
    // Lines that name columns are learned once, for all lines after them.
    let (before, last) = record.rsplit_once('\n').unwrap_or(("", record));
    let mut legend = Legend::from_lines(formats, before.lines());
    let record = if legend.is_empty() { record } else { last };
    let warm = formats.parse_next(record.as_bytes(), &context, &mut legend, &mut scratch);
    std::hint::black_box(warm.is_ok());
    let counted = allocation_counter::measure(|| {
        let found = formats.parse_next(record.as_bytes(), &context, &mut legend, &mut scratch);
        std::hint::black_box(found.is_ok());
    });
    counted.count_total
}

/// Whether `record` has several lines and none of them names the columns of the last: whether it does is
/// looked at anew in each such record, which is not free.
fn may_name_columns(formats: &Formats, record: &str) -> bool {
    let lines = record.rsplit_once('\n');
    lines.is_some_and(|(before, _)| Legend::from_lines(formats, before.lines()).is_empty())
}

#[test]
fn the_lines_of_many_devices_allocate_nothing() {
    let formats = Formats::built_in().unwrap();
    let mut lines = 0;
    for record in larum_traffic::mixed_file(1, 4_000) {
        lines += 1;
        assert_eq!(allocations(&formats, &record), 0, "{record}");
    }
    assert_eq!(lines, 4_000);
}

/// Readings that make a new text.
const COPYING: &[&str] = &[
    "\"lower\"",
    "\"join:",
    "\"percent\"",
    "\"plus-blank\"",
    "\"dns-labels\"",
];
/// Signs of an escape to be undone.
const ESCAPES: &[&str] = &["\\", "&", "%", "\"\"", "+"];

#[test]
fn what_stands_in_the_record_as_it_is_meant_is_never_copied() {
    let formats = Formats::built_in().unwrap();
    let mut looked_at = 0;
    for (name, text) in FORMATS.iter() {
        if COPYING.iter().any(|reading| text.contains(reading)) {
            continue;
        }
        for sample in samples(text) {
            if ESCAPES.iter().any(|sign| sample.record.contains(sign)) {
                continue;
            }
            // What a file says about itself is kept.
            if sample.record.starts_with('#') && !sample.record.contains('\n')
                || may_name_columns(&formats, &sample.record)
            {
                continue;
            }
            looked_at += 1;
            let count = allocations(&formats, &sample.record);
            assert_eq!(count, 0, "{name}: {}", sample.record);
        }
    }
    assert!(looked_at > 800, "only {looked_at} records");
}
