//! What stands in a block of the ring (`struct tpacket_block_desc` and `struct tpacket3_hdr` of
//! `linux/if_packet.h`).
//!
//! ```text
//! block  0 version u32 · 4 offset to private area u32 · 8 status u32 · 12 packets u32
//!        16 offset to the first packet u32 · 20 length u32 · 24 sequence u64 · times
//! packet 0 offset to the next u32 · 4 seconds u32 · 8 nanoseconds u32 · 12 bytes kept u32
//!        16 bytes on the wire u32 · 20 status u32 · 24 offset of the frame u16 · 26 of its network
//!        header u16 · 28 hash u32 · 32 VLAN tag u32 · 36 VLAN type u16 · 38 padding
//!        48 struct sockaddr_ll: family u16 · protocol u16, big-endian · interface i32 · hardware type u16
//!        · sort of packet u8
//! ```
//!
//! The kernel writes it, but nothing here depends on that: a number that points outside ends the block.

/// A tag was taken off the frame.
const STATUS_VLAN_VALID: u32 = 1 << 4;
/// Its type is known.
const STATUS_VLAN_TPID_VALID: u32 = 1 << 6;
/// The tag's type where the kernel does not say: 802.1Q.
const USUAL_TPID: u16 = 0x8100;
/// Where the address of a packet begins.
const ADDRESS: usize = 48;
/// Bytes of a VLAN tag, which the kernel takes off the frame.
const TAG_BYTES: u32 = 4;

/// A frame as the kernel handed it over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Captured<'b> {
    /// When it was captured: seconds since 1970, by the system's clock.
    pub seconds: u32,
    /// And nanoseconds.
    pub nanoseconds: u32,
    /// Its bytes, as far as they were kept, without the VLAN tag.
    pub bytes: &'b [u8],
    /// How long it was on the wire, in bytes, with its VLAN tag.
    pub wire_bytes: u32,
    /// The outermost VLAN tag, which the kernel takes off.
    pub vlan: Option<Vlan>,
    /// What follows the link header, as an Ethernet type.
    pub protocol: u16,
}

/// A VLAN tag (IEEE 802.1Q).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Vlan {
    /// Priority and number: the number is in the low 12 bits.
    pub tag: u16,
    /// Its type: 0x8100, or 0x88A8 for the outer one of two.
    pub kind: u16,
}

/// The frames of a block, in order.
#[derive(Clone, Debug)]
pub struct Packets<'b> {
    block: &'b [u8],
    at: usize,
    left: u32,
}

impl<'b> Packets<'b> {
    /// The frames of `block`, any bytes.
    #[must_use]
    pub fn of(block: &'b [u8]) -> Self {
        Self {
            block,
            at: number(block, 16).map_or(0, offset),
            left: number(block, 12).unwrap_or(0),
        }
    }

    /// Frames that are still to come, as the block says.
    #[must_use]
    pub const fn left(&self) -> u32 {
        self.left
    }
}

impl<'b> Iterator for Packets<'b> {
    type Item = Captured<'b>;

    fn next(&mut self) -> Option<Captured<'b>> {
        if self.left == 0 {
            return None;
        }
        let packet = self.block.get(self.at..)?;
        let next = offset(number(packet, 0)?);
        let status = number(packet, 20)?;
        let begin = usize::from(short(packet, 24)?);
        let kept = offset(number(packet, 12)?);
        let bytes = packet.get(begin..begin.checked_add(kept)?)?;
        let vlan = (status & STATUS_VLAN_VALID != 0).then(|| Vlan {
            tag: number(packet, 32).map_or(0, low),
            kind: short(packet, 36)
                .filter(|_| status & STATUS_VLAN_TPID_VALID != 0)
                .unwrap_or(USUAL_TPID),
        });
        let tag_bytes = if vlan.is_some() { TAG_BYTES } else { 0 };
        let captured = Captured {
            seconds: number(packet, 4)?,
            nanoseconds: number(packet, 8)?,
            bytes,
            wire_bytes: number(packet, 16)?.saturating_add(tag_bytes),
            vlan,
            protocol: short(packet, ADDRESS + 2).map_or(0, u16::from_be),
        };
        self.left -= 1;
        // A packet that points at itself or back would be read for ever.
        if next < ADDRESS {
            self.left = 0;
        }
        self.at = self.at.checked_add(next)?;
        Some(captured)
    }
}

