//! `larum outbox`: what leaves the building, for the person who owns it.

mod export;
mod list;
mod records;
mod report;
mod show;

pub use records::broken_by;
pub use report::lines;

use std::path::PathBuf;

use clap::Subcommand;
use larum_cli::exit::Exit;

/// Arguments of `larum outbox`.
#[derive(clap::Args)]
pub struct Args {
    #[command(subcommand)]
    command: Command,
}

/// Where the collector keeps its records.
#[derive(clap::Args)]
pub struct State {
    /// The collector's state folder (state-dir in its configuration)
    #[arg(long = "state", value_name = "DIR", default_value = "/var/lib/larum")]
    pub folder: PathBuf,
}

#[derive(Subcommand)]
enum Command {
    /// List the batches that have left
    List(list::Args),
    /// Show a batch, or what waits ("pending"), in plain words
    Show(show::Args),
    /// Write all batches, one JSON object per line
    Export(export::Args),
}

/// Runs the command.
///
/// # Errors
/// With the exit code of the contract: 4 when there is no such folder or batch, 5 when the record is
/// damaged.
pub fn run(args: &Args) -> anyhow::Result<Exit> {
    match &args.command {
        Command::List(args) => list::run(args),
        Command::Show(args) => show::run(args),
        Command::Export(args) => export::run(args),
    }
}
