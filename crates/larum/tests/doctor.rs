//! `larum doctor` as a person runs it: every line has words, a state and a fix, and the exit code says
//! whether something is broken.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::path::Path;
use std::process::{Command, Output};

fn doctor(config: &Path, more: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_larum"))
        .args(["doctor", "--offline", "--config"])
        .arg(config)
        .args(more)
        .output()
        .unwrap()
}

#[test]
fn it_says_what_is_broken_and_what_to_do_and_writes_a_bundle() {
    let folder = tempfile::tempdir().unwrap();
    let config = folder.path().join("collector.toml");
    let state = folder.path().join("state-of-example-bakery");
    let text = format!("state-dir = {state:?}\n[[file]]\npath = \"/nowhere.log\"\n");
    std::fs::write(&config, text).unwrap();

    let said = doctor(&config, &[]);
    let text = String::from_utf8(said.stdout).unwrap();
    assert_eq!(said.status.code(), Some(5), "{text}");
    assert!(text.contains("BROKEN"), "{text}");
    assert!(text.contains("Do: systemctl enable --now larum"), "{text}");

    let bundle = folder.path().join("bundle.json");
    let said = doctor(&config, &["--json", "--bundle", bundle.to_str().unwrap()]);
    let lines = String::from_utf8(said.stdout).unwrap();
    let lines: Vec<serde_json::Value> = lines
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let (sum, checks) = lines.split_last().unwrap();
    assert!(sum["summary"]["broken"].as_u64().unwrap() > 0);
    for check in checks {
        assert!(
            check["check"].is_string() && check["said"].is_string(),
            "{check}"
        );
    }
    let bundle = std::fs::read_to_string(&bundle).unwrap();
    assert!(bundle.contains("\"larum-bundle\": 1"), "{bundle}");
    assert!(
        !bundle.contains("bakery") && !bundle.contains("nowhere"),
        "{bundle}"
    );
    assert!(String::from_utf8_lossy(&said.stderr).contains("Read it before you send it"));
}

#[test]
fn a_wrong_configuration_is_told_problem_by_problem() {
    let folder = tempfile::tempdir().unwrap();
    let config = folder.path().join("collector.toml");
    std::fs::write(
        &config,
        "zoen = \"UTC\"\n[alerts]\nmin-severity = \"loud\"\n",
    )
    .unwrap();
    let said = doctor(&config, &[]);
    let text = String::from_utf8(said.stdout).unwrap();
    assert_eq!(said.status.code(), Some(5), "{text}");
    assert!(text.contains("zoen") && text.contains("loud"), "{text}");
}
