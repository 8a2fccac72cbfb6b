//! `larum-hub`: what a police cyber team or a resilience centre runs.

mod commands;

use std::process::ExitCode;

use clap::{Parser, Subcommand};
use larum_cli::not_built;

/// Joins what firms see, spots threats as they emerge, and warns those not hit yet.
#[derive(Parser)]
#[command(name = "larum-hub", version, arg_required_else_help = true)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Run a whole town on this machine: a hub, firms with collectors, and a wave of attacks
    Demo(commands::demo::Args),
    /// Run the hub
    Serve(commands::serve::Args),
    /// Set up a new hub in a folder
    Init(commands::init::Args),
    /// Check a configuration file and report all its problems
    CheckConfig(commands::check_config::Args),
    /// Say how the hub is, and what to do where something is wrong
    Doctor(commands::doctor::Args),
    /// Save the hub into a new folder, while it goes on running
    Backup(commands::backup::BackupArgs),
    /// Put a backup where there is no hub yet
    Restore(commands::backup::RestoreArgs),
    /// Move the store to another engine, or back
    MigrateStore(commands::migrate_store::Args),
    /// Change the authority that collectors know the hub by
    Authority(commands::authority::Args),
    /// Manage members, tokens and people
    Admin(commands::admin::Args),
    /// Export data for partners
    Export(not_built::Args),
    /// Run the detection of threats over recorded sightings
    Backtest(commands::backtest::Args),
}

fn main() -> ExitCode {
    let result = match Cli::parse().command {
        Command::Demo(args) => commands::demo::run(&args),
        Command::Serve(args) => commands::serve::run(&args),
        Command::Init(args) => commands::init::run(&args),
        Command::CheckConfig(args) => commands::check_config::run(&args),
        Command::Doctor(args) => commands::doctor::run(&args),
        Command::Backup(args) => commands::backup::backup(&args),
        Command::Restore(args) => commands::backup::restore(&args),
        Command::MigrateStore(args) => commands::migrate_store::run(&args),
        Command::Authority(args) => commands::authority::run(&args),
        Command::Admin(args) => commands::admin::run(&args),
        Command::Export(args) => not_built::run("export", &args),
        Command::Backtest(args) => commands::backtest::run(&args),
    };
    larum_cli::exit::report("larum-hub", result)
}
