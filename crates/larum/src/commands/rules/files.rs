//! Rule files from disk.

use std::fs;
use std::io::Read as _;
use std::path::{Path, PathBuf};

use larum_cli::exit::{Exit, failure};
use larum_core::content::RULES;
use larum_core::words::Words;

/// Deepest folder below a rules folder that is looked into.
const MAX_DEPTH: usize = 8;
/// Rule files at most.
const MAX_FILES: usize = 20_000;
/// Largest rule file, in bytes.
const MAX_BYTES: u64 = 1024 * 1024;

/// Rule files: path, or name of a built-in one, and text.
pub type Files = Vec<(String, String)>;

/// Those that ship with the program.
pub fn built_in() -> Files {
    let own = |(name, text): &(&str, &str)| ((*name).to_owned(), (*text).to_owned());
    RULES.iter().map(own).collect()
}

/// The rule files in `paths`, which are files or folders of them.
///
/// # Errors
/// With exit code 74 when one is not there or cannot be read.
pub fn read(paths: &[PathBuf], words: &Words) -> anyhow::Result<Files> {
    let mut found = Vec::new();
    for path in paths {
        if !path.exists() {
            let shown = path.display().to_string();
            let message = words.say_with("scan-no-rules-folder", &[("file", shown.into())]);
            return Err(failure(Exit::Input, message));
        }
        if path.is_file() {
            found.push(path.clone());
        } else {
            gather(path, 0, &mut found)?;
        }
    }
    found.sort();
    found.truncate(MAX_FILES);
    let mut files = Vec::new();
    for path in found {
        let text = text_of(&path, MAX_BYTES, words)?;
        files.push((path.display().to_string(), text));
    }
    Ok(files)
}

fn gather(path: &Path, depth: usize, out: &mut Vec<PathBuf>) -> anyhow::Result<()> {
    if path.is_file() {
        let is_rule = path
            .extension()
            .is_some_and(|ending| ending == "yml" || ending == "yaml");
        if is_rule {
            out.push(path.to_owned());
        }
    } else if path.is_dir() && depth < MAX_DEPTH && out.len() < MAX_FILES {
        for entry in fs::read_dir(path)? {
            gather(&entry?.path(), depth + 1, out)?;
        }
    }
    Ok(())
}

/// The first `most` bytes of a file, as text.
///
/// # Errors
/// With exit code 74 when it cannot be read.
pub fn text_of(path: &Path, most: u64, words: &Words) -> anyhow::Result<String> {
    let mut bytes = Vec::new();
    let result = fs::File::open(path).and_then(|file| file.take(most).read_to_end(&mut bytes));
    if let Err(error) = result {
        let args = [
            ("file", path.display().to_string().into()),
            ("problem", error.to_string().into()),
        ];
        return Err(failure(
            Exit::Input,
            words.say_with("scan-cannot-open", &args),
        ));
    }
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}
