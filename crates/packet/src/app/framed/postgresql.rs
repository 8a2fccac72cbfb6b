//! PostgreSQL: the log-in (PostgreSQL, "Message Flow: Start-up").

use super::{Awaited, Measured, Talk, Turn, USER_BYTES};
use crate::app::bytes::{Cursor, text};
use crate::app::fact::Fact;
use crate::app::{Protocol, Seen, Side};

/// One conversation.
#[derive(Default)]
pub(in crate::app) struct PostgreSql {
    /// The client asked for encryption: one byte answers.
    asked_for_tls: bool,
    started: bool,
    login: Awaited,
}

impl Talk for PostgreSql {
    fn measure(&self, side: Side, head: &[u8]) -> Measured {
        let length = |at: usize| {
            head.get(at..)
                .and_then(|rest| Cursor(rest).be32())
                .map_or(Measured::More, |length| {
                    Measured::Whole(u64::from(length) + at as u64)
                })
        };
        match side {
            Side::Server if self.asked_for_tls && !self.started => Measured::Whole(1),
            Side::Client if !self.started => length(0),
            _ => length(1),
        }
    }

    fn message(&mut self, seen: Seen, bytes: &[u8], out: &mut Vec<Fact>) -> Turn {
        match seen.side {
            Side::Client if !self.started => {
                let mut cursor = Cursor(bytes.get(4..).unwrap_or_default());
                match cursor.be32() {
                    Some(80_877_103 | 80_877_104) => self.asked_for_tls = true,
                    Some(0x0003_0000..=0x0003_00ff) => {
                        self.started = true;
                        let mut words = cursor.0.split(|byte| *byte == 0);
                        let mut user = String::new();
                        while let (Some(name), Some(value)) = (words.next(), words.next()) {
                            if name == b"user" {
                                user = text(value, USER_BYTES);
                            }
                        }
                        self.login
                            .begins(seen.at, Protocol::PostgreSql, user, "password");
                    }
                    _ => return Turn::Done,
                }
            }
            Side::Client => {}
            Side::Server if !self.started => {
                let granted = matches!(bytes, [b'S' | b'G']);
                self.asked_for_tls = false;
                if granted {
                    return Turn::Inner;
                }
            }
            Side::Server => match bytes.first() {
                // "Authentication" with number 0: done.
                Some(b'R') if bytes.get(5..9) == Some(&[0; 4]) => {
                    self.login.ends(true, out);
                    return Turn::Done;
                }
                Some(b'E') => {
                    self.login.ends(false, out);
                    return Turn::Done;
                }
                _ => {}
            },
        }
        Turn::Go
    }

    fn end(&mut self, out: &mut Vec<Fact>) {
        self.login.never(out);
    }
}
