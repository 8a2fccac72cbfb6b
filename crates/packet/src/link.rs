//! From a captured frame to the IP packet in it, through whatever the link wraps around.
//!
//! Link types as registered at tcpdump.org/linktypes.html, Ethernet types as registered at IANA. At
//! most [`MAX_WRAPS`] wraps (VLAN tags, MPLS, PPPoE …) are taken off.

mod rare;
mod wireless;

use crate::bytes::{be16, be32, le16, le32, u8_at};
use crate::unread::Unread;

/// Wraps taken off one frame, at most.
pub const MAX_WRAPS: usize = 8;
/// Labels of one MPLS stack, at most.
const MAX_LABELS: usize = 16;

/// A link type of a capture file (LINKTYPE_ of the registry).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct LinkType(pub u16);

impl LinkType {
    /// BSD loopback.
    pub const NULL: Self = Self(0);
    /// Ethernet.
    pub const ETHERNET: Self = Self(1);
    /// IP without a link header.
    pub const RAW: Self = Self(101);
    /// Linux "any" device, first form.
    pub const LINUX_SLL: Self = Self(113);
    /// Linux "any" device, second form.
    pub const LINUX_SLL2: Self = Self(276);
}

/// Where in `frame` the IP packet begins.
///
/// # Errors
/// When there is none, or not all of the headers before it.
pub fn ip_offset(link: LinkType, frame: &[u8]) -> Result<usize, Unread> {
    let at = match link.0 {
        1 => ethernet(frame, 0)?,
        0 => by_family(frame, 0, 4)?,
        108 | 109 => by_family(frame, 0, if link.0 == 108 { 4 } else { 12 })?,
        12 | 14 | 101 | 228 | 229 => 0,
        113 => by_type(frame, be16(frame, 14).ok_or(Unread::Cut)?, 16)?,
        276 => by_type(frame, be16(frame, 0).ok_or(Unread::Cut)?, 20)?,
        9 | 50 => ppp(frame, 0)?,
        204 => ppp(frame, 1)?,
        51 => pppoe(frame, 0)?,
        104 => hdlc(frame)?,
        107 => frame_relay(frame)?,
        6 => token_ring(frame)?,
        10 => logical_link(frame, 13)?,
        100 => logical_link(frame, 0)?,
        123 => logical_link(frame, 4)?,
        138 => by_type(frame, be16(frame, 16).ok_or(Unread::Cut)?, 18)?,
        117 => packet_filter_log(frame)?,
        239 => netfilter_log(frame)?,
        105 | 119 | 127 | 163 | 192 => wireless::ip_offset(link.0, frame)?,
        _ => rare::place(link.0, frame)?,
    };
    match u8_at(frame, at).ok_or(Unread::Cut)? >> 4 {
        4 | 6 => Ok(at),
        _ if matches!(link.0, 1 | 113 | 276) => Err(Unread::Malformed),
        _ => Err(Unread::NotIp),
    }
}

/// Ethernet II or 802.3 at `at`.
pub fn ethernet(frame: &[u8], at: usize) -> Result<usize, Unread> {
    let kind = be16(frame, at.saturating_add(12)).ok_or(Unread::Cut)?;
    by_type(frame, kind, at.saturating_add(14))
}

/// What an Ethernet type says stands at `at`.
pub fn by_type(frame: &[u8], kind: u16, at: usize) -> Result<usize, Unread> {
    let (mut kind, mut at) = (kind, at);
    for _ in 0..MAX_WRAPS {
        let step = match kind {
            0x0800 | 0x86DD => return Ok(at),
            // VLAN tags: 802.1Q, 802.1ad and what came before it.
            0x8100 | 0x88A8 | 0x9100 | 0x9200 | 0x9300 => 4,
            // VN-Tag, 802.1BR E-Tag, Cisco metadata.
            0x8926 => 6,
            0x893F | 0x8909 => 8,
            0x8847 | 0x8848 => return mpls(frame, at),
            0x8863 | 0x8864 => return pppoe(frame, at),
            0x880B => return ppp(frame, at),
            // Ethernet again: bridged over GRE, provider backbone.
            0x6558 => return inner_ethernet(frame, at),
            0x88E7 => return inner_ethernet(frame, at.saturating_add(4)),
            // Network service header: its length in words of four bytes, then what follows.
            0x894F => return service_header(frame, at),
            0..=1500 => return logical_link(frame, at),
            _ => return Err(Unread::NotIp),
        };
        at = at.saturating_add(step);
        kind = be16(frame, at.saturating_sub(2)).ok_or(Unread::Cut)?;
    }
    Err(Unread::TooDeep)
}

