//! The client's hello out of CRYPTO frames that come in any order (RFC 9000, 19.6).

use super::variable;
use crate::app::bytes::Cursor;
use crate::app::tls::ClientHello;

/// The longest hello put together.
const HELLO_BYTES: usize = 16 * 1024;
/// The most separate pieces kept.
const PIECES: usize = 64;

/// What has been seen of the stream that carries the handshake.
#[derive(Default)]
pub(super) struct Crypto {
    bytes: Vec<u8>,
    /// Which parts of `bytes` are there, in order, not touching.
    there: Vec<(usize, usize)>,
}

impl Crypto {
    /// Takes the frames of one packet.
    pub fn take(&mut self, frames: &[u8]) {
        let mut cursor = Cursor(frames);
        while let Some(kind) = cursor.byte() {
            let read = match kind {
                // Padding and ping.
                0 | 1 => Some(()),
                2 | 3 => acknowledged(&mut cursor, kind == 3),
                6 => self.frame(&mut cursor),
                // A client's first packets hold nothing else but its good-bye.
                _ => None,
            };
            if read.is_none() {
                return;
            }
        }
    }

    fn frame(&mut self, cursor: &mut Cursor<'_>) -> Option<()> {
        let from = usize::try_from(variable(cursor)?).ok()?;
        let length = usize::try_from(variable(cursor)?).ok()?;
        let piece = cursor.take(length)?;
        let to = from.checked_add(length)?;
        if to > HELLO_BYTES || self.there.len() >= PIECES {
            return Some(());
        }
        if self.bytes.len() < to {
            self.bytes.resize(to, 0);
        }
        self.bytes.get_mut(from..to)?.copy_from_slice(piece);
        self.note(from, to);
        Some(())
    }

    fn note(&mut self, mut from: usize, mut to: usize) {
        self.there.retain(|(start, end)| {
            let touches = *start <= to && from <= *end;
            if touches {
                from = from.min(*start);
                to = to.max(*end);
            }
            !touches
        });
        self.there.push((from, to));
        self.there.sort_unstable();
    }

    /// The hello, once it is whole.
    pub fn client_hello(&self) -> Option<ClientHello> {
        let (0, end) = *self.there.first()? else {
            return None;
        };
        let mut cursor = Cursor(self.bytes.get(..end)?);
        let (1, length) = (cursor.byte()?, cursor.be24()?) else {
            return None;
        };
        ClientHello::read(cursor.take(length)?, false)
    }
}

/// An acknowledgement: its ranges, and three counts more in its longer form (RFC 9000, 19.3).
fn acknowledged(cursor: &mut Cursor<'_>, counted: bool) -> Option<()> {
    let (_, _, ranges, _) = (
        variable(cursor)?,
        variable(cursor)?,
        variable(cursor)?,
        variable(cursor)?,
    );
    if ranges > 256 {
        return None;
    }
    for _ in 0..ranges {
        variable(cursor)?;
        variable(cursor)?;
    }
    if counted {
        for _ in 0..3 {
            variable(cursor)?;
        }
    }
    Some(())
}
