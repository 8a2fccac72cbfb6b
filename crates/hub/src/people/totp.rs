//! One-time codes from an app on a telephone (RFC 6238): six digits, thirty seconds, HMAC-SHA-1,
//! which is what every such app knows. SHA-1's weakness is in collisions; HMAC does not rest on them.

use aws_lc_rs::{constant_time, hmac};
use data_encoding::BASE32_NOPAD;
use larum_core::time::Timestamp;

/// Seconds for which one code stands.
pub const STEP_SECONDS: i64 = 30;
/// Digits of a code.
pub const DIGITS: usize = 6;
/// Bytes of a secret (RFC 4226 recommends 20).
pub const SECRET_BYTES: usize = 20;
/// How many steps a telephone's clock may be off, either way.
const DRIFT_STEPS: i64 = 1;

/// The step that `now` is in.
#[must_use]
pub const fn step(now: Timestamp) -> i64 {
    now.as_millis().div_euclid(STEP_SECONDS * 1_000)
}

/// The code of `secret` for a step.
#[must_use]
pub fn code(secret: &[u8], step: i64) -> String {
    let key = hmac::Key::new(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, secret);
    let tag = hmac::sign(&key, &step.to_be_bytes());
    let tag = tag.as_ref();
    // RFC 4226, section 5.3: the last four bits say where the number begins.
    let start = usize::from(tag.last().copied().unwrap_or_default() & 0x0f);
    let number = tag
        .get(start..start + 4)
        .and_then(|four| <[u8; 4]>::try_from(four).ok())
        .map_or(0, u32::from_be_bytes)
        & 0x7fff_ffff;
    format!("{:06}", number % 1_000_000)
}

/// The step that `typed` is the code of, if it is one of now and later than `last_used`: a code is
/// good once.
#[must_use]
pub fn check(secret: &[u8], typed: &str, last_used: Option<i64>, now: Timestamp) -> Option<i64> {
    let typed: String = typed.chars().filter(|c| !c.is_whitespace()).collect();
    if typed.len() != DIGITS {
        return None;
    }
    let here = step(now);
    (here - DRIFT_STEPS..=here + DRIFT_STEPS)
        .filter(|step| last_used.is_none_or(|last| *step > last))
        .find(|step| {
            let expected = code(secret, *step);
            constant_time::verify_slices_are_equal(expected.as_bytes(), typed.as_bytes()).is_ok()
        })
}

/// The secret as people type it into an app: base 32 in groups of four.
#[must_use]
pub fn spelled(secret: &[u8]) -> String {
    let text = BASE32_NOPAD.encode(secret);
    let mut spelled = String::with_capacity(text.len() + text.len() / 4);
    for (place, letter) in text.chars().enumerate() {
        if place > 0 && place % 4 == 0 {
            spelled.push(' ');
        }
        spelled.push(letter);
    }
    spelled
}

/// The address that an app reads from a picture.
#[must_use]
pub fn address(secret: &[u8], email: &str) -> String {
    let mut account = String::new();
    for byte in email.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_') {
            account.push(char::from(byte));
        } else {
            account.push_str(&format!("%{byte:02X}"));
        }
    }
    let secret = BASE32_NOPAD.encode(secret);
    format!("otpauth://totp/Larum:{account}?secret={secret}&issuer=Larum")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 6238, appendix B, the SHA-1 rows, cut to six digits.
    #[test]
    fn gives_the_codes_of_the_standard() {
        let secret = b"12345678901234567890";
        for (seconds, expected) in [
            (59, "287082"),
            (1_111_111_109, "081804"),
            (1_111_111_111, "050471"),
            (1_234_567_890, "005924"),
            (2_000_000_000, "279037"),
            (20_000_000_000, "353130"),
        ] {
            let at = Timestamp::from_seconds(seconds);
            assert_eq!(code(secret, step(at)), expected, "{seconds}");
        }
    }

    #[test]
    fn a_code_is_good_once_and_a_step_early_or_late() {
        let secret = b"12345678901234567890";
        let now = Timestamp::from_seconds(1_111_111_111);
        let here = step(now);
        for off in -1..=1 {
            let typed = code(secret, here + off);
            assert_eq!(check(secret, &typed, None, now), Some(here + off));
            assert_eq!(check(secret, &typed, Some(here + off), now), None, "again");
            assert_eq!(check(secret, &typed, Some(here + 1), now), None, "older");
        }
        for off in [-2, 2] {
            assert_eq!(check(secret, &code(secret, here + off), None, now), None);
        }
        assert_eq!(check(secret, "050 471", None, now), Some(here));
        for wrong in ["", "05047", "0504711", "abcdef", "000000"] {
            assert_eq!(check(secret, wrong, None, now), None, "{wrong}");
        }
    }

    #[test]
    fn is_spelled_for_people_and_for_apps() {
        assert_eq!(spelled(b"12345"), "GEZD GNBV");
        assert_eq!(
            address(b"12345", "sam+x@example.org"),
            "otpauth://totp/Larum:sam%2Bx%40example.org?secret=GEZDGNBV&issuer=Larum"
        );
    }
}
