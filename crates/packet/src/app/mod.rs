//! What the bytes of a conversation say about it: who it asked for, what was answered, whether a log-in
//! succeeded. Recognised by content, never by port, and never kept.

use larum_core::time::Timestamp;

/// Which end of a conversation sent the bytes. The client is the one who opened it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Side {
    /// The end that opened the conversation.
    Client,
    /// The end that was called.
    Server,
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
