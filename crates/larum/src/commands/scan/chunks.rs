//! Reads a file in pieces that end where a record ends.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use larum_core::parse::MAX_RECORD_BYTES;

use crate::one_a_line::one_a_line;
use crate::packets::Blocks;
use crate::unpack::{Broken, Unpacked};

/// Size of a piece, in bytes; a record may make it longer by up to [`MAX_RECORD_BYTES`].
pub const CHUNK_BYTES: usize = 256 * 1024;

/// The records of one file, piece by piece, unpacked if it is gzip or zstd.
pub struct Chunks {
    reader: Box<dyn Read>,
    rest: Vec<u8>,
    /// Memory of a piece that is done with.
    spare: Vec<u8>,
    /// In the middle of a record longer than the limit: drop until it ends.
    skipping: bool,
    ended: bool,
    packed: bool,
    is_capture: bool,
}

impl Chunks {
    /// Opens `path`; `-` is standard input.
    ///
    /// # Errors
    /// When it cannot be opened or read.
    pub fn open(path: &Path) -> io::Result<Self> {
        if path.as_os_str() == "-" {
            return Self::new(io::stdin());
        }
        Self::new(File::open(path)?)
    }

    /// From anything readable.
    ///
    /// # Errors
    /// When the first bytes cannot be read.
    pub fn new(input: impl Read + 'static) -> io::Result<Self> {
        let unpacked = Unpacked::new(input)?;
        let is_capture = unpacked.is_capture;
        let reader = unpacked.reader;
        Ok(Self {
            reader: if is_capture {
                reader
            } else {
                one_a_line(reader)
            },
            rest: Vec::new(),
            spare: Vec::new(),
            skipping: false,
            ended: false,
            packed: unpacked.is_packed,
            is_capture,
        })
    }

    /// Whether it is a capture of packets and holds no lines.
    pub const fn is_capture(&self) -> bool {
        self.is_capture
    }

    /// The packets of a capture of which nothing was read yet.
    pub fn into_packets(self) -> Blocks {
        Blocks::new(self.reader, true)
    }

    /// Whether it is unpacked while it is read.
    pub const fn is_packed(&self) -> bool {
        self.packed
    }

    /// Gives back a piece whose memory can be used again.
    pub fn give_back(&mut self, piece: Vec<u8>) {
        self.spare = piece;
    }

    /// The next piece: whole records, of which the last may lack its line end. `None` at the end.
    ///
    /// # Errors
    /// When it cannot be read on; what was read before is not lost.
    pub fn next_chunk(&mut self) -> io::Result<Option<Vec<u8>>> {
        let mut chunk = std::mem::take(&mut self.spare);
        chunk.clear();
        chunk.append(&mut self.rest);
        loop {
            let failure = self.fill(&mut chunk).err();
            if self.skipping {
                self.skip(&mut chunk);
            }
            if let Some(failure) = failure {
                self.ended = true;
                // Hand out what there is; the failure comes with the next call.
                if chunk.is_empty() {
                    return Err(failure);
                }
                self.reader = Box::new(Broken(Some(failure)));
                self.ended = false;
                return Ok(Some(chunk));
            }
            if chunk.is_empty() {
                if self.ended {
                    return Ok(None);
                }
                continue;
            }
            if self.ended {
                return Ok(Some(chunk));
            }
            if let Some(end) = memchr_last(&chunk) {
                self.rest
                    .extend_from_slice(chunk.get(end + 1..).unwrap_or_default());
                chunk.truncate(end + 1);
                return Ok(Some(chunk));
            }
            if chunk.len() > MAX_RECORD_BYTES {
                // One byte over the limit tells the parser that it was cut.
                chunk.truncate(MAX_RECORD_BYTES + 1);
                chunk.push(b'\n');
                self.skipping = true;
                return Ok(Some(chunk));
            }
        }
    }

    /// Fills a piece up to its size; what is longer already has room for one read.
    fn fill(&mut self, chunk: &mut Vec<u8>) -> io::Result<()> {
        let room = CHUNK_BYTES.saturating_sub(chunk.len());
        if room == 0 {
            return Ok(());
        }
        chunk.reserve(room);
        let limit = u64::try_from(room).unwrap_or(u64::MAX);
        let read = self.reader.by_ref().take(limit).read_to_end(chunk)?;
        self.ended = read < room;
        Ok(())
    }

    fn skip(&mut self, chunk: &mut Vec<u8>) {
        match chunk.iter().position(|byte| *byte == b'\n') {
            Some(end) => {
                chunk.drain(..=end);
                self.skipping = false;
            }
            None => chunk.clear(),
        }
    }
}

fn memchr_last(bytes: &[u8]) -> Option<usize> {
    memchr::memrchr(b'\n', bytes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write as _;

    fn pieces(bytes: Vec<u8>) -> Vec<Vec<u8>> {
        let mut chunks = Chunks::new(io::Cursor::new(bytes)).unwrap();
        std::iter::from_fn(|| chunks.next_chunk().unwrap()).collect()
    }

    #[test]
    fn pieces_end_at_record_ends_and_lose_nothing() {
        let text: Vec<u8> = (0..60_000)
            .flat_map(|n| format!("record {n}\n").into_bytes())
            .collect();
        let read = pieces(text.clone());
        assert!(read.len() > 1);
        assert!(read.iter().all(|piece| piece.ends_with(b"\n")));
        assert_eq!(read.concat(), text);
        assert_eq!(pieces(b"no end".to_vec()), [b"no end".to_vec()]);
        assert!(pieces(Vec::new()).is_empty());
    }

    #[test]
    fn a_ten_megabyte_record_is_cut_and_the_next_one_is_whole() {
        let mut text = vec![b'x'; 10_000_000];
        text.extend(b"\nnext\n");
        let read = pieces(text).concat();
        let lines: Vec<_> = read.split(|byte| *byte == b'\n').collect();
        assert_eq!(lines[0].len(), MAX_RECORD_BYTES + 1);
        assert_eq!(lines[1], b"next");
    }

    #[test]
    fn gzip_and_zstd_are_told_by_their_first_bytes_and_broken_ones_fail_after_what_was_read() {
        let text = b"one\ntwo\n".repeat(10_000);
        let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        gzip.write_all(&text).unwrap();
        let packed = gzip.finish().unwrap();
        assert_eq!(pieces(packed.clone()).concat(), text);
        assert_eq!(
            pieces(zstd::encode_all(&text[..], 1).unwrap()).concat(),
            text
        );
        let half = packed[..packed.len() / 2].to_vec();
        let mut chunks = Chunks::new(io::Cursor::new(half)).unwrap();
        let mut result = chunks.next_chunk();
        while matches!(result, Ok(Some(_))) {
            result = chunks.next_chunk();
        }
        assert!(result.is_err());
    }
}
