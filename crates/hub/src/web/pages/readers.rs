//! Who read our data: the audit ledger as the firm itself sees it.

use maud::{Markup, html};

use crate::store::audit::AuditRow;
use crate::web::answer::{Answer, Problem};
use crate::web::format::time;
use crate::web::visit::Visit;
use crate::web::{names, parts};

const ROWS: u32 = 50;

pub(in crate::web) fn show(visit: &mut Visit<'_>) -> Result<Answer, Problem> {
    let before = visit.asked("before").parse().ok();
    let rows = visit.store().readers(&visit.scope, before, ROWS)?;
    let heading = visit.say("hub-readers-title");
    let older = rows.last().filter(|_| rows.len() >= 50).map(|row| row.id);
    let main = html! {
        h1 { (heading) }
        p.lead { (visit.say("hub-readers-lead")) }
        (emergencies(visit)?)
        (table(visit, &rows))
        @if let Some(id) = older {
            p.pages { a href={ "/home/readers?before=" (id) } { (visit.say("hub-older")) } }
        }
    };
    Ok(visit.page(&heading, &main))
}

/// Why somebody read our data in an emergency, in their own words.
fn emergencies(visit: &Visit<'_>) -> Result<Markup, Problem> {
    let found = visit.store().emergencies(&visit.scope)?;
    Ok(html! {
        @for one in &found {
            p {
                (visit.say_with("hub-emergency-told", &[
                    ("name", one.who.as_str().into()),
                    ("region", one.region.as_str().into()),
                ]))
                " " (time(&visit.state.words, one.began))
            }
            p.told { (one.reason) }
        }
    })
}

/// Rows of the ledger.
pub(super) fn table(visit: &Visit<'_>, rows: &[AuditRow]) -> Markup {
    if rows.is_empty() {
        return html! { p.empty { (visit.say("hub-readers-none")) } };
    }
    let head = ["hub-when", "hub-who", "hub-did"].map(|id| visit.say(id));
    let cells: Vec<Vec<Markup>> = rows
        .iter()
        .map(|row| {
            let role = names::word(&visit.state.words, "role", &row.role);
            vec![
                time(&visit.state.words, row.at),
                html! {
                    (row.who) ", " (role)
                    @if let Some(area) = &row.area { ", " (names::area(area)) }
                },
                parts::text(&names::word(&visit.state.words, "act", &row.action)),
            ]
        })
        .collect();
    parts::cards(&visit.say("hub-readers-title"), &head, &cells)
}
