//! A firm's own people, as its owners choose them.

use larum_core::time::Timestamp;

use super::StoreError;
use super::people::NewSession;
use crate::access::{Role, Scope, Viewer};
use crate::id::{InvitationId, MemberId, PersonId};

/// Most people of one firm, and open invitations to it, that an owner makes.
pub const MAX_FIRM_PEOPLE: u32 = 200;

/// Somebody of the firm, as its owner sees them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FirmPerson {
    /// Identity.
    pub id: PersonId,
    /// Name.
    pub name: String,
    /// Address.
    pub email: String,
    /// What they may do.
    pub role: Role,
    /// Who shut them out, if they are.
    pub shut_out: Option<ShutOutBy>,
}

/// Who shut somebody out, and so who may let them in again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ShutOutBy {
    /// An owner of the firm.
    Firm,
    /// Whoever runs the hub.
    Hub,
}

/// Somebody invited who has not come yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Invitation {
    /// Identity.
    pub id: InvitationId,
    /// The firm.
    pub member: MemberId,
    /// Its name.
    pub firm: String,
    /// Name of who is invited.
    pub name: String,
    /// Where the link went.
    pub email: String,
    /// What they will be.
    pub role: Role,
    /// When the link stops being good.
    pub expires: Timestamp,
}

/// An invitation to be kept. [`crate::people::check_person`] makes sure of its fields.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewInvitation {
    /// Identity.
    pub id: InvitationId,
    /// SHA-256 of the link's secret, hexadecimal.
    pub secret_hash: String,
    /// Address, lower case.
    pub email: String,
    /// Name.
    pub name: String,
    /// [`Role::Staff`] or [`Role::Reader`].
    pub role: Role,
    /// When the link stops being good.
    pub expires: Timestamp,
}

/// Why an owner's wish about the firm's people is not done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StaffRefusal {
    /// Somebody of the same firm has this address.
    Here,
    /// The firm has [`MAX_FIRM_PEOPLE`].
    TooMany,
    /// It is no role of a firm, or not one that people are invited to.
    Role,
    /// The firm would have no owner who can sign in.
    LastOwner,
    /// Whoever runs the hub shut the person out, and lets them in again.
    ByHub,
}

impl StaffRefusal {
    /// The word for it in the catalogue (`hub-staff-wrong-…`).
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Here => "here",
            Self::TooMany => "too-many",
            Self::Role => "role",
            Self::LastOwner => "last-owner",
            Self::ByHub => "by-hub",
        }
    }
}

/// Why an invitation lets nobody in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum InvitationRefusal {
    /// Not known: used, withdrawn, too old, or its owner is none any more.
    Unknown,
    /// Its address signs somebody in here already.
    Taken,
}

impl InvitationRefusal {
    /// The word for it in logs and the catalogue (`hub-invited-wrong-…`).
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Unknown => "unknown",
            Self::Taken => "taken",
        }
    }
}

/// What came of an owner's wish.
pub type Settled = Result<Result<(), StaffRefusal>, StoreError>;

/// A firm's people. Whoever asks must be an owner of the one firm in `scope` at the moment of the change:
/// both are looked up in the transaction that makes it, and anybody else gets [`StoreError::NotFound`].
/// Each change stands in the ledger, where the firm sees it.
pub trait FirmPeople: Send + Sync {
    /// The people of the firm in `scope`, by name.
    ///
    /// # Errors
    /// When the engine fails.
    fn firm_people(&self, scope: &Scope) -> Result<Vec<FirmPerson>, StoreError>;

    /// Whom the firm in `scope` has invited and who may still come, by name.
    ///
    /// # Errors
    /// When the engine fails.
    fn invitations(&self, scope: &Scope, now: Timestamp) -> Result<Vec<Invitation>, StoreError>;

    /// Keeps an invitation; an earlier one of the firm to the same address ends. Whether the address is
    /// known elsewhere on this hub changes nothing.
    ///
    /// # Errors
    /// [`StoreError::NotFound`], and when the engine fails.
    fn invite(&self, scope: &Scope, owner: &Viewer, new: &NewInvitation, now: Timestamp)
    -> Settled;

    /// Ends an invitation of the firm.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] when there is none, and when the engine fails.
    fn withdraw_invitation(
        &self,
        scope: &Scope,
        owner: &Viewer,
        id: InvitationId,
        now: Timestamp,
    ) -> Result<(), StoreError>;

    /// Says what somebody of the firm may do, from now on and in sessions that live.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] when they are not of the firm, and when the engine fails.
    fn set_firm_role(
        &self,
        scope: &Scope,
        owner: &Viewer,
        person: PersonId,
        role: Role,
        now: Timestamp,
    ) -> Settled;

    /// Shuts somebody of the firm out (sessions and links end at once), or lets them in again.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] when they are not of the firm, and when the engine fails.
    fn set_shut_out(
        &self,
        scope: &Scope,
        owner: &Viewer,
        person: PersonId,
        out: bool,
        now: Timestamp,
    ) -> Settled;

    /// The invitation that a link's holder may accept.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] when there is none, and when the engine fails.
    fn invitation_by_link(
        &self,
        secret_hash: &str,
        now: Timestamp,
    ) -> Result<Invitation, StoreError>;

    /// Uses the invitation up: its holder becomes `person`, and `session` begins.
    ///
    /// # Errors
    /// When the engine fails.
    fn accept_invitation(
        &self,
        secret_hash: &str,
        person: PersonId,
        session: &NewSession,
        now: Timestamp,
    ) -> Result<Result<Viewer, InvitationRefusal>, StoreError>;
}
