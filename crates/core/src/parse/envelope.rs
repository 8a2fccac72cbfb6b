//! What stands around a message: priority, stamp, host, program.
//!
//! Standards: RFC 5424, and RFC 3164 in the dialects devices really speak: single-digit days with one
//! or two blanks, an optional year and zone, an ISO stamp instead, no host, no tag, a second header
//! inside the first (a relay's), or no header at all.

use super::stamp::{self, Missing};
use crate::time::DeviceTime;

/// The longest host name taken from a header, in bytes (RFC 5424, 6.2.4).
const MAX_HOST_BYTES: usize = 255;
/// The longest program name taken from a header, in bytes (RFC 5424 allows 48; some relays more).
const MAX_PROGRAM_BYTES: usize = 96;
/// How many headers inside one another are read: the relay's and the device's.
const MAX_HEADERS: usize = 2;

/// A record taken apart into header and message.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Envelope<'a> {
    /// When the device says it happened.
    pub stamp: Option<DeviceTime>,
    /// The device's name for itself.
    pub host: Option<&'a str>,
    /// The program that spoke, without path.
    pub program: Option<&'a str>,
    /// RFC 5424's message id.
    pub message_id: Option<&'a str>,
    /// RFC 5424's structured data, brackets and all.
    pub structured: Option<&'a str>,
    /// The message, without leading blanks and colons.
    pub message: &'a str,
}

/// Takes `text` apart. Always succeeds: without a header the whole text is the message.
pub(super) fn open<'a>(text: &'a str, missing: &Missing) -> Envelope<'a> {
    let (had_priority, text) = priority(text);
    let mut envelope = Envelope {
        stamp: None,
        host: None,
        program: None,
        message_id: None,
        structured: None,
        message: text,
    };
    if had_priority
        && let Some(rest) = text.strip_prefix("1 ")
        && let Some(found) = rfc5424(rest, missing)
    {
        return found;
    }
    for _ in 0..MAX_HEADERS {
        if !rfc3164(&mut envelope, missing) {
            break;
        }
    }
    let has_header = had_priority || envelope.stamp.is_some();
    if envelope.program.is_none()
        && let Some((program, rest)) = tag(envelope.message, has_header)
    {
        envelope.program = Some(program);
        envelope.message = rest;
    }
    envelope.message = after_header(envelope.message);
    envelope
}

/// Skips blanks and a colon of its own (" : %ASA-…"), but not the colons an address starts with.
fn after_header(text: &str) -> &str {
    let text = text.trim_start_matches(' ');
    match text.strip_prefix(':') {
        Some(rest) if rest.starts_with([' ', '%']) => rest.trim_start_matches(' '),
        _ => text,
    }
}

/// Strips `<0>` to `<999>`.
fn priority(text: &str) -> (bool, &str) {
    let stripped = text.strip_prefix('<').and_then(|rest| {
        let digits = rest.bytes().take(4).take_while(u8::is_ascii_digit).count();
        (1..=3)
            .contains(&digits)
            .then(|| rest.get(digits..))
            .flatten()?
            .strip_prefix('>')
    });
    match stripped {
        Some(rest) => (true, rest.trim_start_matches(' ')),
        None => (false, text),
    }
}

/// One header of the older kind: stamp, then host and tag where they stand. False, and nothing
/// changed, when there is no stamp.
fn rfc3164<'a>(envelope: &mut Envelope<'a>, missing: &Missing) -> bool {
    let text = sequence_number(envelope.message).trim_start_matches([' ', ':']);
    let bytes = text.as_bytes();
    let Some((time, rest)) = (match bytes.first() {
        Some(b'0'..=b'9') => stamp::iso(bytes, missing),
        Some(b'A'..=b'Z' | b'a'..=b'z' | b'*' | b'.') => stamp::bsd(bytes, missing),
        _ => None,
    }) else {
        return false;
    };
    let Some(rest) = text.get(text.len() - rest.len()..) else {
        return false;
    };
    // A stamp must end its word, or it was part of something else.
    if !rest.starts_with([' ', ':']) {
        return false;
    }
    envelope.stamp = Some(time);
    let after_colon = rest.strip_prefix(':');
    let rest = rest.trim_start_matches([' ', ':']);
    envelope.message = rest;
    if after_colon.is_some() {
        return true;
    }
    // "stamp tag: message" has no host; "stamp host tag: message" has one.
    if let Some((program, message)) = tag(rest, true) {
        envelope.program = Some(program);
        envelope.message = message;
        return true;
    }
    if let Some((host, after)) = host(rest) {
        envelope.host = Some(host);
        envelope.message = after.trim_start_matches(' ');
        if let Some((program, message)) = tag(envelope.message, true) {
            envelope.program = Some(program);
            envelope.message = message;
        }
    }
    true
}

