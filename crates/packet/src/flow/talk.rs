//! What the two sides of a flow say, handed to the readers of application protocols as long as they
//! want it.

use larum_core::time::Timestamp;

use super::stream::{Part, Segment, Sort, Waiting};
use crate::app::{Carrier, Fact, Seen, Session, Side};

/// Facts kept for the event of the flow itself, at most.
const MAX_KEPT_FACTS: usize = 4;

/// A conversation that somebody still listens to.
pub struct Talk {
    session: Session,
    client: Waiting,
    server: Waiting,
    /// What is told with the flow, when it ends.
    pub kept: Vec<Fact>,
}

impl std::fmt::Debug for Talk {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Talk")
            .field("protocol", &self.session.protocol())
            .finish_non_exhaustive()
    }
}

/// What came of some bytes.
#[derive(Clone, Copy, Debug, Default)]
pub struct Came {
    /// Nothing but what was there already.
    pub again: bool,
    /// Bytes that are missing for good.
    pub lost: u64,
}

const fn side(from_client: bool) -> Side {
    if from_client {
        Side::Client
    } else {
        Side::Server
    }
}

impl Talk {
    pub fn new(carrier: Carrier, client_port: u16, server_port: u16) -> Self {
        Self {
            session: Session::new(carrier, client_port, server_port),
            client: Waiting::default(),
            server: Waiting::default(),
            kept: Vec::new(),
        }
    }

    /// The protocol spoken, once known.
    pub const fn protocol(&self) -> Option<crate::app::Protocol> {
        self.session.protocol()
    }

    /// Whether anybody still listens.
    pub fn is_wanted(&self) -> bool {
        self.session.wants(Side::Client) || self.session.wants(Side::Server)
    }

    /// Bytes that wait for others.
    pub const fn waiting_bytes(&self) -> usize {
        self.client.bytes() + self.server.bytes()
    }

    /// A whole datagram.
    pub fn datagram(
        &mut self,
        from_client: bool,
        at: Timestamp,
        bytes: &[u8],
        out: &mut Vec<Fact>,
    ) {
        let side = side(from_client);
        self.session.data(Seen { at, side }, bytes, out);
    }

    /// One side: what of it waits, and who listens.
    const fn of(&mut self, from_client: bool) -> (Side, &mut Waiting, &mut Session) {
        let waiting = if from_client {
            &mut self.client
        } else {
            &mut self.server
        };
        (side(from_client), waiting, &mut self.session)
    }

    /// A segment of a stream.
    pub fn segment(
        &mut self,
        from_client: bool,
        at: Timestamp,
        next: &mut u32,
        segment: Segment<'_>,
        out: &mut Vec<Fact>,
    ) -> Came {
        let (side, waiting, session) = self.of(from_client);
        let mut lost = 0_u64;
        let sort = waiting.take(next, segment, &mut |part| {
            lost = lost.saturating_add(hand_over(session, Seen { at, side }, part, out));
        });
        Came {
            again: sort == Sort::Again,
            lost,
        }
    }

    /// The other side of `from_client` has acknowledged its bytes before `ack`.
    pub fn acknowledged(
        &mut self,
        from_client: bool,
        at: Timestamp,
        next: &mut u32,
        ack: u32,
        out: &mut Vec<Fact>,
    ) -> u64 {
        let (side, waiting, session) = self.of(from_client);
        let mut lost = 0_u64;
        waiting.acknowledged(next, ack, &mut |part| {
            lost = lost.saturating_add(hand_over(session, Seen { at, side }, part, out));
        });
        lost
    }

    /// Gives up waiting: hands over what is there.
    pub fn flush(
        &mut self,
        at: Timestamp,
        nexts: [Option<&mut u32>; 2],
        out: &mut Vec<Fact>,
    ) -> u64 {
        let mut lost = 0_u64;
        let [client, server] = nexts;
        let halves = [
            (&mut self.client, client, Side::Client),
            (&mut self.server, server, Side::Server),
        ];
        for (waiting, next, side) in halves {
            let Some(next) = next else { continue };
            let session = &mut self.session;
            waiting.finish(next, &mut |part| {
                lost = lost.saturating_add(hand_over(session, Seen { at, side }, part, out));
            });
        }
        lost
    }

    /// The conversation is over.
    pub fn end(&mut self, at: Timestamp, out: &mut Vec<Fact>) {
        self.session.end(at, out);
    }

    /// Keeps what is told with the flow.
    pub fn keep(&mut self, fact: Fact) {
        if self.kept.len() < MAX_KEPT_FACTS {
            self.kept.push(fact);
        }
    }
}

fn hand_over(session: &mut Session, seen: Seen, part: Part<'_>, out: &mut Vec<Fact>) -> u64 {
    match part {
        Part::Bytes(bytes) => {
            if session.wants(seen.side) {
                session.data(seen, bytes, out);
            }
            0
        }
        Part::Gap(lost) => {
            session.gap(seen.side, u64::from(lost));
            u64::from(lost)
        }
    }
}
