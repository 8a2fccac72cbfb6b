//! The hourly job that forgets what is older than the policy allows.

use std::sync::Arc;
use std::time::Duration;

use larum_core::time::Timestamp;
use larum_link::clock::Clock;

use crate::store::StoreError;
use crate::store::keep::{KeepSince, KeepStore};

/// How often it looks.
const EVERY: Duration = Duration::from_secs(3_600);
const DAY_MS: i64 = 86_400_000;

/// How long things are kept, in days.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KeepDays {
    /// Attackers' addresses.
    pub addresses: u32,
    /// Counts without addresses.
    pub counts: u32,
}

impl KeepDays {
    /// From when on things are kept, seen at `now`.
    #[must_use]
    pub fn since(self, now: Timestamp) -> KeepSince {
        let before = |days: u32| {
            let kept_ms = i64::from(days).saturating_mul(DAY_MS);
            Timestamp::from_millis(now.as_millis().saturating_sub(kept_ms))
        };
        KeepSince {
            addresses: before(self.addresses),
            counts: before(self.counts),
        }
    }
}

/// Forgets at the start and every hour, until `stop` ends.
pub async fn run_job<S: KeepStore + Send + Sync + 'static>(
    store: Arc<S>,
    clock: Clock,
    days: KeepDays,
    stop: impl Future<Output = ()>,
) {
    tokio::pin!(stop);
    loop {
        let (asked, since) = (store.clone(), days.since(clock.now()));
        let forgotten = tokio::task::spawn_blocking(move || forget(&*asked, &since)).await;
        match forgotten {
            Ok(Ok(0)) => {}
            Ok(Ok(rows)) => tracing::info!(rows, "old rows forgotten"),
            Ok(Err(_)) | Err(_) => {
                tracing::error!(reason = "store", "what is too old could not be forgotten");
            }
        }
        tokio::select! {
            () = &mut stop => return,
            () = tokio::time::sleep(clock.real(EVERY)) => {}
        }
    }
}

/// Forgets everything that is too old, in steps that let others write in between. How many rows went.
fn forget(store: &impl KeepStore, since: &KeepSince) -> Result<usize, StoreError> {
    let mut rows = 0_usize;
    loop {
        let went = store.forget_old(since)?.rows();
        if went == 0 {
            return Ok(rows);
        }
        rows = rows.saturating_add(went);
    }
}
