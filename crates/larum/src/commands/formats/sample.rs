//! A line of a log, made safe and short enough to be shown on a terminal.

/// Longest sample, in characters.
const MAX_CHARS: usize = 160;

/// The beginning of `record`. What would move a cursor, turn the direction of writing or hide text is
/// written out as an escape; what is no UTF-8 becomes U+FFFD.
pub fn shown(record: &[u8]) -> String {
    let head = record.get(..MAX_CHARS * 4).unwrap_or(record);
    let text = String::from_utf8_lossy(head);
    let text = text.trim();
    let mut rest = text.chars();
    let short: String = rest.by_ref().take(MAX_CHARS).collect();
    let mut out = shown_whole(&short);
    if rest.next().is_some() || head.len() < record.len() {
        out.push('…');
    }
    out
}

/// All of `text`, made safe as [`shown`] does.
pub fn shown_whole(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for letter in text.chars() {
        if is_unsafe(letter) {
            out.extend(letter.escape_default());
        } else {
            out.push(letter);
        }
    }
    out
}

/// Control characters, and the invisible ones that change how text is laid out (Unicode's Bidi_Control,
/// line and paragraph separators, zero-width characters).
fn is_unsafe(letter: char) -> bool {
    letter.is_control()
        || matches!(letter,
            '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn is_short_and_safe() {
        for (record, expected) in [
            (&b" plain line\r\n"[..], "plain line"),
            (b"red \x1b[31m bell \x07", "red \\u{1b}[31m bell \\u{7}"),
            (
                "a\u{202e}b\u{9b}c\u{200b}".as_bytes(),
                "a\\u{202e}b\\u{9b}c\\u{200b}",
            ),
            (b"\xff\xfe", "\u{fffd}\u{fffd}"),
            ("caf\u{e9} \u{4e2d}".as_bytes(), "caf\u{e9} \u{4e2d}"),
            (b"", ""),
        ] {
            assert_eq!(shown(record), expected);
        }
        let long = shown(&[b'x'; 10_000]);
        assert_eq!(long.chars().count(), MAX_CHARS + 1);
        assert!(long.ends_with('…'));
        let exact = shown(&[b'x'; MAX_CHARS]);
        assert_eq!(exact.chars().count(), MAX_CHARS);
    }
}
