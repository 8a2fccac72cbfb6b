//! Running the hub: members, collectors, invitations, people, acts. No page here reads what a member
//! sent: the scope of every one of them reaches nobody.

pub mod collectors;
pub mod firms;
pub mod members;
pub mod overview;
pub mod people;

use crate::store::StoreError;
use crate::store::audit::Entry;
use crate::web::answer::Problem;
use crate::web::visit::Visit;

/// What is wrong with a form: the field and the message to show.
pub(super) struct Wrong {
    pub field: &'static str,
    pub message: String,
}

/// Writes an act into the ledger before it is done.
fn note(visit: &Visit<'_>, action: &str, subject: String) -> Result<(), Problem> {
    let entry = Entry {
        action: action.to_owned(),
        member: None,
        subject,
    };
    Ok(visit.store().record(&visit.actor()?, &[entry], visit.now)?)
}

/// A refusal by the store as something wrong with `field`; a failure stays a failure.
fn conflict(error: StoreError, field: &'static str, message: String) -> Result<Wrong, Problem> {
    match error {
        StoreError::Conflict(_) => Ok(Wrong { field, message }),
        other => Err(other.into()),
    }
}
