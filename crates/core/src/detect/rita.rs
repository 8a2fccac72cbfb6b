//! RITA's beacon score: how much the contacts of a pair look like a machine calling home.
//!
//! After RITA 5 (Active Countermeasures), whose method is published with its source: the mean of four
//! marks between 0 and 1, each rounded to three places, for the rhythm, the sizes, the duration and
//! the spread over 24 equal parts of the time looked at. Written anew from the method.

/// Least contacts and least intervals that can be judged.
const LEAST_CONTACTS: usize = 4;
const LEAST_INTERVALS: usize = 3;
/// Parts of the time looked at: hours, when it is a day.
pub const BARS: usize = 24;
/// Parts with contacts from which duration counts.
const DURATION_BARS: usize = 6;
/// A run of parts with contacts that is full marks.
const IDEAL_RUN: f64 = 12.0;
/// Parts with contacts from which two heights are looked for.
const MODAL_BARS: usize = 11;
/// How alike two bars are that count as of one height, as a share of the highest.
const MODAL_SENSITIVITY: f64 = 0.05;
/// Quartiles nearer than this tell nothing of skew.
const LEAST_QUARTILE_RANGE: f64 = 10.0;

/// The four marks and their mean, each 0 to 1, rounded to three places.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Score {
    /// How even the intervals are.
    pub ts: f64,
    /// How even the sizes are; `None` when fewer than three are known.
    pub ds: Option<f64>,
    /// How long it goes on.
    pub dur: f64,
    /// How evenly it is spread.
    pub hist: f64,
    /// The mean; of three where sizes are not known, which RITA does not score at all.
    pub score: f64,
}

/// The score of contacts at `times` (seconds, ascending) with `sizes` (bytes), in a recording that
/// spans `from` to `until`; `None` when there are too few.
#[cfg_attr(
    not(test),
    expect(dead_code, reason = "the detector counts its bars as it goes")
)]
pub fn score(times: &[u32], sizes: &[u64], from: u32, until: u32) -> Option<Score> {
    if until <= from {
        return None;
    }
    let (first, last) = (times.first()?, times.last()?);
    let span = u64::from(until - from);
    let mut bars = [0_u32; BARS];
    for time in times {
        let bar = u64::from(time.saturating_sub(from)) * BARS as u64 / span;
        let bar = usize::try_from(bar).unwrap_or(BARS).min(BARS - 1);
        if let Some(count) = bars.get_mut(bar) {
            *count += 1;
        }
    }
    let span = (f64::from(*first), f64::from(*last), f64::from(until - from));
    judge(times, sizes, &bars, span)
}

/// The score where the bars were counted before: `span` is the first and last contact within the
/// time looked at, and its length, in seconds.
pub fn judge(times: &[u32], sizes: &[u64], bars: &[u32], span: (f64, f64, f64)) -> Option<Score> {
    if times.len() < LEAST_CONTACTS {
        return None;
    }
    let mut intervals: Vec<f64> = times
        .iter()
        .zip(times.iter().skip(1))
        .map(|(before, after)| f64::from(after.saturating_sub(*before)))
        .filter(|interval| *interval > 0.0)
        .collect();
    if intervals.len() < LEAST_INTERVALS {
        return None;
    }
    let ts = evenness(&mut intervals, 1.0)?;
    #[expect(clippy::cast_precision_loss, reason = "sizes far below 2^53")]
    let mut sizes: Vec<f64> = sizes.iter().map(|size| *size as f64).collect();
    let ds = if sizes.len() < LEAST_INTERVALS {
        None
    } else {
        evenness(&mut sizes, 0.0)
    };
    let dur = duration(bars, span);
    let hist = flatness(bars).max(two_heights(bars));
    let mean = match ds {
        Some(ds) => (ts + ds + dur + hist) * 0.25,
        None => (ts + dur + hist) / 3.0,
    };
    Some(Score {
        ts,
        ds,
        dur,
        hist,
        score: three_places(mean),
    })
}

/// How even `values` are: the mean of how symmetric they lie (Bowley) and how near the median (median
/// absolute deviation).
fn evenness(values: &mut [f64], when_tiny: f64) -> Option<f64> {
    values.sort_by(f64::total_cmp);
    let half = values.len() / 2;
    let upper = values.len() - half;
    let (low, mid, high) = (
        median(values.get(..half)?)?,
        median(values)?,
        median(values.get(upper..)?)?,
    );
    let range = high - low;
    let skew = if range < LEAST_QUARTILE_RANGE || same(mid, low) || same(mid, high) {
        0.0
    } else {
        (low + high - 2.0 * mid) / range
    };
    let mut distances: Vec<f64> = values.iter().map(|value| (value - mid).abs()).collect();
    distances.sort_by(f64::total_cmp);
    let near = if mid >= 1.0 {
        ((mid - median(&distances)?) / mid).max(0.0)
    } else {
        when_tiny
    };
    Some(three_places(f64::midpoint(1.0 - skew.abs(), near)))
}

/// Equal to the last bit, as the method asks.
fn same(a: f64, b: f64) -> bool {
    a.total_cmp(&b).is_eq()
}

/// The middle of what is sorted.
fn median(sorted: &[f64]) -> Option<f64> {
    let half = sorted.len() / 2;
    let upper = *sorted.get(half)?;
    if sorted.len() % 2 == 1 {
        return Some(upper);
    }
    Some(f64::midpoint(*sorted.get(half.checked_sub(1)?)?, upper))
}

