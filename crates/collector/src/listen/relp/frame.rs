//! RELP frames in a stream of bytes. Pure: bytes in, frames out; how the stream was cut into chunks
//! makes no difference.
//!
//! Layout (RELP 0, librelp's `relp.html`): `TXNR SP COMMAND SP LENGTH [SP DATA] LF`.
//!
//! | limit | |
//! |---|---|
//! | transaction number | 9 digits |
//! | command | 32 letters |
//! | length | 9 digits, 16 MiB |
//! | data kept | the longest record and one byte, which tells the parser that it was longer |

use crate::chunk::MAX_RECORD_BYTES;

const MAX_DIGITS: usize = 9;
const MAX_COMMAND_BYTES: usize = 32;
/// Longest data: what a sender's own limit may be beyond ours is read and skipped.
pub(super) const MAX_DATA_BYTES: usize = 16 << 20;
/// Carry space that is kept between frames.
const KEPT_BYTES: usize = 4_096;

/// One frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Frame<'f> {
    /// Transaction number.
    pub(super) number: u32,
    /// What is wanted.
    pub(super) command: &'f str,
    /// With what; of long data the beginning.
    pub(super) data: &'f [u8],
}

/// What came is no RELP.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct NotRelp;

/// Cuts a stream into frames.
#[derive(Debug, Default)]
pub(super) struct Frames {
    state: State,
    number: u32,
    digits: usize,
    command: String,
    length: usize,
    data: Vec<u8>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum State {
    #[default]
    Number,
    Command,
    Length,
    /// So many bytes to go.
    Data(usize),
    /// The line feed at the end.
    End,
}

impl Frames {
    /// Takes in `bytes` and hands out each frame they finish.
    pub(super) fn push(
        &mut self,
        mut bytes: &[u8],
        mut frame: impl FnMut(Frame<'_>),
    ) -> Result<(), NotRelp> {
        while let Some((&first, rest)) = bytes.split_first() {
            if let State::Data(left) = self.state {
                let (head, tail) = bytes.split_at(left.min(bytes.len()));
                let room = (MAX_RECORD_BYTES + 1).saturating_sub(self.data.len());
                self.data
                    .extend_from_slice(head.get(..room).unwrap_or(head));
                let left = left - head.len();
                self.state = if left == 0 {
                    State::End
                } else {
                    State::Data(left)
                };
                bytes = tail;
                continue;
            }
            self.byte(first)?;
            if self.state == State::Number && first == b'\n' {
                frame(Frame {
                    number: self.number,
                    command: &self.command,
                    data: &self.data,
                });
                self.clear();
            }
            bytes = rest;
        }
        Ok(())
    }

    fn byte(&mut self, byte: u8) -> Result<(), NotRelp> {
        self.state = match (self.state, byte) {
            (State::Number, b'0'..=b'9') if self.digits < MAX_DIGITS => {
                self.number = self.number * 10 + u32::from(byte - b'0');
                self.digits += 1;
                State::Number
            }
            (State::Number, b' ') if self.digits > 0 => State::Command,
            (State::Command, b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'_' | b'-')
                if self.command.len() < MAX_COMMAND_BYTES =>
            {
                self.command.push(char::from(byte));
                State::Command
            }
            (State::Command, b' ') if !self.command.is_empty() => {
                self.digits = 0;
                State::Length
            }
            (State::Length, b'0'..=b'9') if self.digits < MAX_DIGITS => {
                self.length = self.length * 10 + usize::from(byte - b'0');
                self.digits += 1;
                if self.length > MAX_DATA_BYTES {
                    return Err(NotRelp);
                }
                State::Length
            }
            (State::Length, b' ') if self.digits > 0 && self.length > 0 => State::Data(self.length),
            // Some senders put the space even where no data follows.
            (State::Length, b' ') if self.digits > 0 => State::End,
            (State::Length, b'\n') if self.digits > 0 && self.length == 0 => State::Number,
            (State::End, b'\n') => State::Number,
            _ => return Err(NotRelp),
        };
        Ok(())
    }

    fn clear(&mut self) {
        self.number = 0;
        self.digits = 0;
        self.length = 0;
        self.command.clear();
        self.data.clear();
        self.data.shrink_to(KEPT_BYTES);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    type Owned = (u32, String, Vec<u8>);

    fn frames(chunks: &[&[u8]]) -> (Vec<Owned>, Result<(), NotRelp>) {
        let mut frames = Frames::default();
        let mut out = Vec::new();
        for chunk in chunks {
            let pushed = frames.push(chunk, |frame| {
                out.push((frame.number, frame.command.to_owned(), frame.data.to_vec()));
            });
            if pushed.is_err() {
                return (out, pushed);
            }
        }
        (out, Ok(()))
    }

    fn owned(number: u32, command: &str, data: &str) -> Owned {
        (number, command.to_owned(), data.as_bytes().to_vec())
    }

    #[test]
    fn frames_are_read() {
        for (input, expected) in [
            (
                "1 open 14 relp_version=0\n",
                vec![owned(1, "open", "relp_version=0")],
            ),
            (
                "2 syslog 5 a\nb\nc\n3 close 0\n",
                vec![owned(2, "syslog", "a\nb\nc"), owned(3, "close", "")],
            ),
            ("4 close 0 \n", vec![owned(4, "close", "")]),
            ("999999999 syslog 1 x", vec![]),
        ] {
            assert_eq!(frames(&[input.as_bytes()]), (expected, Ok(())), "{input:?}");
        }
    }

    #[test]
    fn what_is_no_relp_ends() {
        for input in [
            "GET / HTTP/1.1\r\n",
            "<38>Nov 22 host sshd: text\n",
            "1234567890 open 0\n",
            "1 syslog 99999999 ",
            "1 syslog 3 abcd\n",
            "1  3 abc\n",
            "1 syslog abc\n",
            "\n",
            "1 aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
        ] {
            assert_eq!(frames(&[input.as_bytes()]).1, Err(NotRelp), "{input:?}");
        }
    }

    #[test]
    fn of_long_data_the_beginning_is_kept() {
        let mut input = b"7 syslog 200000 ".to_vec();
        input.extend(vec![b'x'; 200_000]);
        input.extend(b"\n8 syslog 1 y\n");
        let (found, ended) = frames(&[&input]);
        assert_eq!(ended, Ok(()));
        assert_eq!(found[0].2.len(), MAX_RECORD_BYTES + 1);
        assert_eq!(found[1], owned(8, "syslog", "y"));
    }

    proptest! {
        #[test]
        fn cuts_make_no_difference(
            pieces in proptest::collection::vec(
                prop_oneof![
                    Just("1 open 0\n".to_owned()),
                    Just("22 syslog 5 ab\ncd\n".to_owned()),
                    Just("3 syslog 0 \n".to_owned()),
                    "[0-9 a-z\n]{0,8}",
                ],
                0..12,
            ),
            cuts in proptest::collection::vec(1_usize..7, 1..30),
        ) {
            let stream = pieces.concat().into_bytes();
            let chunks = crate::cuts::cut(&stream, &cuts);
            prop_assert_eq!(frames(&[&stream]), frames(&chunks));
        }
    }
}
