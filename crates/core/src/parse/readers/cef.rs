//! ArcSight's Common Event Format (revision 26) and IBM's Log Event Extended Format (1.0 and 2.0): a
//! header of fields between bars, then pairs.
//!
//! In CEF a value may hold blanks, so it ends where the next `key=` begins; an equals sign inside a
//! value is escaped with a backslash. Where a device forgot to escape it, the word before it is only
//! taken for a key if it could be one; of a key said twice the first counts.

use memchr::{memchr, memchr2};
use smallvec::SmallVec;

use crate::parse::envelope::container::SPELLED_TAB;
use crate::parse::escape::Escape;
use crate::parse::habit::Habit;
use crate::parse::keys::{KeyTable, NO_SLOT, Slots};
use crate::parse::scan::{self, EXTENSION};

/// The longest key, in bytes; the longest that is documented has 33.
const MAX_KEY_BYTES: usize = 64;
/// How many values with a label of their own are looked at in one record.
const MAX_LABELLED: usize = 32;
/// Custom keys say what they mean under the same key with this ending.
const LABEL: &str = "Label";

/// The format's keys, and what is remembered of its records'.
type Known<'k> = (&'k KeyTable, Option<&'k mut Habit>);

/// A compiled reader.
#[derive(Clone, Copy, Debug, Default)]
pub(in crate::parse) struct Header {
    /// Slots of the header's vendor, product, version, event class, name and severity.
    pub slots: [Option<u16>; 6],
}

/// Keys under which the header's fields can be asked for, in order.
pub(in crate::parse) const HEADER_KEYS: [&str; 6] = [
    "@vendor",
    "@product",
    "@version",
    "@class",
    "@name",
    "@severity",
];

/// How many fields a CEF header has behind the version of the format.
const CEF_FIELDS: usize = 6;
/// How many a LEEF header has.
const LEEF_FIELDS: usize = 4;

impl Header {
    /// Fills `slots` from a CEF message; false when it is none.
    pub fn read_cef<'a>(&self, message: &'a str, known: Known<'_>, slots: &mut Slots<'a>) -> bool {
        let Some(rest) = version(message, "CEF:") else {
            return false;
        };
        let Some(rest) = self.fields(rest, CEF_FIELDS, slots) else {
            return false;
        };
        Pairs::new(rest, b' ', known).read(slots);
        true
    }

    /// Fills `slots` from a LEEF message; false when it is none.
    pub fn read_leef<'a>(&self, message: &'a str, known: Known<'_>, slots: &mut Slots<'a>) -> bool {
        let Some(rest) = version(message, "LEEF:") else {
            return false;
        };
        let Some(mut rest) = self.fields(rest, LEEF_FIELDS, slots) else {
            return false;
        };
        let mut delimiter = b'\t';
        if message.starts_with("LEEF:2")
            && let Some((word, after)) = rest.split_once('|')
            && let Some(byte) = leef_delimiter(word)
        {
            delimiter = byte;
            rest = after;
        }
        if memchr(delimiter, rest.as_bytes()).is_none() && rest.contains(SPELLED_TAB) {
            // Read again when the tabs are back.
            return false;
        }
        if memchr(delimiter, rest.as_bytes()).is_none() {
            // A relay turned the tabs into something else, mostly blanks; PAN-OS writes bars.
            let barred = rest
                .split_once('|')
                .is_some_and(|(_, next)| starts_pair(next));
            delimiter = if barred { b'|' } else { b' ' };
        }
        Pairs::new(rest, delimiter, known).read(slots);
        true
    }

    /// Keeps the header's next `count` fields; gives what follows them.
    fn fields<'a>(&self, text: &'a str, count: usize, slots: &mut Slots<'a>) -> Option<&'a str> {
        let mut rest = text;
        for number in 0..count {
            let end = bar(rest).or_else(|| (number + 1 == count).then_some(rest.len()))?;
            let field = rest.get(..end)?;
            if let Some(Some(slot)) = self.slots.get(number) {
                slots.set(*slot, trim(field), Escape::backslash_in(field, true));
            }
            rest = rest.get(end + 1..).unwrap_or_default();
        }
        Some(rest)
    }
}

