//! Mail on its way (RFC 5321, STARTTLS: RFC 3207, AUTH: RFC 4954, BDAT: RFC 3030): who greeted, how many
//! recipients, whether it was taken. Addresses and texts are not told.

use std::collections::VecDeque;

use larum_core::time::Timestamp;

use super::{Talk, Turn, USER_BYTES, code, decode, plain_user};
use crate::app::bytes::{decimal, starts_with_word, text, words};
use crate::app::fact::{Fact, Login, Mail};
use crate::app::protocol::Protocol;

/// The most commands awaiting their answer.
const PENDING: usize = 256;

/// One SMTP conversation.
#[derive(Default)]
pub(in crate::app) struct Smtp {
    helo: String,
    mail: Option<Mail>,
    /// Mails whose text is sent and whose answer is awaited, oldest first.
    sent: VecDeque<Mail>,
    login: Option<Login>,
    pending: VecDeque<Command>,
    /// The client is inside the text of a mail.
    in_text: bool,
    greeted: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Command {
    Mail,
    Recipient,
    Data,
    Text,
    Auth,
    StartTls,
    Other,
}

impl Talk for Smtp {
    fn client(&mut self, at: Timestamp, line: &[u8], out: &mut Vec<Fact>) -> Turn {
        if self.in_text {
            if line == b"." {
                self.in_text = false;
                self.text_ends(out);
                self.expect(Command::Text);
            }
            return Turn::Go;
        }
        let is = |word: &[u8]| starts_with_word(line, word);
        let mut turn = Turn::Go;
        let command = if self.login.is_some() && self.pending.is_empty() {
            // What is said between AUTH and its end is no command.
            self.credential(line);
            Command::Auth
        } else if is(b"EHLO") || is(b"HELO") || is(b"LHLO") {
            self.helo = text(line.get(5..).unwrap_or_default().trim_ascii(), USER_BYTES);
            Command::Other
        } else if is(b"MAIL FROM") {
            self.tell(out);
            self.mail = Some(Mail {
                at,
                helo: self.helo.clone(),
                ..Mail::default()
            });
            Command::Mail
        } else if is(b"RCPT TO") {
            if let Some(mail) = &mut self.mail {
                mail.recipients = mail.recipients.saturating_add(1);
            }
            Command::Recipient
        } else if is(b"DATA") && line.len() < 6 {
            self.in_text = true;
            Command::Data
        } else if is(b"BDAT") {
            turn = words(line)
                .nth(1)
                .and_then(decimal)
                .map_or(Turn::Go, Turn::Skip);
            if words(line)
                .nth(2)
                .is_some_and(|word| word.eq_ignore_ascii_case(b"LAST"))
            {
                self.text_ends(out);
                Command::Text
            } else {
                Command::Other
            }
        } else if is(b"AUTH ") {
            self.auth(at, line);
            Command::Auth
        } else if is(b"STARTTLS") {
            Command::StartTls
        } else {
            if is(b"RSET") || is(b"QUIT") {
                self.tell(out);
            }
            Command::Other
        };
        self.expect(command);
        turn
    }

    fn server(&mut self, _at: Timestamp, line: &[u8], out: &mut Vec<Fact>) -> Turn {
        let Some((code, true)) = code(line) else {
            return Turn::Go;
        };
        if !self.greeted && matches!(code, 220 | 554 | 421) {
            self.greeted = true;
            return Turn::Go;
        }
        self.greeted = true;
        let good = (200..300).contains(&code);
        match self.pending.pop_front() {
            Some(Command::StartTls) if good => return Turn::Inner,
            Some(Command::Recipient) if good => {
                if let Some(mail) = self.sent.front_mut().or(self.mail.as_mut()) {
                    mail.accepted = mail.accepted.saturating_add(1);
                }
            }
            Some(Command::Text) => {
                if let Some(mut mail) = self.sent.pop_front() {
                    mail.taken = Some(good);
                    out.push(Fact::Mail(mail));
                }
            }
            Some(Command::Auth) if code != 334 => {
                if let Some(login) = self.login.take() {
                    out.push(login.ended(good));
                }
            }
            // The text was refused before it began.
            Some(Command::Data) if code >= 400 => self.in_text = false,
            _ => {}
        }
        Turn::Go
    }

    fn end(&mut self, out: &mut Vec<Fact>) {
        out.extend(self.sent.drain(..).map(Fact::Mail));
        self.tell(out);
        out.extend(self.login.take().map(Fact::Login));
    }
}

impl Smtp {
    fn expect(&mut self, command: Command) {
        if self.pending.len() < PENDING {
            self.pending.push_back(command);
        }
    }

    fn tell(&mut self, out: &mut Vec<Fact>) {
        out.extend(self.mail.take().map(Fact::Mail));
    }

    /// The text of a mail is sent: its answer decides.
    fn text_ends(&mut self, out: &mut Vec<Fact>) {
        if self.sent.len() >= PENDING
            && let Some(oldest) = self.sent.pop_front()
        {
            out.push(Fact::Mail(oldest));
        }
        self.sent.extend(self.mail.take());
    }

    fn auth(&mut self, at: Timestamp, line: &[u8]) {
        let method = words(line).nth(1).unwrap_or_default();
        let user = match words(line).nth(2) {
            Some(first) if method.eq_ignore_ascii_case(b"PLAIN") => plain_user(first),
            Some(first) if method.eq_ignore_ascii_case(b"LOGIN") => {
                text(&decode(first), USER_BYTES)
            }
            _ => String::new(),
        };
        let method = text(method, 32).to_ascii_lowercase();
        self.login = Some(Login {
            at,
            protocol: Protocol::Smtp,
            user,
            outcome: None,
            method,
        });
    }

    /// A further word of a log-in: the first of LOGIN is the name, that of PLAIN holds it.
    fn credential(&mut self, line: &[u8]) {
        if let Some(login) = &mut self.login
            && login.user.is_empty()
        {
            login.user = match login.method.as_str() {
                "plain" => plain_user(line),
                "login" => text(&decode(line), USER_BYTES),
                "cram-md5" => {
                    let decoded = decode(line);
                    text(words(&decoded).next().unwrap_or_default(), USER_BYTES)
                }
                _ => return,
            };
        }
    }
}
