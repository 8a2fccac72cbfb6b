//! The state folder: made private, held by one collector at a time, files replaced whole.

use std::fs::{self, DirBuilder, File, OpenOptions, TryLockError};
use std::io::{self, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

/// Largest state file that is read back.
pub const MAX_STATE_FILE_BYTES: u64 = 64 << 20;

/// The spool's folder inside the state folder: what has not reached the hub yet.
pub const SPOOL_FOLDER: &str = "spool";
/// The egress ledger's folder inside the state folder: the record of all that left. Ledgers of former
/// identities stand beside it as `ledger-` and a name.
pub const LEDGER_FOLDER: &str = "ledger";

/// In the identity folder: the identity whose ledger stands in [`LEDGER_FOLDER`].
pub const LEDGER_OF: &str = "ledger-of";

const LOCK_FILE: &str = "collector.lock";

/// Why the state folder cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum StateError {
    /// Another collector is running on it.
    #[error("another collector is running on {0}")]
    InUse(PathBuf),
    /// It cannot be made, read or written.
    #[error("{path} cannot be used: {source}")]
    Unusable {
        /// The folder.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
}

/// The state folder, held until dropped.
#[derive(Debug)]
pub struct StateFolder {
    path: PathBuf,
    _lock: File,
}

impl StateFolder {
    /// Makes `path` (mode 0700) if missing and takes it for this collector alone.
    ///
    /// # Errors
    /// When another collector has it, or the system refuses.
    pub fn take(path: &Path) -> Result<Self, StateError> {
        let unusable = |source| StateError::Unusable {
            path: path.to_owned(),
            source,
        };
        make_folder(path).map_err(unusable)?;
        let lock = private(OpenOptions::new().write(true).create(true))
            .open(path.join(LOCK_FILE))
            .map_err(unusable)?;
        match lock.try_lock() {
            Ok(()) => Ok(Self {
                path: path.to_owned(),
                _lock: lock,
            }),
            Err(TryLockError::WouldBlock) => Err(StateError::InUse(path.to_owned())),
            Err(TryLockError::Error(source)) => Err(unusable(source)),
        }
    }

    /// Where it is.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }
}

/// Whether a collector is running on `folder`.
#[must_use]
pub fn is_running(folder: &Path) -> bool {
    File::open(folder.join(LOCK_FILE))
        .is_ok_and(|lock| matches!(lock.try_lock_shared(), Err(TryLockError::WouldBlock)))
}

/// Makes a folder that is its owner's alone, with those above it; one that is there stays as it is.
///
/// # Errors
/// When the system refuses.
pub(crate) fn make_folder(path: &Path) -> io::Result<()> {
    DirBuilder::new().recursive(true).mode(0o700).create(path)
}

/// Only the collector's own account may read what it keeps.
pub(crate) fn private(options: &mut OpenOptions) -> &mut OpenOptions {
    options.mode(0o600)
}

/// Replaces `folder/name` with `bytes` at once: after a crash it holds the old or the new, never half.
///
/// # Errors
/// When the system refuses, such as on a full disk; the old file stays.
pub fn replace(folder: &Path, name: &str, bytes: &[u8]) -> io::Result<()> {
    write_new(folder, name, bytes)?.sync_all()?;
    fs::rename(new_name(folder, name), folder.join(name))?;
    File::open(folder)?.sync_all()
}

/// As [`replace`] for what may be older after a power cut: readers see the old or the new, but the
/// disk is not waited for.
///
/// # Errors
/// As [`replace`].
pub fn replace_unsynced(folder: &Path, name: &str, bytes: &[u8]) -> io::Result<()> {
    write_new(folder, name, bytes)?;
    fs::rename(new_name(folder, name), folder.join(name))
}

fn new_name(folder: &Path, name: &str) -> PathBuf {
    folder.join(format!("{name}.new"))
}

fn write_new(folder: &Path, name: &str, bytes: &[u8]) -> io::Result<File> {
    let mut file = private(OpenOptions::new().write(true).create(true).truncate(true))
        .open(new_name(folder, name))?;
    file.write_all(bytes)?;
    Ok(file)
}

/// The text of `folder/name`; `None` when it is not there.
///
/// # Errors
/// When it is there but cannot be read, or is longer than [`MAX_STATE_FILE_BYTES`].
pub fn read(folder: &Path, name: &str) -> io::Result<Option<String>> {
    let text = read_bytes(folder, name)?.map(String::from_utf8).transpose();
    text.map_err(|_| io::Error::new(io::ErrorKind::InvalidData, "not a text"))
}

/// The bytes of `folder/name`; `None` when it is not there.
///
/// # Errors
/// As [`read`].
pub fn read_bytes(folder: &Path, name: &str) -> io::Result<Option<Vec<u8>>> {
    use std::io::Read as _;
    let file = match File::open(folder.join(name)) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error),
    };
    let mut bytes = Vec::new();
    let length = file
        .take(MAX_STATE_FILE_BYTES + 1)
        .read_to_end(&mut bytes)?;
    if u64::try_from(length).unwrap_or(u64::MAX) > MAX_STATE_FILE_BYTES {
        return Err(io::Error::other("too long"));
    }
    Ok(Some(bytes))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_collector_at_a_time() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("deep/er");
        assert!(!is_running(&path));
        let held = StateFolder::take(&path).unwrap();
        assert!(is_running(&path));
        assert!(matches!(
            StateFolder::take(&path),
            Err(StateError::InUse(_))
        ));
        drop(held);
        assert!(!is_running(&path));
        StateFolder::take(&path).unwrap();
    }

    #[test]
    fn replaced_files_are_read_back() {
        let folder = tempfile::tempdir().unwrap();
        assert_eq!(read(folder.path(), "x").unwrap(), None);
        replace(folder.path(), "x", b"one").unwrap();
        replace(folder.path(), "x", b"two").unwrap();
        assert_eq!(read(folder.path(), "x").unwrap().as_deref(), Some("two"));
    }
}
