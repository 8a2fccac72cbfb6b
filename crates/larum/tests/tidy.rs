//! The house rules that a compiler cannot hold: file sizes, where SQL may stand, who may depend on
//! whom, that documents name things that exist, and that nothing of a developer's machine gets in.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

/// Longest Rust file, in lines.
const MAX_LINES: usize = 800;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../..")
        .canonicalize()
        .unwrap()
}

/// Every file below `folder` whose name ends in `ending`, build output left out.
fn files(folder: &Path, ending: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            let name = path.file_name().unwrap().to_string_lossy().into_owned();
            if path.is_dir() {
                if name != "target" && name != ".git" {
                    folders.push(path);
                }
            } else if name.ends_with(ending) {
                found.push(path);
            }
        }
    }
    found.sort();
    found
}

fn shown(path: &Path) -> String {
    path.strip_prefix(root()).unwrap().display().to_string()
}

#[test]
fn no_rust_file_is_too_long_to_read() {
    let long: Vec<String> = files(&root(), ".rs")
        .into_iter()
        .map(|file| (fs::read_to_string(&file).unwrap().lines().count(), file))
        .filter(|(lines, _)| *lines > MAX_LINES)
        .map(|(lines, file)| format!("{} has {lines} lines", shown(&file)))
        .collect();
    assert!(long.is_empty(), "split these files: {long:#?}");
}

#[test]
fn sql_stands_only_in_the_store() {
    // Upper-case statements with their second word, so that prose does not trip the check.
    let statements = [
        "SELECT ",
        "INSERT INTO ",
        "INSERT OR ",
        "UPDATE ",
        "DELETE FROM ",
        "CREATE TABLE ",
    ];
    let quoted = |line: &str| {
        statements
            .iter()
            .any(|statement| line.contains(&format!("\"{statement}")))
            || statements
                .iter()
                .any(|statement| line.trim_start().starts_with(statement))
    };
    let astray: Vec<String> = files(&root().join("crates"), ".rs")
        .into_iter()
        .filter(|file| {
            // Tests that look at an engine behind the store's back do so in these places.
            let may = [
                "crates/hub/src/store/",
                "crates/hub/tests/engines/",
                "crates/hub/tests/schema.rs",
                "crates/hub/tests/store_clickhouse.rs",
                "crates/larum-hub/tests/grown.rs",
            ];
            let name = shown(file);
            !may.iter().any(|place| name.starts_with(place)) && !name.ends_with("tidy.rs")
        })
        .filter(|file| fs::read_to_string(file).unwrap().lines().any(quoted))
        .map(|file| shown(&file))
        .collect();
    assert!(
        astray.is_empty(),
        "SQL belongs in crates/hub/src/store: {astray:#?}"
    );
}

/// Which of our crates each may use.
fn plan() -> BTreeMap<&'static str, &'static [&'static str]> {
    BTreeMap::from([
        ("core", &[][..]),
        ("cli", &[]),
        ("spool", &[]),
        ("capture", &[]),
        ("link", &["larum-core"]),
        (
            "collector",
            &[
                "larum-capture",
                "larum-core",
                "larum-link",
                "larum-packet",
                "larum-spool",
            ],
        ),
        ("hub", &["larum-core", "larum-link"]),
        ("traffic", &["larum-core"]),
        ("packet", &["larum-core"]),
        (
            "larum",
            &[
                "larum-cli",
                "larum-collector",
                "larum-core",
                "larum-link",
                "larum-packet",
                "larum-spool",
            ],
        ),
        (
            "larum-hub",
            &[
                "larum-cli",
                "larum-collector",
                "larum-core",
                "larum-hub-lib",
                "larum-link",
                "larum-spool",
                "larum-traffic",
            ],
        ),
        (
            "bench",
            &[
                "larum-collector",
                "larum-core",
                "larum-hub-lib",
                "larum-link",
                "larum-packet",
                "larum-spool",
                "larum-traffic",
            ],
        ),
    ])
}

#[test]
fn crates_depend_only_downwards() {
    let allowed = plan();
    for entry in fs::read_dir(root().join("crates")).unwrap() {
        let folder = entry.unwrap().path();
        let name = folder.file_name().unwrap().to_string_lossy().into_owned();
        let manifest = fs::read_to_string(folder.join("Cargo.toml")).unwrap();
        let shipped = manifest.split("[dev-dependencies]").next().unwrap();
        let dependencies = shipped.split("[dependencies]").nth(1).unwrap_or_default();
        let allowed = allowed
            .get(name.as_str())
            .unwrap_or_else(|| panic!("crate {name} is not in the plan of the house"));
        for line in dependencies
            .lines()
            .filter(|line| line.starts_with("larum-"))
        {
            let dependency = line.split(['.', ' ', '=']).next().unwrap();
            assert!(
                allowed.contains(&dependency),
                "{name} must not depend on {dependency}"
            );
        }
    }
}

