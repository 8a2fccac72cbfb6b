//! Which formats may have written a message: by the header's program, by how the message starts, by
//! what it contains. All marks of all formats are searched in one pass each, so the cost does not
//! grow with the number of formats.
//!
//! A program that a format names belongs to that format alone: text inside such a message, which an
//! attacker may have chosen, can then not make it pass for another product's. For the same reason a
//! message that begins as JSON, CEF or LEEF is only another's by marks that its values cannot hold, and
//! a mark inside counts only where it can be the device's own word ([`own_words`]).
//!
//! [`own_words`]: super::own_words

use memchr::memmem::Finder;

use super::envelope::Envelope;
use super::file::{ReaderKind, Recognise};
use super::inside::{Given, Hits, Mark};
use super::keys::KeyTable;
use super::own_words::{Opening, Seen, Teller, said_outside_quotes};
use super::scan::head;
use super::sieve::{self, Entries, Sieve};

/// The most formats that are tried on one record.
pub(super) const MAX_CANDIDATES: usize = 16;

/// A mark at the start that is shorter than this only counts together with one inside.
const LEAST_START_BYTES: usize = 3;
/// The most ways to recognise, all formats together.
const MAX_WAYS: usize = 4_096;

/// Formats that were tried, in order.
#[derive(Default)]
pub(super) struct Candidates {
    list: [u16; MAX_CANDIDATES],
    length: usize,
}

impl Candidates {
    /// Adds a format. False when it is there already, or there is no room.
    fn push(&mut self, format: u16) -> bool {
        if self.as_slice().contains(&format) {
            return false;
        }
        let Some(place) = self.list.get_mut(self.length) else {
            return false;
        };
        *place = format;
        self.length += 1;
        true
    }

    pub fn as_slice(&self) -> &[u16] {
        self.list.get(..self.length).unwrap_or_default()
    }
}

/// A format as it comes to be compiled.
pub(super) struct Entry<'f> {
    /// How it is recognised.
    pub ways: &'f [Recognise],
    /// Whether it reads the record itself instead of the message.
    pub whole_record: bool,
    /// What it is written in.
    pub reader: ReaderKind,
}

/// A message that says by its first characters how it is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Shape {
    /// A JSON object: no value holds a bare quote.
    Json,
    /// CEF or LEEF: no value of the header holds a bare bar.
    Bars,
}

impl Shape {
    pub fn of(message: &str) -> Option<Self> {
        match message.as_bytes() {
            [b'{', ..] => Some(Self::Json),
            [b'C', b'E', b'F', b':', ..] | [b'L', b'E', b'E', b'F', b':', ..] => Some(Self::Bars),
            _ => None,
        }
    }

    /// Whether a format of this kind, or one with this mark inside, can be meant.
    fn admits(self, reader: ReaderKind, marks: &[String]) -> bool {
        let sign = match self {
            Self::Json => '"',
            Self::Bars => '|',
        };
        let same = match self {
            Self::Json => reader == ReaderKind::Json,
            Self::Bars => matches!(reader, ReaderKind::Cef | ReaderKind::Leef),
        };
        // Of commas and quotes alone every object is made.
        let tells =
            |mark: &String| !mark.trim_matches([sign, ',']).is_empty() && mark.contains(sign);
        same || marks.iter().any(tells)
    }
}

/// Whether a mark at the start is too short to say much.
fn starts_say_little(way: &Recognise) -> bool {
    way.starts.iter().any(|mark| mark.len() < LEAST_START_BYTES)
}

/// One way to recognise one format.
#[derive(Debug)]
struct Way {
    format: u16,
    whole_record: bool,
    /// Whether marks inside count in JSON.
    in_json: bool,
    /// Whether marks inside count in CEF and LEEF.
    in_bars: bool,
    /// Only marks inside recognise it, so they must be the device's own words.
    guarded: bool,
    /// It does not count behind the tag of a program that no format names.
    untagged: bool,
    begins: Option<Opening>,
    starts: Vec<Beginning>,
    contains: Vec<Finder<'static>>,
}

