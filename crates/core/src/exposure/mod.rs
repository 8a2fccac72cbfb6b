//! How urgent a weak spot is: the first rule that applies decides, and names its reason.
//!
//! Anchors: CVSS v3.1 bands, CISA's list of exploited vulnerabilities, EPSS, and the 14 days of Cyber
//! Essentials.

use crate::event::words;
use crate::finding::Severity;

words! {
    /// Why a weak spot got its grade.
    Reason {
        /// Known to be exploited, and reachable from the internet.
        ExploitedAndReachable = "exploited-and-reachable",
        /// CVSS 9.0 or more, and reachable.
        CriticalAndReachable = "critical-and-reachable",
        /// Likely to be exploited (EPSS 0.5 or more), serious and reachable.
        LikelyAndReachable = "likely-and-reachable",
        /// CVSS 7.0 or more.
        HighScore = "high-score",
        /// Known to be exploited, but not reachable from the internet.
        ExploitedNotReachable = "exploited-not-reachable",
        /// EPSS 0.1 or more.
        Likely = "likely",
        /// A service that should never face the internet does.
        RiskyServiceExposed = "risky-service-exposed",
        /// CVSS 4.0 to 6.9.
        MediumScore = "medium-score",
        /// CVSS below 4.0.
        LowScore = "low-score",
        /// Nothing above applies.
        Informational = "informational",
    }
}

/// Ports whose service should never face the internet: Windows file sharing and remote desktop,
/// telnet, remote management, screens and data stores.
const RISKY_PORTS: &[u16] = &[
    23, 135, 139, 445, 389, 623, 1433, 1521, 2375, 3306, 3389, 5432, 5900, 5985, 6379, 9200, 11211,
    27017,
];

/// What is known about a weak spot.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Facts {
    /// CVSS base score, 0.0 to 10.0.
    pub cvss: Option<f64>,
    /// EPSS probability, 0.0 to 1.0.
    pub epss: Option<f64>,
    /// On CISA's list of known exploited vulnerabilities.
    pub exploited: bool,
    /// The service answers from the internet.
    pub reachable: bool,
    /// Its port.
    pub port: Option<u16>,
}

/// The grade and its reason.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Grade {
    /// How urgent.
    pub severity: Severity,
    /// Why.
    pub reason: Reason,
    /// Hours within which it should be mended.
    pub fix_within_hours: u32,
}

/// Grades a weak spot.
#[must_use]
pub fn grade(facts: &Facts) -> Grade {
    let at_least = |value: Option<f64>, least: f64| value.is_some_and(|value| value >= least);
    let risky = facts.reachable && facts.port.is_some_and(|port| RISKY_PORTS.contains(&port));
    let rules = [
        (
            facts.exploited && facts.reachable,
            Severity::Critical,
            Reason::ExploitedAndReachable,
        ),
        (
            at_least(facts.cvss, 9.0) && facts.reachable,
            Severity::Critical,
            Reason::CriticalAndReachable,
        ),
        (
            at_least(facts.epss, 0.5) && at_least(facts.cvss, 7.0) && facts.reachable,
            Severity::Critical,
            Reason::LikelyAndReachable,
        ),
        (at_least(facts.cvss, 7.0), Severity::High, Reason::HighScore),
        (
            facts.exploited,
            Severity::High,
            Reason::ExploitedNotReachable,
        ),
        (at_least(facts.epss, 0.1), Severity::High, Reason::Likely),
        (risky, Severity::High, Reason::RiskyServiceExposed),
        (
            at_least(facts.cvss, 4.0),
            Severity::Medium,
            Reason::MediumScore,
        ),
        (at_least(facts.cvss, 0.1), Severity::Low, Reason::LowScore),
    ];
    let (severity, reason) = rules.into_iter().find(|(applies, ..)| *applies).map_or(
        (Severity::Info, Reason::Informational),
        |(_, severity, reason)| (severity, reason),
    );
    Grade {
        severity,
        reason,
        fix_within_hours: fix_within_hours(severity),
    }
}

/// Critical 48 hours, high 14 days (Cyber Essentials), medium 30 days, the rest 90.
const fn fix_within_hours(severity: Severity) -> u32 {
    match severity {
        Severity::Critical => 48,
        Severity::High => 14 * 24,
        Severity::Medium => 30 * 24,
        Severity::Low | Severity::Info => 90 * 24,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_rule_that_applies_decides() {
        use Reason::*;
        use Severity::*;
        let facts = |cvss, epss, exploited, reachable, port| Facts {
            cvss,
            epss,
            exploited,
            reachable,
            port,
        };
        #[rustfmt::skip]
        let cases = [
            (facts(None, None, true, true, None), Critical, ExploitedAndReachable),
            (facts(Some(9.8), None, false, true, None), Critical, CriticalAndReachable),
            (facts(Some(7.0), Some(0.5), false, true, None), Critical, LikelyAndReachable),
            (facts(Some(9.8), None, false, false, None), High, HighScore),
            (facts(None, None, true, false, None), High, ExploitedNotReachable),
            (facts(None, Some(0.1), false, true, None), High, Likely),
            (facts(None, None, false, true, Some(3389)), High, RiskyServiceExposed),
            (facts(None, None, false, false, Some(3389)), Info, Informational),
            (facts(Some(6.9), None, false, true, None), Medium, MediumScore),
            (facts(Some(3.9), None, false, true, None), Low, LowScore),
            (facts(None, None, false, true, None), Info, Informational),
        ];
        for (facts, severity, reason) in cases {
            let grade = grade(&facts);
            assert_eq!(
                (grade.severity, grade.reason),
                (severity, reason),
                "{facts:?}"
            );
        }
    }

    #[test]
    fn more_danger_never_lowers_the_grade() {
        for cvss in 0..=100 {
            let facts = |exploited, reachable| Facts {
                cvss: Some(f64::from(cvss) / 10.0),
                exploited,
                reachable,
                ..Facts::default()
            };
            let plain = grade(&facts(false, false)).severity;
            assert!(grade(&facts(true, false)).severity >= plain);
            assert!(grade(&facts(false, true)).severity >= plain);
            assert!(grade(&facts(true, true)).severity >= grade(&facts(true, false)).severity);
        }
    }
}
