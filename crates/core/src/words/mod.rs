//! Plain words for people, from the catalogues in `content/words/` (Project Fluent syntax).
//!
//! A catalogue is all files named `LANGUAGE.ftl` or `LANGUAGE-part.ftl`. Nothing said to a person
//! stands in code, so that a second language is a second set of files.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use fluent_bundle::concurrent::FluentBundle;
use fluent_bundle::{FluentArgs, FluentResource, FluentValue};
use unic_langid::LanguageIdentifier;

use crate::content;

/// So many messages that were said are kept ready to be said again, some 2 kB each: a collector in the midst of an
/// attack says the same few thousands of times.
const READY: usize = 128;

/// A message that was read: a bundle that holds it alone.
type Sentence = FluentBundle<FluentResource>;

/// Everything Larum can say in one language.
///
/// A catalogue read into a tree takes over a megabyte, in a collector that may not say one of its
/// sentences for weeks. So only the place of each message is kept, and a message is read when it is said.
/// Messages therefore cannot refer to each other; a test reads all of them.
pub struct Words {
    tag: LanguageIdentifier,
    language: String,
    /// Id and text of each message, by id, once something was said. The text begins behind the equals sign.
    messages: OnceLock<Vec<(&'static str, &'static str)>>,
    /// What was said lately, by its text.
    ready: Mutex<BTreeMap<&'static str, Arc<Sentence>>>,
}

/// Why a catalogue cannot be used.
#[derive(Debug, PartialEq, Eq)]
pub enum CatalogueError {
    /// There is no catalogue of that language.
    NoSuchLanguage(String),
}

impl std::fmt::Display for CatalogueError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::NoSuchLanguage(language) => {
                write!(f, "there are no words in language {language}")
            }
        }
    }
}

impl std::error::Error for CatalogueError {}

impl Words {
    /// The catalogue of `language` (`en`).
    ///
    /// # Errors
    /// When there is none.
    pub fn of(language: &str) -> Result<Self, CatalogueError> {
        let none = || CatalogueError::NoSuchLanguage(language.to_owned());
        let tag: LanguageIdentifier = language.parse().map_err(|_| none())?;
        if files_of(language).next().is_none() {
            return Err(none());
        }
        Ok(Self {
            tag,
            language: language.to_owned(),
            messages: OnceLock::new(),
            ready: Mutex::default(),
        })
    }

    fn messages(&self) -> &[(&'static str, &'static str)] {
        self.messages.get_or_init(|| {
            let mut messages: Vec<_> = files_of(&self.language).flat_map(Messages).collect();
            messages.sort_unstable_by_key(|(id, _)| *id);
            messages.shrink_to_fit();
            messages
        })
    }

    /// The message `id`, without arguments.
    #[must_use]
    pub fn say(&self, id: &str) -> String {
        self.say_with(id, &[])
    }

    /// The message `id` with its arguments; numbers choose plural forms. A message that is missing
    /// shows as its id in double angle brackets, which a test finds.
    #[must_use]
    pub fn say_with(&self, id: &str, args: &[(&str, Argument<'_>)]) -> String {
        let Some(text) = self.text(id) else {
            return format!("«{id}»");
        };
        // Most messages are one line without anything to put in.
        if !text.contains(['{', '\n']) {
            return text.trim_matches(' ').to_owned();
        }
        self.read(text, args).unwrap_or_else(|| format!("«{id}»"))
    }

    /// Whether the catalogue has the message `id`.
    #[must_use]
    pub fn has(&self, id: &str) -> bool {
        self.text(id).is_some()
    }

    fn text(&self, id: &str) -> Option<&'static str> {
        let messages = self.messages();
        let at = messages.binary_search_by_key(&id, |(id, _)| id);
        at.ok()
            .and_then(|at| messages.get(at))
            .map(|(_, text)| *text)
    }

    /// Puts the arguments into a message's text.
    fn read(&self, text: &'static str, args: &[(&str, Argument<'_>)]) -> Option<String> {
        let sentence = self.sentence(text)?;
        let mut values = FluentArgs::with_capacity(args.len());
        for (name, value) in args {
            values.set(*name, value.clone());
        }
        let pattern = sentence.get_message(SAID)?.value()?;
        let said = sentence.format_pattern(pattern, Some(&values), &mut Vec::new());
        Some(said.into_owned())
    }

    /// A message's text, read; from what is kept ready where it was said lately.
    fn sentence(&self, text: &'static str) -> Option<Arc<Sentence>> {
        let ready = || self.ready.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(sentence) = ready().get(text) {
            return Some(Arc::clone(sentence));
        }
        let mut bundle = FluentBundle::new_concurrent(vec![self.tag.clone()]);
        // Isolation marks are for mixed writing directions; in plain text they are noise.
        bundle.set_use_isolating(false);
        let message = FluentResource::try_new(format!("{SAID} ={text}\n")).ok()?;
        bundle.add_resource(message).ok()?;
        let sentence = Arc::new(bundle);
        let mut ready = ready();
        if ready.len() >= READY {
            ready.clear();
        }
        ready.insert(text, Arc::clone(&sentence));
        Some(sentence)
    }
}

