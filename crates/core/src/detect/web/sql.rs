//! Cuts a value into SQL tokens, as a database would read it when it is put into a statement bare,
//! or inside a string with single or double quotes.
//!
//! The idea of judging a value by the classes of its tokens was published with libinjection
//! (Galbreath, Black Hat 2012); this tokeniser and the rules over it are our own.

/// Most tokens of one value.
const MAX_TOKENS: usize = 256;

/// What stands around the value in the statement.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Context {
    /// Nothing: a number or name is expected.
    Bare,
    /// The value begins inside a string that this quote ends.
    Quoted(u8),
}

/// The class of a token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Class {
    /// A number.
    Number,
    /// A string.
    Text,
    /// A name that is no word of SQL.
    Name,
    /// A variable or constant: `@x`, `null`, `current_user`.
    Constant,
    /// A word that calls for values: `and`, `or`, `&&`, `||`, `xor`.
    Logic,
    /// A comparison: `=`, `<`, `like`, `in`, `between`.
    Compare,
    /// Another operator: `+`, `-`, `div`.
    Sum,
    /// A sign before a value: `!`, `~`, `not`.
    Sign,
    /// `union`, `except`, `intersect`.
    Union,
    /// `select`.
    Select,
    /// Another word that begins a statement: `insert`, `drop`, `exec`, `declare`.
    Verb,
    /// Any other word of SQL: `from`, `where`, `order`, `having`, `limit`.
    Word,
    /// The name of a function of a database.
    Function,
    /// A comment to the end (`--`, `#`) or in the middle.
    Comment,
    /// `(`.
    Open,
    /// `)`.
    Close,
    /// `,`.
    Comma,
    /// `;`.
    Semicolon,
    /// Anything else.
    Other,
}

/// A token and its text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Token<'v> {
    /// Its class.
    pub(super) class: Class,
    /// Its text, quotes included.
    pub(super) text: &'v str,
}

impl Token<'_> {
    /// Whether it is this word.
    pub(super) fn is(&self, word: &str) -> bool {
        self.text.eq_ignore_ascii_case(word)
    }

    /// Whether it can be a value.
    pub(super) fn is_value(&self) -> bool {
        matches!(
            self.class,
            Class::Number | Class::Text | Class::Name | Class::Constant | Class::Function
        )
    }
}

/// The tokens of `value` in `context`; in-line comments that only hide are dropped, and counted.
pub(super) fn tokens(value: &str, context: Context) -> (Vec<Token<'_>>, usize) {
    let mut found = Vec::new();
    let mut hidden = 0;
    let mut rest = value;
    if let Context::Quoted(quote) = context {
        let length = string_length(rest.as_bytes(), quote, 0);
        let (text, after) = split(rest, length);
        found.push(Token {
            class: Class::Text,
            text,
        });
        rest = after;
    }
    while found.len() < MAX_TOKENS {
        rest = rest.trim_start_matches(|letter: char| {
            letter.is_whitespace()
                || letter.is_control()
                || letter == '\u{a0}'
                || letter == '\u{fffd}'
        });
        let Some((class, length)) = next(rest) else {
            break;
        };
        let (text, after) = split(rest, length);
        rest = after;
        // A comment in the middle, or to the end of a line that is not the last, only hides.
        let inside = text.starts_with("/*") && text.ends_with("*/") && text.len() >= 4;
        if class == Class::Comment && (inside || text.ends_with('\n') && !rest.trim().is_empty()) {
            hidden += 1;
            continue;
        }
        found.push(Token { class, text });
    }
    (found, hidden)
}

fn split(text: &str, at: usize) -> (&str, &str) {
    let mut at = at.clamp(1, text.len().max(1));
    while at < text.len() && !text.is_char_boundary(at) {
        at += 1;
    }
    text.split_at_checked(at).unwrap_or((text, ""))
}

