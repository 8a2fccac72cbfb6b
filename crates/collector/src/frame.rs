//! Where one record ends and the next begins, in a stream of bytes. Pure: bytes in, records out; how
//! the stream was cut into chunks makes no difference.
//!
//! Standard: RFC 6587. Octet-counted framing (`LENGTH SPACE <PRI>...`) and newline framing are told
//! apart for each record, because senders mix them: a record is octet-counted when it opens with a
//! number, a space and `<`; anything else is a line. A line feed right after an octet-counted record
//! belongs to that record (some senders write both).

/// Most digits of an octet count: lengths up to 9,999,999 bytes.
const MAX_COUNT_DIGITS: usize = 7;
/// Read buffer and carry space that is kept between records, so that one long record does not hold
/// memory for ever.
const KEPT_CARRY_BYTES: usize = 4_096;

/// How a stream may mark its records.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Framing {
    /// Each line is a record: files and standard input.
    Lines,
    /// Octet-counted or newline, told apart per record: syslog over TCP.
    Syslog,
}

/// Cuts a stream into records of at most `max_record_bytes` + 1 bytes: the byte beyond the limit tells
/// the parser that the record was longer; the rest of it is skipped.
#[derive(Debug)]
pub struct Framer {
    framing: Framing,
    max_record_bytes: usize,
    carry: Vec<u8>,
    state: State,
    /// Bytes taken in since the last record ended.
    unfinished_bytes: u64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// Between records.
    Start,
    /// Between records, the last one octet-counted: a line feed here is no empty line.
    AfterCounted,
    /// In what may become an octet count; its bytes are in `carry`.
    Count,
    /// In a line.
    Line,
    /// In an octet-counted record with so many bytes to go.
    Counted(usize),
}

/// What the stream left open when it ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Leftover {
    /// Nothing.
    Nothing,
    /// A line without its line feed; it was handed out.
    Line,
    /// An octet-counted record shorter than it said; it was not handed out.
    CutShort,
}

impl Framer {
    /// A framer at the start of a stream.
    #[must_use]
    pub const fn new(framing: Framing, max_record_bytes: usize) -> Self {
        Self {
            framing,
            max_record_bytes,
            carry: Vec::new(),
            state: State::Start,
            unfinished_bytes: 0,
        }
    }

    /// Bytes taken in that do not belong to a finished record yet.
    #[must_use]
    pub const fn unfinished_bytes(&self) -> u64 {
        self.unfinished_bytes
    }

    /// Takes in `chunk` and hands out each record it finishes, without its delimiter.
    pub fn push(&mut self, mut chunk: &[u8], mut record: impl FnMut(&[u8])) {
        while let Some((&first, after_first)) = chunk.split_first() {
            match self.state {
                State::Start | State::AfterCounted => {
                    if first == b'\n' && self.state == State::AfterCounted {
                        self.state = State::Start;
                        chunk = after_first;
                    } else if self.framing == Framing::Syslog && matches!(first, b'1'..=b'9') {
                        self.state = State::Count;
                    } else {
                        self.state = State::Line;
                    }
                }
                State::Count => chunk = self.count(first, chunk, &mut record),
                State::Line => chunk = self.line(chunk, &mut record),
                State::Counted(remaining) => {
                    chunk = self.counted(remaining, chunk, &mut record);
                }
            }
        }
    }

    /// The stream ended. A line without line feed is handed out.
    pub fn finish(&mut self, mut record: impl FnMut(&[u8])) -> Leftover {
        let leftover = match self.state {
            State::Start | State::AfterCounted => Leftover::Nothing,
            State::Count | State::Line => Leftover::Line,
            State::Counted(_) => Leftover::CutShort,
        };
        if leftover == Leftover::Line {
            record(without_return(&self.carry));
        }
        self.end_record(State::Start);
        leftover
    }

    /// One byte of what may be `LENGTH SPACE <`.
    fn count<'c>(&mut self, byte: u8, chunk: &'c [u8], record: &mut impl FnMut(&[u8])) -> &'c [u8] {
        let digits = self
            .carry
            .iter()
            .take_while(|byte| byte.is_ascii_digit())
            .count();
        let spaced = self.carry.len() > digits;
        let fits = match byte {
            b'0'..=b'9' => !spaced && digits < MAX_COUNT_DIGITS,
            b' ' => !spaced,
            b'<' => spaced,
            _ => false,
        };
        if !fits {
            self.state = State::Line;
            return chunk;
        }
        self.unfinished_bytes += 1;
        if byte != b'<' {
            self.carry.push(byte);
            return chunk.get(1..).unwrap_or_default();
        }
        let length = self
            .carry
            .iter()
            .take(digits)
            .fold(0_usize, |sum, digit| sum * 10 + usize::from(digit - b'0'));
        self.carry.clear();
        self.carry.push(b'<');
        self.state = State::Counted(length.saturating_sub(1));
        if length <= 1 {
            record(&self.carry);
            self.end_record(State::AfterCounted);
        }
        chunk.get(1..).unwrap_or_default()
    }

    fn line<'c>(&mut self, chunk: &'c [u8], record: &mut impl FnMut(&[u8])) -> &'c [u8] {
        let Some(end) = memchr::memchr(b'\n', chunk) else {
            self.keep(chunk);
            return &[];
        };
        let (head, tail) = chunk.split_at(end);
        if self.carry.is_empty() {
            let kept = head.get(..=self.max_record_bytes).unwrap_or(head);
            record(without_return(kept));
        } else {
            self.keep(head);
            record(without_return(&self.carry));
        }
        self.end_record(State::Start);
        tail.get(1..).unwrap_or_default()
    }

    fn counted<'c>(
        &mut self,
        remaining: usize,
        chunk: &'c [u8],
        record: &mut impl FnMut(&[u8]),
    ) -> &'c [u8] {
        let (head, tail) = chunk.split_at(remaining.min(chunk.len()));
        self.keep(head);
        let remaining = remaining - head.len();
        if remaining > 0 {
            self.state = State::Counted(remaining);
            return tail;
        }
        let text = self.carry.strip_suffix(b"\n").unwrap_or(&self.carry);
        record(without_return(text));
        self.end_record(State::AfterCounted);
        tail
    }

    /// Keeps as much of `bytes` as the limit allows.
    fn keep(&mut self, bytes: &[u8]) {
        self.unfinished_bytes = self
            .unfinished_bytes
            .saturating_add(u64::try_from(bytes.len()).unwrap_or(u64::MAX));
        let room = (self.max_record_bytes + 1).saturating_sub(self.carry.len());
        self.carry
            .extend_from_slice(bytes.get(..room).unwrap_or(bytes));
    }

    fn end_record(&mut self, next: State) {
        self.carry.clear();
        self.carry.shrink_to(KEPT_CARRY_BYTES);
        self.unfinished_bytes = 0;
        self.state = next;
    }
}

