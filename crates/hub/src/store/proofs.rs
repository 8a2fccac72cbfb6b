//! What people prove themselves with, and the sessions that come of it.

use larum_core::time::Timestamp;

use super::StoreError;
use super::audit::Actor;
use super::people::NewSession;
use crate::access::Viewer;
use crate::id::{PersonId, ProofId, SessionId};
use crate::people::passkey::{KnownKey, NewKey, PasskeyRefusal};

/// Most passkeys of one person.
pub const MAX_PASSKEYS: u32 = 10;
/// Most sessions of one person; a further one ends the one unused for longest.
pub const MAX_SESSIONS: u32 = 20;

/// A passkey as its person sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Passkey {
    /// Identity.
    pub id: ProofId,
    /// What its person calls it.
    pub name: String,
    /// Whether its maker keeps copies of it on other devices.
    pub synced: bool,
    /// When it was added.
    pub created: Timestamp,
    /// When it last signed in.
    pub last_used: Option<Timestamp>,
}

/// A challenge answered: it is spent in the same transaction as what it was answered for.
#[derive(Clone, Copy, Debug)]
pub struct Answered<'a> {
    /// Its SHA-256, hexadecimal.
    pub challenge_hash: &'a str,
    /// When it would have ended.
    pub expires: Timestamp,
}

/// A session as its person sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SessionRow {
    /// Identity.
    pub id: SessionId,
    /// When it began.
    pub created: Timestamp,
    /// When it was last used, to the minute.
    pub last_used: Timestamp,
    /// How it began, as [`ProofKind`](crate::people::ProofKind) spells it.
    pub proof: String,
    /// What kind of browser on what kind of device.
    pub agent: String,
    /// Whether it is the one that asks.
    pub current: bool,
}

/// The store's part for proofs and sessions. Every change of what a person signs in with writes its
/// row of the audit ledger in the same transaction.
pub trait Proofs: Send + Sync {
    /// The key under which challenges are signed: `fresh` if the hub has none yet, for ever after the
    /// same.
    ///
    /// # Errors
    /// When the store fails.
    fn challenge_key(&self, fresh: &[u8; 32]) -> Result<Vec<u8>, StoreError>;

    /// Keeps a passkey for `person`.
    ///
    /// # Errors
    /// [`StoreError::Conflict`] when the challenge was used before, the passkey is known, or the
    /// person has [`MAX_PASSKEYS`].
    fn add_passkey(
        &self,
        by: &Actor,
        person: PersonId,
        name: &str,
        key: &NewKey,
        answered: Answered<'_>,
        now: Timestamp,
    ) -> Result<(), StoreError>;

    /// A person's passkeys, oldest first.
    ///
    /// # Errors
    /// When the store fails.
    fn passkeys(&self, person: PersonId) -> Result<Vec<Passkey>, StoreError>;

    /// The credential identities of a person's passkeys, so that no device makes a second.
    ///
    /// # Errors
    /// When the store fails.
    fn credentials(&self, person: PersonId) -> Result<Vec<String>, StoreError>;

    /// The key behind a credential, and whose it is.
    ///
    /// # Errors
    /// When the store fails.
    fn passkey(&self, credential: &str) -> Result<Option<(PersonId, KnownKey)>, StoreError>;

    /// Begins a session by passkey: spends the challenge, keeps the device's counter, all or nothing.
    ///
    /// # Errors
    /// When the store fails.
    fn begin_with_passkey(
        &self,
        credential: &str,
        counter: u32,
        answered: Answered<'_>,
        session: &NewSession,
        now: Timestamp,
    ) -> Result<Result<Viewer, PasskeyRefusal>, StoreError>;

    /// Takes a passkey away.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] when the person has none of this identity; [`StoreError::Conflict`]
    /// when it is the last thing they can sign in with.
    fn remove_passkey(
        &self,
        by: &Actor,
        person: PersonId,
        passkey: ProofId,
        now: Timestamp,
    ) -> Result<(), StoreError>;

    /// Takes away all that a person signs in with and ends their sessions: they begin anew with a
    /// link.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] when there is no such person.
    fn reset_proofs(&self, by: &Actor, person: PersonId, now: Timestamp) -> Result<(), StoreError>;

    /// Puts a session whose holder has just proved themselves further in the place of an older one:
    /// a new secret for each step of trust.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] when the older one is not there.
    fn replace_session(
        &self,
        old_hash: &str,
        session: &NewSession,
        now: Timestamp,
    ) -> Result<(), StoreError>;

    /// A person's sessions that are alive, last used first; `current_hash` marks the one that asks.
    ///
    /// # Errors
    /// When the store fails.
    fn sessions(
        &self,
        person: PersonId,
        current_hash: &str,
        idle_ms: i64,
        now: Timestamp,
    ) -> Result<Vec<SessionRow>, StoreError>;

    /// Ends one session of a person; ending one that is not there is fine.
    ///
    /// # Errors
    /// When the store fails.
    fn end_session_of(&self, person: PersonId, session: SessionId) -> Result<(), StoreError>;

    /// Ends all sessions of a person but the one with `keep_hash`; gives how many.
    ///
    /// # Errors
    /// When the store fails.
    fn end_other_sessions(&self, person: PersonId, keep_hash: &str) -> Result<usize, StoreError>;
}
