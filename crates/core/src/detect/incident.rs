//! Which stories are one attacker's: a scan, the guessing after it and the log-in at the end are one
//! incident, not three alerts.

use super::snapshot::kept;
use super::table::{Remembered, Table};
use crate::finding::FindingId;

/// 2,048 actors remembered after their last story ended; 80 KiB.
const SETS: usize = 128;
/// What an actor does within this time of his last story belongs to it.
const GAP_SECONDS: u32 = 86_400;

/// The incident an actor was last part of.
#[derive(Clone, Copy, Debug, Default)]
pub struct Past {
    last: u32,
    id: [u8; 16],
    stories: u16,
}

kept!(Past { last, id, stories });

impl Remembered for Past {
    fn last(&self) -> u32 {
        self.last
    }

    fn evidence(&self) -> u32 {
        self.stories.into()
    }

    fn touch(&mut self, now: u32) {
        self.last = now;
    }
}

/// The incidents of actors whose stories have ended.
#[derive(Clone, Debug, Default)]
pub struct Incidents(Table<Past, SETS>);

kept!(Incidents(_));

impl Incidents {
    /// The incident that a story of `actor` which begins at `now` belongs to, if it was part of one
    /// within a day.
    pub fn of(&mut self, actor: u64, now: u32) -> Option<FindingId> {
        let past = self.0.find(actor)?;
        (now.saturating_sub(past.last) <= GAP_SECONDS && past.stories > 0)
            .then_some(FindingId(past.id))
    }

    /// Remembers that a story of `actor`, part of `incident`, ended at `now`.
    pub fn ended(&mut self, actor: u64, now: u32, incident: FindingId) {
        if let Some(past) = self.0.admit(actor, now, 1) {
            past.id = incident.0;
            past.stories = past.stories.saturating_add(1);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_actor_who_comes_back_within_a_day_goes_on_with_the_same_incident() {
        let mut incidents = Incidents::default();
        let first = FindingId::of(&[b"first"]);
        assert_eq!(incidents.of(7, 1_000), None);
        incidents.ended(7, 1_000, first);
        assert_eq!(incidents.of(7, 1_000 + GAP_SECONDS), Some(first));
        assert_eq!(incidents.of(7, 1_001 + GAP_SECONDS), None);
        assert_eq!(incidents.of(8, 1_000), None);
    }
}
