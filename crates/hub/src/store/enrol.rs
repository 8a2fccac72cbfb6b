//! Firms, invitations, collectors and their certificates.

use larum_core::time::Timestamp;

use super::StoreError;
use crate::id::{CollectorId, MemberId};

/// A firm to be added.
#[derive(Clone, Debug)]
pub struct NewMember {
    /// Its identity.
    pub id: MemberId,
    /// Its name, for people.
    pub name: String,
    /// Police force area, ONS code.
    pub area: String,
    /// Region.
    pub region: String,
    /// Line of business.
    pub sector: String,
    /// Size class.
    pub size: String,
}

/// An invitation to be kept: the hash of a one-time token's secret, never the secret.
#[derive(Clone, Debug)]
pub struct NewToken {
    /// [`larum_link::token::Token::secret_hash`].
    pub secret_hash: String,
    /// The firm invited.
    pub member: MemberId,
    /// The place the collector stands in, for people.
    pub site: String,
    /// When it stops being good.
    pub expires: Timestamp,
}

/// Whom an invitation is for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Invitation {
    /// The firm.
    pub member: MemberId,
    /// Its name.
    pub member_name: String,
}

/// A certificate given to a collector.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Issued {
    /// To whom.
    pub collector: CollectorId,
    /// Serial number, hexadecimal.
    pub serial: String,
    /// Start of validity.
    pub not_before: Timestamp,
    /// End of validity.
    pub not_after: Timestamp,
}

/// Where a collector stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Standing {
    /// The firm it belongs to.
    pub member: MemberId,
    /// The firm's name.
    pub member_name: String,
    /// When it was revoked, if it was.
    pub revoked: Option<Timestamp>,
}

/// Whom a collector said it trusts to be the hub, in its last sign of life.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TrustEntry {
    /// The collector.
    pub collector: CollectorId,
    /// Name of its firm.
    pub member_name: String,
    /// Where it stands.
    pub site: String,
    /// As [`larum_link::tls::trust`]; `None` when it has not said, as versions before do not.
    pub trust: Option<String>,
}

/// Why an invitation is not good.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TokenRefusal {
    /// Nobody was ever invited with it.
    Unknown,
    /// A collector joined with it before.
    Used,
    /// It is too old.
    Expired,
}

/// What enrolment needs of the store.
pub trait EnrolStore {
    /// Adds a firm.
    ///
    /// # Errors
    /// [`StoreError::Conflict`] when it is there already.
    fn add_member(&self, member: &NewMember, now: Timestamp) -> Result<(), StoreError>;

    /// Keeps an invitation.
    ///
    /// # Errors
    /// [`StoreError::Conflict`] when there is no such member.
    fn add_token(&self, token: &NewToken, now: Timestamp) -> Result<(), StoreError>;

    /// Whom the invitation with this hash is for, if it is still good. Changes nothing.
    ///
    /// # Errors
    /// When the store fails.
    fn invitation(
        &self,
        secret_hash: &str,
        now: Timestamp,
    ) -> Result<Result<Invitation, TokenRefusal>, StoreError>;

    /// Uses the invitation up and adds the collector with its first certificate: all or nothing, so
    /// that of two callers with one token exactly one is let in.
    ///
    /// # Errors
    /// When the store fails.
    fn enrol(
        &self,
        secret_hash: &str,
        issued: &Issued,
        now: Timestamp,
    ) -> Result<Result<Invitation, TokenRefusal>, StoreError>;

    /// Records a collector's next certificate and forgets those that ended more than 30 days ago.
    ///
    /// # Errors
    /// [`StoreError::Conflict`] when there is no such collector.
    fn renew(&self, issued: &Issued, now: Timestamp) -> Result<(), StoreError>;

    /// Where a collector stands.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] when there is no such collector.
    fn standing(&self, collector: CollectorId) -> Result<Standing, StoreError>;

    /// Whom the collectors trust that can still call: not shut out, and with a certificate in force at
    /// `now`. By firm and place.
    ///
    /// # Errors
    /// When the store fails.
    fn trust_entries(&self, now: Timestamp) -> Result<Vec<TrustEntry>, StoreError>;

    /// Shuts a collector out for good; doing it twice keeps the first time.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] when there is no such collector.
    fn revoke_collector(&self, collector: CollectorId, now: Timestamp) -> Result<(), StoreError>;

    /// A value of the hub's own, such as its trust domain.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] when it was never set.
    fn setting(&self, name: &str) -> Result<Vec<u8>, StoreError>;

    /// Sets a value of the hub's own.
    ///
    /// # Errors
    /// When the store fails.
    fn set_setting(&self, name: &str, value: &[u8]) -> Result<(), StoreError>;
}
