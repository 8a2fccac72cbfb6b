//! Signing in by one-time link, and out.
//!
//! Opening the link changes nothing: mail scanners open links too. Only the button signs in.

use axum::http::StatusCode;
use maud::html;

use crate::people::{self, SECRET_CHARS};
use crate::web::answer::{Answer, Problem};
use crate::web::session;
use crate::web::visit::Visit;

/// Asks to use the link.
pub(in crate::web) fn ask(visit: &mut Visit<'_>) -> Result<Answer, Problem> {
    if visit.viewer.is_some() {
        return Ok(Answer::go("/"));
    }
    let heading = visit.say("hub-sign-in");
    Ok(visit.page(
        &heading,
        &html! {
            div.narrow {
                h1 { (heading) }
                p.lead { (visit.say("hub-sign-in-how")) }
                h2 { (visit.say("hub-sign-in-no-link")) }
                p { (visit.say("hub-sign-in-ask")) }
            }
        },
    ))
}

/// The link was opened.
pub(in crate::web) fn confirm(visit: &mut Visit<'_>) -> Result<Answer, Problem> {
    let secret = visit.params.get("secret").cloned().unwrap_or_default();
    if secret.len() != SECRET_CHARS {
        return Ok(refused(visit, "unknown"));
    }
    let heading = visit.say("hub-sign-in");
    Ok(visit.page(
        &heading,
        &html! {
            div.narrow {
                h1 { (heading) }
                p.lead { (visit.say("hub-sign-in-press")) }
                form method="post" action="/sign-in" {
                    input type="hidden" name="secret" value=(secret);
                    button type="submit" { (visit.say("hub-sign-in-button")) }
                }
                p.hint { (visit.say("hub-sign-in-once")) }
            }
        },
    ))
}

/// The button was pressed.
pub(in crate::web) fn redeem(visit: &mut Visit<'_>) -> Result<Answer, Problem> {
    let secret = visit.field("secret").to_owned();
    match people::redeem(visit.store(), &secret, visit.people_now)? {
        Ok((token, viewer)) => {
            // Signing in over another session ends that one: no session outlives its cookie.
            if let Some(old) = visit.token {
                visit.store().end_session(&people::secret_hash(old))?;
            }
            tracing::info!(role = %viewer.role, "signed in");
            Ok(Answer::go("/").with_cookie(session::begin(&token, visit.state.secure())))
        }
        Err(reason) => {
            tracing::info!(reason = reason.as_str(), "a sign-in link was refused");
            Ok(refused(visit, reason.as_str()))
        }
    }
}

fn refused(visit: &Visit<'_>, reason: &str) -> Answer {
    let heading = visit.say("hub-sign-in-refused");
    let main = html! {
        div.narrow {
            h1 { (heading) }
            p.lead { (visit.say(&format!("hub-link-{reason}"))) }
            p { (visit.say("hub-sign-in-ask")) }
        }
    };
    visit
        .page(&heading, &main)
        .with_status(StatusCode::FORBIDDEN)
}

/// Ends the session.
pub(in crate::web) fn sign_out(visit: &mut Visit<'_>) -> Result<Answer, Problem> {
    if let Some(token) = visit.token {
        visit.store().end_session(&people::secret_hash(token))?;
    }
    Ok(Answer::go("/sign-in").with_cookie(session::end(visit.state.secure())))
}
