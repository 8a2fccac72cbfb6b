//! The corpus that lies beside the checkout: real cases that nobody here wrote.

pub mod flows;

use std::path::{Path, PathBuf};

/// A file or folder of the shared corpus; `None`, with a word why, where it is not there. With
/// `LARUM_REQUIRE_CORPUS` set, as CI has it, a missing corpus fails the test.
#[expect(clippy::print_stdout, reason = "a skipped test says so")]
#[expect(
    clippy::disallowed_methods,
    reason = "CI says that the corpus must be there"
)]
pub fn corpus(path: &str) -> Option<PathBuf> {
    let full = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../../../shared/corpus")
        .join(path);
    if full.exists() {
        return Some(full);
    }
    assert!(
        std::env::var_os("LARUM_REQUIRE_CORPUS").is_none(),
        "the shared corpus has no {path}: expected it in shared/corpus beside the checkout"
    );
    println!("skipped: the shared corpus with {path} is not beside this checkout");
    None
}
