//! Keys for programs: one's own list, making one, shutting one off.

use axum::http::StatusCode;
use maud::{Markup, html};

use crate::access::Action;
use crate::id::KeyId;
use crate::keys::{self, KeyError};
use crate::store::StoreError;
use crate::store::api::KeyRow;
use crate::web::answer::{Answer, Problem};
use crate::web::format::time;
use crate::web::parts::{self, Tone, tag};
use crate::web::visit::Visit;

pub(in crate::web) fn show(visit: &mut Visit<'_>) -> Result<Answer, Problem> {
    render(visit, None)
}

/// Makes a key and shows it, once.
pub(in crate::web) fn make(visit: &mut Visit<'_>) -> Result<Answer, Problem> {
    let viewer = visit.viewer.ok_or(Problem::NotFound)?;
    let name = visit.field("name").to_owned();
    let actions: Vec<Action> = keys::possible(viewer.role)
        .filter(|action| visit.field(&field_of(*action)) == "1")
        .collect();
    let days = visit.field("days").parse().unwrap_or(0);
    let made = keys::make(
        visit.store(),
        &visit.actor()?,
        viewer.person,
        viewer.role,
        &name,
        &actions,
        days,
        visit.people_now,
    );
    let wrong =
        |visit: &Visit<'_>, field: &str, id: &str| render(visit, Some((field, &visit.say(id))));
    let key = match made {
        Ok((_, key)) => key,
        Err(KeyError::Name) => return wrong(visit, "name", "hub-key-wrong-name"),
        Err(KeyError::Days) => return wrong(visit, "days", "hub-key-wrong-days"),
        Err(KeyError::Actions) => return wrong(visit, "may", "hub-key-wrong-actions"),
        Err(KeyError::Store(StoreError::Conflict(_))) => {
            return wrong(visit, "keys", "hub-key-wrong-many");
        }
        Err(KeyError::Store(error)) => return Err(error.into()),
        Err(KeyError::NoRandomness(error)) => return Err(error.into()),
    };
    let heading = visit.say_with("hub-key-made", &[("name", name.as_str().into())]);
    Ok(visit.page(
        &heading,
        &html! {
            (parts::back("/keys", &visit.say("hub-nav-keys")))
            h1 { (heading) }
            p.lead { (visit.say("hub-key-made-do")) }
            pre.secret tabindex="0" { code { (key) } }
            p { (visit.say("hub-shown-once")) }
        },
    ))
}

pub(in crate::web) fn revoke(visit: &mut Visit<'_>) -> Result<Answer, Problem> {
    let viewer = visit.viewer.ok_or(Problem::NotFound)?;
    let key = visit
        .params
        .get("id")
        .and_then(|text| KeyId::parse(text))
        .ok_or(Problem::NotFound)?;
    visit
        .store()
        .revoke_key(&visit.actor()?, viewer.person, key, visit.people_now)?;
    Ok(Answer::go("/keys"))
}

fn field_of(action: Action) -> String {
    format!("may-{action}", action = action.as_str())
}

fn render(visit: &Visit<'_>, wrong: Option<(&str, &str)>) -> Result<Answer, Problem> {
    let words = &*visit.state.words;
    let viewer = visit.viewer.ok_or(Problem::NotFound)?;
    let rows = visit.store().keys_of(viewer.person)?;
    let heading = visit.say("hub-nav-keys");
    let head = [
        "hub-key-name",
        "hub-key-may",
        "hub-key-created",
        "hub-key-ends",
        "hub-key-used",
        "hub-change",
    ]
    .map(|id| visit.say(id));
    let cells: Vec<Vec<Markup>> = rows.iter().map(|row| cells(visit, row)).collect();
    let main = html! {
        @if let Some((field, message)) = wrong { (parts::error_summary(words, field, message)) }
        h1 #keys { (heading) }
        p.lead { (visit.say("hub-keys-lead")) }
        @if rows.is_empty() {
            p.empty { (visit.say("hub-keys-none")) }
        } @else {
            (parts::cards(&visit.say("hub-keys-yours"), &head, &cells))
        }
        section aria-labelledby="make" {
            h2 #make { (visit.say("hub-key-make")) }
            (form(visit))
        }
    };
    let answer = visit.page(&heading, &main);
    Ok(match wrong {
        Some(_) => answer.with_status(StatusCode::UNPROCESSABLE_ENTITY),
        None => answer,
    })
}

fn cells(visit: &Visit<'_>, row: &KeyRow) -> Vec<Markup> {
    let words = &*visit.state.words;
    let ended = visit.people_now >= row.expires;
    vec![
        html! {
            (row.name)
            @if row.revoked.is_some() { " " (tag(Tone::Quiet, &visit.say("hub-key-revoked"))) }
            @else if ended { " " (tag(Tone::Quiet, &visit.say("hub-key-ended"))) }
        },
        html! {
            @for (index, action) in row.actions.iter().enumerate() {
                @if index > 0 { br; }
                (may(visit, *action))
            }
        },
        time(words, row.created),
        time(words, row.expires),
        html! {
            @match row.last_used {
                Some(at) => { (time(words, at)) }
                None => { (visit.say("hub-key-never")) }
            }
        },
        html! {
            @if row.revoked.is_none() && !ended {
                form method="post" action={ "/keys/" (row.id) "/revoke" } {
                    button.second type="submit" aria-label=(visit.say_with("hub-key-revoke-which", &[("name", row.name.as_str().into())])) { (visit.say("hub-key-revoke")) }
                }
            }
        },
    ]
}

fn may(visit: &Visit<'_>, action: Action) -> String {
    visit.say(&format!("hub-key-may-{}", action.as_str()))
}

fn form(visit: &Visit<'_>) -> Markup {
    let days = match visit.field("days") {
        "" => keys::DAYS.to_string(),
        typed => typed.to_owned(),
    };
    let role = visit.viewer.map(|viewer| viewer.role);
    html! {
        form.stack method="post" action="/keys" {
            (parts::field("name", &visit.say("hub-key-name"), Some(&visit.say("hub-key-name-hint")),
                &parts::input("name", "text", visit.field("name"), "off")))
            fieldset #may {
                legend { (visit.say("hub-key-may")) }
                @for action in role.into_iter().flat_map(keys::possible) {
                    @let name = field_of(action);
                    div.check {
                        input type="checkbox" id=(name) name=(name) value="1" checked[visit.field(&name) == "1"];
                        label for=(name) { (may(visit, action)) }
                    }
                }
            }
            (parts::field("days", &visit.say("hub-key-days"), Some(&visit.say("hub-key-days-hint")),
                &parts::input("days", "number", &days, "off")))
            button type="submit" { (visit.say("hub-key-make")) }
        }
    }
}
