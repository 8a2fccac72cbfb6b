//! One JSON object (RFC 8259) per record. Keys of inner objects are named by their path (`alert.action`),
//! elements of lists by their position (`answers.0`). Nothing is built: the scanner walks the text once
//! and keeps the values somebody asked for.

use memchr::memchr2;

use super::path::Path;
use crate::parse::escape::Escape;
use crate::parse::keys::{KeyTable, Slots};

/// How deep objects and lists may lie inside one another.
const MAX_DEPTH: usize = 16;
/// List elements that can be named.
const MAX_INDEX: u8 = 9;

/// Fills `slots`; false when `message` is no whole object.
pub(in crate::parse) fn read<'a>(message: &'a str, keys: &KeyTable, slots: &mut Slots<'a>) -> bool {
    let mut scanner = Scanner {
        text: message,
        at: 0,
        keys,
        path: Path::default(),
    };
    scanner.blanks();
    if scanner.peek() == Some(b'[') {
        // A list of records: the first counts.
        scanner.at += 1;
        scanner.blanks();
        return scanner.peek() == Some(b'{') && scanner.value(slots, 0).is_some();
    }
    scanner.peek() == Some(b'{') && scanner.value(slots, 0).is_some() && {
        scanner.blanks();
        scanner.peek().is_none()
    }
}

struct Scanner<'a, 'k> {
    text: &'a str,
    at: usize,
    keys: &'k KeyTable,
    path: Path,
}

impl<'a> Scanner<'a, '_> {
    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn blanks(&mut self) {
        while matches!(self.peek(), Some(b' ' | b'\t' | b'\n' | b'\r')) {
            self.at += 1;
        }
    }

    fn expect(&mut self, byte: u8) -> Option<()> {
        self.blanks();
        (self.peek()? == byte).then(|| self.at += 1)
    }

    fn value(&mut self, slots: &mut Slots<'a>, depth: usize) -> Option<()> {
        self.blanks();
        match self.peek()? {
            b'{' => self.object(slots, depth),
            b'[' => self.list(slots, depth),
            b'"' => {
                let (text, escape) = self.string()?;
                self.keep(text, escape, slots);
                Some(())
            }
            _ => {
                let text = self.word()?;
                if text != "null" {
                    self.keep(text, Escape::None, slots);
                }
                Some(())
            }
        }
    }

    fn keep(&self, text: &'a str, escape: Escape, slots: &mut Slots<'a>) {
        if let Some(slot) = self.path.as_str().and_then(|path| self.keys.find(path)) {
            slots.set(slot, text, escape);
        }
    }

    fn object(&mut self, slots: &mut Slots<'a>, depth: usize) -> Option<()> {
        if depth >= MAX_DEPTH {
            return None;
        }
        self.expect(b'{')?;
        self.blanks();
        if self.peek()? == b'}' {
            self.at += 1;
            return Some(());
        }
        loop {
            self.blanks();
            let (key, _) = self.string()?;
            self.expect(b':')?;
            let mark = self.path.mark();
            self.path.push(key.as_bytes());
            self.value(slots, depth + 1)?;
            self.path.back_to(mark);
            self.blanks();
            match self.peek()? {
                b',' => self.at += 1,
                b'}' => {
                    self.at += 1;
                    return Some(());
                }
                _ => return None,
            }
        }
    }

    fn list(&mut self, slots: &mut Slots<'a>, depth: usize) -> Option<()> {
        if depth >= MAX_DEPTH {
            return None;
        }
        self.expect(b'[')?;
        self.blanks();
        if self.peek()? == b']' {
            self.at += 1;
            return Some(());
        }
        let mut index = 0;
        loop {
            let mark = self.path.mark();
            if index <= MAX_INDEX {
                self.path.push(&[b'0' + index]);
                index += 1;
            } else {
                self.path.push_nameless();
            }
            self.value(slots, depth + 1)?;
            self.path.back_to(mark);
            self.blanks();
            match self.peek()? {
                b',' => self.at += 1,
                b']' => {
                    self.at += 1;
                    return Some(());
                }
                _ => return None,
            }
        }
    }

    /// A string's inside, and how it is escaped.
    fn string(&mut self) -> Option<(&'a str, Escape)> {
        self.expect(b'"')?;
        let start = self.at;
        let mut escape = Escape::None;
        loop {
            let rest = self.text.as_bytes().get(self.at..)?;
            let mark = self.at + memchr2(b'"', b'\\', rest)?;
            if self.text.as_bytes().get(mark) == Some(&b'"') {
                self.at = mark + 1;
                return Some((self.text.get(start..mark)?, escape));
            }
            escape = Escape::Backslash;
            self.at = mark + 2;
        }
    }

    /// A number, `true`, `false` or `null`.
    fn word(&mut self) -> Option<&'a str> {
        let start = self.at;
        while matches!(
            self.peek(),
            Some(b'0'..=b'9' | b'a'..=b'z' | b'A'..=b'Z' | b'+' | b'-' | b'.')
        ) {
            self.at += 1;
        }
        let text = self.text.get(start..self.at)?;
        (!text.is_empty()).then_some(text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(input: &str, expected: Option<&[(&str, &str)]>) {
        let names = ["a", "b.c", "l.1", "b.d.e"];
        let keys = KeyTable::new(names.iter().copied().zip(0..));
        let mut slots = Slots::new();
        slots.clear();
        let good = read(input, &keys, &mut slots);
        let found: Vec<(&str, &str)> = names
            .iter()
            .zip(0..)
            .filter_map(|(name, slot)| slots.get(slot).map(|raw| (*name, raw.text)))
            .collect();
        assert_eq!(good.then_some(found.as_slice()), expected, "{input}");
    }

    #[test]
    fn finds_values_by_path() {
        check(
            r#" {"a": 1, "b": {"c":"x\"y","d":{"e":true}}, "l":[1, 2.5e3]} "#,
            Some(&[
                ("a", "1"),
                ("b.c", r#"x\"y"#),
                ("l.1", "2.5e3"),
                ("b.d.e", "true"),
            ]),
        );
        check(r#"{"a":null,"x":"\",\"a\":2"}"#, Some(&[]));
        check("{}", Some(&[]));
        check(r#"[{"a":1},{"a":2}]"#, Some(&[("a", "1")]));
        check(r#"{"b.c":1}"#, Some(&[("b.c", "1")]));
        for wrong in [
            "",
            "[]",
            "[1]",
            "{",
            r#"{"a"}"#,
            r#"{"a":1"#,
            r#"{"a":1} x"#,
            r#"{"a":}"#,
            r#"{"a":"x"#,
        ] {
            check(wrong, None);
        }
        check(
            &format!("{}1{}", "{\"a\":".repeat(40), "}".repeat(40)),
            None,
        );
    }
}
