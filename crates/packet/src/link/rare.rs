//! Link types that few captures have: switches' tags, Apple's and Solaris' own forms, other wires.

use super::{LinkType, by_type, ethernet, frame_relay, hdlc, ip_offset, logical_link, mpls, ppp};
use crate::bytes::{be16, le32};
use crate::unread::Unread;

/// Longest header of Apple's packet taps, in bytes.
const MAX_TAP_BYTES: usize = 1_024;

/// Where the IP packet begins in a frame of link type `link`.
pub fn place(link: u16, frame: &[u8]) -> Result<usize, Unread> {
    let tagged = |at: usize| by_type(frame, be16(frame, at).ok_or(Unread::Cut)?, at + 2);
    match link {
        // IP over Fibre Channel (RFC 2625): two addresses of 8 bytes, then 802.2.
        122 => logical_link(frame, 16),
        // DOCSIS as cable modems forward it.
        143 => ethernet(frame, 0),
        // A byte for the direction, then what the type without it has.
        166 => ppp(frame, 1),
        205 => after(frame, 1, hdlc),
        206 => after(frame, 1, frame_relay),
        219 => mpls(frame, 0),
        // Solaris' IP taps.
        226 => Ok(24),
        // netANALYZER: 4 bytes before the frame, in the second form also preamble and start.
        240 => ethernet(frame, 4),
        241 => ethernet(frame, 12),
        // InfiniBand (RFC 4391): its global header, then an Ethernet type and 2 bytes.
        242 => by_type(frame, be16(frame, 40).ok_or(Unread::Cut)?, 44),
        258 => tap(frame),
        // The tags of switch chips: Broadcom's, in the frame or before it, Marvell's in two lengths.
        281 | 284 => tagged(16),
        282 => ethernet(frame, 4),
        285 => tagged(20),
        _ => Err(Unread::UnknownLink),
    }
}

/// What stands `skip` bytes further on, read by `read`.
fn after(
    frame: &[u8],
    skip: usize,
    read: fn(&[u8]) -> Result<usize, Unread>,
) -> Result<usize, Unread> {
    let rest = frame.get(skip..).ok_or(Unread::Cut)?;
    Ok(read(rest)?.saturating_add(skip))
}

/// Apple's packet tap: its own length, and the link type of what follows, both in the order of the
/// machine, which today is the little one. One within another is not followed.
fn tap(frame: &[u8]) -> Result<usize, Unread> {
    let word = |at| {
        let word = le32(frame, at).ok_or(Unread::Cut)?;
        usize::try_from(word).map_err(|_| Unread::Malformed)
    };
    let (header, link) = (word(0)?, word(8)?);
    if !(12..=MAX_TAP_BYTES).contains(&header) {
        return Err(Unread::Malformed);
    }
    let inner = u16::try_from(link).map_err(|_| Unread::UnknownLink)?;
    if inner == 258 {
        return Err(Unread::TooDeep);
    }
    let rest = frame.get(header..).ok_or(Unread::Cut)?;
    Ok(ip_offset(LinkType(inner), rest)?.saturating_add(header))
}
