//! A hub saved by its command comes back on a fresh machine; an erased firm does not.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod set_up;

use std::path::Path;
use std::process::{Command, Output};

use set_up::init;

fn hub(args: &[&str], last: &[(&str, &Path)]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_larum-hub"));
    command.args(args);
    for (option, value) in last {
        if !option.is_empty() {
            command.arg(option);
        }
        command.arg(value);
    }
    command.output().unwrap()
}

#[track_caller]
fn good(output: &Output) -> String {
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}");
    String::from_utf8(output.stdout.clone()).unwrap()
}

#[test]
fn a_backup_comes_back_where_no_hub_is_and_nowhere_else() {
    let folder = tempfile::tempdir().unwrap();
    let (state, saved, fresh) = (
        folder.path().join("hub"),
        folder.path().join("saved"),
        folder.path().join("fresh"),
    );
    let config = state.join("hub.toml");
    init(&state);
    let add = ["admin", "add-member", "--area", "E23000035", "--name"];
    for name in ["Bakery", "Zwetschgenhof"] {
        let args: Vec<&str> = add.iter().copied().chain([name]).collect();
        good(&hub(&args, &[("--state", &state)]));
    }
    let list = |state: &Path| good(&hub(&["admin", "list", "members"], &[("--state", state)]));
    let both = list(&state);
    good(&hub(&["backup"], &[("", &saved), ("--config", &config)]));
    // A folder that is there is not written over, nor is a hub.
    let again = hub(&["backup"], &[("", &saved), ("--config", &config)]);
    assert_eq!(again.status.code(), Some(5));
    let over = hub(&["restore"], &[("", &saved), ("--config", &config)]);
    assert_eq!(over.status.code(), Some(5));

    let erased = both.lines().find(|line| line.contains("Zwetsch")).unwrap();
    let id = erased.split('\t').next().unwrap();
    good(&hub(&["admin", "erase-member", id], &[("--state", &state)]));
    assert_eq!(list(&state).lines().count(), 1);
    let unknown = hub(&["admin", "erase-member", id], &[("--state", &state)]);
    assert_eq!(unknown.status.code(), Some(4));

    std::fs::create_dir(&fresh).unwrap();
    let text = std::fs::read_to_string(&config).unwrap();
    let (old, new) = (state.display().to_string(), fresh.display().to_string());
    assert!(text.contains(&old));
    let fresh_config = fresh.join("hub.toml");
    std::fs::write(&fresh_config, text.replace(&old, &new)).unwrap();
    good(&hub(
        &["restore"],
        &[("", &saved), ("--config", &fresh_config)],
    ));
    assert_eq!(list(&fresh), both);

    std::fs::write(saved.join("hub.sqlite"), "gone").unwrap();
    let third = folder.path().join("third");
    let third_config = folder.path().join("third.toml");
    std::fs::write(
        &third_config,
        text.replace(&old, &third.display().to_string()),
    )
    .unwrap();
    let damaged = hub(&["restore"], &[("", &saved), ("--config", &third_config)]);
    assert_eq!(damaged.status.code(), Some(5));
    assert!(!third.exists());
}
