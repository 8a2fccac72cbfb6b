//! Processor time by thread, from the kernel: what the hub took, apart from what called it.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

/// Threads of the hub are named so.
pub const HUB: &str = "hub";
/// Threads of what calls it.
pub const CALLS: &str = "calls";

/// Processor time of the threads that live now, by name.
pub struct Cost(BTreeMap<String, Duration>);

impl Cost {
    /// As it stands.
    pub fn now() -> Self {
        let mut by_name: BTreeMap<String, Duration> = BTreeMap::new();
        let tasks = std::fs::read_dir("/proc/self/task").into_iter().flatten();
        for task in tasks.flatten() {
            let name = std::fs::read_to_string(task.path().join("comm")).unwrap_or_default();
            let spent = by_name.entry(name.trim().to_owned()).or_default();
            *spent = spent.saturating_add(spent_by(&task.path()));
        }
        Self(by_name)
    }

    /// What the threads of this name have taken since `before`.
    pub fn since(&self, before: &Self, name: &str) -> Duration {
        let of = |cost: &Self| cost.0.get(name).copied().unwrap_or_default();
        of(self).saturating_sub(of(before))
    }
}

/// The first number of `schedstat` is the time on a processor, in nanoseconds.
fn spent_by(task: &Path) -> Duration {
    let text = std::fs::read_to_string(task.join("schedstat")).unwrap_or_default();
    let spent = text.split_ascii_whitespace().next();
    Duration::from_nanos(spent.and_then(|number| number.parse().ok()).unwrap_or(0))
}
