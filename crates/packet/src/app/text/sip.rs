//! Telephony (RFC 3261): registrations as log-ins, and which program speaks.

use larum_core::time::Timestamp;

use super::{USER_BYTES, without_skipped};
use crate::app::bytes::{decimal, starts_with_word, text, trim, words};
use crate::app::fact::{Banner, Fact, Login};
use crate::app::lines::Lines;
use crate::app::protocol::Protocol;
use crate::app::{Carrier, Reader, Seen, Side, Step};

/// Reads one SIP conversation.
pub(in crate::app) struct SipReader {
    carrier: Carrier,
    client: Voice,
    server: Voice,
    banner: Banner,
    /// A registration that showed credentials and awaits its answer.
    login: Option<Login>,
}

#[derive(Default)]
struct Voice {
    lines: Lines,
    head: Option<Head>,
    skip: u64,
}

/// The head that is coming in.
#[derive(Default)]
struct Head {
    status: Option<u16>,
    register: bool,
    credentials: bool,
    user: String,
    length: u64,
}

impl SipReader {
    pub fn new(carrier: Carrier) -> Self {
        let banner = Banner::new(Protocol::Sip);
        Self {
            carrier,
            client: Voice::default(),
            server: Voice::default(),
            banner,
            login: None,
        }
    }

    fn header(&mut self, side: Side, head: &mut Head, line: &[u8]) {
        let Some(colon) = memchr::memchr(b':', line) else {
            return;
        };
        let (name, value) = line.split_at_checked(colon).unwrap_or_default();
        let (name, value) = (trim(name), trim(value.get(1..).unwrap_or_default()));
        let is = |word: &[u8]| name.eq_ignore_ascii_case(word);
        if is(b"user-agent") || is(b"server") {
            let told = match side {
                Side::Client => &mut self.banner.client,
                Side::Server => &mut self.banner.server,
            };
            if told.is_empty() {
                *told = text(value, USER_BYTES);
            }
        } else if is(b"cseq") {
            head.register = words(value).nth(1).is_some_and(|word| word == b"REGISTER");
        } else if is(b"authorization") || is(b"proxy-authorization") {
            head.credentials = true;
        } else if is(b"from") || is(b"f") {
            head.user = account(value);
        } else if is(b"content-length") || is(b"l") {
            head.length = decimal(value).unwrap_or_default();
        }
    }

    fn head_ends(&mut self, at: Timestamp, head: Head, out: &mut Vec<Fact>) {
        match head.status {
            None if head.register && head.credentials => {
                let (protocol, method) = (Protocol::Sip, "register".into());
                self.login = Some(Login {
                    at,
                    protocol,
                    user: head.user,
                    outcome: None,
                    method,
                });
            }
            Some(status) if head.register && status >= 200 => {
                if let Some(login) = self.login.take() {
                    let good = status < 300;
                    out.push(login.ended(good));
                }
            }
            _ => {}
        }
    }

    fn line(
        &mut self,
        seen: Seen,
        head: Option<Head>,
        line: &[u8],
        out: &mut Vec<Fact>,
    ) -> (Option<Head>, u64) {
        let Some(mut head) = head else {
            let status = line
                .strip_prefix(b"SIP/2.0 ")
                .and_then(|rest| decimal(rest.get(..3)?));
            let status = status.and_then(|status| u16::try_from(status).ok());
            let starts = status.is_some() || trim(line).ends_with(b" SIP/2.0");
            return (
                starts.then(|| Head {
                    status,
                    ..Head::default()
                }),
                0,
            );
        };
        if !trim(line).is_empty() {
            self.header(seen.side, &mut head, line);
            return (Some(head), 0);
        }
        let length = head.length;
        self.head_ends(seen.at, head, out);
        (None, length)
    }
}

impl Reader for SipReader {
    fn data(&mut self, seen: Seen, bytes: &[u8], out: &mut Vec<Fact>) -> Step {
        if self.banner.at == Timestamp::default() {
            self.banner.at = seen.at;
        }
        if self.carrier == Carrier::Datagram {
            let mut head = None;
            for line in bytes.split(|byte| *byte == b'\n') {
                head = self.line(seen, head, line, out).0;
                if head.is_none() {
                    break;
                }
            }
            return Step::Go;
        }
        let mut voice = std::mem::take(match seen.side {
            Side::Client => &mut self.client,
            Side::Server => &mut self.server,
        });
        let mut rest = bytes;
        while !rest.is_empty() {
            if voice.skip > 0 {
                rest = without_skipped(&mut voice.skip, rest);
            } else if let Some(line) = voice.lines.next(&mut rest) {
                (voice.head, voice.skip) = self.line(seen, voice.head.take(), line, out);
            }
        }
        match seen.side {
            Side::Client => self.client = voice,
            Side::Server => self.server = voice,
        }
        Step::Go
    }

    fn gap(&mut self, side: Side, _lost: u64) {
        match side {
            Side::Client => self.client = Voice::default(),
            Side::Server => self.server = Voice::default(),
        }
    }

    fn end(&mut self, _at: Timestamp, out: &mut Vec<Fact>) {
        out.extend(self.login.take().map(Fact::Login));
        out.extend(self.banner.told());
    }

    fn wants(&self, _side: Side) -> bool {
        true
    }
}

/// The account of an address such as `"Name" <sip:100@pbx.example.org>`.
fn account(value: &[u8]) -> String {
    let Some(at) = value
        .windows(4)
        .position(|window| starts_with_word(window, b"sip:"))
    else {
        return String::new();
    };
    let after = value.get(at.saturating_add(4)..).unwrap_or_default();
    let user = after
        .split(|byte| matches!(byte, b'@' | b'>' | b';'))
        .next()
        .unwrap_or_default();
    text(user, USER_BYTES)
}
