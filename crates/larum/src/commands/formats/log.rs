//! `larum formats test LOG`: how much of a log is read, by which formats, and what the rest looks like.

use std::collections::BTreeMap;
use std::io::{self, Write};
use std::path::PathBuf;

use larum_cli::exit::{Exit, failure};
use larum_collector::page::number;
use larum_collector::unread::{Likeness, UnreadRow};
use larum_core::parse::{Context, DeviceNames, Formats, Legend, Scratch};
use larum_core::reject::Reject;
use larum_core::words::Words;
use serde::Serialize;

use super::sample;
use crate::commands::parse::received;
use crate::input::Records;

/// Most lines that are looked into: looking may try every format.
const MAX_LOOKED_INTO: u64 = 10_000;

/// What became of the lines of a log.
#[derive(Default)]
struct Outcome {
    records: u64,
    read: u64,
    /// Lines by format, with vendor and product as the format's events say them first.
    formats: BTreeMap<String, (u64, Option<String>, Option<String>)>,
    rejects: BTreeMap<Reject, u64>,
    looked_into: u64,
    /// Lines that were not read, by reason and likeness, with the first of them.
    unread: BTreeMap<(Reject, Likeness), (u64, String)>,
}

/// Reads `logs` with `formats` and says what became of their lines.
///
/// # Errors
/// With exit code 74 when a log cannot be read; what was read before is not said then.
pub fn run(
    formats: &Formats,
    logs: &[&PathBuf],
    now: Option<&str>,
    json: bool,
    words: &Words,
) -> anyhow::Result<Exit> {
    let context = Context::at(received(now)?);
    let mut outcome = Outcome::default();
    let mut scratch = Scratch::default();
    for path in logs {
        let mut records = Records::open(path)?;
        let mut legend = Legend::of_file();
        while let Some(record) = records.next_record()? {
            outcome.enter(formats, record, &context, &mut legend, &mut scratch);
        }
    }
    let mut out = io::stdout().lock();
    if json {
        outcome.write_json(&mut out)?;
    } else {
        let paths: Vec<String> = logs.iter().map(|path| path.display().to_string()).collect();
        outcome.write_table(&paths.join(", "), words, &mut out)?;
    }
    Ok(Exit::Done)
}

#[derive(Serialize)]
struct OfFormat<'a> {
    format: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    vendor: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    product: Option<&'a str>,
    lines: u64,
}

#[derive(Serialize)]
struct OfReject {
    reject: &'static str,
    lines: u64,
}

#[derive(Serialize)]
struct OfUnread<'a> {
    unread: &'static str,
    #[serde(flatten)]
    row: UnreadRow,
    sample: &'a str,
}

#[derive(Serialize)]
struct Summary {
    summary: Sums,
}

#[derive(Serialize)]
struct Sums {
    records: u64,
    read: u64,
    /// Unknown or unreadable: what is grouped by likeness.
    unread: u64,
    looked_into: u64,
}

impl Outcome {
    fn enter(
        &mut self,
        formats: &Formats,
        record: &[u8],
        context: &Context<'_>,
        legend: &mut Legend,
        scratch: &mut Scratch,
    ) {
        self.records += 1;
        let reason = match formats.parse_next(record, context, legend, scratch) {
            Ok(event) => {
                self.read += 1;
                if let Some((count, ..)) = self.formats.get_mut(event.format) {
                    *count += 1;
                } else {
                    let text = |text: Option<&str>| text.map(ToOwned::to_owned);
                    let entry = (1, text(event.vendor), text(event.product));
                    self.formats.insert(event.format.to_owned(), entry);
                }
                return;
            }
            Err(reason) => reason,
        };
        *self.rejects.entry(reason).or_default() += 1;
        if !reason.is_unread() || self.looked_into >= MAX_LOOKED_INTO {
            return;
        }
        self.looked_into += 1;
        let likeness = Likeness::of(formats.closest(record, context).as_ref());
        let group = self.unread.entry((reason, likeness));
        let (count, _) = group.or_insert_with(|| (0, sample::shown(record)));
        *count += 1;
    }

    fn not_read(&self) -> u64 {
        let rejects = self.rejects.iter();
        let unread = rejects.filter(|(reason, _)| reason.is_unread());
        unread.map(|(_, records)| records).sum()
    }

