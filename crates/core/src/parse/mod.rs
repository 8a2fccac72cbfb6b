//! From a record to an [`Event`], or to the one reason why not.
//!
//! A record's header is taken off ([`envelope`]), the formats that may have written the message are
//! found by their marks ([`recognise`]), the first that can read it does ([`readers`]), and what it
//! read becomes fields ([`mapping`]). Formats are data, `content/formats/*.toml` ([`file`]); this
//! module knows no product.
//!
//! Time is linear in the record's length, and text that needs no unescaping is never copied.

mod about;
mod address;
mod case;
mod closest;
mod columns;
mod compile;
mod condition;
mod convert;
mod endpoint;
mod envelope;
mod escape;
mod file;
mod habit;
mod inside;
mod keys;
mod legend;
mod lists;
mod mapping;
mod names;
mod own_words;
mod pattern;
mod quoted;
mod readers;
mod recognise;
mod rules;
mod scan;
mod sieve;
mod stamp;
mod step;

pub use about::{About, Marks, about};
pub use case::{CaseProblem, Sample, check_cases, samples};
pub use closest::{Closest, Why};
pub use compile::{FormatError, Problem};
pub use legend::{Legend, MAX_LEGEND_LINE_BYTES, MAX_LEGENDS};
pub use lists::Lists;
pub use names::{DeviceNames, Named};

use std::sync::{Arc, OnceLock};

use crate::content;
use crate::event::{Event, Kind};
use crate::reject::Reject;
use crate::time::{DeviceTime, Timestamp};
use compile::Format;
use envelope::Envelope;
use escape::Escape;
use habit::{Habit, Habits};
use keys::Slots;
use readers::Reading;
use stamp::Missing;

/// The longest record parsed, in bytes; of a longer one the rest is not looked at.
pub const MAX_RECORD_BYTES: usize = 65_536;
/// A record without a known format is "not text" when more than one in this many of its characters is
/// a control character or no UTF-8.
const NOT_TEXT_SHARE: usize = 5;

/// The first byte of a terminal's control sequence.
const ESC: u8 = 0x1B;

/// What a record does not say about itself.
#[derive(Clone, Copy, Debug)]
pub struct Context<'c> {
    /// When it was received: completes stamps without a year.
    pub received: Timestamp,
    /// Seconds east of UTC for stamps without a zone; 0 is UTC.
    pub zone_offset_seconds: i32,
    /// Name of the one format to read it with, instead of recognising one.
    pub format: Option<&'c str>,
}

impl Context<'_> {
    /// Received at `received`, in UTC, format to be recognised.
    #[must_use]
    pub const fn at(received: Timestamp) -> Self {
        Self {
            received,
            zone_offset_seconds: 0,
            format: None,
        }
    }
}

/// Room to work in, kept by the caller and used again for every record.
#[derive(Debug, Default)]
pub struct Scratch {
    /// The record as UTF-8, where it was not.
    text: String,
    /// Values whose escapes were undone to be read once more.
    values: [String; 2],
    /// The same for a second look.
    more: [String; 2],
    /// What the lines before the last of one record say.
    legend: Legend,
    /// The keys of earlier records.
    habits: Habits,
}

/// What is lent while a record is looked at.
struct Work<'a, 'h> {
    room: std::slice::IterMut<'a, String>,
    habits: &'h mut Habits,
}

/// A format, compiled when a record first may be of it: a firm has devices of few makers, and all
/// formats compiled take ten times the time and the memory of those.
#[derive(Debug)]
struct Shipped {
    name: Box<str>,
    /// The number of its file among those that ship, where it is not compiled yet.
    file: Option<usize>,
    compiled: OnceLock<Option<Format>>,
}

impl Shipped {
    /// The format; `None` where its file is wrong, which a test excludes of those that wait.
    fn format(&self) -> Option<&Format> {
        let compile = || {
            let text = content::format_text(self.file?)?;
            let file = file::FormatFile::read_format(&self.name, &text).ok()?;
            compile::format(&self.name, &file, &mut Vec::new())
        };
        self.compiled.get_or_init(compile).as_ref()
    }
}

/// Formats on the way to be [`Formats`].
#[derive(Default)]
struct Gathered {
    formats: Vec<Shipped>,
    /// The head of each, and whether somebody brought it along.
    heads: Vec<(file::Head, bool)>,
    problems: Vec<Problem>,
}

