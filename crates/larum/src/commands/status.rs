//! `larum status`: what a collector received, found and sent, whether it runs or not.

use std::collections::BTreeMap;
use std::io::Write as _;
use std::path::PathBuf;

use larum_cli::exit::{Exit, failure};
use larum_collector::config::{DEFAULT_STATE_DIR, Zone};
use larum_collector::health;
use larum_collector::learned;
use larum_collector::status::{self, StatusDocument};
use larum_core::parse::DeviceNames;
use larum_core::time::DeviceTime;
use larum_core::words::Words;
use larum_link::wire::Tally;

use super::check_config::{DEFAULT_CONFIG, load};

/// Arguments of `larum status`.
#[derive(clap::Args)]
pub struct Args {
    /// One JSON object instead of text
    #[arg(long)]
    json: bool,
    /// The collector's configuration file; its `state-dir` is looked at
    #[arg(long, value_name = "FILE", conflicts_with = "state")]
    config: Option<PathBuf>,
    /// The collector's state folder
    #[arg(long, value_name = "DIR")]
    state: Option<PathBuf>,
}

/// Runs the command.
///
/// # Errors
/// 2 for a wrong configuration; 4 when no collector ever ran there; 74 when its status cannot be
/// read.
pub fn run(args: &Args) -> anyhow::Result<Exit> {
    let words = Words::of("en")?;
    let folder = match (&args.state, &args.config) {
        (Some(folder), _) => folder.clone(),
        (None, Some(file)) => load(file, &words)?.state_dir,
        (None, None) if PathBuf::from(DEFAULT_CONFIG).exists() => {
            load(DEFAULT_CONFIG.as_ref(), &words)?.state_dir
        }
        (None, None) => PathBuf::from(DEFAULT_STATE_DIR),
    };
    let shown = folder.display().to_string();
    let document = match status::read(&folder) {
        Ok(Some(document)) => document,
        Ok(None) => {
            let said = words.say_with("status-none", &[("folder", shown.into())]);
            return Err(failure(Exit::NotFound, said));
        }
        Err(problem) => {
            let said = words.say_with(
                "status-unreadable",
                &[
                    ("folder", shown.into()),
                    ("problem", problem.to_string().into()),
                ],
            );
            return Err(failure(Exit::Input, said));
        }
    };
    let mut out = std::io::stdout().lock();
    if args.json {
        writeln!(out, "{}", serde_json::to_string(&document)?)?;
    } else {
        let names = DeviceNames::built_in().map_err(|why| failure(Exit::Conflict, why))?;
        write!(out, "{}", text(&document, &names, &words))?;
    }
    Ok(Exit::Done)
}

/// The document for a person, at most 80 columns unless a name is longer.
fn text(document: &StatusDocument, names: &DeviceNames, words: &Words) -> String {
    let state = if document.running {
        "status-running"
    } else {
        "status-stopped"
    };
    let mut lines = vec![
        words.say_with(state, &[("written", document.written.as_str().into())]),
        String::new(),
    ];
    lines.extend(sum_lines(&document.total, words));
    lines.push(String::new());
    lines.push(words.say("status-devices"));
    let today = per_device(document);
    for device in &document.devices {
        let received = today.get(device.device.as_str()).copied().unwrap_or(0);
        let never = words.say("status-never");
        let heard = device.last_heard.as_deref().unwrap_or(&never);
        lines.push(words.say_with(
            "status-device",
            &[
                ("device", format!("{:<28}", device.device).into()),
                ("heard", heard.into()),
                ("received", format!("{received:>10}").into()),
            ],
        ));
        let unread = device.unread.iter();
        lines.extend(unread.map(|row| format!("      {}", row.say(names, words))));
    }
    lines.extend(learned_lines(document, words));
    lines.push(String::new());
    lines.push(hub_line(document, words));
    lines.push(words.say_with(
        "status-spool",
        &[
            ("waiting", document.spool.waiting.into()),
            ("bytes", document.spool.bytes.to_string().into()),
        ],
    ));
    for concern in &document.concerns {
        let (title, text) = (
            health::say(concern, words),
            health::say_text(concern, &Zone::utc(), words),
        );
        lines.push(words.say_with(
            "status-concern",
            &[("title", title.into()), ("text", text.into())],
        ));
    }
    for trouble in &document.troubles {
        lines.push(words.say(&format!("trouble-{trouble}")));
    }
    if let Some(page) = &document.page {
        lines.push(words.say_with("status-page", &[("page", page.as_str().into())]));
    }
    lines.join("\n") + "\n"
}

/// Zone and clock of each device, and the firm's own public addresses.
fn learned_lines(document: &StatusDocument, words: &Words) -> Vec<String> {
    let mut lines = Vec::new();
    let now = DeviceTime::parse_rfc3339(document.written.as_bytes()).map(|time| time.at);
    let clocks = document.devices.iter().flat_map(|device| &device.clocks);
    for (at, clock) in clocks.enumerate() {
        if at == 0 {
            lines.extend([String::new(), words.say("status-clocks")]);
        }
        let said = learned::clock_line(clock, now.unwrap_or_default(), words);
        lines.push(format!("  {}: {said}", clock.device));
    }
    for (at, own) in document.own_networks.iter().enumerate() {
        if at == 0 {
            lines.extend([String::new(), words.say("status-own")]);
        }
        lines.push(format!(
            "  {}: {}",
            own.network,
            learned::own_line(own, words)
        ));
    }
    lines
}

fn sum_lines(total: &Tally, words: &Words) -> Vec<String> {
    let line = |id: &str, count: u64| format!("  {count:>12}  {}", words.say(id));
    let reasons = |prefix: &str, counts: &BTreeMap<String, u64>| {
        counts
            .iter()
            .map(|(reason, count)| line(&format!("{prefix}-{reason}"), *count))
            .collect::<Vec<_>>()
    };
    let mut lines = vec![
        words.say("status-records"),
        line("sum-received", total.received),
    ];
    lines.push(line("sum-events", total.events));
    lines.extend(reasons("rejected", &total.rejected));
    lines.extend(reasons("dropped", &total.dropped));
    lines.push(words.say("status-findings"));
    lines.push(line("sum-findings", total.findings));
    lines.push(line("sum-sightings", total.sightings));
    lines.extend(reasons("withheld", &total.withheld));
    lines.push(line("sum-sent", total.sent));
    lines.push(line("sum-receipted", total.receipted));
    lines
}

fn hub_line(document: &StatusDocument, words: &Words) -> String {
    let state = &document.hub.state;
    let id = format!("hub-state-{state}");
    let said = if words.has(&id) {
        words.say(&id)
    } else {
        words.say_with("hub-state-other", &[("reason", state.as_str().into())])
    };
    words.say_with("status-hub", &[("state", said.into())])
}

/// Records received in the hours that are kept apart.
fn per_device(document: &StatusDocument) -> BTreeMap<&str, u64> {
    let mut sums = BTreeMap::new();
    for row in &document.hours {
        *sums.entry(row.device.as_str()).or_insert(0) += row.sum.received;
    }
    sums
}
