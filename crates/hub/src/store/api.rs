//! Keys of programs, and what only programs ask for: warnings page by page, and their acknowledgement.

use larum_core::time::Timestamp;

use super::StoreError;
use super::audit::Actor;
use super::pages::WarningRow;
use crate::access::{Action, Scope, Sealed, Viewer};
use crate::id::{KeyId, MemberId, PersonId};

/// Most keys of one person that are neither ended nor revoked.
pub const MAX_KEYS: u32 = 20;
/// Most keys of one list.
pub const MAX_KEY_ROWS: u32 = 200;
/// Most warnings of one page.
pub const MAX_WARNINGS: u32 = 100;

/// A key to be kept; [`crate::keys::make`] makes it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewKey {
    /// Identity.
    pub id: KeyId,
    /// SHA-256 of the key, hexadecimal.
    pub secret_hash: String,
    /// Whose it is.
    pub person: PersonId,
    /// What it is for, in its owner's words.
    pub name: String,
    /// What it may do at most; the owner's role decides as well, at every call.
    pub actions: Vec<Action>,
    /// When it ends.
    pub expires: Timestamp,
}

/// A key as its owner sees it; the key itself is not kept anywhere.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyRow {
    /// Identity.
    pub id: KeyId,
    /// Whose it is.
    pub person: PersonId,
    /// What it is for.
    pub name: String,
    /// What it may do at most.
    pub actions: Vec<Action>,
    /// When it was made.
    pub created: Timestamp,
    /// When it ends.
    pub expires: Timestamp,
    /// When it was revoked, if it was.
    pub revoked: Option<Timestamp>,
    /// When it was last used, to the minute.
    pub last_used: Option<Timestamp>,
}

/// Why a key opens nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum KeyRefusal {
    /// Nobody was ever given it.
    #[error("unknown key")]
    Unknown,
    /// Its time is over.
    #[error("key expired")]
    Expired,
    /// It was revoked.
    #[error("key revoked")]
    Revoked,
    /// Its owner was shut out.
    #[error("person disabled")]
    Disabled,
}

/// Somebody's word that a warning was read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Acknowledged {
    /// Whose.
    pub person: PersonId,
    /// When.
    pub at: Timestamp,
}

/// A warning, and whether it was acknowledged.
pub type AnsweredWarning = (WarningRow, Option<Acknowledged>);

/// What the programming interface needs of the store beside what the pages need.
pub trait ApiStore: Send + Sync {
    /// Keeps a key, and writes the ledger's row for it.
    ///
    /// # Errors
    /// [`StoreError::Conflict`] when the person has [`MAX_KEYS`] already or is not there.
    fn add_key(&self, by: &Actor, key: &NewKey, now: Timestamp) -> Result<(), StoreError>;

    /// The key with this hash and its owner as they are now; the use is noted, at most once a minute.
    ///
    /// # Errors
    /// When the store fails.
    fn use_key(
        &self,
        secret_hash: &str,
        now: Timestamp,
    ) -> Result<Result<(KeyRow, Viewer), KeyRefusal>, StoreError>;

    /// The keys of a person, newest first; at most [`MAX_KEY_ROWS`].
    ///
    /// # Errors
    /// When the store fails.
    fn keys_of(&self, person: PersonId) -> Result<Vec<KeyRow>, StoreError>;

    /// Revokes a key of `person`, and writes the ledger's row for it; doing it twice keeps the first
    /// time.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] when that person has no such key.
    fn revoke_key(
        &self,
        by: &Actor,
        person: PersonId,
        key: KeyId,
        now: Timestamp,
    ) -> Result<(), StoreError>;

    /// A firm's warnings, newest first, from before number `before`, each with its acknowledgement; at
    /// most `limit` and [`MAX_WARNINGS`].
    ///
    /// # Errors
    /// When the store fails.
    fn warnings_before(
        &self,
        scope: &Scope,
        member: MemberId,
        before: Option<u64>,
        limit: u32,
    ) -> Result<Sealed<Vec<AnsweredWarning>>, StoreError>;

    /// Notes that `person` has read a warning to `member`, and writes the ledger's row for it; doing it
    /// twice keeps the first.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] when it is not there, another firm's, or outside the scope.
    fn acknowledge(
        &self,
        scope: &Scope,
        member: MemberId,
        warning: u64,
        by: &Viewer,
        now: Timestamp,
    ) -> Result<Acknowledged, StoreError>;
}
