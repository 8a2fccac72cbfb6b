//! What is usual for a key, and how far from it a window is.
//!
//! The level is learned from 28 days that ended three days ago (a guard band, so that a slow wave
//! does not become its own baseline), with each day cut at what it may have been by chance. Sources:
//! EARS C2 (Hutwagner 2003) for the fast branch, an EWMA of standardised days for the slow one.

use super::PACES;

/// Days of history that make a difference to a judgement; older ones need not be given.
pub const HISTORY_DAYS: usize = 48;
/// Days the level is learned from.
const BASELINE_DAYS: usize = 28;
/// Days between the last day learned from and the window.
const GUARD_DAYS: usize = 2;
/// Days of the fast branch's level.
const FAST_DAYS: usize = 7;
/// Fewest days learned from; below it the hub is young.
const MIN_DAYS: usize = 7;
/// Weight of today in the slow branch.
const LAMBDA: f64 = 0.6;
/// Weight of the fast branch against the slow one.
const FAST_WEIGHT: f64 = 0.55;
/// Least standard deviation: for a key without history it acts as the prior.
const MIN_DEVIATION: f64 = 1.0;
/// That of networks that roam, which are few.
const MIN_DEVIATION_ROAMING: f64 = 0.5;
/// The spread of a few days is itself a guess. It is drawn towards that of chance, a little wider
/// than Poisson's, with the weight of so many days; that of a week towards the spread of the four
/// weeks, where that is wider: a quiet week does not make the usual unusual.
const PRIOR_DAYS: f64 = 7.0;
/// Variance against mean that is usual for distinct sources and members (measured: 1.4).
const PRIOR_DISPERSION: f64 = 1.4;

/// One calendar day (UTC) of a key, as measured.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Day {
    /// [`super::Breadth::capped`] of the day.
    pub capped: usize,
    /// [`super::Breadth::trimmed`] of the day.
    pub trimmed: usize,
    /// [`super::Breadth::shared`] of the day.
    pub shared: usize,
    /// [`super::Breadth::roaming`] at the end of the day; none where the day was measured later.
    pub roaming: Option<[usize; PACES]>,
    /// Members the hub knew on that day.
    pub known: usize,
}

/// How far a window is from what is usual.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Deviation {
    /// Exponentially weighted over days.
    pub slow: f64,
    /// Against the week before, weighted to be comparable.
    pub fast: f64,
    /// What the slow branch holds to be usual.
    pub month: Level,
    /// What the fast branch holds to be usual.
    pub week: Level,
}

/// What is usual over some days.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Level {
    /// Usual level per day.
    pub mean: f64,
    /// Its standard deviation, at least 1 (0.5 for networks that roam), drawn towards that of chance.
    pub spread: f64,
    /// Days learned from.
    pub days: usize,
}

/// Whether so many days of history carry a judgement without the caution of a young hub.
pub(super) const fn is_settled(history_days: usize) -> bool {
    history_days >= MIN_DAYS + GUARD_DAYS
}

/// What some days make usual, before the window is looked at.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Usual {
    slow: f64,
    month: Level,
    week: Level,
}

impl Usual {
    /// What `days` make usual: oldest first, without gaps; the last of them ended before the window
    /// begins. A young hub learns from whatever days there are.
    pub fn of(days: &[f64]) -> Self {
        Self::with_floor(days, MIN_DEVIATION)
    }

    /// As [`Usual::of`], for networks that roam.
    pub fn of_roaming(days: &[f64]) -> Self {
        Self::with_floor(days, MIN_DEVIATION_ROAMING)
    }

    fn with_floor(days: &[f64], floor: f64) -> Self {
        let guard = if is_settled(days.len()) {
            GUARD_DAYS
        } else {
            0
        };
        let mut month = Sliding::new(BASELINE_DAYS, guard, floor);
        let mut week = Sliding::new(FAST_DAYS, guard, floor);
        let mut learned: Vec<f64> = Vec::with_capacity(days.len());
        let mut slow = 0.0;
        for value in days {
            if month.days >= MIN_DAYS {
                let level = month.level();
                slow = LAMBDA * level.standardise(*value) + (1.0 - LAMBDA) * slow;
                learned.push(value.min(level.mean + 3.0 * level.spread + 1.0));
            } else {
                learned.push(*value);
            }
            month.learn(&learned);
            week.learn(&learned);
        }
        let month = month.level();
        Self {
            slow,
            month,
            week: week.level_within(Some(month)),
        }
    }

