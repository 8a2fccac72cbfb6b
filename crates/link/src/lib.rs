//! The contract between collector and hub: the wire types and their versions, the one-time token,
//! TLS set-up, and content-pack signatures. Both sides depend on it; neither sees the other.

pub mod blocklist;
pub mod body;
pub mod clock;
pub mod convert;
pub mod key;
pub mod receipt;
pub mod secret;
pub mod tls;
pub mod token;
pub mod wire;