impl Way {
    fn new(format: u16, entry: &Entry<'_>, way: &Recognise) -> Self {
        // A reader that knows by the syntax what is a value takes no value for a record.
        let structured = matches!(
            entry.reader,
            ReaderKind::Json | ReaderKind::Xml | ReaderKind::Cef | ReaderKind::Leef
        );
        let careful =
            !structured && !way.anywhere && way.programs.is_empty() && way.begins.is_none();
        let finders = way.contains.iter();
        Self {
            format,
            whole_record: entry.whole_record,
            in_json: Shape::Json.admits(entry.reader, &way.contains),
            in_bars: Shape::Bars.admits(entry.reader, &way.contains),
            guarded: careful && (way.starts.is_empty() || starts_say_little(way)),
            untagged: careful && !way.contains.is_empty(),
            begins: way.begins,
            starts: way.starts.iter().map(|mark| Beginning::new(mark)).collect(),
            contains: finders.map(|mark| Finder::new(mark).into_owned()).collect(),
        }
    }

    /// Whether it counts in a message that `envelope`'s sender worded.
    fn trusts(&self, envelope: &Envelope<'_>, seen: &Seen<'_, '_>) -> bool {
        if !self.guarded && !self.untagged {
            return true;
        }
        let worded = match seen.teller() {
            Teller::Device => true,
            Teller::OwnLog => !self.guarded,
            Teller::Program => false,
        };
        worded || self.holds_in_header(envelope, seen)
    }

    /// Whether it holds where it can be; `begun` is a text known to begin as it should.
    fn holds(&self, envelope: &Envelope<'_>, seen: &Seen<'_, '_>, begun: Option<&str>) -> bool {
        if self.whole_record {
            let mut bodies = envelope.bodies();
            return bodies.any(|body| self.holds_in(body.text, seen, begun));
        }
        // What the device says in RFC 5424's structured data marks it as well as its message does.
        self.holds_in(envelope.message, seen, begun) || self.holds_in_header(envelope, seen)
    }

    fn holds_in_header(&self, envelope: &Envelope<'_>, seen: &Seen<'_, '_>) -> bool {
        let text = envelope.structured;
        text.is_some_and(|text| self.holds_in(text, seen, None))
    }

    fn holds_in(&self, message: &str, seen: &Seen<'_, '_>, begun: Option<&str>) -> bool {
        let starts = || {
            let word = head(message.as_bytes());
            self.starts.iter().any(|mark| mark.is_at(message, word))
        };
        let known = begun.is_some_and(|begun| std::ptr::eq(begun, message));
        (self.starts.is_empty() || known || starts())
            && self.begins.is_none_or(|shape| seen.begins(shape, message))
            && self.contains.iter().all(|mark| {
                if self.guarded {
                    said_outside_quotes(mark, message.as_bytes())
                } else {
                    mark.find(message.as_bytes()).is_some()
                }
            })
    }
}

/// What made a way be looked at.
#[derive(Clone, Copy)]
enum By<'e> {
    /// The header's program.
    Program,
    /// How this text starts.
    Start(&'e str),
    /// The shape in which a text begins.
    Shape,
    /// A mark inside.
    Inside,
}

impl<'e> By<'e> {
    /// The text that is known to start as the way says.
    const fn start(self) -> Option<&'e str> {
        match self {
            Self::Start(text) => Some(text),
            _ => None,
        }
    }
}

/// Ways that have something in common, in the files' order.
#[derive(Debug)]
struct List {
    ways: Vec<usize>,
    /// Tells which of them can hold, where there are many.
    sieve: Option<Sieve>,
}

impl List {
    fn new(ways: Vec<usize>, marks: &[&[String]]) -> Self {
        let marks = ways.iter().filter_map(|way| marks.get(*way).copied());
        Self {
            sieve: Sieve::new(marks),
            ways,
        }
    }

