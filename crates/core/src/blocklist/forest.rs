//! Boosted trees: how likely a row of numbers is a hit, learned from rows whose outcome is known.
//!
//! Gradient boosting of the logistic loss with trees of a fixed depth over binned numbers (Friedman
//! 2001; binning as in Chen and Guestrin 2016). Several runs of trees are grown and averaged, each tree
//! from a part of the rows and half of the numbers (Friedman 2002, Breiman 1996): single runs agree
//! about who comes for certain and differ about the rest. Which part follows a fixed sequence: the same
//! rows in the same order give the same trees.

/// Numbers in a row.
pub const FEATURES: usize = 24;
/// A row.
pub type Row = [f32; FEATURES];

/// Levels of a tree.
const DEPTH: u32 = 5;
const INNER: usize = (1 << DEPTH) - 1;
const LEAVES: usize = 1 << DEPTH;
/// Trees of a run, and runs.
const TREES: usize = 60;
const RUNS: u8 = 3;
/// Numbers a tree may ask about.
const ASKED: usize = FEATURES / 2;
/// Rows a tree is grown from: so many of 256.
const PART: u8 = 154;
/// What a tree adds is taken with this weight.
const RATE: f32 = 0.12;
/// Bins of a number.
const BINS: usize = 48;
/// Rows that bins are chosen from.
const BIN_ROWS: usize = 20_000;
/// Least sum of second derivatives on either side of a split.
const MIN_SIDE: f32 = 20.0;
/// Draws leaves towards zero.
const SHRINK: f32 = 1.0;

/// A row with its outcome and weight.
#[derive(Clone, Copy, Debug)]
pub struct Example {
    /// The numbers.
    pub row: Row,
    /// 1 for a hit, 0 for none.
    pub outcome: f32,
    /// How many rows it stands for.
    pub weight: f32,
}

#[derive(Clone, Debug)]
struct Tree {
    /// Number and bin of each inner node's question, level by level.
    questions: [(u8, u8); INNER],
    leaves: [f32; LEAVES],
}

/// What was learned.
#[derive(Clone, Debug)]
pub struct Forest {
    edges: Vec<Vec<f32>>,
    trees: Vec<Tree>,
    base: f32,
}

type Binned = [u8; FEATURES];
/// Bins of the numbers one tree may ask about.
type Asked = [u8; ASKED];
/// Sums of first and second derivatives.
type Sums = (f32, f32);

/// Knuth's linear congruential sequence (The Art of Computer Programming 2, 3.3.4): even choices,
/// always the same.
struct Choices(u64);

impl Choices {
    fn next(&mut self) -> u8 {
        let next = self.0.wrapping_mul(6_364_136_223_846_793_005);
        self.0 = next.wrapping_add(1_442_695_040_888_963_407);
        self.0.to_be_bytes()[0]
    }

    /// Which numbers a tree may ask about.
    fn columns(&mut self) -> [u8; ASKED] {
        let mut marked: Vec<(u8, u8)> = (0_u8..)
            .take(FEATURES)
            .map(|feature| (self.next(), feature))
            .collect();
        marked.sort_unstable();
        let mut columns = [0; ASKED];
        for (column, (_, feature)) in columns.iter_mut().zip(marked) {
            *column = feature;
        }
        columns.sort_unstable();
        columns
    }
}

impl Forest {
    /// Learns from examples; `None` when there are no hits or nothing but hits.
    #[must_use]
    pub fn learn(examples: &[Example]) -> Option<Self> {
        let all: f32 = examples.iter().map(|one| one.weight).sum();
        let hits: f32 = examples.iter().map(|one| one.outcome * one.weight).sum();
        if hits <= 0.0 || hits >= all {
            return None;
        }
        let rate = (hits / all).clamp(1e-4, 0.999);
        let mut forest = Self {
            edges: edges(examples),
            trees: Vec::with_capacity(TREES * usize::from(RUNS)),
            base: (rate / (1.0 - rate)).ln(),
        };
        let binned: Vec<Binned> = examples.iter().map(|one| forest.bins(&one.row)).collect();
        let mut choices = Choices(0);
        for _ in 0..RUNS {
            let mut scores = vec![forest.base; examples.len()];
            for _ in 0..TREES {
                let tree = Tree::next(examples, &binned, &scores, &mut choices);
                for (score, bins) in scores.iter_mut().zip(&binned) {
                    *score += tree.answer(bins);
                }
                forest.trees.push(tree);
            }
        }
        Some(forest)
    }

    /// How likely a hit is, on the scale of log-odds.
    #[must_use]
    pub fn score(&self, row: &Row) -> f32 {
        let bins = self.bins(row);
        let sum: f32 = self.trees.iter().map(|tree| tree.answer(&bins)).sum();
        self.base + sum / f32::from(RUNS)
    }

    fn bins(&self, row: &Row) -> Binned {
        let mut bins = [0; FEATURES];
        for ((bin, value), edges) in bins.iter_mut().zip(row).zip(&self.edges) {
            let place = edges.partition_point(|edge| edge < value);
            *bin = u8::try_from(place).unwrap_or(u8::MAX);
        }
        bins
    }
}

impl Tree {
    /// The next tree, for what is missing to the outcomes at these scores.
    fn next(
        examples: &[Example],
        binned: &[Binned],
        scores: &[f32],
        choices: &mut Choices,
    ) -> Self {
        let columns = choices.columns();
        let mut rows: Vec<(Asked, Sums)> = Vec::with_capacity(examples.len());
        for ((one, score), bins) in examples.iter().zip(scores).zip(binned) {
            if choices.next() >= PART {
                continue;
            }
            let chance = 1.0 / (1.0 + (-score).exp());
            let second = (one.weight * chance * (1.0 - chance)).max(1e-6);
            let asked = columns.map(|column| bins.get(usize::from(column)).copied().unwrap_or(0));
            rows.push((asked, (one.weight * (one.outcome - chance), second)));
        }
        Self::grow(&rows, &columns)
    }

