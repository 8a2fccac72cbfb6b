//! A firm's home: are we OK, what must we do today, what was kept out, is everything working.

use larum_core::time::Timestamp;
use maud::{Markup, html};

use crate::store::pages::{Activity, CollectorRow, SightingRow, WarningRow};
use crate::web::answer::{Answer, Problem};
use crate::web::format::{number, time_ago};
use crate::web::verdict::{self, BREAK_IN_SECONDS, Health, MAX_ACTIONS, State, Todo, Verdict};
use crate::web::visit::Visit;
use crate::web::{names, parts};

use super::{activity, collector_health, readers, warning};

/// Findings shown at once.
const RECENT: u32 = 6;
/// Sightings looked through for attacks that got in.
const LOOKED_THROUGH: u32 = 500;

pub(in crate::web) fn show(visit: &mut Visit<'_>) -> Result<Answer, Problem> {
    let id = visit.own()?;
    let scope = visit.scope.clone();
    let store = visit.store();
    let (card, collectors, sightings, warnings) = (
        store.member(&scope, id)?,
        store.collectors(&scope, id)?,
        store.sightings(&scope, id, None, LOOKED_THROUGH)?,
        store.warnings(&scope, id, 50)?,
    );
    let span = activity::Span::asked(visit.asked("show"));
    let (from, to) = span.window(visit.now);
    let done = visit.store().activity(&scope, id, from, to)?;
    let read_by = visit.store().readers(&scope, None, 5)?;
    let card = visit.open(card)?;
    let collectors = visit.open(collectors)?;
    let sightings = visit.open(sightings)?;
    let mut warnings = visit.open(warnings)?;
    let done = visit.open(done)?;
    warnings.retain(|warning| warning.expires > visit.now);
    let break_ins = break_ins(&sightings, visit.now);
    let health: Vec<Health> = collectors.iter().map(collector_health::of).collect();
    let (verdict, todo) = verdict::decide(break_ins.len(), warnings.len(), &health, visit.now);
    let facts = Facts {
        break_ins: &break_ins,
        warnings: &warnings,
        collectors: &collectors,
    };
    let recent = sightings.get(..sightings.len().min(6)).unwrap_or_default();
    let main = html! {
        div data-live="home" {
            p.eyebrow { (card.name) }
            (verdict_panel(visit, verdict, &done))
            @if !todo.is_empty() { (todo_list(visit, &todo, &facts)) }
            (activity::section(visit, span, &done, "/home"))
            (recent_section(visit, recent))
            section aria-labelledby="collectors" {
                h2 #collectors { (visit.say("hub-collectors")) }
                (collector_health::list(visit, &collectors))
            }
            section aria-labelledby="readers" {
                h2 #readers { (visit.say("hub-readers-title")) }
                (readers::table(visit, &read_by))
                p { a href="/home/readers" { (visit.say("hub-readers-all")) } }
            }
        }
    };
    Ok(visit.live_page(&visit.say("hub-nav-home"), &main))
}

/// What the list of things to do refers to.
struct Facts<'a> {
    break_ins: &'a [&'a SightingRow],
    warnings: &'a [WarningRow],
    collectors: &'a [CollectorRow],
}

/// Attacks of the last week that got in and matter.
fn break_ins(sightings: &[SightingRow], now: Timestamp) -> Vec<&SightingRow> {
    sightings
        .iter()
        .filter(|row| {
            row.outcome == "success" && matches!(row.severity.as_str(), "high" | "critical")
        })
        .filter(|row| now.millis_since(row.last) < BREAK_IN_SECONDS * 1_000)
        .collect()
}

fn verdict_panel(visit: &Visit<'_>, verdict: Verdict, done: &Activity) -> Markup {
    let (tone, id, count) = match verdict {
        Verdict::BrokenIn => (parts::Tone::Bad, "hub-verdict-broken-in", 0),
        Verdict::Things(count) => (parts::Tone::Notice, "hub-verdict-things", count),
        Verdict::NotWatched => (parts::Tone::Notice, "hub-verdict-not-watched", 0),
        Verdict::Fine => (parts::Tone::Good, "hub-verdict-fine", 0),
    };
    let events: u64 = done
        .events
        .values()
        .fold(0, |sum, n| sum.saturating_add(*n));
    let count = [("count", count.into())];
    html! {
        div class={ "verdict " (tone.class()) } {
            h1 { (visit.say_with(id, &count)) }
            p { (visit.say(&format!("{id}-more"))) }
            @if events > 0 && verdict == Verdict::Fine {
                p.aside { (visit.say_with("hub-verdict-calm", &[("shown", number(events).into())])) }
            }
        }
    }
}

