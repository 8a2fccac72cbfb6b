//! Hostile lines: whatever a line holds, twice the length must cost about twice as much.

use std::io::{Write as _, stdout};
use std::time::Duration;

use anyhow::Result;
use larum_core::content::FORMATS;
use larum_core::parse::{Formats, Scratch};

use crate::formats::records_of;
use crate::house::{context, processor_time, shipped};

/// What is repeated behind each format's own beginnings.
const PIECES: &[&str] = &[
    " ", "\"", "\\\"", "=", " a=", " a=\"", "[[", "](", "|", ",\"", "<a>", "{\"a\":", " from ",
    ": ", " user ", "<<", "&#", "%41", "CEF:0|", " SRC=",
];
/// The shorter length, in bytes; the longer is twice as much.
const BYTES: usize = 16_384;
/// How many are shown.
const SHOWN: usize = 12;

/// Measures the first record of each format, cut in the middle and at its end, with each piece behind.
///
/// # Errors
/// When the shipped formats are wrong, or there is nowhere to print to.
pub fn measure() -> Result<()> {
    let formats = shipped()?;
    let mut worst = Vec::new();
    for (name, text) in FORMATS.iter() {
        for record in records_of(&formats, name, text).iter().take(2) {
            let middle = record.floor_char_boundary(record.len() / 2);
            for head in [record.get(..middle).unwrap_or_default(), record] {
                for piece in PIECES {
                    let short = time(&formats, head, piece, BYTES)?;
                    let long = time(&formats, head, piece, 2 * BYTES)?;
                    worst.push((long, short, *name, *piece));
                }
            }
        }
    }
    worst.sort();
    let mut screen = stdout().lock();
    let tried = worst.len();
    writeln!(
        screen,
        "{tried} kinds of line of {} bytes; the slowest:",
        2 * BYTES
    )?;
    for (long, short, name, piece) in worst.iter().rev().take(SHOWN) {
        writeln!(
            screen,
            "{name:<26} {piece:<8} {:>7} us, {:.1} times the half",
            long.as_micros(),
            long.as_secs_f64() / short.as_secs_f64().max(f64::MIN_POSITIVE),
        )?;
    }
    Ok(())
}

fn time(formats: &Formats, head: &str, piece: &str, bytes: usize) -> Result<Duration> {
    let record = format!("{head}{}", piece.repeat(bytes / piece.len()));
    let mut best = Duration::MAX;
    for _ in 0..3 {
        let mut scratch = Scratch::default();
        let started = processor_time()?;
        std::hint::black_box(
            formats
                .parse(record.as_bytes(), &context(), &mut scratch)
                .is_ok(),
        );
        best = best.min(processor_time()?.saturating_sub(started));
    }
    Ok(best)
}
