//! Random histories of several servers under all kinds of faults, one per seed: in the end all servers
//! agree, nobody has been misled, and nothing is lost without a word. `SLIRCD_SEED=n` replays one seed,
//! `SLIRCD_SEEDS=n` runs so many, from `SLIRCD_FIRST=n` on.

use slircd::sim::workload::run;
use std::{panic::catch_unwind, sync::Mutex, sync::atomic, thread};

/// How many things happen in one history.
const STEPS: usize = 200;

/// How many histories are played if nobody says how many.
const SEEDS: u64 = 200;

/// After so many seeds that fail no more are tried.
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
    let end = first + number("SLIRCD_SEEDS").unwrap_or(SEEDS);
    let (next, failed) = (atomic::AtomicU64::new(first), Mutex::new(Vec::new()));
    let work = || {
        while failed.lock().unwrap().len() < FAILURES_MAX {
            let seed = next.fetch_add(1, atomic::Ordering::Relaxed);
            if seed >= end {
                return;
            }
            if catch_unwind(|| run(seed, STEPS, None)).is_err() {
                failed.lock().unwrap().push(seed);
            }
        }
    };
    thread::scope(|scope| {
        for _ in 0..thread::available_parallelism().map_or(1, usize::from) {
            scope.spawn(work);
        }
    });
    let failed = failed.into_inner().unwrap();
    assert!(failed.is_empty(), "replay with SLIRCD_SEED=n, where n is one of {failed:?}");
}

#[test]
fn a_seed_is_a_history() {
    assert_eq!(run(7, STEPS, None), run(7, STEPS, None));
}
