//! One JSON object (RFC 8259) per record. Keys of inner objects are named by their path (`alert.action`),
//! elements of lists by their position (`answers.0`). Nothing is built: the scanner walks the text once
//! and keeps the values somebody asked for.

use super::path::Path;
use crate::parse::escape::Escape;
use crate::parse::keys::{KeyTable, Slots};
use crate::parse::scan::{self, SCALAR, run};

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
    let first = scanner.next();
    if first == Some(b'[') {
        // A list of records: the first counts.
        scanner.at += 1;
        return scanner.next() == Some(b'{') && scanner.value(None, slots, 0).is_some();
    }
    first == Some(b'{') && scanner.value(None, slots, 0).is_some() && scanner.next().is_none()
}

struct Scanner<'a, 'k> {
    text: &'a str,
    at: usize,
    keys: &'k KeyTable,
    path: Path,
}

impl<'a> Scanner<'a, '_> {
    /// The next byte, unless it is the end.
    #[inline]
    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    /// The next byte that is no blank.
    #[inline]
    fn next(&mut self) -> Option<u8> {
        loop {
            match self.peek()? {
                b' ' | b'\t' | b'\n' | b'\r' => self.at += 1,
                other => return Some(other),
            }
        }
    }

    /// Keeps `text` under the path, and under `key` on it.
    #[inline]
    fn keep(&mut self, key: Option<&str>, text: &'a str, escape: Escape, slots: &mut Slots<'a>) {
        let slot = match key {
            Some(key) if self.path.is_empty() => self.keys.find(key),
            Some(key) => {
                let mark = self.path.mark();
                self.path.push(key.as_bytes());
                let slot = self
                    .path
                    .bytes()
                    .and_then(|path| self.keys.find_bytes(path));
                self.path.back_to(mark);
                slot
            }
            None => self
                .path
                .bytes()
                .and_then(|path| self.keys.find_bytes(path)),
        };
        if let Some(slot) = slot {
            slots.set(slot, text, escape);
        }
    }

    /// A value that stands at the path, or under `key` on it.
    fn value(&mut self, key: Option<&str>, slots: &mut Slots<'a>, depth: usize) -> Option<()> {
        match self.next()? {
            b'"' => {
                let (text, escape) = self.string()?;
                self.keep(key, text, escape, slots);
            }
            first @ (b'{' | b'[') => {
                if depth >= MAX_DEPTH {
                    return None;
                }
                self.at += 1;
                let mark = self.path.mark();
                if let Some(key) = key {
                    self.path.push(key.as_bytes());
                }
                if first == b'{' {
                    self.object(slots, depth)?;
                } else {
                    self.list(slots, depth)?;
                }
                self.path.back_to(mark);
            }
            _ => {
                let text = self.word()?;
                if text != "null" {
                    self.keep(key, text, Escape::None, slots);
                }
            }
        }
        Some(())
    }

    /// What follows an object's opening brace.
    fn object(&mut self, slots: &mut Slots<'a>, depth: usize) -> Option<()> {
        if self.next()? == b'}' {
            self.at += 1;
            return Some(());
        }
        loop {
            let (key, _) = (self.next()? == b'"').then(|| self.string())??;
            (self.next()? == b':').then(|| self.at += 1)?;
            self.value(Some(key), slots, depth + 1)?;
            match self.next()? {
                b',' => self.at += 1,
                b'}' => {
                    self.at += 1;
                    return Some(());
                }
                _ => return None,
            }
        }
    }

    /// What follows a list's opening bracket.
    fn list(&mut self, slots: &mut Slots<'a>, depth: usize) -> Option<()> {
        if self.next()? == b']' {
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
            self.value(None, slots, depth + 1)?;
            self.path.back_to(mark);
            match self.next()? {
                b',' => self.at += 1,
                b']' => {
                    self.at += 1;
                    return Some(());
                }
                _ => return None,
            }
        }
    }

    /// The inside of the string that begins here, and how it is escaped.
    #[inline]
    fn string(&mut self) -> Option<(&'a str, Escape)> {
        let start = self.at + 1;
        let bytes = self.text.as_bytes();
        let mut escape = Escape::None;
        let mut at = start;
        loop {
            let mark = scan::find_either(b'"', b'\\', bytes, at)?;
            if bytes.get(mark) == Some(&b'"') {
                self.at = mark + 1;
                return Some((self.text.get(start..mark)?, escape));
            }
            escape = Escape::Backslash;
            at = mark + 2;
        }
    }

    /// A number, `true`, `false` or `null`.
    #[inline]
    fn word(&mut self) -> Option<&'a str> {
        let start = self.at;
        self.at += run(self.text.as_bytes().get(start..)?, SCALAR);
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
