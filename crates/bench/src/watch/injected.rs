//! Campaigns put into the recording, at an equal budget of false alarms for all.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Write;

use anyhow::Result;
use larum_core::watch::fold::{Alarm, Budget, Fold};

use super::recording::{DAY, Event, HOUR, Recording, second_of};
use super::rivals::{Counted, RULES, Rule};
use super::{Chance, Part, feed};

/// Hours an injected campaign lasts and may be found in.
const CAMPAIGN_HOURS: u32 = 120;
const EPISODE_HOURS: u32 = 72;
/// Cases of liars, floods and sweeps.
const POISONS: [u32; 3] = [240, 60, 240];

/// A campaign: sources that visit members about some key.
struct Campaign {
    key: u32,
    start: u32,
    sources: u32,
    busy: usize,
    events: Vec<Event>,
}

impl Campaign {
    /// The same hours without it.
    const fn without(&self) -> Self {
        Self {
            events: Vec::new(),
            ..*self
        }
    }
}

/// A stretch of days of the recording.
pub struct Period {
    pub part: Part,
    name: &'static str,
    from: u32,
    to: u32,
    seed: u64,
}

pub const PERIODS: [Period; 2] = [
    Period {
        part: Part::Early,
        name: "days 16 to 30 (nothing was chosen on them; short history)",
        from: 16,
        to: 30,
        seed: 11,
    },
    Period {
        part: Part::Late,
        name: "days 30 to 58 (constants were chosen on these days, with another seed)",
        from: 30,
        to: 58,
        seed: 12,
    },
];

/// What became of the campaigns under one rule, and of the attacks on the rule itself.
struct Outcome {
    name: String,
    /// Hours until each was found.
    found: Vec<Option<u32>>,
    poisoned: [f64; 3],
}

pub fn run(
    out: &mut impl Write,
    recording: &Recording,
    period: &Period,
    quick: bool,
    seed: Option<u64>,
) -> Result<()> {
    let seed = seed.unwrap_or(period.seed);
    let part = if quick { 5 } else { 1 };
    let campaigns = campaigns(recording, period, seed, 40 / part);
    let poisons = poisons(recording, period, seed, POISONS.map(|count| count / part));
    writeln!(out, "## Injected campaigns, {}\n", period.name)?;
    writeln!(
        out,
        "{} campaigns of 3, 6, 12 and 25 sources on busy, middling and rare keys; every rule at \
         one false alarm a week. Liar: one member reports 300 invented sources ({} cases). Flood: \
         one source, 5,000 events at one member ({}). Sweep: one source at every member ({}).\n",
        campaigns.len(),
        poisons[0].len(),
        poisons[1].len(),
        poisons[2].len(),
    )?;
    writeln!(
        out,
        "| rule | found | ≤ 24 h | ≤ 48 h | 3 sources | busy keys | liar | flood | sweep |\n\
         |---|---|---|---|---|---|---|---|---|"
    )?;
    let watched = watch(recording, period, &campaigns, &poisons);
    row(out, &watched, &campaigns)?;
    for rule in RULES {
        let outcome = rival(recording, period, rule, &campaigns, &poisons);
        row(out, &outcome, &campaigns)?;
    }
    writeln!(out)?;
    Ok(())
}

fn row(out: &mut impl Write, outcome: &Outcome, campaigns: &[Campaign]) -> Result<()> {
    let share = |of: &dyn Fn(&Campaign) -> bool, hours: u32| {
        let chosen: Vec<bool> = campaigns
            .iter()
            .zip(&outcome.found)
            .filter(|(campaign, _)| of(campaign))
            .map(|(_, found)| found.is_some_and(|found| found <= hours))
            .collect();
        part(&chosen)
    };
    let all = |_: &Campaign| true;
    let [liar, flood, sweep] = outcome.poisoned;
    writeln!(
        out,
        "| {} | {:.2} | {:.2} | {:.2} | {:.2} | {:.2} | {liar:.2} | {flood:.2} | {sweep:.2} |",
        outcome.name,
        share(&all, CAMPAIGN_HOURS),
        share(&all, 24),
        share(&all, 48),
        share(&|campaign| campaign.sources == 3, CAMPAIGN_HOURS),
        share(&|campaign| campaign.busy == 0, CAMPAIGN_HOURS),
    )?;
    Ok(())
}

fn part(yes: &[bool]) -> f64 {
    let count = |of: usize| f64::from(u32::try_from(of).unwrap_or(0));
    count(yes.iter().filter(|one| **one).count()) / count(yes.len().max(1))
}

/// Keys by how many edges they have: busy, middling, rare.
fn strata(recording: &Recording) -> [Vec<u32>; 3] {
    let mut edges: BTreeMap<u32, BTreeSet<(u32, u32, u32)>> = BTreeMap::new();
    for event in &recording.events {
        let edge = (event.source, event.member, event.second / DAY);
        edges.entry(event.key).or_default().insert(edge);
    }
    let mut order: Vec<(usize, u32)> = edges.iter().map(|(key, set)| (set.len(), *key)).collect();
    order.sort_unstable_by(|left, right| right.cmp(left));
    let keys: Vec<u32> = order.into_iter().map(|(_, key)| key).collect();
    let slice = |from: usize, to: usize| keys.get(from..to.min(keys.len())).unwrap_or(&[]).to_vec();
    [slice(0, 15), slice(15, 80), slice(80, keys.len())]
}

