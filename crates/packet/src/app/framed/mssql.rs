//! Microsoft SQL Server before its encryption (MS-TDS 2.2.6.4, 2.2.7.10, 2.2.7.14).

use super::{Awaited, Measured, Talk, Turn, USER_BYTES};
use crate::app::bytes::{Cursor, text_utf16};
use crate::app::fact::Fact;
use crate::app::{Protocol, Seen, Side};

/// One conversation.
#[derive(Default)]
pub(in crate::app) struct Mssql {
    login: Awaited,
}

impl Talk for Mssql {
    fn measure(&self, _side: Side, head: &[u8]) -> Measured {
        match *head {
            [1..=18, _, high, low] => Measured::Whole(u64::from(u16::from_be_bytes([high, low]))),
            [1..=18, ..] if head.len() < 4 => Measured::More,
            _ => Measured::Bad,
        }
    }

    fn message(&mut self, seen: Seen, bytes: &[u8], out: &mut Vec<Fact>) -> Turn {
        let body = bytes.get(8..).unwrap_or_default();
        match (seen.side, bytes.first()) {
            // Inside a pre-login message after the first: TLS, whose log-in is not seen.
            (_, Some(0x12)) if body.first() == Some(&0x16) => Turn::Done,
            (Side::Client, Some(0x10)) => {
                let user = user(body).unwrap_or_default();
                self.login
                    .begins(seen.at, Protocol::Mssql, user, "password");
                Turn::Go
            }
            (Side::Server, Some(4)) => {
                // A token stream that begins with an error and holds no acknowledgement.
                let refused = body.first() == Some(&0xaa);
                if self.login.0.is_some() {
                    self.login.ends(!refused, out);
                    return Turn::Done;
                }
                Turn::Go
            }
            _ => Turn::Go,
        }
    }

    fn end(&mut self, out: &mut Vec<Fact>) {
        self.login.never(out);
    }
}

/// The account of a log-in of version 7: place and count of characters stand at 40.
fn user(body: &[u8]) -> Option<String> {
    let mut cursor = Cursor(body.get(40..)?);
    let (from, count) = (usize::from(cursor.le16()?), usize::from(cursor.le16()?));
    Some(text_utf16(
        body.get(from..from.checked_add(count.checked_mul(2)?)?)?,
        USER_BYTES,
    ))
}
