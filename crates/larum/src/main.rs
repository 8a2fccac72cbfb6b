//! `larum`: what a firm installs, and the tool to look into recordings.
//!
//! Names, keys and exit codes that outside programs rely on are the command-line contract
//! (`docs/operator/commands.md`). Data goes to standard output, everything else to standard error.

mod commands;
mod input;
mod one_a_line;
mod packets;
mod recording;
mod unpack;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// Watches what your firewalls, servers and networks see, and tells you what to do.
#[derive(Parser)]
#[command(name = "larum", version, arg_required_else_help = true)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Show what devices said, normalised, one object per record
    Parse(commands::parse::Args),
    /// Look for attacks in recorded logs and report in plain words
    Scan(commands::scan::Args),
    /// Judge web requests, payloads or domains with the models alone
    Judge(commands::judge::Args),
    /// Run the installed collector
    Collect(commands::collect::Args),
    /// Check a configuration file and report all its problems
    CheckConfig(commands::check_config::Args),
    /// Join a hub with a one-time token
    Join(commands::join::Args),
    /// Show what was received, found and sent, per device and hour
    Status(commands::status::Args),
    /// Check everything a support person would ask
    Doctor(commands::doctor::Args),
    /// Show what leaves the building
    Outbox(commands::outbox::Args),
    /// Verify the record of what has left
    Ledger(commands::ledger::Args),
    /// List, show or test formats
    Formats(commands::formats::Args),
    /// List or test detection rules
    Rules(commands::rules::Args),
    /// Install, list or verify content packs
    Pack(commands::pack::Args),
}

fn main() -> ExitCode {
    // clap prints its own message and exits with 2 on a usage error, 0 on --help.
    let result = match Cli::parse().command {
        Command::Parse(args) => commands::parse::run(&args),
        Command::Scan(args) => commands::scan::run(&args),
        Command::Judge(args) => commands::judge::run(&args),
        Command::Collect(args) => commands::collect::run(&args),
        Command::CheckConfig(args) => commands::check_config::run(&args),
        Command::Join(args) => commands::join::run(&args),
        Command::Status(args) => commands::status::run(&args),
        Command::Doctor(args) => commands::doctor::run(&args),
        Command::Outbox(args) => commands::outbox::run(&args),
        Command::Ledger(args) => commands::ledger::run(&args),
        Command::Formats(args) => commands::formats::run(&args),
        Command::Rules(args) => commands::rules::run(&args),
        Command::Pack(args) => commands::pack::run(&args),
    };
    larum_cli::exit::report("larum", result)
}