/// One file maps memory that the kernel writes to and receives many datagrams at once; nothing else is unsafe.
#[test]
fn unsafe_code_stands_in_one_file() {
    let word = concat!("unsa", "fe ");
    let opening = [
        format!("{word}{{"),
        format!("{word}impl"),
        format!("{word}fn"),
    ];
    let astray: Vec<String> = files(&root().join("crates"), ".rs")
        .into_iter()
        .filter(|file| {
            let text = fs::read_to_string(file).unwrap();
            opening.iter().any(|word| text.contains(word))
        })
        .map(|file| shown(&file))
        .collect();
    assert_eq!(astray, ["crates/capture/src/system.rs"]);
    for entry in fs::read_dir(root().join("crates")).unwrap() {
        let folder = entry.unwrap().path();
        let manifest = fs::read_to_string(folder.join("Cargo.toml")).unwrap();
        let forbids = manifest.contains("[lints]\nworkspace = true");
        assert!(forbids || folder.ends_with("capture"), "{}", shown(&folder));
    }
}

#[test]
fn the_core_depends_on_no_runtime_and_no_wire_format() {
    let manifest = fs::read_to_string(root().join("crates/core/Cargo.toml")).unwrap();
    let shipped = manifest.split("[dev-dependencies]").next().unwrap();
    for banned in [
        "tokio",
        "rustls",
        "rusqlite",
        "tracing",
        "serde_json",
        "hyper",
        "axum",
    ] {
        assert!(
            !shipped.lines().any(|line| line.starts_with(banned)),
            "larum-core must not depend on {banned}"
        );
    }
}

#[test]
fn links_in_documents_lead_somewhere() {
    let mut broken = Vec::new();
    for file in files(&root(), ".md") {
        let text = fs::read_to_string(&file).unwrap();
        for target in text
            .split("](")
            .skip(1)
            .filter_map(|rest| rest.split(')').next())
        {
            let path = target.split('#').next().unwrap();
            let outside = path.is_empty() || path.contains("://") || path.starts_with("mailto:");
            if !outside && !file.parent().unwrap().join(path).exists() {
                broken.push(format!("{} -> {target}", shown(&file)));
            }
        }
    }
    assert!(broken.is_empty(), "links that lead nowhere: {broken:#?}");
}

/// Fails unless each row names tests, as `path/to/file.rs::test_name`, and each of them is there.
#[track_caller]
fn each_names_tests(rows: &[&str]) {
    for row in rows {
        let mut named = row
            .split('`')
            .filter_map(|part| part.split_once(".rs::"))
            .peekable();
        assert!(named.peek().is_some(), "no test named in: {row}");
        for (file, test) in named {
            let source = fs::read_to_string(root().join(format!("{file}.rs"))).unwrap_or_default();
            assert!(
                source.contains(&format!("fn {test}(")),
                "{file}.rs is not there, or has no test {test}"
            );
        }
    }
}

/// Every threat of the threat model names the tests that hold its answer; each must exist.
#[test]
fn each_threat_names_tests_that_exist() {
    let text = fs::read_to_string(root().join("docs/threat-model.md")).unwrap();
    let (_, threats) = text.split_once("\n## Attackers and answers\n").unwrap();
    let (threats, _) = threats.split_once("\n## ").unwrap();
    let rows: Vec<&str> = threats
        .lines()
        .filter(|line| line.starts_with("| "))
        .skip(1)
        .collect();
    assert!(rows.len() > 20, "{} threats", rows.len());
    each_names_tests(&rows);
}

/// Every item of the security standard names the tests that hold it; each must exist.
#[test]
fn each_item_of_the_security_standard_names_tests_that_exist() {
    let text = fs::read_to_string(root().join("docs/security/asvs.md")).unwrap();
    let rows: Vec<&str> = text
        .lines()
        .filter(|line| line.starts_with("| V"))
        .collect();
    assert!(rows.len() > 20, "{} items", rows.len());
    each_names_tests(&rows);
}

