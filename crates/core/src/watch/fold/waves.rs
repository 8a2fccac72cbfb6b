//! Waves: a sector, an area or a region that is hit beyond its share of what hits everybody.
//!
//! A conditional scan: given how many members saw a key, how many of them are in the cell? What hits
//! everybody cancels out. The share of a cell is learned from four weeks of the key, drawn towards
//! that of all keys. Windows of 1 to 24 hours; the log-likelihood ratio of Kulldorff's scan
//! statistic, over the spread seen in quiet hours. Source: Kulldorff 1997; Kulldorff 2005
//! (space-time permutation).

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

use super::alarm::{Alarm, Level, Shown};
use super::edges::{Recent, mark};
use super::episodes::{Candidate, Verdict};
use super::judge::broadest;
use super::members::Places;
use super::tally::Tally;
use super::{Fold, HOUR_SECONDS};
use crate::detect::snapshot::{Reader, Snapshot, kept};
use crate::time::Timestamp;
use crate::watch::assess::Kind;
use crate::watch::baseline::as_number;
use crate::watch::trim_for;

/// Windows, in hours, and how often one member counts in each: over half a day and more, on a key that
/// reaches most members, it is the second and third visit that tells a wave.
const WINDOWS: [(u32, f64); 7] = [
    (1, 1.0),
    (2, 1.0),
    (4, 1.0),
    (6, 1.0),
    (8, 1.0),
    (12, 2.0),
    (24, 3.0),
];
const LONGEST_HOURS: u32 = 24;
/// Log-likelihood ratio from which a cell is an alarm: fewer than one in a week among thirty busy keys
/// and fifty-five cells.
const ALARM_RATIO: f64 = 10.5;
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

/// A sector, an area, or a region of several areas.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Cell {
    Sector(u32),
    Area(u32),
    Region(u32),
}

impl Snapshot for Cell {
    fn layout() -> u64 {
        <(u8, u32)>::layout()
    }

    fn write(&self, out: &mut Vec<u8>) {
        match self {
            Self::Sector(number) => (0_u8, *number).write(out),
            Self::Area(number) => (1_u8, *number).write(out),
            Self::Region(number) => (2_u8, *number).write(out),
        }
    }

    fn read(from: &mut Reader<'_>) -> Option<Self> {
        match <(u8, u32)>::read(from)? {
            (0, number) => Some(Self::Sector(number)),
            (1, number) => Some(Self::Area(number)),
            (2, number) => Some(Self::Region(number)),
            _ => None,
        }
    }
}

/// How many members were hit, all and by cell.
#[derive(Clone, Debug, Default)]
struct Counts {
    all: f64,
    /// By number; cells after the last that was hit are missing.
    sectors: Vec<f64>,
    areas: Vec<f64>,
    regions: Vec<f64>,
}

impl Counts {
    fn of(&self, cell: Cell) -> f64 {
        let (counts, number) = match cell {
            Cell::Sector(number) => (&self.sectors, number),
            Cell::Area(number) => (&self.areas, number),
            Cell::Region(number) => (&self.regions, number),
        };
        let count = usize::try_from(number).ok().and_then(|at| counts.get(at));
        count.copied().unwrap_or(0.0)
    }

    fn hit(&mut self, cell: Cell, weight: f64) {
        let (counts, number) = match cell {
            Cell::Sector(number) => (&mut self.sectors, number),
            Cell::Area(number) => (&mut self.areas, number),
            Cell::Region(number) => (&mut self.regions, number),
        };
        let at = usize::try_from(number).unwrap_or(0);
        if counts.len() <= at {
            counts.resize(at + 1, 0.0);
        }
        if let Some(count) = counts.get_mut(at) {
            *count += weight;
        }
    }

    /// Cells that were hit.
    fn cells(&self) -> impl Iterator<Item = Cell> {
        fn hit(counts: &[f64]) -> impl Iterator<Item = u32> {
            (0..)
                .zip(counts)
                .filter(|(_, count)| **count > 0.0)
                .map(|(number, _)| number)
        }
        let sectors = hit(&self.sectors).map(Cell::Sector);
        sectors
            .chain(hit(&self.areas).map(Cell::Area))
            .chain(hit(&self.regions).map(Cell::Region))
    }

