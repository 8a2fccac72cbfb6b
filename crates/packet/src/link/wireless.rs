//! 802.11 data frames that are not encrypted, with the headers capture drivers put before them.

use crate::bytes::{be16, be32, le16, le32, u8_at};
use crate::unread::Unread;

/// Where the IP packet begins in a frame of link type `link`.
pub fn ip_offset(link: u16, frame: &[u8]) -> Result<usize, Unread> {
    let header = match link {
        105 => 0,
        127 => usize::from(le16(frame, 2).ok_or(Unread::Cut)?),
        192 => {
            if le32(frame, 4) != Some(105) {
                return Err(Unread::UnknownLink);
            }
            usize::from(le16(frame, 2).ok_or(Unread::Cut)?)
        }
        163 => usize::try_from(be32(frame, 4).ok_or(Unread::Cut)?).map_err(|_| Unread::Cut)?,
        // Prism: 144 bytes, unless it is really AVS, which says so in its first two bytes.
        _ if be16(frame, 0) == Some(0x8021) => {
            usize::try_from(be32(frame, 4).ok_or(Unread::Cut)?).map_err(|_| Unread::Cut)?
        }
        _ => 144,
    };
    data(frame, header)
}

/// The data frame at `at` (IEEE 802.11, section 9).
fn data(frame: &[u8], at: usize) -> Result<usize, Unread> {
    let kind = u8_at(frame, at).ok_or(Unread::Cut)?;
    let flags = u8_at(frame, at.saturating_add(1)).ok_or(Unread::Cut)?;
    let (is_data, subtype) = (kind >> 2 & 3 == 2, kind >> 4);
    // Without data (null frames), or encrypted: nothing to be read.
    if !is_data || subtype & 4 != 0 || flags & 0x40 != 0 {
        return Err(Unread::NotIp);
    }
    let mut header = 24_usize;
    if flags & 3 == 3 {
        header += 6;
    }
    if subtype & 8 != 0 {
        header += 2;
        if flags & 0x80 != 0 {
            header += 4;
        }
    }
    let mut at = at.saturating_add(header);
    // Some drivers fill the header up to a multiple of four.
    if !header.is_multiple_of(4) && be16(frame, at) == Some(0) {
        at = at.saturating_add(2);
    }
    if be16(frame, at).ok_or(Unread::Cut)? != 0xAAAA {
        return Err(Unread::NotIp);
    }
    match be16(frame, at.saturating_add(6)).ok_or(Unread::Cut)? {
        0x0800 | 0x86DD => Ok(at.saturating_add(8)),
        _ => Err(Unread::NotIp),
    }
}
