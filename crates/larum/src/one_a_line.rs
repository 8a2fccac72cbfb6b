//! Recordings that hold their records as JSON lists, as clouds write them, read as one record a line.

use std::io::{self, Read};

use larum_core::parse::Lists;

/// How much is read at once, in bytes.
const READ_BYTES: usize = 64 * 1024;

/// `input` as it is, or taken apart where it begins as such a list. No more is waited for than the first
/// line, or so much of it as is read at once: a pipe may say nothing more for hours.
pub fn one_a_line(mut input: Box<dyn Read>) -> Box<dyn Read> {
    let mut head = vec![0; READ_BYTES];
    let mut have = 0;
    let mut failure = None;
    while !Lists::can_tell(head.get(..have).unwrap_or_default()) {
        let Some(room) = head.get_mut(have..).filter(|room| !room.is_empty()) else {
            break;
        };
        match input.read(room) {
            Ok(0) => break,
            Ok(read) => have += read,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => {
                failure = Some(error);
                break;
            }
        }
    }
    head.truncate(have);
    let is_list = Lists::begin_in(&head);
    // What was read before a failure is not lost; the failure comes after it.
    let whole = io::Cursor::new(head).chain(Failed(failure)).chain(input);
    if is_list {
        Box::new(TakenApart {
            input: whole,
            lists: Lists::default(),
            buffer: vec![0; READ_BYTES],
            ready: Vec::new(),
            given: 0,
            ended: false,
        })
    } else {
        Box::new(whole)
    }
}

/// Says once why reading failed.
struct Failed(Option<io::Error>);

impl Read for Failed {
    fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
        self.0.take().map_or(Ok(0), Err)
    }
}

struct TakenApart<R> {
    input: R,
    lists: Lists,
    buffer: Vec<u8>,
    /// What comes next, of which so much was given.
    ready: Vec<u8>,
    given: usize,
    ended: bool,
}

impl<R: Read> Read for TakenApart<R> {
    fn read(&mut self, room: &mut [u8]) -> io::Result<usize> {
        while self.given >= self.ready.len() {
            if self.ended {
                return Ok(0);
            }
            self.ready.clear();
            self.given = 0;
            let read = self.input.read(&mut self.buffer)?;
            if read == 0 {
                self.ended = true;
                self.lists.finish(&mut self.ready);
            } else {
                let piece = self.buffer.get(..read).unwrap_or_default();
                self.lists.push(piece, &mut self.ready);
            }
        }
        let mut rest = self.ready.get(self.given..).unwrap_or_default();
        let read = rest.read(room)?;
        self.given += read;
        Ok(read)
    }
}
