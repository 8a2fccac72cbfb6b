//! What a finding is called outside the firm.
//!
//! A finding's own id is a digest of its detector, its actor's address and its first moment. Where the
//! actor is inside, whoever knows the rest, as a hub does, finds the address by trying the few there
//! are. So a sighting goes by a digest with a key that never leaves the firm (HMAC, RFC 2104, with
//! SHA-256, cut to 128 bits): the same finding is the same sighting, and nothing can be tried.

use std::fmt;

use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;

use crate::finding::FindingId;

/// Bytes of a key, all of them random.
pub const PSEUDONYM_KEY_BYTES: usize = 32;

/// The firm's own secret, made once by each collector.
#[derive(Clone)]
pub struct PseudonymKey(Hmac<Sha256>);

impl PseudonymKey {
    /// From its bytes.
    #[must_use]
    pub fn new(bytes: &[u8; PSEUDONYM_KEY_BYTES]) -> Self {
        // A key shorter than a block of SHA-256 is filled up with zeros (RFC 2104, section 2).
        let mut block = [0; 64];
        for (to, from) in block.iter_mut().zip(bytes) {
            *to = *from;
        }
        Self(Hmac::new(&block.into()))
    }

    /// What the finding `id` is called outside.
    #[must_use]
    pub fn of(&self, id: FindingId) -> FindingId {
        let mut mac = self.0.clone();
        mac.update(&id.0);
        let mut outside = [0; 16];
        for (to, from) in outside.iter_mut().zip(mac.finalize().into_bytes()) {
            *to = from;
        }
        FindingId(outside)
    }
}

impl fmt::Debug for PseudonymKey {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        to.write_str("PseudonymKey")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Against HMAC-SHA-256 as Python's `hmac` reckons it: key of bytes 0 to 31, message of 16 bytes 7.
    #[test]
    fn it_is_the_standard_s() {
        let mut key = [0; PSEUDONYM_KEY_BYTES];
        for (number, byte) in (0..).zip(&mut key) {
            *byte = number;
        }
        let outside = PseudonymKey::new(&key).of(FindingId([7; 16]));
        assert_eq!(outside.to_string(), "60daa2c701c3cc54358b22ba90e97831");
        assert_eq!(format!("{:?}", PseudonymKey::new(&key)), "PseudonymKey");
    }

    #[test]
    fn another_firm_calls_the_same_finding_otherwise() {
        let id = FindingId([7; 16]);
        let one = PseudonymKey::new(&[1; PSEUDONYM_KEY_BYTES]);
        let other = PseudonymKey::new(&[2; PSEUDONYM_KEY_BYTES]);
        assert_eq!(one.of(id), one.clone().of(id));
        assert_ne!(one.of(id), other.of(id));
        assert_ne!(one.of(id), one.of(FindingId([8; 16])));
    }
}
