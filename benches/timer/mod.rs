//! How long something takes: the best and the middle of several rounds.

use std::time::Instant;

/// Runs `work` several times over, and prints what one of the `count` things it does takes. `work` may
/// be slow to begin with; the best round says what it can be, the middle what it was here.
pub fn time(what: &str, count: usize, mut work: impl FnMut()) {
    // cargo gives `--bench` when it is to be measured; under `cargo test` once is enough.
    let rounds = if std::env::args().any(|argument| argument == "--bench") { ROUNDS } else { 1 };
    let mut rounds: Vec<f64> = (0..rounds)
        .map(|_| {
            let start = Instant::now();
            work();
            start.elapsed().as_secs_f64() * 1e9 / count as f64
        })
        .collect();
    rounds.sort_by(f64::total_cmp);
    if let (Some(best), Some(middle)) = (rounds.first(), rounds.get(rounds.len() / 2)) {
        println!("{what:<52} {best:8.1} ns best {middle:8.1} ns median");
    }
}

const ROUNDS: usize = 50;
