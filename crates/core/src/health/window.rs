//! What was counted in the last minutes, and in the time before them.

use crate::time::Timestamp;

/// Minutes that are kept apart.
pub(super) const WINDOW_MINUTES: usize = 5;
/// What is left of the past after a minute: half of it after a day.
const FADES_PER_MINUTE: f64 = 0.999_518_8;
/// What a minute counts for in the past while it is told to be wrong: a fault that lasts becomes the
/// normal state only slowly.
const WEIGHT_WHILE_WRONG: f64 = 0.1;

/// All of something, and the part of it that matters.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Count {
    pub(super) all: u64,
    pub(super) part: u64,
}

/// Two counters over the last [`WINDOW_MINUTES`], and their faded past.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Window {
    minutes: [Count; WINDOW_MINUTES],
    minute: i64,
    past_all: f64,
    past_part: f64,
}

impl Window {
    /// One whose past is known.
    pub(super) fn with_past(all: f64, part: f64) -> Self {
        let usable = |value: f64| {
            if value.is_finite() {
                value.max(0.0)
            } else {
                0.0
            }
        };
        Self {
            past_all: usable(all),
            past_part: usable(part).min(usable(all)),
            ..Self::default()
        }
    }

    /// The past, faded.
    pub(super) const fn past(&self) -> (f64, f64) {
        (self.past_all, self.past_part)
    }

    /// Counts at `now`; `wrong` while this is told to be wrong.
    pub(super) fn add(&mut self, count: Count, now: Timestamp, wrong: bool) {
        let minute = now.as_seconds().div_euclid(60);
        let passed = minute.saturating_sub(self.minute);
        if passed != 0 {
            // A clock that was set back empties the window as one that leapt ahead does.
            let passed = usize::try_from(passed).unwrap_or(WINDOW_MINUTES);
            for _ in 0..passed.min(WINDOW_MINUTES) {
                self.leave(wrong);
            }
            self.minute = minute;
        }
        let [newest, ..] = &mut self.minutes;
        newest.all = newest.all.saturating_add(count.all);
        newest.part = newest.part.saturating_add(count.part);
    }

    fn leave(&mut self, wrong: bool) {
        self.minutes.rotate_right(1);
        let [newest, ..] = &mut self.minutes;
        let left = std::mem::take(newest);
        let weight = if wrong { WEIGHT_WHILE_WRONG } else { 1.0 };
        self.past_all = self.past_all * FADES_PER_MINUTE + as_float(left.all) * weight;
        self.past_part = self.past_part * FADES_PER_MINUTE + as_float(left.part) * weight;
    }

    /// What was counted in the window.
    pub(super) fn sum(&self) -> Count {
        self.minutes
            .iter()
            .fold(Count::default(), |sum, one| Count {
                all: sum.all.saturating_add(one.all),
                part: sum.part.saturating_add(one.part),
            })
    }

    /// The part's share in the window, 0 to 1.
    pub(super) fn share(&self) -> f64 {
        let sum = self.sum();
        if sum.all == 0 {
            0.0
        } else {
            as_float(sum.part) / as_float(sum.all)
        }
    }

    /// The part's share before the window, 0 to 1; `None` when fewer than `least` are known.
    pub(super) fn past_share(&self, least: f64) -> Option<f64> {
        (self.past_all >= least).then(|| self.past_part / self.past_all)
    }
}

/// Counts of lines are far below the 2^53 that a float holds exactly.
fn as_float(count: u64) -> f64 {
    f64::from(u32::try_from(count).unwrap_or(u32::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_window_forgets_and_the_past_remembers() {
        let mut window = Window::default();
        let at = |minute: i64| Timestamp::from_seconds(1_800_000_000 + minute * 60);
        for minute in 0..10 {
            window.add(Count { all: 10, part: 1 }, at(minute), false);
        }
        assert_eq!(window.sum(), Count { all: 50, part: 5 });
        let share = window.past_share(40.0).unwrap();
        assert!((share - 0.1).abs() < 0.001, "{share}");
        assert_eq!(window.past_share(60.0), None);
        window.add(Count::default(), at(100), false);
        assert_eq!(window.sum(), Count::default());
        window.add(Count { all: 1, part: 0 }, at(50), false);
        assert_eq!(window.sum(), Count { all: 1, part: 0 });
    }
}
