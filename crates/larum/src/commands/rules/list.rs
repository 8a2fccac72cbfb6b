//! `larum rules list`.

use std::io::{self, Write as _};
use std::path::PathBuf;

use larum_cli::exit::Exit;
use larum_core::content::RULES;
use larum_core::detect::sigma::{Joined, Rule, RuleKind, RuleSet, Skipped};
use larum_core::words::Words;
use serde::Serialize;

use super::files;
use crate::commands::formats::shown_whole;

/// Arguments of `larum rules list`.
#[derive(clap::Args)]
pub struct Args {
    /// Rule file, or folder of them, to list beside the built-in rules (may be given several times)
    #[arg(long, value_name = "DIR")]
    rules: Vec<PathBuf>,
    /// One JSON object per rule
    #[arg(long)]
    json: bool,
}

/// What `--json` says about a rule, filter or unusable document.
#[derive(Default, Serialize)]
struct Described<'a> {
    id: &'a str,
    title: &'a str,
    #[serde(skip_serializing_if = "str::is_empty")]
    level: &'a str,
    /// `rule`, `correlation` or `filter`; absent for what could not be read that far.
    #[serde(skip_serializing_if = "Option::is_none")]
    kind: Option<&'static str>,
    /// Path, or the name of a built-in rule.
    file: &'a str,
    built_in: bool,
    applies: bool,
    /// Whether a match is a finding by itself, rather than counted by a correlation.
    #[serde(skip_serializing_if = "Option::is_none")]
    reports: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    category: Option<&'static str>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    attack: Vec<&'a str>,
    /// Rules that a filter is joined to.
    #[serde(skip_serializing_if = "Option::is_none")]
    rules: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<&'static str>,
    #[serde(skip_serializing_if = "str::is_empty")]
    detail: &'a str,
}

fn is_built_in(file: &str) -> bool {
    RULES.iter().any(|(name, _)| *name == file)
}

impl<'a> Described<'a> {
    fn rule(rule: &'a Rule) -> Self {
        Self {
            id: &rule.id,
            title: &rule.title,
            level: rule.severity.as_str(),
            kind: Some(match rule.kind {
                RuleKind::Event => "rule",
                RuleKind::Correlation => "correlation",
            }),
            file: &rule.path,
            built_in: is_built_in(&rule.path),
            applies: true,
            reports: Some(rule.reports),
            category: Some(rule.category.as_str()),
            attack: rule.attack.iter().map(|id| &**id).collect(),
            ..Self::default()
        }
    }

    fn filter(filter: &'a Joined) -> Self {
        Self {
            id: &filter.id,
            title: &filter.title,
            kind: Some("filter"),
            file: &filter.file,
            applies: true,
            rules: Some(filter.rules),
            ..Self::default()
        }
    }

    fn skipped(skipped: &'a Skipped) -> Self {
        Self {
            id: &skipped.id,
            title: &skipped.title,
            level: &skipped.level,
            file: &skipped.file,
            built_in: is_built_in(&skipped.file),
            reason: Some(skipped.reason.as_str()),
            detail: &skipped.detail,
            ..Self::default()
        }
    }
}

/// Runs the command.
///
/// # Errors
/// With exit code 74 when rules cannot be read, or when output cannot be written.
pub fn run(args: &Args, words: &Words) -> anyhow::Result<Exit> {
    let own = files::read(&args.rules, words)?;
    let (set, skipped) = RuleSet::built_in_and(&own);
    let mut out = io::stdout().lock();
    if args.json {
        let rules = set.rules().map(Described::rule);
        let filters = set.filters().iter().map(Described::filter);
        let skipped = skipped.iter().map(Described::skipped);
        for described in rules.chain(filters).chain(skipped) {
            writeln!(out, "{}", serde_json::to_string(&described)?)?;
        }
        return Ok(Exit::Done);
    }
    for rule in set.rules() {
        let title = if is_built_in(&rule.path) {
            rule.title_in(words)
        } else {
            shown_whole(&rule.title)
        };
        let counted = if rule.reports {
            String::new()
        } else {
            format!(" ({})", words.say("rules-counted"))
        };
        let severity = rule.severity.as_str();
        writeln!(
            out,
            "{severity:9} {title}{counted}  [{}]",
            shown_whole(&rule.id)
        )?;
    }
    for filter in set.filters() {
        let args = [
            ("title", shown_whole(&filter.title).into()),
            ("rules", filter.rules.into()),
        ];
        writeln!(out, "{}", words.say_with("rules-filter", &args))?;
    }
    let count = [("count", set.len().into())];
    writeln!(out, "{}", words.say_with("rules-count", &count))?;
    if !skipped.is_empty() {
        let count = [("count", skipped.len().into())];
        writeln!(out, "\n{}", words.say_with("rules-not-used", &count))?;
    }
    for skipped in &skipped {
        writeln!(out, "  {}", said(skipped, words))?;
    }
    Ok(Exit::Done)
}

/// A document that cannot be used, for a person.
pub fn said(skipped: &Skipped, words: &Words) -> String {
    let name = if skipped.title.is_empty() {
        &skipped.file
    } else {
        &skipped.title
    };
    let reason = words.say(&format!("rule-skip-{}", skipped.reason));
    let detail = if skipped.detail.is_empty() {
        String::new()
    } else {
        let first = skipped.detail.lines().next().unwrap_or("");
        format!(" ({})", shown_whole(first))
    };
    format!("{}: {reason}{detail}", shown_whole(name))
}
