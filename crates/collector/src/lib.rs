//! What runs in the firm: receives records, has the core judge them, warns at once, keeps what leaves
//! safe until the hub has it.
//!
//! Shells only: each decision is made in `larum-core`, each shell is one loop that obeys it.

pub mod alerts;
pub mod board;
pub mod checkpoint;
pub mod chunk;
pub mod config;
pub mod findings;
pub mod frame;
pub mod identity;
mod journal;
pub mod listen;
pub mod outbox;
pub mod reason;
pub mod state;
pub mod tail;
pub mod tally;
pub mod uplink;
pub mod warnings;
