//! Who sends, and where every line went.

use std::collections::BTreeMap;

use axum::extract::State;
use axum::response::Response;
use larum_core::health::Kind;
use larum_core::time::{DeviceTime, Timestamp};
use larum_core::words::Words;
use larum_link::wire::Tally;
use maud::{Markup, html};

use super::format::{moment, number};
use super::{PageState, frame};
use crate::learned::{self, OwnRow};
use crate::status::{DeviceRow, StatusDocument};

const HOURS: i64 = 24;
/// Most hosts told of one sender.
const MAX_CLOCKS: usize = 8;
/// Most devices in the table.
const MAX_SHOWN: usize = 200;

pub(super) async fn serve(State(state): State<PageState>) -> Response {
    let now = state.clock.now();
    let document = state.status.document(&state.board, now);
    let words: &Words = &state.words;
    let heading = words.say("page-devices");
    let (day, per_device) = last_day(&document, now);
    let main = html! {
        h1 { (heading) }
        p { (words.say("page-devices-text")) }
        @if document.devices.is_empty() {
            p { (words.say("page-devices-none")) }
        } @else {
            (device_table(&state, &document, &per_device, now))
        }
        (unread_lines(&state, &document, &per_device))
        h2 { (words.say("page-own")) }
        (own_table(&document.own_networks, words))
        h2 { (words.say("page-sum")) }
        (sum_table(&day, words))
        h2 { (words.say("page-sum-findings")) }
        (findings_table(&day, words))
        @if !document.connections_closed.is_empty() {
            h2 { (words.say("page-connections")) }
            (table(&words.say("page-connections-caption"), words, document.connections_closed.iter()
                .map(|(reason, count)| (words.say(&format!("closed-{reason}")), *count))))
        }
    };
    super::html(frame::page(&state, "/devices", &heading, &main))
}

/// The sum of the last 24 hours, over all devices and for each.
fn last_day(document: &StatusDocument, now: Timestamp) -> (Tally, BTreeMap<&str, Tally>) {
    let from = now
        .floor_to(3_600)
        .plus_seconds(-(HOURS - 1) * 3_600)
        .to_string();
    let mut day = Tally::default();
    let mut per_device: BTreeMap<&str, Tally> = BTreeMap::new();
    for row in document.hours.iter().filter(|row| row.hour >= from) {
        add(&mut day, &row.sum);
        add(per_device.entry(&row.device).or_default(), &row.sum);
    }
    (day, per_device)
}

fn add(to: &mut Tally, from: &Tally) {
    to.received += from.received;
    to.events += from.events;
    to.findings += from.findings;
    to.sightings += from.sightings;
    to.sent += from.sent;
    to.receipted += from.receipted;
    for (sums, counts) in [
        (&mut to.rejected, &from.rejected),
        (&mut to.dropped, &from.dropped),
        (&mut to.withheld, &from.withheld),
    ] {
        for (reason, count) in counts {
            *sums.entry(reason.clone()).or_default() += count;
        }
    }
}

fn device_table(
    state: &PageState,
    document: &StatusDocument,
    per_device: &BTreeMap<&str, Tally>,
    now: Timestamp,
) -> Markup {
    let words: &Words = &state.words;
    html! {
        div.scroll {
            table {
                caption { (words.say("page-devices-caption")) }
                thead {
                    tr {
                        th scope="col" { (words.say("page-name")) }
                        th scope="col" { (words.say("page-state")) }
                        th scope="col" { (words.say("page-clock-column")) }
                        th scope="col" { (words.say("page-last-heard")) }
                        th.number scope="col" { (words.say("page-received-24h")) }
                        th.number scope="col" { (words.say("page-understood-24h")) }
                    }
                }
                tbody {
                    @for device in document.devices.iter().take(MAX_SHOWN) {
                        @let sum = per_device.get(device.device.as_str());
                        @let heard = heard(device);
                        tr {
                            th scope="row" { (device.device) }
                            td { (words.say(condition(device, document))) }
                            td { (clocks(device, now, words)) }
                            td { (heard.map_or_else(|| words.say("status-never"), |heard| moment(heard, &state.zone))) }
                            td.number { (number(sum.map_or(0, |sum| sum.received))) }
                            td.number { (number(sum.map_or(0, |sum| sum.events))) }
                        }
                    }
                }
            }
        }
    }
}

/// Zone and clock of each host behind a sender, the wrong ones first.
fn clocks(device: &DeviceRow, now: Timestamp, words: &Words) -> Markup {
    let mut rows: Vec<_> = device.clocks.iter().collect();
    rows.sort_by_key(|clock| clock.wrong_seconds.is_none());
    let more = rows.len().saturating_sub(MAX_CLOCKS);
    html! {
        @for clock in rows.iter().take(MAX_CLOCKS) {
            div { (learned::clock_line(clock, now, words)) }
        }
        @if more > 0 {
            div { (words.say_with("page-more-clocks", &[("count", more.into())])) }
        }
    }
}

