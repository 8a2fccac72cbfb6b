//! How a format file is written: the shape of `content/formats/NAME.toml`.
//!
//! The file's documentation for authors is `content/formats/README.md`.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::Problem;
use super::columns::ByNames;
use super::compile::RECORD_KEY;
use super::own_words::Opening;
use super::recognise::Entry;

mod head_lines;

/// A whole file.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct FormatFile {
    pub vendor: Option<String>,
    pub product: Option<String>,
    /// Kind of event, unless a template or condition says otherwise.
    pub kind: String,
    pub reader: ReaderKind,
    /// Where the vendor documents it.
    pub source: String,
    /// How quoted values are escaped.
    #[serde(default)]
    pub escapes: Escapes,
    /// When it is tried.
    #[serde(default)]
    pub fallback: Turn,
    /// The key that the reader reads; default: the message.
    pub read: Option<String>,
    /// Paths below which a key counts as if it stood alone, in nested records.
    #[serde(default)]
    pub under: Vec<String>,
    /// Values that mean "not said".
    #[serde(default)]
    pub absent: Vec<String>,
    /// Fields without which the record is unreadable.
    #[serde(default)]
    pub require: Vec<String>,
    pub recognise: Vec<Recognise>,
    #[serde(default)]
    pub words: BTreeMap<String, BTreeMap<String, String>>,
    #[serde(default)]
    pub set: BTreeMap<String, String>,
    #[serde(default)]
    pub fields: BTreeMap<String, Sources>,
    /// Second steps, each on the value of a key.
    #[serde(default)]
    pub then: Vec<Then>,
    #[serde(default)]
    pub when: Vec<When>,
    /// What every template starts with.
    #[serde(default)]
    pub template_prefix: String,
    #[serde(default)]
    pub template: Vec<Template>,
    pub csv: Option<Csv>,
    pub columns: Option<NamedColumns>,
    pub key_value: Option<KeyValue>,
    #[serde(default)]
    pub case: Vec<Case>,
}

/// How a case begins.
const CASE: &str = "\n[[case]]";

impl FormatFile {
    /// Reads the file of format `name`.
    ///
    /// # Errors
    /// What is wrong with it, and in which line.
    pub fn read(name: &str, text: &str) -> Result<Self, Problem> {
        parsed(name, text)
    }

    /// The same without its cases, which are two fifths of it and no part of the format. They stand
    /// last; in a file in which something follows them they are read, too.
    ///
    /// # Errors
    /// What is wrong with it, and in which line.
    pub fn read_format(name: &str, text: &str) -> Result<Self, Problem> {
        let Some((head, cases)) = text.find(CASE).and_then(|at| text.split_at_checked(at + 1))
        else {
            return Self::read(name, text);
        };
        let mut headers = cases.lines().filter(|line| line.starts_with('['));
        let only_cases = headers.all(|header| header.trim_start_matches('[').starts_with("case"));
        Self::read(name, if only_cases { head } else { text })
    }

    /// The part of it that is known of a shipped file from the start.
    pub fn head(&self) -> Head {
        Head {
            fallback: self.fallback,
            reader: self.reader,
            read: self.read.clone(),
            recognise: self.recognise.clone(),
            columns: self.columns.as_ref().map(|columns| FirstLine {
                first_line: columns.first_line,
            }),
        }
    }

    /// Whether the reader reads the record itself instead of the message.
    pub fn whole_record(&self) -> bool {
        self.read.as_deref() == Some(RECORD_KEY)
    }
}

/// What must be known of a format before a record can be: when it is tried, by what it is
/// recognised, and how it is written. A small part of its file, and all that is read of it at the start.
#[derive(Debug, Deserialize, PartialEq)]
pub(super) struct Head {
    #[serde(default)]
    fallback: Turn,
    reader: ReaderKind,
    read: Option<String>,
    recognise: Vec<Recognise>,
    columns: Option<FirstLine>,
}

/// The part of [`NamedColumns`] that is needed then.
#[derive(Clone, Copy, Debug, Default, Deserialize, PartialEq)]
#[serde(rename_all = "kebab-case")]
struct FirstLine {
    #[serde(default)]
    first_line: bool,
}

impl Head {
    /// Picks it out of the file of format `name`.
    ///
    /// # Errors
    /// What is wrong with it, in which of the lines picked.
    pub fn read(name: &str, text: &str) -> Result<Self, Problem> {
        parsed(name, &head_lines::pick(text))
    }

    /// By which names of columns the format, which has this number, is known.
    pub fn by_names(&self, format: u16, own: bool) -> impl Iterator<Item = ByNames> {
        let first_line = self.columns.is_some_and(|columns| columns.first_line);
        let ways = self.recognise.iter().filter(|way| way.is_by_columns());
        ways.map(move |way| ByNames {
            first_line,
            own,
            special: self.fallback == Turn::First,
            ..ByNames::new(format, &way.columns)
        })
    }

