//! Proxies that carry anything (RFC 1928, RFC 1929, and version 4): the log-in, then what is inside.

use super::{Awaited, Measured, Talk, Turn, USER_BYTES};
use crate::app::bytes::{Cursor, text};
use crate::app::fact::Fact;
use crate::app::{Protocol, Seen, Side};

/// One conversation.
#[derive(Default)]
pub(in crate::app) struct Socks {
    /// What the client and the server say next.
    client: Phase,
    server: Phase,
    version: u8,
    login: Awaited,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Phase {
    #[default]
    Greeting,
    Password,
    Request,
}

impl Talk for Socks {
    fn measure(&self, side: Side, head: &[u8]) -> Measured {
        let phase = match side {
            Side::Client => self.client,
            Side::Server => self.server,
        };
        let whole = |length: usize| Measured::Whole(length as u64);
        match (side, phase, head) {
            (Side::Server, _, _) if self.version == 4 => whole(8),
            (Side::Client, Phase::Greeting, [4, ..]) => socks4(head),
            (Side::Client, Phase::Greeting, [5, count, ..]) => {
                whole(usize::from(*count).saturating_add(2))
            }
            (Side::Client, Phase::Greeting, [5]) => Measured::More,
            (Side::Server, Phase::Greeting | Phase::Password, _) => whole(2),
            (Side::Client, Phase::Password, [1, user, rest @ ..]) => {
                match rest.get(usize::from(*user)) {
                    Some(word) => whole(
                        usize::from(*user)
                            .saturating_add(usize::from(*word))
                            .saturating_add(3),
                    ),
                    None => Measured::More,
                }
            }
            (Side::Client, Phase::Password, [1]) => Measured::More,
            (_, Phase::Request, [5, ..]) => match (head.get(3), head.get(4)) {
                (Some(1), _) => whole(10),
                (Some(4), _) => whole(22),
                (Some(3), Some(length)) => whole(usize::from(*length).saturating_add(7)),
                (None | Some(3), None) => Measured::More,
                _ => Measured::Bad,
            },
            _ => Measured::Bad,
        }
    }

    fn message(&mut self, seen: Seen, bytes: &[u8], out: &mut Vec<Fact>) -> Turn {
        match (seen.side, self.version) {
            (Side::Client, 0) => {
                self.version = bytes.first().copied().unwrap_or_default();
                if self.version == 4 {
                    return Turn::Go;
                }
            }
            (Side::Server, 4) => {
                return if bytes.get(1) == Some(&0x5a) {
                    Turn::Inner
                } else {
                    Turn::Done
                };
            }
            _ => {}
        }
        match (seen.side, self.server) {
            (Side::Server, Phase::Greeting) => {
                let phase = match bytes.get(1) {
                    Some(0) => Phase::Request,
                    Some(2) => Phase::Password,
                    _ => return Turn::Done,
                };
                (self.client, self.server) = (phase, phase);
            }
            (Side::Client, Phase::Password) => {
                let mut cursor = Cursor(bytes.get(1..).unwrap_or_default());
                let user = text(cursor.block8().unwrap_or_default(), USER_BYTES);
                self.login
                    .begins(seen.at, Protocol::Socks, user, "password");
                self.client = Phase::Request;
            }
            (Side::Server, Phase::Password) => {
                self.login.ends(bytes.get(1) == Some(&0), out);
                self.server = Phase::Request;
            }
            (Side::Server, Phase::Request) => {
                return if bytes.get(1) == Some(&0) {
                    Turn::Inner
                } else {
                    Turn::Done
                };
            }
            _ => {}
        }
        Turn::Go
    }

    fn end(&mut self, out: &mut Vec<Fact>) {
        self.login.never(out);
    }
}

/// A request of version 4: a name with its zero; with an address 0.0.0.x another one after it.
fn socks4(head: &[u8]) -> Measured {
    let Some(rest) = head.get(8..) else {
        return Measured::More;
    };
    let named = matches!(head.get(4..8), Some([0, 0, 0, last]) if *last != 0);
    let zeros = rest.iter().filter(|byte| **byte == 0).count();
    match zeros >= if named { 2 } else { 1 } {
        true => Measured::Whole(head.len() as u64),
        false => Measured::More,
    }
}
