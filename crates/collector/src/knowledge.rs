//! The firm's own knowledge: rule folders named in the configuration.

use std::collections::BTreeMap;
use std::fs;
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use larum_core::detect::sigma::{RuleSet, SkipReason};

use crate::run::StartError;
use crate::shared::Shared;

/// Longest rule file that is read.
const MAX_RULE_FILE_BYTES: u64 = 1 << 20;
/// Most rule files of all folders.
const MAX_RULE_FILES: usize = 10_000;

/// Built-in rules, those of content packs, and those in `folders` (`*.yml`, `*.yaml`), with their filters,
/// correlations and placeholders. A rule that cannot be used is skipped and counted in the log by reason.
pub(crate) fn rules(
    shared: &Shared,
    folders: &[PathBuf],
    packed: &[(String, String)],
) -> Result<Arc<RuleSet>, StartError> {
    if folders.is_empty() && packed.is_empty() {
        return Ok(Arc::clone(&shared.rules));
    }
    let mut files = Vec::new();
    for folder in folders {
        let unreadable = |source| StartError::Unreadable {
            path: folder.clone(),
            source,
        };
        let mut paths: Vec<_> = fs::read_dir(folder)
            .and_then(|entries| {
                entries
                    .map(|entry| entry.map(|entry| entry.path()))
                    .collect::<io::Result<_>>()
            })
            .map_err(unreadable)?;
        paths.retain(|path| {
            path.extension()
                .is_some_and(|ending| ending == "yml" || ending == "yaml")
        });
        paths.sort();
        for path in paths {
            if files.len() >= MAX_RULE_FILES {
                break;
            }
            let text = read(&path, MAX_RULE_FILE_BYTES)?;
            files.push((path.to_string_lossy().into_owned(), text));
        }
    }
    files.extend_from_slice(packed);
    let (rules, skipped) = RuleSet::built_in_and(&files);
    let mut reasons: BTreeMap<SkipReason, usize> = BTreeMap::new();
    for skipped in &skipped {
        *reasons.entry(skipped.reason).or_default() += 1;
    }
    for (reason, count) in reasons {
        tracing::warn!(%reason, count, "rules skipped; see larum rules list --rules DIR");
    }
    Ok(Arc::new(rules))
}

fn read(path: &Path, max_bytes: u64) -> Result<String, StartError> {
    let mut text = String::new();
    fs::File::open(path)
        .and_then(|file| file.take(max_bytes).read_to_string(&mut text))
        .map_err(|source| StartError::Unreadable {
            path: path.to_owned(),
            source,
        })?;
    Ok(text)
}
