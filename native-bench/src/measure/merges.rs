//! The merges, beside flat records that are merged by hand.

use std::hint::black_box;

use crdt_range_map::{Delta, RangeMap, ReplicaId};

use super::{Bench, Session};
use crate::check::{self, Digest};
use crate::reference::{self, FlatRecord};
use crate::replica::{Replica, received, restored};
use crate::timer::Probe;
use crate::workload::Workload;

const TWO_POINTER_A: &str = "two-pointer merge A";
const TWO_POINTER_B: &str = "two-pointer merge B";
const MERGE_A: &str = "merge A: disjoint";
const MERGE_B: &str = "merge B: mostly equal";
const MERGE_B10: &str = "merge B10: 10 differ";
const MERGE_C: &str = "merge C: 1,000 deltas";

/// How many one-operation deltas merge C takes at once.
const DELTAS: usize = 1000;

/// How many changes each side makes: of merge B a hundredth of what there is, of merge B10 a few.
pub(super) fn changes(workload: &Workload) -> [usize; 2] {
    [workload.n() / 100, 5]
}

/// Merge A.
pub(super) fn disjoint(session: &mut Session<'_>, halves: &[Replica<'_>; 2]) {
    session.tell("merge A");
    let case = MergeCase::new(halves);
    let flat = reference::flat_halves(session.workload);
    session.run([
        two_pointer(session, TWO_POINTER_A, flat),
        merge(session, MERGE_A, &case).beside(TWO_POINTER_A),
    ]);
    #[cfg(feature = "peers")]
    session.run(super::peers::merge_halves(session, MERGE_A));
}

/// Merges B and B10.
pub(super) fn mostly_equal(session: &mut Session<'_>, twins: &[Replica<'_>; 2]) {
    session.tell("merge B");
    let workload = session.workload;
    let cases = changes(workload).map(|count| {
        let mut changed = twins.clone();
        for (part, replica) in changed.iter_mut().enumerate() {
            workload.changes(part, count).iter().for_each(|op| drop(replica.apply(op)));
        }
        MergeCase::new(&changed)
    });
    session.run([
        two_pointer(session, TWO_POINTER_B, reference::flat_twins(workload)),
        merge(session, MERGE_B, &cases[0]).beside(TWO_POINTER_B),
        merge(session, MERGE_B10, &cases[1]).beside(TWO_POINTER_B),
    ]);
    #[cfg(feature = "peers")]
    session.run(super::peers::merge_twins(session, [MERGE_B, MERGE_B10]));
}

/// Merge C: a replica that holds everything, and whose splits are known, merges one-operation deltas one by one: increases that another
/// replica makes, other ones each time.
pub(super) fn deltas(session: &mut Session<'_>, twins: &[Replica<'_>; 2]) {
    session.tell("merge C");
    let mut increases = session.workload.increases();
    let mut maps = twins.each_ref().map(Replica::unshared);
    // The deltas as they arrive, and the splits current, so that the merge has to note what it makes out of date.
    let mut prepare = |[ours, theirs]: &mut [Replica<'_>; 2]| -> Vec<Delta<u64>> {
        black_box(ours.map.owners(&0));
        increases.by_ref().take(DELTAS).map(|op| received(&theirs.apply(&op))).collect()
    };
    let merge = |[ours, _]: &mut [Replica<'_>; 2], deltas: &mut Vec<Delta<u64>>| {
        for delta in deltas {
            drop(black_box(ours.map.merge(black_box(delta))));
        }
    };
    let check = |[ours, theirs]: &[Replica<'_>; 2]| {
        let found = check::registrations(&ours.map);
        assert_eq!(found, theirs.expected(), "a merge of deltas has a wrong result");
        found
    };
    // The row is of a fixed number of deltas, since how many are timed depends on the machine.
    let mut deltas = prepare(&mut maps);
    merge(&mut maps, &mut deltas);
    let row = session.row_by(MERGE_C, ("delta", DELTAS), check(&maps));
    session.run([Bench::new(
        row,
        Probe::prepared(&mut maps, |maps| prepare(maps), |maps, deltas| merge(maps, deltas)),
    )]);
    check(&maps);
}

/// A merge of a whole state that can be done again and again.
struct MergeCase {
    replica: ReplicaId,
    ours: Vec<u8>,
    theirs: Delta<u64>,
    expected: Digest,
}

impl MergeCase {
    /// The first merges the second's whole state.
    fn new([first, second]: &[Replica<'_>; 2]) -> Self {
        let (ours, theirs) = (first.map.state().encode(), received(second.map.state()));
        let mut merged = first.clone();
        merged.model.merge(&second.model);
        Self { replica: first.map.replica(), ours, theirs, expected: merged.expected() }
    }

    /// The replica that is going to merge, as it stands before.
    fn fresh(&self) -> RangeMap<u64> {
        restored(self.replica, &self.ours)
    }

    /// The merge: what is timed.
    fn merge_into(&self, map: &mut RangeMap<u64>) {
        drop(black_box(map.merge(black_box(&self.theirs))));
    }

    /// Merges once and returns the digest of the result.
    ///
    /// # Panics
    /// If the result is not what it must be.
    fn check(&self) -> Digest {
        let mut map = self.fresh();
        self.merge_into(&mut map);
        let found = check::registrations(&map);
        assert_eq!(found, self.expected, "a merge has a wrong result");
        found
    }
}

fn merge<'a>(session: &Session<'_>, bench: &str, case: &'a MergeCase) -> Bench<'a> {
    let row = session.row(bench, case.check());
    Bench::new(row, Probe::fresh(|| case.fresh(), |map| case.merge_into(map)))
}

fn two_pointer<'a>(session: &Session<'_>, bench: &str, [ours, theirs]: [Vec<FlatRecord>; 2]) -> Bench<'a> {
    let mut merged = Vec::with_capacity(ours.len() + theirs.len());
    reference::two_pointer_merge(&ours, &theirs, &mut merged);
    let served = merged.iter().map(|record| &record.served);
    let row = session.reference(bench, check::expected_registrations(&session.workload.nodes, served));
    let probe = Probe::repeated(move || {
        reference::two_pointer_merge(&ours, &theirs, &mut merged);
        merged.len()
    });
    Bench::new(row, probe)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::workload::Triple;
    use std::collections::BTreeSet;

    #[test]
    #[should_panic(expected = "a merge has a wrong result")]
    fn a_merge_that_misses_something_is_noticed() {
        let workload = Workload::new(100);
        let case = MergeCase::new(&Replica::halves(&workload, [1, 2]));
        MergeCase { theirs: Delta::default(), ..case }.check();
    }

    #[test]
    fn ten_registrations_differ_before_merge_b10() {
        for workload in [1000, 10_000, 100_000].map(Workload::new) {
            let ops = [0, 1].into_iter().flat_map(|part| workload.changes(part, changes(&workload)[1]));
            let changed: BTreeSet<Triple> = ops.map(|op| op.triple).collect();
            assert_eq!(changed.len(), 10, "{}", workload.name);
        }
    }
}
