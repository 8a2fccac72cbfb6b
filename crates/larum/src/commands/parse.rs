//! `larum parse`: what devices said, one answer per record.

mod packets;

use std::io::{self, BufWriter, Write as _};
use std::path::{Path, PathBuf};

use larum_cli::exit::{Exit, failure};
use larum_collector::config::Zone;
use larum_core::clock::Years;
use larum_core::event::{Event, Field, write_event, write_reject};
use larum_core::own::Own;
use larum_core::parse::{Closest, Context, Formats, Legend, Scratch};
use larum_core::reject::Reject;
use larum_core::time::{DeviceTime, Timestamp};
use larum_core::words::Words;
use larum_packet::flow::{Limits, Meter};
use serde::Deserialize;

use super::formats;
use crate::input::{Records, unreadable};
use crate::packets::Blocks;
use crate::recording;

/// Room for answers before they are written, in bytes.
const WRITE_BYTES: usize = 128 * 1024;

/// Most records of one run that are looked into for the format that came closest: looking may try every
/// format, and a log may be all garbage.
const MAX_LOOKED_INTO: u32 = 1_000;

/// Arguments of `larum parse`.
#[derive(clap::Args)]
pub struct Args {
    /// Read every record with this format instead of recognising one
    #[arg(long, value_name = "NAME")]
    format: Option<String>,
    /// Read with the format files of this folder too: before the built-in ones, and instead of those
    /// of the same name
    #[arg(long, value_name = "DIR")]
    formats: Option<PathBuf>,
    /// One JSON object per record
    #[arg(long)]
    json: bool,
    /// Time of receipt, for records without year (default: now)
    #[arg(long, value_name = "RFC3339")]
    now: Option<String>,
    /// Zone of time stamps that name none, such as Europe/London or +01:00 (default: UTC)
    #[arg(long, value_name = "ZONE", value_parser = recording::zone)]
    zone: Option<Zone>,
    /// Read records from lines of JSON: {"id": …, "input": "one record"}
    #[arg(long, value_name = "FILE.jsonl", conflicts_with = "paths")]
    records: Option<PathBuf>,
    /// Logs or captures of packets (plain, gzip or zstd); - is standard input
    #[arg(value_name = "PATH", required_unless_present = "records")]
    paths: Vec<PathBuf>,
}

/// Runs the command.
///
/// # Errors
/// With the exit code of the contract.
pub fn run(args: &Args) -> anyhow::Result<Exit> {
    let formats = formats::own(args.formats.as_deref())?;
    let words = Words::of("en")?;
    if let Some(name) = &args.format
        && !formats.names().any(|known| known == name)
    {
        let known: Vec<&str> = formats.names().collect();
        return Err(failure(
            Exit::Usage,
            format!("there is no format {name}; there are: {}", known.join(", ")),
        ));
    }
    let mut answers = Answers {
        formats: &formats,
        context: Context {
            received: received(args.now.as_deref())?,
            zone_offset_seconds: 0,
            format: args.format.as_deref(),
        },
        zone: args.zone.as_ref(),
        own: Own::default(),
        json: args.json,
        words: &words,
        looked_into: 0,
        scratch: Scratch::default(),
        line: String::new(),
        out: BufWriter::with_capacity(WRITE_BYTES, io::stdout().lock()),
    };
    let done = answers.all(args);
    // What was answered before an input failed is still written.
    let flushed = answers.out.flush();
    done.and(flushed.map_err(Into::into)).map(|()| Exit::Done)
}

struct Answers<'a> {
    formats: &'a Formats,
    context: Context<'a>,
    zone: Option<&'a Zone>,
    /// Knows nothing: only private and public addresses are told apart.
    own: Own,
    json: bool,
    words: &'a Words,
    looked_into: u32,
    scratch: Scratch,
    line: String,
    out: BufWriter<io::StdoutLock<'a>>,
}

/// A line of `--records`. The id is given back as it was, number or text.
#[derive(Deserialize)]
struct Numbered {
    id: serde_json::Value,
    input: String,
}

