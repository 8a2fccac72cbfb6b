//! Prometheus metrics: counts by reason; no device, no address.

use std::fmt::Write as _;

use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use larum_core::health::Kind;
use larum_link::wire;

use super::PageState;
use crate::board::{Posted, Trouble};

/// Media type of the Prometheus text format, version 0.0.4.
const MEDIA_TYPE: &str = "text/plain; version=0.0.4; charset=utf-8";

pub(super) async fn serve(State(state): State<PageState>) -> Response {
    let mut out = Exposition::default();
    let closed: Vec<_> = state.board.connections_closed().collect();
    posted(&state, &mut out);
    out.head(
        "larum_connections_closed_total",
        "Connections closed or not taken, by reason",
        "counter",
    );
    for (reason, count) in closed {
        out.labelled(
            "larum_connections_closed_total",
            "reason",
            reason.code(),
            count,
        );
    }
    ([(header::CONTENT_TYPE, MEDIA_TYPE)], out.text).into_response()
}

/// What stands on the board.
fn posted(state: &PageState, out: &mut Exposition) {
    let posted = state.board.lock();
    let total = wire::Tally::from(posted.tally.total());
    counts(&total, out);
    out.gauge(
        "larum_spool_sightings",
        "Sightings waiting for the hub",
        posted.spool.waiting,
    );
    out.gauge(
        "larum_spool_bytes",
        "Bytes of sightings on disk",
        posted.spool.bytes,
    );
    out.head(
        "larum_spool_dropped_total",
        "Sightings given up, by reason",
        "counter",
    );
    for (reason, count) in posted.spool.dropped() {
        out.labelled("larum_spool_dropped_total", "reason", reason, count);
    }
    let hour_ago = state.clock.now().plus_seconds(-3_600);
    let heard = u64::try_from(posted.tally.heard_since(hour_ago)).unwrap_or(u64::MAX);
    out.gauge(
        "larum_devices_heard",
        "Devices heard in the last hour",
        heard,
    );
    let connected = u64::from(posted.hub.state == "connected");
    out.gauge(
        "larum_hub_connected",
        "1 when the last call to the hub went well",
        connected,
    );
    out.head(
        "larum_trouble",
        "1 while it hinders the collector, by reason",
        "gauge",
    );
    trouble_counts(&posted, out);
}

fn trouble_counts(posted: &Posted, out: &mut Exposition) {
    for trouble in Trouble::ALL {
        let there = u64::from(posted.troubles.contains(&trouble));
        out.labelled("larum_trouble", "reason", trouble.code(), there);
    }
    out.head(
        "larum_concerns",
        "Silent devices, lost lines and the like that stand now, by reason",
        "gauge",
    );
    for kind in Kind::ALL {
        let standing = posted.concerns.iter();
        let count = standing.filter(|one| one.kind() == Some(*kind)).count();
        let count = u64::try_from(count).unwrap_or(u64::MAX);
        out.labelled("larum_concerns", "reason", kind.as_str(), count);
    }
}

fn counts(total: &wire::Tally, out: &mut Exposition) {
    out.counter(
        "larum_records_received_total",
        "Records whose fate is known",
        total.received,
    );
    out.counter(
        "larum_events_total",
        "Records that became events",
        total.events,
    );
    out.head(
        "larum_records_rejected_total",
        "Records that are no event, by reason",
        "counter",
    );
    for (reason, count) in &total.rejected {
        out.labelled("larum_records_rejected_total", "reason", reason, *count);
    }
    out.head(
        "larum_records_dropped_total",
        "Records dropped before parsing, by reason",
        "counter",
    );
    for (reason, count) in &total.dropped {
        out.labelled("larum_records_dropped_total", "reason", reason, *count);
    }
    out.counter(
        "larum_findings_total",
        "Findings whose fate is known",
        total.findings,
    );
    out.head(
        "larum_findings_withheld_total",
        "Findings without a sighting, by reason",
        "counter",
    );
    for (reason, count) in &total.withheld {
        out.labelled("larum_findings_withheld_total", "reason", reason, *count);
    }
    out.counter("larum_sightings_total", "Sightings made", total.sightings);
    out.counter(
        "larum_sightings_sent_total",
        "Sightings put into a batch",
        total.sent,
    );
    out.counter(
        "larum_sightings_receipted_total",
        "Sightings the hub has counted",
        total.receipted,
    );
}

/// The Prometheus text format. Labels are our own codes and need no escaping.
#[derive(Default)]
struct Exposition {
    text: String,
}

impl Exposition {
    fn head(&mut self, name: &str, help: &str, kind: &str) {
        self.write(format_args!("# HELP {name} {help}\n# TYPE {name} {kind}\n"));
    }

    fn counter(&mut self, name: &str, help: &str, value: u64) {
        self.head(name, help, "counter");
        self.write(format_args!("{name} {value}\n"));
    }

    fn gauge(&mut self, name: &str, help: &str, value: u64) {
        self.head(name, help, "gauge");
        self.write(format_args!("{name} {value}\n"));
    }

    fn labelled(&mut self, name: &str, label: &str, of: &str, value: u64) {
        self.write(format_args!("{name}{{{label}=\"{of}\"}} {value}\n"));
    }

    fn write(&mut self, text: std::fmt::Arguments<'_>) {
        // Writing into a String cannot fail.
        if self.text.write_fmt(text).is_err() {
            self.text.push('\n');
        }
    }
}
