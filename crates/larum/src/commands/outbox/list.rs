//! `larum outbox list`.

use std::io::Write as _;

use larum_cli::exit::Exit;
use larum_link::wire::Batch;
use larum_spool::ledger::{Entry, hex};
use serde::Serialize;

use super::State;
use super::records::{Records, receipt_of};
use super::report::moment;

/// Batches shown without `--all`.
const NEWEST: u64 = 20;

/// Arguments of `larum outbox list`.
#[derive(clap::Args)]
pub struct Args {
    #[command(flatten)]
    state: State,
    /// One JSON object per batch
    #[arg(long)]
    json: bool,
    /// All batches, not only the newest
    #[arg(long)]
    all: bool,
}

/// A batch as `--json` shows it.
#[derive(Serialize)]
struct Row {
    sequence: u64,
    /// Milliseconds since the epoch.
    created: i64,
    sightings: usize,
    bytes: usize,
    hash: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    receipt: Option<u64>,
    /// Milliseconds since the epoch, by the hub's clock.
    #[serde(skip_serializing_if = "Option::is_none")]
    received: Option<i64>,
}

impl From<&Entry> for Row {
    fn from(entry: &Entry) -> Self {
        let receipt = receipt_of(entry);
        Self {
            sequence: entry.sequence,
            created: entry.time_ms,
            sightings: serde_json::from_slice::<Batch>(&entry.body)
                .map_or(0, |batch| batch.sightings.len()),
            bytes: entry.body.len(),
            hash: hex(&entry.hash),
            receipt: receipt.as_ref().map(|receipt| receipt.receipt),
            received: receipt.map(|receipt| receipt.received),
        }
    }
}

pub fn run(args: &Args) -> anyhow::Result<Exit> {
    let records = Records::open(&args.state.folder)?;
    let newest = records.newest();
    let first = if args.all || args.json {
        1
    } else {
        newest.saturating_sub(NEWEST - 1).max(1)
    };
    let mut out = std::io::stdout().lock();
    if args.json {
        records.each(first, newest, |entry| {
            serde_json::to_writer(&mut out, &Row::from(&entry)).map_err(std::io::Error::from)?;
            out.write_all(b"\n")?;
            Ok(out.flush()?)
        })?;
        return Ok(Exit::Done);
    }
    let words = &records.words;
    if newest == 0 {
        writeln!(out, "{}", words.say("outbox-nothing"))?;
    } else {
        writeln!(out, "{}\n", words.say("outbox-title"))?;
        writeln!(
            out,
            "{:>7}  {:<19}  {:>7}  {:>9}  {}",
            words.say("outbox-column-batch"),
            words.say("outbox-column-made"),
            words.say("outbox-column-reports"),
            words.say("outbox-column-size"),
            words.say("outbox-column-received"),
        )?;
        records.each(first, newest, |entry| {
            let row = Row::from(&entry);
            let received = row
                .received
                .map_or_else(|| words.say("outbox-not-received"), moment);
            Ok(writeln!(
                out,
                "{:>7}  {:<19}  {:>7}  {:>9}  {received}",
                row.sequence,
                moment(row.created),
                row.sightings,
                size(row.bytes),
            )?)
        })?;
        writeln!(out)?;
        if first > 1 {
            let hidden = [("count", (first - 1).into())];
            writeln!(out, "{}", words.say_with("outbox-more", &hidden))?;
        }
    }
    let waiting = [("count", records.pending(0)?.1.into())];
    writeln!(out, "{}", words.say_with("outbox-waiting", &waiting))?;
    if newest > 0 {
        writeln!(out, "{}", words.say("outbox-read-one"))?;
    }
    Ok(Exit::Done)
}

/// `832 B`, `4.1 KB` (1,000 bytes).
fn size(bytes: usize) -> String {
    if bytes < 1_000 {
        return format!("{bytes} B");
    }
    let tenths = (bytes + 50) / 100;
    format!("{}.{} KB", tenths / 10, tenths % 10)
}
