//! `larum check-config`.

use crate::exit::{Exit, failure};

/// Arguments of `larum check-config`.
#[derive(clap::Args)]
pub struct Args {}

/// Runs the command.
///
/// # Errors
/// With the exit code of the contract.
pub fn run(_args: &Args) -> anyhow::Result<Exit> {
    Err(failure(
        Exit::Usage,
        "the command `check-config` is not built yet",
    ))
}