    fn add(&mut self, other: &Self) {
        self.all += other.all;
        for cell in other.cells() {
            self.hit(cell, other.of(cell));
        }
    }

    fn fade(&mut self) {
        self.all *= DAILY_KEEP;
        let areas = self.areas.iter_mut().chain(&mut self.regions);
        for count in self.sectors.iter_mut().chain(areas) {
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

kept!(Counts {
    all,
    sectors,
    areas,
    regions
});
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
    hours: u32,
}

impl Waves {
    /// The part of a key's hits that falls to the cell; `own` is what was learned of the key.
    fn share(&self, own: Option<&Counts>, cell: Cell, fallback: f64) -> f64 {
        let pooled =
            (self.pooled.of(cell) + SHARE_WEIGHT * fallback) / (self.pooled.all + SHARE_WEIGHT);
        let Some(own) = own else {
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
        match self.by_key.get_mut(key) {
            Some(own) => own.add(counts),
            None => self.by_key.entry(key.to_owned()).or_default().add(counts),
        }
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
    pub(super) fn judge_waves(&mut self, hour: i64, touched: &[usize], out: &mut Vec<Alarm>) {
        if self.members.areas().len() + self.members.sectors().len() == 0 {
            return;
        }
        self.waves.hours = self.waves.hours.saturating_add(1);
        // All keys are judged by what was known before the hour, then all are learned from.
        let mut quiet: Vec<(usize, Counts)> = Vec::new();
        for key in touched {
            let now = self.judge_wave(hour, *key, out);
            quiet.extend(now.map(|now| (*key, now)));
        }
        let shares: Vec<Vec<(Cell, f64)>> = quiet
            .iter()
            .map(|(key, now)| {
                let own = self.waves.by_key.get(self.key_name(*key));
                let share = |cell| self.waves.share(own, cell, self.fallback(cell));
                self.cells_of(now).map(|cell| (cell, share(cell))).collect()
            })
            .collect();
        for ((key, now), shares) in quiet.iter().zip(&shares) {
            if let Some((name, _)) = self.keys.get(*key) {
                self.waves.learn(name, now, shares, hour);
            }
        }
    }

    /// Judges one key; what was hit in the hour where it is to be learned from.
    fn judge_wave(&mut self, hour: i64, key: usize, out: &mut Vec<Alarm>) -> Option<Counts> {
        let (name, state) = self.keys.get(key)?;
        let name = name.clone();
        let mut recent = Vec::new();
        let counts = |member| self.counting.counts(member);
        let edges = &state.edges;
        edges.add_recent(hour, LONGEST_HOURS, counts, &mut recent);
        self.members.voices.speak_of_recent(&mut recent);
        let mut tally = std::mem::take(&mut self.tally);
        let (best, now) = self.strongest(&name, &recent, &mut tally);
        self.tally = tally;
        let (best, now) = (best?, now?);
        let ready = self.waves.hours >= MIN_HOURS;
        if ready && best.ratio >= ALARM_RATIO {
            let inside = recent.iter().filter(|one| one.ago < best.hours);
            let window: Vec<(IpAddr, u32)> = inside.map(|one| (one.source, one.member)).collect();
            out.extend(self.tell_wave(hour, &name, &best, &window));
            return None;
        }
        Some(now)
    }

    /// The strongest cell of a key over all windows, and what was hit in the shortest. `None` where
    /// nobody hit belongs to a cell.
    fn strongest(
        &self,
        name: &str,
        recent: &[Recent],
        tally: &mut Tally,
    ) -> (Option<Strongest>, Option<Counts>) {
        let own = self.waves.by_key.get(name);
        // Where no cell has the members it needs in the longest window, no window can be an alarm; the
        // shortest is looked at to learn what is usual.
        let mut most = Counts::default();
        tally.weigh(recent, (u32::MAX, 1.0), |member, _| {
            self.count(&mut most, member, 1.0);
        });
        let far = most.cells().any(|cell| most.of(cell) >= MIN_HIT);
        let mut strongest: Option<Strongest> = None;
        let mut latest = None;
        for window in WINDOWS.iter().take(if far { WINDOWS.len() } else { 1 }) {
            let mut hit = Counts::default();
            tally.weigh(recent, *window, |member, weight| {
                self.count(&mut hit, member, weight);
            });
            for cell in hit.cells() {
                let found = self.ratio(own, cell, &hit, *window);
                if strongest
                    .as_ref()
                    .is_none_or(|best| found.ratio > best.ratio)
                {
                    strongest = Some(found);
                }
            }
            latest.get_or_insert(hit);
        }
        (strongest, latest)
    }

    /// Counts a member that was hit, in all and in its cells.
    fn count(&self, hit: &mut Counts, member: u32, weight: f64) {
        hit.all += weight;
        let sector = self.members.sector(member).map(Cell::Sector);
        let area = self.members.area(member);
        let region = area.and_then(|area| self.members.region_of(area));
        let (area, region) = (area.map(Cell::Area), region.map(Cell::Region));
        for cell in sector.into_iter().chain(area).chain(region) {
            hit.hit(cell, weight);
        }
    }

    /// All cells that are worth a look at their spread: those hit in the window.
    fn cells_of(&self, counts: &Counts) -> impl Iterator<Item = Cell> {
        let sectors = u32::try_from(self.members.sectors().len()).unwrap_or(0);
        let areas = u32::try_from(self.members.areas().len()).unwrap_or(0);
        let regions = u32::try_from(self.members.regions().len()).unwrap_or(0);
        let busy = counts.all >= 2.0;
        (0..sectors)
            .map(Cell::Sector)
            .chain((0..areas).map(Cell::Area))
            .chain((0..regions).map(Cell::Region))
            .filter(move |_| busy)
    }

    fn place(&self, cell: Cell) -> (&Places, u32) {
        match cell {
            Cell::Sector(number) => (self.members.sectors(), number),
            Cell::Area(number) => (self.members.areas(), number),
            Cell::Region(number) => (self.members.regions(), number),
        }
    }

    /// The cell's part of the members.
    fn fallback(&self, cell: Cell) -> f64 {
        let (places, number) = self.place(cell);
        as_number(places.members(number)) / as_number(self.members.len().max(1))
    }

    fn ratio(
        &self,
        own: Option<&Counts>,
        cell: Cell,
        hit: &Counts,
        (hours, most): (u32, f64),
    ) -> Strongest {
        let (places, number) = self.place(cell);
        let members = places.members(number);
        // As many members as may lie are taken off the cell.
        let lies = as_number(trim_for(members)) * most;
        // One area alone is that area's wave: a region is judged without the one hit most.
        let area = self.most_hit(cell, hit);
        let in_area = area.map_or(0.0, |area| hit.of(area));
        let count = hit.of(cell) - in_area - lies;
        let mut found = Strongest {
            cell,
            ratio: 0.0,
            expected: 0.0,
            hours,
        };
        if count < MIN_HIT || members < MIN_CELL {
            return found;
        }
        let all = hit.all - in_area - lies;
        let own_share = |cell| self.waves.share(own, cell, self.fallback(cell));
        let of_area = area.map_or(0.0, own_share);
        let share = ((own_share(cell) - of_area) / (1.0 - of_area).max(0.05)).max(0.0);
        found.expected = (all * share).max(1e-6);
        if count > found.expected && share < 0.9 {
            let others = all - count;
            let rest = if others > 0.0 {
                others * (others / (all - found.expected).max(1e-6)).ln()
            } else {
                0.0
            };
            let ratio = count * (count / found.expected).ln() + rest;
            found.ratio = ratio / self.waves.dispersion(cell);
        }
        found
    }

    /// The area of a region that was hit most.
    fn most_hit(&self, cell: Cell, hit: &Counts) -> Option<Cell> {
        let Cell::Region(region) = cell else {
            return None;
        };
        let areas = (0..).map(Cell::Area).zip(&hit.areas);
        let own = areas.filter(|(area, _)| {
            matches!(area, Cell::Area(number) if self.members.region_of(*number) == Some(region))
        });
        own.max_by(|left, right| left.1.total_cmp(right.1))
            .map(|(area, _)| area)
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
            Cell::Region(cell) => (
                Level::Region,
                kept(window, |member| {
                    let area = self.members.area(member);
                    area.and_then(|area| self.members.region_of(area)) == Some(cell)
                }),
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
            first_seen: Timestamp::from_seconds((hour - i64::from(best.hours) + 1) * HOUR_SECONDS),
            shown: Shown {
                cell: Some((members.len(), best.expected)),
                window_hours: i64::from(best.hours),
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
