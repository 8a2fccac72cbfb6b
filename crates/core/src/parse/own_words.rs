//! Whether a mark inside a message is the program's own word or one that a stranger chose.

use std::cell::Cell;

use memchr::memmem::Finder;
use serde::Deserialize;

use super::address;
use super::envelope::{Envelope, is_level};
use super::scan::{ADDRESS, run};

/// How a message begins, where no fixed words say it.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Opening {
    /// An address and a blank.
    Address,
    /// A date in digits, whatever stands between them: `2026-11-22`, `22/11/26`, `22.11.2026`, `20261122`;
    /// its month may be a name of three letters.
    Date,
    /// A date in brackets, more behind it or not.
    DateInBrackets,
    /// A word for how grave it is, such as `WARN`.
    Level,
    /// A key and `=`.
    Pair,
}

impl Opening {
    /// The word in the file.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Address => "address",
            Self::Date => "date",
            Self::DateInBrackets => "date-in-brackets",
            Self::Level => "level",
            Self::Pair => "pair",
        }
    }

    /// Whether a text with this first byte can begin so: most cannot, and need not be looked at.
    const fn may_begin(self, first: u8) -> bool {
        match self {
            Self::Address => first.is_ascii_hexdigit() || first == b':',
            Self::Date => first.is_ascii_digit(),
            Self::DateInBrackets => first == b'[',
            Self::Level => first.is_ascii_alphabetic(),
            Self::Pair => first.is_ascii_alphanumeric() || matches!(first, b'_' | b'-' | b'.'),
        }
    }

    /// Whether `text` begins so.
    pub fn begins(self, text: &str) -> bool {
        let bytes = text.as_bytes();
        if !bytes.first().is_some_and(|first| self.may_begin(*first)) {
            return false;
        }
        match self {
            Self::Address => begins_with_address(text),
            Self::Date => begins_with_date(bytes),
            Self::DateInBrackets => bytes.get(1..).is_some_and(begins_with_date),
            Self::Level => begins_with_level(text),
            Self::Pair => {
                let key =
                    |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.');
                let end = bytes.iter().position(|byte| !key(byte));
                end.is_some_and(|end| end > 0 && bytes.get(end) == Some(&b'='))
            }
        }
    }
}

fn begins_with_address(text: &str) -> bool {
    let bytes = text.as_bytes();
    if let Some((_, rest)) = address::ipv4_start(bytes)
        && rest.first() == Some(&b' ')
    {
        return true;
    }
    let most = bytes.get(..address::MAX_ADDRESS_BYTES + 1).unwrap_or(bytes);
    let start = run(most, ADDRESS);
    let end = match bytes.get(start) {
        Some(b' ') => Some(start),
        // A zone index may hold anything.
        _ => memchr::memchr(b'%', most).and_then(|_| memchr::memchr(b' ', most)),
    };
    let word = end.and_then(|end| text.get(..end));
    word.is_some_and(|word| address::ip(word).is_some())
}

fn begins_with_level(text: &str) -> bool {
    let end = letters(text.as_bytes());
    let Some((word, rest)) = text.split_at_checked(end) else {
        return false;
    };
    let ends = matches!(
        rest.as_bytes(),
        [b' ' | b'\t' | b']' | b'|', ..] | [b':', b' ', ..]
    );
    ends && is_level(word)
}

fn begins_with_date(text: &[u8]) -> bool {
    let digits = |text: &[u8]| {
        let digits = text.iter().take(9);
        digits.take_while(|byte| byte.is_ascii_digit()).count()
    };
    let mut rest = text;
    for part in 0..3 {
        let letters = rest.iter().take(4);
        let month = letters
            .take_while(|byte| byte.is_ascii_alphabetic())
            .count();
        if part == 1 && month == 3 {
            rest = rest.get(4..).unwrap_or_default();
            continue;
        }
        let count = digits(rest);
        if part == 0 && count == 8 {
            return true;
        }
        let good = matches!((part, count), (_, 1 | 2) | (0 | 2, 4));
        let next = rest.get(count);
        match (good, part, next) {
            // Four parts are an address.
            (true, 2, next) => return next != Some(&b'.'),
            (true, _, Some(b'-' | b'/' | b'.')) => {}
            _ => return false,
        }
        rest = rest.get(count + 1..).unwrap_or_default();
    }
    false
}

