//! People: the list, adding one, a sign-in link, shutting out and letting in again.

use axum::http::StatusCode;
use maud::{Markup, html};

use crate::access::Role;
use crate::id::{ApprovalId, MemberId, PersonId};
use crate::people;
use crate::store::StoreError;
use crate::store::people::Person;
use crate::store::watchful::Kind;
use crate::web::answer::{Answer, Problem};
use crate::web::names;
use crate::web::pages::exports;
use crate::web::parts::{self, Tone, tag};
use crate::web::visit::Visit;
use larum_core::area;

use super::{ROWS, Wrong, firm_field, last_of_full, pages};

pub(in crate::web) fn show(visit: &mut Visit<'_>) -> Result<Answer, Problem> {
    render(visit, None)
}

pub(in crate::web) fn add(visit: &mut Visit<'_>) -> Result<Answer, Problem> {
    let wrong = |visit: &Visit<'_>, field: &'static str, id: &str| {
        let message = visit.say(id);
        render(visit, Some(&Wrong { field, message }))
    };
    let Some(role) = Role::from_word(visit.field("role")) else {
        return wrong(visit, "role", "hub-wrong-role");
    };
    let member = MemberId::parse(visit.field("member"));
    let area = Some(visit.field("area")).filter(|area| !area.is_empty());
    let id = PersonId::random()?;
    let checked = people::check_person(
        id,
        visit.field("name"),
        visit.field("email"),
        role,
        member,
        area,
    );
    let person = match checked {
        Ok(person) => person,
        Err(unfit) => {
            let field = match unfit {
                people::Unfit::Name => "name",
                people::Unfit::Email => "email",
                people::Unfit::NeedsMember | people::Unfit::HasMember => "member",
                people::Unfit::HasArea | people::Unfit::NeedsArea | people::Unfit::Area => "area",
            };
            return wrong(visit, field, &format!("hub-unfit-{unfit}"));
        }
    };
    let added = visit
        .store()
        .add_person(&visit.actor()?, &person, visit.now);
    if let Err(error) = added {
        let message = visit.say("hub-wrong-taken");
        let wrong = super::conflict(error, "email", message)?;
        return render(visit, Some(&wrong));
    }
    Ok(Answer::go("/admin/people"))
}

/// Makes a sign-in link and shows it, once.
pub(in crate::web) fn link(visit: &mut Visit<'_>) -> Result<Answer, Problem> {
    let person = visit.store().person(person_id(visit)?)?;
    let link = people::sign_in_link(
        visit.store(),
        &visit.actor()?,
        person.id,
        &visit.state.page_url,
        visit.people_now,
    )?;
    let heading = visit.say_with("hub-link-made", &[("name", person.name.as_str().into())]);
    Ok(visit.page(
        &heading,
        &html! {
            (parts::back("/admin/people", &visit.say("hub-nav-admin-people")))
            h1 { (heading) }
            p.lead { (visit.say("hub-link-do")) }
            pre.secret tabindex="0" { code { (link) } }
            p { (visit.say("hub-shown-once")) }
        },
    ))
}

pub(in crate::web) fn disable(visit: &mut Visit<'_>) -> Result<Answer, Problem> {
    change(visit, true)
}

pub(in crate::web) fn enable(visit: &mut Visit<'_>) -> Result<Answer, Problem> {
    change(visit, false)
}

/// Asks a second administrator to agree that all a person signs in with is taken away: for those who
/// lost it. Alone, an administrator could make a way in as somebody else.
pub(in crate::web) fn reset(visit: &mut Visit<'_>) -> Result<Answer, Problem> {
    let person = visit.store().person(person_id(visit)?)?;
    let reason = visit.say_with("hub-reset-asked", &[("name", person.name.as_str().into())]);
    let asked = visit.store().ask_approval(
        &visit.actor()?,
        visit.viewer()?.person,
        Kind::Reset,
        &person.id.to_string(),
        &reason,
        visit.people_now,
    );
    settled(visit, asked)
}

/// The second administrator agrees.
pub(in crate::web) fn agree(visit: &mut Visit<'_>) -> Result<Answer, Problem> {
    let agreed = visit.store().agree(
        &visit.actor()?,
        visit.viewer()?.person,
        approval(visit)?,
        visit.people_now,
    );
    settled(visit, agreed)
}

/// Whoever asked has it done.
pub(in crate::web) fn take(visit: &mut Visit<'_>) -> Result<Answer, Problem> {
    visit.store().take_approval(
        &visit.actor()?,
        visit.viewer()?.person,
        approval(visit)?,
        visit.people_now,
    )?;
    tracing::info!("somebody's proofs were taken away");
    Ok(Answer::go("/admin/people"))
}

/// The number in the path, if it is of an act that administrators agree to.
fn approval(visit: &Visit<'_>) -> Result<ApprovalId, Problem> {
    let id = visit
        .params
        .get("id")
        .and_then(|text| ApprovalId::parse(text))
        .ok_or(Problem::NotFound)?;
    let rows = visit.store().approvals(Kind::Reset, visit.people_now)?;
    let is_one = rows.iter().any(|row| row.id == id);
    is_one.then_some(id).ok_or(Problem::NotFound)
}

fn settled(visit: &Visit<'_>, done: Result<(), StoreError>) -> Result<Answer, Problem> {
    match done {
        Ok(()) => Ok(Answer::go("/admin/people")),
        Err(StoreError::Conflict(_)) => {
            let message = visit.say("hub-approval-wrong-second");
            let field = "people";
            render(visit, Some(&Wrong { field, message }))
        }
        Err(error) => Err(error.into()),
    }
}

