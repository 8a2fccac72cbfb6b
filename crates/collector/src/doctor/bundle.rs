//! A support bundle: what somebody who helps needs to know, and nothing that says who the firm is.
//!
//! It is built anew from numbers and from words of our own; text that was configured, that a device or
//! the hub said, or that stands in a file is never copied. Devices are numbered. A test puts a marked
//! secret into every text there is and finds none here.

use std::collections::BTreeMap;

use larum_core::health::Kind;
use larum_core::parse::Formats;
use larum_core::reject::Reject;
use larum_core::sighting::Withheld;
use larum_core::time::Timestamp;
use larum_link::wire::Tally;
use serde_json::{Value, json};

use super::Report;
use crate::board::Trouble;
use crate::config::{Config, SharingLevel, Transport};
use crate::health::moment_of;
use crate::reason::{Closed, Dropped};
use crate::status::{DeviceRow, StatusDocument};
use crate::uplink::connection::LinkProblem;

/// Version of the bundle's layout.
const VERSION: u8 = 1;
/// States of the hub that are told, beside the link's problems.
const HUB_STATES: [&str; 7] = [
    "not-joined",
    "joined",
    "connected",
    "identity-unreadable",
    "busy",
    "over-quota",
    "not-authorised",
];

/// The bundle of `report`; `formats` are those that ship, the only ones that are named.
#[must_use]
pub fn bundle(report: &Report, formats: &Formats) -> Value {
    let checks: Vec<Value> = report
        .checks
        .iter()
        .map(|check| json!({"check": check.check, "result": check.result, "state": check.state}))
        .collect();
    json!({
        "larum-bundle": VERSION,
        "made": whole_minute(report.at),
        "program": env!("CARGO_PKG_VERSION"),
        "system": {"os": std::env::consts::OS, "machine": std::env::consts::ARCH},
        "checks": checks,
        "settings": report.config.as_ref().map(settings),
        "collector": report.status.as_ref().map(|status| collector(status, report.at, formats)),
    })
}

fn whole_minute(at: Timestamp) -> String {
    at.floor_to(60).to_string()
}

/// What is configured, in numbers.
fn settings(config: &Config) -> Value {
    let listeners: BTreeMap<&str, usize> = Transport::ALL
        .into_iter()
        .map(|transport| {
            let listeners = config.listen.iter();
            let count = listeners.filter(|listen| listen.transport == transport);
            (transport.as_str(), count.count())
        })
        .collect();
    let limits = &config.limits;
    json!({
        "listeners": listeners,
        "files": config.files.len(),
        "stdin": config.stdin,
        "page": config.page_address.is_some(),
        "metrics": config.metrics_address.is_some(),
        "own-networks": config.own_networks.len(),
        "ours": config.ours.len(),
        "indicator-lists": config.indicators.len(),
        "never-match-lists": config.never_match.len(),
        "rule-folders": config.rules.len(),
        "own-formats": config.formats.is_some(),
        "shares": config.sharing.level != SharingLevel::Off,
        "limits": {
            "queue-chunks": limits.queue_chunks,
            "connections": limits.connections,
            "connections-per-sender": limits.connections_per_sender,
            "idle-seconds": limits.idle_seconds,
            "udp-buffer-bytes": limits.udp_buffer_bytes,
            "spool-bytes": limits.spool_bytes,
            "spool-days": limits.spool_days,
            "ledger-days": limits.ledger_days,
            "ledger-bytes": limits.ledger_bytes,
            "keep-free-bytes": limits.keep_free_bytes,
            "files": limits.files,
        },
    })
}

fn collector(status: &StatusDocument, now: Timestamp, formats: &Formats) -> Value {
    let names: BTreeMap<&str, String> = status
        .devices
        .iter()
        .enumerate()
        .map(|(at, device)| (device.device.as_str(), format!("device-{}", at + 1)))
        .collect();
    let devices: Vec<Value> = status
        .devices
        .iter()
        .map(|device| self::device(device, &names, status, now, formats))
        .collect();
    let concerns: Vec<Value> = status
        .concerns
        .iter()
        .filter_map(|concern| {
            let device = concern.device.as_deref();
            Some(json!({
                "kind": concern.kind()?.as_str(),
                "device": device.map(|name| names.get(name).map_or("gone", String::as_str)),
                "since-seconds": age(Some(&concern.since), now),
                "amount": concern.amount,
            }))
        })
        .collect();
    let closed: BTreeMap<&str, u64> = known(
        &status.connections_closed,
        Closed::ALL.iter().map(|one| one.code()),
    );
    let troubles: Vec<&str> = Trouble::ALL
        .iter()
        .map(|one| one.code())
        .filter(|code| status.troubles.iter().any(|trouble| trouble == code))
        .collect();
    json!({
        "running": status.running,
        "same-version": status.version == env!("CARGO_PKG_VERSION"),
        "written-seconds": age(Some(&status.written), now),
        "total": tally(&status.total),
        "devices": devices,
        "concerns": concerns,
        "troubles": troubles,
        "connections-closed": closed,
        "own-networks-known": status.own_networks.len(),
        "spool": status.spool,
        "hub": hub(status, now),
    })
}

