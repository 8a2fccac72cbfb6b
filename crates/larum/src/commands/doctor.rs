//! `larum doctor`: everything a support person would ask, with the fix; and a bundle to send to one.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use larum_cli::exit::{Exit, failure};
use larum_collector::Shared;
use larum_collector::doctor::{Patient, Report, State, bundle, examine, tell};
use larum_link::clock::Clock;

use super::check_config::DEFAULT_CONFIG;

/// Arguments of `larum doctor`.
#[derive(clap::Args)]
pub struct Args {
    /// One JSON object per check instead of text, and a last one with the sum
    #[arg(long)]
    json: bool,
    /// The collector's configuration file
    #[arg(long, value_name = "FILE", default_value = DEFAULT_CONFIG)]
    config: PathBuf,
    /// The collector's state folder, where it is not the one of the configuration
    #[arg(long, value_name = "DIR")]
    state: Option<PathBuf>,
    /// Do not call the hub
    #[arg(long)]
    offline: bool,
    /// Write a support bundle too: no address, name, line or key is in it
    #[arg(long, value_name = "FILE")]
    bundle: Option<PathBuf>,
}

/// Runs the command.
///
/// # Errors
/// 5 when something is broken; 74 when the bundle cannot be written.
pub fn run(args: &Args) -> anyhow::Result<Exit> {
    let shared = Shared::built_in()?;
    let patient = Patient {
        config: args.config.clone(),
        state_dir: args.state.clone(),
        call_hub: !args.offline,
    };
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    let words = Arc::clone(&shared.words);
    let report = runtime.block_on(examine(&patient, &words, &shared.names, &Clock::system()));
    let mut out = std::io::stdout().lock();
    let worst = tell(&mut out, &report.checks, args.json, &words)?;
    if let Some(path) = &args.bundle {
        let said = write_bundle(path, &report, &shared)?;
        // Beside JSON on standard output the note for a person goes where people read.
        if args.json {
            writeln!(std::io::stderr(), "{said}")?;
        } else {
            writeln!(out, "{said}")?;
        }
    }
    Ok(if worst == State::Broken {
        Exit::Conflict
    } else {
        Exit::Done
    })
}

fn write_bundle(path: &Path, report: &Report, shared: &Shared) -> anyhow::Result<String> {
    let mut bytes = serde_json::to_vec_pretty(&bundle(report, &shared.formats))?;
    bytes.push(b'\n');
    let shown = path.display().to_string();
    std::fs::write(path, &bytes).map_err(|problem| {
        let args = [
            ("path", shown.clone().into()),
            ("problem", problem.to_string().into()),
        ];
        failure(
            Exit::Input,
            shared.words.say_with("doctor-bundle-unwritable", &args),
        )
    })?;
    let args = [("path", shown.into()), ("bytes", bytes.len().into())];
    Ok(shared.words.say_with("doctor-bundle-done", &args))
}
