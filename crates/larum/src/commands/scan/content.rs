//! Rules and indicator lists that a person brings along.

use std::path::PathBuf;

use larum_core::detect::Indicators;
use larum_core::detect::sigma::{RuleSet, SkipReason};
use larum_core::words::Words;

use crate::commands::rules::files;

/// Largest indicator list, in bytes.
const MAX_LIST_BYTES: u64 = 512 * 1024 * 1024;

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

/// The lists in `paths`; and a line on each.
///
/// # Errors
/// When a file cannot be read.
pub fn indicators(paths: &[PathBuf], words: &Words) -> anyhow::Result<(Indicators, Vec<String>)> {
    let mut lists = Vec::new();
    for path in paths {
        let name = path
            .file_name()
            .map_or_else(String::new, |name| name.to_string_lossy().into_owned());
        lists.push((name, files::text_of(path, MAX_LIST_BYTES, words)?));
    }
    let (indicators, counts) = Indicators::compile(&lists);
    let notes = lists.iter().zip(counts).map(|((name, _), count)| {
        words.say_with(
            "scan-list-read",
            &[
                ("file", name.as_str().into()),
                ("taken", count.taken.into()),
                ("left", count.left_out.into()),
                ("unreadable", count.unreadable.into()),
            ],
        )
    });
    let notes = notes.collect();
    Ok((indicators, notes))
}
