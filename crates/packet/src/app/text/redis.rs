//! Redis: its log-in (RESP 2 and 3).

use std::collections::VecDeque;

use larum_core::time::Timestamp;

use super::{Talk, Turn};
use crate::app::bytes::{decimal, starts_with_word, text};
use crate::app::fact::{Fact, Login};
use crate::app::protocol::Protocol;

/// The most commands awaiting their answer, and the most lines of one side that are looked at.
const PENDING: usize = 64;
const LINES: u32 = 4096;

/// One Redis conversation.
#[derive(Default)]
pub(in crate::app) struct Redis {
    /// Words still to come in the command that is coming in.
    left: u64,
    words: u64,
    in_login: bool,
    named: bool,
    login: Option<Login>,
    /// For each command whether it is a log-in.
    pending: VecDeque<bool>,
    lines: u32,
}

impl Talk for Redis {
    fn client(&mut self, at: Timestamp, line: &[u8], _out: &mut Vec<Fact>) -> Turn {
        if let Some(count) = line.strip_prefix(b"*").and_then(decimal) {
            (self.left, self.words) = (count, count);
            self.in_login = false;
            return self.bounded();
        }
        if line.starts_with(b"$") && self.left > 0 {
            return Turn::Go;
        }
        if self.left == 0 {
            self.expect(false);
            return self.bounded();
        }
        let place = self.words.saturating_sub(self.left);
        self.left = self.left.saturating_sub(1);
        if place == 0 && line.eq_ignore_ascii_case(b"AUTH") {
            self.in_login = true;
            self.named = self.words > 2;
            let (user, method) = (String::new(), "auth".into());
            self.login = Some(Login {
                at,
                protocol: Protocol::Redis,
                user,
                outcome: None,
                method,
            });
        } else if place == 1
            && self.in_login
            && self.named
            && let Some(login) = &mut self.login
        {
            login.user = text(line, super::USER_BYTES);
        }
        if self.left == 0 {
            self.expect(self.in_login);
        }
        Turn::Go
    }

    fn server(&mut self, _at: Timestamp, line: &[u8], out: &mut Vec<Fact>) -> Turn {
        // Only one-line answers can be a log-in's; longer ones end the reading of those behind them.
        let Some(kind @ (b'+' | b'-' | b':')) = line.first() else {
            return self.bounded();
        };
        let login = self.pending.pop_front().unwrap_or_default();
        if login && let Some(told) = self.login.take() {
            let good = *kind == b'+' || starts_with_word(line, b"-ERR Client sent AUTH, but no");
            out.push(told.ended(good));
            if good {
                return Turn::Done;
            }
        }
        self.bounded()
    }

    fn end(&mut self, out: &mut Vec<Fact>) {
        out.extend(self.login.take().map(Fact::Login));
    }
}

impl Redis {
    fn expect(&mut self, login: bool) {
        if self.pending.len() < PENDING {
            self.pending.push_back(login);
        }
    }

    /// A conversation without log-ins is not followed for ever.
    fn bounded(&mut self) -> Turn {
        self.lines = self.lines.saturating_add(1);
        if self.lines > LINES {
            Turn::Done
        } else {
            Turn::Go
        }
    }
}
