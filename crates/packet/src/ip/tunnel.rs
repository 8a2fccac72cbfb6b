//! Packets within packets. A tunnel is believed only where what it carries reads as a packet whose
//! length agrees, since its port alone may be anybody's.

use super::{Datagram, header};
use crate::bytes::{be16, be32, u8_at};
use crate::link;

/// The packet that a packet of `protocol` with `payload` carries.
pub fn inner(protocol: u8, payload: &[u8]) -> Option<Datagram<'_>> {
    let packet = match protocol {
        // IP in IP (RFC 2003), 6in4 (RFC 4213).
        4 | 41 => payload,
        47 => generic(payload)?,
        // Ethernet in IP (RFC 3378), MPLS in IP (RFC 4023).
        97 => framed(payload, 2)?,
        137 => payload.get(link::mpls(payload, 0).ok()?..)?,
        17 => over_udp(payload)?,
        _ => return None,
    };
    let inner = header(packet).ok()?;
    // A transport that is no number in use would be chance.
    (inner.protocol != 255).then_some(inner)
}

/// Ethernet at `at`.
fn framed(bytes: &[u8], at: usize) -> Option<&[u8]> {
    bytes.get(link::ethernet(bytes, at).ok()?..)
}

/// GRE (RFC 2784, 2890), its version for PPTP (RFC 2637), and ERSPAN, which carries mirrored frames.
fn generic(payload: &[u8]) -> Option<&[u8]> {
    let flags = be16(payload, 0)?;
    let kind = be16(payload, 2)?;
    let mut at = 4_usize;
    let has = |bit: u16| usize::from(flags & bit != 0) * 4;
    if flags & 7 == 1 {
        at = at + 4 + has(0x1000) + has(0x0080);
        return payload.get(link::ppp(payload, at).ok()?..);
    }
    // Source routes (RFC 1701) are not used any more.
    if flags & 0x4000 != 0 {
        return None;
    }
    at += has(0x8000) + has(0x2000) + has(0x1000);
    match kind {
        0x88BE if flags & 0x1000 != 0 => framed(payload, at + 8),
        0x88BE => framed(payload, at),
        0x22EB => {
            let more = u8_at(payload, at + 11)? & 1 != 0;
            framed(payload, at + if more { 20 } else { 12 })
        }
        _ => payload.get(link::by_type(payload, kind, at).ok()?..),
    }
}

/// Tunnels over UDP, told by their registered port on either side.
fn over_udp(payload: &[u8]) -> Option<&[u8]> {
    let (from, to) = (be16(payload, 0)?, be16(payload, 2)?);
    let body = payload.get(8..)?;
    // Almost all traffic is none of these: the cheap test first.
    let is = |port: u16| from == port || to == port;
    if is(4789) || is(8472) {
        // VXLAN (RFC 7348): the flag that says the network number is valid.
        return (u8_at(body, 0)? & 0x08 != 0 && u8_at(body, 7)? == 0).then(|| framed(body, 8))?;
    }
    if is(2152) {
        return tunnel_of_mobile_networks(body);
    }
    if is(6081) {
        // Geneve (RFC 8926).
        let options = usize::from(u8_at(body, 0)? & 0x3F) * 4;
        let kind = be16(body, 2)?;
        let at = 8 + options;
        return match kind {
            0x6558 => framed(body, at),
            0x0800 | 0x86DD => checked(body.get(at..)?),
            _ => None,
        };
    }
    if is(3544) {
        return teredo(body);
    }
    if is(4754) {
        return generic(body);
    }
    if is(6635) {
        return body.get(link::mpls(body, 0).ok()?..);
    }
    if is(1701) {
        return layer_two(body);
    }
    if is(37008) {
        return mirrored(body);
    }
    None
}

/// GTP-U (3GPP TS 29.281): a header of 8 bytes, 12 with any option, then extensions.
fn tunnel_of_mobile_networks(body: &[u8]) -> Option<&[u8]> {
    let flags = u8_at(body, 0)?;
    // Version 1, protocol type GTP, and a packet of a user (255).
    if flags & 0xF0 != 0x30 || u8_at(body, 1)? != 255 {
        return None;
    }
    let mut at = 8_usize;
    if flags & 7 != 0 {
        at = 12;
        let mut next = u8_at(body, 11)?;
        for _ in 0..4 {
            if next == 0 || flags & 4 == 0 {
                break;
            }
            let words = usize::from(u8_at(body, at)?);
            if words == 0 {
                return None;
            }
            at = at.saturating_add(words * 4);
            next = u8_at(body, at.checked_sub(1)?)?;
        }
    }
    checked(body.get(at..)?)
}

/// Teredo (RFC 4380): authentication and origin may stand before the IPv6 packet.
fn teredo(body: &[u8]) -> Option<&[u8]> {
    let mut at = 0_usize;
    if be16(body, at)? == 1 {
        let client = usize::from(u8_at(body, 2)?);
        let value = usize::from(u8_at(body, 3)?);
        at = 4 + client + value + 9;
    }
    if be16(body, at)? == 0 {
        at = at.saturating_add(8);
    }
    let packet = body.get(at..)?;
    (u8_at(packet, 0)? >> 4 == 6).then(|| checked(packet))?
}

/// L2TP (RFC 2661) data messages, which carry PPP.
fn layer_two(body: &[u8]) -> Option<&[u8]> {
    let flags = be16(body, 0)?;
    if flags & 0x8000 != 0 || flags & 15 != 2 {
        return None;
    }
    let mut at = 2_usize;
    if flags & 0x4000 != 0 {
        at += 2;
    }
    at += 4;
    if flags & 0x0800 != 0 {
        at += 4;
    }
    if flags & 0x0200 != 0 {
        at = at.saturating_add(2 + usize::from(be16(body, at)?));
    }
    checked(body.get(link::ppp(body, at).ok()?..)?)
}

/// TZSP, as access points and MikroTik routers send mirrored frames: tags until the end tag, then
/// Ethernet.
fn mirrored(body: &[u8]) -> Option<&[u8]> {
    if u8_at(body, 0)? != 1 || be16(body, 2)? != 1 {
        return None;
    }
    let mut at = 4_usize;
    for _ in 0..32 {
        match u8_at(body, at)? {
            0 => at += 1,
            1 => return framed(body, at + 1),
            _ => at = at.saturating_add(2 + usize::from(u8_at(body, at + 1)?)),
        }
    }
    None
}

/// `packet` when its own length agrees with what is there: at most so long, and not much shorter.
fn checked(packet: &[u8]) -> Option<&[u8]> {
    let said = match u8_at(packet, 0)? {
        0x45..=0x4F => usize::from(be16(packet, 2)?),
        0x60..=0x6F => usize::from(be16(packet, 4)?) + 40,
        _ => return None,
    };
    // Addresses of nothing are no packet's.
    let source = be32(packet, 12)?;
    (said >= 20 && said <= packet.len().saturating_add(1_500) && source != u32::MAX)
        .then_some(packet)
}
