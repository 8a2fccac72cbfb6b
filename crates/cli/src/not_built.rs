//! Commands of the contract that are not built yet: they say so, and never invent output.

use crate::exit::{Exit, failure};

/// Anything: the command takes what it will take one day, and answers that it is not built.
#[derive(clap::Args)]
pub struct Args {
    #[arg(trailing_var_arg = true, allow_hyphen_values = true, hide = true)]
    rest: Vec<String>,
}

/// Says that `command` is not built yet.
///
/// # Errors
/// Always, with exit code 2.
pub fn run(command: &str, _args: &Args) -> anyhow::Result<Exit> {
    Err(failure(
        Exit::Usage,
        format!("the command `{command}` is not built yet"),
    ))
}
