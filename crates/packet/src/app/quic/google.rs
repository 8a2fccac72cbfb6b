//! Google's QUIC before the standard: the hello stood in clear as a list of tags (Google, "QUIC Crypto",
//! 2013 to 2016).

use crate::app::bytes::{Cursor, text};
use crate::app::tls::{Carried, Tls};

/// How far into a datagram the hello is looked for.
const LOOK_BYTES: usize = 128;
/// The most tags read.
const TAGS: u16 = 128;

/// The server name of a clear hello.
pub(super) fn hello(bytes: &[u8]) -> Option<Tls> {
    let head = bytes.get(..LOOK_BYTES).unwrap_or(bytes);
    let at = memchr::memmem::find(head, b"CHLO")?;
    let mut cursor = Cursor(bytes.get(at.checked_add(4)?..)?);
    let (tags, _) = (cursor.le16()?.min(TAGS), cursor.le16()?);
    let mut index = cursor;
    cursor.take(usize::from(tags).checked_mul(8)?)?;
    let values = cursor.0;
    let mut from = 0;
    let mut fact = Tls {
        carried: Carried::Quic,
        version: "gquic".into(),
        ..Tls::default()
    };
    for _ in 0..tags {
        let tag = index.take(4)?;
        let to = usize::try_from(index.le32()?).ok()?;
        if tag == b"SNI\0" {
            fact.sni = text(values.get(from..to)?, 255);
        }
        from = to;
    }
    Some(fact)
}
