//! `larum-hub demo`.

use crate::exit::{Exit, failure};

/// Arguments of `larum-hub demo`.
#[derive(clap::Args)]
pub struct Args {}

/// Runs the command.
///
/// # Errors
/// With the exit code of the contract.
pub fn run(_args: &Args) -> anyhow::Result<Exit> {
    Err(failure(Exit::Usage, "the command `demo` is not built yet"))
}