/// How many letters `text` begins with.
fn letters(text: &[u8]) -> usize {
    let end = text.iter().position(|byte| !byte.is_ascii_alphabetic());
    end.unwrap_or(text.len())
}

/// Whether `mark` stands in `text` outside double quotes; a mark that has a quote of its own says itself
/// where it stands.
pub(super) fn said_outside_quotes(mark: &Finder<'_>, text: &[u8]) -> bool {
    if memchr::memchr(b'"', mark.needle()).is_some() {
        return mark.find(text).is_some();
    }
    let mut inside = false;
    let mut counted = 0;
    for found in mark.find_iter(text) {
        let mut rest = text.get(counted..found).unwrap_or_default();
        while let Some(at) = memchr::memchr2(b'"', b'\\', rest) {
            let escapes = rest.get(at) == Some(&b'\\');
            inside ^= !escapes;
            rest = rest
                .get(at + 1 + usize::from(escapes)..)
                .unwrap_or_default();
        }
        counted = found;
        if !inside {
            return true;
        }
    }
    false
}

/// Who words a message, as far as its header and its first words say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Teller {
    /// A device, or a program that a format names.
    Device,
    /// A program's own log: it begins with how grave it is, a date in brackets, a logger's name, or a sentence.
    OwnLog,
    /// A program that no format names: its tag stands before the message, `name[number]:`.
    Program,
}

impl Teller {
    /// Who words the message. What a program tells may hold anything that somebody else chose.
    pub fn of(envelope: &Envelope<'_>, known: bool) -> Self {
        let message = envelope.message;
        if !known && is_tagged(envelope) {
            Self::Program
        } else if Opening::Level.begins(message)
            || Opening::DateInBrackets.begins(message)
            || message.starts_with("- ") && !message.starts_with("- <")
            || begins_as_prose(message)
        {
            Self::OwnLog
        } else {
            Self::Device
        }
    }
}

/// Whether a sentence begins: two words of letters alone, the second of small ones, or a logger's name and
/// a dash. A device puts names, numbers and dates before its words.
fn begins_as_prose(message: &str) -> bool {
    let bytes = message.as_bytes();
    let first = letters(bytes);
    if first < 2 || bytes.get(first) != Some(&b' ') {
        return false;
    }
    let rest = bytes.get(first + 1..).unwrap_or_default();
    let small = rest.iter().position(|byte| !byte.is_ascii_lowercase());
    match small {
        Some(0) => rest.starts_with(b"- "),
        Some(1) | None => false,
        Some(end) => rest.get(end) == Some(&b' '),
    }
}

fn is_tagged(envelope: &Envelope<'_>) -> bool {
    let message = envelope.message.len();
    let before = envelope.record.len().checked_sub(message);
    let before = before.and_then(|end| envelope.record.get(..end));
    envelope.program.is_some()
        && before.is_some_and(|before| before.trim_end_matches(' ').ends_with("]:"))
}

/// What was already looked at in one record, so that many formats that ask the same are told at once.
pub(super) struct Seen<'e, 'a> {
    envelope: &'e Envelope<'a>,
    /// Whether a format names the program.
    known: bool,
    teller: Cell<Option<Teller>>,
    /// Where a text begins and its length; which openings were looked for there, and which were found.
    begun: [Cell<(usize, usize, u8, u8)>; SEEN_TEXTS],
}

/// How many texts' openings are remembered: the message and what else formats may read.
const SEEN_TEXTS: usize = 4;

impl<'e, 'a> Seen<'e, 'a> {
    /// Nothing looked at yet; `known` says whether a format names the program.
    pub const fn new(envelope: &'e Envelope<'a>, known: bool) -> Self {
        Self {
            envelope,
            known,
            teller: Cell::new(None),
            begun: [const { Cell::new((0, 0, 0, 0)) }; SEEN_TEXTS],
        }
    }

    /// Who words the message.
    pub fn teller(&self) -> Teller {
        self.teller.get().unwrap_or_else(|| {
            let teller = Teller::of(self.envelope, self.known);
            self.teller.set(Some(teller));
            teller
        })
    }