impl Answers<'_> {
    fn all(&mut self, args: &Args) -> anyhow::Result<()> {
        if let Some(path) = &args.records {
            return self.numbered(path);
        }
        for path in &args.paths {
            let mut records = match Records::open(path)?.into_packets() {
                Ok(blocks) => {
                    self.packets(path, blocks)?;
                    continue;
                }
                Err(records) => records,
            };
            let mut order = Order::of(path, self.formats, self.context.received);
            while let Some(record) = records.next_record()? {
                self.answer(record, None, Some(&mut order))?;
                order.place.position += u64::try_from(record.len()).unwrap_or(0) + 1;
                if records.is_drained() {
                    self.out.flush()?;
                }
            }
        }
        Ok(())
    }

    fn packets(&mut self, path: &Path, mut blocks: Blocks) -> anyhow::Result<()> {
        let mut meter = Meter::new(Limits::default());
        let unreadable = |error| unreadable(&path.display().to_string(), &error);
        while let Some(block) = blocks.next_block().map_err(unreadable)? {
            let mut telling = packets::Telling::new(self);
            for frame in block.frames() {
                match frame {
                    Ok((frame, _)) => meter.frame(&frame, &mut telling),
                    Err(reason) => meter.no_packet(reason, &mut telling),
                }
            }
            telling.done()?;
            self.out.flush()?;
        }
        let mut telling = packets::Telling::new(self);
        meter.finish(&mut telling);
        Ok(telling.done()?)
    }

    fn numbered(&mut self, path: &Path) -> anyhow::Result<()> {
        let mut records = Records::open_numbered(path)?;
        let mut number = 0_u64;
        while let Some(line) = records.next_record()? {
            number += 1;
            if line.iter().all(u8::is_ascii_whitespace) {
                continue;
            }
            let parsed: Numbered = serde_json::from_slice(line).map_err(|error| {
                failure(
                    Exit::Input,
                    format!("cannot read {} line {number}: {error}", path.display()),
                )
            })?;
            self.answer(parsed.input.as_bytes(), Some(&parsed.id.to_string()), None)?;
            if records.is_drained() {
                self.out.flush()?;
            }
        }
        Ok(())
    }

    /// Writes one line about `record`; `id` is JSON, `order` that of the file it stands in.
    fn answer(
        &mut self,
        record: &[u8],
        id: Option<&str>,
        order: Option<&mut Order>,
    ) -> io::Result<()> {
        let (context, scratch) = (&self.context, &mut self.scratch);
        let (mut found, place) = match order {
            Some(Order { legend, place }) => {
                let found = self.formats.parse_next(record, context, legend, scratch);
                (found, Some(place))
            }
            None => (self.formats.parse(record, context, scratch), None),
        };
        if let Ok(event) = &mut found {
            let time = event
                .ts
                .map(|time| place.map_or(time, |place| place.complete(time)));
            event.ts = time.map(|time| recording::in_zone(time, self.zone));
            event.direction = self.own.direction(event);
        }
        let unread = found.as_ref().is_err_and(|reason| reason.is_unread());
        let look = unread && self.looked_into < MAX_LOOKED_INTO;
        self.looked_into += u32::from(look);
        let closest = || {
            look.then(|| self.formats.closest(record, &self.context))
                .flatten()
        };
        let line = &mut self.line;
        line.clear();
        if self.json {
            match found {
                Ok(event) => write_event(&event, None, line),
                Err(reason) => {
                    write_reject(reason, None, line);
                    if let Some(closest) = closest() {
                        // The form ends with a brace, and has a key before it.
                        line.pop();
                        line.push_str(",\"closest\":");
                        closest.write_json(line);
                        line.push('}');
                    }
                }
            }
            if let Some(id) = id {
                // Both forms start with a brace and have at least one key.
                line.insert_str(1, &format!("\"id\":{id},"));
            }
        } else {
            if let Some(id) = id {
                line.push_str(id);
                line.push(' ');
            }
            match found {
                Ok(event) => describe(&event, line),
                Err(reason) => refused(reason, closest().as_ref(), self.words, line),
            }
        }
        line.push('\n');
        self.out.write_all(line.as_bytes())
    }
}

/// What a file says about one of its records beside the record.
struct Order {
    legend: Legend,
    place: Place,
}

/// Where in its file a record stands, and what that says about its year.
struct Place {
    years: Years,
    position: u64,
    /// What cannot be read beforehand is looked at as it comes.
    as_it_comes: bool,
}

impl Order {
    fn of(path: &Path, formats: &Formats, now: Timestamp) -> Self {
        Self {
            legend: Legend::of_file(),
            place: Place {
                years: recording::years(path, formats, now),
                position: 0,
                as_it_comes: !path.is_file(),
            },
        }
    }
}

impl Place {
    fn complete(&mut self, time: DeviceTime) -> DeviceTime {
        if self.as_it_comes {
            self.years.see(self.position, time);
        }
        self.years.complete(self.position, time)
    }
}

/// Why a record is no event, for a person, and the format that came closest.
fn refused(reason: Reject, closest: Option<&Closest<'_>>, words: &Words, line: &mut String) {
    let reason = [("reason", reason.code().into())];
    line.push_str(&words.say_with("parse-not-read", &reason));
    if let Some(closest) = closest {
        let field = closest.why.field().map_or("", Field::as_str);
        let id = format!("parse-closest-{}", closest.why.code());
        let why = words.say_with(&id, &[("field", field.into())]);
        let args = [("format", closest.format.into()), ("why", why.into())];
        line.push_str(&words.say_with("parse-closest", &args));
    }
}

/// One line for a person: time, kind and action first, then each field with its name.
fn describe(event: &Event<'_>, line: &mut String) {
    let mut fields = Field::ALL
        .iter()
        .filter_map(|field| event.get(*field).map(|value| (*field, value)));
    let mut separator = "";
    for (field, value) in fields.by_ref() {
        line.push_str(separator);
        separator = " ";
        let value = value.to_string();
        if !matches!(field, Field::Ts | Field::Format | Field::Kind) {
            line.push_str(field.as_str());
            line.push('=');
        }
        // Text from a device may hold anything, also what would move a terminal's cursor.
        if value.contains([' ', '"', '=']) || value.contains(char::is_control) {
            line.push_str(&format!("{value:?}"));
        } else {
            line.push_str(&value);
        }
    }
}

/// The time of receipt that `--now` states, or now.
///
/// # Errors
/// With exit code 2 when it is no time.
pub fn received(now: Option<&str>) -> anyhow::Result<Timestamp> {
    match now {
        Some(text) => DeviceTime::parse_rfc3339(text.as_bytes())
            .map(|time| time.at)
            .ok_or_else(|| {
                failure(
                    Exit::Usage,
                    format!("--now {text}: write a time as in 2026-11-22T12:00:00Z"),
                )
            }),
        None => Ok(larum_link::clock::Clock::system().now()),
    }
}
