//! Telnet (RFC 854): who tries to log in and whether a prompt follows. The outcome is a guess from what
//! the server says next: words of refusal or a new request for a name are a failure, a shell's prompt or
//! a greeting is a success.

use larum_core::event::Outcome;
use larum_core::time::Timestamp;

use super::USER_BYTES;
use crate::app::bytes::{has_word, text};
use crate::app::fact::{Fact, Login};
use crate::app::protocol::Protocol;
use crate::app::{Reader, Seen, Side, Step};

/// The most of a server's last words kept.
const SAID_BYTES: usize = 512;
/// After this many bytes of a server without a log-in it is given up.
const SERVER_BYTES: u64 = 64 * 1024;

/// Reads one Telnet conversation.
#[derive(Default)]
pub(in crate::app) struct TelnetReader {
    client: Commands,
    server: Commands,
    /// What the server said since the client's last line.
    said: Vec<u8>,
    typed: Vec<u8>,
    asked: Asked,
    user: String,
    login: Option<Login>,
    heard: u64,
    done: bool,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Asked {
    #[default]
    Nothing,
    Name,
    Password,
}

/// Where in a command of the protocol one side is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Commands {
    #[default]
    Text,
    Command,
    Option,
    Sub,
    SubCommand,
}

impl Commands {
    /// Takes a byte; gives it back when it is text.
    fn step(&mut self, byte: u8) -> Option<u8> {
        let (next, kept) = match (*self, byte) {
            (Self::Text, 0xff) => (Self::Command, None),
            (Self::Text, _) => (Self::Text, Some(byte)),
            (Self::Command, 0xfb..=0xfe) => (Self::Option, None),
            (Self::Command, 0xfa) => (Self::Sub, None),
            (Self::Command, 0xff) => (Self::Text, Some(byte)),
            (Self::Command | Self::Option, _) | (Self::SubCommand, 0xf0) => (Self::Text, None),
            (Self::Sub, 0xff) => (Self::SubCommand, None),
            (Self::Sub | Self::SubCommand, _) => (Self::Sub, None),
        };
        *self = next;
        kept
    }
}

impl Reader for TelnetReader {
    fn data(&mut self, seen: Seen, bytes: &[u8], out: &mut Vec<Fact>) -> Step {
        for byte in bytes {
            if self.done {
                break;
            }
            match seen.side {
                Side::Server => {
                    self.heard = self.heard.saturating_add(1);
                    self.done = self.heard > SERVER_BYTES;
                    if let Some(byte) = self.server.step(*byte) {
                        self.hear(byte, out);
                    }
                }
                Side::Client => {
                    if let Some(byte) = self.client.step(*byte) {
                        self.typed(seen.at, byte);
                    }
                }
            }
        }
        Step::Go
    }

    fn gap(&mut self, _side: Side, _lost: u64) {
        self.done = true;
    }

    fn end(&mut self, _at: Timestamp, out: &mut Vec<Fact>) {
        out.extend(self.login.take().map(Fact::Login));
    }

    fn wants(&self, _side: Side) -> bool {
        !self.done
    }
}

impl TelnetReader {
    fn hear(&mut self, byte: u8, out: &mut Vec<Fact>) {
        if self.said.len() >= SAID_BYTES {
            self.said.drain(..SAID_BYTES / 2);
        }
        self.said.push(byte.to_ascii_lowercase());
        // A prompt ends with a colon or a sign, refusals with a line.
        if !matches!(byte, b':' | b'\n' | b'$' | b'#' | b'>' | b'%') {
            return;
        }
        let said = &self.said;
        let ends = |word: &[u8]| said.ends_with(word);
        let name = ends(b"login:") || ends(b"username:") || ends(b"user name:") || ends(b"user:");
        let outcome = match byte {
            _ if self.login.is_none() => None,
            b':' if name || ends(b"password:") => Some(Outcome::Failure),
            b'\n' if refused(said) => Some(Outcome::Failure),
            b'\n' if has_word(said, b"last login") || has_word(said, b"welcome") => {
                Some(Outcome::Success)
            }
            b'$' | b'#' | b'>' | b'%' if !refused(said) => Some(Outcome::Success),
            _ => None,
        };
        if let Some(outcome) = outcome
            && let Some(mut login) = self.login.take()
        {
            login.outcome = Some(outcome);
            out.push(Fact::Login(login));
            self.done = outcome == Outcome::Success;
        }
        if byte == b':' {
            self.asked = match () {
                () if name => Asked::Name,
                () if self.said.ends_with(b"password:") => Asked::Password,
                () => self.asked,
            };
        }
    }

    fn typed(&mut self, at: Timestamp, byte: u8) {
        if !matches!(byte, b'\r' | b'\n' | 0) {
            if self.asked == Asked::Name && self.typed.len() < USER_BYTES {
                self.typed.push(byte);
            }
            return;
        }
        match self.asked {
            Asked::Name if !self.typed.is_empty() => {
                self.user = text(&self.typed, USER_BYTES);
                self.typed.clear();
                self.said.clear();
                self.asked = Asked::Nothing;
            }
            Asked::Password => {
                let user = std::mem::take(&mut self.user);
                let (protocol, method) = (Protocol::Telnet, "password".into());
                self.login = Some(Login {
                    at,
                    protocol,
                    user,
                    outcome: None,
                    method,
                });
                self.said.clear();
                self.asked = Asked::Nothing;
            }
            _ => {}
        }
    }
}

/// Words with which servers refuse.
fn refused(said: &[u8]) -> bool {
    [
        &b"incorrect"[..],
        b"failed",
        b"denied",
        b"invalid",
        b"bad password",
        b"failure",
        b"wrong",
    ]
    .iter()
    .any(|word| has_word(said, word))
}
