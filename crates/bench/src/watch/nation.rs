//! A simulated nation: what a day of all its sightings costs the watch, in time and in memory.

use std::io::{self, Write as _};
use std::net::Ipv4Addr;

use anyhow::{Context as _, Result};
use larum_core::time::Timestamp;
use larum_core::watch::fold::{Fold, Seen};

use super::Chance;

const AREAS: u32 = 43;
const SECTORS: u32 = 12;
const NAME_BYTES: usize = 8;
/// Sources that scan everybody; a third of all sightings are theirs.
const SCANNERS: u32 = 10_000;
/// Further sources of a day.
const STRANGERS: u32 = 2_000_000;
const BATCH: u64 = 1 << 16;
/// Hours before the measured ones, with one in twenty of the sightings: members, keys and days of
/// history are there when the measure begins.
const BEFORE_HOURS: i64 = 48;
const BEFORE_SHARE: u64 = 20;
/// 2026-10-01T00:00:00Z.
const START: i64 = 1_790_812_800;

/// How large the nation is.
#[derive(clap::Args, Clone, Copy)]
pub struct Nation {
    /// Members
    #[arg(long, default_value_t = 1_000_000)]
    members: u32,
    /// Sightings of all members in a day
    #[arg(long, default_value_t = 300_000_000)]
    a_day: u64,
    /// Services, rules and names that are told apart
    #[arg(long, default_value_t = 20_000)]
    keys: u32,
    /// Hours measured, at the full rate
    #[arg(long, default_value_t = 24)]
    hours: i64,
}

/// Seconds this thread was at work: waiting for a busy machine is not counted.
pub(super) fn seconds_at_work() -> f64 {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap_or_default();
    let nanoseconds = text
        .split(' ')
        .next()
        .and_then(|one| one.parse::<f64>().ok());
    nanoseconds.unwrap_or_default() / 1e9
}

/// Megabytes in memory now.
fn megabytes() -> f64 {
    let text = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = text.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kibibytes = line.and_then(|line| line.split_whitespace().next()?.parse::<f64>().ok());
    kibibytes.unwrap_or_default() * 1_024.0 / 1e6
}

/// One sighting, by numbers.
struct Numbers {
    member: u32,
    key: u32,
    source: u32,
}

impl Nation {
    /// Runs it and prints a table.
    ///
    /// # Errors
    /// When the output cannot be written.
    pub fn run(self) -> Result<()> {
        let names: Vec<u8> = (0..self.members)
            .flat_map(|member| format!("m{member:07}").into_bytes())
            .collect();
        let keys: Vec<String> = (0..self.keys).map(|key| format!("tcp/{key}")).collect();
        let cells = |what: &str, count| -> Vec<String> {
            (0..count)
                .map(|number| format!("{what} {number}"))
                .collect()
        };
        let (areas, sectors) = (cells("area", AREAS), cells("sector", SECTORS));
        let before = megabytes();
        let mut chance = Chance::new(9);
        let (mut fold, mut alarms) = (Fold::default(), Vec::new());
        let (mut seconds, mut sightings, mut most) = (0.0, 0_u64, 0.0_f64);
        for hour in 0..BEFORE_HOURS + self.hours {
            let measured = hour >= BEFORE_HOURS;
            let mut left = self.a_day / 24 / if measured { 1 } else { BEFORE_SHARE };
            while left > 0 {
                let count = left.min(BATCH);
                left -= count;
                let batch: Vec<Numbers> = (0..count).map(|_| self.one(hour, &mut chance)).collect();
                let started = seconds_at_work();
                for one in &batch {
                    let place = |number: u32| usize::try_from(number).unwrap_or(0);
                    let name = names.chunks_exact(NAME_BYTES).nth(place(one.member));
                    let seen = Seen {
                        at: Timestamp::from_seconds(START + hour * 3_600),
                        member: std::str::from_utf8(name.unwrap_or_default())?,
                        source: Ipv4Addr::from(one.source).into(),
                        key: keys.get(place(one.key)).context("no such key")?,
                        area: areas.get(place(one.member % AREAS)).context("no area")?,
                        sector: sectors
                            .get(place(one.member / AREAS % SECTORS))
                            .context("no sector")?,
                    };
                    fold.observe(&seen, &mut alarms);
                }
                if measured {
                    seconds += seconds_at_work() - started;
                    sightings += count;
                }
            }
            most = most.max(megabytes() - before);
        }
        let number = |count: u64| u32::try_from(count / 1_000).map_or(0.0, f64::from) * 1e3;
        let mut out = io::stdout().lock();
        writeln!(
            out,
            "| members | keys | sightings measured | hours | µs a sighting | state, MB | edges |\n\
             |---|---|---|---|---|---|---|\n| {} | {} | {sightings} | {} | {:.3} | {most:.0} | {} |",
            self.members,
            self.keys,
            self.hours,
            1e6 * seconds / number(sightings).max(1.0),
            fold.edges_held(),
        )?;
        writeln!(
            out,
            "\n{} alarms; before the hours measured, {BEFORE_HOURS} hours with one in {BEFORE_SHARE} \
             of the sightings. Time is that of the processor; the state is what the process grew by.",
            alarms.len()
        )?;
        Ok(())
    }

    fn one(self, hour: i64, chance: &mut Chance) -> Numbers {
        // The n-th key and the n-th source are met 1/n as often as the first.
        let ranked = |chance: &mut Chance, count: u32| {
            let rank = (f64::from(count) + 1.0).powf(chance.part());
            whole(rank).saturating_sub(1).min(count - 1)
        };
        let day = u32::try_from(hour / 24).unwrap_or(0);
        let source = if chance.below(3) == 0 {
            chance.below(SCANNERS)
        } else {
            // Every day most strangers are others.
            SCANNERS + ranked(chance, STRANGERS) + day * STRANGERS
        };
        Numbers {
            member: chance.below(self.members),
            key: ranked(chance, self.keys),
            source: 0x0100_0000 + source.wrapping_mul(0x9E37_79B1) % 0xD000_0000,
        }
    }
}

/// The whole part of a number that is not below one.
fn whole(number: f64) -> u32 {
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "between one and two million"
    )]
    let whole = number as u32;
    whole
}
