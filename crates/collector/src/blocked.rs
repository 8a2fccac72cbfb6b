//! What was seen and kept out, in numbers: attempts per hour and category, for the page.

use std::collections::BTreeMap;

use larum_core::finding::{AttackOutcome, Finding};
use serde::{Deserialize, Serialize};

use crate::findings::KeptFinding;
use crate::tally::{Hour, KEPT_HOURS, hour_of};

/// Attempts by hour and category.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Blocked {
    hours: BTreeMap<Hour, BTreeMap<String, Counts>>,
}

/// Attempts of one category in one hour.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counts {
    /// Single attempts: packets, log-ins, requests.
    pub attempts: u64,
    /// Of these, kept out for certain.
    pub blocked: u64,
}

impl Blocked {
    /// Enters a finding that is over, under the hour it ended.
    pub fn enter(&mut self, finding: &Finding) {
        self.count(
            hour_of(finding.last),
            finding.category.as_str(),
            finding.count,
            finding.outcome == AttackOutcome::Blocked,
        );
    }

    /// Enters a finding that is still going on: only for showing, since it will be entered again.
    pub(crate) fn enter_open(&mut self, finding: &KeptFinding) {
        let blocked = finding.outcome == AttackOutcome::Blocked.as_str();
        let hour = hour_of(finding.last());
        self.count(hour, &finding.category, finding.count, blocked);
    }

    fn count(&mut self, hour: Hour, category: &str, attempts: u64, blocked: bool) {
        let newest = self.hours.last_key_value().map_or(hour, |(hour, _)| *hour);
        if hour < newest - KEPT_HOURS {
            return;
        }
        let counts = self
            .hours
            .entry(hour)
            .or_default()
            .entry(category.to_owned())
            .or_default();
        counts.attempts = counts.attempts.saturating_add(attempts);
        if blocked {
            counts.blocked = counts.blocked.saturating_add(attempts);
        }
        self.hours
            .retain(|one, _| *one >= newest.max(hour) - KEPT_HOURS);
    }

    /// Attempts by category since `from`, most first.
    #[must_use]
    pub fn since(&self, from: Hour) -> Vec<(String, Counts)> {
        let mut sums: BTreeMap<&str, Counts> = BTreeMap::new();
        for (category, counts) in self.hours.range(from..).flat_map(|(_, hour)| hour) {
            let sum = sums.entry(category).or_default();
            sum.attempts = sum.attempts.saturating_add(counts.attempts);
            sum.blocked = sum.blocked.saturating_add(counts.blocked);
        }
        let mut sums: Vec<_> = sums
            .into_iter()
            .map(|(category, counts)| (category.to_owned(), counts))
            .collect();
        sums.sort_by_key(|(_, counts)| std::cmp::Reverse(counts.attempts));
        sums
    }
}
