//! Alerts of other detectors, with their severity brought to one scale.
//!
//! See `docs/detectors/device-alert.md`.

use super::fold::Fold;
use super::hash;
use super::story::What;
use super::telling::{Telling, blocked_or_unknown, outcome};
use crate::event::Event;
use crate::finding::{AttackOutcome, Category, Severity};

/// Words devices use, in their own order of badness. Fortinet, Suricata, Snort, Palo Alto, syslog.
const WORDS: &[(&str, Severity)] = &[
    ("emergency", Severity::Critical),
    ("very-high", Severity::Critical),
    ("very high", Severity::Critical),
    ("fatal", Severity::Critical),
    ("critical", Severity::Critical),
    ("crit", Severity::Critical),
    ("severe", Severity::Critical),
    ("alert", Severity::High),
    ("high", Severity::High),
    ("major", Severity::High),
    ("malicious", Severity::High),
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

/// Formats of the Common Event Format and the like whose names do not say so, and others that count to ten.
const COUNT_TO_TEN: &[&str] = &[
    "aws-guardduty",
    "citrix-waf",
    "cyberark",
    "imperva",
    "microsoft-mcas",
    "netscout-aed",
    "opswat",
    "trend-deep-security",
    "varonis",
    "vectra",
];

/// How bad the device says it is. What was kept out is one step less bad; what says nothing is low.
pub fn severity_of(event: &Event<'_>) -> Severity {
    let said = event.severity.as_deref().unwrap_or("").trim();
    let whole = said.split('.').next().unwrap_or("");
    let severity = match whole.parse::<u8>() {
        Ok(number) => of_number(number, event.format),
        Err(_) if said.is_empty() => Severity::Low,
        Err(_) => WORDS
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

/// CEF, LEEF and GuardDuty count from 0 to 10, the worst (CEF names 0 to 3 low, 4 to 6 medium, 7 and 8
/// high, 9 and 10 very high); Check Point from 0 to 4, the worst; Suricata and Snort from 1, the worst.
fn of_number(number: u8, format: &str) -> Severity {
    let counts_to_ten =
        format.contains("cef") || format.contains("leef") || COUNT_TO_TEN.contains(&format);
    match number {
        0..=3 if counts_to_ten => Severity::Low,
        4..=6 if counts_to_ten => Severity::Medium,
        7 | 8 if counts_to_ten => Severity::High,
        9 | 10 if counts_to_ten => Severity::Critical,
        4 if format == "checkpoint" => Severity::Critical,
        3 if format == "checkpoint" => Severity::High,
        2 => Severity::Medium,
        1 if format == "checkpoint" => Severity::Low,
        1 => Severity::High,
        3 => Severity::Low,
        _ => Severity::Info,
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
    message: |story| match outcome(story) {
        AttackOutcome::Blocked => "blocked-alert",
        _ => "alert",
    },
    messages: &["alert", "blocked-alert"],
    outcome: blocked_or_unknown,
};

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::{Action, Kind};
    use crate::time::Timestamp;

    #[test]
    fn numbers_are_read_as_the_maker_counts() {
        for (format, said, expected) in [
            ("suricata", "1", Severity::High),
            ("snort", "3", Severity::Low),
            ("suricata", "4", Severity::Info),
            ("generic-cef", "1", Severity::Low),
            ("panos-cef", "5", Severity::Medium),
            ("imperva-leef", "9", Severity::Critical),
            ("generic-cef", "Very-High", Severity::Critical),
            ("aws-guardduty", "8", Severity::High),
            ("aws-guardduty", "8.9", Severity::High),
            ("aws-guardduty", "2", Severity::Low),
            ("vectra", "7", Severity::High),
            ("checkpoint", "4", Severity::Critical),
            ("checkpoint", "1", Severity::Low),
            ("generic-cef", "100", Severity::Info),
        ] {
            let mut event = Event::new(Timestamp::default(), format, Kind::Ids);
            event.severity = Some(said.into());
            assert_eq!(severity_of(&event), expected, "{format} {said}");
        }
    }

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
