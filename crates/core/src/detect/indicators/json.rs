//! A JSON reader (RFC 8259) that is fed pieces of a file and holds none of it: each token goes to a
//! [`Sink`] and is forgotten. A file of any size costs one string and the depth of its nesting.
//!
//! Several values one behind the other are read, as in files with one object a line.

/// Longest string or number that is kept, in bytes; the rest of a longer one is dropped.
pub(super) const MAX_TEXT_BYTES: usize = 65_536;
/// Deepest nesting.
pub(super) const MAX_DEPTH: usize = 64;

/// One token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Token<'a> {
    StartObject,
    EndObject,
    StartArray,
    EndArray,
    Key(&'a str),
    /// A string; `is_cut` when it was longer than is kept.
    Text {
        text: &'a str,
        is_cut: bool,
    },
    /// A number, `true`, `false` or `null`, as written.
    Plain(&'a str),
}

/// Where tokens go.
pub(super) trait Sink {
    /// Takes one token, which ends in line `line` (from 1).
    fn token(&mut self, token: Token<'_>, line: u64);
}

/// The text is no JSON from this line on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Wrong {
    pub line: u64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// A value, or the end of the text where nothing is open.
    Value,
    /// A value, or the end of the array just begun.
    FirstItem,
    /// A key, or the end of the object just begun.
    FirstKey,
    Key,
    Colon,
    /// A comma or the end of what is open.
    After,
    Text,
    Escape,
    /// Digits of `\uXXXX` still to come.
    Unicode(u8),
    Plain,
}

/// The reader.
#[derive(Debug)]
pub(super) struct Json {
    state: State,
    /// Whether the string being read is a key.
    is_key: bool,
    /// For each open container, whether it is an object.
    open: Vec<bool>,
    text: Vec<u8>,
    is_cut: bool,
    unicode: u32,
    /// The first half of a pair of `\u` escapes.
    surrogate: Option<u32>,
    line: u64,
    /// Line in which the outermost value began.
    began: u64,
    /// Bytes of the last piece that were not looked at when it broke.
    left: usize,
}

impl Default for Json {
    fn default() -> Self {
        Self {
            state: State::Value,
            is_key: false,
            open: Vec::new(),
            text: Vec::new(),
            is_cut: false,
            unicode: 0,
            surrogate: None,
            line: 1,
            began: 1,
            left: 0,
        }
    }
}

impl Json {
    /// Takes the next piece of the file.
    ///
    /// # Errors
    /// When it is no JSON; nothing after that place is read, except that in a file of one value a
    /// line the next lines are.
    pub fn feed(&mut self, mut bytes: &[u8], sink: &mut impl Sink) -> Result<(), Wrong> {
        while let Some((byte, rest)) = bytes.split_first() {
            self.left = bytes.len();
            if self.state == State::Text {
                let end = memchr::memchr2(b'"', b'\\', bytes).unwrap_or(bytes.len());
                let (plain, rest) = bytes.split_at_checked(end).unwrap_or((bytes, &[]));
                self.keep(plain);
                self.line += u64::try_from(memchr::memchr_iter(b'\n', plain).count()).unwrap_or(0);
                bytes = rest;
                if let Some((byte, rest)) = bytes.split_first() {
                    self.step(*byte, sink)?;
                    bytes = rest;
                }
                continue;
            }
            self.step(*byte, sink)?;
            if *byte == b'\n' {
                self.line += 1;
            }
            bytes = rest;
        }
        Ok(())
    }

    /// The file is over.
    ///
    /// # Errors
    /// When a value is not.
    pub fn end(&mut self) -> Result<(), Wrong> {
        let is_over = self.open.is_empty() && matches!(self.state, State::Value | State::Plain);
        is_over.then_some(()).ok_or(Wrong { line: self.line })
    }

    /// Whether the broken value began in the line in which it broke, so that the next line may be
    /// read for itself.
    pub fn is_one_a_line(&self) -> bool {
        self.began == self.line
    }

    /// How far the last piece, of `length` bytes, was read before it broke.
    pub const fn fed_of(&self, length: usize) -> usize {
        length.saturating_sub(self.left)
    }

    /// Forgets the broken value: the next piece begins a new line.
    pub fn next_line(&mut self) {
        let line = self.line + 1;
        *self = Self {
            line,
            text: std::mem::take(&mut self.text),
            ..Self::default()
        };
    }

    fn step(&mut self, byte: u8, sink: &mut impl Sink) -> Result<(), Wrong> {
        match self.state {
            State::Text => match byte {
                b'"' => self.end_text(sink),
                b'\\' => self.state = State::Escape,
                _ => {}
            },
            State::Escape => self.escape(byte)?,
            State::Unicode(left) => self.unicode(byte, left)?,
            State::Plain => {
                if matches!(byte, b'+' | b'-' | b'.') || byte.is_ascii_alphanumeric() {
                    self.keep(&[byte]);
                } else {
                    self.end_plain(sink)?;
                    return self.step(byte, sink);
                }
            }
            _ if matches!(byte, b' ' | b'\t' | b'\r' | b'\n') => {}
            State::FirstKey if byte == b'}' => self.close(true, sink)?,
            State::FirstKey | State::Key if byte == b'"' => self.begin_text(true),
            State::Colon if byte == b':' => self.state = State::Value,
            State::FirstItem if byte == b']' => self.close(false, sink)?,
            State::Value | State::FirstItem => self.value(byte, sink)?,
            State::After => match byte {
                b',' if self.open.last() == Some(&true) => self.state = State::Key,
                b',' => self.state = State::Value,
                b'}' => self.close(true, sink)?,
                b']' => self.close(false, sink)?,
                _ => return Err(self.wrong()),
            },
            _ => return Err(self.wrong()),
        }
        Ok(())
    }

    fn value(&mut self, byte: u8, sink: &mut impl Sink) -> Result<(), Wrong> {
        if self.open.is_empty() {
            self.began = self.line;
        }
        match byte {
            b'{' | b'[' => {
                if self.open.len() >= MAX_DEPTH {
                    return Err(self.wrong());
                }
                let is_object = byte == b'{';
                self.open.push(is_object);
                if is_object {
                    sink.token(Token::StartObject, self.line);
                    self.state = State::FirstKey;
                } else {
                    sink.token(Token::StartArray, self.line);
                    self.state = State::FirstItem;
                }
            }
            b'"' => self.begin_text(false),
            b'-' | b'0'..=b'9' | b't' | b'f' | b'n' => {
                self.text.clear();
                self.is_cut = false;
                self.keep(&[byte]);
                self.state = State::Plain;
            }
            _ => return Err(self.wrong()),
        }
        Ok(())
    }

    fn close(&mut self, is_object: bool, sink: &mut impl Sink) -> Result<(), Wrong> {
        if self.open.pop() != Some(is_object) {
            return Err(self.wrong());
        }
        let token = if is_object {
            Token::EndObject
        } else {
            Token::EndArray
        };
        sink.token(token, self.line);
        self.after_value();
        Ok(())
    }

    fn after_value(&mut self) {
        self.state = if self.open.is_empty() {
            State::Value
        } else {
            State::After
        };
    }

    fn begin_text(&mut self, is_key: bool) {
        self.is_key = is_key;
        self.text.clear();
        self.is_cut = false;
        self.surrogate = None;
        self.state = State::Text;
    }

    fn end_text(&mut self, sink: &mut impl Sink) {
        if self.surrogate.take().is_some() {
            self.push_char(char::REPLACEMENT_CHARACTER);
        }
        let text = String::from_utf8_lossy(&self.text);
        let is_cut = self.is_cut;
        if self.is_key {
            sink.token(Token::Key(&text), self.line);
            self.state = State::Colon;
        } else {
            let text = &*text;
            sink.token(Token::Text { text, is_cut }, self.line);
            self.after_value();
        }
    }

    fn end_plain(&mut self, sink: &mut impl Sink) -> Result<(), Wrong> {
        let text = std::str::from_utf8(&self.text).unwrap_or("");
        let is_word = matches!(text, "true" | "false" | "null");
        if !is_word && text.parse::<f64>().is_err() {
            return Err(self.wrong());
        }
        sink.token(Token::Plain(text), self.line);
        self.after_value();
        Ok(())
    }

    fn escape(&mut self, byte: u8) -> Result<(), Wrong> {
        if byte == b'u' {
            self.unicode = 0;
            self.state = State::Unicode(4);
            return Ok(());
        }
        let plain = match byte {
            b'"' | b'\\' | b'/' => byte,
            b'b' => 0x08,
            b'f' => 0x0C,
            b'n' => b'\n',
            b'r' => b'\r',
            b't' => b'\t',
            _ => return Err(self.wrong()),
        };
        self.keep(&[plain]);
        self.state = State::Text;
        Ok(())
    }

    fn unicode(&mut self, byte: u8, left: u8) -> Result<(), Wrong> {
        let digit = char::from(byte).to_digit(16).ok_or_else(|| self.wrong())?;
        self.unicode = (self.unicode << 4) | digit;
        self.state = State::Unicode(left.saturating_sub(1));
        if left > 1 {
            return Ok(());
        }
        self.state = State::Text;
        match (self.surrogate.take(), self.unicode) {
            (None, high @ 0xD800..=0xDBFF) => self.surrogate = Some(high),
            (Some(high), low @ 0xDC00..=0xDFFF) => {
                let code = 0x1_0000 + ((high - 0xD800) << 10) + (low - 0xDC00);
                self.push_char(char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER));
            }
            (_, code) => {
                self.push_char(char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER));
            }
        }
        Ok(())
    }

    fn push_char(&mut self, char: char) {
        let mut room = [0; 4];
        let bytes = char.encode_utf8(&mut room).len();
        self.keep(room.get(..bytes).unwrap_or_default());
    }

    fn keep(&mut self, bytes: &[u8]) {
        if bytes.is_empty() {
            return;
        }
        let room = MAX_TEXT_BYTES.saturating_sub(self.text.len());
        self.is_cut |= bytes.len() > room;
        let end = bytes.len().min(room);
        self.text
            .extend_from_slice(bytes.get(..end).unwrap_or_default());
    }

    const fn wrong(&self) -> Wrong {
        Wrong { line: self.line }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[derive(Default)]
    struct Written(String);

    impl Sink for Written {
        fn token(&mut self, token: Token<'_>, _: u64) {
            match token {
                Token::StartObject => self.0.push('{'),
                Token::EndObject => self.0.push('}'),
                Token::StartArray => self.0.push('['),
                Token::EndArray => self.0.push(']'),
                Token::Key(key) => self.0.push_str(&format!("{key:?}:")),
                Token::Text { text, .. } => self.0.push_str(&format!("{text:?},")),
                Token::Plain(text) => self.0.push_str(&format!("{text},")),
            }
        }
    }

    fn read(pieces: &[&[u8]]) -> (String, Option<u64>) {
        let mut json = Json::default();
        let mut out = Written::default();
        for piece in pieces {
            if let Err(wrong) = json.feed(piece, &mut out) {
                return (out.0, Some(wrong.line));
            }
        }
        let end = json.end().err().map(|wrong| wrong.line);
        (out.0, end)
    }

    #[test]
    fn tokens_are_those_of_the_text() {
        for (text, expected, line) in [
            (
                r#"{"a":1,"b":[true,null,"x\n\u00e9\ud83d\ude00\/"]}"#,
                r#"{"a":1,"b":[true,null,"x\né😀/",]}"#,
                None,
            ),
            ("{}\n[]\n{}", "{}[]{}", None),
            (r#""\ud83d.""#, "\".\u{FFFD}\",", None),
            ("{\"a\":\n1\n,}", "{\"a\":1,", Some(3)),
            ("{\"a\"\n:[1,2}", "{\"a\":[1,2,", Some(2)),
            ("{\"a\":1", "{\"a\":", Some(1)),
            ("[1e5,-2.5]", "[1e5,-2.5,]", None),
            ("[nope]", "[", Some(1)),
            ("[\"a\\x\"]", "[", Some(1)),
        ] {
            assert_eq!(
                read(&[text.as_bytes()]),
                (expected.to_owned(), line),
                "{text}"
            );
        }
        let deep = "[".repeat(100);
        assert_eq!(read(&[deep.as_bytes()]).1, Some(1));
    }

    proptest! {
        #[test]
        fn pieces_do_not_matter_and_nothing_panics(
            text in "[\\[\\]{}:,\"\\\\u0-9a-ftn \n]{0,60}",
            cut in 0_usize..60,
        ) {
            let cut = cut.min(text.len());
            let (a, b) = text.as_bytes().split_at(cut);
            prop_assert_eq!(read(&[a, b]), read(&[text.as_bytes()]));
        }

        #[test]
        fn it_agrees_with_another_reader_on_what_is_json(text in "[\\[\\]{}:,\"01a\\-true. ]{1,12}") {
            let other: Result<serde_json::Value, _> = serde_json::from_str(&text);
            let (_, wrong) = read(&[text.as_bytes()]);
            if other.is_ok() {
                prop_assert_eq!(wrong, None, "{}", text);
            }
        }
    }
}
