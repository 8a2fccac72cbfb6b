//! Trains the model of `larum_core::detect::domain`, reproducibly from a seed.
//!
//! Honest names are held out by their hash; thresholds are set on them alone. Generated names come from
//! families that are invented anew every hundred names (`generators`). `--leave-out KIND` trains without one
//! kind and shows how much of it is found all the same.

#![expect(clippy::print_stdout, reason = "a tool that prints its tables")]

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use anyhow::{Context as _, Result};
use larum_core::detect::domain::features::{Features, WORD_BITS, word_bits};
use larum_core::detect::domain::net::{HEAD_BYTES, VERSION};

use crate::generators::{Chance, Family, HOSTS, KINDS, Kind, Material, any_kind};
use crate::network::Network;

/// Share of honest names above the threshold: suspicious and attack, in 100,000.
const FALSE_SHARES: [usize; 2] = [100, 10];
/// Honest names a pass, and as many generated ones.
const PASS: usize = 400_000;
/// Names of one invented family before the next is invented.
const FAMILY: usize = 100;
/// Tenths of the honest names that are of preload.txt.
const PRELOAD_TENTHS: usize = 2;
/// One name of preload.txt in so many is held out; sites.txt is too full of names that are not honest.
const HELD_OUT: usize = 5;
/// A part of honest names between hyphens is a word if so many names have it.
const WORD_NAMES: usize = 8;
/// A whole label is a word if it was registered under so many suffixes.
const WORD_SUFFIXES: usize = 4;

/// What `train` is asked for.
pub struct Plan<'p> {
    /// Folder with what `tools/train-domains/prepare.py` writes.
    pub data: &'p Path,
    pub seed: u64,
    pub passes: usize,
    /// A kind that is not trained on.
    pub leave_out: Option<&'p str>,
    pub out: &'p Path,
}

pub fn train(plan: &Plan<'_>) -> Result<()> {
    let read = |name: &str| {
        let path = plan.data.join(name);
        fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))
    };
    let (preload, sites) = (read("preload.txt")?, read("sites.txt")?);
    let (words, texts) = (read("words.txt")?, read("texts.txt")?);
    let material = Material {
        words: words.lines().map(str::to_owned).collect(),
        texts: texts
            .lines()
            .map(|line| line.split(' ').map(str::to_owned).collect())
            .collect(),
    };
    let without = plan.leave_out.and_then(kind_of);
    let (held_out, preload): (Vec<&str>, Vec<&str>) =
        preload.lines().partition(|name| held_out(name));
    let sites: Vec<&str> = sites.lines().collect();
    let filter = filter(preload.iter().chain(&sites), &material);
    let is_word = |word: &[u8]| word_bits(word).iter().all(|bit| has(&filter, *bit));
    let mut chance = Chance::new(plan.seed);
    let mut network = Network::new(&mut chance);
    let steps = plan.passes * PASS;
    let mut family = Family::new(Kind::Letters, &material, &mut chance);
    for step in 0..steps {
        if step % FAMILY == 0 {
            family = Family::new(any_kind(&mut chance, without), &material, &mut chance);
        }
        let left = 1.0 - progress(step, steps);
        let doubted = chance.below(10) >= PRELOAD_TENTHS;
        let honest = if doubted { &sites } else { &preload };
        let name = any_honest(honest, &mut chance);
        let features = Features::of(&name, is_word);
        network.learn(features, (false, doubted), left, &mut chance);
        let name = family.next(&mut chance);
        let features = Features::of(&name, is_word);
        network.learn(features, (true, false), left, &mut chance);
        if step % PASS == PASS - 1 {
            println!("pass {} of {}", step / PASS + 1, plan.passes);
        }
    }
    let step = network.quantise();
    let mut scores: Vec<i32> = held_out
        .iter()
        .map(|name| network.score(&Features::of(name, is_word)))
        .collect();
    scores.sort_unstable_by(|a, b| b.cmp(a));
    let at = |share: usize| {
        scores
            .get(scores.len() * share / 100_000)
            .copied()
            .unwrap_or(i32::MAX)
    };
    let thresholds = FALSE_SHARES.map(|share| at(share).saturating_add(1));
    report(plan, &material, [at(100), at(1_000)], |name| {
        network.score(&Features::of(name, is_word))
    });
    println!(
        "honest names held out: {}; thresholds {thresholds:?}",
        scores.len()
    );
    let mut model = vec![VERSION, 0, 0, 0];
    for threshold in thresholds {
        model.extend_from_slice(&threshold.to_le_bytes());
    }
    model.extend_from_slice(&step.to_le_bytes());
    debug_assert_eq!(model.len(), HEAD_BYTES);
    model.extend_from_slice(&filter);
    network.write(&mut model, step);
    fs::write(plan.out, model).with_context(|| format!("cannot write {}", plan.out.display()))
}

