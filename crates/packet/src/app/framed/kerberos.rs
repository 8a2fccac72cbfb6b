//! Kerberos (RFC 4120, 5.4 and 5.9): who asks for a first ticket, and the answer.

use super::{Awaited, Measured, Talk, Turn, USER_BYTES};
use crate::app::bytes::{Cursor, text};
use crate::app::fact::Fact;
use crate::app::{Protocol, Seen, Side};

/// How deep and how many elements are walked through.
const DEPTH: u8 = 12;

/// One conversation.
#[derive(Default)]
pub(in crate::app) struct Kerberos {
    login: Awaited,
}

impl Talk for Kerberos {
    fn measure(&self, _side: Side, head: &[u8]) -> Measured {
        match Cursor(head).be32() {
            None => Measured::More,
            Some(length @ 16..=0x0010_0000) => Measured::Whole(u64::from(length) + 4),
            Some(_) => Measured::Bad,
        }
    }

    fn message(&mut self, seen: Seen, bytes: &[u8], out: &mut Vec<Fact>) -> Turn {
        // On a stream the length stands before it.
        let message = match bytes.first() {
            Some(0) => bytes.get(4..).unwrap_or_default(),
            _ => bytes,
        };
        let Some(tag) = message.first() else {
            return Turn::Go;
        };
        match (seen.side, tag) {
            (Side::Client, 0x6a) => {
                let user = request_user(message).unwrap_or_default();
                self.login
                    .begins(seen.at, Protocol::Kerberos, user, "first ticket");
            }
            (Side::Server, 0x6b) => {
                self.login.ends(true, out);
            }
            (Side::Server, 0x7e) => match error_code(message) {
                // "Show more first" and "ask over TCP" are no refusals.
                Some(25 | 52) => self.login.0 = None,
                Some(_) => {
                    self.login.ends(false, out);
                }
                None => {}
            },
            _ => {}
        }
        Turn::Go
    }

    fn end(&mut self, out: &mut Vec<Fact>) {
        self.login.never(out);
    }
}

/// What follows the element with `tag` at this level, opened.
fn field(bytes: &[u8], tag: u8) -> Option<&[u8]> {
    let mut cursor = Cursor(bytes);
    for _ in 0..32 {
        let found = cursor.byte()?;
        let length = cursor.ber_length()?;
        if found == tag {
            return Some(cursor.0.get(..length).unwrap_or(cursor.0));
        }
        cursor.take(length)?;
    }
    None
}

/// The client's name: request, its body (4), the name (1), its parts (1).
fn request_user(message: &[u8]) -> Option<String> {
    let request = field(field(message, 0x6a)?, 0x30)?;
    let body = field(field(request, 0xa4)?, 0x30)?;
    let name = field(field(body, 0xa1)?, 0x30)?;
    let mut parts = Cursor(field(field(name, 0xa1)?, 0x30)?);
    let mut user = String::new();
    for _ in 0..DEPTH {
        let Some((_, part)) = parts.ber() else {
            break;
        };
        if !user.is_empty() {
            user.push('/');
        }
        user.push_str(&text(part, USER_BYTES));
    }
    Some(user)
}

/// The error's number (6).
fn error_code(message: &[u8]) -> Option<u8> {
    let error = field(field(message, 0x7e)?, 0x30)?;
    match field(field(error, 0xa6)?, 0x02)? {
        [code] => Some(*code),
        _ => None,
    }
}
