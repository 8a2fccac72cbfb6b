//! Lines of JSON appended to a bounded file: alerts, and the findings the local page shows.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use serde::Serialize;

use crate::state::private;

/// A file of JSON lines; when it reaches its limit it is renamed `NAME.1`, replacing the one before.
#[derive(Debug)]
pub struct Journal {
    path: PathBuf,
    max_bytes: u64,
    open: Option<(File, u64)>,
}

impl Journal {
    /// `folder/name`, at most twice `max_bytes` on disk. Opened at the first line.
    #[must_use]
    pub fn new(folder: &Path, name: &str, max_bytes: u64) -> Self {
        Self {
            path: folder.join(name),
            max_bytes,
            open: None,
        }
    }

    /// Appends `entry` as one line.
    ///
    /// # Errors
    /// When the system refuses, such as on a full disk; the next line is tried anew.
    pub fn append(&mut self, entry: &impl Serialize) -> io::Result<()> {
        let mut line = serde_json::to_vec(entry).map_err(io::Error::other)?;
        line.push(b'\n');
        let length = u64::try_from(line.len()).unwrap_or(u64::MAX);
        if self
            .open
            .as_ref()
            .is_some_and(|(_, bytes)| bytes.saturating_add(length) > self.max_bytes)
        {
            self.open = None;
            fs::rename(&self.path, self.previous())?;
        }
        let (mut file, bytes) = match self.open.take() {
            Some(open) => open,
            None => self.reopen()?,
        };
        file.write_all(&line)?;
        self.open = Some((file, bytes.saturating_add(length)));
        Ok(())
    }

    fn reopen(&self) -> io::Result<(File, u64)> {
        let mut file = private(OpenOptions::new().append(true).create(true)).open(&self.path)?;
        let bytes = file.metadata()?.len();
        // A line cut short by a crash or a full disk must not swallow the next one.
        if bytes > 0 {
            file.write_all(b"\n")?;
        }
        Ok((file, bytes + 1))
    }

    /// The file before the current one.
    fn previous(&self) -> PathBuf {
        let mut name = self.path.as_os_str().to_owned();
        name.push(".1");
        PathBuf::from(name)
    }

    /// Every line that can be read, oldest first. What is cut short or unreadable is left out.
    #[must_use]
    pub fn lines(&self) -> Vec<String> {
        let mut lines = Vec::new();
        for path in [self.previous(), self.path.clone()] {
            let (Some(folder), Some(name)) = (path.parent(), path.file_name()) else {
                continue;
            };
            let text = crate::state::read(folder, &name.to_string_lossy()).unwrap_or_default();
            let text = text.unwrap_or_default();
            lines.extend(
                text.lines()
                    .filter(|line| !line.is_empty())
                    .map(str::to_owned),
            );
        }
        lines
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_kept_up_to_the_limit_and_survive_reopening() {
        let folder = tempfile::tempdir().unwrap();
        for number in 0..100 {
            let mut journal = Journal::new(folder.path(), "j", 100);
            journal.append(&number).unwrap();
            journal.append(&"x").unwrap();
        }
        let journal = Journal::new(folder.path(), "j", 100);
        let lines = journal.lines();
        assert_eq!(lines.last().unwrap(), "\"x\"");
        assert!(lines.contains(&"99".to_owned()));
        assert!(lines.len() < 100);
        let bytes = fs::metadata(folder.path().join("j")).unwrap().len();
        assert!(bytes <= 110, "{bytes}");
    }

    #[test]
    fn a_full_disk_is_an_error_and_not_the_end() {
        let folder = tempfile::tempdir().unwrap();
        std::os::unix::fs::symlink("/dev/full", folder.path().join("j")).unwrap();
        let mut journal = Journal::new(folder.path(), "j", 100);
        assert!(journal.append(&1).is_err());
        fs::remove_file(folder.path().join("j")).unwrap();
        journal.append(&2).unwrap();
        assert_eq!(journal.lines(), ["2"]);
    }
}
