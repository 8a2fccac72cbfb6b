//! Bodies on their way: JSON, compressed with zstd, and never larger than a limit when unpacked.

use std::io::Read as _;

use crate::wire::MAX_BATCH_BYTES;

/// The largest compressed body the hub reads: zstd adds at most this little to what it cannot
/// compress.
pub const MAX_COMPRESSED_BYTES: usize = MAX_BATCH_BYTES + MAX_BATCH_BYTES / 256 + 1_024;
/// The largest plain answer or request, in bytes: certificates, receipts, warnings.
pub const MAX_PLAIN_BYTES: usize = 1_048_576;
/// zstd may not ask for a larger window than 2^21 bytes, whatever the body claims.
const MAX_WINDOW_LOG: u32 = 21;
/// Level of compression: the usual balance.
const LEVEL: i32 = 3;

/// Why a body cannot be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BodyError {
    /// It unpacks to more than the limit.
    TooLarge,
    /// It is not zstd.
    NotCompressed,
}

impl std::fmt::Display for BodyError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::TooLarge => "the body is too large",
            Self::NotCompressed => "the body is not compressed with zstd",
        })
    }
}

impl std::error::Error for BodyError {}

/// Compresses a body.
///
/// # Errors
/// When the compressor cannot get its memory.
pub fn compress(body: &[u8]) -> std::io::Result<Vec<u8>> {
    zstd::stream::encode_all(body, LEVEL)
}

/// Unpacks a body of at most `limit_bytes`.
///
/// # Errors
/// When it is not zstd, or unpacks to more.
pub fn decompress(body: &[u8], limit_bytes: usize) -> Result<Vec<u8>, BodyError> {
    let mut decoder =
        zstd::stream::read::Decoder::new(body).map_err(|_| BodyError::NotCompressed)?;
    decoder
        .window_log_max(MAX_WINDOW_LOG)
        .map_err(|_| BodyError::NotCompressed)?;
    let mut plain = Vec::new();
    let bound = u64::try_from(limit_bytes)
        .unwrap_or(u64::MAX)
        .saturating_add(1);
    decoder
        .take(bound)
        .read_to_end(&mut plain)
        .map_err(|_| BodyError::NotCompressed)?;
    if plain.len() > limit_bytes {
        return Err(BodyError::TooLarge);
    }
    Ok(plain)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_bomb_is_refused_at_the_limit() {
        let bomb = compress(&vec![0; 50_000_000]).unwrap();
        assert!(bomb.len() < 10_000);
        assert_eq!(decompress(&bomb, MAX_BATCH_BYTES), Err(BodyError::TooLarge));
        assert_eq!(decompress(b"{}", 10), Err(BodyError::NotCompressed));
    }

    proptest! {
        #[test]
        fn round_trip(body in proptest::collection::vec(any::<u8>(), 0..5_000)) {
            let packed = compress(&body).unwrap();
            prop_assert!(packed.len() <= MAX_COMPRESSED_BYTES);
            prop_assert_eq!(decompress(&packed, body.len()), Ok(body));
        }

        #[test]
        fn garbage_is_answered(body in proptest::collection::vec(any::<u8>(), 0..500)) {
            if let Ok(plain) = decompress(&body, 1_000) {
                prop_assert!(plain.len() <= 1_000);
            }
        }
    }
}
