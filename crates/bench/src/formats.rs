//! Each shipped format by itself: its own sample records, again and again, all formats compiled and
//! recognition on.

use std::io::{Write as _, stdout};
use std::time::Duration;

use anyhow::Result;
use larum_core::content::FORMATS;
use larum_core::parse::{Formats, Scratch, samples};

use crate::house::{context, per_second, processor_time, shipped};

/// No listed format may be slower, in lines a second on one core.
const LIMIT: u128 = 600_000;

/// What one format costs.
struct Cost {
    name: &'static str,
    records: usize,
    time: Duration,
    bytes_a_line: usize,
    allocations_a_line: f64,
}

/// The sample records of the format `name` that it reads itself.
pub fn records_of(formats: &Formats, name: &str, text: &str) -> Vec<String> {
    let own = |record: &String| {
        let mut scratch = Scratch::default();
        let found = formats.parse(record.as_bytes(), &context(), &mut scratch);
        found.is_ok_and(|event| event.format == name)
    };
    let records = samples(text).into_iter().map(|sample| sample.record);
    records.filter(own).collect()
}

/// Parses `lines` lines, the records in turn; gives the number of events.
pub fn parse(formats: &Formats, records: &[String], lines: usize, scratch: &mut Scratch) -> usize {
    let context = context();
    let mut events = 0;
    for record in records.iter().cycle().take(lines) {
        let record = std::hint::black_box(record.as_bytes());
        events += usize::from(formats.parse(record, &context, scratch).is_ok());
    }
    events
}

/// Measures every shipped format whose name contains `only` and shows the `slowest`.
///
/// # Errors
/// When the shipped formats are wrong, or there is nowhere to print to.
pub fn measure(lines: usize, rounds: usize, slowest: usize, only: &str) -> Result<()> {
    let formats = shipped()?;
    let mut costs = Vec::new();
    let mut scratch = Scratch::default();
    for (name, text) in FORMATS.iter().filter(|(name, _)| name.contains(only)) {
        let records = records_of(&formats, name, text);
        if records.is_empty() {
            continue;
        }
        let mut best = Duration::MAX;
        for _ in 0..rounds.max(1) {
            let started = processor_time()?;
            parse(&formats, &records, lines, &mut scratch);
            best = best.min(processor_time()?.saturating_sub(started));
        }
        let counted = allocation_counter::measure(|| {
            parse(&formats, &records, records.len(), &mut scratch);
        });
        let bytes: usize = records.iter().map(String::len).sum();
        costs.push(Cost {
            name,
            records: records.len(),
            time: best,
            bytes_a_line: bytes / records.len(),
            allocations_a_line: ratio(counted.count_total, records.len()),
        });
    }
    costs.sort_by_key(|cost| std::cmp::Reverse(cost.time));
    let below = |cost: &&Cost| per_second(lines, cost.time) < LIMIT;
    let too_slow = costs.iter().filter(below).count();
    let mut screen = stdout().lock();
    writeln!(
        screen,
        "{:<26} {:>10} {:>9} {:>11} {:>8}",
        "format", "lines/s", "ns/line", "bytes/line", "allocs"
    )?;
    for cost in costs.iter().take(slowest) {
        let speed = per_second(lines, cost.time);
        writeln!(
            screen,
            "{:<26} {speed:>10} {:>9} {:>11} {:>8.2}{}",
            cost.name,
            cost.time.as_nanos() / u128::try_from(lines.max(1))?,
            cost.bytes_a_line,
            cost.allocations_a_line,
            if speed < LIMIT {
                "  below the limit"
            } else {
                ""
            },
        )?;
    }
    let records: usize = costs.iter().map(|cost| cost.records).sum();
    writeln!(
        screen,
        "{} formats with {records} records; {too_slow} below {LIMIT} lines/s",
        costs.len(),
    )?;
    Ok(())
}

#[expect(
    clippy::cast_precision_loss,
    reason = "counts of a benchmark are far below 2 to the 52nd"
)]
fn ratio(count: u64, of: usize) -> f64 {
    count as f64 / of.max(1) as f64
}