fn campaigns(recording: &Recording, period: &Period, seed: u64, each: u32) -> Vec<Campaign> {
    let strata = strata(recording);
    let mut chance = Chance::new(seed);
    let members = u32::try_from(recording.members.len()).unwrap_or(1);
    let mut made = Vec::new();
    for sources in [3, 6, 12, 25] {
        for (busy, keys) in strata.iter().enumerate() {
            for _ in 0..each {
                let place = chance.below(u32::try_from(keys.len()).unwrap_or(1));
                let key = keys.get(usize::try_from(place).unwrap_or(0));
                let start = period.from * 24 + chance.below((period.to - period.from - 4) * 24);
                let mut campaign = Campaign {
                    key: key.copied().unwrap_or(0),
                    start,
                    sources,
                    busy,
                    events: Vec::new(),
                };
                for _ in 0..sources {
                    let source = 0x0100_0000 + chance.below(0xD000_0000);
                    // Exponential, 12 hours on average, at most 36.
                    let mut delay = 0;
                    while delay < 36 && chance.part() > 1.0 / 12.0 {
                        delay += 1;
                    }
                    for day in 0..5 {
                        for member in 0..members {
                            if chance.part() < 0.4 {
                                let hour = start + delay + day * 24 + chance.below(24);
                                campaign.events.push(Event {
                                    second: hour * HOUR + chance.below(HOUR),
                                    member,
                                    source,
                                    key: campaign.key,
                                });
                            }
                        }
                    }
                }
                campaign.events.sort_unstable();
                made.push(campaign);
            }
        }
    }
    made
}

/// Attacks on the rule: liars, floods, sweeps.
fn poisons(
    recording: &Recording,
    period: &Period,
    seed: u64,
    cases: [u32; 3],
) -> [Vec<Campaign>; 3] {
    let strata = strata(recording);
    let mut chance = Chance::new(seed + 1_000);
    let members = u32::try_from(recording.members.len()).unwrap_or(1);
    [0, 1, 2].map(|kind: usize| {
        (0..cases.get(kind).copied().unwrap_or(0))
            .map(|_| {
                let busy = if chance.below(2) == 0 { 1 } else { 2 };
                let keys = strata.get(busy).map_or(&[][..], Vec::as_slice);
                let place = chance.below(u32::try_from(keys.len()).unwrap_or(1));
                let key = keys.get(usize::try_from(place).unwrap_or(0));
                let key = key.copied().unwrap_or(0);
                let start = period.from * 24 + chance.below((period.to - period.from - 4) * 24);
                let liar = chance.below(members);
                let source = 0x0100_0000 + chance.below(0xD000_0000);
                let count = [300, 5_000, 20 * members];
                let mut events: Vec<Event> = (0..count.get(kind).copied().unwrap_or(0))
                    .map(|turn| Event {
                        second: start * HOUR + chance.below(DAY),
                        member: if kind == 2 { turn % members } else { liar },
                        source: if kind == 0 {
                            0x0100_0000 + chance.below(0xD000_0000)
                        } else {
                            source
                        },
                        key,
                    })
                    .collect();
                events.sort_unstable();
                Campaign {
                    key,
                    start,
                    sources: 1,
                    busy,
                    events,
                }
            })
            .collect()
    })
}

/// The score from which a rule has one false alarm a week.
fn threshold(mut peaks: Vec<f64>, period: &Period) -> f64 {
    peaks.sort_by(|left, right| right.total_cmp(left));
    let weeks = usize::try_from((period.to - period.from) / 7).unwrap_or(1);
    peaks.get(weeks).map_or(0.0, |peak| peak + 1e-9)
}

