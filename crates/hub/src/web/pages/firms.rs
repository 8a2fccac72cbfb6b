//! The firms somebody looks after, and choosing the one to look at.

use maud::{Markup, html};

use crate::id::MemberId;
use crate::people::secret_hash;
use crate::web::answer::{Answer, Problem};
use crate::web::parts::{self, Tone, tag};
use crate::web::visit::Visit;

pub(in crate::web) fn show(visit: &mut Visit<'_>) -> Result<Answer, Problem> {
    let viewer = visit.viewer()?;
    let firms = visit.store().firms_of(viewer.person)?;
    let heading = visit.say("hub-firms-mine");
    let head = ["hub-name", "hub-change"].map(|id| visit.say(id));
    let cells: Vec<Vec<Markup>> = firms
        .iter()
        .map(|(id, name)| {
            let label = visit.say_with("hub-firm-open-which", &[("name", name.as_str().into())]);
            vec![
                html! { (name) @if viewer.member == Some(*id) { " " (tag(Tone::Good, &visit.say("hub-firm-chosen"))) } },
                html! {
                    form method="post" action={ "/firms/" (id) } {
                        button.second type="submit" aria-label=(label) { (visit.say("hub-firm-open")) }
                    }
                },
            ]
        })
        .collect();
    let main = html! {
        h1 { (heading) }
        p.lead { (visit.say("hub-firms-mine-lead")) }
        @if cells.is_empty() { p.empty { (visit.say("hub-firms-mine-none")) } }
        @else { (parts::cards(&heading, &head, &cells)) }
    };
    Ok(visit.page(&heading, &main))
}

/// Chooses one; the pages of a firm are that firm's from now on.
pub(in crate::web) fn choose(visit: &mut Visit<'_>) -> Result<Answer, Problem> {
    let member = visit
        .params
        .get("id")
        .and_then(|text| MemberId::parse(text))
        .ok_or(Problem::NotFound)?;
    let hash = visit.token.map(secret_hash).unwrap_or_default();
    let person = visit.viewer()?.person;
    visit.store().choose_firm(&hash, person, member)?;
    Ok(Answer::go("/home"))
}
