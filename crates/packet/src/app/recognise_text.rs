//! Which protocol two sides speak that talk in lines. Many greet with the same numbers and know the same
//! words; what one side leaves open, the other's first line decides.

use super::Protocol;
use super::bytes::{decimal, has_word, starts_with_word};
use super::look::Verdict;

use Verdict::{Is, Maybe, Not};

/// The first line of bytes that may be a text protocol: whole, or so far.
pub(super) fn first_line(bytes: &[u8]) -> (&[u8], bool) {
    match memchr::memchr(b'\n', bytes) {
        Some(end) => {
            let line = bytes.get(..end).unwrap_or_default();
            (line.strip_suffix(b"\r").unwrap_or(line), true)
        }
        None => (bytes, false),
    }
}

/// First words of clients that are told apart only with their server's greeting, or by themselves.
pub(super) fn mail_client(bytes: &[u8]) -> Verdict {
    let (line, whole) = first_line(bytes);
    for word in [&b"EHLO"[..], b"HELO", b"LHLO"] {
        if starts_with_word(line, word) {
            return if whole { Is(Protocol::Smtp) } else { Maybe };
        }
    }
    if !line
        .iter()
        .all(|byte| (b' '..0x7f).contains(byte) || matches!(byte, b'\r' | b'\t'))
    {
        return Not;
    }
    match whole {
        false if line.len() < 512 => Maybe,
        false => Not,
        true => text_client(line),
    }
}

/// Commands that name their protocol without an answer.
fn text_client(line: &[u8]) -> Verdict {
    let word = line.split(|byte| *byte == b' ').next().unwrap_or_default();
    let is = |names: &[&[u8]]| names.iter().any(|name| word.eq_ignore_ascii_case(name));
    if is(&[b"NICK"]) || (is(&[b"CAP"]) && line.len() > 5) {
        return Is(Protocol::Irc);
    }
    if is(&[b"USER"])
        && line.contains(&b':')
        && line.iter().filter(|byte| **byte == b' ').count() >= 4
    {
        return Is(Protocol::Irc);
    }
    let second = line.split(|byte| *byte == b' ').nth(1).unwrap_or_default();
    if word.len() <= 12
        && [&b"CAPABILITY"[..], b"LOGIN", b"AUTHENTICATE", b"STARTTLS"]
            .iter()
            .any(|name| second.eq_ignore_ascii_case(name))
    {
        return Is(Protocol::Imap);
    }
    if is(&[
        b"USER", b"AUTH", b"CAPA", b"FEAT", b"SYST", b"QUIT", b"NOOP", b"HELP", b"PASS", b"STLS",
    ]) {
        return Maybe;
    }
    Not
}

/// Greetings of text protocols.
pub(super) fn greeting(bytes: &[u8]) -> Verdict {
    let (line, whole) = first_line(bytes);
    if starts_with_word(line, b"* OK")
        || starts_with_word(line, b"* PREAUTH")
        || starts_with_word(line, b"* BYE")
    {
        return Is(Protocol::Imap);
    }
    let numbered = line.len() >= 4
        && line.get(..3).is_some_and(|code| decimal(code).is_some())
        && matches!(line.get(3), Some(b' ' | b'-'));
    if numbered {
        return match (line.get(..3), whole) {
            (Some(b"220" | b"421" | b"554" | b"120" | b"200" | b"201"), true) => {
                greeted(bytes, 0).map_or(Maybe, Is)
            }
            (Some(b"220" | b"421" | b"554" | b"120" | b"200" | b"201"), false) => Maybe,
            _ => Not,
        };
    }
    if starts_with_word(line, b"+OK") || starts_with_word(line, b"-ERR") {
        return Maybe;
    }
    if line.starts_with(b":") && has_word(line, b" NOTICE ") {
        return Is(Protocol::Irc);
    }
    let like_text = line
        .iter()
        .all(|byte| matches!(byte, b' '..=b'~' | b'\r' | b'\t' | 0x1b));
    if like_text && !whole && line.len() < 512 {
        Maybe
    } else {
        Not
    }
}

/// What a server's greeting by itself says, else what its port does.
pub(super) fn greeted(server: &[u8], server_port: u16) -> Option<Protocol> {
    let (line, _) = first_line(server);
    if starts_with_word(line, b"+OK") || starts_with_word(line, b"-ERR") {
        return (server_port != 0 && !has_word(server, b"$")).then_some(Protocol::Pop3);
    }
    let digits = line.get(..3)?;
    if matches!(digits, b"220" | b"421" | b"554" | b"120") {
        if has_word(line, b"SMTP") {
            return Some(Protocol::Smtp);
        }
        if has_word(line, b"FTP") {
            return Some(Protocol::Ftp);
        }
        return match server_port {
            21 => Some(Protocol::Ftp),
            25 | 465 | 587 => Some(Protocol::Smtp),
            _ => None,
        };
    }
    let news =
        matches!(digits, b"200" | b"201") && (has_word(line, b"NNTP") || has_word(line, b"news"));
    news.then_some(Protocol::Nntp)
}

/// What both sides together say, when neither did alone.
pub(super) fn spoken_second(client: &[u8], server: &[u8], server_port: u16) -> Verdict {
    let (asked, whole) = first_line(client);
    let (answered, _) = first_line(server);
    if !whole {
        return Maybe;
    }
    let word = asked.split(|byte| *byte == b' ').next().unwrap_or_default();
    let is = |names: &[&[u8]]| names.iter().any(|name| word.eq_ignore_ascii_case(name));
    if starts_with_word(answered, b"+OK") || starts_with_word(answered, b"-ERR") {
        return match is(&[
            b"USER", b"PASS", b"CAPA", b"APOP", b"AUTH", b"STLS", b"STAT", b"QUIT", b"UIDL",
            b"LIST",
        ]) {
            true => Is(Protocol::Pop3),
            false if is(&[b"GET", b"SET", b"SELECT", b"CONFIG", b"KEYS"]) => Is(Protocol::Redis),
            false => Not,
        };
    }
    let code = answered.get(..3).and_then(decimal);
    match code {
        Some(220 | 230 | 331 | 530 | 500..=503 | 421 | 120) => {
            if is(&[b"MAIL", b"RCPT", b"STARTTLS", b"EHLO", b"HELO"]) {
                return Is(Protocol::Smtp);
            }
            if is(&[
                b"USER", b"PASS", b"FEAT", b"SYST", b"OPTS", b"PORT", b"PASV", b"EPSV", b"CWD",
                b"ACCT", b"HOST", b"CLNT", b"PBSZ", b"LIST", b"TYPE", b"XSHA1",
            ]) || starts_with_word(asked, b"AUTH TLS")
                || starts_with_word(asked, b"AUTH SSL")
                || starts_with_word(asked, b"AUTH GSSAPI")
            {
                return Is(Protocol::Ftp);
            }
            greeted(server, server_port).map_or(Not, Is)
        }
        Some(200 | 201) => match is(&[b"MODE", b"GROUP", b"CAPABILITIES", b"LIST", b"AUTHINFO"]) {
            true => Is(Protocol::Nntp),
            false => Not,
        },
        _ => Not,
    }
}