/// How much of the time it covers, or for how many parts in a row it went on, the last and the first
/// being neighbours.
fn duration(bars: &[u32], (first, last, span): (f64, f64, f64)) -> f64 {
    if bars.iter().filter(|bar| **bar > 0).count() < DURATION_BARS || span <= 0.0 {
        return 0.0;
    }
    let mut run = 0_usize;
    let mut longest = 0;
    for bar in bars.iter().chain(bars) {
        run = if *bar > 0 { run + 1 } else { 0 };
        longest = longest.max(run);
    }
    let longest = u32::try_from(longest.min(bars.len())).unwrap_or(0);
    let coverage = ((last - first) / span * 1_000.0).ceil() / 1_000.0;
    let constancy = (f64::from(longest) / IDEAL_RUN * 1_000.0).ceil() / 1_000.0;
    coverage.min(1.0).max(constancy.min(1.0))
}

/// One less the coefficient of variation of the bars, empty ones included.
fn flatness(bars: &[u32]) -> f64 {
    let count = f64::from(u32::try_from(bars.len()).unwrap_or(0));
    let mean = bars.iter().map(|bar| f64::from(*bar)).sum::<f64>() / count;
    if mean.is_nan() || mean <= 0.0 {
        return 0.0;
    }
    let squares = bars.iter().map(|bar| (f64::from(*bar) - mean).powi(2));
    let variation = (squares.sum::<f64>() / count).sqrt() / mean;
    if variation > 1.0 {
        0.0
    } else {
        three_places(1.0 - variation)
    }
}

/// The share of bars that have one of the two commonest heights, one bar forgiven.
fn two_heights(bars: &[u32]) -> f64 {
    let used = bars.iter().filter(|bar| **bar > 0).count();
    if used < MODAL_BARS {
        return 0.0;
    }
    let highest = bars.iter().copied().max().unwrap_or(0);
    let step = (f64::from(highest) * MODAL_SENSITIVITY).ceil();
    let mut heights: Vec<f64> = bars
        .iter()
        .filter(|bar| **bar > 0)
        .map(|bar| (f64::from(*bar) / step).floor())
        .collect();
    heights.sort_by(f64::total_cmp);
    let mut counts: Vec<usize> = heights
        .chunk_by(|a, b| same(*a, *b))
        .map(<[f64]>::len)
        .collect();
    counts.sort_unstable_by(|a, b| b.cmp(a));
    let commonest = u32::try_from(counts.iter().take(2).sum::<usize>()).unwrap_or(0);
    let all = u32::try_from((used - 1).max(1)).unwrap_or(1);
    three_places(f64::from(commonest) / f64::from(all)).min(1.0)
}

fn three_places(value: f64) -> f64 {
    (value * 1_000.0).round() / 1_000.0
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn numbers<T: std::str::FromStr>(line: &str) -> Vec<T> {
        let parsed = line.split(' ').map(|number| number.parse().ok());
        parsed.map(Option::unwrap).collect()
    }

    #[test]
    fn the_vectors_score_as_reckoned_elsewhere_to_three_places() {
        let text = include_str!("rita-vectors.txt");
        let lines: Vec<&str> = text
            .lines()
            .filter(|line| !line.is_empty() && !line.starts_with('#'))
            .collect();
        let (vectors, rest) = lines.as_chunks::<4>();
        assert!(rest.is_empty() && vectors.len() >= 12);
        for [span, times, sizes, expected] in vectors {
            let span: Vec<u32> = numbers(span);
            let times: Vec<u32> = numbers::<u32>(times)
                .iter()
                .map(|at| at + span[0])
                .collect();
            let found = score(&times, &numbers::<u64>(sizes), span[0], span[1]).unwrap();
            let found = [
                found.ts,
                found.ds.unwrap(),
                found.dur,
                found.hist,
                found.score,
            ];
            let told = found.map(|mark| format!("{mark:.3}")).join(" ");
            assert_eq!(told, *expected);
        }
    }

    #[test]
    fn too_few_contacts_have_no_score_and_no_sizes_leave_three_marks() {
        assert_eq!(score(&[1, 2, 3], &[1, 2, 3], 0, 10), None);
        assert_eq!(score(&[1, 1, 1, 1, 1], &[1, 2, 3], 0, 10), None);
        assert_eq!(score(&[1, 2, 3, 4], &[1, 2, 3], 10, 10), None);
        let times: Vec<u32> = (0..24).map(|hour| hour * 3_600 + 60).collect();
        let found = score(&times, &[], 0, 86_400).unwrap();
        assert_eq!((found.ds, found.score), (None, 1.0));
    }

    proptest! {
        #[test]
        fn every_mark_lies_between_0_and_1(
            mut times in prop::collection::vec(any::<u32>(), 0..64),
            sizes in prop::collection::vec(any::<u64>(), 0..32),
            from in any::<u32>(),
            until in any::<u32>(),
        ) {
            times.sort_unstable();
            if let Some(found) = score(&times, &sizes, from, until) {
                for mark in [found.ts, found.ds.unwrap_or(0.0), found.dur, found.hist, found.score] {
                    prop_assert!((0.0..=1.0).contains(&mark), "{found:?}");
                }
            }
        }
    }
}