    /// How far `today` alone is from it: a window of days needs no mixing with the days before.
    pub fn alone(&self, today: f64) -> Deviation {
        let level = self.month;
        if level.days < MIN_DAYS {
            return Deviation::default();
        }
        Deviation {
            slow: level.standardise(today),
            month: level,
            ..Deviation::default()
        }
    }

    /// How far `today` is from it.
    pub fn deviation(&self, today: f64) -> Deviation {
        let (level, week) = (self.month, self.week);
        if level.days == 0 {
            return Deviation::default();
        }
        Deviation {
            slow: LAMBDA * level.standardise(today) + (1.0 - LAMBDA) * self.slow,
            fast: FAST_WEIGHT * week.standardise(today),
            month: level,
            week,
        }
    }
}

/// How far `today` is from the days before, oldest first, without gaps; the last of them ended
/// before the window began. A young hub learns from whatever days there are.
#[must_use]
pub fn deviation(days: &[f64], today: f64) -> Deviation {
    Usual::of(days).deviation(today)
}

/// Mean and spread of the last `count` days that ended `guard` days ago, kept up day by day.
struct Sliding {
    count: usize,
    guard: usize,
    /// Least standard deviation.
    floor: f64,
    days: usize,
    sum: f64,
    squares: f64,
}

impl Sliding {
    const fn new(count: usize, guard: usize, floor: f64) -> Self {
        Self {
            count,
            guard,
            floor,
            days: 0,
            sum: 0.0,
            squares: 0.0,
        }
    }

    /// Takes in that `learned` has one more day than before.
    fn learn(&mut self, learned: &[f64]) {
        let Some(newest) = learned.len().checked_sub(1 + self.guard) else {
            return;
        };
        let value = learned.get(newest).copied().unwrap_or_default();
        self.sum += value;
        self.squares += value * value;
        self.days += 1;
        if self.days > self.count {
            let oldest = newest - self.count;
            let value = learned.get(oldest).copied().unwrap_or_default();
            self.sum -= value;
            self.squares -= value * value;
            self.days = self.count;
        }
    }

    fn level(&self) -> Level {
        self.level_within(None)
    }

    /// The level of days that are part of more days with the level `wider`.
    fn level_within(&self, wider: Option<Level>) -> Level {
        let count = as_number(self.days);
        let mean = if self.days == 0 {
            0.0
        } else {
            (self.sum / count).max(0.0)
        };
        let variance = if self.days < 2 {
            0.0
        } else {
            ((self.squares - count * mean * mean) / (count - 1.0)).max(0.0)
        };
        let chance = PRIOR_DISPERSION * mean + self.floor * self.floor;
        let prior = wider.map_or(chance, |wider| chance.max(wider.spread * wider.spread));
        let variance = (variance * count + prior * PRIOR_DAYS) / (count + PRIOR_DAYS);
        Level {
            mean,
            spread: variance.sqrt().max(self.floor),
            days: self.days,
        }
    }
}

impl Level {
    fn standardise(&self, value: f64) -> f64 {
        (value - self.mean) / self.spread
    }
}

/// Counts here stay far below 2^32.
pub(super) fn as_number(count: usize) -> f64 {
    f64::from(u32::try_from(count).unwrap_or(u32::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_ongoing_wave_does_not_become_normal() {
        let mut days = vec![2.0; 30];
        let before = deviation(&days, 2.0);
        assert!(before.slow.abs() < 1e-9 && before.fast.abs() < 1e-9);
        // Ten days of a wave of fifty: what is learned from them stays small.
        days.extend([50.0; 10]);
        let during = deviation(&days, 50.0);
        assert!(during.slow > 10.0, "{during:?}");
        assert!(during.month.mean < 6.0, "{during:?}");
    }

    #[test]
    fn the_days_just_before_the_window_are_not_learned_from() {
        let mut days = vec![0.0; 28];
        days.extend([9.0; 2]);
        assert_eq!(deviation(&days, 9.0).month.mean, 0.0);
    }

    #[test]
    fn without_any_day_nothing_is_said() {
        assert_eq!(deviation(&[], 100.0), Deviation::default());
    }
}