fn todo_list(visit: &Visit<'_>, todo: &[Todo], facts: &Facts<'_>) -> Markup {
    let more = todo.len().saturating_sub(MAX_ACTIONS);
    html! {
        section aria-labelledby="todo" {
            h2 #todo { (visit.say("hub-todo")) }
            ol.todo {
                @for item in todo.iter().take(MAX_ACTIONS) {
                    li { (todo_item(visit, *item, facts)) }
                }
            }
            @if more > 0 {
                p { (visit.say_with("hub-todo-more", &[("count", more.into())])) }
            }
        }
    }
}

fn todo_item(visit: &Visit<'_>, item: Todo, facts: &Facts<'_>) -> Markup {
    let words = &*visit.state.words;
    match item {
        Todo::BreakIn(index) => facts.break_ins.get(index).map_or_else(Markup::default, |row| {
            html! {
                div.head { (parts::severity(words, &row.severity)) " " (time_ago(words, row.last, visit.now)) }
                h3 { (visit.say_with("hub-break-in", &[("what", names::key_within(words, &row.key).into())])) }
                p { (visit.say_with("hub-break-in-do", &[("category", row.category.as_str().into())])) }
            }
        }),
        Todo::Warning(index) => facts
            .warnings
            .get(index)
            .map_or_else(Markup::default, |row| warning::teaser(visit, row)),
        Todo::Collector(index, state) => {
            let site = facts.collectors.get(index).map_or("", |row| row.site.as_str());
            collector_item(visit, state, site)
        }
        Todo::Install => html! {
            h3 { (visit.say("hub-install")) }
            p { (visit.say("hub-install-do")) }
        },
    }
}

fn collector_item(visit: &Visit<'_>, state: State, site: &str) -> Markup {
    let id = format!("hub-collector-todo-{}", state.as_str());
    let place = [("site", site.into())];
    html! {
        h3 { (visit.say_with(&id, &place)) }
        p { (visit.say(&format!("{id}-do"))) }
    }
}

fn recent_section(visit: &Visit<'_>, rows: &[SightingRow]) -> Markup {
    html! {
        section aria-labelledby="recent" {
            h2 #recent { (visit.say("hub-recent")) }
            @if rows.is_empty() {
                p.empty { (visit.say("hub-recent-none")) }
            } @else {
                (findings(visit, rows))
            }
            p { a href="/home/leaving" { (visit.say("hub-recent-all")) } }
        }
    }
}

/// Findings in plain words, one below the other.
pub(super) fn findings(visit: &Visit<'_>, rows: &[SightingRow]) -> Markup {
    let words = &*visit.state.words;
    html! {
        ul.findings {
            @for row in rows.iter().take(usize::try_from(RECENT).unwrap_or(usize::MAX)) {
                li {
                    p.what { (names::happened(words, row)) }
                    p.how {
                        (outcome_tag(visit, &row.outcome)) " "
                        (visit.say_with("hub-times", &[
                            ("count", row.count.into()),
                            ("shown", number(row.count).into()),
                        ])) " · "
                        @if let Some(first) = row.sources.first() {
                            (visit.say_with("hub-from", &[
                                ("first", first.as_str().into()),
                                ("others", row.sources.len().saturating_sub(1).into()),
                            ])) " · "
                        }
                        (time_ago(words, row.last, visit.now))
                    }
                }
            }
        }
    }
}

fn outcome_tag(visit: &Visit<'_>, outcome: &str) -> Markup {
    let tone = match outcome {
        "blocked" => parts::Tone::Good,
        "success" => parts::Tone::Bad,
        _ => parts::Tone::Quiet,
    };
    parts::tag(tone, &names::word(&visit.state.words, "outcome", outcome))
}
