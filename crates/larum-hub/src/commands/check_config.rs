//! `larum-hub check-config`: every problem of a configuration file at once.

use std::io::Write as _;
use std::path::{Path, PathBuf};

use larum_cli::exit::{Exit, failure};
use larum_core::words::Words;
use larum_hub_lib::config::{ConfigError, HubConfig};

/// Arguments of `larum-hub check-config`.
#[derive(clap::Args)]
pub struct Args {
    /// The file
    file: PathBuf,
}

/// Runs the command.
///
/// # Errors
/// 2 when the file has problems, 74 when it cannot be read.
pub fn run(args: &Args) -> anyhow::Result<Exit> {
    let words = Words::of("en")?;
    load(&args.file, &words)?;
    let file = args.file.display().to_string();
    let said = words.say_with("hub-config-good", &[("file", file.into())]);
    writeln!(std::io::stdout(), "{said}")?;
    Ok(Exit::Done)
}

/// Loads a configuration, or says what is wrong with it.
///
/// # Errors
/// As [`run`].
pub fn load(file: &Path, words: &Words) -> anyhow::Result<HubConfig> {
    HubConfig::load(file).map_err(|error| match error {
        ConfigError::Unreadable(problem) => {
            let args = [
                ("file", file.display().to_string().into()),
                ("problem", problem.to_string().into()),
            ];
            failure(Exit::Input, words.say_with("hub-config-unreadable", &args))
        }
        ConfigError::Wrong(problems) => {
            let mut said = file.display().to_string();
            for problem in problems {
                said.push_str("\n  ");
                said.push_str(&problem.say(words));
            }
            failure(Exit::Usage, said)
        }
    })
}
