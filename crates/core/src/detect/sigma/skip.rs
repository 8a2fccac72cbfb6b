//! Why a rule does not run here: one reason is the error, the log field and the word on the page.

use std::fmt;

use crate::event::words;

words! {
    /// Why a document of a rule file was left out. The word a person reads is `rule-skip-CODE` in the
    /// catalogue.
    SkipReason {
        /// The file is longer than [`super::MAX_FILE_BYTES`].
        TooLarge = "too-large",
        /// More rules, values or alternatives than the engine takes.
        TooMany = "too-many",
        /// Not YAML, or nested too deeply.
        NotYaml = "not-yaml",
        /// No `title`, no `logsource` or no `detection`.
        Incomplete = "incomplete",
        /// Another rule with the same id was loaded before.
        DuplicateId = "duplicate-id",
        /// The author marked it deprecated or unsupported.
        Deprecated = "deprecated",
        /// The log source is one that no device sends here.
        LogSource = "log-source",
        /// It asks for a field that events do not have.
        Field = "field",
        /// It uses a modifier that the engine does not know, or two that exclude each other.
        Modifier = "modifier",
        /// It needs a list that the site has not filled in (`expand`, see [`super::placeholder`]).
        Placeholder = "placeholder",
        /// A value does not fit its modifier, such as a network that is none.
        Value = "value",
        /// A regular expression that cannot run in linear time, or is malformed or too big.
        Regex = "regex",
        /// The condition is malformed or names a selection that is not there.
        Condition = "condition",
        /// It counts in the way of the first Sigma (`| count() by`) and leaves out the time span, or
        /// uses a function that was never defined (`near`).
        Aggregation = "aggregation",
        /// A correlation that is malformed, or counts in a way that the engine does not know.
        Correlation = "correlation",
        /// A filter document that is malformed.
        Filter = "filter",
        /// A correlation or filter names a rule that is not there, or that does not apply here.
        Reference = "reference",
    }
}

impl SkipReason {
    /// Whether the document is wrong in itself, rather than meant for other logs, other details or
    /// other times.
    #[must_use]
    pub const fn is_fault(self) -> bool {
        !matches!(
            self,
            Self::LogSource | Self::Field | Self::Deprecated | Self::DuplicateId
        )
    }
}

/// A document of a rule file that was left out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Skipped {
    /// File it stood in, as named by the caller.
    pub file: String,
    /// Its id, else its name; empty when it has neither.
    pub id: String,
    /// Its title, or empty when it has none.
    pub title: String,
    /// How bad a match would be, in the author's word; empty when not said.
    pub level: String,
    /// Why.
    pub reason: SkipReason,
    /// What exactly: the name of the field, modifier or log source, or the parser's words.
    pub detail: String,
}

impl fmt::Display for Skipped {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {:?}: {}", self.file, self.title, self.reason)?;
        if self.detail.is_empty() {
            Ok(())
        } else {
            write!(f, " ({})", self.detail)
        }
    }
}

/// A reason with its detail, before the file and title are known.
pub(super) type Skip = (SkipReason, String);

/// Shorthand for a failed step.
pub(super) fn skip<T>(reason: SkipReason, detail: impl Into<String>) -> Result<T, Skip> {
    Err((reason, detail.into()))
}
