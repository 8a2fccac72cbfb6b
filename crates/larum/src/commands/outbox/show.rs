//! `larum outbox show`.

use std::io::Write;

use larum_cli::exit::{Exit, failure};
use larum_core::words::Words;
use larum_link::convert;
use larum_link::wire::{Batch, WireSighting};
use larum_spool::ledger::Entry;

use super::State;
use super::records::{Records, receipt_of};
use super::report::{lines, moment};

/// Waiting reports shown.
const MAX_SHOWN: usize = 1_000;

/// Arguments of `larum outbox show`.
#[derive(clap::Args)]
pub struct Args {
    /// Number of the batch, or "pending" for what waits
    #[arg(value_name = "NUMBER|pending")]
    which: String,
    #[command(flatten)]
    state: State,
    /// The exact bytes, nothing else
    #[arg(long, conflicts_with = "json")]
    raw: bool,
    /// One JSON object per report
    #[arg(long)]
    json: bool,
}

pub fn run(args: &Args) -> anyhow::Result<Exit> {
    let records = Records::open(&args.state.folder)?;
    let mut out = std::io::stdout().lock();
    if args.which == "pending" {
        return pending(args, &records, &mut out);
    }
    let Ok(number) = args.which.parse::<u64>() else {
        let text = [("text", super::report::plain(&args.which).into())];
        let message = records.words.say_with("outbox-not-a-number", &text);
        return Err(failure(Exit::Usage, message));
    };
    let mut shown = false;
    records.each(number, number, |entry| {
        shown = true;
        batch(args, &records.words, &entry, &mut out)
    })?;
    if shown && number > 0 {
        return Ok(Exit::Done);
    }
    let message = records.words.say_with(
        "outbox-no-such-batch",
        &[
            ("number", number.to_string().into()),
            ("first", records.oldest().into()),
            ("last", records.newest().into()),
        ],
    );
    Err(failure(Exit::NotFound, message))
}

fn batch(args: &Args, words: &Words, entry: &Entry, out: &mut impl Write) -> anyhow::Result<()> {
    if args.raw {
        out.write_all(&entry.body)?;
        return Ok(out.flush()?);
    }
    let read = serde_json::from_slice::<Batch>(&entry.body);
    if args.json {
        let sightings = read.map(|batch| batch.sightings).unwrap_or_default();
        return json(sightings.iter(), out);
    }
    let number = || ("number", entry.sequence.to_string().into());
    writeln!(
        out,
        "{}",
        words.say_with(
            "outbox-batch-title",
            &[number(), ("made", moment(entry.time_ms).into())]
        )
    )?;
    let received = match receipt_of(entry) {
        Some(receipt) => words.say_with(
            "outbox-batch-received",
            &[
                ("received", moment(receipt.received).into()),
                ("receipt", receipt.receipt.to_string().into()),
            ],
        ),
        None => words.say("outbox-batch-not-received"),
    };
    writeln!(out, "{received}")?;
    let kept_back = receipt_of(entry).map_or(0, |receipt| receipt.set_aside.values().sum::<u64>());
    if kept_back > 0 {
        let count = [("count", kept_back.into())];
        writeln!(out, "{}", words.say_with("outbox-batch-set-aside", &count))?;
    }
    writeln!(out)?;
    let Ok(batch) = read else {
        let message = words.say_with("outbox-body-unreadable", &[number()]);
        return Ok(writeln!(out, "{message}")?);
    };
    let count = [("count", batch.sightings.len().into())];
    writeln!(out, "{}\n", words.say_with("outbox-batch-whole", &count))?;
    for (index, sighting) in batch.sightings.iter().enumerate() {
        tell(index, &lines(words, sighting), out)?;
    }
    writeln!(out, "{}", words.say_with("outbox-batch-raw", &[number()]))?;
    Ok(())
}

fn pending(args: &Args, records: &Records, out: &mut impl Write) -> anyhow::Result<Exit> {
    let (frames, count) = records.pending(MAX_SHOWN)?;
    let more = count > u64::try_from(frames.len()).unwrap_or(u64::MAX);
    if args.raw {
        for frame in &frames {
            out.write_all(frame)?;
            out.write_all(b"\n")?;
        }
        return Ok(Exit::Done);
    }
    let sightings: Vec<Option<WireSighting>> = frames
        .iter()
        .map(|frame| convert::unframe(frame).ok())
        .collect();
    if args.json {
        json(sightings.iter().flatten(), out)?;
        return Ok(Exit::Done);
    }
    let words = &records.words;
    if sightings.is_empty() {
        writeln!(out, "{}", words.say("outbox-pending-none"))?;
        return Ok(Exit::Done);
    }
    writeln!(out, "{}\n", words.say("outbox-pending-title"))?;
    for (index, sighting) in sightings.iter().enumerate() {
        let told = match sighting {
            Some(sighting) => lines(words, sighting),
            None => vec![words.say("outbox-unreadable")],
        };
        tell(index, &told, out)?;
    }
    if more {
        let count = [("count", MAX_SHOWN.into())];
        writeln!(out, "{}", words.say_with("outbox-pending-more", &count))?;
    }
    writeln!(out, "{}", words.say("outbox-pending-raw"))?;
    Ok(Exit::Done)
}

fn json<'s>(
    sightings: impl Iterator<Item = &'s WireSighting>,
    out: &mut impl Write,
) -> anyhow::Result<()> {
    for sighting in sightings {
        serde_json::to_writer(&mut *out, sighting).map_err(std::io::Error::from)?;
        out.write_all(b"\n")?;
        out.flush()?;
    }
    Ok(())
}

/// A numbered paragraph.
fn tell(index: usize, lines: &[String], out: &mut impl Write) -> std::io::Result<()> {
    for (row, line) in lines.iter().enumerate() {
        if row == 0 {
            writeln!(out, "{:>4}. {line}", index + 1)?;
        } else {
            writeln!(out, "      {line}")?;
        }
    }
    writeln!(out)
}
