//! The strings of a JSON document (RFC 8259), read as values. Unreadable documents are for the caller.

use super::{Kind, MAX_PARAMETERS, MAX_TEXT_BYTES, Verdict, address, decode, read_value, text};

/// Names that make a document store compare, run or join instead of looking a value up.
const OPERATORS: &[&str] = &[
    "$gt",
    "$gte",
    "$lt",
    "$lte",
    "$ne",
    "$nin",
    "$in",
    "$not",
    "$or",
    "$and",
    "$nor",
    "$regex",
    "$where",
    "$exists",
    "$expr",
    "$function",
    "$eq",
    "$all",
    "$lookup",
    "$accumulator",
    "$elemMatch",
    "$text",
    "$type",
    "$mod",
    "$size",
    "$jsonSchema",
    "$comment",
    "$geoWithin",
    "$geoIntersects",
    "$near",
    "$nearSphere",
    "$bitsAllSet",
    "$bitsAnySet",
    "$bitsAllClear",
    "$bitsAnyClear",
    "$meta",
    "$slice",
    "$rand",
    "$natural",
    "$search",
    "$options",
    "$unionWith",
    "$merge",
    "$out",
];

/// Whether `text` could be a whole document: it ends as it began.
pub(super) fn is_whole(text: &str) -> bool {
    let text = text.trim();
    (text.starts_with('{') && text.ends_with('}') || text.starts_with('[') && text.ends_with(']'))
        && text.len() > 2
}

/// Whether `text` is one whole document with names or strings in it, and nothing besides.
pub(super) fn is_document(text: &str) -> bool {
    is_whole(text)
        && text.len() <= MAX_TEXT_BYTES
        && (text.contains("\":") || text.trim_start().starts_with("[\"") || text.contains("[{"))
        && is_balanced(text)
}

/// Whether every bracket closes what was opened, and outside strings stand only signs, numbers and
/// the three words of the grammar.
fn is_balanced(text: &str) -> bool {
    let mut open: Vec<char> = Vec::new();
    let mut in_string = false;
    let mut escaped = false;
    for (at, letter) in text.trim().char_indices() {
        match letter {
            _ if escaped => escaped = false,
            '\\' if in_string => escaped = true,
            '"' => in_string = !in_string,
            _ if in_string => {}
            '{' | '[' if at == 0 || !open.is_empty() => open.push(letter),
            '}' if open.pop() == Some('{') => {}
            ']' if open.pop() == Some('[') => {}
            ',' | ':' | '+' | '-' | '.' => {}
            _ if letter.is_ascii_alphanumeric() || letter.is_ascii_whitespace() => {}
            _ => return false,
        }
    }
    open.is_empty() && !in_string
}

/// Reads every string of `body`; false when it holds none, or one that does not end.
pub(super) fn read(body: &str, verdict: &mut Verdict) -> bool {
    let mut rest = body;
    let mut count = 0;
    while let Some((_, from)) = rest.split_once('"') {
        let Some((value, after)) = string(from) else {
            return false;
        };
        rest = after;
        count += 1;
        if count > MAX_PARAMETERS {
            break;
        }
        let is_name = after.trim_start().starts_with(':');
        if is_name && OPERATORS.contains(&value.as_str()) {
            verdict.add(Kind::Query, 5, "query-operator");
        }
        // Names by which a program changes every object it has.
        if is_name && value == "prototype" && body.contains("\"constructor\"") {
            verdict.add(Kind::Template, 5, "program-prototype");
        }
        if decode::needs_reading(value.as_bytes()) || value.contains('&') {
            let value = decode::value(text::head(&value, MAX_TEXT_BYTES), false);
            if !is_name {
                address::inclusion("", &value, verdict);
            }
            read_value(&value, verdict);
            // A document inside a string.
        } else {
            super::literals::scan(&value, super::Scope::VALUE, verdict);
        }
    }
    count > 0
}

/// The string that `from` begins with, its escapes undone, and what follows its closing quote.
fn string(from: &str) -> Option<(String, &str)> {
    let mut value = String::new();
    let mut letters = from.char_indices();
    while let Some((at, letter)) = letters.next() {
        match letter {
            '"' => return Some((value, from.get(at + 1..)?)),
            '\\' => match letters.next()?.1 {
                'n' => value.push('\n'),
                'r' => value.push('\r'),
                't' => value.push('\t'),
                'b' | 'f' => value.push(' '),
                'u' => {
                    let code = from.get(at + 2..at + 6)?;
                    let code = u32::from_str_radix(code, 16).ok()?;
                    // Halves of a pair of surrogates tell nothing here.
                    value.push(char::from_u32(code).unwrap_or('\u{fffd}'));
                    letters.nth(3)?;
                }
                other => value.push(other),
            },
            other => value.push(other),
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strings_are_unescaped() {
        for (from, expected) in [
            ("a\":1", Some(("a", ":1"))),
            (r#"a\"b\\\/\u003c\n","#, Some(("a\"b\\/<\n", ","))),
            (r"open", None),
            (r#"\u00"#, None),
        ] {
            let found = string(from);
            let found = found.as_ref().map(|(value, rest)| (value.as_str(), *rest));
            assert_eq!(found, expected, "{from}");
        }
    }

    #[test]
    fn values_and_operators_are_read() {
        for (body, score) in [
            (r#"{"name":"Anne O'Brien","note":"5 < 6 & so on"}"#, 0),
            (r#"{"user":{"$ne":""}}"#, 5),
            (r#"{"price":"$eq"}"#, 0),
        ] {
            let mut verdict = Verdict::default();
            assert!(read(body, &mut verdict));
            assert_eq!(verdict.score, score, "{body}: {verdict:?}");
        }
        let mut verdict = Verdict::default();
        assert!(read(r#"{"a":"{\"b\":\"1' or '1'='1\"}"}"#, &mut verdict));
        assert!(verdict.categories.contains(&Kind::Sql), "{verdict:?}");
        assert!(!read(r#"{"a":"b"#, &mut verdict));
        assert!(!read("{}", &mut verdict));
    }
}
