//! Disguises that the other readers look past: statements as numbers, percent signs between letters,
//! base 64 behind a closed attribute, signs and letters written as no visitor's program writes them.

use super::literals::{self, Scope};
use super::{Kind, Verdict, base64, command, html, sql_rules, text};

/// Most places looked at in one value.
const MAX_PLACES: usize = 64;
/// Fewest and most hexadecimal digits of a number that is read as text.
const HEX_DIGITS: std::ops::RangeInclusive<usize> = 16..=8_192;
/// Percent signs between letters, from which on they are a disguise.
const MIN_LONE_PERCENTS: usize = 3;
/// Fewest characters of base 64 behind a closed attribute.
const MIN_BASE64_BYTES: usize = 16;
/// Most bytes of a value that is nothing but a written sign.
const MAX_SIGNS_BYTES: usize = 1_024;
/// Letters of another alphabet's coding, from which on it is one.
const MIN_CODED_LETTERS: usize = 4;

/// Words that statements begin with.
const OPENERS: &[&str] = &[
    "select", "insert", "update", "delete", "drop", "exec", "execute", "declare", "waitfor",
    "create", "alter", "truncate", "union", "grant", "shutdown", "backup", "restore",
];

/// Reads `value`, decoded.
pub(super) fn read(value: &str, verdict: &mut Verdict) {
    numbers(value, verdict);
    lone_percents(value, verdict);
    base64_behind(value, verdict);
    coded_letters(value, verdict);
    constant_choices(value, verdict);
}

/// Reads a value as it was `sent` and what it stands for.
pub(super) fn read_sent(sent: &str, decoded: &str, verdict: &mut Verdict) {
    if sent != decoded {
        written_sign(sent, decoded, verdict);
        padded_reference(sent, verdict);
    }
}

/// Nothing but a sign, escaped once more: somebody tries what a filter lets through. A lone `&amp;` or
/// `&#038;` is what honest programs make of an ampersand.
fn written_sign(sent: &str, decoded: &str, verdict: &mut Verdict) {
    let only = decoded.trim();
    let brackets = only.bytes().all(|byte| b"<> \\".contains(&byte));
    let one = only.len() <= 2 && only.bytes().all(|byte| b"<>'\"#&;\\|".contains(&byte));
    if !only.is_empty()
        && (one || brackets && sent.len() < MAX_SIGNS_BYTES)
        && sent.contains(['%', '&', '\\'])
        && !(only == "&" && sent.contains('&'))
    {
        verdict.add(Kind::Xss, 5, "html-hidden-bracket");
    }
}

/// `&#0000106`: a letter by its number behind zeros that nobody needs.
fn padded_reference(sent: &str, verdict: &mut Verdict) {
    let padded = sent.match_indices("&#").take(MAX_PLACES).any(|(at, _)| {
        let number = sent.get(at + 2..).unwrap_or("");
        let number = number.strip_prefix(['x', 'X']).unwrap_or(number);
        let rest = number.trim_start_matches('0');
        number.len() - rest.len() >= 3 && rest.starts_with(|digit: char| digit.is_ascii_hexdigit())
    });
    if padded {
        verdict.add(Kind::Xss, 5, "html-padded-reference");
    }
}

/// `0x64726F70...`: a statement as the bytes of a number, each or every second one a letter.
fn numbers(value: &str, verdict: &mut Verdict) {
    for (at, _) in value.match_indices("0x").take(MAX_PLACES) {
        let digits = value.get(at + 2..).unwrap_or("");
        let end = digits
            .find(|digit: char| !digit.is_ascii_hexdigit())
            .unwrap_or(digits.len());
        let digits = digits.get(..end & !1).unwrap_or("");
        if !HEX_DIGITS.contains(&digits.len()) {
            continue;
        }
        let (pairs, _) = digits.as_bytes().as_chunks::<2>();
        let plain: Option<String> = pairs
            .iter()
            .map(|[high, low]| {
                let high = char::from(*high).to_digit(16)?;
                let low = char::from(*low).to_digit(16)?;
                char::from_u32(high * 16 + low).filter(|letter| {
                    *letter == '\0' || letter.is_ascii_graphic() || letter.is_ascii_whitespace()
                })
            })
            .filter(|letter| *letter != Some('\0'))
            .collect();
        let Some(plain) = plain.filter(|plain| plain.len() >= 8) else {
            continue;
        };
        let first = plain.split_whitespace().next().unwrap_or("");
        if OPENERS.iter().any(|word| first.eq_ignore_ascii_case(word)) {
            verdict.add(Kind::Sql, 5, "sql-statement-as-number");
        }
        literals::scan(&plain, Scope::VALUE, verdict);
        sql_rules::read(&plain, verdict);
        command::read(&plain, verdict);
    }
}

