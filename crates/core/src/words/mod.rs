//! Plain words for people, from the catalogues in `content/words/` (Project Fluent syntax).
//!
//! A catalogue is all files named `LANGUAGE.ftl` or `LANGUAGE-part.ftl`. Nothing said to a person
//! stands in code, so that a second language is a second set of files.

use std::borrow::Cow;

use fluent_bundle::concurrent::FluentBundle;
use fluent_bundle::{FluentArgs, FluentResource, FluentValue};
use unic_langid::LanguageIdentifier;

use crate::content;

/// Everything Larum can say in one language.
pub struct Words {
    bundle: FluentBundle<FluentResource>,
}

/// Why a catalogue cannot be used.
#[derive(Debug, PartialEq, Eq)]
pub enum CatalogueError {
    /// There is no catalogue of that language.
    NoSuchLanguage(String),
    /// A file does not follow Fluent's syntax, or says a message twice.
    Malformed {
        /// Name of the file, without ending.
        file: String,
        /// What is wrong.
        problem: String,
    },
}

impl std::fmt::Display for CatalogueError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::NoSuchLanguage(language) => {
                write!(f, "there are no words in language {language}")
            }
            Self::Malformed { file, problem } => write!(f, "content/words/{file}.ftl: {problem}"),
        }
    }
}

impl std::error::Error for CatalogueError {}

impl Words {
    /// The catalogue of `language` (`en`).
    ///
    /// # Errors
    /// When there is none, or a file of it is malformed.
    pub fn of(language: &str) -> Result<Self, CatalogueError> {
        let tag: LanguageIdentifier = language
            .parse()
            .map_err(|_| CatalogueError::NoSuchLanguage(language.to_owned()))?;
        let mut bundle = FluentBundle::new_concurrent(vec![tag]);
        // Isolation marks are for mixed writing directions; in plain text they are noise.
        bundle.set_use_isolating(false);
        let mut found = false;
        for (file, text) in content::WORDS {
            if file.split('-').next() != Some(language) {
                continue;
            }
            found = true;
            let malformed = |problem: String| CatalogueError::Malformed {
                file: (*file).to_owned(),
                problem,
            };
            let resource = FluentResource::try_new((*text).to_owned())
                .map_err(|(_, errors)| malformed(format!("{errors:?}")))?;
            bundle
                .add_resource(resource)
                .map_err(|errors| malformed(format!("{errors:?}")))?;
        }
        if found {
            Ok(Self { bundle })
        } else {
            Err(CatalogueError::NoSuchLanguage(language.to_owned()))
        }
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
        let Some(pattern) = self
            .bundle
            .get_message(id)
            .and_then(|message| message.value())
        else {
            return format!("«{id}»");
        };
        let mut values = FluentArgs::with_capacity(args.len());
        for (name, value) in args {
            values.set(*name, value.clone());
        }
        let mut errors = Vec::new();
        self.bundle
            .format_pattern(pattern, Some(&values), &mut errors)
            .into_owned()
    }

    /// Whether the catalogue has the message `id`.
    #[must_use]
    pub fn has(&self, id: &str) -> bool {
        self.bundle.has_message(id)
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
