//! Undoing what hides an attack: percent signs, plus signs, `%uXXXX`, overlong UTF-8, HTML entities,
//! backslash escapes; up to three layers, as chains of proxies and frameworks undo them.

use std::borrow::Cow;

/// Most layers undone.
const MAX_LAYERS: usize = 3;

/// Bytes that ordinary targets are made of. Anything else, and an encoded byte, has to be read.
const fn is_plain(byte: u8) -> bool {
    matches!(byte,
        b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'/' | b'.' | b'-' | b'_' | b'=' | b'&' | b'?' | b','
        | b':' | b'~' | b'@' | b'#')
}

const PLAIN: [bool; 256] = {
    let mut table = [false; 256];
    let mut byte = 0_u8;
    loop {
        #[expect(
            clippy::indexing_slicing,
            reason = "a byte is always inside 256 places"
        )]
        {
            table[byte as usize] = is_plain(byte);
        }
        if byte == 255 {
            break table;
        }
        byte += 1;
    }
};

/// Whether `text` holds anything that an attack needs: if not, the tokenisers can be spared.
pub(super) fn needs_reading(text: &[u8]) -> bool {
    let mut before = 0;
    for byte in text {
        let plain = PLAIN.get(usize::from(*byte)).copied().unwrap_or(false);
        let doubled = *byte == before && matches!(*byte, b'.' | b'-' | b'=' | b'/');
        if !plain || doubled || (before == b':' && *byte == b'/') {
            return true;
        }
        before = *byte;
    }
    false
}

/// Whether a user agent holds what browsers do not send.
pub(super) fn is_odd_agent(agent: &str) -> bool {
    agent.bytes().any(|byte| {
        matches!(
            byte,
            b'\'' | b'"' | b'<' | b'>' | b'`' | b'$' | b'\\' | b'|' | b'{' | b'%' | 0..32
        )
    }) || !agent.contains('/')
        || agent.starts_with(|letter: char| letter.is_ascii_lowercase())
            && (agent.contains(" -") || agent.contains(" /"))
}

/// Whether a quote, bracket or tag is in it.
pub(super) fn has_quote_or_bracket(text: &str) -> bool {
    text.contains(['\'', '"', '<', '(', ';', '|', '`', '{'])
}

/// `text` with all layers undone; `plus` says that a plus sign stands for a space, as in queries.
pub(super) fn value(text: &str, plus: bool) -> Cow<'_, str> {
    if !text
        .bytes()
        .any(|byte| matches!(byte, b'%' | b'&' | b'\\' | b'+' | 0x80..))
    {
        return Cow::Borrowed(text);
    }
    let mut bytes = text.as_bytes().to_vec();
    if plus && text.contains('+') && !text.contains(' ') {
        for byte in &mut bytes {
            if *byte == b'+' {
                *byte = b' ';
            }
        }
    }
    for _ in 0..MAX_LAYERS {
        let mut next = Vec::with_capacity(bytes.len());
        let mut rest = bytes.as_slice();
        let mut changed = false;
        while let Some((first, more)) = rest.split_first() {
            if let Some((length, character)) = escape(rest) {
                let mut buffer = [0; 4];
                next.extend_from_slice(character.bytes(&mut buffer));
                rest = rest.get(length..).unwrap_or(&[]);
                changed = true;
            } else {
                next.push(*first);
                rest = more;
            }
        }
        bytes = next;
        if !changed {
            break;
        }
    }
    Cow::Owned(String::from_utf8_lossy(&without_overlong(&bytes)).into_owned())
}

/// `text` as the server hands it on: percent signs undone once.
pub(super) fn once(text: &str) -> String {
    let mut out = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((first, more)) = rest.split_first() {
        let byte = if *first == b'%' { hex(more, 2) } else { None };
        match byte.and_then(|byte| u8::try_from(byte).ok()) {
            Some(byte) => {
                out.push(byte);
                rest = more.get(2..).unwrap_or(&[]);
            }
            None => {
                out.push(*first);
                rest = more;
            }
        }
    }
    String::from_utf8_lossy(&out).into_owned()
}

/// What an escape stands for.
enum Decoded {
    Byte(u8),
    Letter(char),
}

impl Decoded {
    fn bytes<'b>(&self, buffer: &'b mut [u8; 4]) -> &'b [u8] {
        match self {
            Self::Byte(byte) => {
                let [first, ..] = buffer;
                *first = *byte;
                buffer.get(..1).unwrap_or(&[])
            }
            Self::Letter(letter) => letter.encode_utf8(buffer).as_bytes(),
        }
    }
}

/// The escape that `text` begins with: its length and what it stands for.
fn escape(text: &[u8]) -> Option<(usize, Decoded)> {
    match text {
        [b'%', b'u' | b'U', digits @ ..] => {
            let code = hex(digits, 4)?;
            Some((6, letter(code)?))
        }
        [b'%', digits @ ..] => Some((3, Decoded::Byte(u8::try_from(hex(digits, 2)?).ok()?))),
        [b'\\', b'x' | b'X', digits @ ..] => {
            Some((4, Decoded::Byte(u8::try_from(hex(digits, 2)?).ok()?)))
        }
        [b'\\', b'u' | b'U', digits @ ..] => Some((6, letter(hex(digits, 4)?)?)),
        [b'&', ..] => entity(text),
        _ => None,
    }
}

