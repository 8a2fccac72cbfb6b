//! `larum scan`: the whole local pipeline over recordings, on record time.

mod chunks;
mod content;
mod merge;
mod page;
mod parts;
mod pool;
mod turn;

use std::io::{self, IsTerminal as _, Write as _};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use larum_cli::exit::{Exit, exit_of, failure};
use larum_collector::config::Zone;
use larum_collector::lists::ListPaths;
use larum_core::address::Network;
use larum_core::detect::{Detect, Settings, Signal};
use larum_core::event::write_string;
use larum_core::finding::{Finding, Severity, write_finding};
use larum_core::report::{Detail, Report, Tally};
use larum_core::time::{DeviceTime, Timestamp};
use larum_core::words::Words;
use larum_link::clock::Clock;

use crate::recording;
pub use chunks::Chunks;
use merge::{Merge, PacketSums, Trouble};
use pool::{Pool, Work};

/// Findings kept for the page; with `--json` none are kept.
const MAX_KEPT: usize = 200_000;
/// Workers at most.
const MAX_WORKERS: usize = 64;

/// Arguments of `larum scan`.
#[derive(clap::Args)]
pub struct Args {
    /// Print findings as one JSON object per line instead of a report
    #[arg(long)]
    json: bool,
    /// Tell every story in full, with all its steps, however many pages it takes
    #[arg(long, conflicts_with = "json")]
    all: bool,
    /// Folder with further Sigma rules (may be given several times)
    #[arg(long, value_name = "DIR")]
    rules: Vec<PathBuf>,
    /// List of indicators: plain, CSV, STIX 2 or MISP; a file or a folder of files (may be given
    /// several times)
    #[arg(long, value_name = "FILE")]
    indicators: Vec<PathBuf>,
    /// List of what is never to be matched: plain, or a MISP warning list (may be given several times)
    #[arg(long, value_name = "FILE")]
    never_match: Vec<PathBuf>,
    /// Folder of format files: before the built-in ones, and instead of those of the same name
    #[arg(long, value_name = "DIR")]
    formats: Option<PathBuf>,
    /// Address or network that is no cause for alarm, such as your other office; `=WHY` says why (may
    /// be given several times)
    #[arg(long, value_name = "NETWORK[=WHY]", value_parser = ours)]
    ours: Vec<(Network, String)>,
    /// Leave out what happened before this time
    #[arg(long, value_name = "T")]
    since: Option<String>,
    /// Leave out what happened at this time or later
    #[arg(long, value_name = "T")]
    until: Option<String>,
    /// Print one last JSON object with sums
    #[arg(long)]
    stats: bool,
    /// Threads that work (default: one per core); the findings do not depend on it
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..))]
    workers: Option<u16>,
    /// Exit with 10 when there is a finding of this severity or worse
    #[arg(long, value_name = "SEVERITY", value_parser = severity)]
    fail_on: Option<Severity>,
    /// When the records were received, for formats without year (default: now)
    #[arg(long, value_name = "RFC3339")]
    now: Option<String>,
    /// Zone of time stamps that name none, such as Europe/London or +01:00 (default: UTC)
    #[arg(long, value_name = "ZONE", value_parser = recording::zone)]
    zone: Option<Zone>,
    /// Log files and captures of packets (pcap, pcapng), plain, gzip or zstd; `-` is standard input
    #[arg(value_name = "PATH", required = true)]
    paths: Vec<PathBuf>,
}

fn ours(text: &str) -> Result<(Network, String), String> {
    let (network, why) = text.split_once('=').unwrap_or((text, "--ours"));
    let network = network.parse().map_err(|_| {
        format!("{network} is no address or network such as 192.0.2.7 or 192.0.2.0/24")
    })?;
    Ok((network, why.to_owned()))
}

fn severity(word: &str) -> Result<Severity, String> {
    Severity::from_word(word).ok_or_else(|| {
        let known: Vec<_> = Severity::ALL.iter().map(|one| one.as_str()).collect();
        format!("one of {}", known.join(", "))
    })
}

/// Runs the command.
///
/// # Errors
/// With the exit code of the contract.
pub fn run(args: &Args) -> anyhow::Result<Exit> {
    match run_to_end(args) {
        // Whoever asks for a verdict must not take a scan that was cut short for a clean one.
        Err(error) if args.fail_on.is_some() && exit_of(&error) == Exit::Done => {
            Err(failure(Exit::Input, error.to_string()))
        }
        other => other,
    }
}

