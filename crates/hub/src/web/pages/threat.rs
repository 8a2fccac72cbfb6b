//! One threat with its evidence.

use larum_core::time::Timestamp;
use larum_core::watch::weakness;
use maud::{Markup, html};

use crate::access::Role;
use crate::store::pages::{Spread, ThreatHour, ThreatMember, ThreatRow, ThreatSource};
use crate::web::answer::{Answer, Problem};
use crate::web::chart::{self, Chart, Series};
use crate::web::format::{self, ago, clock, number, short_date, span, time};
use crate::web::visit::Visit;
use crate::web::{names, parts};

use super::{threats, verdict};

const HOUR_SECONDS: i64 = 3_600;
/// Hours before the first sighting that the chart shows, so that the rise can be seen.
const LEAD_HOURS: i64 = 12;
/// Most hours of the chart: a week.
const MOST_HOURS: i64 = 168;
/// Sources shown before the rest is folded away.
const SOURCES_SHOWN: usize = 10;

pub(in crate::web) fn show(visit: &mut Visit<'_>) -> Result<Answer, Problem> {
    let id = visit.number("id")?;
    let store = visit.store();
    let row = store.threat(id)?;
    let (from, to) = window(&row, visit.now);
    let hours = store.threat_hours(&row.key, from, to)?;
    let sources = store.threat_sources(&row.key, row.first.floor_to(HOUR_SECONDS))?;
    let (areas, sectors) = (store.threat_areas(id)?, store.threat_sectors(id)?);
    let sealed = store.threat_members(&visit.scope, id)?;
    let members = visit.open(sealed)?;
    let words = &*visit.state.words;
    let title = names::key(words, &row.key);
    let main = html! {
        (parts::back("/threats", &visit.say("hub-back-threats")))
        p.head { (threats::state(visit, &row)) " " (parts::severity(words, &row.severity)) }
        h1 { (title) }
        p.lead { (said(visit, &row)) }
        dl.figures {
            (parts::figure(&number(row.members), &visit.say("hub-firms"), parts::Tone::Bad))
            (parts::figure(&number(row.sources), &visit.say("hub-sources"), parts::Tone::Quiet))
            (parts::figure(&number(row.warned), &visit.say("hub-warned"), parts::Tone::Quiet))
            (parts::figure(&number(row.warned_before_hit), &visit.say("hub-warned-first"), parts::Tone::Good))
        }
        (chart::lines(words, &picture(visit, &row, &hours, (from, to))))
        (why(visit, &row))
        (advice(visit, &row))
        (weaknesses(visit, &row))
        (verdict::section(visit, id)?)
        (hit_list(visit, &members))
        (spread(visit, "areas", areas))
        (spread(visit, "sectors", sectors))
        (source_list(visit, &sources))
    };
    Ok(visit.page(&title, &main))
}

/// Whether the reader may see which firms were hit.
pub(super) fn sees_names(visit: &Visit<'_>) -> bool {
    visit.viewer.is_some_and(|viewer| {
        matches!(viewer.role, Role::Officer | Role::Regional | Role::National)
    })
}

/// Whether the reader may see which firms were hit wherever they are.
pub(super) fn sees_all_names(visit: &Visit<'_>) -> bool {
    sees_names(visit) && visit.scope.everywhere()
}

fn said(visit: &Visit<'_>, row: &ThreatRow) -> String {
    let words = &*visit.state.words;
    visit.say_with(
        &format!(
            "hub-threat-said-{}",
            match row.kind.as_str() {
                known @ ("novel" | "wave" | "campaign" | "control" | "slow") => known,
                _ => "emerging",
            }
        ),
        &[
            (
                "opened",
                crate::web::format::moment(words, row.opened).into(),
            ),
            (
                "after",
                span(words, row.opened.millis_since(row.first) / 1_000).into(),
            ),
        ],
    )
}

/// Whole hours from some before the first sighting to now, or to the end of the threat.
fn window(row: &ThreatRow, now: Timestamp) -> (Timestamp, Timestamp) {
    let end = row.closed.unwrap_or(now).floor_to(HOUR_SECONDS);
    let to = end.plus_seconds(HOUR_SECONDS);
    let from = row
        .first
        .floor_to(HOUR_SECONDS)
        .plus_seconds(-LEAD_HOURS * HOUR_SECONDS);
    (from.max(to.plus_seconds(-MOST_HOURS * HOUR_SECONDS)), to)
}

