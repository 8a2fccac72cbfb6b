//! Paths with `*` and `?`.

use std::fs;
use std::path::{Component, Path, PathBuf};

/// Most entries of a folder that are looked at.
const MAX_ENTRIES: usize = 10_000;

/// The files that match `pattern`, at most `limit`, sorted. `*` stands for any part of one name, `?`
/// for one character; neither crosses a `/` nor begins a hidden name.
pub(super) fn matches(pattern: &Path, limit: usize) -> Vec<PathBuf> {
    let mut found = vec![PathBuf::new()];
    for component in pattern.components() {
        let Component::Normal(name) = component else {
            for path in &mut found {
                path.push(component);
            }
            continue;
        };
        let Some(wild) = name.to_str().filter(|name| name.contains(['*', '?'])) else {
            for path in &mut found {
                path.push(name);
            }
            continue;
        };
        let mut next: Vec<_> = found
            .iter()
            .flat_map(|folder| entries(folder, wild))
            .collect();
        next.sort();
        next.truncate(limit);
        found = next;
    }
    found.retain(|path| path.is_file());
    found
}

fn entries(folder: &Path, wild: &str) -> Vec<PathBuf> {
    let here = if folder.as_os_str().is_empty() {
        Path::new(".")
    } else {
        folder
    };
    let Ok(entries) = fs::read_dir(here) else {
        return Vec::new();
    };
    entries
        .take(MAX_ENTRIES)
        .filter_map(|entry| entry.ok()?.file_name().into_string().ok())
        .filter(|name| !name.starts_with('.') && fits(wild.as_bytes(), name.as_bytes()))
        .map(|name| folder.join(name))
        .collect()
}

/// Greedy matching with one point to go back to: linear in name times pattern.
fn fits(wild: &[u8], name: &[u8]) -> bool {
    let (mut w, mut n) = (0, 0);
    let mut star: Option<(usize, usize)> = None;
    while let Some(byte) = name.get(n) {
        match wild.get(w) {
            Some(b'*') => {
                star = Some((w, n));
                w += 1;
            }
            Some(expected) if *expected == b'?' || expected == byte => {
                w += 1;
                n += 1;
            }
            _ => {
                let Some((at, from)) = star else {
                    return false;
                };
                star = Some((at, from + 1));
                w = at + 1;
                n = from + 1;
            }
        }
    }
    wild.get(w..)
        .is_some_and(|rest| rest.iter().all(|byte| *byte == b'*'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wild_cards_fit_names() {
        for (wild, name, expected) in [
            ("*.log", "access.log", true),
            ("*.log", "access.log.1", false),
            ("a?c*", "abcdef", true),
            ("a*b*c", "aXXbYYbZc", true),
            ("a*b*c", "aXXcYY", false),
            ("*", "", true),
        ] {
            assert_eq!(
                fits(wild.as_bytes(), name.as_bytes()),
                expected,
                "{wild} {name}"
            );
        }
    }
}
