//! The start: everybody goes to what they came for.

use crate::access::{Denied, Role};
use crate::web::answer::{Answer, Problem};
use crate::web::visit::Visit;

pub(in crate::web) fn show(visit: &mut Visit<'_>) -> Result<Answer, Problem> {
    let viewer = visit.viewer.ok_or(Problem::Denied(Denied::NotSignedIn))?;
    Ok(Answer::go(match viewer.role {
        Role::Member | Role::Staff | Role::Reader => "/home",
        Role::Provider => "/firms",
        Role::Analyst | Role::Student => "/members",
        Role::Officer | Role::Regional | Role::National => "/threats",
        Role::Administrator => "/admin",
    }))
}
