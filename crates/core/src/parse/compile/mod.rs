//! From a format file to a compiled format. Every problem is reported, with file and key.

use std::collections::BTreeMap;
use std::fmt;

use aho_corasick::{AhoCorasick, AhoCorasickKind, MatchKind};

use super::columns::Named;
use super::condition::{self, Condition, Wanted};
use super::convert::{self, Constant, How};
use super::file::{self, Escapes, FormatFile};
use super::keys::{KeyTable, MAX_SLOTS};
use super::legend::Says;
use super::mapping::{Absent, Mapping, Op, Ops, Sentence, Setting, Taken};
use super::own_words::Opening;
use super::pattern::Pattern;
use super::readers::Reader;
use super::readers::cef::HEADER_KEYS;
use super::rules;
use super::step::{HeaderPart, Step};
use crate::event::{Field, Kind};

mod reader;

/// What `read` says in a file whose reader reads the record itself.
pub(super) const RECORD_KEY: &str = "@record";

/// All that is wrong with a set of format files.
#[derive(Debug, PartialEq, Eq)]
pub struct FormatError {
    /// One entry per problem, in the files' order.
    pub problems: Vec<Problem>,
}

/// One thing that is wrong with a format file.
#[derive(Debug, PartialEq, Eq)]
pub struct Problem {
    /// Name of the file, without ending.
    pub file: String,
    /// Where in the file: the key.
    pub key: String,
    /// What is wrong.
    pub problem: String,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.toml: {}: {}", self.file, self.key, self.problem)
    }
}

impl fmt::Display for FormatError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, problem) in self.problems.iter().enumerate() {
            let separator = if index > 0 { "\n" } else { "" };
            write!(f, "{separator}{problem}")?;
        }
        Ok(())
    }
}

impl std::error::Error for FormatError {}

/// A compiled format.
#[derive(Debug)]
pub(super) struct Format {
    pub name: Box<str>,
    pub vendor: Option<Box<str>>,
    pub product: Option<Box<str>>,
    pub kind: Kind,
    pub reader: Reader,
    pub keys: KeyTable,
    /// How many keys there are, each with a slot.
    pub slots: usize,
    pub escapes: bool,
    /// What a rule asks of the header, and the slot it goes to.
    pub header: Vec<(HeaderPart, u16)>,
    /// Whether the reader reads the record, or what follows its first header, instead of the message.
    pub whole_record: bool,
    /// How every record begins; empty where some begin otherwise.
    pub begins: Vec<Opening>,
    /// The part of the header that the reader reads instead of the message.
    pub read: Option<u16>,
    /// How it reads columns that the log names.
    pub columns: Option<Named>,
    /// Second steps, in order.
    pub steps: Vec<Step>,
    pub mapping: Mapping,
}

/// Compiles one file. What is wrong goes to `problems`; a format comes out only if nothing is.
pub(super) fn format(name: &str, file: &FormatFile, problems: &mut Vec<Problem>) -> Option<Format> {
    let before = problems.len();
    let mut compiler = Compiler {
        file: name,
        names: Vec::new(),
        problems,
    };
    let kind = Kind::from_word(&file.kind);
    if kind.is_none() {
        compiler.wrong("kind", format!("no kind `{}`", file.kind));
    }
    compiler.check_recognisers(file);
    let mapping = compiler.mapping(file);
    let whole_record = file.whole_record();
    let read = file.read.as_ref().filter(|_| !whole_record);
    let read = read.map(|key| compiler.slot(key));
    // What steps read and ask is named before the readers look for their keys.
    let froms: Vec<_> = file.then.iter().map(|step| compiler.from(step)).collect();
    let reader = compiler.reader(file);
    let columns = compiler.named_columns(file);
    let steps = froms
        .into_iter()
        .zip(&file.then)
        .filter_map(|(from, step)| compiler.step(from, step))
        .collect();
    let header = HeaderPart::ALL
        .iter()
        .filter_map(|part| Some((*part, compiler.known_slot(part.key())?)))
        .collect();
    if compiler.names.len() > MAX_SLOTS {
        compiler.wrong("fields", format!("more than {MAX_SLOTS} keys"));
    }
    let nested = file.reader == file::ReaderKind::Json
        || file
            .then
            .iter()
            .any(|step| step.reader == Some(file::ReaderKind::Json));
    let slots = compiler.names.len();
    let keys = compiler.keys(&file.under);
    let keys = if nested { keys.nested() } else { keys };
    let (kind, reader) = (kind?, reader?);
    (problems.len() == before).then(|| Format {
        name: name.into(),
        vendor: file.vendor.as_deref().map(Into::into),
        product: file.product.as_deref().map(Into::into),
        kind,
        reader,
        keys,
        slots,
        escapes: file.escapes == Escapes::Backslash,
        header,
        whole_record,
        begins: file.begins(),
        read,
        columns,
        steps,
        mapping,
    })
}