/// What follows `mark`, the version's number and a bar.
fn version<'a>(message: &'a str, mark: &str) -> Option<&'a str> {
    let rest = message.strip_prefix(mark)?.trim_start();
    let (number, rest) = rest.split_once('|')?;
    let good = (1..=4).contains(&number.len())
        && number
            .bytes()
            .all(|byte| byte.is_ascii_digit() || byte == b'.');
    good.then_some(rest)
}

/// The place of the first bar that is not escaped.
fn bar(text: &str) -> Option<usize> {
    let bytes = text.as_bytes();
    let mut at = 0;
    loop {
        let found = at + memchr2(b'|', b'\\', bytes.get(at..)?)?;
        if bytes.get(found) == Some(&b'|') {
            return Some(found);
        }
        at = found + 2;
    }
}

/// LEEF 2.0's delimiter: one character, or its code as `0x…` or `x…`.
fn leef_delimiter(word: &str) -> Option<u8> {
    let hex = word.strip_prefix("0x").or_else(|| word.strip_prefix('x'));
    match (word.as_bytes(), hex) {
        ([byte], _) => Some(*byte),
        (_, Some(hex)) => u8::from_str_radix(hex, 16).ok(),
        _ => None,
    }
}

/// Whether `text` begins with a key and its equals sign.
fn starts_pair(text: &str) -> bool {
    let length = text.bytes().take_while(u8::is_ascii_alphanumeric).count();
    (1..=MAX_KEY_BYTES).contains(&length) && text.as_bytes().get(length) == Some(&b'=')
}

/// `text` without white space around it; mostly there is none.
fn trim(text: &str) -> &str {
    match text.as_bytes() {
        [b'!'..=b'~'] | [b'!'..=b'~', .., b'!'..=b'~'] => text,
        _ => text.trim(),
    }
}

/// One `key=value`, the value not yet unescaped.
#[derive(Clone, Copy, Default)]
struct Pair<'a> {
    key: &'a str,
    value: &'a str,
    escape: Escape,
    /// The key's slot.
    slot: u16,
}

/// Where a key begins, where its equals sign stands, and its slot.
#[derive(Clone, Copy)]
struct Key {
    start: usize,
    equals: usize,
    slot: u16,
}

/// The pairs of an extension, from left to right.
struct Pairs<'a, 'k> {
    text: &'a str,
    delimiter: u8,
    keys: &'k KeyTable,
    habit: Option<&'k mut Habit>,
    /// The next key.
    key: Option<Key>,
}

impl<'a, 'k> Pairs<'a, 'k> {
    fn new(text: &'a str, delimiter: u8, (keys, mut habit): Known<'k>) -> Self {
        // One that may itself be part of a key says nothing sure about where a remembered one begins.
        habit = habit.filter(|_| scan::class(delimiter) & EXTENSION == 0);
        if let Some(habit) = &mut habit {
            habit.begin();
        }
        let mut pairs = Self {
            text,
            delimiter,
            keys,
            habit,
            key: None,
        };
        pairs.key = pairs.next_key(0, 0).map(|(key, _)| key);
        pairs
    }

