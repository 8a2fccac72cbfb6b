//! Firms: the list, and adding one.

use axum::http::StatusCode;
use maud::{Markup, html};

use crate::apply::{MAX_FIRM_CHARS, SECTORS, SIZES};
use crate::id::MemberId;
use crate::store::enrol::NewMember;
use crate::web::answer::{Answer, Problem};
use crate::web::format::number;
use crate::web::visit::Visit;
use crate::web::{names, parts};
use larum_core::area;

use super::{ROWS, Wrong, last_of_full, note, pages};

pub(in crate::web) fn show(visit: &mut Visit<'_>) -> Result<Answer, Problem> {
    render(visit, None)
}

pub(in crate::web) fn add(visit: &mut Visit<'_>) -> Result<Answer, Problem> {
    let known = |list: &[&str], value: &str| list.contains(&value);
    let name = visit.field("name").to_owned();
    let area = visit.field("area").to_owned();
    let (sector, size) = (visit.field("sector"), visit.field("size"));
    let wrong = if name.is_empty()
        || name.chars().count() > MAX_FIRM_CHARS
        || name.chars().any(char::is_control)
    {
        Some("name")
    } else if area::region(&area).is_none() {
        Some("area")
    } else if !known(&SECTORS, sector) {
        Some("sector")
    } else if !known(&SIZES, size) {
        Some("size")
    } else {
        None
    };
    if let Some(field) = wrong {
        let message = visit.say(&format!("hub-wrong-{field}"));
        return render(visit, Some(&Wrong { field, message }));
    }
    let member = NewMember {
        id: MemberId::random()?,
        region: area::region(&area).unwrap_or_default().to_owned(),
        sector: sector.to_owned(),
        size: size.to_owned(),
        name,
        area,
    };
    note(visit, "add-member", member.id.to_string())?;
    visit.store().add_member(&member, visit.now)?;
    Ok(Answer::go("/admin/members"))
}

fn render(visit: &Visit<'_>, wrong: Option<&Wrong>) -> Result<Answer, Problem> {
    let rows = visit
        .store()
        .member_entries(&visit.wanted(MemberId::parse, ROWS))?;
    let last = last_of_full(&rows).map(|row| (row.name.as_str(), row.id.to_string()));
    let words = &*visit.state.words;
    let heading = visit.say("hub-nav-admin-members");
    let head = [
        "hub-firm",
        "hub-area",
        "hub-sector",
        "hub-size",
        "hub-collectors",
        "hub-nav-admin-people",
        "hub-id",
        "hub-change",
    ]
    .map(|id| visit.say(id));
    let cells: Vec<Vec<Markup>> = rows
        .iter()
        .map(|row| {
            vec![
                parts::text(&row.name),
                parts::text(names::area(&row.area)),
                parts::text(&names::capital(&names::word(words, "sector", &row.sector))),
                parts::text(&names::word(words, "size", &row.size)),
                parts::text(&number(row.collectors.into())),
                parts::text(&number(row.people.into())),
                html! { code.long { (row.id) } },
                invite_button(visit, &row.name),
            ]
        })
        .collect();
    let table = (!cells.is_empty()).then(|| parts::cards(&heading, &head, &cells));
    let main = html! {
        @if let Some(wrong) = wrong { (parts::error_summary(words, wrong.field, &wrong.message)) }
        h1 { (heading) }
        (pages(visit, "/admin/members", (table, "hub-admin-members-none"), last))
        section aria-labelledby="add" {
            h2 #add { (visit.say("hub-member-add")) }
            (form(visit))
        }
    };
    let answer = visit.page(&heading, &main);
    Ok(match wrong {
        Some(_) => answer.with_status(StatusCode::UNPROCESSABLE_ENTITY),
        None => answer,
    })
}

/// To the invitation, with the firm looked for.
fn invite_button(visit: &Visit<'_>, name: &str) -> Markup {
    let label = visit.say_with("hub-invite-which", &[("firm", name.into())]);
    html! {
        form method="get" action="/admin/collectors#invite" {
            input type="hidden" name="firm" value=(name);
            button.second type="submit" aria-label=(label) { (visit.say("hub-invite")) }
        }
    }
}

fn form(visit: &Visit<'_>) -> Markup {
    let words = &*visit.state.words;
    let choice = |set: &str, values: &[&str]| -> Vec<(String, String)> {
        values
            .iter()
            .map(|value| {
                (
                    (*value).to_owned(),
                    names::capital(&names::word(words, set, value)),
                )
            })
            .collect()
    };
    let area_options: Vec<(String, String)> = area::coded()
        .map(|(code, name)| (code.to_owned(), name.to_owned()))
        .collect();
    html! {
        form.stack method="post" action="/admin/members" {
            (parts::field("name", &visit.say("hub-member-name"), None,
                &parts::input("name", "text", visit.field("name"), "organization")))
            (parts::field("area", &visit.say("hub-area"), None,
                &parts::select("area", visit.field("area"), &area_options)))
            (parts::field("sector", &visit.say("hub-sector"), None,
                &parts::select("sector", visit.field("sector"), &choice("sector", &SECTORS))))
            (parts::field("size", &visit.say("hub-size"), None,
                &parts::select("size", visit.field("size"), &choice("size", &SIZES))))
            button type="submit" { (visit.say("hub-member-add")) }
        }
    }
}
