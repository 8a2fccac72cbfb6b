//! Cisco's headers before `%FACILITY-…`: a running number, the host and another number may stand before
//! the stamp, each with a colon; instead of a stamp the time since start may stand there.

use super::Envelope;
use crate::parse::scan::{HOST, run};
use crate::parse::stamp::{self, Missing};

/// How many words with a colon may stand before the stamp.
const MAX_WORDS: usize = 4;
/// The longest of them, in bytes.
const MAX_WORD_BYTES: usize = 64;

/// Takes the header off. False, and nothing changed, when it is none.
pub(super) fn header<'a>(envelope: &mut Envelope<'a>, missing: &Missing) -> bool {
    if envelope.stamp.is_some() {
        return false;
    }
    let mut rest = envelope.message.trim_start_matches([' ', ':']);
    let mut host = None;
    for _ in 0..=MAX_WORDS {
        if let Some((time, message)) = stamped(rest, missing) {
            envelope.stamp = Some(time);
            envelope.host = host.or(envelope.host);
            envelope.message = message;
            return true;
        }
        if rest.starts_with('%') && host.is_some() {
            envelope.host = host;
            envelope.message = rest;
            return true;
        }
        let Some((word, after)) = word(rest) else {
            return false;
        };
        let is_number = word.bytes().all(|byte| byte.is_ascii_digit());
        if !is_number && !is_uptime(word) {
            if host.is_some() {
                return false;
            }
            host = Some(word);
        }
        rest = after;
    }
    false
}

/// A stamp that ends with a colon before a `%`, and what follows it.
fn stamped<'a>(text: &'a str, missing: &Missing) -> Option<(crate::time::DeviceTime, &'a str)> {
    let (time, rest) = stamp::bsd(text.as_bytes(), missing)?;
    let rest = text.get(text.len() - rest.len()..)?;
    let rest = rest.strip_prefix('.').unwrap_or(rest).strip_prefix(':')?;
    let rest = rest.trim_start_matches(' ');
    rest.starts_with('%').then_some((time, rest))
}

/// `word: `, without blanks in the word.
fn word(text: &str) -> Option<(&str, &str)> {
    let window = text.as_bytes().get(..=MAX_WORD_BYTES);
    let end = run(window.unwrap_or(text.as_bytes()), HOST);
    let (word, rest) = text.split_at_checked(end)?;
    let word = word.strip_suffix(':')?;
    let good = !word.is_empty() && rest.starts_with(' ') && end <= MAX_WORD_BYTES;
    good.then(|| (word, rest.trim_start_matches(' ')))
}

/// `2y10w`, `1w2d`, `3d04h` or `00:01:02`: the time since start.
fn is_uptime(word: &str) -> bool {
    let bytes = word.as_bytes();
    let clock = bytes.len() >= 8
        && bytes
            .iter()
            .all(|byte| byte.is_ascii_digit() || *byte == b':');
    let units = bytes.len() >= 4
        && bytes.first().is_some_and(u8::is_ascii_digit)
        && bytes
            .iter()
            .all(|byte| byte.is_ascii_digit() || matches!(byte, b'y' | b'w' | b'd' | b'h'));
    clock || units
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::time::Timestamp;

    #[test]
    fn takes_numbers_and_host_off() {
        let missing = Missing {
            received: Timestamp::from_civil((2026, 11, 22), (12, 0, 0), 0).unwrap(),
            zone_offset_seconds: 0,
        };
        let at = "2026-11-02T10:00:00Z";
        for (input, stamp, host) in [
            ("7432: GW1: 007438: Nov 2 10:00:00: %SYS-5-X: y", at, "GW1"),
            (
                "2361044: sw01: Nov 02 2026 10:00:00 UTC: %SYS-5-X: y",
                at,
                "sw01",
            ),
            ("sw1: Nov  2 10:00:00: %SYS-5-X: y", at, "sw1"),
            (": sw1: 6340004: *Nov  2 10:00:00.: %SYS-5-X: y", at, "sw1"),
            ("7432: GW1: 007438: 2y10w: %SYS-5-X: y", "", "GW1"),
            ("12: GW1: 00:01:02: %SYS-5-X: y", "", "GW1"),
        ] {
            let mut envelope = Envelope::of(input);
            assert!(header(&mut envelope, &missing), "{input}");
            let shown = envelope.stamp.map(|time| time.to_string());
            assert_eq!(
                (
                    shown.unwrap_or_default().as_str(),
                    envelope.host,
                    envelope.message
                ),
                (stamp, Some(host), "%SYS-5-X: y"),
                "{input}"
            );
        }
        for input in [
            "sshd: Failed for x",
            "a: b: c: %x",
            "%SYS-5-X: y",
            "",
            "sw1: 2023 May  2 12:57:15 UTC: %X",
        ] {
            let mut envelope = Envelope::of(input);
            assert!(!header(&mut envelope, &missing), "{input}");
            assert_eq!(envelope, Envelope::of(input));
        }
    }
}
