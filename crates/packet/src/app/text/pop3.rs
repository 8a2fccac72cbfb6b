//! Fetching mail: its log-in (RFC 1939, RFC 5034; STLS: RFC 2595).

use std::collections::VecDeque;

use larum_core::time::Timestamp;

use super::{Talk, Turn, USER_BYTES, plain_user};
use crate::app::bytes::{starts_with_word, text, words};
use crate::app::fact::{Fact, Login};
use crate::app::protocol::Protocol;

/// The most commands awaiting their answer.
const PENDING: usize = 64;

/// One POP3 conversation.
#[derive(Default)]
pub(in crate::app) struct Pop3 {
    user: String,
    login: Option<Login>,
    pending: VecDeque<Command>,
    greeted: bool,
    /// The answer goes on until a line with a dot.
    in_list: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Command {
    Pass,
    StartTls,
    List,
    Other,
}

impl Talk for Pop3 {
    fn client(&mut self, at: Timestamp, line: &[u8], _out: &mut Vec<Fact>) -> Turn {
        let is = |word: &[u8]| starts_with_word(line, word);
        let argument = words(line).nth(1).unwrap_or_default();
        let mut command = Command::Other;
        if self.login.is_some() && self.pending.is_empty() {
            // The rest of a log-in that was begun with AUTH.
            if let Some(login) = &mut self.login
                && login.method == "plain"
            {
                login.user = plain_user(line);
            }
            command = Command::Pass;
        } else if is(b"USER ") {
            self.user = text(argument, USER_BYTES);
        } else if is(b"PASS") || is(b"APOP ") || is(b"AUTH ") {
            let method = if is(b"AUTH ") {
                argument
            } else {
                line.get(..4).unwrap_or_default()
            };
            let user = match () {
                () if is(b"APOP ") => text(argument, USER_BYTES),
                () if is(b"AUTH ") => words(line).nth(2).map(plain_user).unwrap_or_default(),
                () => self.user.clone(),
            };
            let method = text(method, 32).to_ascii_lowercase();
            self.login = Some(Login {
                at,
                protocol: Protocol::Pop3,
                user,
                outcome: None,
                method,
            });
            command = Command::Pass;
        } else if is(b"STLS") {
            command = Command::StartTls;
        } else if is(b"CAPA")
            || is(b"RETR")
            || is(b"TOP ")
            || (is(b"LIST") || is(b"UIDL")) && argument.is_empty()
        {
            command = Command::List;
        }
        if self.pending.len() < PENDING {
            self.pending.push_back(command);
        }
        Turn::Go
    }

    fn server(&mut self, _at: Timestamp, line: &[u8], out: &mut Vec<Fact>) -> Turn {
        if self.in_list {
            self.in_list = line != b".";
            return Turn::Go;
        }
        let good = starts_with_word(line, b"+OK");
        if !good && !starts_with_word(line, b"-ERR") {
            // "+" asks for more of a log-in.
            if line.starts_with(b"+") {
                self.pending.pop_front();
            }
            return Turn::Go;
        }
        if !self.greeted {
            self.greeted = true;
            return Turn::Go;
        }
        match self.pending.pop_front() {
            Some(Command::Pass) => {
                if let Some(login) = self.login.take() {
                    out.push(login.ended(good));
                }
                if good { Turn::Done } else { Turn::Go }
            }
            Some(Command::StartTls) if good => Turn::Inner,
            Some(Command::List) => {
                self.in_list = good;
                Turn::Go
            }
            _ => Turn::Go,
        }
    }

    fn end(&mut self, out: &mut Vec<Fact>) {
        out.extend(self.login.take().map(Fact::Login));
    }
}
