//! Which known-exploited weaknesses belong to what is attacked: only sure ones, by the table in
//! `content/weaknesses/`. The list itself is the operator's, such as CISA's catalogue.

use std::collections::BTreeSet;
use std::sync::LazyLock;

use serde::Deserialize;

use super::service;
use crate::content::WEAKNESSES;
use crate::words::Words;

/// Most weaknesses told of one key.
pub const MAX_TOLD: usize = 10;
/// Most weaknesses that get a step of their own in a warning.
pub const MAX_STEPS: usize = 3;

/// A weakness that attackers are known to use, as a list of such tells it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Weakness {
    /// Its number, `CVE-2021-44228`.
    pub cve: String,
    /// Who makes the product.
    pub vendor: String,
    /// The product.
    pub product: String,
    /// What it is called.
    pub name: String,
    /// What the list says must be done.
    pub action: String,
    /// When it was listed, `2021-12-10`.
    pub added: String,
    /// Until when those bound by the list had to have done it, `2021-12-24`; empty where none is said.
    pub due: String,
    /// Whether extortionists are known to use it.
    pub ransomware: bool,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[serde(rename = "match")]
    matches: Vec<Match>,
}

/// What belongs to one key.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Match {
    key: Option<String>,
    rule: Option<String>,
    #[serde(default)]
    cves: Vec<String>,
    vendor: Option<String>,
    #[serde(default)]
    words: Vec<String>,
    /// Why it is sure; for those who read the file.
    #[serde(rename = "because")]
    _because: String,
}

static MATCHES: LazyLock<Vec<Match>> = LazyLock::new(|| {
    let files = WEAKNESSES.iter();
    let read = files.filter_map(|(_, text)| toml::from_str::<File>(text).ok());
    read.flat_map(|file| file.matches).collect()
});

impl Match {
    fn is_of(&self, key: &str, rule: Option<&str>) -> bool {
        self.key.as_deref() == Some(key) || (self.rule.is_some() && self.rule.as_deref() == rule)
    }

    fn names(&self, weakness: &Weakness) -> bool {
        let by_words = || {
            let whole = [weakness.product.as_str(), weakness.name.as_str()];
            self.vendor
                .as_deref()
                .is_some_and(|vendor| vendor.eq_ignore_ascii_case(weakness.vendor.trim()))
                && self
                    .words
                    .iter()
                    .any(|word| whole.iter().any(|text| has_words(text, word)))
        };
        self.cves.contains(&weakness.cve) || by_words()
    }
}

/// Whether `words` stand in `text` and no letter or digit beside them.
fn has_words(text: &str, words: &str) -> bool {
    let (text, words) = (text.to_ascii_lowercase(), words.to_ascii_lowercase());
    let is_part = |byte: Option<&u8>| byte.is_some_and(u8::is_ascii_alphanumeric);
    text.match_indices(&words).any(|(at, found)| {
        let bytes = text.as_bytes();
        let before = at.checked_sub(1).and_then(|before| bytes.get(before));
        !is_part(before) && !is_part(bytes.get(at + found.len()))
    })
}

/// The weaknesses of `listed` that are surely meant by attacks on one of `keys`: those used for
/// extortion first, then the newest; at most [`MAX_TOLD`].
#[must_use]
pub fn of_keys<'l>(keys: &[&str], listed: &'l [Weakness]) -> Vec<&'l Weakness> {
    let matches: Vec<&Match> = MATCHES
        .iter()
        .filter(|one| keys.iter().any(|key| one.is_of(key, service::rule(key))))
        .collect();
    let mut told = BTreeSet::new();
    let mut found: Vec<&Weakness> = listed
        .iter()
        .filter(|weakness| matches.iter().any(|one| one.names(weakness)))
        .filter(|weakness| told.insert(weakness.cve.as_str()))
        .collect();
    found.sort_by(|left, right| {
        (right.ransomware, &right.added, &right.cve).cmp(&(left.ransomware, &left.added, &left.cve))
    });
    found.truncate(MAX_TOLD);
    found
}

/// One step of advice about each weakness, at most [`MAX_STEPS`].
#[must_use]
pub fn actions(words: &Words, found: &[&Weakness]) -> Vec<String> {
    found
        .iter()
        .take(MAX_STEPS)
        .map(|weakness| {
            let about = [
                ("product", product(weakness).into()),
                ("cve", weakness.cve.as_str().into()),
                ("action", sentence(&weakness.action).into()),
                ("due", weakness.due.as_str().into()),
            ];
            let mut step = words.say_with("watch-weakness-step", &about);
            if !weakness.due.is_empty() {
                step.push(' ');
                step.push_str(&words.say_with("watch-weakness-due", &about));
            }
            step
        })
        .collect()
}

/// What is said of them together in a warning; `None` where there is nothing to say.
#[must_use]
pub fn why(words: &Words, found: &[&Weakness]) -> Option<String> {
    if found.is_empty() {
        return None;
    }
    let numbers: Vec<&str> = found.iter().map(|one| one.cve.as_str()).collect();
    let mut why = words.say_with(
        "watch-weakness-why",
        &[
            ("count", found.len().into()),
            ("cves", numbers.join(", ").into()),
        ],
    );
    if found.iter().any(|one| one.ransomware) {
        why.push(' ');
        why.push_str(&words.say("watch-weakness-ransomware"));
    }
    Some(why)
}

