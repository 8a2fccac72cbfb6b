//! Parsing and detecting on a whole file: speed, findings, memory.

use std::fs::File;
use std::io::{BufWriter, Read as _, Write as _, stdout};
use std::path::Path;
use std::time::Duration;

use anyhow::{Context as _, Result, bail};

use crate::house::{House, Passed, per_second, processor_time};

/// Bytes read at a time while streaming.
const CHUNK_BYTES: usize = 1 << 20;

/// Parses, and parses and detects, several rounds.
pub fn throughput(rounds: usize, parse_only: bool, file: &Path) -> Result<()> {
    let text = std::fs::read(file).with_context(|| format!("cannot read {}", file.display()))?;
    let stages = if parse_only { 1 } else { 2 };
    let mut times: Vec<Vec<Duration>> = vec![Vec::new(); stages];
    let mut passed = Passed::default();
    for _ in 0..rounds.max(1) {
        for (stage, times) in times.iter_mut().enumerate() {
            let mut house = House::new()?;
            let started = processor_time()?;
            passed = house.take(&text, stage == 1);
            times.push(processor_time()?.saturating_sub(started));
        }
    }
    let mut out = stdout().lock();
    writeln!(
        out,
        "{} records, {} events, {} bytes",
        passed.records,
        passed.events,
        text.len()
    )?;
    for (name, times) in ["parse", "parse+detect"].into_iter().zip(&mut times) {
        times.sort();
        let Some(median) = times.get(times.len() / 2) else {
            bail!("no round was run")
        };
        let best = times.first().unwrap_or(median);
        writeln!(
            out,
            "{name:<13} median {} lines/s ({} ns a line), best {} lines/s",
            per_second(passed.records, *median),
            median.as_nanos() / u128::try_from(passed.records.max(1))?,
            per_second(passed.records, *best),
        )?;
    }
    Ok(())
}

/// Writes every finding.
pub fn findings(file: &Path) -> Result<()> {
    let text = std::fs::read(file).with_context(|| format!("cannot read {}", file.display()))?;
    let mut house = House::new()?;
    house.take(&text, true);
    house.detect.finish(&mut house.signals);
    let mut out = BufWriter::new(stdout().lock());
    for signal in &house.signals {
        writeln!(out, "{signal:?}")?;
    }
    Ok(out.flush()?)
}

/// Streams, so that the figure is what the program holds and not the file.
pub fn memory(file: &Path) -> Result<()> {
    let mut input = File::open(file).with_context(|| format!("cannot read {}", file.display()))?;
    let mut house = House::new()?;
    let mut buffer = Vec::with_capacity(2 * CHUNK_BYTES);
    let mut records = 0;
    let mut signals = 0;
    loop {
        let read = (&mut input)
            .take(CHUNK_BYTES as u64)
            .read_to_end(&mut buffer)?;
        let whole = buffer
            .iter()
            .rposition(|byte| *byte == b'\n')
            .map_or(0, |at| at + 1);
        let end = if read == 0 { buffer.len() } else { whole };
        records += house
            .take(buffer.get(..end).unwrap_or_default(), true)
            .records;
        signals += house.signals.drain(..).count();
        buffer.drain(..end);
        if read == 0 {
            break;
        }
    }
    let status = std::fs::read_to_string("/proc/self/status").context("this needs Linux")?;
    let peak = status
        .lines()
        .find_map(|line| line.strip_prefix("VmHWM:"))
        .map_or("unknown", str::trim);
    writeln!(
        stdout().lock(),
        "{records} records, {signals} signals, most memory held {peak}"
    )?;
    Ok(())
}
