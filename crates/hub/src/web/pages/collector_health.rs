//! Collectors: are they heard, and does their sum add up (invariant 2).

use std::collections::BTreeMap;

use larum_core::health::Kind;
use larum_link::wire::{Heartbeat, Tally};
use maud::{Markup, html};

use crate::store::pages::CollectorRow;
use crate::web::format::{number, time_ago};
use crate::web::names;
use crate::web::parts::{Tone, tag};
use crate::web::verdict::{Health, State};
use crate::web::visit::Visit;

/// A collector as far as the verdict goes.
pub(super) fn of(row: &CollectorRow) -> Health {
    Health {
        last_seen: row.last_seen,
        revoked: row.revoked.is_some(),
        conflict: row.conflict.is_some(),
        over_quota: row.over_quota,
        ailing: heartbeat_of(row).is_some_and(|beat| !known(&beat).is_empty()),
    }
}

fn heartbeat_of(row: &CollectorRow) -> Option<Heartbeat> {
    serde_json::from_str(row.heartbeat.as_deref()?).ok()
}

/// What it says is wrong with itself, as far as this program knows the word.
fn known(heartbeat: &Heartbeat) -> Vec<Kind> {
    let said = |kind: &&Kind| heartbeat.concerns.iter().any(|said| said == kind.as_str());
    Kind::ALL.iter().filter(said).copied().collect()
}

/// All of a firm's collectors.
pub(super) fn list(visit: &Visit<'_>, rows: &[CollectorRow]) -> Markup {
    html! {
        @if rows.is_empty() { p.empty { (visit.say("hub-collectors-none")) } }
        @for row in rows { (one(visit, row)) }
    }
}

fn one(visit: &Visit<'_>, row: &CollectorRow) -> Markup {
    let words = &*visit.state.words;
    let state = of(row).state(visit.now);
    let tone = match state {
        State::Working => Tone::Good,
        State::Revoked => Tone::Quiet,
        State::OverQuota => Tone::Notice,
        State::Silent | State::Ailing | State::Unheard | State::Conflict => Tone::Bad,
    };
    let heartbeat = heartbeat_of(row);
    html! {
        article.collector {
            h3 {
                @if row.site.is_empty() { (visit.say("hub-collector-unnamed")) } @else { (row.site) }
                " " (tag(tone, &visit.say(&format!("hub-collector-{}", state.as_str()))))
            }
            p {
                @if let Some(at) = row.last_seen {
                    (visit.say("hub-last-heard")) " " (time_ago(words, at, visit.now)) ". "
                }
                @if let Some(heartbeat) = &heartbeat {
                    (visit.say_with("hub-devices", &[("count", heartbeat.devices.into())])) " "
                    @if heartbeat.spool_bytes > 0 {
                        (visit.say_with("hub-spool", &[
                            ("shown", number(heartbeat.spool_bytes.div_ceil(1_024)).into()),
                        ]))
                    }
                }
            }
            @if let Some(heartbeat) = &heartbeat {
                (concerns(visit, heartbeat))
                (sum(visit, &heartbeat.total))
            }
        }
    }
}

/// What the collector says is wrong with itself.
fn concerns(visit: &Visit<'_>, heartbeat: &Heartbeat) -> Markup {
    let known = known(heartbeat);
    html! {
        @if !known.is_empty() {
            ul.concerns {
                @for kind in known {
                    li { (tag(Tone::Bad, &visit.say(&format!("concern-{kind}")))) }
                }
            }
        }
    }
}

/// The sum in one line, and by reason on demand.
fn sum(visit: &Visit<'_>, total: &Tally) -> Markup {
    let all = |reasons: &BTreeMap<String, u64>| {
        reasons
            .values()
            .fold(0_u64, |sum, count| sum.saturating_add(*count))
    };
    let (rejected, dropped) = (all(&total.rejected), all(&total.dropped));
    let counted = total
        .events
        .saturating_add(rejected)
        .saturating_add(dropped);
    let adds_up = counted == total.received;
    let shown = [
        ("received", number(total.received).into()),
        ("events", number(total.events).into()),
        ("rejected", number(rejected).into()),
        ("dropped", number(dropped).into()),
    ];
    html! {
        p.sum { (visit.say_with("hub-sum", &shown)) }
        @if adds_up {
            p.sum-check { (tag(Tone::Good, &visit.say("hub-sum-adds-up"))) }
        } @else {
            @let missing = number(counted.abs_diff(total.received));
            p.sum-check { (tag(Tone::Bad, &visit.say_with("hub-sum-wrong", &[("shown", missing.into())]))) }
        }
        details {
            summary { (visit.say("hub-sum-reasons")) }
            dl.reasons {
                (reasons(visit, "rejected", &total.rejected))
                (reasons(visit, "dropped", &total.dropped))
                (reasons(visit, "withheld", &total.withheld))
                dt { (visit.say("hub-sum-findings")) }
                dd { (number(total.findings)) }
                dt { (visit.say("hub-sum-sightings")) }
                dd { (number(total.sightings)) }
                dt { (visit.say("hub-sum-receipted")) }
                dd { (number(total.receipted)) }
            }
        }
    }
}

fn reasons(visit: &Visit<'_>, set: &str, reasons: &BTreeMap<String, u64>) -> Markup {
    html! {
        @for (reason, count) in reasons.iter().filter(|(_, count)| **count > 0) {
            dt {
                (visit.say(&format!("hub-sum-{set}"))) ": "
                (names::word(&visit.state.words, set, reason))
            }
            dd { (number(*count)) }
        }
    }
}

#[cfg(test)]
mod tests {
    use larum_core::time::Timestamp;

    use super::*;

    /// What reaches the hub of the two things that a firm may not see by itself: its collector has stopped
    /// calling, and what waits for the hub becomes more.
    #[test]
    fn a_collector_that_is_silent_and_a_spool_that_grows_are_seen_here() {
        let now = Timestamp::from_seconds(1_800_000_000);
        let at = |seconds: i64, concerns: &[&str]| {
            let beat = Heartbeat {
                version: "0.1.0".into(),
                now: now.as_millis(),
                total: Tally::default(),
                spool_bytes: 4_096,
                devices: 1,
                last_heard: None,
                concerns: concerns.iter().map(ToString::to_string).collect(),
                trust: None,
            };
            let row = CollectorRow {
                id: crate::id::CollectorId::parse(&"1".repeat(32)).unwrap(),
                site: "shop".into(),
                created: now,
                revoked: None,
                conflict: None,
                over_quota: None,
                last_seen: Some(now.plus_seconds(-seconds)),
                heartbeat: serde_json::to_string(&beat).ok(),
            };
            of(&row).state(now)
        };
        assert_eq!(at(299, &[]), State::Working);
        assert_eq!(at(301, &[]), State::Silent);
        assert_eq!(at(10, &["spool-grows"]), State::Ailing);
        assert_eq!(at(10, &["a word of a later version"]), State::Working);
    }
}
