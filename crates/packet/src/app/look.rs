//! What is kept of a stream while its protocol is not known, and the judgement over both sides.

use super::session::LOOK_BYTES;
use super::{Protocol, Seen, Side, recognise};

/// What some first bytes may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// This protocol.
    Is(Protocol),
    /// More bytes are needed.
    Maybe,
    /// Nothing known.
    Not,
}

/// The first bytes of both sides and the order in which they came.
#[derive(Default)]
pub(super) struct Look {
    client: Half,
    server: Half,
    order: Vec<(Seen, usize)>,
}

#[derive(Default)]
struct Half {
    bytes: Vec<u8>,
    given_up: bool,
    /// Bytes that came and were not kept.
    lost: u64,
}

impl Look {
    /// The judgement on the very first bytes, before anything is kept.
    pub fn first(side: Side, bytes: &[u8], server_port: u16) -> Verdict {
        match side {
            Side::Client => recognise::client(bytes, &[], server_port),
            Side::Server => recognise::server(bytes, &[], server_port),
        }
    }

    /// Keeps the next bytes, up to the limit of their side.
    pub fn keep(&mut self, seen: Seen, bytes: &[u8]) {
        let half = match seen.side {
            Side::Client => &mut self.client,
            Side::Server => &mut self.server,
        };
        if half.given_up {
            half.lost = half.lost.saturating_add(bytes.len() as u64);
            return;
        }
        let room = LOOK_BYTES.saturating_sub(half.bytes.len());
        let kept = bytes.get(..room).unwrap_or(bytes);
        half.bytes.extend_from_slice(kept);
        // What does not fit would be a hole in the replay.
        half.given_up = kept.len() < bytes.len();
        half.lost = bytes.len().saturating_sub(kept.len()) as u64;
        match self.order.last_mut() {
            Some((last, length)) if last.side == seen.side => *length += kept.len(),
            _ => self.order.push((seen, kept.len())),
        }
    }

    /// The judgement on all that was kept.
    pub fn judge(&self, server_port: u16) -> Verdict {
        let (client, server) = (&self.client.bytes, &self.server.bytes);
        let of_client = match client.is_empty() {
            true if self.client.given_up => Verdict::Not,
            true => Verdict::Maybe,
            false => recognise::client(client, server, server_port),
        };
        let of_server = match server.is_empty() {
            true if self.server.given_up => Verdict::Not,
            true => Verdict::Maybe,
            false => recognise::server(server, client, server_port),
        };
        match (of_client, of_server) {
            (Verdict::Is(protocol), _) | (_, Verdict::Is(protocol)) => Verdict::Is(protocol),
            (Verdict::Not, Verdict::Not) => Verdict::Not,
            _ if self.client.given_up && self.server.given_up => Verdict::Not,
            _ => Verdict::Maybe,
        }
    }

    /// The best guess when nothing more comes.
    pub fn at_the_end(&self, server_port: u16) -> Option<Protocol> {
        recognise::at_the_end(&self.client.bytes, &self.server.bytes, server_port)
    }

    /// No more bytes of this side are of use.
    pub fn give_up(&mut self, side: Side) {
        match side {
            Side::Client => self.client.given_up = true,
            Side::Server => self.server.given_up = true,
        }
    }

    /// What is missing after what was kept of a side: at least one byte, where it was not asked for more.
    pub fn missing(&self, side: Side) -> Option<u64> {
        let half = match side {
            Side::Client => &self.client,
            Side::Server => &self.server,
        };
        half.given_up.then_some(half.lost.max(1))
    }

    /// Whether more bytes of this side are of use.
    pub const fn wants(&self, side: Side) -> bool {
        match side {
            Side::Client => !self.client.given_up,
            Side::Server => !self.server.given_up,
        }
    }

    /// Gives back what was kept, in the order it came.
    pub fn replay(&self, mut to: impl FnMut(Seen, &[u8])) {
        let (mut client, mut server) = (self.client.bytes.as_slice(), self.server.bytes.as_slice());
        for (seen, length) in &self.order {
            let rest = match seen.side {
                Side::Client => &mut client,
                Side::Server => &mut server,
            };
            let Some((head, tail)) = rest.split_at_checked(*length) else {
                return;
            };
            *rest = tail;
            to(*seen, head);
        }
    }
}
