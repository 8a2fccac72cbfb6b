//! Where one is signed in, and ending it there.

use maud::{Markup, html};

use crate::id::SessionId;
use crate::people::{IDLE_SECONDS, secret_hash};
use crate::web::answer::{Answer, Problem};
use crate::web::format::time;
use crate::web::names;
use crate::web::parts::{self, Tone, tag};
use crate::web::visit::Visit;

fn current(visit: &Visit<'_>) -> String {
    visit.token.map(secret_hash).unwrap_or_default()
}

/// The part of the account's page.
pub(super) fn list(visit: &Visit<'_>) -> Result<Markup, Problem> {
    let person = visit.viewer()?.person;
    let rows = visit.store().sessions(
        person,
        &current(visit),
        IDLE_SECONDS * 1_000,
        visit.people_now,
    )?;
    let heading = visit.say("hub-sessions");
    let words = &*visit.state.words;
    let head = [
        "hub-session-where",
        "hub-session-how",
        "hub-session-since",
        "hub-last-used",
        "hub-change",
    ]
    .map(|id| visit.say(id));
    let cells: Vec<Vec<Markup>> = rows
        .iter()
        .map(|row| {
            let place = match row.agent.is_empty() {
                true => visit.say("hub-session-unknown"),
                false => row.agent.clone(),
            };
            let label = visit.say_with("hub-session-end-which", &[("name", place.as_str().into())]);
            vec![
                html! { (place) @if row.current { " " (tag(Tone::Good, &visit.say("hub-session-here"))) } },
                parts::text(&names::word(words, "proof", &row.proof)),
                time(words, row.created),
                time(words, row.last_used),
                html! {
                    @if !row.current {
                        form method="post" action={ "/account/sessions/" (row.id) "/end" } {
                            button.second type="submit" aria-label=(label) { (visit.say("hub-session-end")) }
                        }
                    }
                },
            ]
        })
        .collect();
    Ok(html! {
        section aria-labelledby="sessions" {
            h2 #sessions { (heading) }
            p { (visit.say("hub-sessions-lead")) }
            (parts::cards(&heading, &head, &cells))
            @if rows.len() > 1 {
                form method="post" action="/account/sessions/end" {
                    button.second type="submit" { (visit.say("hub-sessions-end")) }
                }
            }
        }
    })
}

/// Ends one.
pub(in crate::web) fn end(visit: &mut Visit<'_>) -> Result<Answer, Problem> {
    let id = visit
        .params
        .get("id")
        .and_then(|text| SessionId::parse(text))
        .ok_or(Problem::NotFound)?;
    visit.store().end_session_of(visit.viewer()?.person, id)?;
    Ok(Answer::go("/account"))
}

/// Ends all others.
pub(in crate::web) fn end_others(visit: &mut Visit<'_>) -> Result<Answer, Problem> {
    let person = visit.viewer()?.person;
    visit.store().end_other_sessions(person, &current(visit))?;
    Ok(Answer::go("/account"))
}
