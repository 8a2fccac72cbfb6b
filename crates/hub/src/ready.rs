//! Whether a hub can do its work now, for whatever sends collectors and browsers to it: its store takes
//! what is written, its disk has room, and the watch looks.
//!
//! `/health` says that the program runs, and a supervisor starts it anew when it does not; `/ready` says
//! that it can be sent work, and a balancer leaves it out when it cannot.

use std::path::Path;

use larum_core::time::Timestamp;
use serde::Serialize;

use crate::store::ingest::IngestStore;

/// Free bytes below which a hub is sent no more: 256 MiB.
pub const MIN_FREE_BYTES: u64 = 256 << 20;
/// How old the watch's newest look may be, in seconds: it looks at least once an hour.
pub const MAX_LOOK_AGE_SECONDS: i64 = 2 * 3_600;

/// What was found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Readiness {
    /// Whether all of it is as it should be.
    pub ready: bool,
    /// The store took something written just now.
    pub store_writable: bool,
    /// Bytes free on the disk of the hub's folder; absent when it could not be asked.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub disk_free_bytes: Option<u64>,
    /// Batches that were counted and that pages and watch do not see yet, because ClickHouse has not
    /// taken them; absent when none is. Another hub would do no better, so this one stays ready.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub batches_behind: Option<u64>,
    /// The watch has looked within [`MAX_LOOK_AGE_SECONDS`].
    pub watch_looks: bool,
}

/// Asks all parts. Blocks.
#[must_use]
pub fn ask(store: &impl IngestStore, folder: &Path, now: Timestamp) -> Readiness {
    let written = store.prove_writable(now);
    let watch_looks = matches!(&written, Ok(Some(look))
        if now.as_seconds().saturating_sub(look.as_seconds()) <= MAX_LOOK_AGE_SECONDS);
    let disk_free_bytes = rustix::fs::statvfs(folder)
        .ok()
        .map(|about| about.f_bavail.saturating_mul(about.f_frsize));
    let behind = store.behind().map_or(0, |behind| behind.batches);
    let batches_behind = (behind > 0).then_some(behind);
    let has_room = disk_free_bytes.is_none_or(|bytes| bytes >= MIN_FREE_BYTES);
    Readiness {
        ready: written.is_ok() && has_room && watch_looks,
        store_writable: written.is_ok(),
        disk_free_bytes,
        batches_behind,
        watch_looks,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::sql::SqlStore;
    use crate::store::watch_state::WatchState as _;

    #[test]
    fn a_hub_is_ready_once_its_watch_has_looked() {
        let folder = tempfile::tempdir().unwrap();
        let store = SqlStore::open(&folder.path().join("hub.sqlite")).unwrap();
        let now = Timestamp::from_seconds(1_800_000_000);
        let found = ask(&store, folder.path(), now);
        assert!(
            found.store_writable && !found.watch_looks && !found.ready,
            "{found:?}"
        );
        store.begin_look(now, 0, now.plus_seconds(-1)).unwrap();
        let found = ask(&store, folder.path(), now.plus_seconds(60));
        assert!(found.watch_looks, "{found:?}");
        let room = found.disk_free_bytes.unwrap() >= MIN_FREE_BYTES;
        assert_eq!(found.ready, room, "{found:?}");
        let late = now.plus_seconds(MAX_LOOK_AGE_SECONDS + 1);
        assert!(!ask(&store, folder.path(), late).ready);
    }
}