impl Gathered {
    /// Compiles `files` now, so that all that is wrong with them is found.
    fn compile(&mut self, files: &[(&str, &str)], own: bool) {
        for (name, text) in files {
            let file = match file::FormatFile::read(name, text) {
                Ok(file) => file,
                Err(problem) => {
                    self.problems.push(problem);
                    continue;
                }
            };
            compile::check_cases(name, &file, &mut self.problems);
            let format = compile::format(name, &file, &mut self.problems);
            self.heads.push((file.head(), own));
            self.formats.push(Shipped {
                name: (*name).into(),
                file: None,
                compiled: OnceLock::from(format),
            });
        }
    }

    /// Adds the shipped file of this number, to be compiled when it is needed; `head` says how it is recognised.
    fn wait(&mut self, number: usize, name: &str, head: &str) {
        match file::Head::read(name, head) {
            Ok(head) => self.heads.push((head, false)),
            Err(problem) => self.problems.push(problem),
        }
        self.formats.push(Shipped {
            name: name.into(),
            file: Some(number),
            compiled: OnceLock::new(),
        });
    }

    fn finish(mut self) -> Result<Formats, FormatError> {
        let first = file::Turn::First;
        let has_own = self.heads.iter().any(|(_, own)| *own);
        let turns = has_own.then_some((first, true)).into_iter();
        let turns = turns.chain(file::Turn::ALL.map(|turn| (turn, false)));
        let mut inside = inside::Given::default();
        let recognisers: Result<Vec<_>, String> = (0..)
            .zip(turns)
            .map(|(number, (turn, is_own))| {
                let entries: Vec<_> = self
                    .heads
                    .iter()
                    .map(|(head, own)| head.entry(turn, turn != first || *own == is_own))
                    .collect();
                recognise::Recogniser::build(number, &entries, &mut inside)
            })
            .collect();
        let recognisers = recognisers.and_then(|found| Ok((found, inside::Marks::build(inside)?)));
        let by_names = (0..).zip(&self.heads);
        let by_names = by_names.flat_map(|(number, (head, own))| head.by_names(number, *own));
        let by_names = by_names.collect();
        match recognisers {
            Ok((recognisers, inside)) if self.problems.is_empty() => {
                return Ok(Formats {
                    mark: Arc::new(()),
                    quick: recognisers.len() + 1 - file::Turn::ALL.len(),
                    formats: self.formats,
                    recognisers,
                    inside,
                    by_names,
                });
            }
            Ok(_) => {}
            Err(problem) => self.problems.push(Problem {
                file: "formats".into(),
                key: "recognise".into(),
                problem,
            }),
        }
        Err(FormatError {
            problems: self.problems,
        })
    }
}

/// All formats; to be shared between threads.
#[derive(Debug)]
pub struct Formats {
    /// Tells these from all others while somebody holds it.
    mark: Arc<()>,
    formats: Vec<Shipped>,
    /// One for each turn: the formats that are tried first, and those that are tried when none of them
    /// takes the record. Before them one for formats that somebody brought along, if there are any.
    recognisers: Vec<recognise::Recogniser>,
    /// The marks inside records of all of them.
    inside: inside::Marks,
    /// How many of them may be asked for the most likely format alone.
    quick: usize,
    /// Formats of logs that name their columns.
    by_names: Vec<columns::ByNames>,
}

impl Formats {
    /// The formats that ship with the program.
    ///
    /// # Errors
    /// When a shipped file is wrong, which a test excludes.
    pub fn built_in() -> Result<Self, FormatError> {
        Self::with_own(&[])
    }

    /// Compiles format files, given as name (without ending) and text.
    ///
    /// # Errors
    /// All problems of all files.
    pub fn compile(files: &[(&str, &str)]) -> Result<Self, FormatError> {
        let mut gathered = Gathered::default();
        gathered.compile(files, false);
        gathered.finish()
    }

    /// Compiles the format files `own` together with those that ship with the program. One of the same
    /// name stands for the shipped one, and all of them are asked before the shipped ones.
    ///
    /// # Errors
    /// All problems of all files.
    pub fn with_own(own: &[(&str, &str)]) -> Result<Self, FormatError> {
        let mut gathered = Gathered::default();
        gathered.compile(own, true);
        let replaced = |name: &str| own.iter().any(|(known, _)| *known == name);
        let heads = content::format_heads();
        let shipped = content::FORMAT_NAMES
            .iter()
            .zip(heads.split_terminator('\0'));
        for (number, (name, head)) in shipped.enumerate() {
            if !replaced(name) {
                gathered.wait(number, name, head);
            }
        }
        gathered.finish()
    }

