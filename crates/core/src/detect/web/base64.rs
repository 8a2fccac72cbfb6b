//! Values in base 64 (RFC 4648, 4 and 5) that are text: looked into for words that tell by
//! themselves. Only where whole requests are judged.

use super::literals::{self, Scope};
use super::whole::WholeRequest;
use super::{MAX_PARAMETERS, Verdict, command, decode, html};

/// Fewest characters worth looking into.
const MIN_BYTES: usize = 12;
/// Most characters of one value that are decoded.
const MAX_BYTES: usize = 8 * 1024;

/// Reads the values of the query, the cookies and a form.
pub(super) fn read(request: &WholeRequest<'_>, verdict: &mut Verdict) {
    let query = request.uri.split_once('?').map_or("", |(_, query)| query);
    let form = request.body.filter(|_| {
        let kind = request.header("content-type").unwrap_or("");
        kind.to_ascii_lowercase().contains("urlencoded")
    });
    let fields = query.split('&').chain(form.unwrap_or("").split('&'));
    for field in fields.take(MAX_PARAMETERS) {
        look(field, verdict);
    }
    for cookies in request.headers_named("cookie") {
        for cookie in cookies.split(';').take(MAX_PARAMETERS) {
            look(cookie, verdict);
        }
    }
}

fn look(field: &str, verdict: &mut Verdict) {
    let value = field.split_once('=').map_or(field, |(_, value)| value);
    if value.len() < MIN_BYTES {
        return;
    }
    let value = decode::value(value, false);
    let Some(plain) = text(&value) else {
        return;
    };
    let plain = decode::value(&plain, false);
    literals::scan(&plain, Scope::VALUE, verdict);
    if plain.contains('<')
        && !plain.trim_start().starts_with("<?xml")
        && !plain.contains("urn:oasis")
    {
        html::read(&plain, verdict);
    }
    command::read(&plain, verdict);
}

/// The text that `value` stands for, if it is base 64 and what comes out can be read.
pub(super) fn text(value: &str) -> Option<String> {
    let value = value.trim();
    let digits = value.trim_end_matches('=');
    if !(4..=MAX_BYTES).contains(&digits.len()) || digits.len() % 4 == 1 {
        return None;
    }
    let mut bytes = Vec::with_capacity(digits.len());
    let (mut held, mut bits) = (0_u32, 0_u32);
    for byte in digits.bytes() {
        let digit = match byte {
            b'A'..=b'Z' => byte - b'A',
            b'a'..=b'z' => byte - b'a' + 26,
            b'0'..=b'9' => byte - b'0' + 52,
            b'+' | b'-' => 62,
            b'/' | b'_' => 63,
            _ => return None,
        };
        held = (held << 6 | u32::from(digit)) & 0xFFFF;
        bits += 6;
        if bits >= 8 {
            bits -= 8;
            bytes.push(u8::try_from(held >> bits & 0xFF).unwrap_or(0));
        }
    }
    let readable = bytes
        .iter()
        .all(|byte| matches!(byte, b' '..=b'~' | b'\t' | b'\r' | b'\n'));
    readable.then(|| String::from_utf8(bytes).ok()).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_text_comes_out() {
        for (value, expected) in [
            ("SGVsbG8gd29ybGQ=", Some("Hello world")),
            ("SGVsbG8gd29ybGQ", Some("Hello world")),
            ("Pz8_Pj4-", Some("???>>>")),
            ("abcde", None),
            ("a94a8fe5ccb19ba61c4c0873d391e987982fbbd3", None),
            ("not base", None),
        ] {
            assert_eq!(text(value).as_deref(), expected, "{value}");
        }
    }
}
