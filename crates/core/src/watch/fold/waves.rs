//! Waves: a sector or an area that is hit beyond its share of what hits everybody.
//!
//! A conditional scan: given how many members saw a key, how many of them are in the cell? What hits
//! everybody cancels out. The share of a cell is learned from four weeks of the key, drawn towards
//! that of all keys. Windows of 1 to 24 hours; the log-likelihood ratio of Kulldorff's scan
//! statistic, over the spread seen in quiet hours. Source: Kulldorff 1997; Kulldorff 2005
//! (space-time permutation).

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

use super::alarm::{Alarm, Level, Shown};
use super::edges::mark;
use super::episodes::{Candidate, Verdict};
use super::judge::broadest;
use super::members::Places;
use super::{Fold, HOUR_SECONDS};
use crate::detect::snapshot::{Reader, Snapshot, kept};
use crate::time::Timestamp;
use crate::watch::assess::Kind;
use crate::watch::baseline::as_number;
use crate::watch::{SOURCE_CAP, trim_for};

/// Windows, in hours.
const WINDOWS: [i64; 6] = [1, 2, 4, 6, 12, 24];
const LONGEST_HOURS: i64 = 24;
/// Log-likelihood ratio from which a cell is an alarm: one in a week among thirty busy keys and
/// fifty-five cells.
const ALARM_RATIO: f64 = 12.0;
/// Brings the square root of twice the ratio to the scale of the other scores.
const SCORE_SCALE: f64 = 0.75;
/// Fewest members hit in the cell beyond those that may lie; a smaller cell is never shown.
const MIN_HIT: f64 = 5.0;
/// Members of a cell at least, so that it is told at all.
const MIN_CELL: usize = 5;
/// Weight of the share of all keys against what was learned of one.
const SHARE_WEIGHT: f64 = 20.0;
/// What is left of a count after a day: four weeks of memory.
const DAILY_KEEP: f64 = 0.965;
/// Weight of the usual spread, in looks.
const SPREAD_WEIGHT: f64 = 30.0;
/// Hours learned before anything is called.
const MIN_HOURS: u32 = 48;

/// A sector or an area.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Cell {
    Sector(u32),
    Area(u32),
}

impl Snapshot for Cell {
    fn layout() -> u64 {
        <(bool, u32)>::layout()
    }

    fn write(&self, out: &mut Vec<u8>) {
        match self {
            Self::Sector(number) => (false, *number).write(out),
            Self::Area(number) => (true, *number).write(out),
        }
    }

    fn read(from: &mut Reader<'_>) -> Option<Self> {
        let (area, number) = Snapshot::read(from)?;
        Some(if area {
            Self::Area(number)
        } else {
            Self::Sector(number)
        })
    }
}

/// How many members were hit, all and by cell.
#[derive(Clone, Debug, Default)]
struct Counts {
    all: f64,
    cells: BTreeMap<Cell, f64>,
}

impl Counts {
    fn of(&self, cell: Cell) -> f64 {
        self.cells.get(&cell).copied().unwrap_or(0.0)
    }

    fn add(&mut self, other: &Self) {
        self.all += other.all;
        for (cell, count) in &other.cells {
            *self.cells.entry(*cell).or_default() += count;
        }
    }

    fn fade(&mut self) {
        self.all *= DAILY_KEEP;
        for count in self.cells.values_mut() {
            *count *= DAILY_KEEP;
        }
    }
}

/// What was learned about cells.
#[derive(Clone, Debug, Default)]
pub(super) struct Waves {
    pooled: Counts,
    by_key: BTreeMap<String, Counts>,
    /// Sum of squared standardised deviations and their number, by cell.
    spread: BTreeMap<Cell, (f64, f64)>,
    hours: u32,
    day: i64,
}

kept!(Counts { all, cells });
kept!(Waves {
    pooled,
    by_key,
    spread,
    hours,
    day
});

/// The strongest cell of a key in an hour.
struct Strongest {
    cell: Cell,
    ratio: f64,
    expected: f64,
    hours: i64,
}

impl Waves {
    /// The part of the key's hits that falls to the cell.
    fn share(&self, key: &str, cell: Cell, fallback: f64) -> f64 {
        let pooled =
            (self.pooled.of(cell) + SHARE_WEIGHT * fallback) / (self.pooled.all + SHARE_WEIGHT);
        let Some(own) = self.by_key.get(key) else {
            return pooled;
        };
        (own.of(cell) + SHARE_WEIGHT * pooled) / (own.all + SHARE_WEIGHT)
    }

