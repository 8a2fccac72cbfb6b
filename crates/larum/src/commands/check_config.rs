//! `larum check-config`: every problem of a configuration at once.

use std::io::Write as _;
use std::path::{Path, PathBuf};

use larum_cli::exit::{Exit, failure};
use larum_collector::capture::Captures;
use larum_collector::config::{Config, ConfigError, Transport};
use larum_collector::listen::{self, own_fingerprint};
use larum_collector::lists::ListPaths;
use larum_collector::own_formats::{self, OwnFormatsError};
use larum_core::parse::{Formats, check_cases};
use larum_core::words::Words;
use larum_link::clock::Clock;

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
    let config = load(&args.file, &words)?;
    if let Some(folder) = &config.formats {
        check_formats(folder, &words)?;
    }
    listen::check(&config, &Clock::system())
        .map_err(|problem| failure(Exit::Input, problem.to_string()))?;
    let mut out = std::io::stdout().lock();
    match Captures::open(&config) {
        // Whoever checks need not have the right that the service has.
        Err(problem) if problem.is_not_allowed() => {
            writeln!(out, "{}", words.say("config-note-capture"))?;
        }
        Err(problem) => return Err(failure(Exit::Input, problem.say(&words))),
        Ok(_) => {}
    }
    for line in check_lists(&config, &words)? {
        writeln!(out, "{line}")?;
    }
    if let Some(fingerprint) = own_fingerprint(&config.state_dir) {
        let args = [("fingerprint", fingerprint.into())];
        writeln!(out, "{}", words.say_with("config-fingerprint", &args))?;
    }
    if blocks_without_us(&config) {
        writeln!(out, "{}", words.say("config-note-blocking-firewall"))?;
    }
    writeln!(out, "{}", words.say("config-good"))?;
    Ok(Exit::Done)
}

/// Whether a firewall that sends here might stop all traffic while nobody answers: Cisco ASA does so by
/// default when its log server is reached over TCP (Cisco ASA Series configuration guide, "logging
/// permit-hostdown").
fn blocks_without_us(config: &Config) -> bool {
    let mut listeners = config.listen.iter();
    listeners.any(|listen| matches!(listen.transport, Transport::Tcp | Transport::Tls))
}

/// Reads the lists of indicators, and says what became of each.
///
/// # Errors
/// 74 when one cannot be read.
fn check_lists(config: &Config, words: &Words) -> anyhow::Result<Vec<String>> {
    let paths = ListPaths {
        indicators: config.indicators.clone(),
        never: config.never_match.clone(),
        ..ListPaths::default()
    };
    let now = Clock::system().now();
    match paths.load(&config.own_networks, Some(now)) {
        Ok(lists) => Ok(lists.say(words)),
        Err(problem) => Err(failure(Exit::Input, problem.to_string())),
    }
}

/// Checks the firm's own format files: that they can be used, and that their samples hold.
///
/// # Errors
/// 2 with every problem of every file; 74 when the folder cannot be read.
pub fn check_formats(folder: &Path, words: &Words) -> anyhow::Result<()> {
    let unreadable = |problem: &OwnFormatsError| failure(Exit::Input, problem.to_string());
    let files = own_formats::read_folder(folder).map_err(|problem| unreadable(&problem))?;
    let pairs: Vec<(&str, &str)> = files
        .iter()
        .map(|(name, text)| (name.as_str(), text.as_str()))
        .collect();
    let problems: Vec<String> = match Formats::with_own(&pairs) {
        Err(error) => error.problems.iter().map(ToString::to_string).collect(),
        Ok(formats) => {
            let (_, problems) = check_cases(&formats, &pairs);
            let said = problems.iter().map(|problem| {
                let args = [
                    ("file", problem.format.as_str().into()),
                    ("difference", problem.difference.as_str().into()),
                ];
                words.say_with("config-formats-sample", &args)
            });
            said.collect()
        }
    };
    if problems.is_empty() {
        return Ok(());
    }
    Err(failure(
        Exit::Usage,
        listed(folder, problems.len(), problems, words),
    ))
}

/// `path` has so many problems, and which.
fn listed(
    path: &Path,
    count: usize,
    problems: impl IntoIterator<Item = String>,
    words: &Words,
) -> String {
    let head = words.say_with(
        "config-problems",
        &[
            ("path", path.display().to_string().into()),
            ("count", count.into()),
        ],
    );
    let lines: Vec<String> = std::iter::once(head).chain(problems).collect();
    lines.join("\n  ")
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
            let said = problems.iter().map(|problem| problem.say(words));
            failure(Exit::Usage, listed(file, problems.len(), said, words))
        }
    })
}
