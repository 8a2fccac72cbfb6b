//! What the owner must hear at once: appended to `alerts.jsonl`, shown on the page, and noted in the
//! log without addresses. E-mail and webhooks will read from here.

use std::collections::VecDeque;
use std::io;
use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::journal::Journal;

/// Most alerts kept in memory for the page.
pub const MAX_ALERTS: usize = 200;
/// Journal bytes before it is rotated.
const MAX_JOURNAL_BYTES: u64 = 1 << 20;
const JOURNAL: &str = "alerts.jsonl";

/// One alert.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Alert {
    /// When it was raised, RFC 3339, by the collector's clock.
    pub raised: String,
    /// Where it comes from.
    pub origin: Origin,
    /// Id of the finding, or number of the hub's warning.
    pub id: String,
    /// Severity word.
    pub severity: String,
    /// One line: what.
    pub title: String,
    /// What to do, one step each.
    pub advice: Vec<String>,
}

/// Where an alert comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Origin {
    /// A finding of this collector.
    Finding,
    /// A warning of the hub.
    Hub,
    /// The collector itself: a full disk, an expired identity.
    Collector,
}

/// All alerts, newest kept in memory.
#[derive(Debug)]
pub struct Alerts {
    newest: VecDeque<Alert>,
    journal: Journal,
}

impl Alerts {
    /// With what an earlier run left in `folder`.
    #[must_use]
    pub fn open(folder: &Path) -> Self {
        let mut alerts = Self {
            newest: VecDeque::new(),
            journal: Journal::new(folder, JOURNAL, MAX_JOURNAL_BYTES),
        };
        for line in alerts.journal.lines() {
            if let Ok(alert) = serde_json::from_str(&line) {
                alerts.keep(alert);
            }
        }
        alerts
    }

    /// Raises `alert`, unless one of the same origin and id was raised before.
    ///
    /// # Errors
    /// When it could not be written; it is shown all the same.
    pub fn raise(&mut self, alert: Alert) -> io::Result<bool> {
        if self
            .newest
            .iter()
            .any(|known| known.origin == alert.origin && known.id == alert.id)
        {
            return Ok(false);
        }
        let written = self.journal.append(&alert);
        self.keep(alert);
        written.map(|()| true)
    }

    fn keep(&mut self, alert: Alert) {
        self.newest.push_back(alert);
        if self.newest.len() > MAX_ALERTS {
            self.newest.pop_front();
        }
    }

    /// Oldest first.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = &Alert> {
        self.newest.iter()
    }
}
