//! Reading foreign bytes: every step may find nothing, none can panic.

use std::borrow::Cow;

/// A position in some bytes.
#[derive(Clone, Copy)]
pub(super) struct Cursor<'a>(pub &'a [u8]);

impl<'a> Cursor<'a> {
    /// The next `count` bytes.
    pub fn take(&mut self, count: usize) -> Option<&'a [u8]> {
        let (head, rest) = self.0.split_at_checked(count)?;
        self.0 = rest;
        Some(head)
    }

    /// The next bytes as an array.
    fn array<const N: usize>(&mut self) -> Option<[u8; N]> {
        self.take(N)?.try_into().ok()
    }

    /// The next byte.
    pub fn byte(&mut self) -> Option<u8> {
        self.array::<1>().map(|[byte]| byte)
    }

    /// Two bytes, high first.
    pub fn be16(&mut self) -> Option<u16> {
        self.array().map(u16::from_be_bytes)
    }

    /// Three bytes, high first.
    pub fn be24(&mut self) -> Option<usize> {
        let [a, b, c] = self.array()?;
        Some(usize::from(a) << 16 | usize::from(b) << 8 | usize::from(c))
    }

    /// Four bytes, high first.
    pub fn be32(&mut self) -> Option<u32> {
        self.array().map(u32::from_be_bytes)
    }

    /// Two bytes, low first.
    pub fn le16(&mut self) -> Option<u16> {
        self.array().map(u16::from_le_bytes)
    }

    /// Four bytes, low first.
    pub fn le32(&mut self) -> Option<u32> {
        self.array().map(u32::from_le_bytes)
    }

    /// A block with its length in one byte before it.
    pub fn block8(&mut self) -> Option<&'a [u8]> {
        let length = self.byte()?;
        self.take(usize::from(length))
    }

    /// A block with its length in two bytes before it.
    pub fn block16(&mut self) -> Option<&'a [u8]> {
        let length = self.be16()?;
        self.take(usize::from(length))
    }

    /// Whether nothing is left.
    pub const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The next element of BER (X.690): its tag and its content, as far as it is there. Only
    /// single-byte tags and definite lengths, which is what LDAP, Kerberos and SNMP write.
    pub fn ber(&mut self) -> Option<(u8, &'a [u8])> {
        let tag = self.byte()?;
        let length = self.ber_length()?;
        self.take(length).map(|content| (tag, content))
    }

    /// A definite length of BER.
    pub fn ber_length(&mut self) -> Option<usize> {
        let first = self.byte()?;
        if first < 0x80 {
            return Some(usize::from(first));
        }
        let count = usize::from(first & 0x7f);
        if count == 0 || count > 4 {
            return None;
        }
        let digits = self.take(count)?;
        Some(
            digits
                .iter()
                .fold(0usize, |sum, digit| sum << 8 | usize::from(*digit)),
        )
    }
}

/// Foreign bytes as text of at most `limit_bytes`, without control characters.
pub(super) fn text(bytes: &[u8], limit_bytes: usize) -> String {
    let bytes = bytes.get(..limit_bytes).unwrap_or(bytes);
    let text = String::from_utf8_lossy(bytes);
    if text.bytes().all(|byte| byte >= b' ' && byte != 0x7f) {
        return text.into_owned();
    }
    text.chars()
        .map(|c| if c.is_control() { '\u{fffd}' } else { c })
        .collect()
}

/// UTF-16, low byte first, as text of at most `limit_units` units.
pub(super) fn text_utf16(bytes: &[u8], limit_units: usize) -> String {
    let units = bytes
        .chunks_exact(2)
        .take(limit_units)
        .map(|pair| match *pair {
            [low, high] => u16::from_le_bytes([low, high]),
            _ => 0,
        });
    char::decode_utf16(units)
        .map(|unit| unit.unwrap_or('\u{fffd}'))
        .map(|c| if c.is_control() { '\u{fffd}' } else { c })
        .collect()
}

/// Without the white space around it.
pub(super) const fn trim(bytes: &[u8]) -> &[u8] {
    bytes.trim_ascii()
}

/// Whether `bytes` begins with `word`, whatever the case of ASCII letters.
pub(super) fn starts_with_word(bytes: &[u8], word: &[u8]) -> bool {
    bytes
        .get(..word.len())
        .is_some_and(|head| head.eq_ignore_ascii_case(word))
}

/// Whether `word` stands anywhere in `bytes`, whatever the case of ASCII letters.
pub(super) fn has_word(bytes: &[u8], word: &[u8]) -> bool {
    bytes
        .windows(word.len().max(1))
        .any(|window| window.eq_ignore_ascii_case(word))
}

/// The words of a line between white space.
pub(super) fn words(line: &[u8]) -> impl Iterator<Item = &[u8]> {
    line.split(|byte| matches!(byte, b' ' | b'\t'))
        .filter(|word| !word.is_empty())
}

/// A number written in decimal digits only.
pub(super) fn decimal(bytes: &[u8]) -> Option<u64> {
    if bytes.is_empty() {
        return None;
    }
    bytes.iter().try_fold(0u64, |sum, byte| {
        let digit = char::from(*byte).to_digit(10)?;
        sum.checked_mul(10)?.checked_add(u64::from(digit))
    })
}

/// A number written in hexadecimal digits only.
pub(super) fn hexadecimal(bytes: &[u8]) -> Option<u64> {
    if bytes.is_empty() {
        return None;
    }
    bytes.iter().try_fold(0u64, |sum, byte| {
        let digit = char::from(*byte).to_digit(16)?;
        sum.checked_mul(16)?.checked_add(u64::from(digit))
    })
}

/// Borrowed text for an event.
pub(super) fn borrowed(text: &str) -> Option<Cow<'_, str>> {
    (!text.is_empty()).then_some(Cow::Borrowed(text))
}