/// Maker and product, the maker said once.
#[must_use]
pub fn product(weakness: &Weakness) -> String {
    if has_words(&weakness.product, &weakness.vendor) {
        weakness.product.clone()
    } else {
        format!("{} {}", weakness.vendor, weakness.product)
    }
}

/// What the list says must be done, with a full stop.
fn sentence(text: &str) -> String {
    let text = text.trim_end_matches(['.', ' ']);
    format!("{text}.")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn weakness(cve: &str, vendor: &str, product: &str, name: &str) -> Weakness {
        Weakness {
            cve: cve.into(),
            vendor: vendor.into(),
            product: product.into(),
            name: name.into(),
            action: "Put the maker's update in".into(),
            added: "2026-01-02".into(),
            due: "2026-01-23".into(),
            ransomware: false,
        }
    }

    fn told(keys: &[&str], listed: &[Weakness]) -> Vec<String> {
        let found = of_keys(keys, listed);
        found.into_iter().map(|one| one.cve.clone()).collect()
    }

    #[test]
    fn the_table_can_be_read_and_names_only_rules_and_numbers_that_there_are() {
        let files = WEAKNESSES.len();
        let read: Vec<File> = WEAKNESSES
            .iter()
            .map(|(name, text)| toml::from_str(text).unwrap_or_else(|e| panic!("{name}: {e}")))
            .collect();
        assert_eq!(files, read.len());
        assert!(MATCHES.len() > 20);
        for one in MATCHES.iter() {
            assert_eq!(one.key.is_some(), one.rule.is_none());
            assert_eq!(one.cves.is_empty(), one.vendor.is_some());
            assert_eq!(one.vendor.is_some(), !one.words.is_empty());
            assert!(one._because.len() > 20);
            if let Some(rule) = &one.rule {
                assert!(
                    crate::content::RULES.iter().any(|(file, _)| file == rule),
                    "{rule}"
                );
            }
        }
    }

    #[test]
    fn a_service_has_the_weaknesses_of_what_answers_there_and_no_others() {
        let listed = [
            weakness(
                "CVE-2026-1001",
                "Microsoft",
                "Remote Desktop Services",
                "A hole",
            ),
            weakness(
                "CVE-2026-1002",
                "Microsoft",
                "Remote Desktop Client",
                "A hole",
            ),
            weakness(
                "CVE-2026-1003",
                "Example",
                "Remote Desktop Services",
                "A hole",
            ),
            weakness("CVE-2026-1004", "microsoft ", "Windows", "Windows SMB hole"),
            weakness(
                "CVE-2026-1005",
                "Microsoft",
                "Windows",
                "A hole of SMBaloney",
            ),
            weakness("CVE-2026-1006", "Samba", "Samba", "A hole"),
        ];
        assert_eq!(told(&["tcp/3389"], &listed), ["CVE-2026-1001"]);
        assert_eq!(
            told(&["tcp/445"], &listed),
            ["CVE-2026-1006", "CVE-2026-1004"]
        );
        assert_eq!(told(&["tcp/445", "tcp/3389", "tcp/445"], &listed).len(), 3);
        assert!(told(&["tcp/80"], &listed).is_empty());
        assert!(told(&[""], &listed).is_empty());
    }

    #[test]
    fn a_rule_has_the_weaknesses_it_looks_for() {
        let listed = [
            weakness("CVE-2021-44228", "Apache", "Log4j2", "A hole"),
            weakness("CVE-2021-44229", "Apache", "Log4j2", "Another"),
        ];
        let log4shell = "ccffb2d5-1da8-58a8-a998-2b898a4165c4";
        assert_eq!(told(&[log4shell], &listed), ["CVE-2021-44228"]);
    }

    #[test]
    fn extortion_comes_first_then_the_newest_and_no_more_than_there_is_room_for() {
        let mut listed: Vec<Weakness> = (0..30)
            .map(|number| {
                let cve = format!("CVE-2026-{:04}", 2_000 + number);
                let mut one = weakness(&cve, "Redis", "Redis", "A hole");
                one.added = format!("2026-01-{:02}", 1 + number);
                one
            })
            .collect();
        listed[3].ransomware = true;
        let found = told(&["tcp/6379"], &listed);
        assert_eq!(found.len(), MAX_TOLD);
        assert_eq!(
            found[..3],
            ["CVE-2026-2003", "CVE-2026-2029", "CVE-2026-2028"]
        );
    }

    #[test]
    fn what_is_said_names_the_number_the_product_the_action_and_the_day() {
        let words = Words::of("en").unwrap();
        let one = weakness(
            "CVE-2026-1001",
            "Microsoft",
            "Remote Desktop Services",
            "A hole",
        );
        let steps = actions(&words, &[&one]);
        for part in [
            "Microsoft Remote Desktop Services",
            "CVE-2026-1001",
            "Put the maker's update in.",
            "2026-01-23",
        ] {
            assert!(steps[0].contains(part), "{steps:?}");
        }
        assert!(why(&words, &[&one]).unwrap().contains("CVE-2026-1001"));
        assert_eq!(why(&words, &[]), None);
        let undated = Weakness {
            due: String::new(),
            ..one
        };
        assert!(!actions(&words, &[&undated])[0].contains("2026-01"));
        assert_eq!(product(&weakness("", "Samba", "Samba", "")), "Samba");
    }
}