    /// How much wider than binomial the cell varies; at least 1.
    fn dispersion(&self, cell: Cell) -> f64 {
        let (squares, looks) = self.spread.get(&cell).copied().unwrap_or((0.0, 0.0));
        ((squares + SPREAD_WEIGHT) / (looks + SPREAD_WEIGHT)).max(1.0)
    }

    fn learn(&mut self, key: &str, counts: &Counts, shares: &[(Cell, f64)], hour: i64) {
        let day = hour.div_euclid(24);
        if day > self.day {
            self.pooled.fade();
            for counts in self.by_key.values_mut() {
                counts.fade();
            }
            self.by_key.retain(|_, counts| counts.all > 0.05);
            for (squares, looks) in self.spread.values_mut() {
                *squares *= DAILY_KEEP;
                *looks *= DAILY_KEEP;
            }
            self.day = day;
        }
        self.pooled.add(counts);
        self.by_key.entry(key.to_owned()).or_default().add(counts);
        for (cell, share) in shares {
            let expected = counts.all * share;
            if expected < 0.5 || counts.all < 2.0 {
                continue;
            }
            let deviation = counts.of(*cell) - expected;
            let (squares, looks) = self.spread.entry(*cell).or_default();
            // One wild hour is a wave, not the usual spread.
            *squares += (deviation * deviation / (expected * (1.0 - share).max(0.05))).min(9.0);
            *looks += 1.0;
        }
    }
}

impl Fold {
    pub(super) fn judge_waves(
        &mut self,
        hour: i64,
        touched: &BTreeSet<usize>,
        out: &mut Vec<Alarm>,
    ) {
        if self.members.areas().len() + self.members.sectors().len() == 0 {
            return;
        }
        self.waves.hours = self.waves.hours.saturating_add(1);
        for key in touched {
            self.judge_wave(hour, *key, out);
        }
    }

    fn judge_wave(&mut self, hour: i64, key: usize, out: &mut Vec<Alarm>) {
        let Some((name, state)) = self.keys.get(key) else {
            return;
        };
        let name = name.clone();
        let probation = self.members.probation(hour);
        let counts = |member| self.members.counts(member, probation);
        let recent = state.edges.recent(hour, LONGEST_HOURS, counts);
        // Where fewer members were hit than a cell needs, no window can be an alarm; the shortest is
        // looked at to learn what is usual.
        let hit_at_all: BTreeSet<u32> = recent.iter().map(|(_, member, _)| *member).collect();
        let few = as_number(hit_at_all.len()) < MIN_HIT;
        let windows: Vec<(i64, Vec<(IpAddr, u32)>)> = WINDOWS
            .iter()
            .take(if few { 1 } else { WINDOWS.len() })
            .map(|hours| {
                let inside = recent.iter().filter(|(.., ago)| ago < hours);
                let edges = inside.map(|(source, member, _)| (*source, *member));
                (*hours, edges.collect())
            })
            .collect();
        let mut strongest: Option<Strongest> = None;
        let mut latest = None;
        for (hours, window) in &windows {
            let hit = self.hit(window);
            for cell in hit.cells.keys() {
                let found = self.ratio(&name, *cell, &hit, *hours);
                if strongest
                    .as_ref()
                    .is_none_or(|best| found.ratio > best.ratio)
                {
                    strongest = Some(found);
                }
            }
            latest.get_or_insert(hit);
        }
        let (Some(best), Some(now)) = (strongest, latest) else {
            return;
        };
        let ready = self.waves.hours >= MIN_HOURS;
        if ready && best.ratio >= ALARM_RATIO {
            let window = windows.iter().find(|(hours, _)| *hours == best.hours);
            if let Some((_, window)) = window {
                out.extend(self.tell_wave(hour, &name, &best, window));
            }
            return;
        }
        let shares: Vec<(Cell, f64)> = self
            .cells_of(&now)
            .map(|cell| (cell, self.waves.share(&name, cell, self.fallback(cell))))
            .collect();
        self.waves.learn(&name, &now, &shares, hour);
    }

    /// All cells that are worth a look at their spread: those hit in the window.
    fn cells_of(&self, counts: &Counts) -> impl Iterator<Item = Cell> {
        let sectors = u32::try_from(self.members.sectors().len()).unwrap_or(0);
        let areas = u32::try_from(self.members.areas().len()).unwrap_or(0);
        let busy = counts.all >= 2.0;
        (0..sectors)
            .map(Cell::Sector)
            .chain((0..areas).map(Cell::Area))
            .filter(move |_| busy)
    }

