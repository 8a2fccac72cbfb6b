//! One folder of append-only files: the only door to the disk, so that tests can make it fail.

use std::collections::BTreeMap;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Read as _, Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};

/// Name of the lock that keeps a second writer out.
const LOCK: &str = "lock";
/// Ending of a file that is being written and not yet in place.
const UNFINISHED: &str = ".new";

/// Files in one folder. Names are plain: no separators. Nothing is durable before [`sync`] of the
/// file and [`sync_folder`] for its name.
///
/// [`sync`]: Storage::sync
/// [`sync_folder`]: Storage::sync_folder
pub trait Storage {
    /// Names of all files, sorted.
    ///
    /// # Errors
    /// Whatever the operating system says.
    fn list(&self) -> io::Result<Vec<String>>;

    /// Size of a file in bytes; an error of kind `NotFound` if there is none.
    ///
    /// # Errors
    /// Whatever the operating system says.
    fn len(&self, name: &str) -> io::Result<u64>;

    /// Reads from `offset` until `buffer` is full or the file ends; returns the bytes read.
    ///
    /// # Errors
    /// Whatever the operating system says.
    fn read(&self, name: &str, offset: u64, buffer: &mut [u8]) -> io::Result<usize>;

    /// Adds to the end of a file, creating it first if need be. After an error any part of `bytes`
    /// may be there.
    ///
    /// # Errors
    /// Whatever the operating system says; kind `StorageFull` or `QuotaExceeded` for a full disk.
    fn append(&mut self, name: &str, bytes: &[u8]) -> io::Result<()>;

    /// Cuts a file down to `len_bytes`.
    ///
    /// # Errors
    /// Whatever the operating system says.
    fn truncate(&mut self, name: &str, len_bytes: u64) -> io::Result<()>;

    /// Makes the content of a file durable.
    ///
    /// # Errors
    /// Whatever the operating system says. Its content must then be thought lost since the last
    /// success: a second attempt may claim success without having written anything.
    fn sync(&mut self, name: &str) -> io::Result<()>;

    /// Makes names durable: files created, renamed and removed.
    ///
    /// # Errors
    /// Whatever the operating system says.
    fn sync_folder(&mut self) -> io::Result<()>;

    /// Gives a file another name, replacing what had it.
    ///
    /// # Errors
    /// Whatever the operating system says.
    fn rename(&mut self, from: &str, to: &str) -> io::Result<()>;

    /// Removes a file.
    ///
    /// # Errors
    /// Whatever the operating system says.
    fn remove(&mut self, name: &str) -> io::Result<()>;

    /// Bytes that may still be written to the disk, where that is known.
    fn free_bytes(&self) -> Option<u64> {
        None
    }

    /// Puts `bytes` in place of a whole file, durably: after a crash there is the old content or the
    /// new, never a mixture.
    ///
    /// # Errors
    /// Whatever the operating system says; the old content is then still there.
    fn replace(&mut self, name: &str, bytes: &[u8]) -> io::Result<()> {
        let unfinished = format!("{name}{UNFINISHED}");
        match self.remove(&unfinished) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        self.append(&unfinished, bytes)?;
        self.sync(&unfinished)?;
        self.rename(&unfinished, name)?;
        self.sync_folder()
    }
}

impl<S: Storage + ?Sized> Storage for Box<S> {
    fn list(&self) -> io::Result<Vec<String>> {
        (**self).list()
    }
    fn len(&self, name: &str) -> io::Result<u64> {
        (**self).len(name)
    }
    fn read(&self, name: &str, offset: u64, buffer: &mut [u8]) -> io::Result<usize> {
        (**self).read(name, offset, buffer)
    }
    fn append(&mut self, name: &str, bytes: &[u8]) -> io::Result<()> {
        (**self).append(name, bytes)
    }
    fn truncate(&mut self, name: &str, len_bytes: u64) -> io::Result<()> {
        (**self).truncate(name, len_bytes)
    }
    fn sync(&mut self, name: &str) -> io::Result<()> {
        (**self).sync(name)
    }
    fn sync_folder(&mut self) -> io::Result<()> {
        (**self).sync_folder()
    }
    fn rename(&mut self, from: &str, to: &str) -> io::Result<()> {
        (**self).rename(from, to)
    }
    fn remove(&mut self, name: &str) -> io::Result<()> {
        (**self).remove(name)
    }
    fn free_bytes(&self) -> Option<u64> {
        (**self).free_bytes()
    }
}

/// Whether an error means that the disk, or the account's share of it, is full.
#[must_use]
pub fn is_full(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded | io::ErrorKind::FileTooLarge
    )
}

/// A real folder. One writer at a time: the folder is locked until this value is dropped. Files are
/// readable by their owner only.
#[derive(Debug)]
pub struct FolderStorage {
    folder: PathBuf,
    /// Held for its lock; `None` when reading only.
    lock: Option<File>,
    /// Files being appended to.
    open: BTreeMap<String, File>,
}