/// Every abuse that is tried names the tests that try it; each must exist.
#[test]
fn each_abuse_that_is_tried_names_tests_that_exist() {
    let text = fs::read_to_string(root().join("docs/security/api.md")).unwrap();
    let rows: Vec<&str> = text
        .lines()
        .filter(|line| line.starts_with("| ") && line.contains('`'))
        .collect();
    assert!(rows.len() > 20, "{} abuses", rows.len());
    each_names_tests(&rows);
}

/// What shows that an issue's words hold is there, where it is a test.
#[test]
fn each_proof_that_is_a_test_exists() {
    let text = fs::read_to_string(root().join("docs/developer/proofs.md")).unwrap();
    let rows: Vec<&str> = text
        .lines()
        .filter(|line| line.starts_with("| ") && line.contains(".rs::"))
        .collect();
    assert!(rows.len() > 20, "{} proofs", rows.len());
    each_names_tests(&rows);
}

/// ARCHITECTURE.md names, for each of the ten invariants, the tests that hold it, as
/// `path/to/file.rs::test_name`; each must exist.
#[test]
fn each_invariant_names_tests_that_exist() {
    let text = fs::read_to_string(root().join("ARCHITECTURE.md")).unwrap();
    let rows: Vec<&str> = text
        .lines()
        .filter(|line| {
            line.strip_prefix("| ")
                .is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_digit()))
        })
        .collect();
    assert_eq!(rows.len(), 10, "one row for each invariant");
    each_names_tests(&rows);
}

#[test]
fn nothing_of_a_machine_or_a_registry_gets_in() {
    // Spelled in halves so that this file does not trip over itself.
    let banned = [
        concat!("/work", "/"),
        concat!("crates", ".io"),
        concat!("pypi", ".org"),
        concat!("npmjs", ".com"),
        concat!("deb.debian", ".org"),
    ];
    let mut found = Vec::new();
    for ending in [
        ".rs", ".md", ".toml", ".yml", ".ftl", ".sh", ".service", "justfile", "run", "test",
    ] {
        for file in files(&root(), ending) {
            let Ok(text) = fs::read_to_string(&file) else {
                continue;
            };
            for word in banned.iter().filter(|word| text.contains(**word)) {
                found.push(format!("{}: {word}", shown(&file)));
            }
        }
    }
    assert!(found.is_empty(), "{found:#?}");
}

/// Detectors that a recording cannot show, because only an installed collector asks for them.
const LIVE_ONLY: &[&str] = &["closed-door", "shared-scan"];

#[test]
fn each_native_detector_has_its_page_and_its_recording() {
    let text_of = |folder: &str, ending: &str| -> String {
        let files = files(&root().join(folder), ending).into_iter();
        files
            .map(|file| fs::read_to_string(file).unwrap())
            .collect()
    };
    let code = text_of("crates/core/src/detect", ".rs");
    let pages = text_of("docs/detectors", ".md");
    let cases = text_of("corpus/detect", "expected.jsonl").replace(' ', "");
    // A detector's name stands in how it is told: `detector: "port-scan",`.
    let names: Vec<&str> = code
        .split("detector: \"")
        .skip(1)
        .filter_map(|rest| rest.split('"').next())
        .filter(|name| !name.is_empty())
        .collect();
    assert!(names.len() > 10, "{names:?}");
    for name in names {
        let page = root().join("docs/detectors").join(format!("{name}.md"));
        let told = page.exists() || pages.contains(&format!("`{name}`"));
        assert!(told, "{} is missing", shown(&page));
        let shown = cases.contains(&format!("\"detector\":\"{name}\""));
        assert!(
            shown || LIVE_ONLY.contains(&name),
            "no case of corpus/detect expects {name}"
        );
    }
}

/// What every page of a detector and of a shipped rule tells, in this order.
const PARTS: &[&str] = &[
    "What it finds",
    "Why it matters to a shop",
    "Method and source",
    "Limits",
    "How it is evaded",
    "False positives",
    "Tuning",
];

#[test]
fn each_page_of_a_detector_or_rule_has_all_its_parts() {
    for folder in ["docs/detectors", "docs/rules"] {
        let mut pages = 0;
        for page in files(&root().join(folder), ".md") {
            if page.ends_with("README.md") {
                continue;
            }
            let text = fs::read_to_string(&page).unwrap();
            let parts: Vec<&str> = text
                .lines()
                .filter_map(|line| line.strip_prefix("## "))
                .collect();
            assert_eq!(parts, PARTS, "{}", shown(&page));
            pages += 1;
        }
        assert!(pages > 15, "{folder}: {pages}");
    }
}
