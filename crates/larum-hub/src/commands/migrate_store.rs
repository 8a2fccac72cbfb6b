//! `larum-hub migrate-store`: a hub's store moves to another engine, or back.

use std::io::Write as _;
use std::path::PathBuf;

use larum_cli::exit::{Exit, failure};
use larum_core::words::Words;
use larum_hub_lib::migrate::{MigrateError, migrate};
use larum_link::clock::Clock;

use super::check_config::load;

/// Arguments of `larum-hub migrate-store`.
#[derive(clap::Args)]
pub struct Args {
    /// The configuration file as it was: it names the store that is left
    #[arg(long, value_name = "FILE")]
    from: PathBuf,
    /// The configuration file as it will be: it names the new store, which must be empty
    #[arg(long, value_name = "FILE")]
    to: PathBuf,
}

/// Runs the command.
///
/// # Errors
/// 2 for a wrong configuration, 4 without a store, 5 when a store is in use or the new one is not
/// empty, 74 when something cannot be read or written.
pub fn run(args: &Args) -> anyhow::Result<Exit> {
    let words = Words::of("en")?;
    let (from, to) = (load(&args.from, &words)?, load(&args.to, &words)?);
    let moved = migrate(&from, &to, Clock::system().now()).map_err(|error| {
        let exit = match &error {
            MigrateError::Same(_) => Exit::Usage,
            MigrateError::Missing(_) => Exit::NotFound,
            MigrateError::InUse(_) | MigrateError::NotEmpty(_) => Exit::Conflict,
            MigrateError::Store { .. } => Exit::Input,
        };
        let problem = error.to_string();
        let said = words.say_with("hub-cli-migrate-failed", &[("problem", problem.into())]);
        failure(exit, said)
    })?;
    let mut out = std::io::stdout().lock();
    for table in &moved {
        writeln!(out, "{}\t{}\t{}", table.table, table.rows, table.checksum())?;
    }
    let rows: u64 = moved.iter().map(|table| table.rows).sum();
    let said_with = [
        ("rows", rows.to_string().into()),
        ("tables", moved.len().to_string().into()),
        ("place", to.store_place().into()),
        ("config", args.to.display().to_string().into()),
    ];
    writeln!(out, "{}", words.say_with("hub-cli-migrated", &said_with))?;
    Ok(Exit::Done)
}
