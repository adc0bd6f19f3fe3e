//! Random histories of several servers under all kinds of faults, one per seed: in the end all servers
//! agree, nobody has been misled, and nothing is lost without a word. `SLIRCD_SEED=n` replays one seed,
//! `SLIRCD_SEEDS=n` runs so many.

use slircd::sim::workload::run;
use std::panic::catch_unwind;

/// How many things happen in one history.
const STEPS: usize = 200;

/// After so many seeds that fail no more are looked for.
const FAILURES_MAX: usize = 10;

fn number(name: &str) -> Option<u64> {
    std::env::var(name).ok()?.parse().ok()
}

#[test]
fn seeds_converge_and_mislead_nobody() {
    if let Some(seed) = number("SLIRCD_SEED") {
        // The test's output, which is shown if it fails, is the whole history.
        run(seed, STEPS, Some(|what| println!("{what}")));
        return;
    }
    let first = number("SLIRCD_FIRST").unwrap_or(0);
    let seeds = first..first + number("SLIRCD_SEEDS").unwrap_or(200);
    let failed = seeds.filter(|seed| catch_unwind(|| run(*seed, STEPS, None)).is_err());
    let failed: Vec<u64> = failed.take(FAILURES_MAX).collect();
    assert!(failed.is_empty(), "replay with SLIRCD_SEED=n, where n is one of {failed:?}");
}

#[test]
fn a_seed_is_a_history() {
    assert_eq!(run(7, STEPS, None), run(7, STEPS, None));
}
