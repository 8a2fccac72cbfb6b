//! Addresses as devices write them.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use super::scan;
use crate::address;

/// The longest address, in bytes, zone index and all.
pub(super) const MAX_ADDRESS_BYTES: usize = 64;

/// An address as devices write it: plain, in square brackets, or with a zone index; IPv4-mapped IPv6
/// becomes IPv4.
pub(super) fn ip(text: &str) -> Option<IpAddr> {
    match ipv4_start(text.as_bytes()) {
        Some((ip, [])) => return Some(IpAddr::V4(ip)),
        // In IPv6 such numbers can only come last.
        Some((_, [first, ..])) if *first != b'%' => return None,
        _ => {}
    }
    if text.len() > MAX_ADDRESS_BYTES || scan::find(b':', text.as_bytes(), 0).is_none() {
        return None;
    }
    let text = text
        .strip_prefix('[')
        .and_then(|text| text.strip_suffix(']'))
        .unwrap_or(text);
    let text = text.split('%').next().unwrap_or(text);
    match ipv6(text.as_bytes()) {
        Some(ip) => Some(address::canonical(IpAddr::V6(ip))),
        // A zone index where none belongs.
        None => text.parse().ok().map(IpAddr::V4),
    }
}

/// The longest IPv4 address, in bytes, and one byte behind it.
const V4_WINDOW: usize = 16;

/// Four decimal numbers, no leading zeros (they would mean octal to some), and what follows them.
#[inline]
pub(super) fn ipv4_start(text: &[u8]) -> Option<(Ipv4Addr, &[u8])> {
    // Most texts asked about begin with no number.
    if !text.first()?.is_ascii_digit() {
        return None;
    }
    let (octets, length) = match text.first_chunk() {
        Some(window) => octets(window)?,
        None => octets(&padded(text))?,
    };
    Some((Ipv4Addr::from(octets), text.get(length..)?))
}

/// A text shorter than a window, and zeros.
#[inline]
fn padded(text: &[u8]) -> [u8; V4_WINDOW] {
    let low = u128::from(scan::head(text));
    // What stands behind the first eight bytes is the upper part of the last eight.
    let before = V4_WINDOW.saturating_sub(text.len()) & 7;
    let high = match text.last_chunk() {
        Some(last) if text.len() > 8 => u128::from(u64::from_le_bytes(*last) >> (8 * before)),
        _ => 0,
    };
    (low | high << 64).to_le_bytes()
}

/// The numbers that `window` begins with, and how many bytes they take. A byte that is missing is zero.
fn octets(window: &[u8; V4_WINDOW]) -> Option<([u8; 4], usize)> {
    let digit = |at: usize| {
        let byte = window.get(at & (V4_WINDOW - 1)).copied().unwrap_or(0);
        u32::from(byte.wrapping_sub(b'0'))
    };
    const DOT: u32 = b'.'.wrapping_sub(b'0') as u32;
    let mut octets = [0; 4];
    let mut at = 0_usize;
    for (number, octet) in octets.iter_mut().enumerate() {
        if number > 0 {
            if digit(at) != DOT {
                return None;
            }
            at = at.wrapping_add(1);
        }
        let mut value = digit(at);
        if value > 9 {
            return None;
        }
        at = at.wrapping_add(1);
        // A number that begins with zero has no second digit.
        let second = digit(at);
        if value > 0 && second <= 9 {
            value = value.wrapping_mul(10).wrapping_add(second);
            at = at.wrapping_add(1);
            let third = digit(at);
            if third <= 9 {
                value = value.wrapping_mul(10).wrapping_add(third);
                at = at.wrapping_add(1);
            }
        }
        *octet = u8::try_from(value).ok()?;
    }
    Some((octets, at))
}

/// Groups of an IPv6 address.
const GROUPS: usize = 8;

/// An IPv6 address (RFC 4291, 2.2): eight groups of up to four hexadecimal digits; two colons stand once
/// for any number of groups that are zero, and the last two may be written as IPv4.
fn ipv6(text: &[u8]) -> Option<Ipv6Addr> {
    let mut groups = [0_u16; GROUPS];
    let mut count = 0;
    let mut gap = None;
    let mut rest = text;
    if let [b':', b':', after @ ..] = text {
        gap = Some(0);
        rest = after;
    }
    while !rest.is_empty() {
        let (group, after) = group(rest)?;
        if after.first() == Some(&b'.') {
            let (ip, []) = ipv4_start(rest)? else {
                return None;
            };
            let [a, b, c, d] = ip.octets();
            *groups.get_mut(count)? = u16::from_be_bytes([a, b]);
            *groups.get_mut(count + 1)? = u16::from_be_bytes([c, d]);
            count += 2;
            break;
        }
        *groups.get_mut(count)? = group;
        count += 1;
        rest = match after {
            [] => break,
            [b':', b':', after @ ..] if gap.is_none() => {
                gap = Some(count);
                after
            }
            [b':', after @ ..] if !after.is_empty() => after,
            _ => return None,
        };
    }
    match gap {
        None => (count == GROUPS).then_some(groups.into()),
        // They stand for one group at least.
        Some(_) if count >= GROUPS => None,
        Some(gap) => {
            groups.get_mut(gap..)?.rotate_right(GROUPS - count);
            Some(groups.into())
        }
    }
}

