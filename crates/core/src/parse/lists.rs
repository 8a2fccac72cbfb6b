//! Files that hold records as JSON lists (`[{…},{…}]`, `{"Records":[{…},{…}]}`, as clouds write them) or as
//! objects over many lines: taken apart into one record a line, so that each element is one record.
//!
//! The text is walked once, byte by byte, with a few thousand bytes of memory; nothing is lost: what is no
//! JSON comes out as it went in. Standard: RFC 8259.

/// Keys under which one object holds many records.
const LIST_KEYS: &[&str] = &[
    "Records",
    "records",
    "value",
    "items",
    "logEvents",
    "entries",
    "results",
    "logs",
    "data",
];
/// Keys that a single record may have, too: they only count in front.
const FIRST_KEYS: &[&str] = &["events", "Events", "findings", "Findings", "alerts"];
/// How much of an object is looked at to tell whether it is a list of records, in bytes.
const MAX_HEAD_BYTES: usize = 1_024;

/// Takes such a file apart.
#[derive(Debug, Default)]
pub struct Lists {
    place: Place,
    /// How deep inside the value the walk is.
    depth: u32,
    in_string: bool,
    after_backslash: bool,
    /// Whether nothing but blanks stands behind an opening bracket.
    after_bracket: bool,
    /// The beginning of an object of which it is not known yet what it is.
    head: Vec<u8>,
    /// Whether the list is the value of a key.
    wrapped: bool,
}

/// Where the walk is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Place {
    /// Between values of the file.
    #[default]
    Between,
    /// In the beginning of an object.
    Head,
    /// Between elements of a list.
    List,
    /// In a record, of a list or not.
    Record { listed: bool },
    /// Behind the list that was the value of a key, before the end of its object.
    Tail,
    /// In a line that is no JSON.
    Line,
}

/// What the beginning of an object says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Says {
    /// Not enough yet.
    More,
    /// It is one record.
    Record,
    /// It holds records; this is where the first begins.
    List(usize),
}

impl Lists {
    /// Whether `head`, the beginning of a file, is enough to tell whether the file is one of these.
    #[must_use]
    pub fn can_tell(head: &[u8]) -> bool {
        let head = head.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(head);
        match head.trim_ascii_start() {
            [] => false,
            [b'[', rest @ ..] => !rest.trim_ascii_start().is_empty(),
            [b'{', rest @ ..] => memchr::memchr(b'\n', rest).is_some(),
            _ => true,
        }
    }

    /// Whether a file that begins with `head` is one of these.
    #[must_use]
    pub fn begin_in(head: &[u8]) -> bool {
        let head = head.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(head);
        let head = head.trim_ascii_start();
        match head {
            [b'[', rest @ ..] => rest.trim_ascii_start().first() == Some(&b'{'),
            [b'{', ..] => {
                let is_list = matches!(said(head), Says::List(_));
                is_list || !ends_in_line(head)
            }
            _ => false,
        }
    }

    /// Adds to `out` what becomes of `piece`, the next of the file.
    pub fn push(&mut self, piece: &[u8], out: &mut Vec<u8>) {
        for byte in piece {
            self.step(*byte, out);
        }
    }

    /// Adds what was not whole when the file ended.
    pub fn finish(&mut self, out: &mut Vec<u8>) {
        if self.place == Place::Head {
            self.decide(Says::Record, out);
        }
        if matches!(self.place, Place::Record { .. } | Place::Line) {
            out.push(b'\n');
        }
        *self = Self::default();
    }

    fn step(&mut self, byte: u8, out: &mut Vec<u8>) {
        match self.place {
            Place::Between => self.between(byte, out),
            Place::Head => {
                self.head.push(byte);
                // Only behind a bracket can it be known.
                let tells = !self.in_string && !byte.is_ascii_whitespace();
                let was_bracket = std::mem::replace(&mut self.after_bracket, byte == b'[' && tells);
                let says = if self.head.len() >= MAX_HEAD_BYTES {
                    Says::Record
                } else if tells && (was_bracket || matches!(byte, b'{' | b'}')) {
                    said(&self.head)
                } else {
                    Says::More
                };
                self.walk(byte);
                self.after_bracket |= was_bracket && byte.is_ascii_whitespace();
                self.decide(says, out);
            }
            Place::List => match byte {
                b' ' | b'\t' | b'\r' | b'\n' | b',' => {}
                b']' if self.wrapped => self.go(Place::Tail, 1),
                b']' => self.go(Place::Between, 0),
                _ => {
                    self.go(Place::Record { listed: true }, 0);
                    self.record(byte, true, out);
                }
            },
            Place::Record { listed } => self.record(byte, listed, out),
            Place::Tail => {
                self.walk(byte);
                if self.depth == 0 {
                    self.go(Place::Between, 0);
                }
            }
            Place::Line => {
                out.push(byte);
                if byte == b'\n' {
                    self.go(Place::Between, 0);
                }
            }
        }
    }

