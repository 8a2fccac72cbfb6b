//! What the bytes of a conversation say about it: who it asked for, what was answered, whether a log-in
//! succeeded. Recognised by content, never by port, and never kept.
//!
//! A [`Session`] is one conversation. Whoever reassembles it hands over the bytes as they come and gets
//! [`Fact`]s back. What a session remembers is bounded: [`LOOK_BYTES`] for each side while the protocol
//! is not known, then what each reader states as its own limit.

mod bytes;
mod dns;
mod dtls;
mod fact;
mod framed;
mod http;
mod lines;
mod look;
mod protocol;
mod quic;
mod recognise;
mod recognise_datagram;
mod recognise_text;
mod session;
mod ssh;
mod text;
mod tls;

pub use dns::Dns;
pub use fact::{Banner, Device, Fact, Http, Login, Mail};
pub use protocol::Protocol;
pub use session::{LOOK_BYTES, LOOK_DATAGRAMS, NESTED, Session};
pub use tls::{Carried, Tls};

use larum_core::time::Timestamp;

/// Which end of a conversation sent the bytes. The client is the one who opened it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Side {
    /// The end that opened the conversation.
    Client,
    /// The end that was called.
    Server,
}

impl Side {
    /// The other end.
    #[must_use]
    pub const fn other(self) -> Self {
        match self {
            Self::Client => Self::Server,
            Self::Server => Self::Client,
        }
    }
}

/// Whether the bytes come as a stream in order or as datagrams.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Carrier {
    /// TCP: each call brings the next bytes, cut anywhere.
    Stream,
    /// UDP: each call brings one whole datagram.
    Datagram,
}

/// When and from whom some bytes came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Seen {
    /// When the packet was captured.
    pub at: Timestamp,
    /// Who sent it.
    pub side: Side,
}

/// What a reader says after some bytes.
enum Step {
    /// It goes on.
    Go,
    /// From this byte on another protocol begins (TLS after STARTTLS, anything after CONNECT).
    Inner(usize),
}

/// One protocol's reader: bounded state, any bytes in, no panic, time linear in the bytes.
trait Reader: Send {
    /// The next bytes of one side (of a datagram carrier: one whole datagram).
    fn data(&mut self, seen: Seen, bytes: &[u8], out: &mut Vec<Fact>) -> Step;
    /// `lost` bytes of `side` are missing here.
    fn gap(&mut self, side: Side, lost: u64);
    /// Nothing more comes: say what was held back.
    fn end(&mut self, at: Timestamp, out: &mut Vec<Fact>);
    /// Whether more bytes of `side` could tell anything.
    fn wants(&self, side: Side) -> bool;
}
