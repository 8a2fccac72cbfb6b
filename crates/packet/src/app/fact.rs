//! What a conversation said, and how an event tells it.

use std::net::IpAddr;

use larum_core::address::is_public;
use larum_core::event::{Event, Kind, Outcome};
use larum_core::time::Timestamp;

use super::Protocol;
use super::bytes::borrowed;
use super::dns::Dns;
use super::tls::Tls;

/// One thing a conversation said.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Fact {
    /// A web request and what became of it.
    Http(Http),
    /// The beginning of an encrypted conversation.
    Tls(Box<Tls>),
    /// A name looked up.
    Dns(Dns),
    /// A mail handed over.
    Mail(Mail),
    /// A log-in attempt.
    Login(Login),
    /// Which programs speak.
    Banner(Banner),
    /// What a device in the house calls itself.
    Device(Device),
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

/// A mail handed from one server to the next. Addresses and text are not told.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Mail {
    /// When it began.
    pub at: Timestamp,
    /// What the sending end calls itself.
    pub helo: String,
    /// How many recipients were asked for.
    pub recipients: u32,
    /// How many of them the server took.
    pub accepted: u32,
    /// Whether the server took the mail, where it said so.
    pub taken: Option<bool>,
}

/// Which programs speak, as they say themselves.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Banner {
    /// When the first of them spoke.
    pub at: Timestamp,
    /// What they speak.
    pub protocol: Protocol,
    /// The client's program.
    pub client: String,
    /// The server's program.
    pub server: String,
}

/// What a device in the house calls itself: for naming it to its owner, it never leaves the firm.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Device {
    /// When it said so.
    pub at: Timestamp,
    /// Its hardware address.
    pub mac: [u8; 6],
    /// The address it has or asks for.
    pub ip: Option<IpAddr>,
    /// Its name.
    pub name: String,
    /// What sort of device it says it is (DHCP's vendor class).
    pub class: String,
}

impl Fact {
    /// When it happened.
    #[must_use]
    pub const fn at(&self) -> Timestamp {
        match self {
            Self::Http(fact) => fact.at,
            Self::Tls(fact) => fact.at,
            Self::Dns(fact) => fact.at,
            Self::Mail(fact) => fact.at,
            Self::Login(fact) => fact.at,
            Self::Banner(fact) => fact.at,
            Self::Device(fact) => fact.at,
        }
    }

    /// What kind of event it is by itself; none for what only dresses the event of its flow (still
    /// filled in by [`Fact::fill`]).
    #[must_use]
    pub const fn kind(&self) -> Option<Kind> {
        match self {
            Self::Http(_) => Some(Kind::Http),
            Self::Tls(_) => Some(Kind::Tls),
            Self::Dns(_) => Some(Kind::Dns),
            Self::Mail(_) => Some(Kind::Mail),
            Self::Login(_) => Some(Kind::Auth),
            Self::Banner(_) | Self::Device(_) => None,
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
            Self::Dns(fact) => fact.fill(event),
            Self::Mail(fact) => fact.fill(event),
            Self::Login(fact) => fact.fill(event),
            Self::Banner(fact) => fact.fill(event),
            Self::Device(fact) => fact.fill(event),
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

const fn outcome_of(good: bool) -> Outcome {
    if good {
        Outcome::Success
    } else {
        Outcome::Failure
    }
}

impl Login {
    /// What is told once the answer came: a success where it is `good`.
    pub(super) fn ended(mut self, good: bool) -> Fact {
        self.outcome = Some(outcome_of(good));
        Fact::Login(self)
    }

    fn fill<'a>(&'a self, event: &mut Event<'a>) {
        event.app_proto = Some(self.protocol.as_str().into());
        event.user = borrowed(&self.user);
        event.outcome = self.outcome;
        event.action_raw = borrowed(&self.method);
    }
}

impl Mail {
    fn fill<'a>(&'a self, event: &mut Event<'a>) {
        event.app_proto = Some(Protocol::Smtp.as_str().into());
        event.src_host = borrowed(&self.helo);
        event.outcome = self.taken.map(outcome_of);
    }
}

impl Banner {
    /// Nothing said yet.
    pub(super) const fn new(protocol: Protocol) -> Self {
        Self {
            at: Timestamp::from_micros(0),
            protocol,
            client: String::new(),
            server: String::new(),
        }
    }

    /// The fact, where anything was said; it is told once.
    pub(super) fn told(&mut self) -> Option<Fact> {
        let told = std::mem::replace(self, Self::new(self.protocol));
        (!told.client.is_empty() || !told.server.is_empty()).then_some(Fact::Banner(told))
    }

    fn fill<'a>(&'a self, event: &mut Event<'a>) {
        event.app_proto = Some(self.protocol.as_str().into());
        event.user_agent = borrowed(&self.client);
    }
}

impl Device {
    fn fill<'a>(&'a self, event: &mut Event<'a>) {
        event.src_host = borrowed(&self.name);
        // The address it wants: what it sends from is mostly none yet. A public one is no firm's to give
        // out, and must not look like the firm's own outside.
        event.src_nat_ip = self.ip.filter(|ip| !is_public(*ip));
    }
}
