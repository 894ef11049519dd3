//! Replicas that stand ready for a measurement, each written by the library and by the [model](crate::model) alike, so that the
//! result to be expected is known beforehand.

use std::hint::black_box;

use crdt_range_map::{Delta, RangeMap, ReplicaId};

use crate::check::{self, Digest};
use crate::model::Model;
use crate::workload::{Op, OpKind, Served, Workload};

/// How many one-operation deltas merge C takes.
pub const DELTAS: usize = 1000;

/// A replica of the library beside one of the model.
#[derive(Clone)]
pub struct Replica {
    /// The library's replica.
    pub map: RangeMap<u64>,
    model: Model,
}

impl Replica {
    /// An empty replica of that number.
    pub fn new(id: u64) -> Self {
        Self { map: RangeMap::new(ReplicaId::new(id)), model: Model::new(id) }
    }

    /// The two replicas that wrote the halves of a workload.
    pub fn halves(workload: &Workload) -> [Self; 2] {
        Self::halves_by(workload, [1, 2])
    }

    /// The same, written under other ids.
    pub fn halves_by(workload: &Workload, ids: [u64; 2]) -> [Self; 2] {
        [0, 1].map(|part| {
            let mut replica = Self::new(ids[part]);
            workload.writes(part).for_each(|op| drop(replica.apply(workload, &op)));
            replica
        })
    }

    /// The two replicas of a workload, both with all of it.
    pub fn twins(workload: &Workload) -> [Self; 2] {
        let [mut first, mut second] = Self::halves(workload);
        let written = first.clone();
        first.merge(&second);
        second.merge(&written);
        [first, second]
    }

    /// Does an operation and returns its delta.
    pub fn apply(&mut self, workload: &Workload, op: &Op) -> Delta<u64> {
        self.model.apply(op);
        apply(&mut self.map, workload, op)
    }

    /// Learns all that the other knows.
    pub fn merge(&mut self, other: &Self) {
        self.model.merge(&other.model);
        drop(self.map.merge(&received(other.map.state())));
    }

    /// What the map must hold.
    pub fn expected(&self) -> Vec<Served> {
        self.model.registrations()
    }
}

/// Does an operation and returns its delta.
pub fn apply(map: &mut RangeMap<u64>, workload: &Workload, op: &Op) -> Delta<u64> {
    let node = &workload.nodes[op.triple.node as usize];
    let range = op.triple.range();
    match op.kind {
        OpKind::Register => map.register(node, &range),
        OpKind::Increase(by) => map.increase(node, &range, by),
        OpKind::Release => map.release(node, &range),
    }
}

/// A delta as it arrives from another process: it shares no memory with the sender's, which could make a merge cheaper than it
/// is in real use.
fn received(delta: &Delta<u64>) -> Delta<u64> {
    Delta::decode(&delta.encode()).expect("what was encoded can be decoded")
}

/// A merge that can be done again and again.
pub struct MergeCase {
    ours: RangeMap<u64>,
    theirs: Vec<Delta<u64>>,
    expected: Digest,
}

impl MergeCase {
    /// Merge A: two replicas hold disjoint halves; one merges the other's whole state.
    pub fn disjoint(workload: &Workload) -> Self {
        let [first, second] = Replica::halves(workload);
        Self::states(workload, first, second)
    }

    /// Merge B: both hold everything, then each makes n/100 changes; one merges the other's whole state.
    pub fn mostly_equal(workload: &Workload) -> Self {
        let [mut first, mut second] = Replica::twins(workload);
        for (part, replica) in [&mut first, &mut second].into_iter().enumerate() {
            for op in workload.changes(part) {
                replica.apply(workload, &op);
            }
        }
        Self::states(workload, first, second)
    }

    /// Merge C: a replica that holds everything merges the deltas of 1,000 increases that the other made.
    pub fn one_by_one(workload: &Workload) -> Self {
        let [mut first, mut second] = Replica::twins(workload);
        let ours = first.map.clone();
        let theirs: Vec<Delta<u64>> =
            workload.increases(DELTAS).iter().map(|op| received(&second.apply(workload, op))).collect();
        first.merge(&second);
        let expected = check::expected_registrations(workload, &first.expected());
        Self { ours, theirs, expected }
    }