fn number(bytes: &[u8], at: usize) -> Option<u32> {
    let bytes = bytes.get(at..)?.first_chunk()?;
    Some(u32::from_ne_bytes(*bytes))
}

fn short(bytes: &[u8], at: usize) -> Option<u16> {
    let bytes = bytes.get(at..)?.first_chunk()?;
    Some(u16::from_ne_bytes(*bytes))
}

fn offset(number: u32) -> usize {
    usize::try_from(number).unwrap_or(usize::MAX)
}

fn low(number: u32) -> u16 {
    u16::try_from(number & 0xFFFF).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn packet(next: u32, status: u32, bytes: &[u8]) -> Vec<u8> {
        let length = u32::try_from(bytes.len()).unwrap();
        let mut packet = Vec::new();
        for word in [next, 1_795_341_600, 999_999_999, length, length + 6, status] {
            packet.extend(word.to_ne_bytes());
        }
        packet.extend(80_u16.to_ne_bytes());
        packet.extend(94_u16.to_ne_bytes());
        packet.extend(0_u32.to_ne_bytes());
        packet.extend(0x2064_u32.to_ne_bytes());
        packet.extend(0x88A8_u16.to_ne_bytes());
        packet.resize(50, 0);
        packet.extend(0x0800_u16.to_be_bytes());
        packet.resize(80, 0);
        packet.extend(bytes);
        packet
    }

    fn block(packets: &[Vec<u8>]) -> Vec<u8> {
        let count = u32::try_from(packets.len()).unwrap();
        let mut block = Vec::new();
        for word in [1, 48, 1, count, 48, 0] {
            block.extend(u32::to_ne_bytes(word));
        }
        block.resize(48, 0);
        packets.iter().for_each(|packet| block.extend(packet));
        block
    }

    #[test]
    fn frames_come_with_their_time_length_and_tag() {
        let first = packet(84, 1, b"abcd");
        let second = packet(0, 1 | STATUS_VLAN_VALID | STATUS_VLAN_TPID_VALID, b"xy");
        let bytes = block(&[first, second]);
        let frames: Vec<Captured<'_>> = Packets::of(&bytes).collect();
        assert_eq!(frames.len(), 2);
        assert_eq!((frames[0].bytes, frames[0].wire_bytes), (&b"abcd"[..], 10));
        assert_eq!(frames[0].seconds, 1_795_341_600);
        assert_eq!(frames[0].nanoseconds, 999_999_999);
        assert_eq!((frames[0].vlan, frames[0].protocol), (None, 0x0800));
        let tag = Vlan {
            tag: 0x2064,
            kind: 0x88A8,
        };
        assert_eq!((frames[1].vlan, frames[1].wire_bytes), (Some(tag), 12));
    }

    #[test]
    fn a_packet_that_points_at_itself_is_the_last() {
        let mut bytes = block(&[packet(0, 1, b"abcd"), packet(0, 1, b"xy")]);
        assert_eq!(Packets::of(&bytes).count(), 1);
        // More packets than there are.
        bytes.splice(12..16, 9_u32.to_ne_bytes());
        bytes.splice(48..52, 84_u32.to_ne_bytes());
        assert_eq!(Packets::of(&bytes).count(), 2);
    }

    proptest! {
        #[test]
        fn any_bytes_end_and_stay_inside(
            mut bytes in proptest::collection::vec(any::<u8>(), 0..600),
            count in any::<u32>(),
            first in 0_u32..200,
            next in 0_u32..200,
        ) {
            for (at, word) in [(12, count), (16, first), (usize::try_from(first).unwrap(), next)] {
                if let Some(room) = bytes.get_mut(at..at + 4) {
                    room.copy_from_slice(&word.to_ne_bytes());
                }
            }
            prop_assert!(Packets::of(&bytes).count() <= bytes.len() / ADDRESS + 1);
        }
    }
}
