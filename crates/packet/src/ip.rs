//! IP packets: from the network header to the transport's, through extension headers and tunnels.
//!
//! IPv4 (RFC 791), IPv6 with its extension headers (RFC 8200). Tunnels are followed [`MAX_TUNNELS`]
//! levels deep where what is inside reads as a packet again; else the outer packet counts.

mod tunnel;

use std::net::IpAddr;

use crate::bytes::{be16, be32, u8_at};
use crate::unread::Unread;

/// Tunnels within each other that are followed.
pub const MAX_TUNNELS: usize = 4;
/// Extension headers of one packet, at most.
const MAX_EXTENSIONS: usize = 8;

/// A packet, as far as the transport header.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Datagram<'a> {
    /// Sender.
    pub source: IpAddr,
    /// Receiver.
    pub target: IpAddr,
    /// Transport protocol (IANA number).
    pub protocol: u8,
    /// What follows the network headers, without the padding of short frames.
    pub payload: &'a [u8],
    /// Bytes of the payload that the capture cut off.
    pub missing: usize,
    /// Where this piece belongs, when the packet was cut into fragments.
    pub fragment: Option<Piece>,
}

/// Where a fragment belongs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Piece {
    /// Number of the packet it is a piece of.
    pub id: u32,
    /// Place of its first byte.
    pub offset: u16,
    /// Whether more pieces follow.
    pub more: bool,
}

/// Reads the packet that `bytes` begin with, or the innermost one it carries.
///
/// # Errors
/// When the outermost headers cannot be read.
pub fn read(bytes: &[u8]) -> Result<Datagram<'_>, Unread> {
    let mut outer = header(bytes)?;
    for _ in 0..MAX_TUNNELS {
        if outer.fragment.is_some() {
            break;
        }
        match tunnel::inner(outer.protocol, outer.payload) {
            Some(inner) => outer = inner,
            None => break,
        }
    }
    Ok(outer)
}

/// Reads what a reassembled packet carries: the packet itself unless it is a tunnel.
pub fn read_whole(whole: Datagram<'_>) -> Datagram<'_> {
    let mut outer = whole;
    for _ in 0..MAX_TUNNELS {
        match tunnel::inner(outer.protocol, outer.payload) {
            Some(inner) if inner.fragment.is_none() => outer = inner,
            _ => break,
        }
    }
    outer
}

/// Source and target of the outermost packet, for sharing out work: both directions give the same.
#[must_use]
pub fn pair_hash(bytes: &[u8]) -> u64 {
    let (source, target) = match bytes.first().map(|first| first >> 4) {
        Some(4) => (bytes.get(12..16), bytes.get(16..20)),
        Some(6) => (bytes.get(8..24), bytes.get(24..40)),
        _ => (None, None),
    };
    let sum = |part: Option<&[u8]>| {
        let words = part.unwrap_or_default().chunks(4);
        words.fold(0_u64, |sum, word| {
            // Addresses of one network differ in their last bits alone, which have to reach all others.
            let word = be32(word, 0).unwrap_or(0);
            let mixed = (sum ^ u64::from(word)).wrapping_mul(0x9E37_79B9_7F4A_7C15);
            let mixed = (mixed ^ (mixed >> 32)).wrapping_mul(0xD6E8_FEB8_6659_FD93);
            mixed ^ (mixed >> 32)
        })
    };
    sum(source)
        .wrapping_add(sum(target))
        .wrapping_mul(0xD6E8_FEB8_6659_FD93)
        >> 32
}

/// One network header with its extensions.
pub(crate) fn header(bytes: &[u8]) -> Result<Datagram<'_>, Unread> {
    match u8_at(bytes, 0).ok_or(Unread::Cut)? >> 4 {
        4 => version_four(bytes),
        6 => version_six(bytes),
        _ => Err(Unread::Malformed),
    }
}

