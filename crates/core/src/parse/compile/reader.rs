//! The readers of a format file.

use std::collections::BTreeMap;

use super::Compiler;
use crate::parse::columns::{LEAST_NAMES, Named};
use crate::parse::condition::Conditions;
use crate::parse::file::{self, Escapes, FormatFile, ReaderKind};
use crate::parse::legend::Says;
use crate::parse::readers::cef::{HEADER_KEYS, Header};
use crate::parse::readers::csv::{Csv, Layout};
use crate::parse::readers::key_value::KeyValue;
use crate::parse::readers::netfilter::Netfilter;
use crate::parse::readers::{Reader, template};
use crate::parse::step::Step;

/// The key under which netfilter's prefix can be asked for.
pub(super) const PREFIX_KEY: &str = "@prefix";

impl Compiler<'_> {
    /// The reader of a file.
    pub(super) fn reader(&mut self, file: &FormatFile) -> Option<Reader> {
        if !file.template.is_empty() && file.reader != ReaderKind::Template {
            self.wrong("template", "only the reader `template` has templates");
        }
        match file.reader {
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
            ReaderKind::Template => {
                if file.template.is_empty() {
                    self.wrong("template", "the reader `template` needs templates");
                    return None;
                }
                let texts: Vec<String> = file
                    .template
                    .iter()
                    .map(|entry| format!("{}{}", file.template_prefix, entry.text))
                    .collect();
                Some(Reader::Template(self.templates(&texts)))
            }
            ReaderKind::Columns => {
                if file.columns.is_none() {
                    self.wrong(
                        "columns",
                        "the reader `columns` needs to know how they are written",
                    );
                }
                Some(Reader::None)
            }
            kind => {
                let default = file::KeyValue::default();
                let options = file.key_value.as_ref().unwrap_or(&default);
                self.simple(kind, options)
            }
        }
    }

    /// How columns are written that the log itself names.
    pub(super) fn named_columns(&mut self, file: &FormatFile) -> Option<Named> {
        let columns = file.columns.as_ref()?;
        let ways: Vec<usize> = file
            .recognise
            .iter()
            .filter(|way| way.is_by_columns())
            .map(|way| way.columns.len())
            .collect();
        if ways.is_empty() {
            self.wrong("recognise", "no `columns` to know the log by");
        }
        if ways.iter().any(|names| *names < LEAST_NAMES) {
            self.wrong(
                "recognise.columns",
                format!("fewer than {LEAST_NAMES} columns"),
            );
        }
        let beside = Says::KEYS.iter();
        Some(Named {
            separator: self.ascii("columns.separator", columns.separator)?,
            quoted: columns.quoted,
            escapes: columns.escapes == Escapes::Backslash,
            beside: beside
                .filter_map(|(says, key)| Some((*says, self.known_slot(key)?)))
                .collect(),
        })
    }

    /// A reader that needs no table of its own.
    fn simple(&mut self, kind: ReaderKind, options: &file::KeyValue) -> Option<Reader> {
        Some(match kind {
            ReaderKind::Json => Reader::Json,
            ReaderKind::Xml => Reader::Xml,
            ReaderKind::Cef | ReaderKind::Leef => {
                let header = Header {
                    slots: HEADER_KEYS.map(|key| self.known_slot(key)),
                };
                if kind == ReaderKind::Cef {
                    Reader::Cef(header)
                } else {
                    Reader::Leef(header)
                }
            }
            ReaderKind::KeyValue => Reader::KeyValue(KeyValue {
                assign: self.ascii("key-value.assign", options.assign)?,
                separator: self.ascii("key-value.separator", options.separator)?,
                after: options.after.as_str().into(),
                quote: self.ascii("key-value.quote", options.quote)?,
            }),
            ReaderKind::Netfilter => Reader::Netfilter(Netfilter {
                prefix: self.known_slot(PREFIX_KEY),
            }),
            ReaderKind::Csv | ReaderKind::Template | ReaderKind::Columns => {
                self.wrong("reader", "this reader cannot stand here");
                return None;
            }
        })
    }

    /// The key a second step reads, and when it does.
    pub(super) fn from(&mut self, step: &file::Then) -> (u16, Conditions) {
        let conditions = self.conditions(&step.condition, &step.unless);
        (self.slot(&step.from), Conditions::new(conditions))
    }

    /// A second step.
    pub(super) fn step(
        &mut self,
        (from, conditions): (u16, Conditions),
        step: &file::Then,
    ) -> Option<Step> {
        let reader = match (step.reader, step.template.is_empty()) {
            (None, false) => Reader::Template(self.templates(&step.template)),
            (Some(ReaderKind::Csv), true) => {
                let separator = self.ascii("then.separator", step.separator.unwrap_or(','))?;
                let layout = Layout {
                    columns: self.columns(&step.columns),
                    branches: Vec::new(),
                };
                Reader::Csv(Csv { separator, layout })
            }
            (Some(kind), true) => {
                let default = file::KeyValue::default();
                let options = file::KeyValue {
                    assign: step.assign.unwrap_or(default.assign),
                    separator: step.separator.unwrap_or(default.separator),
                    after: step.after.clone(),
                    quote: step.quote.unwrap_or(default.quote),
                };
                self.simple(kind, &options)?
            }
            _ => {
                self.wrong(
                    "then",
                    "a second step needs a reader or templates, not both",
                );
                return None;
            }
        };
        Some(Step {
            from,
            conditions,
            reader,
            escapes: step.escapes == Escapes::Backslash,
        })
    }

    fn ascii(&mut self, key: &str, letter: char) -> Option<u8> {
        let byte = u8::try_from(letter).ok().filter(u8::is_ascii);
        if byte.is_none() {
            self.wrong(key, "must be an ASCII character");
        }
        byte
    }

    fn branches(&mut self, branches: &[file::Branch]) -> Vec<(Conditions, Layout)> {
        branches
            .iter()
            .map(|branch| {
                let conditions = self.conditions(&branch.condition, &BTreeMap::new());
                let inner = self.branches(&branch.branch);
                let layout = Layout {
                    columns: self.columns(&branch.columns),
                    branches: inner,
                };
                (Conditions::new(conditions), layout)
            })
            .collect()
    }

    /// The slots of columns; a column that no field or condition names has none.
    fn columns(&self, columns: &[String]) -> Vec<Option<u16>> {
        columns
            .iter()
            .map(|column| self.known_slot(column))
            .collect()
    }

    fn templates(&mut self, texts: &[String]) -> template::Templates {
        let mut builder = template::Builder::new();
        for (number, text) in (0..).zip(texts) {
            if let Err(problem) = builder.add(number, text, |key| self.known_slot(key)) {
                self.wrong(format!("template `{text}`"), problem);
            }
        }
        builder.build()
    }
}
