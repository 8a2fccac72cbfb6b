//! `larum-hub serve`: runs the hub until it is told to stop.

use std::path::PathBuf;

use larum_cli::exit::{Exit, failure};
use larum_cli::log::Log;
use larum_core::words::Words;
use larum_hub_lib::run::{RunError, run as run_hub};
use larum_link::clock::Clock;
use tokio::signal::unix::{SignalKind, signal};

use super::check_config::load;

/// Where the configuration is when none is named.
pub const DEFAULT_CONFIG: &str = "/etc/larum-hub/hub.toml";

/// Arguments of `larum-hub serve`.
#[derive(clap::Args)]
pub struct Args {
    /// The configuration file
    #[arg(long, value_name = "FILE", default_value = DEFAULT_CONFIG)]
    config: PathBuf,
    /// How the log on standard error is written
    #[arg(long, value_enum, default_value_t = Log::Text)]
    log: Log,
}

/// Runs the command.
///
/// # Errors
/// 2 for a wrong configuration, 4 when the hub was never set up, 74 when a part cannot start.
pub fn run(args: &Args) -> anyhow::Result<Exit> {
    let words = Words::of("en")?;
    let config = load(&args.config, &words)?;
    args.log.start();
    if !config.authority_dir().exists() {
        let folder = config.state_dir.display().to_string();
        let said = words.say_with("hub-not-set-up", &[("folder", folder.into())]);
        return Err(failure(Exit::NotFound, said));
    }
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()?;
    runtime.block_on(async {
        let mut interrupt = signal(SignalKind::interrupt())?;
        let mut terminate = signal(SignalKind::terminate())?;
        let mut hangup = signal(SignalKind::hangup())?;
        let shutdown = async move {
            tokio::select! {
                _ = interrupt.recv() => {}
                _ = terminate.recv() => {}
            }
            tracing::info!("stopping");
        };
        let hub =
            run_hub(config, Clock::system(), shutdown)
                .await
                .map_err(|error| match error {
                    RunError::LinkName => failure(Exit::Usage, error.to_string()),
                    RunError::Moved { .. } => failure(Exit::Conflict, error.to_string()),
                    other => anyhow::Error::new(other),
                })?;
        tracing::info!(
            link = %hub.link_addr, pages = %hub.page_addr, url = hub.page_url, "listening"
        );
        let again = hub.look_again.clone();
        let looking = tokio::spawn(async move {
            while hangup.recv().await.is_some() {
                again.notify_waiters();
            }
        });
        hub.stopped().await;
        looking.abort();
        Ok(Exit::Done)
    })
}
