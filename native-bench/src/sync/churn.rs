//! What is left of a million operations: registrations that come and go, at replicas that hear of each other late.

use std::num::NonZeroU32;

use crdt_range_map::{Delta, KeyRange, RangeMap, ReplicaId};
use serde::Serialize;

use crate::workload::{SplitMix64, name};

/// How things stand after so many operations.
#[derive(Clone, Debug, Serialize)]
pub struct Sample {
    /// Operations so far.
    pub operations: u64,
    /// Registrations that are visible.
    pub live: usize,
    /// Writers so far, living and retired.
    pub writers: usize,
    /// The encoded state of the first replica after all have heard of everything.
    pub bytes: usize,
    /// What a replica takes that holds the same live registrations, each written once by one writer.
    pub fresh_bytes: usize,
}

const REPLICAS: usize = 4;
/// So many registrations can be live at most.
const POOL: u64 = 2_000;
/// After so many operations all exchange what they know.
const EXCHANGE_EVERY: u64 = 100;
/// So often in all, one replica is lost and another comes in its place: it is retired.
const LOST: u64 = 20;

/// Runs so many operations and samples now and then. `retires` tells whether the lost are retired, and maintenance is done.
pub fn run(operations: u64, samples: u64, retires: bool) -> Vec<Sample> {
    let mut random = SplitMix64::new(7);
    let mut maps: Vec<RangeMap<u64>> =
        (1..=REPLICAS as u64).map(|id| RangeMap::new(ReplicaId::new(id))).collect();
    let mut untold: Vec<Vec<Delta<u64>>> = vec![Vec::new(); REPLICAS];
    let mut writers = REPLICAS as u64;
    let mut taken = Vec::new();
    for done in 1..=operations {
        let at = random.below(REPLICAS as u64) as usize;
        let delta = operate(&mut maps[at], &mut random);
        untold[at].push(delta);
        if done % EXCHANGE_EVERY == 0 {
            exchange(&mut maps, &mut untold);
        }
        if done % (operations / LOST) == 0 {
            let lost = random.below(REPLICAS as u64 - 1) as usize + 1;
            writers += 1;
            let mut fresh = RangeMap::new(ReplicaId::new(writers));
            fresh.merge(maps[0].state());
            let gone = std::mem::replace(&mut maps[lost], fresh).replica();
            if retires {
                untold[0].push(maps[0].retire(gone));
                untold[0].push(maps[0].maintain());
                exchange(&mut maps, &mut untold);
            }
        }
        if done % (operations / samples) == 0 {
            exchange(&mut maps, &mut untold);
            taken.push(sample(&maps[0], done, writers as usize));
        }
    }
    taken
}

fn operate(map: &mut RangeMap<u64>, random: &mut SplitMix64) -> Delta<u64> {
    let pick = random.below(POOL);
    let (node, range) = (name(&format!("node-{:05}", pick % 31)), KeyRange::new(pick, pick + 50));
    let range = range.expect("it is not empty");
    let by = NonZeroU32::MIN.saturating_add(random.below(5) as u32);
    match random.below(8) {
        0..2 => map.register(&node, &range).unwrap(),
        2..4 => map.increase(&node, &range, by).unwrap(),
        4 => map.decrease(&node, &range, by).unwrap(),
        _ => map.release(&node, &range).unwrap(),
    }
}

/// Everybody hears what the others did, and then what they dropped when they heard it.
fn exchange(maps: &mut [RangeMap<u64>], untold: &mut [Vec<Delta<u64>>]) {
    while untold.iter().any(|deltas| !deltas.is_empty()) {
        let told: Vec<Vec<Delta<u64>>> = untold.iter_mut().map(std::mem::take).collect();
        for (to, map) in maps.iter_mut().enumerate() {
            for (_, deltas) in told.iter().enumerate().filter(|(from, _)| *from != to) {
                for delta in deltas {
                    let dropped = map.merge(delta).delta().clone();
                    if !dropped.is_empty() {
                        untold[to].push(dropped);
                    }
                }
            }
        }
    }
    assert!(maps.windows(2).all(|pair| pair[0].state() == pair[1].state()), "all have heard of everything");
}

fn sample(map: &RangeMap<u64>, operations: u64, writers: usize) -> Sample {
    let mut fresh = RangeMap::new(ReplicaId::new(1));
    for it in map.registrations() {
        let by = u32::try_from(it.priority).ok().and_then(NonZeroU32::new).unwrap_or(NonZeroU32::MAX);
        _ = fresh.increase(&it.node, &it.range, by).unwrap();
    }
    Sample {
        operations,
        live: map.registrations().count(),
        writers,
        bytes: map.state().encode().len(),
        fresh_bytes: fresh.state().encode().len(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_left_is_bounded_by_live_registrations_and_writers() {
        let samples = run(4_000, 4, true);
        let last = samples.last().unwrap();
        let bound = |sample: &Sample| 60 * sample.live + 12 * sample.writers + 1_000;
        assert!(samples.iter().all(|sample| sample.bytes <= bound(sample)), "{samples:?}");
        let unretired = run(4_000, 1, false);
        assert!(
            unretired[0].bytes > last.bytes,
            "who is lost and not retired leaves something: {unretired:?}"
        );
    }
}