    /// The formats' names, in the order of the files.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.formats.iter().map(|format| format.name.as_ref())
    }

    /// The marks inside a record, to be looked for.
    fn hits<'m>(&'m self, envelope: &Envelope<'m>) -> inside::Hits<'m> {
        let shape = recognise::Shape::of(envelope.message);
        let is_json = shape == Some(recognise::Shape::Json);
        self.inside.hits(envelope.record, is_json)
    }

    /// The format of this number.
    fn format(&self, number: u16) -> Option<&Format> {
        self.formats.get(usize::from(number))?.format()
    }

    /// The format of this name.
    fn named(&self, name: &str) -> Option<(u16, &Format)> {
        let mut formats = (0..).zip(&self.formats);
        let (number, shipped) = formats.find(|(_, format)| *format.name == *name)?;
        Some((number, shipped.format()?))
    }

    /// What `record` says: exactly one answer for any bytes.
    ///
    /// A record of several lines may begin with those that name the columns of the last.
    ///
    /// # Errors
    /// The one reason why it is no event.
    #[inline]
    pub fn parse<'a>(
        &'a self,
        record: &'a [u8],
        context: &Context<'_>,
        scratch: &'a mut Scratch,
    ) -> Result<Event<'a>, Reject> {
        self.parse_with(record, context, None, scratch)
    }

    /// What `record` says, the next one of a file or sender of which `legend` knows what was said so
    /// far: a line that names columns is itself not of interest, and holds for those after it.
    ///
    /// # Errors
    /// The one reason why it is no event.
    #[inline]
    pub fn parse_next<'a>(
        &'a self,
        record: &'a [u8],
        context: &Context<'_>,
        legend: &'a mut Legend,
        scratch: &'a mut Scratch,
    ) -> Result<Event<'a>, Reject> {
        if legend.note(self, record) {
            return Err(Reject::NotOfInterest);
        }
        let legend = Some(&*legend).filter(|legend| !legend.is_empty());
        self.parse_with(record, context, legend, scratch)
    }

    #[inline]
    fn parse_with<'a>(
        &'a self,
        record: &'a [u8],
        context: &Context<'_>,
        legend: Option<&'a Legend>,
        scratch: &'a mut Scratch,
    ) -> Result<Event<'a>, Reject> {
        // Filled in place, where the caller wants it: an event is large, and moving it about costs more than
        // reading a field.
        let mut answer = Ok(Event::new(context.received, "", Kind::System));
        if let Ok(event) = &mut answer
            && let Err(reason) = self.parse_into(record, context, legend, scratch, event)
        {
            answer = Err(reason);
        }
        answer
    }

    /// The same, into a fresh `event`.
    fn parse_into<'a>(
        &'a self,
        record: &'a [u8],
        context: &Context<'_>,
        legend: Option<&'a Legend>,
        scratch: &'a mut Scratch,
        event: &mut Event<'a>,
    ) -> Result<(), Reject> {
        let truncated = record.len() > MAX_RECORD_BYTES;
        let record = record.get(..MAX_RECORD_BYTES).unwrap_or(record);
        let record = trim(record);
        if record.is_empty() {
            return Err(if truncated {
                Reject::TooLong
            } else {
                Reject::Empty
            });
        }
        let Scratch {
            text: lossy,
            values,
            more,
            legend: own,
            habits,
        } = scratch;
        event.truncated = truncated;
        // One search for what hardly any record has: a terminal's colours, and more than one line.
        let is_plain = !scan::has_either(ESC, b'\n', record);
        let text = match std::str::from_utf8(record) {
            Ok(text) if is_plain => text,
            _ => as_text(record, lossy),
        };
        let (legend, line) = match legend {
            // Only a record of several lines may say itself what its last means.
            None if !is_plain && text.contains('\n') => own.of_record(self, text),
            _ => (legend, text),
        };
        let by_legend =
            legend.and_then(|legend| self.by_legend(line, legend, context, more.iter_mut(), event));
        let answer = by_legend.unwrap_or_else(|| {
            let room = values.iter_mut();
            self.parse_text(line, context, Work { room, habits }, event)
        });
        match answer {
            Ok(()) | Err(Reject::NotOfInterest) => answer,
            Err(_) if truncated => Err(Reject::TooLong),
            Err(Reject::UnknownFormat) if is_not_text(text) => Err(Reject::NotText),
            Err(_) => answer,
        }
    }

    fn parse_text<'a>(
        &'a self,
        text: &'a str,
        context: &Context<'_>,
        mut work: Work<'a, '_>,
        event: &mut Event<'a>,
    ) -> Result<(), Reject> {
        let missing = Missing::of(context);
        if let Some(wrapped) = envelope::container::json(text, &missing)
            && let Some(inside) = escape::undo_in(wrapped.escape, wrapped.inside, &mut work.room)
        {
            let answer = self.parse_line(inside.trim(), context, &missing, &mut work, event);
            if answer != Err(Reject::UnknownFormat) {
                event.ts = event.ts.or(wrapped.stamp);
                return answer;
            }
        }
        let answer = self.parse_line(text, context, &missing, &mut work, event);
        if answer == Err(Reject::UnknownFormat)
            && let Some(line) = work.room.next()
            && envelope::container::rewritten(text, line)
        {
            return self.parse_line(line, context, &missing, &mut work, event);
        }
        answer
    }

    fn parse_line<'a>(
        &'a self,
        text: &'a str,
        context: &Context<'_>,
        missing: &Missing,
        work: &mut Work<'a, '_>,
        event: &mut Event<'a>,
    ) -> Result<(), Reject> {
        let Work { room, habits } = work;
        let envelope = envelope::open(text, missing);
        let mut slots = Slots::none();
        if let Some(name) = context.format {
            let (number, format) = self.named(name).ok_or(Reject::UnknownFormat)?;
            let habit = habits.of(&self.mark, number);
            return format
                .read(&envelope, missing, room, (&mut slots, habit), event)
                .unwrap_or(Err(Reject::UnknownFormat));
        }
        // The first that is found mostly is it; only if it is not, all are looked for.
        let quick = (0..self.quick).map(|number| (number, false));
        let passes = quick.chain((0..self.recognisers.len()).map(|number| (number, true)));
        let mut tried: [recognise::Candidates; 2] = Default::default();
        let mut unreadable = None;
        let mut hits = self.hits(&envelope);
        for (number, thorough) in passes {
            let mut none = recognise::Candidates::default();
            let before = tried.get_mut(number).filter(|_| number < self.quick);
            let tried = before.unwrap_or(&mut none);
            if let Some(recogniser) = self.recognisers.get(number) {
                let read =
                    recogniser.find(&envelope, thorough, &mut hits, tried, |number, anchored| {
                        let format = self.format(number)?;
                        let slots = (&mut slots, habits.of(&self.mark, number));
                        let answer = format.read(&envelope, missing, room, slots, event)?;
                        if anchored || answer != Err(Reject::FieldUnreadable) {
                            return Some(answer);
                        }
                        // Words in a stranger's text may have named this format: another may still read it.
                        unreadable = Some(Reject::FieldUnreadable);
                        let truncated = event.truncated;
                        *event = Event::new(context.received, "", Kind::System);
                        event.truncated = truncated;
                        None
                    });
                if let Some(answer) = read {
                    return answer;
                }
            }
        }
        Err(unreadable.unwrap_or(Reject::UnknownFormat))
    }
}

