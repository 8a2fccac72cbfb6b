//! What every measurement works with.

use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, Result};
use larum_core::detect::{Detect, Indicators, Settings, Signal, sigma::RuleSet};
use larum_core::parse::{Context, Formats, Scratch, lines};
use larum_core::time::Timestamp;
use larum_core::words::Words;

/// 2026-11-22T00:00:00Z: when the records count as received.
const RECEIVED_SECONDS: i64 = 1_795_305_600;

/// The context in which the records are read.
pub const fn context() -> Context<'static> {
    Context::at(Timestamp::from_seconds(RECEIVED_SECONDS))
}

/// The formats that ship.
pub fn shipped() -> Result<Formats> {
    Formats::built_in().map_err(|error| anyhow::anyhow!("the shipped formats: {error}"))
}

/// Everything that parsing and detecting needs.
pub struct House {
    formats: Formats,
    pub detect: Detect,
    scratch: Scratch,
    pub signals: Vec<Signal>,
}

/// What a stage went through.
#[derive(Clone, Copy, Default)]
pub struct Passed {
    pub records: usize,
    pub events: usize,
}

impl House {
    pub fn new() -> Result<Self> {
        let words = Arc::new(Words::of("en")?);
        let rules =
            RuleSet::built_in().map_err(|error| anyhow::anyhow!("the shipped rules: {error:?}"))?;
        let indicators = Indicators::default();
        Ok(Self {
            formats: shipped()?,
            detect: Detect::new(Settings::new(words), rules, indicators),
            scratch: Scratch::default(),
            signals: Vec::new(),
        })
    }

    /// Takes every whole line of `text`.
    pub fn take(&mut self, text: &[u8], detecting: bool) -> Passed {
        let context = context();
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

/// Time this thread really ran, so that other programs on the machine do not count against us.
pub fn processor_time() -> Result<Duration> {
    // The kernel brings the figure up to date at ticks, some milliseconds apart, and when asked to switch.
    std::thread::yield_now();
    let schedule =
        std::fs::read_to_string("/proc/thread-self/schedstat").context("this needs Linux")?;
    let nanos = schedule.split(' ').next().unwrap_or_default().parse()?;
    Ok(Duration::from_nanos(nanos))
}

/// Lines a second.
pub fn per_second(records: usize, time: Duration) -> u128 {
    u128::try_from(records)
        .unwrap_or(u128::MAX)
        .saturating_mul(1_000_000)
        / time.as_micros().max(1)
}
