//! `larum collect`: runs the collector until it is told to stop.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use larum_cli::exit::{Exit, failure};
use larum_cli::log::Log;
use larum_collector::capture::{Captures, give_up_rights};
use larum_collector::config::CaptureInput;
use larum_collector::confine::{Reach, confine};
use larum_collector::run::{Reload, run_capturing};
use larum_collector::{Config, Shared};
use larum_core::words::Words;
use larum_link::clock::Clock;
use tokio::signal::unix::{Signal, SignalKind, signal};

use super::check_config::{DEFAULT_CONFIG, check_formats, load};

/// Arguments of `larum collect`.
#[derive(clap::Args)]
pub struct Args {
    /// The configuration file
    #[arg(long, value_name = "FILE", default_value = DEFAULT_CONFIG)]
    config: PathBuf,
    /// Read log lines from standard input too; without other inputs, stop when it ends
    #[arg(long)]
    stdin: bool,
    /// How the log on standard error is written
    #[arg(long, value_enum, default_value_t = Log::Text)]
    log: Log,
    /// Do not give up files and system calls that are never needed (for finding faults only)
    #[arg(long)]
    unconfined: bool,
}

/// Runs the command.
///
/// # Errors
/// 2 for a wrong configuration, or one without any input; 74 when a part cannot start.
pub fn run(args: &Args) -> anyhow::Result<Exit> {
    let words = Arc::new(Words::of("en")?);
    let mut config = load(&args.config, &words)?;
    config.stdin |= args.stdin;
    if !config.has_input() {
        return Err(failure(Exit::Usage, words.say("config-no-input")));
    }
    if let Some(folder) = &config.formats {
        check_formats(folder, &words)?;
    }
    args.log.start();
    quiet_panics();
    // Opening takes a right that nothing else needs: first this, then the right is given up.
    let captures =
        Captures::open(&config).map_err(|problem| failure(Exit::Input, problem.say(&words)))?;
    if !config.captures.is_empty() {
        give_up_rights()?;
    }
    if !args.unconfined {
        confined(&config, &args.config)?;
    }
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()?;
    let done = runtime.block_on(collect(config, words, captures));
    // Standard input may still be waited for by a thread of its own, which nothing can wake.
    runtime.shutdown_background();
    done
}

/// Gives up what is never needed, before any other thread is there, and says how far that went.
fn confined(config: &Config, file: &Path) -> anyhow::Result<()> {
    let confined = confine(config, file)?;
    let files = confined.files.as_str();
    if confined.files == Reach::Full {
        tracing::info!(files, calls = confined.calls, "confined");
    } else {
        tracing::warn!(
            files,
            calls = confined.calls,
            "this kernel cannot confine the collector to its files; the service's own settings still do"
        );
    }
    Ok(())
}

async fn collect(config: Config, words: Arc<Words>, captures: Captures) -> anyhow::Result<Exit> {
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;
    // Before the start, so that an early one does not end the process.
    let hangup = signal(SignalKind::hangup())?;
    let shutdown = async move {
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
        }
        tracing::info!("stopping");
    };
    let interfaces: Vec<String> = config.captures.iter().map(CaptureInput::device).collect();
    let (shared, clock) = (Shared::saying(words)?, Clock::system());
    let collector = run_capturing(config, shared, clock, captures, shutdown).await?;
    for interface in interfaces {
        tracing::info!(interface, "capturing");
    }
    for (transport, address) in &collector.listen {
        tracing::info!(
            protocol = transport.as_str(),
            port = address.port(),
            "listening"
        );
    }
    if let Some(page) = collector.page_addr {
        tracing::info!(url = format!("http://{page}/"), "local page");
    }
    if let Some(metrics) = collector.metrics_addr {
        tracing::info!(url = format!("http://{metrics}/metrics"), "metrics");
    }
    reload_on_hangup(hangup, collector.reload.clone());
    collector.handle.await?;
    tracing::info!("stopped");
    Ok(Exit::Done)
}

/// Reads the firm's own formats and lists again whenever the process is sent SIGHUP.
fn reload_on_hangup(mut hangup: Signal, reload: Reload) {
    tokio::spawn(async move {
        while hangup.recv().await.is_some() {
            let again = reload.clone();
            let reload = reload.clone();
            let loaded = tokio::task::spawn_blocking(move || reload.formats()).await;
            match loaded {
                Ok(Ok(())) => tracing::info!("formats read again"),
                // File names and keys of the firm's own making; no line of a device is in them.
                Ok(Err(problem)) => tracing::error!(%problem, "the formats of before stay"),
                Err(_) => tracing::error!("the formats of before stay"),
            }
            let reload = again.clone();
            match tokio::task::spawn_blocking(move || reload.certificates()).await {
                Ok(Ok(())) => tracing::info!("certificates read again"),
                Ok(Err(problem)) => tracing::error!(%problem, "the certificates of before stay"),
                Err(_) => tracing::error!("the certificates of before stay"),
            }
            let reload = again.clone();
            match tokio::task::spawn_blocking(move || reload.lists()).await {
                Ok(Ok(())) => tracing::info!("lists read again"),
                Ok(Err(problem)) => tracing::error!(%problem, "the lists of before stay"),
                Err(_) => tracing::error!("the lists of before stay"),
            }
        }
    });
}

/// A panic's message may quote the record that caused it; the log gets the place only.
fn quiet_panics() {
    std::panic::set_hook(Box::new(|panic| {
        let place = panic
            .location()
            .map(ToString::to_string)
            .unwrap_or_default();
        tracing::error!(place, "a fault in the program; one record was set aside");
    }));
}
