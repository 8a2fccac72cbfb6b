//! Columns named in the log itself ([`legend`](super::legend)), and the format that knows what they mean.

use super::compile::Format;
use super::envelope;
use super::escape::Escape;
use super::keys::Slots;
use super::legend::{Legend, Page, Says};
use super::readers::Reading;
use super::readers::csv;
use super::stamp::Missing;
use super::{Context, Formats};
use crate::event::Event;
use crate::reject::Reject;
use crate::time::DeviceTime;

/// The most columns of one log; of one with more, none is believed.
pub(super) const MAX_NAMED: usize = 512;
/// A format must ask for at least so many columns of a first line to know it by.
pub(super) const LEAST_NAMES: usize = 3;
/// What may stand between values, most likely first.
const SEPARATORS: [u8; 3] = [b',', b';', b'\t'];

/// How a format reads columns that the log names.
#[derive(Clone, Debug)]
pub(super) struct Named {
    /// Between values.
    pub separator: u8,
    /// Whether values may stand in double quotes.
    pub quoted: bool,
    /// Whether other values are escaped.
    pub escapes: bool,
    /// Slots of what the legend says beside the columns.
    pub beside: Vec<(Says, u16)>,
}

/// A format by the names of columns.
#[derive(Debug)]
pub(super) struct ByNames {
    pub format: u16,
    /// Of each of these one must be there.
    pub names: Vec<Vec<Box<str>>>,
    /// Whether the first line names them, and no line with a hash sign.
    pub first_line: bool,
    /// Whether somebody brought the format along.
    pub own: bool,
    /// Whether it is for one product, and no fall-back.
    pub special: bool,
}

/// A bit for each length that one of `names` has; those of 63 bytes and more share one.
fn lengths<'n>(names: impl IntoIterator<Item = &'n str>) -> u64 {
    let bits = names.into_iter().map(|name| 1 << name.len().min(63));
    bits.fold(0, |all, bit: u64| all | bit)
}

impl ByNames {
    /// A format of this number, known by `names`; of several with a bar between one must be there.
    pub fn new(format: u16, names: &[String]) -> Self {
        let names = names.iter().map(|name| name.split('|').map(Into::into));
        Self {
            format,
            names: names.map(Iterator::collect).collect(),
            first_line: false,
            own: false,
            special: false,
        }
    }

    /// What counts most where several formats know the columns.
    const fn rank(&self) -> (bool, bool, usize) {
        (self.own, self.special, self.names.len())
    }

    /// Whether `names`, of these lengths, are those of its columns.
    fn knows(&self, names: &[&str], lengths: u64) -> bool {
        let has = |wanted: &str| {
            lengths >> wanted.len().min(63) & 1 == 1
                && names.iter().any(|name| name.eq_ignore_ascii_case(wanted))
        };
        let mut each = self.names.iter();
        each.all(|wanted| wanted.iter().any(|name| has(name)))
    }
}

/// The columns of one log, for the format that knows them.
#[derive(Clone, Debug)]
pub(super) struct Columns {
    format: u16,
    separator: u8,
    quoted: bool,
    escapes: bool,
    /// Slot of each column, `None` where nobody asks for it.
    slots: Box<[Option<u16>]>,
}

impl Columns {
    /// Of the line with a hash sign on `page`.
    pub fn of(formats: &Formats, page: &Page) -> Option<Self> {
        let (value, _) = page.said(Says::Fields)?;
        let between = |letter: char| matches!(letter, ' ' | '\t' | ',');
        let names: Vec<&str> = value
            .split(between)
            .filter(|name| !name.is_empty())
            .collect();
        let (number, format) = best(formats, &names, false)?;
        let named = format.columns.as_ref()?;
        let stated = page.said(Says::Separator).and_then(|(text, _)| byte(text));
        Some(Self {
            format: number,
            separator: stated.unwrap_or(named.separator),
            quoted: named.quoted,
            escapes: named.escapes,
            slots: names.iter().map(|name| format.keys.find(name)).collect(),
        })
    }

    /// Of the first line of an export.
    pub fn of_first_line(formats: &Formats, line: &str) -> Option<Self> {
        SEPARATORS.into_iter().find_map(|separator| {
            memchr::memchr(separator, line.as_bytes())?;
            let names: Vec<&str> = Values::new(line, separator, true)
                .map(|(name, _)| name.trim())
                .take(MAX_NAMED + 1)
                .collect();
            let (number, format) = best(formats, &names, true)?;
            Some(Self {
                format: number,
                separator,
                quoted: true,
                escapes: false,
                slots: names.iter().map(|name| format.keys.find(name)).collect(),
            })
        })
    }

