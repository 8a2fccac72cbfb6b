//! Why a record became no event: one reason is the error, the log field, the metric label and the
//! word on the page.

use std::fmt;

/// Why a record is no [`Event`](crate::event::Event).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Reject {
    /// Nothing but white space or NULs.
    Empty,
    /// Longer than the record limit; the part beyond it was cut off before parsing.
    TooLong,
    /// Not text: most bytes are control characters or not UTF-8.
    NotText,
    /// No format recognised it.
    UnknownFormat,
    /// A format recognised it, but a field that it must have was missing or unreadable.
    FieldUnreadable,
    /// A format recognised it as a message it deliberately does not turn into an event.
    NotOfInterest,
    /// Parsing it crashed the process twice; it was set aside.
    Poisonous,
}

impl Reject {
    /// Every reason, in the order used on pages and in metrics.
    pub const ALL: [Self; 7] = [
        Self::Empty,
        Self::TooLong,
        Self::NotText,
        Self::UnknownFormat,
        Self::FieldUnreadable,
        Self::NotOfInterest,
        Self::Poisonous,
    ];

    /// Whether a format may be missing or too narrow: the record is text, and nothing says that it is of
    /// no interest.
    #[must_use]
    pub const fn is_unread(self) -> bool {
        matches!(self, Self::UnknownFormat | Self::FieldUnreadable)
    }

    /// The stable code used in `--json`, metrics and the status sum.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Empty => "empty",
            Self::TooLong => "too-long",
            Self::NotText => "not-text",
            Self::UnknownFormat => "unknown-format",
            Self::FieldUnreadable => "field-unreadable",
            Self::NotOfInterest => "not-of-interest",
            Self::Poisonous => "poisonous",
        }
    }
}

impl fmt::Display for Reject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}
