//! `larum-hub demo`.

use std::future::Future;
use std::io::{BufRead as _, IsTerminal as _, Write as _};
use std::time::Duration;

use larum_cli::exit::Exit;
use larum_core::words::Words;
use larum_hub::town::{self, MAX_MEMBERS, MIN_MEMBERS, Plan, Report};
use larum_link::clock::Clock;
use tokio::sync::mpsc;

/// How much faster than life the town runs when nothing is said: the wave is over after two minutes.
const SPEED: f64 = 150.0;
/// Fastest; beyond it the programs' own timeouts would be shorter than a network call.
const MAX_SPEED: f64 = 2_000.0;

/// Arguments of `larum-hub demo`.
#[derive(clap::Args)]
pub struct Args {
    /// Port of the pages on this machine; 0 takes a free one
    #[arg(long, value_name = "N", default_value_t = 7_480)]
    port: u16,
    /// Firms in the town
    #[arg(long, value_name = "N", default_value_t = 24, value_parser = clap::value_parser!(u64).range(MIN_MEMBERS..=MAX_MEMBERS))]
    members: u64,
    /// How much faster than life the town's clock runs
    #[arg(long, value_name = "X", default_value_t = SPEED, value_parser = speed)]
    speed: f64,
    /// End by itself after this time of the live part, such as 90s or 5m [default: until Ctrl-C]
    #[arg(long, value_name = "T", value_parser = duration)]
    duration: Option<Duration>,
    /// Another number gives another town
    #[arg(long, value_name = "S", default_value_t = 1)]
    seed: u64,
}

/// Runs the command.
///
/// # Errors
/// 74 when the port is taken, or the temporary folder cannot be written.
pub fn run(args: &Args) -> anyhow::Result<Exit> {
    log_errors_only();
    let plan = Plan {
        port: args.port,
        members: args.members,
        speed: args.speed,
        duration: args.duration,
        seed: args.seed,
        start: Clock::system().now(),
    };
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()?;
    let (ask, asks) = mpsc::channel(1);
    if std::io::stdin().is_terminal() {
        listen_for_enter(ask);
    }
    let mut gone = false;
    let mut say = |line: String| {
        // Whoever closed the pipe has heard enough; the town still ends in good order.
        gone = gone || writeln!(std::io::stdout(), "{line}").is_err();
    };
    let stop = runtime.block_on(async { told_to_stop() })?;
    let report = runtime.block_on(town::run(plan, &mut say, asks, stop))?;
    say(summary(&Words::of("en")?, &report));
    runtime.shutdown_timeout(Duration::from_secs(2));
    Ok(Exit::Done)
}

/// Ends when the person or the system says so.
fn told_to_stop() -> anyhow::Result<impl Future<Output = ()>> {
    use tokio::signal::unix::{SignalKind, signal};
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;
    let mut hangup = signal(SignalKind::hangup())?;
    Ok(async move {
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
            _ = hangup.recv() => {}
        }
    })
}

/// Reads lines on a thread of its own, which ends with the process.
fn listen_for_enter(ask: mpsc::Sender<()>) {
    std::thread::spawn(move || {
        for line in std::io::stdin().lock().lines() {
            if line.is_err() || ask.blocking_send(()).is_err() {
                return;
            }
        }
    });
}

fn log_errors_only() {
    use tracing_subscriber::EnvFilter;
    let filter = EnvFilter::try_from_env("LARUM_LOG").unwrap_or_else(|_| EnvFilter::new("error"));
    // Only fails when something was installed before, which then stays.
    drop(
        tracing_subscriber::fmt()
            .with_env_filter(filter)
            .with_writer(std::io::stderr)
            .try_init(),
    );
}

fn summary(words: &Words, report: &Report) -> String {
    let warnings = || report.threats.iter().flat_map(|(_, warnings)| warnings);
    let events: u64 = report.firms.iter().map(|firm| firm.counted.events).sum();
    let args = [
        ("written", report.written.into()),
        ("events", events.into()),
        ("sightings", report.counted.sightings.into()),
        ("threats", report.threats.len().into()),
        ("warned", warnings().count().into()),
        (
            "hit",
            warnings().filter(|one| one.hit.is_some()).count().into(),
        ),
    ];
    words.say_with("demo-summary", &args)
}

fn speed(text: &str) -> Result<f64, String> {
    match text.parse::<f64>() {
        Ok(speed) if (1.0..=MAX_SPEED).contains(&speed) => Ok(speed),
        _ => Err(format!("a number from 1 to {MAX_SPEED} is needed")),
    }
}

fn duration(text: &str) -> Result<Duration, String> {
    let digits = text.trim_end_matches(|letter: char| letter.is_ascii_alphabetic());
    let unit = text.get(digits.len()..).unwrap_or_default();
    let seconds = match unit {
        "" | "s" => 1,
        "m" | "min" => 60,
        "h" => 3_600,
        _ => 0,
    };
    match digits.parse::<u64>() {
        Ok(count) if seconds > 0 && (1..=1_000_000).contains(&count) => {
            Ok(Duration::from_secs(count * seconds))
        }
        _ => Err("a time such as 90s, 5m or 1h is needed".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_read_with_their_unit() {
        for (text, seconds) in [("90", 90), ("90s", 90), ("5m", 300), ("1h", 3_600)] {
            assert_eq!(duration(text), Ok(Duration::from_secs(seconds)), "{text}");
        }
        for text in ["", "0", "m", "5d", "-3", "5 m"] {
            assert!(duration(text).is_err(), "{text}");
        }
    }
}
