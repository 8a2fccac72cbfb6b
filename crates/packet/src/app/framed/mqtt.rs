//! MQTT (OASIS, 3.1.1 and 5.0, 3.1 and 3.2): who connects and whether the broker lets in.

use super::{Awaited, Measured, Talk, Turn, USER_BYTES};
use crate::app::bytes::{Cursor, text};
use crate::app::fact::Fact;
use crate::app::{Protocol, Seen, Side};

/// One conversation.
#[derive(Default)]
pub(in crate::app) struct Mqtt {
    login: Awaited,
}

impl Talk for Mqtt {
    fn measure(&self, _side: Side, head: &[u8]) -> Measured {
        let mut cursor = Cursor(head);
        cursor.byte();
        match variable(&mut cursor) {
            Some(length) => {
                Measured::Whole((head.len().saturating_sub(cursor.0.len()) as u64) + length)
            }
            None if head.len() < 5 => Measured::More,
            None => Measured::Bad,
        }
    }

    fn message(&mut self, seen: Seen, bytes: &[u8], out: &mut Vec<Fact>) -> Turn {
        let mut cursor = Cursor(bytes);
        let kind = cursor.byte().unwrap_or_default() >> 4;
        variable(&mut cursor);
        match (seen.side, kind) {
            (Side::Client, 1) => {
                let user = connect(cursor).unwrap_or_default();
                self.login.begins(seen.at, Protocol::Mqtt, user, "connect");
                Turn::Go
            }
            (Side::Server, 2) => {
                let good = cursor.0.get(1).is_some_and(|code| *code == 0);
                self.login.ends(good, out);
                Turn::Done
            }
            _ => Turn::Go,
        }
    }

    fn end(&mut self, out: &mut Vec<Fact>) {
        self.login.never(out);
    }
}

/// A number of one to four bytes, low first.
fn variable(cursor: &mut Cursor<'_>) -> Option<u64> {
    let mut sum = 0u64;
    for place in 0..4u32 {
        let byte = cursor.byte()?;
        sum |= u64::from(byte & 0x7f) << (place * 7);
        if byte & 0x80 == 0 {
            return Some(sum);
        }
    }
    None
}

/// The user name of a connect message.
fn connect(mut cursor: Cursor<'_>) -> Option<String> {
    cursor.block16()?;
    let (level, flags) = (cursor.byte()?, cursor.byte()?);
    cursor.be16()?;
    if level >= 5 {
        let length = usize::try_from(variable(&mut cursor)?).ok()?;
        cursor.take(length)?;
    }
    cursor.block16()?;
    if flags & 0x04 != 0 {
        if level >= 5 {
            let length = usize::try_from(variable(&mut cursor)?).ok()?;
            cursor.take(length)?;
        }
        cursor.block16()?;
        cursor.block16()?;
    }
    (flags & 0x80 != 0)
        .then(|| cursor.block16())
        .flatten()
        .map(|name| text(name, USER_BYTES))
}
