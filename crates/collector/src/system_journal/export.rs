//! The journal export format: bytes in, entries out. Pure; how the stream was cut makes no difference.
//!
//! Layout (systemd, "Journal Export Formats"): an entry is fields and an empty line. A field is
//! `NAME=TEXT` and a line feed, or `NAME`, a line feed, the length in 8 bytes little endian, so many
//! bytes, and a line feed.
//!
//! | limit | | beyond |
//! |---|---|---|
//! | field kept | the longest record and one byte | the beginning is kept |
//! | field not wanted | nothing is kept | |
//! | line without `=` (a name) | 256 bytes | not this format |

use larum_core::time::Timestamp;

use crate::chunk::MAX_RECORD_BYTES;

/// Longest name of a field; systemd's own limit is 64.
const MAX_NAME_BYTES: usize = 256;
/// Longest value of anything but the message.
const MAX_VALUE_BYTES: usize = 1_024;
/// What is kept of an entry, in the order of [`Entry`].
const WANTED: [&str; 10] = [
    "__CURSOR",
    "__REALTIME_TIMESTAMP",
    "PRIORITY",
    "SYSLOG_FACILITY",
    "SYSLOG_IDENTIFIER",
    "_COMM",
    "_PID",
    "_HOSTNAME",
    "_TRANSPORT",
    "MESSAGE",
];
const MESSAGE: usize = 9;

/// What came is not the export format.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NotExport;

/// One entry of the journal.
#[derive(Debug)]
pub struct Entry<'e> {
    values: &'e [Vec<u8>; WANTED.len()],
}

impl Entry<'_> {
    fn text(&self, name: usize) -> Option<&str> {
        let value = self.values.get(name)?;
        std::str::from_utf8(value)
            .ok()
            .filter(|text| !text.is_empty())
    }

    /// Where it stands in the journal.
    #[must_use]
    pub fn cursor(&self) -> Option<&str> {
        self.text(0)
    }

    /// The entry as a line of syslog (RFC 5424), as the program that wrote it would have sent it;
    /// `false`, and nothing in `out`, when it has no message.
    pub fn to_syslog(&self, out: &mut Vec<u8>) -> bool {
        let message = self.values.get(MESSAGE).map_or(&[][..], Vec::as_slice);
        if message.is_empty() {
            return false;
        }
        let number = |name, default, most| {
            let value = self.text(name).and_then(|text| text.parse::<u32>().ok());
            value.filter(|value| *value <= most).unwrap_or(default)
        };
        let kernel = self.text(8) == Some("kernel");
        let facility = number(3, if kernel { 0 } else { 3 }, 23);
        let priority = facility * 8 + number(2, 6, 7);
        let micros = self.text(1).and_then(|text| text.parse().ok());
        let time = micros.map_or_else(
            || "-".to_owned(),
            |micros| Timestamp::from_micros(micros).to_string(),
        );
        let word = |name| {
            self.text(name)
                .filter(|text| text.bytes().all(|byte| byte.is_ascii_graphic()))
        };
        let program = word(4)
            .or(word(5))
            .unwrap_or(if kernel { "kernel" } else { "-" });
        let host = word(7).unwrap_or("-");
        let process = word(6).unwrap_or("-");
        let head = format!("<{priority}>1 {time} {host} {program} {process} - - ");
        out.extend_from_slice(head.as_bytes());
        out.extend_from_slice(message);
        true
    }
}