/// The kind of that name, such as `ShortLetters`.
fn kind_of(name: &str) -> Option<Kind> {
    KINDS
        .iter()
        .map(|(kind, _)| *kind)
        .find(|kind| format!("{kind:?}") == name)
}

#[expect(clippy::cast_precision_loss, reason = "a share of the way")]
fn progress(step: usize, steps: usize) -> f32 {
    step as f32 / steps.max(1) as f32
}

/// Names are held out by what they are, so that one list or another changes nothing.
fn held_out(name: &str) -> bool {
    let sum = name.bytes().fold(7_usize, |sum, byte| {
        sum.wrapping_mul(31).wrapping_add(usize::from(byte))
    });
    (sum >> 3) % HELD_OUT == 0
}

/// One of the honest names; now and then as somebody's name at a service that gives names away.
fn any_honest(honest: &[&str], chance: &mut Chance) -> String {
    let name = chance.one(honest);
    if chance.below(150) > 0 {
        return name.to_owned();
    }
    let label = name.split('.').next().unwrap_or(name);
    format!("{label}.{}", chance.one(HOSTS))
}

/// The filter of words: English ones, and what many names have between hyphens.
fn filter<'n>(honest: impl Iterator<Item = &'n &'n str>, material: &Material) -> Vec<u8> {
    let mut parts: BTreeMap<&str, usize> = BTreeMap::new();
    let mut labels: BTreeMap<&str, usize> = BTreeMap::new();
    for name in honest {
        let label = name.split('.').next().unwrap_or(name);
        *labels.entry(label).or_default() += 1;
        if label.contains('-') && !label.starts_with("xn--") {
            for part in label.split('-') {
                *parts.entry(part).or_default() += 1;
            }
        }
    }
    let often = parts
        .iter()
        .filter(|(_, count)| **count >= WORD_NAMES)
        .chain(labels.iter().filter(|(_, count)| **count >= WORD_SUFFIXES))
        .map(|(part, _)| *part);
    let mut filter = vec![0_u8; WORD_BITS / 8];
    let mut count = 0;
    let mut known = BTreeSet::new();
    for word in material.words.iter().map(String::as_str).chain(often) {
        if (3..=14).contains(&word.len()) && word.bytes().all(|byte| byte.is_ascii_lowercase()) {
            count += usize::from(known.insert(word.to_owned()));
            for bit in word_bits(word.as_bytes()) {
                if let Some(byte) = filter.get_mut(bit / 8) {
                    *byte |= 1 << (bit % 8);
                }
            }
        }
    }
    println!("{count} words");
    filter
}

fn has(filter: &[u8], bit: usize) -> bool {
    filter
        .get(bit / 8)
        .is_some_and(|byte| byte & (1 << (bit % 8)) != 0)
}

/// How much of each kind is found at 0.1 % and 1 % of honest names, in families the training never saw.
fn report(plan: &Plan<'_>, material: &Material, at: [i32; 2], score: impl Fn(&str) -> i32) {
    const FAMILIES: usize = 100;
    const EACH: usize = 50;
    let mut chance = Chance::new(plan.seed ^ 0x7E57);
    for (kind, _) in KINDS {
        let mut found = [0_usize; 2];
        for _ in 0..FAMILIES {
            let family = Family::new(*kind, material, &mut chance);
            for _ in 0..EACH {
                let score = score(&family.next(&mut chance));
                for (found, least) in found.iter_mut().zip(at) {
                    *found += usize::from(score > least);
                }
            }
        }
        let mark = if plan.leave_out.and_then(kind_of) == Some(*kind) {
            " (left out)"
        } else {
            ""
        };
        let [tenth, whole] = found.map(|found| found * 100 / (FAMILIES * EACH));
        println!("{kind:?}{mark}: {tenth} % at 0.1 %, {whole} % at 1 %");
    }
}
