//! From a body to records: unpacked twice, once to see that it is whole and not too large, once to hand
//! its lines on, so that a bomb or a cut body is refused before anything of it is dealt with and without
//! room for what it would become.

use std::io::{self, BufReader, Read};

use flate2::bufread::MultiGzDecoder;
use hyper::StatusCode;
use hyper::header::HeaderValue;

use crate::chunk::{Chunk, FULL_CHUNK_BYTES, MAX_RECORD_BYTES};
use crate::frame::{Framer, Framing};
use crate::intake::{Intake, Safe};
use crate::tally::Source;

/// Longest body as sent.
pub(super) const MAX_BODY_BYTES: usize = 1 << 20;
/// Longest body unpacked.
const MAX_UNPACKED_BYTES: u64 = 16 << 20;
/// Largest zstd window, as a power of two: 8 MiB.
const MAX_WINDOW_LOG: u32 = 23;

/// Why a request is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Refused {
    /// For good, with this status.
    With(StatusCode),
    /// Until so many seconds from now.
    Later(u64),
    /// This sender sends too fast; until so many seconds from now.
    TooFast(u64),
}

/// How a body is packed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Packing {
    Plain,
    Gzip,
    Zstd,
}

impl Packing {
    pub(super) fn of(encoding: Option<&HeaderValue>) -> Result<Self, Refused> {
        match encoding.map(HeaderValue::as_bytes) {
            None | Some(b"" | b"identity") => Ok(Self::Plain),
            Some(b"gzip" | b"x-gzip") => Ok(Self::Gzip),
            Some(b"zstd") => Ok(Self::Zstd),
            Some(_) => Err(Refused::With(StatusCode::UNSUPPORTED_MEDIA_TYPE)),
        }
    }

    fn open(self, bytes: &[u8]) -> io::Result<Box<dyn Read + '_>> {
        Ok(match self {
            Self::Plain => Box::new(bytes),
            Self::Gzip => Box::new(MultiGzDecoder::new(bytes)),
            Self::Zstd => {
                let mut decoder = zstd::Decoder::with_buffer(BufReader::new(bytes))?;
                decoder.window_log_max(MAX_WINDOW_LOG)?;
                Box::new(decoder)
            }
        })
    }
}

/// Hands on every line of `bytes` in chunks like `empty`; how many, and what tells that they are safe.
/// Waits for room in the queue.
pub(super) fn hand_on(
    packing: Packing,
    bytes: &[u8],
    empty: &Chunk,
    source: &Source,
    intake: &Intake,
) -> Result<(u64, Vec<Safe>), Refused> {
    check(packing, bytes)?;
    let unreadable = |_| Refused::With(StatusCode::BAD_REQUEST);
    let mut body = packing.open(bytes).map_err(unreadable)?;
    let mut framer = Framer::new(Framing::Lines, MAX_RECORD_BYTES);
    let mut buffer = vec![0; FULL_CHUNK_BYTES / 2];
    let mut records = 0;
    let mut safe = Vec::new();
    let new_chunk = || {
        let mut chunk = Chunk::new(empty.received, empty.live);
        chunk.zone.clone_from(&empty.zone);
        chunk
    };
    loop {
        let mut chunk = new_chunk();
        let read = body.read(&mut buffer).map_err(unreadable)?;
        framer.push(buffer.get(..read).unwrap_or_default(), |record| {
            chunk.push(source, record);
        });
        if read == 0 {
            framer.finish(|record| chunk.push(source, record));
        }
        if !chunk.is_empty() {
            records += u64::try_from(chunk.len()).unwrap_or(0);
            let kept = intake.keep_waiting(chunk);
            safe.push(kept.map_err(|_| Refused::Later(super::LATER_SECONDS))?);
        }
        if read == 0 {
            return Ok((records, safe));
        }
    }
}

/// Whether the body is whole and not too large.
fn check(packing: Packing, bytes: &[u8]) -> Result<(), Refused> {
    if packing == Packing::Plain {
        return Ok(());
    }
    let unreadable = |_| Refused::With(StatusCode::BAD_REQUEST);
    let body = packing.open(bytes).map_err(unreadable)?;
    let mut limited = body.take(MAX_UNPACKED_BYTES + 1);
    let unpacked = io::copy(&mut limited, &mut io::sink()).map_err(unreadable)?;
    if unpacked > MAX_UNPACKED_BYTES {
        return Err(Refused::With(StatusCode::PAYLOAD_TOO_LARGE));
    }
    Ok(())
}
