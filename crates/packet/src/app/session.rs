//! One conversation: first its protocol is recognised, then that protocol's reader gets the bytes.

use larum_core::time::Timestamp;

use super::dns::DnsReader;
use super::dtls::DtlsReader;
use super::framed::{self, FramedReader};
use super::http::HttpReader;
use super::look::{Look, Verdict};
use super::quic::QuicReader;
use super::ssh::SshReader;
use super::text::{self, TextReader};
use super::tls::TlsReader;
use super::{Carrier, Fact, Protocol, Reader, Seen, Side, Step, recognise_datagram};

/// The most bytes of each side kept while the protocol of a stream is not known.
pub const LOOK_BYTES: usize = 2048;

/// After this many datagrams nobody knows, a conversation is not looked at any more.
pub const LOOK_DATAGRAMS: u8 = 4;

/// The most protocols inside one another that are read: TLS in HTTP CONNECT in SOCKS.
pub const NESTED: u8 = 2;

/// One conversation between two ends.
pub struct Session {
    carrier: Carrier,
    client_port: u16,
    server_port: u16,
    protocol: Option<Protocol>,
    nested: u8,
    state: State,
}

enum State {
    /// Not known yet; nothing is kept before the first bytes.
    Looking(Option<Box<Look>>),
    /// Not known, and so many datagrams seen.
    Guessing(u8),
    Reading(Box<dyn Reader>),
    /// Nothing more can be told.
    Done,
}

impl Session {
    /// A conversation nothing of which has been seen.
    #[must_use]
    pub const fn new(carrier: Carrier, client_port: u16, server_port: u16) -> Self {
        let state = match carrier {
            Carrier::Stream => State::Looking(None),
            Carrier::Datagram => State::Guessing(0),
        };
        Self {
            carrier,
            client_port,
            server_port,
            protocol: None,
            nested: 0,
            state,
        }
    }

    /// The protocol, once it is recognised: the outermost one (a mail session that goes on in TLS stays
    /// a mail session).
    #[must_use]
    pub const fn protocol(&self) -> Option<Protocol> {
        self.protocol
    }

    /// Takes the next bytes of one side (of a stream: in order, cut anywhere; of datagrams: one whole)
    /// and adds what they say to `out`.
    pub fn data(&mut self, seen: Seen, bytes: &[u8], out: &mut Vec<Fact>) {
        if bytes.is_empty() {
            return;
        }
        match &mut self.state {
            State::Done => {}
            State::Reading(_) => self.read(seen, bytes, out),
            State::Looking(_) => self.look(seen, bytes, out),
            State::Guessing(count) => {
                *count = count.saturating_add(1);
                let (known, ports) = (*count, (self.client_port, self.server_port));
                match recognise_datagram::recognise(seen.side, bytes, ports) {
                    Some(protocol) => {
                        self.become_known(protocol);
                        self.data(seen, bytes, out);
                    }
                    None if known >= LOOK_DATAGRAMS => self.state = State::Done,
                    None => {}
                }
            }
        }
    }

    /// `lost` bytes of `side` are missing before what comes next.
    pub fn gap(&mut self, side: Side, lost: u64) {
        match &mut self.state {
            State::Reading(reader) => reader.gap(side, lost),
            // Without its first bytes a side cannot be recognised; the other side still may.
            State::Looking(look) => look.get_or_insert_default().give_up(side),
            State::Guessing(_) | State::Done => {}
        }
    }

    /// The conversation is over: adds what was held back.
    pub fn end(&mut self, at: Timestamp, out: &mut Vec<Fact>) {
        if let State::Looking(Some(look)) = &mut self.state
            && let Some(protocol) = look.at_the_end(self.server_port)
        {
            let kept = std::mem::take(look);
            self.replay(protocol, *kept, out);
        }
        if let State::Reading(reader) = &mut self.state {
            reader.end(at, out);
        }
        self.state = State::Done;
    }

    /// Whether more bytes of `side` could tell anything. When not, they need only be counted.
    #[must_use]
    pub fn wants(&self, side: Side) -> bool {
        match &self.state {
            State::Looking(None) | State::Guessing(_) => true,
            State::Looking(Some(look)) => look.wants(side),
            State::Reading(reader) => reader.wants(side),
            State::Done => false,
        }
    }

    fn look(&mut self, seen: Seen, bytes: &[u8], out: &mut Vec<Fact>) {
        let State::Looking(slot) = &mut self.state else {
            return;
        };
        if slot.is_none()
            && let Verdict::Is(protocol) = Look::first(seen.side, bytes, self.server_port)
        {
            self.become_known(protocol);
            return self.data(seen, bytes, out);
        }
        let look = slot.get_or_insert_default();
        look.keep(seen, bytes);
        match look.judge(self.server_port) {
            Verdict::Is(protocol) => {
                let kept = std::mem::take(look);
                self.replay(protocol, *kept, out);
            }
            Verdict::Maybe => {}
            Verdict::Not => self.state = State::Done,
        }
    }