/// Cuts a stream into entries.
#[derive(Debug, Default)]
pub struct Export {
    values: [Vec<u8>; WANTED.len()],
    /// The name being read; or of the field being read.
    name: Vec<u8>,
    state: State,
    /// Whether the entry has any field.
    begun: bool,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum State {
    /// In a name, at the beginning of a line.
    #[default]
    Name,
    /// In the text of a field.
    Text(Option<usize>),
    /// In a length, so many of its bytes read.
    Length(Option<usize>, [u8; 8], usize),
    /// In bytes, so many to go.
    Bytes(Option<usize>, u64),
    /// Before the line feed after bytes.
    End,
}

impl Export {
    /// Takes in `bytes` and hands out each entry they finish.
    ///
    /// # Errors
    /// When they are not this format; nothing further can be read from the stream.
    pub fn push(
        &mut self,
        mut bytes: &[u8],
        mut entry: impl FnMut(&Entry<'_>),
    ) -> Result<(), NotExport> {
        while let Some((&first, rest)) = bytes.split_first() {
            match self.state {
                State::Name => {
                    bytes = rest;
                    self.name(first, &mut entry)?;
                }
                State::Text(wanted) => {
                    let end = memchr::memchr(b'\n', bytes).unwrap_or(bytes.len());
                    let (head, tail) = bytes.split_at(end);
                    self.keep(wanted, head);
                    bytes = tail;
                    if let Some((_, after)) = tail.split_first() {
                        bytes = after;
                        self.state = State::Name;
                    }
                }
                State::Length(wanted, mut length, read) => {
                    if let Some(place) = length.get_mut(read) {
                        *place = first;
                    }
                    bytes = rest;
                    self.state = if read + 1 < length.len() {
                        State::Length(wanted, length, read + 1)
                    } else {
                        State::Bytes(wanted, u64::from_le_bytes(length))
                    };
                }
                State::Bytes(_, 0) => self.state = State::End,
                State::Bytes(wanted, left) => {
                    let take = usize::try_from(left).unwrap_or(usize::MAX).min(bytes.len());
                    let (head, tail) = bytes.split_at(take);
                    self.keep(wanted, head);
                    let taken = u64::try_from(take).unwrap_or(left);
                    self.state = State::Bytes(wanted, left - taken);
                    bytes = tail;
                }
                State::End if first == b'\n' => {
                    bytes = rest;
                    self.state = State::Name;
                }
                State::End => return Err(NotExport),
            }
        }
        // What ends exactly with its bytes needs no more of them.
        if let State::Bytes(_, 0) = self.state {
            self.state = State::End;
        }
        Ok(())
    }

    fn name(&mut self, byte: u8, entry: &mut impl FnMut(&Entry<'_>)) -> Result<(), NotExport> {
        match byte {
            b'\n' if self.name.is_empty() => {
                if std::mem::take(&mut self.begun) {
                    entry(&Entry {
                        values: &self.values,
                    });
                    for value in &mut self.values {
                        value.clear();
                        value.shrink_to(MAX_VALUE_BYTES);
                    }
                }
            }
            b'\n' | b'=' => {
                let wanted = WANTED.iter().position(|one| one.as_bytes() == self.name);
                if self.name.is_empty() {
                    return Err(NotExport);
                }
                self.name.clear();
                self.begun = true;
                self.state = if byte == b'=' {
                    State::Text(wanted)
                } else {
                    State::Length(wanted, [0; 8], 0)
                };
            }
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'_' if self.name.len() < MAX_NAME_BYTES => {
                self.name.push(byte);
            }
            _ => return Err(NotExport),
        }
        Ok(())
    }

    fn keep(&mut self, wanted: Option<usize>, bytes: &[u8]) {
        let Some((name, value)) = wanted.and_then(|name| Some((name, self.values.get_mut(name)?)))
        else {
            return;
        };
        let most = if name == MESSAGE {
            MAX_RECORD_BYTES + 1
        } else {
            MAX_VALUE_BYTES
        };
        let room = most.saturating_sub(value.len());
        value.extend_from_slice(bytes.get(..room).unwrap_or(bytes));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn read(chunks: &[&[u8]]) -> (Vec<(String, String)>, Result<(), NotExport>) {
        let mut export = Export::default();
        let mut out = Vec::new();
        for chunk in chunks {
            let pushed = export.push(chunk, |entry| {
                let mut line = Vec::new();
                entry.to_syslog(&mut line);
                let cursor = entry.cursor().unwrap_or("none").to_owned();
                out.push((cursor, String::from_utf8_lossy(&line).into_owned()));
            });
            if pushed.is_err() {
                return (out, pushed);
            }
        }
        (out, Ok(()))
    }

    fn binary(name: &str, value: &[u8]) -> Vec<u8> {
        let mut out = format!("{name}\n").into_bytes();
        out.extend((value.len() as u64).to_le_bytes());
        out.extend(value);
        out.push(b'\n');
        out
    }

    #[test]
    fn entries_become_lines_of_syslog() {
        let mut stream = b"__CURSOR=s=1;i=2\n__REALTIME_TIMESTAMP=1795374000000000\nPRIORITY=6\n\
            SYSLOG_FACILITY=10\nSYSLOG_IDENTIFIER=sshd\n_PID=811\n_HOSTNAME=gate\n_UID=0\n\
            MESSAGE=Failed password for root from 192.0.2.7 port 4 ssh2\n\n\
            __CURSOR=s=1;i=3\n_TRANSPORT=kernel\nPRIORITY=99\n"
            .to_vec();
        stream.extend(binary("MESSAGE", b"two\nlines"));
        stream.extend(binary("COREDUMP", &[b'\n'; 300]));
        stream.extend(b"\n\n__CURSOR=s=1;i=4\nPRIORITY=1\n\n");
        let (found, ended) = read(&[&stream]);
        assert_eq!(ended, Ok(()));
        let expected = [
            (
                "s=1;i=2",
                "<86>1 2026-11-22T19:00:00Z gate sshd 811 - - Failed password for root from 192.0.2.7 port 4 ssh2",
            ),
            ("s=1;i=3", "<6>1 - - kernel - - - two\nlines"),
            ("s=1;i=4", ""),
        ];
        let found: Vec<_> = found
            .iter()
            .map(|(cursor, line)| (cursor.as_str(), line.as_str()))
            .collect();
        assert_eq!(found, expected);
    }

    #[test]
    fn what_is_not_the_format_ends_and_lengths_are_no_promise() {
        for stream in [&b"hello world\n"[..], b"=x\n", b"{\"a\":1}"] {
            assert_eq!(read(&[stream]).1, Err(NotExport), "{stream:?}");
        }
        let mut huge = b"__CURSOR=c\nMESSAGE\n".to_vec();
        huge.extend(u64::MAX.to_le_bytes());
        huge.extend(vec![b'x'; 200_000]);
        let mut export = Export::default();
        export.push(&huge, |_| {}).unwrap();
        assert_eq!(export.values[MESSAGE].len(), MAX_RECORD_BYTES + 1);
    }

    proptest! {
        #[test]
        fn cuts_make_no_difference(
            pieces in proptest::collection::vec(
                prop_oneof![
                    Just(b"__CURSOR=a\n".to_vec()),
                    Just(b"MESSAGE=hello\n".to_vec()),
                    Just(binary("MESSAGE", b"a\n\nb")),
                    Just(binary("X", b"")),
                    Just(b"\n".to_vec()),
                    proptest::collection::vec(any::<u8>(), 0..6),
                ],
                0..12,
            ),
            cuts in proptest::collection::vec(1_usize..7, 1..30),
        ) {
            let stream = pieces.concat();
            let chunks = crate::cuts::cut(&stream, &cuts);
            prop_assert_eq!(read(&[&stream]), read(&chunks));
        }
    }
}
