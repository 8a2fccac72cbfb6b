//! Files that the operator renews: the hub takes a new one by itself, and fetches nothing.

use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

/// What such a file is read into.
pub trait Renewable: Sized {
    /// Why a file cannot be used.
    type Fault: std::fmt::Display;
    /// What it is, for the log.
    const WHAT: &str;

    /// Reads a file.
    ///
    /// # Errors
    /// When it cannot be used.
    fn read(file: &Path) -> Result<Self, Self::Fault>;
}

/// What is in use of such a file: read when somebody asks and the file is another than before. While the
/// file cannot be used what was read before stays in use.
#[derive(Debug)]
pub struct Renewed<T>(Option<Arc<Kept<T>>>);

impl<T> Clone for Renewed<T> {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

impl<T> Default for Renewed<T> {
    fn default() -> Self {
        Self(None)
    }
}

#[derive(Debug)]
struct Kept<T> {
    file: PathBuf,
    state: Mutex<State<T>>,
}

#[derive(Debug)]
struct State<T> {
    /// How the file looked when it was read last; `None` before, and while there is none.
    seen: Option<Look>,
    /// Whether it was said that there is none.
    missed: bool,
    read: Option<Arc<T>>,
}

/// When a file was written, how long it is, and which one it is.
type Look = (i64, i64, u64, u64);

impl<T: Renewable> Renewed<T> {
    /// What is in `file`; without one there is nothing.
    #[must_use]
    pub fn of(file: Option<PathBuf>) -> Self {
        Self(file.map(|file| {
            let state = Mutex::new(State {
                seen: None,
                missed: false,
                read: None,
            });
            Arc::new(Kept { file, state })
        }))
    }

    /// Its name, without the folder.
    #[must_use]
    pub fn name(&self) -> Option<String> {
        let name = self.0.as_deref()?.file.file_name()?;
        Some(name.to_string_lossy().into_owned())
    }

    /// What it holds now.
    #[must_use]
    pub fn current(&self) -> Option<Arc<T>> {
        let kept = self.0.as_deref()?;
        let mut state = kept.state.lock().unwrap_or_else(PoisonError::into_inner);
        match std::fs::metadata(&kept.file) {
            Ok(found) => {
                let look = (found.mtime(), found.mtime_nsec(), found.size(), found.ino());
                if state.seen != Some(look) {
                    state.seen = Some(look);
                    state.missed = false;
                    state.take(&kept.file);
                }
            }
            Err(error) => {
                if !std::mem::replace(&mut state.missed, true) {
                    state.seen = None;
                    tracing::error!(%error, what = T::WHAT, "it is not there");
                }
            }
        }
        state.read.clone()
    }
}

impl<T: Renewable> State<T> {
    fn take(&mut self, file: &Path) {
        match T::read(file) {
            Ok(read) => {
                tracing::info!(what = T::WHAT, "it was read");
                self.read = Some(Arc::new(read));
            }
            Err(error) => tracing::error!(%error, what = T::WHAT, "it cannot be used"),
        }
    }
}
