//! What an instruction counter watches: for each format two calls, with few and with many lines. The
//! difference is what the lines cost, without starting up. `tools/instructions` does the counting.

use std::io::{Write as _, stdout};

use anyhow::Result;
use larum_core::content::FORMATS;
use larum_core::parse::{Formats, Scratch};

use crate::formats::{parse, records_of};
use crate::house::shipped;

/// How often each record is read in the first call; twice as often in the second.
const TURNS: usize = 3;

/// The counter writes down what it counted whenever this returns.
#[inline(never)]
pub fn counted_lines(formats: &Formats, records: &[String], turns: usize, scratch: &mut Scratch) {
    std::hint::black_box(parse(formats, records, records.len() * turns, scratch));
}

/// Prints each format's name and by how many lines its second call has more than its first.
///
/// # Errors
/// When the shipped formats are wrong, or there is nowhere to print to.
pub fn run() -> Result<()> {
    let formats = shipped()?;
    let mut scratch = Scratch::default();
    let mut screen = stdout().lock();
    for (name, text) in FORMATS.iter() {
        let records = records_of(&formats, name, text);
        if records.is_empty() {
            continue;
        }
        writeln!(screen, "{name} {}", records.len() * TURNS)?;
        counted_lines(&formats, &records, 0, &mut scratch);
        counted_lines(&formats, &records, TURNS, &mut scratch);
        counted_lines(&formats, &records, 2 * TURNS, &mut scratch);
    }
    Ok(())
}