/// The texts of a language's catalogue.
fn files_of(language: &str) -> impl Iterator<Item = &'static str> {
    content::WORDS
        .iter()
        .filter(move |(file, _)| file.split('-').next() == Some(language))
        .map(|(_, text)| *text)
}

/// What a message is called while it is read.
const SAID: &str = "said";

/// The messages of a catalogue's text: id, and what stands behind the equals sign, to its last line. A
/// message begins with a letter at the beginning of a line; comments and empty lines end it.
struct Messages(&'static str);

impl Iterator for Messages {
    type Item = (&'static str, &'static str);

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            let begins = self
                .0
                .starts_with(|first: char| first.is_ascii_alphabetic());
            let mut end = 0;
            for (number, line) in self.0.split_inclusive('\n').enumerate() {
                let is_next =
                    line.starts_with(|first: char| first.is_ascii_alphabetic() || first == '#');
                if number > 0 && (is_next || !begins) {
                    break;
                }
                end += line.len();
            }
            let (message, rest) = self.0.split_at_checked(end)?;
            if message.is_empty() {
                return None;
            }
            self.0 = rest;
            if begins && let Some((id, text)) = message.split_once('=') {
                return Some((id.trim_end(), text.trim_end()));
            }
        }
    }
}

/// A value put into a message.
#[derive(Clone, Debug)]
pub enum Argument<'a> {
    /// Text, inserted as it is.
    Text(Cow<'a, str>),
    /// A number, shown with thousands separators left to the caller, choosing plural forms.
    Number(f64),
}

impl<'a> From<&'a str> for Argument<'a> {
    fn from(text: &'a str) -> Self {
        Self::Text(Cow::Borrowed(text))
    }
}

impl From<String> for Argument<'_> {
    fn from(text: String) -> Self {
        Self::Text(Cow::Owned(text))
    }
}

impl From<u32> for Argument<'_> {
    fn from(number: u32) -> Self {
        Self::Number(f64::from(number))
    }
}

impl From<u64> for Argument<'_> {
    /// Exact up to 2^53; beyond that the shown digits round.
    fn from(number: u64) -> Self {
        let high = u32::try_from(number >> 32).unwrap_or(u32::MAX);
        let low = u32::try_from(number & 0xFFFF_FFFF).unwrap_or(u32::MAX);
        Self::Number(f64::from(high) * 4_294_967_296.0 + f64::from(low))
    }
}

impl From<usize> for Argument<'_> {
    fn from(number: usize) -> Self {
        Self::from(u64::try_from(number).unwrap_or(u64::MAX))
    }
}

impl<'a> From<Argument<'a>> for FluentValue<'a> {
    fn from(argument: Argument<'a>) -> Self {
        match argument {
            Argument::Text(text) => FluentValue::String(text),
            Argument::Number(number) => FluentValue::from(number),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What Fluent makes of whole catalogues, text by text: the same messages, each said the same.
    #[test]
    fn messages_are_found_and_read_as_fluent_reads_whole_catalogues() {
        let words = Words::of("en").unwrap();
        let mut whole = FluentBundle::new_concurrent(vec!["en".parse().unwrap()]);
        whole.set_use_isolating(false);
        let mut count = 0;
        for (file, text) in content::WORDS {
            let resource = FluentResource::try_new((*text).to_owned())
                .map_err(|(_, errors)| format!("content/words/{file}.ftl: {errors:?}"))
                .unwrap();
            count += resource.entries().count();
            // Also fails when a message is said twice.
            whole.add_resource(resource).unwrap();
        }
        assert_eq!(words.messages().len(), count, "messages only, no terms");
        for (id, _) in words.messages() {
            let message = whole.get_message(id).unwrap();
            assert_eq!(message.attributes().count(), 0, "{id}");
            let pattern = message.value().unwrap();
            for number in [0_u32, 1, 2, 7] {
                let names = ["count", "members", "seconds", "minutes", "level", "device"];
                let args = names.map(|name| (name, Argument::from(number)));
                let mut values = FluentArgs::new();
                for (name, value) in &args {
                    values.set(*name, value.clone());
                }
                let expected = whole.format_pattern(pattern, Some(&values), &mut Vec::new());
                assert_eq!(words.say_with(id, &args), expected, "{id}");
            }
        }
    }

    #[test]
    fn what_is_kept_ready_is_bounded_and_takes_other_arguments() {
        let words = Words::of("en").unwrap();
        let ready = || words.ready.lock().unwrap().len();
        assert_eq!(ready(), 0, "nothing was said");
        for level in ["high", "low"] {
            assert_eq!(
                words.say_with("severity", &[("level", level.into())]),
                level
            );
        }
        assert_eq!(ready(), 1);
        let mut most = 0;
        for (id, _) in words.messages() {
            drop(words.say(id));
            most = most.max(ready());
        }
        assert_eq!(most, READY);
    }

    #[test]
    fn english_speaks_and_a_missing_message_is_visible() {
        let words = Words::of("en").unwrap();
        assert_eq!(words.say("product"), "Larum");
        assert_eq!(
            words.say_with("severity", &[("level", "high".into())]),
            "high"
        );
        assert_eq!(words.say("no-such-message"), "«no-such-message»");
        assert_eq!(
            Words::of("xx").err(),
            Some(CatalogueError::NoSuchLanguage("xx".into()))
        );
    }
}
