//! One file per command: its arguments, and what it does.

pub mod check_config;
pub mod collect;
pub mod doctor;
pub mod formats;
pub mod join;
pub mod judge;
pub mod ledger;
pub mod outbox;
pub mod pack;
pub mod parse;
pub mod rules;
pub mod scan;
pub mod status;
