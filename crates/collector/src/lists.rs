//! The firm's lists of indicators, and of what is never to be matched: read from files and folders, at
//! the start and whenever they change.
//!
//! Files are read in pieces of 64 KiB. While lists are read again, the set in use and the new one are
//! both in memory.

use std::fs::{self, File};
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::SystemTime;

use larum_core::address::Network;
use larum_core::detect::{
    EntryKind, Indicators, ListReport, Loader, NetworkSet, NeverMatch, Refusal,
};
use larum_core::time::Timestamp;
use larum_core::words::Words;

use crate::packs::Packed;

/// Longest file of indicators that is read, in bytes; of a longer one the rest is left, and said.
pub const MAX_LIST_BYTES: u64 = 4 << 30;
/// Longest never-match file that is read, in bytes.
pub const MAX_NEVER_BYTES: u64 = 64 << 20;
/// Most files of one folder.
pub const MAX_FOLDER_FILES: usize = 100_000;
/// Bytes read at once.
const PIECE_BYTES: usize = 64 * 1024;

/// A list cannot be read.
#[derive(Debug, thiserror::Error)]
#[error("{path} cannot be read: {source}")]
pub struct Unreadable {
    /// Which.
    pub path: PathBuf,
    /// What the system said.
    pub source: io::Error,
}

/// Which lists there are.
#[derive(Clone, Debug, Default)]
pub struct ListPaths {
    /// Files of indicators, and folders of such files (a MISP feed, say), which are one list each.
    pub indicators: Vec<PathBuf>,
    /// Files of what is never to be matched, beside what ships.
    pub never: Vec<PathBuf>,
    /// What the installed content packs hold.
    pub packed: Arc<Packed>,
}

/// Lists that were read.
#[derive(Debug, Default)]
pub struct Lists {
    /// What is matched.
    pub indicators: Arc<Indicators>,
    /// What is never matched.
    pub never: NetworkSet,
    /// What became of each list.
    pub reports: Vec<ListReport>,
    /// Of each never-match file: its name, entries, and lines that are none.
    pub never_reports: Vec<(String, usize, usize)>,
}

/// What tells whether files have changed: path, length, time of change.
pub type Marks = Vec<(PathBuf, u64, Option<SystemTime>)>;

impl ListPaths {
    /// Whether there are none.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.indicators.is_empty() && self.never.is_empty()
    }

    /// Reads all lists. Entries that are the firm's own addresses (`own`) are refused, and with `now`
    /// those whose validity has ended.
    ///
    /// # Errors
    /// When a file or folder cannot be read.
    pub fn load(&self, own: &[Network], now: Option<Timestamp>) -> Result<Lists, Unreadable> {
        let mut never = NeverMatch::built_in();
        never.set_own(own);
        let mut never_reports = Vec::new();
        for path in &self.never {
            let mut bytes = Vec::new();
            File::open(path)
                .and_then(|file| file.take(MAX_NEVER_BYTES).read_to_end(&mut bytes))
                .map_err(|source| unreadable(path, source))?;
            let (taken, wrong) = never.add(&bytes);
            never_reports.push((name_of(path), taken, wrong));
        }
        let networks = never.networks();
        let mut loader = Loader::new(never, now);
        for path in &self.indicators {
            loader.list(&name_of(path));
            if path.is_dir() {
                for file in files_of(path).map_err(|source| unreadable(path, source))? {
                    loader.file(&name_of(&file));
                    feed(&mut loader, &file).map_err(|source| unreadable(&file, source))?;
                }
            } else {
                feed(&mut loader, path).map_err(|source| unreadable(path, source))?;
            }
        }
        for (name, bytes) in &self.packed.indicators {
            loader.list(name);
            loader.feed(bytes);
            loader.end_file();
        }
        let (indicators, reports) = loader.finish();
        Ok(Lists {
            indicators: Arc::new(indicators),
            never: networks,
            reports,
            never_reports,
        })
    }

    /// What the files look like now; what cannot be looked at is left out, and looks changed.
    #[must_use]
    pub fn marks(&self) -> Marks {
        let mut marks = Vec::new();
        let mut mark = |path: &Path| {
            if let Ok(about) = path.metadata() {
                marks.push((path.to_owned(), about.len(), about.modified().ok()));
            }
        };
        for path in self.indicators.iter().chain(&self.never) {
            mark(path);
            if path.is_dir() {
                for file in files_of(path).unwrap_or_default() {
                    mark(&file);
                }
            }
        }
        marks
    }
}