fn own_table(own: &[OwnRow], words: &Words) -> Markup {
    html! {
        p { (words.say("page-own-text")) }
        @if own.is_empty() {
            p { (words.say("page-own-none")) }
        } @else {
            table {
                caption { (words.say("page-own-caption")) }
                thead {
                    tr {
                        th scope="col" { (words.say("page-own-address")) }
                        th scope="col" { (words.say("page-own-why")) }
                    }
                }
                tbody {
                    @for row in own.iter().take(MAX_SHOWN) {
                        tr {
                            th scope="row" { (row.network) }
                            td { (learned::own_line(row, words)) }
                        }
                    }
                }
            }
        }
    }
}

/// What each device sends that could not be read, in words, and what to do about it.
fn unread_lines(
    state: &PageState,
    document: &StatusDocument,
    per_device: &BTreeMap<&str, Tally>,
) -> Markup {
    let words: &Words = &state.words;
    let devices = document.devices.iter();
    let unread: Vec<&DeviceRow> = devices.filter(|device| !device.unread.is_empty()).collect();
    html! {
        h2 #unread { (words.say("page-unread")) }
        @if unread.is_empty() {
            p { (words.say("page-unread-none")) }
        } @else {
            p { (words.say("page-unread-text")) }
            @for device in unread.iter().take(MAX_SHOWN) {
                @let received = per_device.get(device.device.as_str()).map_or(0, |sum| sum.received);
                @let lines = device.unread.iter().map(|row| row.lines).sum();
                section.card.look {
                    h3 {
                        (words.say_with("page-unread-device", &[
                            ("device", device.device.as_str().into()),
                            ("unread", number(lines).into()),
                            ("received", number(received).into()),
                        ]))
                    }
                    ul {
                        @for row in &device.unread {
                            li { (row.say(&state.names, words)) " " (row.advice(words)) }
                        }
                    }
                }
            }
            (or_ask(words))
        }
    }
}

/// How to find out more, and to ask for help.
pub(super) fn or_ask(words: &Words) -> Markup {
    html! {
        p {
            (words.say("unread-or-ask"))
            " " code { "larum formats test FILE" } ". "
            (words.say("unread-or-ask-then"))
        }
    }
}

fn heard(device: &DeviceRow) -> Option<Timestamp> {
    let text = device.last_heard.as_deref()?;
    DeviceTime::parse_rfc3339(text.as_bytes()).map(|time| time.at)
}

fn condition(device: &DeviceRow, document: &StatusDocument) -> &'static str {
    let is = |kind: Kind| {
        document.concerns.iter().any(|concern| {
            concern.kind() == Some(kind) && concern.device.as_deref() == Some(&*device.device)
        })
    };
    if is(Kind::DeviceSilent) {
        "page-device-silent"
    } else if is(Kind::UnreadJump) {
        "page-device-unread"
    } else if device.clock_wrong_seconds.is_some() {
        "page-device-clock"
    } else {
        "page-device-good"
    }
}

fn sum_table(day: &Tally, words: &Words) -> Markup {
    let reasons = |prefix: &'static str, counts: &BTreeMap<String, u64>| {
        counts
            .iter()
            .map(|(reason, count)| (words.say(&format!("{prefix}-{reason}")), *count))
            .collect::<Vec<_>>()
    };
    let rows = [
        vec![(words.say("sum-events"), day.events)],
        reasons("rejected", &day.rejected),
        reasons("dropped", &day.dropped),
        vec![(words.say("sum-received"), day.received)],
    ];
    table(
        &words.say("page-sum-caption"),
        words,
        rows.into_iter().flatten(),
    )
}

fn findings_table(day: &Tally, words: &Words) -> Markup {
    let withheld = day
        .withheld
        .iter()
        .map(|(reason, count)| (words.say(&format!("withheld-{reason}")), *count));
    let mut rows = vec![(words.say("sum-sightings"), day.sightings)];
    rows.extend(withheld);
    rows.push((words.say("sum-findings"), day.findings));
    rows.push((words.say("sum-sent"), day.sent));
    rows.push((words.say("sum-receipted"), day.receipted));
    table(
        &words.say("page-sum-findings-caption"),
        words,
        rows.into_iter(),
    )
}

fn table(caption: &str, words: &Words, rows: impl Iterator<Item = (String, u64)>) -> Markup {
    html! {
        table {
            caption { (caption) }
            thead {
                tr {
                    th scope="col" { (words.say("page-sum-outcome")) }
                    th.number scope="col" { (words.say("page-sum-number")) }
                }
            }
            tbody {
                @for (label, count) in rows {
                    tr {
                        th scope="row" { (label) }
                        td.number { (number(count)) }
                    }
                }
            }
        }
    }
}
