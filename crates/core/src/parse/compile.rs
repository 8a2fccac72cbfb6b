//! From a format file to a compiled format. Every problem is reported, with file and key.

use std::collections::BTreeMap;
use std::fmt;

use aho_corasick::{AhoCorasick, AhoCorasickKind, MatchKind};

use super::convert::{self, Constant, How};
use super::file::{self, Escapes, FormatFile, ReaderKind};
use super::keys::{KeyTable, MAX_SLOTS};
use super::mapping::{Mapping, Op, Rule, Setting, Taken};
use super::readers::csv::{Condition, Csv, Layout};
use super::readers::key_value::KeyValue;
use super::readers::netfilter::Netfilter;
use super::readers::{Reader, template};
use crate::event::{Field, Kind};

/// The key under which the header's program can be asked for.
pub(super) const PROGRAM_KEY: &str = "@program";
/// The key under which netfilter's prefix can be asked for.
pub(super) const PREFIX_KEY: &str = "@prefix";

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
    pub escapes: bool,
    /// Slot of the header's program, where a rule asks for it.
    pub program: Option<u16>,
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
    let reader = compiler.reader(file);
    let slot = |key: &str| compiler.names.iter().position(|name| name == key);
    let program = slot(PROGRAM_KEY).and_then(|slot| u16::try_from(slot).ok());
    if compiler.names.len() > MAX_SLOTS {
        compiler.wrong("fields", format!("more than {MAX_SLOTS} keys"));
    }
    let keys = KeyTable::new(
        compiler
            .names
            .iter()
            .zip(0..)
            .filter(|(name, _)| !name.starts_with('@'))
            .map(|(name, slot)| (name.as_str(), slot)),
    );
    let (kind, reader) = (kind?, reader?);
    (problems.len() == before).then(|| Format {
        name: name.into(),
        vendor: file.vendor.as_deref().map(Into::into),
        product: file.product.as_deref().map(Into::into),
        kind,
        reader,
        keys,
        escapes: file.escapes == Escapes::Backslash,
        program,
        mapping,
    })
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

    fn field(&mut self, at: &str, name: &str) -> Option<Field> {
        let field = Field::from_word(name)
            .filter(|field| !matches!(field, Field::Format | Field::Truncated));
        if field.is_none() {
            self.wrong(at, format!("no field `{name}`"));
        }
        field
    }

    fn check_recognisers(&mut self, file: &FormatFile) {
        if file.recognise.is_empty() {
            self.wrong("recognise", "nothing to recognise the format by");
        }
        for way in &file.recognise {
            if way.programs.is_empty() && way.starts.is_empty() && way.contains.is_empty() {
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
        if file.case.is_empty() {
            self.wrong("case", "a format needs sample records");
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

    fn conditions(&mut self, condition: &BTreeMap<String, file::OneOrMany>) -> Vec<Condition> {
        condition
            .iter()
            .map(|(key, values)| Condition {
                slot: self.slot(key),
                values: (values.as_slice() != ["*"]).then(|| {
                    values
                        .as_slice()
                        .iter()
                        .map(|v| v.as_str().into())
                        .collect()
                }),
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
            ops.push(Op { field, taken });
        }
        let rules = file
            .when
            .iter()
            .map(|when| Rule {
                conditions: self.conditions(&when.condition),
                set: self.settings("when.set", &when.set),
                require: self.fields("when.require", &when.require),
                skip: when.skip,
            })
            .collect();
        let templates = file
            .template
            .iter()
            .map(|template| Rule {
                conditions: Vec::new(),
                set: self.settings("template.set", &template.set),
                require: Vec::new(),
                skip: template.skip,
            })
            .collect();
        Mapping {
            set,
            absent: file
                .absent
                .iter()
                .map(|word| word.as_str().into())
                .collect(),
            ops,
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

    fn reader(&mut self, file: &FormatFile) -> Option<Reader> {
        if !file.template.is_empty() && file.reader != ReaderKind::Template {
            self.wrong("template", "only the reader `template` has templates");
        }
        match file.reader {
            ReaderKind::Json => Some(Reader::Json),
            ReaderKind::KeyValue => {
                let (assign, separator, after) =
                    file.key_value.as_ref().map_or(('=', ' ', ""), |options| {
                        (options.assign, options.separator, options.after.as_str())
                    });
                Some(Reader::KeyValue(KeyValue {
                    assign: self.ascii("key-value.assign", assign)?,
                    separator: self.ascii("key-value.separator", separator)?,
                    after: after.into(),
                }))
            }
            ReaderKind::Netfilter => {
                let prefix = self.names.iter().position(|name| name == PREFIX_KEY);
                Some(Reader::Netfilter(Netfilter {
                    prefix: prefix.and_then(|slot| u16::try_from(slot).ok()),
                }))
            }
            ReaderKind::Csv => {
                let Some(csv) = &file.csv else {
                    self.wrong("csv", "the reader `csv` needs its columns");
                    return None;
                };
                let separator = self.ascii("csv.separator", csv.separator)?;
                // Conditions first, so that every key they name has its slot.
                let branches = self.branches(&csv.branch);
                let layout = Layout {
                    columns: self.columns(&csv.columns),
                    branches,
                };
                Some(Reader::Csv(Csv { separator, layout }))
            }
            ReaderKind::Template => self.templates(file),
        }
    }

    fn ascii(&mut self, key: &str, letter: char) -> Option<u8> {
        let byte = u8::try_from(letter).ok().filter(u8::is_ascii);
        if byte.is_none() {
            self.wrong(key, "must be an ASCII character");
        }
        byte
    }

    fn branches(&mut self, branches: &[file::Branch]) -> Vec<(Vec<Condition>, Layout)> {
        branches
            .iter()
            .map(|branch| {
                let conditions = self.conditions(&branch.condition);
                let inner = self.branches(&branch.branch);
                let layout = Layout {
                    columns: self.columns(&branch.columns),
                    branches: inner,
                };
                (conditions, layout)
            })
            .collect()
    }

    /// The slots of columns; a column that no field or condition names has none.
    fn columns(&mut self, columns: &[String]) -> Vec<Option<u16>> {
        columns
            .iter()
            .map(|column| {
                let place = self.names.iter().position(|name| name == column)?;
                u16::try_from(place).ok()
            })
            .collect()
    }

    fn templates(&mut self, file: &FormatFile) -> Option<Reader> {
        if file.template.is_empty() {
            self.wrong("template", "the reader `template` needs templates");
            return None;
        }
        let mut tree = template::Templates::new();
        for (number, entry) in (0..).zip(&file.template) {
            let text = format!("{}{}", file.template_prefix, entry.text);
            let named = match template::keys(&text) {
                Ok(named) => named,
                Err(problem) => {
                    self.wrong(format!("template `{}`", entry.text), problem);
                    continue;
                }
            };
            for key in &named {
                if !self.names.contains(key) {
                    self.wrong(
                        format!("template `{}`", entry.text),
                        format!("nobody asks for `{key}`"),
                    );
                }
            }
            let names = &self.names;
            let slot = |key: &str| {
                let place = names.iter().position(|name| name == key)?;
                u16::try_from(place).ok()
            };
            if let Err(problem) = tree.add(number, &text, slot) {
                self.wrong(format!("template `{}`", entry.text), problem);
            }
        }
        Some(Reader::Template(tree))
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
        ("request-method", Field::HttpMethod) => How::RequestMethod,
        ("request-target", Field::Url) => How::RequestTarget,
        ("lower", field) if convert::is_text(field) => How::Lower,
        _ => return None,
    })
}
