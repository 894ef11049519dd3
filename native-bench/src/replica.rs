//! Replicas of the library, each beside one of the [model](crate::expected) that does the same, so that what is to be expected of it is
//! known beforehand.

use crdt_range_map::{Delta, RangeMap, ReplicaId};

use crate::check::{self, Digest};
use crate::expected::{self, Model};
use crate::workload::{Op, Workload};

/// A replica of the library beside one of the model.
#[derive(Clone)]
pub struct Replica<'a> {
    /// The library's replica.
    pub map: RangeMap<u64>,
    /// What it must hold.
    pub model: Model,
    /// What it holds, or a half.
    pub workload: &'a Workload,
}

impl<'a> Replica<'a> {
    /// The two replicas that wrote the halves of a workload, under those ids.
    pub fn halves(workload: &'a Workload, ids: [u64; 2]) -> [Self; 2] {
        [0, 1].map(|part| {
            let map = RangeMap::new(ReplicaId::new(ids[part]));
            let mut replica = Self { map, model: Model::default(), workload };
            workload.writes(part).for_each(|op| drop(replica.apply(&op)));
            replica
        })
    }

    /// Two replicas after each has told the other all that it knew.
    pub fn exchanged([mut first, mut second]: [Self; 2]) -> [Self; 2] {
        let written = first.clone();
        first.merge(&second);
        second.merge(&written);
        [first, second]
    }

    /// Does an operation and returns its delta.
    pub fn apply(&mut self, op: &Op) -> Delta<u64> {
        self.model.apply(op);
        self.map.apply([op.on(&self.workload.nodes)]).expect("nobody is retired")
    }

    /// Learns all that the other knows.
    pub fn merge(&mut self, other: &Self) {
        self.model.merge(&other.model);
        drop(self.map.merge(&received(other.map.state())));
    }

    /// The same replica with a map that shares no memory with another's.
    pub fn unshared(&self) -> Self {
        Self { map: restored(self.map.replica(), &self.map.state().encode()), ..self.clone() }
    }

    /// The digest of what a map must show that holds the same.
    pub fn expected(&self) -> Digest {
        check::expected_registrations(&self.workload.nodes, &self.model.registrations())
    }

    /// Compares the splits and look-ups with the expected ones; returns the digests of both.
    ///
    /// # Panics
    /// If they differ.
    pub fn check_splits(&self, keys: &[u64]) -> [Digest; 2] {
        let splits = expected::splits(&self.workload.nodes, &self.model.registrations());
        let expected = check::expected_splits(&splits);
        let keys = || keys.iter().copied();
        // Look-ups first: they come after changes in real use, and the list of all splits could make good for their mistakes.
        let look_ups = check::look_ups(keys(), |key| self.map.owners(&key));
        let expected_look_ups = check::look_ups(keys(), |key| expected::owners_of(&splits, key));
        assert_eq!(look_ups, expected_look_ups, "a look-up has a wrong result");
        assert_eq!(check::visited_splits(&self.map), expected, "the visited splits are wrong");
        assert_eq!(check::splits(&self.map), expected, "the splits are wrong");
        [expected, look_ups]
    }
}

/// A delta as it arrives from another process: it shares no memory with the sender's, which could make a merge cheaper than it
/// is in real use.
pub fn received(delta: &Delta<u64>) -> Delta<u64> {
    decoded(&delta.encode())
}

/// A replica as it comes back from its encoded state. Unlike a clone it shares no memory, which could make a change dearer than it
/// is in real use.
pub fn restored(replica: ReplicaId, state: &[u8]) -> RangeMap<u64> {
    let mut map = RangeMap::new(replica);
    drop(map.merge(&decoded(state)));
    map
}

/// What those bytes hold, which the library encoded.
pub fn decoded(bytes: &[u8]) -> Delta<u64> {
    Delta::decode(bytes).expect("what was encoded can be decoded")
}