    /// The ways whose marks stand in `record`, of which every text that a way asks about is a part.
    fn of(&self, record: &str) -> impl Iterator<Item = usize> {
        let found = self.sieve.as_ref().map(|sieve| sieve.of(record.as_bytes()));
        let ways =
            self.ways.iter().enumerate().filter(move |(entry, _)| {
                found.as_ref().is_none_or(|found| sieve::has(found, *entry))
            });
        ways.map(|(_, way)| *way)
    }
}

/// After so many ways with the same start one pass tells which of the others can hold.
const FEW_STARTS: usize = 3;

/// Ways with marks inside, told apart together.
#[derive(Debug, Default)]
struct Marked {
    /// For each way its entry in the sieve; one that has none is beyond the last.
    entries: Vec<usize>,
    sieve: Option<Sieve>,
}

impl Marked {
    fn new(ways: &[usize], marks: &[&[String]]) -> Self {
        let mut entries = vec![usize::MAX; marks.len()];
        let mut told = Vec::new();
        for way in ways {
            if let (Some(entry), Some(inside)) = (entries.get_mut(*way), marks.get(*way))
                && *entry == usize::MAX
                && !inside.is_empty()
            {
                *entry = told.len();
                told.push(*inside);
            }
        }
        Self {
            entries,
            sieve: Sieve::new(told),
        }
    }

    /// Whether `way` can hold in `record`, behind `count` others that start so; `told` keeps what the sieve
    /// said of the record.
    fn may_hold(&self, count: usize, way: usize, record: &str, told: &mut Option<Entries>) -> bool {
        let Some(sieve) = self.sieve.as_ref().filter(|_| count >= FEW_STARTS) else {
            return true;
        };
        let found = told.get_or_insert_with(|| sieve.of(record.as_bytes()));
        let entry = self.entries.get(way).copied().unwrap_or(usize::MAX);
        sieve::has(found, entry)
    }
}

/// All recognisers together.
#[derive(Debug)]
pub(super) struct Recogniser {
    ways: Vec<Way>,
    programs: KeyTable,
    /// For each program, the ways that name it.
    by_program: Vec<List>,
    starts: Starts,
    /// The ways that have a mark at the start and others inside.
    marked: Marked,
    /// The ways of messages that begin in a shape.
    shapes: Vec<(Opening, List)>,
    /// Which of all recognisers this is, for its marks inside.
    number: u8,
}

/// Marks that a text begins with.
#[derive(Debug, Default)]
struct Starts {
    /// For each first byte, where its marks begin in `marks`; one more for the end.
    by_byte: Vec<u32>,
    /// In the order of their first bytes, then of their keys, then of the files. Marks too short for a
    /// key stand under every key of their first byte, and under none (zero) for texts with other keys.
    marks: Vec<Start>,
}

#[derive(Debug)]
struct Start {
    /// The second and third byte.
    key: u64,
    mark: Beginning,
    way: usize,
}

/// What a text begins with: the first eight bytes as a number, with a mask, decide nearly always.
#[derive(Clone, Debug)]
struct Beginning {
    head: u64,
    mask: u64,
    text: Box<str>,
}

impl Beginning {
    fn new(text: &str) -> Self {
        let missing = 8_usize.saturating_sub(text.len());
        Self {
            head: head(text.as_bytes()),
            mask: u64::MAX >> (8 * missing.min(7)),
            text: text.into(),
        }
    }

    /// Whether `text`, whose first eight bytes are `word`, begins so.
    #[inline]
    fn is_at(&self, text: &str, word: u64) -> bool {
        word & self.mask == self.head
            && (self.text.len() <= 8 || text.starts_with(self.text.as_ref()))
    }
}

/// The second and third byte of [`head`].
const KEY: u64 = 0xFF_FF00;