fn unreadable(path: &Path, source: io::Error) -> Unreadable {
    Unreadable {
        path: path.to_owned(),
        source,
    }
}

fn name_of(path: &Path) -> String {
    let name = path.file_name().unwrap_or(path.as_os_str());
    name.to_string_lossy().into_owned()
}

/// The files of a folder that hold indicators, by name. A MISP feed's manifest and hashes do not.
fn files_of(folder: &Path) -> io::Result<Vec<PathBuf>> {
    const ENDINGS: &[&str] = &["json", "csv", "txt", "list", "netset", "ipset", "hosts"];
    const ASIDE: &[&str] = &["manifest.json", "hashes.csv"];
    let mut files = Vec::new();
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        let ending = path.extension().map(|ending| ending.to_ascii_lowercase());
        let is_list = ending.is_some_and(|ending| ENDINGS.iter().any(|known| ending == *known))
            && !ASIDE.contains(&name_of(&path).as_str());
        if is_list && path.is_file() {
            files.push(path);
        }
        if files.len() > MAX_FOLDER_FILES {
            let problem = format!("more than {MAX_FOLDER_FILES} files");
            return Err(io::Error::other(problem));
        }
    }
    files.sort();
    Ok(files)
}

fn feed(loader: &mut Loader, path: &Path) -> io::Result<()> {
    let mut file = File::open(path)?.take(MAX_LIST_BYTES);
    let mut piece = vec![0; PIECE_BYTES];
    loop {
        match file.read(&mut piece) {
            Ok(0) => break,
            Ok(length) => loader.feed(piece.get(..length).unwrap_or_default()),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    if file.limit() == 0 {
        let problem = format!("longer than {MAX_LIST_BYTES} bytes");
        return Err(io::Error::other(problem));
    }
    loader.end_file();
    Ok(())
}

impl Lists {
    /// What became of the lists, for a person: a line for each list, one for what was refused and
    /// why, and one for each of the first mistakes.
    #[must_use]
    pub fn say(&self, words: &Words) -> Vec<String> {
        let mut lines = Vec::new();
        for (file, taken, wrong) in &self.never_reports {
            let args = [
                ("file", file.as_str().into()),
                ("number", (*taken).into()),
                ("taken", (*taken).into()),
                ("unreadable", (*wrong).into()),
            ];
            lines.push(words.say_with("never-list-read", &args));
        }
        for report in &self.reports {
            say_one(report, words, &mut lines);
        }
        lines
    }
}

fn say_one(report: &ListReport, words: &Words, lines: &mut Vec<String>) {
    let file = report.name.as_str();
    let counted = |prefix: &str, code: &str, count: usize| {
        let args = [("number", count.into()), ("count", count.into())];
        words.say_with(&format!("{prefix}-{code}"), &args)
    };
    let kinds = EntryKind::ALL
        .into_iter()
        .map(|kind| (kind, report.taken_of(kind)));
    let kinds: Vec<String> = kinds
        .filter(|(_, count)| *count > 0)
        .map(|(kind, count)| counted("list-kind", kind.code(), count))
        .collect();
    let kinds = if kinds.len() > 1 {
        words.say_with("list-kinds", &[("kinds", kinds.join(", ").into())])
    } else {
        String::new()
    };
    let taken = report.taken();
    let args = [
        ("file", file.into()),
        ("number", taken.into()),
        ("taken", taken.into()),
        ("kinds", kinds.into()),
    ];
    lines.push(words.say_with("list-read", &args));
    if report.refused() == 0 {
        return;
    }
    let reasons = Refusal::ALL
        .into_iter()
        .map(|reason| (reason, report.refused_for(reason)));
    let reasons: Vec<String> = reasons
        .filter(|(_, count)| *count > 0)
        .map(|(reason, count)| counted("list-reason", reason.code(), count))
        .collect();
    let args = [
        ("file", file.into()),
        ("number", report.refused().into()),
        ("count", report.refused().into()),
        ("reasons", reasons.join(", ").into()),
    ];
    lines.push(words.say_with("list-refused", &args));
    for mention in &report.first {
        let file = if mention.file.is_empty() {
            file.to_owned()
        } else {
            format!("{file}/{}", mention.file)
        };
        let text = if mention.text.is_empty() {
            "none"
        } else {
            mention.text.as_str()
        };
        let args = [
            ("file", file.into()),
            ("line", mention.line.to_string().into()),
            ("reason", mention.reason.code().into()),
            ("text", text.into()),
        ];
        lines.push(format!("  {}", words.say_with("list-mistake", &args)));
    }
}
