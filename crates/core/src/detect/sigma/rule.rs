//! A rule as the rest of the house sees it.

use std::sync::Arc;

use yaml_serde::Mapping;

use super::document::{Document, text_of};
use super::skip::{Skip, SkipReason, skip};
use crate::finding::{Category, Severity};
use crate::words::Words;

/// What a rule looks at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RuleKind {
    /// Single events.
    Event,
    /// Events that other rules match.
    Correlation,
}

/// What a rule says about itself.
#[derive(Clone, Debug, PartialEq)]
pub struct Rule {
    /// Its `id`; where the author gave none, its `name`, else the name of its file.
    pub id: Arc<str>,
    /// Its `name`, by which correlations may refer to it.
    pub name: Option<Arc<str>>,
    /// The name of its file, without ending; the key to its words in the catalogue. Of a second or
    /// later document of a file, with its place.
    pub file: Arc<str>,
    /// Its file, as the caller named it.
    pub path: Arc<str>,
    /// What it looks at.
    pub kind: RuleKind,
    /// Whether a match is a finding by itself; not for rules that only count for a correlation.
    pub reports: bool,
    /// One line.
    pub title: String,
    /// What it looks for and why.
    pub description: String,
    /// Who wrote it.
    pub author: String,
    /// How bad if true, from `level`.
    pub severity: Severity,
    /// How sure a match is, 0 to 100: `larum: confidence:`, else by `status` (stable 80, test 65,
    /// experimental 50, else 60).
    pub confidence: u8,
    /// ATT&CK techniques, from tags such as `attack.t1110.001`.
    pub attack: Vec<Arc<str>>,
    /// The family: `larum: category:`, else from techniques and log source.
    pub category: Category,
    /// What else may look like this.
    pub falsepositives: Vec<String>,
    /// Where to read more.
    pub references: Vec<String>,
    /// What its page says besides.
    pub notes: Notes,
}

/// What the page of a rule says and Sigma has no key for; from the block `larum`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Notes {
    /// Why it matters to a shop.
    pub why: String,
    /// What it cannot see.
    pub limits: String,
    /// How somebody gets around it.
    pub evaded: String,
    /// What to change where it is too loud or too quiet.
    pub tuning: String,
}

impl Rule {
    /// From a document of the file `path`; `file` is its name without ending.
    pub(super) fn read(path: &Arc<str>, file: &str, document: &Document) -> Result<Self, Skip> {
        let Some(title) = document.text("title").filter(|title| !title.is_empty()) else {
            return skip(SkipReason::Incomplete, "title");
        };
        let status = document.text("status").unwrap_or_default();
        if status == "deprecated" || status == "unsupported" {
            return skip(SkipReason::Deprecated, status);
        }
        let id = document.text("id").or_else(|| document.text("name"));
        let attack = techniques(&document.texts("tags"));
        let own = document.map("larum");
        let logsource = document.map("logsource");
        Ok(Self {
            id: id.map_or_else(|| Arc::from(file), Arc::from),
            name: document.text("name").map(Arc::from),
            file: Arc::from(file),
            path: Arc::clone(path),
            kind: RuleKind::Event,
            reports: true,
            title,
            description: document.text("description").unwrap_or_default(),
            author: document.text("author").unwrap_or_default(),
            severity: match document.text("level").as_deref() {
                Some("critical") => Severity::Critical,
                Some("high") => Severity::High,
                Some("low") => Severity::Low,
                Some("informational") => Severity::Info,
                _ => Severity::Medium,
            },
            confidence: own_text(own, "confidence")
                .and_then(|text| text.parse().ok())
                .filter(|confidence| *confidence <= 100)
                .unwrap_or(match status.as_str() {
                    "stable" => 80,
                    "test" => 65,
                    "experimental" => 50,
                    _ => 60,
                }),
            category: own_text(own, "category")
                .and_then(|word| Category::from_word(&word))
                .unwrap_or_else(|| category(&attack, &document.texts("tags"), logsource)),
            attack,
            falsepositives: document.texts("falsepositives"),
            references: document.texts("references"),
            notes: {
                let note = |key: &str| own_text(own, key).unwrap_or_default();
                Notes {
                    why: note("why"),
                    limits: note("limits"),
                    evaded: note("evaded"),
                    tuning: note("tuning"),
                }
            },
        })
    }

