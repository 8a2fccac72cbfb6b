//! Reading mail on the server: its log-in (RFC 9051; literals: 4.3).

use larum_core::time::Timestamp;

use super::{Talk, Turn, plain_user, unquoted};
use crate::app::bytes::{decimal, text, words};
use crate::app::fact::{Fact, Login};
use crate::app::protocol::Protocol;

/// The longest tag that is remembered.
const TAG_BYTES: usize = 64;

/// One IMAP conversation.
#[derive(Default)]
pub(in crate::app) struct Imap {
    /// The tag of a log-in or of a wish for TLS, and which.
    tag: Vec<u8>,
    login: Option<Login>,
    tls: bool,
}

impl Talk for Imap {
    fn client(&mut self, at: Timestamp, line: &[u8], _out: &mut Vec<Fact>) -> Turn {
        let mut parts = words(line);
        let (tag, command) = (
            parts.next().unwrap_or_default(),
            parts.next().unwrap_or_default(),
        );
        let is = |word: &[u8]| command.eq_ignore_ascii_case(word);
        let first = parts.next().unwrap_or_default();
        if is(b"LOGIN") || is(b"AUTHENTICATE") {
            let (user, method) = match is(b"LOGIN") {
                true if literal(first).is_some() => (String::new(), "login".into()),
                true => (unquoted(first), "login".into()),
                false => {
                    let user = parts.next().map(plain_user).unwrap_or_default();
                    (user, text(first, 32).to_ascii_lowercase())
                }
            };
            self.tag = tag.get(..TAG_BYTES).unwrap_or(tag).to_vec();
            self.login = Some(Login {
                at,
                protocol: Protocol::Imap,
                user,
                outcome: None,
                method,
            });
            self.tls = false;
        } else if is(b"STARTTLS") {
            self.tag = tag.get(..TAG_BYTES).unwrap_or(tag).to_vec();
            self.tls = true;
        } else if let Some(login) = &mut self.login
            && login.method == "plain"
            && login.user.is_empty()
        {
            login.user = plain_user(line);
        }
        literal(line).map_or(Turn::Go, Turn::Skip)
    }

    fn server(&mut self, _at: Timestamp, line: &[u8], out: &mut Vec<Fact>) -> Turn {
        let mut parts = words(line);
        if self.tag.is_empty() || parts.next() != Some(&self.tag) {
            return literal(line).map_or(Turn::Go, Turn::Skip);
        }
        self.tag.clear();
        let good = parts
            .next()
            .is_some_and(|word| word.eq_ignore_ascii_case(b"OK"));
        if self.tls {
            self.tls = false;
            return if good { Turn::Inner } else { Turn::Go };
        }
        if let Some(login) = self.login.take() {
            out.push(login.ended(good));
            if good {
                return Turn::Done;
            }
        }
        Turn::Go
    }

    fn end(&mut self, out: &mut Vec<Fact>) {
        out.extend(self.login.take().map(Fact::Login));
    }
}

/// The size of the literal a line announces at its end: `{12}` or `{12+}`.
fn literal(line: &[u8]) -> Option<u64> {
    let inside = line.strip_suffix(b"}")?;
    let open = memchr::memrchr(b'{', inside)?;
    let digits = inside.get(open.checked_add(1)?..)?;
    decimal(digits.strip_suffix(b"+").unwrap_or(digits))
}