fn letter(code: u32) -> Option<Decoded> {
    // Full-width forms are taken for their ASCII letters by some servers.
    let code = if (0xFF01..=0xFF5E).contains(&code) {
        code - 0xFEE0
    } else {
        code
    };
    char::from_u32(code).map(Decoded::Letter)
}

fn hex(digits: &[u8], count: usize) -> Option<u32> {
    digits.get(..count)?.iter().try_fold(0, |sum, digit| {
        Some(sum * 16 + char::from(*digit).to_digit(16)?)
    })
}

/// Names of entities that attacks use.
const ENTITIES: &[(&str, char)] = &[
    ("lt", '<'),
    ("gt", '>'),
    ("quot", '"'),
    ("apos", '\''),
    ("amp", '&'),
    ("colon", ':'),
    ("lpar", '('),
    ("rpar", ')'),
    ("tab", '\t'),
    ("newline", '\n'),
    ("sol", '/'),
    ("bsol", '\\'),
    ("period", '.'),
    ("equals", '='),
    ("grave", '`'),
    ("lbrace", '{'),
    ("rbrace", '}'),
    ("dollar", '$'),
    ("semi", ';'),
    ("nbsp", ' '),
];

/// HTML entities (HTML standard, 13.5), with or without the closing semicolon where numbers.
fn entity(text: &[u8]) -> Option<(usize, Decoded)> {
    if let Some(rest) = text.strip_prefix(b"&#") {
        let (base, digits, prefix) = match rest {
            [b'x' | b'X', digits @ ..] => (16, digits, 3),
            digits => (10, digits, 2),
        };
        let mut code: u32 = 0;
        let mut count = 0;
        for digit in digits.iter().take(64) {
            let Some(value) = char::from(*digit).to_digit(base) else {
                break;
            };
            code = code.saturating_mul(base).saturating_add(value);
            count += 1;
        }
        let closed = usize::from(digits.get(count) == Some(&b';'));
        return (count > 0)
            .then(|| letter(code))
            .flatten()
            .map(|letter| (prefix + count + closed, letter));
    }
    let name = text.get(1..)?;
    ENTITIES.iter().find_map(|(known, letter)| {
        let found = name.get(..known.len())?;
        let closed = name.get(known.len()) == Some(&b';');
        // The oldest names need no semicolon (HTML standard, 13.5).
        let ends = name
            .get(known.len())
            .is_none_or(|next| !next.is_ascii_alphanumeric() && *next != b'=');
        let bare = !closed && ends && matches!(*known, "lt" | "gt" | "quot");
        if bare && found.eq_ignore_ascii_case(known.as_bytes()) {
            return Some((known.len() + 1, Decoded::Letter(*letter)));
        }
        (closed && found.eq_ignore_ascii_case(known.as_bytes()))
            .then_some((known.len() + 2, Decoded::Letter(*letter)))
    })
}

/// Overlong UTF-8 for `/`, `\` and `.` (RFC 3629 forbids it; old decoders take it).
fn without_overlong(bytes: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(bytes.len());
    let mut rest = bytes;
    while let Some((first, more)) = rest.split_first() {
        match rest {
            [0xC0 | 0xC1, low @ 0x80..=0xBF, after @ ..] => {
                out.push(((*first & 1) << 6) | (low & 0x3F));
                rest = after;
            }
            [0xE0, 0x80 | 0x81, low @ 0x80..=0xBF, after @ ..] => {
                out.push(low & 0x3F);
                rest = after;
            }
            _ => {
                out.push(*first);
                rest = more;
            }
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn layers_are_undone() {
        for (text, plus, expected) in [
            ("a+b", true, "a b"),
            ("a+b", false, "a+b"),
            ("%2e%2e%2f", false, "../"),
            ("%252e%252e%255c", false, r"..\"),
            ("%c0%ae%c0%ae%c0%af", false, "../"),
            ("%e0%80%af", false, "/"),
            ("%u003cscript%u003E", false, "<script>"),
            ("&lt;a&#x3e;&#00000062;", false, "<a>>"),
            (r"\u003cb\x3e", false, "<b>"),
            ("100%", false, "100%"),
            ("50%25 off", false, "50% off"),
            ("R&D", false, "R&D"),
            ("caf%e9", false, "caf\u{fffd}"),
        ] {
            assert_eq!(value(text, plus), expected, "{text}");
        }
    }

    #[test]
    fn ordinary_targets_are_spared() {
        for plain in [
            "/",
            "/shop/item.php?id=12&sort=name,price",
            "/a-b_c/~user/2026-01-02T10:00",
        ] {
            assert!(!needs_reading(plain.as_bytes()), "{plain}");
        }
        for odd in [
            "/a'",
            "/a%20b",
            "/../b",
            "/a?x=1--",
            "/a?u=http://x",
            "/ä",
            "/a?q=a+b",
        ] {
            assert!(needs_reading(odd.as_bytes()), "{odd}");
        }
    }

    proptest::proptest! {
        #[test]
        fn percent_encoding_round_trips(text in "[ -$'-~]{0,40}") {
            let text = text.replace(['%', '\\'], "x");
            let encoded: String = text.bytes().map(|byte| format!("%{byte:02X}")).collect();
            proptest::prop_assert_eq!(value(&encoded, false), text);
        }

        #[test]
        fn any_text_is_taken(text in ".{0,200}") {
            let _decoded = value(&text, true);
        }
    }
}
