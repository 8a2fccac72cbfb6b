//! Lists with one entry a line: plain, hosts files, name-server and blocker configurations, and CSV
//! with or without a header.

use std::borrow::Cow;
use std::net::IpAddr;

use smallvec::SmallVec;

use super::entry::{Entry, Hint, entry_of, range};
use super::intake::Intake;
use super::record::{Claim, Field, Record, field_of};
use super::refusal::Refusal;

/// Longest line of a list that is looked at, in bytes; CSV exports have long notes.
pub const MAX_LINE_BYTES: usize = 65_536;
/// Columns of a line that are looked at.
const MAX_COLUMNS: usize = 64;
/// Words of a line without header that are looked at.
const MAX_TRIED: usize = 16;
/// Columns of a line without header that are looked at for an entry: what a list is about stands first,
/// and what stands far behind are notes that link to honest places.
const MAX_TRIED_COLUMNS: usize = 6;
/// Words of a line without columns that are looked at for one.
const MAX_WORDS: usize = 3;
/// Lines that a quoted text may run over.
const MAX_QUOTED_LINES: u32 = 64;

type Cells<'a> = SmallVec<[Cow<'a, str>; 16]>;

/// Reads a list line by line, from pieces of any size.
#[derive(Debug, Default)]
pub(super) struct Lines {
    /// The beginning of a line whose end has not come.
    partial: Vec<u8>,
    is_too_long: bool,
    number: u64,
    header: Option<Header>,
    /// A note in front of the first entry, which may name the columns.
    remark: String,
    has_entries: bool,
    /// Lines since a quoted text was opened and not closed.
    quoted: Option<u32>,
    /// The list is one of JA3 fingerprints, by its name.
    is_ja3: bool,
    record: Record,
}

#[derive(Debug)]
struct Header {
    delimiter: char,
    fields: Vec<Option<Field>>,
}

impl Lines {
    pub fn new(list_name: &str) -> Self {
        let name = list_name.to_ascii_lowercase();
        Self {
            is_ja3: name.contains("ja3") && !name.contains("ja3s"),
            ..Self::default()
        }
    }

    pub fn feed(&mut self, mut bytes: &[u8], intake: &mut Intake) {
        while let Some(end) = memchr::memchr(b'\n', bytes) {
            let (head, tail) = bytes.split_at_checked(end).unwrap_or((bytes, &[]));
            bytes = tail.get(1..).unwrap_or_default();
            if self.partial.is_empty() && !self.is_too_long && head.len() <= MAX_LINE_BYTES {
                self.raw(head, intake);
            } else {
                self.keep(head);
                self.end_line(intake);
            }
        }
        self.keep(bytes);
    }

    pub fn end(&mut self, intake: &mut Intake) {
        if !self.partial.is_empty() || self.is_too_long {
            self.end_line(intake);
        }
    }

    fn keep(&mut self, bytes: &[u8]) {
        if self.partial.len() + bytes.len() > MAX_LINE_BYTES {
            self.is_too_long = true;
        } else {
            self.partial.extend_from_slice(bytes);
        }
    }

    fn end_line(&mut self, intake: &mut Intake) {
        let line = std::mem::take(&mut self.partial);
        if std::mem::take(&mut self.is_too_long) {
            self.number += 1;
            let start = String::from_utf8_lossy(line.get(..80).unwrap_or_default());
            intake.refuse(Refusal::TooLong, self.number, &start);
        } else {
            self.raw(&line, intake);
        }
        self.partial = line;
        self.partial.clear();
    }

    fn raw(&mut self, line: &[u8], intake: &mut Intake) {
        self.number += 1;
        let text = String::from_utf8_lossy(line);
        let text = if self.number == 1 {
            text.trim_start_matches('\u{feff}').trim()
        } else {
            text.trim()
        };
        if text.is_empty() {
            return;
        }
        if is_remark(text) && self.quoted.is_none() {
            if !self.has_entries && text.len() <= 4_096 {
                self.remark.clear();
                self.remark
                    .push_str(text.trim_start_matches(['#', ';', ' ']));
            }
            return;
        }
        if !self.has_entries {
            self.has_entries = true;
            self.header = header_of(text);
            if self.header.is_some() {
                return;
            }
            self.header = header_above(&self.remark, text);
        }
        match self.header.take() {
            Some(header) => {
                self.row(text, &header, intake);
                self.header = Some(header);
            }
            None => self.plain(text, intake),
        }
    }

