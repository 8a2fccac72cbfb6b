//! What the programs `larum` and `larum-hub` have in common at the command line: exit codes, the log
//! on standard error, and the answer of commands that are not built yet.

pub mod exit;
pub mod log;
pub mod not_built;
