//! What leaves the building: the newest parcels, as they stand in the egress ledger.

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Response};
use larum_core::time::Timestamp;
use larum_core::words::Words;
use larum_link::wire::{Batch, WireSighting};
use larum_spool::ledger::Entry;
use larum_spool::{FolderStorage, Ledger};
use maud::{Markup, html};

use super::format::{moment, number};
use super::home::hub_words;
use super::{PageState, frame};
use crate::board::HubState;
use crate::sharing;
use crate::state::LEDGER_FOLDER;

/// Newest parcels shown.
const MAX_PARCELS: u64 = 10;
/// Most sightings shown of each; the rest is in the words below.
const MAX_SIGHTINGS: usize = 50;
/// Most addresses named of each sighting.
const MAX_NAMED: usize = 3;

pub(super) async fn serve(State(state): State<PageState>) -> Response {
    let folder = state.config.state_dir.join(LEDGER_FOLDER);
    // Reading a ledger waits for the disk.
    let read = tokio::task::spawn_blocking(move || newest(&folder)).await;
    let parcels = read.unwrap_or(Err(Damaged));
    let hub = state.board.lock().hub.clone();
    let level = sharing::in_force(&state.config);
    let words: &Words = &state.words;
    let heading = words.say("page-nav-leaves");
    let main = html! {
        h1 { (heading) }
        p { (words.say("page-leaves-text")) }
        p { (words.say("page-leaves-level")) " " (words.say(&format!("share-{}", level.as_str()))) }
        (hub_lines(&state, &hub))
        @match &parcels {
            Err(Damaged) => p { (words.say("page-leaves-damaged")) },
            Ok(parcels) if parcels.is_empty() => p { (words.say("page-leaves-none")) },
            Ok(parcels) => { @for entry in parcels { (parcel(&state, entry)) } },
        }
    };
    super::html(frame::page(&state, "/leaves", &heading, &main))
}

pub(super) async fn not_found(State(state): State<PageState>) -> Response {
    let heading = state.words.say("page-not-found");
    let main = html! {
        h1 { (heading) }
        p { (state.words.say("page-not-found-text")) }
    };
    let page = super::html(frame::page(&state, "", &heading, &main));
    (StatusCode::NOT_FOUND, page).into_response()
}

/// The ledger contradicts itself or cannot be read.
struct Damaged;

/// Newest first; none when nothing was ever sent.
fn newest(folder: &std::path::Path) -> Result<Vec<Entry>, Damaged> {
    let Ok(storage) = FolderStorage::read_only(folder) else {
        return Ok(Vec::new());
    };
    let ledger = Ledger::look(storage).map_err(|_| Damaged)?;
    let last = ledger.head().sequence;
    if last == 0 {
        return Ok(Vec::new());
    }
    let first = last.saturating_sub(MAX_PARCELS - 1).max(1);
    let mut entries = ledger.entries(first, last).map_err(|_| Damaged)?;
    entries.reverse();
    Ok(entries)
}

fn hub_lines(state: &PageState, hub: &HubState) -> Markup {
    let words: &Words = &state.words;
    html! {
        h2 { (words.say("page-hub")) }
        p { (hub_words(&hub.state, words)) }
        @if let Some(member) = &hub.member {
            p { (words.say_with("page-hub-member", &[("member", member.as_str().into())])) }
        }
        @if let Some(offset_ms) = hub.clock_offset_ms.filter(|offset| offset.abs() >= 60_000) {
            p {
                (words.say_with("page-hub-clock", &[
                    ("seconds", number(offset_ms.unsigned_abs() / 1_000).into()),
                ]))
            }
        }
    }
}

fn parcel(state: &PageState, entry: &Entry) -> Markup {
    let words: &Words = &state.words;
    let when = moment(Timestamp::from_millis(entry.time_ms), &state.zone);
    let counted = if entry.receipt.is_some() {
        "page-parcel-counted"
    } else {
        "page-parcel-waiting"
    };
    let batch: Option<Batch> = serde_json::from_slice(&entry.body).ok();
    html! {
        section.card {
            h3 {
                (words.say_with("page-parcel", &[
                    ("number", number(entry.sequence).into()),
                    ("when", when.into()),
                ]))
            }
            p { (words.say(counted)) }
            @if let Some(batch) = &batch { (sightings(state, &batch.sightings)) }
            details {
                summary { (words.say("page-parcel-raw")) }
                pre tabindex="0" { (String::from_utf8_lossy(&entry.body)) }
            }
        }
    }
}

fn sightings(state: &PageState, sightings: &[WireSighting]) -> Markup {
    let words: &Words = &state.words;
    let span = |sighting: &WireSighting| {
        let first = moment(Timestamp::from_millis(sighting.first), &state.zone);
        let last = moment(Timestamp::from_millis(sighting.last), &state.zone);
        if first == last {
            first
        } else {
            format!("{first} – {last}")
        }
    };
    html! {
        div.scroll {
            table {
                caption { (words.say_with("page-parcel-caption", &[("count", sightings.len().into())])) }
                thead {
                    tr {
                        th scope="col" { (words.say("page-parcel-what")) }
                        th scope="col" { (words.say("page-parcel-sources")) }
                        th scope="col" { (words.say("page-outcome")) }
                        th scope="col" { (words.say("page-when")) }
                        th.number scope="col" { (words.say("page-count")) }
                    }
                }
                tbody {
                    @for sighting in sightings.iter().take(MAX_SIGHTINGS) {
                        tr {
                            th scope="row" {
                                (words.say(&format!("category-{}", sighting.category)))
                                " (" (sighting.key) ")"
                            }
                            td { (sources(sighting, words)) }
                            td { (words.say(&format!("page-outcome-{}", sighting.outcome))) }
                            td { (span(sighting)) }
                            td.number { (number(sighting.count)) }
                        }
                    }
                }
            }
        }
        @if sightings.len() > MAX_SIGHTINGS {
            p {
                (words.say_with("page-parcel-more", &[
                    ("count", (sightings.len() - MAX_SIGHTINGS).into()),
                ]))
            }
        }
    }
}

fn sources(sighting: &WireSighting, words: &Words) -> String {
    let mut named: Vec<String> = sighting
        .sources
        .iter()
        .take(MAX_NAMED)
        .map(ToString::to_string)
        .collect();
    let more = sighting.sources.len().saturating_sub(MAX_NAMED);
    if more > 0 {
        named.push(words.say_with("page-parcel-more", &[("count", more.into())]));
    }
    named.join(", ")
}
