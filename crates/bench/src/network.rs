//! The network of `larum_core::detect::domain::net` while it learns: gradient descent, one name at a time,
//! with steps that shrink as in AdaGrad (Duchi et al. 2011).

use larum_core::detect::domain::features::{Features, ROWS};
use larum_core::detect::domain::net::{DEPTH, FIRST, INPUTS, SCALE, SECOND, dot};

use crate::generators::Chance;

/// How far one name moves a row of pieces, and a weight of a layer.
const RATES: (f32, f32) = (0.4, 0.05);
/// Sum of squared slopes from the start, so that first steps are not wild.
const START: f32 = 1.0;
/// How much more an honest name counts: few false alarms are wanted.
const HONEST_WEIGHT: f32 = 3.0;
/// Lists of used sites hold names that programs made (advertising, malware): once steps have shrunk to the
/// first number, an honest name with a score above the second teaches nothing.
const DOUBT: (f32, f32) = (0.9, 2.5);
/// Of how many rows one is left out, by chance, while learning: no name may lean on one piece or word.
const LEFT_OUT: usize = 4;
/// The share that is kept.
const KEPT: f32 = 0.75;
/// How much a weight is pulled to zero.
const PULL: f32 = 1e-6;

/// Numbers that learn.
struct Learning {
    values: Vec<f32>,
    squares: Vec<f32>,
}

impl Learning {
    /// `count` numbers around zero, at most `most` from it.
    fn new(count: usize, most: f32, chance: &mut Chance) -> Self {
        let mut any = || {
            let one = u16::try_from(chance.below(65_536)).unwrap_or(0);
            (f32::from(one) / 32_768.0 - 1.0) * most
        };
        Self {
            values: (0..count).map(|_| any()).collect(),
            squares: vec![START; count],
        }
    }

    /// Moves the numbers from `from` on against `slopes`.
    fn step(&mut self, from: usize, slopes: impl Iterator<Item = f32>, rate: f32) {
        let values = self.values.get_mut(from..).unwrap_or_default();
        let squares = self.squares.get_mut(from..).unwrap_or_default();
        for ((value, square), slope) in values.iter_mut().zip(squares).zip(slopes) {
            let slope = slope + PULL * *value;
            *square += slope * slope;
            *value -= rate * slope / square.sqrt();
        }
    }
}

/// Tables of rows of DEPTH numbers.
impl Learning {
    fn add(&self, rows: &[u16], scale: f32, out: &mut [f32]) {
        for row in rows {
            let from = usize::from(*row) * DEPTH;
            let values = self.values.get(from..from + DEPTH).unwrap_or_default();
            for (out, value) in out.iter_mut().zip(values) {
                *out += value / scale;
            }
        }
    }

    fn step_rows(&mut self, rows: &[u16], scale: f32, slopes: &[f32], rate: f32) {
        for row in rows {
            let slopes = slopes.iter().map(|slope| slope / scale);
            self.step(usize::from(*row) * DEPTH, slopes, rate);
        }
    }
}

/// The network.
pub struct Network {
    pieces: Learning,
    meanings: Learning,
    first: Learning,
    first_bias: Learning,
    second: Learning,
    second_bias: Learning,
    last: Learning,
    last_bias: Learning,
}

/// What the cells said to one name.
struct Passed {
    inputs: [f32; INPUTS],
    first: Vec<f32>,
    second: Vec<f32>,
    sum: f32,
}

impl Network {
    pub fn new(chance: &mut Chance) -> Self {
        Self {
            pieces: Learning::new(ROWS * DEPTH, 0.05, chance),
            meanings: Learning::new(ROWS * DEPTH, 0.05, chance),
            first: Learning::new(INPUTS * FIRST, 0.2, chance),
            first_bias: Learning::new(FIRST, 0.05, chance),
            second: Learning::new(FIRST * SECOND, 0.3, chance),
            second_bias: Learning::new(SECOND, 0.05, chance),
            last: Learning::new(SECOND, 0.4, chance),
            last_bias: Learning::new(1, 0.0, chance),
        }
    }

    fn pass(&self, features: &Features, scale: f32) -> Passed {
        let mut inputs = [0.0_f32; INPUTS];
        let (pieces, rest) = inputs.split_at_mut(DEPTH);
        let (runs, rest) = rest.split_at_mut(DEPTH);
        let (words, rest) = rest.split_at_mut(DEPTH);
        let (suffix, shape) = rest.split_at_mut(DEPTH);
        self.pieces.add(&features.pieces, scale, pieces);
        self.pieces.add(&features.runs, scale, runs);
        self.meanings.add(&features.words, scale, words);
        self.meanings.add(&[features.suffix], SCALE, suffix);
        shape.copy_from_slice(&features.shape);
        let first = layer(&self.first, &self.first_bias, &inputs);
        let second = layer(&self.second, &self.second_bias, &first);
        let sum = dot(&self.last.values, &second);
        let bias = self.last_bias.values.first().copied().unwrap_or(0.0);
        Passed {
            inputs,
            first,
            second,
            sum: sum + bias,
        }
    }

