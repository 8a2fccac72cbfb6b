//! Which findings are told together.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

use crate::finding::{AttackOutcome, Finding, Severity};
use crate::time::Timestamp;

/// Findings told as one story.
pub struct Group<'f> {
    /// Worst first, then the busiest.
    pub findings: Vec<&'f Finding>,
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

/// Groups, worst first, and what is only noise. What is high or worse stands alone; what is medium
/// is told together when it is the same thing done to the same service.
pub fn groups(findings: &[Finding]) -> (Vec<Group<'_>>, Noise) {
    let mut noise = Noise::default();
    let mut by_sort: BTreeMap<(String, String, &str), Vec<&Finding>> = BTreeMap::new();
    for finding in findings {
        if finding.severity <= Severity::Low {
            noise.sources.extend(&finding.sources);
            noise.count = noise.count.saturating_add(finding.count);
            continue;
        }
        let alone = if finding.severity >= Severity::High {
            finding.id.to_string()
        } else {
            String::new()
        };
        let sort = (alone, finding.detector.to_string(), finding.key.as_str());
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
