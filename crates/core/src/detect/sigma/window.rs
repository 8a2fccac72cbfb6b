//! What one group of events has come to within the time span of its correlation.
//!
//! Two ways of counting. Where more events can only bring the condition nearer ("five or more"), the
//! span slides: the condition is asked at every event, about the span that ends with it. Where only the
//! end can tell ("fewer than five", "on average"), the span begins with the group's first event, and
//! the condition is asked when it is over.

use crate::detect::snapshot::kept;
use std::net::IpAddr;

use super::correlation::{Correlation, Counted, MAX_ORDERED};

/// Most moments kept of one group: beyond, the two closest become one, at the earlier of both, so that
/// counts are never too high.
const MAX_MOMENTS: usize = 64;
/// Most measured values kept of one group: beyond, every other is dropped, and of those to come only
/// as many as fit.
const MAX_SAMPLES: usize = 256;
/// Sources kept of one group.
const MAX_SOURCES: usize = 16;

/// One thing that is remembered; what its parts mean depends on what is counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Cell {
    /// Record time in microseconds.
    at: i64,
    /// A hash, or the place of a rule.
    key: u64,
    /// A count, a sum, or a measured value.
    number: u64,
}

kept!(Cell { at, key, number });

/// One group of events.
#[derive(Clone, Debug)]
pub(super) struct Window {
    cells: Vec<Cell>,
    /// First event of the span.
    pub(super) first: i64,
    /// Last event.
    pub(super) last: i64,
    /// Events of the span.
    pub(super) events: u32,
    /// Those that were refused.
    pub(super) refused: u32,
    /// Where more than one source can be in a group: the first few.
    pub(super) sources: Vec<IpAddr>,
    /// Every so many values are kept.
    stride: u32,
}

kept!(Window {
    cells,
    first,
    last,
    events,
    refused,
    sources,
    stride
});

impl Window {
    pub(super) const fn new(at: i64) -> Self {
        Self {
            cells: Vec::new(),
            first: at,
            last: at,
            events: 0,
            refused: 0,
            sources: Vec::new(),
            stride: 1,
        }
    }

    /// For how many moments and values it has room.
    pub(super) const fn cells(&self) -> usize {
        self.cells.capacity()
    }

    /// Begins an event at `at`; `false` when it is too old to count.
    pub(super) fn begin_event(
        &mut self,
        correlation: &Correlation,
        at: i64,
        refused: bool,
    ) -> bool {
        if !correlation.late && at > self.last.saturating_add(correlation.span_micros) {
            *self = Self::new(at);
        }
        self.last = self.last.max(at);
        if !correlation.late {
            let begin = self.last.saturating_sub(correlation.span_micros);
            self.first = self.first.max(begin);
            if at < begin {
                return false;
            }
            self.cells.retain(|cell| cell.at >= begin);
            if self.cells.capacity() > 4 * self.cells.len() + 8 {
                self.cells.shrink_to_fit();
            }
        }
        self.first = self.first.min(at);
        self.events = self.events.saturating_add(1);
        self.refused = self.refused.saturating_add(u32::from(refused));
        true
    }

    /// Counts the event begun last, at `at`, as input `input` of the correlation. An event that is
    /// several inputs counts as the last one first, so that it is never two steps of one order.
    pub(super) fn count(&mut self, correlation: &Correlation, input: u16, value: u64, at: i64) {
        let key = u64::from(input);
        match correlation.counted {
            Counted::Events => self.moment(at, 1, correlation.late),
            Counted::Sum => self.moment(at, value, correlation.late),
            Counted::Distinct => self.latest(value, at, correlation),
            Counted::Together(_) => self.latest(key, at, correlation),
            Counted::InOrder => self.chain(input, at),
            Counted::Mean => {
                self.moment(at, value, true);
            }
            Counted::Least => self.extreme(at, value, u64::min),
            Counted::Most if correlation.late => self.extreme(at, value, u64::max),
            Counted::Most => {
                self.cells.clear();
                self.extreme(at, value, u64::max);
            }
            Counted::Percentile(_) => self.sample(at, value),
        }
    }

    /// Notes a source.
    pub(super) fn note_source(&mut self, source: IpAddr) {
        if self.sources.len() < MAX_SOURCES && !self.sources.contains(&source) {
            self.sources.push(source);
        }
    }

    /// What was counted.
    fn counted(&self, counted: &Counted) -> f64 {
        let sum = || {
            let numbers = self.cells.iter().map(|cell| cell.number);
            numbers.fold(0_u64, u64::saturating_add)
        };
        match counted {
            Counted::Events | Counted::Sum => float(sum()),
            Counted::Distinct | Counted::Together(_) => float(self.cells.len() as u64),
            Counted::InOrder => {
                let longest = self.cells.iter().map(|cell| length_of(cell.key)).max();
                float(longest.unwrap_or(0))
            }
            Counted::Mean => float(sum()) / f64::from(self.events.max(1)),
            Counted::Least | Counted::Most => float(sum()),
            Counted::Percentile(share) => self.percentile(*share),
        }
    }

    /// Whether the condition holds.
    pub(super) fn is_met(&self, correlation: &Correlation) -> bool {
        let over = match &correlation.counted {
            Counted::Together(Some(over)) => {
                over.holds(&mut |place| self.cells.iter().any(|cell| cell.key == u64::from(place)))
            }
            _ => true,
        };
        over && correlation.is_met(self.counted(&correlation.counted))
    }