/// Up to four hexadecimal digits, and what follows.
fn group(text: &[u8]) -> Option<(u16, &[u8])> {
    let mut value = 0_u16;
    let mut count = 0;
    for byte in text.iter().take(4) {
        let digit = match byte {
            b'0'..=b'9' => byte.wrapping_sub(b'0'),
            b'a'..=b'f' => byte.wrapping_sub(b'a' - 10),
            b'A'..=b'F' => byte.wrapping_sub(b'A' - 10),
            _ => break,
        };
        value = value << 4 | u16::from(digit);
        count += 1;
    }
    (count > 0).then_some((value, text.get(count..)?))
}

/// Whether an IPv6 address may begin here: up to four hexadecimal digits and a colon.
pub(super) fn may_be_v6(rest: &[u8]) -> bool {
    let digits = rest
        .iter()
        .take(5)
        .position(|byte| !byte.is_ascii_hexdigit());
    digits.is_some_and(|end| rest.get(end) == Some(&b':'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_addresses_as_devices_write_them() {
        for (input, expected) in [
            ("192.0.2.1", Some("192.0.2.1")),
            ("::ffff:192.0.2.1", Some("192.0.2.1")),
            ("[2001:db8::1]", Some("2001:db8::1")),
            ("fe80::1%eth0", Some("fe80::1")),
            ("192.0.2.256", None),
            ("192.0.2", None),
            ("192.0.2.1.", None),
            ("192.0.02.1", None),
            ("1.2.3.4.5", None),
            ("", None),
        ] {
            assert_eq!(
                ip(input),
                expected.map(|text| text.parse().unwrap()),
                "{input}"
            );
        }
    }

    #[test]
    fn a_short_text_is_padded() {
        let text = b"0123456789abcdef";
        for length in 0..V4_WINDOW {
            let mut expected = [0; V4_WINDOW];
            expected[..length].copy_from_slice(&text[..length]);
            assert_eq!(padded(&text[..length]), expected, "{length}");
        }
    }

    #[test]
    fn ipv6_is_read_as_the_standard_library_does() {
        for text in [
            "::",
            "::1",
            "1::",
            "1:2:3:4:5:6:7:8",
            "1:2:3:4:5:6:7::",
            "::2:3:4:5:6:7:8",
            "1::8",
            "1:2:3:4:5:6:7:8::",
            "::1:2:3:4:5:6:7:8",
            "1:::2",
            ":1",
            "1:",
            "1::2::3",
            "12345::",
            "::ffff:192.0.2.1",
            "1:2:3:4:5:6:192.0.2.1",
            "1:2:3:4:5:6:7:192.0.2.1",
            "::192.0.2",
            "::192.0.2.1:5",
            "::192.0.2.01",
            "64:ff9b::192.0.2.33",
            "192.0.2.1",
            "1:2",
            "",
            ":",
            ":::",
            "FE80::Ab",
            "g::",
            "1::2:192.0.2.1",
            "1:2:3:4:5::192.0.2.1",
            "1:2:3:4:5:6::192.0.2.1",
            "192.0.2.1::",
            "0000:0:00:000::0",
            "1:2:3:4:5:6:7",
            "1:2:3:4:5:6:7:",
            "1:2:3:4:5:6:7:8:9",
        ] {
            assert_eq!(ipv6(text.as_bytes()), text.parse().ok(), "{text}");
        }
    }

    proptest::proptest! {
        #[test]
        fn any_ipv6_is_read_as_the_standard_library_does(text in "[0-9a-f:.]{0,24}", ip: u128) {
            let expected = text.parse().ok();
            proptest::prop_assert_eq!(ipv6(text.as_bytes()), expected);
            let ip = Ipv6Addr::from_bits(ip & ip.rotate_left(40));
            proptest::prop_assert_eq!(ipv6(ip.to_string().as_bytes()), Some(ip));
        }
    }
}
