//! Remote desktop before its encryption (MS-RDPBCGR 2.2.1.1): the name in the cookie, and the turn to TLS.

use super::{Awaited, Measured, Talk, Turn, USER_BYTES};
use crate::app::bytes::text;
use crate::app::fact::Fact;
use crate::app::{Protocol, Seen, Side};

/// One conversation.
#[derive(Default)]
pub(in crate::app) struct Rdp {
    login: Awaited,
}

impl Talk for Rdp {
    fn measure(&self, _side: Side, head: &[u8]) -> Measured {
        match *head {
            [3, _, high, low] => Measured::Whole(u64::from(u16::from_be_bytes([high, low]))),
            [3, ..] if head.len() < 4 => Measured::More,
            _ => Measured::Bad,
        }
    }

    fn message(&mut self, seen: Seen, bytes: &[u8], out: &mut Vec<Fact>) -> Turn {
        match (seen.side, bytes.get(5)) {
            (Side::Client, Some(0xe0)) => {
                let cookie = b"Cookie: mstshash=";
                let user = memchr::memmem::find(bytes, cookie).map(|at| {
                    let after = bytes
                        .get(at.saturating_add(cookie.len())..)
                        .unwrap_or_default();
                    let end = after.iter().position(|byte| matches!(byte, b'\r' | b'\n'));
                    text(
                        after.get(..end.unwrap_or(after.len())).unwrap_or_default(),
                        USER_BYTES,
                    )
                });
                // What becomes of it is encrypted.
                self.login.begins(
                    seen.at,
                    Protocol::Rdp,
                    user.unwrap_or_default(),
                    "connection request",
                );
                self.login.never(out);
                Turn::Go
            }
            // A negotiation answer that chose TLS, CredSSP or a kin of it.
            (Side::Server, Some(0xd0)) => match bytes.get(11..16) {
                Some([2, _, 8, 0, chosen]) if chosen & 0x0b != 0 => Turn::Inner,
                _ => Turn::Done,
            },
            _ => Turn::Go,
        }
    }

    fn end(&mut self, out: &mut Vec<Fact>) {
        self.login.never(out);
    }
}
