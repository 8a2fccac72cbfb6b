//! Warnings from the hub: fetched by a call that the hub holds open until there is one.

use std::io;
use std::path::Path;
use std::time::Duration;

use larum_link::wire::{MAX_WAIT_SECONDS, Warnings, path};
use serde::{Deserialize, Serialize};

use crate::identity::FOLDER;
use crate::state;
use crate::uplink::connection::{CallError, Client};

const FILE: &str = "last-warning.json";

/// Which warnings were fetched already.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Seen {
    /// Fingerprint of the hub's authority: another hub counts anew.
    hub: String,
    after: u64,
}

impl Seen {
    /// What `state_dir` says about the hub with this fingerprint. When it says nothing that can be
    /// read, all warnings in force are fetched again.
    #[must_use]
    pub fn load(state_dir: &Path, hub: &str) -> Self {
        let kept = state::read(&state_dir.join(FOLDER), FILE)
            .ok()
            .flatten()
            .and_then(|text| serde_json::from_str::<Self>(&text).ok())
            .filter(|kept| kept.hub == hub);
        kept.unwrap_or_else(|| Self {
            hub: hub.to_owned(),
            after: 0,
        })
    }

    /// Number of the last warning fetched.
    #[must_use]
    pub const fn after(&self) -> u64 {
        self.after
    }

    /// Keeps that everything up to `next` was fetched.
    ///
    /// # Errors
    /// When it cannot be written; then it holds until the program ends.
    pub fn advance(&mut self, state_dir: &Path, next: u64) -> io::Result<()> {
        if next <= self.after {
            return Ok(());
        }
        self.after = next;
        let json = serde_json::to_vec(self).map_err(io::Error::other)?;
        state::replace(&state_dir.join(FOLDER), FILE, &json)
    }
}

/// Asks for warnings numbered above `after`, waiting for one as long as the hub allows.
///
/// # Errors
/// When the hub was not reached or refused.
pub async fn fetch(client: &Client, after: u64) -> Result<Warnings, CallError> {
    let query = format!("{}?after={after}&wait={MAX_WAIT_SECONDS}", path::WARNINGS);
    let wait = Duration::from_secs(MAX_WAIT_SECONDS);
    Ok(client.get_json(&query, wait).await?.value)
}