/// A file without samples is not checked by anything. What is compiled when it is needed is no longer
/// asked.
pub(super) fn check_cases(name: &str, file: &FormatFile, problems: &mut Vec<Problem>) {
    if file.case.is_empty() {
        problems.push(Problem {
            file: name.to_owned(),
            key: "case".into(),
            problem: "a format needs sample records".into(),
        });
    }
}

struct Compiler<'c> {
    file: &'c str,
    /// The format's keys; a key's place is its slot.
    names: Vec<String>,
    problems: &'c mut Vec<Problem>,
}

impl Compiler<'_> {
    fn wrong(&mut self, key: impl Into<String>, problem: impl Into<String>) {
        self.problems.push(Problem {
            file: self.file.to_owned(),
            key: key.into(),
            problem: problem.into(),
        });
    }

    fn slot(&mut self, key: &str) -> u16 {
        let place = self.names.iter().position(|name| name == key);
        let place = place.unwrap_or_else(|| {
            self.names.push(key.to_owned());
            self.names.len() - 1
        });
        u16::try_from(place).unwrap_or(u16::MAX)
    }

    /// Every key that a record can say, and where its value goes; also under each path of `under`.
    fn keys(&self, under: &[String]) -> KeyTable {
        let named = || {
            let all = self.names.iter().zip(0..);
            all.filter(|(name, _)| !is_reserved(name))
        };
        let below: Vec<(String, u16)> = under
            .iter()
            .flat_map(|path| named().map(move |(name, slot)| (format!("{path}.{name}"), slot)))
            .collect();
        let alone = named().map(|(name, slot)| (name.as_str(), slot));
        let below = below.iter().map(|(name, slot)| (name.as_str(), *slot));
        KeyTable::new(alone.chain(below))
    }

    /// The slot of a key that something asked for.
    fn known_slot(&self, key: &str) -> Option<u16> {
        let place = self.names.iter().position(|name| name == key)?;
        u16::try_from(place).ok()
    }

    fn field(&mut self, at: &str, name: &str) -> Option<Field> {
        let field = Field::from_word(name).filter(|field| !is_no_formats(*field));
        if field.is_none() {
            self.wrong(at, format!("no field `{name}`"));
        }
        field
    }

    fn check_recognisers(&mut self, file: &FormatFile) {
        if file.recognise.is_empty() {
            self.wrong("recognise", "nothing to recognise the format by");
        }
        for when in &file.when {
            if when.condition.is_empty() && when.unless.is_empty() {
                self.wrong("when", "an entry without `if` or `unless`");
            }
        }
        for way in &file.recognise {
            if way.is_by_columns() {
                let alone = way.is_by_marks_inside() && way.contains.is_empty();
                if file.columns.is_none() || !alone {
                    self.wrong(
                        "recognise.columns",
                        "stands alone, in a file with `[columns]`",
                    );
                }
                continue;
            }
            if way.is_by_marks_inside() && way.contains.is_empty() {
                self.wrong("recognise", "an entry that says nothing");
            }
            let marks = way.starts.iter().chain(&way.contains).chain(&way.programs);
            if marks.into_iter().any(String::is_empty) {
                self.wrong("recognise", "an empty mark");
            }
        }
        if file.source.trim().is_empty() {
            self.wrong("source", "where does the vendor document it?");
        }
    }

    fn settings(&mut self, at: &str, set: &BTreeMap<String, String>) -> Vec<Setting> {
        let mut found = Vec::new();
        for (name, word) in set {
            let Some(field) = self.field(at, name) else {
                continue;
            };
            match Constant::read(field, word) {
                Some(value) => found.push(Setting { field, value }),
                None => self.wrong(
                    format!("{at}.{name}"),
                    format!("`{word}` is no value for it"),
                ),
            }
        }
        found
    }

    fn fields(&mut self, at: &str, names: &[String]) -> Vec<Field> {
        names
            .iter()
            .filter_map(|name| self.field(at, name))
            .collect()
    }

    fn conditions(
        &mut self,
        wanted: &BTreeMap<String, file::OneOrMany>,
        unwanted: &BTreeMap<String, file::OneOrMany>,
    ) -> Vec<Condition> {
        let all = wanted
            .iter()
            .map(|entry| (entry, false))
            .chain(unwanted.iter().map(|entry| (entry, true)));
        all.map(|((key, values), negated)| Condition {
            slot: self.slot(key),
            values: values
                .as_slice()
                .iter()
                .map(|value| Wanted::read(value))
                .collect(),
            negated,
        })
        .collect()
    }

    fn mapping(&mut self, file: &FormatFile) -> Mapping {
        let set = self.settings("set", &file.set);
        let mut ops = Vec::new();
        for (name, sources) in &file.fields {
            let at = format!("fields.{name}");
            let Some(field) = self.field(&at, name) else {
                continue;
            };
            let sources = match sources {
                file::Sources::One(source) => std::slice::from_ref(source),
                file::Sources::Many(sources) => sources,
            };
            let taken = sources
                .iter()
                .filter_map(|source| self.source(&at, field, source, file))
                .collect();
            ops.push(Op::new(field, taken));
        }
        let mut rules = rules::Builder::default();
        for when in &file.when {
            rules.add(
                self.conditions(&when.condition, &when.unless),
                self.settings("when.set", &when.set),
                self.fields("when.require", &when.require),
                when.skip,
            );
        }
        let rules = rules.build();
        if !rules.fits {
            let (keys, values) = (rules::MAX_QUESTIONS, condition::MAX_VALUES);
            let problem =
                format!("more than {keys} keys asked for, or {values} values in one condition");
            self.wrong("when", problem);
        }
        let templates = file
            .template
            .iter()
            .map(|template| Sentence {
                set: self.settings("template.set", &template.set),
                skip: template.skip,
            })
            .collect();
        Mapping {
            set,
            absent: Absent::new(&file.absent),
            ops: Ops::new(ops),
            rules,
            templates,
            require: self.fields("require", &file.require),
        }
    }

    fn source(
        &mut self,
        at: &str,
        field: Field,
        source: &file::Source,
        file: &FormatFile,
    ) -> Option<Taken> {
        let full = match source {
            file::Source::Key(key) => {
                let slots = vec![self.slot(key)];
                if field == Field::Ts {
                    self.wrong(at, "a time needs `as`");
                }
                return Some(Taken {
                    slots,
                    how: How::Plain,
                });
            }
            file::Source::Full(full) => full,
        };
        let how = match (&full.how, &full.words) {
            (None, None) if full.pattern.is_some() => self.pattern(at, field, full)?,
            (None, Some(table)) => self.word_table(at, field, table, file, false)?,
            (Some(how), Some(table)) if how == "contained" => {
                self.word_table(at, field, table, file, true)?
            }
            (Some(how), None) => match how_named(how, field) {
                Some(how) => how,
                None => {
                    self.wrong(at, format!("this field has no reading `{how}`"));
                    return None;
                }
            },
            (None, None) => How::Plain,
            _ => {
                self.wrong(at, "`words` goes alone or with `as = \"contained\"`");
                return None;
            }
        };
        let slots = full
            .from
            .as_slice()
            .iter()
            .map(|key| self.slot(key))
            .collect();
        Some(Taken { slots, how })
    }

    fn pattern(&mut self, at: &str, field: Field, full: &file::FullSource) -> Option<How> {
        if field != Field::Ts {
            self.wrong(at, "only a time has a pattern");
            return None;
        }
        match Pattern::compile(full.pattern.as_deref().unwrap_or_default()) {
            Ok(pattern) => Some(How::Pattern(pattern)),
            Err(problem) => {
                self.wrong(at, problem);
                None
            }
        }
    }

    fn word_table(
        &mut self,
        at: &str,
        field: Field,
        table: &str,
        file: &FormatFile,
        contained: bool,
    ) -> Option<How> {
        let Some(words) = file.words.get(table) else {
            self.wrong(at, format!("no table `words.{table}`"));
            return None;
        };
        let mut keys = Vec::new();
        let mut values = Vec::new();
        let mut other = None;
        for (word, value) in words {
            let Some(constant) = Constant::read(field, value) else {
                self.wrong(
                    format!("words.{table}.{word}"),
                    format!("`{value}` is no value for {field}"),
                );
                continue;
            };
            if word == "*" && !contained {
                other = Some(constant);
            } else {
                keys.push(word.as_str());
                values.push(constant);
            }
        }
        if !contained {
            return Some(How::Words(
                KeyTable::new(keys.into_iter().zip(0..)),
                values,
                other,
            ));
        }
        let marks = AhoCorasick::builder()
            .ascii_case_insensitive(true)
            .match_kind(MatchKind::LeftmostLongest)
            .kind(Some(AhoCorasickKind::DFA))
            .build(&keys);
        match marks {
            Ok(marks) => Some(How::Contained(marks, values)),
            Err(error) => {
                self.wrong(format!("words.{table}"), error.to_string());
                None
            }
        }
    }
}

