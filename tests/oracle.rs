//! Random histories of a few replicas, compared with the reference model step by step.
//!
//! Every history comes from one seed. `SEED=7 cargo test --test oracle` runs that one again; `SOAK=600 cargo test --release
//! --test oracle` runs new ones for 600 seconds. A failure prints its seed and the smallest history that still fails.
#![cfg(not(target_arch = "wasm32"))]

mod model;

use std::str::FromStr;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use model::history::{History, histories};
use model::world::{POOL, SampleKey, World};
use proptest::test_runner::{Config, RngAlgorithm, TestCaseError, TestRng, TestRunner};

const HISTORIES: u64 = 1_500;
const STEPS_MAX: usize = 60;

/// What an empty state may take: the header, and for each replica its id and its part of the context.
fn empty_bytes_max(replicas: usize) -> usize {
    6 + 10 * replicas
}

fn check<K: SampleKey>(history: &History) -> Result<(), String> {
    let mut world = World::<K>::live(history)?;
    world.agree()?;
    let bytes = world.wind_up()?;
    if bytes > empty_bytes_max(history.replicas) {
        return Err(format!("a state without registrations takes {bytes} bytes"));
    }
    Ok(())
}

/// Runs the history of one seed, and shrinks it if it fails.
fn run<K: SampleKey>(seed: u64) {
    let mut bytes = [0; 32];
    bytes[..8].copy_from_slice(&seed.to_le_bytes());
    let config =
        Config { cases: 1, failure_persistence: None, max_shrink_iters: 20_000, ..Config::default() };
    let rng = TestRng::from_seed(RngAlgorithm::ChaCha, &bytes);
    let outcome = TestRunner::new_with_rng(config, rng)
        .run(&histories(POOL.len(), STEPS_MAX), |history| check::<K>(&history).map_err(TestCaseError::fail));
    if let Err(failure) = outcome {
        panic!("SEED={seed}: {failure}");
    }
}

fn run_many<K: SampleKey>() {
    if let Some(seed) = number("SEED") {
        run::<K>(seed);
    } else if let Some(seconds) = number("SOAK") {
        let start = Instant::now();
        let first = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs() << 24;
        let last = (first..).find(|seed| {
            run::<K>(*seed);
            start.elapsed() > Duration::from_secs(seconds)
        });
        println!("{} histories from seed {first} on", last.unwrap() - first + 1);
    } else {
        (0..HISTORIES).for_each(run::<K>);
    }
}

fn number(variable: &str) -> Option<u64> {
    let value = std::env::var(variable).ok()?;
    Some(u64::from_str(&value).unwrap_or_else(|_| panic!("{variable} must be a whole number, not {value:?}")))
}

#[test]
fn histories_with_number_keys() {
    run_many::<u64>();
}

#[test]
fn histories_with_string_keys() {
    run_many::<String>();
}