fn picture(
    visit: &Visit<'_>,
    row: &ThreatRow,
    hours: &[ThreatHour],
    (from, to): (Timestamp, Timestamp),
) -> Chart {
    let words = &*visit.state.words;
    let count = (to.as_seconds() - from.as_seconds()) / HOUR_SECONDS;
    let starts: Vec<Timestamp> = (0..count.clamp(1, MOST_HOURS))
        .map(|index| from.plus_seconds(index * HOUR_SECONDS))
        .collect();
    let values = |of: fn(&ThreatHour) -> u64| -> Vec<u64> {
        starts
            .iter()
            .map(|start| hours.iter().find(|hour| hour.hour == *start).map_or(0, of))
            .collect()
    };
    let called = starts
        .iter()
        .position(|start| *start == row.opened.floor_to(HOUR_SECONDS));
    let every = (starts.len() / 6).max(1);
    let most = hours.iter().map(|hour| hour.members).max().unwrap_or(0);
    Chart {
        id: "timeline",
        title: visit.say("hub-timeline"),
        summary: visit.say_with(
            "hub-timeline-summary",
            &[("count", most.into()), ("shown", number(most).into())],
        ),
        axis: visit.say("hub-axis-day"),
        points: starts
            .iter()
            .map(|start| format!("{} {}", short_date(words, *start), clock(*start)))
            .collect(),
        ticks: starts
            .iter()
            .enumerate()
            .filter(|(index, _)| index % every == 0)
            .map(|(index, start)| {
                let label = if starts.len() > 48 {
                    short_date(words, *start)
                } else {
                    clock(*start)
                };
                (index, label)
            })
            .collect(),
        mark: called.map(|index| (index, visit.say("hub-timeline-called"))),
        series: vec![
            Series {
                name: visit.say("hub-sources"),
                values: values(|hour| hour.sources),
            },
            Series {
                name: visit.say("hub-firms"),
                values: values(|hour| hour.members),
            },
        ],
    }
}

/// The statistic in words, and every number it rests on.
fn why(visit: &Visit<'_>, row: &ThreatRow) -> Markup {
    let evidence: serde_json::Value = serde_json::from_str(&row.evidence).unwrap_or_default();
    let mut numbers = Vec::new();
    flatten("", &evidence, &mut numbers);
    html! {
        section aria-labelledby="why" {
            h2 #why { (visit.say("hub-why")) }
            p { (visit.say_with("hub-why-score", &[("score", format!("{:.1}", row.score).into())])) }
            @if let Some((usual, how)) = usual(visit, &evidence) {
                p { (usual) }
                p { (visit.say(how)) }
            } @else {
                p { (visit.say("hub-why-how")) }
            }
            @if !numbers.is_empty() {
                details {
                    summary { (visit.say("hub-why-numbers")) }
                    dl.reasons {
                        @for (name, value) in &numbers { dt { (name) } dd { (value) } }
                    }
                }
            }
        }
    }
}

/// What is counted now against what is usual, in the comparison that made the score, and how it is
/// counted.
fn usual(visit: &Visit<'_>, evidence: &serde_json::Value) -> Option<(String, &'static str)> {
    let made_by = evidence.get("made_by")?;
    let number = |name: &str| shown(made_by.get(name)?);
    let (now, usual, days) = (number("counted")?, number("usual")?, number("days")?);
    if made_by.get("sum")?.as_str()?.starts_with("roaming") {
        let now = made_by.get("counted")?.as_u64()?.into();
        let numbers = [("now", now), ("usual", usual.into()), ("days", days.into())];
        let words = visit.say_with("hub-why-roaming", &numbers);
        return Some((words, "hub-why-roaming-how"));
    }
    let hours = shown(evidence.get("window_hours")?)?;
    let numbers = [
        ("hours", hours.into()),
        ("now", now.into()),
        ("usual", usual.into()),
        ("spread", number("spread")?.into()),
        ("days", days.into()),
    ];
    Some((visit.say_with("hub-why-usual", &numbers), "hub-why-how"))
}

/// A number of the evidence, with one place where it is not whole.
fn shown(value: &serde_json::Value) -> Option<String> {
    let number = value.as_f64()?;
    Some(if number.fract() == 0.0 {
        format!("{number:.0}")
    } else {
        format!("{number:.1}")
    })
}

