//! Probes: values too short or too broken to be a statement, which no visitor sends either.

use super::sql::{Class, Context, Token, tokens};
use super::sql_functions::known_function;
use super::{Kind, Verdict};

/// Most bytes of a probe.
const MAX_PROBE_BYTES: usize = 256;

/// Functions that databases have and sentences too, so that they tell only when cut off.
const FUNCTIONS: &[&str] = &[
    "abs",
    "acos",
    "asin",
    "atan",
    "avg",
    "ceil",
    "ceiling",
    "curdate",
    "curtime",
    "date",
    "day",
    "default",
    "field",
    "format",
    "hour",
    "insert",
    "lo_get",
    "locate",
    "log",
    "log10",
    "log2",
    "ltrim",
    "max",
    "min",
    "minute",
    "mod",
    "month",
    "now",
    "position",
    "power",
    "quarter",
    "quote",
    "replace",
    "round",
    "rpad",
    "rtrim",
    "second",
    "sign",
    "space",
    "sqrt",
    "std",
    "strcmp",
    "sum",
    "tan",
    "time",
    "trim",
    "truncate",
    "uncompress",
    "unistr",
    "values",
    "variance",
    "week",
    "year",
    "concat",
    "compress",
    "database",
    "lpad",
    "substring_index",
];

/// Reads `value`.
pub(super) fn read(value: &str, verdict: &mut Verdict) {
    if value.len() > MAX_PROBE_BYTES {
        return;
    }
    if is_cut_off_call(value) {
        verdict.add(Kind::Sql, 5, "sql-cut-off-call");
    }
    if value.contains(['\'', '"', ')']) {
        let (found, _) = tokens(value, Context::Bare);
        if compares_equal_texts(&found)
            || ends_in_opened_string(&found)
            || leaves_case(&found)
            || lists_values(&found)
            || compares_and_lists(&found)
        {
            verdict.add(Kind::Sql, 5, "sql-probe");
        }
    }
    if is_number_behind_quote(value)
        || is_operator_behind_quote(value)
        || joins_nothing(value)
        || leaves_list(value)
        || hands_out_rights(value)
    {
        verdict.add(Kind::Sql, 5, "sql-probe");
    }
    if matches!(
        value.trim(),
        "';" | "\";" | "');" | "\");" | "'--" | "'#" | "')--"
    ) {
        verdict.add(Kind::Sql, 5, "sql-probe");
    }
}

/// `concat (`: the whole value is a function's name and the bracket that calls it.
fn is_cut_off_call(value: &str) -> bool {
    let Some(name) = value.trim_end().strip_suffix('(') else {
        return false;
    };
    let name = name.trim_end_matches([' ', '\t', '=', '\\']).trim_start();
    let lower = name.to_ascii_lowercase();
    name.bytes()
        .all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
        && (known_function(name) || FUNCTIONS.contains(&lower.as_str()))
}

/// `'a'='a'`, `'10'='1`: two strings compared, which are the same or one the start of the other.
fn compares_equal_texts(found: &[Token<'_>]) -> bool {
    found.windows(3).any(|three| {
        let [left, sign, right] = three else {
            return false;
        };
        let inner = |token: &Token<'_>| token.text.trim_matches('\'').to_owned();
        let (one, other) = (inner(left), inner(right));
        let texts = left.text.starts_with('\'') && right.text.starts_with('\'');
        texts && sign.text == "=" && !other.is_empty() && one.starts_with(&other)
    })
}

