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
        {
            verdict.add(Kind::Sql, 5, "sql-probe");
        }
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
            ("values ('a', 'b')", true),
            ("our values (old ones, mostly)", false),
        ] {
            let mut verdict = Verdict::default();
            read(value, &mut verdict);
            assert_eq!(verdict.score > 0, probe, "{value}");
        }
    }
}
