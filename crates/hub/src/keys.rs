//! Keys that programs call the programming interface with.
//!
//! A key is `larum_` and 256 random bits as text. It belongs to a person and can do no more than that
//! person can at the moment of the call, and of that only what it was made for. The store keeps its
//! SHA-256 only; it is shown once.

use larum_core::time::Timestamp;
use larum_link::secret::{NoRandomness, random_text};

use crate::access::{Action, Role, Ruling};
use crate::id::{KeyId, PersonId};
use crate::people::{SECRET_CHARS, secret_hash};
use crate::store::StoreError;
use crate::store::api::{ApiStore, NewKey};
use crate::store::audit::Actor;

/// What a key begins with, so that a program that looks for lost secrets finds it.
pub const PREFIX: &str = "larum_";
/// Longest name, in characters.
pub const MAX_NAME_CHARS: usize = 60;
/// Longest life, in days.
pub const MAX_DAYS: u32 = 366;
/// Life when none is said, in days.
pub const DAYS: u32 = 90;
/// What a key can be made for. Running the hub is for people; signing in is not for keys.
pub const ACTIONS: [Action; 7] = [
    Action::OwnRead,
    Action::OwnAct,
    Action::ThreatList,
    Action::ThreatRead,
    Action::MemberList,
    Action::MemberRead,
    Action::AdminRead,
];

/// Why there is no key.
#[derive(Debug, thiserror::Error)]
pub enum KeyError {
    /// No name, or one longer than [`MAX_NAME_CHARS`].
    #[error("name")]
    Name,
    /// No day, or more than [`MAX_DAYS`].
    #[error("days")]
    Days,
    /// Nothing it could do, or something that keys or the person cannot.
    #[error("actions")]
    Actions,
    /// The operating system gave no random bytes.
    #[error(transparent)]
    NoRandomness(#[from] NoRandomness),
    /// The store failed, or the person has too many.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// What a key of somebody with `role` can be made for.
pub fn possible(role: Role) -> impl Iterator<Item = Action> {
    ACTIONS
        .into_iter()
        .filter(move |action| action.ruling(Some(role)) != Ruling::Deny)
}

/// Makes a key of `person`, who is a `role`. The key is given out here and never again.
///
/// # Errors
/// When it makes no sense, or the store or the randomness fails.
#[expect(clippy::too_many_arguments, reason = "what a key consists of")]
pub fn make<S: ApiStore + ?Sized>(
    store: &S,
    by: &Actor,
    person: PersonId,
    role: Role,
    name: &str,
    actions: &[Action],
    days: u32,
    now: Timestamp,
) -> Result<(KeyId, String), KeyError> {
    let name = name.trim();
    if name.is_empty()
        || name.chars().count() > MAX_NAME_CHARS
        || name.chars().any(char::is_control)
    {
        return Err(KeyError::Name);
    }
    if !(1..=MAX_DAYS).contains(&days) {
        return Err(KeyError::Days);
    }
    let mut actions = actions.to_vec();
    actions.sort_unstable();
    actions.dedup();
    let grantable = |action: &Action| possible(role).any(|known| known == *action);
    if actions.is_empty() || !actions.iter().all(grantable) {
        return Err(KeyError::Actions);
    }
    let key = format!("{PREFIX}{}", random_text()?);
    let new = NewKey {
        id: KeyId::random()?,
        secret_hash: secret_hash(&key),
        person,
        name: name.to_owned(),
        actions,
        expires: now.plus_seconds(i64::from(days) * 86_400),
    };
    store.add_key(by, &new, now)?;
    Ok((new.id, key))
}

/// The hash of what has the shape of a key; `None` for anything else, which the store need not be
/// asked about.
#[must_use]
pub fn hash(text: &str) -> Option<String> {
    let secret = text.strip_prefix(PREFIX)?;
    let good = secret.len() == SECRET_CHARS
        && secret
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'));
    good.then(|| secret_hash(text))
}
