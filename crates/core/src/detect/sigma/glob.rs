//! Sigma's text patterns: literals with `*` (any text) and `?` (one character), over bytes.
//!
//! Letters compare without case unless the rule says `cased`; case folding is ASCII, because what
//! rules look for in logs (paths, commands, names of tools) is.

/// One step of a pattern.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Token {
    /// This byte.
    Byte(u8),
    /// Any one character.
    One,
    /// Any text, also none.
    Many,
}

/// Reads a Sigma string: `\*`, `\?` and `\\` stand for themselves; a backslash before anything else
/// is a plain backslash.
pub(super) fn tokens(text: &str) -> Vec<Token> {
    let mut tokens = Vec::with_capacity(text.len());
    let mut bytes = text.bytes().peekable();
    while let Some(byte) = bytes.next() {
        tokens.push(match byte {
            b'\\' => match bytes.peek() {
                Some(&escaped @ (b'*' | b'?' | b'\\')) => {
                    bytes.next();
                    Token::Byte(escaped)
                }
                _ => Token::Byte(b'\\'),
            },
            b'*' => Token::Many,
            b'?' => Token::One,
            other => Token::Byte(other),
        });
    }
    tokens
}

/// The bytes of a pattern without wildcards.
pub(super) fn plain_bytes(tokens: &[Token]) -> Option<Vec<u8>> {
    tokens
        .iter()
        .map(|token| match token {
            Token::Byte(byte) => Some(*byte),
            Token::One | Token::Many => None,
        })
        .collect()
}

/// A pattern ready to compare: pieces that must follow each other, with anything between them.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Glob {
    /// Pieces between `*`; `None` stands for `?`. Folded to lower case unless `cased`.
    pieces: Vec<Vec<Option<u8>>>,
    /// The first piece must stand at the start.
    at_start: bool,
    /// The last piece must stand at the end.
    at_end: bool,
    /// Letters compare with case.
    cased: bool,
}

impl Glob {
    /// From tokens.
    pub(super) fn new(tokens: &[Token], cased: bool) -> Self {
        let mut pieces = Vec::new();
        let mut piece = Vec::new();
        for token in tokens {
            match token {
                Token::Byte(byte) if cased => piece.push(Some(*byte)),
                Token::Byte(byte) => piece.push(Some(byte.to_ascii_lowercase())),
                Token::One => piece.push(None),
                Token::Many => {
                    if !piece.is_empty() {
                        pieces.push(std::mem::take(&mut piece));
                    }
                }
            }
        }
        if !piece.is_empty() {
            pieces.push(piece);
        }
        Self {
            pieces,
            at_start: tokens.first() != Some(&Token::Many),
            at_end: tokens.last() != Some(&Token::Many),
            cased,
        }
    }

    /// Whether it is a literal found anywhere, without case: what a hit of the shared automaton
    /// already proves.
    pub(super) fn is_plain_contains(&self) -> bool {
        !self.at_start
            && !self.at_end
            && !self.cased
            && matches!(self.pieces.as_slice(), [piece] if piece.iter().all(Option::is_some))
    }

    /// The whole value without wildcards, if it is that.
    pub(super) fn exact(&self) -> Option<Vec<u8>> {
        match self.pieces.as_slice() {
            [] if self.at_start && self.at_end => Some(Vec::new()),
            [piece] if self.at_start && self.at_end => piece.iter().copied().collect(),
            _ => None,
        }
    }

    /// The longest literal that every matching text contains, in lower case.
    pub(super) fn literal(&self) -> Vec<u8> {
        let mut longest: &[Option<u8>] = &[];
        for piece in &self.pieces {
            for run in piece.split(Option::is_none) {
                if run.len() > longest.len() {
                    longest = run;
                }
            }
        }
        longest
            .iter()
            .flatten()
            .map(u8::to_ascii_lowercase)
            .collect()
    }

