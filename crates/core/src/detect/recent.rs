//! The most recent distinct small values with the minute each was last seen: exact counts of "how
//! many different ports in the last hour" in 36 bytes.

use super::snapshot::kept;

/// How many values are remembered.
pub const MAX_VALUES: usize = 8;
const LIMIT: u8 = 8;

/// Up to [`MAX_VALUES`] distinct 16-bit values; the one seen longest ago gives way.
#[derive(Clone, Copy, Debug, Default)]
pub struct Recent {
    items: [(u16, u16); MAX_VALUES],
    used: u8,
}

kept!(Recent { items, used });

impl Recent {
    /// Notes `value` at `minute` (minutes since the epoch, low 16 bits); whether it is new here.
    pub fn note(&mut self, value: u16, minute: u16) -> bool {
        let used = usize::from(self.used);
        if let Some(item) = self
            .items
            .iter_mut()
            .take(used)
            .find(|item| item.0 == value)
        {
            item.1 = minute;
            return false;
        }
        if self.used < LIMIT {
            if let Some(item) = self.items.get_mut(used) {
                *item = (value, minute);
            }
            self.used += 1;
        } else if let Some(item) = self
            .items
            .iter_mut()
            .max_by_key(|item| minute.wrapping_sub(item.1))
        {
            *item = (value, minute);
        }
        true
    }

    /// How many distinct values were seen in the `span_minutes` before `minute`. A value stamped a
    /// little after `minute` (records out of order) counts.
    pub fn within(&self, minute: u16, span_minutes: u16) -> u8 {
        u8::try_from(self.near(minute, span_minutes).count()).unwrap_or(LIMIT)
    }

    /// The distinct values seen in the `span_minutes` before `minute`, in no special order.
    pub fn near(&self, minute: u16, span_minutes: u16) -> impl Iterator<Item = u16> + '_ {
        const SLACK_MINUTES: u16 = 60;
        let near = self.values_with_minutes().filter(move |(_, seen)| {
            minute.wrapping_sub(*seen) <= span_minutes || seen.wrapping_sub(minute) <= SLACK_MINUTES
        });
        near.map(|(value, _)| value)
    }

    /// The values remembered, in no special order.
    pub fn values(&self) -> impl Iterator<Item = u16> + '_ {
        self.values_with_minutes().map(|(value, _)| value)
    }

    /// How many values are remembered.
    pub const fn len(&self) -> u8 {
        self.used
    }

    fn values_with_minutes(&self) -> impl Iterator<Item = (u16, u16)> + '_ {
        self.items.iter().copied().take(usize::from(self.used))
    }
}

/// A leaky bucket: fills by one per event, loses one per leak time.
#[derive(Clone, Copy, Debug, Default)]
pub struct Bucket {
    level: f32,
}

kept!(Bucket { level });

impl Bucket {
    /// Pours one event in after `idle_seconds` since the last; whether more than `capacity` stood in
    /// it. The level never exceeds `capacity + 1`, so that a flood is forgotten as fast as a trickle.
    pub fn pour(&mut self, idle_seconds: u32, leak_seconds: f32, capacity: f32) -> bool {
        self.pour_many(idle_seconds, leak_seconds, capacity, 1.0)
    }

    /// The same for an event that counts as `amount`.
    pub fn pour_many(
        &mut self,
        idle_seconds: u32,
        leak_seconds: f32,
        capacity: f32,
        amount: f32,
    ) -> bool {
        #[expect(
            clippy::cast_precision_loss,
            reason = "beyond 2^24 seconds every bucket is empty"
        )]
        let leaked = idle_seconds as f32 / leak_seconds;
        let level = (self.level - leaked).max(0.0) + amount;
        self.level = level.min(capacity + 1.0);
        level > capacity
    }

    /// How much stood in it when it was last poured into.
    pub const fn level(&self) -> f32 {
        self.level
    }

    /// Empties it.
    pub const fn empty(&mut self) {
        self.level = 0.0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_distinct_values_in_a_window_even_as_the_minute_wraps() {
        let mut recent = Recent::default();
        for (value, minute) in [(22, 65_500), (23, 65_510), (22, 65_530), (80, 5), (443, 10)] {
            recent.note(value, minute);
        }
        assert_eq!(recent.len(), 4);
        assert_eq!(recent.within(10, 60), 4);
        assert_eq!(recent.within(10, 20), 3);
        assert_eq!(recent.within(100, 60), 0);
        for port in 1_000..1_020 {
            assert!(recent.note(port, 20));
        }
        assert_eq!(recent.within(20, 5), 8);
    }

    #[test]
    fn a_bucket_overflows_on_the_sixth_fast_event_and_never_on_slow_ones() {
        let mut bucket = Bucket::default();
        let reached = (0..6)
            .map(|_| bucket.pour(1, 10.0, 5.0))
            .collect::<Vec<_>>();
        // Five seconds leak half an event: five full pours stay at the rim.
        assert_eq!(reached, [false, false, false, false, false, true]);
        let mut slow = Bucket::default();
        assert!((0..1_000).all(|_| !slow.pour(11, 10.0, 5.0)));
    }
}
