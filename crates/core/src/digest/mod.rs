//! Merges updates of one sighting while it waits to be sent, so that a long attack does not fill the
//! line.
//!
//! Every sighting pushed comes out, or is merged into one that waits and counted as
//! [`Withheld::Merged`]: pushed = out + merged + waiting.

use std::collections::{BTreeMap, BTreeSet};

use crate::finding::{FindingId, Severity};
use crate::sighting::{MAX_SOURCES, Sighting, Withheld};
use crate::time::Timestamp;

/// How a digest waits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Settings {
    /// How long a sighting waits for updates, milliseconds. Default 10,000.
    pub wait_ms: i64,
    /// From this severity on it does not wait. Default high.
    pub urgent: Severity,
    /// Most sightings that wait; the oldest goes out early then. Default 4,096, about 4 MiB.
    pub capacity: usize,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            wait_ms: 10_000,
            urgent: Severity::High,
            capacity: 4_096,
        }
    }
}

/// Sightings that wait. Output goes to a caller-owned buffer, oldest first.
#[derive(Debug, Default)]
pub struct Digest {
    settings: Settings,
    waiting: BTreeMap<FindingId, Waiting>,
    /// The same, by when they are due; the number keeps the order of arrival.
    order: BTreeSet<(Timestamp, u64, FindingId)>,
    pushed: u64,
    latest: Timestamp,
}

#[derive(Debug)]
struct Waiting {
    sighting: Sighting,
    due: Timestamp,
    number: u64,
}

impl Digest {
    /// An empty digest.
    #[must_use]
    pub fn new(settings: Settings) -> Self {
        Self {
            settings,
            ..Self::default()
        }
    }

    /// Takes a sighting. What must not wait, or no longer fits, goes to `out` at once. Returns
    /// [`Withheld::Merged`] when it was merged into one that waits.
    pub fn push(
        &mut self,
        sighting: Sighting,
        now: Timestamp,
        out: &mut Vec<Sighting>,
    ) -> Option<Withheld> {
        self.pushed += 1;
        self.latest = self.latest.max(now);
        let id = sighting.id;
        if let Some(earlier) = self.remove(id) {
            let Waiting {
                sighting: before,
                due,
                number,
            } = earlier;
            self.place(merge(before, sighting), due, number, out);
            return Some(Withheld::Merged);
        }
        let due = now.plus_millis(self.settings.wait_ms);
        self.place(sighting, due, self.pushed, out);
        while self.waiting.len() > self.settings.capacity {
            self.pop(out);
        }
        None
    }

    /// Moves what is due to `out`. If the clock was set back, everything is due.
    pub fn due(&mut self, now: Timestamp, out: &mut Vec<Sighting>) {
        if now < self.latest {
            self.flush(out);
        }
        self.latest = now;
        while self.order.first().is_some_and(|first| first.0 <= now) {
            self.pop(out);
        }
    }

    /// Moves everything to `out`: for a stop, or before the configuration changes.
    pub fn flush(&mut self, out: &mut Vec<Sighting>) {
        while !self.order.is_empty() {
            self.pop(out);
        }
    }

    /// When [`due`](Self::due) has something to do next.
    #[must_use]
    pub fn next_deadline(&self) -> Option<Timestamp> {
        self.order.first().map(|first| first.0)
    }

    /// How many wait.
    #[must_use]
    pub fn len(&self) -> usize {
        self.waiting.len()
    }

    /// Whether none waits.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.waiting.is_empty()
    }

    fn place(&mut self, sighting: Sighting, due: Timestamp, number: u64, out: &mut Vec<Sighting>) {
        if sighting.severity >= self.settings.urgent {
            out.push(sighting);
            return;
        }
        let id = sighting.id;
        self.order.insert((due, number, id));
        self.waiting.insert(
            id,
            Waiting {
                sighting,
                due,
                number,
            },
        );
    }

    fn remove(&mut self, id: FindingId) -> Option<Waiting> {
        let waiting = self.waiting.remove(&id)?;
        self.order.remove(&(waiting.due, waiting.number, id));
        Some(waiting)
    }

    fn pop(&mut self, out: &mut Vec<Sighting>) {
        if let Some((_, _, id)) = self.order.pop_first()
            && let Some(waiting) = self.waiting.remove(&id)
        {
            out.push(waiting.sighting);
        }
    }
}

/// One sighting from two of the same finding: the later one's verdict, everything both have seen.
/// Gives the same whichever comes first.
#[must_use]
pub fn merge(one: Sighting, other: Sighting) -> Sighting {
    // Only what merging leaves alone ranks: counting the count would let it depend on the order.
    let rank = |sighting: &Sighting| {
        (
            (sighting.last, sighting.severity, sighting.outcome),
            (sighting.confidence, sighting.category),
            sighting.key.clone(),
            sighting.detector.clone(),
            sighting.attack.clone(),
        )
    };
    let (mut later, earlier) = if rank(&one) >= rank(&other) {
        (one, other)
    } else {
        (other, one)
    };
    later.first = later.first.min(earlier.first);
    later.count = later.count.max(earlier.count);
    let sources: BTreeSet<_> = later
        .sources
        .iter()
        .chain(&earlier.sources)
        .copied()
        .collect();
    later.sources = sources.into_iter().take(MAX_SOURCES).collect();
    later
}

#[cfg(test)]
mod tests;
