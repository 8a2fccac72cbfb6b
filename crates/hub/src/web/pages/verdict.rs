//! What an officer says of a threat, and what became of what was called.

use larum_core::watch::Verdict;
use maud::{Markup, html};

use crate::access::Action;
use crate::store::audit::Entry;
use crate::web::answer::{Answer, Problem};
use crate::web::format::{span, time};
use crate::web::visit::Visit;

/// Days the precision is reckoned over.
const DAYS: i64 = 90;
const DAY_SECONDS: i64 = 86_400;

/// Keeps the officer's word.
pub(in crate::web) fn give(visit: &mut Visit<'_>) -> Result<Answer, Problem> {
    let id = visit.number("id")?;
    let verdict = Verdict::from_word(visit.field("verdict")).ok_or(Problem::NotFound)?;
    let person = visit
        .viewer
        .map(|viewer| viewer.person.to_string())
        .ok_or(Problem::NotFound)?;
    let entry = Entry {
        action: "threat-verdict".to_owned(),
        member: None,
        subject: format!("{id} {verdict}"),
    };
    visit.store().record(&visit.actor()?, &[entry], visit.now)?;
    visit
        .store()
        .give_verdict(id, &person, verdict, visit.now)?;
    Ok(Answer::go(format!("/threats/{id}")))
}

/// The word given, and for officers the buttons to give one.
pub(super) fn section(visit: &Visit<'_>, id: u64) -> Result<Markup, Problem> {
    let said = visit.store().verdict(id)?;
    let may = visit
        .viewer
        .is_some_and(|viewer| crate::access::enter(Some(viewer), Action::ThreatAct).is_ok());
    Ok(html! {
        section aria-labelledby="verdict" {
            h2 #verdict { (visit.say("hub-verdict")) }
            @match said {
                Some((verdict, at)) => p {
                    (visit.say(&format!("hub-verdict-{verdict}"))) " (" (time(&visit.state.words, at)) ")"
                },
                None => p { (visit.say("hub-verdict-none")) },
            }
            @if may {
                form.filters method="post" action={ "/threats/" (id) "/verdict" } {
                    @for verdict in Verdict::ALL {
                        button.second type="submit" name="verdict" value=(verdict) {
                            (visit.say(&format!("hub-verdict-give-{verdict}")))
                        }
                    }
                }
            }
        }
    })
}

/// How many of the threats that were judged were real.
pub(super) fn precision(visit: &Visit<'_>) -> Result<Markup, Problem> {
    let since = visit.now.plus_seconds(-DAYS * DAY_SECONDS);
    let judged = visit.store().judged(since)?;
    let told = judged.confirmed + judged.benign;
    let share = (judged.confirmed * 100).checked_div(told).unwrap_or(0);
    Ok(html! {
        p {
            @if told == 0 {
                (visit.say_with("hub-precision-none", &[("waiting", judged.waiting.into())]))
            } @else {
                (visit.say_with("hub-precision", &[
                    ("share", share.into()),
                    ("judged", told.into()),
                    ("confirmed", judged.confirmed.into()),
                    ("duplicate", judged.duplicate.into()),
                    ("waiting", judged.waiting.into()),
                ]))
            }
        }
        (speed(visit)?)
    })
}

/// How long from a first sighting to a warning, and from a warning to the firm.
fn speed(visit: &Visit<'_>) -> Result<Markup, Problem> {
    let since = visit.now.plus_seconds(-DAYS * DAY_SECONDS);
    let speed = visit.store().speed(since)?;
    let words = &visit.state.words;
    Ok(html! {
        @if speed.warnings > 0 {
            p {
                (visit.say_with("hub-speed-warn", &[
                    ("warnings", speed.warnings.into()),
                    ("span", span(words, speed.to_warn / 1_000).into()),
                ]))
                @if speed.fetched > 0 {
                    " "
                    (visit.say_with("hub-speed-fetch", &[
                        ("fetched", speed.fetched.into()),
                        ("span", span(words, speed.to_fetch / 1_000).into()),
                    ]))
                }
            }
        }
    })
}
