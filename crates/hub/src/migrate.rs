//! A hub that grows: its store moves to another engine, or back, with nothing lost and nothing twice.
//!
//! Everything is copied in one transaction of the new store, and read back and summed before that
//! ends: a copy that fails leaves the new store empty. The old store is left as it was, but for a mark
//! that keeps a hub from starting on it again.

use std::thread;
use std::time::Duration;

use larum_core::time::Timestamp;

use crate::config::HubConfig;
use crate::config::store::StoreConfig;
use crate::run::keep_private;
use crate::store::StoreError;
use crate::store::audit::{Actor, Audit as _, Entry};
use crate::store::enrol::EnrolStore as _;
use crate::store::lead::Lead as _;
use crate::store::sql::SqlStore;
use crate::store::sql::sum::TableSum;

/// The setting of a store that moved: where to. Empty for one that did not.
const MOVED: &str = "moved";
/// How often is asked whether a hub that was just stopped has left, and with what pause.
const ASK_TIMES: u32 = 15;
const ASK_PAUSE: Duration = Duration::from_millis(200);

/// Why a store does not move.
#[derive(Debug, thiserror::Error)]
pub enum MigrateError {
    /// Both settings name one store.
    #[error("both settings name the same store, {0}")]
    Same(String),
    /// There is no store to move.
    #[error("there is no store at {0}")]
    Missing(String),
    /// A hub or a command has a store open.
    #[error("{0} is in use: stop every hub first")]
    InUse(String),
    /// The new store holds something.
    #[error("{0} is not empty: name a new one")]
    NotEmpty(String),
    /// A store failed.
    #[error("{place}: {source}")]
    Store {
        /// Which.
        place: String,
        /// How.
        source: StoreError,
    },
}

/// Where the store has moved to, if it has.
///
/// # Errors
/// When the store fails.
pub fn moved_to(store: &SqlStore) -> Result<Option<String>, StoreError> {
    match store.setting(MOVED) {
        Ok(place) if place.is_empty() => Ok(None),
        Ok(place) => Ok(Some(String::from_utf8_lossy(&place).into_owned())),
        Err(StoreError::NotFound) => Ok(None),
        Err(error) => Err(error),
    }
}

/// Moves the store of `from` to where `to` keeps its own, which must be empty. No hub may run on
/// either meanwhile. Blocks.
///
/// # Errors
/// [`MigrateError`]; the old store is whole, and the new one empty, unless the old one could not be
/// marked at the very end, which is told as an error of the old one.
pub fn migrate(
    from: &HubConfig,
    to: &HubConfig,
    now: Timestamp,
) -> Result<Vec<TableSum>, MigrateError> {
    let (old_place, new_place) = (from.store_place(), to.store_place());
    if old_place == new_place {
        return Err(MigrateError::Same(old_place));
    }
    if from.lacks_store() {
        return Err(MigrateError::Missing(old_place));
    }
    let at_old = at(&old_place);
    let at_new = at(&new_place);
    let old = open_alone(from)?;
    if to.store == StoreConfig::Embedded {
        let private = keep_private(&to.store_file()).map_err(|source| StoreError::File {
            file: to.store_file(),
            source,
        });
        private.map_err(&at_new)?;
    }
    let new = open_alone(to)?;
    let moved = old.copy_into(&new).map_err(|error| match error {
        StoreError::NotEmpty => MigrateError::NotEmpty(new_place.clone()),
        other => at_new(other),
    })?;
    // One that had moved before, and whose new place was lost, brings its mark along.
    if moved_to(&new).map_err(&at_new)?.is_some() {
        new.set_setting(MOVED, &[]).map_err(&at_new)?;
    }
    old.set_setting(MOVED, new_place.as_bytes())
        .map_err(&at_old)?;
    let entry = Entry {
        action: "migrate-store".to_owned(),
        member: None,
        subject: format!("{old_place} to {new_place}"),
    };
    let by = Actor::program("command-line");
    new.record(&by, &[entry], now).map_err(&at_new)?;
    Ok(moved)
}

fn at(place: &str) -> impl Fn(StoreError) -> MigrateError + use<> {
    let place = place.to_owned();
    move |source| MigrateError::Store {
        place: place.clone(),
        source,
    }
}

/// Opens a store that nobody else has open.
fn open_alone(config: &HubConfig) -> Result<SqlStore, MigrateError> {
    let place = config.store_place();
    let failed = at(&place);
    for _ in 0..ASK_TIMES {
        // An embedded store tells before it is opened here, a server afterwards.
        let free = match &config.store {
            StoreConfig::Embedded => SqlStore::is_free(&config.store_file()).map_err(&failed)?,
            StoreConfig::Postgres(_) => true,
        };
        if free {
            let store = config.open_store().map_err(&failed)?;
            if store.others().map_err(&failed)? == 0 {
                return Ok(store);
            }
        }
        thread::sleep(ASK_PAUSE);
    }
    Err(MigrateError::InUse(place))
}
