//! Which firms somebody looks after: seeing, giving and taking.

use axum::http::StatusCode;
use maud::{Markup, html};

use super::firm_field;
use super::people::person_id;
use crate::access::Role;
use crate::id::MemberId;
use crate::store::StoreError;
use crate::web::answer::{Answer, Problem};
use crate::web::parts;
use crate::web::visit::Visit;

pub(in crate::web) fn show(visit: &mut Visit<'_>) -> Result<Answer, Problem> {
    render(visit, false)
}

fn render(visit: &Visit<'_>, wrong: bool) -> Result<Answer, Problem> {
    let person = visit.store().person(person_id(visit)?)?;
    if person.role != Role::Provider {
        return Err(Problem::NotFound);
    }
    let firms = visit.store().firms_of(person.id)?;
    let name = [("name", person.name.as_str().into())];
    let heading = visit.say_with("hub-firms-of", &name);
    let head = ["hub-name", "hub-change"].map(|id| visit.say(id));
    let address = format!("/admin/people/{}/firms", person.id);
    let cells: Vec<Vec<Markup>> = firms
        .iter()
        .map(|(id, name)| {
            let label = visit.say_with("hub-firm-take-which", &[("name", name.as_str().into())]);
            vec![
                parts::text(name),
                html! {
                    form method="post" action={ (address) "/take" } {
                        input type="hidden" name="member" value=(id);
                        button.second type="submit" aria-label=(label) { (visit.say("hub-firm-take")) }
                    }
                },
            ]
        })
        .collect();
    let firm = firm_field(visit, None, None)?;
    let main = html! {
        @if wrong {
            (parts::error_summary(&visit.state.words, "member", &visit.say("hub-firm-give-wrong")))
        }
        (parts::back("/admin/people", &visit.say("hub-nav-admin-people")))
        h1 { (heading) }
        p.lead { (visit.say("hub-firms-of-lead")) }
        @if cells.is_empty() { p.empty { (visit.say("hub-firms-mine-none")) } }
        @else { (parts::cards(&heading, &head, &cells)) }
        @if let Some(firm) = firm {
            form.stack method="post" action=(address) {
                (firm)
                button type="submit" { (visit.say("hub-firm-give")) }
            }
        }
    };
    let answer = visit.page(&heading, &main);
    Ok(match wrong {
        true => answer.with_status(StatusCode::UNPROCESSABLE_ENTITY),
        false => answer,
    })
}

/// Gives one.
pub(in crate::web) fn give(visit: &mut Visit<'_>) -> Result<Answer, Problem> {
    let person = person_id(visit)?;
    let Some(member) = MemberId::parse(visit.field("member")) else {
        return render(visit, true);
    };
    match visit
        .store()
        .give_firm(&visit.actor()?, person, member, visit.now)
    {
        Ok(()) => Ok(Answer::go(format!("/admin/people/{person}/firms"))),
        Err(StoreError::Conflict(_)) => render(visit, true),
        Err(error) => Err(error.into()),
    }
}

/// Takes one away.
pub(in crate::web) fn take(visit: &mut Visit<'_>) -> Result<Answer, Problem> {
    let person = person_id(visit)?;
    let member = MemberId::parse(visit.field("member")).ok_or(Problem::NotFound)?;
    visit
        .store()
        .take_firm(&visit.actor()?, person, member, visit.now)?;
    Ok(Answer::go(format!("/admin/people/{person}/firms")))
}
