//! Exit codes of the command-line contract.

use std::io::Write as _;
use std::process::ExitCode;

/// How a command ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exit {
    /// 0: done.
    Done,
    /// 2: wrong usage, or a command that is not built yet.
    Usage,
    /// 3: not authorised.
    NotAuthorised,
    /// 4: not found.
    NotFound,
    /// 5: conflict.
    Conflict,
    /// 10: findings at or above `--fail-on`.
    Findings,
    /// 74: input could not be read, or a file could not be written.
    Input,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(match exit {
            Exit::Done => 0,
            Exit::Usage => 2,
            Exit::NotAuthorised => 3,
            Exit::NotFound => 4,
            Exit::Conflict => 5,
            Exit::Findings => 10,
            Exit::Input => 74,
        })
    }
}

/// The process's exit code for `result`; an error is written to standard error with its causes and
/// counts as 74, unless it was marked with [`failure`].
pub fn report(program: &str, result: anyhow::Result<Exit>) -> ExitCode {
    let error = match result {
        Ok(exit) => return exit.into(),
        Err(error) => error,
    };
    let exit = error
        .downcast_ref::<Failure>()
        .map_or(Exit::Input, |failure| failure.exit);
    // When standard error is gone too there is nobody left to tell.
    drop(writeln!(std::io::stderr(), "{program}: {error:#}"));
    exit.into()
}

/// An error with an exit code of its own.
#[derive(Debug)]
struct Failure {
    exit: Exit,
    message: String,
}

impl std::fmt::Display for Failure {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Failure {}

/// An error that ends the program with `exit`; `message` says what the person should do.
pub fn failure(exit: Exit, message: impl Into<String>) -> anyhow::Error {
    anyhow::Error::new(Failure {
        exit,
        message: message.into(),
    })
}
