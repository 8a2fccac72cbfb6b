//! What the link counts, for Prometheus: reasons and numbers, never who.

use larum_link::wire::RefusalCode;
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::Registry;

use crate::ingest::Taken;

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Call {
    call: String,
    status: u16,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Reason {
    reason: String,
}

/// The link's counters.
#[derive(Clone, Debug, Default)]
pub struct LinkMetrics {
    calls: Family<Call, Counter>,
    refusals: Family<Reason, Counter>,
    batches: Family<Reason, Counter>,
    sightings: Counter,
    set_aside: Family<Reason, Counter>,
    turned_away: Family<Reason, Counter>,
    connections: Gauge,
}

impl LinkMetrics {
    /// Registers them under `larum_hub_link_`.
    pub fn register(&self, registry: &mut Registry) {
        let link = registry.sub_registry_with_prefix("larum_hub_link");
        link.register(
            "calls",
            "Calls answered, by call and status",
            self.calls.clone(),
        );
        link.register(
            "refusals",
            "Calls refused, by reason",
            self.refusals.clone(),
        );
        link.register(
            "batches",
            "Batches receipted: counted now, or before",
            self.batches.clone(),
        );
        link.register("sightings", "Sightings kept", self.sightings.clone());
        link.register(
            "set_aside",
            "Sightings not kept, by reason",
            self.set_aside.clone(),
        );
        link.register(
            "turned_away",
            "Connections that ended before a call, by reason",
            self.turned_away.clone(),
        );
        link.register(
            "connections",
            "Connections open now",
            self.connections.clone(),
        );
    }

    pub(super) fn answered(&self, call: &str, status: u16) {
        let call = call.to_owned();
        self.calls.get_or_create(&Call { call, status }).inc();
    }

    pub(super) fn refused(&self, code: RefusalCode) {
        self.refusals.get_or_create(&reason(code.as_str())).inc();
    }

    pub(super) fn batch(&self, taken: &Taken) {
        let label = if taken.fresh {
            "counted"
        } else {
            "counted-before"
        };
        self.batches.get_or_create(&reason(label)).inc();
        self.sightings.inc_by(taken.kept);
        if taken.fresh {
            for (code, count) in &taken.receipt.set_aside {
                self.set_aside.get_or_create(&reason(code)).inc_by(*count);
            }
        }
    }

    pub(super) fn turned_away(&self, code: &str) {
        self.turned_away.get_or_create(&reason(code)).inc();
    }

    pub(super) fn opened(&self) {
        self.connections.inc();
    }

    pub(super) fn closed(&self) {
        self.connections.dec();
    }
}

fn reason(code: &str) -> Reason {
    Reason {
        reason: code.to_owned(),
    }
}
