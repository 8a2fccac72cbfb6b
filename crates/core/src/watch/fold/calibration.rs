//! The empirical null: how often a quiet key scores as high, per stratum.
//!
//! Tails of a theoretical distribution are exceeded a hundred times as often as they say on real
//! counts, so probabilities come from what was seen: each judged key and hour without an alarm counts
//! in a table of its stratum, with weekly forgetting. Beyond the table's own resolution the tail is
//! taken as exponential.

use crate::detect::snapshot::kept;

/// Width of a column of the table.
const STEP: f64 = 0.25;
/// Columns: scores from 0 to 40; what is below or beyond counts in the first or last.
const COLUMNS: usize = 160;
/// What is left of the past after a week: half in about ten weeks.
const WEEKLY_KEEP: f64 = 0.933;

/// Judgements of a stratum from which its share of false alarms is a condition.
const MIN_SEEN: f64 = 1_000.0;

/// Strata: keys without history, rare, middling and busy ones.
const STRATA: usize = 4;

/// How often each score came.
#[derive(Clone, Debug)]
pub(super) struct Calibration {
    counts: [Vec<f64>; STRATA],
    week: i64,
}

kept!(Calibration { counts, week });

impl Default for Calibration {
    fn default() -> Self {
        Self {
            counts: std::array::from_fn(|_| vec![0.0; COLUMNS]),
            week: i64::MIN,
        }
    }
}

/// The stratum of a key with this usual member-trimmed level.
pub(super) fn stratum(novel: bool, level: f64) -> usize {
    match (novel, level) {
        (true, _) => 0,
        (_, level) if level < 1.0 => 1,
        (_, level) if level < 10.0 => 2,
        _ => 3,
    }
}

impl Calibration {
    /// Counts a score that was no alarm, in hour `hour`.
    pub fn learn(&mut self, stratum: usize, score: f64, hour: i64) {
        let week = hour.div_euclid(24 * 7);
        if week > self.week {
            if self.week != i64::MIN {
                for count in self.counts.iter_mut().flatten() {
                    *count *= WEEKLY_KEEP;
                }
            }
            self.week = week;
        }
        let column = self.counts.get_mut(stratum);
        if let Some(count) = column.and_then(|table| table.get_mut(column_of(score))) {
            *count += 1.0;
        }
    }

    /// Whether the stratum has been seen often enough to say what is rare in it.
    pub fn is_settled(&self, stratum: usize) -> bool {
        let seen: f64 = self.counts.get(stratum).into_iter().flatten().sum();
        seen >= MIN_SEEN
    }

    /// The tables summed up, for many questions in a row.
    pub fn nulls(&self) -> Nulls {
        Nulls {
            strata: self.counts.each_ref().map(|table| Null::of(table)),
        }
    }
}

/// What the tables say, summed up.
pub(super) struct Nulls {
    strata: [Null; STRATA],
}

/// The table of one stratum, summed up.
struct Null {
    all: f64,
    /// Judgements that scored as a column or higher.
    beyond: Vec<f64>,
    /// The column with twenty at it or beyond; how many, and the scale of their excess.
    start: usize,
    tail: f64,
    scale: f64,
}

impl Null {
    fn of(table: &[f64]) -> Self {
        let mut tail = 0.0;
        let mut start = 0;
        for (column, count) in table.iter().enumerate().rev() {
            tail += count;
            if tail >= 20.0 {
                start = column;
                break;
            }
        }
        // The tail above the column with twenty beyond it: its mean excess is its scale.
        let excess: f64 = table
            .iter()
            .skip(start)
            .enumerate()
            .map(|(place, count)| count * (number(place) + 0.5) * STEP)
            .sum();
        Self {
            all: table.iter().sum(),
            beyond: (0..table.len())
                .map(|from| table.iter().skip(from).sum())
                .collect(),
            start,
            tail,
            scale: (excess / tail.max(1.0)).max(STEP),
        }
    }
}

impl Nulls {
    /// The chance that a quiet key of the stratum scores so high: (1 + exceeding) / (1 + all), and
    /// beyond the last seen exponentially less.
    pub fn probability(&self, stratum: usize, score: f64) -> f64 {
        let Some(null) = self.strata.get(stratum) else {
            return 1.0;
        };
        let beyond = null
            .beyond
            .get(column_of(score))
            .copied()
            .unwrap_or_default();
        if beyond >= 5.0 || null.all < 200.0 {
            return ((1.0 + beyond) / (1.0 + null.all)).min(1.0);
        }
        let above = (score - number(null.start) * STEP).max(0.0);
        ((1.0 + null.tail) / (1.0 + null.all) * (-above / null.scale).exp()).min(1.0)
    }
}

fn column_of(score: f64) -> usize {
    let (mut low, mut high) = (0, COLUMNS - 1);
    while low < high {
        let middle = (low + high).div_ceil(2);
        if number(middle) * STEP <= score {
            low = middle;
        } else {
            high = middle - 1;
        }
    }
    low
}

fn number(count: usize) -> f64 {
    crate::watch::baseline::as_number(count)
}

/// Share of false alarms if all with this probability or a smaller one are called (Benjamini and
/// Hochberg 1995): for each of `probabilities`, in their order.
/// `others` more were looked at, of which nothing is known but that they did not stand out.
pub(super) fn false_discovery(probabilities: &[f64], others: usize) -> Vec<f64> {
    let mut order: Vec<(f64, usize)> = probabilities
        .iter()
        .copied()
        .enumerate()
        .map(|(place, probability)| (probability, place))
        .collect();
    order.sort_by(|left, right| left.0.total_cmp(&right.0));
    let all = number(order.len() + others);
    let mut shares = vec![1.0; probabilities.len()];
    let mut least = 1.0_f64;
    for (rank, (probability, place)) in order.iter().enumerate().rev() {
        least = least.min(probability * all / number(rank + 1));
        if let Some(share) = shares.get_mut(*place) {
            *share = least;
        }
    }
    shares
}
