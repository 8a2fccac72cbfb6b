//! `larum pack`: signed files of formats, rules and lists of indicators.

use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use clap::Subcommand;
use larum_cli::exit::{Exit, failure};
use larum_collector::config::Config;
use larum_collector::packs::{self, InstallError, Key, Kind, Pack, PackFault, PackFile};
use larum_core::words::Words;
use larum_link::clock::Clock;
use larum_link::tls::private_key;
use serde::Serialize;

use super::check_config::{DEFAULT_CONFIG, load};

/// Arguments of `larum pack`.
#[derive(clap::Args)]
pub struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Install a pack; the collector uses it from its next start on
    Install(InstallArgs),
    /// List the installed packs, and whether each is used
    List(ListArgs),
    /// Check packs, or what is installed, without changing anything
    Verify(VerifyArgs),
    /// Make a pack of a folder with the folders formats, rules and indicators
    Make(MakeArgs),
}

#[derive(clap::Args)]
struct InstallArgs {
    /// The pack
    file: PathBuf,
    #[command(flatten)]
    of: Of,
}

#[derive(clap::Args)]
struct ListArgs {
    #[command(flatten)]
    of: Of,
    /// One JSON object per record
    #[arg(long)]
    json: bool,
}

#[derive(clap::Args)]
struct VerifyArgs {
    /// Packs; without any, those that are installed
    files: Vec<PathBuf>,
    /// Go by this key instead of those of the configuration
    #[arg(long, value_name = "KEY", value_parser = key)]
    key: Vec<Key>,
    #[command(flatten)]
    of: Of,
    /// One JSON object per record
    #[arg(long)]
    json: bool,
}

#[derive(clap::Args)]
struct MakeArgs {
    /// The folder
    folder: PathBuf,
    /// Its name: small letters, digits and dashes
    #[arg(long)]
    name: String,
    /// Counts up with each edition
    #[arg(long, value_parser = clap::value_parser!(u64).range(1..))]
    number: u64,
    /// Private key, PEM: openssl genpkey -algorithm ed25519
    #[arg(long, value_name = "FILE")]
    key: PathBuf,
    /// Where the pack is written to
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
}

/// Whose packs.
#[derive(clap::Args)]
struct Of {
    /// The collector's configuration file; its `pack-keys` say whose packs may be used
    #[arg(long, value_name = "FILE", default_value = DEFAULT_CONFIG)]
    config: PathBuf,
}

fn key(text: &str) -> Result<Key, &'static str> {
    Key::from_text(text).ok_or("not a key of 64 hexadecimal digits")
}

/// A pack as `--json` shows it.
#[derive(Serialize)]
struct Row<'p> {
    name: &'p str,
    used: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
    #[serde(flatten)]
    holds: Option<Holds>,
}

#[derive(Serialize)]
struct Holds {
    number: u64,
    made: String,
    key: String,
    formats: usize,
    rules: usize,
    indicators: usize,
}

/// Runs the command.
///
/// # Errors
/// With the exit code of the contract: 3 when the pack is signed with a key that is not trusted, 5 when it
/// was changed, is older than one that was installed or cannot be used, 74 when a file cannot be read.
pub fn run(args: &Args) -> anyhow::Result<Exit> {
    let words = Words::of("en")?;
    match &args.command {
        Command::Install(args) => install(args, &words),
        Command::List(args) => {
            let config = load(&args.of.config, &words)?;
            let packs = packs::installed(&config.state_dir, &config.pack_keys)?;
            show(packs, args.json, &words)?;
            Ok(Exit::Done)
        }
        Command::Verify(args) => verify(args, &words),
        Command::Make(args) => make(args, &words),
    }
}

fn with_keys(file: &Path, words: &Words) -> anyhow::Result<Config> {
    let config = load(file, words)?;
    if config.pack_keys.is_empty() {
        return Err(failure(Exit::NotAuthorised, words.say("pack-no-keys")));
    }
    Ok(config)
}

fn install(args: &InstallArgs, words: &Words) -> anyhow::Result<Exit> {
    let config = with_keys(&args.of.config, words)?;
    let bytes = read(&args.file, words)?;
    let not_used = |exit, problem: String| {
        let name = args.file.display().to_string();
        let said = [("name", name.into()), ("problem", problem.into())];
        failure(exit, words.say_with("pack-not-used", &said))
    };
    let pack =
        packs::install(&config.state_dir, &bytes, &config.pack_keys).map_err(
            |error| match error {
                InstallError::Fault(fault) => not_used(exit_of(fault), problem(fault, words)),
                InstallError::Formats(error) => {
                    let said = [("problem", error.to_string().into())];
                    not_used(Exit::Conflict, words.say_with("pack-formats-wrong", &said))
                }
                InstallError::TooMany => {
                    not_used(Exit::Conflict, words.say("pack-problem-too-many"))
                }
                InstallError::Folder(error) => {
                    let folder = config.state_dir.display().to_string();
                    let said = [
                        ("folder", folder.into()),
                        ("problem", error.to_string().into()),
                    ];
                    failure(Exit::Input, words.say_with("pack-unwritable", &said))
                }
            },
        )?;
    let mut out = std::io::stdout().lock();
    writeln!(out, "{}", one(&pack, words))?;
    writeln!(out, "{}", words.say("pack-installed"))?;
    Ok(Exit::Done)
}

