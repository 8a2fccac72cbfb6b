//! One warning to the firm: what, why you, do this.

use larum_link::wire::WireWarning;
use maud::{Markup, html};

use crate::store::pages::WarningRow;
use crate::web::answer::{Answer, Problem};
use crate::web::format::{time, time_ago};
use crate::web::visit::Visit;
use crate::web::{names, parts};

pub(in crate::web) fn show(visit: &mut Visit<'_>) -> Result<Answer, Problem> {
    let member = visit.own()?;
    let id = visit.number("id")?;
    let sealed = visit.store().warning(&visit.scope, member, id)?;
    let row = visit.open(sealed)?;
    let warning = read(&row)?;
    let words = &*visit.state.words;
    let main = html! {
        (parts::back("/home", &visit.say("hub-back-home")))
        p.head { (parts::severity(words, &warning.severity)) " " (visit.say("hub-warning")) }
        h1 { (warning.title) }
        p.lead { (warning.why) }
        section aria-labelledby="do" {
            h2 #do { (visit.say("hub-do-this")) }
            ol.steps { @for action in &warning.actions { li { (action) } } }
        }
        dl.summary {
            dt { (visit.say("hub-warning-about")) } dd { (names::key(words, &warning.key)) }
            dt { (visit.say("hub-warning-issued")) } dd { (time(words, row.issued)) }
            @if let Some(at) = row.delivered {
                dt { (visit.say("hub-warning-delivered")) } dd { (time(words, at)) }
            }
            @if let Some(at) = row.hit {
                dt { (visit.say("hub-warning-hit")) } dd { (time(words, at)) }
            }
            dt { (visit.say("hub-warning-expires")) } dd { (time(words, row.expires)) }
        }
        @if !warning.indicators.is_empty() {
            section aria-labelledby="addresses" {
                h2 #addresses { (visit.say("hub-warning-addresses")) }
                p { (visit.say("hub-warning-addresses-do")) }
                details {
                    summary { (visit.say_with("hub-warning-addresses-show", &[("count", warning.indicators.len().into())])) }
                    ul.addresses { @for address in &warning.indicators { li { code { (address) } } } }
                }
            }
        }
    };
    Ok(visit.page(&warning.title, &main))
}

fn read(row: &WarningRow) -> Result<WireWarning, Problem> {
    serde_json::from_str(&row.body)
        .map_err(|_| Problem::Failed("a stored warning cannot be read".to_owned()))
}

/// A warning as one of the things to do.
pub(super) fn teaser(visit: &Visit<'_>, row: &WarningRow) -> Markup {
    let words = &*visit.state.words;
    let Ok(warning) = read(row) else {
        return html! { h3 { a href={ "/home/warnings/" (row.id) } { (visit.say("hub-warning")) } } };
    };
    html! {
        div.head {
            (parts::severity(words, &warning.severity)) " "
            (visit.say("hub-warning")) ", " (time_ago(words, row.issued, visit.now))
        }
        h3 { a href={ "/home/warnings/" (row.id) } { (warning.title) } }
        @if let Some(action) = warning.actions.first() { p { (action) } }
        @if row.hit.is_some() { p.hit { (visit.say("hub-warning-was-hit")) } }
    }
}