/// Every leaf of the evidence with its path in words.
fn flatten(path: &str, value: &serde_json::Value, out: &mut Vec<(String, String)>) {
    const MOST: usize = 60;
    if out.len() >= MOST {
        return;
    }
    let below = |name: &str| {
        let name = name.replace('_', " ");
        if path.is_empty() {
            names::capital(&name)
        } else {
            format!("{path}, {name}")
        }
    };
    match value {
        serde_json::Value::Object(fields) => {
            for (name, value) in fields {
                flatten(&below(name), value, out);
            }
        }
        serde_json::Value::Array(items) => {
            let items: Vec<String> = items.iter().map(ToString::to_string).collect();
            out.push((path.to_owned(), items.join(", ")));
        }
        serde_json::Value::Null => {}
        serde_json::Value::String(text) => out.push((path.to_owned(), text.clone())),
        serde_json::Value::Number(number) => {
            let shown = match number.as_f64() {
                Some(float) if !number.is_u64() && !number.is_i64() => format!("{float:.2}"),
                _ => number.to_string(),
            };
            out.push((path.to_owned(), shown));
        }
        serde_json::Value::Bool(yes) => out.push((path.to_owned(), yes.to_string())),
    }
}

fn advice(visit: &Visit<'_>, row: &ThreatRow) -> Markup {
    let steps = larum_core::watch::service::actions(&visit.state.words, &row.key);
    html! {
        section aria-labelledby="do" {
            h2 #do { (visit.say("hub-threat-do")) }
            p { (visit.say("hub-threat-do-police")) }
            p { (visit.say("hub-threat-do-firms")) }
            ol.steps { @for step in &steps { li { (step) } } }
        }
    }
}

/// What the operator's list of known-exploited weaknesses has about it, with the list's day.
fn weaknesses(visit: &Visit<'_>, row: &ThreatRow) -> Markup {
    let Some(list) = visit.state.exploited.current() else {
        return html! {};
    };
    let words = &*visit.state.words;
    let keys = row.keys();
    let keys: Vec<&str> = keys.iter().map(String::as_str).collect();
    let found = weakness::of_keys(&keys, &list.weaknesses);
    let head = [
        "hub-weakness-what",
        "hub-weakness-action",
        "hub-weakness-due",
        "hub-weakness-ransomware",
    ]
    .map(|id| visit.say(id));
    let cells: Vec<Vec<Markup>> = found
        .iter()
        .map(|one| {
            let ransomware = match one.ransomware {
                true => "hub-weakness-ransomware-yes",
                false => "hub-weakness-ransomware-no",
            };
            vec![
                html! { (one.cve) " " (one.name) " (" (weakness::product(one)) ")" },
                parts::text(&one.action),
                parts::text(&one.due),
                parts::text(&visit.say(ransomware)),
            ]
        })
        .collect();
    let dated = visit.say_with(
        "hub-weaknesses-of",
        &[
            (
                "date",
                crate::web::format::moment(words, list.released).into(),
            ),
            ("age", ago(words, list.released, visit.now).into()),
        ],
    );
    html! {
        section aria-labelledby="weaknesses" {
            h2 #weaknesses { (visit.say("hub-weaknesses")) }
            p { (dated) }
            @if list.is_stale(visit.now) { p { strong { (visit.say("hub-weaknesses-stale")) } } }
            @if cells.is_empty() {
                p { (visit.say("hub-weaknesses-none")) }
            } @else {
                (parts::cards(&visit.say("hub-weaknesses"), &head, &cells))
            }
        }
    }
}

/// The firms as far as the scope goes, and how long before being hit each was warned.
fn hit_list(visit: &Visit<'_>, rows: &[ThreatMember]) -> Markup {
    let words = &*visit.state.words;
    let names_shown = sees_names(visit);
    let head = [
        "hub-firm",
        "hub-area",
        "hub-hit",
        "hub-warned-at",
        "hub-ahead",
    ]
    .map(|id| visit.say(id));
    let cells: Vec<Vec<Markup>> = rows
        .iter()
        .map(|row| {
            let or_not = |at: Option<Timestamp>, id: &str| {
                at.map_or_else(|| parts::text(&visit.say(id)), |at| time(words, at))
            };
            vec![
                html! { a href={ "/members/" (row.card.id) } { (row.card.name) } },
                parts::text(names::area(&row.card.area)),
                or_not(row.hit, "hub-not-hit"),
                or_not(row.warned, "hub-not-warned"),
                parts::text(&ahead(visit, row)),
            ]
        })
        .collect();
    html! {
        section aria-labelledby="firms" {
            h2 #firms { (visit.say("hub-threat-firms")) }
            p {
                @match visit.scope.area() {
                    Some(area) => { (visit.say_with("hub-threat-firms-area", &[("area", names::area(area).into())])) }
                    None if names_shown => { (visit.say("hub-threat-firms-all")) }
                    None => { (visit.say("hub-threat-firms-nobody")) }
                }
            }
            @if !cells.is_empty() { (parts::cards(&visit.say("hub-threat-firms"), &head, &cells)) }
        }
    }
}

