//! `larum outbox export`.

use std::io::Write as _;

use larum_cli::exit::Exit;
use larum_link::wire::Receipt;
use larum_spool::ledger::hex;
use serde::Serialize;

use super::State;
use super::records::{Records, receipt_of};

/// Arguments of `larum outbox export`.
#[derive(clap::Args)]
pub struct Args {
    #[command(flatten)]
    state: State,
    /// First batch
    #[arg(long, value_name = "NUMBER", default_value_t = 1)]
    from: u64,
    /// Last batch (default: the newest)
    #[arg(long, value_name = "NUMBER")]
    to: Option<u64>,
}

/// A batch with everything needed to check it elsewhere: `hash` is SHA-256 over the bytes of
/// `previous` and the SHA-256 of `body`.
#[derive(Serialize)]
struct Row<'e> {
    sequence: u64,
    created: i64,
    previous: String,
    hash: String,
    /// The exact text that was sent.
    body: std::borrow::Cow<'e, str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    receipt: Option<Receipt>,
}

pub fn run(args: &Args) -> anyhow::Result<Exit> {
    let records = Records::open(&args.state.folder)?;
    let mut out = std::io::stdout().lock();
    records.each(args.from, args.to.unwrap_or(u64::MAX), |entry| {
        let row = Row {
            sequence: entry.sequence,
            created: entry.time_ms,
            previous: hex(&entry.previous),
            hash: hex(&entry.hash),
            body: String::from_utf8_lossy(&entry.body),
            receipt: receipt_of(&entry),
        };
        serde_json::to_writer(&mut out, &row).map_err(std::io::Error::from)?;
        out.write_all(b"\n")?;
        Ok(out.flush()?)
    })?;
    Ok(Exit::Done)
}
