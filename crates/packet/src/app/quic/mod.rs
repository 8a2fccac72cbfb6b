//! The first packets of QUIC (RFC 9000, RFC 9001; version 2: RFC 9369). Their keys follow from what
//! they carry in clear, so that everyone on the way can read the client's hello.

mod assemble;
mod google;
mod open;

use larum_core::time::Timestamp;

use self::assemble::Crypto;
use super::bytes::Cursor;
use super::tls::{Carried, ClientHello, Tls};
use super::{Fact, Reader, Seen, Side, Step};

/// After this many of the client's datagrams without a whole hello it is given up.
const CLIENT_DATAGRAMS: u8 = 16;

/// Reads the beginning of one QUIC conversation.
#[derive(Default)]
pub(super) struct QuicReader {
    /// The name the client first gave its server: the root of the keys.
    first_id: Vec<u8>,
    crypto: Crypto,
    datagrams: u8,
    done: bool,
}

impl Reader for QuicReader {
    fn data(&mut self, seen: Seen, bytes: &[u8], out: &mut Vec<Fact>) -> Step {
        if seen.side == Side::Server || self.done {
            return Step::Go;
        }
        self.datagrams = self.datagrams.saturating_add(1);
        if let Some(mut fact) = google::hello(bytes) {
            fact.at = seen.at;
            out.push(Fact::Tls(Box::new(fact)));
            self.done = true;
            return Step::Go;
        }
        let mut rest = bytes;
        while let Some(packet) = next_packet(&mut rest) {
            self.packet(&packet);
        }
        if let Some(hello) = self.crypto.client_hello() {
            self.done = true;
            out.push(Fact::Tls(Box::new(told(&hello, seen))));
        }
        self.done |= self.datagrams >= CLIENT_DATAGRAMS;
        Step::Go
    }

    fn gap(&mut self, _side: Side, _lost: u64) {}

    fn end(&mut self, _at: Timestamp, _out: &mut Vec<Fact>) {}

    fn wants(&self, side: Side) -> bool {
        side == Side::Client && !self.done
    }
}

fn told(hello: &ClientHello, seen: Seen) -> Tls {
    // QUIC carries nothing older.
    let mut fact = Tls {
        carried: Carried::Quic,
        version: "TLSv1.3".into(),
        ..Tls::default()
    };
    fact.take_client(hello, seen.at);
    fact
}

impl QuicReader {
    fn packet(&mut self, packet: &Initial<'_>) {
        // The keys follow from the client's first packet, anew after a retry.
        let known = Some(self.first_id.as_slice()).filter(|id| !id.is_empty());
        let frames = known.and_then(|id| open::open(packet, id));
        let Some(frames) = frames.or_else(|| open::open(packet, packet.to)) else {
            return;
        };
        if self.first_id.is_empty() {
            self.first_id = packet.to.to_vec();
        }
        self.crypto.take(&frames);
    }
}

/// One protected first packet of a client.
struct Initial<'a> {
    /// The whole packet.
    bytes: &'a [u8],
    version: u32,
    /// Destination connection id.
    to: &'a [u8],
    /// Where its packet number begins.
    number_at: usize,
}

/// The next Initial packet of a datagram; others before it are stepped over.
fn next_packet<'a>(rest: &mut &'a [u8]) -> Option<Initial<'a>> {
    while !rest.is_empty() {
        let datagram = *rest;
        let mut cursor = Cursor(datagram);
        let (first, version) = (cursor.byte()?, cursor.be32()?);
        if first & 0x80 == 0 || version == 0 {
            return None;
        }
        let to = cursor.block8()?;
        cursor.block8()?;
        let kind = first >> 4 & 3;
        // Version 2 gave the kinds other numbers (RFC 9369, 3.2).
        let initial = if version == VERSION_2 { 1 } else { 0 };
        let retry = if version == VERSION_2 { 0 } else { 3 };
        if kind == retry {
            return None;
        }
        if kind == initial {
            let token = variable(&mut cursor)?;
            cursor.take(usize::try_from(token).ok()?)?;
        }
        let length = usize::try_from(variable(&mut cursor)?).ok()?;
        let number_at = datagram.len().saturating_sub(cursor.0.len());
        // Captures cut short keep what can be read; it then fails to open.
        cursor.take(length)?;
        let (bytes, after) = datagram.split_at_checked(number_at.checked_add(length)?)?;
        *rest = after;
        if kind == initial {
            return Some(Initial {
                bytes,
                version,
                to,
                number_at,
            });
        }
    }
    None
}

/// The second version (RFC 9369).
const VERSION_2: u32 = 0x6b33_43cf;

/// A number of one to eight bytes (RFC 9000, 16).
fn variable(cursor: &mut Cursor<'_>) -> Option<u64> {
    let first = cursor.byte()?;
    let more = (1usize << (first >> 6)).saturating_sub(1);
    let tail = cursor.take(more)?;
    Some(tail.iter().fold(u64::from(first & 0x3f), |sum, byte| {
        sum << 8 | u64::from(*byte)
    }))
}
