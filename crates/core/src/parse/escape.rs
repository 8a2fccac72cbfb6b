//! Undoing escapes.

use std::borrow::Cow;

use super::scan;

/// How a value is escaped. Readers set anything but `None` only where there is something to undo, so
/// that plain text is never copied.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[repr(u8)]
pub(super) enum Escape {
    /// It is what it says.
    #[default]
    None = 0,
    /// With a backslash, as in C, JSON and CEF.
    Backslash = 1,
    /// With XML's entities.
    Entity = 2,
    /// A quote is written twice, as in CSV (RFC 4180).
    DoubledQuote = 3,
}

impl Escape {
    /// The backslash, if `escapes` are undone and `text` holds one.
    pub fn backslash_in(text: &str, escapes: bool) -> Self {
        if escapes && scan::find(b'\\', text.as_bytes(), 0).is_some() {
            Self::Backslash
        } else {
            Self::None
        }
    }

    /// `text` as it was meant.
    pub fn undo(self, text: &str) -> Cow<'_, str> {
        match self {
            Self::None => Cow::Borrowed(text),
            Self::Backslash => backslash(text),
            Self::Entity => entities(text),
            Self::DoubledQuote => Cow::Owned(text.replace("\"\"", "\"")),
        }
    }
}

/// `text` as it was meant; where escapes must be undone, memory that `room` lends holds the result.
/// `None` when no memory is left.
pub(super) fn undo_in<'a>(
    escape: Escape,
    text: &'a str,
    room: &mut std::slice::IterMut<'a, String>,
) -> Option<&'a str> {
    if escape == Escape::None {
        return Some(text);
    }
    let room = room.next()?;
    room.clear();
    room.push_str(&escape.undo(text));
    Some(room)
}

/// `text` with `%HH` undone (RFC 3986, 2.1); what is no UTF-8 after that becomes U+FFFD.
pub(super) fn percent(text: &str) -> Cow<'_, str> {
    if !text.contains('%') {
        return Cow::Borrowed(text);
    }
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some((plain, after)) = rest.split_once('%') {
        bytes.extend_from_slice(plain.as_bytes());
        match hex(after, "", 2).and_then(|value| u8::try_from(value).ok()) {
            Some(byte) => {
                bytes.push(byte);
                rest = after.get(2..).unwrap_or_default();
            }
            None => {
                bytes.push(b'%');
                rest = after;
            }
        }
    }
    bytes.extend_from_slice(rest.as_bytes());
    Cow::Owned(match String::from_utf8(bytes) {
        Ok(text) => text,
        Err(error) => String::from_utf8_lossy(error.as_bytes()).into_owned(),
    })
}

/// The longest entity read, in bytes, without `&` and `;`.
const MAX_ENTITY_BYTES: usize = 8;

/// `text` with XML's five named entities and the numbered ones undone (XML 1.0, 4.1 and 4.6).
fn entities(text: &str) -> Cow<'_, str> {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((plain, after)) = rest.split_once('&') {
        out.push_str(plain);
        let end = after
            .bytes()
            .take(MAX_ENTITY_BYTES + 1)
            .position(|byte| byte == b';');
        let named = end.and_then(|end| Some((entity(after.get(..end)?)?, after.get(end + 1..)?)));
        match named {
            Some((letter, next)) => {
                out.push(letter);
                rest = next;
            }
            None => {
                out.push('&');
                rest = after;
            }
        }
    }
    out.push_str(rest);
    Cow::Owned(out)
}

fn entity(name: &str) -> Option<char> {
    Some(match name {
        "amp" => '&',
        "lt" => '<',
        "gt" => '>',
        "quot" => '"',
        "apos" => '\'',
        _ => {
            let number = name.strip_prefix('#')?;
            let code = match number.strip_prefix(['x', 'X']) {
                Some(hex) => u32::from_str_radix(hex, 16),
                None => number.parse(),
            };
            return char::from_u32(code.ok()?);
        }
    })
}

