//! Letting national analysts see the firms of one's region: with a reason, and the firms are told.

use std::collections::BTreeSet;

use axum::http::StatusCode;
use larum_core::area;
use maud::{Markup, html};

use crate::access::Reach;
use crate::apply;
use crate::web::answer::{Answer, Problem};
use crate::web::format::time;
use crate::web::parts;
use crate::web::visit::Visit;

pub(in crate::web) fn show(visit: &mut Visit<'_>) -> Result<Answer, Problem> {
    render(visit, None)
}

/// Begins it.
pub(in crate::web) fn begin(visit: &mut Visit<'_>) -> Result<Answer, Problem> {
    let region = visit.field("region").to_owned();
    if !own_regions(visit).contains(region.as_str()) {
        return render(visit, Some(("region", "hub-share-wrong-region")));
    }
    let Some(reason) = apply::lines(visit.field("reason")) else {
        return render(visit, Some(("reason", "hub-approval-wrong-reason")));
    };
    let by = visit.actor()?;
    let person = visit.viewer()?.person;
    visit
        .store()
        .share_region(&by, person, &region, &reason, visit.people_now)?;
    Ok(Answer::go("/sharing"))
}

/// Ends it.
pub(in crate::web) fn end(visit: &mut Visit<'_>) -> Result<Answer, Problem> {
    let region = visit.field("region").to_owned();
    if !own_regions(visit).contains(region.as_str()) {
        return Err(Problem::NotFound);
    }
    visit
        .store()
        .end_share(&visit.actor()?, &region, visit.people_now)?;
    Ok(Answer::go("/sharing"))
}

/// The regions whose firms the reader works for.
fn own_regions(visit: &Visit<'_>) -> BTreeSet<&'static str> {
    let own = |region: &&str| match visit.scope.reach() {
        Reach::All => true,
        Reach::Region(own) => own == region,
        _ => false,
    };
    area::all().map(|area| area.region).filter(own).collect()
}

fn render(visit: &Visit<'_>, wrong: Option<(&str, &str)>) -> Result<Answer, Problem> {
    let heading = visit.say("hub-nav-sharing");
    let choices: Vec<(String, String)> = own_regions(visit)
        .into_iter()
        .map(|region| (region.to_owned(), region.to_owned()))
        .collect();
    let main = html! {
        @if let Some((field, message)) = wrong {
            (parts::error_summary(&visit.state.words, field, &visit.say(message)))
        }
        h1 { (heading) }
        p.lead { (visit.say("hub-sharing-how")) }
        (table(visit, &heading)?)
        section aria-labelledby="share" {
            h2 #share { (visit.say("hub-share-begin")) }
            form.stack method="post" action="/sharing" {
                (parts::field("region", &visit.say("hub-region"), None,
                    &parts::select("region", visit.field("region"), &choices)))
                (parts::field("reason", &visit.say("hub-approval-reason"), Some(&visit.say("hub-share-reason-hint")),
                    &parts::lines("reason", visit.field("reason"))))
                button type="submit" { (visit.say("hub-share-begin")) }
            }
        }
    };
    let answer = visit.page(&heading, &main);
    Ok(match wrong {
        Some(_) => answer.with_status(StatusCode::UNPROCESSABLE_ENTITY),
        None => answer,
    })
}

fn table(visit: &Visit<'_>, heading: &str) -> Result<Markup, Problem> {
    let rows = visit.store().shares(&visit.scope)?;
    if rows.is_empty() {
        return Ok(html! { p.empty { (visit.say("hub-sharing-none")) } });
    }
    let head = [
        "hub-region",
        "hub-who",
        "hub-when",
        "hub-approval-reason",
        "hub-change",
    ]
    .map(|id| visit.say(id));
    let cells: Vec<Vec<Markup>> = rows
        .iter()
        .map(|row| {
            let label = visit.say_with(
                "hub-share-end-which",
                &[("region", row.region.as_str().into())],
            );
            vec![
                parts::text(&row.region),
                parts::text(&row.who),
                time(&visit.state.words, row.since),
                parts::text(&row.reason),
                html! {
                    form method="post" action="/sharing/end" {
                        input type="hidden" name="region" value=(row.region);
                        button.second type="submit" aria-label=(label) { (visit.say("hub-share-end")) }
                    }
                },
            ]
        })
        .collect();
    Ok(parts::cards(heading, &head, &cells))
}
