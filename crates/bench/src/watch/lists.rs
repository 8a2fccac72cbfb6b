//! Blocklists for the next day, beside worst-offender lists.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Write;
use std::net::IpAddr;

use anyhow::Result;
use larum_core::blocklist::Blocklist;

use super::known;
use super::recording::{DAY, Event, Recording};

pub const LENGTHS: [usize; 3] = [50, 100, 500];
/// First day judged.
pub const FROM: u32 = 31;
/// Days the worst-offender lists look back.
const BACK: u32 = 5;

/// Hits in a hundred listed, by length, and how many lists.
#[derive(Default)]
struct Sum(BTreeMap<usize, (f64, f64)>);

impl Sum {
    fn add(&mut self, list: &[IpAddr], attackers: &BTreeSet<IpAddr>) {
        for length in LENGTHS {
            let listed: Vec<&IpAddr> = list.iter().take(length).collect();
            let hits = listed.iter().filter(|one| attackers.contains(one)).count();
            let (precision, lists) = self.0.entry(length).or_default();
            *precision += number(hits) / number(listed.len().max(1));
            *lists += 1.0;
        }
    }

    fn row(&self, name: &str) -> String {
        let mut row = format!("| {name} ");
        for (precision, lists) in self.0.values() {
            row.push_str(&format!("| {:.3} ", precision / lists));
        }
        row + "|"
    }
}

/// A count as a number to reckon with.
pub fn number(count: usize) -> f64 {
    f64::from(u32::try_from(count).unwrap_or(0))
}

pub fn run(out: &mut impl Write, recording: &Recording, quick: bool) -> Result<()> {
    writeln!(out, "## Blocklists for the next day\n")?;
    writeln!(
        out,
        "Days {FROM} to {}; each member's list of midnight against the sources it saw that day. \
         Worst-offender lists look back {BACK} days.\n",
        recording.days()
    )?;
    writeln!(
        out,
        "| list | precision at 50 | at 100 | at 500 |\n|---|---|---|---|"
    )?;
    let mut sums: [Sum; 3] = Default::default();
    judge(recording, None, &mut |blocklist, day, member, attackers| {
        let [ours, local, global] = &mut sums;
        let name = recording.member(member);
        let list: Vec<IpAddr> = blocklist
            .list(name, 500)
            .iter()
            .map(|one| one.source)
            .collect();
        ours.add(&list, attackers);
        local.add(&worst(recording, day, Some(member)), attackers);
        global.add(&worst(recording, day, None), attackers);
    });
    let [ours, local, global] = &sums;
    writeln!(out, "{}", ours.row("**ours**"))?;
    writeln!(out, "{}", local.row("local worst offenders, events"))?;
    writeln!(out, "{}", global.row("global worst offenders, events"))?;
    // A new member: its own sightings are left out of everything.
    let mut new = Sum::default();
    let members = u32::try_from(recording.members.len()).unwrap_or(0);
    for member in (0..members).step_by(if quick { 9 } else { 1 }) {
        judge(
            recording,
            Some(member),
            &mut |blocklist, _, judged, attackers| {
                if judged == member {
                    let list = blocklist.list("somebody new", 500);
                    let list: Vec<IpAddr> = list.iter().map(|one| one.source).collect();
                    new.add(&list, attackers);
                }
            },
        );
    }
    writeln!(out, "{}", new.row("**ours, for a new member**"))?;
    known::bounds(out, recording)?;
    known::first_contacts(out, recording)
}

type Judge<'a> = dyn FnMut(&Blocklist, u32, u32, &BTreeSet<IpAddr>) + 'a;

fn judge(recording: &Recording, without: Option<u32>, each: &mut Judge<'_>) {
    let mut blocklist = Blocklist::new(Vec::new());
    for day in 0..recording.days() {
        let events = recording.between(day * DAY, (day + 1) * DAY);
        let Some(first) = events.first() else {
            continue;
        };
        blocklist.advance(first.at());
        if day >= FROM {
            let mut attackers: BTreeMap<u32, BTreeSet<IpAddr>> = BTreeMap::new();
            for event in events {
                attackers
                    .entry(event.member)
                    .or_default()
                    .insert(event.source());
            }
            for (member, attackers) in &attackers {
                each(&blocklist, day, *member, attackers);
            }
        }
        for event in events.iter().filter(|event| Some(event.member) != without) {
            let (member, key) = (recording.member(event.member), recording.key(event.key));
            blocklist.observe(event.at(), member, event.source(), key, 1);
        }
    }
}

/// The sources with most events of the last days, at one member or at all.
fn worst(recording: &Recording, day: u32, member: Option<u32>) -> Vec<IpAddr> {
    let events = recording.between(day.saturating_sub(BACK) * DAY, day * DAY);
    let mut counts: BTreeMap<IpAddr, usize> = BTreeMap::new();
    let counted = |event: &&Event| member.is_none_or(|member| event.member == member);
    for event in events.iter().filter(counted) {
        *counts.entry(event.source()).or_default() += 1;
    }
    let mut order: Vec<(usize, IpAddr)> =
        counts.into_iter().map(|(ip, count)| (count, ip)).collect();
    order.sort_unstable_by(|left, right| right.0.cmp(&left.0).then(left.1.cmp(&right.1)));
    order.into_iter().map(|(_, ip)| ip).take(500).collect()
}
