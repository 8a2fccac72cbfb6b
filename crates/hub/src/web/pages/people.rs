//! A firm's owner sees its people, invites more, says what each may do, and shuts out.

use axum::http::StatusCode;
use larum_link::secret::random_text;
use maud::{Markup, html};

use crate::access::Role;
use crate::id::{InvitationId, PersonId};
use crate::people::{self, INVITATION_SECONDS, Unfit};
use crate::store::firm_people::{FirmPerson, Invitation, NewInvitation, Settled, ShutOutBy};
use crate::web::answer::{Answer, Problem};
use crate::web::format::time;
use crate::web::parts::{self, Tone, tag};
use crate::web::visit::Visit;

/// What somebody may be invited as.
const INVITED: [Role; 2] = [Role::Staff, Role::Reader];
/// What somebody of a firm may become.
const BECOME: [Role; 3] = [Role::Member, Role::Staff, Role::Reader];

pub(in crate::web) fn show(visit: &mut Visit<'_>) -> Result<Answer, Problem> {
    visit.own()?;
    render(visit, None)
}

/// Keeps the invitation and mails its link after the answer, which is the same whether the address is
/// known to this hub or not.
pub(in crate::web) fn invite(visit: &mut Visit<'_>) -> Result<Answer, Problem> {
    let firm = visit.own()?;
    let Some(mailer) = visit.state.mailer.clone() else {
        return render(visit, None);
    };
    let Some(role) = INVITED
        .into_iter()
        .find(|role| role.as_str() == visit.field("role"))
    else {
        return render(visit, Some(("role", "hub-staff-wrong-role")));
    };
    let (name, email) = (visit.field("name"), visit.field("email"));
    let checked = people::check_person(PersonId::random()?, name, email, role, Some(firm), None);
    let person = match checked {
        Ok(person) => person,
        Err(Unfit::Name) => return render(visit, Some(("name", "hub-unfit-name"))),
        Err(_) => return render(visit, Some(("email", "hub-unfit-email"))),
    };
    if !mailer.may_invite(firm, visit.people_now) {
        return render(visit, Some(("email", "hub-staff-wrong-often")));
    }
    let secret = random_text()?;
    let new = NewInvitation {
        id: InvitationId::random()?,
        secret_hash: people::secret_hash(&secret),
        email: person.email,
        name: person.name,
        role,
        expires: visit.people_now.plus_seconds(INVITATION_SECONDS),
    };
    let settled = visit
        .store()
        .invite(&visit.scope, visit.viewer()?, &new, visit.people_now)?;
    if let Err(refused) = settled {
        let message = format!("hub-staff-wrong-{}", refused.as_str());
        return render(visit, Some(("email", &message)));
    }
    let kept = visit
        .store()
        .invitation_by_link(&new.secret_hash, visit.people_now)?;
    let link = format!("{}/invited/{secret}", visit.state.page_url);
    let hours = (INVITATION_SECONDS / 3_600).unsigned_abs();
    let args = [
        ("firm", kept.firm.as_str().into()),
        ("link", link.as_str().into()),
        ("hours", hours.into()),
    ];
    let letter = visit.letter(
        &kept.email,
        "hub-invited-mail-subject",
        "hub-invited-mail-body",
        &args,
    );
    visit.post(vec![letter]);
    Ok(Answer::go("/home/people"))
}

pub(in crate::web) fn withdraw(visit: &mut Visit<'_>) -> Result<Answer, Problem> {
    visit.own()?;
    let id = visit
        .params
        .get("id")
        .and_then(|text| InvitationId::parse(text))
        .ok_or(Problem::NotFound)?;
    visit
        .store()
        .withdraw_invitation(&visit.scope, visit.viewer()?, id, visit.people_now)?;
    Ok(Answer::go("/home/people"))
}

pub(in crate::web) fn role(visit: &mut Visit<'_>) -> Result<Answer, Problem> {
    visit.own()?;
    let Some(role) = Role::from_word(visit.field("role")) else {
        return render(visit, Some(("people", "hub-staff-wrong-role")));
    };
    let (id, now) = (person_id(visit)?, visit.people_now);
    let settled = visit
        .store()
        .set_firm_role(&visit.scope, visit.viewer()?, id, role, now);
    after(visit, id, settled)
}

pub(in crate::web) fn disable(visit: &mut Visit<'_>) -> Result<Answer, Problem> {
    shut(visit, true)
}

pub(in crate::web) fn enable(visit: &mut Visit<'_>) -> Result<Answer, Problem> {
    shut(visit, false)
}

fn shut(visit: &Visit<'_>, out: bool) -> Result<Answer, Problem> {
    visit.own()?;
    let (id, now) = (person_id(visit)?, visit.people_now);
    let settled = visit
        .store()
        .set_shut_out(&visit.scope, visit.viewer()?, id, out, now);
    after(visit, id, settled)
}

fn person_id(visit: &Visit<'_>) -> Result<PersonId, Problem> {
    visit
        .params
        .get("id")
        .and_then(|text| PersonId::parse(text))
        .ok_or(Problem::NotFound)
}

/// Back to the list; to the start for whoever is an owner no longer.
fn after(visit: &Visit<'_>, changed: PersonId, settled: Settled) -> Result<Answer, Problem> {
    match settled? {
        Ok(()) if changed == visit.viewer()?.person => Ok(Answer::go("/")),
        Ok(()) => Ok(Answer::go("/home/people")),
        Err(refused) => {
            let message = format!("hub-staff-wrong-{}", refused.as_str());
            render(visit, Some(("people", &message)))
        }
    }
}

