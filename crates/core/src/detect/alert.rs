//! Alerts of other detectors, with their severity brought to one scale.
//!
//! See `docs/detectors/device-alert.md`.

use super::fold::Fold;
use super::hash;
use super::story::What;
use super::telling::{Telling, blocked_or_unknown};
use crate::event::Event;
use crate::finding::Category;
use crate::finding::Severity;

/// Words devices use, in their own order of badness. Fortinet, Suricata, Snort, Palo Alto, syslog.
const WORDS: &[(&str, Severity)] = &[
    ("emergency", Severity::Critical),
    ("critical", Severity::Critical),
    ("crit", Severity::Critical),
    ("severe", Severity::Critical),
    ("alert", Severity::High),
    ("high", Severity::High),
    ("major", Severity::High),
    ("error", Severity::Medium),
    ("err", Severity::Medium),
    ("medium", Severity::Medium),
    ("moderate", Severity::Medium),
    ("warning", Severity::Medium),
    ("warn", Severity::Medium),
    ("low", Severity::Low),
    ("minor", Severity::Low),
    ("notice", Severity::Info),
];

/// How bad the device says it is. Numbers are read as Suricata and Snort use them: 1 high, 2 medium,
/// 3 low. What was kept out is one step less bad; what says nothing is low.
pub fn severity_of(event: &Event<'_>) -> Severity {
    let said = event.severity.as_deref().unwrap_or("").trim();
    let severity = match said {
        "1" => Severity::High,
        "2" => Severity::Medium,
        "3" => Severity::Low,
        "" => Severity::Low,
        _ => WORDS
            .iter()
            .find(|(word, _)| word.eq_ignore_ascii_case(said))
            .map_or(Severity::Info, |(_, severity)| *severity),
    };
    if event.action.is_some_and(crate::event::Action::is_refusal) {
        step_down(severity)
    } else {
        severity
    }
}

const fn step_down(severity: Severity) -> Severity {
    match severity {
        Severity::Critical => Severity::High,
        Severity::High => Severity::Medium,
        Severity::Medium | Severity::Low => Severity::Low,
        Severity::Info => Severity::Info,
    }
}

impl Fold<'_> {
    pub(super) fn alert(&mut self, signature: &str, severity: Severity) {
        let key = self.key(What::Alert, hash::bytes(signature.as_bytes()));
        let story = self.tell(key);
        story.label = signature.into();
        story.name(signature);
        story.raise(severity, 70);
        self.open(&key);
    }
}

/// How alerts are told.
pub const ALERT: Telling = Telling {
    detector: "device-alert",
    quiet_seconds: 3_600,
    category: Category::IdsAlert,
    names: "signatures",
    reasons: "kinds",
    techniques: |_| &[],
    key: |story| story.label.to_string(),
    message: |_| "alert",
    messages: &["alert"],
    outcome: blocked_or_unknown,
};

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::{Action, Kind};
    use crate::time::Timestamp;

    #[test]
    fn every_scale_becomes_one() {
        for (said, action, expected) in [
            (Some("critical"), None, Severity::Critical),
            (Some("critical"), Some(Action::Drop), Severity::High),
            (Some("1"), Some(Action::Alert), Severity::High),
            (Some("2"), None, Severity::Medium),
            (Some("INFORMATION"), None, Severity::Info),
            (None, Some(Action::Deny), Severity::Low),
        ] {
            let mut event = Event::new(Timestamp::default(), "test", Kind::Ids);
            event.severity = said.map(Into::into);
            event.action = action;
            assert_eq!(severity_of(&event), expected, "{said:?} {action:?}");
        }
    }
}
