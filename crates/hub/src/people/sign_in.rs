//! Signing in with a passkey, and making one.

use data_encoding::{BASE64URL_NOPAD, HEXLOWER_PERMISSIVE};
use larum_core::time::Timestamp;
use larum_link::secret::random;

use super::challenge::{self, Purpose};
use super::passkey::{self, Made, PasskeyRefusal, Signed, Site};
use super::{PeopleError, ProofKind, new_session, secret_hash};
use crate::access::Viewer;
use crate::id::PersonId;
use crate::store::StoreError;
use crate::store::audit::Actor;
use crate::store::people::People;
use crate::store::proofs::{Answered, Proofs};

/// A challenge for signing in.
///
/// # Errors
/// When the store or the randomness fails.
pub fn challenge<S: Proofs + ?Sized>(store: &S, now: Timestamp) -> Result<String, PeopleError> {
    Ok(challenge::give(&key(store)?, Purpose::SignIn, "", now)?)
}

/// A challenge for `person` to make a passkey with.
///
/// # Errors
/// When the store or the randomness fails.
pub fn challenge_to_make<S: Proofs + ?Sized>(
    store: &S,
    person: PersonId,
    now: Timestamp,
) -> Result<String, PeopleError> {
    let person = person.to_string();
    Ok(challenge::give(&key(store)?, Purpose::Make, &person, now)?)
}

/// The key under which challenges are given out.
///
/// # Errors
/// When the store or the randomness fails.
pub fn key<S: Proofs + ?Sized>(store: &S) -> Result<Vec<u8>, PeopleError> {
    Ok(store.challenge_key(&random::<32>()?)?)
}

/// The name under which a browser files a person's passkeys (the standard's user handle), base64url.
#[must_use]
pub fn handle(person: PersonId) -> String {
    let bytes = HEXLOWER_PERMISSIVE
        .decode(person.to_string().as_bytes())
        .unwrap_or_default();
    BASE64URL_NOPAD.encode(&bytes)
}

/// Signs in with a passkey: the new session's token and who it is. `user` is the handle that came
/// with the proof, empty when none did.
///
/// # Errors
/// When the store or the randomness fails. A proof that is not good is the inner result.
pub fn with_passkey<S: Proofs + People + ?Sized>(
    store: &S,
    site: &Site,
    signed: Signed<'_>,
    user: &str,
    agent: &str,
    now: Timestamp,
) -> Result<Result<(String, Viewer), PasskeyRefusal>, PeopleError> {
    let given = match passkey::challenge_of(signed.client_data) {
        Ok(given) => given,
        Err(refusal) => return Ok(Err(refusal)),
    };
    let Some(expires) = challenge::check(&key(store)?, Purpose::SignIn, "", &given, now) else {
        return Ok(Err(PasskeyRefusal::Challenge));
    };
    let Some((person, known)) = store.passkey(signed.credential)? else {
        return Ok(Err(PasskeyRefusal::Unknown));
    };
    if !user.is_empty() && user != handle(person) {
        return Ok(Err(PasskeyRefusal::Unknown));
    }
    let counter = match passkey::signed(site, &given, &known, signed) {
        Ok(counter) => counter,
        Err(refusal) => return Ok(Err(refusal)),
    };
    let (token, session) = new_session(ProofKind::Passkey, agent, now)?;
    store.forget_ended(now)?;
    let challenge_hash = secret_hash(&given);
    let answered = Answered {
        challenge_hash: &challenge_hash,
        expires,
    };
    let begun = store.begin_with_passkey(signed.credential, counter, answered, &session, now)?;
    Ok(begun.map(|viewer| (token, viewer)))
}

/// Keeps a passkey that `viewer` has just made.
///
/// # Errors
/// When the store fails, with [`StoreError::Conflict`] when it refuses. A passkey that is not good is
/// the inner result.
pub fn keep_passkey<S: Proofs + ?Sized>(
    store: &S,
    site: &Site,
    viewer: &Viewer,
    name: &str,
    made: Made<'_>,
    now: Timestamp,
) -> Result<Result<(), PasskeyRefusal>, PeopleError> {
    let given = match passkey::challenge_of(made.client_data) {
        Ok(given) => given,
        Err(refusal) => return Ok(Err(refusal)),
    };
    let person = viewer.person.to_string();
    let Some(expires) = challenge::check(&key(store)?, Purpose::Make, &person, &given, now) else {
        return Ok(Err(PasskeyRefusal::Challenge));
    };
    let key = match passkey::made(site, &given, made) {
        Ok(key) => key,
        Err(refusal) => return Ok(Err(refusal)),
    };
    let challenge_hash = secret_hash(&given);
    let answered = Answered {
        challenge_hash: &challenge_hash,
        expires,
    };
    let by = Actor::of(viewer);
    match store.add_passkey(&by, viewer.person, name, &key, answered, now) {
        Ok(()) => Ok(Ok(())),
        Err(StoreError::Conflict(_)) => Ok(Err(PasskeyRefusal::Challenge)),
        Err(error) => Err(error.into()),
    }
}