fn hub(status: &StatusDocument, now: Timestamp) -> Value {
    let mut states = HUB_STATES
        .into_iter()
        .chain(LinkProblem::ALL.map(LinkProblem::code));
    let state = states.find(|state| *state == status.hub.state);
    json!({
        "state": state.unwrap_or("other"),
        "answered-seconds": age(status.hub.last_answer.as_ref(), now),
        "batches": status.hub.last_batch,
        "clock-offset-ms": status.hub.clock_offset_ms,
    })
}

fn device(
    device: &DeviceRow,
    names: &BTreeMap<&str, String>,
    status: &StatusDocument,
    now: Timestamp,
    formats: &Formats,
) -> Value {
    let mut sum = Tally::default();
    let hours = status
        .hours
        .iter()
        .filter(|hour| hour.device == device.device);
    for hour in hours {
        add(&mut sum, &hour.sum);
    }
    let built_in = |name: &str| formats.names().any(|format| format == name);
    let unread: Vec<Value> = device
        .unread
        .iter()
        .map(|row| {
            let format = row.format.as_deref();
            let why = ["field", "shape", "marks", "nothing", "not-looked-into"];
            json!({
                "lines": row.lines,
                "why": why.into_iter().find(|why| *why == row.why),
                "format": format.map(|name| if built_in(name) { name } else { "own" }),
                "field": row.field.as_deref()
                    .and_then(larum_core::event::Field::from_word)
                    .map(larum_core::event::Field::as_str),
            })
        })
        .collect();
    let clocks: Vec<Value> = device
        .clocks
        .iter()
        .map(|clock| {
            json!({
                "zone-offset-seconds": clock.zone_offset_seconds,
                "sure": clock.sure,
                "steady": clock.steady,
                "skew-seconds": clock.skew_seconds,
                "wrong-seconds": clock.wrong_seconds,
                "measured": clock.measured,
            })
        })
        .collect();
    json!({
        "name": names.get(device.device.as_str()),
        "heard-seconds": age(device.last_heard.as_ref(), now),
        "two-days": tally(&sum),
        "unread": unread,
        "clocks": clocks,
        "silent": status.concerns.iter().any(|concern| {
            concern.kind() == Some(Kind::DeviceSilent)
                && concern.device.as_ref() == Some(&device.device)
        }),
    })
}

/// Seconds from the moment written in `text` to `now`.
fn age(text: Option<&String>, now: Timestamp) -> Option<i64> {
    let at = moment_of(text?)?;
    Some(now.millis_since(at) / 1_000)
}

fn tally(sum: &Tally) -> Value {
    json!({
        "received": sum.received,
        "events": sum.events,
        "rejected": known(&sum.rejected, Reject::ALL.iter().map(|one| one.code())),
        "dropped": known(&sum.dropped, Dropped::ALL.iter().map(|one| one.code())),
        "findings": sum.findings,
        "withheld": known(&sum.withheld, Withheld::ALL.iter().map(|one| one.as_str())),
        "sightings": sum.sightings,
        "sent": sum.sent,
        "receipted": sum.receipted,
    })
}

/// The counts of reasons that this program knows.
fn known(
    counts: &BTreeMap<String, u64>,
    codes: impl Iterator<Item = &'static str>,
) -> BTreeMap<&'static str, u64> {
    codes
        .filter_map(|code| Some((code, *counts.get(code)?)))
        .collect()
}

fn add(to: &mut Tally, from: &Tally) {
    for (to, from) in [
        (&mut to.received, from.received),
        (&mut to.events, from.events),
        (&mut to.findings, from.findings),
        (&mut to.sightings, from.sightings),
        (&mut to.sent, from.sent),
        (&mut to.receipted, from.receipted),
    ] {
        *to = to.saturating_add(from);
    }
    for (to, from) in [
        (&mut to.rejected, &from.rejected),
        (&mut to.dropped, &from.dropped),
        (&mut to.withheld, &from.withheld),
    ] {
        for (reason, count) in from {
            *to.entry(reason.clone()).or_default() += count;
        }
    }
}
