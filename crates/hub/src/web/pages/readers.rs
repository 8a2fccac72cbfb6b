//! Who read our data: the audit ledger as the firm itself sees it.

use maud::{Markup, html};

use crate::store::audit::AuditRow;
use crate::web::answer::{Answer, Problem};
use crate::web::format::time;
use crate::web::names;
use crate::web::parts::{self, Tone, tag};
use crate::web::visit::Visit;

const ROWS: u32 = 50;

pub(in crate::web) fn show(visit: &mut Visit<'_>) -> Result<Answer, Problem> {
    let before = visit.asked("before").parse().ok();
    let rows = visit.store().readers(&visit.scope, before, ROWS)?;
    let heading = visit.say("hub-readers-title");
    let older = rows.last().filter(|_| rows.len() >= 50).map(|row| row.id);
    let main = html! {
        h1 { (heading) }
        p.lead { (visit.say("hub-readers-lead")) }
        (shared(visit)?)
        (emergencies(visit)?)
        (table(visit, &rows))
        (kept(visit)?)
        @if let Some(id) = older {
            p.pages { a href={ "/home/readers?before=" (id) } { (visit.say("hub-older")) } }
        }
    };
    Ok(visit.page(&heading, &main))
}

/// The end of the hub's ledger, to be kept elsewhere, and whether a line kept before is still in it.
fn kept(visit: &Visit<'_>) -> Result<Markup, Problem> {
    let (row, head) = visit.store().head()?;
    let asked = visit.asked("kept").trim();
    let told = match anchor(asked) {
        _ if asked.is_empty() => None,
        None => Some((Tone::Notice, "hub-kept-malformed")),
        Some((row, head)) if visit.store().holds(row, head)? => {
            Some((Tone::Good, "hub-kept-holds"))
        }
        Some(_) => Some((Tone::Bad, "hub-kept-gone")),
    };
    Ok(html! {
        section aria-labelledby="kept-heading" {
            h2 #kept-heading { (visit.say("hub-kept")) }
            p { (visit.say("hub-kept-why")) }
            p { code.long { (row) ":" (head) } }
            form.filters method="get" action="/home/readers#kept-heading" {
                (parts::field("kept", &visit.say("hub-kept-ask"), None, &parts::optional("kept", asked)))
                button.second type="submit" { (visit.say("hub-kept-check")) }
            }
            @if let Some((tone, id)) = told { p role="status" { (tag(tone, &visit.say(id))) } }
        }
    })
}

/// Number and hash of a row, as [`kept`] shows them.
fn anchor(text: &str) -> Option<(u64, &str)> {
    let (row, head) = text.split_once(':')?;
    let hash = head.len() == 64 && head.bytes().all(|byte| byte.is_ascii_hexdigit());
    hash.then_some((row.parse().ok()?, head))
}

/// That the region lets national analysts see our data, and why.
fn shared(visit: &Visit<'_>) -> Result<Markup, Problem> {
    let found = visit.store().shares(&visit.scope)?;
    Ok(html! {
        @for one in &found {
            p { (visit.say_with("hub-share-told", &[("region", one.region.as_str().into())])) " " (time(&visit.state.words, one.since)) }
            p.told { (one.reason) }
        }
    })
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
