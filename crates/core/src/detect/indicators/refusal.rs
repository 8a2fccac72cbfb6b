//! Why an entry of a list is not taken, and what became of a list.

/// How many bad lines of a list are named; the others are counted.
pub const MAX_MENTIONS: usize = 3;
/// Longest piece of a bad line that is repeated, in characters.
const MAX_SHOWN_CHARS: usize = 60;

macro_rules! refusals {
    ($($(#[$doc:meta])* $name:ident = $code:literal,)*) => {
        /// Why an entry of a list is not taken: the word in the log and on the page.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
        pub enum Refusal {
            $($(#[$doc])* $name,)*
        }

        impl Refusal {
            /// Every reason.
            pub const ALL: [Self; [$($code),*].len()] = [$(Self::$name),*];

            /// The stable code.
            #[must_use]
            pub const fn code(self) -> &'static str {
                match self {
                    $(Self::$name => $code,)*
                }
            }
        }
    };
}

refusals! {
    /// The line or value is no address, network, name, web address or fingerprint.
    Unreadable = "unreadable",
    /// The line or value is longer than is looked at.
    TooLong = "too-long",
    /// A date of it is none, or it ends before it begins: it cannot be known when it holds.
    Date = "date",
    /// The file breaks off or breaks its own rules; what follows is not read.
    Broken = "broken",
    /// An address that is not on the internet.
    Private = "private",
    /// On the never-match list, or so wide that it would match what is on it.
    Never = "never-match",
    /// One of the firm's own addresses.
    Own = "own",
    /// A network too wide to be one attacker's.
    TooWide = "too-wide",
    /// Of a kind that no log we read holds: file hashes, mail addresses, processes.
    NotInLogs = "not-in-logs",
    /// A path without a host: it would match honest websites.
    NoHost = "no-host",
    /// A pattern that needs several things at once, or the absence of one.
    Combined = "combined",
    /// A pattern in another language than STIX.
    Language = "language",
    /// Its validity had ended when the list was read.
    Expired = "expired",
    /// Withdrawn by whoever published it.
    Revoked = "revoked",
    /// Marked as background, not for detection (MISP `to_ids`).
    Background = "background",
    /// An object that is no indicator: a report, a malware, a relationship.
    OtherObject = "other-object",
    /// The file is a MISP warning list: names what must not be matched.
    WarningList = "warning-list",
    /// There is no more room ([`super::MAX_ENTRIES`], [`super::MAX_NETWORKS`]).
    Full = "full",
}

impl Refusal {
    /// Whether the list is wrong there, so that somebody may want to mend it.
    #[must_use]
    pub const fn is_mistake(self) -> bool {
        matches!(
            self,
            Self::Unreadable | Self::TooLong | Self::Date | Self::Broken
        )
    }

    fn place(self) -> usize {
        Self::ALL.iter().position(|one| *one == self).unwrap_or(0)
    }
}

/// What an entry is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum EntryKind {
    /// An address, with or without port.
    Address,
    /// A network or range of addresses.
    Network,
    /// A domain name, with its subdomains.
    Name,
    /// A web address.
    Url,
    /// A TLS fingerprint (JA3, JA4).
    Fingerprint,
}

impl EntryKind {
    /// Every kind.
    pub const ALL: [Self; 5] = [
        Self::Address,
        Self::Network,
        Self::Name,
        Self::Url,
        Self::Fingerprint,
    ];

    /// The stable code.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Address => "addresses",
            Self::Network => "networks",
            Self::Name => "names",
            Self::Url => "urls",
            Self::Fingerprint => "fingerprints",
        }
    }

    fn place(self) -> usize {
        Self::ALL.iter().position(|one| *one == self).unwrap_or(0)
    }
}

/// A bad entry that is named.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mention {
    /// What is wrong.
    pub reason: Refusal,
    /// In which file of a list that is a folder; empty for a single file.
    pub file: String,
    /// Line, from 1.
    pub line: u64,
    /// The beginning of what stands there, without control characters.
    pub text: String,
}

/// What became of one list.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ListReport {
    /// The list's name.
    pub name: String,
    taken: [usize; EntryKind::ALL.len()],
    refused: [usize; Refusal::ALL.len()],
    /// The first mistakes, at most [`MAX_MENTIONS`].
    pub first: Vec<Mention>,
}

impl ListReport {
    pub(super) fn new(name: &str) -> Self {
        Self {
            name: name.to_owned(),
            ..Self::default()
        }
    }

    pub(super) fn take(&mut self, kind: EntryKind) {
        if let Some(count) = self.taken.get_mut(kind.place()) {
            *count = count.saturating_add(1);
        }
    }

    pub(super) fn refuse(&mut self, reason: Refusal, file: &str, line: u64, text: &str) {
        if let Some(count) = self.refused.get_mut(reason.place()) {
            *count = count.saturating_add(1);
        }
        if reason.is_mistake() && self.first.len() < MAX_MENTIONS {
            self.first.push(Mention {
                reason,
                file: file.to_owned(),
                line,
                text: shown(text),
            });
        }
    }

    /// Entries taken of one kind.
    #[must_use]
    pub fn taken_of(&self, kind: EntryKind) -> usize {
        self.taken.get(kind.place()).copied().unwrap_or(0)
    }

    /// Entries taken.
    #[must_use]
    pub fn taken(&self) -> usize {
        self.taken.iter().sum()
    }

    /// Entries refused for `reason`.
    #[must_use]
    pub fn refused_for(&self, reason: Refusal) -> usize {
        self.refused.get(reason.place()).copied().unwrap_or(0)
    }

    /// Entries refused.
    #[must_use]
    pub fn refused(&self) -> usize {
        self.refused.iter().sum()
    }
}

fn shown(text: &str) -> String {
    let clean = text.trim().chars().filter(|char| !char.is_control());
    let mut shown: String = clean.take(MAX_SHOWN_CHARS).collect();
    if text.chars().nth(MAX_SHOWN_CHARS).is_some() {
        shown.push('…');
    }
    shown
}
