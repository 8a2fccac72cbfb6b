//! One JSON object (RFC 8259) per record. Keys of inner objects are named by their path (`alert.action`),
//! elements of lists by their position (`answers.0`). Nothing is built: the scanner walks the text once
//! and keeps the values somebody asked for.

use crate::parse::escape::Escape;
use crate::parse::habit::Habit;
use crate::parse::keys::{KeyTable, Place, Slots};
use crate::parse::scan::{self, SCALAR, run};

/// How deep objects and lists may lie inside one another.
const MAX_DEPTH: usize = 16;
/// List elements that can be named.
const MAX_INDEX: u8 = 9;

/// Fills `slots`; false when `message` is no whole object.
pub(in crate::parse) fn read<'a>(
    message: &'a str,
    (keys, mut habit): (&KeyTable, Option<&mut Habit>),
    slots: &mut Slots<'a>,
) -> bool {
    if let Some(habit) = &mut habit {
        habit.begin();
    }
    let mut scanner = Scanner {
        text: message,
        at: 0,
        keys,
        habit,
    };
    let first = scanner.next();
    if first == Some(b'[') {
        // A list of records: the first counts.
        scanner.at += 1;
        return scanner.next() == Some(b'{') && scanner.value(Place::ROOT, slots, 0).is_some();
    }
    first == Some(b'{')
        && scanner.value(Place::ROOT, slots, 0).is_some()
        && scanner.next().is_none()
}

struct Scanner<'a, 'k> {
    text: &'a str,
    at: usize,
    keys: &'k KeyTable,
    habit: Option<&'k mut Habit>,
}

impl<'a> Scanner<'a, '_> {
    /// The next byte, unless it is the end.
    #[inline]
    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    /// The next byte that is no blank; mostly there are none.
    #[inline]
    fn next(&mut self) -> Option<u8> {
        match self.peek()? {
            ..=b' ' => self.next_further(),
            other => Some(other),
        }
    }

    #[inline(never)]
    fn next_further(&mut self) -> Option<u8> {
        loop {
            match self.peek()? {
                b' ' | b'\t' | b'\n' | b'\r' => self.at += 1,
                other => return Some(other),
            }
        }
    }

    /// Keeps what stands at `place`.
    #[inline]
    fn keep(&self, place: Place, start: usize, end: usize, escape: Escape, slots: &mut Slots<'a>) {
        if let Some(slot) = self.keys.slot(place)
            && let Some(text) = self.text.get(start..end)
        {
            slots.set(slot, text, escape);
        }
    }

    /// The value that stands at `place`.
    fn value(&mut self, place: Place, slots: &mut Slots<'a>, depth: usize) -> Option<()> {
        match self.next()? {
            b'"' => {
                let (start, end, escape) = self.string()?;
                self.keep(place, start, end, escape, slots);
            }
            first @ (b'{' | b'[') => {
                if depth >= MAX_DEPTH {
                    return None;
                }
                self.at += 1;
                if first == b'{' {
                    self.object(place, slots, depth)?;
                } else {
                    self.list(place, slots, depth)?;
                }
            }
            _ => {
                let (start, end) = self.word()?;
                if self.text.as_bytes().get(start..end) != Some(b"null") {
                    self.keep(place, start, end, Escape::None, slots);
                }
            }
        }
        Some(())
    }

    /// What follows an object's opening brace.
    fn object(&mut self, place: Place, slots: &mut Slots<'a>, depth: usize) -> Option<()> {
        if self.next()? == b'}' {
            self.at += 1;
            return Some(());
        }
        loop {
            let below = self.key(place)?;
            self.value(below, slots, depth + 1)?;
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

    /// The place that a key at `place` leads to; goes on behind its colon.
    #[inline]
    fn key(&mut self, place: Place) -> Option<Place> {
        let first = self.next()?;
        if let Some(habit) = &mut self.habit
            && let Some(rest) = self.text.as_bytes().get(self.at..)
            && let Some((below, length)) = habit.expected(place.0, rest)
        {
            self.at += length;
            return Some(Place(below));
        }
        let (start, end, _) = (first == b'"').then(|| self.string())??;
        (self.next()? == b':').then(|| self.at += 1)?;
        let bytes = self.text.as_bytes();
        let below = self.keys.below(place, bytes.get(start..end)?);
        if let Some(habit) = &mut self.habit
            && self.at == end + 2
            && let Some(text) = bytes.get(start - 1..self.at)
        {
            habit.learn(place.0, text, below.0);
        }
        Some(below)
    }

    /// What follows a list's opening bracket.
    fn list(&mut self, place: Place, slots: &mut Slots<'a>, depth: usize) -> Option<()> {
        if self.next()? == b']' {
            self.at += 1;
            return Some(());
        }
        let mut index = 0;
        loop {
            let below = if index <= MAX_INDEX {
                index += 1;
                self.keys.below(place, &[b'0' + (index - 1)])
            } else {
                Place::NOWHERE
            };
            self.value(below, slots, depth + 1)?;
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

    /// Where the inside of the string that begins here starts and ends, and how it is escaped.
    #[inline]
    fn string(&mut self) -> Option<(usize, usize, Escape)> {
        let start = self.at + 1;
        let bytes = self.text.as_bytes();
        let mut escape = Escape::None;
        let mut at = start;
        loop {
            let mark = scan::find_either(b'"', b'\\', bytes, at)?;
            if bytes.get(mark) == Some(&b'"') {
                self.at = mark + 1;
                return Some((start, mark, escape));
            }
            escape = Escape::Backslash;
            at = mark + 2;
        }
    }

    /// Where a number, `true`, `false` or `null` starts and ends.
    #[inline]
    fn word(&mut self) -> Option<(usize, usize)> {
        let start = self.at;
        self.at += run(self.text.as_bytes().get(start..)?, SCALAR);
        (self.at > start).then_some((start, self.at))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::parse::keys::MAX_SLOTS;

    #[track_caller]
    fn check(input: &str, expected: Option<&[(&str, &str)]>) {
        let names = ["a", "b.c", "l.1", "b.d.e"];
        let keys = KeyTable::new(names.iter().copied().zip(0..)).nested();
        let mut slots = Slots::new(MAX_SLOTS);
        let good = read(input, (&keys, None), &mut slots);
        let found: Vec<(&str, &str)> = names
            .iter()
            .zip(0..)
            .filter_map(|(name, slot)| slots.get(slot).map(|raw| (*name, raw.text)))
            .collect();
        assert_eq!(good.then_some(found.as_slice()), expected, "{input}");
        // What is remembered changes nothing.
        let mut habit = Habit::default();
        for _ in 0..2 {
            let mut again = Slots::new(MAX_SLOTS);
            assert_eq!(read(input, (&keys, Some(&mut habit)), &mut again), good);
            for slot in 0..4 {
                let text = |slots: &Slots<'_>| slots.get(slot).map(|raw| raw.text.to_owned());
                assert_eq!(text(&again), text(&slots), "{input}");
            }
        }
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
        check(r#"{"B":{"D.e":2},"L":[0,[],{}]}"#, Some(&[("b.d.e", "2")]));
        check(r#"{"b.d":{"e":3,"x":{"e":4}}}"#, Some(&[("b.d.e", "3")]));
        check(r#"{"":{"a":5},"x":{"a":6}}"#, Some(&[("a", "5")]));
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