impl Starts {
    fn build(given: Vec<(Box<str>, usize)>) -> Self {
        let first = |mark: &Beginning| mark.head & 0xFF;
        let is_short = |mark: &Beginning| mark.text.len() < LEAST_START_BYTES;
        let given: Vec<_> = given
            .into_iter()
            .map(|(text, way)| (Beginning::new(&text), way))
            .collect();
        let mut marks = Vec::with_capacity(given.len());
        for (mark, way) in &given {
            let mut keys = vec![mark.head & KEY];
            if is_short(mark) {
                let alike = given
                    .iter()
                    .filter(|(other, _)| first(other) == first(mark) && !is_short(other));
                keys = alike.map(|(other, _)| other.head & KEY).collect();
                keys.push(0);
                keys.sort_unstable();
                keys.dedup();
            }
            marks.extend(keys.into_iter().map(|key| Start {
                key,
                mark: mark.clone(),
                way: *way,
            }));
        }
        // Stable, so that of one beginning the files' order counts.
        marks.sort_by_key(|start| (first(&start.mark), start.key));
        let by_byte = (0..=256_u64)
            .map(|byte| {
                let place = marks.partition_point(|start| first(&start.mark) < byte);
                u32::try_from(place).unwrap_or(u32::MAX)
            })
            .collect();
        Self { by_byte, marks }
    }

    /// The ways of the marks that `text` begins with.
    #[inline]
    fn of<'s>(&'s self, text: &'s str) -> impl Iterator<Item = usize> + 's {
        let word = head(text.as_bytes());
        let first = usize::from(text.bytes().next().unwrap_or(0));
        let place = |at: usize| self.by_byte.get(at).map_or(0, |place| *place as usize);
        let marks = self.marks.get(place(first)..place(first + 1));
        let marks = marks.unwrap_or_default();
        let mut key = word & KEY;
        let mut start = marks.partition_point(|start| start.key < key);
        if marks.get(start).is_none_or(|start| start.key != key) {
            (key, start) = (0, 0);
        }
        marks
            .iter()
            .skip(start)
            .take_while(move |start| start.key == key)
            .filter_map(move |start| start.mark.is_at(text, word).then_some(start.way))
    }
}

