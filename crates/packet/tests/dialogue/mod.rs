//! What both sides say in turn, handed to a session in pieces.

use larum_core::time::Timestamp;
use larum_packet::app::{Carrier, Fact, Protocol, Seen, Session, Side};

/// What is told of `said` on the server's `port`, in pieces of `sizes`, again from the first after the last.
pub fn told<B: AsRef<[u8]>>(
    said: &[(Side, B)],
    sizes: &[usize],
    port: u16,
) -> (Option<Protocol>, Vec<Fact>) {
    let mut session = Session::new(Carrier::Stream, 40_000, port);
    let mut out = Vec::new();
    let mut sizes = sizes.iter().copied().cycle();
    for (side, bytes) in said {
        let mut rest = bytes.as_ref();
        while !rest.is_empty() {
            let size = sizes.next().unwrap_or(usize::MAX).min(rest.len());
            let (now, after) = rest.split_at(size);
            let seen = Seen {
                at: Timestamp::default(),
                side: *side,
            };
            session.data(seen, now, &mut out);
            rest = after;
        }
    }
    session.end(Timestamp::default(), &mut out);
    (session.protocol(), out)
}
