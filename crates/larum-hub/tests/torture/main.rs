//! The rig: the real collector program, the real hub program, real sockets, and everything done to them
//! that happens in life, again and again. At the end of each cycle, in calm, the conservation oracle:
//! every line of the followed file counted once; every record an HTTP sender was answered for counted;
//! received = events + rejected + dropped; findings = sightings + withheld; sent = receipted = what the
//! hub has; the ledger whole, each receipt signed.
//!
//! A short one runs with the other tests. `just torture CYCLES` runs a long one and prints its sums;
//! `LARUM_TORTURE_SEED` begins elsewhere. What the machine does not allow (a small disk needs the right to
//! mount, failing and slow syncs need `strace`) is left out and said. Lost unsynced writes and jumping
//! clocks cannot be done to a real process from outside: they are in
//! `crates/collector/tests/simulation`.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]
#![expect(clippy::expect_used, reason = "a test fails by panicking")]
#![expect(clippy::print_stderr, reason = "a long run prints its sums")]

mod feed;
mod programs;
mod wire;
mod world;

use world::World;

/// Cycles of the short run.
const CYCLES: u64 = 3;

fn number(name: &str) -> Option<u64> {
    std::env::var(name).ok()?.parse().ok()
}

#[test]
fn kill_and_cut_and_fill_and_the_sums_hold() {
    let cycles = number("LARUM_TORTURE_CYCLES").unwrap_or(CYCLES);
    let seed = number("LARUM_TORTURE_SEED").unwrap_or(1);
    let mut world = World::new(seed);
    for cycle in 0..cycles {
        world.cycle(cycle);
        if cycles > CYCLES && (cycle + 1) % 10 == 0 {
            eprintln!("{}", world.summary(cycle + 1));
        }
    }
    world.end();
    eprintln!("{}", world.summary(cycles));
}