    fn between(&mut self, byte: u8, out: &mut Vec<u8>) {
        match byte {
            b' ' | b'\t' | b'\r' | b'\n' | b',' => {}
            b'{' => {
                self.head.clear();
                self.head.push(byte);
                self.go(Place::Head, 0);
            }
            b'[' => {
                self.wrapped = false;
                self.go(Place::List, 0);
            }
            _ => {
                out.push(byte);
                self.go(Place::Line, 0);
            }
        }
    }

    fn decide(&mut self, says: Says, out: &mut Vec<u8>) {
        let from = match says {
            Says::More => return,
            Says::Record => {
                self.go(Place::Record { listed: false }, 0);
                0
            }
            Says::List(from) => {
                self.wrapped = true;
                self.go(Place::List, 0);
                from
            }
        };
        let head = std::mem::take(&mut self.head);
        self.push(head.get(from..).unwrap_or_default(), out);
    }

    const fn go(&mut self, place: Place, depth: u32) {
        self.place = place;
        self.depth = depth;
        self.in_string = false;
        self.after_backslash = false;
        self.after_bracket = false;
    }

    /// One byte of a record: blanks between its parts are left out, so that it is one line.
    fn record(&mut self, byte: u8, listed: bool, out: &mut Vec<u8>) {
        let ends_scalar = self.depth == 0 && !self.in_string && matches!(byte, b',' | b']');
        if ends_scalar && listed {
            out.push(b'\n');
            self.go(Place::List, 0);
            self.step(byte, out);
            return;
        }
        let blank = byte.is_ascii_whitespace();
        if blank && self.in_string {
            out.push(b' ');
        } else if !blank {
            out.push(byte);
        }
        self.walk(byte);
        let ended = self.depth == 0 && !self.in_string && matches!(byte, b'}' | b']');
        if ended {
            out.push(b'\n');
            let next = if listed { Place::List } else { Place::Between };
            self.go(next, 0);
        }
    }

    /// Keeps count of strings and brackets.
    const fn walk(&mut self, byte: u8) {
        if self.in_string {
            let ends = byte == b'"' && !self.after_backslash;
            self.after_backslash = byte == b'\\' && !self.after_backslash;
            self.in_string = !ends;
            return;
        }
        match byte {
            b'"' => self.in_string = true,
            b'{' | b'[' => self.depth = self.depth.saturating_add(1),
            b'}' | b']' => self.depth = self.depth.saturating_sub(1),
            _ => {}
        }
    }
}

/// What `head`, the beginning of an object, says.
fn said(head: &[u8]) -> Says {
    let mut at = 1;
    let mut is_first = true;
    loop {
        at = skip(head, at, |byte| byte.is_ascii_whitespace() || byte == b',');
        match head.get(at) {
            None => return Says::More,
            Some(b'"') => {}
            Some(_) => return Says::Record,
        }
        let Some(end) = string_end(head, at) else {
            return Says::More;
        };
        let key = head.get(at + 1..end - 1).unwrap_or_default();
        at = skip(head, end, |byte| byte.is_ascii_whitespace() || byte == b':');
        match head.get(at) {
            None => return Says::More,
            Some(b'{') => return Says::Record,
            Some(b'[') => {
                let inside = skip(head, at + 1, |byte| byte.is_ascii_whitespace());
                let is_key = |known: &&str| known.as_bytes() == key;
                let known =
                    LIST_KEYS.iter().any(is_key) || (is_first && FIRST_KEYS.iter().any(is_key));
                match head.get(inside) {
                    None => return Says::More,
                    Some(b'{') if known => return Says::List(inside),
                    Some(b'{' | b'[') => return Says::Record,
                    // Some words: passed over.
                    Some(_) => {}
                }
                let Some(end) = words_end(head, inside) else {
                    return Says::More;
                };
                at = end;
            }
            Some(b'"') => {
                let Some(end) = string_end(head, at) else {
                    return Says::More;
                };
                at = end;
            }
            Some(_) => at = skip(head, at, |byte| !matches!(byte, b',' | b'}')),
        }
        is_first = false;
    }
}

fn skip(text: &[u8], from: usize, over: impl Fn(u8) -> bool) -> usize {
    let rest = text.get(from..).unwrap_or_default();
    from + rest.iter().take_while(|byte| over(**byte)).count()
}

/// Behind the string that begins at `at`.
fn string_end(text: &[u8], at: usize) -> Option<usize> {
    let mut at = at + 1;
    loop {
        match text.get(at)? {
            b'"' => return Some(at + 1),
            b'\\' => at += 2,
            _ => at += 1,
        }
    }
}

/// Behind a list of words that has begun before `at`.
fn words_end(text: &[u8], at: usize) -> Option<usize> {
    let mut at = at;
    loop {
        match text.get(at)? {
            b']' => return Some(at + 1),
            b'"' => at = string_end(text, at)?,
            _ => at += 1,
        }
    }
}

