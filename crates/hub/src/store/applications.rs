//! Firms that ask to join.

use larum_core::time::Timestamp;

use super::StoreError;
use super::audit::Actor;
use super::people::Person;
use crate::access::Scope;
use crate::apply::{NewApplication, Register};
use crate::id::{ApplicationId, MemberId, PersonId};

/// Most applications one list shows.
pub const MAX_APPLICATIONS: u32 = 200;

/// What has become of an application.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// The mailed link was not opened yet.
    Asked,
    /// An officer is to look at it.
    Waiting,
    /// The officer has asked something.
    Question,
    /// The firm was let in.
    Accepted,
    /// The firm was turned away.
    Refused,
}

impl State {
    const ALL: [Self; 5] = [
        Self::Asked,
        Self::Waiting,
        Self::Question,
        Self::Accepted,
        Self::Refused,
    ];

    /// The one spelling, in the store and the catalogue.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Asked => "asked",
            Self::Waiting => "waiting",
            Self::Question => "question",
            Self::Accepted => "accepted",
            Self::Refused => "refused",
        }
    }

    /// The state spelled `word`.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.as_str() == word)
    }

    /// Whether an officer has still to decide.
    #[must_use]
    pub const fn is_open(self) -> bool {
        matches!(self, Self::Waiting | Self::Question)
    }
}

/// An application as it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Application {
    /// Its identity.
    pub id: ApplicationId,
    /// Name of the firm.
    pub firm: String,
    /// Its e-mail domain.
    pub domain: String,
    /// Who asks.
    pub contact: String,
    /// Their address.
    pub email: String,
    /// Which register the firm stands in.
    pub register: Register,
    /// Its number there.
    pub number: String,
    /// Its registration with the Information Commissioner, if it said one.
    pub ico: Option<String>,
    /// Line of business.
    pub sector: String,
    /// Size class.
    pub size: String,
    /// The letters its postcodes begin with.
    pub postcode: String,
    /// Police force area, ONS code.
    pub area: String,
    /// The region that vets it.
    pub region: String,
    /// The four words.
    pub spoken: String,
    /// What has become of it.
    pub state: State,
    /// When it was asked.
    pub asked: Timestamp,
    /// The officer's question.
    pub question: Option<String>,
    /// The firm's answer.
    pub answer: Option<String>,
    /// Why it was turned away.
    pub reason: Option<String>,
    /// When it was decided.
    pub decided: Option<Timestamp>,
}

/// What applications need of the store. Every step stands in the ledger, written in the same
/// transaction.
pub trait Applications: Send + Sync {
    /// Keeps an application that nobody has confirmed yet, and forgets those whose time is over.
    ///
    /// # Errors
    /// [`StoreError::Conflict`] when one with the same address is open, or too many wait.
    fn add_application(&self, new: &NewApplication, now: Timestamp) -> Result<(), StoreError>;

    /// The application whose mailed link has this hash.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] when there is none, or its link was not confirmed in time.
    fn application_by_link(
        &self,
        secret_hash: &str,
        now: Timestamp,
    ) -> Result<Application, StoreError>;

    /// The mailed link was confirmed; true the first time.
    ///
    /// # Errors
    /// As [`Applications::application_by_link`].
    fn confirm_application(&self, secret_hash: &str, now: Timestamp) -> Result<bool, StoreError>;

    /// The firm answers the officer's question.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] when there is no such application; [`StoreError::Conflict`] when
    /// nothing was asked.
    fn answer_application(
        &self,
        secret_hash: &str,
        answer: &str,
        now: Timestamp,
    ) -> Result<(), StoreError>;

    /// Confirmed applications of the regions in `scope`, those to be decided first, then the newest;
    /// at most [`MAX_APPLICATIONS`].
    ///
    /// # Errors
    /// When the store fails.
    fn applications(&self, scope: &Scope) -> Result<Vec<Application>, StoreError>;

    /// One of them.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] when there is none, or it is not in `scope`.
    fn application(&self, scope: &Scope, id: ApplicationId) -> Result<Application, StoreError>;

    /// An officer asks something.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] as above; [`StoreError::Conflict`] when it was decided.
    fn ask_application(
        &self,
        by: &Actor,
        scope: &Scope,
        id: ApplicationId,
        question: &str,
        now: Timestamp,
    ) -> Result<(), StoreError>;

    /// An officer turns the firm away.
    ///
    /// # Errors
    /// As [`Applications::ask_application`].
    fn refuse_application(
        &self,
        by: &Actor,
        scope: &Scope,
        id: ApplicationId,
        reason: &str,
        now: Timestamp,
    ) -> Result<(), StoreError>;

    /// An officer lets the firm in: the firm and its owner are there afterwards, with these
    /// identities, or nothing has changed.
    ///
    /// # Errors
    /// As [`Applications::ask_application`]; [`StoreError::Conflict`] too when somebody has the
    /// owner's address.
    fn accept_application(
        &self,
        by: &Actor,
        scope: &Scope,
        id: ApplicationId,
        member: MemberId,
        owner: PersonId,
        now: Timestamp,
    ) -> Result<(), StoreError>;

    /// The regional officers who work for `region`, and those who work for all; not those shut out.
    ///
    /// # Errors
    /// When the store fails.
    fn officers_of(&self, region: &str) -> Result<Vec<Person>, StoreError>;
}
