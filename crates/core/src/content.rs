//! The knowledge that ships with the program: formats, rules, words, never-block lists (invariant 6).

use std::sync::LazyLock;

use flate2::{Decompress, FlushDecompress, Status};

include!(concat!(env!("OUT_DIR"), "/content.rs"));

/// Texts packed together, a NUL behind each.
struct Pack {
    /// As zlib data (RFC 1950).
    data: &'static [u8],
    /// How long they are.
    unpacked_bytes: usize,
}

impl Pack {
    /// The texts. What cannot be read, which a test excludes, is none.
    fn unpacked(&self) -> String {
        let mut texts = Vec::with_capacity(self.unpacked_bytes);
        let read =
            Decompress::new(true).decompress_vec(self.data, &mut texts, FlushDecompress::Finish);
        match (read, String::from_utf8(texts)) {
            (Ok(Status::StreamEnd), Ok(texts)) => texts,
            _ => String::new(),
        }
    }
}

/// The files of `content/formats`: name without ending, and text; in the order of the files. For commands that show
/// them and for tests: all of them, unpacked, take 2.6 MB, and stay.
pub static FORMATS: LazyLock<Vec<(&'static str, &'static str)>> = LazyLock::new(|| {
    let packs = FORMAT_TEXTS.iter().map(Pack::unpacked);
    let texts = packs.flat_map(|pack| String::leak(pack).split_terminator('\0'));
    FORMAT_NAMES.iter().copied().zip(texts).collect()
});

/// Of each format file the lines that say how it is recognised, a NUL behind each file's.
pub(crate) fn format_heads() -> String {
    FORMAT_HEADS.unpacked()
}

/// The text of the format file of this number.
pub(crate) fn format_text(number: usize) -> Option<String> {
    let pack = FORMAT_TEXTS.get(number / FORMATS_A_PACK)?.unpacked();
    let mut texts = pack.split_terminator('\0');
    texts.nth(number % FORMATS_A_PACK).map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[expect(
        clippy::disallowed_methods,
        reason = "what was packed is compared with the files"
    )]
    fn packed_files_are_those_of_the_folder() {
        let heads = format_heads();
        assert_eq!(heads.split_terminator('\0').count(), FORMAT_NAMES.len());
        assert_eq!(FORMATS.len(), FORMAT_NAMES.len());
        for (number, (name, text)) in FORMATS.iter().enumerate() {
            let path = format!(
                "{}/../../content/formats/{name}.toml",
                env!("CARGO_MANIFEST_DIR")
            );
            assert_eq!(std::fs::read_to_string(path).unwrap(), *text, "{name}");
            assert_eq!(format_text(number).as_deref(), Some(*text), "{name}");
        }
        assert_eq!(format_text(FORMAT_NAMES.len()), None);
    }
}