    fn states(workload: &Workload, mut first: Replica, second: Replica) -> Self {
        let ours = first.map.clone();
        let theirs = vec![received(second.map.state())];
        first.merge(&second);
        let expected = check::expected_registrations(workload, &first.expected());
        Self { ours, theirs, expected }
    }

    /// The replica that is going to merge, as it stands before.
    pub fn fresh(&self) -> RangeMap<u64> {
        self.ours.clone()
    }

    /// The merge: what is timed.
    pub fn merge_into(&self, map: &mut RangeMap<u64>) {
        for delta in &self.theirs {
            drop(black_box(map.merge(black_box(delta))));
        }
    }

    /// Merges once and returns the digest of the result.
    ///
    /// # Panics
    /// If the result is not what it must be.
    pub fn check(&self) -> Digest {
        let mut map = self.fresh();
        self.merge_into(&mut map);
        let found = check::registrations(&map);
        assert_eq!(found, self.expected, "a merge has a wrong result");
        found
    }
}

/// A replica whose splits must be computed again after each change: it increases one random registration after another.
pub struct ChangingCase<'a> {
    workload: &'a Workload,
    replica: Replica,
    changes: std::iter::Cycle<std::vec::IntoIter<Op>>,
}

impl<'a> ChangingCase<'a> {
    /// Starts from a replica that holds everything.
    pub fn new(workload: &'a Workload) -> Self {
        let [replica, _] = Replica::twins(workload);
        replica.map.splits();
        Self { workload, replica, changes: workload.increases(DELTAS).into_iter().cycle() }
    }

    /// Makes the next change. Its cost is not that of the splits.
    pub fn change(&mut self) {
        if let Some(op) = self.changes.next() {
            self.replica.apply(self.workload, &op);
        }
    }

    /// The replica as it stands.
    pub fn map(&self) -> &RangeMap<u64> {
        &self.replica.map
    }

    /// Checks the splits and the owners of some keys after all the changes.
    ///
    /// # Panics
    /// If they are not what they must be.
    pub fn check(&self, keys: &[u64]) -> Digest {
        check_splits(self.workload, &self.replica, keys)[0]
    }
}

/// Compares a replica's splits and look-ups with the naive ones; returns the digests of both.
///
/// # Panics
/// If they differ.
pub fn check_splits(workload: &Workload, replica: &Replica, keys: &[u64]) -> [Digest; 2] {
    let expected = crate::naive::splits(&replica.expected());
    let splits = check::splits(&replica.map);
    assert_eq!(splits, check::expected_splits(workload, &expected), "the splits are wrong");
    let look_ups = check::look_ups(&replica.map, keys);
    assert_eq!(look_ups, check::expected_look_ups(workload, &expected, keys), "a look-up has a wrong result");
    [splits, look_ups]
}

/// Encodes a replica's state, decodes the bytes, and compares; returns the bytes.
///
/// # Panics
/// If the decoded state is not the same, or its own encoding is not.
pub fn check_codec(replica: &Replica) -> Vec<u8> {
    let bytes = replica.map.state().encode();
    let decoded = Delta::decode(&bytes).expect("what was encoded can be decoded");
    assert!(decoded == *replica.map.state(), "the decoded state is another one");
    assert!(decoded.encode() == bytes, "the encoding is not canonical");
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_scenario_agrees_with_the_model() {
        for workload in [Workload::random(40), Workload::random(400)] {
            MergeCase::disjoint(&workload).check();
            MergeCase::mostly_equal(&workload).check();
            MergeCase::one_by_one(&workload).check();
            let keys = workload.keys(500);
            let mut changing = ChangingCase::new(&workload);
            for _ in 0..20 {
                changing.change();
            }
            changing.check(&keys);
            check_codec(&Replica::twins(&workload)[1]);
        }
    }

    #[test]
    fn disjoint_halves_make_the_workload() {
        let workload = Workload::random(300);
        let mut served = workload.registrations.clone();
        served.sort_by_key(|served| served.triple);
        assert_eq!(Replica::twins(&workload)[0].expected(), served);
    }
}