    /// Formats, most lines first.
    fn formats(&self) -> Vec<OfFormat<'_>> {
        let mut formats: Vec<OfFormat<'_>> = self
            .formats
            .iter()
            .map(|(format, (lines, vendor, product))| OfFormat {
                format,
                vendor: vendor.as_deref(),
                product: product.as_deref(),
                lines: *lines,
            })
            .collect();
        formats.sort_by_key(|of| std::cmp::Reverse(of.lines));
        formats
    }

    /// Groups of unread lines, most lines first.
    fn unread(&self) -> Vec<OfUnread<'_>> {
        let mut groups: Vec<OfUnread<'_>> = self
            .unread
            .iter()
            .map(|((reason, likeness), (lines, sample))| OfUnread {
                unread: reason.code(),
                row: UnreadRow::new(likeness, *lines),
                sample,
            })
            .collect();
        groups.sort_by_key(|of| std::cmp::Reverse(of.row.lines));
        groups
    }

    fn write_json(&self, out: &mut impl Write) -> anyhow::Result<()> {
        for format in self.formats() {
            writeln!(out, "{}", serde_json::to_string(&format)?)?;
        }
        for (reason, lines) in &self.rejects {
            let reject = OfReject {
                reject: reason.code(),
                lines: *lines,
            };
            writeln!(out, "{}", serde_json::to_string(&reject)?)?;
        }
        for group in self.unread() {
            writeln!(out, "{}", serde_json::to_string(&group)?)?;
        }
        let summary = Sums {
            records: self.records,
            read: self.read,
            unread: self.not_read(),
            looked_into: self.looked_into,
        };
        writeln!(out, "{}", serde_json::to_string(&Summary { summary })?)?;
        Ok(())
    }

    fn write_table(&self, path: &str, words: &Words, out: &mut impl Write) -> anyhow::Result<()> {
        let names = DeviceNames::built_in().map_err(|why| failure(Exit::Conflict, why))?;
        let head = [
            ("path", path.into()),
            ("records", self.records.into()),
            ("shown", number(self.records).into()),
            ("read", number(self.read).into()),
        ];
        writeln!(out, "{}", words.say_with("test-log", &head))?;
        if !self.formats.is_empty() {
            writeln!(out, "\n{}", words.say("test-by-format"))?;
        }
        for of in self.formats() {
            let name = names.of(of.format, of.vendor, of.product).name;
            let name = sample::shown_whole(&name);
            writeln!(out, "  {:>11}  {:36} {}", number(of.lines), name, of.format)?;
        }
        if !self.rejects.is_empty() {
            writeln!(out, "\n{}", words.say("test-rejects"))?;
        }
        for (reason, lines) in &self.rejects {
            let said = words.say(&format!("rejected-{}", reason.code()));
            writeln!(out, "  {:>11}  {said}", number(*lines))?;
        }
        self.write_unread(&names, words, out)
    }

    fn write_unread(
        &self,
        names: &DeviceNames,
        words: &Words,
        out: &mut impl Write,
    ) -> anyhow::Result<()> {
        let groups = self.unread();
        if groups.is_empty() {
            if self.records > 0 {
                writeln!(out, "\n{}", words.say("test-all-read"))?;
            }
            return Ok(());
        }
        writeln!(out, "\n{}", words.say("test-unread"))?;
        for group in groups {
            let format = group.row.format.as_deref();
            let format = format.map_or_else(String::new, |format| format!(" [{format}]"));
            let sample = [("sample", group.sample.into())];
            writeln!(out, "  {}{format}", group.row.say(names, words))?;
            writeln!(out, "      {}", words.say_with("test-sample", &sample))?;
            writeln!(out, "      {}", group.row.advice(words))?;
        }
        let left = self.not_read() - self.looked_into;
        if left > 0 {
            let args = [
                ("lines", left.into()),
                ("shown", number(left).into()),
                ("limit", number(MAX_LOOKED_INTO).into()),
            ];
            writeln!(out, "  {}", words.say_with("test-not-looked-into", &args))?;
        }
        writeln!(out, "\n{}", words.say("test-do"))?;
        Ok(())
    }
}
