//! Invented traffic in real devices' words, for the demonstration, the benchmarks and the tests.
//!
//! Everything follows from a seed: there is no clock and no outside randomness, so the same seed
//! gives the same bytes. Addresses come from the documentation ranges only (RFC 5737, RFC 3849) and
//! from private ranges (RFC 1918); attack texts are inert strings. What happens is an [`Act`]; a
//! [`Device`] writes it down in the format its vendor documents.

pub mod act;
pub mod attack;
pub mod background;
pub mod device;
pub mod firm;
mod mixed;
mod month;
pub mod random;
mod stamp;

pub use act::{Act, Moment};
pub use device::{Device, DeviceKind, Header};
pub use firm::Firm;
pub use mixed::mixed_file;
pub use month::month;
pub use random::Random;
