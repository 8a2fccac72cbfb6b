//! Somebody opens the link with which a firm's owner invited them.
//!
//! Opening it changes nothing: mail scanners open links too.

use axum::http::StatusCode;
use maud::html;

use super::sign_in::arrive;
use crate::id::PersonId;
use crate::people::{self, ProofKind, SECRET_CHARS, secret_hash};
use crate::store::StoreError;
use crate::store::firm_people::InvitationRefusal;
use crate::web::answer::{Answer, Problem};
use crate::web::visit::Visit;

pub(in crate::web) fn show(visit: &mut Visit<'_>) -> Result<Answer, Problem> {
    let secret = visit.params.get("secret").cloned().unwrap_or_default();
    if secret.len() != SECRET_CHARS {
        return Ok(refused(visit, InvitationRefusal::Unknown));
    }
    let found = visit
        .store()
        .invitation_by_link(&secret_hash(&secret), visit.people_now);
    let found = match found {
        Err(StoreError::NotFound) => return Ok(refused(visit, InvitationRefusal::Unknown)),
        found => found?,
    };
    let firm = [("firm", found.firm.as_str().into())];
    let heading = visit.say_with("hub-invited", &firm);
    Ok(visit.page(
        &heading,
        &html! {
            div.narrow {
                h1 { (heading) }
                p.lead { (visit.say(&format!("hub-invited-as-{}", found.role))) }
                form method="post" action="/invited" {
                    input type="hidden" name="secret" value=(secret);
                    button type="submit" { (visit.say("hub-invited-accept")) }
                }
                p.hint { (visit.say("hub-invited-not")) }
            }
        },
    ))
}

/// The button was pressed.
pub(in crate::web) fn accept(visit: &mut Visit<'_>) -> Result<Answer, Problem> {
    let hash = secret_hash(visit.field("secret"));
    let now = visit.people_now;
    let (token, session) = people::new_session(ProofKind::Link, &visit.agent, now)?;
    let accepted = visit
        .store()
        .accept_invitation(&hash, PersonId::random()?, &session, now)?;
    match accepted {
        Ok(viewer) => arrive(visit, &token, &viewer, "/"),
        Err(reason) => {
            tracing::info!(reason = reason.as_str(), "an invitation was refused");
            Ok(refused(visit, reason))
        }
    }
}

fn refused(visit: &Visit<'_>, reason: InvitationRefusal) -> Answer {
    let heading = visit.say("hub-invited-refused");
    let main = html! {
        div.narrow {
            h1 { (heading) }
            p.lead { (visit.say(&format!("hub-invited-wrong-{}", reason.as_str()))) }
            p { a href="/sign-in" { (visit.say("hub-problem-sign-in")) } }
        }
    };
    visit.page(&heading, &main).with_status(match reason {
        InvitationRefusal::Unknown => StatusCode::NOT_FOUND,
        InvitationRefusal::Taken => StatusCode::CONFLICT,
    })
}