    /// Takes over from the rules that a correlation counts what its document does not say: the worst
    /// level, the techniques, the family.
    pub(super) fn inherit<'r>(
        &mut self,
        document: &Document,
        counted: impl Iterator<Item = &'r Self>,
    ) {
        let says_family = own_text(document.map("larum"), "category").is_some();
        let says_techniques = !self.attack.is_empty();
        let mut worst = None;
        for (place, rule) in counted.enumerate() {
            worst = worst.max(Some(rule.severity));
            if !says_techniques {
                for technique in &rule.attack {
                    if !self.attack.contains(technique) {
                        self.attack.push(Arc::clone(technique));
                    }
                }
            }
            if place == 0 && !says_family && !says_techniques {
                self.category = rule.category;
            }
        }
        if let Some(worst) = worst
            && !document.has("level")
        {
            self.severity = worst;
        }
    }

    /// What to do about a match, in plain words: the rule's own advice if the catalogue has it, else
    /// that of its family.
    #[must_use]
    pub fn advice(&self, words: &Words) -> String {
        let own = format!("rule-advice-{}", self.file);
        if words.has(&own) {
            return words.say(&own);
        }
        let family = match self.category {
            Category::WebAttack => "web",
            Category::Exposure => "exposure",
            Category::BruteForce => "log-in",
            Category::Malware | Category::C2 | Category::DnsTunnel | Category::GeneratedDomain => {
                "malware"
            }
            _ => "other",
        };
        words.say(&format!("rule-advice-for-{family}"))
    }

    /// The title a person reads: from the catalogue if it is there, else the author's own.
    #[must_use]
    pub fn title_in(&self, words: &Words) -> String {
        let own = format!("rule-title-{}", self.file);
        if words.has(&own) {
            words.say(&own)
        } else {
            self.title.clone()
        }
    }
}

fn own_text(own: Option<&Mapping>, key: &str) -> Option<String> {
    text_of(own?.get(key)?)
}

/// `attack.t1110.001` becomes `T1110.001`; tactics, groups and software are no techniques.
fn techniques(tags: &[String]) -> Vec<Arc<str>> {
    let mut found: Vec<Arc<str>> = Vec::new();
    for tag in tags {
        let Some(rest) = tag
            .to_ascii_lowercase()
            .strip_prefix("attack.t")
            .map(str::to_owned)
        else {
            continue;
        };
        let digits = rest.split('.').next().unwrap_or("");
        if digits.len() == 4 && digits.bytes().all(|byte| byte.is_ascii_digit()) {
            let technique: Arc<str> = Arc::from(format!("T{rest}").as_str());
            if !found.contains(&technique) {
                found.push(technique);
            }
        }
    }
    found
}

/// The family of a rule that does not say it: from the log source where that decides, else from what
/// the technique is for.
fn category(attack: &[Arc<str>], tags: &[String], logsource: Option<&Mapping>) -> Category {
    let source = own_text(logsource, "category").unwrap_or_default();
    let technique = |prefixes: &[&str]| {
        attack
            .iter()
            .any(|id| prefixes.iter().any(|prefix| id.starts_with(prefix)))
    };
    let tactic = |name: &str| {
        tags.iter()
            .any(|tag| tag.replace('_', "-") == format!("attack.{name}"))
    };
    if source == "antivirus" {
        Category::Malware
    } else if source == "ids" || source == "ips" {
        Category::IdsAlert
    } else if technique(&["T1110"]) {
        Category::BruteForce
    } else if technique(&["T1046", "T1595"]) && source != "webserver" {
        Category::Scan
    } else if source == "webserver" {
        Category::WebAttack
    } else if technique(&["T1498", "T1499"]) {
        Category::Dos
    } else if technique(&["T1071", "T1090", "T1219"]) || tactic("command-and-control") {
        Category::C2
    } else if technique(&["T1567", "T1048"]) || tactic("exfiltration") {
        Category::Exfiltration
    } else if technique(&["T1496", "T1486", "T1204"]) {
        Category::Malware
    } else {
        Category::Policy
    }
}
