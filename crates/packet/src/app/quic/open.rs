//! Taking the protection off a client's first packet (RFC 9001, 5.2 to 5.4; RFC 9369, 3.3).

use aws_lc_rs::aead::{AES_128_GCM, Aad, LessSafeKey, Nonce, UnboundKey, quic};
use aws_lc_rs::hkdf::{HKDF_SHA256, KeyType, Prk, Salt};

use super::{Initial, VERSION_2};

/// The salt of version 1 (RFC 9001, 5.2).
const SALT_1: [u8; 20] = [
    0x38, 0x76, 0x2c, 0xf7, 0xf5, 0x59, 0x34, 0xb3, 0x4d, 0x17, 0x9a, 0xe6, 0xa4, 0xc8, 0x0c, 0xad,
    0xcc, 0xbb, 0x7f, 0x0a,
];
/// The salt of version 2 (RFC 9369, 3.3.1).
const SALT_2: [u8; 20] = [
    0x0d, 0xed, 0xe3, 0xde, 0xf7, 0x00, 0xa6, 0xdb, 0x81, 0x93, 0x81, 0xbe, 0x6e, 0x26, 0x9d, 0xcb,
    0xf9, 0xbd, 0x2e, 0xd9,
];
/// The salt of drafts 29 to 32.
const SALT_29: [u8; 20] = [
    0xaf, 0xbf, 0xec, 0x28, 0x99, 0x93, 0xd2, 0x4c, 0x9e, 0x97, 0x86, 0xf1, 0x9c, 0x61, 0x11, 0xe0,
    0x43, 0x90, 0xa8, 0x99,
];
/// The salt of drafts 23 to 28.
const SALT_23: [u8; 20] = [
    0xc3, 0xee, 0xf7, 0x12, 0xc7, 0x2e, 0xbb, 0x5a, 0x11, 0xa7, 0xd2, 0x43, 0x2b, 0xb4, 0x63, 0x65,
    0xbe, 0xf9, 0xf5, 0x02,
];

/// A length asked of the key derivation.
struct Length(usize);

impl KeyType for Length {
    fn len(&self) -> usize {
        self.0
    }
}

/// The frames of a packet whose keys follow from `id`; none when they do not.
pub(super) fn open(packet: &Initial<'_>, id: &[u8]) -> Option<Vec<u8>> {
    let salt: &[u8] = match packet.version {
        VERSION_2 => &SALT_2,
        0xff00_001d..=0xff00_0020 => &SALT_29,
        0xff00_0017..=0xff00_001c => &SALT_23,
        _ => &SALT_1,
    };
    let labels = match packet.version {
        VERSION_2 => ["quicv2 key", "quicv2 iv", "quicv2 hp"],
        _ => ["quic key", "quic iv", "quic hp"],
    };
    let secret = Salt::new(HKDF_SHA256, salt).extract(id);
    let client: [u8; 32] = expand(&secret, "client in")?;
    let client = Prk::new_less_safe(HKDF_SHA256, &client);
    let [key_label, iv_label, mask_label] = labels;
    let key: [u8; 16] = expand(&client, key_label)?;
    let iv: [u8; 12] = expand(&client, iv_label)?;
    let mask_key: [u8; 16] = expand(&client, mask_label)?;

    let mask_key = quic::HeaderProtectionKey::new(&quic::AES_128, &mask_key).ok()?;
    let sample = packet
        .bytes
        .get(packet.number_at.checked_add(4)?..)?
        .get(..16)?;
    let [mask, number_mask @ ..] = mask_key.new_mask(sample).ok()?;
    let first = packet.bytes.first()? ^ (mask & 0x0f);
    let number_length = usize::from(first & 3).saturating_add(1);
    let payload_at = packet.number_at.checked_add(number_length)?;

    let mut header = packet.bytes.get(..payload_at)?.to_vec();
    *header.first_mut()? = first;
    let mut nonce = iv;
    let number = header.get_mut(packet.number_at..)?;
    for (byte, mask) in number.iter_mut().zip(number_mask) {
        *byte ^= mask;
    }
    for (byte, number) in nonce.iter_mut().rev().zip(number.iter().rev()) {
        *byte ^= number;
    }
    let key = LessSafeKey::new(UnboundKey::new(&AES_128_GCM, &key).ok()?);
    let mut payload = packet.bytes.get(payload_at..)?.to_vec();
    let nonce = Nonce::assume_unique_for_key(nonce);
    let length = key
        .open_in_place(nonce, Aad::from(&header), &mut payload)
        .ok()?
        .len();
    payload.truncate(length);
    Some(payload)
}

/// The key derivation of TLS 1.3 with an empty context (RFC 8446, 7.1).
fn expand<const N: usize>(secret: &Prk, label: &str) -> Option<[u8; N]> {
    let wanted = u16::try_from(N).ok()?.to_be_bytes();
    let named = u8::try_from(label.len().saturating_add(6)).ok()?;
    let parts: [&[u8]; 5] = [&wanted, &[named], b"tls13 ", label.as_bytes(), &[0]];
    let mut key = [0; N];
    secret.expand(&parts, Length(N)).ok()?.fill(&mut key).ok()?;
    Some(key)
}
