//! Spool, ledger, forwarding and sums of a collector, with a hub and a network between, in virtual
//! time: days pass in milliseconds, every fault follows from a seed, and a seed that fails says so.
//!
//! What runs is the collector's own code (`Spooling`, `Spool`, `Ledger`, `make_batch`, `Forward`,
//! `InFlight`, the checkpoint); the disk, the network, the clock and the hub are models. The hub's model
//! counts as the real one does, which `crates/larum-hub/tests/link_batches.rs` shows of the real one.
//!
//! Faults: the process killed, the power cut with unsynced bytes lost, torn or turned to zeros, writes
//! and syncs that fail, a full disk, requests and answers lost, doubled, late and out of order, a hub
//! that is down, a clock that jumps, a quota so small that the oldest must go.
//!
//! `LARUM_SIMULATION_SEED=N` runs one seed and prints what happened in it; `LARUM_SIMULATION_SEEDS=N`
//! runs so many.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]
#![expect(clippy::expect_used, reason = "a test fails by panicking")]
#![expect(clippy::panic, reason = "a test fails by panicking")]
#![expect(clippy::print_stderr, reason = "a failing seed is printed")]

mod hub;
mod random;
mod world;

use std::panic::AssertUnwindSafe;

use world::{Faults, World};

/// Seeds of each kind in an ordinary run.
const SEEDS: u64 = 1_000;

fn number(name: &str) -> Option<u64> {
    std::env::var(name).ok()?.parse().ok()
}

/// Runs seeds, one after the other, and names the first that fails.
fn run(kind: &str, faults: fn(u64) -> Faults) {
    if let Some(seed) = number("LARUM_SIMULATION_SEED") {
        World::new(seed, faults(seed), true).live();
        return;
    }
    let mut sum = world::Seen::default();
    for seed in 0..number("LARUM_SIMULATION_SEEDS").unwrap_or(SEEDS) {
        let life = AssertUnwindSafe(|| World::new(seed, faults(seed), false).live());
        match std::panic::catch_unwind(life) {
            Ok(seen) => sum.add(&seen),
            Err(cause) => {
                eprintln!(
                    "{kind}: seed {seed} fails; LARUM_SIMULATION_SEED={seed} tells its story"
                );
                std::panic::resume_unwind(cause);
            }
        }
    }
    eprintln!("{kind}: {sum:?}");
    sum.was_worth_it();
}

#[test]
fn what_was_acknowledged_is_counted_once_whatever_fails() {
    run("all faults", |_| Faults::all());
}

#[test]
fn a_small_quota_drops_the_oldest_and_every_one_is_in_the_sum() {
    run("small quota", |_| Faults {
        quota: true,
        ..Faults::all()
    });
}

#[test]
fn the_same_seed_is_the_same_life() {
    for seed in 0..20 {
        let life = || World::new(seed, Faults::all(), false).live();
        assert_eq!(life(), life());
    }
}
