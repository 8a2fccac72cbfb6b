//! Placeholders: names in rules that each site fills with its own values (`field|expand: '%Servers%'`).
//!
//! Standard: Sigma rules specification 2.1, "Placeholders". The values stand in a document of the rule
//! folder, `placeholders: { Servers: [srv1, 'srv2*'] }`, so that whoever reads rules reads them too.

use std::collections::BTreeMap;

use yaml_serde::Mapping;

use super::document::{text_of, texts_of};
use super::skip::{Skip, SkipReason, skip};

/// Most placeholders.
const MAX_PLACEHOLDERS: usize = 1_024;
/// Most values of one placeholder, and most that one value of a rule may turn into.
const MAX_VALUES: usize = 4_096;

/// Values by name.
#[derive(Debug, Default)]
pub(super) struct Placeholders(BTreeMap<String, Vec<String>>);

impl Placeholders {
    /// Adds those of a document; of a name that was given before, the first values count.
    pub(super) fn add(&mut self, map: &Mapping) -> Result<(), Skip> {
        for (name, values) in map {
            let Some(name) = text_of(name) else {
                return skip(SkipReason::Placeholder, "the name of a placeholder");
            };
            let values = texts_of(values);
            if values.len() > MAX_VALUES || self.0.len() >= MAX_PLACEHOLDERS {
                return skip(SkipReason::TooMany, "placeholders");
            }
            self.0.entry(name).or_insert(values);
        }
        Ok(())
    }

    /// `text` with every `%name%` replaced by each of its values; `\%` stands for a percent sign.
    pub(super) fn expand(&self, text: &str) -> Result<Vec<String>, Skip> {
        let mut found = vec![String::new()];
        let mut rest = text;
        while let Some(at) = rest.find('%') {
            let (before, from) = rest.split_at(at);
            let after = from.get(1..).unwrap_or("");
            if let Some(before) = before.strip_suffix('\\') {
                push(&mut found, before);
                push(&mut found, "%");
                rest = after;
                continue;
            }
            push(&mut found, before);
            let Some((name, after)) = after.split_once('%') else {
                push(&mut found, "%");
                rest = after;
                continue;
            };
            let values = match self.0.get(name) {
                Some(values) if !values.is_empty() => values,
                _ => return skip(SkipReason::Placeholder, format!("%{name}%")),
            };
            if found.len().saturating_mul(values.len()) > MAX_VALUES {
                return skip(SkipReason::TooMany, "placeholders in one value");
            }
            found = found
                .iter()
                .flat_map(|begun| values.iter().map(move |value| format!("{begun}{value}")))
                .collect();
            rest = after;
        }
        push(&mut found, rest);
        Ok(found)
    }
}

fn push(texts: &mut [String], more: &str) {
    for text in texts {
        text.push_str(more);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_become_values() {
        let mut placeholders = Placeholders::default();
        let map: Mapping =
            yaml_serde::from_str("Servers: [one, 'two*']\nAdmin: root\nNone: []").unwrap();
        placeholders.add(&map).unwrap();
        for (text, expected) in [
            ("plain", Ok(vec!["plain"])),
            ("%Admin%", Ok(vec!["root"])),
            ("x%Servers%y", Ok(vec!["xoney", "xtwo*y"])),
            ("%Servers%-%Admin%", Ok(vec!["one-root", "two*-root"])),
            (r"\%plain%Admin%", Ok(vec!["%plainroot"])),
            ("100%", Ok(vec!["100%"])),
            ("%Nobody%", Err("%Nobody%")),
            ("%None%", Err("%None%")),
        ] {
            let found = placeholders.expand(text);
            let expected = expected
                .map(|values| values.into_iter().map(str::to_owned).collect::<Vec<_>>())
                .map_err(|detail| (SkipReason::Placeholder, detail.to_owned()));
            assert_eq!(found, expected, "{text}");
        }
    }

    #[test]
    fn products_are_bounded() {
        let mut placeholders = Placeholders::default();
        let many: Vec<String> = (0..100).map(|n| n.to_string()).collect();
        let map: Mapping = yaml_serde::from_str(&format!("a: [{}]", many.join(","))).unwrap();
        placeholders.add(&map).unwrap();
        assert_eq!(placeholders.expand("%a%").unwrap().len(), 100);
        let refused = placeholders.expand("%a%%a%%a%").unwrap_err();
        assert_eq!(refused.0, SkipReason::TooMany);
    }
}