impl FolderStorage {
    /// Opens a folder for writing, creating it (mode 0700) if need be.
    ///
    /// # Errors
    /// Kind `ResourceBusy` when another process has it open for writing, else whatever the operating
    /// system says.
    pub fn open(folder: impl Into<PathBuf>) -> io::Result<Self> {
        let folder = folder.into();
        create_private_folder(&folder)?;
        let lock = options().append(true).open(folder.join(LOCK))?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(fs::TryLockError::WouldBlock) => {
                return Err(io::Error::new(
                    io::ErrorKind::ResourceBusy,
                    "another process is writing here",
                ));
            }
            Err(fs::TryLockError::Error(error)) => return Err(error),
        }
        Ok(Self {
            folder,
            lock: Some(lock),
            open: BTreeMap::new(),
        })
    }

    /// Opens an existing folder for reading beside a running writer. Every attempt to write fails
    /// with kind `PermissionDenied`.
    ///
    /// # Errors
    /// Kind `NotFound` when there is no such folder.
    pub fn read_only(folder: impl Into<PathBuf>) -> io::Result<Self> {
        let folder = folder.into();
        if !fs::metadata(&folder)?.is_dir() {
            return Err(io::Error::from(io::ErrorKind::NotADirectory));
        }
        Ok(Self {
            folder,
            lock: None,
            open: BTreeMap::new(),
        })
    }

    /// The folder.
    #[must_use]
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    fn may_write(&self) -> io::Result<()> {
        if self.lock.is_some() {
            Ok(())
        } else {
            Err(io::Error::new(
                io::ErrorKind::PermissionDenied,
                "opened for reading only",
            ))
        }
    }

    fn writable(&mut self, name: &str) -> io::Result<&mut File> {
        self.may_write()?;
        // A segment and the file being replaced beside it: more means a file was finished with.
        if self.open.len() > 3 && !self.open.contains_key(name) {
            self.open.clear();
        }
        match self.open.entry(name.to_owned()) {
            std::collections::btree_map::Entry::Occupied(entry) => Ok(entry.into_mut()),
            std::collections::btree_map::Entry::Vacant(entry) => {
                let file = options().append(true).open(self.folder.join(name))?;
                Ok(entry.insert(file))
            }
        }
    }
}

impl Storage for FolderStorage {
    fn list(&self) -> io::Result<Vec<String>> {
        let mut names = Vec::new();
        for entry in fs::read_dir(&self.folder)? {
            let entry = entry?;
            if let Ok(name) = entry.file_name().into_string()
                && name != LOCK
                && entry.file_type()?.is_file()
            {
                names.push(name);
            }
        }
        names.sort();
        Ok(names)
    }

    fn len(&self, name: &str) -> io::Result<u64> {
        Ok(fs::metadata(self.folder.join(name))?.len())
    }

    fn read(&self, name: &str, offset: u64, buffer: &mut [u8]) -> io::Result<usize> {
        let mut file = File::open(self.folder.join(name))?;
        file.seek(SeekFrom::Start(offset))?;
        let mut filled = 0;
        while let Some(rest) = buffer.get_mut(filled..).filter(|rest| !rest.is_empty()) {
            match file.read(rest) {
                Ok(0) => break,
                Ok(count) => filled += count,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(filled)
    }

    fn append(&mut self, name: &str, bytes: &[u8]) -> io::Result<()> {
        self.writable(name)?.write_all(bytes)
    }

    fn truncate(&mut self, name: &str, len_bytes: u64) -> io::Result<()> {
        self.writable(name)?.set_len(len_bytes)
    }

    fn sync(&mut self, name: &str) -> io::Result<()> {
        self.writable(name)?.sync_data()
    }

    fn sync_folder(&mut self) -> io::Result<()> {
        self.may_write()?;
        sync_folder(&self.folder)
    }

    fn rename(&mut self, from: &str, to: &str) -> io::Result<()> {
        self.may_write()?;
        self.open.remove(from);
        self.open.remove(to);
        fs::rename(self.folder.join(from), self.folder.join(to))
    }

    fn remove(&mut self, name: &str) -> io::Result<()> {
        self.may_write()?;
        self.open.remove(name);
        fs::remove_file(self.folder.join(name))
    }

    fn free_bytes(&self) -> Option<u64> {
        let about = rustix::fs::statvfs(&self.folder).ok()?;
        Some(about.f_bavail.saturating_mul(about.f_frsize))
    }
}

fn options() -> OpenOptions {
    let mut options = OpenOptions::new();
    options.create(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options
}

fn create_private_folder(folder: &Path) -> io::Result<()> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(folder)
}

#[cfg(unix)]
fn sync_folder(folder: &Path) -> io::Result<()> {
    File::open(folder)?.sync_all()
}

/// Other systems make names durable with the file itself and cannot open a folder for syncing.
#[cfg(not(unix))]
fn sync_folder(_folder: &Path) -> io::Result<()> {
    Ok(())
}
