//! Format files from disk.

use std::path::{Path, PathBuf};

use larum_cli::exit::{Exit, failure};
use larum_collector::own_formats::{self, OwnFormatsError};
use larum_core::content::FORMATS;
use larum_core::parse::Formats;

/// Format files: name without ending, and text.
#[derive(Default)]
pub struct Files(Vec<(String, String)>);

impl Files {
    /// Those that ship with the program.
    pub fn built_in() -> Self {
        let own = |(name, text): &(&str, &str)| ((*name).to_owned(), (*text).to_owned());
        Self(FORMATS.iter().map(own).collect())
    }

    /// The files ending in `.toml` of `folder`, by name.
    ///
    /// # Errors
    /// With exit code 74 and the path that cannot be read.
    pub fn in_folder(folder: &Path) -> anyhow::Result<Self> {
        let files = own_formats::read_folder(folder);
        files.map(Self).map_err(|problem| failed(&problem))
    }

    /// The files `paths`.
    ///
    /// # Errors
    /// As [`Files::in_folder`].
    pub fn named(paths: &[&PathBuf]) -> anyhow::Result<Self> {
        let mut files = Self::default();
        for path in paths {
            let file = own_formats::read_file(path)
                .map_err(|error| crate::input::unreadable(&path.display().to_string(), &error))?;
            files.0.push(file);
        }
        Ok(files)
    }

    /// Names and texts.
    pub fn pairs(&self) -> Vec<(&str, &str)> {
        self.0
            .iter()
            .map(|(name, text)| (name.as_str(), text.as_str()))
            .collect()
    }

    /// Compiles them all, alone.
    ///
    /// # Errors
    /// With exit code 5 and every problem of every file.
    pub fn compile(&self) -> anyhow::Result<Formats> {
        Formats::compile(&self.pairs()).map_err(|error| failure(Exit::Conflict, error.to_string()))
    }

    /// Compiles them together with the built-in ones, as the collector does with a firm's own folder.
    ///
    /// # Errors
    /// As [`Files::compile`].
    pub fn compile_beside(&self) -> anyhow::Result<Formats> {
        Formats::with_own(&self.pairs()).map_err(|error| failure(Exit::Conflict, error.to_string()))
    }
}

/// The built-in formats, and before them those of `folder` if one is given.
///
/// # Errors
/// With exit code 74 when the folder cannot be read, 5 with every problem of every file.
pub fn own(folder: Option<&Path>) -> anyhow::Result<Formats> {
    match folder {
        Some(folder) => own_formats::load(folder).map_err(|problem| failed(&problem)),
        None => Ok(Formats::built_in()?),
    }
}

fn failed(problem: &OwnFormatsError) -> anyhow::Error {
    let exit = match problem {
        OwnFormatsError::Unreadable { .. } => Exit::Input,
        OwnFormatsError::Wrong(_) => Exit::Conflict,
    };
    failure(exit, problem.to_string())
}