/// How long before being hit the firm was warned.
fn ahead(visit: &Visit<'_>, row: &ThreatMember) -> String {
    match (row.warned, row.hit) {
        (Some(warned), Some(hit)) if hit > warned => {
            let words = &*visit.state.words;
            let time = span(words, hit.millis_since(warned) / 1_000);
            visit.say_with("hub-ahead-by", &[("span", time.into())])
        }
        (Some(_), None) => visit.say("hub-ahead-waiting"),
        _ => visit.say("hub-ahead-no"),
    }
}

/// Firms by area or sector. Who may not see names sees no cell of fewer than five firms either, nor can
/// it be reckoned from the rest.
fn spread(visit: &Visit<'_>, of: &str, rows: Vec<Spread>) -> Markup {
    let rows = if sees_all_names(visit) {
        rows
    } else {
        Spread::shown(rows, visit.scope.area())
    };
    let head = [
        format!("hub-{of}-one"),
        "hub-hit-count".into(),
        "hub-warned".into(),
    ]
    .map(|id| visit.say(&id));
    let cells: Vec<Vec<Markup>> = rows
        .iter()
        .map(|row| {
            let name = if of == "areas" {
                names::area(&row.of).to_owned()
            } else {
                names::capital(&names::word(&visit.state.words, "sector", &row.of))
            };
            vec![
                parts::text(&name),
                parts::text(&number(row.hit)),
                parts::text(&number(row.warned)),
            ]
        })
        .collect();
    let title = visit.say(&format!("hub-by-{of}"));
    html! {
        @if !cells.is_empty() {
            section aria-labelledby=(of) {
                h2 id=(of) { (title) }
                (parts::table(&title, &head, &cells))
            }
        }
    }
}

fn source_list(visit: &Visit<'_>, rows: &[ThreatSource]) -> Markup {
    let words = &*visit.state.words;
    let files = visit.state.origins.files();
    let origins = visit
        .state
        .origins
        .look_up(rows.iter().map(|row| row.source.as_str()));
    let mut head = vec!["hub-source", "hub-firms", "hub-first-seen", "hub-last-seen"];
    if !files.is_empty() {
        head.insert(1, "hub-origin");
    }
    let head: Vec<String> = head.into_iter().map(|id| visit.say(id)).collect();
    let cells: Vec<Vec<Markup>> = rows
        .iter()
        .zip(&origins)
        .map(|(row, origin)| {
            let known = [origin.country.as_str(), origin.network.as_str()];
            let known: Vec<&str> = known.into_iter().filter(|one| !one.is_empty()).collect();
            let origin = (!files.is_empty()).then(|| parts::text(&known.join(", ")));
            std::iter::once(html! { code { (row.source) } })
                .chain(origin)
                .chain([
                    parts::text(&number(row.members)),
                    time(words, row.first),
                    time(words, row.last),
                ])
                .collect()
        })
        .collect();
    let (shown, rest) = cells.split_at(cells.len().min(SOURCES_SHOWN));
    let title = visit.say("hub-threat-sources");
    html! {
        section aria-labelledby="sources" {
            h2 #sources { (title) }
            p { (visit.say("hub-threat-sources-more")) }
            @if !files.is_empty() {
                p.hint {
                    (visit.say("hub-origin-of"))
                    @for (name, made) in &files { " " (name) " (" (format::date(words, *made)) ")" }
                }
            }
            (parts::cards(&title, &head, shown))
            @if !rest.is_empty() {
                details {
                    summary { (visit.say_with("hub-more-rows", &[("count", rest.len().into())])) }
                    (parts::cards(&title, &head, rest))
                }
            }
        }
    }
}
