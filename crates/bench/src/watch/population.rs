//! A simulated nation: waves in one sector or area among noise that hits everybody.

use std::io::Write;
use std::net::Ipv4Addr;

use anyhow::Result;
use larum_core::time::Timestamp;
use larum_core::watch::Kind;
use larum_core::watch::fold::{Alarm, Fold, Seen};

use super::Chance;
use super::nation::seconds_at_work;

const MEMBERS: u32 = 5_000;
const AREAS: u32 = 43;
const SECTORS: u32 = 12;
const KEYS: u32 = 30;
const HOURS: u32 = 24 * 12;
/// The waves begin after ten days and last two.
const WAVE: u32 = 24 * 10;
/// 2026-10-01T00:00:00Z.
const START: i64 = 1_790_812_800;

struct Wave {
    key: u32,
    sector: bool,
    cell: u32,
}

/// What came of the waves of one run.
struct Run {
    found: Vec<(bool, Option<u32>)>,
    false_alarms: usize,
    seen: usize,
    seconds: f64,
}

pub fn run(out: &mut impl Write, quick: bool, seed: Option<u64>) -> Result<()> {
    writeln!(
        out,
        "## Waves in one sector or area of a simulated nation\n"
    )?;
    writeln!(
        out,
        "{MEMBERS} members in {AREAS} areas and {SECTORS} sectors, {KEYS} keys, ten days of noise \
         with bursts that hit a random tenth of the members, then waves that reach 2 % of the \
         members of a cell an hour for two days. Seeds 21 and on; they were looked at once \
         before the window of a day was added for areas.\n"
    )?;
    writeln!(
        out,
        "| members an hour, nationally | sector waves found | median hours | area waves found | \
         median hours | false waves a week | µs a sighting |\n|---|---|---|---|---|---|---|"
    )?;
    let first = seed.unwrap_or(21);
    for (rate, seed) in [(2, first), (20, first + 1), (100, first + 2)] {
        let runs = if quick { 1 } else { 4 };
        let mut all = Run {
            found: Vec::new(),
            false_alarms: 0,
            seen: 0,
            seconds: 0.0,
        };
        for turn in 0..runs {
            let one = simulate(rate, seed + 10 * turn);
            all.found.extend(one.found);
            all.false_alarms += one.false_alarms;
            all.seen += one.seen;
            all.seconds += one.seconds;
        }
        let number = |count: usize| f64::from(u32::try_from(count).unwrap_or(0));
        let cell = |sector: bool| {
            let mut hours: Vec<u32> = all
                .found
                .iter()
                .filter(|(is_sector, found)| *is_sector == sector && found.is_some())
                .filter_map(|(_, found)| *found)
                .collect();
            let count = all.found.iter().filter(|(one, _)| *one == sector).count();
            hours.sort_unstable();
            let median = hours.get(hours.len() / 2).copied().unwrap_or(0);
            format!(
                "{:.2} | {median}",
                number(hours.len()) / number(count.max(1))
            )
        };
        let weeks = f64::from(HOURS) / 168.0 * number(usize::try_from(runs).unwrap_or(1));
        writeln!(
            out,
            "| {rate} | {} | {} | {:.1} | {:.2} |",
            cell(true),
            cell(false),
            number(all.false_alarms) / weeks,
            1e6 * all.seconds / number(all.seen)
        )?;
    }
    writeln!(out)?;
    Ok(())
}

fn area(member: u32) -> u32 {
    member % AREAS
}

fn sector(member: u32) -> u32 {
    (member / AREAS) % SECTORS
}

fn key_name(key: u32) -> String {
    format!("tcp/{}", 1_000 + key)
}

/// Hours from the start of the run to an alarm.
fn hour_of(alarm: &Alarm) -> u32 {
    u32::try_from((alarm.at.as_seconds() - START) / 3_600).unwrap_or(0)
}

impl Wave {
    fn reaches(&self, member: u32) -> bool {
        let cell = if self.sector {
            sector(member)
        } else {
            area(member)
        };
        cell == self.cell
    }

    fn is_told_by(&self, alarm: &Alarm) -> bool {
        let kind = if self.sector { "sector" } else { "area" };
        alarm.key == key_name(self.key)
            && alarm.scope == format!("{kind} {}", self.cell)
            && hour_of(alarm) > WAVE
    }
}

/// Who is met by whom in one hour: key, member and source.
fn hits_of(hour: u32, rate: u32, waves: &[Wave], chance: &mut Chance) -> Vec<(u32, u32, u32)> {
    let mut hits = Vec::new();
    for key in 0..KEYS {
        // Now and then everybody is looked at: a burst of ten times as much.
        let burst = chance.below(400) == 0;
        let mean = if burst { rate * 10 } else { rate };
        for _ in 0..mean * 2 {
            if chance.below(2) == 0 {
                // Some members see more than others.
                let member = chance.below(MEMBERS).min(chance.below(MEMBERS));
                hits.push((key, member, chance.below(0xD000_0000)));
            }
        }
    }
    for wave in waves.iter().filter(|_| hour >= WAVE) {
        for member in 0..MEMBERS {
            if wave.reaches(member) && chance.below(50) == 0 {
                hits.push((wave.key, member, chance.below(500)));
            }
        }
    }
    hits
}

fn simulate(rate: u32, seed: u64) -> Run {
    let mut chance = Chance::new(seed);
    let waves: Vec<Wave> = (0..6)
        .map(|turn| Wave {
            key: turn,
            sector: turn % 2 == 0,
            cell: if turn % 2 == 0 { turn } else { turn * 7 },
        })
        .collect();
    let names: Vec<(String, String, String)> = (0..MEMBERS)
        .map(|member| {
            (
                format!("m{member}"),
                format!("area {}", area(member)),
                format!("sector {}", sector(member)),
            )
        })
        .collect();
    let keys: Vec<String> = (0..KEYS).map(key_name).collect();
    let mut fold = Fold::default();
    let mut alarms: Vec<Alarm> = Vec::new();
    let (mut seen, mut seconds) = (0, 0.0);
    for hour in 0..HOURS {
        let hits = hits_of(hour, rate, &waves, &mut chance);
        let started = seconds_at_work();
        for (key, member, source) in hits {
            let place = |number: u32| usize::try_from(number).unwrap_or(0);
            let (Some((name, area, sector)), Some(key)) =
                (names.get(place(member)), keys.get(place(key)))
            else {
                continue;
            };
            seen += 1;
            let sighting = Seen {
                at: Timestamp::from_seconds(START + i64::from(hour) * 3_600 + 30),
                member: name,
                source: Ipv4Addr::from(0x0100_0000 + source).into(),
                key,
                area,
                sector,
            };
            fold.observe(&sighting, &mut alarms);
        }
        seconds += seconds_at_work() - started;
    }
    fold.finish(&mut alarms);
    let waves_alarms: Vec<&Alarm> = alarms
        .iter()
        .filter(|alarm| alarm.kind == Kind::Wave)
        .collect();
    Run {
        found: waves
            .iter()
            .map(|wave| {
                let mut own = waves_alarms.iter();
                let first = own.find(|alarm| wave.is_told_by(alarm));
                (wave.sector, first.map(|alarm| hour_of(alarm) - WAVE))
            })
            .collect(),
        false_alarms: waves_alarms
            .iter()
            .filter(|alarm| !waves.iter().any(|wave| wave.is_told_by(alarm)))
            .count(),
        seen,
        seconds,
    }
}
