//! The firms that somebody looks after who belongs to none of them: a service company and its
//! customers.

use larum_core::time::Timestamp;

use super::StoreError;
use super::audit::Actor;
use crate::id::{MemberId, PersonId};

/// Most firms that one person looks after.
pub const MAX_FIRMS: u32 = 500;

/// The store's part for who looks after which firms. Every change stands in the ledger, where the
/// firm sees it.
pub trait LookedAfter: Send + Sync {
    /// The firms that `person` looks after, by name; at most [`MAX_FIRMS`].
    ///
    /// # Errors
    /// When the store fails.
    fn firms_of(&self, person: PersonId) -> Result<Vec<(MemberId, String)>, StoreError>;

    /// Lets `person`, who must be of the role provider, look after `member`; again is fine.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] when there is no such person of that role; [`StoreError::Conflict`]
    /// when there is no such firm, or they have [`MAX_FIRMS`].
    fn give_firm(
        &self,
        by: &Actor,
        person: PersonId,
        member: MemberId,
        now: Timestamp,
    ) -> Result<(), StoreError>;

    /// Ends that, at once.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] when they do not look after it.
    fn take_firm(
        &self,
        by: &Actor,
        person: PersonId,
        member: MemberId,
        now: Timestamp,
    ) -> Result<(), StoreError>;

    /// Which of their firms the session with `secret_hash` looks at from now on.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] when `person` does not look after it.
    fn choose_firm(
        &self,
        secret_hash: &str,
        person: PersonId,
        member: MemberId,
    ) -> Result<(), StoreError>;
}