    /// Hands a new reader what was kept while looking, in the order it came.
    fn replay(&mut self, protocol: Protocol, kept: Look, out: &mut Vec<Fact>) {
        self.become_known(protocol);
        kept.replay(|seen, bytes| self.data(seen, bytes, out));
        for side in [Side::Client, Side::Server] {
            if let Some(lost) = kept.missing(side) {
                self.gap(side, lost);
            }
        }
    }

    fn become_known(&mut self, protocol: Protocol) {
        // LLMNR is DNS to the byte; only its port tells them apart (RFC 4795, 2).
        let protocol = match protocol {
            Protocol::Dns if self.server_port == 5355 => Protocol::Llmnr,
            other => other,
        };
        self.protocol.get_or_insert(protocol);
        self.state = reader(protocol, self.carrier).map_or(State::Done, State::Reading);
    }

    fn read(&mut self, seen: Seen, bytes: &[u8], out: &mut Vec<Fact>) {
        let State::Reading(reader) = &mut self.state else {
            return;
        };
        match reader.data(seen, bytes, out) {
            Step::Go => {
                if !reader.wants(Side::Client) && !reader.wants(Side::Server) {
                    reader.end(seen.at, out);
                    self.state = State::Done;
                }
            }
            Step::Inner(from) => {
                reader.end(seen.at, out);
                self.nested = self.nested.saturating_add(1);
                if self.nested > NESTED {
                    self.state = State::Done;
                    return;
                }
                self.state = State::Looking(None);
                self.data(seen, bytes.get(from..).unwrap_or_default(), out);
            }
        }
    }
}

/// The reader of a protocol; none where its name is all that is told.
fn reader(protocol: Protocol, carrier: Carrier) -> Option<Box<dyn Reader>> {
    Some(match (protocol, carrier) {
        (Protocol::Dns | Protocol::Mdns | Protocol::Llmnr | Protocol::Nbns, _) => {
            Box::new(DnsReader::new(protocol, carrier))
        }
        (Protocol::Kerberos, _) => Box::new(FramedReader::<framed::Kerberos>::new(carrier)),
        (Protocol::Sip, _) => Box::new(text::SipReader::new(carrier)),
        (_, Carrier::Stream) => return stream_reader(protocol),
        (Protocol::Quic, _) => Box::new(QuicReader::default()),
        (Protocol::Dtls, _) => Box::new(DtlsReader::default()),
        (Protocol::Dhcp, _) => Box::new(FramedReader::<framed::Dhcp>::new(carrier)),
        _ => return None,
    })
}

fn stream_reader(protocol: Protocol) -> Option<Box<dyn Reader>> {
    let carrier = Carrier::Stream;
    Some(match protocol {
        Protocol::Http => Box::new(HttpReader::default()),
        Protocol::Tls => Box::new(TlsReader::default()),
        Protocol::Ssh => Box::new(SshReader::default()),
        Protocol::Smtp => Box::new(TextReader::<text::Smtp>::default()),
        Protocol::Ftp => Box::new(TextReader::<text::Ftp>::default()),
        Protocol::Pop3 => Box::new(TextReader::<text::Pop3>::default()),
        Protocol::Imap => Box::new(TextReader::<text::Imap>::default()),
        Protocol::Redis => Box::new(TextReader::<text::Redis>::default()),
        Protocol::Xmpp => Box::new(text::XmppReader::default()),
        Protocol::Telnet => Box::new(text::TelnetReader::default()),
        Protocol::Ldap => Box::new(FramedReader::<framed::Ldap>::new(carrier)),
        Protocol::Mqtt => Box::new(FramedReader::<framed::Mqtt>::new(carrier)),
        Protocol::Mssql => Box::new(FramedReader::<framed::Mssql>::new(carrier)),
        Protocol::MySql => Box::new(FramedReader::<framed::MySql>::new(carrier)),
        Protocol::PostgreSql => Box::new(FramedReader::<framed::PostgreSql>::new(carrier)),
        Protocol::Rdp => Box::new(FramedReader::<framed::Rdp>::new(carrier)),
        Protocol::Smb => Box::new(FramedReader::<framed::Smb>::new(carrier)),
        Protocol::Socks => Box::new(FramedReader::<framed::Socks>::new(carrier)),
        Protocol::Vnc => Box::new(FramedReader::<framed::Vnc>::new(carrier)),
        _ => return None,
    })
}