fn change(visit: &Visit<'_>, disabled: bool) -> Result<Answer, Problem> {
    let id = person_id(visit)?;
    match visit
        .store()
        .set_disabled(&visit.actor()?, id, disabled, visit.now)
    {
        Ok(()) => Ok(Answer::go("/admin/people")),
        Err(StoreError::Conflict(_)) => {
            let message = visit.say("hub-wrong-last-administrator");
            render(
                visit,
                Some(&Wrong {
                    field: "people",
                    message,
                }),
            )
        }
        Err(error) => Err(error.into()),
    }
}

pub(super) fn person_id(visit: &Visit<'_>) -> Result<PersonId, Problem> {
    visit
        .params
        .get("id")
        .and_then(|text| PersonId::parse(text))
        .ok_or(Problem::NotFound)
}

fn render(visit: &Visit<'_>, wrong: Option<&Wrong>) -> Result<Answer, Problem> {
    let words = &*visit.state.words;
    let rows = visit.store().people(&visit.wanted(PersonId::parse, ROWS))?;
    let last = last_of_full(&rows).map(|row| (row.name.as_str(), row.id.to_string()));
    let heading = visit.say("hub-nav-admin-people");
    let asked = visit.store().approvals(Kind::Reset, visit.people_now)?;
    let caption = visit.say("hub-approvals");
    let waiting = exports::waiting(visit, &asked, &caption, "/admin/approvals")?;
    let head = [
        "hub-name",
        "hub-role",
        "hub-belongs",
        "hub-email",
        "hub-change",
    ]
    .map(|id| visit.say(id));
    let cells: Vec<Vec<Markup>> = rows.iter().map(|row| cells(visit, row)).collect();
    let table = (!cells.is_empty()).then(|| parts::cards(&heading, &head, &cells));
    let main = html! {
        @if let Some(wrong) = wrong { (parts::error_summary(words, wrong.field, &wrong.message)) }
        h1 #people { (heading) }
        @if !asked.is_empty() {
            section aria-labelledby="asked" {
                h2 #asked { (visit.say("hub-approvals")) }
                (waiting)
            }
        }
        (pages(visit, "/admin/people", (table, "hub-find-none"), last))
        section aria-labelledby="add" {
            h2 #add { (visit.say("hub-person-add")) }
            (form(visit)?)
        }
    };
    let answer = visit.page(&heading, &main);
    Ok(match wrong {
        Some(_) => answer.with_status(StatusCode::UNPROCESSABLE_ENTITY),
        None => answer,
    })
}

fn cells(visit: &Visit<'_>, row: &Person) -> Vec<Markup> {
    let belongs = row
        .member_name
        .clone()
        .or_else(|| row.area.as_deref().map(|area| names::area(area).to_owned()))
        .unwrap_or_else(|| visit.say("hub-belongs-hub"));
    let name = [("name", row.name.as_str().into())];
    let address = format!("/admin/people/{}", row.id);
    vec![
        html! { (row.name) @if row.disabled.is_some() { " " (tag(Tone::Quiet, &visit.say("hub-disabled"))) } },
        parts::text(&names::word(&visit.state.words, "role", row.role.as_str())),
        parts::text(&belongs),
        parts::text(&row.email),
        html! {
            div.buttons {
                @if row.disabled.is_none() {
                    @if row.role == Role::Provider {
                        a href={ (address) "/firms" } aria-label=(visit.say_with("hub-firms-of", &name)) { (visit.say("hub-firms-mine")) }
                    }
                    form method="post" action={ (address) "/link" } {
                        button.second type="submit" aria-label=(visit.say_with("hub-link-which", &name)) { (visit.say("hub-link")) }
                    }
                    form method="post" action={ (address) "/reset" } {
                        button.second type="submit" aria-label=(visit.say_with("hub-reset-which", &name)) { (visit.say("hub-reset")) }
                    }
                    form method="post" action={ (address) "/disable" } {
                        button.second type="submit" aria-label=(visit.say_with("hub-disable-which", &name)) { (visit.say("hub-disable")) }
                    }
                } @else {
                    form method="post" action={ (address) "/enable" } {
                        button.second type="submit" aria-label=(visit.say_with("hub-enable-which", &name)) { (visit.say("hub-enable")) }
                    }
                }
            }
        },
    ]
}

fn form(visit: &Visit<'_>) -> Result<Markup, Problem> {
    let words = &*visit.state.words;
    let none = || (String::new(), visit.say("hub-none-of-these"));
    let roles: Vec<(String, String)> = Role::ALL
        .iter()
        .map(|role| {
            (
                role.to_string(),
                names::capital(&names::word(words, "role", role.as_str())),
            )
        })
        .collect();
    let hint = visit.say("hub-person-firm-hint");
    let firm = firm_field(visit, Some(visit.say("hub-none-of-these")), Some(&hint))?;
    let area_options: Vec<(String, String)> = std::iter::once(none())
        .chain(area::coded().map(|(code, name)| (code.to_owned(), name.to_owned())))
        .collect();
    Ok(html! {
        form.stack method="post" action="/admin/people" {
            (parts::field("name", &visit.say("hub-name"), None,
                &parts::input("name", "text", visit.field("name"), "off")))
            (parts::field("email", &visit.say("hub-email"), None,
                &parts::input("email", "email", visit.field("email"), "off")))
            (parts::field("role", &visit.say("hub-role"), None,
                &parts::select("role", visit.field("role"), &roles)))
            @if let Some(firm) = firm { (firm) }
            (parts::field("area", &visit.say("hub-area"), Some(&visit.say("hub-person-area-hint")),
                &parts::select("area", visit.field("area"), &area_options)))
            button type="submit" { (visit.say("hub-person-add")) }
        }
    })
}
