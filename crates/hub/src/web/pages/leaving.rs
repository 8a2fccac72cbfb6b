//! What leaves our building: every sighting as the hub keeps it, explained field by field.

use larum_core::time::Timestamp;
use maud::{Markup, html};
use serde_json::json;

use crate::store::pages::{MAX_DOWNLOAD_ROWS, SightingCursor, SightingRow};
use crate::web::answer::{Answer, Problem};
use crate::web::format::{moment, number};
use crate::web::visit::Visit;
use crate::web::{csv as comma, names};

const ROWS: u32 = 20;

/// The fields in the order of the wire, for the page and the downloads.
const FIELDS: [&str; 13] = [
    "id",
    "collector",
    "key",
    "detector",
    "category",
    "attack",
    "severity",
    "confidence",
    "outcome",
    "first",
    "last",
    "count",
    "sources",
];

pub(in crate::web) fn show(visit: &mut Visit<'_>) -> Result<Answer, Problem> {
    let before = cursor(visit.asked("before"));
    let rows = read(visit, before.as_ref(), ROWS)?;
    let heading = visit.say("hub-leaving");
    let full = u32::try_from(rows.len()).is_ok_and(|count| count >= ROWS);
    let older = rows.last().filter(|_| full);
    let main = html! {
        h1 { (heading) }
        p.lead { (visit.say("hub-leaving-lead")) }
        p { (visit.say("hub-leaving-never")) }
        p.downloads {
            a href="/home/leaving.csv" { (visit.say("hub-leaving-csv")) } " "
            a href="/home/leaving.json" { (visit.say("hub-leaving-json")) } " "
            span.hint { (visit.say_with("hub-leaving-most", &[("shown", number(u64::from(MAX_DOWNLOAD_ROWS)).into())])) }
        }
        details.glossary {
            summary { (visit.say("hub-leaving-fields")) }
            dl {
                @for field in FIELDS {
                    dt { (visit.say(&format!("hub-field-{field}"))) " " code { (field) } }
                    dd { (visit.say(&format!("hub-field-{field}-why"))) }
                }
            }
        }
        @if rows.is_empty() { p.empty { (visit.say("hub-leaving-none")) } }
        ol.sightings { @for row in &rows { li { (one(visit, row)) } } }
        nav.pages aria-label=(visit.say("hub-pages")) {
            @if before.is_some() { a href="/home/leaving" { (visit.say("hub-newest")) } " " }
            @if let Some(row) = older {
                a href={ "/home/leaving?before=" (row.last.as_millis()) "-" (row.id) } { (visit.say("hub-older")) }
            }
        }
    };
    Ok(visit.page(&heading, &main))
}

fn one(visit: &Visit<'_>, row: &SightingRow) -> Markup {
    let words = &*visit.state.words;
    html! {
        h2 { (names::happened(words, row)) }
        dl.fields {
            @for (field, value) in FIELDS.iter().zip(values(row)) {
                dt { (visit.say(&format!("hub-field-{field}"))) }
                dd {
                    @match *field {
                        "key" => { (names::key(words, &row.key)) }
                        "category" | "outcome" => { (names::word(words, field, &value)) }
                        "severity" => { (words.say_with("severity", &[("level", value.as_str().into())])) }
                        "confidence" => { (value) "%" }
                        "first" => { (moment(words, row.first)) }
                        "last" => { (moment(words, row.last)) }
                        "count" => { (number(row.count)) }
                        "attack" if row.attack.is_empty() => { (visit.say("hub-none")) }
                        "sources" => {
                            @for (index, source) in row.sources.iter().enumerate() {
                                @if index > 0 { ", " }
                                code { (source) }
                            }
                        }
                        _ => { code { (value) } }
                    }
                }
            }
        }
    }
}

/// The fields as they are stored, in the order of [`FIELDS`].
fn values(row: &SightingRow) -> [String; 13] {
    [
        row.id.clone(),
        row.collector.clone(),
        row.key.clone(),
        row.detector.clone(),
        row.category.clone(),
        row.attack.join(" "),
        row.severity.clone(),
        row.confidence.to_string(),
        row.outcome.clone(),
        row.first.to_string(),
        row.last.to_string(),
        row.count.to_string(),
        row.sources.join(" "),
    ]
}

/// The newest sightings as comma-separated values.
pub(in crate::web) fn csv(visit: &mut Visit<'_>) -> Result<Answer, Problem> {
    let rows = read(visit, None, MAX_DOWNLOAD_ROWS)?;
    let mut out = String::new();
    comma::line(&mut out, FIELDS);
    for row in &rows {
        let cells = values(row);
        comma::line(&mut out, cells.iter().map(String::as_str));
    }
    let mut answer = Answer::of("text/csv; charset=utf-8", out);
    answer.file_name = Some("larum-what-leaves.csv");
    Ok(answer)
}

/// The newest sightings as JSON, spelled as on the wire.
pub(in crate::web) fn json(visit: &mut Visit<'_>) -> Result<Answer, Problem> {
    let rows = read(visit, None, MAX_DOWNLOAD_ROWS)?;
    let rows: Vec<serde_json::Value> = rows
        .iter()
        .map(|row| {
            json!({
                "id": row.id, "collector": row.collector, "key": row.key,
                "detector": row.detector, "category": row.category, "attack": row.attack,
                "severity": row.severity, "confidence": row.confidence, "outcome": row.outcome,
                "first": row.first.as_millis(), "last": row.last.as_millis(), "count": row.count,
                "sources": row.sources,
            })
        })
        .collect();
    let mut answer = Answer::of("application/json", json!({ "sightings": rows }).to_string());
    answer.file_name = Some("larum-what-leaves.json");
    Ok(answer)
}

fn read(
    visit: &mut Visit<'_>,
    before: Option<&SightingCursor>,
    limit: u32,
) -> Result<Vec<SightingRow>, Problem> {
    let member = visit.own()?;
    let sealed = visit
        .store()
        .sightings(&visit.scope, member, before, limit)?;
    visit.open(sealed)
}

fn cursor(text: &str) -> Option<SightingCursor> {
    let (last, id) = text.split_once('-')?;
    Some(SightingCursor {
        last: Timestamp::from_millis(last.parse().ok()?),
        id: id.to_owned(),
    })
}
