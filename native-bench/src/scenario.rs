//! Replicas that stand ready for a measurement, each written by the library and by the [model](crate::expected) alike, so that the
//! result to be expected is known beforehand.

use std::hint::black_box;

use crdt_range_map::{Delta, NodeId, RangeMap, ReplicaId};

use crate::check::{self, Digest};
use crate::expected::{self, Model};
use crate::workload::{Op, OpKind, Served, Workload};

/// How many one-operation deltas merge C takes at once.
pub const DELTAS: usize = 1000;

/// How many changes each side of merge B10 makes.
pub const FEW_CHANGES: usize = 5;

/// How many changes each side of merge B makes.
pub fn one_percent(workload: &Workload) -> usize {
    workload.n() / 100
}

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
        Self { map: RangeMap::new(ReplicaId::new(id)), model: Model::default() }
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
        Self::exchanged(Self::halves(workload))
    }

    /// Two replicas after each has told the other all that it knew.
    pub fn exchanged([mut first, mut second]: [Self; 2]) -> [Self; 2] {
        let written = first.clone();
        first.merge(&second);
        second.merge(&written);
        [first, second]
    }

    /// Does an operation and returns its delta.
    pub fn apply(&mut self, workload: &Workload, op: &Op) -> Delta<u64> {
        self.model.apply(op);
        apply(&mut self.map, &workload.nodes, op)
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

    /// The same replica with a map that shares no memory with another's.
    fn unshared(&self) -> Self {
        let map = restored(self.map.replica(), &self.map.state().encode());
        Self { map, model: self.model.clone() }
    }
}

/// Does an operation, on one of those nodes, and returns its delta.
pub fn apply(map: &mut RangeMap<u64>, nodes: &[NodeId], op: &Op) -> Delta<u64> {
    let node = &nodes[op.triple.node as usize];
    let range = op.triple.range();
    match op.kind {
        OpKind::Register => map.register(node, &range).unwrap(),
        OpKind::Increase(by) => map.increase(node, &range, by).unwrap(),
        OpKind::Release => map.release(node, &range).unwrap(),
    }
}

/// A delta as it arrives from another process: it shares no memory with the sender's, which could make a merge cheaper than it
/// is in real use.
fn received(delta: &Delta<u64>) -> Delta<u64> {
    decoded(&delta.encode())
}

/// A replica as it comes back from its encoded state. Unlike a clone it shares no memory, which could make a change dearer than it
/// is in real use.
fn restored(replica: ReplicaId, state: &[u8]) -> RangeMap<u64> {
    let mut map = RangeMap::new(replica);
    drop(map.merge(&decoded(state)));
    map
}

fn decoded(bytes: &[u8]) -> Delta<u64> {
    Delta::decode(bytes).expect("what was encoded can be decoded")
}

/// A merge of a whole state that can be done again and again.
pub struct MergeCase {
    replica: ReplicaId,
    ours: Vec<u8>,
    theirs: Delta<u64>,
    expected: Digest,
}

impl MergeCase {
    /// Merge A: two replicas hold disjoint halves; one merges the other's whole state.
    pub fn disjoint(workload: &Workload, [first, second]: &[Replica; 2]) -> Self {
        Self::new(workload, first, second)
    }

    /// Merges B and B10: both hold everything, then each makes so many changes; one merges the other's whole state.
    pub fn mostly_equal(workload: &Workload, twins: &[Replica; 2], changes: usize) -> Self {
        let [mut first, mut second] = twins.clone();
        for (part, replica) in [&mut first, &mut second].into_iter().enumerate() {
            for op in workload.changes(part, changes) {
                _ = replica.apply(workload, &op);
            }
        }
        Self::new(workload, &first, &second)
    }

    fn new(workload: &Workload, first: &Replica, second: &Replica) -> Self {
        let ours = first.map.state().encode();
        let theirs = received(second.map.state());
        let mut model = first.model.clone();
        model.merge(&second.model);
        let expected = check::expected_registrations(workload, &model.registrations());
        Self { replica: first.map.replica(), ours, theirs, expected }
    }

    /// The replica that is going to merge, as it stands before.
    pub fn fresh(&self) -> RangeMap<u64> {
        restored(self.replica, &self.ours)
    }

    /// The merge: what is timed.
    pub fn merge_into(&self, map: &mut RangeMap<u64>) {
        drop(black_box(map.merge(black_box(&self.theirs))));
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

/// Merge C: a replica that holds everything, and whose splits are known, merges one-operation deltas: increases that another
/// replica makes, a thousand at a time.
pub struct DeltaCase<'a> {
    workload: &'a Workload,
    ours: RangeMap<u64>,
    theirs: Replica,
    increases: Box<dyn Iterator<Item = Op> + 'a>,
}

impl<'a> DeltaCase<'a> {
    /// Starts from two replicas that hold everything.
    pub fn new(workload: &'a Workload, [first, second]: &[Replica; 2]) -> Self {
        let ours = first.unshared().map;
        Self { workload, ours, theirs: second.unshared(), increases: Box::new(workload.increases()) }
    }

    /// The next deltas as they arrive, and the splits current, so that the merge has to note what it makes out of date.
    pub fn prepare(&mut self) -> Vec<Delta<u64>> {
        black_box(self.ours.owners(&0));
        let ops = self.increases.by_ref().take(DELTAS);
        ops.map(|op| received(&self.theirs.apply(self.workload, &op))).collect()
    }

