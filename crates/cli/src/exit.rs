//! Exit codes of the command-line contract.

use std::io::{self, Write as _};
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

impl Exit {
    /// The code that stands in the contract.
    #[must_use]
    pub const fn code(self) -> u8 {
        match self {
            Self::Done => 0,
            Self::Usage => 2,
            Self::NotAuthorised => 3,
            Self::NotFound => 4,
            Self::Conflict => 5,
            Self::Findings => 10,
            Self::Input => 74,
        }
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit.code())
    }
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

/// How a command ended that ended with `error`: as it was marked with [`failure`]; done when whoever
/// read our output has gone (a pager that was left, `head`); else 74.
#[must_use]
pub fn exit_of(error: &anyhow::Error) -> Exit {
    if let Some(failure) = error.downcast_ref::<Failure>() {
        return failure.exit;
    }
    let is_closed_pipe = error
        .downcast_ref::<io::Error>()
        .is_some_and(|error| error.kind() == io::ErrorKind::BrokenPipe);
    if is_closed_pipe {
        Exit::Done
    } else {
        Exit::Input
    }
}

/// The process's exit code for `result`; an error is written to standard error with its causes, unless
/// it only says that whoever read our output has gone.
pub fn report(program: &str, result: anyhow::Result<Exit>) -> ExitCode {
    let exit = result.unwrap_or_else(|error| {
        let exit = exit_of(&error);
        if exit != Exit::Done {
            // When standard error is gone too there is nobody left to tell.
            drop(writeln!(io::stderr(), "{program}: {error:#}"));
        }
        exit
    });
    exit.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(error: anyhow::Error, expected: Exit) {
        assert_eq!(exit_of(&error), expected, "{error:?}");
    }

    #[test]
    fn each_error_has_its_exit() {
        let of_system = |kind: io::ErrorKind| anyhow::Error::new(io::Error::from(kind));
        check(failure(Exit::Conflict, "x"), Exit::Conflict);
        check(failure(Exit::Usage, "x").context("y"), Exit::Usage);
        check(anyhow::anyhow!("x"), Exit::Input);
        check(of_system(io::ErrorKind::NotFound), Exit::Input);
        check(of_system(io::ErrorKind::BrokenPipe), Exit::Done);
    }

    /// A closed connection inside an error of our own is a fault, not the end of a pipe.
    #[test]
    fn a_broken_pipe_below_another_error_is_not_our_output() {
        #[derive(Debug)]
        struct Connection(io::Error);
        impl std::fmt::Display for Connection {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("the hub went away")
            }
        }
        impl std::error::Error for Connection {
            fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
                Some(&self.0)
            }
        }
        let below = Connection(io::ErrorKind::BrokenPipe.into());
        check(anyhow::Error::new(below), Exit::Input);
    }
}
