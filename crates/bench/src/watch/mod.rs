//! `evaluate-watch`: what the watch and the blocklist find, beside rules others publish.
//!
//! The rules of others are here only, not in the product. What the product's constants were chosen on
//! stands in `docs/developer/watch-evaluation.md`; nothing is learned from the recording beyond the
//! run itself.

mod injected;
mod known;
mod lists;
mod nation;
mod population;
mod recording;
mod rivals;

use std::io::{self, Write as _};
use std::path::Path;

use anyhow::Result;
use larum_core::watch::fold::{Alarm, Fold, Seen};

pub use nation::Nation;
use recording::{Event, Recording};

/// Chance from a seed: `xorshift64*` (Vigna 2016).
pub(crate) struct Chance(u64);

impl Chance {
    pub(crate) const fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1)
    }

    fn next(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_F491_4F6C_DD1D)
    }

    /// From 0 up to, not including, `end`.
    pub(crate) fn below(&mut self, end: u32) -> u32 {
        let part = (self.next() >> 32) * u64::from(end.max(1));
        u32::try_from(part >> 32).unwrap_or(0)
    }

    /// From 0 up to, not including, 1.
    pub(crate) fn part(&mut self) -> f64 {
        f64::from(self.below(1 << 30)) / f64::from(1_u32 << 30)
    }
}

/// Feeds events to a fold.
pub(crate) fn feed(fold: &mut Fold, recording: &Recording, events: &[Event], out: &mut Vec<Alarm>) {
    for event in events {
        let seen = Seen {
            at: event.at(),
            member: recording.member(event.member),
            source: event.source(),
            key: recording.key(event.key),
            area: "",
            sector: "",
        };
        fold.observe(&seen, out);
    }
}

/// A part of the evaluation.
#[derive(clap::ValueEnum, Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// Injected campaigns, days 16 to 30
    Early,
    /// Injected campaigns, days 30 to 58
    Late,
    /// Waves in a simulated nation
    Waves,
    /// Blocklists
    Lists,
}

/// Runs the whole evaluation, or one part of it, and prints it as Markdown; `seed` takes the place of
/// the published seeds.
///
/// # Errors
/// When the corpus cannot be read or the result not be written.
pub fn run(corpus: &Path, quick: bool, only: Option<Part>, seed: Option<u64>) -> Result<()> {
    let wanted = |part| only.is_none_or(|only| only == part);
    let recording = Recording::load(&corpus.join("emerging/marx-9-honeypots.csv.gz"))?;
    let mut out = io::stdout().lock();
    writeln!(out, "# How well the watch sees\n")?;
    writeln!(
        out,
        "Tables made by `just evaluate-watch`; what to make of them stands in \
         [watch-findings.md](watch-findings.md). {} events, {} members, {} days.\n",
        recording.events.len(),
        recording.members.len(),
        recording.days()
    )?;
    for period in injected::PERIODS {
        if wanted(period.part) {
            injected::run(&mut out, &recording, &period, quick, seed)?;
        }
    }
    if wanted(Part::Waves) {
        population::run(&mut out, quick, seed)?;
    }
    if wanted(Part::Lists) {
        lists::run(&mut out, &recording, quick)?;
    }
    Ok(())
}