    /// Learns that a name was generated or not. `rate` shrinks the steps.
    pub fn learn(
        &mut self,
        mut features: Features,
        (generated, doubted): (bool, bool),
        rate: f32,
        chance: &mut Chance,
    ) {
        for rows in [
            &mut features.pieces,
            &mut features.runs,
            &mut features.words,
        ] {
            rows.retain(|_| chance.below(LEFT_OUT) > 0);
        }
        let scale = SCALE * KEPT;
        let passed = self.pass(&features, scale);
        if doubted && rate < DOUBT.0 && passed.sum > DOUBT.1 {
            return;
        }
        let wanted = if generated { 1.0 } else { 0.0 };
        let mut error = 1.0 / (1.0 + (-passed.sum).exp()) - wanted;
        if !generated {
            error *= HONEST_WEIGHT;
        }
        let (row_rate, rate) = (RATES.0 * rate, RATES.1 * rate);
        let second_slopes: Vec<f32> = self
            .last
            .values
            .iter()
            .zip(&passed.second)
            .map(|(weight, out)| if *out > 0.0 { error * weight } else { 0.0 })
            .collect();
        let first_slopes = back(&self.second, &second_slopes, &passed.first, true);
        let input_slopes = back(&self.first, &first_slopes, &passed.inputs, false);
        self.last
            .step(0, passed.second.iter().map(|out| error * out), rate);
        self.last_bias.step(0, [error].into_iter(), rate);
        forward(&mut self.second, &second_slopes, &passed.first, rate);
        self.second_bias.step(0, second_slopes.into_iter(), rate);
        forward(&mut self.first, &first_slopes, &passed.inputs, rate);
        self.first_bias.step(0, first_slopes.into_iter(), rate);
        let (pieces, rest) = input_slopes.split_at(DEPTH);
        let (runs, rest) = rest.split_at(DEPTH);
        let (words, rest) = rest.split_at(DEPTH);
        let suffix = rest.get(..DEPTH).unwrap_or(&[]);
        self.pieces
            .step_rows(&features.pieces, scale, pieces, row_rate);
        self.pieces.step_rows(&features.runs, scale, runs, row_rate);
        self.meanings
            .step_rows(&features.words, scale, words, row_rate);
        self.meanings
            .step_rows(&[features.suffix], SCALE, suffix, row_rate);
    }

    /// Rounds the rows to whole steps of a byte; what one step is worth.
    pub fn quantise(&mut self) -> f32 {
        let both = || self.pieces.values.iter().chain(&self.meanings.values);
        let mut sizes: Vec<f32> = both().map(|value| value.abs()).collect();
        sizes.sort_unstable_by(f32::total_cmp);
        // One number in a thousand may be cut off, so that the others keep their finer steps.
        let most = sizes.get(sizes.len() * 999 / 1_000).copied().unwrap_or(1.0);
        let step = most / 127.0;
        let both = self.pieces.values.iter_mut();
        for value in both.chain(&mut self.meanings.values) {
            *value = (*value / step).round().clamp(-127.0, 127.0) * step;
        }
        step
    }

    /// As `Net::score`, up to rounding.
    pub fn score(&self, features: &Features) -> i32 {
        #[expect(clippy::cast_possible_truncation, reason = "saturates")]
        let score = (self.pass(features, SCALE).sum * 100.0) as i32;
        score
    }

    /// Appends the rows in steps of `step`, then the layers.
    pub fn write(&self, out: &mut Vec<u8>, step: f32) {
        for value in self.pieces.values.iter().chain(&self.meanings.values) {
            #[expect(
                clippy::cast_possible_truncation,
                reason = "within a byte since quantise"
            )]
            let step = (value / step).round() as i8;
            out.push(step.cast_unsigned());
        }
        for part in [
            &self.first,
            &self.first_bias,
            &self.second,
            &self.second_bias,
            &self.last,
            &self.last_bias,
        ] {
            for value in &part.values {
                out.extend_from_slice(&value.to_le_bytes());
            }
        }
    }
}

fn layer(weights: &Learning, biases: &Learning, inputs: &[f32]) -> Vec<f32> {
    weights
        .values
        .chunks_exact(inputs.len())
        .zip(&biases.values)
        .map(|(weights, bias)| (dot(weights, inputs) + bias).max(0.0))
        .collect()
}

/// Slopes of what entered a layer; `cut` where it was a layer whose zeros count nothing.
fn back(weights: &Learning, slopes: &[f32], entered: &[f32], cut: bool) -> Vec<f32> {
    let mut found = vec![0.0; entered.len()];
    for (weights, slope) in weights.values.chunks_exact(entered.len()).zip(slopes) {
        if *slope != 0.0 {
            for (found, weight) in found.iter_mut().zip(weights) {
                *found += weight * slope;
            }
        }
    }
    if cut {
        for (found, entered) in found.iter_mut().zip(entered) {
            if *entered <= 0.0 {
                *found = 0.0;
            }
        }
    }
    found
}

fn forward(weights: &mut Learning, slopes: &[f32], entered: &[f32], rate: f32) {
    for (cell, slope) in slopes.iter().enumerate() {
        if *slope != 0.0 {
            weights.step(
                cell * entered.len(),
                entered.iter().map(|entered| entered * slope),
                rate,
            );
        }
    }
}