    /// How many events of the span are known.
    pub(super) fn known_events(&self, counted: &Counted) -> u64 {
        match counted {
            Counted::Events => {
                let numbers = self.cells.iter().map(|cell| cell.number);
                numbers.fold(0, u64::saturating_add)
            }
            _ => self.events.into(),
        }
    }

    /// First moment that still counts.
    pub(super) fn begin(&self) -> i64 {
        let kept = self.cells.iter().map(|cell| cell.at).min();
        kept.map_or(self.first, |kept| kept.max(self.first))
    }

    /// Adds `number` at `at`; in one sum where the moment does not matter.
    fn moment(&mut self, at: i64, number: u64, one_sum: bool) {
        let known = if one_sum {
            self.cells.first_mut()
        } else {
            self.cells.iter_mut().find(|cell| cell.at == at)
        };
        if let Some(cell) = known {
            cell.number = cell.number.saturating_add(number);
            return;
        }
        let place = self.cells.partition_point(|cell| cell.at < at);
        self.cells.insert(place, Cell { at, key: 0, number });
        if self.cells.len() > MAX_MOMENTS {
            self.join_closest();
        }
    }

    fn join_closest(&mut self) {
        let gaps = self.cells.iter().zip(self.cells.iter().skip(1));
        let closest = gaps
            .enumerate()
            .min_by_key(|(_, (one, next))| next.at.saturating_sub(one.at));
        let Some((place, _)) = closest else { return };
        let later = self.cells.remove(place + 1);
        if let Some(cell) = self.cells.get_mut(place) {
            cell.number = cell.number.saturating_add(later.number);
        }
    }

    /// Notes when `key` was last there. Where the span slides, the latest few decide: whether there are
    /// ten different values shows in the ten that came last.
    fn latest(&mut self, key: u64, at: i64, correlation: &Correlation) {
        if let Some(cell) = self.cells.iter_mut().find(|cell| cell.key == key) {
            cell.at = cell.at.max(at);
            return;
        }
        let new = Cell { at, key, number: 0 };
        if self.cells.len() < correlation.most_values {
            self.cells.push(new);
        } else if !correlation.late
            && let Some(oldest) = self.cells.iter_mut().min_by_key(|cell| cell.at)
            && oldest.at <= at
        {
            *oldest = new;
        }
    }

    /// Chains of rules in order that end with `input`: of each length, the one that began last, which
    /// has the most time left. `at` of a cell is when its chain began, `number` when it ended.
    fn chain(&mut self, input: u16, at: i64) {
        let mut longer = vec![Cell {
            at,
            key: key_of(input, 1),
            number: at.cast_unsigned(),
        }];
        for cell in &self.cells {
            let ended = cell.number.cast_signed();
            if input_of(cell.key) < u64::from(input) && ended <= at && length_of(cell.key) > 0 {
                longer.push(Cell {
                    at: cell.at,
                    key: key_of(input, length_of(cell.key) + 1),
                    number: at.cast_unsigned(),
                });
            }
        }
        for chain in longer {
            if let Some(cell) = self.cells.iter_mut().find(|cell| cell.key == chain.key) {
                if cell.at <= chain.at {
                    *cell = chain;
                }
            } else if self.cells.len() < MAX_ORDERED * MAX_ORDERED {
                self.cells.push(chain);
            }
        }
    }

    fn extreme(&mut self, at: i64, value: u64, better: fn(u64, u64) -> u64) {
        match self.cells.first_mut() {
            Some(cell) => cell.number = better(cell.number, value),
            None => self.cells.push(Cell {
                at,
                key: 0,
                number: value,
            }),
        }
    }

    fn sample(&mut self, at: i64, value: u64) {
        if !(self.events - 1).is_multiple_of(self.stride) {
            return;
        }
        if self.cells.len() >= MAX_SAMPLES {
            self.stride = self.stride.saturating_mul(2);
            let mut keep = false;
            self.cells.retain(|_| {
                keep = !keep;
                keep
            });
            if !(self.events - 1).is_multiple_of(self.stride) {
                return;
            }
        }
        self.cells.push(Cell {
            at,
            key: 0,
            number: value,
        });
    }

    /// By nearest rank: the smallest value that at least so many per cent do not exceed.
    fn percentile(&self, share: f64) -> f64 {
        let mut values: Vec<u64> = self.cells.iter().map(|cell| cell.number).collect();
        values.sort_unstable();
        let rank = (share / 100.0 * float(values.len() as u64)).ceil().max(1.0);
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "between 1 and the number of samples"
        )]
        let place = rank as usize - 1;
        values
            .get(place)
            .or(values.last())
            .map_or(0.0, |value| float(*value))
    }
}

const fn key_of(input: u16, length: u64) -> u64 {
    (length << 16) | input as u64
}

const fn length_of(key: u64) -> u64 {
    key >> 16
}

const fn input_of(key: u64) -> u64 {
    key & 0xFFFF
}

fn float(number: u64) -> f64 {
    #[expect(
        clippy::cast_precision_loss,
        reason = "counts below 2^53; beyond, thresholds are as coarse"
    )]
    let float = number as f64;
    float
}
