//! `larum check-config`: every problem of a configuration at once.

use std::io::Write as _;
use std::path::{Path, PathBuf};

use larum_cli::exit::{Exit, failure};
use larum_collector::config::{Config, ConfigError};
use larum_core::words::Words;

/// Where the configuration is when none is named.
pub const DEFAULT_CONFIG: &str = "/etc/larum/collector.toml";

/// Arguments of `larum check-config`.
#[derive(clap::Args)]
pub struct Args {
    /// The configuration file
    #[arg(value_name = "FILE", default_value = DEFAULT_CONFIG)]
    file: PathBuf,
}

/// Runs the command.
///
/// # Errors
/// 2 for a configuration with problems, each told with its line; 74 when the file cannot be read.
pub fn run(args: &Args) -> anyhow::Result<Exit> {
    let words = Words::of("en")?;
    load(&args.file, &words)?;
    writeln!(std::io::stdout(), "{}", words.say("config-good"))?;
    Ok(Exit::Done)
}

/// Reads a configuration, or says all that is wrong with it.
///
/// # Errors
/// As [`run`].
pub fn load(file: &Path, words: &Words) -> anyhow::Result<Config> {
    Config::load(file).map_err(|error| match error {
        ConfigError::Unreadable(problem) => failure(
            Exit::Input,
            words.say_with(
                "config-unreadable",
                &[
                    ("path", file.display().to_string().into()),
                    ("problem", problem.to_string().into()),
                ],
            ),
        ),
        ConfigError::Wrong(problems) => {
            let head = words.say_with(
                "config-problems",
                &[
                    ("path", file.display().to_string().into()),
                    ("count", problems.len().into()),
                ],
            );
            let said = problems.iter().map(|problem| problem.say(words));
            let lines: Vec<String> = std::iter::once(head).chain(said).collect();
            failure(Exit::Usage, lines.join("\n  "))
        }
    })
}
