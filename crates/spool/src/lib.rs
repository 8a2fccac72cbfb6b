//! A durable queue of opaque frames, and the ledger of what was sent: the collector's two records
//! that must survive a power cut. Nothing here knows what a frame means.
//!
//! - [`Spool`] keeps what waits to be sent. Append many, [`sync`](Spool::sync) once, and only then
//!   acknowledge to whoever handed it in.
//! - [`Ledger`] keeps what was sent, word for word, in a chain of hashes.
//!
//! # From one to the other, exactly once
//!
//! Read frames from the number after [`Head::spool_up_to`](ledger::Head::spool_up_to), build a body,
//! [`Ledger::append`] it with the number of the last frame in it, then [`Spool::release`] up to that
//! number. After a start, before anything else, release up to `spool_up_to`: a crash between the two
//! steps then neither loses a frame nor sends it twice. Hold the spool from reading to releasing, so
//! that the quota cannot drop a frame in between and count it a second time.

mod cursor;
mod fault;
pub mod frame;
pub mod ledger;
mod look;
mod recover;
pub mod simulated;
mod spool;
mod storage;

pub use fault::{Fault, SpoolError};
pub use ledger::Ledger;
pub use look::{look, visit};
pub use spool::{Dropped, Frame, Limits, Pending, Recovery, Spool, WhenLow};
pub use storage::{FolderStorage, Storage, is_full};
