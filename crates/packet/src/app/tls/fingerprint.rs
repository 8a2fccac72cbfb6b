//! Fingerprints of a client's hello, after their published descriptions: JA3 (Salesforce, 2017) and JA4
//! (FoxIO, 2023; of that family JA4 alone is free to use).

use std::fmt::Write;

use md5::Md5;
use sha2::{Digest, Sha256};

use super::Carried;
use super::hello::{ClientHello, is_grease};

/// MD5 over version, ciphers, extensions, groups and point formats, in decimal.
pub(super) fn ja3(hello: &ClientHello) -> String {
    let formats: Vec<u16> = hello.point_formats.iter().copied().map(u16::from).collect();
    let text = format!(
        "{},{},{},{},{}",
        hello.version,
        dashed(&hello.ciphers),
        dashed(&hello.extensions),
        dashed(&hello.groups),
        dashed(&formats)
    );
    hex(&Md5::digest(text.as_bytes()))
}

/// How the hello came, version, name or none, counts and first application protocol; then the ciphers,
/// sorted; then the extensions, sorted, with the signature algorithms in their order.
pub(super) fn ja4(hello: &ClientHello, carried: Carried) -> String {
    let plain = |list: &[u16]| -> Vec<u16> {
        list.iter()
            .copied()
            .filter(|value| !is_grease(*value))
            .collect()
    };
    let (mut ciphers, mut extensions) = (plain(&hello.ciphers), plain(&hello.extensions));
    let carrier = match carried {
        Carried::Stream => 't',
        Carried::Datagrams => 'd',
        Carried::Quic => 'q',
    };
    let name = if extensions.contains(&0) { 'd' } else { 'i' };
    let (first, last) = alpn(&hello.alpn);
    let head = format!(
        "{carrier}{}{name}{:02}{:02}{first}{last}",
        version(hello.highest_version()),
        ciphers.len().min(99),
        extensions.len().min(99)
    );
    ciphers.sort_unstable();
    // Server name and application protocol are in the first part.
    extensions.retain(|kind| !matches!(kind, 0 | 16));
    extensions.sort_unstable();
    let algorithms = plain(&hello.signature_algorithms);
    let mut last_part = commas(&extensions);
    if !algorithms.is_empty() && !last_part.is_empty() {
        last_part.push('_');
        last_part.push_str(&commas(&algorithms));
    }
    format!("{head}_{}_{}", short(&commas(&ciphers)), short(&last_part))
}

fn version(version: u16) -> &'static str {
    match version {
        0x0304 => "13",
        0x0303 => "12",
        0x0302 => "11",
        0x0301 => "10",
        0x0300 => "s3",
        0x0002 => "s2",
        0xfeff => "d1",
        0xfefd => "d2",
        0xfefc => "d3",
        _ => "00",
    }
}

/// The first and last letter of the application protocol; of its hexadecimal form where one of them is
/// neither letter nor digit.
fn alpn(value: &[u8]) -> (char, char) {
    let (Some(first), Some(last)) = (value.first(), value.last()) else {
        return ('0', '0');
    };
    if first.is_ascii_alphanumeric() && last.is_ascii_alphanumeric() {
        return (char::from(*first), char::from(*last));
    }
    let digit = |value: u8| char::from_digit(u32::from(value), 16).unwrap_or('0');
    (digit(first >> 4), digit(last & 0xf))
}

fn dashed(list: &[u16]) -> String {
    let mut text = String::with_capacity(list.len().saturating_mul(6));
    for value in list.iter().filter(|value| !is_grease(**value)) {
        let dash = if text.is_empty() { "" } else { "-" };
        // Writing to a string cannot fail.
        write!(text, "{dash}{value}").unwrap_or_default();
    }
    text
}

fn commas(list: &[u16]) -> String {
    let mut text = String::with_capacity(list.len().saturating_mul(5));
    for value in list {
        let comma = if text.is_empty() { "" } else { "," };
        write!(text, "{comma}{value:04x}").unwrap_or_default();
    }
    text
}

/// The first twelve digits of the SHA-256; of nothing: zeros.
fn short(text: &str) -> String {
    if text.is_empty() {
        return "0".repeat(12);
    }
    let digest = Sha256::digest(text.as_bytes());
    hex(digest.get(..6).unwrap_or_default())
}

fn hex(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len().saturating_mul(2));
    for byte in bytes {
        write!(text, "{byte:02x}").unwrap_or_default();
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The example of JA4's own description: its raw parts and the hash they give.
    #[test]
    fn ja4_of_the_published_example() {
        let mut hello = ClientHello {
            version: 0x0303,
            versions: vec![0x2a2a, 0x0304, 0x0303],
            ciphers: vec![
                0x1a1a, 0x1301, 0x1302, 0x1303, 0xc02b, 0xc02f, 0xc02c, 0xc030, 0xcca9, 0xcca8,
                0xc013, 0xc014, 0x009c, 0x009d, 0x002f, 0x0035,
            ],
            extensions: vec![
                0x5a5a, 0x001b, 0x0000, 0x0033, 0x0010, 0x4469, 0x0017, 0x002d, 0x000d, 0x0005,
                0x0023, 0x0012, 0x002b, 0xff01, 0x000b, 0x000a, 0x0015,
            ],
            signature_algorithms: vec![
                0x0403, 0x0804, 0x0401, 0x0503, 0x0805, 0x0501, 0x0806, 0x0601,
            ],
            alpn: b"h2".to_vec(),
            ..ClientHello::default()
        };
        assert_eq!(
            ja4(&hello, Carried::Stream),
            "t13d1516h2_8daaf6152771_e5627efa2ab1"
        );
        // Without signature algorithms the string ends without an underscore.
        hello.signature_algorithms.clear();
        assert_eq!(
            ja4(&hello, Carried::Stream),
            "t13d1516h2_8daaf6152771_6d807ffa2a79"
        );
        hello.ciphers.clear();
        hello.extensions.clear();
        assert_eq!(
            ja4(&hello, Carried::Quic),
            "q13i0000h2_000000000000_000000000000"
        );
    }

    #[test]
    fn application_protocols_that_are_no_text() {
        for (value, expected) in [
            (&b"h2"[..], ('h', '2')),
            (b"http/1.1", ('h', '1')),
            (b"", ('0', '0')),
            (&[0xab], ('a', 'b')),
            (&[0x30, 0xab], ('3', 'b')),
            (&[0x20, 0x61], ('2', '1')),
        ] {
            assert_eq!(alpn(value), expected, "{value:x?}");
        }
    }

    /// Both examples of JA3's own description.
    #[test]
    fn ja3_of_the_published_examples() {
        let mut hello = ClientHello {
            version: 769,
            ciphers: vec![
                47, 53, 0x0a0a, 5, 10, 49161, 49162, 49171, 49172, 50, 56, 19, 4,
            ],
            extensions: vec![0, 0xfafa, 10, 11],
            groups: vec![23, 24, 25],
            point_formats: vec![0],
            ..ClientHello::default()
        };
        assert_eq!(ja3(&hello), "ada70206e40642a3e4461f35503241d5");
        hello = ClientHello {
            version: 769,
            ciphers: vec![4, 5, 10, 9, 100, 98, 3, 6, 19, 18, 99],
            ..ClientHello::default()
        };
        assert_eq!(ja3(&hello), "de350869b8c85de67a350c8d186f11e6");
    }
}
