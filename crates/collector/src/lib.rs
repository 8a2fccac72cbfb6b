//! What runs in the firm: receives records, has the core judge them, warns at once, keeps what leaves
//! safe until the hub has it.
//!
//! Shells only: each decision is made in `larum-core`, each shell is one loop that obeys it.

pub mod alerts;
pub mod any_bytes;
pub mod blocked;
pub mod blocklist;
pub mod board;
pub mod capture;
pub mod checkpoint;
pub mod chunk;
pub mod config;
pub mod confine;
#[cfg(test)]
mod cuts;
pub mod doctor;
pub mod findings;
pub mod frame;
pub mod health;
mod hub_side;
pub mod identity;
pub mod intake;
mod journal;
mod knowledge;
pub mod learned;
pub mod legend;
pub mod listen;
pub mod lists;
mod memory;
pub mod names;
pub mod outbox;
pub mod own_formats;
pub mod packs;
pub mod page;
mod pipeline;
mod pseudonyms;
pub mod reason;
mod reload;
pub mod run;
pub mod shared;
pub mod sharing;
pub mod spooling;
pub mod state;
pub mod status;
mod stdin;
mod stop;
pub mod system_journal;
pub mod tail;
pub mod tally;
pub mod unread;
pub mod uplink;
pub mod warnings;

pub use config::Config;
pub use run::{RunningCollector, StartError, run};
pub use shared::Shared;
