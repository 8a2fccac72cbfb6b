//! Logs that say themselves what their columns mean: the W3C extended log format (`#Fields: date time …`:
//! web servers, Windows Firewall, Exchange, CloudFront), Zeek's (`#fields ts uid …`), and exports whose first
//! line names the columns.
//!
//! What such lines say holds for those after it, so the caller keeps it: one [`Legend`] for each file or
//! sender. A line is believed to be a legend's by what it is alone, never by what a format makes of it, so
//! whoever cuts a log into pieces can find them beforehand ([`Legend::skim`]) and gets the same events.
//! Text that a stranger chose cannot pass for one: it would have to begin the line, or the message behind
//! a syslog header, and then holds for that host and program only.
//!
//! Standard: W3C, Extended Log File Format, WD-logfile-960323.

use super::columns::Columns;
use super::envelope;
use super::stamp::Missing;
use super::{Formats, MAX_RECORD_BYTES, as_text, trim};
use crate::time::Timestamp;

/// The longest line that names columns, in bytes. Of a longer one nothing is believed.
pub const MAX_LEGEND_LINE_BYTES: usize = 8_192;
/// The longest other line of a legend, in bytes.
const MAX_OTHER_LINE_BYTES: usize = 512;
/// Hosts and programs whose legends are kept for one sender or file; the one said longest ago goes first.
pub const MAX_LEGENDS: usize = 8;
/// Where the hash sign of a legend's line stands at the latest, behind a syslog header.
const MAX_HEADER_BYTES: usize = 512;

/// What the lines of one file, or of one sender, said about those after them.
#[derive(Clone, Debug, Default)]
pub struct Legend {
    /// The one said last stands last.
    pages: Vec<Page>,
    /// Whether the first line may name the columns, and has not been seen.
    is_first: bool,
}

/// What lines of one host and program said; both are missing where lines have no header.
#[derive(Clone, Debug, Default)]
pub(super) struct Page {
    /// Whether a syslog header stands before each line.
    wrapped: bool,
    host: Option<Box<str>>,
    program: Option<Box<str>>,
    said: [Option<Said>; Says::COUNT],
    /// What the columns mean; none where no format knows them.
    pub columns: Option<Columns>,
}

/// A line as it came, and where its own text begins.
#[derive(Clone, Debug)]
struct Said {
    record: Box<str>,
    at: usize,
}

/// What lines of a legend say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Says {
    /// `#Software:`, the program that writes the log.
    Software,
    /// `#Log-type:`, which of its logs this is.
    Log,
    /// `#separator`, Zeek's, what stands between columns.
    Separator,
    /// `#path`, Zeek's, which log this is.
    Path,
    /// `#Fields:`, or the first line: the columns.
    Fields,
}

impl Says {
    const COUNT: usize = 5;

    /// The key under which a format can ask for it.
    pub const KEYS: [(Self, &'static str); 3] = [
        (Self::Software, "@software"),
        (Self::Log, "@log"),
        (Self::Path, "@path"),
    ];

    const fn place(self) -> usize {
        self as usize
    }
}

/// A line that begins with a hash sign and a word of the format's own: what it says, if it is of use, and
/// its value.
fn directive(text: &str) -> Option<(Option<Says>, &str)> {
    let rest = text.strip_prefix('#')?;
    let end = rest.find([':', ' ', '\t'])?;
    let (word, value) = rest.split_at_checked(end)?;
    let is = |known: &str| word.eq_ignore_ascii_case(known);
    let with_colon = value.strip_prefix(':');
    if let Some(value) = with_colon {
        let says = match word {
            _ if is("fields") => Some(Says::Fields),
            _ if is("software") => Some(Says::Software),
            _ if is("log-type") => Some(Says::Log),
            _ => None,
        };
        let known = [
            "version",
            "date",
            "start-date",
            "end-date",
            "remark",
            "gmt-offset",
        ];
        return (says.is_some() || known.into_iter().any(is)).then(|| (says, value.trim()));
    }
    if is("time") && value.starts_with(" Format:") {
        return Some((None, value));
    }
    let says = match word {
        "fields" => Some(Says::Fields),
        "path" => Some(Says::Path),
        "separator" => Some(Says::Separator),
        _ => None,
    };
    let known = [
        "types",
        "set_separator",
        "empty_field",
        "unset_field",
        "open",
        "close",
    ];
    (says.is_some() || known.contains(&word)).then(|| (says, value.trim()))
}

/// Where in `record` a line of a legend may begin: nearly always nowhere, which is found at once.
fn place(record: &[u8]) -> Option<usize> {
    let head = record.get(..MAX_HEADER_BYTES).unwrap_or(record);
    memchr::memchr_iter(b'#', head).find(|at| may_be_directive(record, *at))
}

/// Whether the hash sign at `at` may begin a line of a legend.
fn may_be_directive(text: &[u8], at: usize) -> bool {
    let before = at.checked_sub(1).and_then(|before| text.get(before));
    let word = text.get(at + 1..).unwrap_or_default();
    let word = word.get(..13).unwrap_or(word);
    let letters = word
        .iter()
        .take_while(|byte| byte.is_ascii_alphabetic() || matches!(byte, b'-' | b'_'));
    let length = letters.count();
    before.is_none_or(|byte| !byte.is_ascii_alphanumeric())
        && (4..=13).contains(&length)
        && matches!(word.get(length), None | Some(b':' | b' ' | b'\t'))
}

impl Legend {
    /// Of a file, whose first line may name the columns.
    #[must_use]
    pub const fn of_file() -> Self {
        Self {
            pages: Vec::new(),
            is_first: true,
        }
    }

