//! Filter documents: one condition joined to many rules, for what is normal at one site.
//!
//! Standard: Sigma filters specification 2.1. The filter's condition is joined to the rule's with
//! "and", as the reference implementation does: what excludes says `not selection`.

use yaml_serde::{Mapping, Value};

use super::document::{Document, text_of, texts_of};
use super::skip::{Skip, SkipReason, skip};

/// What a rule says about its log source: category, product, service, in lower case.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Source([Option<String>; 3]);

impl Source {
    /// From the map `logsource`.
    pub(super) fn read(map: &Mapping) -> Self {
        Self(["category", "product", "service"].map(|key| {
            let text = map.get(key).and_then(text_of);
            text.map(|text| text.to_ascii_lowercase())
        }))
    }

    /// Category, product, service.
    pub(super) fn parts(&self) -> [Option<&str>; 3] {
        self.0.each_ref().map(Option::as_deref)
    }

    /// Whether everything that this one asks for, `other` says too.
    fn covers(&self, other: &Self) -> bool {
        let pairs = self.0.iter().zip(&other.0);
        pairs
            .into_iter()
            .all(|(mine, other)| mine.is_none() || mine == other)
    }
}

/// A filter, before it is joined.
#[derive(Debug)]
pub(super) struct Filter {
    source: Source,
    /// Ids or names of rules; `None` means every rule of the log source.
    rules: Option<Vec<String>>,
    /// Selections and condition, as in a rule.
    pub(super) detection: Mapping,
}

impl Filter {
    /// From a document with the map `filter`.
    pub(super) fn read(document: &Document) -> Result<Self, Skip> {
        let Some(filter) = document.map("filter") else {
            return skip(SkipReason::Filter, "filter is not a map");
        };
        let Some(source) = document.map("logsource") else {
            return skip(SkipReason::Incomplete, "logsource");
        };
        let rules = match filter.get("rules") {
            None | Some(Value::Null) => None,
            Some(value) => Some(texts_of(value))
                .filter(|rules| !rules.is_empty() && rules.as_slice() != ["any"]),
        };
        let mut detection = filter.clone();
        detection.remove("rules");
        Ok(Self {
            source: Source::read(source),
            rules,
            detection,
        })
    }

    /// The rules that it names.
    pub(super) fn named(&self) -> impl Iterator<Item = &str> {
        self.rules.iter().flatten().map(String::as_str)
    }

    /// Whether it is meant for the rule with these names and this source.
    pub(super) fn is_for<'n>(
        &self,
        mut names: impl Iterator<Item = &'n str>,
        source: &Source,
    ) -> bool {
        let named = match &self.rules {
            None => true,
            Some(rules) => names.any(|name| rules.iter().any(|rule| rule == name)),
        };
        named && self.source.covers(source)
    }
}