fn run_to_end(args: &Args) -> anyhow::Result<Exit> {
    let started = Instant::now();
    let words = Arc::new(Words::of("en")?);
    let paths = files(&args.paths, &words)?;
    let (rules, notes) = content::rules(&args.rules, &words)?;
    for note in notes {
        tell(&note);
    }
    let time = |text: &Option<String>| text.as_deref().map(|text| moment(text, &words)).transpose();
    let formats = super::formats::own(args.formats.as_deref())?;
    let received = time(&args.now)?.unwrap_or_else(|| Clock::system().now());
    let work = Work {
        own: recording::own(&paths, &formats, received),
        zone: args.zone.clone(),
        formats,
        received,
        since: time(&args.since)?,
        until: time(&args.until)?,
    };
    let lists = ListPaths {
        indicators: args.indicators.clone(),
        never: args.never_match.clone(),
        ..ListPaths::default()
    };
    let lists = content::lists(&lists, &work.own.certain(), &words)?;
    for note in lists.say(&words) {
        tell(&note);
    }
    let workers = args.workers.map_or_else(
        || std::thread::available_parallelism().map_or(1, usize::from),
        usize::from,
    );
    let mut settings = Settings::new(Arc::clone(&words));
    settings.own = work.own.certain();
    settings.marks.add_ours(args.ours.iter().cloned());
    settings.never_match = lists.never;
    let detect = Detect::shared(settings, Arc::new(rules), lists.indicators);
    let mut sink = Sink::new(args.json);
    let scanned = scan(&paths, &work, workers.min(MAX_WORKERS), detect, &mut sink)?;
    for trouble in &scanned.troubles {
        tell(&trouble_text(trouble, &words));
    }
    if !args.json && (scanned.tally.files > 0 || scanned.troubles.is_empty()) {
        let detail = if args.all { Detail::All } else { Detail::Page };
        let report = Report::new(&sink.kept, &scanned.tally, &words, detail);
        let colour = io::stdout().is_terminal() && std::env::var_os("NO_COLOR").is_none();
        sink.out
            .write_all(page::render(&report, &words, colour, detail).as_bytes())?;
        let kept = u64::try_from(sink.kept.len()).unwrap_or(u64::MAX);
        let beyond = sink.count.saturating_sub(kept);
        if beyond > 0 {
            tell(&words.say_with("scan-beyond", &[("count", beyond.into())]));
        }
    }
    if args.stats {
        let stats = stats(&scanned, sink.count, started.elapsed());
        sink.out.write_all(stats.as_bytes())?;
    }
    sink.out.flush()?;
    if !scanned.troubles.is_empty() {
        return Ok(Exit::Input);
    }
    let worst = args.fail_on.is_some_and(|limit| sink.worst >= Some(limit));
    Ok(if worst { Exit::Findings } else { Exit::Done })
}

/// What a scan came to, beside its findings.
struct Scanned {
    tally: Tally,
    bytes: u64,
    packets: Option<PacketSums>,
    troubles: Vec<Trouble>,
}

fn scan(
    paths: &[PathBuf],
    work: &Work,
    workers: usize,
    mut detect: Detect,
    sink: &mut Sink,
) -> anyhow::Result<Scanned> {
    std::thread::scope(|scope| {
        let pool = Pool::start(scope, workers, work, &detect.sifter());
        let mut merge = Merge::new(paths, &pool, work, workers);
        let mut progress = Progress::new(paths);
        let mut signals = Vec::new();
        while let Some(observation) = merge.next() {
            detect.fold(observation, &mut signals);
            if !signals.is_empty() {
                sink.take(&mut signals)?;
            }
            progress.show(merge.bytes);
        }
        detect.finish(&mut signals);
        sink.take(&mut signals)?;
        progress.clear();
        Ok(Scanned {
            tally: merge.tally,
            bytes: merge.bytes,
            packets: merge.packets,
            troubles: merge.troubles,
        })
    })
}

/// Where findings go: printed at once as JSON, or kept for the page.
struct Sink {
    json: bool,
    out: io::BufWriter<io::Stdout>,
    line: String,
    kept: Vec<Finding>,
    count: u64,
    worst: Option<Severity>,
}

impl Sink {
    fn new(json: bool) -> Self {
        Self {
            json,
            out: io::BufWriter::new(io::stdout()),
            line: String::new(),
            kept: Vec::new(),
            count: 0,
            worst: None,
        }
    }

    fn take(&mut self, signals: &mut Vec<Signal>) -> io::Result<()> {
        for signal in signals.drain(..) {
            let Signal::Closed(finding) = signal else {
                continue;
            };
            self.count += 1;
            self.worst = self.worst.max(Some(finding.severity));
            if self.json {
                self.line.clear();
                write_finding(&finding, &mut self.line);
                self.line.push('\n');
                self.out.write_all(self.line.as_bytes())?;
                self.out.flush()?;
            } else {
                keep(&mut self.kept, finding, MAX_KEPT, |finding| {
                    finding.severity
                });
            }
        }
        Ok(())
    }
}

/// Adds `new` to `kept`, which holds no more than `most`: what matters least gives way to what matters more.
fn keep<T>(kept: &mut Vec<T>, new: T, most: usize, severity: impl Fn(&T) -> Severity) {
    if kept.len() >= most
        && let Some(least) = kept.iter().map(&severity).min()
        && least < severity(&new)
    {
        kept.retain(|one| severity(one) > least);
    }
    if kept.len() < most {
        kept.push(new);
    }
}

