//! Which device and hour each sighting in the spool belongs to, so that the sum can say what was sent
//! and what the hub has receipted.

use std::collections::VecDeque;

use serde::{Deserialize, Serialize};

use crate::tally::{DeviceId, Fate, Hour, OTHER, Tally};

/// Most runs remembered; beyond it the oldest are entered under `other`.
pub const MAX_RUNS: usize = 4_096;

/// The hour in which 2020 began (UTC).
const HOUR_OF_2020: Hour = 438_288;

/// Sightings in spool order, as runs of the same device and hour.
#[derive(Debug, Default)]
pub struct InFlight {
    runs: VecDeque<Run>,
    /// Up to this number all are in a batch.
    sent_up_to: u64,
    /// Up to this number the hub has receipted all.
    receipted_up_to: u64,
}

#[derive(Clone, Copy, Debug)]
struct Run {
    first: u64,
    last: u64,
    device: DeviceId,
    hour: Hour,
}

/// A run on disk.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SavedRun {
    /// First spool number.
    pub first: u64,
    /// Last spool number.
    pub last: u64,
    /// Device name.
    pub device: String,
    /// Hour since the epoch.
    pub hour: Hour,
    /// How many of them, from the first, are in a batch.
    pub sent: u64,
}

impl InFlight {
    /// Notes that spool frame `number` is a sighting of `device` in `hour`. What is in the spool can be sent,
    /// and even receipted, before it is noted here.
    pub fn put(&mut self, number: u64, device: DeviceId, hour: Hour, tally: &mut Tally) {
        if number <= self.sent_up_to {
            tally.enter(device, hour, Fate::Sent, 1);
        }
        if number <= self.receipted_up_to {
            tally.enter(device, hour, Fate::Receipted, 1);
            return;
        }
        if let Some(run) = self.runs.back_mut()
            && (run.device, run.hour) == (device, hour)
            && run.last + 1 == number
        {
            run.last = number;
            return;
        }
        self.runs.push_back(Run {
            first: number,
            last: number,
            device,
            hour,
        });
        if self.runs.len() > MAX_RUNS
            && let Some(oldest) = self.runs.pop_front()
            && let Some(next) = self.runs.front_mut()
        {
            next.first = oldest.first;
            next.device = OTHER;
        }
    }

    /// Enters all up to spool number `up_to` as sent.
    pub fn sent(&mut self, up_to: u64, tally: &mut Tally) {
        for run in &self.runs {
            let first = run.first.max(self.sent_up_to + 1);
            let count = (run.last.min(up_to) + 1).saturating_sub(first);
            tally.enter(run.device, run.hour, Fate::Sent, count);
        }
        self.sent_up_to = self.sent_up_to.max(up_to);
    }

    /// Enters all up to spool number `up_to` as receipted (and sent, if that was not said before).
    pub fn receipted(&mut self, up_to: u64, tally: &mut Tally) {
        self.sent(up_to, tally);
        self.receipted_up_to = self.receipted_up_to.max(up_to);
        while let Some(run) = self.runs.front_mut() {
            let count = (run.last.min(up_to) + 1).saturating_sub(run.first);
            tally.enter(run.device, run.hour, Fate::Receipted, count);
            if run.last > up_to {
                run.first = run.first.max(up_to + 1);
                break;
            }
            self.runs.pop_front();
        }
    }

    /// Forgets those numbered `first` to `last`: the spool gave them up to keep to its limits, and they
    /// will never be sent.
    pub fn lost(&mut self, first: u64, last: u64) {
        let mut kept = VecDeque::with_capacity(self.runs.len());
        for run in self.runs.drain(..) {
            let before = Run {
                last: run.last.min(first.saturating_sub(1)),
                ..run
            };
            let after = Run {
                first: run.first.max(last.saturating_add(1)),
                ..run
            };
            let there = |run: &Run| run.first <= run.last;
            kept.extend([before, after].into_iter().filter(there));
        }
        self.runs = kept;
    }

    /// The last number that waits since before `hour`; what came before it waits for longer still.
    /// Hours before 2020 are those of a computer whose clock was not set yet, or unknown: they say
    /// nothing about how long something waits.
    #[must_use]
    pub fn waiting_since_before(&self, hour: Hour) -> Option<u64> {
        let old = |run: &&Run| (HOUR_OF_2020..hour).contains(&run.hour);
        self.runs.iter().rev().find(old).map(|run| run.last)
    }

