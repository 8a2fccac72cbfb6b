//! Parsing on several threads: formats are shared, nothing else is.

use std::io::{Write as _, stdout};
use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use larum_core::parse::{Formats, Scratch, lines};

use crate::house::{context, per_second, processor_time, shipped};

/// Measures the lines of `file`, on one thread and on `workers`.
///
/// # Errors
/// When the file cannot be read, or there is nowhere to print to.
pub fn measure(workers: usize, rounds: usize, file: &Path) -> Result<()> {
    ensure!(workers >= 1, "at least one worker");
    let text = std::fs::read(file).with_context(|| format!("cannot read {}", file.display()))?;
    let records: Vec<&[u8]> = lines(&text).filter(|line| !line.is_empty()).collect();
    let formats = shipped()?;
    let mut times = [Vec::new(), Vec::new()];
    for _ in 0..rounds.max(1) {
        for (count, times) in [1, workers].into_iter().zip(&mut times) {
            times.push(round(&formats, &records, count)?);
        }
    }
    let [one, many] = times.map(|mut times| {
        times.sort();
        times.get(times.len() / 2).copied().unwrap_or_default()
    });
    let mut screen = stdout().lock();
    for (count, (wall, busy)) in [(1, one), (workers, many)] {
        writeln!(
            screen,
            "{count} workers: {} lines/s by the clock, {} ns of processor time a line",
            per_second(records.len(), wall),
            busy.as_nanos() / u128::try_from(records.len().max(1))?,
        )?;
    }
    writeln!(
        screen,
        "{:.2} times by the clock; {:.2} times with processors of their own",
        one.0.as_secs_f64() / many.0.as_secs_f64().max(f64::MIN_POSITIVE),
        f64::from(u16::try_from(workers)?) * one.1.as_secs_f64()
            / many.1.as_secs_f64().max(f64::MIN_POSITIVE),
    )?;
    Ok(())
}

/// Time by the clock, and processor time of all threads together.
fn round(formats: &Formats, records: &[&[u8]], workers: usize) -> Result<(Duration, Duration)> {
    let share = records.len().div_ceil(workers).max(1);
    let started = Instant::now();
    let busy = std::thread::scope(|scope| {
        let threads: Vec<_> = records
            .chunks(share)
            .map(|records| scope.spawn(|| parse(formats, records)))
            .collect();
        let mut busy = Duration::ZERO;
        for thread in threads {
            let time = thread.join();
            busy += time.map_err(|_| anyhow::anyhow!("a worker panicked"))??;
        }
        anyhow::Ok(busy)
    })?;
    Ok((started.elapsed(), busy))
}

fn parse(formats: &Formats, records: &[&[u8]]) -> Result<Duration> {
    let context = context();
    let mut scratch = Scratch::default();
    let started = processor_time()?;
    for record in records {
        // An answer either way; only the time counts.
        std::hint::black_box(formats.parse(record, &context, &mut scratch).is_ok());
    }
    Ok(processor_time()?.saturating_sub(started))
}