/// The product: the fold, as `backtest threats` runs it. The fold of the period is kept at each
/// midnight; a campaign goes on from the one before it.
fn watch(
    recording: &Recording,
    period: &Period,
    campaigns: &[Campaign],
    poisons: &[Vec<Campaign>; 3],
) -> Outcome {
    let mut fold = Fold::new(Budget::default());
    let mut alarms = Vec::new();
    let mut kept = BTreeMap::new();
    for day in 0..recording.days().min(period.to) {
        feed(
            &mut fold,
            recording,
            recording.between(day * DAY, (day + 1) * DAY),
            &mut alarms,
        );
        if day + 1 >= period.from {
            kept.insert(day + 1, fold.clone());
        }
    }
    fold.finish(&mut alarms);
    let in_period = |alarm: &&Alarm| second_of(alarm.at) >= period.from * DAY;
    let mut peaks: BTreeMap<u64, f64> = BTreeMap::new();
    for alarm in alarms.iter().filter(in_period) {
        let peak = peaks.entry(alarm.shown.episode).or_default();
        *peak = peak.max(alarm.score);
    }
    let needed = threshold(peaks.into_values().collect(), period);
    let found = |campaign: &Campaign| {
        let day = campaign.start / 24;
        let mut fold = kept.get(&day)?.clone();
        let until = (campaign.start + CAMPAIGN_HOURS) * HOUR;
        let mut events = recording.between(day * DAY, until).to_vec();
        events.extend(campaign.events.iter().filter(|event| event.second < until));
        events.sort_unstable();
        let mut alarms = Vec::new();
        feed(&mut fold, recording, &events, &mut alarms);
        fold.finish(&mut alarms);
        let key = recording.key(campaign.key);
        let about = |alarm: &&Alarm| {
            alarm.score >= needed
                && (alarm.key == key || alarm.shown.keys.iter().any(|other| other == key))
                && second_of(alarm.at) > campaign.start * HOUR
        };
        let first = alarms.iter().find(about)?;
        Some((second_of(first.at) / HOUR).saturating_sub(campaign.start))
    };
    // What is called without it too is no success of the poison.
    let called = |poison: &Campaign| found(poison).is_some() && found(&poison.without()).is_none();
    Outcome {
        name: format!("**the watch** (from {needed:.2})"),
        found: campaigns.iter().map(found).collect(),
        poisoned: poisons
            .each_ref()
            .map(|kind| part(&kind.iter().map(called).collect::<Vec<_>>())),
    }
}

/// Counts of one key: per day, and in the 24 hours up to each hour.
struct Series {
    days: Vec<f64>,
    hours: BTreeMap<u32, f64>,
}

fn series(events: &[Event], counted: Counted, to: u32) -> Series {
    let count = |events: &[Event]| {
        let number = match counted {
            Counted::Events => events.len(),
            Counted::Sources => {
                let sources: BTreeSet<u32> = events.iter().map(|event| event.source).collect();
                sources.len()
            }
        };
        f64::from(u32::try_from(number).unwrap_or(u32::MAX))
    };
    let between = |from: u32, to: u32| {
        let start = events.partition_point(|event| event.second < from);
        let end = events.partition_point(|event| event.second < to);
        events.get(start..end).unwrap_or_default()
    };
    let days = (0..to)
        .map(|day| count(between(day * DAY, (day + 1) * DAY)))
        .collect();
    let hours = events
        .chunk_by(|left, right| left.hour() == right.hour())
        .filter_map(|same| same.first())
        .map(|event| {
            let end = event.hour() + 1;
            (
                event.hour(),
                count(between(end.saturating_sub(24) * HOUR, end * HOUR)),
            )
        })
        .collect();
    Series { days, hours }
}

/// Scores of a series at the hours something came, from hour `from` on, before `to`.
fn scores(series: &Series, rule: &Rule, from: u32, to: u32) -> Vec<(u32, f64)> {
    series
        .hours
        .range(from..to)
        .map(|(hour, today)| {
            let last = usize::try_from((hour + 1).saturating_sub(24) / 24).unwrap_or(0);
            let history = series
                .days
                .get(..last.min(series.days.len()))
                .unwrap_or(&[]);
            (*hour, (rule.score)(history, *today))
        })
        .collect()
}

fn rival(
    recording: &Recording,
    period: &Period,
    rule: &Rule,
    campaigns: &[Campaign],
    poisons: &[Vec<Campaign>; 3],
) -> Outcome {
    let mut by_key: BTreeMap<u32, Vec<Event>> = BTreeMap::new();
    for event in &recording.events {
        by_key.entry(event.key).or_default().push(*event);
    }
    let mut peaks = Vec::new();
    for events in by_key.values() {
        let series = series(events, rule.counted, period.to);
        let mut open: Option<(u32, f64)> = None;
        for (hour, score) in scores(&series, rule, period.from * 24, period.to * 24) {
            if score < 1.0 {
                continue;
            }
            open = match open {
                Some((last, peak)) if hour < last + EPISODE_HOURS => Some((hour, peak.max(score))),
                Some((_, peak)) => {
                    peaks.push(peak);
                    Some((hour, score))
                }
                None => Some((hour, score)),
            };
        }
        peaks.extend(open.map(|(_, peak)| peak));
    }
    let needed = threshold(peaks, period);
    let found = |campaign: &Campaign| {
        let mut events = by_key.get(&campaign.key).cloned().unwrap_or_default();
        events.extend(&campaign.events);
        events.sort_unstable();
        let series = series(&events, rule.counted, period.to + 6);
        let until = campaign.start + CAMPAIGN_HOURS;
        scores(&series, rule, campaign.start, until)
            .into_iter()
            .find(|(_, score)| *score >= needed)
            .map(|(hour, _)| hour + 1 - campaign.start)
    };
    Outcome {
        name: rule.name.to_owned(),
        found: campaigns.iter().map(found).collect(),
        poisoned: poisons.each_ref().map(|kind| {
            let called: Vec<bool> = kind
                .iter()
                .map(|one| found(one).is_some() && found(&one.without()).is_none())
                .collect();
            part(&called)
        }),
    }
}
