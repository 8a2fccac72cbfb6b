//! Rules and indicator lists that a person brings along.

use std::path::PathBuf;

use larum_cli::exit::{Exit, failure};
use larum_collector::lists::{ListPaths, Lists};
use larum_core::address::Network;
use larum_core::detect::sigma::{RuleSet, SkipReason};
use larum_core::words::Words;

use crate::commands::rules::files;

/// The built-in rules and those in `folders`; and lines to tell the person about what is left out.
///
/// # Errors
/// When a folder or file cannot be read.
pub fn rules(folders: &[PathBuf], words: &Words) -> anyhow::Result<(RuleSet, Vec<String>)> {
    if folders.is_empty() {
        return Ok((RuleSet::built_in()?, Vec::new()));
    }
    let files = files::read(folders, words)?;
    let (rules, skipped) = RuleSet::built_in_and(&files);
    let mut notes = Vec::new();
    if !skipped.is_empty() {
        let count = [("count", skipped.len().into())];
        notes.push(words.say_with("scan-rules-skipped", &count));
        let mut reasons: std::collections::BTreeMap<SkipReason, usize> = Default::default();
        for skip in &skipped {
            *reasons.entry(skip.reason).or_default() += 1;
        }
        notes.extend(reasons.into_iter().map(|(reason, count)| {
            format!("  {count}: {}", words.say(&format!("rule-skip-{reason}")))
        }));
    }
    Ok((rules, notes))
}

/// The lists; they are told what is wrong with by [`Lists::say`].
///
/// # Errors
/// When a file cannot be read.
pub fn lists(paths: &ListPaths, own: &[Network], words: &Words) -> anyhow::Result<Lists> {
    paths.load(own, None).map_err(|problem| {
        let args = [
            ("file", problem.path.display().to_string().into()),
            ("problem", problem.source.to_string().into()),
        ];
        failure(Exit::Input, words.say_with("scan-cannot-open", &args))
    })
}
