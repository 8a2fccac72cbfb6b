//! `larum-hub backup` and `larum-hub restore`: the whole hub in one folder, and back.

use std::io::Write as _;
use std::path::PathBuf;

use larum_cli::exit::{Exit, failure};
use larum_core::words::{Argument, Words};
use larum_hub_lib::backup::{self, BackupError, List};
use larum_link::clock::Clock;

use super::check_config::load;
use super::serve::DEFAULT_CONFIG;

/// Arguments of `larum-hub backup`.
#[derive(clap::Args)]
pub struct BackupArgs {
    /// A folder that is not there yet
    to: PathBuf,
    /// The configuration file
    #[arg(long, value_name = "FILE", default_value = DEFAULT_CONFIG)]
    config: PathBuf,
}

/// Arguments of `larum-hub restore`.
#[derive(clap::Args)]
pub struct RestoreArgs {
    /// The folder of the backup
    from: PathBuf,
    /// The configuration file of the new hub
    #[arg(long, value_name = "FILE", default_value = DEFAULT_CONFIG)]
    config: PathBuf,
}

/// Runs `larum-hub backup`.
///
/// # Errors
/// 2 for a wrong configuration, 4 without a hub, 5 when the folder is there already, 74 when
/// something cannot be read or written.
pub fn backup(args: &BackupArgs) -> anyhow::Result<Exit> {
    let words = Words::of("en")?;
    let config = load(&args.config, &words)?;
    let store = super::open_store(&config, &words)?;
    let made = backup::backup(&store, &config, &args.to, Clock::system().now());
    tell(&words, "hub-cli-backed-up", made)
}

/// Runs `larum-hub restore`.
///
/// # Errors
/// 2 for a wrong configuration, 5 when there is a hub already or the backup is not whole, 74 when
/// something cannot be read or written.
pub fn restore(args: &RestoreArgs) -> anyhow::Result<Exit> {
    let words = Words::of("en")?;
    let config = load(&args.config, &words)?;
    let restored = backup::restore(&args.from, &config);
    tell(&words, "hub-cli-restored", restored)
}

fn tell(words: &Words, good: &str, done: Result<List, BackupError>) -> anyhow::Result<Exit> {
    match done {
        Ok(list) => {
            let args: [(&str, Argument<'_>); 2] = [
                ("rows", list.rows().to_string().into()),
                ("made", list.made().to_string().into()),
            ];
            writeln!(std::io::stdout(), "{}", words.say_with(good, &args))?;
            Ok(Exit::Done)
        }
        Err(error) => {
            let exit = match error {
                BackupError::File { .. } | BackupError::Store(_) => Exit::Input,
                BackupError::Exists(_) | BackupError::Damaged(_) | BackupError::TooNew => {
                    Exit::Conflict
                }
            };
            let problem = error.to_string();
            let said = words.say_with("hub-cli-backup-failed", &[("problem", problem.into())]);
            Err(failure(exit, said))
        }
    }
}
