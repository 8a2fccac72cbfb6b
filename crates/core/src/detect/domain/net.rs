//! The model that ships, read from its file, and what it answers.
//!
//! ```text
//! 0   version, 3 zero bytes
//! 4   threshold for suspicious, for attack: i32 each
//! 12  what one step of a piece is worth: f32
//! 16  filter of known words: WORD_BITS / 8 bytes
//!     rows of pieces and runs: ROWS x DEPTH, i8
//!     rows of words and suffixes: ROWS x DEPTH, i8
//!     layers, f32: INPUTS x FIRST, FIRST, FIRST x SECOND, SECOND, SECOND, 1
//! ```
//! All little endian. The sums run in one fixed order and in single precision without fused steps, so
//! that every machine answers the same.

use std::sync::LazyLock;

use super::features::{Features, ROWS, SHAPES, WORD_BITS, word_bits};

/// Numbers a row.
pub const DEPTH: usize = 8;
/// Numbers that enter the first layer.
pub const INPUTS: usize = 4 * DEPTH + SHAPES;
/// Cells of the first layer.
pub const FIRST: usize = 48;
/// Cells of the second layer.
pub const SECOND: usize = 16;
/// Version of the file's layout.
pub const VERSION: u8 = 3;
/// Bytes before the filter.
pub const HEAD_BYTES: usize = 16;
/// Numbers in the layers.
pub const LAYERS: usize = INPUTS * FIRST + FIRST + FIRST * SECOND + SECOND + SECOND + 1;
/// Bytes of the file.
pub const MODEL_BYTES: usize = HEAD_BYTES + WORD_BITS / 8 + 2 * ROWS * DEPTH + LAYERS * 4;

const MODEL: &[u8] = include_bytes!("../../../../../content/models/domains.bin");

static NET: LazyLock<Net> = LazyLock::new(|| Net::read(MODEL));

/// A model in memory.
pub struct Net {
    suspicious: i32,
    attack: i32,
    step: f32,
    words: &'static [u8],
    pieces: &'static [u8],
    meanings: &'static [u8],
    first: Vec<f32>,
    first_bias: Vec<f32>,
    second: Vec<f32>,
    second_bias: Vec<f32>,
    last: Vec<f32>,
    last_bias: f32,
}

impl Net {
    /// The model that ships.
    pub fn shipped() -> &'static Self {
        &NET
    }

    /// Reads a model. A file of another version or length answers nothing but clean.
    fn read(model: &'static [u8]) -> Self {
        let model = if model.len() == MODEL_BYTES && model.first() == Some(&VERSION) {
            model
        } else {
            &[]
        };
        let part = |from: usize, long: usize| model.get(from..from + long).unwrap_or(&[]);
        let number = |at: usize| part(at, 4).try_into().unwrap_or([0; 4]);
        let words = HEAD_BYTES;
        let pieces = words + WORD_BITS / 8;
        let meanings = pieces + ROWS * DEPTH;
        let mut at = meanings + ROWS * DEPTH;
        let mut layer = |count: usize| -> Vec<f32> {
            let bytes = part(at, count * 4);
            at += count * 4;
            bytes
                .as_chunks::<4>()
                .0
                .iter()
                .map(|bytes| f32::from_le_bytes(*bytes))
                .collect()
        };
        let is_whole = !model.is_empty();
        Self {
            suspicious: if is_whole {
                i32::from_le_bytes(number(4))
            } else {
                i32::MAX
            },
            attack: if is_whole {
                i32::from_le_bytes(number(8))
            } else {
                i32::MAX
            },
            step: f32::from_le_bytes(number(12)),
            words: part(words, WORD_BITS / 8),
            pieces: part(pieces, ROWS * DEPTH),
            meanings: part(meanings, ROWS * DEPTH),
            first: layer(INPUTS * FIRST),
            first_bias: layer(FIRST),
            second: layer(FIRST * SECOND),
            second_bias: layer(SECOND),
            last: layer(SECOND),
            last_bias: layer(1).first().copied().unwrap_or(0.0),
        }
    }

    /// From which score a name is suspicious, and from which it is an attack.
    pub const fn thresholds(&self) -> (i32, i32) {
        (self.suspicious, self.attack)
    }

    /// Whether `word` is known; one in a thousand strings that are no words is taken for one.
    pub fn is_word(&self, word: &[u8]) -> bool {
        word_bits(word).iter().all(|bit| {
            self.words
                .get(bit / 8)
                .is_some_and(|byte| byte & (1 << (bit % 8)) != 0)
        })
    }

    /// The score of `domain`: hundredths of the logarithm of the odds that it was generated.
    pub fn score(&self, domain: &str) -> i32 {
        let features = Features::of(domain, |word| self.is_word(word));
        let mut inputs = [0.0_f32; INPUTS];
        let (pieces, rest) = inputs.split_at_mut(DEPTH);
        let (runs, rest) = rest.split_at_mut(DEPTH);
        let (words, rest) = rest.split_at_mut(DEPTH);
        let (suffix, shape) = rest.split_at_mut(DEPTH);
        self.sum(self.pieces, &features.pieces, pieces);
        self.sum(self.pieces, &features.runs, runs);
        self.sum(self.meanings, &features.words, words);
        self.sum(self.meanings, &[features.suffix], suffix);
        shape.copy_from_slice(&features.shape);
        let first = layer(&self.first, &self.first_bias, &inputs);
        let second = layer(&self.second, &self.second_bias, &first);
        let sum = dot(&self.last, &second);
        #[expect(clippy::cast_possible_truncation, reason = "saturates")]
        let score = ((sum + self.last_bias) * 100.0) as i32;
        score
    }

    /// Adds up rows: each piece is evidence of its own, so a long name says more.
    fn sum(&self, table: &[u8], rows: &[u16], out: &mut [f32]) {
        let mut sums = [0_i32; DEPTH];
        for row in rows {
            let from = usize::from(*row) * DEPTH;
            let steps = table.get(from..from + DEPTH).unwrap_or(&[]);
            for (sum, step) in sums.iter_mut().zip(steps) {
                *sum += i32::from(step.cast_signed());
            }
        }
        let scale = self.step / SCALE;
        for (out, sum) in out.iter_mut().zip(sums) {
            *out = f32::from(i16::try_from(sum).unwrap_or(i16::MAX)) * scale;
        }
    }
}

/// By what a sum of rows is divided, so that a name of usual length enters with numbers near one.
pub const SCALE: f32 = 6.0;

/// The sum of products, in [`LANES`] sums of their own that are added up in order at the end: always
/// the same, and several at a time.
#[must_use]
pub fn dot(one: &[f32], other: &[f32]) -> f32 {
    let mut lanes = [0.0_f32; LANES];
    let (ones, one_rest) = one.as_chunks::<LANES>();
    let (others, other_rest) = other.as_chunks::<LANES>();
    for (one, other) in ones.iter().zip(others) {
        for ((lane, a), b) in lanes.iter_mut().zip(one).zip(other) {
            *lane += a * b;
        }
    }
    for (a, b) in one_rest.iter().zip(other_rest) {
        lanes[0] += a * b;
    }
    lanes.iter().sum()
}

/// Sums that run beside each other.
const LANES: usize = 8;

/// One layer: what is below zero counts nothing.
fn layer(weights: &[f32], biases: &[f32], inputs: &[f32]) -> Vec<f32> {
    weights
        .chunks_exact(inputs.len().max(1))
        .zip(biases)
        .map(|(weights, bias)| (dot(weights, inputs) + bias).max(0.0))
        .collect()
}