    /// Whether `text` matches.
    pub(super) fn matches(&self, text: &str) -> bool {
        let bytes = text.as_bytes();
        let last = self.pieces.len().saturating_sub(1);
        if self.pieces.is_empty() {
            return bytes.is_empty() || !(self.at_start && self.at_end);
        }
        let mut at = 0;
        for (number, piece) in self.pieces.iter().enumerate() {
            let from_start = number == 0 && self.at_start;
            let to_end = number == last && self.at_end;
            let end = match (from_start, to_end) {
                (true, true) => self
                    .piece_at(piece, bytes, 0)
                    .filter(|end| *end == bytes.len()),
                (true, false) => self.piece_at(piece, bytes, 0),
                (false, true) => self.piece_at_end(piece, bytes, at),
                (false, false) => {
                    (at..=bytes.len()).find_map(|start| self.piece_at(piece, bytes, start))
                }
            };
            let Some(end) = end else { return false };
            at = end;
        }
        true
    }

    /// End of `piece` when it stands at `start`.
    fn piece_at(&self, piece: &[Option<u8>], bytes: &[u8], start: usize) -> Option<usize> {
        let mut at = start;
        for wanted in piece {
            let found = *bytes.get(at)?;
            at += 1;
            match wanted {
                Some(wanted) => {
                    let found = if self.cased {
                        found
                    } else {
                        found.to_ascii_lowercase()
                    };
                    if found != *wanted {
                        return None;
                    }
                }
                // One character may be several bytes of UTF-8: skip its continuation bytes.
                None => {
                    while bytes.get(at).is_some_and(|byte| byte & 0xC0 == 0x80) {
                        at += 1;
                    }
                }
            }
        }
        Some(at)
    }

    /// `piece` as the end of the text, beginning no earlier than `from`.
    fn piece_at_end(&self, piece: &[Option<u8>], bytes: &[u8], from: usize) -> Option<usize> {
        let longest = bytes.len().saturating_sub(piece.len() * 4).max(from);
        (longest..=bytes.len().saturating_sub(piece.len()))
            .find(|start| self.piece_at(piece, bytes, *start) == Some(bytes.len()))
            .map(|_| bytes.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wildcards_and_escapes() {
        for (pattern, text, expected) in [
            ("abc", "ABC", true),
            ("abc", "abcd", false),
            ("", "", true),
            ("", "x", false),
            ("*", "", true),
            ("*", "x", true),
            ("a*c", "abbbc", true),
            ("a*c", "abbb", false),
            ("*b*", "abc", true),
            ("a?c", "abc", true),
            ("a?c", "aéc", true),
            ("a?c", "ac", false),
            ("*?c", "éc", true),
            ("??", "a", false),
            ("*ab*ab", "abab", true),
            ("*ab*ab", "ab", false),
            (r"\*", "*", true),
            (r"\*", "x", false),
            (r"\\*", r"\windows", true),
            (r"C:\Users", r"c:\users", true),
            (r"\\\\\*\\IPC$", r"\\*\IPC$", true),
            ("*.tmp", "x.TMP", true),
            ("*.tmp", "tmp", false),
        ] {
            let found = Glob::new(&tokens(pattern), false).matches(text);
            assert_eq!(found, expected, "{pattern} on {text}");
        }
        assert!(!Glob::new(&tokens("Abc"), true).matches("abc"));
    }

    proptest::proptest! {
        #[test]
        fn agrees_with_a_simple_recursive_matcher(pattern in "[ab*?]{0,8}", text in "[abé]{0,10}") {
            let tokens = tokens(&pattern);
            let expected = slow(&tokens, &text);
            proptest::prop_assert_eq!(Glob::new(&tokens, false).matches(&text), expected);
        }
    }

    fn slow(tokens: &[Token], text: &str) -> bool {
        let mut rest = text.chars();
        match tokens.split_first() {
            None => text.is_empty(),
            Some((Token::Many, more)) => {
                slow(more, text) || (rest.next().is_some() && slow(tokens, rest.as_str()))
            }
            Some((Token::One, more)) => rest.next().is_some() && slow(more, rest.as_str()),
            Some((Token::Byte(byte), more)) => {
                rest.next() == Some(char::from(*byte)) && slow(more, rest.as_str())
            }
        }
    }
}
