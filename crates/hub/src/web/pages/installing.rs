//! A firm's owner, or who looks after it, makes the one-time token with which a collector joins.

use axum::http::StatusCode;
use larum_link::token::Token;
use maud::{Markup, html};

use crate::apply;
use crate::enrol;
use crate::store::audit::Entry;
use crate::web::answer::{Answer, Problem};
use crate::web::parts;
use crate::web::visit::Visit;

/// Longest name of a place, in characters.
pub(in crate::web) const MAX_SITE_CHARS: usize = 100;

pub(in crate::web) fn ask(visit: &mut Visit<'_>) -> Result<Answer, Problem> {
    visit.own()?;
    Ok(render(visit, None))
}

/// Makes the token and shows it, once.
pub(in crate::web) fn make(visit: &mut Visit<'_>) -> Result<Answer, Problem> {
    let member = visit.own()?;
    let Some(site) = apply::line(visit.field("site"), MAX_SITE_CHARS) else {
        return Ok(render(visit, Some("hub-wrong-site")));
    };
    let Some(invitations) = visit.state.invitations.clone() else {
        return Ok(render(visit, Some("hub-wrong-no-link")));
    };
    let entry = Entry {
        action: "add-token".to_owned(),
        member: Some(member),
        subject: member.to_string(),
    };
    visit.store().record(&visit.actor()?, &[entry], visit.now)?;
    let token = enrol::invite(
        visit.store(),
        &invitations.authority,
        invitations.address,
        member,
        &site,
        visit.now,
        invitations.token_hours,
    )
    .map_err(|error| Problem::Failed(error.to_string()))?;
    let hours = invitations.token_hours;
    let lead = visit.say_with("hub-installing-do", &[("hours", hours.into())]);
    let back = parts::back("/home", &visit.say("hub-nav-home"));
    Ok(shown(visit, &back, &lead, &token))
}

/// The page that shows a token, once.
pub(in crate::web) fn shown(visit: &Visit<'_>, back: &Markup, lead: &str, token: &Token) -> Answer {
    let heading = visit.say("hub-token-made");
    let command = format!("larum join {token}");
    visit.page(
        &heading,
        &html! {
            (back)
            h1 { (heading) }
            p.lead { (lead) }
            pre.secret tabindex="0" { code { (command) } }
            p { (visit.say("hub-shown-once")) }
        },
    )
}

fn render(visit: &Visit<'_>, wrong: Option<&str>) -> Answer {
    let heading = visit.say("hub-nav-install");
    let main = html! {
        @if let Some(wrong) = wrong {
            (parts::error_summary(&visit.state.words, "site", &visit.say(wrong)))
        }
        div.narrow {
            h1 { (heading) }
            p.lead { (visit.say("hub-installing-how")) }
            form.stack method="post" action="/home/install" {
                (parts::field("site", &visit.say("hub-site"), Some(&visit.say("hub-site-hint")),
                    &parts::input("site", "text", visit.field("site"), "off")))
                button type="submit" { (visit.say("hub-invite-button")) }
            }
        }
    };
    let answer = visit.page(&heading, &main);
    match wrong {
        Some(_) => answer.with_status(StatusCode::UNPROCESSABLE_ENTITY),
        None => answer,
    }
}
