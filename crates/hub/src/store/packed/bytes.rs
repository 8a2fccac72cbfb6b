//! Numbers and addresses in a block.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// An IPv4 address follows.
const V4: u8 = 4;
/// An IPv6 address follows.
const V6: u8 = 16;
/// The first half of an IPv6 address follows; the rest is zero.
const V6_NETWORK: u8 = 8;

/// Writes a number, seven bits a byte.
pub fn put_number(out: &mut Vec<u8>, mut number: u64) {
    loop {
        let [low, ..] = number.to_le_bytes();
        number >>= 7;
        if number == 0 {
            out.push(low & 0x7f);
            return;
        }
        out.push(low | 0x80);
    }
}

/// Writes a number that may be negative.
pub fn put_signed(out: &mut Vec<u8>, number: i64) {
    put_number(out, ((number << 1) ^ (number >> 63)).cast_unsigned());
}

/// A length as a number.
pub fn size(length: usize) -> u64 {
    u64::try_from(length).unwrap_or(u64::MAX)
}

/// Writes an address behind its length.
pub fn put_address(out: &mut Vec<u8>, address: IpAddr) {
    match address {
        IpAddr::V4(ip) => {
            out.push(V4);
            out.extend_from_slice(&ip.octets());
        }
        IpAddr::V6(ip) => {
            let octets = ip.octets();
            match octets.split_at(8) {
                (network, [0, 0, 0, 0, 0, 0, 0, 0]) => {
                    out.push(V6_NETWORK);
                    out.extend_from_slice(network);
                }
                _ => {
                    out.push(V6);
                    out.extend_from_slice(&octets);
                }
            }
        }
    }
}

/// The rest of a block. Every call gives `None` when the block ends too early.
pub struct Reader<'b>(pub &'b [u8]);

impl<'b> Reader<'b> {
    /// The next byte.
    pub fn byte(&mut self) -> Option<u8> {
        let (byte, rest) = self.0.split_first()?;
        self.0 = rest;
        Some(*byte)
    }

    /// The next so many bytes.
    pub fn take(&mut self, length: usize) -> Option<&'b [u8]> {
        let (taken, rest) = self.0.split_at_checked(length)?;
        self.0 = rest;
        Some(taken)
    }

    /// A number.
    pub fn number(&mut self) -> Option<u64> {
        let mut number = 0_u64;
        for shift in (0..64).step_by(7) {
            let byte = self.byte()?;
            let part = u64::from(byte & 0x7f);
            if shift == 63 && part > 1 {
                return None;
            }
            number |= part << shift;
            if byte & 0x80 == 0 {
                return Some(number);
            }
        }
        None
    }

    /// A number that may be negative.
    pub fn signed(&mut self) -> Option<i64> {
        let number = self.number()?;
        Some((number >> 1).cast_signed() ^ -(number & 1).cast_signed())
    }

    /// A number that is a length or a place.
    pub fn size(&mut self) -> Option<usize> {
        usize::try_from(self.number()?).ok()
    }

    /// An address.
    pub fn address(&mut self) -> Option<IpAddr> {
        match self.byte()? {
            V4 => {
                let octets: [u8; 4] = self.take(4)?.try_into().ok()?;
                Some(Ipv4Addr::from(octets).into())
            }
            V6 => {
                let octets: [u8; 16] = self.take(16)?.try_into().ok()?;
                Some(Ipv6Addr::from(octets).into())
            }
            V6_NETWORK => {
                let network: [u8; 8] = self.take(8)?.try_into().ok()?;
                let bits = u128::from(u64::from_be_bytes(network)) << 64;
                Some(Ipv6Addr::from_bits(bits).into())
            }
            _ => None,
        }
    }
}
