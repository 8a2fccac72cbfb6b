//! TLS and SSL: the hellos and the certificate (RFC 8446, RFC 5246, RFC 6101, and the hello of SSL 2).
//! What comes after is encrypted and not asked for.

mod certificate;
mod fingerprint;
mod hello;
mod ssl2;

pub(super) use hello::{ClientHello, ServerHello, version_name};

use std::sync::Arc;

use larum_core::event::{Certificate, Event};
use larum_core::time::Timestamp;

use super::bytes::{Cursor, borrowed};
use super::{Fact, Protocol, Reader, Seen, Side, Step};

/// The longest handshake message kept: a chain of certificates is the longest that is looked at.
const MESSAGE_BYTES: usize = 64 * 1024;

/// The beginning of an encrypted conversation.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tls {
    /// When the client's hello began.
    pub at: Timestamp,
    /// Server name the client asked for.
    pub sni: String,
    /// Version both agreed on; where no answer was seen, the highest the client offered.
    pub version: String,
    /// The first application protocol the client offers.
    pub alpn: String,
    /// JA3 of the client's hello, 32 hexadecimal digits.
    pub ja3: String,
    /// JA4 of the client's hello.
    pub ja4: String,
    /// Number of the cipher suite the server chose.
    pub cipher: Option<u16>,
    /// The server's own certificate, where it was sent in clear (up to TLS 1.2).
    pub certificate: Option<Arc<Certificate>>,
    /// A fatal alert that was sent in clear: why it came to nothing.
    pub alert: Option<u8>,
    /// What carried it.
    pub carried: Carried,
}

/// What carried a TLS handshake.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Carried {
    /// TCP.
    #[default]
    Stream,
    /// DTLS.
    Datagrams,
    /// QUIC.
    Quic,
}

impl Tls {
    /// The protocol an event names.
    pub(super) const fn protocol(&self) -> Protocol {
        match self.carried {
            Carried::Stream => Protocol::Tls,
            Carried::Datagrams => Protocol::Dtls,
            Carried::Quic => Protocol::Quic,
        }
    }

    pub(super) fn fill<'a>(&'a self, event: &mut Event<'a>) {
        event.app_proto = Some(self.protocol().as_str().into());
        event.tls_sni = borrowed(&self.sni);
        event.tls_version = borrowed(&self.version);
        event.ja3 = borrowed(&self.ja3);
        event.ja4 = borrowed(&self.ja4);
        let note = self
            .certificate
            .as_ref()
            .and_then(|certificate| certificate.note(self.at));
        event.event_code = note.map(Into::into);
        event.certificate.clone_from(&self.certificate);
    }

    /// Takes over what a client's hello says.
    pub(super) fn take_client(&mut self, hello: &ClientHello, at: Timestamp) {
        self.at = at;
        self.sni.clone_from(&hello.sni);
        self.alpn = hello.first_alpn();
        self.ja3 = fingerprint::ja3(hello);
        self.ja4 = fingerprint::ja4(hello, self.carried);
        if self.version.is_empty() {
            self.version = version_name(hello.highest_version());
        }
    }

    /// Takes over what a server's hello says.
    pub(super) fn take_server(&mut self, hello: &ServerHello) {
        self.version = version_name(hello.version);
        self.cipher = Some(hello.cipher);
    }
}

/// Reads one TLS conversation on a stream.
#[derive(Default)]
pub(super) struct TlsReader {
    client: Records,
    server: Records,
    told: Told,
}

#[derive(Default)]
struct Told {
    fact: Tls,
    /// Something worth telling is in the fact.
    any: bool,
    sent: bool,
}

/// The records of one side.
#[derive(Default)]
struct Records {
    /// The header of the record that is coming in.
    header: Vec<u8>,
    /// Its kind and the bytes still to come.
    record: Option<(u8, usize)>,
    messages: Messages,
    /// Nothing more is to be learnt here.
    done: bool,
}

/// Handshake messages across records.
#[derive(Default)]
struct Messages {
    part: Vec<u8>,
    skip: usize,
}

impl Reader for TlsReader {
    fn data(&mut self, seen: Seen, bytes: &[u8], out: &mut Vec<Fact>) -> Step {
        let (side, told) = match seen.side {
            Side::Client => (&mut self.client, &mut self.told),
            Side::Server => (&mut self.server, &mut self.told),
        };
        let mut rest = bytes;
        while !rest.is_empty() && !side.done {
            side.step(seen, &mut rest, told);
        }
        if self.server.done && (told.any || self.client.done) {
            told.tell(out);
        }
        Step::Go
    }

    fn gap(&mut self, side: Side, _lost: u64) {
        // Where the next record begins cannot be known.
        match side {
            Side::Client => self.client.finish(),
            Side::Server => self.server.finish(),
        }
    }

    fn end(&mut self, _at: Timestamp, out: &mut Vec<Fact>) {
        self.told.tell(out);
    }

    fn wants(&self, side: Side) -> bool {
        match side {
            Side::Client => !self.client.done,
            Side::Server => !self.server.done,
        }
    }
}

impl Told {
    fn tell(&mut self, out: &mut Vec<Fact>) {
        if self.any && !self.sent {
            self.sent = true;
            out.push(Fact::Tls(Box::new(std::mem::take(&mut self.fact))));
        }
    }
}