/// Ethernet within something else: one level, so that no frame can make this go round.
fn inner_ethernet(frame: &[u8], at: usize) -> Result<usize, Unread> {
    let mut kind = be16(frame, at.saturating_add(12)).ok_or(Unread::Cut)?;
    let mut at = at.saturating_add(14);
    for _ in 0..MAX_WRAPS {
        match kind {
            0x0800 | 0x86DD => return Ok(at),
            0x8100 | 0x88A8 | 0x9100 => {
                kind = be16(frame, at.saturating_add(2)).ok_or(Unread::Cut)?;
                at = at.saturating_add(4);
            }
            _ => return Err(Unread::NotIp),
        }
    }
    Err(Unread::TooDeep)
}

/// MPLS labels (RFC 3032); what follows the last one is told by its first half byte.
pub fn mpls(frame: &[u8], at: usize) -> Result<usize, Unread> {
    let mut at = at;
    for _ in 0..MAX_LABELS {
        let last = u8_at(frame, at.saturating_add(2)).ok_or(Unread::Cut)? & 1 == 1;
        at = at.saturating_add(4);
        if last {
            return match u8_at(frame, at).ok_or(Unread::Cut)? >> 4 {
                4 | 6 => Ok(at),
                // A pseudowire's control word (RFC 4385) before the Ethernet frame, or none.
                0 => inner_ethernet(frame, at.saturating_add(4))
                    .or_else(|_| inner_ethernet(frame, at)),
                _ => inner_ethernet(frame, at),
            };
        }
    }
    Err(Unread::TooDeep)
}

/// PPPoE (RFC 2516): a session's packets hold PPP, those of discovery no IP.
fn pppoe(frame: &[u8], at: usize) -> Result<usize, Unread> {
    let code = u8_at(frame, at.saturating_add(1)).ok_or(Unread::Cut)?;
    if code != 0 {
        return Err(Unread::NotIp);
    }
    ppp_protocol(frame, at.saturating_add(6))
}

/// PPP (RFC 1661), with or without the address and control bytes of HDLC framing (RFC 1662).
pub fn ppp(frame: &[u8], at: usize) -> Result<usize, Unread> {
    let framed = matches!(be16(frame, at), Some(0xFF03 | 0x0F00 | 0x8F00));
    if framed && be16(frame, at) != Some(0xFF03) {
        return by_type(
            frame,
            be16(frame, at.saturating_add(2)).ok_or(Unread::Cut)?,
            at.saturating_add(4),
        );
    }
    ppp_protocol(frame, at.saturating_add(if framed { 2 } else { 0 }))
}

/// The protocol field of PPP, in one byte or two.
fn ppp_protocol(frame: &[u8], at: usize) -> Result<usize, Unread> {
    let first = u8_at(frame, at).ok_or(Unread::Cut)?;
    let (protocol, length) = if first & 1 == 1 {
        (u16::from(first), 1)
    } else {
        (be16(frame, at).ok_or(Unread::Cut)?, 2)
    };
    let at = at.saturating_add(length);
    match protocol {
        0x0021 | 0x0057 => Ok(at),
        0x0281 | 0x0283 => mpls(frame, at),
        _ => Err(Unread::NotIp),
    }
}

/// Cisco HDLC: address, control, Ethernet type; PPP over the same wire is told by its address.
fn hdlc(frame: &[u8]) -> Result<usize, Unread> {
    if be16(frame, 0) == Some(0xFF03) {
        return ppp(frame, 0);
    }
    by_type(frame, be16(frame, 2).ok_or(Unread::Cut)?, 4)
}

/// Frame Relay (RFC 2427), or Cisco's form with an Ethernet type after the address.
fn frame_relay(frame: &[u8]) -> Result<usize, Unread> {
    let mut at = 0_usize;
    // The last byte of the address has its low bit set (Q.922).
    while u8_at(frame, at).ok_or(Unread::Cut)? & 1 == 0 {
        at = at.saturating_add(1);
        if at > 3 {
            return Err(Unread::Malformed);
        }
    }
    at = at.saturating_add(1);
    if u8_at(frame, at).ok_or(Unread::Cut)? != 0x03 {
        let kind = be16(frame, at).ok_or(Unread::Cut)?;
        return by_type(frame, kind, at.saturating_add(2));
    }
    // A pad byte may stand before the network layer's number.
    at = at.saturating_add(1);
    if u8_at(frame, at) == Some(0) {
        at = at.saturating_add(1);
    }
    match u8_at(frame, at).ok_or(Unread::Cut)? {
        0xCC | 0x8E => Ok(at.saturating_add(1)),
        0x80 => {
            let kind = be16(frame, at.saturating_add(4)).ok_or(Unread::Cut)?;
            by_type(frame, kind, at.saturating_add(6))
        }
        0xCF => ppp_protocol(frame, at.saturating_add(1)),
        _ => Err(Unread::NotIp),
    }
}

