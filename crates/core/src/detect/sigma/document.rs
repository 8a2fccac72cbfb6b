//! A rule file: one or more YAML documents, each with the particulars of a rule.
//!
//! Standard: Sigma rules specification 2.1. The block `larum` is our own (custom attributes are
//! allowed and other engines ignore them): category, confidence, and the rule's test cases. Of the
//! first Sigma, `action: global`, `reset` and `repeat` still say what documents of a file share.

use yaml_serde::{Deserializer, Mapping, Value};

use super::skip::{Skip, SkipReason, skip};
use super::{MAX_DOCUMENTS, MAX_FILE_BYTES};

/// Most bytes that `action: global` and `repeat` may copy within one file.
const MAX_COPIED_BYTES: usize = 8 * 1024 * 1024;

/// One document of a rule file.
#[derive(Debug)]
pub(super) struct Document(Mapping);

/// The documents of a file, each with its title; a broken one ends the file.
pub(super) fn documents(text: &str) -> Vec<Result<Document, Skip>> {
    if text.len() > MAX_FILE_BYTES {
        return vec![skip(SkipReason::TooLarge, format!("{} bytes", text.len()))];
    }
    let mut found = Vec::new();
    let mut shared = Shared::default();
    for source in Deserializer::from_str(text) {
        if found.len() >= MAX_DOCUMENTS {
            found.push(skip(SkipReason::TooMany, "documents in one file"));
            break;
        }
        match <Value as serde::Deserialize>::deserialize(source) {
            Ok(Value::Mapping(map)) => found.extend(shared.complete(map, text.len()).transpose()),
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

/// What documents of one file share.
#[derive(Default)]
struct Shared {
    /// From `action: global`.
    global: Mapping,
    /// The last document, for `action: repeat`; kept only once a file shares anything.
    last: Mapping,
    copied_bytes: usize,
}

impl Shared {
    /// `map` with what it shares with others; `None` when it only says what others share.
    fn complete(&mut self, mut map: Mapping, file_bytes: usize) -> Result<Option<Document>, Skip> {
        let action = map.get("action").and_then(Value::as_str).map(str::to_owned);
        let action = action.as_deref();
        match action {
            Some("global") => {
                map.remove("action");
                merge(&mut map, &self.global);
                self.global = map;
                return Ok(None);
            }
            Some("reset") => {
                self.global = Mapping::new();
                return Ok(None);
            }
            Some("repeat") => {
                map.remove("action");
            }
            _ => {}
        }
        if action == Some("repeat") || !self.global.is_empty() {
            self.copied_bytes = self.copied_bytes.saturating_add(file_bytes);
            if self.copied_bytes > MAX_COPIED_BYTES {
                return skip(SkipReason::TooMany, "repeated documents");
            }
            if action == Some("repeat") {
                merge(&mut map, &self.last);
            }
            merge(&mut map, &self.global);
        }
        self.last.clone_from(&map);
        Ok(Some(Document(map)))
    }
}

/// Adds to `map` what `other` has and it has not, map by map.
fn merge(map: &mut Mapping, other: &Mapping) {
    for (key, value) in other {
        match (map.get_mut(key), value) {
            (Some(Value::Mapping(inner)), Value::Mapping(more)) => merge(inner, more),
            (Some(_), _) => {}
            (None, value) => {
                map.insert(key.clone(), value.clone());
            }
        }
    }
}

impl Document {
    /// A text, or a number written out; `None` where there is neither.
    pub(super) fn text(&self, key: &str) -> Option<String> {
        text_of(self.0.get(key)?)
    }

    /// A list of texts; a single text counts as a list of one.
    pub(super) fn texts(&self, key: &str) -> Vec<String> {
        self.0.get(key).map(texts_of).unwrap_or_default()
    }

    /// Yes or no; `None` where there is neither.
    pub(super) fn flag(&self, key: &str) -> Option<bool> {
        self.0.get(key)?.as_bool()
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

/// A list of scalars as texts; a single scalar counts as a list of one.
pub(super) fn texts_of(value: &Value) -> Vec<String> {
    match value {
        Value::Sequence(values) => values.iter().filter_map(text_of).collect(),
        value => text_of(value).into_iter().collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn titles(text: &str) -> Vec<String> {
        documents(text)
            .into_iter()
            .map(|document| {
                let document = document.unwrap();
                let level = document.text("level").unwrap_or_default();
                format!("{} {level}", document.text("title").unwrap_or_default())
            })
            .collect()
    }

    #[test]
    fn documents_share_what_the_first_sigma_let_them_share() {
        for (text, expected) in [
            ("title: a\n---\ntitle: b\n", vec!["a ", "b "]),
            (
                "action: global\nlevel: high\n---\ntitle: a\n---\ntitle: b\nlevel: low\n",
                vec!["a high", "b low"],
            ),
            (
                "action: global\nlevel: high\n---\naction: reset\n---\ntitle: a\n",
                vec!["a "],
            ),
            (
                "title: a\nlevel: low\n---\naction: repeat\ntitle: b\n",
                vec!["a low", "b low"],
            ),
        ] {
            assert_eq!(titles(text), expected, "{text}");
        }
    }

    #[test]
    fn repetition_ends() {
        let long = "x".repeat(200_000);
        let repeat = "---\naction: repeat\n".repeat(200);
        let found = documents(&format!("title: {long}\n{repeat}"));
        let refused = found.iter().filter(|document| document.is_err());
        assert!(refused.count() > 100);
    }
}
