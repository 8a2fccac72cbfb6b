//! Names looked up (RFC 1035), over datagrams and streams; multicast DNS (RFC 6762), LLMNR (RFC 4795)
//! and `NetBIOS` names (RFC 1002) are read alike and kept apart by their protocol.

mod message;
mod names;

use std::collections::VecDeque;

use larum_core::event::Event;
use larum_core::time::Timestamp;

use self::message::read;
use super::bytes::borrowed;
use super::{Carrier, Fact, Protocol, Reader, Seen, Side, Step};

/// The most questions awaiting an answer; the oldest is told without one when there are more.
const PENDING: usize = 32;

/// One name looked up, and what became of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Dns {
    /// When it was asked (or answered, where the question was not seen).
    pub at: Timestamp,
    /// DNS itself, or one of its kin that stay in the house.
    pub protocol: Protocol,
    /// Name as sent, without the last dot; `.` for the root.
    pub query: String,
    /// Record type, by its number.
    pub record_type: u16,
    /// Answer code, by its number, where it was answered.
    pub rcode: Option<u8>,
    /// How many records answered.
    pub answers: u16,
}

impl Dns {
    pub(super) fn fill<'a>(&'a self, event: &mut Event<'a>) {
        event.app_proto = Some(self.protocol.as_str().into());
        event.dns_query = borrowed(&self.query);
        event.dns_type = Some(names::record_type(self.record_type));
        event.dns_rcode = self.rcode.map(names::rcode);
    }
}

/// Reads one conversation of questions and answers.
pub(super) struct DnsReader {
    protocol: Protocol,
    carrier: Carrier,
    pending: VecDeque<(u16, Dns)>,
    client: Stream,
    server: Stream,
}

/// The messages of one side of a stream: at most what a length of two bytes can say, 64 KiB.
#[derive(Default)]
struct Stream {
    part: Vec<u8>,
    lost: bool,
}

impl DnsReader {
    pub fn new(protocol: Protocol, carrier: Carrier) -> Self {
        Self {
            protocol,
            carrier,
            pending: VecDeque::new(),
            client: Stream::default(),
            server: Stream::default(),
        }
    }

    fn message(&mut self, seen: Seen, bytes: &[u8], out: &mut Vec<Fact>) {
        let Some(message) = read(bytes, self.protocol) else {
            return;
        };
        let dns = |query: String, record_type: u16| Dns {
            at: seen.at,
            protocol: self.protocol,
            query,
            record_type,
            rcode: None,
            answers: 0,
        };
        if !message.answer {
            for (query, record_type) in message.questions {
                if self.pending.len() >= PENDING
                    && let Some((_, oldest)) = self.pending.pop_front()
                {
                    out.push(Fact::Dns(oldest));
                }
                let asked = dns(query, record_type);
                match (self.protocol, self.carrier) {
                    // Answers to many come from many: nobody waits for one.
                    (Protocol::Mdns | Protocol::Llmnr, Carrier::Datagram) => {
                        out.push(Fact::Dns(asked))
                    }
                    _ => self.pending.push_back((message.id, asked)),
                }
            }
            return;
        }
        let mut waiting = self.pending.iter();
        let place = waiting.position(|(id, asked)| {
            *id == message.id
                && message
                    .questions
                    .first()
                    .is_none_or(|(name, _)| name.eq_ignore_ascii_case(&asked.query))
        });
        let asked = place
            .and_then(|place| self.pending.remove(place))
            .map(|(_, asked)| asked);
        if self.pending.is_empty() {
            // A conversation is one question most often, and remembered for minutes.
            self.pending = VecDeque::new();
        }
        let first = message.questions.into_iter().next();
        if let Some(mut told) = asked.or_else(|| first.map(|(query, kind)| dns(query, kind))) {
            told.rcode = Some(message.rcode);
            told.answers = message.answers;
            out.push(Fact::Dns(told));
        }
    }
}

impl Reader for DnsReader {
    fn data(&mut self, seen: Seen, bytes: &[u8], out: &mut Vec<Fact>) -> Step {
        if self.carrier == Carrier::Datagram {
            self.message(seen, bytes, out);
            return Step::Go;
        }
        let mut rest = bytes;
        loop {
            let stream = match seen.side {
                Side::Client => &mut self.client,
                Side::Server => &mut self.server,
            };
            if stream.lost {
                return Step::Go;
            }
            let Some(message) = stream.next(&mut rest) else {
                return Step::Go;
            };
            self.message(seen, &message, out);
        }
    }

    fn gap(&mut self, side: Side, _lost: u64) {
        match side {
            Side::Client => {
                self.client = Stream {
                    lost: true,
                    part: Vec::new(),
                }
            }
            Side::Server => {
                self.server = Stream {
                    lost: true,
                    part: Vec::new(),
                }
            }
        }
    }

    fn end(&mut self, _at: Timestamp, out: &mut Vec<Fact>) {
        out.extend(self.pending.drain(..).map(|(_, dns)| Fact::Dns(dns)));
    }

    fn wants(&self, side: Side) -> bool {
        match side {
            Side::Client => !self.client.lost,
            Side::Server => !self.server.lost,
        }
    }
}

impl Stream {
    /// The next whole message.
    fn next(&mut self, rest: &mut &[u8]) -> Option<Vec<u8>> {
        while !rest.is_empty() {
            let wanted = match *self.part.as_slice() {
                [high, low, ..] => usize::from(u16::from_be_bytes([high, low])).saturating_add(2),
                _ => 2,
            };
            let step = wanted.saturating_sub(self.part.len()).min(rest.len());
            let (now, after) = rest.split_at_checked(step)?;
            let headed = self.part.len() >= 2;
            self.part.extend_from_slice(now);
            *rest = after;
            if headed && self.part.len() == wanted {
                let message = self.part.split_off(2);
                self.part.clear();
                return Some(message);
            }
        }
        None
    }
}
