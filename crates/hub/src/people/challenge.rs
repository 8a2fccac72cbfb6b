//! Challenges for passkeys: given out without keeping anything, so that strangers who ask for
//! thousands fill nothing; each is good once, for five minutes, for what it was given out for.
//!
//! Layout: purpose 1, end 8 (milliseconds, big-endian), random 16, then HMAC-SHA-256 over these and
//! the person it is for. The store notes those that were used, until they would have ended anyway.

use aws_lc_rs::hmac;
use data_encoding::BASE64URL_NOPAD;
use larum_core::time::Timestamp;
use larum_link::secret::{NoRandomness, random};

/// How long a challenge is good, in seconds.
pub const CHALLENGE_SECONDS: i64 = 5 * 60;
const SIGNED_BYTES: usize = 25;

/// What a challenge was given out for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// Making a passkey.
    Make,
    /// Signing in with one.
    SignIn,
    /// Signing in by a provider.
    Provider,
    /// Connecting an account at a provider.
    Connect,
}

impl Purpose {
    const fn byte(self) -> u8 {
        match self {
            Self::Make => 1,
            Self::SignIn => 2,
            Self::Provider => 3,
            Self::Connect => 4,
        }
    }
}

/// A new challenge as base64url, the form in which browsers hand it back. `person` is empty for
/// signing in: nobody is known yet.
///
/// # Errors
/// When the operating system gives no random bytes.
pub fn give(
    key: &[u8],
    purpose: Purpose,
    person: &str,
    now: Timestamp,
) -> Result<String, NoRandomness> {
    let ends = now.plus_seconds(CHALLENGE_SECONDS).as_millis();
    let mut bytes = vec![purpose.byte()];
    bytes.extend_from_slice(&ends.to_be_bytes());
    bytes.extend_from_slice(&random::<16>()?);
    let tag = hmac::sign(
        &hmac::Key::new(hmac::HMAC_SHA256, key),
        &covered(&bytes, person),
    );
    bytes.extend_from_slice(tag.as_ref());
    Ok(BASE64URL_NOPAD.encode(&bytes))
}

/// When `challenge` ends, if it is one of ours for this and has not ended.
#[must_use]
pub fn check(
    key: &[u8],
    purpose: Purpose,
    person: &str,
    challenge: &str,
    now: Timestamp,
) -> Option<Timestamp> {
    let bytes = BASE64URL_NOPAD.decode(challenge.as_bytes()).ok()?;
    let (signed, tag) = bytes.split_at_checked(SIGNED_BYTES)?;
    hmac::verify(
        &hmac::Key::new(hmac::HMAC_SHA256, key),
        &covered(signed, person),
        tag,
    )
    .ok()?;
    let (found, rest) = signed.split_first()?;
    let ends = Timestamp::from_millis(i64::from_be_bytes(*rest.first_chunk::<8>()?));
    (*found == purpose.byte() && now < ends).then_some(ends)
}

fn covered(signed: &[u8], person: &str) -> Vec<u8> {
    [signed, person.as_bytes()].concat()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_challenge_is_good_for_five_minutes_for_what_it_was_given() {
        let key = [7; 32];
        let at = |seconds| Timestamp::from_seconds(1_800_000_000 + seconds);
        let given = give(&key, Purpose::Make, "sam", at(0)).unwrap();
        let good = |key: &[u8], purpose, person, challenge: &str, seconds| {
            check(key, purpose, person, challenge, at(seconds)).is_some()
        };
        assert!(good(&key, Purpose::Make, "sam", &given, 0));
        assert!(good(
            &key,
            Purpose::Make,
            "sam",
            &given,
            CHALLENGE_SECONDS - 1
        ));
        assert!(!good(&key, Purpose::Make, "sam", &given, CHALLENGE_SECONDS));
        assert!(!good(&key, Purpose::SignIn, "sam", &given, 0));
        assert!(!good(&key, Purpose::Make, "ali", &given, 0));
        assert!(!good(&[8; 32], Purpose::Make, "sam", &given, 0));
        assert!(!good(&key, Purpose::Make, "sam", "", 0));
        let mut bytes = BASE64URL_NOPAD.decode(given.as_bytes()).unwrap();
        for place in 0..bytes.len() {
            bytes[place] ^= 1;
            let changed = BASE64URL_NOPAD.encode(&bytes);
            assert!(
                !good(&key, Purpose::Make, "sam", &changed, 0),
                "byte {place}"
            );
            bytes[place] ^= 1;
        }
        let other = give(&key, Purpose::Make, "sam", at(0)).unwrap();
        assert_ne!(given, other);
    }
}
