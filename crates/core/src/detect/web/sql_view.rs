//! One place among the tokens of a value, and what stands around it.

use super::sql::{Class, Token};

/// The tokens around one place.
pub(super) struct View<'t> {
    /// All tokens of the value.
    pub(super) tokens: &'t [Token<'t>],
    /// The place.
    pub(super) at: usize,
    /// The value is read as the inside of a string.
    pub(super) quoted: bool,
    /// Comments in the middle were dropped.
    pub(super) hidden: bool,
}

impl<'t> View<'t> {
    /// The token `after` places on.
    pub(super) fn token(&self, after: usize) -> Option<&'t Token<'t>> {
        self.tokens.get(self.at + after)
    }

    /// Its class.
    pub(super) fn class(&self, after: usize) -> Option<Class> {
        self.token(after).map(|token| token.class)
    }

    /// Whether it is this word.
    pub(super) fn is(&self, after: usize, word: &str) -> bool {
        self.token(after).is_some_and(|token| token.is(word))
    }

    /// The token before the place.
    pub(super) fn before(&self) -> Option<&'t Token<'t>> {
        self.tokens.get(self.at.checked_sub(1)?)
    }

    /// Whether the value has left the string it was put into, or ended a value before this place.
    pub(super) fn after_value(&self) -> bool {
        match self.before() {
            None => false,
            Some(token) => {
                matches!(
                    token.class,
                    Class::Number | Class::Text | Class::Constant | Class::Close
                )
            }
        }
    }

    /// Whether the comparison at `end` is one of several that bound numbers: `x >= 5 and x < 9`.
    pub(super) fn is_measure(&self, end: usize) -> bool {
        let bounds = |token: &Token<'_>| matches!(token.text, "<" | ">" | "<=" | ">=");
        let before = self.tokens.iter().take(self.at);
        !self.quoted && self.token(end).is_some_and(bounds) && before.clone().any(bounds)
    }

    /// Whether a bracket ends before this place that the value itself opened, outside any string.
    pub(super) fn after_own_bracket(&self) -> bool {
        !self.quoted
            && self
                .before()
                .is_some_and(|token| token.class == Class::Close)
            && !self.leaves_bracket()
    }

    /// Past brackets and signs, from `after` on.
    pub(super) fn skip_signs(&self, mut after: usize) -> usize {
        while matches!(self.class(after), Some(Class::Open | Class::Sign))
            || matches!(self.token(after), Some(token) if token.class == Class::Sum && matches!(token.text, "-" | "+"))
        {
            after += 1;
        }
        after
    }

    /// Past values joined by operators, from `after` on.
    pub(super) fn skip_arithmetic(&self, mut after: usize) -> usize {
        while matches!(
            self.class(after),
            Some(
                Class::Close
                    | Class::Open
                    | Class::Sum
                    | Class::Sign
                    | Class::Number
                    | Class::Constant
            )
        ) {
            after += 1;
        }
        after
    }

    /// Whether the token is written in letters.
    pub(super) fn is_word(&self, after: usize) -> bool {
        self.token(after).is_some_and(|token| {
            token
                .text
                .starts_with(|letter: char| letter.is_ascii_alphabetic())
        })
    }

    /// Whether the place follows the string the value was put into, or another condition.
    pub(super) fn follows_logic(&self) -> bool {
        self.at == 1
            || self.before().is_none_or(|token| token.class != Class::Text)
            || self
                .tokens
                .iter()
                .take(self.at)
                .any(|token| matches!(token.class, Class::Logic | Class::Compare | Class::Close))
    }

    /// Whether a bracket was closed that the value did not open.
    pub(super) fn leaves_bracket(&self) -> bool {
        let count = |class: Class| {
            let before = self.tokens.iter().take(self.at);
            before.filter(|token| token.class == class).count()
        };
        count(Class::Close) > count(Class::Open)
    }

    /// All tokens from `after` on.
    pub(super) fn rest(&self, after: usize) -> &'t [Token<'t>] {
        self.tokens.get(self.at + after..).unwrap_or(&[])
    }

    /// Whether nothing but an end follows.
    pub(super) fn ends(&self, after: usize) -> bool {
        let closing = |token: &Token<'_>| {
            matches!(
                token.class,
                Class::Close | Class::Semicolon | Class::Comment
            )
        };
        self.rest(after).first().is_none_or(closing)
    }
}
