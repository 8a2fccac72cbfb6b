//! Rules others publish, on the trailing 24 hours against whole days before.
//!
//! EARS C1 to C3 (Hutwagner 2003), a rule in the manner of Farrington 1996 without its season terms
//! (our history is too short for them), and the spike rule of GreyNoise (2025): above the median of
//! all time by two interquartile ranges and above the mean of four weeks by two deviations.

/// What a rule counts.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Counted {
    Events,
    Sources,
}

/// A rule: its name, what it counts, and its score of today against the days before, oldest first.
pub struct Rule {
    pub name: &'static str,
    pub counted: Counted,
    pub score: fn(&[f64], f64) -> f64,
}

pub const RULES: &[Rule] = &[
    Rule {
        name: "EARS C1, events",
        counted: Counted::Events,
        score: c1,
    },
    Rule {
        name: "EARS C2, events",
        counted: Counted::Events,
        score: c2,
    },
    Rule {
        name: "EARS C3, events",
        counted: Counted::Events,
        score: c3,
    },
    Rule {
        name: "EARS C3, sources",
        counted: Counted::Sources,
        score: c3,
    },
    Rule {
        name: "Farrington-style, sources",
        counted: Counted::Sources,
        score: farrington,
    },
    Rule {
        name: "published spike rule, sources",
        counted: Counted::Sources,
        score: spike,
    },
];

fn number(count: usize) -> f64 {
    f64::from(u32::try_from(count).unwrap_or(u32::MAX))
}

/// Mean and deviation of the last `days` before the last `guard`.
fn level(history: &[f64], days: usize, guard: usize) -> (f64, f64) {
    let end = history.len().saturating_sub(guard);
    let used = history
        .get(end.saturating_sub(days)..end)
        .unwrap_or_default();
    if used.len() < 2 {
        return (0.0, 0.5);
    }
    let mean = used.iter().sum::<f64>() / number(used.len());
    let squares: f64 = used.iter().map(|day| (day - mean) * (day - mean)).sum();
    (mean, (squares / (number(used.len()) - 1.0)).sqrt().max(0.5))
}

fn c1(history: &[f64], today: f64) -> f64 {
    let (mean, spread) = level(history, 7, 0);
    (today - mean) / spread
}

fn c2(history: &[f64], today: f64) -> f64 {
    let (mean, spread) = level(history, 7, 2);
    (today - mean) / spread
}

fn c3(history: &[f64], today: f64) -> f64 {
    let mut sum = (c2(history, today) - 1.0).max(0.0);
    for back in 1..=2 {
        let end = history.len().saturating_sub(back);
        if let (Some(before), Some(day)) = (history.get(..end), history.get(end)) {
            sum += (c2(before, *day) - 1.0).max(0.0);
        }
    }
    sum
}

fn farrington(history: &[f64], today: f64) -> f64 {
    let (mean, spread) = level(history, 28, 2);
    let dispersion = (spread * spread / mean.max(0.5)).max(1.0);
    let power = |value: f64| value.max(0.0).powf(2.0 / 3.0);
    let deviation = 2.0 / 3.0 * (mean.max(0.5).powf(1.0 / 3.0) * dispersion).sqrt();
    (power(today) - power(mean)) / deviation
}

fn spike(history: &[f64], today: f64) -> f64 {
    let mut sorted = history.to_vec();
    sorted.sort_by(f64::total_cmp);
    let quantile = |quarter: usize| {
        let place = sorted.len().saturating_sub(1) * quarter / 4;
        sorted.get(place).copied().unwrap_or(0.0)
    };
    let range = (quantile(3) - quantile(1)).max(0.5);
    let (mean, spread) = level(history, 28, 0);
    ((today - quantile(2)) / range).min((today - mean) / spread)
}