fn render(visit: &Visit<'_>, wrong: Option<(&str, &str)>) -> Result<Answer, Problem> {
    let heading = visit.say("hub-nav-people");
    let people = visit.store().firm_people(&visit.scope)?;
    let invited = visit.store().invitations(&visit.scope, visit.people_now)?;
    let head = ["hub-name", "hub-email", "hub-role", "hub-change"].map(|id| visit.say(id));
    let is_owner = |row: &&FirmPerson| row.role == Role::Member && row.shut_out.is_none();
    let mut owners = people.iter().filter(is_owner);
    let only_owner = owners.next().filter(|_| owners.next().is_none());
    let cells: Vec<Vec<Markup>> = people
        .iter()
        .map(|row| cells(visit, row, only_owner == Some(row)))
        .collect();
    let main = html! {
        @if let Some((field, message)) = wrong {
            (parts::error_summary(&visit.state.words, field, &visit.say(message)))
        }
        h1 #people { (heading) }
        p.lead { (visit.say("hub-staff-how")) }
        (parts::cards(&heading, &head, &cells))
        @if !invited.is_empty() { (waiting(visit, &invited)) }
        section aria-labelledby="invite" {
            h2 #invite { (visit.say("hub-staff-invite")) }
            @if visit.state.mailer.is_some() { (form(visit)) }
            @else { p { (visit.say("hub-staff-no-mail")) } }
        }
    };
    let answer = visit.page(&heading, &main);
    Ok(match wrong {
        Some(_) => answer.with_status(StatusCode::UNPROCESSABLE_ENTITY),
        None => answer,
    })
}

fn role_name(visit: &Visit<'_>, role: Role) -> String {
    visit.say(&format!("hub-staff-role-{role}"))
}

fn roles(visit: &Visit<'_>, roles: &[Role]) -> Vec<(String, String)> {
    roles
        .iter()
        .map(|role| (role.to_string(), role_name(visit, *role)))
        .collect()
}

fn cells(visit: &Visit<'_>, row: &FirmPerson, is_only_owner: bool) -> Vec<Markup> {
    let name = [("name", row.name.as_str().into())];
    let is_reader = visit.viewer.is_some_and(|viewer| viewer.person == row.id);
    let marks = html! {
        (row.name)
        @if is_reader { " " (tag(Tone::Good, &visit.say("hub-staff-you"))) }
        @if row.shut_out.is_some() { " " (tag(Tone::Quiet, &visit.say("hub-disabled"))) }
    };
    vec![
        marks,
        parts::text(&row.email),
        parts::text(&role_name(visit, row.role)),
        match row.shut_out {
            None if is_only_owner => parts::text(&visit.say("hub-staff-wrong-last-owner")),
            None => change(visit, row),
            Some(ShutOutBy::Firm) => html! {
                form method="post" action={ "/home/people/" (row.id) "/enable" } {
                    button.second type="submit" aria-label=(visit.say_with("hub-enable-which", &name)) { (visit.say("hub-enable")) }
                }
            },
            Some(ShutOutBy::Hub) => parts::text(&visit.say("hub-staff-wrong-by-hub")),
        },
    ]
}

/// What can be changed about somebody who may sign in.
fn change(visit: &Visit<'_>, row: &FirmPerson) -> Markup {
    let name = [("name", row.name.as_str().into())];
    let field = format!("role-{}", row.id);
    html! {
        div.buttons {
            form.pick method="post" action={ "/home/people/" (row.id) "/role" } {
                label.unseen for=(field) { (visit.say_with("hub-staff-role-of", &name)) }
                select id=(field) name="role" {
                    @for (value, label) in roles(visit, &BECOME) {
                        option value=(value) selected[value == row.role.as_str()] { (label) }
                    }
                }
                button.second type="submit" aria-label=(visit.say_with("hub-staff-role-set-which", &name)) { (visit.say("hub-staff-role-set")) }
            }
            form method="post" action={ "/home/people/" (row.id) "/disable" } {
                button.second type="submit" aria-label=(visit.say_with("hub-disable-which", &name)) { (visit.say("hub-disable")) }
            }
        }
    }
}

fn waiting(visit: &Visit<'_>, rows: &[Invitation]) -> Markup {
    let caption = visit.say("hub-staff-waiting");
    let head = [
        "hub-name",
        "hub-email",
        "hub-role",
        "hub-staff-until",
        "hub-change",
    ]
    .map(|id| visit.say(id));
    let cells: Vec<Vec<Markup>> = rows
        .iter()
        .map(|row| {
            let name = [("name", row.name.as_str().into())];
            vec![
                parts::text(&row.name),
                parts::text(&row.email),
                parts::text(&role_name(visit, row.role)),
                time(&visit.state.words, row.expires),
                html! {
                    form method="post" action={ "/home/invitations/" (row.id) "/withdraw" } {
                        button.second type="submit" aria-label=(visit.say_with("hub-staff-withdraw-which", &name)) { (visit.say("hub-staff-withdraw")) }
                    }
                },
            ]
        })
        .collect();
    html! {
        section aria-labelledby="waiting" {
            h2 #waiting { (caption) }
            (parts::cards(&caption, &head, &cells))
        }
    }
}

fn form(visit: &Visit<'_>) -> Markup {
    html! {
        form.stack method="post" action="/home/people" {
            (parts::field("name", &visit.say("hub-name"), None,
                &parts::input("name", "text", visit.field("name"), "off")))
            (parts::field("email", &visit.say("hub-email"), Some(&visit.say("hub-staff-email-hint")),
                &parts::input("email", "email", visit.field("email"), "off")))
            (parts::field("role", &visit.say("hub-role"), Some(&visit.say("hub-staff-role-hint")),
                &parts::select("role", visit.field("role"), &roles(visit, &INVITED))))
            button type="submit" { (visit.say("hub-staff-invite")) }
        }
    }
}
