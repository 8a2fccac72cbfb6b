//! Reading small files.

use std::fs::File;
use std::io::{self, Read as _};
use std::path::Path;

/// The text of a file, of which no more than `most` bytes are read.
///
/// # Errors
/// When it cannot be read, or is no text.
pub fn text(file: &Path, most: u64) -> io::Result<String> {
    let mut text = String::new();
    File::open(file)?.take(most).read_to_string(&mut text)?;
    Ok(text)
}
