//! What one person may do only before others' eyes: taking a region's role in an emergency, showing a
//! region's firms to national analysts, and acts to which a second person must agree.

use larum_core::time::Timestamp;

use super::StoreError;
use super::audit::Actor;
use crate::access::{Scope, Sealed};
use crate::id::{ApprovalId, EmergencyId, PersonId};

/// An emergency lasts at most this long, in seconds.
pub const EMERGENCY_SECONDS: i64 = 3_600;
/// A second person must agree, and the act be done, within this time, in seconds.
pub const APPROVAL_SECONDS: i64 = 24 * 3_600;
/// Most rows one list shows.
pub const MAX_ROWS: u32 = 100;
/// Most people one export holds.
pub const MAX_EXPORT_ROWS: u32 = 10_000;

/// A role taken in an emergency.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Emergency {
    /// Its identity.
    pub id: EmergencyId,
    /// Whose.
    pub who: String,
    /// The region.
    pub region: String,
    /// Why, in their words.
    pub reason: String,
    /// Since when.
    pub began: Timestamp,
    /// Until when.
    pub ends: Timestamp,
}

/// A region that lets national analysts see its firms.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Share {
    /// The region.
    pub region: String,
    /// The officer who began it.
    pub who: String,
    /// Why, in their words.
    pub reason: String,
    /// Since when.
    pub since: Timestamp,
}

/// An act to which a second person must agree.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Taking away all that somebody signs in with.
    Reset,
    /// Taking the names and addresses of firms' people along.
    Export,
}

impl Kind {
    const ALL: [Self; 2] = [Self::Reset, Self::Export];

    /// The one spelling, in the store, the ledger and the catalogue.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Reset => "reset",
            Self::Export => "export",
        }
    }

    /// The kind spelled `word`.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == word)
    }
}

/// One such act.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Approval {
    /// Its identity.
    pub id: ApprovalId,
    /// What.
    pub kind: Kind,
    /// On whom (a person), or where (a region; empty for all).
    pub subject: String,
    /// Why, in the words of whoever asked.
    pub reason: String,
    /// Who asked.
    pub asked_by: PersonId,
    /// Their name.
    pub asked_name: String,
    /// When.
    pub asked: Timestamp,
    /// The name of whoever agreed.
    pub agreed_name: Option<String>,
}

/// Somebody of a firm, as an export holds them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Contact {
    /// The firm.
    pub firm: String,
    /// Its area, ONS code.
    pub area: String,
    /// Their name.
    pub name: String,
    /// Their address.
    pub email: String,
    /// Their role in it.
    pub role: String,
}

/// The store's part for these. Every step stands in the ledger, in the same transaction.
pub trait Watchful: Send + Sync {
    /// The session with `session_hash` works as a regional officer of `region` from now on, for
    /// [`EMERGENCY_SECONDS`].
    ///
    /// # Errors
    /// [`StoreError::NotFound`] when `person` has no such session.
    fn begin_emergency(
        &self,
        by: &Actor,
        person: PersonId,
        session_hash: &str,
        region: &str,
        reason: &str,
        now: Timestamp,
    ) -> Result<(), StoreError>;

    /// Ends that early; where there is none, nothing happens.
    ///
    /// # Errors
    /// When the store fails.
    fn end_emergency(
        &self,
        by: &Actor,
        session_hash: &str,
        now: Timestamp,
    ) -> Result<(), StoreError>;

    /// Emergencies in which somebody read the data of the one firm in `scope`, newest first; at most
    /// [`MAX_ROWS`]. Empty for any other scope.
    ///
    /// # Errors
    /// When the store fails.
    fn emergencies(&self, scope: &Scope) -> Result<Vec<Emergency>, StoreError>;

    /// National analysts see the firms of `region` from now on. Where they do already, the newer reason stands.
    ///
    /// # Errors
    /// When the store fails.
    fn share_region(
        &self,
        by: &Actor,
        person: PersonId,
        region: &str,
        reason: &str,
        now: Timestamp,
    ) -> Result<(), StoreError>;

    /// They see them no longer, from the next page on.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] when they did not.
    fn end_share(&self, by: &Actor, region: &str, now: Timestamp) -> Result<(), StoreError>;

    /// Regions whose firms national analysts see; in the scope of a firm, its own.
    ///
    /// # Errors
    /// When the store fails.
    fn shares(&self, scope: &Scope) -> Result<Vec<Share>, StoreError>;

    /// Asks for a second person.
    ///
    /// # Errors
    /// [`StoreError::Conflict`] when the same is asked already.
    fn ask_approval(
        &self,
        by: &Actor,
        person: PersonId,
        kind: Kind,
        subject: &str,
        reason: &str,
        now: Timestamp,
    ) -> Result<(), StoreError>;

    /// What of `kind` is asked and neither done nor too old, newest first; at most [`MAX_ROWS`].
    ///
    /// # Errors
    /// When the store fails.
    fn approvals(&self, kind: Kind, now: Timestamp) -> Result<Vec<Approval>, StoreError>;

    /// A second person agrees.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] when there is no such question, or its time is over;
    /// [`StoreError::Conflict`] when it is one's own, or somebody has agreed.
    fn agree(
        &self,
        by: &Actor,
        person: PersonId,
        id: ApprovalId,
        now: Timestamp,
    ) -> Result<(), StoreError>;

    /// Whoever asked makes use of it, once. A reset is done by that; for an export the caller goes on.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] when it is not theirs, not agreed to, done, or too old.
    fn take_approval(
        &self,
        by: &Actor,
        person: PersonId,
        id: ApprovalId,
        now: Timestamp,
    ) -> Result<Approval, StoreError>;

    /// The people of the firms in `scope`; at most [`MAX_EXPORT_ROWS`].
    ///
    /// # Errors
    /// When the store fails.
    fn contacts(&self, scope: &Scope) -> Result<Sealed<Vec<Contact>>, StoreError>;
}
