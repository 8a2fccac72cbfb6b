//! The account in an NTLM log-in (MS-NLMP 2.2.1.3), wherever it stands in a message.

use super::USER_BYTES;
use crate::app::bytes::{Cursor, text, text_utf16};

/// The account an authenticate message names; empty for an anonymous one, none where there is none.
pub(super) fn user(bytes: &[u8]) -> Option<String> {
    let at = memchr::memmem::find(bytes, b"NTLMSSP\0\x03\0\0\0")?;
    let message = bytes.get(at..)?;
    let mut cursor = Cursor(message.get(36..)?);
    let (length, _, offset) = (cursor.le16()?, cursor.le16()?, cursor.le32()?);
    let from = usize::try_from(offset).ok()?;
    let name = message.get(from..from.checked_add(usize::from(length))?)?;
    let flags = Cursor(message.get(60..)?).le32()?;
    Some(match flags & 1 {
        1 => text_utf16(name, USER_BYTES),
        _ => text(name, USER_BYTES),
    })
}