fn without_return(line: &[u8]) -> &[u8] {
    line.strip_suffix(b"\r").unwrap_or(line)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn frames(framing: Framing, max: usize, chunks: &[&[u8]]) -> (Vec<Vec<u8>>, Leftover) {
        let mut framer = Framer::new(framing, max);
        let mut out = Vec::new();
        for chunk in chunks {
            framer.push(chunk, |record| out.push(record.to_vec()));
        }
        let leftover = framer.finish(|record| out.push(record.to_vec()));
        (out, leftover)
    }

    #[track_caller]
    fn check(input: &str, expected: &[&str], leftover: Leftover) {
        let (found, left) = frames(Framing::Syslog, 64, &[input.as_bytes()]);
        let found: Vec<_> = found
            .iter()
            .map(|record| String::from_utf8_lossy(record).into_owned())
            .collect();
        assert_eq!(found, expected, "{input:?}");
        assert_eq!(left, leftover, "{input:?}");
    }

    #[test]
    fn both_framings_are_told_apart_per_record() {
        check("<1>a\n<2>b\r\n", &["<1>a", "<2>b"], Leftover::Nothing);
        check("4 <1>a4 <2>b", &["<1>a", "<2>b"], Leftover::Nothing);
        check("4 <1>a\n<2>b\n", &["<1>a", "<2>b"], Leftover::Nothing);
        check("5 <1>a\n5 <2>b\n", &["<1>a", "<2>b"], Leftover::Nothing);
        check("<1>a\n\n<2>b", &["<1>a", "", "<2>b"], Leftover::Line);
        check(
            "2026-11-22 no priority\n12345678 <1>x\n7 dwarfs\n42\n",
            &["2026-11-22 no priority", "12345678 <1>x", "7 dwarfs", "42"],
            Leftover::Nothing,
        );
        check("9 <1>sho", &[], Leftover::CutShort);
        check("1 <1 <", &["<", "<"], Leftover::Nothing);
        check("12", &["12"], Leftover::Line);
        check("0 <1>x\n", &["0 <1>x"], Leftover::Nothing);
    }

    #[test]
    fn a_long_record_keeps_one_byte_more_than_the_limit_and_the_next_is_whole() {
        let long = "x".repeat(1_000);
        let (found, _) = frames(
            Framing::Syslog,
            16,
            &[
                long.as_bytes(),
                b"\n<2>b\n1001 <",
                long.as_bytes(),
                b"\n<4>d\n",
            ],
        );
        assert_eq!(
            found.iter().map(Vec::len).collect::<Vec<_>>(),
            [17, 4, 17, 4]
        );
    }

    #[test]
    fn unfinished_bytes_say_where_the_last_record_ended() {
        let mut framer = Framer::new(Framing::Lines, 8);
        framer.push(b"one\ntwo\nthr", |_| {});
        assert_eq!(framer.unfinished_bytes(), 3);
        framer.push(&[b'x'; 100], |_| {});
        assert_eq!(framer.unfinished_bytes(), 103);
        framer.push(b"\n", |_| {});
        assert_eq!(framer.unfinished_bytes(), 0);
    }

    proptest! {
        #[test]
        fn chunks_make_no_difference(
            pieces in proptest::collection::vec(
                prop_oneof![
                    Just("<13>a line\n".to_owned()),
                    Just("5 <1>ab".to_owned()),
                    Just("5 <1>a\n".to_owned()),
                    Just("\r\n".to_owned()),
                    "[0-9 <a\n]{0,12}",
                    "\\PC{0,40}\n",
                ],
                0..20,
            ),
            cuts in proptest::collection::vec(1_usize..9, 1..40),
            lines_only: bool,
        ) {
            let framing = if lines_only { Framing::Lines } else { Framing::Syslog };
            let stream: Vec<u8> = pieces.concat().into_bytes();
            let chunks = crate::cuts::cut(&stream, &cuts);
            let whole = frames(framing, 24, &[&stream]);
            prop_assert_eq!(&whole, &frames(framing, 24, &chunks));
            prop_assert!(whole.0.iter().all(|record| record.len() <= 25));
            if lines_only {
                let lines = stream.split(|byte| *byte == b'\n').count();
                let expected = lines - usize::from(stream.is_empty() || stream.ends_with(b"\n"));
                prop_assert_eq!(whole.0.len(), expected);
            }
        }
    }
}