/// Refuses folders before anything is read, with a hint.
fn files(paths: &[PathBuf], words: &Words) -> anyhow::Result<Vec<PathBuf>> {
    for path in paths {
        if path.is_dir() {
            let shown = path.display().to_string();
            let shown = shown.trim_end_matches('/');
            let message = words.say_with("scan-is-folder", &[("file", shown.into())]);
            return Err(failure(Exit::Input, message));
        }
    }
    Ok(paths.to_vec())
}

fn moment(text: &str, words: &Words) -> anyhow::Result<Timestamp> {
    let whole_day = format!("{text}T00:00:00Z");
    DeviceTime::parse_rfc3339(text.as_bytes())
        .or_else(|| DeviceTime::parse_rfc3339(whole_day.as_bytes()))
        .map(|time| time.at)
        .ok_or_else(|| {
            let message = words.say_with("scan-bad-time", &[("text", text.into())]);
            failure(Exit::Usage, message)
        })
}

fn trouble_text(trouble: &Trouble, words: &Words) -> String {
    let id = if trouble.opened {
        "scan-cannot-read"
    } else {
        "scan-cannot-open"
    };
    let args = [
        ("file", trouble.path.display().to_string().into()),
        ("problem", trouble.error.to_string().into()),
    ];
    words.say_with(id, &args)
}

/// To the person at the terminal; when standard error is gone there is nobody to tell.
fn tell(line: &str) {
    drop(writeln!(io::stderr(), "{line}"));
}

fn stats(scanned: &Scanned, findings: u64, took: Duration) -> String {
    let mut rejects = String::new();
    for (reason, count) in scanned.tally.rejected() {
        if !rejects.is_empty() {
            rejects.push(',');
        }
        write_string(reason.code(), &mut rejects);
        rejects.push_str(&format!(":{count}"));
    }
    let packets = scanned
        .packets
        .as_ref()
        .map_or_else(String::new, packet_stats);
    format!(
        "{{\"stats\":{{\"records\":{},\"events\":{},\"rejects\":{{{rejects}}},\"findings\":{findings},\"seconds\":{:.3},\"bytes\":{}{packets}}}}}\n",
        scanned.tally.records,
        scanned.tally.events,
        took.as_secs_f64(),
        scanned.bytes,
    )
}

/// The sums of captures: `read = in-flows + unread`, and what never came to be read.
fn packet_stats(sums: &PacketSums) -> String {
    let counts = &sums.counts;
    let unread: Vec<String> = counts
        .unread
        .iter()
        .map(|(reason, count)| format!("\"{}\":{count}", reason.code()))
        .collect();
    format!(
        ",\"packets\":{{\"read\":{},\"in-flows\":{},\"unread\":{{{}}},\"lost\":{},\"lost-stream-bytes\":{},\"flows\":{},\"flows-shed\":{},\"flows-unheard\":{}}}",
        counts.packets,
        counts.in_flows,
        unread.join(","),
        sums.lost,
        counts.lost_bytes,
        counts.flows,
        counts.shed,
        counts.hushed,
    )
}

/// How far it is, on standard error when that is a terminal.
struct Progress {
    total_bytes: u64,
    shown: Option<Instant>,
    countdown: u32,
    active: bool,
}

impl Progress {
    /// Observations between looks at the clock.
    const EVERY: u32 = 4_096;

    fn new(paths: &[PathBuf]) -> Self {
        let sizes = paths.iter().filter_map(|path| path.metadata().ok());
        Self {
            total_bytes: sizes.map(|file| file.len()).sum(),
            shown: None,
            countdown: Self::EVERY,
            active: io::stderr().is_terminal(),
        }
    }

    fn show(&mut self, bytes: u64) {
        if !self.active {
            return;
        }
        self.countdown -= 1;
        if self.countdown > 0 {
            return;
        }
        self.countdown = Self::EVERY;
        let due = self
            .shown
            .is_none_or(|shown| shown.elapsed() >= Duration::from_millis(200));
        if !due {
            return;
        }
        self.shown = Some(Instant::now());
        let filled = if bytes >= self.total_bytes {
            // Packed files are larger than they look: say how much instead of how far.
            format!("{} MB", bytes / 1_000_000)
        } else {
            format!("{} %", bytes.saturating_mul(100) / self.total_bytes.max(1))
        };
        drop(write!(io::stderr(), "\r{filled:>8} "));
    }

    fn clear(&self) {
        if self.shown.is_some() {
            drop(write!(io::stderr(), "\r          \r"));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_matters_least_gives_way() {
        use Severity::{High, Low, Medium};
        let mut kept = Vec::new();
        for severity in [Low, Medium, Low, High, Low, Medium, High, Medium] {
            keep(&mut kept, severity, 4, |severity| *severity);
        }
        assert_eq!(kept, [Medium, High, Medium, High]);
    }
}
