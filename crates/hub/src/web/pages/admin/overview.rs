//! The administrator's start: how much there is, whether the audit ledger is whole, and the acts.

use maud::{Markup, html};

use crate::store::audit::Verified;
use crate::web::answer::{Answer, Problem};
use crate::web::format::{number, time};
use crate::web::names;
use crate::web::parts::{self, Tone, figure, tag};
use crate::web::visit::Visit;

const ROWS: u32 = 50;
/// Rows of the ledger that are checked while somebody waits for the page.
const CHECKED_ROWS: u64 = 2_000;

pub(in crate::web) fn show(visit: &mut Visit<'_>) -> Result<Answer, Problem> {
    let store = visit.store();
    let counted = store.counted(visit.now, visit.now)?;
    let before = visit.asked("before").parse().ok();
    let acts = store.acts(before, ROWS)?;
    let verified = store.verify_last(CHECKED_ROWS)?;
    let heading = visit.say("hub-admin");
    let older = acts.last().filter(|_| acts.len() >= 50).map(|row| row.id);
    let head = ["hub-when", "hub-who", "hub-did"].map(|id| visit.say(id));
    let words = &*visit.state.words;
    let cells: Vec<Vec<Markup>> = acts
        .iter()
        .map(|row| {
            vec![
                time(words, row.at),
                html! { (row.who) ", " (names::word(words, "role", &row.role)) },
                parts::text(&names::word(words, "act", &row.action)),
            ]
        })
        .collect();
    let main = html! {
        h1 { (heading) }
        p.lead { (visit.say("hub-admin-lead")) }
        dl.figures {
            (figure(&number(counted.members), &visit.say("hub-nav-admin-members"), Tone::Quiet))
            (figure(&number(counted.collectors), &visit.say("hub-collectors"), Tone::Quiet))
            (figure(&number(counted.people), &visit.say("hub-nav-admin-people"), Tone::Quiet))
        }
        section aria-labelledby="ledger" {
            h2 #ledger { (visit.say("hub-ledger")) }
            (ledger(visit, &verified))
            @if cells.is_empty() { p.empty { (visit.say("hub-acts-none")) } }
            @else { (parts::cards(&visit.say("hub-ledger"), &head, &cells)) }
            @if let Some(id) = older {
                p.pages { a href={ "/admin?before=" (id) } { (visit.say("hub-older")) } }
            }
        }
    };
    Ok(visit.page(&heading, &main))
}

fn ledger(visit: &Visit<'_>, verified: &Verified) -> Markup {
    match verified {
        Verified::Whole { rows, head } => html! {
            p {
                (tag(Tone::Good, &visit.say("hub-ledger-whole"))) " "
                @if *rows > CHECKED_ROWS {
                    (visit.say_with("hub-ledger-last-rows", &[
                        ("checked", number(CHECKED_ROWS).into()),
                        ("shown", number(*rows).into()),
                    ]))
                } @else {
                    (visit.say_with("hub-ledger-rows", &[("shown", number(*rows).into())]))
                }
            }
            p.hint { (visit.say("hub-ledger-head")) " " code.long { (rows) ":" (head) } }
        },
        Verified::Broken { at } => html! {
            p {
                (tag(Tone::Bad, &visit.say("hub-ledger-broken"))) " "
                (visit.say_with("hub-ledger-broken-at", &[("row", number(*at).into())]))
            }
        },
    }
}