/// 802.2: a SNAP header with an Ethernet type, or IP by its own number.
fn logical_link(frame: &[u8], at: usize) -> Result<usize, Unread> {
    match be16(frame, at).ok_or(Unread::Cut)? {
        0xAAAA => {
            let kind = be16(frame, at.saturating_add(6)).ok_or(Unread::Cut)?;
            let at = at.saturating_add(8);
            match kind {
                0x0800 | 0x86DD => Ok(at),
                0x8100 | 0x88A8 => {
                    let kind = be16(frame, at.saturating_add(2)).ok_or(Unread::Cut)?;
                    if matches!(kind, 0x0800 | 0x86DD) {
                        Ok(at.saturating_add(4))
                    } else {
                        Err(Unread::NotIp)
                    }
                }
                0x0007 => inner_ethernet(frame, at.saturating_add(2)),
                _ => Err(Unread::NotIp),
            }
        }
        0x0606 => Ok(at.saturating_add(3)),
        _ => Err(Unread::NotIp),
    }
}

/// Token ring: the route, where there is one, stands between the addresses and the 802.2 header.
fn token_ring(frame: &[u8]) -> Result<usize, Unread> {
    let routed = u8_at(frame, 8).ok_or(Unread::Cut)? & 0x80 != 0;
    let route = if routed {
        u8_at(frame, 14).ok_or(Unread::Cut)? & 0x1F
    } else {
        0
    };
    logical_link(frame, 14 + usize::from(route))
}

/// Network service header (RFC 8300).
fn service_header(frame: &[u8], at: usize) -> Result<usize, Unread> {
    let words = u8_at(frame, at.saturating_add(1)).ok_or(Unread::Cut)? & 0x3F;
    let next = u8_at(frame, at.saturating_add(3)).ok_or(Unread::Cut)?;
    let at = at.saturating_add(usize::from(words) * 4);
    match next {
        1 | 2 => Ok(at),
        3 => inner_ethernet(frame, at),
        _ => Err(Unread::NotIp),
    }
}

/// A header that begins with an address family, in the byte order of whoever wrote it.
fn by_family(frame: &[u8], at: usize, header: usize) -> Result<usize, Unread> {
    let low = le32(frame, at).ok_or(Unread::Cut)?;
    let high = be32(frame, at).ok_or(Unread::Cut)?;
    // 2 is IPv4 everywhere; IPv6 is 10 on Linux and Windows' 23, BSDs use 24, 28 and 30.
    let is_ip = |family: u32| matches!(family, 2 | 10 | 23 | 24 | 28 | 30);
    if is_ip(low) || is_ip(high) {
        Ok(at.saturating_add(header))
    } else {
        Err(Unread::NotIp)
    }
}

/// The log device of OpenBSD's packet filter: its own length first, filled up to four bytes.
fn packet_filter_log(frame: &[u8]) -> Result<usize, Unread> {
    let length = usize::from(u8_at(frame, 0).ok_or(Unread::Cut)?);
    Ok(length.saturating_add(3) & !3)
}

/// Linux's netfilter log: family, version, resource, then typed values; value 9 is the packet. Lengths
/// are in the byte order of the machine, which today is the little one.
fn netfilter_log(frame: &[u8]) -> Result<usize, Unread> {
    let mut at = 4_usize;
    // A value takes at least four bytes, so a frame of 64 KiB ends this.
    loop {
        let length = usize::from(le16(frame, at).ok_or(Unread::Cut)?);
        let kind = le16(frame, at.saturating_add(2)).ok_or(Unread::Cut)?;
        if kind == 9 {
            return Ok(at.saturating_add(4));
        }
        if length < 4 {
            return Err(Unread::Malformed);
        }
        at = at.saturating_add(length.saturating_add(3) & !3);
    }
}

#[cfg(test)]
mod tests;
