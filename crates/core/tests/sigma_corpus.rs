//! The Sigma engine against rules that others wrote.
//!
//! The rules are not part of the project; where they are absent the first test says so and passes.

#![expect(
    clippy::unwrap_used,
    clippy::disallowed_methods,
    reason = "a test reads files, prints and fails by panicking"
)]

mod shared;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use larum_core::detect::sigma::RuleSet;

fn rules_under(folder: &Path, found: &mut Vec<(String, String)>) {
    let Ok(entries) = std::fs::read_dir(folder) else {
        return;
    };
    let mut paths: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    for path in paths {
        if path.is_dir() {
            rules_under(&path, found);
        } else if path.extension().is_some_and(|ending| ending == "yml") {
            let name = path.file_name().unwrap().to_string_lossy().into_owned();
            found.push((name, std::fs::read_to_string(&path).unwrap()));
        }
    }
}

#[test]
fn rules_of_others_load_or_say_why_not() {
    let Some(folder) = shared::corpus("attack/sigma") else {
        return;
    };
    let mut files = Vec::new();
    rules_under(&folder, &mut files);
    let (rules, skipped) = RuleSet::compile(&files);
    let mut reasons = BTreeMap::new();
    for skipped in &skipped {
        println!("{skipped}");
        assert!(!skipped.detail.is_empty(), "{skipped:?}");
        *reasons.entry(skipped.reason).or_insert(0) += 1;
    }
    println!("{} loaded, skipped {reasons:?}", rules.len());
    assert_eq!(rules.len() + skipped.len(), files.len());
    assert!(
        rules.len() * 2 > files.len(),
        "most rules for our devices load"
    );
}
