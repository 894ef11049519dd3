//! What W(n) takes in memory, measured in a process of its own that holds nothing else: a million registrations must fit into a
//! board with 128 MB.
//!
//! So the workload is drawn as it is written, and never stored. What the splits and look-ups must be is pinned for the usual sizes,
//! since computing it in the obvious way takes more memory than the map.

use std::error::Error;
use std::process::Command;

use crdt_range_map::{Delta, NodeId, RangeMap, ReplicaId};

use crate::allocator;
use crate::check::{self, Digest};
use crate::expected;
use crate::machine;
use crate::report::Memory;
use crate::workload::{self, Served, Workload};

/// The digests of the splits and of the look-ups of W(n), by n.
const PINNED: [(usize, [Digest; 2]); 4] = [
    (1000, [digest(1723, 0xd1a7_9ffe_4ff8_1ce5), digest(10_000, 0x216e_6f7c_bbfc_d592)]),
    (10_000, [digest(19_593, 0x416f_159a_f0c0_dc30), digest(10_000, 0xecad_b423_f98c_e0b9)]),
    (100_000, [digest(197_901, 0x29c6_006d_597f_2af2), digest(25_000, 0x148e_4336_ea92_11b1)]),
    (1_000_000, [digest(1_980_702, 0x0d52_13ae_180c_d552), digest(250_000, 0xff8a_21ab_007b_0769)]),
];

const fn digest(count: u64, hash: u64) -> Digest {
    Digest { count, hash }
}

/// Measures W(n) in this process, whose allocator must be the counting one. Nothing else may run meanwhile.
///
/// Two replicas write a half each; one is encoded, arrives, and is merged by the other, which then looks up keys and visits all of
/// its splits.
///
/// # Panics
/// If a result is not what it must be.
pub fn measure(n: usize) -> Memory {
    allocator::start_counting();
    let map = merged_halves(n);
    let state_bytes = allocator::live_bytes();
    let look_ups = check::look_ups(workload::keys(n), |key| map.owners(&key));
    let indexed_bytes = allocator::live_bytes();
    let splits = check::visited_splits(&map);
    let peak_bytes = allocator::peak_bytes();
    allocator::stop_counting();
    let process_peak_bytes = machine::resident_peak_bytes();

    assert_eq!(map.registrations().count(), n, "registrations are missing, or {n} draws repeat one");
    drop(map);
    let pinned = PINNED.iter().find(|(size, _)| *size == n).map(|(_, digests)| *digests);
    assert_eq!([splits, look_ups], pinned.unwrap_or_else(|| computed(n)), "the splits or look-ups are wrong");
    Memory {
        workload: Workload::name_of(n),
        n: n as u64,
        state_bytes,
        indexed_bytes,
        peak_bytes,
        process_peak_bytes,
    }
}

/// A replica of W(n) that wrote the first half and merged the second as it arrived from another.
fn merged_halves(n: usize) -> RangeMap<u64> {
    let nodes = workload::node_names(n);
    let mut draws = workload::draws(n);
    let mut first = written(1, &nodes, draws.by_ref().take(n / 2));
    let arrived = written(2, &nodes, draws.take(n - n / 2)).state().encode();
    let delta = Delta::decode(&arrived).expect("what was encoded can be decoded");
    drop(first.merge(&delta));
    first
}

fn written(replica: u64, nodes: &[NodeId], registrations: impl Iterator<Item = Served>) -> RangeMap<u64> {
    let mut map = RangeMap::new(ReplicaId::new(replica));
    for op in registrations.flat_map(|served| served.writes()) {
        _ = map.apply([op.on(nodes)]).expect("nobody is retired");
    }
    map
}

/// What the splits and the look-ups of W(n) must be.
fn computed(n: usize) -> [Digest; 2] {
    let workload = Workload::new(n);
    let splits = expected::splits(&workload.nodes, &workload.registrations);
    let look_ups = check::look_ups(workload::keys(n), |key| expected::owners_of(&splits, key));
    [check::expected_splits(&splits), look_ups]
}

/// Measures W(n) in a process of its own, for which this program is started again with `memory n`; under an emulator,
/// which cannot start it, in this one.
///
/// # Errors
/// If the other process could not be started or failed.
pub fn measure_apart(n: usize) -> Result<Memory, Box<dyn Error>> {
    if machine::is_emulated() {
        return Ok(measure(n));
    }
    let output = Command::new(std::env::current_exe()?).args(["memory", &n.to_string()]).output()?;
    if !output.status.success() {
        return Err(format!("memory of W({n}): {}", String::from_utf8_lossy(&output.stderr)).into());
    }
    Ok(serde_json::from_slice(&output.stdout)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_pinned_digests_are_those_of_the_expected_splits() {
        for (n, digests) in PINNED.iter().filter(|(n, _)| *n <= 10_000) {
            assert_eq!(*digests, computed(*n), "{n}");
        }
    }

    #[test]
    fn halves_drawn_on_the_fly_make_the_workload() {
        let mut served = Workload::new(300).registrations;
        served.sort_by_key(|served| served.triple);
        let expected = check::expected_registrations(&workload::node_names(300), &served);
        assert_eq!(check::registrations(&merged_halves(300)), expected);
    }
}