/// Whether the object that `text` begins with ends before the line does, or the line before what is
/// known of it.
fn ends_in_line(text: &[u8]) -> bool {
    let mut walk = Lists::default();
    for byte in text {
        walk.walk(*byte);
        if walk.depth == 0 {
            return true;
        }
        if *byte == b'\n' && !walk.in_string {
            return false;
        }
    }
    true
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn taken_apart(text: &[u8], at_once: usize) -> String {
        let mut lists = Lists::default();
        let mut out = Vec::new();
        for piece in text.chunks(at_once) {
            lists.push(piece, &mut out);
        }
        lists.finish(&mut out);
        String::from_utf8_lossy(&out).into_owned()
    }

    #[test]
    fn each_element_is_a_line() {
        for (text, expected) in [
            (r#"[{"a":1},{"a":2}]"#, "{\"a\":1}\n{\"a\":2}\n"),
            (
                r#"{"Records":[{"a":[{"b":1}]},{"a":2}]}"#,
                "{\"a\":[{\"b\":1}]}\n{\"a\":2}\n",
            ),
            (
                "{\n  \"Records\": [\n    {\n      \"a\": \"x y\"\n    }\n  ]\n}\n",
                "{\"a\":\"x y\"}\n",
            ),
            (
                r#"{"@odata.context":"https://example.org/x","n":2,"w":["a","]"],"value":[{"a":1},{"a":2}],"next":{"x":"}"}}{"a":3}"#,
                "{\"a\":1}\n{\"a\":2}\n{\"a\":3}\n",
            ),
            // A record that has a list of its own.
            (
                r#"{"id":{"x":1},"events":[{"a":1},{"a":2}]}"#,
                "{\"id\":{\"x\":1},\"events\":[{\"a\":1},{\"a\":2}]}\n",
            ),
            (
                r#"{"id":1,"events":[{"a":1}]}"#,
                "{\"id\":1,\"events\":[{\"a\":1}]}\n",
            ),
            (r#"{"events":[{"a":1}]}"#, "{\"a\":1}\n"),
            // A stranger's text with brackets of its own.
            (
                r#"[{"a":"}],[{\"b\":1}"},{"a":2}]"#,
                "{\"a\":\"}],[{\\\"b\\\":1}\"}\n{\"a\":2}\n",
            ),
            (
                "[{\"a\":1}]\nno JSON\n[{\"a\":2}]\n",
                "{\"a\":1}\nno JSON\n{\"a\":2}\n",
            ),
            (r#"["x", 1, {"a":1}]"#, "\"x\"\n1\n{\"a\":1}\n"),
            (r#"[{"a":1},{"a":"#, "{\"a\":1}\n{\"a\":\n"),
            ("", ""),
        ] {
            for at_once in [1, 7, 1_000] {
                assert_eq!(taken_apart(text.as_bytes(), at_once), expected, "{text}");
            }
        }
    }

    #[test]
    fn only_such_files_are_taken_apart() {
        for (head, expected) in [
            ("[{\"a\":1}]", true),
            ("[\n  {", true),
            ("\u{feff}{\"Records\":[{\"a\":1},", true),
            ("{\n  \"a\": 1,", true),
            ("{\"a\":1}\n{\"a\":2}\n", false),
            ("{\"a\":1", false),
            ("{\"a\":\"x\n\"}\n", false),
            ("[2026-11-22 10:00:00] x", false),
            ("<13>Nov 22 10:00:00 gw x", false),
            ("{\"id\":{},\"events\":[{}]}\n", false),
            ("", false),
        ] {
            assert_eq!(Lists::begin_in(head.as_bytes()), expected, "{head}");
        }
    }

    proptest! {
        #[test]
        fn any_bytes_come_out_alike_however_they_are_cut(
            text in "[\\[\\]{}\",:\\\\ \na1]{0,200}",
            at_once in 1_usize..40,
        ) {
            let whole = taken_apart(text.as_bytes(), usize::MAX);
            prop_assert_eq!(&taken_apart(text.as_bytes(), at_once), &whole);
            prop_assert!(whole.len() <= 2 * text.len() + 1);
        }

        #[test]
        fn records_in_a_list_are_as_many_as_they_were(values in prop::collection::vec(any::<String>(), 1..20)) {
            let records: Vec<String> = values
                .iter()
                .map(|value| serde_json::json!({ "a": value, "b": [{}] }).to_string())
                .collect();
            let text = format!("{{\"Records\": [{}]}}", records.join(",\n "));
            let out = taken_apart(text.as_bytes(), 13);
            let found: Vec<&str> = out.lines().collect();
            prop_assert_eq!(found.len(), records.len());
            for (line, value) in found.iter().zip(&values) {
                let read: serde_json::Value = serde_json::from_str(line).unwrap();
                prop_assert_eq!(read.get("a").and_then(|a| a.as_str()), Some(value.as_str()));
            }
        }
    }
}