    /// How the format is recognised among those of one turn; it counts in its own only, and nowhere
    /// unless `counts`.
    pub fn entry(&self, turn: Turn, counts: bool) -> Entry<'_> {
        Entry {
            ways: if counts && self.fallback == turn {
                &self.recognise
            } else {
                &[]
            },
            whole_record: self.read.as_deref() == Some(RECORD_KEY),
            reader: self.reader,
        }
    }
}

impl FormatFile {
    /// In which shapes all records begin; none where one way to recognise them asks for none.
    pub fn begins(&self) -> Vec<Opening> {
        let ways = self.recognise.iter().filter(|way| !way.is_by_columns());
        let shapes: Option<Vec<Opening>> = ways.map(|way| way.begins).collect();
        shapes.unwrap_or_default()
    }
}

/// `text` of the file of format `name`, taken apart.
fn parsed<T: serde::de::DeserializeOwned>(name: &str, text: &str) -> Result<T, Problem> {
    toml::from_str(text).map_err(|error| Problem {
        file: name.to_owned(),
        key: error.span().map_or_else(
            || "file".to_owned(),
            |span| format!("line {}", line_of(text, span.start)),
        ),
        problem: error.message().to_owned(),
    })
}

fn line_of(text: &str, at: usize) -> usize {
    let before = text.as_bytes().get(..at).unwrap_or_default();
    1 + memchr::memchr_iter(b'\n', before).count()
}

/// When a format is tried.
#[derive(Clone, Copy, Debug, Default, Deserialize, PartialEq, Eq)]
#[serde(try_from = "TurnWord")]
pub(super) enum Turn {
    /// Among the first.
    #[default]
    First,
    /// Only when none of those takes the record.
    Fallback,
    /// Only when no fall-back does either.
    Last,
}

impl Turn {
    /// In order.
    pub const ALL: [Self; 3] = [Self::First, Self::Fallback, Self::Last];
}

/// How a file says it: `true`, `false` or `"last"`.
#[derive(Deserialize)]
#[serde(untagged)]
enum TurnWord {
    Flag(bool),
    Word(String),
}

impl TryFrom<TurnWord> for Turn {
    type Error = String;

    fn try_from(word: TurnWord) -> Result<Self, String> {
        match word {
            TurnWord::Flag(false) => Ok(Self::First),
            TurnWord::Flag(true) => Ok(Self::Fallback),
            TurnWord::Word(word) if word == "last" => Ok(Self::Last),
            TurnWord::Word(word) => Err(format!("fallback is true or \"last\", not {word}")),
        }
    }
}

#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "kebab-case")]
pub(super) enum ReaderKind {
    KeyValue,
    Csv,
    Json,
    Netfilter,
    Template,
    Cef,
    Leef,
    Xml,
    /// Columns that the log itself names.
    Columns,
}

#[derive(Clone, Copy, Debug, Default, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Escapes {
    /// A backslash is a backslash.
    #[default]
    None,
    /// `\"`, `\\`, `\n`, `\t`, `\r`, `\xHH` and, as in JSON, `\uHHHH` and `\/`.
    Backslash,
}

/// One way to recognise the format; all that is stated must hold.
#[derive(Clone, Debug, Deserialize, PartialEq)]
#[serde(deny_unknown_fields)]
pub(super) struct Recognise {
    /// The header's program is one of these.
    #[serde(default)]
    pub programs: Vec<String>,
    /// The message starts with one of these.
    #[serde(default)]
    pub starts: Vec<String>,
    /// The message begins in this shape.
    pub begins: Option<Opening>,
    /// The message contains all of these.
    #[serde(default)]
    pub contains: Vec<String>,
    /// The marks inside count wherever they stand: between quotes, and behind the tag of a program that
    /// no format names.
    #[serde(default)]
    pub anywhere: bool,
    /// The log names its columns, and all of these are among them; of several with a bar between, one.
    #[serde(default)]
    pub columns: Vec<String>,
}

impl Recognise {
    /// Whether it speaks of a log's columns, and not of a single record.
    pub const fn is_by_columns(&self) -> bool {
        !self.columns.is_empty()
    }

    /// Whether nothing but marks inside recognise it.
    pub const fn is_by_marks_inside(&self) -> bool {
        self.programs.is_empty() && self.starts.is_empty() && self.begins.is_none()
    }
}

#[derive(Debug, Deserialize)]
#[serde(untagged)]
pub(super) enum Sources {
    // A list first: a derived table would also take a list, by position.
    Many(Vec<Source>),
    One(Source),
}

