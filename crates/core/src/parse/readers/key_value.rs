//! `key=value key="quoted value"`, in any order.
//!
//! A quoted value ends at a quote that is followed by a separator or the end, so that a quote the
//! device forgot to escape does not end it early; a word without `=` belongs to no key and is passed
//! over. Of a key said twice the first counts.

use crate::parse::escape::Escape;
use crate::parse::habit::Habit;
use crate::parse::keys::{KeyTable, NO_SLOT, Slots};
use crate::parse::scan;

/// A compiled reader.
#[derive(Clone, Debug)]
pub(in crate::parse) struct KeyValue {
    /// Between key and value.
    pub assign: u8,
    /// Between pairs.
    pub separator: u8,
    /// The pairs begin behind the first of these; empty: at the start.
    pub after: Box<str>,
    /// Around values that hold separators.
    pub quote: u8,
}

impl KeyValue {
    /// Fills `slots`; false when there is no pair at all.
    pub fn read<'a>(
        &self,
        message: &'a str,
        (keys, mut habit): (&KeyTable, Option<&mut Habit>),
        escapes: bool,
        slots: &mut Slots<'a>,
    ) -> bool {
        let bytes = message.as_bytes();
        let mut at = 0;
        if !self.after.is_empty() {
            let Some(found) = memchr::memmem::find(bytes, self.after.as_bytes()) else {
                return false;
            };
            at = found + self.after.len();
        }
        if let Some(habit) = &mut habit {
            habit.begin();
        }
        let mut pairs = 0_usize;
        loop {
            // Blanks before a key are not part of it, unless one stands for the equals sign.
            while bytes.get(at) == Some(&b' ') && self.assign != b' ' {
                at += 1;
            }
            let rest = bytes.get(at..).unwrap_or_default();
            let expected = habit.as_mut().and_then(|habit| habit.expected(0, rest));
            let (slot, start) = match expected {
                Some((slot, length)) => (slot, at + length),
                None => {
                    let Some(mark) = scan::find_either(self.assign, self.separator, bytes, at)
                    else {
                        break;
                    };
                    if bytes.get(mark) != Some(&self.assign) {
                        at = mark + 1;
                        continue;
                    }
                    let key = bytes.get(at..mark).unwrap_or_default();
                    let slot = keys.find_bytes(key).unwrap_or(NO_SLOT);
                    if let (Some(habit), Some(text)) = (&mut habit, bytes.get(at..=mark)) {
                        habit.learn(0, text, slot);
                    }
                    (slot, mark + 1)
                }
            };
            let value = self.value(bytes, start, escapes);
            pairs += 1;
            if slot != NO_SLOT
                && let Some(text) = message.get(value.start..value.end)
            {
                slots.set(slot, text, value.escape);
            }
            at = value.next;
        }
        pairs > 0
    }

    fn value(&self, bytes: &[u8], start: usize, escapes: bool) -> Value {
        // "key: value" has a blank that is not part of the value.
        let blank = self.separator != b' ' && bytes.get(start) == Some(&b' ');
        let start = start + usize::from(blank);
        if bytes.get(start) == Some(&self.quote) {
            return self.quoted(bytes, start + 1, escapes);
        }
        let mut end = start;
        let mut escape = Escape::None;
        // An escaped separator belongs to the value, unless blanks separate: those come too often
        // behind a backslash that is none's escape.
        let stop = if escapes && self.separator != b' ' {
            b'\\'
        } else {
            self.separator
        };
        loop {
            let Some(found) = scan::find_either(self.separator, stop, bytes, end) else {
                end = bytes.len();
                break;
            };
            end = found;
            if bytes.get(end) == Some(&self.separator) {
                break;
            }
            escape = Escape::Backslash;
            end += 2;
        }
        Value {
            start,
            end,
            next: end + 1,
            escape,
        }
    }

    /// A value whose opening quote stands before `start`. Without a closing one it goes to the end.
    fn quoted(&self, bytes: &[u8], start: usize, escapes: bool) -> Value {
        let mut at = start;
        let mut escape = Escape::None;
        let stop = if escapes { b'\\' } else { self.quote };
        while let Some(mark) = scan::find_either(self.quote, stop, bytes, at) {
            if bytes.get(mark) != Some(&self.quote) {
                escape = Escape::Backslash;
                at = mark + 2;
                continue;
            }
            let ends = bytes.get(mark + 1).is_none_or(|byte| {
                *byte == self.separator || matches!(byte, b',' | b';' | b' ' | b']')
            });
            if ends {
                return Value {
                    start,
                    end: mark,
                    next: mark + 1,
                    escape,
                };
            }
            at = mark + 1;
        }
        Value {
            start,
            end: bytes.len(),
            next: bytes.len(),
            escape,
        }
    }
}

struct Value {
    start: usize,
    end: usize,
    /// Where the next pair may start.
    next: usize,
    escape: Escape,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::parse::keys::MAX_SLOTS;

    #[track_caller]
    fn check(input: &str, expected: &[(&str, &str)]) {
        let names = ["a", "b", "c"];
        let keys = KeyTable::new(names.iter().copied().zip(0..));
        let mut slots = Slots::new(MAX_SLOTS);
        let reader = KeyValue {
            assign: b'=',
            separator: b' ',
            after: "".into(),
            quote: b'"',
        };
        let mut habit = Habit::default();
        // Whatever stood before, and what is known from it.
        let mut last = Vec::new();
        for turn in 0..3 {
            slots.begin(MAX_SLOTS);
            let known = (turn > 0).then_some(&mut habit);
            reader.read(input, (&keys, known), true, &mut slots);
            let said = |slot| slots.get(slot).map(|raw| (raw.text, raw.escape));
            let found: Vec<_> = (0..3).map(said).collect();
            assert!(turn == 0 || found == last, "{input}");
            last = found;
        }
        let found: Vec<(&str, &str)> = names
            .iter()
            .zip(0..)
            .filter_map(|(name, slot)| slots.get(slot).map(|raw| (*name, raw.text)))
            .collect();
        assert_eq!(found, expected, "{input}");
    }

    #[test]
    fn reads_pairs() {
        check("a=1 b=\"x y\" c=3", &[("a", "1"), ("b", "x y"), ("c", "3")]);
        check("a=1 word b=2", &[("a", "1"), ("b", "2")]);
        check("  a=1  b=", &[("a", "1"), ("b", "")]);
        check("a=\"open b=2", &[("a", "open b=2")]);
    }

    #[test]
    fn text_inside_a_value_is_no_field() {
        check(
            r#"a="x\" b=2 c=\"3" b=1"#,
            &[("a", r#"x\" b=2 c=\"3"#), ("b", "1")],
        );
        check(
            r#"a="say "hi"ho" b=1"#,
            &[("a", r#"say "hi"ho"#), ("b", "1")],
        );
        check("a=1 b=2 a=3", &[("a", "1"), ("b", "2")]);
    }
}
