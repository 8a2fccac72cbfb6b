//! The condition of a Sigma rule: `and`, `or`, `not`, parentheses, `1 of filter_*`, `all of them`.
//!
//! Standard: Sigma rules specification 2.1, "Condition". `not` binds tighter than `and`, `and`
//! tighter than `or`.

use super::skip::{Skip, SkipReason, skip};

/// Deepest nesting of parentheses and `not`.
const MAX_DEPTH: usize = 32;
/// Most words in one condition.
const MAX_WORDS: usize = 1_024;

/// A condition over the names of selections.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Condition {
    /// A selection.
    Name(String),
    /// All of these.
    And(Vec<Condition>),
    /// Any of these.
    Or(Vec<Condition>),
    /// Not this.
    Not(Box<Condition>),
    /// At least so many of the selections whose names fit; `None` means all.
    Of(Option<usize>, String),
}

/// Reads a condition.
pub(super) fn parse(text: &str) -> Result<Condition, Skip> {
    if text.contains('|') {
        return skip(SkipReason::Aggregation, text);
    }
    let words = split(text);
    if words.len() > MAX_WORDS {
        return skip(SkipReason::TooMany, "words in the condition");
    }
    let mut parser = Parser {
        words: &words,
        at: 0,
        text,
    };
    let condition = parser.any_of(0)?;
    match parser.peek() {
        None => Ok(condition),
        Some(_) => parser.malformed(),
    }
}

/// Whether the selection `name` is meant by `pattern`: `them` means all but those that begin with an
/// underscore.
pub(super) fn names_fit(pattern: &str, name: &str) -> bool {
    if pattern.eq_ignore_ascii_case("them") {
        return !name.starts_with('_');
    }
    super::glob::Glob::new(&super::glob::tokens(pattern), true).matches(name)
}

fn split(text: &str) -> Vec<&str> {
    let mut words = Vec::new();
    for part in text.split_whitespace() {
        let mut rest = part;
        while let Some(at) = rest.find(['(', ')']) {
            let (before, from) = rest.split_at(at);
            let (bracket, after) = from.split_at(1);
            words.extend((!before.is_empty()).then_some(before));
            words.push(bracket);
            rest = after;
        }
        words.extend((!rest.is_empty()).then_some(rest));
    }
    words
}

struct Parser<'t> {
    words: &'t [&'t str],
    at: usize,
    text: &'t str,
}

impl<'t> Parser<'t> {
    fn peek(&self) -> Option<&'t str> {
        self.words.get(self.at).copied()
    }

    fn next_is(&self, word: &str) -> bool {
        self.peek()
            .is_some_and(|found| found.eq_ignore_ascii_case(word))
    }

    fn take(&mut self, word: &str) -> bool {
        let found = self.next_is(word);
        self.at += usize::from(found);
        found
    }

    fn malformed<T>(&self) -> Result<T, Skip> {
        skip(SkipReason::Condition, self.text)
    }

    fn any_of(&mut self, depth: usize) -> Result<Condition, Skip> {
        let mut parts = vec![self.all_of(depth)?];
        while self.take("or") {
            parts.push(self.all_of(depth)?);
        }
        Ok(one_or(parts, Condition::Or))
    }

    fn all_of(&mut self, depth: usize) -> Result<Condition, Skip> {
        let mut parts = vec![self.single(depth)?];
        while self.take("and") {
            parts.push(self.single(depth)?);
        }
        Ok(one_or(parts, Condition::And))
    }

    fn single(&mut self, depth: usize) -> Result<Condition, Skip> {
        if depth > MAX_DEPTH {
            return skip(SkipReason::TooMany, "brackets in the condition");
        }
        if self.take("not") {
            return Ok(Condition::Not(Box::new(self.single(depth + 1)?)));
        }
        if self.take("(") {
            let inner = self.any_of(depth + 1)?;
            return if self.take(")") {
                Ok(inner)
            } else {
                self.malformed()
            };
        }
        let Some(word) = self.peek() else {
            return self.malformed();
        };
        if word == ")" || ["and", "or", "of"].iter().any(|key| self.next_is(key)) {
            return self.malformed();
        }
        self.at += 1;
        if !self.take("of") {
            return Ok(Condition::Name(word.to_owned()));
        }
        let least = match word.to_ascii_lowercase().as_str() {
            "all" => None,
            "any" => Some(1),
            number => match number.parse() {
                Ok(number) => Some(number),
                Err(_) => return self.malformed(),
            },
        };
        match self.peek() {
            Some(pattern) if pattern != "(" && pattern != ")" => {
                self.at += 1;
                Ok(Condition::Of(least, pattern.to_owned()))
            }
            _ => self.malformed(),
        }
    }
}

fn one_or(mut parts: Vec<Condition>, join: impl FnOnce(Vec<Condition>) -> Condition) -> Condition {
    match (parts.pop(), parts.is_empty()) {
        (Some(only), true) => only,
        (last, _) => {
            parts.extend(last);
            join(parts)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn precedence_and_quantifiers() {
        use Condition::{And, Name, Not, Of, Or};
        let name = |name: &str| Name(name.to_owned());
        for (text, expected) in [
            ("a", name("a")),
            (
                "a or b and not c",
                Or(vec![
                    name("a"),
                    And(vec![name("b"), Not(Box::new(name("c")))]),
                ]),
            ),
            (
                "(a or b)and c",
                And(vec![Or(vec![name("a"), name("b")]), name("c")]),
            ),
            (
                "all of x_* and not 1 of them",
                And(vec![
                    Of(None, "x_*".into()),
                    Not(Box::new(Of(Some(1), "them".into()))),
                ]),
            ),
            ("2 OF s*", Of(Some(2), "s*".into())),
        ] {
            assert_eq!(parse(text), Ok(expected), "{text}");
        }
    }

    #[test]
    fn nonsense_is_refused_with_a_reason() {
        for (text, reason) in [
            ("", SkipReason::Condition),
            ("a and", SkipReason::Condition),
            ("(a", SkipReason::Condition),
            ("a b", SkipReason::Condition),
            ("x of y", SkipReason::Condition),
            ("a | count() > 3", SkipReason::Aggregation),
            (&"(".repeat(100), SkipReason::TooMany),
            (&"a and ".repeat(2_000), SkipReason::TooMany),
        ] {
            assert_eq!(parse(text).unwrap_err().0, reason, "{text}");
        }
    }

    #[test]
    fn them_leaves_out_names_with_an_underscore() {
        assert!(names_fit("them", "selection"));
        assert!(!names_fit("them", "_part"));
        assert!(names_fit("filter_*", "filter_main"));
        assert!(!names_fit("filter_*", "selection"));
    }
}
