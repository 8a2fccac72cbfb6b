//! Trains the model of `larum_core::detect::domain`: logistic regression by AdaGrad, reproducible from
//! a seed. One name in five is held out; the thresholds are set on the honest ones among them.

#![expect(clippy::print_stdout, reason = "a tool that prints its tables")]

use std::fs;
use std::path::Path;

use anyhow::{Context as _, Result};
use larum_core::detect::domain::{WEIGHTS, features};

use crate::generators::{ALL, Chance};

/// Passes over the data.
const PASSES: usize = 6;
/// How far one name moves a weight.
const RATE: f32 = 0.08;
/// How much a weight is pulled to zero.
const PULL: f32 = 2e-6;
/// Share of honest names above the threshold: suspicious and attack, in 100,000.
const FALSE_SHARES: [usize; 2] = [70, 15];
/// Generated names of each generator.
const EACH: usize = 4500;
/// How much more a wrong call on an honest name counts.
const HONEST_WEIGHT: f32 = 2.0;

struct Name {
    places: Vec<u32>,
    generated: bool,
    kind: usize,
    held_out: bool,
}

pub fn train(benign: &Path, words: &Path, seed: u64, out: &Path) -> Result<()> {
    let mut names = collect(benign, words, seed)?;
    let weights = fit(&mut names, seed);
    let most = weights.iter().fold(0_f32, |most, one| most.max(one.abs()));
    let scale = 127.0 / most.min(2.5);
    #[expect(
        clippy::cast_possible_truncation,
        reason = "rounded and kept within a byte"
    )]
    let bytes: Vec<i8> = weights
        .iter()
        .map(|one| (one * scale).round().clamp(-127.0, 127.0) as i8)
        .collect();
    let score = |name: &Name| -> i32 {
        name.places
            .iter()
            .map(|at| i32::from(*bytes.get(*at as usize).unwrap_or(&0)))
            .sum()
    };
    let mut honest: Vec<i32> = names
        .iter()
        .filter(|name| name.held_out && !name.generated)
        .map(score)
        .collect();
    honest.sort_unstable_by(|a, b| b.cmp(a));
    let mut model = Vec::with_capacity(WEIGHTS + 8);
    let mut thresholds = Vec::new();
    for share in FALSE_SHARES {
        let threshold = honest
            .get(honest.len() * share / 100_000)
            .copied()
            .unwrap_or(i32::MAX)
            + 1;
        thresholds.push(threshold);
        model.extend_from_slice(&threshold.to_le_bytes());
    }
    model.extend(bytes.iter().map(|byte| byte.cast_unsigned()));
    fs::write(out, model).with_context(|| format!("cannot write {}", out.display()))?;
    println!(
        "honest names held out: {}; thresholds {thresholds:?}",
        honest.len()
    );
    for (at, generator) in ALL.iter().enumerate() {
        let all: Vec<i32> = names
            .iter()
            .filter(|name| name.held_out && name.generated && name.kind == at)
            .map(score)
            .collect();
        let found = all
            .iter()
            .filter(|score| **score >= *thresholds.first().unwrap_or(&0))
            .count();
        println!("{:16} {found} of {}", generator.name, all.len());
    }
    Ok(())
}

fn collect(benign: &Path, words: &Path, seed: u64) -> Result<Vec<Name>> {
    let honest =
        fs::read_to_string(benign).with_context(|| format!("cannot read {}", benign.display()))?;
    let words =
        fs::read_to_string(words).with_context(|| format!("cannot read {}", words.display()))?;
    let words: Vec<&str> = words
        .lines()
        .filter(|word| {
            (3..=9).contains(&word.len()) && word.bytes().all(|byte| byte.is_ascii_lowercase())
        })
        .collect();
    let mut chance = Chance::new(seed);
    let mut names = Vec::new();
    let mut add = |domain: &str, generated: bool, kind: usize, chance: &mut Chance| {
        let mut places = Vec::new();
        features(domain, |at| places.push(u32::try_from(at).unwrap_or(0)));
        names.push(Name {
            places,
            generated,
            kind,
            held_out: chance.below(5) == 0,
        });
    };
    for line in honest.lines() {
        add(line, false, 0, &mut chance);
    }
    for (kind, generator) in ALL.iter().enumerate() {
        for _ in 0..EACH {
            let domain = generator.next(&mut chance, &words);
            add(&domain, true, kind, &mut chance);
        }
    }
    Ok(names)
}

fn fit(names: &mut [Name], seed: u64) -> Vec<f32> {
    let mut chance = Chance::new(seed ^ 0x5EED);
    let mut weights = vec![0_f32; WEIGHTS];
    let mut squares = vec![1e-3_f32; WEIGHTS];
    for _ in 0..PASSES {
        for at in (1..names.len()).rev() {
            names.swap(at, chance.below(at + 1));
        }
        for name in names.iter().filter(|name| !name.held_out) {
            let sum: f32 = name
                .places
                .iter()
                .filter_map(|at| weights.get(*at as usize))
                .sum();
            let wanted = if name.generated { 1.0 } else { 0.0 };
            let mut error = 1.0 / (1.0 + (-sum).exp()) - wanted;
            if !name.generated {
                error *= HONEST_WEIGHT;
            }
            for at in &name.places {
                let at = *at as usize;
                if let (Some(weight), Some(square)) = (weights.get_mut(at), squares.get_mut(at)) {
                    let slope = error + PULL * *weight;
                    *square += slope * slope;
                    *weight -= RATE * slope / square.sqrt();
                }
            }
        }
    }
    weights
}
