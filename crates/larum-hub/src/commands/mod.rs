//! One file per command: its arguments, and what it does.

pub mod admin;
pub mod authority;
pub mod backtest;
pub mod backup;
pub mod check_config;
pub mod demo;
pub mod doctor;
pub mod init;
pub mod migrate_store;
pub mod serve;

use larum_cli::exit::{Exit, failure};
use larum_core::words::Words;
use larum_hub_lib::config::HubConfig;
use larum_hub_lib::store::sql::SqlStore;

/// Opens the store of a hub that was set up.
///
/// # Errors
/// 4 without a hub, 74 when the store cannot be used.
fn open_store(config: &HubConfig, words: &Words) -> anyhow::Result<SqlStore> {
    if config.lacks_store() {
        let folder = config.state_dir.display().to_string();
        let said = words.say_with("hub-not-set-up", &[("folder", folder.into())]);
        return Err(failure(Exit::NotFound, said));
    }
    config.open_store().map_err(|error| {
        let args = [
            ("place", config.store_place().into()),
            ("problem", error.to_string().into()),
        ];
        failure(Exit::Input, words.say_with("hub-store-unusable", &args))
    })
}