    /// Members hit, each counted once; a source that is everywhere counts for three members.
    fn hit(&self, window: &[(IpAddr, u32)]) -> Counts {
        let mut weights: Vec<(u32, f64)> = Vec::with_capacity(window.len());
        for same in window.chunk_by(|left, right| left.0 == right.0) {
            let weight = (as_number(SOURCE_CAP) / as_number(same.len())).min(1.0);
            weights.extend(same.iter().map(|(_, member)| (*member, weight)));
        }
        weights.sort_unstable_by_key(|(member, _)| *member);
        let mut counts = Counts::default();
        for same in weights.chunk_by(|left, right| left.0 == right.0) {
            let Some((member, _)) = same.first().copied() else {
                continue;
            };
            let weight = same.iter().map(|(_, weight)| weight).sum::<f64>().min(1.0);
            counts.all += weight;
            let sector = self.members.sector(member).map(Cell::Sector);
            let area = self.members.area(member).map(Cell::Area);
            for cell in sector.into_iter().chain(area) {
                *counts.cells.entry(cell).or_default() += weight;
            }
        }
        counts
    }

    fn place(&self, cell: Cell) -> (&Places, u32) {
        match cell {
            Cell::Sector(number) => (self.members.sectors(), number),
            Cell::Area(number) => (self.members.areas(), number),
        }
    }

    /// The cell's part of the members.
    fn fallback(&self, cell: Cell) -> f64 {
        let (places, number) = self.place(cell);
        as_number(places.members(number)) / as_number(self.members.len().max(1))
    }

    fn ratio(&self, key: &str, cell: Cell, hit: &Counts, hours: i64) -> Strongest {
        let (places, number) = self.place(cell);
        let members = places.members(number);
        // As many members as may lie are taken off the cell.
        let lies = as_number(trim_for(members));
        let count = hit.of(cell) - lies;
        let all = hit.all - lies;
        let share = self.waves.share(key, cell, self.fallback(cell));
        let expected = (all * share).max(1e-6);
        let far = count >= MIN_HIT && members >= MIN_CELL && count > expected && share < 0.9;
        let ratio = if far {
            let others = all - count;
            let rest = if others > 0.0 {
                others * (others / (all - expected).max(1e-6)).ln()
            } else {
                0.0
            };
            (count * (count / expected).ln() + rest) / self.waves.dispersion(cell)
        } else {
            0.0
        };
        Strongest {
            cell,
            ratio,
            expected,
            hours,
        }
    }

    fn tell_wave(
        &mut self,
        hour: i64,
        key: &str,
        best: &Strongest,
        window: &[(IpAddr, u32)],
    ) -> Option<Alarm> {
        let (places, number) = self.place(best.cell);
        let scope = places.name(number).to_owned();
        let (level, in_cell): (Level, Vec<(IpAddr, u32)>) = match best.cell {
            Cell::Sector(cell) => (
                Level::Sector,
                kept(window, |member| self.members.sector(member) == Some(cell)),
            ),
            Cell::Area(cell) => (
                Level::Area,
                kept(window, |member| self.members.area(member) == Some(cell)),
            ),
        };
        let sources: BTreeSet<u64> = in_cell.iter().map(|(source, _)| mark(*source)).collect();
        let members: BTreeSet<u32> = in_cell.iter().map(|(_, member)| *member).collect();
        let count = sources.len();
        let score = (2.0 * best.ratio).sqrt() * SCORE_SCALE;
        let candidate = Candidate {
            hour,
            level,
            scope: &scope,
            key,
            score,
            sources,
        };
        let (episode, grown) = match self.episodes.decide(candidate, self.budget) {
            Verdict::Silent => return None,
            Verdict::Opened(number) => (number, false),
            Verdict::Grown(number) => (number, true),
        };
        Some(Alarm {
            at: self.said_at(hour),
            kind: Kind::Wave,
            level,
            scope,
            key: key.to_owned(),
            score,
            q_value: (-best.ratio).exp(),
            sources: count,
            members: members.len(),
            first_seen: Timestamp::from_seconds((hour - best.hours + 1) * HOUR_SECONDS),
            shown: Shown {
                cell: Some((members.len(), best.expected)),
                window_hours: best.hours,
                broadest: broadest(&in_cell),
                reached: self.names_of(&members),
                episode,
                grown,
                ..Shown::default()
            },
        })
    }
}

fn kept(window: &[(IpAddr, u32)], counts: impl Fn(u32) -> bool) -> Vec<(IpAddr, u32)> {
    window
        .iter()
        .filter(|(_, member)| counts(*member))
        .copied()
        .collect()
}
