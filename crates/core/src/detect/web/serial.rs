//! Objects written as text, which a program that reads them builds, and calls of functions by a
//! variable.

use super::{Kind, Verdict};

/// Most places of one value that are looked at.
const MAX_PLACES: usize = 64;

/// Reads `value`.
pub(super) fn read(value: &str, verdict: &mut Verdict) {
    if value.contains(":{") && objects(value) {
        verdict.add(Kind::Template, 5, "serialised-object");
    }
    // Ruby's own format in base 64, version 4.8.
    let marshalled = ["BAhv", "BAh7", "BAhb", "BAhJ", "BAhV"];
    if value.len() >= 16 && marshalled.iter().any(|start| value.starts_with(start)) {
        verdict.add(Kind::Template, 5, "serialised-object");
    }
    if value.contains('$') && variable_call(value) {
        verdict.add(Kind::Template, 5, "program-variable-call");
    }
}

/// `O:4:"Name":0:{`, as PHP writes an object (also `C:` for classes that write themselves).
fn objects(value: &str) -> bool {
    let mut rest = value;
    for _ in 0..MAX_PLACES {
        let Some((before, from)) = rest.split_once(":{") else {
            return false;
        };
        if is_object_head(before) {
            return true;
        }
        rest = from;
    }
    false
}

/// Whether `text` ends in letter, length, name in quotes, number.
fn is_object_head(text: &str) -> bool {
    let Some((head, count)) = text.rsplit_once("\":") else {
        return false;
    };
    let Some((head, name)) = head.rsplit_once(":\"") else {
        return false;
    };
    let Some((head, length)) = head.rsplit_once(':') else {
        return false;
    };
    let number = |text: &str| {
        let digits = text.trim_start_matches('+');
        !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit())
    };
    let named = name
        .bytes()
        .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'\\'));
    number(count) && number(length) && named && head.ends_with(['O', 'C', 'o', 'c'])
}

/// `$name(`: PHP calls the function whose name the variable holds.
fn variable_call(value: &str) -> bool {
    value.split('$').skip(1).take(MAX_PLACES).any(|from| {
        let end = from
            .find(|letter: char| !(letter.is_ascii_alphanumeric() || letter == '_'))
            .unwrap_or(from.len());
        let named = from.starts_with(|letter: char| letter.is_ascii_alphabetic() || letter == '_');
        let (_, after) = from.split_at_checked(end).unwrap_or((from, ""));
        named && after.starts_with('(')
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn objects_and_calls_are_seen() {
        for (value, expected) in [
            (r#"O:8:"stdClass":0:{}"#, &["serialised-object"] as &[&str]),
            (
                r#"a:1:{i:0;O:+3:"Foo":1:{s:1:"a";i:1;}}"#,
                &["serialised-object"],
            ),
            (r#"a:1:{s:1:"a";s:1:"b";}"#, &[]),
            (r#"{"a":{"b":"c"}}"#, &[]),
            ("$a='x';$a('y')", &["program-variable-call"]),
            ("costs $5 (or $6)", &[]),
            ("query Get($id: ID!) { a }", &[]),
        ] {
            let mut verdict = Verdict::default();
            read(value, &mut verdict);
            assert_eq!(verdict.why, expected, "{value}");
        }
    }
}
