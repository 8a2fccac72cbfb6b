//! Taking the names and addresses of firms' people along: two officers of the region, within a day.

use axum::http::StatusCode;
use maud::{Markup, html};

use crate::access::Reach;
use crate::apply;
use crate::id::ApprovalId;
use crate::store::StoreError;
use crate::store::watchful::{Approval, Kind};
use crate::web::answer::{Answer, Problem};
use crate::web::format::time;
use crate::web::visit::Visit;
use crate::web::{csv, names, parts};

pub(in crate::web) fn show(visit: &mut Visit<'_>) -> Result<Answer, Problem> {
    render(visit, None)
}

/// Asks another officer.
pub(in crate::web) fn ask(visit: &mut Visit<'_>) -> Result<Answer, Problem> {
    let Some(reason) = apply::lines(visit.field("reason")) else {
        return render(visit, Some(("reason", "hub-approval-wrong-reason")));
    };
    let asked = visit.store().ask_approval(
        &visit.actor()?,
        visit.viewer()?.person,
        Kind::Export,
        &place(visit),
        &reason,
        visit.people_now,
    );
    match asked {
        Ok(()) => Ok(Answer::go("/exports")),
        Err(StoreError::Conflict(_)) => render(visit, Some(("reason", "hub-approval-wrong-asked"))),
        Err(error) => Err(error.into()),
    }
}

/// Agrees to what another officer asked.
pub(in crate::web) fn agree(visit: &mut Visit<'_>) -> Result<Answer, Problem> {
    let row = found(visit)?;
    let agreed = visit.store().agree(
        &visit.actor()?,
        visit.viewer()?.person,
        row.id,
        visit.people_now,
    );
    match agreed {
        Ok(()) => Ok(Answer::go("/exports")),
        Err(StoreError::Conflict(_)) => {
            render(visit, Some(("exports", "hub-approval-wrong-second")))
        }
        Err(error) => Err(error.into()),
    }
}

/// The file, once.
pub(in crate::web) fn take(visit: &mut Visit<'_>) -> Result<Answer, Problem> {
    let row = found(visit)?;
    // What was agreed to is one's region then: whoever has another now must ask again.
    if row.subject != place(visit) {
        return Err(Problem::NotFound);
    }
    visit.store().take_approval(
        &visit.actor()?,
        visit.viewer()?.person,
        row.id,
        visit.people_now,
    )?;
    let sealed = visit.store().contacts(&visit.scope)?;
    let contacts = visit.open(sealed)?;
    let mut out = String::new();
    csv::line(&mut out, ["firm", "area", "name", "email", "role"]);
    for one in &contacts {
        let area = names::area(&one.area);
        csv::line(
            &mut out,
            [&*one.firm, area, &*one.name, &*one.email, &*one.role],
        );
    }
    let mut answer = Answer::of("text/csv; charset=utf-8", out);
    answer.file_name = Some("larum-people.csv");
    Ok(answer)
}

/// The region asked for: one's own, or empty for all.
fn place(visit: &Visit<'_>) -> String {
    match visit.scope.reach() {
        Reach::Region(region) => region.clone(),
        _ => String::new(),
    }
}

/// Whether what is asked lies within what the reader may see.
fn within(visit: &Visit<'_>, row: &Approval) -> bool {
    match visit.scope.reach() {
        Reach::All => true,
        Reach::Region(region) => row.subject == *region,
        _ => false,
    }
}

fn found(visit: &Visit<'_>) -> Result<Approval, Problem> {
    let id = visit
        .params
        .get("id")
        .and_then(|text| ApprovalId::parse(text))
        .ok_or(Problem::NotFound)?;
    visit
        .store()
        .approvals(Kind::Export, visit.people_now)?
        .into_iter()
        .find(|row| row.id == id && within(visit, row))
        .ok_or(Problem::NotFound)
}

fn render(visit: &Visit<'_>, wrong: Option<(&str, &str)>) -> Result<Answer, Problem> {
    let rows: Vec<Approval> = visit
        .store()
        .approvals(Kind::Export, visit.people_now)?
        .into_iter()
        .filter(|row| within(visit, row))
        .collect();
    let heading = visit.say("hub-nav-exports");
    let table = waiting(visit, &rows, &heading, "/exports")?;
    let main = html! {
        @if let Some((field, message)) = wrong {
            (parts::error_summary(&visit.state.words, field, &visit.say(message)))
        }
        h1 #exports { (heading) }
        p.lead { (visit.say("hub-exports-how")) }
        (table)
        section aria-labelledby="ask" {
            h2 #ask { (visit.say("hub-exports-ask")) }
            form.stack method="post" action="/exports" {
                (parts::field("reason", &visit.say("hub-approval-reason"), Some(&visit.say("hub-approval-reason-hint")),
                    &parts::lines("reason", visit.field("reason"))))
                button type="submit" { (visit.say("hub-approval-ask")) }
            }
        }
    };
    let answer = visit.page(&heading, &main);
    Ok(match wrong {
        Some(_) => answer.with_status(StatusCode::UNPROCESSABLE_ENTITY),
        None => answer,
    })
}

/// What is asked: agree to others', make use of one's own.
pub(super) fn waiting(
    visit: &Visit<'_>,
    rows: &[Approval],
    caption: &str,
    address: &str,
) -> Result<Markup, Problem> {
    let me = visit.viewer()?.person;
    let words = &*visit.state.words;
    let head = ["hub-who", "hub-approval-reason", "hub-when", "hub-change"].map(|id| visit.say(id));
    let cells: Vec<Vec<Markup>> = rows
        .iter()
        .map(|row| {
            let own = row.asked_by == me;
            let action = |what: &str| format!("{address}/{}/{what}", row.id);
            vec![
                parts::text(&row.asked_name),
                parts::text(&row.reason),
                time(words, row.asked),
                html! {
                    @match (&row.agreed_name, own) {
                        (None, true) => (visit.say("hub-approval-waits")),
                        (None, false) => form method="post" action=(action("agree")) {
                            button.second type="submit" { (visit.say("hub-approval-agree")) }
                        },
                        (Some(_), true) => form method="post" action=(action("take")) {
                            button type="submit" { (visit.say("hub-approval-take")) }
                        },
                        (Some(name), false) => (visit.say_with("hub-approval-agreed", &[("name", name.as_str().into())])),
                    }
                },
            ]
        })
        .collect();
    Ok(html! {
        @if cells.is_empty() { p.empty { (visit.say("hub-approvals-none")) } }
        @else { (parts::cards(caption, &head, &cells)) }
    })
}