/// `x like '`: a comparison with a string that only begins.
fn ends_in_opened_string(found: &[Token<'_>]) -> bool {
    matches!(
        found,
        [.., word, text] if word.class == Class::Compare && matches!(text.text, "'" | "\"")
            && word.text.starts_with(|letter: char| letter.is_ascii_alphabetic())
    )
}

/// `) when 1 then`: a choice gone on with behind a bracket that the value did not open.
fn leaves_case(found: &[Token<'_>]) -> bool {
    let close = found.iter().position(|token| token.class == Class::Close);
    close.is_some_and(|at| {
        let opened = found
            .iter()
            .take(at)
            .any(|token| token.class == Class::Open);
        let rest = found.get(at + 1..).unwrap_or(&[]);
        !opened
            && rest.first().is_some_and(|token| token.is("when"))
            && rest.iter().any(|token| token.is("then"))
    })
}

/// `"2562*23`, `', 2, 1`, `'16/17`: a quote, then only signs and numbers, and no quote that closes the
/// first around all of it. Feet and inches stand behind their number; a year (`'90`) has no sign.
fn is_number_behind_quote(value: &str) -> bool {
    let value = value.trim();
    // `3' ' 1`
    let numbers = value.bytes().all(|byte| {
        byte.is_ascii_digit() || byte.is_ascii_whitespace() || byte.is_ascii_punctuation()
    });
    if numbers && (value.contains("' ' ") || value.contains("\" \" ")) {
        return true;
    }
    let Some(quote) = value.chars().next().filter(|first| "'\"`".contains(*first)) else {
        return false;
    };
    let rest = value.get(1..).unwrap_or("");
    let enclosed = rest
        .strip_suffix(quote)
        .is_some_and(|inside| !inside.contains(quote));
    let signs = rest
        .bytes()
        .filter(|byte| !byte.is_ascii_digit() && !byte.is_ascii_whitespace());
    rest.bytes().any(|byte| byte.is_ascii_digit())
        && !enclosed
        && signs.clone().count() > 0
        && signs.clone().all(|byte| byte.is_ascii_punctuation())
        // Prices, shares and spans of years (`'90-'99`) are no probe.
        && signs.clone().any(|byte| !b".%-'".contains(&byte))
}

/// "` REGEXP ": a quote that ends the program's own string, and an operator left open.
fn is_operator_behind_quote(value: &str) -> bool {
    let value = value.trim();
    let rest = value.strip_prefix(['\'', '"', '`']).unwrap_or("");
    rest.starts_with(char::is_whitespace)
        && ["like", "rlike", "regexp", "glob", "between", "xor", "div"]
            .iter()
            .any(|operator| rest.trim().eq_ignore_ascii_case(operator))
}

/// `" or ""^"`: a condition on a string that holds nothing.
fn joins_nothing(value: &str) -> bool {
    let value = value.trim();
    let Some(quote) = value.chars().next().filter(|first| "'\"".contains(*first)) else {
        return false;
    };
    let rest = value.get(1..).unwrap_or("").trim_start();
    let (word, rest) = rest.split_once(' ').unwrap_or(("", ""));
    let is_joined = ["or", "and", "xor"]
        .iter()
        .any(|known| word.eq_ignore_ascii_case(known));
    let rest = rest
        .trim_start()
        .strip_prefix(quote)
        .and_then(|rest| rest.strip_prefix(quote));
    let sign = rest.and_then(|rest| rest.strip_suffix(quote)).unwrap_or("");
    is_joined
        && (1..=2).contains(&sign.len())
        && sign.bytes().all(|byte| b"=^|&+-*/<>%".contains(&byte))
}

/// `',null,0)#`: a quote, further values of the list it stood in, its end, and a comment for the rest.
fn leaves_list(value: &str) -> bool {
    let value = value.trim();
    let list = value.strip_prefix(['\'', '"']).map(str::trim_start);
    let Some((values, rest)) = list.and_then(|list| list.strip_prefix(',')?.split_once(')')) else {
        return false;
    };
    values
        .bytes()
        .all(|byte| byte.is_ascii_alphanumeric() || b" ,'\"_.".contains(&byte))
        && ["--", "-- -", "--+", "#", "/*"]
            .iter()
            .any(|comment| rest.ends_with(comment))
}

/// `grant dba to x; grant connect to x`: several statements about who may do what.
fn hands_out_rights(value: &str) -> bool {
    /// Rights and what they are about, by the words that statements have and sentences do not.
    const RIGHTS: &[&str] = &[
        "all", "alter", "connect", "create", "dba", "delete", "execute", "insert", "resource",
        "select", "sysdba", "update", "usage",
    ];
    let is_one = |statement: &str| {
        let lower = statement.trim().to_ascii_lowercase();
        let words: Vec<&str> = lower.split_whitespace().take(8).collect();
        match words.as_slice() {
            ["grant", right, rest @ ..] => RIGHTS.contains(right) && rest.contains(&"to"),
            ["revoke", right, rest @ ..] => RIGHTS.contains(right) && rest.contains(&"from"),
            ["drop", "user" | "table" | "role" | "login", _] => true,
            ["create", "user" | "role" | "login", _, ..] => {
                lower.contains("identified") || words.len() == 3
            }
            _ => false,
        }
    };
    value.contains(';') && value.split(';').filter(|part| is_one(part)).count() >= 2
}

/// `'abc', 0x1a`, `= 'abc', 0x1a`: a string gone on with as a list of a database's own numbers.
fn compares_and_lists(found: &[Token<'_>]) -> bool {
    let listed = |rest: &[Token<'_>]| {
        rest.get(1)
            .is_some_and(|hex| hex.class == Class::Number && hex.text.starts_with("0x"))
    };
    let behind = match found {
        [_, sign, text, rest @ ..] if sign.text == "=" => Some((text, rest)),
        [text, rest @ ..] => Some((text, rest)),
        [] => None,
    };
    behind.is_some_and(|(text, rest)| {
        text.class == Class::Text
            && text.text.len() > 2
            && rest.first().is_some_and(|next| next.class == Class::Comma)
            && listed(rest)
    })
}

/// `values ('a', 'b')`.
fn lists_values(found: &[Token<'_>]) -> bool {
    found.windows(4).any(|four| {
        let [word, open, first, comma] = four else {
            return false;
        };
        word.is("values")
            && open.class == Class::Open
            && matches!(first.class, Class::Text | Class::Number | Class::Constant)
            && comma.class == Class::Comma
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn probes_are_told_from_sentences() {
        for (value, probe) in [
            ("trim (", true),
            ("substr(", true),
            ("call me (", false),
            ("sum(a)", false),
            ("'10'='1", true),
            ("'x', 'a'='a'", true),
            ("it's 'a' = 'b'", false),
            ("name like '", true),
            ("I like 'em", false),
            (") when 1 then", true),
            ("(then) when it rains", false),
            ("\"2562*23", true),
            ("', 2, 1", true),
            ("'16/17", true),
            ("\":60", true),
            ("'90", false),
            ("'90-'99", false),
            ("'90s music", false),
            ("\"12.50\"", false),
            ("\"1/2\"", false),
            ("5' 10\"", false),
            ("` REGEXP ", true),
            ("\" like", true),
            ("I like", false),
            ("hash = 'abc', 0x1a", true),
            ("name = 'Anne', age = 5", false),
            ("values ('a', 'b')", true),
            ("\" or \"\"^\"", true),
            ("\" or \"", false),
            ("',null,0)#", true),
            ("', null)", false),
            ("grant dba to shop; grant connect to shop;", true),
            ("Grant access to Anna; grant it to Ben too", false),
            ("Drop user manuals off; drop table by the door", false),
            ("our values (old ones, mostly)", false),
        ] {
            let mut verdict = Verdict::default();
            read(value, &mut verdict);
            assert_eq!(verdict.score > 0, probe, "{value}");
        }
    }
}
