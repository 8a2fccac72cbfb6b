//! A hub set up by its own command.

use std::path::Path;
use std::process::Command;

/// Runs `larum-hub init` for a new state folder.
#[track_caller]
pub fn init(state: &Path) {
    let made = Command::new(env!("CARGO_BIN_EXE_larum-hub"))
        .args(["init", "--link-name", "hub.example.org", "--state"])
        .arg(state)
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&made.stderr);
    assert!(made.status.success(), "{said}");
}
