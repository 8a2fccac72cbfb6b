//! What is remembered of one flow, and how it ended.

use larum_core::event::Action;
use larum_core::time::Timestamp;

use super::table::{Key, Wait};
use super::talk::Talk;
use crate::app;
use crate::community::End;

/// Letters of a flow's history, at most: each is written once for each side.
const MAX_HISTORY: usize = 16;

/// What a side has done, one bit each; the bit's place is that of its letter in [`LETTERS`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Done(u16);

/// The letters of a history: opening, its answer, acknowledgement, data, end, reset, data sent again,
/// a gap. Upper case for the client, as the tools of this field write them.
const LETTERS: &[u8; 8] = b"SHADFRTG";

impl Done {
    pub const SYN: Self = Self(1);
    pub const ANSWER: Self = Self(1 << 1);
    pub const ACK: Self = Self(1 << 2);
    pub const DATA: Self = Self(1 << 3);
    pub const FIN: Self = Self(1 << 4);
    pub const RESET: Self = Self(1 << 5);
    pub const AGAIN: Self = Self(1 << 6);
    pub const GAP: Self = Self(1 << 7);

    pub const fn has(self, other: Self) -> bool {
        self.0 & other.0 != 0
    }

    pub const fn with(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    const fn without(self, other: Self) -> Self {
        Self(self.0 & !other.0)
    }
}

/// One side's counts.
#[derive(Clone, Copy, Debug, Default)]
pub struct Way {
    /// Packets.
    pub packets: u64,
    /// Bytes on the wire, with all headers.
    pub bytes: u64,
    /// What it has done.
    pub done: Done,
    /// TCP: the number of the byte expected next.
    pub next: Option<u32>,
}

/// How a flow ended, or stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ending {
    /// Nobody answered the opening.
    NoAnswer,
    /// The opening was refused.
    Refused,
    /// A router or the host said that it cannot be reached.
    Unreachable,
    /// Both sides spoke; it went on when it was last seen.
    Established,
    /// Both sides spoke; it ended in the orderly way.
    Closed,
    /// Both sides spoke; one cut it.
    Reset,
    /// One side spoke, and nothing shows whether it was an opening.
    OneSided,
}

impl Ending {
    /// The word in an event's `action_raw`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::NoAnswer => "no-answer",
            Self::Refused => "refused",
            Self::Unreachable => "unreachable",
            Self::Established => "established",
            Self::Closed => "closed",
            Self::Reset => "reset",
            Self::OneSided => "one-sided",
        }
    }
}

/// A flow.
#[derive(Debug)]
pub struct Flow {
    pub key: Key,
    /// Whether the lower end is the client.
    pub client_is_low: bool,
    /// ICMP that is no question or answer.
    pub one_way: bool,
    pub unreachable: bool,
    /// Which way cut it: true for the server.
    pub reset_by_server: bool,
    pub first: Timestamp,
    pub last: Timestamp,
    pub client: Way,
    pub server: Way,
    history: [u8; MAX_HISTORY],
    history_length: u8,
    /// Bytes missing in the streams.
    pub lost: u64,
    pub app: Option<app::Protocol>,
    pub talk: Option<Box<Talk>>,
    /// Nothing more is to be learned from what is said.
    pub talk_over: bool,
    /// Its number among those that were listened to.
    pub talk_number: u32,
}

impl Flow {
    pub fn new(key: Key, client_is_low: bool, at: Timestamp) -> Self {
        Self {
            key,
            client_is_low,
            one_way: false,
            unreachable: false,
            reset_by_server: false,
            first: at,
            last: at,
            client: Way::default(),
            server: Way::default(),
            history: [0; MAX_HISTORY],
            history_length: 0,
            lost: 0,
            app: None,
            talk: None,
            talk_over: false,
            talk_number: 0,
        }
    }

    /// Client and server.
    pub const fn ends(&self) -> (End, End) {
        if self.client_is_low {
            (self.key.low, self.key.high)
        } else {
            (self.key.high, self.key.low)
        }
    }

