//! What packets and flow records say, without their content: from a capture's bytes to
//! [`larum_core::event::Event`]s.
//!
//! Pure like the core: no clock, no I/O, no randomness, bounded state. Shells hand it bytes and time.

pub mod app;
mod bytes;
mod community;
pub mod file;
pub mod flow;
pub mod fragment;
pub mod ip;
pub mod link;
pub mod records;
mod unread;

pub use community::{End, community_id, icmp_ports};
pub use unread::{Unread, UnreadCounts};
