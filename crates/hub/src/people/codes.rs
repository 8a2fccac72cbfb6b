//! Setting up an app for one-time codes, and proving oneself with it or with a recovery code.

use data_encoding::BASE32_NOPAD;
use larum_core::time::Timestamp;
use larum_link::secret::{NoRandomness, random};

use super::{PeopleError, ProofKind, new_session, secret_hash, totp};
use crate::access::Viewer;
use crate::store::audit::Actor;
use crate::store::codes::{CodeRefusal, Codes, Typed};

/// How many recovery codes one gets.
pub const RECOVERY_CODES: usize = 10;
/// Random bytes of each: enough that a plain hash of it cannot be searched.
const RECOVERY_BYTES: usize = 15;
/// Letters of each between two dashes.
const GROUP: usize = 6;

/// The secret of the app that `viewer` is setting up; the same until it is confirmed.
///
/// # Errors
/// When the store or the randomness fails.
pub fn offer<S: Codes + ?Sized>(store: &S, viewer: &Viewer) -> Result<Vec<u8>, PeopleError> {
    let fresh = random::<{ totp::SECRET_BYTES }>()?;
    Ok(store.offer_code_app(viewer.person, &fresh)?)
}

/// Makes that app count if `typed` is a code of it: the recovery codes, to be shown once.
///
/// # Errors
/// When the store or the randomness fails. A code that is not taken is the inner result.
pub fn confirm<S: Codes + ?Sized>(
    store: &S,
    viewer: &Viewer,
    typed: &str,
    now: Timestamp,
) -> Result<Result<Vec<String>, CodeRefusal>, PeopleError> {
    let codes = recovery_codes()?;
    let hashes: Vec<String> = codes.iter().map(|code| recovery_hash(code)).collect();
    let check = |secret: &[u8]| totp::check(secret, typed, None, now);
    let by = Actor::of(viewer);
    let confirmed = store.confirm_code_app(&by, viewer.person, &check, &hashes, now)?;
    Ok(confirmed.map(|()| codes))
}

/// Proves `viewer` with what they typed, a code of the app or a recovery code: the token of the
/// session that takes the place of the one with `old_token`.
///
/// # Errors
/// When the store or the randomness fails. A code that is not taken is the inner result.
pub fn prove<S: Codes + ?Sized>(
    store: &S,
    viewer: &Viewer,
    typed: &str,
    old_token: &str,
    agent: &str,
    now: Timestamp,
) -> Result<Result<String, CodeRefusal>, PeopleError> {
    let letters = typed.chars().filter(char::is_ascii_alphanumeric).count();
    let old_hash = secret_hash(old_token);
    let check = |secret: &[u8], last: Option<i64>| totp::check(secret, typed, last, now);
    let hash = recovery_hash(typed);
    let (typed, proof) = if letters > totp::DIGITS {
        (Typed::Recovery(&hash), ProofKind::Recovery)
    } else {
        (Typed::Code(&check), ProofKind::Code)
    };
    let (token, session) = new_session(proof, agent, now)?;
    let proved = store.prove_with_code(viewer.person, typed, &old_hash, &session, now)?;
    Ok(proved.map(|()| token))
}

fn recovery_codes() -> Result<Vec<String>, NoRandomness> {
    (0..RECOVERY_CODES)
        .map(|_| {
            let letters = BASE32_NOPAD.encode(&random::<RECOVERY_BYTES>()?);
            let mut code = String::with_capacity(letters.len() + letters.len() / GROUP);
            for (place, letter) in letters.chars().enumerate() {
                if place > 0 && place % GROUP == 0 {
                    code.push('-');
                }
                code.push(letter);
            }
            Ok(code)
        })
        .collect()
}

/// However it is typed: letters and digits count, their case and what is between them do not.
fn recovery_hash(typed: &str) -> String {
    let letters: String = typed
        .chars()
        .filter(char::is_ascii_alphanumeric)
        .take(64)
        .map(|letter| letter.to_ascii_uppercase())
        .collect();
    secret_hash(&letters)
}