    /// Merges the deltas one by one: what is timed.
    pub fn merge(&mut self, deltas: &[Delta<u64>]) {
        for delta in deltas {
            drop(black_box(self.ours.merge(black_box(delta))));
        }
    }

    /// Checks what was merged so far.
    ///
    /// # Panics
    /// If it is not what it must be.
    pub fn check(&self) -> Digest {
        let found = check::registrations(&self.ours);
        let expected = check::expected_registrations(self.workload, &self.theirs.expected());
        assert_eq!(found, expected, "a merge of deltas has a wrong result");
        found
    }
}

/// A replica whose splits must be made current again after each change: it increases one random registration after another.
pub struct ChangingCase<'a> {
    workload: &'a Workload,
    replica: Replica,
    increases: Box<dyn Iterator<Item = Op> + 'a>,
    /// What the model has yet to do: it must not be timed.
    pending: Vec<Op>,
}

impl<'a> ChangingCase<'a> {
    /// Starts from a replica that holds everything and knows its splits.
    pub fn new(workload: &'a Workload, replica: &Replica) -> Self {
        let replica = replica.unshared();
        replica.map.splits();
        Self { workload, replica, increases: Box::new(workload.increases()), pending: Vec::new() }
    }

    /// Makes the next change and returns a key whose owners it may have changed.
    pub fn change(&mut self) -> Option<u64> {
        let op = self.increases.next()?;
        _ = apply(&mut self.replica.map, &self.workload.nodes, &op);
        self.pending.push(op);
        Some(op.triple.start)
    }

    /// The replica as it stands.
    pub fn map(&self) -> &RangeMap<u64> {
        &self.replica.map
    }

    /// Checks the splits and the owners of some keys after all the changes.
    ///
    /// # Panics
    /// If they are not what they must be.
    pub fn check(&mut self, keys: &[u64]) -> Digest {
        self.pending.drain(..).for_each(|op| self.replica.model.apply(&op));
        check_splits(self.workload, &self.replica, keys)[0]
    }
}

/// Compares a replica's splits and look-ups with the expected ones; returns the digests of both.
///
/// # Panics
/// If they differ.
pub fn check_splits(workload: &Workload, replica: &Replica, keys: &[u64]) -> [Digest; 2] {
    let splits = expected::splits(&replica.expected());
    let expected = check::expected_splits(workload, &splits);
    let keys = || keys.iter().copied();
    // Look-ups first: they come after changes in real use, and the list of all splits could make good for their mistakes.
    let look_ups = check::look_ups(&replica.map, keys());
    let expected_look_ups = check::expected_look_ups(workload, &splits, keys());
    assert_eq!(look_ups, expected_look_ups, "a look-up has a wrong result");
    assert_eq!(check::visited_splits(&replica.map), expected, "the visited splits are wrong");
    assert_eq!(check::splits(&replica.map), expected, "the splits are wrong");
    [expected, look_ups]
}

/// Encodes a replica's state, decodes the bytes, and compares; returns the bytes.
///
/// # Panics
/// If the decoded state is not the same, or its own encoding is not.
pub fn check_codec(replica: &Replica) -> Vec<u8> {
    let bytes = replica.map.state().encode();
    let decoded = decoded(&bytes);
    assert!(decoded == *replica.map.state(), "the decoded state is another one");
    assert!(decoded.encode() == bytes, "the encoding is not canonical");
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn every_scenario_agrees_with_the_model() {
        for workload in [Workload::new(40), Workload::new(400)] {
            let halves = Replica::halves(&workload);
            MergeCase::disjoint(&workload, &halves).check();
            let twins = Replica::exchanged(halves);
            MergeCase::mostly_equal(&workload, &twins, one_percent(&workload)).check();
            MergeCase::mostly_equal(&workload, &twins, FEW_CHANGES).check();
            let mut deltas = DeltaCase::new(&workload, &twins);
            for _ in 0..2 {
                let arrived = deltas.prepare();
                deltas.merge(&arrived);
                deltas.check();
            }
            let keys = workload.keys();
            let mut changing = ChangingCase::new(&workload, &twins[0]);
            for _ in 0..2 {
                (0..20).for_each(|_| assert!(changing.change().is_some()));
                changing.check(&keys);
            }
            check_codec(&twins[1]);
        }
    }

    #[test]
    fn disjoint_halves_make_the_workload() {
        let workload = Workload::new(300);
        let mut served = workload.registrations.clone();
        served.sort_by_key(|served| served.triple);
        assert_eq!(Replica::twins(&workload)[0].expected(), served);
    }

    #[test]
    fn ten_registrations_differ_before_merge_b10() {
        for n in [1000, 10_000, 100_000] {
            let workload = Workload::new(n);
            let changed: BTreeSet<_> = [0, 1]
                .iter()
                .flat_map(|part| workload.changes(*part, FEW_CHANGES))
                .map(|op| op.triple)
                .collect();
            assert_eq!(changed.len(), 10, "{n}");
        }
    }

    #[test]
    #[should_panic(expected = "a merge has a wrong result")]
    fn a_merge_that_misses_something_is_noticed() {
        let workload = Workload::new(100);
        let [first, second] = Replica::halves(&workload);
        let case = MergeCase::disjoint(&workload, &[first, second]);
        MergeCase { theirs: Delta::default(), ..case }.check();
    }
}
