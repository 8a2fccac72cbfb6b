//! Rules and indicator lists that a person brings along.

use std::fs;
use std::io::Read as _;
use std::path::{Path, PathBuf};

use larum_cli::exit::{Exit, failure};
use larum_core::detect::Indicators;
use larum_core::detect::sigma::{RuleSet, SkipReason};
use larum_core::words::Words;

/// Deepest folder below a rules folder that is looked into.
const MAX_DEPTH: usize = 8;
/// Rule files at most.
const MAX_RULE_FILES: usize = 20_000;
/// Largest rule file, in bytes.
const MAX_RULE_BYTES: u64 = 1024 * 1024;
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
    let mut paths = Vec::new();
    for folder in folders {
        if !folder.exists() {
            let shown = folder.display().to_string();
            let message = words.say_with("scan-no-rules-folder", &[("file", shown.into())]);
            return Err(failure(Exit::Input, message));
        }
        gather(folder, 0, &mut paths)?;
    }
    paths.sort();
    paths.truncate(MAX_RULE_FILES);
    let mut files = Vec::new();
    for path in paths {
        files.push((
            path.display().to_string(),
            read(&path, MAX_RULE_BYTES, words)?,
        ));
    }
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

fn gather(path: &Path, depth: usize, out: &mut Vec<PathBuf>) -> anyhow::Result<()> {
    if path.is_file() {
        let is_rule = path
            .extension()
            .is_some_and(|ending| ending == "yml" || ending == "yaml");
        if is_rule {
            out.push(path.to_owned());
        }
    } else if path.is_dir() && depth < MAX_DEPTH && out.len() < MAX_RULE_FILES {
        for entry in fs::read_dir(path)? {
            gather(&entry?.path(), depth + 1, out)?;
        }
    }
    Ok(())
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
        lists.push((name, read(path, MAX_LIST_BYTES, words)?));
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

fn read(path: &Path, most: u64, words: &Words) -> anyhow::Result<String> {
    let mut bytes = Vec::new();
    let result = fs::File::open(path).and_then(|file| file.take(most).read_to_end(&mut bytes));
    if let Err(error) = result {
        let args = [
            ("file", path.display().to_string().into()),
            ("problem", error.to_string().into()),
        ];
        return Err(failure(
            Exit::Input,
            words.say_with("scan-cannot-open", &args),
        ));
    }
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}
