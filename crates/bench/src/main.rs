//! `larum-bench`: measures parsing and detection in lines a second, on one core.
//!
//! Machines are noisy: times are processor time of the one thread; quote medians and ratios. Each round measures every stage in turn, so that a
//! slow moment of the machine falls on all of them. The input is made from a seed, so that two
//! versions of the program can be compared on the same bytes.

mod rules;

use std::fs::File;
use std::io::{BufWriter, Read as _, Write as _, stdout};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use clap::{Parser, Subcommand};
use larum_core::detect::{Detect, Indicators, Settings, Signal, sigma::RuleSet};
use larum_core::parse::{Context, Formats, Scratch, lines};
use larum_core::time::Timestamp;
use larum_core::words::Words;

/// 2026-11-22T00:00:00Z: when the records count as received.
const RECEIVED_SECONDS: i64 = 1_795_305_600;
/// Bytes read at a time while streaming.
const CHUNK_BYTES: usize = 1 << 20;

/// Measure parsing and detection
#[derive(Parser)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Write a mixed file of every device's lines
    Make {
        /// How many lines
        #[arg(long, default_value_t = 1_000_000)]
        lines: usize,
        /// What it follows from
        #[arg(long, default_value_t = 1)]
        seed: u64,
        /// Where to write it
        file: PathBuf,
    },
    /// Parse alone, and parse and detect, on one core
    Throughput {
        /// Rounds; the median is shown
        #[arg(long, default_value_t = 5)]
        rounds: usize,
        /// Only parse
        #[arg(long)]
        parse_only: bool,
        /// A file of records, one a line
        file: PathBuf,
    },
    /// What 30 and 3,000 Sigma rules cost an event that matches none
    Rules,
    /// Parse and detect once and write every finding, to compare two versions of the program
    Findings {
        /// A file of records, one a line
        file: PathBuf,
    },
    /// Parse and detect once, streaming, and show the most memory the process ever held
    Memory {
        /// A file of records, one a line
        file: PathBuf,
    },
}

fn main() -> Result<()> {
    match Cli::parse().command {
        Command::Make { lines, seed, file } => make(lines, seed, &file),
        Command::Throughput {
            rounds,
            parse_only,
            file,
        } => throughput(rounds, parse_only, &file),
        Command::Rules => rules::measure(),
        Command::Findings { file } => findings(&file),
        Command::Memory { file } => memory(&file),
    }
}

fn make(lines: usize, seed: u64, file: &Path) -> Result<()> {
    let mut out = BufWriter::new(
        File::create(file).with_context(|| format!("cannot create {}", file.display()))?,
    );
    for line in larum_traffic::mixed_file(seed, lines) {
        out.write_all(line.as_bytes())?;
        out.write_all(b"\n")?;
    }
    Ok(out.flush()?)
}

/// Everything that parsing and detecting needs.
struct House {
    formats: Formats,
    detect: Detect,
    scratch: Scratch,
    signals: Vec<Signal>,
}

/// What a stage went through.
#[derive(Clone, Copy, Default)]
struct Passed {
    records: usize,
    events: usize,
}

impl House {
    fn new() -> Result<Self> {
        let words = Arc::new(Words::of("en")?);
        let rules =
            RuleSet::built_in().map_err(|error| anyhow::anyhow!("the shipped rules: {error:?}"))?;
        let (indicators, _) = Indicators::compile(&[]);
        Ok(Self {
            formats: Formats::built_in()
                .map_err(|error| anyhow::anyhow!("the shipped formats: {error}"))?,
            detect: Detect::new(Settings::new(words), rules, indicators),
            scratch: Scratch::default(),
            signals: Vec::new(),
        })
    }

    /// Takes every whole line of `text`.
    fn take(&mut self, text: &[u8], detecting: bool) -> Passed {
        let context = Context::at(Timestamp::from_seconds(RECEIVED_SECONDS));
        let mut passed = Passed::default();
        for line in lines(text).filter(|line| !line.is_empty()) {
            passed.records += 1;
            let Ok(event) = self.formats.parse(line, &context, &mut self.scratch) else {
                continue;
            };
            passed.events += 1;
            if detecting {
                self.detect.observe(&event, &mut self.signals);
            }
        }
        passed
    }
}

fn throughput(rounds: usize, parse_only: bool, file: &Path) -> Result<()> {
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

/// Time this thread really ran, so that other programs on the machine do not count against us.
fn processor_time() -> Result<Duration> {
    let schedule =
        std::fs::read_to_string("/proc/thread-self/schedstat").context("this needs Linux")?;
    let nanos = schedule.split(' ').next().unwrap_or_default().parse()?;
    Ok(Duration::from_nanos(nanos))
}

fn per_second(records: usize, time: Duration) -> u128 {
    u128::try_from(records)
        .unwrap_or(u128::MAX)
        .saturating_mul(1_000_000)
        / time.as_micros().max(1)
}

fn findings(file: &Path) -> Result<()> {
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
fn memory(file: &Path) -> Result<()> {
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