fn next(text: &str) -> Option<(Class, usize)> {
    let bytes = text.as_bytes();
    Some(match bytes {
        [] => return None,
        [b'\'' | b'"', ..] => (
            Class::Text,
            string_length(bytes, bytes.first().copied().unwrap_or(0), 1),
        ),
        [b'`', ..] => (Class::Name, string_length(bytes, b'`', 1)),
        [b'0', b'x' | b'X', digit, ..] if digit.is_ascii_hexdigit() => (
            Class::Number,
            2 + run(bytes.get(2..), u8::is_ascii_hexdigit),
        ),
        [b'0'..=b'9', ..] | [b'.', b'0'..=b'9', ..] => (Class::Number, number(bytes)),
        [b'/', b'*', b'!', ..] => (Class::Other, 3 + run(bytes.get(3..), u8::is_ascii_digit)),
        [b'*', b'/', ..] => (Class::Other, 2),
        [b'/', b'*', ..] => (
            Class::Comment,
            text.get(2..)
                .and_then(|inside| inside.find("*/"))
                .map_or(text.len(), |at| at + 4),
        ),
        [b'-', b'-', ..] => (Class::Comment, line(text)),
        [b'#', ..] => (Class::Comment, line(text)),
        [b'(', ..] => (Class::Open, 1),
        [b')', ..] => (Class::Close, 1),
        [b',', ..] => (Class::Comma, 1),
        [b';', ..] => (Class::Semicolon, 1),
        // NULL, as MySQL also writes it.
        [b'\\', b'N', ..] => (Class::Constant, 2),
        [b'@', ..] => (
            Class::Constant,
            1 + run(bytes.get(1..), |byte| {
                is_word(*byte) || matches!(byte, b'@' | b'.' | b'`')
            }),
        ),
        [b'&', b'&', ..] | [b'|', b'|', ..] => (Class::Logic, 2),
        [b'=' | b'<' | b'>', ..] => (
            Class::Compare,
            run(Some(bytes), |byte| {
                matches!(byte, b'=' | b'<' | b'>' | b'@' | b'!' | b'?')
            }),
        ),
        [b'!', b'=' | b'<' | b'>' | b'~', ..] => (Class::Compare, 2),
        // Operators of PostgreSQL for JSON.
        [b'?', ..] => (
            Class::Compare,
            run(Some(bytes), |byte| matches!(byte, b'?' | b'|' | b'&')),
        ),
        [b'!' | b'~', ..] => (Class::Sign, 1),
        [b'+' | b'-' | b'*' | b'/' | b'%' | b'^' | b'|' | b'&', ..] => (Class::Sum, 1),
        [first, ..] if is_word(*first) => {
            let length = run(Some(bytes), |byte| {
                is_word(*byte) || *byte == b'.' || *byte == b'$'
            });
            word(
                text.get(..length).unwrap_or(text),
                text.get(length..).unwrap_or(""),
            )
        }
        _ => (Class::Other, 1),
    })
}

const fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_' || byte >= 0x80
}

fn run(bytes: Option<&[u8]>, fits: impl Fn(&u8) -> bool) -> usize {
    bytes.map_or(0, |bytes| {
        bytes.iter().take_while(|byte| fits(byte)).count()
    })
}

fn number(bytes: &[u8]) -> usize {
    let digits = run(Some(bytes), |byte| byte.is_ascii_digit() || *byte == b'.');
    match bytes.get(digits..) {
        Some([b'e' | b'E', b'+' | b'-', exponent, ..]) if exponent.is_ascii_digit() => {
            digits + 2 + run(bytes.get(digits + 2..), u8::is_ascii_digit)
        }
        Some([b'e' | b'E', exponent, ..]) if exponent.is_ascii_digit() => {
            digits + 1 + run(bytes.get(digits + 1..), u8::is_ascii_digit)
        }
        _ => digits,
    }
}

fn line(text: &str) -> usize {
    text.find('\n').map_or(text.len(), |at| at + 1)
}

/// Length of a string whose opening quote takes `opening` bytes: up to the quote that ends it. A
/// doubled quote or one after a backslash does not.
fn string_length(bytes: &[u8], quote: u8, opening: usize) -> usize {
    let mut at = opening;
    while let Some(byte) = bytes.get(at) {
        if *byte == b'\\' {
            at += 2;
            continue;
        }
        if *byte == quote {
            if bytes.get(at + 1) == Some(&quote) && opening > 0 {
                at += 2;
                continue;
            }
            return at + 1;
        }
        at += 1;
    }
    bytes.len()
}

