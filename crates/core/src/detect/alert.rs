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

/// How a maker counts how bad something is.
enum Scale {
    /// The higher the worse: from this number on.
    Rising(&'static [(u8, Severity)]),
    /// The lower the worse: up to this number.
    Falling(&'static [(u8, Severity)]),
}

/// 0 to 10, as the Common Event Format names them: 0 to 3 low, 4 to 6 medium, 7 and 8 high, 9 and 10 very high.
const TEN: Scale = Scale::Rising(&[
    (11, Severity::Info),
    (9, Severity::Critical),
    (7, Severity::High),
    (4, Severity::Medium),
    (0, Severity::Low),
]);

/// 1 to 5: informational, low, medium, high, critical.
const FIVE: Scale = Scale::Rising(&[
    (5, Severity::Critical),
    (4, Severity::High),
    (3, Severity::Medium),
    (2, Severity::Low),
]);

/// 0 to 4, Check Point.
const FOUR: Scale = Scale::Rising(&[
    (5, Severity::Info),
    (4, Severity::Critical),
    (3, Severity::High),
    (2, Severity::Medium),
    (1, Severity::Low),
]);

/// 0 to 15, OSSEC and Wazuh.
const FIFTEEN: Scale = Scale::Rising(&[
    (15, Severity::Critical),
    (12, Severity::High),
    (7, Severity::Medium),
    (4, Severity::Low),
]);

/// 0 to 7, the severities of syslog (RFC 5424).
const SYSLOG: Scale = Scale::Falling(&[
    (0, Severity::Critical),
    (2, Severity::High),
    (4, Severity::Medium),
    (5, Severity::Low),
]);

/// Syslog's numbers, of which Stormshield uses 1 for its major alarms and 4 for its minor ones.
const MAJOR_MINOR: Scale = Scale::Falling(&[
    (2, Severity::High),
    (3, Severity::Medium),
    (4, Severity::Low),
]);

/// Priorities of Snort and Suricata, and of those who build on them: from 1, the worst.
const PRIORITY: Scale = Scale::Falling(&[
    (0, Severity::Info),
    (1, Severity::High),
    (2, Severity::Medium),
    (3, Severity::Low),
]);

/// Formats whose scale neither their name says nor is Snort's.
const SCALES: &[(&str, &Scale)] = &[
    ("aws-guardduty", &TEN),
    ("checkpoint", &FOUR),
    ("cisco-asa", &SYSLOG),
    ("cisco-asa-bare", &SYSLOG),
    ("cisco-ios", &SYSLOG),
    ("cisco-ios-firewall", &SYSLOG),
    ("cisco-wlc", &SYSLOG),
    ("citrix-waf", &TEN),
    ("cyberark", &TEN),
    ("f5-bigip", &SYSLOG),
    ("imperva", &TEN),
    ("mcafee-epo", &SYSLOG),
    ("microsoft-mcas", &TEN),
    ("modsecurity", &SYSLOG),
    ("netscout-aed", &TEN),
    ("nginx-error", &SYSLOG),
    ("opswat", &TEN),
    ("ossec", &FIFTEEN),
    ("panos-cef", &FIVE),
    ("panos-leef", &FIVE),
    ("sonicwall", &SYSLOG),
    ("stormshield", &MAJOR_MINOR),
    ("trend-deep-security", &TEN),
    ("varonis", &TEN),
    ("vectra", &TEN),
    ("watchguard", &FIVE),
    ("wazuh", &FIFTEEN),
];

/// How bad the device says it is. What was kept out is one step less bad; what says nothing is low.
pub fn severity_of(event: &Event<'_>) -> Severity {
    let said = event.severity.as_deref().unwrap_or("").trim();
    let whole = said.split('.').next().unwrap_or("");
    let severity = match whole.parse::<u8>() {
        Ok(number) => of_number(number, scale_of(event)),
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

fn scale_of(event: &Event<'_>) -> &'static Scale {
    let format = event.format;
    // Its firewalls count to five, its other products to ten.
    let cortex = event.product.is_some_and(|name| name.starts_with("Cortex"));
    match SCALES.iter().find(|(name, _)| *name == format) {
        Some((_, scale)) if !cortex => scale,
        None if !(format.contains("cef") || format.contains("leef")) => &PRIORITY,
        _ => &TEN,
    }
}

fn of_number(number: u8, scale: &Scale) -> Severity {
    let step = match scale {
        Scale::Rising(steps) => steps.iter().find(|(from, _)| number >= *from),
        Scale::Falling(steps) => steps.iter().find(|(to, _)| number <= *to),
    };
    step.map_or(Severity::Info, |(_, severity)| *severity)
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
            ("panos-cef", "5", Severity::Critical),
            ("panos-cef", "1", Severity::Info),
            ("watchguard", "5", Severity::Critical),
            ("watchguard", "1", Severity::Info),
            ("sonicwall", "1", Severity::High),
            ("sonicwall", "4", Severity::Medium),
            ("sonicwall", "6", Severity::Info),
            ("stormshield", "1", Severity::High),
            ("stormshield", "4", Severity::Low),
            ("cisco-asa", "2", Severity::High),
            ("modsecurity", "2", Severity::High),
            ("ossec", "10", Severity::Medium),
            ("ossec", "3", Severity::Info),
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
