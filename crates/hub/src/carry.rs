//! What carries sightings over into ClickHouse, on the hub that leads.

use std::sync::Arc;
use std::time::Duration;

use larum_link::clock::Clock;

use crate::store::StoreError;
use crate::store::lead::Lead as _;
use crate::store::sql::SqlStore;

/// How often it looks for what waits. Fewer and larger groups suit ClickHouse better.
const EVERY: Duration = Duration::from_secs(2);
/// After a failure.
const AFTER_FAILURE: Duration = Duration::from_secs(10);

/// Carries what waits until `stop` ends. Returns at once for a store that keeps its sightings itself.
pub async fn run_job(store: Arc<SqlStore>, clock: Clock, stop: impl Future<Output = ()>) {
    if !store.is_carried() {
        return;
    }
    tokio::pin!(stop);
    let mut failing = false;
    loop {
        let asked = store.clone();
        let carried = tokio::task::spawn_blocking(move || carry(&asked)).await;
        let pause = if matches!(carried, Ok(Ok(()))) {
            if failing {
                tracing::info!("ClickHouse has what waited");
            }
            failing = false;
            EVERY
        } else {
            // Said once, not every ten seconds of an outage.
            if !failing {
                tracing::error!(reason = "clickhouse", "sightings wait to be carried over");
            }
            failing = true;
            AFTER_FAILURE
        };
        tokio::select! {
            () = &mut stop => return,
            () = tokio::time::sleep(clock.real(pause)) => {}
        }
    }
}

/// Carries all that waits, if this hub leads.
fn carry(store: &SqlStore) -> Result<(), StoreError> {
    match store.term()? {
        Some(_) => store.feed_all(),
        None => Ok(()),
    }
}
