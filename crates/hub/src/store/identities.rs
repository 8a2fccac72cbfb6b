//! Accounts at single sign-on providers that stand for people here.

use larum_core::time::Timestamp;

use super::StoreError;
use super::audit::Actor;
use super::people::NewSession;
use crate::access::Viewer;
use crate::id::PersonId;
use crate::people::oidc::{Arrived, OidcRefusal};

/// An account that somebody has connected.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identity {
    /// The provider's issuer.
    pub issuer: String,
    /// Since when.
    pub created: Timestamp,
    /// When it last signed them in.
    pub last_used: Option<Timestamp>,
}

/// The store's part for accounts elsewhere.
pub trait Identities: Send + Sync {
    /// Connects the account that `arrived` to `person`; one account of each provider. Connecting the
    /// same again is fine.
    ///
    /// # Errors
    /// When the store fails. Why it is not connected is the inner result: it is another's, or the
    /// challenge was used.
    fn add_identity(
        &self,
        by: &Actor,
        person: PersonId,
        arrived: &Arrived,
        now: Timestamp,
    ) -> Result<Result<(), OidcRefusal>, StoreError>;

    /// Begins a session for whoever the account stands for.
    ///
    /// # Errors
    /// When the store fails. Why none begins is the inner result.
    fn begin_with_identity(
        &self,
        arrived: &Arrived,
        session: &NewSession,
        now: Timestamp,
    ) -> Result<Result<Viewer, OidcRefusal>, StoreError>;

    /// The accounts of `person`, by issuer.
    ///
    /// # Errors
    /// When the store fails.
    fn identities(&self, person: PersonId) -> Result<Vec<Identity>, StoreError>;

    /// Takes one away.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] when there is none; [`StoreError::Conflict`] when it is the last
    /// thing they can sign in with.
    fn remove_identity(
        &self,
        by: &Actor,
        person: PersonId,
        issuer: &str,
        now: Timestamp,
    ) -> Result<(), StoreError>;
}
