//! Looking for a byte close by.
//!
//! Values and keys of log lines are short: setting up a search through long text costs more than it saves.
//! Sixteen bytes are looked at together, right where they are asked for; only what goes on for long is left to
//! `memchr`.

use memchr::{memchr, memchr2};
use wide::u8x16;

/// So many bytes are looked at together.
pub(super) const BLOCK: usize = 16;
/// So many blocks are looked at before the search is left to `memchr`.
const NEAR_BLOCKS: usize = 4;

/// The first eight bytes of `text` as a number; of shorter text all bytes, so that two texts of one
/// length up to eight give the same number only if they are equal.
#[inline]
pub(super) fn packed(text: &[u8]) -> u64 {
    match (
        text.first_chunk::<8>(),
        text.first_chunk(),
        text.last_chunk(),
    ) {
        (Some(bytes), ..) => u64::from_le_bytes(*bytes),
        (None, Some(first), Some(last)) => {
            u64::from(u32::from_le_bytes(*first)) | u64::from(u32::from_le_bytes(*last)) << 32
        }
        _ => {
            let byte = |at: usize| u64::from(text.get(at).copied().unwrap_or(0));
            byte(0) | byte(1) << 8 | byte(2) << 16
        }
    }
}

/// The first eight bytes of `text` as a number; what is missing is zero.
#[inline]
pub(super) fn head(text: &[u8]) -> u64 {
    match text.first_chunk() {
        Some(bytes) => u64::from_le_bytes(*bytes),
        None => short_head(text),
    }
}

/// The same for less than eight bytes: pieces that overlap say the same where they do.
fn short_head(text: &[u8]) -> u64 {
    if let (Some(first), Some(last)) = (text.first_chunk(), text.last_chunk()) {
        let (first, last) = (u32::from_le_bytes(*first), u32::from_le_bytes(*last));
        let shift = 8 * (text.len() - size_of_val(&last));
        return u64::from(first) | u64::from(last) << (shift & 63);
    }
    let byte = |at: usize| u64::from(text.get(at).copied().unwrap_or(0));
    byte(0) | byte(1) << 8 | byte(2) << 16
}

/// The first place from `from` on where `byte` stands.
#[inline]
pub(super) fn find(byte: u8, text: &[u8], from: usize) -> Option<usize> {
    find_either(byte, byte, text, from)
}

/// The first place from `from` on where either byte stands.
#[inline]
pub(super) fn find_either(one: u8, other: u8, text: &[u8], from: usize) -> Option<usize> {
    let rest = text.get(from..)?;
    let Some(bytes) = rest.first_chunk() else {
        return find_near_end(one, other, text, from);
    };
    let found = either(*bytes, one, other);
    if found == 0 {
        return find_further(one, other, text, from + BLOCK);
    }
    Some(from + found.trailing_zeros() as usize)
}

/// Whether either byte stands in `text`, all of which is looked at.
pub(super) fn has_either(one: u8, other: u8, text: &[u8]) -> bool {
    let (blocks, _) = text.as_chunks::<BLOCK>();
    let Some(last) = text.last_chunk() else {
        return text.iter().any(|byte| *byte == one || *byte == other);
    };
    let (one, other) = (u8x16::splat(one), u8x16::splat(other));
    let found = |bytes: [u8; BLOCK]| {
        let bytes = u8x16::from(bytes);
        bytes.simd_eq(one) | bytes.simd_eq(other)
    };
    let mut any = found(*last);
    for bytes in blocks {
        any |= found(*bytes);
    }
    any.to_bitmask() != 0
}

/// A bit for each of `bytes` that is one of the two, the first byte's the lowest.
#[inline]
fn either(bytes: [u8; BLOCK], one: u8, other: u8) -> u32 {
    let bytes = u8x16::from(bytes);
    let found = bytes.simd_eq(u8x16::splat(one)) | bytes.simd_eq(u8x16::splat(other));
    found.to_bitmask()
}

/// A bit for each of the [`BLOCK`] bytes from `from` on that is `byte`, the first one's the lowest; behind the end
/// there are none.
#[inline]
pub(super) fn marked(byte: u8, text: &[u8], from: usize) -> u32 {
    let rest = text.get(from..).unwrap_or_default();
    match rest.first_chunk() {
        Some(bytes) => either(*bytes, byte, byte),
        None => {
            let bits = rest.iter().rev().map(|other| u32::from(*other == byte));
            bits.fold(0, |marked, bit| marked << 1 | bit)
        }
    }
}

/// The same for what was not close by.
#[inline(never)]
fn find_further(one: u8, other: u8, text: &[u8], from: usize) -> Option<usize> {
    let mut rest = text.get(from..)?;
    let mut at = from;
    for _ in 1..NEAR_BLOCKS {
        let Some((bytes, after)) = rest.split_first_chunk() else {
            return find_near_end(one, other, text, at);
        };
        let found = either(*bytes, one, other);
        if found != 0 {
            return Some(at + found.trailing_zeros() as usize);
        }
        (rest, at) = (after, at + BLOCK);
    }
    let found = if one == other {
        memchr(one, rest)
    } else {
        memchr2(one, other, rest)
    };
    found.map(|found| at + found)
}

/// The same where less than a block is left: the text's last block is looked at, and what stands before `from`
/// is left out.
#[inline(never)]
fn find_near_end(one: u8, other: u8, text: &[u8], from: usize) -> Option<usize> {
    let rest = text.get(from..)?;
    let Some(bytes) = text.last_chunk() else {
        let found = rest.iter().position(|byte| *byte == one || *byte == other);
        return found.map(|found| from + found);
    };
    let before = u32::try_from(BLOCK.checked_sub(rest.len())?).ok()?;
    let found = either(*bytes, one, other).checked_shr(before)?;
    (found != 0).then(|| from + found.trailing_zeros() as usize)
}

