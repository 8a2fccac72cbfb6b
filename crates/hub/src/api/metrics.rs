//! What the programming interface counts, for Prometheus: never who.

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::registry::Registry;

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Answered {
    operation: String,
    status: u16,
}

/// The interface's counters.
#[derive(Clone, Debug, Default)]
pub struct ApiMetrics {
    calls: Family<Answered, Counter>,
}

impl ApiMetrics {
    /// Registers them under `larum_hub_api_`.
    pub fn register(&self, registry: &mut Registry) {
        let api = registry.sub_registry_with_prefix("larum_hub_api");
        api.register(
            "calls",
            "Calls of programs answered, by path of the operation and status",
            self.calls.clone(),
        );
    }

    /// `operation` is the path as it stands in the document; empty for an address nobody has.
    pub(super) fn answered(&self, operation: &str, status: u16) {
        let operation = operation.to_owned();
        self.calls
            .get_or_create(&Answered { operation, status })
            .inc();
    }
}
