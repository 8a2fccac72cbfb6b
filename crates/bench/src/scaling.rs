//! The same lines with few and with many formats compiled: what recognising costs must not grow with
//! the number of formats.

use std::collections::BTreeSet;
use std::io::{Write as _, stdout};
use std::path::Path;
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use larum_core::content::FORMATS;
use larum_core::parse::{Formats, Scratch, lines};

use crate::house::{context, processor_time, shipped};

/// How many formats are compiled; all of them come last.
const COUNTS: [usize; 3] = [10, 50, 200];
/// So many formats the lines must come from.
const LEAST_FORMATS: usize = 8;

/// Measures the lines of `file`.
///
/// # Errors
/// When the file cannot be read or holds too few formats, or there is nowhere to print to.
pub fn measure(rounds: usize, file: &Path) -> Result<()> {
    let text = std::fs::read(file).with_context(|| format!("cannot read {}", file.display()))?;
    let records: Vec<&[u8]> = lines(&text).filter(|line| !line.is_empty()).collect();
    let wanted = names(&shipped()?, &records);
    ensure!(
        wanted.len() >= LEAST_FORMATS,
        "the file holds {} formats, not {LEAST_FORMATS}",
        wanted.len()
    );
    let mut sets = Vec::new();
    for count in COUNTS.into_iter().chain([FORMATS.len()]) {
        let others = FORMATS.iter().filter(|(name, _)| !wanted.contains(*name));
        let chosen = FORMATS.iter().filter(|(name, _)| wanted.contains(*name));
        let rest = count.saturating_sub(wanted.len());
        let files: Vec<_> = chosen.chain(others.take(rest)).copied().collect();
        let formats = Formats::compile(&files).map_err(|error| anyhow::anyhow!("{error}"))?;
        sets.push((files.len(), formats, Duration::MAX, 0));
    }
    // In turn, so that a slow moment of the machine falls on all.
    for _ in 0..rounds.max(1) {
        for (_, formats, best, events) in &mut sets {
            let started = processor_time()?;
            *events = parse(formats, &records);
            *best = (*best).min(processor_time()?.saturating_sub(started));
        }
    }
    let mut screen = stdout().lock();
    let listed: Vec<&str> = wanted.iter().map(String::as_str).collect();
    writeln!(screen, "{} lines of {}", records.len(), listed.join(", "))?;
    let first = sets.first().map_or(Duration::ZERO, |(_, _, time, _)| *time);
    for (count, _, time, events) in &sets {
        writeln!(
            screen,
            "{count:>4} formats: {:>5} ns a line, {:.2} times the first, {events} events",
            time.as_nanos() / u128::try_from(records.len().max(1))?,
            time.as_secs_f64() / first.as_secs_f64().max(f64::MIN_POSITIVE),
        )?;
    }
    Ok(())
}

/// The formats that the records come from.
fn names(formats: &Formats, records: &[&[u8]]) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for record in records {
        let mut scratch = Scratch::default();
        if let Ok(event) = formats.parse(record, &context(), &mut scratch)
            && !found.contains(event.format)
        {
            found.insert(event.format.to_owned());
        }
    }
    found
}

fn parse(formats: &Formats, records: &[&[u8]]) -> usize {
    let context = context();
    let mut scratch = Scratch::default();
    let mut events = 0;
    for record in records {
        events += usize::from(formats.parse(record, &context, &mut scratch).is_ok());
    }
    events
}
