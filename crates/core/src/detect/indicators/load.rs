//! Reads lists of every kind from pieces of their files.
//!
//! Memory while reading, beside what is gathered: one line or one JSON string of at most 64 KiB, and
//! the objects that are open. What is gathered is at most about twice what the finished set holds.

use super::Indicators;
use super::intake::Intake;
use super::json::Json;
use super::lines::Lines;
use super::never::NeverMatch;
use super::objects::ObjectsState;
use super::refusal::{ListReport, Refusal};
use crate::time::Timestamp;

/// Lists at most; entries of further ones are counted with the last.
pub const MAX_LISTS: usize = 1_000;
/// Bytes that are looked at to tell the kind of a file.
const SNIFFED_BYTES: usize = 64;

/// Reads lists one after the other and gives one set of indicators.
#[derive(Debug)]
pub struct Loader {
    intake: Intake,
    names: Vec<String>,
    file: File,
}

/// The file being read.
#[derive(Debug)]
enum File {
    /// Too little is known of it yet.
    Unknown(Vec<u8>),
    Lines(Box<Lines>),
    Json(Box<Json>, Box<ObjectsState>),
    /// Broken at the line before: the next one may be whole.
    NextLine(Box<Json>, Box<ObjectsState>),
    /// The rest is not read.
    Ignored,
}

impl Loader {
    /// Reads lists for a firm that never matches `never`. With `now`, entries whose validity has
    /// ended are refused; without it (for recordings) they are kept, and match what happened then.
    #[must_use]
    pub fn new(never: NeverMatch, now: Option<Timestamp>) -> Self {
        Self {
            intake: Intake::new(never, now),
            names: Vec::new(),
            file: File::Unknown(Vec::new()),
        }
    }

    /// Begins a list.
    pub fn list(&mut self, name: &str) {
        self.end_file();
        if self.names.len() < MAX_LISTS {
            self.names.push(name.to_owned());
            self.intake.reports.push(ListReport::new(name));
        }
        self.intake.file.clear();
    }

    /// Begins a file of the list begun last, which has several.
    pub fn file(&mut self, name: &str) {
        self.end_file();
        self.intake.file.clear();
        self.intake.file.push_str(name);
    }

    /// Takes the next bytes of the file.
    pub fn feed(&mut self, bytes: &[u8]) {
        if let File::Unknown(held) = &mut self.file {
            held.extend_from_slice(bytes);
            if held.trim_ascii_start().len() < SNIFFED_BYTES && held.len() < 4_096 {
                return;
            }
            let held = std::mem::take(held);
            self.begin(&held);
        } else {
            self.more(bytes);
        }
    }

    /// The file is over.
    pub fn end_file(&mut self) {
        if let File::Unknown(held) = &mut self.file {
            let held = std::mem::take(held);
            self.begin(&held);
        }
        match std::mem::replace(&mut self.file, File::Unknown(Vec::new())) {
            File::Lines(mut lines) => lines.end(&mut self.intake),
            File::Json(mut json, _) => {
                if let Err(wrong) = json.end() {
                    self.intake.refuse(Refusal::Broken, wrong.line, "");
                }
            }
            File::Unknown(_) | File::NextLine(..) | File::Ignored => {}
        }
    }

    /// The set of all lists, and what became of each.
    #[must_use]
    pub fn finish(mut self) -> (Indicators, Vec<ListReport>) {
        self.end_file();
        Indicators::gathered(self.names, self.intake)
    }

    fn begin(&mut self, bytes: &[u8]) {
        let text = bytes.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(bytes);
        let start = text.trim_ascii_start();
        if start.is_empty() {
            return;
        }
        let list = self.names.last().map_or("", String::as_str);
        self.file = if bytes.starts_with(b"\xFF\xFE") || bytes.starts_with(b"\xFE\xFF") {
            // UTF-16: no list in it can be read.
            self.intake.refuse(Refusal::Broken, 1, "UTF-16");
            File::Ignored
        } else if start.starts_with(b"<") {
            // STIX 1, OpenIOC, a web page saved by mistake.
            self.intake.refuse(Refusal::Broken, 1, "XML, HTML");
            File::Ignored
        } else if is_json(start) {
            File::Json(Box::default(), Box::default())
        } else {
            File::Lines(Box::new(Lines::new(list)))
        };
        self.more(text);
    }

    fn more(&mut self, bytes: &[u8]) {
        match &mut self.file {
            File::Lines(lines) => lines.feed(bytes, &mut self.intake),
            File::Json(..) => self.json(bytes),
            File::NextLine(..) => {
                if let Some(end) = memchr::memchr(b'\n', bytes) {
                    let rest = bytes.get(end + 1..).unwrap_or_default();
                    self.resume();
                    self.json(rest);
                }
            }
            File::Unknown(_) | File::Ignored => {}
        }
    }

    fn json(&mut self, mut bytes: &[u8]) {
        while let File::Json(json, objects) = &mut self.file {
            let before = bytes;
            let mut sink = objects.with(&mut self.intake);
            let Err(wrong) = json.feed(bytes, &mut sink) else {
                return;
            };
            self.intake.refuse(Refusal::Broken, wrong.line, "");
            objects.reset();
            let is_one_a_line = json.is_one_a_line();
            let File::Json(json, objects) = std::mem::replace(&mut self.file, File::Ignored) else {
                return;
            };
            if !is_one_a_line {
                return;
            }
            // The place of the error within the piece: that line is left, and the next one begun.
            let fed = json.fed_of(before.len());
            self.file = File::NextLine(json, objects);
            let rest = before.get(fed..).unwrap_or_default();
            let Some(end) = memchr::memchr(b'\n', rest) else {
                return;
            };
            bytes = rest.get(end + 1..).unwrap_or_default();
            self.resume();
        }
    }

    fn resume(&mut self) {
        if let File::NextLine(mut json, objects) = std::mem::replace(&mut self.file, File::Ignored)
        {
            json.next_line();
            self.file = File::Json(json, objects);
        }
    }
}

/// `{`, or `[` and what can follow it in JSON; `[2001:db8::1]:443` is a line of a list.
fn is_json(start: &[u8]) -> bool {
    match start.split_first() {
        Some((b'{', _)) => true,
        Some((b'[', rest)) => {
            let next = rest.trim_ascii_start().first();
            next.is_none_or(|byte| matches!(byte, b'{' | b'[' | b']' | b'"'))
        }
        _ => false,
    }
}
