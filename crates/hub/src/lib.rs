//! The hub's shells: enrolment, ingest, the store, the watch job, people, pages and jobs.
//!
//! Decisions are the core's (`larum_core::watch` and the rest); this crate moves bytes, rows and
//! pages. The only SQL of the project stands in `store/`.

pub mod access;
pub mod api;
pub mod apply;
pub mod audit;
pub mod backup;
pub mod carry;
pub mod config;
pub mod door;
pub mod door_tls;
pub mod enrol;
pub mod id;
pub mod ingest;
pub mod keep;
pub mod keys;
pub mod limit;
pub mod link_server;
pub mod migrate;
pub mod origin;
pub mod people;
mod read;
pub mod ready;
pub mod renewed;
pub mod run;
pub mod store;
pub mod watch;
pub mod web;
