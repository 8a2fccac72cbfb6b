//! Protocols that talk in messages of a stated length.

mod dhcp;
mod kerberos;
mod ldap;
mod mqtt;
mod mssql;
mod mysql;
mod ntlm;
mod postgresql;
mod rdp;
mod smb;
mod socks;
mod vnc;

pub(super) use self::{
    dhcp::Dhcp, kerberos::Kerberos, ldap::Ldap, mqtt::Mqtt, mssql::Mssql, mysql::MySql,
    postgresql::PostgreSql, rdp::Rdp, smb::Smb, socks::Socks, vnc::Vnc,
};

use larum_core::time::Timestamp;

use super::fact::Login;
use super::{Carrier, Fact, Protocol, Reader, Seen, Side, Step};

/// The most of one message kept; the rest is counted past.
const MESSAGE_BYTES: usize = 4096;
/// The longest account name told.
const USER_BYTES: usize = 255;
/// After this many messages of both sides a conversation is not followed any more.
const MESSAGES: u32 = 512;

/// What the first bytes of a message say of its length.
enum Measured {
    /// More of them are needed.
    More,
    /// So many bytes from its first.
    Whole(u64),
    /// It is no such message.
    Bad,
}

/// What follows a message.
enum Turn {
    /// The next one.
    Go,
    /// Another protocol.
    Inner,
    /// Nothing more is to be learnt.
    Done,
}

/// One such protocol.
trait Talk: Default + Send {
    /// How long the message is that begins so.
    fn measure(&self, side: Side, head: &[u8]) -> Measured;
    /// A message, cut at [`MESSAGE_BYTES`].
    fn message(&mut self, seen: Seen, bytes: &[u8], out: &mut Vec<Fact>) -> Turn;
    /// Nothing more comes.
    fn end(&mut self, out: &mut Vec<Fact>);
}

/// Reads one conversation in messages.
pub(super) struct FramedReader<T> {
    carrier: Carrier,
    client: Frames,
    server: Frames,
    talk: T,
    messages: u32,
    done: bool,
}

#[derive(Default)]
struct Frames {
    part: Vec<u8>,
    /// Length of the message that is coming in, once known.
    length: Option<u64>,
    /// Bytes of it that are not kept.
    skip: u64,
    lost: bool,
}

#[expect(
    private_bounds,
    reason = "the trait is this module's own, the reader is handed out as a whole"
)]
impl<T: Talk> FramedReader<T> {
    pub fn new(carrier: Carrier) -> Self {
        Self {
            carrier,
            client: Frames::default(),
            server: Frames::default(),
            talk: T::default(),
            messages: 0,
            done: false,
        }
    }

    fn frames(&mut self, side: Side) -> &mut Frames {
        match side {
            Side::Client => &mut self.client,
            Side::Server => &mut self.server,
        }
    }
}

impl<T: Talk> Reader for FramedReader<T> {
    fn data(&mut self, seen: Seen, bytes: &[u8], out: &mut Vec<Fact>) -> Step {
        if self.carrier == Carrier::Datagram {
            self.done |= matches!(self.talk.message(seen, bytes, out), Turn::Done);
            return Step::Go;
        }
        let mut rest = bytes;
        while !rest.is_empty() && !self.done {
            let frames = match seen.side {
                Side::Client => &mut self.client,
                Side::Server => &mut self.server,
            };
            let Some(message) = frames.next(&self.talk, seen.side, &mut rest) else {
                break;
            };
            self.messages = self.messages.saturating_add(1);
            match self.talk.message(seen, &message, out) {
                Turn::Go => self.done = self.messages >= MESSAGES,
                // A message that was cut reaches further than what was kept.
                Turn::Inner if self.frames(seen.side).skip == 0 => {
                    return Step::Inner(bytes.len().saturating_sub(rest.len()));
                }
                Turn::Inner | Turn::Done => self.done = true,
            }
        }
        Step::Go
    }

    fn gap(&mut self, side: Side, lost: u64) {
        let frames = self.frames(side);
        if frames.skip >= lost {
            frames.skip = frames.skip.saturating_sub(lost);
        } else {
            *frames = Frames {
                lost: true,
                ..Frames::default()
            };
        }
        self.done = self.client.lost && self.server.lost;
    }

    fn end(&mut self, _at: Timestamp, out: &mut Vec<Fact>) {
        self.talk.end(out);
    }

    fn wants(&self, side: Side) -> bool {
        let lost = match side {
            Side::Client => self.client.lost,
            Side::Server => self.server.lost,
        };
        !self.done && !lost
    }
}

impl Frames {
    fn next<T: Talk>(&mut self, talk: &T, side: Side, rest: &mut &[u8]) -> Option<Vec<u8>> {
        while !rest.is_empty() && !self.lost {
            if self.skip > 0 {
                let step = usize::try_from(self.skip)
                    .unwrap_or(usize::MAX)
                    .min(rest.len());
                self.skip = self.skip.saturating_sub(step as u64);
                *rest = rest.get(step..).unwrap_or_default();
                continue;
            }
            let Some(length) = self.length else {
                let (first, after) = rest.split_first()?;
                *rest = after;
                self.part.push(*first);
                match talk.measure(side, &self.part) {
                    Measured::More if self.part.len() < MESSAGE_BYTES => {}
                    Measured::Whole(length) if length == self.part.len() as u64 => {
                        return Some(std::mem::take(&mut self.part));
                    }
                    Measured::Whole(length) if length > self.part.len() as u64 => {
                        self.length = Some(length)
                    }
                    _ => {
                        self.lost = true;
                        self.part = Vec::new();
                    }
                }
                continue;
            };
            let kept = usize::try_from(length)
                .unwrap_or(usize::MAX)
                .min(MESSAGE_BYTES);
            let step = kept.saturating_sub(self.part.len()).min(rest.len());
            let (now, after) = rest.split_at_checked(step)?;
            self.part.extend_from_slice(now);
            *rest = after;
            if self.part.len() >= kept {
                self.skip = length.saturating_sub(kept as u64);
                self.length = None;
                return Some(std::mem::take(&mut self.part));
            }
        }
        None
    }
}

/// A log-in whose answer is awaited.
#[derive(Default)]
struct Awaited(Option<Login>);

impl Awaited {
    fn begins(&mut self, at: Timestamp, protocol: Protocol, user: String, method: &str) {
        self.0 = Some(Login {
            at,
            protocol,
            user,
            outcome: None,
            method: method.into(),
        });
    }

    /// The answer came; true when it was a success.
    fn ends(&mut self, good: bool, out: &mut Vec<Fact>) -> bool {
        let Some(login) = self.0.take() else {
            return false;
        };
        out.push(login.ended(good));
        good
    }

    /// No answer came.
    fn never(&mut self, out: &mut Vec<Fact>) {
        out.extend(self.0.take().map(Fact::Login));
    }
}