/// Skips `nnn: ` before a stamp, Cisco's running number.
fn sequence_number(text: &str) -> &str {
    let digits = text.bytes().take(11).take_while(u8::is_ascii_digit).count();
    match text.get(digits..).and_then(|rest| rest.strip_prefix(": ")) {
        Some(rest) if digits > 0 => rest,
        _ => text,
    }
}

/// A word that can be a host name or address and is followed by a blank.
fn host(text: &str) -> Option<(&str, &str)> {
    let end = memchr::memchr(b' ', text.as_bytes())?;
    let (word, rest) = text.split_at_checked(end)?;
    let word = word.strip_suffix(':').unwrap_or(word);
    let good = !word.is_empty()
        && word.len() <= MAX_HOST_BYTES
        && word.bytes().all(|byte| {
            byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'_' | b':' | b'/' | b',')
        });
    good.then_some((word, rest))
}

/// `program:`, `program[pid]:` or, where `loose` is false, only the latter. The colon must be followed
/// by a blank or the end, so that addresses and URLs are not taken for a tag.
fn tag(text: &str, loose: bool) -> Option<(&str, &str)> {
    let bytes = text.as_bytes();
    let length = bytes
        .iter()
        .take(MAX_PROGRAM_BYTES + 1)
        .take_while(|byte| {
            byte.is_ascii_alphanumeric()
                || matches!(byte, b'.' | b'-' | b'_' | b'/' | b'(' | b')' | b'@' | b',')
        })
        .count();
    if length == 0 || length > MAX_PROGRAM_BYTES {
        return None;
    }
    let (name, rest) = text.split_at_checked(length)?;
    let (rest, has_pid) = match rest.strip_prefix('[') {
        Some(inside) => {
            let end = inside
                .bytes()
                .take(MAX_PROGRAM_BYTES)
                .position(|byte| byte == b']')?;
            (inside.get(end + 1..)?, true)
        }
        None => (rest, false),
    };
    if !has_pid && !loose {
        return None;
    }
    let rest = rest.strip_prefix(':')?;
    if !rest.is_empty() && !rest.starts_with(' ') {
        return None;
    }
    let name = name.rsplit('/').next().unwrap_or(name);
    let name = name.split('(').next().unwrap_or(name);
    // "CEF: 0|…" is the message itself.
    (!name.is_empty() && !matches!(name, "CEF" | "LEEF"))
        .then_some((name, rest.trim_start_matches(' ')))
}

/// The part after `<pri>1 `: stamp, host, program, process, message id, structured data, message.
fn rfc5424<'a>(text: &'a str, missing: &Missing) -> Option<Envelope<'a>> {
    let (stamp_text, rest) = split_word(text)?;
    let stamp = match stamp_text {
        "-" => None,
        _ => {
            let (time, after) = stamp::iso(stamp_text.as_bytes(), missing)?;
            after.is_empty().then_some(())?;
            Some(time)
        }
    };
    let (host, rest) = split_word(rest)?;
    let (program, rest) = split_word(rest)?;
    let (_process, rest) = split_word(rest)?;
    let (message_id, rest) = split_word(rest).unwrap_or((rest, ""));
    let message = structured_data(rest)?;
    let structured = rest.get(..rest.len() - message.len());
    let said = |word: &'a str, most: usize| (word != "-" && word.len() <= most).then_some(word);
    let program =
        said(program, MAX_PROGRAM_BYTES).map(|name| name.rsplit('/').next().unwrap_or(name));
    Some(Envelope {
        stamp,
        host: said(host, MAX_HOST_BYTES),
        program: program.filter(|name| !name.is_empty()),
        message_id: said(message_id, MAX_PROGRAM_BYTES),
        structured: structured.filter(|text| text.starts_with('[')),
        message: after_header(message.trim_start_matches([' ', '\u{feff}'])),
    })
}

