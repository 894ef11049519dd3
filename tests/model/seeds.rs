//! Random cases, each from one seed, so that any can be run again.
//!
//! `SEED=7 cargo test --test oracle` runs that one alone; `SOAK=600 cargo test --release --test oracle` runs new ones for 600
//! seconds a test. A failure prints its seed and the smallest case that still fails.

use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use proptest::strategy::Strategy;
use proptest::test_runner::{Config, RngAlgorithm, TestCaseResult, TestRng, TestRunner};

/// Checks the cases of the seeds below `count`, or what the environment asks for.
pub fn check<S: Strategy>(count: u64, cases: &S, check: impl Fn(S::Value) -> TestCaseResult) {
    let run = |seed| run(seed, cases, &check);
    if let Some(seed) = number("SEED") {
        run(seed);
    } else if let Some(seconds) = number("SOAK") {
        let start = Instant::now();
        let first = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs() << 24;
        let mut next = first;
        while start.elapsed() < Duration::from_secs(seconds) {
            run(next);
            next += 1;
        }
        println!("{} cases from seed {first} on", next - first);
    } else {
        (0..count).for_each(run);
    }
}

fn run<S: Strategy>(seed: u64, cases: &S, check: impl Fn(S::Value) -> TestCaseResult) {
    let mut bytes = [0; 32];
    bytes[..8].copy_from_slice(&seed.to_le_bytes());
    let config =
        Config { cases: 1, failure_persistence: None, max_shrink_iters: 20_000, ..Config::default() };
    let mut runner = TestRunner::new_with_rng(config, TestRng::from_seed(RngAlgorithm::ChaCha, &bytes));
    if let Err(failure) = runner.run(cases, check) {
        panic!("SEED={seed}: {failure}");
    }
}

/// The number that an environment variable gives, if it is set.
pub fn number(variable: &str) -> Option<u64> {
    let value = std::env::var(variable).ok()?;
    Some(value.parse().unwrap_or_else(|_| panic!("{variable} must be a whole number, not {value:?}")))
}