    fn row(&mut self, text: &str, header: &Header, intake: &mut Intake) {
        let cells = cells_of(text, header.delimiter);
        let is_open = text.bytes().filter(|byte| *byte == b'"').count() % 2 == 1;
        // A quoted text that runs over several lines: a whole row ends it, whatever was meant.
        if let Some(lines) = self.quoted {
            let is_row = !is_open && cells.len() == header.fields.len();
            self.quoted = (!is_open && !is_row && lines < MAX_QUOTED_LINES).then_some(lines + 1);
            if !is_row || header.fields.len() < 2 {
                return;
            }
        } else if is_open && header.fields.len() > 1 {
            self.quoted = Some(1);
        }
        self.record.clear();
        for (cell, field) in cells.iter().zip(&header.fields) {
            if let Some(field) = field {
                self.record.push(*field, cell);
            }
        }
        intake.record(&self.record, self.number, text);
    }

    fn plain(&mut self, text: &str, intake: &mut Intake) {
        match self.entries(text) {
            Ok(entries) => {
                for entry in entries {
                    intake.entry(entry, &Claim::default(), self.number, text);
                }
            }
            Err(reason) => intake.refuse(reason, self.number, text),
        }
    }

    /// The entry of a line: the whole of it, or its first column that is an address, a network or a
    /// web address, else the first that is a name. A line of a hosts file has several names.
    fn entries(&self, text: &str) -> Result<SmallVec<[Entry; 2]>, Refusal> {
        let hint = if self.is_ja3 { Hint::Ja3 } else { Hint::Unsaid };
        let text = text.split(" #").next().unwrap_or(text);
        let text = text.split("\t#").next().unwrap_or(text).trim();
        let is_one = !text.contains([' ', ',', ';', '\t', '|']) || text.starts_with("||");
        let whole = entry_of(text, hint);
        if is_one || whole.is_ok() {
            return whole.map(|entry| SmallVec::from_iter([entry]));
        }
        let cells: SmallVec<[&str; 16]> = text
            .split([',', ';', '\t', ' ', '|'])
            .map(|cell| cell.trim_matches(['"', '\'', ' ']))
            .filter(|cell| !cell.is_empty())
            .take(MAX_TRIED)
            .collect();
        if let Some(names) = hosts_line(&cells) {
            return names;
        }
        if let Some(entry) = block_of(&cells) {
            return Ok(SmallVec::from_iter([entry]));
        }
        let first = cells.first().copied().unwrap_or("");
        let delimiter = delimiter_of(text);
        // Blanks part an entry from a note about it: what comes first is meant. Prose names honest
        // sites, so that only the first few words are looked at.
        let Some(delimiter) = delimiter else {
            let words = cells.iter().take(MAX_WORDS);
            return first_of(words.copied(), hint, true);
        };
        let columns = cells_of(text, delimiter);
        let columns = columns.iter().take(MAX_TRIED_COLUMNS);
        let columns = columns.map(AsRef::as_ref);
        first_of(std::iter::once(first).chain(columns), hint, false)
    }
}

/// The first cell that is an entry; unless `names_too`, a name only where nothing else is one.
fn first_of<'c>(
    cells: impl Iterator<Item = &'c str>,
    hint: Hint,
    names_too: bool,
) -> Result<SmallVec<[Entry; 2]>, Refusal> {
    let (mut name, mut reason) = (None, Refusal::Unreadable);
    for cell in cells {
        match entry_of(cell, hint) {
            Ok(entry @ Entry::Name { .. }) if !names_too => {
                name.get_or_insert(entry);
            }
            Ok(entry) => return Ok(SmallVec::from_iter([entry])),
            Err(other) if reason == Refusal::Unreadable => reason = other,
            Err(_) => {}
        }
    }
    name.map(|name| SmallVec::from_iter([name])).ok_or(reason)
}

/// What parts the columns of a line: the most frequent candidate, a comma where they are even.
fn delimiter_of(text: &str) -> Option<char> {
    let counted = |delimiter: &char| text.matches(*delimiter).count();
    [',', ';', '\t', '|']
        .into_iter()
        .filter(|delimiter| counted(delimiter) > 0)
        .max_by_key(|delimiter| (counted(delimiter), *delimiter == ','))
}

