//! `larum formats`: which formats there are, what one says, whether its samples hold, and how much of
//! a log they read.

mod cases;
mod files;
mod list;
mod log;
mod sample;
mod show;

use std::path::PathBuf;

use larum_cli::exit::Exit;
use larum_core::words::Words;

pub use files::own;
pub use sample::shown_whole;

/// Arguments of `larum formats`.
#[derive(clap::Args)]
pub struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(clap::Subcommand)]
enum Command {
    /// List the formats: name, device, number of sample lines
    List(list::Args),
    /// Show what one format reads and how it knows it, or its file
    Show(show::Args),
    /// Check the sample lines of format files, or see how much of a log is read and what the rest
    /// looks like
    Test(TestArgs),
}

/// Arguments of `larum formats test`.
#[derive(clap::Args)]
struct TestArgs {
    /// One JSON object per line instead of a table, for logs
    #[arg(long)]
    json: bool,
    /// When the log was received, for formats without year (default: now)
    #[arg(long, value_name = "RFC3339")]
    now: Option<String>,
    /// Format files, tried beside the built-in ones, or one folder of them, tried alone (default: the
    /// built-in ones); and logs (plain, gzip or zstd; - is standard input), read with those formats
    #[arg(value_name = "FILE.toml|DIR|LOG|-")]
    paths: Vec<PathBuf>,
}

/// Runs the command.
///
/// # Errors
/// With the exit code of the contract; 4 for a format that does not exist, 5 when a format file is
/// wrong or a sample does not hold, 74 when a file cannot be read.
pub fn run(args: &Args) -> anyhow::Result<Exit> {
    let words = Words::of("en")?;
    match &args.command {
        Command::List(args) => list::run(args, &words),
        Command::Show(args) => show::run(args, &words),
        Command::Test(args) => test(args, &words),
    }
}

fn test(args: &TestArgs, words: &Words) -> anyhow::Result<Exit> {
    let is_format =
        |path: &&PathBuf| path.is_dir() || path.extension().is_some_and(|e| e == "toml");
    let (given, logs): (Vec<&PathBuf>, Vec<&PathBuf>) = args.paths.iter().partition(is_format);
    if logs.is_empty() {
        return cases::check(&given).map(|(_, exit)| exit);
    }
    let formats = if given.is_empty() {
        own(None)?
    } else {
        let (formats, exit) = cases::check_quietly(&given)?;
        if exit != Exit::Done {
            return Ok(exit);
        }
        formats
    };
    log::run(&formats, &logs, args.now.as_deref(), args.json, words)
}
