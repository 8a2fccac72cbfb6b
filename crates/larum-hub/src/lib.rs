//! What the hub's program consists of beside its commands: the demonstration town, which is the one
//! place where hub and collectors meet in one process.

pub mod town;
