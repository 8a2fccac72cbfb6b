//! `larum-hub backtest blocklist`: each day of the recording, every member's list as it stood at
//! midnight is held against the sources the member saw that day.
//!
//! Days are UTC. A member without sightings on a day has no row for it. A member's first day counts
//! too: its list then rests on what others saw.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, BufWriter, Write};
use std::net::IpAddr;

use larum_cli::exit::Exit;
use larum_core::blocklist::Blocklist;
use larum_core::time::Timestamp;
use larum_core::words::Words;
use serde_json::{Value, json};

use super::rows::Row;
use super::{Input, end, load};

/// Lengths when none are asked for.
const LENGTHS: [usize; 3] = [50, 100, 500];
/// Days of history from which a day counts in the summary's `settled` part.
const SETTLED_DAYS: i64 = 28;
const DAY_SECONDS: i64 = 86_400;

/// Arguments of `larum-hub backtest blocklist`.
#[derive(clap::Args)]
pub struct Args {
    #[command(flatten)]
    input: Input,
    /// Entries of the list (may be given several times) [default: 50, 100 and 500]
    #[arg(long, value_name = "L", value_parser = clap::value_parser!(u32).range(1..=100_000))]
    length: Vec<u32>,
}

/// What became of lists of one length.
#[derive(Clone, Copy, Default)]
struct Sum {
    rows: u32,
    precision: f64,
    recall: f64,
    hits: usize,
    attackers: usize,
}

impl Sum {
    fn add(&mut self, hits: usize, listed: usize, attackers: usize) {
        self.rows += 1;
        self.precision += share(hits, listed);
        self.recall += share(hits, attackers);
        self.hits += hits;
        self.attackers += attackers;
    }

    fn value(self) -> Value {
        let rows = f64::from(self.rows.max(1));
        json!({
            "lists": self.rows,
            "precision": rounded(self.precision / rows),
            "recall": rounded(self.recall / rows),
            "hits": self.hits,
            "attackers": self.attackers,
        })
    }
}

/// The sums of one length: all days, days with history enough, members' first days.
#[derive(Clone, Copy, Default)]
struct Sums {
    all: Sum,
    settled: Sum,
    first: Sum,
}

/// Runs the command.
///
/// # Errors
/// 74 when the sightings cannot be read, or some rows of them.
pub fn run(args: &Args, words: &Words) -> anyhow::Result<Exit> {
    let recording = load(&args.input.sightings, words)?;
    let mut lengths: Vec<usize> = args
        .length
        .iter()
        .filter_map(|length| usize::try_from(*length).ok())
        .collect();
    if lengths.is_empty() {
        lengths.extend(LENGTHS);
    }
    lengths.sort_unstable();
    lengths.dedup();
    let mut out = BufWriter::new(io::stdout().lock());
    let mut sums: BTreeMap<usize, Sums> = BTreeMap::new();
    let mut blocklist = Blocklist::new(Vec::new());
    let day_of = |row: &Row| row.at.as_seconds().div_euclid(DAY_SECONDS);
    let start = recording.rows.first().map_or(0, day_of);
    let mut known: BTreeSet<&str> = BTreeSet::new();
    for rows in recording
        .rows
        .chunk_by(|left, right| day_of(left) == day_of(right))
    {
        let Some(first) = rows.first() else { continue };
        let day = day_of(first);
        blocklist.advance(first.at);
        let mut attackers: BTreeMap<&str, BTreeSet<IpAddr>> = BTreeMap::new();
        for row in rows {
            attackers.entry(&row.member).or_default().insert(row.source);
        }
        for (member, attackers) in &attackers {
            let is_first = known.insert(member);
            if day == start {
                continue;
            }
            let tested = Tested {
                day,
                member,
                attackers,
                settled: day - start >= SETTLED_DAYS,
                first: is_first,
            };
            tested.write(&mut out, args.input.json, &blocklist, &lengths, &mut sums)?;
        }
        for row in rows {
            blocklist.observe(row.at, &row.member, row.source, &row.key, row.count);
        }
    }
    summary(&mut out, args.input.json, &sums, words)?;
    out.flush()?;
    end(&recording, words)
}

/// One member's list of one day.
struct Tested<'a> {
    day: i64,
    member: &'a str,
    attackers: &'a BTreeSet<IpAddr>,
    settled: bool,
    first: bool,
}

impl Tested<'_> {
    fn write(
        &self,
        out: &mut impl Write,
        json: bool,
        blocklist: &Blocklist,
        lengths: &[usize],
        sums: &mut BTreeMap<usize, Sums>,
    ) -> anyhow::Result<()> {
        let longest = lengths.last().copied().unwrap_or(0);
        let list = blocklist.list(self.member, longest);
        let date = Timestamp::from_seconds(self.day * DAY_SECONDS).to_string();
        let date = date.get(..10).unwrap_or_default();
        for length in lengths {
            let listed = list.len().min(*length);
            let entries = list.iter().take(listed);
            let hits = entries
                .filter(|entry| self.attackers.contains(&entry.source))
                .count();
            let attackers = self.attackers.len();
            let sum = sums.entry(*length).or_default();
            sum.all.add(hits, listed, attackers);
            if self.settled {
                sum.settled.add(hits, listed, attackers);
            }
            if self.first {
                sum.first.add(hits, listed, attackers);
            }
            if json {
                let member = json!(self.member);
                writeln!(
                    out,
                    "{{\"day\":\"{date}\",\"length\":{length},\"member\":{member},\"hits\":{hits},\
                     \"listed\":{listed},\"attackers\":{attackers},\"precision\":{},\"recall\":{}}}",
                    json!(rounded(share(hits, listed))),
                    json!(rounded(share(hits, attackers))),
                )?;
                out.flush()?;
            }
        }
        Ok(())
    }
}

fn summary(
    out: &mut impl Write,
    json: bool,
    sums: &BTreeMap<usize, Sums>,
    words: &Words,
) -> anyhow::Result<()> {
    if json {
        let lengths: Vec<Value> = sums
            .iter()
            .map(|(length, sums)| {
                json!({
                    "length": length,
                    "all": sums.all.value(),
                    "settled": sums.settled.value(),
                    "first_day": sums.first.value(),
                })
            })
            .collect();
        writeln!(out, "{}", json!({ "summary": { "lengths": lengths } }))?;
        return Ok(());
    }
    for (length, sums) in sums {
        let percent =
            |value: f64, rows: u32| format!("{:.1}", 100.0 * value / f64::from(rows.max(1)));
        let args = [
            ("length", (*length).into()),
            ("lists", sums.all.rows.into()),
            (
                "precision",
                percent(sums.all.precision, sums.all.rows).into(),
            ),
            ("recall", percent(sums.all.recall, sums.all.rows).into()),
        ];
        writeln!(out, "{}", words.say_with("backtest-blocklist", &args))?;
    }
    Ok(())
}

fn share(part: usize, whole: usize) -> f64 {
    let number = |count: usize| f64::from(u32::try_from(count).unwrap_or(u32::MAX));
    number(part) / number(whole.max(1))
}

fn rounded(value: f64) -> f64 {
    (value * 10_000.0).round() / 10_000.0
}