    /// Whether `text`, a part of the record, begins so.
    pub fn begins(&self, shape: Opening, text: &str) -> bool {
        let first = text.as_bytes().first();
        if !first.is_some_and(|first| shape.may_begin(*first)) {
            return false;
        }
        let (start, length, bit) = (text.as_ptr().addr(), text.len(), 1 << shape as u8);
        let known = self.begun.iter().find_map(|cell| {
            let (at, long, asked, found) = cell.get();
            let same = asked == 0 || (at == start && long == length);
            same.then_some((cell, asked, found))
        });
        match known {
            Some((_, asked, found)) if asked & bit != 0 => found & bit != 0,
            Some((cell, asked, found)) => {
                let begins = shape.begins(text);
                let found = found | if begins { bit } else { 0 };
                cell.set((start, length, asked | bit, found));
                begins
            }
            None => shape.begins(text),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::parse::envelope;
    use crate::parse::stamp::Missing;
    use crate::time::Timestamp;

    #[test]
    fn shapes() {
        for (shape, text, expected) in [
            (Opening::Address, "203.0.113.9 - -", true),
            (Opening::Address, "2001:db8::9 - -", true),
            (Opening::Address, "203.0.113.9", false),
            (Opening::Address, "203.0.113.9:80 -", false),
            (Opening::Address, "a - -", false),
            (Opening::Date, "2026-11-22 10:00:00", true),
            (Opening::Date, "2026-11-22T10:00:00Z", true),
            (Opening::Date, "2/1/26 x", true),
            (Opening::Date, "22.11.2026", true),
            (Opening::Date, "22/Nov/2026:10:00:00", true),
            (Opening::Date, "20261122 x", true),
            (Opening::Date, "192.0.2.7 x", false),
            (Opening::Date, "20.11.20.6 x", false),
            (Opening::Date, "10:00:00", false),
            (Opening::Date, "", false),
            (Opening::DateInBrackets, "[2026-11-22 10:00:00] x", true),
            (Opening::DateInBrackets, "[192.0.2.7] x", false),
            (Opening::DateInBrackets, "2026-11-22", false),
            (Opening::Level, "WARN  x", true),
            (Opening::Level, "error: x", true),
            (Opening::Level, "error:14C x", false),
            (Opening::Level, "information x", false),
            (Opening::Level, "error", false),
            (Opening::Pair, "id=firewall time=", true),
            (Opening::Pair, "user said id=firewall", false),
            (Opening::Pair, "=x", false),
        ] {
            assert_eq!(shape.begins(text), expected, "{shape:?} {text}");
        }
    }

    #[test]
    fn a_mark_between_quotes_is_not_the_devices() {
        for (mark, text, expected) in [
            ("DENY ", "DENY x", true),
            ("DENY ", r#"said "x DENY y""#, false),
            ("DENY ", r#"said "x" DENY y"#, true),
            ("DENY ", r#"said "x\" DENY y""#, false),
            ("DENY ", r#"said "DENY " then DENY y"#, true),
            ("a=\"DENY ", r#"said "a="DENY y"#, true),
            ("DENY ", "ALLOW", false),
        ] {
            let found = said_outside_quotes(&Finder::new(mark), text.as_bytes());
            assert_eq!(found, expected, "{mark} {text}");
        }
    }

    #[test]
    fn who_words_it() {
        let missing = Missing {
            received: Timestamp::from_seconds(1_795_348_800),
            zone_offset_seconds: 0,
        };
        for (record, known, expected) in [
            ("<13>Nov 22 10:00:00 gw app[7]: x", false, Teller::Program),
            ("<13>Nov 22 10:00:00 gw app[7]: x", true, Teller::Device),
            ("<13>Nov 22 10:00:00 gw x: y", false, Teller::Device),
            ("Nov 22 10:00:00 gw app[7]: x", false, Teller::Program),
            ("2026-11-22 10:00:00 INFO x", false, Teller::OwnLog),
            ("[2026-11-22 10:00:00] x", false, Teller::OwnLog),
            ("x", false, Teller::Device),
        ] {
            let envelope = envelope::open(record, &missing);
            assert_eq!(Teller::of(&envelope, known), expected, "{record}");
        }
    }
}
