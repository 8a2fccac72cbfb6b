//! Which findings are told together.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

use crate::finding::{AttackOutcome, Category, Finding, FindingId, Severity};
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
    /// The place, from 0, of the group in which somebody got in shortly before a computer inside did this.
    pub follows: Option<usize>,
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
    let entered: Vec<Timestamp> = groups
        .iter()
        .filter(|group| group.is_entry())
        .map(|group| group.last)
        .collect();
    for group in &mut groups {
        if entered.iter().any(|at| group.begins_after(*at)) {
            group.severity = group.severity.max(Severity::High);
        }
    }
    groups.sort_by_cached_key(|group| {
        let tries = (Reverse(rank(group.outcome)), Reverse(group.count));
        (Reverse(group.severity), tries, group.first)
    });
    for place in 0..groups.len() {
        let follows = groups.get(place).and_then(|group| {
            let is_before = |entry: &Group<'_>| entry.is_entry() && group.begins_after(entry.last);
            groups.iter().position(is_before)
        });
        if let Some(group) = groups.get_mut(place) {
            group.follows = follows;
        }
    }
    (groups, noise)
}

impl Group<'_> {
    /// Whether somebody seems to have got in.
    fn is_entry(&self) -> bool {
        self.outcome == AttackOutcome::Success && self.severity >= Severity::High
    }

    /// Whether a computer inside did what an intruder makes it do, within a day after `entry`.
    fn begins_after(&self, entry: Timestamp) -> bool {
        let lead = self.findings.first();
        let is_sequel = lead.is_some_and(|lead| {
            &*lead.detector == "inside-attack"
                || matches!(
                    lead.category,
                    Category::Exfiltration
                        | Category::C2
                        | Category::DnsTunnel
                        | Category::GeneratedDomain
                )
        });
        is_sequel && entry <= self.first && self.first <= entry.plus_seconds(86_400)
    }
}

/// What may have worked comes before what did not, and last what was kept out.
const fn rank(outcome: AttackOutcome) -> u8 {
    match outcome {
        AttackOutcome::Blocked => 0,
        AttackOutcome::Attempt => 1,
        AttackOutcome::Unknown => 2,
        AttackOutcome::Success => 3,
    }
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

/// Whether `other` tells of the same events as `one`, and more of them.
fn says_more(other: &Finding, one: &Finding) -> bool {
    other.severity > one.severity
        && (other.category, other.count) == (one.category, one.count)
        && (other.first, other.last) == (one.first, one.last)
}

fn group(all: Vec<&Finding>) -> Option<Group<'_>> {
    let is_new = |one: &&Finding| !all.iter().any(|other| says_more(other, one));
    let mut findings: Vec<&Finding> = all.iter().copied().filter(is_new).collect();
    findings.sort_by(|a, b| {
        let worst = b.severity.cmp(&a.severity);
        worst.then(b.count.cmp(&a.count)).then(a.id.cmp(&b.id))
    });
    let lead = *findings.first()?;
    let is_all = findings.iter().all(|one| one.outcome == lead.outcome);
    let outcome = if is_all || lead.outcome == AttackOutcome::Unknown {
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
        follows: None,
        findings,
    })
}
