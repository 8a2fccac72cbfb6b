//! What a format file says about itself, for people.

use super::Problem;
use super::file::FormatFile;

/// A format as `larum formats list` shows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct About {
    /// Name of the format: its file's, without ending.
    pub name: String,
    /// Maker, where the format has one.
    pub vendor: Option<String>,
    /// Product, where the format has one.
    pub product: Option<String>,
    /// The documentation it was written from.
    pub source: String,
    /// How many sample records it carries.
    pub cases: usize,
}

/// Reads what `text`, the file of format `name`, says about itself.
///
/// # Errors
/// When it is no format file.
pub fn about(name: &str, text: &str) -> Result<About, Problem> {
    let file = FormatFile::read(name, text)?;
    Ok(About {
        name: name.to_owned(),
        vendor: file.vendor,
        product: file.product,
        source: file.source,
        cases: file.case.len(),
    })
}
