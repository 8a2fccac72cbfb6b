//! Taking a region's role in an emergency: for an hour, with a reason, before everybody's eyes.

use std::collections::BTreeSet;

use axum::http::StatusCode;
use larum_core::area;
use maud::html;

use crate::apply;
use crate::people::secret_hash;
use crate::web::answer::{Answer, Problem};
use crate::web::parts;
use crate::web::visit::Visit;

/// Shortest reason, in characters: a sentence, not a dot.
const MIN_REASON_CHARS: usize = 20;

pub(in crate::web) fn ask(visit: &mut Visit<'_>) -> Result<Answer, Problem> {
    Ok(render(visit, None))
}

pub(in crate::web) fn begin(visit: &mut Visit<'_>) -> Result<Answer, Problem> {
    let region = visit.field("region").to_owned();
    if !regions().contains(region.as_str()) {
        return Ok(render(
            visit,
            Some(("region", "hub-emergency-wrong-region")),
        ));
    }
    let reason = apply::lines(visit.field("reason"))
        .filter(|reason| reason.chars().count() >= MIN_REASON_CHARS);
    let Some(reason) = reason else {
        return Ok(render(
            visit,
            Some(("reason", "hub-emergency-wrong-reason")),
        ));
    };
    let viewer = visit.viewer()?;
    let session = visit.token.map(secret_hash).unwrap_or_default();
    visit.store().begin_emergency(
        &visit.actor()?,
        viewer.person,
        &session,
        &region,
        &reason,
        visit.people_now,
    )?;
    tracing::warn!(role = %viewer.role, "a role was taken in an emergency");
    let args = [
        ("name", viewer.name.as_str().into()),
        ("region", region.as_str().into()),
        ("reason", reason.as_str().into()),
    ];
    let letters = visit
        .store()
        .officers_of(&region)?
        .iter()
        .map(|officer| {
            visit.letter(
                &officer.email,
                "hub-emergency-mail-subject",
                "hub-emergency-mail-body",
                &args,
            )
        })
        .collect();
    visit.post(letters);
    Ok(Answer::go("/members"))
}

/// Ends it early.
pub(in crate::web) fn end(visit: &mut Visit<'_>) -> Result<Answer, Problem> {
    let session = visit.token.map(secret_hash).unwrap_or_default();
    visit
        .store()
        .end_emergency(&visit.actor()?, &session, visit.people_now)?;
    Ok(Answer::go("/"))
}

fn regions() -> BTreeSet<&'static str> {
    area::all().map(|area| area.region).collect()
}

fn render(visit: &Visit<'_>, wrong: Option<(&str, &str)>) -> Answer {
    let heading = visit.say("hub-nav-emergency");
    let choices: Vec<(String, String)> =
        std::iter::once((String::new(), visit.say("hub-apply-choose")))
            .chain(
                regions()
                    .into_iter()
                    .map(|region| (region.to_owned(), region.to_owned())),
            )
            .collect();
    let main = html! {
        @if let Some((field, message)) = wrong {
            (parts::error_summary(&visit.state.words, field, &visit.say(message)))
        }
        div.narrow {
            h1 { (heading) }
            p.lead { (visit.say("hub-emergency-how")) }
            form.stack method="post" action="/emergency" {
                (parts::field("region", &visit.say("hub-emergency-region"), None,
                    &parts::select("region", visit.field("region"), &choices)))
                (parts::field("reason", &visit.say("hub-emergency-reason"), Some(&visit.say("hub-emergency-reason-hint")),
                    &parts::lines("reason", visit.field("reason"))))
                button.danger type="submit" { (visit.say("hub-emergency-begin")) }
            }
        }
    };
    let answer = visit.page(&heading, &main);
    match wrong {
        Some(_) => answer.with_status(StatusCode::UNPROCESSABLE_ENTITY),
        None => answer,
    }
}
