//! The sightings of a recording: CSV with a header, plain or gzip, in any order.
//!
//! `time,member,src_ip,key,count[,area,sector,asn]`; the columns may stand in any order, further ones
//! are ignored. Fields may be quoted (RFC 4180). A row that cannot be read is left out and told, with
//! its line and field.

use std::collections::HashMap;
use std::fs::File;
use std::io::{self, BufRead, BufReader, Read};
use std::net::IpAddr;
use std::path::Path;
use std::sync::Arc;

use larum_core::time::{DeviceTime, Timestamp};

/// Bytes of a line at most.
const MAX_LINE_BYTES: u64 = 64 * 1024;
/// Bytes of a key, a member's name, a sector or an area at most.
const MAX_NAME_BYTES: usize = 512;

/// One row.
#[derive(Clone, Debug)]
pub struct Row {
    /// When.
    pub at: Timestamp,
    /// Who saw it.
    pub member: Arc<str>,
    /// Who did it.
    pub source: IpAddr,
    /// What.
    pub key: Arc<str>,
    /// How often.
    pub count: u64,
    /// The member's area, or nothing.
    pub area: Arc<str>,
    /// The member's sector, or nothing.
    pub sector: Arc<str>,
}

/// What is wrong with a row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BadRow {
    /// The line, from 1; the header is line 1.
    pub line: u64,
    /// The column.
    pub field: &'static str,
    /// What is wrong, as a message of the catalogue.
    pub why: &'static str,
}

/// A recording, in order of time.
#[derive(Debug, Default)]
pub struct Recording {
    /// Rows by time, then member, source and key, so that the order of the file is no matter.
    pub rows: Vec<Row>,
    /// Rows that were left out.
    pub bad: Vec<BadRow>,
}

const REQUIRED: [&str; 5] = ["time", "member", "src_ip", "key", "count"];

/// Where the columns are.
struct Columns {
    required: [usize; 5],
    area: Option<usize>,
    sector: Option<usize>,
}

/// Names that come again and again are kept once.
#[derive(Default)]
struct Names(HashMap<String, Arc<str>>);

impl Names {
    fn get(&mut self, name: &str) -> Arc<str> {
        if let Some(known) = self.0.get(name) {
            return Arc::clone(known);
        }
        let kept: Arc<str> = name.into();
        self.0.insert(name.to_owned(), Arc::clone(&kept));
        kept
    }
}

/// Why a recording cannot be read at all.
#[derive(Debug)]
pub enum Unreadable {
    /// The file cannot be opened or read.
    File(io::Error),
    /// A column is missing in the header.
    Column(&'static str),
}

/// Reads a recording; `-` is standard input.
///
/// # Errors
/// When the file cannot be read, or its header lacks a column.
pub fn read(path: &Path) -> Result<Recording, Unreadable> {
    let mut input: Box<dyn BufRead> = if path.as_os_str() == "-" {
        Box::new(BufReader::new(io::stdin()))
    } else {
        let file = File::open(path).map_err(Unreadable::File)?;
        Box::new(BufReader::with_capacity(1 << 16, file))
    };
    let start = input.fill_buf().map_err(Unreadable::File)?;
    if start.starts_with(&[0x1F, 0x8B]) {
        let gunzip = flate2::bufread::MultiGzDecoder::new(input);
        return parse(BufReader::with_capacity(1 << 16, gunzip));
    }
    parse(input)
}

/// Reads a recording from text.
///
/// # Errors
/// As [`read`].
pub fn parse(mut input: impl BufRead) -> Result<Recording, Unreadable> {
    let mut line = String::new();
    let mut number = 1;
    if !next_line(&mut input, &mut line)? {
        return Err(Unreadable::Column("time"));
    }
    let columns = header(line.trim_start_matches('\u{feff}'))?;
    let mut recording = Recording::default();
    let mut names = Names::default();
    while next_line(&mut input, &mut line)? {
        number += 1;
        if line.is_empty() {
            continue;
        }
        match row(&fields(&line), &columns, &mut names) {
            Ok(row) => recording.rows.push(row),
            Err((field, why)) => recording.bad.push(BadRow {
                line: number,
                field,
                why,
            }),
        }
    }
    recording.rows.sort_by(|left, right| {
        let place = |row: &Row| (row.at, Arc::clone(&row.member), row.source);
        place(left)
            .cmp(&place(right))
            .then_with(|| left.key.cmp(&right.key))
    });
    Ok(recording)
}

/// The next line, without its end; false at the end of the input.
fn next_line(input: &mut impl BufRead, line: &mut String) -> Result<bool, Unreadable> {
    line.clear();
    let mut bytes = Vec::new();
    let read = input
        .by_ref()
        .take(MAX_LINE_BYTES)
        .read_until(b'\n', &mut bytes)
        .map_err(Unreadable::File)?;
    if read == 0 {
        return Ok(false);
    }
    while matches!(bytes.last(), Some(b'\n' | b'\r')) {
        bytes.pop();
    }
    line.push_str(&String::from_utf8_lossy(&bytes));
    Ok(true)
}

fn header(line: &str) -> Result<Columns, Unreadable> {
    let found: Vec<String> = fields(line)
        .into_iter()
        .map(|name| name.trim().to_ascii_lowercase())
        .collect();
    let place = |name: &str| found.iter().position(|column| column == name);
    let mut required = [0; 5];
    for (slot, name) in required.iter_mut().zip(REQUIRED) {
        *slot = place(name).ok_or(Unreadable::Column(name))?;
    }
    Ok(Columns {
        required,
        area: place("area"),
        sector: place("sector"),
    })
}

type Wrong = (&'static str, &'static str);

fn row(fields: &[String], columns: &Columns, names: &mut Names) -> Result<Row, Wrong> {
    let text = |place: usize| fields.get(place).map_or("", |field| field.trim());
    let [time, member, source, key, count] = columns.required;
    let at = DeviceTime::parse_rfc3339(text(time).as_bytes())
        .ok_or(("time", "backtest-bad-time"))?
        .at;
    let source: IpAddr = text(source)
        .parse()
        .map_err(|_| ("src_ip", "backtest-bad-address"))?;
    let mut name = |field: &'static str, text: &str| -> Result<Arc<str>, Wrong> {
        match text.len() {
            0 => Err((field, "backtest-bad-empty")),
            1..=MAX_NAME_BYTES => Ok(names.get(text)),
            _ => Err((field, "backtest-bad-long")),
        }
    };
    let (member, key) = (name("member", text(member))?, name("key", text(key))?);
    let count = text(count)
        .parse()
        .map_err(|_| ("count", "backtest-bad-count"))?;
    let mut optional = |place: Option<usize>| {
        let text = place.map_or("", text);
        names.get(if text.len() > MAX_NAME_BYTES {
            ""
        } else {
            text
        })
    };
    Ok(Row {
        at,
        member,
        source: source.to_canonical(),
        key,
        count,
        area: optional(columns.area),
        sector: optional(columns.sector),
    })
}