#[derive(Debug, Deserialize)]
#[serde(untagged)]
pub(super) enum Source {
    Key(String),
    Full(FullSource),
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct FullSource {
    pub from: OneOrMany,
    #[serde(rename = "as")]
    pub how: Option<String>,
    pub words: Option<String>,
    pub pattern: Option<String>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(untagged)]
pub(super) enum OneOrMany {
    One(String),
    Many(Vec<String>),
}

impl OneOrMany {
    pub fn as_slice(&self) -> &[String] {
        match self {
            Self::One(one) => std::slice::from_ref(one),
            Self::Many(many) => many,
        }
    }
}

/// What holds when keys have certain values.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct When {
    /// Key and one of its values; `*` stands for any.
    #[serde(default, rename = "if")]
    pub condition: BTreeMap<String, OneOrMany>,
    /// None of these may hold.
    #[serde(default)]
    pub unless: BTreeMap<String, OneOrMany>,
    #[serde(default)]
    pub set: BTreeMap<String, String>,
    #[serde(default)]
    pub require: Vec<String>,
    /// Deliberately not of interest.
    #[serde(default)]
    pub skip: bool,
}

/// A second step: the value of a key read once more.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Then {
    pub from: String,
    #[serde(default, rename = "if")]
    pub condition: BTreeMap<String, OneOrMany>,
    #[serde(default)]
    pub unless: BTreeMap<String, OneOrMany>,
    pub reader: Option<ReaderKind>,
    /// Sentences of which the first that covers the value counts.
    #[serde(default)]
    pub template: Vec<String>,
    #[serde(default)]
    pub escapes: Escapes,
    pub assign: Option<char>,
    pub separator: Option<char>,
    pub quote: Option<char>,
    #[serde(default)]
    pub after: String,
    #[serde(default)]
    pub columns: Vec<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Template {
    pub text: String,
    #[serde(default)]
    pub set: BTreeMap<String, String>,
    #[serde(default)]
    pub skip: bool,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Csv {
    #[serde(default = "comma")]
    pub separator: char,
    pub columns: Vec<String>,
    #[serde(default)]
    pub branch: Vec<Branch>,
}

fn comma() -> char {
    ','
}

/// How columns are written that the log itself names.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct NamedColumns {
    /// Between values; of a first line that names columns, it is seen there.
    #[serde(default = "blank")]
    pub separator: char,
    /// Whether values may stand in double quotes.
    #[serde(default)]
    pub quoted: bool,
    /// How values are escaped that do not stand in quotes.
    #[serde(default)]
    pub escapes: Escapes,
    /// Whether the first line names them, and not one that begins with `#Fields`.
    #[serde(default)]
    pub first_line: bool,
}

/// Columns that follow when an earlier column has a certain value.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Branch {
    #[serde(rename = "if")]
    pub condition: BTreeMap<String, OneOrMany>,
    pub columns: Vec<String>,
    #[serde(default)]
    pub branch: Vec<Branch>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct KeyValue {
    /// Between key and value.
    #[serde(default = "equals")]
    pub assign: char,
    /// Between pairs.
    #[serde(default = "blank")]
    pub separator: char,
    /// The pairs begin behind the first of these; default: at the start.
    #[serde(default)]
    pub after: String,
    /// Around values that hold separators.
    #[serde(default = "double_quote")]
    pub quote: char,
}

impl Default for KeyValue {
    fn default() -> Self {
        Self {
            assign: equals(),
            separator: blank(),
            after: String::new(),
            quote: double_quote(),
        }
    }
}

fn double_quote() -> char {
    '"'
}

fn equals() -> char {
    '='
}

fn blank() -> char {
    ' '
}

/// A sample and what must come of it.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Case {
    pub input: String,
    /// Time of receipt; the default is 2026-11-22T12:00:00Z.
    pub received: Option<String>,
    /// All fields of the event but format, vendor and product.
    #[serde(default)]
    pub expect: BTreeMap<String, toml::Value>,
    /// The reason, where it gives no event.
    pub reject: Option<String>,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::content;
    use crate::parse::Formats;

    #[test]
    fn what_is_read_of_a_shipped_file_at_the_start_is_what_it_says() {
        for (name, text) in content::FORMATS.iter() {
            let whole = FormatFile::read(name, text).unwrap();
            assert_eq!(Head::read(name, text).unwrap(), whole.head(), "{name}");
            let without_cases = FormatFile::read_format(name, text).unwrap();
            assert!(without_cases.case.is_empty(), "{name}: cases come last");
        }
    }

    #[test]
    fn every_shipped_format_compiles_when_it_is_needed() {
        let formats = Formats::built_in().unwrap();
        for shipped in &formats.formats {
            assert!(shipped.format().is_some(), "{}", shipped.name);
        }
    }
}
