//! Whether the sample lines of format files give what the files say.

use std::io::{self, Write};
use std::path::PathBuf;

use larum_cli::exit::Exit;
use larum_core::parse::{Formats, check_cases};

use super::files::Files;

/// Checks the samples of `paths` (none: of the built-in formats) and says what is wrong, and how many
/// there are. Returns the formats that were tried.
///
/// # Errors
/// When a file cannot be read or compiled.
pub fn check(paths: &[&PathBuf]) -> anyhow::Result<(Formats, Exit)> {
    let mut out = io::stdout().lock();
    check_to(paths, &mut out, true)
}

/// The same, but only problems are said, and on standard error.
///
/// # Errors
/// As [`check`].
pub fn check_quietly(paths: &[&PathBuf]) -> anyhow::Result<(Formats, Exit)> {
    check_to(paths, &mut io::stderr().lock(), false)
}

fn check_to(
    paths: &[&PathBuf],
    out: &mut impl Write,
    say_sum: bool,
) -> anyhow::Result<(Formats, Exit)> {
    let (files, formats) = match paths {
        [] => alone(Files::built_in())?,
        [folder] if folder.is_dir() => alone(Files::in_folder(folder)?)?,
        paths => {
            let files = Files::named(paths)?;
            let formats = files.compile_beside()?;
            (files, formats)
        }
    };
    let (count, problems) = check_cases(&formats, &files.pairs());
    for problem in &problems {
        writeln!(
            out,
            "{}: {}\n    {}",
            problem.format, problem.input, problem.difference
        )?;
    }
    if say_sum || !problems.is_empty() {
        let formats = files.pairs().len();
        writeln!(
            out,
            "{formats} formats, {count} samples, {} wrong",
            problems.len()
        )?;
    }
    let exit = if problems.is_empty() {
        Exit::Done
    } else {
        Exit::Conflict
    };
    Ok((formats, exit))
}

fn alone(files: Files) -> anyhow::Result<(Files, Formats)> {
    let formats = files.compile()?;
    Ok((files, formats))
}