/// The text before the first blank and behind it.
fn split_word(text: &str) -> Option<(&str, &str)> {
    let at = memchr::memchr(b' ', text.as_bytes())?;
    Some((text.get(..at)?, text.get(at + 1..)?))
}

/// Skips `-` or any number of `[id name="value" ...]`; a quoted value may hold `\]` and `\"`.
fn structured_data(text: &str) -> Option<&str> {
    if let Some(rest) = text.strip_prefix('-') {
        return Some(rest);
    }
    let mut rest = text;
    while let Some(element) = rest.strip_prefix('[') {
        // Cisco and others send text in square brackets where structured data should stand.
        let Some(end) = element_end(element.as_bytes()) else {
            return Some(rest);
        };
        rest = element.get(end + 1..)?;
    }
    Some(rest)
}

fn element_end(element: &[u8]) -> Option<usize> {
    let mut quoted = false;
    let mut escaped = false;
    for (at, byte) in element.iter().enumerate() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if quoted => escaped = true,
            b'"' => quoted = !quoted,
            b']' if !quoted => return Some(at),
            _ => {}
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::time::Timestamp;

    #[track_caller]
    fn check(input: &str, stamp: &str, host: &str, program: &str, message: &str) {
        let missing = Missing {
            received: Timestamp::from_civil((2026, 11, 22), (12, 0, 0), 0).unwrap(),
            zone_offset_seconds: 0,
        };
        let found = open(input, &missing);
        let shown = found.stamp.map(|time| time.to_string()).unwrap_or_default();
        assert_eq!(
            (
                shown.as_str(),
                found.host.unwrap_or_default(),
                found.program.unwrap_or_default(),
                found.message
            ),
            (stamp, host, program, message),
            "{input}"
        );
    }

    #[test]
    fn reads_the_dialects() {
        let at = "2026-11-02T10:00:00Z";
        check(
            "<38>Nov  2 10:00:00 gw sshd[7]: hello",
            at,
            "gw",
            "sshd",
            "hello",
        );
        check("Nov 2 10:00:00 gw sshd: hello", at, "gw", "sshd", "hello");
        check(
            "<134>Nov 2 10:00:00 filterlog: 1,2",
            at,
            "",
            "filterlog",
            "1,2",
        );
        check("<134>filterlog[9]: 1,2", "", "", "filterlog", "1,2");
        check(
            "<166>Nov 02 2026 10:00:00: %ASA-6-1: x",
            at,
            "",
            "",
            "%ASA-6-1: x",
        );
        check(
            "<166>Nov 02 2026 10:00:00 fw : %ASA-6-1: x",
            at,
            "fw",
            "",
            "%ASA-6-1: x",
        );
        check(
            "Nov 2 09:00:00 192.0.2.1 Nov 02 2026 10:00:00: %ASA-6-1: x",
            at,
            "192.0.2.1",
            "",
            "%ASA-6-1: x",
        );
        check(
            "<189>date=2026-11-02 time=1",
            "",
            "",
            "",
            "date=2026-11-02 time=1",
        );
        check(
            "2026-11-02T10:00:00Z gw kernel: [1.0] x",
            at,
            "gw",
            "kernel",
            "[1.0] x",
        );
        check(
            "Nov 2 10:00:00 gw /usr/sbin/cron[3]: x",
            at,
            "gw",
            "cron",
            "x",
        );
        check("Nov 2 10:00:00 gw date=1 b=2", at, "gw", "", "date=1 b=2");
        check(
            "192.0.2.1 - - [x] \"GET",
            "",
            "",
            "",
            "192.0.2.1 - - [x] \"GET",
        );
        check("::1 - - [x]", "", "", "", "::1 - - [x]");
        check("2001:db8::1 - - [x]", "", "", "", "2001:db8::1 - - [x]");
    }

    #[test]
    fn reads_rfc_5424() {
        let at = "2026-11-02T10:00:00Z";
        check(
            "<34>1 2026-11-02T10:00:00Z gw sshd 7 - - hello",
            at,
            "gw",
            "sshd",
            "hello",
        );
        check(
            "<34>1 2026-11-02T10:00:00Z gw app - ID7 [a@1 b=\"x \\] y\"][c d=\"]\"] \u{feff}hello",
            at,
            "gw",
            "app",
            "hello",
        );
        check("<34>1 - - - - - -", "", "", "", "");
        check("<34>1 - - - - - - only", "", "", "", "only");
    }
}
