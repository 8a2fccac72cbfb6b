//! One fixed hash for tables and bitmaps: the same input gives the same findings (invariant 5).
//!
//! It is not secret, so nothing that uses it may become slow or large when somebody aims for
//! collisions: tables have a fixed number of places per set, bitmaps only count.

/// Spreads the bits of `value` (the finaliser of the public-domain SplitMix64 generator).
pub const fn mix(value: u64) -> u64 {
    let value = value.wrapping_add(0x9E37_79B9_7F4A_7C15);
    let value = (value ^ (value >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    let value = (value ^ (value >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    value ^ (value >> 31)
}

/// Hash of `bytes`, eight at a time.
pub fn bytes(bytes: &[u8]) -> u64 {
    let length = u64::try_from(bytes.len()).unwrap_or(u64::MAX);
    let (words, rest) = bytes.as_chunks::<8>();
    let sum = words
        .iter()
        .fold(length, |sum, word| mix(sum ^ u64::from_be_bytes(*word)));
    if rest.is_empty() {
        return sum;
    }
    let last = rest
        .iter()
        .fold(0_u64, |word, byte| (word << 8) | u64::from(*byte));
    mix(sum ^ last)
}

/// The low 16 bits.
pub fn short(hash: u64) -> u16 {
    u16::try_from(hash & 0xFFFF).unwrap_or(0)
}

/// The one bit of a 64-bit linear-counting bitmap that `hash` sets.
pub const fn bit(hash: u64) -> u64 {
    1 << (hash & 63)
}

/// How many distinct things set `bitmap` (linear counting, Whang et al. 1990): exact for a handful,
/// within a fifth up to about a hundred, 192 when it is full.
pub fn distinct(bitmap: u64) -> u32 {
    /// Nearest whole number to -64 ln(1 - n/64) for n bits set.
    const ESTIMATE: [u8; 65] = [
        0, 1, 2, 3, 4, 5, 6, 7, 9, 10, 11, 12, 13, 15, 16, 17, 18, 20, 21, 23, 24, 25, 27, 29, 30,
        32, 33, 35, 37, 39, 40, 42, 44, 46, 49, 51, 53, 55, 58, 60, 63, 65, 68, 71, 74, 78, 81, 85,
        89, 93, 97, 102, 107, 113, 119, 126, 133, 142, 151, 163, 177, 196, 222, 255, 255,
    ];
    let bits = usize::try_from(bitmap.count_ones()).unwrap_or(64);
    u32::from(ESTIMATE.get(bits).copied().unwrap_or(u8::MAX))
}