fn verify(args: &VerifyArgs, words: &Words) -> anyhow::Result<Exit> {
    let packs = if args.files.is_empty() {
        let config = with_keys(&args.of.config, words)?;
        packs::installed(&config.state_dir, &config.pack_keys)?
    } else {
        let keys = if args.key.is_empty() {
            with_keys(&args.of.config, words)?.pack_keys
        } else {
            args.key.clone()
        };
        let mut packs = Vec::new();
        for file in &args.files {
            let name = file.display().to_string();
            packs.push((name, Pack::read(&read(file, words)?, &keys)));
        }
        packs
    };
    let faults = packs.iter().filter_map(|(_, read)| read.as_ref().err());
    let exit = faults
        .map(|fault| exit_of(*fault))
        .next()
        .unwrap_or(Exit::Done);
    show(packs, args.json, words)?;
    Ok(exit)
}

fn show(
    packs: Vec<(String, Result<Pack, PackFault>)>,
    json: bool,
    words: &Words,
) -> anyhow::Result<()> {
    let mut out = std::io::stdout().lock();
    if packs.is_empty() && !json {
        writeln!(out, "{}", words.say("pack-none"))?;
    }
    for (name, read) in packs {
        let line = if json {
            serde_json::to_string(&row(&name, &read))?
        } else {
            match read {
                Ok(pack) => one(&pack, words),
                Err(fault) => {
                    let said = [
                        ("name", name.into()),
                        ("problem", problem(fault, words).into()),
                    ];
                    words.say_with("pack-not-used", &said)
                }
            }
        };
        writeln!(out, "{line}")?;
    }
    Ok(())
}

fn row<'p>(name: &'p str, read: &'p Result<Pack, PackFault>) -> Row<'p> {
    match read {
        Ok(pack) => Row {
            name: &pack.name,
            used: true,
            reason: None,
            holds: Some(Holds {
                number: pack.number,
                made: pack.made.clone(),
                key: pack.key.to_string(),
                formats: pack.count(Kind::Formats),
                rules: pack.count(Kind::Rules),
                indicators: pack.count(Kind::Indicators),
            }),
        },
        Err(fault) => Row {
            name,
            used: false,
            reason: Some(fault.to_string()),
            holds: None,
        },
    }
}

fn one(pack: &Pack, words: &Words) -> String {
    let said = [
        ("name", pack.name.as_str().into()),
        ("number", pack.number.to_string().into()),
        ("made", pack.made.as_str().into()),
        ("formats", pack.count(Kind::Formats).into()),
        ("rules", pack.count(Kind::Rules).into()),
        ("lists", pack.count(Kind::Indicators).into()),
        ("key", pack.key.to_string().into()),
    ];
    words.say_with("pack-one", &said)
}

fn problem(fault: PackFault, words: &Words) -> String {
    words.say(&format!("pack-problem-{fault}"))
}

const fn exit_of(fault: PackFault) -> Exit {
    match fault {
        PackFault::Key => Exit::NotAuthorised,
        PackFault::Unreadable => Exit::Input,
        _ => Exit::Conflict,
    }
}

fn read(file: &Path, words: &Words) -> anyhow::Result<Vec<u8>> {
    packs::read_file(file).map_err(|error| unreadable(file, &error, words))
}

fn unreadable(file: &Path, error: &std::io::Error, words: &Words) -> anyhow::Error {
    let said = [
        ("file", file.display().to_string().into()),
        ("problem", error.to_string().into()),
    ];
    failure(Exit::Input, words.say_with("pack-unreadable", &said))
}

fn make(args: &MakeArgs, words: &Words) -> anyhow::Result<Exit> {
    let files = gather(&args.folder, words)?;
    let no_key = || {
        let said = [("file", args.key.display().to_string().into())];
        failure(Exit::Usage, words.say_with("pack-make-key", &said))
    };
    let pem =
        fs::read_to_string(&args.key).map_err(|error| unreadable(&args.key, &error, words))?;
    let pkcs8 = private_key(&pem).map_err(|_| no_key())?;
    let made = Clock::system().now().to_string();
    let pkcs8 = pkcs8.secret_der();
    let (pack, key) = packs::make(&args.name, args.number, &made, &files, pkcs8).map_err(
        |fault| match fault {
            PackFault::Key => no_key(),
            PackFault::TooLong => failure(Exit::Usage, words.say("pack-problem-too-long")),
            _ => failure(Exit::Usage, words.say("pack-make-name")),
        },
    )?;
    fs::write(&args.out, pack)?;
    let said = [
        ("file", args.out.display().to_string().into()),
        ("key", key.to_string().into()),
    ];
    writeln!(std::io::stdout(), "{}", words.say_with("pack-made", &said))?;
    Ok(Exit::Done)
}

/// The files of the folders of each kind, by name.
fn gather(folder: &Path, words: &Words) -> anyhow::Result<Vec<PackFile>> {
    let mut files = Vec::new();
    for (kind, name, endings) in Kind::ALL {
        let folder = folder.join(name);
        if !folder.is_dir() {
            continue;
        }
        let mut paths = Vec::new();
        for entry in fs::read_dir(&folder).map_err(|error| unreadable(&folder, &error, words))? {
            paths.push(entry?.path());
        }
        paths.retain(|path| {
            let ending = path.extension().and_then(|ending| ending.to_str());
            ending.is_some_and(|ending| endings.contains(&ending))
        });
        paths.sort();
        for path in paths {
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            files.push(PackFile {
                kind,
                name: name.into_owned(),
                bytes: read(&path, words)?,
            });
        }
    }
    Ok(files)
}
