//! What is wrong with a configuration, said so that a person can mend it.

use larum_core::words::Words;

/// Why a configuration file cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// The file is missing, not readable, or not text.
    #[error("the configuration file cannot be read: {0}")]
    Unreadable(std::io::Error),
    /// The text has problems.
    #[error("the configuration has {} problem(s)", .0.len())]
    Wrong(Vec<Problem>),
}

/// One problem of a configuration file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// Line it is on, from 1.
    pub line: usize,
    /// What is wrong.
    pub kind: ProblemKind,
}

/// What is wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ProblemKind {
    /// Not TOML; the parser's own words.
    Syntax(String),
    /// A key that means nothing here.
    UnknownKey {
        /// As written, with its section.
        key: String,
        /// The known key that looks most like it.
        nearest: Option<&'static str>,
        /// All keys known in this section.
        known: Vec<&'static str>,
    },
    /// A key that must be there is not.
    Missing {
        /// With its section.
        key: String,
    },
    /// A value that cannot be used.
    Wrong {
        /// With its section.
        key: String,
        /// The value as written, shortened.
        found: String,
        /// What is allowed.
        expected: Expected,
    },
    /// A key that means nothing without another.
    Needs {
        /// With its section.
        key: String,
        /// The other, with its section.
        needed: String,
    },
    /// More entries than the limit.
    TooMany {
        /// The list or section.
        key: String,
        /// The limit.
        limit: usize,
    },
    /// The collector would receive nothing.
    NoInput,
}

/// What is allowed in a place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Expected {
    /// Any text.
    Text,
    /// `true` or `false`.
    YesNo,
    /// A whole number in a range.
    Number {
        /// Smallest.
        min: u64,
        /// Largest.
        max: u64,
    },
    /// One of these words.
    Word(&'static [&'static str]),
    /// An address and port.
    Address,
    /// The name or address of a proxy, and its port.
    Proxy,
    /// An address and port of this machine only, or `off`.
    Loopback,
    /// An address or network.
    Network,
    /// A zone name, or an offset from UTC.
    Zone,
    /// The key of who signs content packs.
    PackKey,
    /// The name of a network interface.
    Interface,
    /// A list.
    List,
    /// A section of its own.
    Section,
}

impl Problem {
    /// The problem in words for the person who wrote the file.
    #[must_use]
    pub fn say(&self, words: &Words) -> String {
        let said = match &self.kind {
            ProblemKind::Syntax(problem) => {
                words.say_with("config-syntax", &[("problem", problem.as_str().into())])
            }
            ProblemKind::UnknownKey {
                key,
                nearest: Some(nearest),
                ..
            } => words.say_with(
                "config-unknown-near",
                &[("key", key.as_str().into()), ("nearest", (*nearest).into())],
            ),
            ProblemKind::UnknownKey { key, known, .. } => words.say_with(
                "config-unknown",
                &[
                    ("key", key.as_str().into()),
                    ("known", known.join(", ").into()),
                ],
            ),
            ProblemKind::Missing { key } => {
                words.say_with("config-missing", &[("key", key.as_str().into())])
            }
            ProblemKind::Wrong {
                key,
                found,
                expected,
            } => words.say_with(
                "config-wrong",
                &[
                    ("key", key.as_str().into()),
                    ("found", found.as_str().into()),
                    ("allowed", expected.say(words).into()),
                ],
            ),
            ProblemKind::Needs { key, needed } => words.say_with(
                "config-needs",
                &[
                    ("key", key.as_str().into()),
                    ("needed", needed.as_str().into()),
                ],
            ),
            ProblemKind::TooMany { key, limit } => words.say_with(
                "config-too-many",
                &[("key", key.as_str().into()), ("limit", (*limit).into())],
            ),
            ProblemKind::NoInput => words.say("config-no-input"),
        };
        words.say_with(
            "config-line",
            &[
                ("line", self.line.to_string().into()),
                ("problem", said.into()),
            ],
        )
    }
}

impl Expected {
    fn say(self, words: &Words) -> String {
        match self {
            Self::Text => words.say("config-allowed-text"),
            Self::YesNo => words.say("config-allowed-yes-no"),
            Self::Number { min, max } => words.say_with(
                "config-allowed-number",
                &[
                    ("min", min.to_string().into()),
                    ("max", max.to_string().into()),
                ],
            ),
            Self::Word(allowed) => words.say_with(
                "config-allowed-word",
                &[("words", allowed.join(", ").into())],
            ),
            Self::Address => words.say("config-allowed-address"),
            Self::Proxy => words.say("config-allowed-proxy"),
            Self::Loopback => words.say("config-allowed-loopback"),
            Self::Network => words.say("config-allowed-network"),
            Self::Zone => words.say("config-allowed-zone"),
            Self::PackKey => words.say("config-allowed-pack-key"),
            Self::Interface => words.say("config-allowed-interface"),
            Self::List => words.say("config-allowed-list"),
            Self::Section => words.say("config-allowed-section"),
        }
    }
}
