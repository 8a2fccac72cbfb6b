//! The newest findings, kept for the local page; they survive a restart.

use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::io;
use std::net::IpAddr;
use std::path::Path;

use larum_core::finding::{Evidence, Finding, Severity};
use larum_core::time::Timestamp;
use serde::{Deserialize, Serialize};

use crate::journal::Journal;

/// Most findings kept; the ones that ended longest ago go first.
pub const MAX_FINDINGS: usize = 2_000;
/// Journal bytes before it is rotated.
const MAX_JOURNAL_BYTES: u64 = 4 << 20;
const JOURNAL: &str = "findings.jsonl";
/// Most pieces of evidence kept of a finding, and most characters of each.
const MAX_EVIDENCE: usize = 20;
const MAX_EVIDENCE_CHARS: usize = 300;

/// A finding as it is kept. Never leaves the building.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct KeptFinding {
    /// Stable identity, 32 hexadecimal digits.
    pub id: String,
    /// What the same attacker does has the same story; empty in journals of before there were stories.
    #[serde(default)]
    pub story: String,
    /// Detector or rule.
    pub detector: String,
    /// One line, in plain words.
    pub title: String,
    /// Category word.
    pub category: String,
    /// ATT&CK ids.
    pub attack: Vec<String>,
    /// Severity word.
    pub severity: String,
    /// 0 to 100.
    pub confidence: u8,
    /// Outcome word.
    pub outcome: String,
    /// First event, milliseconds since the epoch.
    pub first: i64,
    /// Last event, milliseconds since the epoch.
    pub last: i64,
    /// Who did it.
    pub sources: Vec<IpAddr>,
    /// The one target.
    pub dst_ip: Option<IpAddr>,
    /// The one service.
    pub dst_port: Option<u16>,
    /// Protocol keyword of the service.
    pub proto: Option<String>,
    /// Events behind it.
    pub count: u64,
    /// What firms compare; empty in journals of before it was kept.
    #[serde(default)]
    pub key: String,
    /// What it rests on.
    pub evidence: Vec<(String, String)>,
    /// What to do.
    pub advice: String,
    /// Device whose record decided it.
    pub device: String,
    /// Whether it is still going on.
    pub open: bool,
}

impl KeptFinding {
    /// Of a finding decided by a record of `device`.
    #[must_use]
    pub fn of(finding: &Finding, device: &str, open: bool) -> Self {
        Self {
            id: finding.id.to_string(),
            story: finding.story.to_string(),
            detector: finding.detector.to_string(),
            title: finding.title.clone(),
            category: finding.category.to_string(),
            attack: finding.attack.iter().map(ToString::to_string).collect(),
            severity: finding.severity.to_string(),
            confidence: finding.confidence,
            outcome: finding.outcome.to_string(),
            first: finding.first.as_millis(),
            last: finding.last.as_millis(),
            sources: finding.sources.clone(),
            dst_ip: finding.dst_ip,
            dst_port: finding.dst_port,
            proto: finding.proto.map(|proto| proto.to_string()),
            count: finding.count,
            key: finding.key.clone(),
            evidence: finding
                .evidence
                .iter()
                .take(MAX_EVIDENCE)
                .map(|(name, value)| ((*name).to_owned(), shown(value)))
                .collect(),
            advice: finding.advice.clone(),
            device: device.to_owned(),
            open,
        }
    }

    /// The story it is part of; of its own when none is known.
    #[must_use]
    pub fn story(&self) -> &str {
        if self.story.is_empty() {
            &self.id
        } else {
            &self.story
        }
    }

    /// How bad it is.
    #[must_use]
    pub fn severity(&self) -> Severity {
        Severity::from_word(&self.severity).unwrap_or(Severity::Info)
    }

    /// When it was last going on.
    #[must_use]
    pub const fn last(&self) -> Timestamp {
        Timestamp::from_millis(self.last)
    }
}

fn shown(value: &Evidence) -> String {
    let text = match value {
        Evidence::Text(text) => text.clone(),
        Evidence::Number(number) => number.to_string(),
        Evidence::List(list) => list.join(", "),
    };
    match text.char_indices().nth(MAX_EVIDENCE_CHARS) {
        Some((cut, _)) => format!("{}…", text.get(..cut).unwrap_or_default()),
        None => text,
    }
}

/// The newest findings by id.
#[derive(Debug)]
pub struct Findings {
    kept: BTreeMap<String, KeptFinding>,
    journal: Journal,
}

impl Findings {
    /// What an earlier run left in `folder`; what was still going on then is over.
    #[must_use]
    pub fn open(folder: &Path) -> Self {
        let mut findings = Self {
            kept: BTreeMap::new(),
            journal: Journal::new(folder, JOURNAL, MAX_JOURNAL_BYTES),
        };
        for line in findings.journal.lines() {
            if let Ok(mut finding) = serde_json::from_str::<KeptFinding>(&line) {
                finding.open = false;
                findings.keep(finding);
            }
        }
        findings
    }

    /// Keeps `finding`, in place of what was kept under its id. Returns whether it is new.
    ///
    /// # Errors
    /// When it could not be written; it is kept in memory all the same.
    pub fn put(&mut self, finding: KeptFinding) -> io::Result<bool> {
        let written = self.journal.append(&finding);
        let new = self.keep(finding);
        written.map(|()| new)
    }

    fn keep(&mut self, finding: KeptFinding) -> bool {
        let new = self.kept.insert(finding.id.clone(), finding).is_none();
        if self.kept.len() > MAX_FINDINGS {
            let oldest = self
                .kept
                .values()
                .min_by_key(|finding| finding.last)
                .map(|finding| finding.id.clone());
            if let Some(oldest) = oldest {
                self.kept.remove(&oldest);
            }
        }
        new
    }

    /// Every kept finding, in no useful order.
    pub fn iter(&self) -> impl Iterator<Item = &KeptFinding> {
        self.kept.values()
    }

    /// The findings as stories, the one that was last going on first; of each the worst finding first,
    /// then the latest.
    #[must_use]
    pub fn stories(&self) -> Vec<Vec<&KeptFinding>> {
        let mut stories: BTreeMap<&str, Vec<&KeptFinding>> = BTreeMap::new();
        for finding in self.kept.values() {
            stories.entry(finding.story()).or_default().push(finding);
        }
        let mut stories: Vec<Vec<&KeptFinding>> = stories.into_values().collect();
        for story in &mut stories {
            story.sort_by_key(|one| Reverse((one.severity(), one.outcome == "success", one.last)));
        }
        stories.sort_by_cached_key(|story| Reverse(story.iter().map(|one| one.last).max()));
        stories
    }

    /// The one with this id.
    #[must_use]
    pub fn get(&self, id: &str) -> Option<&KeptFinding> {
        self.kept.get(id)
    }
}
