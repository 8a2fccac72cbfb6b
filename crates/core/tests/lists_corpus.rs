//! Real lists: every one is read, and nearly every line of it is an entry or refused for a good reason.

#![expect(
    clippy::unwrap_used,
    clippy::disallowed_methods,
    reason = "a test reads files and fails by panicking"
)]

mod shared;

use std::fs;
use std::path::{Path, PathBuf};

use larum_core::detect::{ListReport, Loader, NeverMatch, Refusal};

fn files(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files.extend(self::files(&path));
        } else {
            files.push(path);
        }
    }
    files.sort();
    files
}

fn load(path: &Path) -> ListReport {
    let mut loader = Loader::new(NeverMatch::built_in(), None);
    loader.list("list");
    // In pieces that end anywhere.
    for piece in fs::read(path).unwrap().chunks(1_021) {
        loader.feed(piece);
    }
    loader.finish().1.remove(0)
}

fn lines(path: &Path) -> usize {
    let text = fs::read_to_string(path).unwrap();
    text.lines()
        .filter(|line| !line.trim().is_empty() && !line.starts_with('#'))
        .count()
}

#[test]
fn address_lists_are_read_to_the_last_line() {
    let Some(lists) = shared::corpus("lists") else {
        return;
    };
    for (file, at_most_refused) in [("ipsum/levels_3.txt", 20), ("x4bnet/vpn_ipv4.txt", 100)] {
        let path = lists.join(file);
        let report = load(&path);
        assert_eq!(report.taken() + report.refused(), lines(&path), "{file}");
        assert!(report.refused() <= at_most_refused, "{report:?}");
        assert_eq!(report.refused_for(Refusal::Unreadable), 0, "{report:?}");
    }
}

#[test]
fn mixed_lists_of_names_addresses_and_web_addresses_are_read() {
    let Some(lists) = shared::corpus("lists/maltrail") else {
        return;
    };
    let (mut taken, mut no_host, mut never, mut other) = (0, 0, 0, 0);
    for path in files(&lists) {
        let report = load(&path);
        taken += report.taken();
        no_host += report.refused_for(Refusal::NoHost);
        never += report.refused_for(Refusal::Never);
        other += report.refused()
            - report.refused_for(Refusal::NoHost)
            - report.refused_for(Refusal::Never);
        assert!(report.taken() + report.refused() > 0, "{}", path.display());
    }
    let all = taken + no_host + never + other;
    assert!(taken * 100 > all * 80, "{taken} of {all}");
    assert!(other * 100 <= all, "{other} of {all} not understood");
    assert!(
        never * 100 <= all,
        "{never} of {all} on the never-match list"
    );
}

#[test]
fn warning_lists_are_never_indicators_and_can_be_never_matched() {
    let Some(lists) = shared::corpus("lists/misp-warninglists") else {
        return;
    };
    let (mut taken, mut wrong) = (0, 0);
    for path in files(&lists) {
        let report = load(&path);
        assert_eq!(report.taken(), 0, "{}", path.display());
        assert!(report.refused_for(Refusal::WarningList) > 0);
        let counts = NeverMatch::default().add(&fs::read(&path).unwrap());
        taken += counts.0;
        wrong += counts.1;
    }
    assert!(
        taken > 1_000 && wrong * 4 < taken,
        "{taken} taken, {wrong} not"
    );
}

#[test]
fn a_table_about_something_else_names_nobody() {
    let Some(list) = shared::corpus("lists/kev/known_exploited_vulnerabilities.csv") else {
        return;
    };
    // Its notes link to the vendors' own pages.
    let report = load(&list);
    assert!(report.taken() * 100 <= report.refused(), "{report:?}");
}