    pub const fn way(&mut self, from_client: bool) -> &mut Way {
        if from_client {
            &mut self.client
        } else {
            &mut self.server
        }
    }

    /// Counts packets of one side.
    pub fn count(&mut self, from_client: bool, packets: u32, bytes: u64, at: Timestamp) {
        let way = self.way(from_client);
        way.packets = way.packets.saturating_add(packets.into());
        way.bytes = way.bytes.saturating_add(bytes);
        self.first = self.first.min(at);
        self.last = self.last.max(at);
    }

    /// Notes what one side did; what is new goes into the history.
    pub fn note(&mut self, from_client: bool, what: Done) {
        let way = self.way(from_client);
        let fresh = what.without(way.done);
        if fresh == Done::default() {
            return;
        }
        way.done = way.done.with(what);
        for (bit, letter) in LETTERS.iter().enumerate() {
            if fresh.0 >> bit & 1 == 0 {
                continue;
            }
            let letter = if from_client {
                *letter
            } else {
                letter.to_ascii_lowercase()
            };
            if let Some(room) = self.history.get_mut(usize::from(self.history_length)) {
                *room = letter;
                self.history_length += 1;
            }
        }
    }

    /// The history in letters.
    pub fn history(&self) -> &str {
        let written = self.history.get(..usize::from(self.history_length));
        written
            .and_then(|letters| std::str::from_utf8(letters).ok())
            .unwrap_or("")
    }

    /// Whether a TCP connection is over, so that an opening begins another.
    pub const fn is_over(&self) -> bool {
        let (client, server) = (self.client.done, self.server.done);
        client.has(Done::RESET)
            || server.has(Done::RESET)
            || (client.has(Done::FIN) && server.has(Done::FIN))
    }

    /// How long it may be silent.
    pub const fn wait(&self) -> Wait {
        match self.key.protocol {
            6 if self.is_over() => Wait::Closed,
            6 if self.server.packets == 0 || self.client.packets == 0 => Wait::Attempt,
            6 | 132 => Wait::Open,
            17 if self.server.packets == 0 => Wait::Unanswered,
            17 => Wait::Answered,
            _ => Wait::Other,
        }
    }

    /// How it ended.
    pub const fn ending(&self) -> Ending {
        let (client, server) = (self.client.done, self.server.done);
        let both = self.client.packets > 0 && self.server.packets > 0;
        if self.key.protocol != 6 {
            return match (both, self.unreachable) {
                (true, _) => Ending::Established,
                (_, true) => Ending::Unreachable,
                _ => Ending::NoAnswer,
            };
        }
        let answered = server.has(Done::ANSWER) || server.has(Done::DATA) || server.has(Done::ACK);
        if server.has(Done::RESET) && !answered && client.has(Done::SYN) {
            Ending::Refused
        } else if client.has(Done::RESET) || server.has(Done::RESET) {
            Ending::Reset
        } else if client.has(Done::FIN) || server.has(Done::FIN) {
            Ending::Closed
        } else if both {
            Ending::Established
        } else if self.unreachable {
            Ending::Unreachable
        } else if client.has(Done::SYN) && !client.has(Done::DATA) && !client.has(Done::ACK) {
            Ending::NoAnswer
        } else {
            Ending::OneSided
        }
    }

    /// What that means in the words all devices share.
    pub const fn action(&self) -> Option<Action> {
        match self.ending() {
            // A filter that says nothing, or nobody there: either way the caller heard nothing.
            Ending::NoAnswer if self.key.protocol == 6 => Some(Action::Drop),
            Ending::Refused | Ending::Unreachable => Some(Action::Deny),
            Ending::Established => Some(Action::Allow),
            Ending::Closed => Some(Action::Close),
            // Clients end with a reset every day, and so does who looks whether a port is open. A server
            // that cuts off before it has said anything refuses.
            Ending::Reset if self.reset_by_server && !self.server.done.has(Done::DATA) => {
                Some(Action::Reset)
            }
            Ending::Reset => Some(Action::Close),
            Ending::NoAnswer | Ending::OneSided => None,
        }
    }
}
