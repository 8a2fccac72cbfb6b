//! Input as it was before somebody packed it, and whether it is a capture of packets: told by the first
//! bytes, not by the name.

use std::io::{self, BufReader, Cursor, Read};

use larum_packet::file::is_capture;

/// First bytes of a gzip file (RFC 1952).
const GZIP: &[u8] = &[0x1F, 0x8B];
/// First bytes of a Zstandard frame (RFC 8878).
const ZSTD: &[u8] = &[0x28, 0xB5, 0x2F, 0xFD];
/// Most bytes that come out of a packed file: a bomb ends here.
const MAX_UNPACKED_BYTES: u64 = 1 << 40;

/// An input, unpacked while it is read.
pub struct Unpacked {
    /// Its bytes from the beginning.
    pub reader: Box<dyn Read>,
    /// Whether it was packed.
    pub is_packed: bool,
    /// Whether it is a capture of packets.
    pub is_capture: bool,
}

impl Unpacked {
    /// Looks at the first bytes.
    ///
    /// # Errors
    /// When they cannot be read.
    pub fn new(raw: impl Read + 'static) -> io::Result<Self> {
        let (head, raw) = peek(raw)?;
        let (gzip, zstd) = (head.starts_with(GZIP), head.starts_with(ZSTD));
        if !gzip && !zstd {
            return Ok(Self {
                reader: Box::new(raw),
                is_packed: false,
                is_capture: is_capture(&head),
            });
        }
        let plain: Box<dyn Read> = if gzip {
            let packed = BufReader::with_capacity(64 * 1024, raw);
            Box::new(flate2::bufread::MultiGzDecoder::new(packed).take(MAX_UNPACKED_BYTES))
        } else {
            Box::new(zstd::Decoder::new(raw)?.take(MAX_UNPACKED_BYTES))
        };
        // What cannot be unpacked is told when it is read.
        Ok(match peek(plain) {
            Ok((head, plain)) => Self {
                reader: Box::new(plain),
                is_packed: true,
                is_capture: is_capture(&head),
            },
            Err(error) => Self {
                reader: Box::new(Broken(Some(error))),
                is_packed: true,
                is_capture: false,
            },
        })
    }
}

/// The first four bytes, which may arrive in pieces from a pipe, and all bytes.
fn peek<R: Read>(mut raw: R) -> io::Result<(Vec<u8>, impl Read + use<R>)> {
    let mut head = Vec::with_capacity(4);
    Read::by_ref(&mut raw).take(4).read_to_end(&mut head)?;
    Ok((head.clone(), Cursor::new(head).chain(raw)))
}

/// Says once why reading failed.
pub struct Broken(pub Option<io::Error>);

impl Read for Broken {
    fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
        self.0.take().map_or(Ok(0), Err)
    }
}
