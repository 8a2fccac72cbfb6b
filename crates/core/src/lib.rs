//! Larum's domain, pure: bytes in, decisions out.
//!
//! Nothing here reads a clock, a file, the network, the environment or a random number: time is an
//! argument, so replaying a recording gives the same answer to the byte (invariant 5). The shells in
//! `larum-collector` and `larum-hub-lib` do what this crate decides.

#![warn(clippy::iter_over_hash_type)]

pub mod address;
pub mod area;
pub mod blocklist;
pub mod breach;
pub mod clock;
pub mod content;
pub mod crime;
pub mod detect;
pub mod digest;
pub mod event;
pub mod exposure;
pub mod finding;
pub mod forward;
pub mod health;
pub mod minimise;
pub mod own;
pub mod parse;
pub mod reject;
pub mod report;
pub mod settings;
pub mod sighting;
pub mod time;
pub mod watch;
pub mod words;
