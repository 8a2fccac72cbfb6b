//! Codes of an app as a second step, and the recovery codes for when the app is lost.

use larum_core::time::Timestamp;

use super::StoreError;
use super::audit::Actor;
use super::people::NewSession;
use crate::id::PersonId;

/// Wrong codes in a row after which none is taken for a while.
pub const MAX_WRONG: u32 = 5;
/// How long none is taken after the first [`MAX_WRONG`], in milliseconds; twice as long after each
/// further as many, up to [`MAX_LOCK_MS`].
pub const LOCK_MS: i64 = 15 * 60_000;
/// Longest time for which none is taken, in milliseconds.
pub const MAX_LOCK_MS: i64 = 24 * 3_600_000;

/// Why a code is not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CodeRefusal {
    /// It is not right, or was used before.
    #[error("wrong code")]
    Wrong,
    /// Too many were wrong: none is taken for a while.
    #[error("locked")]
    Locked,
    /// The person has no app.
    #[error("no app")]
    NoApp,
}

impl CodeRefusal {
    /// The word for it in logs, metrics and the catalogue (`hub-code-…`).
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Wrong => "wrong",
            Self::Locked => "locked",
            Self::NoApp => "no-app",
        }
    }
}

/// A person's app as its person sees it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CodeApp {
    /// Since when it counts.
    pub confirmed: Timestamp,
    /// Recovery codes not used yet.
    pub recovery_left: u32,
}

/// Given an app's secret and the last step used, the step that what was typed is the code of.
pub type CheckCode<'a> = dyn Fn(&[u8], Option<i64>) -> Option<i64> + 'a;

/// What is typed in.
pub enum Typed<'a> {
    /// A code of the app.
    Code(&'a CheckCode<'a>),
    /// A recovery code's SHA-256, hexadecimal.
    Recovery(&'a str),
}

/// The store's part for codes.
pub trait Codes: Send + Sync {
    /// The person's app, if they have one that counts.
    ///
    /// # Errors
    /// When the store fails.
    fn code_app(&self, person: PersonId) -> Result<Option<CodeApp>, StoreError>;

    /// The secret of the app that the person is setting up: `fresh` if there is none yet. It counts
    /// for nothing before [`Codes::confirm_code_app`].
    ///
    /// # Errors
    /// When the store fails.
    fn offer_code_app(&self, person: PersonId, fresh: &[u8]) -> Result<Vec<u8>, StoreError>;

    /// Makes the app being set up count, in the place of any before it, if `check` finds the code
    /// typed to be its; keeps the hashes of new recovery codes.
    ///
    /// # Errors
    /// When the store fails.
    fn confirm_code_app(
        &self,
        by: &Actor,
        person: PersonId,
        check: &dyn Fn(&[u8]) -> Option<i64>,
        recovery_hashes: &[String],
        now: Timestamp,
    ) -> Result<Result<(), CodeRefusal>, StoreError>;

    /// Takes a code: the session with `old_hash` gives way to `session`, all or nothing. Wrong ones
    /// are counted, and too many lock.
    ///
    /// # Errors
    /// When the store fails; [`StoreError::NotFound`] when the older session is not the person's.
    fn prove_with_code(
        &self,
        person: PersonId,
        typed: Typed<'_>,
        old_hash: &str,
        session: &NewSession,
        now: Timestamp,
    ) -> Result<Result<(), CodeRefusal>, StoreError>;

    /// Takes the app and the recovery codes away.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] when there is none; [`StoreError::Conflict`] when it is the last thing
    /// the person can sign in with.
    fn remove_code_app(
        &self,
        by: &Actor,
        person: PersonId,
        now: Timestamp,
    ) -> Result<(), StoreError>;
}
