//! `larum-hub doctor` says what is wrong with a hub, and finds nothing wrong with one just set up.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod set_up;

use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::Command;

use set_up::init;

fn doctor(state: &Path) -> (i32, String) {
    let ran = Command::new(env!("CARGO_BIN_EXE_larum-hub"))
        .args(["doctor", "--json", "--config"])
        .arg(state.join("hub.toml"))
        .output()
        .unwrap();
    let said = String::from_utf8(ran.stdout).unwrap();
    (ran.status.code().unwrap(), said)
}

#[track_caller]
fn says(said: &str, check: &str, state: &str) {
    let found = said
        .lines()
        .find(|line| line.contains(&format!("\"check\":\"{check}\"")))
        .unwrap();
    assert!(found.contains(&format!("\"state\":\"{state}\"")), "{said}");
    assert_eq!(found.contains("\"fix\":"), state != "ok", "{said}");
}

#[test]
fn a_new_hub_is_in_order_and_a_broken_one_is_not() {
    let folder = tempfile::tempdir().unwrap();
    let state = folder.path().join("hub");
    init(&state);
    let (code, said) = doctor(&state);
    assert_eq!(code, 0, "{said}");
    for check in [
        "config",
        "private",
        "authority",
        "store",
        "ledger",
        "quiet",
        "copied",
    ] {
        says(&said, check, "ok");
    }
    says(&said, "address", "look");

    let authority = state.join("authority");
    let key = authority.join("authority.key");
    std::fs::set_permissions(&authority, std::fs::Permissions::from_mode(0o755)).unwrap();
    std::fs::write(&key, "gone").unwrap();
    let (code, said) = doctor(&state);
    assert_eq!(code, 5, "{said}");
    says(&said, "private", "broken");
    says(&said, "authority", "broken");

    // Looking makes nothing where nothing is.
    let store = state.join("hub.sqlite");
    std::fs::remove_file(&store).unwrap();
    let (_, said) = doctor(&state);
    says(&said, "store", "broken");
    assert!(!store.exists());
}
