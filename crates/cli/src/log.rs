//! The log of a program that runs on: on standard error, as lines or as JSON.

use tracing_subscriber::EnvFilter;

/// How a log is written; the option `--log`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Log {
    /// Lines for people
    Text,
    /// One JSON object per line
    Json,
}

impl Log {
    /// Starts the log of this process, once. `RUST_LOG` says what is logged; without it, everything
    /// from `info` up.
    pub fn start(self) {
        let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("info"));
        let builder = tracing_subscriber::fmt()
            .with_env_filter(filter)
            .with_writer(std::io::stderr);
        match self {
            Self::Text => builder.with_ansi(false).init(),
            Self::Json => builder.json().init(),
        }
    }
}