    /// Of a sender, or of the middle of a file.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            pages: Vec::new(),
            is_first: false,
        }
    }

    /// The one that said [`lines`](Self::lines), for other formats or another run.
    #[must_use]
    pub fn from_lines<'l>(formats: &Formats, lines: impl IntoIterator<Item = &'l str>) -> Self {
        let mut legend = Self::new();
        for line in lines {
            legend.is_first = true;
            legend.note(formats, line.as_bytes());
        }
        legend.is_first = false;
        legend
    }

    /// The lines that it was learned from and that still count, in an order that gives it again.
    pub fn lines(&self) -> impl Iterator<Item = &str> {
        let said = self
            .pages
            .iter()
            .flat_map(|page| page.said.iter().flatten());
        said.map(|said| said.record.as_ref())
    }

    /// Whether nothing was said.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.pages.is_empty()
    }

    /// Learns from `record`, the next one; whether it is a line of a legend and therefore no event.
    pub fn note(&mut self, formats: &Formats, record: &[u8]) -> bool {
        let is_first = self.is_first;
        if !is_first && place(record).is_none() {
            return false;
        }
        let record = record.get(..MAX_RECORD_BYTES).unwrap_or(record);
        let record = trim(record);
        if record.is_empty() {
            return false;
        }
        self.is_first = false;
        let mut room = String::new();
        let text = as_text(record, &mut room);
        if place(record).is_some() && self.note_directive(formats, text) {
            // The columns may still be named by the first line that is none of these.
            self.is_first = is_first;
            return true;
        }
        is_first && self.note_names(formats, text)
    }

    fn note_directive(&mut self, formats: &Formats, text: &str) -> bool {
        let mut page = Page::default();
        let (at, said) = if let Some(said) = directive(text) {
            (0, said)
        } else {
            let nowhen = Missing {
                received: Timestamp::from_seconds(0),
                zone_offset_seconds: 0,
            };
            let envelope = envelope::open(text, &nowhen);
            let Some(body) = envelope.body else {
                return false;
            };
            let Some(said) = directive(body.text) else {
                return false;
            };
            page.wrapped = true;
            page.host = body.host.map(Into::into);
            page.program = body.program.map(Into::into);
            (text.len() - body.text.len(), said)
        };
        let (Some(says), value) = said else {
            return true;
        };
        let most = match says {
            Says::Fields => MAX_LEGEND_LINE_BYTES,
            _ => MAX_OTHER_LINE_BYTES,
        };
        if text.len() > most || value.is_empty() {
            // What cannot be believed still ends what was said before.
            let known = self.pages.iter_mut().find(|known| known.is_like(&page));
            if let Some(known) = known {
                known.unsay(says);
            }
            return true;
        }
        let said = Said {
            record: text.into(),
            at,
        };
        self.enter(formats, page, says, said);
        true
    }

    /// Learns from the first line, if it names the columns of an export that a format knows.
    fn note_names(&mut self, formats: &Formats, text: &str) -> bool {
        if text.len() > MAX_LEGEND_LINE_BYTES {
            return false;
        }
        let Some(columns) = Columns::of_first_line(formats, text) else {
            return false;
        };
        let mut page = Page {
            columns: Some(columns),
            ..Page::default()
        };
        if let Some(place) = page.said.get_mut(Says::Fields.place()) {
            *place = Some(Said {
                record: text.into(),
                at: 0,
            });
        }
        self.pages = vec![page];
        true
    }

    fn enter(&mut self, formats: &Formats, page: Page, says: Says, said: Said) {
        let known = self.pages.iter().position(|known| known.is_like(&page));
        let mut page = known.map_or(page, |at| self.pages.remove(at));
        if matches!(says, Says::Software | Says::Separator) {
            // A log begins anew.
            page.said = Default::default();
            page.columns = None;
        }
        let same = page.said(says).is_some_and(|(value, _)| {
            said.record
                .get(said.at..)
                .and_then(directive)
                .is_some_and(|new| new.1 == value)
        });
        if !same || page.columns.is_none() {
            if let Some(place) = page.said.get_mut(says.place()) {
                *place = Some(said);
            }
            page.columns = Columns::of(formats, &page);
        }
        self.pages.push(page);
        if self.pages.len() > MAX_LEGENDS {
            self.pages.remove(0);
        }
    }

    /// Learns from the first lines of `record`; gives itself, if they said something, and what follows
    /// them, or the last of them.
    pub(super) fn of_record<'a>(
        &'a mut self,
        formats: &Formats,
        record: &'a str,
    ) -> (Option<&'a Self>, &'a str) {
        *self = Self::of_file();
        let mut rest = record;
        while let Some((line, after)) = rest.split_once('\n') {
            if !self.note(formats, line.as_bytes()) {
                break;
            }
            rest = after.trim_start();
        }
        (Some(&*self).filter(|legend| !legend.is_empty()), rest)
    }

    /// Learns from the records of `piece`, one a line, without reading the others.
    pub fn skim(&mut self, formats: &Formats, piece: &[u8]) {
        let mut from = 0;
        while self.is_first {
            let rest = piece.get(from..).unwrap_or_default();
            if rest.is_empty() {
                return;
            }
            let end = memchr::memchr(b'\n', rest).unwrap_or(rest.len());
            self.note(formats, rest.get(..end).unwrap_or_default());
            from += end + 1;
        }
        let mut marks = memchr::memchr_iter(b'#', piece);
        while let Some(mark) = marks.find(|at| *at >= from && may_be_directive(piece, *at)) {
            let before = piece.get(from..mark).unwrap_or_default();
            let begin = memchr::memrchr(b'\n', before).map_or(from, |end| from + end + 1);
            let rest = piece.get(mark..).unwrap_or_default();
            let end = memchr::memchr(b'\n', rest).map_or(piece.len(), |end| mark + end);
            self.note(formats, piece.get(begin..end).unwrap_or_default());
            from = end;
        }
    }

    /// What holds for a record without a syslog header.
    pub(super) fn bare(&self) -> Option<&Page> {
        self.pages.iter().find(|page| !page.wrapped)
    }

    /// What holds for a record with this header.
    pub(super) fn of_header(&self, host: Option<&str>, program: Option<&str>) -> Option<&Page> {
        let mut pages = self.pages.iter().filter(|page| page.wrapped);
        pages.find(|page| page.host.as_deref() == host && page.program.as_deref() == program)
    }

    /// Whether anything holds for records with a syslog header.
    pub(super) fn has_wrapped(&self) -> bool {
        self.pages.iter().any(|page| page.wrapped)
    }
}

impl Page {
    /// Whether it is of the same host and program.
    fn is_like(&self, other: &Self) -> bool {
        self.wrapped == other.wrapped && self.host == other.host && self.program == other.program
    }

    /// What a line said, and whether with a hash sign.
    pub fn said(&self, says: Says) -> Option<(&str, bool)> {
        let said = self.said.get(says.place())?.as_ref()?;
        let text = said.record.get(said.at..)?;
        match directive(text) {
            Some((_, value)) => Some((value, true)),
            None => Some((text, false)),
        }
    }

    fn unsay(&mut self, says: Says) {
        if let Some(place) = self.said.get_mut(says.place()) {
            *place = None;
        }
        self.columns = None;
    }
}