fn word(word: &str, after: &str) -> (Class, usize) {
    let length = word.len();
    // A part after a dot is a column, before it a table: names, whatever they are called.
    let lower = if length <= 24 {
        word.to_ascii_lowercase()
    } else {
        String::new()
    };
    let called = after.trim_start().starts_with('(');
    // `or1=1`: the operator needs no space before a number.
    for logic in ["or", "and", "xor"] {
        let number = lower.strip_prefix(logic).unwrap_or("");
        if !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit()) {
            return (Class::Logic, logic.len());
        }
    }
    let class =
        match lower.as_str() {
            "and" | "or" | "xor" => Class::Logic,
            "like" | "rlike" | "regexp" | "in" | "between" | "is" | "ilike" | "similar"
            | "glob" | "sounds" | "isnull" | "notnull" | "overlaps" => Class::Compare,
            "div" | "mod" => Class::Sum,
            "not" | "binary" | "distinct" | "any" | "some" | "exists" => Class::Sign,
            "union" | "except" | "intersect" | "minus" => Class::Union,
            "select" => Class::Select,
            "insert" | "update" | "delete" | "drop" | "create" | "alter" | "exec" | "execute"
            | "declare" | "truncate" | "shutdown" | "waitfor" | "grant" | "revoke" | "merge"
            | "replace" | "handler" | "backup" | "restore" | "call" | "rename" | "print"
            | "begin" | "if" | "set" | "use" | "do" | "kill" | "load" | "copy" | "vacuum"
            | "attach" => Class::Verb,
            "database" | "schema" if called => Class::Function,
            "from" | "where" | "having" | "group" | "order" | "by" | "limit" | "offset"
            | "into" | "values" | "table" | "join" | "on" | "as" | "case" | "when" | "then"
            | "else" | "end" | "procedure" | "collate" | "delay" | "database" | "function"
            | "returns" | "asc" | "desc" | "all" | "outfile" | "top" | "rownum" | "using"
            | "with" | "returning" | "schema" | "view" | "trigger" | "index" | "interval"
            | "escape" | "dual" | "for" => Class::Word,
            "null" | "true" | "false" | "current_user" | "current_date" | "current_time"
            | "current_timestamp" | "session_user" | "system_user" | "user" | "localtime"
            | "localtimestamp" | "sysdate" | "utc_date" | "utc_time" | "utc_timestamp" => {
                if called {
                    Class::Function
                } else {
                    Class::Constant
                }
            }
            _ if called => Class::Function,
            _ => Class::Name,
        };
    (class, length)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_by_context() {
        use Class::{Comment, Compare, Logic, Name, Number, Text};
        for (value, context, expected) in [
            (
                "1 or 1=1",
                Context::Bare,
                vec![Number, Logic, Number, Compare, Number],
            ),
            (
                "a' or 'b'='b",
                Context::Quoted(b'\''),
                vec![Text, Logic, Text, Compare, Text],
            ),
            ("x\" -- y", Context::Quoted(b'"'), vec![Text, Comment]),
            ("a/**/b", Context::Bare, vec![Name, Name]),
            ("it\\'s", Context::Quoted(b'\''), vec![Text]),
            ("1.5e3 0xAF .5", Context::Bare, vec![Number, Number, Number]),
        ] {
            let (found, _) = tokens(value, context);
            let classes: Vec<Class> = found.iter().map(|token| token.class).collect();
            assert_eq!(classes, expected, "{value}");
        }
    }

    proptest::proptest! {
        #[test]
        fn any_text_is_cut_without_loss_of_order(value in "\\PC{0,80}") {
            for context in [Context::Bare, Context::Quoted(b'\''), Context::Quoted(b'"')] {
                let (found, _) = tokens(&value, context);
                let mut rest = value.as_str();
                for token in found {
                    let at = rest.find(token.text);
                    proptest::prop_assert!(at.is_some());
                    rest = &rest[at.unwrap() + token.text.len()..];
                }
            }
        }
    }
}