/// `%A%N%D`: some servers drop a percent sign that nothing follows which they can decode.
fn lone_percents(value: &str, verdict: &mut Verdict) {
    let between = value
        .as_bytes()
        .windows(3)
        .filter(|three| matches!(three, [b'%', middle, b'%'] if middle.is_ascii_graphic() && *middle != b'%'));
    if between.count() >= MIN_LONE_PERCENTS {
        let plain = value.replace('%', "").replace('+', " ");
        sql_rules::read(&plain, verdict);
        html::read(&plain, verdict);
    }
}

/// `'">PGltZy...`: an attribute closed, then a tag in base 64.
fn base64_behind(value: &str, verdict: &mut Verdict) {
    let Some((before, after)) = value.rsplit_once('>') else {
        return;
    };
    if after.len() >= MIN_BASE64_BYTES
        && before.ends_with(['"', '\'', '/', '`'])
        && let Some(plain) = base64::text(after)
        && plain.contains('<')
    {
        html::read(&plain, verdict);
    }
}

/// `&ADw&AHM`: letters in the alphabet of mail folders (RFC 3501, 5.1.3), which old browsers took for UTF-7.
fn coded_letters(value: &str, verdict: &mut Verdict) {
    let coded = value.match_indices("&A").filter(|(at, _)| {
        let rest = value.as_bytes().get(at + 2..at + 4);
        matches!(rest, Some([b'A'..=b'H', last]) if last.is_ascii_alphanumeric())
    });
    if coded.take(MAX_PLACES).count() >= MIN_CODED_LETTERS {
        verdict.add(Kind::Xss, 5, "html-coded-letters");
    }
}

/// `(1?{a:1?""["x":0]:0}:0)[...]`: names of functions put together by choices that are none.
fn constant_choices(value: &str, verdict: &mut Verdict) {
    let choices = value.match_indices('?').take(MAX_PLACES).filter(|(at, _)| {
        let next = value.get(at + 1..).unwrap_or("").chars().next();
        next.is_some_and(|next| next.is_ascii_alphanumeric() || "\"'`({[".contains(next))
    });
    if choices.count() >= 3
        && value.contains(['[', '('])
        && value.matches(":0").take(3).count() >= 3
    {
        verdict.add(Kind::Xss, 5, "script-constant-choice");
    }
}

/// `ſcript`: letters that become others when a server writes them large or small (Unicode, special casing).
pub(super) fn folded(tag: &str) -> Option<String> {
    let head = text::head(tag, 24);
    head.contains(['\u{17f}', '\u{212a}'])
        .then(|| tag.replace('\u{17f}', "s").replace('\u{212a}', "k"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn disguises_are_told_from_honest_values() {
        for (value, found) in [
            ("0x64726f70207461626c65206f7264657273", true),
            ("0xdeadbeefcafebabe0011223344556677", false),
            ("0x416e6e61204578616d706c652066726f6d", false),
            ("9'%+%O%R%+%2%=%2", true),
            ("10%|20%|30%|40%", false),
            ("x\">PHN2Zy9vbmxvYWQ9cHJvbXB0KDcpPg==", true),
            ("x\">aGVsbG8gd29ybGQgaGVsbG8gd29ybGQ=", false),
            ("&ADw&AHMA&AGMA&AHIA", true),
            ("R&ABC and Q&AD", false),
            ("(1?{x:1?\"\"[1?\"at\":0]:0}:0)[1]", true),
            ("Won 2:0? Lost 1:0? Drew 0:0? [poll]", false),
        ] {
            let mut verdict = Verdict::default();
            read(value, &mut verdict);
            assert_eq!(verdict.score >= 5, found, "{value}");
        }
        for (sent, decoded, found) in [
            ("%27", "'", true),
            ("\\x23", "#", true),
            ("&amp;", "&", false),
            ("&#038;", "&", false),
            ("%", "%", false),
            ("&#0000106;s", "js", true),
            ("&#0039;tis", "'tis", false),
        ] {
            let mut verdict = Verdict::default();
            read_sent(sent, decoded, &mut verdict);
            assert_eq!(verdict.score >= 5, found, "{sent}");
        }
    }
}
