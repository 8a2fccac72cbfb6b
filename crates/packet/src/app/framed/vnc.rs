//! Screen sharing: the log-in (RFC 6143, 7.1).

use super::{Awaited, Measured, Talk, Turn};
use crate::app::fact::Fact;
use crate::app::{Protocol, Seen, Side};

/// One conversation.
#[derive(Default)]
pub(in crate::app) struct Vnc {
    client: Phase,
    server: Phase,
    /// The client speaks 3.3, where the server alone decides.
    old: bool,
    login: Awaited,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Phase {
    #[default]
    Version,
    Security,
    Challenge,
    Result,
}

impl Talk for Vnc {
    fn measure(&self, side: Side, head: &[u8]) -> Measured {
        match (
            side,
            if side == Side::Client {
                self.client
            } else {
                self.server
            },
        ) {
            (_, Phase::Version) => Measured::Whole(12),
            (Side::Server, Phase::Security) if self.old => Measured::Whole(4),
            (Side::Server, Phase::Security) => match head.first() {
                Some(count) => Measured::Whole(u64::from(*count) + 1),
                None => Measured::More,
            },
            (Side::Client, Phase::Security) => Measured::Whole(1),
            (_, Phase::Challenge) => Measured::Whole(16),
            (Side::Server, Phase::Result) => Measured::Whole(4),
            (Side::Client, Phase::Result) => Measured::Bad,
        }
    }

    fn message(&mut self, seen: Seen, bytes: &[u8], out: &mut Vec<Fact>) -> Turn {
        match (
            seen.side,
            if seen.side == Side::Client {
                self.client
            } else {
                self.server
            },
        ) {
            (Side::Server, Phase::Version) => self.server = Phase::Security,
            (Side::Client, Phase::Version) => {
                self.old = bytes.get(8..11) == Some(b"003");
                self.client = if self.old {
                    Phase::Challenge
                } else {
                    Phase::Security
                };
            }
            (Side::Server, Phase::Security) if self.old => match bytes {
                [0, 0, 0, 2] => self.server = Phase::Challenge,
                _ => return Turn::Done,
            },
            (Side::Server, Phase::Security) => {}
            (Side::Client, Phase::Security) => match bytes {
                [2] => (self.client, self.server) = (Phase::Challenge, Phase::Challenge),
                _ => return Turn::Done,
            },
            (Side::Server, Phase::Challenge) => self.server = Phase::Result,
            (Side::Client, Phase::Challenge) => {
                self.login
                    .begins(seen.at, Protocol::Vnc, String::new(), "password");
                self.client = Phase::Result;
            }
            (Side::Server, Phase::Result) => {
                self.login.ends(bytes == [0; 4], out);
                return Turn::Done;
            }
            (Side::Client, Phase::Result) => {}
        }
        Turn::Go
    }

    fn end(&mut self, out: &mut Vec<Fact>) {
        self.login.never(out);
    }
}