    /// A tree that asks about `columns`; the rows hold only those.
    fn grow(rows: &[(Asked, Sums)], columns: &[u8; ASKED]) -> Self {
        let mut tree = Self {
            questions: [(0, u8::MAX); INNER],
            leaves: [0.0; LEAVES],
        };
        // The node each row is in, counted from the first of its level.
        let mut nodes = vec![0_usize; rows.len()];
        for level in 0..DEPTH {
            let width = 1_usize << level;
            let mut sums = vec![(0.0, 0.0); width * ASKED * BINS];
            for ((row, slope), node) in rows.iter().zip(&nodes) {
                let start = node * ASKED * BINS;
                let table = sums.get_mut(start..start + ASKED * BINS);
                let columns = table
                    .into_iter()
                    .flat_map(|table| table.chunks_exact_mut(BINS));
                for (column, bin) in columns.zip(row) {
                    if let Some(sum) = column.get_mut(usize::from(*bin)) {
                        sum.0 += slope.0;
                        sum.1 += slope.1;
                    }
                }
            }
            let tables = sums.chunks_exact(ASKED * BINS);
            let questions = tree.questions.iter_mut().skip(width - 1);
            for (question, table) in questions.zip(tables) {
                *question = best_question(table);
            }
            for (node, (row, _)) in nodes.iter_mut().zip(rows) {
                let right = tree.is_right(width - 1 + *node, row);
                *node = *node * 2 + usize::from(right);
            }
        }
        let mut sums = [(0.0_f32, 0.0_f32); LEAVES];
        for ((_, slope), node) in rows.iter().zip(&nodes) {
            if let Some(sum) = sums.get_mut(*node) {
                sum.0 += slope.0;
                sum.1 += slope.1;
            }
        }
        for (leaf, sum) in tree.leaves.iter_mut().zip(sums) {
            *leaf = RATE * sum.0 / (sum.1 + SHRINK);
        }
        for (feature, _) in &mut tree.questions {
            *feature = columns.get(usize::from(*feature)).copied().unwrap_or(0);
        }
        tree
    }

    fn is_right(&self, question: usize, row: &[u8]) -> bool {
        let Some((feature, bin)) = self.questions.get(question) else {
            return false;
        };
        row.get(usize::from(*feature))
            .is_some_and(|value| value > bin)
    }

    fn answer(&self, row: &Binned) -> f32 {
        let mut node = 0;
        for level in 0..DEPTH {
            let right = self.is_right((1 << level) - 1 + node, row);
            node = node * 2 + usize::from(right);
        }
        self.leaves.get(node).copied().unwrap_or(0.0)
    }
}

/// The question that separates hits best in one node; one that sends all rows left when none does.
fn best_question(table: &[Sums]) -> (u8, u8) {
    let total = |column: &[Sums]| {
        column
            .iter()
            .fold((0.0, 0.0), |sum, one| (sum.0 + one.0, sum.1 + one.1))
    };
    let value = |sums: Sums| sums.0 * sums.0 / (sums.1 + SHRINK);
    let mut best = (1e-3, (0, u8::MAX));
    for (feature, column) in (0_u8..).zip(table.chunks_exact(BINS)) {
        let all: Sums = total(column);
        let mut left: Sums = (0.0, 0.0);
        for (bin, sum) in (0_u8..).zip(column) {
            left = (left.0 + sum.0, left.1 + sum.1);
            let right = (all.0 - left.0, all.1 - left.1);
            if left.1 < MIN_SIDE || right.1 < MIN_SIDE {
                continue;
            }
            let gain = value(left) + value(right) - value(all);
            if gain > best.0 {
                best = (gain, (feature, bin));
            }
        }
    }
    best.1
}

/// For each number, what separates its bins.
fn edges(examples: &[Example]) -> Vec<Vec<f32>> {
    let step = (examples.len() / BIN_ROWS).max(1);
    (0..FEATURES)
        .map(|feature| {
            let mut values: Vec<f32> = examples
                .iter()
                .step_by(step)
                .filter_map(|one| one.row.get(feature).copied())
                .collect();
            values.sort_by(f32::total_cmp);
            values.dedup();
            if values.len() < BINS {
                return values
                    .windows(2)
                    .map(|pair| pair.iter().sum::<f32>() / 2.0)
                    .collect();
            }
            (1..BINS)
                .filter_map(|bin| values.get(bin * values.len() / BINS).copied())
                .collect()
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rule_of_two_numbers_is_learned() {
        let example = |number: u16| {
            let mut row = [0.0; FEATURES];
            row[3] = f32::from(number % 17);
            row[9] = f32::from(number % 29);
            let hit = row[3] > 8.0 && row[9] < 10.0;
            Example {
                row,
                outcome: f32::from(u8::from(hit)),
                weight: 1.0,
            }
        };
        let examples: Vec<Example> = (0..4_000).map(example).collect();
        let forest = Forest::learn(&examples).unwrap();
        for one in &examples {
            assert_eq!(forest.score(&one.row) > 0.0, one.outcome > 0.5);
        }
        // Nothing can be learned from rows that all ended alike.
        assert!(Forest::learn(&[example(1)]).is_none());
        assert!(Forest::learn(&[]).is_none());
    }
}