/// `text` with `\"`, `\\`, `\/`, `\=`, `\|`, `\n`, `\r`, `\t`, `\b`, `\f`, `\xHH` and `\uHHHH` undone; any other
/// backslash stays as it is. Bytes that are no UTF-8 after that become U+FFFD. Only called where a
/// backslash was seen, so most text is never copied.
fn backslash(text: &str) -> Cow<'_, str> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some((plain, after)) = rest.split_once('\\') {
        bytes.extend_from_slice(plain.as_bytes());
        rest = one(after, &mut bytes);
    }
    bytes.extend_from_slice(rest.as_bytes());
    match String::from_utf8(bytes) {
        Ok(text) => Cow::Owned(text),
        Err(error) => Cow::Owned(String::from_utf8_lossy(error.as_bytes()).into_owned()),
    }
}

/// Undoes the escape that `after` a backslash spells; gives what follows it.
fn one<'t>(after: &'t str, out: &mut Vec<u8>) -> &'t str {
    let simple = match after.bytes().next() {
        Some(byte @ (b'"' | b'\\' | b'/' | b'\'' | b'=' | b'|' | b',' | b';')) => Some(byte),
        Some(b'n') => Some(b'\n'),
        Some(b'r') => Some(b'\r'),
        Some(b't') => Some(b'\t'),
        Some(b'b') => Some(8),
        Some(b'f') => Some(12),
        _ => None,
    };
    if let Some(byte) = simple {
        out.push(byte);
        return after.get(1..).unwrap_or_default();
    }
    if let Some(byte) = hex(after, "x", 2).and_then(|value| u8::try_from(value).ok()) {
        out.push(byte);
        return after.get(3..).unwrap_or_default();
    }
    if let Some(first) = hex(after, "u", 4) {
        let rest = after.get(5..).unwrap_or_default();
        let second = rest.strip_prefix('\\').and_then(|rest| hex(rest, "u", 4));
        let (found, rest) = match (first, second) {
            (0xD800..=0xDBFF, Some(low @ 0xDC00..=0xDFFF)) => (
                char::from_u32(0x1_0000 + ((first - 0xD800) << 10) + (low - 0xDC00)),
                rest.get(6..).unwrap_or_default(),
            ),
            _ => (char::from_u32(first), rest),
        };
        let found = found.unwrap_or(char::REPLACEMENT_CHARACTER);
        out.extend_from_slice(found.encode_utf8(&mut [0; 4]).as_bytes());
        return rest;
    }
    out.push(b'\\');
    after
}

fn hex(text: &str, mark: &str, digits: usize) -> Option<u32> {
    let digits = text.strip_prefix(mark)?.get(..digits)?;
    let all = digits.bytes().all(|byte| byte.is_ascii_hexdigit());
    all.then(|| u32::from_str_radix(digits, 16).ok()).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn undoes_what_web_servers_and_json_write() {
        for (input, expected) in [
            (r#"a\"b\\c\/d"#, "a\"b\\c/d"),
            (r"\x22\xC3\xA9\xff", "\"é\u{fffd}"),
            (r"\u00e9\ud83d\ude00\ud83d", "é😀\u{fffd}"),
            (r"\q\x2\", r"\q\x2\"),
            (r"\n\t", "\n\t"),
        ] {
            assert_eq!(backslash(input), expected, "{input}");
        }
    }

    #[test]
    fn undoes_entities_and_doubled_quotes() {
        for (input, expected) in [
            ("a &lt;b&gt; &amp;amp; &#233;&#xe9;", "a <b> &amp; éé"),
            ("a & b &nothing; &#x110000;&", "a & b &nothing; &#x110000;&"),
        ] {
            assert_eq!(Escape::Entity.undo(input), expected, "{input}");
        }
        assert_eq!(Escape::DoubledQuote.undo(r#"a ""b"" c"#), r#"a "b" c"#);
    }

    #[test]
    fn undoes_percent_signs() {
        for (input, expected) in [
            ("a%20b%2", "a b%2"),
            ("%c3%a9%ff", "é\u{fffd}"),
            ("plain", "plain"),
            ("%%41", "%A"),
        ] {
            assert_eq!(percent(input), expected, "{input}");
        }
    }
}
