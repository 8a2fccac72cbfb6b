//! Emerging threats: what is spreading, worst and newest first.

use maud::{Markup, html};

use crate::access::Role;
use crate::store::pages::{MAX_THREATS, MIN_SHOWN, ThreatCursor, ThreatFilter, ThreatRow};
use crate::web::answer::{Answer, Problem};
use crate::web::format::{number, time_ago};
use crate::web::visit::Visit;
use crate::web::{names, parts};
use larum_core::area;

/// As many rows as a page has at most.
const MAX_ROWS: usize = MAX_THREATS as usize;

pub(in crate::web) fn show(visit: &mut Visit<'_>) -> Result<Answer, Problem> {
    let asked = visit.asked("area").to_owned();
    let filter = ThreatFilter {
        fewest: if super::threat::sees_all_names(visit) {
            1
        } else {
            MIN_SHOWN
        },
        own: visit.scope.area().map(str::to_owned),
        area: area::coded()
            .find(|(code, _)| *code == asked)
            .map(|(code, _)| code.to_owned()),
        closed: visit.asked("closed") == "1",
        after: ThreatCursor::parse(visit.asked("after")),
        limit: None,
    };
    let rows = visit.store().threat_list(&filter)?;
    let heading = visit.say("hub-threats");
    let open = rows.iter().filter(|row| row.state != "closed").count();
    let main = html! {
        h1 { (heading) }
        (filters(visit, &filter))
        (super::verdict::precision(visit)?)
        div data-live="threats" {
            p.lead { (visit.say_with("hub-threats-count", &[("count", open.into())])) }
            @if rows.is_empty() {
                p.empty { (visit.say("hub-threats-none")) }
            } @else {
                (list(visit, &rows))
            }
            @if let Some(last) = rows.last().filter(|_| rows.len() >= MAX_ROWS) {
                (parts::next("/threats", &visit.say("hub-next"), &[
                    ("area", filter.area.clone().unwrap_or_default()),
                    ("closed", u8::from(filter.closed).to_string()),
                    ("after", ThreatCursor::of(last).to_string()),
                ]))
            }
        }
    };
    Ok(visit.live_page(&heading, &main))
}

fn filters(visit: &Visit<'_>, filter: &ThreatFilter) -> Markup {
    let everywhere = (String::new(), visit.say("hub-area-all"));
    let options: Vec<(String, String)> = std::iter::once(everywhere)
        .chain(area::coded().map(|(code, name)| (code.to_owned(), name.to_owned())))
        .collect();
    let own = visit
        .viewer
        .filter(|viewer| viewer.role == Role::Officer)
        .and_then(|viewer| viewer.area.as_deref());
    html! {
        form.filters method="get" action="/threats" {
            (parts::field("area", &visit.say("hub-area"), None,
                &parts::select("area", filter.area.as_deref().unwrap_or_default(), &options)))
            div.check {
                input type="checkbox" id="closed" name="closed" value="1" checked[filter.closed];
                label for="closed" { (visit.say("hub-threats-closed")) }
            }
            button.second type="submit" { (visit.say("hub-show")) }
            @if let Some(area) = own {
                a href={ "/threats?area=" (area) } { (visit.say_with("hub-area-own", &[("area", names::area(area).into())])) }
            }
        }
    }
}

fn list(visit: &Visit<'_>, rows: &[ThreatRow]) -> Markup {
    let head = [
        "hub-threat",
        "hub-state",
        "hub-firms",
        "hub-sources",
        "hub-areas",
        "hub-first-seen",
        "hub-warned",
        "hub-score",
    ]
    .map(|id| visit.say(id));
    let cells: Vec<Vec<Markup>> = rows.iter().map(|row| cells(visit, row)).collect();
    parts::cards(&visit.say("hub-threats"), &head, &cells)
}

fn cells(visit: &Visit<'_>, row: &ThreatRow) -> Vec<Markup> {
    let words = &*visit.state.words;
    let areas: Vec<&str> = row.areas.iter().map(|code| names::area(code)).collect();
    let areas = match areas.as_slice() {
        [] => visit.say("hub-none"),
        [one] => (*one).to_owned(),
        [one, rest @ ..] => visit.say_with(
            "hub-and-more",
            &[("first", (*one).into()), ("count", rest.len().into())],
        ),
    };
    vec![
        html! {
            a href={ "/threats/" (row.id) } { (names::key(words, &row.key)) }
            " " (parts::severity(words, &row.severity))
        },
        state(visit, row),
        parts::text(&number(row.members)),
        parts::text(&number(row.sources)),
        parts::text(&areas),
        time_ago(words, row.first, visit.now),
        parts::text(&number(row.warned)),
        parts::text(&format!("{:.1}", row.score)),
    ]
}

/// Where the threat stands, in a box.
pub(super) fn state(visit: &Visit<'_>, row: &ThreatRow) -> Markup {
    let tone = match row.state.as_str() {
        "emerging" => parts::Tone::Bad,
        "watching" => parts::Tone::Notice,
        _ => parts::Tone::Quiet,
    };
    parts::tag(tone, &names::word(&visit.state.words, "threat", &row.state))
}
