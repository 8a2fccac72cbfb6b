//! The firm's own format folder: read at the start and on reload, and checked by `larum check-config`.

use std::fs;
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

use larum_core::parse::{FormatError, Formats};

use crate::packs::pairs;

/// Longest format file that is read, in bytes.
pub const MAX_FORMAT_FILE_BYTES: u64 = 1 << 20;
/// Most format files of one folder.
pub const MAX_FORMAT_FILES: usize = 1_000;

/// Why a folder of formats cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum OwnFormatsError {
    /// The folder or one of its files cannot be read.
    #[error("{path} cannot be read: {source}")]
    Unreadable {
        /// Which.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// Files are wrong.
    #[error(transparent)]
    Wrong(FormatError),
}

/// The files ending in `.toml` of `folder`, by name: name without ending, and text.
///
/// # Errors
/// When the folder or a file of it cannot be read, is too long, or there are too many.
pub fn read_folder(folder: &Path) -> Result<Vec<(String, String)>, OwnFormatsError> {
    let unreadable = |path: &Path, source| OwnFormatsError::Unreadable {
        path: path.to_owned(),
        source,
    };
    let entries = fs::read_dir(folder).and_then(|entries| {
        entries
            .map(|entry| entry.map(|entry| entry.path()))
            .collect::<io::Result<Vec<PathBuf>>>()
    });
    let mut paths = entries.map_err(|source| unreadable(folder, source))?;
    paths.retain(|path| path.extension().is_some_and(|ending| ending == "toml"));
    paths.sort();
    if paths.len() > MAX_FORMAT_FILES {
        let problem = format!("more than {MAX_FORMAT_FILES} format files");
        return Err(unreadable(folder, io::Error::other(problem)));
    }
    let mut files = Vec::with_capacity(paths.len());
    for path in paths {
        files.push(read_file(&path).map_err(|source| unreadable(&path, source))?);
    }
    Ok(files)
}

/// The format file `path`: name without ending, and text.
///
/// # Errors
/// When it cannot be read or is longer than [`MAX_FORMAT_FILE_BYTES`].
pub fn read_file(path: &Path) -> io::Result<(String, String)> {
    let mut text = String::new();
    let file = fs::File::open(path)?;
    file.take(MAX_FORMAT_FILE_BYTES + 1)
        .read_to_string(&mut text)?;
    if u64::try_from(text.len()).is_ok_and(|length| length > MAX_FORMAT_FILE_BYTES) {
        let problem = format!("longer than {MAX_FORMAT_FILE_BYTES} bytes");
        return Err(io::Error::other(problem));
    }
    let name = path.file_stem().unwrap_or_default().to_string_lossy();
    Ok((name.into_owned(), text))
}

/// The formats that ship with the program, and before them those of `folder`; one of the same name
/// stands for the shipped one.
///
/// # Errors
/// When the folder cannot be read, or with every problem of every file.
pub fn load(folder: &Path) -> Result<Formats, OwnFormatsError> {
    let files = read_folder(folder)?;
    Formats::with_own(&pairs(&files)).map_err(OwnFormatsError::Wrong)
}

/// As [`load`], with the formats of content packs between the firm's own and those that ship. Where packs
/// and own formats do not go together, the own ones count and the log says so.
///
/// # Errors
/// As [`load`].
pub fn load_with(
    folder: Option<&Path>,
    packed: &[(String, String)],
) -> Result<Formats, OwnFormatsError> {
    let own = folder.map_or_else(|| Ok(Vec::new()), read_folder)?;
    let further = packed
        .iter()
        .filter(|(name, _)| !own.iter().any(|(known, _)| known == name));
    let both: Vec<_> = own.iter().chain(further).cloned().collect();
    if both.len() > own.len() {
        match Formats::with_own(&pairs(&both)) {
            Ok(formats) => return Ok(formats),
            Err(problem) => tracing::error!(%problem, "formats of content packs not used"),
        }
    }
    Formats::with_own(&pairs(&own)).map_err(OwnFormatsError::Wrong)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_is_read_by_name_and_other_files_left() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("b.toml"), "b").unwrap();
        fs::write(folder.path().join("a.toml"), "a").unwrap();
        fs::write(folder.path().join("notes.txt"), "c").unwrap();
        let files = read_folder(folder.path()).unwrap();
        let names: Vec<&str> = files.iter().map(|(name, _)| name.as_str()).collect();
        assert_eq!(names, ["a", "b"]);
        let Err(OwnFormatsError::Wrong(problems)) = load(folder.path()) else {
            panic!("both files are wrong");
        };
        assert_eq!(problems.problems.len(), 2, "{problems}");
        assert!(matches!(
            read_folder(&folder.path().join("nowhere")),
            Err(OwnFormatsError::Unreadable { .. })
        ));
        fs::write(folder.path().join("c.toml"), "#".repeat((1 << 20) + 1)).unwrap();
        let error = read_folder(folder.path()).unwrap_err().to_string();
        assert!(error.contains("c.toml"), "{error}");
    }
}
