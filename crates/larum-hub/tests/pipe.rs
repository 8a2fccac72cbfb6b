//! Whoever reads our output may leave before the end (`| head`): that is no error.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::path::Path;
use std::process::{Command, Output};

fn run(stdout: impl Into<std::process::Stdio>) -> Output {
    let sample = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../packaging/hub.toml");
    Command::new(env!("CARGO_BIN_EXE_larum-hub"))
        .arg("check-config")
        .arg(sample)
        .stdout(stdout)
        .output()
        .unwrap()
}

#[test]
fn a_closed_pipe_ends_the_program_quietly() {
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    let output = run(writer);
    assert_eq!(output.status.code(), Some(0));
    assert_eq!(String::from_utf8_lossy(&output.stderr), "");
}

#[test]
fn output_that_cannot_be_written_is_an_error() {
    let full = std::fs::File::options().write(true).open("/dev/full");
    let Ok(full) = full else {
        return;
    };
    let output = run(full);
    assert_eq!(output.status.code(), Some(74));
    assert!(String::from_utf8_lossy(&output.stderr).starts_with("larum-hub: "));
}
