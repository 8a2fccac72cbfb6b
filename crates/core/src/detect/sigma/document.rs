//! A rule file: one or more YAML documents, each with the particulars of a rule.
//!
//! Standard: Sigma rules specification 2.1. The block `larum` is our own (custom attributes are
//! allowed and other engines ignore them): category, confidence, and the rule's test cases.

use yaml_serde::{Deserializer, Mapping, Value};

use super::skip::{Skip, SkipReason, skip};
use super::{MAX_DOCUMENTS, MAX_FILE_BYTES};

/// One document of a rule file.
#[derive(Debug)]
pub(super) struct Document(Mapping);

/// The documents of a file, each with its title; a broken one ends the file.
pub(super) fn documents(text: &str) -> Vec<Result<Document, Skip>> {
    if text.len() > MAX_FILE_BYTES {
        return vec![skip(SkipReason::TooLarge, format!("{} bytes", text.len()))];
    }
    let mut found = Vec::new();
    for source in Deserializer::from_str(text) {
        if found.len() >= MAX_DOCUMENTS {
            found.push(skip(SkipReason::TooMany, "documents in one file"));
            break;
        }
        match <Value as serde::Deserialize>::deserialize(source) {
            Ok(Value::Mapping(map)) => found.push(Ok(Document(map))),
            Ok(Value::Null) => {}
            Ok(_) => found.push(skip(SkipReason::NotYaml, "not a map")),
            Err(error) => {
                found.push(skip(SkipReason::NotYaml, error.to_string()));
                break;
            }
        }
    }
    if found.is_empty() {
        found.push(skip(SkipReason::Incomplete, "empty"));
    }
    found
}

impl Document {
    /// A text, or a number written out; `None` where there is neither.
    pub(super) fn text(&self, key: &str) -> Option<String> {
        text_of(self.0.get(key)?)
    }

    /// A list of texts; a single text counts as a list of one.
    pub(super) fn texts(&self, key: &str) -> Vec<String> {
        match self.0.get(key) {
            Some(Value::Sequence(values)) => values.iter().filter_map(text_of).collect(),
            Some(value) => text_of(value).into_iter().collect(),
            None => Vec::new(),
        }
    }

    /// A map.
    pub(super) fn map(&self, key: &str) -> Option<&Mapping> {
        self.0.get(key)?.as_mapping()
    }

    /// Whether `key` is there at all.
    pub(super) fn has(&self, key: &str) -> bool {
        self.0.contains_key(key)
    }
}

/// A scalar as text.
pub(super) fn text_of(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.trim().to_owned()),
        Value::Number(number) => Some(number.to_string()),
        Value::Bool(flag) => Some(flag.to_string()),
        _ => None,
    }
}