fn how_named(name: &str, field: Field) -> Option<How> {
    Some(match (name, field) {
        ("rfc3339", Field::Ts) => How::Iso,
        ("web-stamp", Field::Ts) => How::Web,
        ("bsd-stamp", Field::Ts) => How::Bsd,
        ("epoch", Field::Ts) => How::Epoch,
        ("date-time", Field::Ts) => How::Parts { zone: false },
        ("date-time-zone", Field::Ts) => How::Parts { zone: true },
        ("seconds", Field::DurationMs) => How::Seconds,
        ("h:m:s", Field::DurationMs) => How::Clock,
        ("milliseconds", Field::DurationMs) => How::Plain,
        ("microseconds", Field::DurationMs) => How::Micros,
        ("nanoseconds", Field::DurationMs) => How::Nanos,
        ("minutes", Field::DurationMs) => How::Minutes,
        ("kilobytes", Field::SrcBytes | Field::DstBytes) => How::Kilobytes,
        (
            "number",
            Field::SrcBytes
            | Field::DstBytes
            | Field::DurationMs
            | Field::SrcPort
            | Field::DstPort
            | Field::HttpStatus
            | Field::Severity
            | Field::EventCode
            | Field::Rule,
        ) => How::Leading,
        ("endpoint", field) if has_endpoint(field) => How::Endpoint,
        ("url-host" | "url-port", field) if has_endpoint(field) => How::UrlHost,
        ("plus-blank", field) if convert::is_text(field) => How::PlusBlank,
        ("dns-labels", Field::DnsQuery) => How::DnsLabels,
        ("percent", field) if convert::is_text(field) => How::Percent,
        (join, field) if convert::is_text(field) && join.starts_with("join:") => {
            How::Joined(join.strip_prefix("join:")?.into())
        }
        ("as-written", field) if convert::is_text(field) => How::AsWritten,
        (last, field) if field != Field::Ts && last.starts_with("last:") => {
            How::Last(last.strip_prefix("last:")?.parse().ok()?)
        }
        ("first-word", field) if field != Field::Ts => How::FirstWord,
        ("request-method", Field::HttpMethod) => How::RequestMethod,
        ("request-target", Field::Url) => How::RequestTarget,
        ("lower", field) if convert::is_text(field) => How::Lower,
        _ => return None,
    })
}

/// Whether `field` holds a part of an endpoint.
const fn has_endpoint(field: Field) -> bool {
    matches!(
        field,
        Field::SrcIp
            | Field::SrcPort
            | Field::SrcHost
            | Field::DstIp
            | Field::DstPort
            | Field::DstHost
            | Field::SrcNatIp
            | Field::DstNatIp
    )
}

/// What no format fills in: Larum's own, and what only packets tell.
const fn is_no_formats(field: Field) -> bool {
    matches!(
        field,
        Field::Format
            | Field::Truncated
            | Field::TlsSubject
            | Field::TlsIssuer
            | Field::TlsNotBefore
            | Field::TlsNotAfter
            | Field::TlsSelfSigned
    )
}

/// Whether `key` stands for something that no key of a record can say.
fn is_reserved(key: &str) -> bool {
    key == reader::PREFIX_KEY
        || HEADER_KEYS.contains(&key)
        || Says::KEYS.iter().any(|(_, known)| *known == key)
        || HeaderPart::ALL.iter().any(|part| part.key() == key)
}