/// The fields of a line (RFC 4180; a quoted field may not hold a line end).
fn fields(line: &str) -> Vec<String> {
    let mut fields = Vec::with_capacity(8);
    let mut field = String::new();
    let mut letters = line.chars().peekable();
    let mut quoted = false;
    while let Some(letter) = letters.next() {
        match (letter, quoted) {
            ('"', true) if letters.peek() == Some(&'"') => {
                letters.next();
                field.push('"');
            }
            ('"', true) => quoted = false,
            ('"', false) if field.is_empty() => quoted = true,
            (',', false) => fields.push(std::mem::take(&mut field)),
            (letter, _) => field.push(letter),
        }
    }
    fields.push(field);
    fields
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_recording_is_read_in_any_order_of_rows_and_columns() {
        let text = "\u{feff}key,src_ip,member,time,count,sector,extra\r\n\
                    tcp/445,192.0.2.7,b,2026-11-02T10:00:00Z,3,retail,x\r\n\
                    \"rule \"\"a\"\", b\",2001:db8::1,a,2026-11-01T10:00:00+01:00,1,,\r\n\r\n";
        let recording = parse(text.as_bytes()).unwrap();
        assert!(recording.bad.is_empty());
        let [first, second] = recording.rows.as_slice() else {
            panic!("{recording:?}");
        };
        assert_eq!(&*first.key, "rule \"a\", b");
        assert_eq!(&*second.sector, "retail");
    }

    #[test]
    fn a_bad_row_is_named_with_line_and_field() {
        let head = "time,member,src_ip,key,count\n2026-11-01T00:00:00Z,a,192.0.2.1,tcp/1,1\n";
        let check = |row: &str, field: &str| {
            let recording = parse(format!("{head}{row}\n").as_bytes()).unwrap();
            let bad: Vec<(u64, &str)> = recording
                .bad
                .iter()
                .map(|bad| (bad.line, bad.field))
                .collect();
            assert_eq!(bad, [(3, field)], "{row}");
            assert_eq!(recording.rows.len(), 1);
        };
        check("yesterday,a,192.0.2.1,tcp/1,1", "time");
        check("2026-11-01T00:00:00Z,,192.0.2.1,tcp/1,1", "member");
        check("2026-11-01T00:00:00Z,a,192.0.2,tcp/1,1", "src_ip");
        check("2026-11-01T00:00:00Z,a,192.0.2.1,,1", "key");
        check("2026-11-01T00:00:00Z,a,192.0.2.1,tcp/1,-1", "count");
        check("2026-11-01T00:00:00Z,a,192.0.2.1,tcp/1", "count");
    }

    #[test]
    fn a_header_without_a_column_is_refused() {
        let refused = parse("time,member,src_ip,count\n".as_bytes());
        assert!(matches!(refused, Err(Unreadable::Column("key"))));
        assert!(matches!(parse("".as_bytes()), Err(Unreadable::Column(_))));
    }
}
