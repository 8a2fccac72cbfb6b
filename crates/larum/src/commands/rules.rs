//! `larum rules`: which detection rules there are, which of them apply here and why others do not,
//! whether their own cases hold, and the page of each.

pub mod files;
mod list;
mod pages;
mod test;

use larum_cli::exit::Exit;
use larum_core::words::Words;

/// Arguments of `larum rules`.
#[derive(clap::Args)]
pub struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(clap::Subcommand)]
enum Command {
    /// List the rules: how bad, title, and whether each applies here or why not
    List(list::Args),
    /// Check that rules can be used and that the cases they carry hold
    Test(test::Args),
    /// Write a page in Markdown for each built-in rule
    Pages(pages::Args),
}

/// Runs the command.
///
/// # Errors
/// With the exit code of the contract; 5 when a rule is wrong or a case does not hold, 74 when a file
/// cannot be read.
pub fn run(args: &Args) -> anyhow::Result<Exit> {
    let words = Words::of("en")?;
    match &args.command {
        Command::List(args) => list::run(args, &words),
        Command::Test(args) => test::run(args, &words),
        Command::Pages(args) => pages::run(args, &words),
    }
}