    /// Fills `slots`; how many values the record has, as far as they count.
    fn fill<'a>(&self, text: &'a str, slots: &mut Slots<'a>) -> usize {
        let mut count = 0;
        for (value, escape) in Values::new(text, self.separator, self.quoted) {
            let Some(slot) = self.slots.get(count) else {
                return count + 1;
            };
            if let Some(slot) = slot {
                let escaped = self.escapes && memchr::memchr(b'\\', value.as_bytes()).is_some();
                let escape = if escaped { Escape::Backslash } else { escape };
                slots.set(*slot, value, escape);
            }
            count += 1;
        }
        count
    }

    /// Whether a record with so many values is whole. What stood behind the last tab may be cut off.
    fn is_whole(&self, count: usize) -> bool {
        let missing = self.slots.len().checked_sub(count);
        missing.is_some_and(|missing| missing == 0 || (self.separator == b'\t' && missing == 1))
    }
}

/// The format that knows the most of these columns, one that somebody brought along before all others.
fn best<'f>(formats: &'f Formats, names: &[&str], first_line: bool) -> Option<(u16, &'f Format)> {
    if names.len() > MAX_NAMED {
        return None;
    }
    let lengths = lengths(names.iter().copied());
    let mut found: Option<&ByNames> = None;
    for way in &formats.by_names {
        let better = found.is_none_or(|found| way.rank() > found.rank());
        if way.first_line == first_line && better && way.knows(names, lengths) {
            found = Some(way);
        }
    }
    let number = found?.format;
    Some((number, formats.format(number)?))
}

/// `\x09`, as Zeek writes it, or the character itself.
fn byte(text: &str) -> Option<u8> {
    let byte = match text.strip_prefix("\\x") {
        Some(hex) => u8::from_str_radix(hex, 16).ok()?,
        None => *text.as_bytes().first()?,
    };
    byte.is_ascii().then_some(byte)
}

/// The values of one record.
struct Values<'a> {
    rest: Option<&'a str>,
    separator: u8,
    quoted: bool,
}

impl<'a> Values<'a> {
    const fn new(text: &'a str, separator: u8, quoted: bool) -> Self {
        Self {
            rest: Some(text),
            separator,
            quoted,
        }
    }
}

impl<'a> Iterator for Values<'a> {
    type Item = (&'a str, Escape);

    fn next(&mut self) -> Option<Self::Item> {
        let (value, escape, after) = csv::first_value(self.rest?, self.separator, self.quoted);
        self.rest = after;
        Some((value, escape))
    }
}

/// What surrounds a record that is read by its columns.
pub(super) struct Around<'a> {
    pub text: &'a str,
    pub stamp: Option<DeviceTime>,
    pub host: Option<&'a str>,
}

impl Formats {
    /// Reads `text` by what `legend` says; `None`, and nothing changed, when that does not hold for it.
    pub(super) fn by_legend<'a>(
        &'a self,
        text: &'a str,
        legend: &'a Legend,
        context: &Context<'_>,
        mut room: std::slice::IterMut<'a, String>,
        event: &mut Event<'a>,
    ) -> Option<Result<(), Reject>> {
        let missing = &Missing::of(context);
        let room = &mut room;
        let meant = |page: &&Page| self.is_meant(page, context);
        let whole = Around {
            text,
            stamp: None,
            host: None,
        };
        if let Some(page) = legend.bare().filter(meant)
            && let answer @ Some(_) = self.read_columns(&whole, page, missing, room, event)
        {
            return answer;
        }
        if !legend.has_wrapped() {
            return None;
        }
        let body = envelope::open(text, missing).body?;
        let page = legend.of_header(body.host, body.program).filter(meant)?;
        let inner = Around {
            text: body.text,
            stamp: body.stamp,
            host: body.host,
        };
        self.read_columns(&inner, page, missing, room, event)
    }

    /// Whether the format of a page is the one that the caller wants, if one.
    fn is_meant(&self, page: &Page, context: &Context<'_>) -> bool {
        let number = page.columns.as_ref().map(|columns| columns.format);
        let format = number.and_then(|number| self.format(number));
        format.is_some_and(|format| context.format.is_none_or(|name| *format.name == *name))
    }

    fn read_columns<'a>(
        &'a self,
        around: &Around<'a>,
        page: &'a Page,
        missing: &Missing,
        room: &mut std::slice::IterMut<'a, String>,
        event: &mut Event<'a>,
    ) -> Option<Result<(), Reject>> {
        let columns = page.columns.as_ref()?;
        let format = self.format(columns.format)?;
        let mut slots = Slots::new(format.slots);
        for (says, slot) in &format.columns.as_ref()?.beside {
            if let Some((value, _)) = page.said(*says) {
                slots.set(*slot, value, Escape::None);
            }
        }
        let count = columns.fill(around.text, &mut slots);
        let fresh = Event::new(event.received, "", event.kind);
        let truncated = event.truncated;
        let answer = format.finish(
            (around.stamp, around.host),
            Reading::Yes,
            missing,
            room,
            (&mut slots, None),
            event,
        );
        if columns.is_whole(count) {
            return Some(answer);
        }
        // A line of this log that was cut, or of another: only its own has a time where this one has it.
        let is_of_it = event.ts.is_some() && event.ts != around.stamp;
        *event = fresh;
        event.truncated = truncated;
        is_of_it.then_some(Err(Reject::FieldUnreadable))
    }
}
