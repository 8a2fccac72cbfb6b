//! What could be known of tomorrow: how far a list can go at all, and how many first contacts of a
//! source with a member others had seen before.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Write;

use anyhow::Result;

use super::lists::{FROM, LENGTHS, number};
use super::recording::{DAY, HOUR, Recording};

/// Days a source is remembered, as the product does.
const MEMORY_DAYS: u32 = 31;
/// Others that must have seen a source before it may stand on the list of a member that did not.
const QUORUM: usize = 2;
/// Seconds a word takes from one member to the next.
const DELAYS: [(u32, &str); 3] = [(300, "five minutes"), (HOUR, "an hour"), (DAY, "a day")];

/// When each source last met each member, in seconds since the first midnight.
#[derive(Default)]
struct Past(BTreeMap<u32, BTreeMap<u32, u32>>);

/// What a list could have held of one member's attackers of a day.
#[derive(Clone, Copy)]
enum Bound {
    Anybody,
    Listed,
    New,
    Future,
}

impl Bound {
    const ALL: [(Self, &'static str); 4] = [
        (Self::Future, "all that come"),
        (Self::Anybody, "of those anybody saw in 31 days"),
        (Self::Listed, "of those it saw itself, or two others did"),
        (Self::New, "of those two others saw, for a new member"),
    ];

    fn holds(self, seen_by: &BTreeMap<u32, u32>, member: u32, since: u32) -> bool {
        let lately = || seen_by.iter().filter(|(_, last)| **last >= since);
        let others = lately().filter(|(one, _)| **one != member).count();
        match self {
            Self::Future => true,
            Self::Anybody => lately().count() > 0,
            Self::Listed => others >= QUORUM || lately().count() > others,
            Self::New => others >= QUORUM,
        }
    }
}

/// What a list that knew tomorrow would reach.
pub fn bounds(out: &mut impl Write, recording: &Recording) -> Result<()> {
    writeln!(
        out,
        "\nWhat a list would reach whose order knew the day to come:\n\n\
         | whom it may hold | precision at 50 | at 100 | at 500 |\n|---|---|---|---|"
    )?;
    let mut sums = [[0.0_f64; LENGTHS.len()]; Bound::ALL.len()];
    let mut lists = 0_usize;
    let mut past = Past::default();
    for day in 0..recording.days() {
        let mut attackers: BTreeMap<u32, BTreeSet<u32>> = BTreeMap::new();
        let events = recording.between(day * DAY, (day + 1) * DAY);
        for event in events {
            let of = attackers.entry(event.member).or_default();
            of.insert(event.source);
        }
        let since = (day * DAY).saturating_sub(MEMORY_DAYS * DAY);
        let nobody = BTreeMap::new();
        for (member, sources) in attackers.iter().filter(|_| day >= FROM) {
            lists += 1;
            for ((bound, _), sums) in Bound::ALL.iter().zip(&mut sums) {
                let known = sources.iter().filter(|source| {
                    bound.holds(past.0.get(source).unwrap_or(&nobody), *member, since)
                });
                let known = known.count();
                for (sum, length) in sums.iter_mut().zip(LENGTHS) {
                    *sum += number(known.min(length)) / number(length);
                }
            }
        }
        for event in events {
            let seen_by = past.0.entry(event.source).or_default();
            seen_by.insert(event.member, event.second);
        }
    }
    for ((_, name), sums) in Bound::ALL.iter().zip(&sums) {
        let cells = sums.map(|sum| format!("{:.3}", sum / number(lists)));
        writeln!(out, "| {name} | {} |", cells.join(" | "))?;
    }
    Ok(())
}

/// How many first contacts of a source with a member another member had seen before.
pub fn first_contacts(out: &mut impl Write, recording: &Recording) -> Result<()> {
    let mut past = Past::default();
    let (mut contacts, mut warned) = (0_usize, [0_usize; DELAYS.len()]);
    for event in &recording.events {
        let seen_by = past.0.entry(event.source).or_default();
        if event.second >= FROM * DAY && !seen_by.contains_key(&event.member) {
            contacts += 1;
            for ((delay, _), warned) in DELAYS.iter().zip(&mut warned) {
                let before = |first: &u32| first.saturating_add(*delay) <= event.second;
                *warned += usize::from(seen_by.values().any(before));
            }
        }
        // The first time counts here, not the last.
        seen_by.entry(event.member).or_insert(event.second);
    }
    writeln!(
        out,
        "\nFirst contacts of a source with a member from day {FROM} on: {contacts}. Another member had seen the \
         source before:\n\n| a word takes | known before |\n|---|---|"
    )?;
    for ((_, name), warned) in DELAYS.iter().zip(warned) {
        writeln!(out, "| {name} | {:.3} |", number(warned) / number(contacts))?;
    }
    Ok(())
}
