//! Contact with a listed address, network or domain.
//!
//! See `docs/detectors/indicator.md`.

use super::fold::Fold;
use super::hash;
use super::story::{Ending, What};
use super::telling::{Telling, blocked_or_unknown, outcome};
use crate::finding::{AttackOutcome, Category, Severity};

impl Fold<'_> {
    pub(super) fn listed(&mut self) {
        let Some(listed) = &self.seen.listed else {
            return;
        };
        let direction = u64::from(listed.outgoing) << 16;
        // From inside, each listed place is a story of its own; from outside, the actor is the place.
        let place = if listed.outgoing {
            hash::bytes(listed.what.as_bytes())
        } else {
            0
        };
        let key = self.key(
            What::Indicator,
            (u64::from(listed.list) | direction) ^ place,
        );
        let severity = match (listed.outgoing, self.seen.ending) {
            (true, Ending::Refused) => Severity::Medium,
            (true, _) => Severity::High,
            (false, Ending::Refused) => Severity::Info,
            (false, Ending::Unsaid) => Severity::Low,
            (false, Ending::Served) => Severity::Medium,
        };
        let list = self.detect.indicators.list_name(listed.list).to_owned();
        let story = self.tell(key);
        story.label = listed.what.clone();
        story.reason(&list);
        if listed.outgoing {
            story.name(&listed.what);
        }
        story.raise(severity, 70);
        self.open(&key);
    }
}

/// How contact with listed places is told.
pub const INDICATOR: Telling = Telling {
    detector: "indicator",
    quiet_seconds: 6 * 3_600,
    category: Category::Indicator,
    names: "listed",
    reasons: "lists",
    techniques: |_| &[],
    key: |story| story.label.to_string(),
    message: |story| match () {
        () if !story.names.items().is_empty() => "indicator-out",
        () if outcome(story) == AttackOutcome::Blocked => "indicator-blocked",
        () => "indicator-in",
    },
    messages: &["indicator-out", "indicator-blocked", "indicator-in"],
    outcome: blocked_or_unknown,
};
