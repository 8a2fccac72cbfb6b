//! Things counted by name, for the sums a long run prints.

use std::collections::BTreeMap;
use std::fmt;

/// Counts by what was counted.
#[derive(Clone, Debug, Default)]
pub struct Counts(BTreeMap<&'static str, u64>);

impl Counts {
    pub fn add(&mut self, what: &'static str, count: u64) {
        *self.0.entry(what).or_default() += count;
    }

    pub fn set(&mut self, what: &'static str, count: u64) {
        self.0.insert(what, count);
    }

    /// Both together.
    pub fn with(mut self, other: &Self) -> Self {
        for (what, count) in &other.0 {
            self.add(what, *count);
        }
        self
    }
}

impl<const N: usize> From<[(&'static str, u64); N]> for Counts {
    fn from(counts: [(&'static str, u64); N]) -> Self {
        Self(counts.into())
    }
}

impl fmt::Display for Counts {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let parts: Vec<String> = (self.0.iter())
            .map(|(what, count)| format!("{what} {count}"))
            .collect();
        formatter.write_str(&parts.join(", "))
    }
}
