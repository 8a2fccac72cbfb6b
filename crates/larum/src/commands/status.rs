//! `larum status`.

use crate::exit::{Exit, failure};

/// Arguments of `larum status`.
#[derive(clap::Args)]
pub struct Args {}

/// Runs the command.
///
/// # Errors
/// With the exit code of the contract.
pub fn run(_args: &Args) -> anyhow::Result<Exit> {
    Err(failure(
        Exit::Usage,
        "the command `status` is not built yet",
    ))
}