/// `text` without blanks around it; mostly there are none.
#[inline]
pub(super) fn trimmed(text: &str) -> &str {
    match text.as_bytes() {
        [b' ', ..] | [.., b' '] => text.trim_matches(' '),
        _ => text,
    }
}

/// `text` without blanks in front.
#[inline]
pub(super) fn unblanked(text: &str) -> &str {
    let mut rest = text;
    while let [b' ', ..] = rest.as_bytes() {
        rest = rest.get(1..).unwrap_or_default();
    }
    rest
}

/// The text before the first blank and behind it. Words are short.
#[inline]
pub(super) fn split_word(text: &str) -> Option<(&str, &str)> {
    let at = find(b' ', text.as_bytes(), 0)?;
    Some((text.get(..at)?, text.get(at + 1..)?))
}

/// A digit.
pub(super) const DIGIT: u16 = 1;
/// What a name is made of.
pub(super) const NAME: u16 = 2;
/// What an address is made of, with port and zone.
pub(super) const ADDRESS: u16 = 4;
/// A letter, digit or underscore.
pub(super) const WORD: u16 = 8;
/// What a program's name in a header is made of.
pub(super) const TAG: u16 = 16;
/// What a host in a header is made of, with a path behind it.
pub(super) const HOST: u16 = 32;
/// The same without a path.
pub(super) const LABEL: u16 = 64;

/// What a number, `true`, `false` or `null` is made of in JSON.
pub(super) const SCALAR: u16 = 128;
/// What a key is made of in CEF.
pub(super) const EXTENSION: u16 = 256;

/// The classes of every byte.
const CLASSES: [u16; 256] = {
    let mut classes = [0_u16; 256];
    let mut rest: &mut [u16] = &mut classes;
    let mut byte = 0_u8;
    while let [class, after @ ..] = rest {
        let letter = byte.is_ascii_alphanumeric();
        if byte.is_ascii_digit() {
            *class |= DIGIT;
        }
        if letter || matches!(byte, b'.' | b'-' | b'_') {
            *class |= NAME;
        }
        if letter || matches!(byte, b'.' | b'-' | b'_' | b':' | b'%') {
            *class |= ADDRESS;
        }
        if letter || byte == b'_' {
            *class |= WORD;
        }
        if *class & NAME != 0 || matches!(byte, b'/' | b'(' | b')' | b'@' | b',') {
            *class |= TAG;
        }
        if *class & NAME != 0 || matches!(byte, b':' | b'/') {
            *class |= HOST;
        }
        if *class & NAME != 0 || byte == b':' {
            *class |= LABEL;
        }
        if letter || matches!(byte, b'+' | b'-' | b'.') {
            *class |= SCALAR;
        }
        let mark = matches!(byte, b'[' | b']' | b':' | b'/' | b'@' | b'#');
        if *class & NAME != 0 || mark {
            *class |= EXTENSION;
        }
        byte = byte.wrapping_add(1);
        rest = after;
    }
    classes
};

/// The classes of `byte`.
#[inline]
pub(super) fn class(byte: u8) -> u16 {
    CLASSES.get(usize::from(byte)).copied().unwrap_or(0)
}

/// How many bytes of a class `rest` begins with.
#[inline]
pub(super) fn run(rest: &[u8], wanted: u16) -> usize {
    let end = rest.iter().position(|byte| class(*byte) & wanted == 0);
    end.unwrap_or(rest.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_the_first_of_two_bytes_wherever_it_stands() {
        for length in 0..80 {
            for at in 0..=length {
                let mut text = vec![b'x'; length];
                text.extend(b"\x80\x01==");
                if let Some(place) = text.get_mut(at) {
                    *place = b' ';
                }
                for from in 0..text.len() + 2 {
                    let slow = |good: &dyn Fn(u8) -> bool| {
                        (from..text.len()).find(|place| text.get(*place).is_some_and(|b| good(*b)))
                    };
                    assert_eq!(
                        find_either(b'=', b' ', &text, from),
                        slow(&|b| b == b'=' || b == b' ')
                    );
                    assert_eq!(find(b'=', &text, from), slow(&|b| b == b'='));
                    let near = slow(&|b| b == b'=').filter(|place| place - from < BLOCK);
                    let first = marked(b'=', &text, from).trailing_zeros() as usize;
                    assert_eq!((first < BLOCK).then_some(from + first), near);
                }
                if let Some(place) = text.get_mut(at) {
                    *place = b'\n';
                }
                assert!(has_either(b'\n', 2, &text) && has_either(2, b'\n', &text));
                assert!(!has_either(b' ', 2, &text));
            }
        }
    }

    #[test]
    fn a_head_is_padded_with_zeros() {
        let text = b"abcdefghij";
        for length in 0..=text.len() {
            let mut padded = [0; 8];
            padded
                .iter_mut()
                .zip(&text[..length])
                .for_each(|(place, byte)| *place = *byte);
            assert_eq!(
                head(&text[..length]),
                u64::from_le_bytes(padded),
                "{length}"
            );
        }
    }

    #[test]
    fn equal_numbers_mean_equal_words() {
        let words = [
            "", "a", "b", "aa", "ab", "ba", "aba", "abb", "aab", "abcd", "abcde", "abcdefg",
        ];
        for one in words {
            for other in words {
                let same = packed(one.as_bytes()) == packed(other.as_bytes());
                assert_eq!(
                    same && one.len() == other.len(),
                    one == other,
                    "{one} {other}"
                );
            }
        }
    }
}
