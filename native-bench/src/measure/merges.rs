//! The merges, beside flat records that are copied and merged by hand.

use super::{Bench, Session};
use crate::reference::{self, FlatRecord};
use crate::scenario::{DELTAS, DeltaCase, FEW_CHANGES, MergeCase, Replica, one_percent};
use crate::timer::Probe;

const TWO_POINTER_A: &str = "two-pointer merge A";
const TWO_POINTER_B: &str = "two-pointer merge B";
const MERGE_A: &str = "merge A: disjoint";
const MERGE_B: &str = "merge B: mostly equal";
const MERGE_B10: &str = "merge B10: 10 differ";
const MERGE_C: &str = "merge C: 1,000 deltas";

/// Merge A.
pub(super) fn disjoint(session: &mut Session<'_>, halves: &[Replica; 2]) {
    session.tell("merge A");
    let case = MergeCase::disjoint(session.workload, halves);
    let flat = reference::flat_halves(session.workload);
    let benches = vec![
        memcpy(session),
        two_pointer(session, TWO_POINTER_A, flat),
        merge(session, MERGE_A, &case).beside(TWO_POINTER_A),
    ];
    session.run(benches);
    #[cfg(feature = "peers")]
    session.run(super::peers::merge_halves(session, MERGE_A));
}

/// Merges B and B10.
pub(super) fn mostly_equal(session: &mut Session<'_>, twins: &[Replica; 2]) {
    session.tell("merge B");
    let workload = session.workload;
    let cases = [(MERGE_B, one_percent(workload)), (MERGE_B10, FEW_CHANGES)]
        .map(|(bench, changes)| (bench, MergeCase::mostly_equal(workload, twins, changes)));
    let mut benches = vec![two_pointer(session, TWO_POINTER_B, reference::flat_twins(workload))];
    benches.extend(cases.iter().map(|(bench, case)| merge(session, bench, case).beside(TWO_POINTER_B)));
    session.run(benches);
    #[cfg(feature = "peers")]
    session.run(super::peers::merge_twins(session, [MERGE_B, MERGE_B10]));
}

/// Merge C.
pub(super) fn deltas(session: &mut Session<'_>, twins: &[Replica; 2]) {
    session.tell("merge C");
    let mut case = DeltaCase::new(session.workload, twins);
    let deltas = case.prepare();
    case.merge(&deltas);
    // Of a fixed number of deltas, since how many are timed depends on the machine.
    let row = session.row_by(MERGE_C, ("delta", DELTAS), case.check());
    let probe = Probe::prepared(&mut case, |case| case.prepare(), |case, deltas| case.merge(deltas));
    session.run([Bench::new(row, probe)]);
    #[cfg(feature = "peers")]
    session.run(super::peers::apply_deltas(session, MERGE_C));
    case.check();
}

fn merge<'a>(session: &Session<'_>, bench: &str, case: &'a MergeCase) -> Bench<'a> {
    let row = session.row(bench, case.check());
    Bench::new(row, Probe::fresh(|| case.fresh(), |map| case.merge_into(map)))
}

fn memcpy<'a>(session: &Session<'_>) -> Bench<'a> {
    let records = reference::flat_records(&session.workload.registrations, 1);
    let mut copy = vec![FlatRecord::default(); records.len()];
    copy.copy_from_slice(&records);
    let row = session.reference("memcpy of 40 bytes each", reference::digest(session.workload, &copy));
    let probe = Probe::repeated(move || {
        copy.copy_from_slice(&records);
        copy.last().copied()
    });
    Bench::new(row, probe)
}

fn two_pointer<'a>(session: &Session<'_>, bench: &str, [ours, theirs]: [Vec<FlatRecord>; 2]) -> Bench<'a> {
    let mut merged = Vec::with_capacity(ours.len() + theirs.len());
    reference::two_pointer_merge(&ours, &theirs, &mut merged);
    let row = session.reference(bench, reference::digest(session.workload, &merged));
    let probe = Probe::repeated(move || {
        reference::two_pointer_merge(&ours, &theirs, &mut merged);
        merged.len()
    });
    Bench::new(row, probe)
}
