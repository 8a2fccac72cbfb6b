//! What a conversation said, and how an event tells it.

use larum_core::event::{Event, Kind, Outcome};
use larum_core::time::Timestamp;

use super::Protocol;
use super::bytes::borrowed;
use super::tls::Tls;

/// One thing a conversation said.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Fact {
    /// A web request and what became of it.
    Http(Http),
    /// The beginning of an encrypted conversation.
    Tls(Box<Tls>),
    /// A log-in attempt.
    Login(Login),
}

/// A web request, its answer where one was seen.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Http {
    /// When the request began (or the answer, where the request was not seen).
    pub at: Timestamp,
    /// Method, as sent; empty where the request was not seen.
    pub method: String,
    /// Target as sent, cut at 4096 bytes.
    pub target: String,
    /// Whom it was meant for: the host of an absolute target, else the `Host` header; with its port.
    pub host: String,
    /// `User-Agent`.
    pub user_agent: String,
    /// Status of the answer.
    pub status: Option<u16>,
}

/// A log-in attempt, as far as the outside shows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Login {
    /// When it was tried.
    pub at: Timestamp,
    /// Where.
    pub protocol: Protocol,
    /// Account name. It never leaves the firm.
    pub user: String,
    /// How it ended, where the answer says so.
    pub outcome: Option<Outcome>,
    /// How it was tried, or what was answered.
    pub method: String,
}

impl Fact {
    /// When it happened.
    #[must_use]
    pub const fn at(&self) -> Timestamp {
        match self {
            Self::Http(fact) => fact.at,
            Self::Tls(fact) => fact.at,
            Self::Login(fact) => fact.at,
        }
    }

    /// What kind of event it is by itself; none for what only dresses the event of its flow (still
    /// filled in by [`Fact::fill`]).
    #[must_use]
    pub const fn kind(&self) -> Option<Kind> {
        match self {
            Self::Http(_) => Some(Kind::Http),
            Self::Tls(_) => Some(Kind::Tls),
            Self::Login(_) => Some(Kind::Auth),
        }
    }

    /// Writes what was said into the application fields of `event`; addresses, ports, counts and times
    /// are the flow's to fill.
    pub fn fill<'a>(&'a self, event: &mut Event<'a>) {
        if let Some(kind) = self.kind() {
            event.kind = kind;
        }
        match self {
            Self::Http(fact) => fact.fill(event),
            Self::Tls(fact) => fact.fill(event),
            Self::Login(fact) => fact.fill(event),
        }
    }
}

impl Http {
    fn fill<'a>(&'a self, event: &mut Event<'a>) {
        event.app_proto = Some(Protocol::Http.as_str().into());
        event.http_method = borrowed(&self.method);
        event.url = borrowed(&self.target);
        event.dst_host = borrowed(&self.host);
        event.user_agent = borrowed(&self.user_agent);
        event.http_status = self.status;
    }
}

impl Login {
    fn fill<'a>(&'a self, event: &mut Event<'a>) {
        event.app_proto = Some(self.protocol.as_str().into());
        event.user = borrowed(&self.user);
        event.outcome = self.outcome;
        event.action_raw = borrowed(&self.method);
    }
}