    /// After a start: those below `oldest` have left the spool since the checkpoint, and `sent` of them
    /// were handed on. The spool drops the oldest first, so the others came before.
    pub fn settle_before(&mut self, oldest: u64, sent: u64) {
        let open = |run: &Run| {
            let first = run.first.max(self.sent_up_to + 1);
            let last = run.last.min(oldest.saturating_sub(1));
            (first <= last).then_some((first, last))
        };
        let gone: Vec<(u64, u64)> = self.runs.iter().filter_map(open).collect();
        let count: u64 = gone.iter().map(|(first, last)| last - first + 1).sum();
        let mut dropped = count.saturating_sub(sent);
        for (first, last) in gone {
            let part = dropped.min(last - first + 1);
            if part == 0 {
                return;
            }
            self.lost(first, first + part - 1);
            dropped -= part;
        }
    }

    /// For disk.
    #[must_use]
    pub fn save(&self, tally: &Tally) -> Vec<SavedRun> {
        self.runs
            .iter()
            .map(|run| SavedRun {
                first: run.first,
                last: run.last,
                device: tally.name(run.device).to_owned(),
                hour: run.hour,
                sent: (run.last.min(self.sent_up_to) + 1).saturating_sub(run.first),
            })
            .collect()
    }

    /// From disk.
    #[must_use]
    pub fn restore(saved: &[SavedRun], tally: &mut Tally) -> Self {
        let mut in_flight = Self::default();
        for run in saved.iter().take(MAX_RUNS) {
            in_flight.runs.push_back(Run {
                first: run.first,
                last: run.last,
                device: tally.device(&run.device),
                hour: run.hour,
            });
            if run.sent > 0 {
                let up_to = run.first.saturating_add(run.sent - 1);
                in_flight.sent_up_to = in_flight.sent_up_to.max(up_to);
            }
        }
        in_flight
    }

    /// The newest spool number it knows.
    #[must_use]
    pub fn newest(&self) -> u64 {
        self.runs.back().map_or(0, |run| run.last)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn how_long_something_waits_is_told_by_the_hour_it_came() {
        let first = HOUR_OF_2020 + 1_000;
        let mut tally = Tally::new();
        let mut flight = InFlight::default();
        let device = tally.device("192.0.2.1");
        for (number, hour) in [(1, 0), (2, first), (3, first + 1), (4, 7), (5, first + 5)] {
            flight.put(number, device, hour, &mut tally);
        }
        let check = |before, expected| {
            assert_eq!(flight.waiting_since_before(before), expected, "{before}");
        };
        check(first, None);
        check(first + 1, Some(2));
        check(first + 2, Some(3));
        check(first + 6, Some(5));
    }

    proptest! {
        /// Each sighting is entered as sent once and as receipted once, whatever the order of news,
        /// restarts included: also when it was sent, or receipted, before it was noted.
        #[test]
        fn each_is_counted_once(
            news in proptest::collection::vec((0_u64..60, 0_u64..60, any::<bool>()), 0..30),
            devices in proptest::collection::vec((0_u8..3, 0_i64..3, 0_usize..30), 1..50),
        ) {
            let mut tally = Tally::new();
            let mut flight = InFlight::default();
            let last = u64::try_from(devices.len()).unwrap();
            let mut to_note = (1..).zip(&devices).peekable();
            let (mut sent, mut receipted, mut noted) = (0, 0, 0);
            for (step, (s, r, restart)) in news.into_iter().chain([(60, 60, false)]).enumerate() {
                let (s, r) = (s.min(last), r.min(last));
                flight.sent(s, &mut tally);
                flight.receipted(r, &mut tally);
                sent = sent.max(s).max(r);
                receipted = receipted.max(r);
                while let Some((number, (device, hour, _))) = to_note.next_if(|(_, one)| one.2 <= step) {
                    let device = tally.device(&device.to_string());
                    flight.put(number, device, *hour, &mut tally);
                    noted = number;
                }
                prop_assert_eq!(tally.total().sent, sent.min(noted));
                prop_assert_eq!(tally.total().receipted, receipted.min(noted));
                // A start notes what the checkpoint did not hold before it says what was sent.
                if restart && noted >= sent {
                    let saved = flight.save(&tally);
                    tally = Tally::restore(&tally.save());
                    flight = InFlight::restore(&saved, &mut tally);
                }
            }
        }
    }
}
