//! Which findings are told together.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

use crate::finding::{AttackOutcome, Finding, FindingId, Severity};
use crate::time::Timestamp;

/// Findings told as one story.
pub struct Group<'f> {
    /// Worst first, then the busiest.
    pub findings: Vec<&'f Finding>,
    /// Whether these are different things that one attacker did, rather than the same thing done by
    /// several.
    pub one_attacker: bool,
    pub severity: Severity,
    pub outcome: AttackOutcome,
    pub sources: BTreeSet<IpAddr>,
    pub count: u64,
    pub first: Timestamp,
    pub last: Timestamp,
}

/// Everyday noise, summed up.
#[derive(Default)]
pub struct Noise {
    pub sources: BTreeSet<IpAddr>,
    pub count: u64,
}

/// Groups, worst first, and what is only noise. Different things that one attacker did are told
/// together; else what is high or worse stands alone, and what is medium is told together when it is
/// the same thing done to the same service.
pub fn groups(findings: &[Finding]) -> (Vec<Group<'_>>, Noise) {
    let mut noise = Noise::default();
    let attackers = attackers(findings);
    let mut by_sort: BTreeMap<(String, String, &str), Vec<&Finding>> = BTreeMap::new();
    for finding in findings {
        let together = attackers.contains(&finding.story) && finding.severity >= Severity::Low;
        if !together && finding.severity <= Severity::Low {
            noise.sources.extend(&finding.sources);
            noise.count = noise.count.saturating_add(finding.count);
            continue;
        }
        let sort = if together {
            (finding.story.to_string(), String::new(), "")
        } else if finding.severity >= Severity::High {
            (finding.id.to_string(), String::new(), "")
        } else {
            let detector = finding.detector.to_string();
            (String::new(), detector, finding.key.as_str())
        };
        by_sort.entry(sort).or_default().push(finding);
    }
    let mut groups: Vec<Group<'_>> = by_sort.into_values().filter_map(group).collect();
    groups.sort_by(|a, b| {
        let worst = b.severity.cmp(&a.severity);
        worst
            .then(b.count.cmp(&a.count))
            .then(a.first.cmp(&b.first))
    });
    (groups, noise)
}

/// Stories in which one attacker did different things, at least one of which matters.
fn attackers(findings: &[Finding]) -> BTreeSet<FindingId> {
    let mut deeds: BTreeMap<FindingId, (BTreeSet<&str>, Severity)> = BTreeMap::new();
    for finding in findings {
        if finding.severity >= Severity::Low {
            let (detectors, worst) = deeds
                .entry(finding.story)
                .or_insert((BTreeSet::new(), Severity::Info));
            detectors.insert(&finding.detector);
            *worst = finding.severity.max(*worst);
        }
    }
    let several = deeds
        .into_iter()
        .filter(|(_, (detectors, worst))| detectors.len() > 1 && *worst >= Severity::Medium);
    several.map(|(story, _)| story).collect()
}

fn group(mut findings: Vec<&Finding>) -> Option<Group<'_>> {
    findings.sort_by(|a, b| {
        let worst = b.severity.cmp(&a.severity);
        worst.then(b.count.cmp(&a.count)).then(a.id.cmp(&b.id))
    });
    let lead = *findings.first()?;
    let outcome = if findings.iter().all(|one| one.outcome == lead.outcome) {
        lead.outcome
    } else if findings
        .iter()
        .any(|one| one.outcome == AttackOutcome::Success)
    {
        AttackOutcome::Success
    } else {
        AttackOutcome::Attempt
    };
    Some(Group {
        one_attacker: findings.iter().any(|one| one.detector != lead.detector),
        severity: lead.severity,
        outcome,
        sources: findings
            .iter()
            .flat_map(|one| &one.sources)
            .copied()
            .collect(),
        count: findings.iter().map(|one| one.count).sum(),
        first: findings.iter().map(|one| one.first).min()?,
        last: findings.iter().map(|one| one.last).max()?,
        findings,
    })
}