impl Format {
    /// Puts what the record says into a fresh `event`; `None`, and nothing changed, when it is not
    /// written this way.
    fn read<'a>(
        &'a self,
        envelope: &Envelope<'a>,
        missing: &Missing,
        room: &mut std::slice::IterMut<'a, String>,
        (slots, mut habit): (&mut Slots<'a>, Option<&mut Habit>),
        event: &mut Event<'a>,
    ) -> Option<Result<(), Reject>> {
        let (reading, stamp, host) = if self.whole_record {
            let mut bodies = envelope.bodies().filter(|body| self.may_begin(body.text));
            bodies.find_map(|body| {
                let habit = habit.as_deref_mut();
                let reading = self.fill(body.text, envelope, slots, habit)?;
                Some((reading, body.stamp, body.host))
            })?
        } else {
            let reading = self.fill(envelope.message, envelope, slots, habit.as_deref_mut())?;
            (reading, envelope.stamp, envelope.host)
        };
        Some(self.finish((stamp, host), reading, missing, room, (slots, habit), event))
    }

    /// The same, once `slots` are filled; `around` is what the header says.
    fn finish<'a>(
        &'a self,
        around: (Option<DeviceTime>, Option<&'a str>),
        reading: Reading,
        missing: &Missing,
        room: &mut std::slice::IterMut<'a, String>,
        (slots, habit): (&mut Slots<'a>, Option<&mut Habit>),
        event: &mut Event<'a>,
    ) -> Result<(), Reject> {
        for step in &self.steps {
            step.run(&self.keys, slots, room);
        }
        event.format = &self.name;
        event.kind = self.kind;
        event.vendor = self.vendor.as_deref();
        event.product = self.product.as_deref();
        (event.ts, event.device) = (around.0, around.1.map(Into::into));
        self.mapping.apply(slots, reading, missing, habit, event)
    }

    /// Whether a record of the format can begin as `text` does.
    fn may_begin(&self, text: &str) -> bool {
        self.begins.is_empty() || self.begins.iter().any(|shape| shape.begins(text))
    }

    /// Fills `slots` from `message` or the part of the header that the format reads instead.
    fn fill<'a>(
        &self,
        message: &'a str,
        envelope: &Envelope<'a>,
        slots: &mut Slots<'a>,
        habit: Option<&mut Habit>,
    ) -> Option<Reading> {
        slots.begin(self.slots);
        for (part, slot) in &self.header {
            if let Some(text) = part.of(envelope) {
                slots.set(*slot, text, Escape::None);
            }
        }
        let message = match self.read {
            None => message,
            Some(slot) => slots.get(slot)?.text,
        };
        let reading = self
            .reader
            .read(message, &self.keys, self.escapes, slots, habit);
        (reading != Reading::No).then_some(reading)
    }
}

