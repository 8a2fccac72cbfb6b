//! File transfer: its log-in (RFC 959; TLS: RFC 4217).

use larum_core::event::Outcome;
use larum_core::time::Timestamp;

use super::{Talk, Turn, USER_BYTES, code};
use crate::app::bytes::{starts_with_word, text};
use crate::app::fact::{Fact, Login};
use crate::app::protocol::Protocol;

/// One FTP conversation.
#[derive(Default)]
pub(in crate::app) struct Ftp {
    user: String,
    /// A log-in whose answer is awaited.
    login: Option<Login>,
    tls: bool,
}

impl Talk for Ftp {
    fn client(&mut self, at: Timestamp, line: &[u8], out: &mut Vec<Fact>) -> Turn {
        if starts_with_word(line, b"USER ") {
            self.user = text(line.get(5..).unwrap_or_default().trim_ascii(), USER_BYTES);
        }
        if starts_with_word(line, b"USER ") || starts_with_word(line, b"PASS") {
            let method = text(line.get(..4).unwrap_or_default(), 4).to_ascii_lowercase();
            let user = self.user.clone();
            let next = Login {
                at,
                protocol: Protocol::Ftp,
                user,
                outcome: None,
                method,
            };
            if let Some(before) = self.login.replace(next)
                && before.method == "pass"
            {
                out.push(Fact::Login(before));
            }
        }
        self.tls = starts_with_word(line, b"AUTH TLS") || starts_with_word(line, b"AUTH SSL");
        Turn::Go
    }

    fn server(&mut self, _at: Timestamp, line: &[u8], out: &mut Vec<Fact>) -> Turn {
        let Some((code, true)) = code(line) else {
            return Turn::Go;
        };
        let outcome = match code {
            234 | 334 if self.tls => return Turn::Inner,
            230 | 202 => Outcome::Success,
            // Need an account, not logged in, and what servers say in its stead.
            332 | 421 | 430 | 530 | 532 => Outcome::Failure,
            _ => return Turn::Go,
        };
        let Some(mut login) = self.login.take() else {
            return Turn::Go;
        };
        login.outcome = Some(outcome);
        out.push(Fact::Login(login));
        match outcome {
            Outcome::Success => Turn::Done,
            Outcome::Failure => Turn::Go,
        }
    }

    fn end(&mut self, out: &mut Vec<Fact>) {
        out.extend(self.login.take().map(Fact::Login));
    }
}