fn is_remark(text: &str) -> bool {
    text.starts_with(['#', ';', '!']) || text.starts_with("//") || text.starts_with("[Adblock")
}

/// `0.0.0.0 bad.example.org worse.example.org`: the names are meant, not the address.
fn hosts_line(cells: &[&str]) -> Option<Result<SmallVec<[Entry; 2]>, Refusal>> {
    let (first, names) = cells.split_first()?;
    let ip: IpAddr = first.parse().ok()?;
    if names.is_empty() || !(ip.is_unspecified() || ip.is_loopback()) {
        return None;
    }
    const OWN_NAMES: &[&str] = &[
        "localhost",
        "local",
        "broadcasthost",
        "localhost.localdomain",
    ];
    let names = names.iter().filter(|name| !OWN_NAMES.contains(*name));
    let entries: SmallVec<[Entry; 2]> = names
        .filter_map(|name| entry_of(name, Hint::Unsaid).ok())
        .filter(|entry| matches!(entry, Entry::Name { .. }))
        .collect();
    Some(if entries.is_empty() {
        Err(Refusal::Private)
    } else {
        Ok(entries)
    })
}

/// `192.0.2.0  192.0.2.255  24 …`: the first and last address of a block and its size (DShield).
fn block_of(cells: &[&str]) -> Option<Entry> {
    let [first, last, bits, ..] = cells else {
        return None;
    };
    let (first, last): (IpAddr, IpAddr) = (first.parse().ok()?, last.parse().ok()?);
    let bits: u8 = bits.parse().ok()?;
    (first < last && bits <= 128).then(|| range(first, last))?
}

/// The line's columns, if it names them and one of them holds indicators.
fn header_of(text: &str) -> Option<Header> {
    let delimiter = delimiter_of(text).unwrap_or(',');
    let cells = cells_of(text, delimiter);
    let fields: Vec<Option<Field>> = cells.iter().map(|cell| field_of(cell)).collect();
    let is_header = fields.iter().flatten().any(|field| field.holds_indicator())
        && cells
            .iter()
            .all(|cell| entry_of(cell, Hint::Unsaid).is_err());
    is_header.then_some(Header { delimiter, fields })
}

/// The columns as a remark above the first row names them, if there are as many of both.
fn header_above(remark: &str, row: &str) -> Option<Header> {
    let header = header_of(remark)?;
    let cells = cells_of(row, header.delimiter);
    (header.fields.len() >= 2 && cells.len() == header.fields.len()).then_some(header)
}

/// The cells of a CSV line (RFC 4180, with any delimiter and blanks around).
fn cells_of(text: &str, delimiter: char) -> Cells<'_> {
    let mut cells = Cells::new();
    let mut rest = text;
    while cells.len() < MAX_COLUMNS {
        let (cell, after) = cell_of(rest, delimiter);
        cells.push(cell);
        match after {
            Some(after) => rest = after,
            None => break,
        }
    }
    cells
}

fn cell_of(text: &str, delimiter: char) -> (Cow<'_, str>, Option<&str>) {
    let trimmed = text.trim_start_matches(' ');
    let Some(inner) = trimmed.strip_prefix('"') else {
        return match text.split_once(delimiter) {
            Some((cell, rest)) => (cell.trim().into(), Some(rest)),
            None => (text.trim().into(), None),
        };
    };
    let mut from = 0;
    let close = loop {
        let Some(at) = inner.get(from..).and_then(|rest| rest.find('"')) else {
            break None;
        };
        let at = from + at;
        if inner
            .get(at + 1..)
            .is_some_and(|rest| rest.starts_with('"'))
        {
            from = at + 2;
            continue;
        }
        break Some(at);
    };
    let Some(close) = close else {
        return (inner.replace("\"\"", "\"").into(), None);
    };
    let cell = inner.get(..close).unwrap_or("");
    let cell = if cell.contains('"') {
        Cow::Owned(cell.replace("\"\"", "\""))
    } else {
        Cow::Borrowed(cell)
    };
    let after = inner.get(close + 1..).unwrap_or("");
    (cell, after.split_once(delimiter).map(|(_, rest)| rest))
}
