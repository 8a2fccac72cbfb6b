//! The collector gives up what it never needs, before the first line arrives: Landlock takes every file
//! that the configuration does not name, and every port it does not name to listen on; seccomp takes the
//! system calls by which an intruder would start programs, watch others, or change the system.
//!
//! Both are the process's own and cannot be undone. They come on top of what `packaging/larum.service`
//! asks of systemd, and hold where there is no systemd. What is read again while the collector runs
//! (formats, lists, certificates, files that are rotated) stays within reach: of each file its folder is,
//! because a replaced file is another one.

mod calls;
mod files;

use std::path::Path;

pub use files::{Places, Reach};

use crate::config::Config;

/// How far the collector is confined; for the log and for people.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Confined {
    /// Files and ports.
    pub files: Reach,
    /// Whether system calls are.
    pub calls: bool,
}

/// Why the collector could not be confined although the kernel can.
#[derive(Debug, thiserror::Error)]
pub enum ConfineError {
    /// The state folder, to which everything else is closed, cannot be made.
    #[error("the state folder cannot be made: {0}")]
    State(std::io::Error),
    /// Landlock.
    #[error("the kernel refuses to confine files: {0}")]
    Files(#[from] landlock::RulesetError),
    /// Seccomp.
    #[error("the kernel refuses to confine system calls: {0}")]
    Calls(#[from] seccompiler::Error),
}

/// Confines this thread and all that it will start to what `config`, read from `file`, needs. To be
/// called before any other thread is started.
///
/// A kernel that lacks Landlock, or knows an older one, confines less; the answer says so.
///
/// # Errors
/// When the kernel can, but refuses.
pub fn confine(config: &Config, file: &Path) -> Result<Confined, ConfineError> {
    crate::state::make_folder(&config.state_dir).map_err(ConfineError::State)?;
    let places = Places::of(config, file);
    let files = files::confine(&places)?;
    calls::confine(places.runs_programs)?;
    Ok(Confined { files, calls: true })
}

#[cfg(test)]
mod tests;