fn version_four(bytes: &[u8]) -> Result<Datagram<'_>, Unread> {
    let fixed: &[u8; 20] = bytes.first_chunk().ok_or(Unread::Cut)?;
    let [
        first,
        _,
        l0,
        l1,
        i0,
        i1,
        f0,
        f1,
        _,
        protocol,
        _,
        _,
        addresses @ ..,
    ] = *fixed;
    let [s0, s1, s2, s3, t0, t1, t2, t3] = addresses;
    let length = usize::from(first & 15) * 4;
    let total = usize::from(u16::from_be_bytes([l0, l1]));
    // Cards that cut packets themselves leave the length 0 in what they hand to a capture.
    let total = if total == 0 { bytes.len() } else { total };
    if length < 20 || total < length {
        return Err(Unread::Malformed);
    }
    let body = bytes
        .get(length..total.min(bytes.len()))
        .ok_or(Unread::Cut)?;
    let flags = u16::from_be_bytes([f0, f1]);
    let piece = Piece {
        id: u32::from(u16::from_be_bytes([i0, i1])),
        offset: (flags & 0x1FFF) << 3,
        more: flags & 0x2000 != 0,
    };
    let datagram = Datagram {
        source: IpAddr::from([s0, s1, s2, s3]),
        target: IpAddr::from([t0, t1, t2, t3]),
        protocol,
        payload: body,
        missing: total.saturating_sub(bytes.len()),
        fragment: (piece.more || piece.offset > 0).then_some(piece),
    };
    // The authentication header (RFC 4302) may stand before the transport here as well.
    if protocol == AUTHENTICATION && datagram.fragment.is_none() {
        let (protocol, at) = authenticated(body).ok_or(Unread::Cut)?;
        return Ok(Datagram {
            protocol,
            payload: body.get(at..).ok_or(Unread::Cut)?,
            ..datagram
        });
    }
    Ok(datagram)
}

const AUTHENTICATION: u8 = 51;

/// The protocol after an authentication header, and where it begins.
fn authenticated(body: &[u8]) -> Option<(u8, usize)> {
    let words = usize::from(u8_at(body, 1)?);
    Some((u8_at(body, 0)?, (words + 2) * 4))
}

fn version_six(bytes: &[u8]) -> Result<Datagram<'_>, Unread> {
    let fixed: &[u8; 40] = bytes.first_chunk().ok_or(Unread::Cut)?;
    let length = usize::from(be16(fixed, 4).unwrap_or(0));
    let address = |at: usize| -> Result<IpAddr, Unread> {
        let part: &[u8; 16] = fixed
            .get(at..)
            .and_then(<[u8]>::first_chunk)
            .ok_or(Unread::Cut)?;
        Ok(IpAddr::from(*part))
    };
    let total = if length == 0 {
        bytes.len()
    } else {
        length + 40
    };
    let body = bytes.get(40..total.min(bytes.len())).ok_or(Unread::Cut)?;
    let mut datagram = Datagram {
        source: address(8)?,
        target: address(24)?,
        protocol: u8_at(fixed, 6).unwrap_or(59),
        payload: body,
        missing: total.saturating_sub(bytes.len()),
        fragment: None,
    };
    for _ in 0..MAX_EXTENSIONS {
        let body = datagram.payload;
        let (next, at) = match datagram.protocol {
            // Hop-by-hop, routing, destination options, mobility, HIP, Shim6.
            0 | 43 | 60 | 135 | 139 | 140 => {
                let words = usize::from(u8_at(body, 1).ok_or(Unread::Cut)?);
                (u8_at(body, 0).ok_or(Unread::Cut)?, (words + 1) * 8)
            }
            AUTHENTICATION => authenticated(body).ok_or(Unread::Cut)?,
            44 => {
                let place = be16(body, 2).ok_or(Unread::Cut)?;
                let piece = Piece {
                    id: be32(body, 4).ok_or(Unread::Cut)?,
                    offset: place & 0xFFF8,
                    more: place & 1 != 0,
                };
                datagram.protocol = u8_at(body, 0).ok_or(Unread::Cut)?;
                datagram.payload = body.get(8..).ok_or(Unread::Cut)?;
                // An "atomic" fragment (RFC 6946) is the whole packet.
                if piece.more || piece.offset > 0 {
                    datagram.fragment = Some(piece);
                    return Ok(datagram);
                }
                continue;
            }
            _ => return Ok(datagram),
        };
        datagram.protocol = next;
        datagram.payload = body.get(at..).ok_or(Unread::Cut)?;
    }
    Err(Unread::TooDeep)
}

#[cfg(test)]
mod tests;
