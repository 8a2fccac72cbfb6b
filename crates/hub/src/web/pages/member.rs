//! One firm for those who help it. Opening this page stands in the firm's own list of readers.

use maud::{Markup, html};

use crate::id::MemberId;
use crate::store::pages::WarningRow;
use crate::web::answer::{Answer, Problem};
use crate::web::format::time;
use crate::web::visit::Visit;
use crate::web::{names, parts};

use super::{activity, collector_health, home};

pub(in crate::web) fn show(visit: &mut Visit<'_>) -> Result<Answer, Problem> {
    let id = visit
        .params
        .get("id")
        .and_then(|text| MemberId::parse(text))
        .ok_or(Problem::NotFound)?;
    let scope = visit.scope.clone();
    let sealed = visit.store().member(&scope, id)?;
    let card = visit.open(sealed)?;
    let span = activity::Span::asked(visit.asked("show"));
    let (from, to) = span.window(visit.now);
    let store = visit.store();
    let (done, collectors, warnings, sightings) = (
        store.activity(&scope, id, from, to)?,
        store.collectors(&scope, id)?,
        store.warnings(&scope, id, 50)?,
        store.sightings(&scope, id, None, 10)?,
    );
    let done = visit.open(done)?;
    let collectors = visit.open(collectors)?;
    let warnings = visit.open(warnings)?;
    let sightings = visit.open(sightings)?;
    let words = &*visit.state.words;
    let main = html! {
        (parts::back("/members", &visit.say("hub-back-members")))
        h1 { (card.name) }
        p.lead {
            (names::area(&card.area)) " · "
            (names::capital(&names::word(words, "sector", &card.sector))) " · "
            (names::word(words, "size", &card.size))
        }
        p.hint { (visit.say("hub-member-audit")) }
        section aria-labelledby="warnings" {
            h2 #warnings { (visit.say("hub-warnings")) }
            (warning_list(visit, &warnings))
        }
        (activity::section(visit, span, &done, &format!("/members/{id}")))
        section aria-labelledby="recent" {
            h2 #recent { (visit.say("hub-recent")) }
            @if sightings.is_empty() {
                p.empty { (visit.say("hub-recent-none")) }
            } @else { (home::findings(visit, &sightings)) }
        }
        section aria-labelledby="collectors" {
            h2 #collectors { (visit.say("hub-collectors")) }
            (collector_health::list(visit, &collectors))
        }
    };
    Ok(visit.page(&card.name, &main))
}

fn warning_list(visit: &Visit<'_>, rows: &[WarningRow]) -> Markup {
    if rows.is_empty() {
        return html! { p.empty { (visit.say("hub-warnings-none")) } };
    }
    let words = &*visit.state.words;
    let head = [
        "hub-warning",
        "hub-warning-issued",
        "hub-warning-delivered",
        "hub-hit",
    ]
    .map(|id| visit.say(id));
    let cells: Vec<Vec<Markup>> = rows
        .iter()
        .map(|row| {
            let title = serde_json::from_str::<larum_link::wire::WireWarning>(&row.body)
                .map_or_else(|_| visit.say("hub-warning"), |warning| warning.title);
            let moment = |at: Option<_>, id: &str| {
                at.map_or_else(|| parts::text(&visit.say(id)), |at| time(words, at))
            };
            vec![
                html! { (title) @if row.expires <= visit.now { " " (parts::tag(parts::Tone::Quiet, &visit.say("hub-over"))) } },
                time(words, row.issued),
                moment(row.delivered, "hub-not-delivered"),
                moment(row.hit, "hub-not-hit"),
            ]
        })
        .collect();
    parts::cards(&visit.say("hub-warnings"), &head, &cells)
}
