//! The programming interface of a running hub, asked by a client that knows nothing but its document.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test fails by panicking"
)]

mod abuse;
mod away;
mod client;
mod document;
#[path = "../engines/mod.rs"]
mod engines;
#[path = "../firms/mod.rs"]
mod firms;
mod keys;
mod pages;
mod schemathesis;
mod slow;
#[path = "../visitor/mod.rs"]
mod visitor;