impl Records {
    fn finish(&mut self) {
        self.done = true;
        self.header = Vec::new();
        self.messages.part = Vec::new();
    }

    fn step(&mut self, seen: Seen, rest: &mut &[u8], told: &mut Told) {
        let Some((kind, left)) = self.record else {
            return self.gather_header(seen, rest, told);
        };
        let length = left.min(rest.len());
        let (now, after) = rest.split_at_checked(length).unwrap_or_default();
        *rest = after;
        self.record = (left > length).then_some((kind, left.saturating_sub(length)));
        match kind {
            22 => {
                if self.messages.take(seen, now, told) {
                    self.finish();
                }
            }
            21 => {
                self.header.extend_from_slice(now.get(..2).unwrap_or(now));
                if let [2, reason, ..] = *self.header.as_slice() {
                    told.fact.alert = Some(reason);
                    told.any |= seen.side == Side::Server;
                    self.finish();
                } else if self.record.is_none() {
                    self.header.clear();
                }
            }
            0x80 => {
                self.header.extend_from_slice(now);
                if self.record.is_none() {
                    ssl2::take(seen, &self.header, told);
                    self.finish();
                }
            }
            // What follows a change of cipher is encrypted, application data always is.
            _ => self.finish(),
        }
    }

    /// The five bytes before a record, or the two of SSL 2.
    fn gather_header(&mut self, seen: Seen, rest: &mut &[u8], told: &mut Told) {
        let Some((first, after)) = rest.split_first() else {
            return;
        };
        *rest = after;
        self.header.push(*first);
        match *self.header.as_slice() {
            [high, low] if high & 0x80 != 0 => {
                let length = usize::from(high & 0x7f) << 8 | usize::from(low);
                self.header.clear();
                self.record = (length > 0).then_some((0x80, length));
            }
            [kind, 3, _, high, low] if (20..=23).contains(&kind) => {
                let length = usize::from(high) << 8 | usize::from(low);
                self.header.clear();
                self.record = (length > 0).then_some((kind, length));
                if !matches!(kind, 21 | 22) {
                    self.finish();
                }
                // A client that is past its hello when first seen still has a server to hear.
                told.any |= seen.side == Side::Client && kind == 22;
            }
            [_, _, _, _, _] => self.finish(),
            _ => {}
        }
    }
}

impl Messages {
    /// Takes the next handshake bytes; true when this side has said all it says in clear.
    fn take(&mut self, seen: Seen, mut bytes: &[u8], told: &mut Told) -> bool {
        while !bytes.is_empty() {
            if self.skip > 0 {
                let step = self.skip.min(bytes.len());
                self.skip = self.skip.saturating_sub(step);
                bytes = bytes.get(step..).unwrap_or_default();
                continue;
            }
            let wanted = match Cursor(self.part.get(1..).unwrap_or_default()).be24() {
                Some(length) if self.part.len() >= 4 => length.saturating_add(4),
                _ => 4,
            };
            let step = wanted.saturating_sub(self.part.len()).min(bytes.len());
            let (now, after) = bytes.split_at_checked(step).unwrap_or_default();
            self.part.extend_from_slice(now);
            bytes = after;
            if self.part.len() < wanted {
                continue;
            }
            if self.message_ends(seen, wanted, told) {
                return true;
            }
        }
        false
    }

    /// Judges what is gathered: a header, or a whole message.
    fn message_ends(&mut self, seen: Seen, wanted: usize, told: &mut Told) -> bool {
        let Some((&[kind, a, b, c], body)) = self.part.split_first_chunk() else {
            return false;
        };
        let length = usize::from(a) << 16 | usize::from(b) << 8 | usize::from(c);
        if wanted == 4 && length > 0 {
            let useful = matches!(
                (kind, seen.side),
                (1, Side::Client) | (2 | 11, Side::Server)
            );
            if length > MESSAGE_BYTES {
                return true;
            }
            if !useful {
                self.skip = length;
                self.part.clear();
            }
            return false;
        }
        let done = told.message(seen, kind, body);
        self.part.clear();
        done
    }
}

impl Told {
    /// Takes one whole handshake message; true when nothing more is wanted of this side.
    fn message(&mut self, seen: Seen, kind: u8, body: &[u8]) -> bool {
        match (kind, seen.side) {
            (1, Side::Client) => {
                if let Some(hello) = ClientHello::read(body, false) {
                    self.fact.take_client(&hello, seen.at);
                    self.any = true;
                }
                true
            }
            (2, Side::Server) => {
                let Some(hello) = ServerHello::read(body) else {
                    return true;
                };
                self.fact.take_server(&hello);
                if !self.any {
                    self.fact.at = seen.at;
                    self.any = true;
                }
                // From 1.3 on the certificate is encrypted.
                hello.is_13()
            }
            (11, Side::Server) => {
                let mut cursor = Cursor(body);
                let first = cursor
                    .be24()
                    .and_then(|_| cursor.be24())
                    .and_then(|length| cursor.take(length));
                self.fact.certificate = first.and_then(certificate::read).map(Arc::new);
                true
            }
            // The server's hello is done.
            (14, Side::Server) => true,
            _ => false,
        }
    }
}
