//! The directory: binds and what became of them (RFC 4511, 4.2; StartTLS: 4.14).

use super::{Awaited, Measured, Talk, Turn, USER_BYTES, ntlm};
use crate::app::bytes::{Cursor, text};
use crate::app::fact::Fact;
use crate::app::{Protocol, Seen, Side};

/// The name of the wish for TLS.
const START_TLS: &[u8] = b"1.3.6.1.4.1.1466.20037";

/// One conversation.
#[derive(Default)]
pub(in crate::app) struct Ldap {
    login: Awaited,
    tls: bool,
}

impl Talk for Ldap {
    fn measure(&self, _side: Side, head: &[u8]) -> Measured {
        let Some((0x30, rest)) = head.split_first().map(|(tag, rest)| (*tag, rest)) else {
            return Measured::Bad;
        };
        let digits = match rest.first() {
            None => return Measured::More,
            Some(first) if *first < 0x80 => 0,
            Some(first) => usize::from(first & 0x7f),
        };
        if digits > 4 {
            return Measured::Bad;
        }
        match Cursor(rest).ber_length() {
            Some(length) => Measured::Whole((length as u64).saturating_add(2 + digits as u64)),
            None if rest.len() <= digits => Measured::More,
            None => Measured::Bad,
        }
    }

    fn message(&mut self, seen: Seen, bytes: &[u8], out: &mut Vec<Fact>) -> Turn {
        let Some((operation, body)) = operation(bytes) else {
            return Turn::Go;
        };
        match (seen.side, operation) {
            (Side::Client, 0x60) => {
                if let Some((user, method)) = bind(body) {
                    self.login.begins(seen.at, Protocol::Ldap, user, method);
                }
            }
            (Side::Server, 0x61) => match result(body) {
                // The log-in takes several steps.
                Some(14) | None => {}
                Some(code) => {
                    self.login.ends(code == 0, out);
                }
            },
            (Side::Client, 0x77) => self.tls = memchr::memmem::find(body, START_TLS).is_some(),
            (Side::Server, 0x78) if self.tls && result(body) == Some(0) => return Turn::Inner,
            _ => {}
        }
        Turn::Go
    }

    fn end(&mut self, out: &mut Vec<Fact>) {
        self.login.never(out);
    }
}

/// The operation of a message and its content, as far as it was kept.
fn operation(bytes: &[u8]) -> Option<(u8, &[u8])> {
    let mut cursor = Cursor(bytes);
    cursor.byte()?;
    cursor.ber_length()?;
    cursor.ber()?;
    let tag = cursor.byte()?;
    let length = cursor.ber_length()?;
    Some((tag, cursor.0.get(..length).unwrap_or(cursor.0)))
}

fn bind(body: &[u8]) -> Option<(String, &'static str)> {
    let mut cursor = Cursor(body);
    cursor.ber()?;
    let (_, name) = cursor.ber()?;
    let named = text(name, USER_BYTES);
    match cursor.byte()? {
        0x80 => {
            // No password at all is nobody's log-in.
            let anonymous = named.is_empty() || cursor.ber_length() == Some(0);
            Some((named, if anonymous { "anonymous" } else { "simple" }))
        }
        _ => Some((ntlm::user(body).unwrap_or(named), "sasl")),
    }
}

fn result(body: &[u8]) -> Option<u8> {
    match Cursor(body).ber()? {
        (0x0a, [code]) => Some(*code),
        _ => None,
    }
}
