//! What every record says, one answer a line, so that two versions of the program can be compared to the byte.
//!
//! A faster parser must say the same. What was read before a record must change nothing either: each answer is
//! given twice, with the room to work in that all records before have used and with a fresh one.

use std::fs::File;
use std::io::{BufWriter, Write as _, stdout};
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail};
use larum_core::content::FORMATS;
use larum_core::event::{write_event, write_reject};
use larum_core::parse::{Formats, Scratch, lines, samples};

use crate::generators::Chance;
use crate::house::{context, shipped};

/// From what the damage follows.
const SEED: u64 = 1;
/// What is put where something else stood: signs that mean something to some reader, and bytes that are no text.
const SIGNS: &[u8] = b" =\"\\,;:[]{}|<>-0aZ.\t\x00\xff";
/// The most bytes that are cut out.
const MAX_CUT_BYTES: usize = 12;

/// Writes to `out`, or to the screen, the answers to all samples of all formats and to the lines of `files`, and
/// to so many `copies` of each, damaged.
///
/// # Errors
/// When a file cannot be read or written, or an answer depends on what was read before.
pub fn write(files: &[PathBuf], copies: usize, out: Option<&Path>) -> Result<()> {
    let formats = shipped()?;
    let samples = FORMATS.iter().flat_map(|(_, text)| samples(text));
    let mut records: Vec<Vec<u8>> = samples.map(|sample| sample.record.into_bytes()).collect();
    for file in files {
        let text =
            std::fs::read(file).with_context(|| format!("cannot read {}", file.display()))?;
        records.extend(lines(&text).map(<[u8]>::to_vec));
    }
    let mut to: Box<dyn std::io::Write> = match out {
        Some(path) => Box::new(BufWriter::new(File::create(path)?)),
        None => Box::new(BufWriter::new(stdout().lock())),
    };
    let mut chance = Chance::new(SEED);
    let mut used = Scratch::default();
    for record in &records {
        for copy in 0..=copies {
            let record = match copy {
                0 => record.clone(),
                _ => damaged(record, &mut chance),
            };
            let answer = answer(&formats, &record, &mut used);
            if answer != self::answer(&formats, &record, &mut Scratch::default()) {
                let shown = String::from_utf8_lossy(&record);
                bail!("the answer depends on what was read before: {shown}");
            }
            writeln!(to, "{answer}")?;
        }
    }
    Ok(to.flush()?)
}

/// The answer to one record.
fn answer(formats: &Formats, record: &[u8], scratch: &mut Scratch) -> String {
    let mut text = String::new();
    match formats.parse(record, &context(), scratch) {
        Ok(event) => write_event(&event, None, &mut text),
        Err(reason) => write_reject(reason, None, &mut text),
    }
    text
}

/// `record` cut off, with something left out, or with a sign put in or in place of another.
fn damaged(record: &[u8], chance: &mut Chance) -> Vec<u8> {
    let mut damaged = record.to_vec();
    let place = chance.below(record.len());
    let sign = SIGNS.get(chance.below(SIGNS.len())).copied();
    let end = record.len().min(place + 1 + chance.below(MAX_CUT_BYTES));
    match chance.below(4) {
        0 => damaged.truncate(place),
        1 => drop(damaged.drain(place..end)),
        2 => drop(damaged.splice(place..place, sign)),
        _ => drop(damaged.splice(place..end.min(place + 1), sign)),
    }
    damaged
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_can_be_damaged_whatever_it_is() {
        let mut chance = Chance::new(SEED);
        for record in [b"".as_slice(), b"a", b"some words"] {
            let all: Vec<_> = (0..64).map(|_| damaged(record, &mut chance)).collect();
            assert!(all.iter().all(|damaged| damaged.len() <= record.len() + 1));
            assert!(all.iter().any(|damaged| damaged != record), "{record:?}");
        }
    }
}
