//! Protocols that talk in lines: one side commands, the other answers.

mod ftp;
mod imap;
mod pop3;
mod redis;
mod sip;
mod smtp;
mod telnet;
mod xmpp;

pub(super) use self::{
    ftp::Ftp, imap::Imap, pop3::Pop3, redis::Redis, sip::SipReader, smtp::Smtp,
    telnet::TelnetReader, xmpp::XmppReader,
};

use data_encoding::{BASE64, BASE64_NOPAD};
use larum_core::time::Timestamp;

use super::bytes::text;
use super::lines::Lines;
use super::{Fact, Reader, Seen, Side, Step};

/// The longest account name told.
const USER_BYTES: usize = 255;

/// What follows a line.
enum Turn {
    /// The next line.
    Go,
    /// So many bytes that are no lines.
    Skip(u64),
    /// Another protocol: TLS.
    Inner,
    /// Nothing more is to be learnt.
    Done,
}

/// One such protocol.
trait Talk: Default + Send {
    /// The client says a line.
    fn client(&mut self, at: Timestamp, line: &[u8], out: &mut Vec<Fact>) -> Turn;
    /// The server says a line.
    fn server(&mut self, at: Timestamp, line: &[u8], out: &mut Vec<Fact>) -> Turn;
    /// Nothing more comes.
    fn end(&mut self, out: &mut Vec<Fact>);
}

/// Reads one conversation in lines.
#[derive(Default)]
pub(super) struct TextReader<T> {
    client: Voice,
    server: Voice,
    talk: T,
    done: bool,
}

#[derive(Default)]
struct Voice {
    lines: Lines,
    skip: u64,
}

/// What is left of `bytes` when as many are passed over as `skip` still wants.
fn without_skipped<'b>(skip: &mut u64, bytes: &'b [u8]) -> &'b [u8] {
    let step = usize::try_from(*skip)
        .unwrap_or(usize::MAX)
        .min(bytes.len());
    *skip = skip.saturating_sub(step as u64);
    bytes.get(step..).unwrap_or_default()
}

impl<T: Talk> Reader for TextReader<T> {
    fn data(&mut self, seen: Seen, bytes: &[u8], out: &mut Vec<Fact>) -> Step {
        let voice = match seen.side {
            Side::Client => &mut self.client,
            Side::Server => &mut self.server,
        };
        let mut rest = bytes;
        while !rest.is_empty() && !self.done {
            if voice.skip > 0 {
                rest = without_skipped(&mut voice.skip, rest);
                continue;
            }
            let Some(line) = voice.lines.next(&mut rest) else {
                break;
            };
            let turn = match seen.side {
                Side::Client => self.talk.client(seen.at, line, out),
                Side::Server => self.talk.server(seen.at, line, out),
            };
            match turn {
                Turn::Go => {}
                Turn::Skip(length) => voice.skip = length,
                Turn::Inner => return Step::Inner(bytes.len().saturating_sub(rest.len())),
                Turn::Done => self.done = true,
            }
        }
        Step::Go
    }

    fn gap(&mut self, side: Side, lost: u64) {
        let voice = match side {
            Side::Client => &mut self.client,
            Side::Server => &mut self.server,
        };
        voice.lines.clear();
        voice.skip = voice.skip.saturating_sub(lost);
    }

    fn end(&mut self, _at: Timestamp, out: &mut Vec<Fact>) {
        self.talk.end(out);
    }

    fn wants(&self, _side: Side) -> bool {
        !self.done
    }
}

/// An account name out of what SASL PLAIN says (RFC 4616): the second of three parts.
fn plain_user(encoded: &[u8]) -> String {
    let decoded = decode(encoded);
    let mut parts = decoded.split(|byte| *byte == 0);
    let (acting, own) = (
        parts.next().unwrap_or_default(),
        parts.next().unwrap_or_default(),
    );
    text(if own.is_empty() { acting } else { own }, USER_BYTES)
}

/// What base64 holds; nothing where it is none.
fn decode(encoded: &[u8]) -> Vec<u8> {
    let encoded = encoded.get(..1024).unwrap_or(encoded).trim_ascii();
    BASE64
        .decode(encoded)
        .or_else(|_| BASE64_NOPAD.decode(encoded))
        .unwrap_or_default()
}

/// An argument without its quotes.
fn unquoted(argument: &[u8]) -> String {
    let argument = argument.strip_prefix(b"\"").unwrap_or(argument);
    text(argument.strip_suffix(b"\"").unwrap_or(argument), USER_BYTES)
}

/// The code of three digits before an answer, and whether the answer ends with this line.
fn code(line: &[u8]) -> Option<(u16, bool)> {
    let digits = line.get(..3)?;
    let number = super::bytes::decimal(digits)?;
    Some((u16::try_from(number).ok()?, line.get(3) != Some(&b'-')))
}
