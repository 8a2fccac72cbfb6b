//! The rig: the real collector program, the real hub program, real sockets, and everything done to them
//! that happens in life, again and again. At the end of each cycle, in calm, the conservation oracle:
//! every line of the followed file counted once; every record an HTTP sender was answered for counted;
//! received = events + rejected + dropped; findings = sightings + withheld; sent = receipted = what the
//! hub has; the ledger whole, each receipt signed.
//!
//! A short one runs with the other tests. `just torture CYCLES` runs a long one, a new firm and a new hub
//! after every hundred cycles, and prints its sums; `LARUM_TORTURE_SEED` begins elsewhere, and several may
//! run side by side. What the machine does not allow (a small disk needs the right to mount, failing and
//! slow syncs need `strace`, clocks that are set need `libfaketime`) is left out and said. Lost unsynced
//! writes cannot be done to a real process from outside, and clocks that jump by a year end its
//! certificates: they are in `crates/collector/tests/simulation`.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]
#![expect(clippy::expect_used, reason = "a test fails by panicking")]
#![expect(clippy::print_stderr, reason = "a long run prints its sums")]

mod clocks;
mod counts;
mod feed;
mod programs;
mod wire;
mod world;

use counts::Counts;
use world::World;

/// Cycles of the short run.
const CYCLES: u64 = 3;
/// Cycles that one firm and one hub live through.
const OF_ONE_WORLD: u64 = 100;

fn number(name: &str) -> Option<u64> {
    std::env::var(name).ok()?.parse().ok()
}

#[test]
fn kill_and_cut_and_fill_and_the_sums_hold() {
    let cycles = number("LARUM_TORTURE_CYCLES").unwrap_or(CYCLES);
    let seed = number("LARUM_TORTURE_SEED").unwrap_or(1);
    let (mut held, mut done) = (Counts::default(), Counts::default());
    let summary = |cycles: u64, held: &Counts, done: &Counts, world: &World| {
        let left_out = world.left_out().join(", ");
        eprintln!(
            "seed {seed}, {cycles} cycles, the oracle held after each: {held}. Done to them: {done}. \
             Left out: {}.",
            if left_out.is_empty() {
                "nothing"
            } else {
                &left_out
            }
        );
    };
    let mut cycle = 0;
    while cycle < cycles {
        // Seeds of long runs side by side are far apart.
        let mut world = World::new(seed.wrapping_mul(1_000_003).wrapping_add(cycle));
        for _ in 0..OF_ONE_WORLD.min(cycles - cycle) {
            world.cycle(cycle);
            cycle += 1;
            if cycle < cycles && cycle.is_multiple_of(10) {
                let (now_held, now_done) = world.counts();
                let (held, done) = (held.clone().with(now_held), done.clone().with(now_done));
                summary(cycle, &held, &done, &world);
            }
        }
        world.end();
        let (now_held, now_done) = world.counts();
        (held, done) = (held.with(now_held), done.with(now_done));
        if cycle == cycles {
            summary(cycle, &held, &done, &world);
        }
    }
}
