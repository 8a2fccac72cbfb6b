//! `larum formats`: which formats there are, what one says, and whether its samples hold.

use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use larum_cli::exit::{Exit, failure};
use larum_core::content::FORMATS;
use larum_core::parse::{Formats, about, check_cases};

/// Arguments of `larum formats`.
#[derive(clap::Args)]
pub struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(clap::Subcommand)]
enum Command {
    /// List the formats: name, maker, product, number of sample records
    List,
    /// Print the file of one format
    Show {
        /// Name of the format
        name: String,
    },
    /// Compile format files and check every sample record in them
    Test {
        /// Format files, tried beside the built-in ones, or one folder of them, tried alone (default:
        /// the built-in ones)
        #[arg(value_name = "FILE.toml|DIR")]
        paths: Vec<PathBuf>,
    },
}

/// Runs the command.
///
/// # Errors
/// With the exit code of the contract; 5 when a format file is wrong or a sample does not hold.
pub fn run(args: &Args) -> anyhow::Result<Exit> {
    match &args.command {
        Command::List => list(),
        Command::Show { name } => show(name),
        Command::Test { paths } => test(paths),
    }
}

fn list() -> anyhow::Result<Exit> {
    let mut out = io::stdout().lock();
    for (name, text) in FORMATS {
        let about =
            about(name, text).map_err(|problem| failure(Exit::Conflict, problem.to_string()))?;
        writeln!(
            out,
            "{:28} {:24} {:28} {:4} samples",
            about.name,
            about.vendor.as_deref().unwrap_or("-"),
            about.product.as_deref().unwrap_or("-"),
            about.cases
        )?;
    }
    Ok(Exit::Done)
}

fn show(name: &str) -> anyhow::Result<Exit> {
    let Some((_, text)) = FORMATS.iter().find(|(known, _)| *known == name) else {
        return Err(failure(
            Exit::NotFound,
            format!("there is no format {name}; `larum formats list` shows which there are"),
        ));
    };
    io::stdout().lock().write_all(text.as_bytes())?;
    Ok(Exit::Done)
}

fn test(paths: &[PathBuf]) -> anyhow::Result<Exit> {
    let mut tested = Files::default();
    let mut together = Files::default();
    match paths {
        [] => {
            tested = Files::built_in();
            together = Files::built_in();
        }
        [folder] if folder.is_dir() => {
            tested = Files::in_folder(folder)?;
            together = Files::in_folder(folder)?;
        }
        files => {
            for path in files {
                tested.add(path)?;
                together.add(path)?;
            }
            together.fill_up(FORMATS);
        }
    }
    let formats = together.compile()?;
    let (count, problems) = check_cases(&formats, &tested.pairs());
    let mut out = io::stdout().lock();
    for problem in &problems {
        writeln!(
            out,
            "{}: {}\n    {}",
            problem.format, problem.input, problem.difference
        )?;
    }
    writeln!(
        out,
        "{} formats, {count} samples, {} wrong",
        tested.0.len(),
        problems.len()
    )?;
    Ok(if problems.is_empty() {
        Exit::Done
    } else {
        Exit::Conflict
    })
}

/// Format files: name without ending, and text.
#[derive(Default)]
pub struct Files(Vec<(String, String)>);

impl Files {
    fn built_in() -> Self {
        let mut files = Self::default();
        files.fill_up(FORMATS);
        files
    }

    /// The files ending in `.toml` of `folder`, by name.
    ///
    /// # Errors
    /// With exit code 74 and the path that cannot be read.
    pub fn in_folder(folder: &Path) -> anyhow::Result<Self> {
        let unreadable =
            |error: io::Error| crate::input::unreadable(&folder.display().to_string(), &error);
        let mut paths: Vec<PathBuf> = std::fs::read_dir(folder)
            .and_then(|entries| {
                entries
                    .map(|entry| entry.map(|entry| entry.path()))
                    .collect()
            })
            .map_err(unreadable)?;
        paths.retain(|path| path.extension().is_some_and(|ending| ending == "toml"));
        paths.sort();
        let mut files = Self::default();
        for path in &paths {
            files.add(path)?;
        }
        Ok(files)
    }

    fn add(&mut self, path: &Path) -> anyhow::Result<()> {
        let text = std::fs::read_to_string(path)
            .map_err(|error| crate::input::unreadable(&path.display().to_string(), &error))?;
        let name = path.file_stem().unwrap_or_default().to_string_lossy();
        self.0.push((name.into_owned(), text));
        Ok(())
    }

    /// Adds those of `others` whose names are not there yet.
    fn fill_up(&mut self, others: &[(&str, &str)]) {
        for (name, text) in others {
            if !self.0.iter().any(|(known, _)| known == name) {
                self.0.push(((*name).to_owned(), (*text).to_owned()));
            }
        }
    }

    fn pairs(&self) -> Vec<(&str, &str)> {
        self.0
            .iter()
            .map(|(name, text)| (name.as_str(), text.as_str()))
            .collect()
    }

    /// Compiles them all.
    ///
    /// # Errors
    /// With exit code 5 and every problem of every file.
    pub fn compile(&self) -> anyhow::Result<Formats> {
        Formats::compile(&self.pairs()).map_err(|error| failure(Exit::Conflict, error.to_string()))
    }
}
