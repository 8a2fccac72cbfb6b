//! `larum-hub backtest`: the watch and the blocklist over recorded sightings, by the code that runs
//! live.

mod blocklist;
mod rows;
mod threats;

use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use clap::Subcommand;
use larum_cli::exit::{Exit, failure};
use larum_core::words::Words;
use rows::{Recording, Unreadable};

/// Bad rows that are named one by one.
const MAX_NAMED: usize = 20;

/// Arguments of `larum-hub backtest`.
#[derive(clap::Args)]
#[command(arg_required_else_help = true)]
pub struct Args {
    #[command(subcommand)]
    what: What,
}

#[derive(Subcommand)]
enum What {
    /// Threats that would have been called, in order of time
    Threats(threats::Args),
    /// How well each member's blocklist of the evening before named the day's attackers
    Blocklist(blocklist::Args),
}

/// What every backtest reads.
#[derive(clap::Args)]
struct Input {
    /// Sightings: CSV with the header time,member,src_ip,key,count[,area,sector,asn], plain or gzip;
    /// `-` is standard input
    #[arg(long, value_name = "FILE")]
    sightings: PathBuf,
    /// Print one JSON object per line
    #[arg(long)]
    json: bool,
}

/// Runs the command.
///
/// # Errors
/// 74 when the sightings cannot be read, or some rows of them.
pub fn run(args: &Args) -> anyhow::Result<Exit> {
    let words = Words::of("en")?;
    match &args.what {
        What::Threats(args) => threats::run(args, &words),
        What::Blocklist(args) => blocklist::run(args, &words),
    }
}

/// Reads the recording; rows that cannot be read are told at once.
fn load(file: &Path, words: &Words) -> anyhow::Result<Recording> {
    let recording = rows::read(file).map_err(|error| {
        let mut args = vec![("file", file.display().to_string().into())];
        let id = match error {
            Unreadable::File(problem) => {
                args.push(("problem", problem.to_string().into()));
                "backtest-unreadable"
            }
            Unreadable::Column(column) => {
                args.push(("column", column.into()));
                "backtest-no-column"
            }
        };
        failure(Exit::Input, words.say_with(id, &args))
    })?;
    let mut err = io::stderr().lock();
    for bad in recording.bad.iter().take(MAX_NAMED) {
        let args = [
            ("line", bad.line.into()),
            ("field", bad.field.into()),
            ("why", words.say(bad.why).into()),
        ];
        writeln!(err, "{}", words.say_with("backtest-bad-row", &args))?;
    }
    Ok(recording)
}

/// How a backtest of the recording ends: rows that were left out are no success.
fn end(recording: &Recording, words: &Words) -> anyhow::Result<Exit> {
    if recording.bad.is_empty() {
        return Ok(Exit::Done);
    }
    let args = [
        ("bad", recording.bad.len().into()),
        ("good", recording.rows.len().into()),
    ];
    Err(failure(
        Exit::Input,
        words.say_with("backtest-bad-rows", &args),
    ))
}