    fn read(self, slots: &mut Slots<'a>) {
        let keys = self.keys;
        let mut labelled: SmallVec<[Pair<'a>; MAX_LABELLED]> = SmallVec::new();
        let mut custom: SmallVec<[Pair<'a>; MAX_LABELLED]> = SmallVec::new();
        for pair in self {
            if pair.slot != NO_SLOT {
                slots.set(pair.slot, pair.value, pair.escape);
            }
            let is_label = pair.key.ends_with(LABEL);
            // "cs1", "flexString2", "deviceCustomDate1": a custom key ends with its number.
            let numbered = pair.key.as_bytes().last().is_some_and(u8::is_ascii_digit);
            let list = if is_label { &mut labelled } else { &mut custom };
            if (is_label || numbered) && list.len() < MAX_LABELLED {
                list.push(pair);
            }
        }
        for label in &labelled {
            let Some(slot) = keys.find(label.value) else {
                continue;
            };
            let key = label.key.strip_suffix(LABEL).unwrap_or_default();
            let value = custom.iter().find(|pair| pair.key == key);
            if let Some(pair) = value {
                slots.set(slot, pair.value, pair.escape);
            }
        }
    }

    /// The next key from `from` on, and whether anything was escaped before it; `from` itself may begin the key.
    fn next_key(&mut self, from: usize, value_start: usize) -> Option<(Key, bool)> {
        let bytes = self.text.as_bytes();
        let mut at = from;
        let mut escaped = false;
        loop {
            let found = scan::find_either(b'=', b'\\', bytes, at)?;
            if bytes.get(found) == Some(&b'\\') {
                escaped = true;
                at = found + 2;
                continue;
            }
            if let Some(key) = self.key_at(found, value_start) {
                return Some((key, escaped));
            }
            at = found + 1;
        }
    }

    /// The key that ends at `equals` and begins no sooner than at `least`.
    fn key_at(&mut self, equals: usize, least: usize) -> Option<Key> {
        let bytes = self.text.as_bytes();
        // What stands before a remembered key decides whether it is one here.
        let bounded = |start: usize| {
            let before = start.checked_sub(1).and_then(|at| bytes.get(at));
            start == 0 || before == Some(&self.delimiter)
        };
        if let Some(habit) = &mut self.habit
            && let Some((slot, start)) = habit.expected_before(bytes, equals + 1, least, bounded)
        {
            return Some(Key {
                start,
                equals,
                slot,
            });
        }
        let start = self.key_before(equals, least)?;
        let key = trim(self.text.get(start..equals)?);
        let slot = self.keys.find(key).unwrap_or(NO_SLOT);
        if let Some(habit) = &mut self.habit
            && let Some(text) = bytes.get(start..=equals)
        {
            habit.learn(0, text, slot);
        }
        Some(Key {
            start,
            equals,
            slot,
        })
    }

    /// Where the key that ends at `equals` begins.
    fn key_before(&self, equals: usize, least: usize) -> Option<usize> {
        let bytes = self.text.as_bytes();
        let window = bytes.get(least..equals)?;
        let blank = self.delimiter != b' ';
        let length = window
            .iter()
            .rev()
            .take(MAX_KEY_BYTES + 1)
            .take_while(|byte| scan::class(**byte) & EXTENSION != 0 || (blank && **byte == b' '))
            .count();
        if length == 0 || length > MAX_KEY_BYTES {
            return None;
        }
        let start = equals - length;
        let before = start.checked_sub(1).and_then(|at| bytes.get(at));
        let bounded = start == 0 || before == Some(&self.delimiter);
        bounded.then_some(start)
    }
}

impl<'a> Iterator for Pairs<'a, '_> {
    type Item = Pair<'a>;

    fn next(&mut self) -> Option<Pair<'a>> {
        let Key {
            start,
            equals,
            slot,
        } = self.key?;
        let key = trim(self.text.get(start..equals)?);
        let value_start = equals + 1;
        let (end, escaped) = match self.next_key(value_start, value_start) {
            Some((next, escaped)) => {
                self.key = Some(next);
                (next.start.saturating_sub(1), escaped)
            }
            None => {
                self.key = None;
                let tail = self.text.get(value_start..)?;
                (self.text.len(), memchr(b'\\', tail.as_bytes()).is_some())
            }
        };
        let value = self.text.get(value_start..end.max(value_start))?;
        let value = if self.delimiter == b' ' {
            trim(value)
        } else {
            trim(value.trim_matches(char::from(self.delimiter)))
        };
        let escape = if escaped {
            Escape::Backslash
        } else {
            Escape::None
        };
        Some(Pair {
            key,
            value,
            escape,
            slot,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::parse::keys::MAX_SLOTS;

    const NAMES: [&str; 9] = [
        "@vendor",
        "@name",
        "src",
        "dst",
        "msg",
        "act",
        "Rule Name",
        "requestURL",
        "usrName",
    ];

    #[track_caller]
    fn check(input: &str, expected: Option<&[(&str, &str)]>) {
        let keys = KeyTable::new(NAMES.iter().copied().zip(0..).skip(2));
        let header = Header {
            slots: [Some(0), None, None, None, Some(1), None],
        };
        let mut slots = Slots::new(MAX_SLOTS);
        let read = if input.starts_with("LEEF") {
            Header::read_leef
        } else {
            Header::read_cef
        };
        let mut habit = Habit::default();
        let mut good = read(&header, input, (&keys, None), &mut slots);
        // What is remembered changes nothing.
        for _ in 0..2 {
            let said = |slots: &Slots<'_>, slot| slots.get(slot).map(|raw| raw.text.to_owned());
            let before: Vec<_> = (0..9).map(|slot| said(&slots, slot)).collect();
            slots.begin(MAX_SLOTS);
            good &= read(&header, input, (&keys, Some(&mut habit)), &mut slots);
            let after: Vec<_> = (0..9).map(|slot| said(&slots, slot)).collect();
            assert_eq!(before, after, "{input}");
        }
        let found: Vec<(&str, String)> = NAMES
            .iter()
            .zip(0..)
            .filter_map(|(name, slot)| {
                let raw = slots.get(slot)?;
                Some((*name, raw.escape.undo(raw.text).into_owned()))
            })
            .collect();
        let expected = expected.map(|list| {
            list.iter()
                .map(|(name, value)| (*name, (*value).to_owned()))
                .collect::<Vec<_>>()
        });
        assert_eq!(good.then_some(found), expected, "{input}");
    }

    #[test]
    fn reads_cef() {
        check(
            r"CEF:0|Ac\|me|Wall|1|7|deny it|5|src=192.0.2.1 msg=two words, a \= b dst=198.51.100.2",
            Some(&[
                ("@vendor", "Ac|me"),
                ("@name", "deny it"),
                ("src", "192.0.2.1"),
                ("dst", "198.51.100.2"),
                ("msg", "two words, a = b"),
            ]),
        );
        check(
            "CEF: 1|A|W|1|7|n|5|cs1=to lan cs1Label=Rule Name act=",
            Some(&[
                ("@vendor", "A"),
                ("@name", "n"),
                ("act", ""),
                ("Rule Name", "to lan"),
            ]),
        );
        check(
            "CEF:0|A|W|1|7|n|5",
            Some(&[("@vendor", "A"), ("@name", "n")]),
        );
        check("CEF:0|A|W|1|7", None);
        check("CEF:x|A|W|1|7|n|5|", None);
    }

    #[test]
    fn an_address_in_an_escaped_value_is_no_field() {
        check(
            r"CEF:0|A|W|1|7|n|5|requestURL=http://example.org/?x src\=203.0.113.9 src=192.0.2.1",
            Some(&[
                ("@vendor", "A"),
                ("@name", "n"),
                ("src", "192.0.2.1"),
                ("requestURL", "http://example.org/?x src=203.0.113.9"),
            ]),
        );
        check(
            "CEF:0|A|W|1|7|n|5|src=192.0.2.1 requestURL=/a?b=c&d=e msg=x src=203.0.113.9",
            Some(&[
                ("@vendor", "A"),
                ("@name", "n"),
                ("src", "192.0.2.1"),
                ("msg", "x"),
                ("requestURL", "/a?b=c&d=e"),
            ]),
        );
    }

    #[test]
    fn reads_leef() {
        check(
            "LEEF:1.0|A|W|1|deny|src=192.0.2.1\tmsg=a b=c\tusrName=eve src=203.0.113.9\tdst=198.51.100.2",
            Some(&[
                ("@vendor", "A"),
                ("src", "192.0.2.1"),
                ("dst", "198.51.100.2"),
                ("msg", "a b=c"),
                ("usrName", "eve src=203.0.113.9"),
            ]),
        );
        for head in [
            "^|src=192.0.2.1^act=deny",
            "x5E|src=192.0.2.1^act=deny",
            "src=192.0.2.1|act=deny",
            "src=192.0.2.1 act=deny",
        ] {
            check(
                &format!("LEEF:2.0|A|W|1|deny|{head}"),
                Some(&[("@vendor", "A"), ("src", "192.0.2.1"), ("act", "deny")]),
            );
        }
    }
}
