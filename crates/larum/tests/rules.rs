//! `larum rules` as a person runs it.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use larum_core::content::RULES;
use larum_core::detect::sigma::RuleSet;
use serde_json::Value;

fn larum(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_larum"))
        .args(arguments)
        .output()
        .unwrap()
}

fn lines(output: &Output) -> Vec<Value> {
    String::from_utf8_lossy(&output.stdout)
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// A folder with rules that apply, that do not, and that are wrong.
fn own_rules() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let sources = "logsource: {category: webserver}\n";
    for (name, text) in [
        (
            "good.yml",
            "title: Asked for the till\nid: till\nlevel: high\nLOGdetection: {s: {url: /till}, condition: s}\n\
             larum: {match: [{kind: http, url: /till}], no-match: [{kind: http, url: /}]}\n---\n\
             title: Often\nid: often\ncorrelation: {type: event_count, rules: [till], timespan: 1m, condition: {gte: 2}}\n\
             larum: {match: [[{kind: http, url: /till, times: 2}]], no-match: [{kind: http, url: /till}]}\n---\n\
             title: Ours\nLOGfilter: {rules: [till], us: {src_ip: 192.0.2.1}, condition: not us}\n",
        ),
        (
            "away.yml",
            "title: Process\nid: away\nlogsource: {category: process_creation}\ndetection: {s: {Image: x}, condition: s}\n",
        ),
    ] {
        fs::write(folder.path().join(name), text.replace("LOG", sources)).unwrap();
    }
    folder
}

#[test]
fn every_rule_is_listed_with_what_becomes_of_it() {
    let folder = own_rules();
    let path = folder.path().to_str().unwrap();
    let output = larum(&["rules", "list", "--json", "--rules", path]);
    assert_eq!(output.status.code(), Some(0));
    let rows = lines(&output);
    let row = |title: &str| rows.iter().find(|row| row["title"] == title).unwrap();
    assert_eq!(row("Asked for the till")["reports"], false);
    assert_eq!(row("Asked for the till")["level"], "high");
    assert_eq!(row("Often")["kind"], "correlation");
    assert_eq!(row("Often")["applies"], true);
    assert_eq!(row("Ours")["rules"], 1);
    assert_eq!(row("Process")["applies"], false);
    assert_eq!(row("Process")["reason"], "log-source");
    assert_eq!(row("Process")["id"], "away");
    let built_in = rows.iter().filter(|row| row["built_in"] == true);
    assert_eq!(built_in.count(), RuleSet::built_in().unwrap().len());
    let people = larum(&["rules", "list", "--rules", path]);
    let people = String::from_utf8(people.stdout).unwrap();
    assert!(
        people.contains("Process: It is for a kind of log"),
        "{people}"
    );
    assert!(!people.contains('«'), "{people}");
    let none = larum(&["rules", "list", "--rules", "/no/such/folder"]);
    assert_eq!(none.status.code(), Some(74));
}

#[test]
fn rules_prove_themselves_or_say_what_is_wrong() {
    assert_eq!(larum(&["rules", "test"]).status.code(), Some(0));
    let folder = own_rules();
    let path = folder.path().to_str().unwrap();
    let output = larum(&["rules", "test", "--json", path]);
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    let rows = lines(&output);
    let summary = &rows.last().unwrap()["summary"];
    assert_eq!(
        (
            &summary["cases"],
            &summary["held"],
            &summary["not_for_here"]
        ),
        (&4.into(), &4.into(), &1.into())
    );
    let wrong = folder.path().join("wrong.yml");
    for (text, said) in [
        (
            "title: x\nlogsource: {category: dns}\ndetection: {s: {query: x}, condition: t}\n",
            "Its condition",
        ),
        (
            "title: x\nlogsource: {category: dns}\ndetection: {s: {query: x}, condition: s}\n\
             larum: {match: [{kind: dns, dns_query: y}]}\n",
            "should have matched case 1",
        ),
        (
            "title: x\nlogsource: {category: dns}\ndetection: {s: {query: x}, condition: s}\n\
             larum: {no-match: [{kind: dns, dns_query: x}]}\n",
            "matched case 1 and should not",
        ),
        (
            "title: x\nlogsource: {category: dns}\ndetection: {s: {query: x}, condition: s}\n\
             larum: {match: [{kind: dns, colour: x}]}\n",
            "no field \"colour\"",
        ),
        ("a: [", "cannot be read as YAML"),
    ] {
        fs::write(&wrong, text).unwrap();
        let output = larum(&["rules", "test", wrong.to_str().unwrap()]);
        assert_eq!(output.status.code(), Some(5), "{text}");
        let people = String::from_utf8_lossy(&output.stdout).into_owned();
        assert!(people.contains(said), "{people}");
    }
}

#[test]
fn the_pages_of_the_rules_are_current() {
    let folder = tempfile::tempdir().unwrap();
    let output = larum(&["rules", "pages", folder.path().to_str().unwrap()]);
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    let kept = root().join("docs/rules");
    let names = |folder: &Path| -> BTreeSet<String> {
        let entries = fs::read_dir(folder).unwrap();
        let names = entries.map(|entry| entry.unwrap().file_name());
        names
            .map(|name| name.to_string_lossy().into_owned())
            .collect()
    };
    let made = names(folder.path());
    assert_eq!(
        made,
        names(&kept),
        "cargo run -p larum -- rules pages docs/rules"
    );
    assert_eq!(made.len(), RULES.len() + 1);
    for name in made {
        let text = fs::read_to_string(folder.path().join(&name)).unwrap();
        assert!(!text.contains('«'), "{name}");
        assert_eq!(
            text,
            fs::read_to_string(kept.join(&name)).unwrap(),
            "{name}: cargo run -p larum -- rules pages docs/rules"
        );
    }
}

/// Every rule has a line in a recording under `corpus/rules`, and finds it, and nothing else.
#[test]
fn every_shipped_rule_finds_its_recording() {
    let set = RuleSet::built_in().unwrap();
    let ids: BTreeSet<&str> = set.rules().map(|rule| &*rule.id).collect();
    let mut found = BTreeSet::new();
    let mut folders: Vec<PathBuf> = fs::read_dir(root().join("corpus/rules"))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    folders.sort();
    for folder in folders {
        assert!(folder.join("README.md").is_file(), "{}", folder.display());
        let input = folder.join("input.log");
        let output = larum(&["scan", "--json", input.to_str().unwrap()]);
        assert_eq!(output.status.code(), Some(0), "{output:?}");
        // What native detectors make of the same lines has its own cases.
        let of_rules = lines(&output)
            .into_iter()
            .filter(|row| ids.contains(row["detector"].as_str().unwrap()));
        let expected = fs::read_to_string(folder.join("expected.jsonl")).unwrap();
        let mut expected = expected.lines();
        for row in of_rules {
            let line = expected.next().unwrap_or("{}");
            let wanted: Value = serde_json::from_str(line).unwrap();
            for (key, value) in wanted.as_object().unwrap() {
                assert_eq!(&row[key], value, "{}: {row}", folder.display());
            }
            found.insert(wanted["detector"].as_str().unwrap_or("").to_owned());
        }
        assert_eq!(expected.next(), None, "{}", folder.display());
    }
    let missing: Vec<&str> = set
        .rules()
        .filter(|rule| rule.reports && !found.contains(&*rule.id))
        .map(|rule| &*rule.file)
        .collect();
    assert!(missing.is_empty(), "no line in corpus/rules: {missing:?}");
}
