//! The corpus that lies beside the checkout: real cases that nobody here wrote.

pub mod flows;

#[path = "../../../core/tests/shared/mod.rs"]
#[expect(
    clippy::disallowed_methods,
    reason = "CI says that the corpus must be there"
)]
mod beside;

pub use beside::corpus;
