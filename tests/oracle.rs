//! Random histories of a few replicas, compared with the reference model step by step.

use instances as _;
mod model;

use model::history::{History, histories};
use model::seeds;
use model::world::{POOL, SampleKey, World};
use proptest::test_runner::TestCaseError;

const HISTORIES: u64 = 2_000;
const STEPS_MAX: usize = 60;

/// What an empty state may take: the header, and for each replica its id and its part of the context.
fn empty_bytes_max(replicas: usize) -> usize {
    4 + 10 * replicas
}

fn live<K: SampleKey>(history: &History) -> Result<(), String> {
    let mut world = World::<K>::live(history)?;
    world.agree()?;
    let bytes = world.wind_up()?;
    if bytes > empty_bytes_max(history.replicas) {
        return Err(format!("a state without registrations takes {bytes} bytes"));
    }
    Ok(())
}

fn check<K: SampleKey>() {
    seeds::check(HISTORIES, &histories(POOL.len(), STEPS_MAX), |history| {
        live::<K>(&history).map_err(TestCaseError::fail)
    });
}

#[test]
fn histories_with_number_keys() {
    check::<u64>();
}

#[test]
fn histories_with_string_keys() {
    check::<String>();
}