impl Recogniser {
    /// Compiles the recognisers of all formats; formats are numbered in order. This is recogniser `number`;
    /// its marks inside are added to `inside`.
    ///
    /// # Errors
    /// When there are too many ways.
    pub fn build(number: u8, formats: &[Entry<'_>], inside: &mut Given) -> Result<Self, String> {
        let recogniser = number;
        let mut ways = Vec::new();
        let mut program_names: Vec<&str> = Vec::new();
        let mut by_program: Vec<Vec<usize>> = Vec::new();
        let mut starts = Vec::new();
        let mut shapes: Vec<(Opening, Vec<usize>)> = Vec::new();
        let mut marks: Vec<&[String]> = Vec::new();
        for (format, entry) in (0..).zip(formats) {
            for way in entry.ways.iter().filter(|way| !way.is_by_columns()) {
                let number = ways.len();
                ways.push(Way::new(format, entry, way));
                marks.push(&way.contains);
                for program in &way.programs {
                    let known = program_names
                        .iter()
                        .position(|name| name.eq_ignore_ascii_case(program));
                    let at = known.unwrap_or(program_names.len());
                    if known.is_none() {
                        program_names.push(program);
                        by_program.push(Vec::new());
                    }
                    if let Some(list) = by_program.get_mut(at) {
                        list.push(number);
                    }
                }
                if !way.programs.is_empty() {
                    continue;
                }
                // A rare mark inside is looked for instead.
                let says_little = starts_say_little(way);
                if let (true, Some(shape)) = (way.starts.is_empty(), way.begins) {
                    match shapes.iter_mut().find(|(known, _)| *known == shape) {
                        Some((_, ways)) => ways.push(number),
                        None => shapes.push((shape, vec![number])),
                    }
                } else if way.starts.is_empty() || (says_little && !way.contains.is_empty()) {
                    let mark = |text: &str| Mark {
                        text: text.into(),
                        recogniser,
                        way: number,
                    };
                    let in_json = ways.last().is_some_and(|way: &Way| way.in_json);
                    inside.add(&way.contains, in_json, mark);
                } else {
                    starts.extend(way.starts.iter().map(|mark| (mark.as_str().into(), number)));
                }
            }
        }
        if ways.len() > MAX_WAYS {
            return Err(format!("more than {MAX_WAYS} ways to recognise formats"));
        }
        let marked: Vec<usize> = starts.iter().map(|(_, way): &(Box<str>, _)| *way).collect();
        Ok(Self {
            marked: Marked::new(&marked, &marks),
            programs: KeyTable::new(program_names.iter().copied().zip(0..)),
            by_program: by_program
                .into_iter()
                .map(|ways| List::new(ways, &marks))
                .collect(),
            starts: Starts::build(starts),
            shapes: shapes
                .into_iter()
                .map(|(shape, ways)| (shape, List::new(ways, &marks)))
                .collect(),
            number: recogniser,
            ways,
        })
    }

    /// Calls `take` with each format that may have written the record and is not in `tried` yet, most
    /// likely first, until it gives an answer; and whether the format was found by the program or by
    /// how the message starts, where no stranger writes, and not only by marks inside. The search
    /// inside the record, whose `hits` are of all recognisers, ends with the first format found, unless
    /// `thorough`.
    pub fn find<R>(
        &self,
        envelope: &Envelope<'_>,
        thorough: bool,
        hits: &mut Hits<'_>,
        tried: &mut Candidates,
        mut take: impl FnMut(u16, bool) -> Option<R>,
    ) -> Option<R> {
        let program = envelope.program.and_then(|name| self.programs.find(name));
        let seen = Seen::new(envelope, program.is_some());
        let mut found = false;
        let mut answer = None;
        // Whether the search is over.
        let mut visit = |number: usize, only_whole: bool, by: By<'_>, found: &mut bool| {
            let Some(way) = self.ways.get(number) else {
                return false;
            };
            let counts = (way.whole_record || !only_whole)
                && way.trusts(envelope, &seen)
                && way.holds(envelope, &seen, by.start());
            if !counts {
                return false;
            }
            *found = true;
            if tried.push(way.format) {
                answer = take(way.format, !matches!(by, By::Inside));
            }
            answer.is_some()
        };
        if let Some(program) = program {
            let ways = self.by_program.get(usize::from(program));
            for way in ways.into_iter().flat_map(|list| list.of(envelope.record)) {
                if visit(way, false, By::Program, &mut found) {
                    return answer;
                }
            }
            if !thorough {
                return None;
            }
        }
        // What seemed to be a known program may have been a word of a file's own line.
        let only_whole = program.is_some();
        let mut told = None;
        for place in places(envelope).into_iter().flatten() {
            for (count, way) in self.starts.of(place).enumerate() {
                let may_hold = self.marked.may_hold(count, way, envelope.record, &mut told);
                if may_hold && visit(way, only_whole, By::Start(place), &mut found) {
                    return answer;
                }
            }
            // Each shape is looked for once, however many formats begin so.
            let begun = self
                .shapes
                .iter()
                .filter(|(shape, _)| seen.begins(*shape, place));
            for way in begun.flat_map(|(_, list)| list.of(envelope.record)) {
                if visit(way, only_whole, By::Shape, &mut found) {
                    return answer;
                }
            }
        }
        if !found || thorough {
            let shape = Shape::of(envelope.message);
            let may_be_meant = |way: usize| match (shape, self.ways.get(way)) {
                (Some(Shape::Json), Some(way)) => way.in_json,
                (Some(Shape::Bars), Some(way)) => way.in_bars,
                _ => true,
            };
            let mut next = 0;
            while let Some(mark) = hits.get(next) {
                next += 1;
                if mark.recogniser == self.number
                    && ((may_be_meant(mark.way)
                        && visit(mark.way, only_whole, By::Inside, &mut found))
                        || (found && !thorough))
                {
                    break;
                }
            }
        }
        answer
    }
}

/// The texts that a mark may stand at the start of, each once.
fn places<'a>(envelope: &Envelope<'a>) -> [Option<&'a str>; 4] {
    let message = envelope.message;
    let other = |text: &&'a str| text.len() != message.len();
    let body = envelope.body.map(|body| body.text).filter(other);
    let record = Some(envelope.record).filter(other);
    [Some(message), envelope.structured, record, body]
}
