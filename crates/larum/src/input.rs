//! Recorded input: files (plain, gzip, zstd) and standard input, as records.
//!
//! A record is a line, or in a file of JSON lists an element ([`one_a_line`]). Compression and captures are told by the first bytes, not by
//! the name.

use std::fs::File;
use std::io::{BufRead, BufReader, Read};
use std::path::Path;

use larum_cli::exit::{Exit, failure};
use larum_core::parse::MAX_RECORD_BYTES;

use crate::one_a_line::one_a_line;
use crate::packets::Blocks;
use crate::unpack::Unpacked;

/// The size of one read, in bytes.
const READ_BYTES: usize = 256 * 1024;
/// How much of a record is kept, in bytes: enough for the parser to see that it is too long.
const KEPT_BYTES: usize = MAX_RECORD_BYTES + 1;
/// The longest line of a file of numbered records, in bytes: its record may be too long on purpose.
const KEPT_NUMBERED_BYTES: usize = 64 * 1024 * 1024;

/// The records of one input, in order, each read into the same memory: a record of any length needs
/// no more memory than [`MAX_RECORD_BYTES`] and one byte.
pub struct Records {
    source: BufReader<Box<dyn Read>>,
    record: Vec<u8>,
    kept_bytes: usize,
    name: String,
    is_capture: bool,
}

impl Records {
    /// Opens `path`; `-` is standard input.
    ///
    /// # Errors
    /// With exit code 74 and the path when it cannot be opened.
    pub fn open(path: &Path) -> anyhow::Result<Self> {
        let name = path.display().to_string();
        let raw: Box<dyn Read> = if name == "-" {
            Box::new(std::io::stdin())
        } else {
            let file = File::open(path).and_then(|file| {
                if file.metadata()?.is_dir() {
                    return Err(std::io::ErrorKind::IsADirectory.into());
                }
                Ok(file)
            });
            Box::new(file.map_err(|error| unreadable(&name, &error))?)
        };
        Self::from_reader(raw, name)
    }

    /// Opens a file of numbered records, whose lines may be longer than a record.
    ///
    /// # Errors
    /// As [`Records::open`].
    pub fn open_numbered(path: &Path) -> anyhow::Result<Self> {
        let mut records = Self::open(path)?;
        records.kept_bytes = KEPT_NUMBERED_BYTES;
        Ok(records)
    }

    fn from_reader(raw: Box<dyn Read>, name: String) -> anyhow::Result<Self> {
        let unpacked = Unpacked::new(raw).map_err(|error| unreadable(&name, &error))?;
        let is_capture = unpacked.is_capture;
        let reader = if is_capture {
            unpacked.reader
        } else {
            one_a_line(unpacked.reader)
        };
        Ok(Self {
            source: BufReader::with_capacity(READ_BYTES, reader),
            record: Vec::new(),
            kept_bytes: KEPT_BYTES,
            name,
            is_capture,
        })
    }

    /// The packets, where the input is a capture and not text.
    ///
    /// # Errors
    /// Gives the records back when it is text.
    pub fn into_packets(self) -> Result<Blocks, Self> {
        if self.is_capture {
            Ok(Blocks::new(self.source, false))
        } else {
            Err(self)
        }
    }

    /// Whether no more bytes wait in memory, so that the next record may be long in coming: the moment
    /// to flush what was answered.
    pub fn is_drained(&self) -> bool {
        self.source.buffer().is_empty()
    }

    /// The next record, without its line end, or `None` at the end. Of a record beyond the limit only
    /// so much is kept that the parser can tell.
    ///
    /// # Errors
    /// With exit code 74 and the name of the input when it cannot be read.
    pub fn next_record(&mut self) -> anyhow::Result<Option<&[u8]>> {
        self.record.clear();
        let mut any = false;
        loop {
            let chunk = match self.source.fill_buf() {
                Ok(chunk) => chunk,
                Err(error) if error.kind() == std::io::ErrorKind::Interrupted => continue,
                Err(error) => return Err(unreadable(&self.name, &error)),
            };
            if chunk.is_empty() {
                return Ok(any.then_some(self.record.as_slice()));
            }
            any = true;
            let end = memchr::memchr(b'\n', chunk);
            let part = chunk.get(..end.unwrap_or(chunk.len())).unwrap_or(chunk);
            let room = self
                .kept_bytes
                .saturating_sub(self.record.len())
                .min(part.len());
            self.record
                .extend_from_slice(part.get(..room).unwrap_or_default());
            let used = part.len() + usize::from(end.is_some());
            self.source.consume(used);
            if end.is_some() {
                return Ok(Some(self.record.as_slice()));
            }
        }
    }
}

/// The error of an input that cannot be read.
pub fn unreadable(name: &str, error: &std::io::Error) -> anyhow::Error {
    failure(Exit::Input, format!("cannot read {name}: {error}"))
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use super::*;

    #[track_caller]
    fn check(content: Vec<u8>, expected: &[&str]) {
        let mut records =
            Records::from_reader(Box::new(std::io::Cursor::new(content)), "test".into()).unwrap();
        let mut found = Vec::new();
        while let Some(record) = records.next_record().unwrap() {
            found.push(String::from_utf8(record.to_vec()).unwrap());
        }
        assert_eq!(found, expected);
    }

    #[test]
    fn reads_plain_gzip_and_zstd_alike() {
        let text = b"one\n\ntwo\nlast without end";
        let lines = ["one", "", "two", "last without end"];
        check(text.to_vec(), &lines);
        let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        gzip.write_all(text).unwrap();
        check(gzip.finish().unwrap(), &lines);
        check(zstd::encode_all(&text[..], 1).unwrap(), &lines);
        check(Vec::new(), &[]);
        check(b"\n".to_vec(), &[""]);
        check(b"ab".to_vec(), &["ab"]);
    }

    #[test]
    fn elements_of_a_list_are_records() {
        let lines = [r#"{"a":1}"#, r#"{"a":2}"#];
        check(b"[\n {\"a\": 1},\n {\"a\": 2}\n]\n".to_vec(), &lines);
        check(br#"{"Records":[{"a":1},{"a":2}]}"#.to_vec(), &lines);
        check(b"{\"a\":1}\n{\"a\":2}\n".to_vec(), &lines);
        check(b"{\n\"a\": 1}\n{\"a\":\n2}\n".to_vec(), &lines);
        let packed = zstd::encode_all(&b"[{\"a\":1},{\"a\":2}]"[..], 1).unwrap();
        check(packed, &lines);
    }

    #[test]
    fn a_record_without_end_is_kept_only_as_far_as_the_limit() {
        let mut content = vec![b'x'; 10_000_000];
        content.extend_from_slice(b"\nnext\n");
        let mut records =
            Records::from_reader(Box::new(std::io::Cursor::new(content)), "test".into()).unwrap();
        assert_eq!(records.next_record().unwrap().unwrap().len(), KEPT_BYTES);
        assert_eq!(records.next_record().unwrap().unwrap(), b"next");
        assert_eq!(records.next_record().unwrap(), None);
    }

    #[test]
    fn what_cannot_be_read_is_named() {
        let broken = vec![0x1F, 0x8B, 8, 0, 1, 2, 3];
        let mut records =
            Records::from_reader(Box::new(std::io::Cursor::new(broken)), "a.gz".into()).unwrap();
        let error = records.next_record().unwrap_err().to_string();
        assert!(error.starts_with("cannot read a.gz: "), "{error}");
        assert!(Records::open(Path::new("/no/such/file")).is_err());
    }
}