/// The records of `text`, one a line; what follows the last line end is one too.
pub fn lines(text: &[u8]) -> impl Iterator<Item = &[u8]> {
    let mut start = 0;
    memchr::memchr_iter(b'\n', text)
        .chain([text.len()])
        .filter_map(move |end| {
            let line = text.get(start..end);
            start = end + 1;
            line
        })
}

/// `record` as text: what is no UTF-8 becomes U+FFFD, and a terminal's colours (ECMA-48's `ESC [ … m`)
/// are left out. Copied into `room` only where there is something to change.
fn as_text<'a>(record: &'a [u8], room: &'a mut String) -> &'a str {
    let coloured = memchr::memchr(ESC, record).is_some();
    match std::str::from_utf8(record) {
        Ok(text) if !coloured => return text,
        _ => room.clear(),
    }
    for chunk in record.utf8_chunks() {
        let mut pieces = chunk.valid().split("\u{1b}[");
        room.push_str(pieces.next().unwrap_or_default());
        for piece in pieces {
            let code = piece
                .bytes()
                .take_while(|byte| byte.is_ascii_digit() || *byte == b';');
            let end = code.count();
            match piece.get(end..).and_then(|rest| rest.strip_prefix('m')) {
                Some(rest) => room.push_str(rest),
                None => {
                    room.push_str("\u{1b}[");
                    room.push_str(piece);
                }
            }
        }
        if !chunk.invalid().is_empty() {
            room.push(char::REPLACEMENT_CHARACTER);
        }
    }
    room
}

/// The record without a byte order mark in front, and without blanks, line ends and NULs around it.
fn trim(record: &[u8]) -> &[u8] {
    let mut rest = record.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(record);
    while let [b' ' | b'\t' | b'\r' | b'\n' | 0, after @ ..] = rest {
        rest = after;
    }
    loop {
        rest = match rest {
            [before @ .., b' ' | b'\t' | b'\r' | b'\n' | 0] => before,
            // A relay's spelling of a line end.
            [before @ .., b'#', b'0', b'1', b'2' | b'5'] => before,
            _ => return rest,
        };
    }
}

fn is_not_text(text: &str) -> bool {
    let (mut strange, mut all) = (0_usize, 0_usize);
    for letter in text.chars() {
        all += 1;
        let blank = matches!(letter, '\t' | '\n' | '\r');
        strange +=
            usize::from((letter.is_control() && !blank) || letter == char::REPLACEMENT_CHARACTER);
    }
    strange * NOT_TEXT_SHARE > all
}
