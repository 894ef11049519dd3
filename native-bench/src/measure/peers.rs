//! Other libraries on the same workload, behind the feature `peers`, each as near to the map's meaning as it gets:
//!
//! - crdts, `Map<triple, PNCounter>`: merges; not exact where a release meets another change;
//! - nodit, a map of disjoint intervals: splits by cutting and inserting again, and look-up in them; owners in no order;
//! - superintervals, an index of intervals with 32-bit ends: look-up; registrations in no order.
//!
//! Their results are checked too, as far as they promise the same. They are sampled after the map and its references, not in turn
//! with them: what they allocate and free would change what memory costs the others.

mod counters;
mod cut_intervals;
mod stabbed_intervals;

use self::counters::Counters;
use self::cut_intervals::CutIntervals;
use self::stabbed_intervals::StabbedIntervals;
use super::merges::changes;
use super::{Bench, Session};
use crate::check::Digest;
use crate::consume::fold_numbers;
use crate::reference::FlatSplits;
use crate::report::Kind;
use crate::timer::Probe;

/// Workloads with more registrations are left out where a peer takes seconds a run.
const REGISTRATIONS_MAX: usize = 200_000;

fn is_small(session: &Session<'_>) -> bool {
    session.workload.n() <= REGISTRATIONS_MAX
}

/// Merge A by crdts, to be compared with that bench of the map.
pub(super) fn merge_halves<'a>(session: &Session<'_>, of_map: &str) -> Option<Bench<'a>> {
    is_small(session).then(|| {
        let halves = Counters::halves(session.workload);
        merge(session, "merge A: crdts 7.3", halves, of_map)
    })
}

/// Merges B and B10 by crdts, to be compared with those benches of the map.
pub(super) fn merge_twins<'a>(session: &Session<'_>, of_map: [&str; 2]) -> Vec<Bench<'a>> {
    if !is_small(session) {
        return Vec::new();
    }
    let benches = ["merge B: crdts 7.3", "merge B10: crdts 7.3"];
    let cases = benches.into_iter().zip(changes(session.workload)).zip(of_map);
    let case = |((bench, changes), of_map)| {
        merge(session, bench, Counters::changed_twins(session.workload, changes), of_map)
    };
    cases.map(case).collect()
}

fn merge<'a>(session: &Session<'_>, bench: &str, [ours, theirs]: [Counters; 2], of_map: &str) -> Bench<'a> {
    let mut merged = ours.clone();
    merged.merge(theirs.clone());
    let row = session.row(bench, merged.check(session.workload));
    let fresh = move || (ours.map(), Some(theirs.map()));
    let probe = Probe::fresh(fresh, |(ours, theirs)| counters::merge_once(ours, theirs.take()));
    Bench::new(row.of_kind(Kind::Peer), probe).beside(of_map)
}

/// Splits by nodit, to be compared with that bench of the map.
pub(super) fn cut_splits<'a>(session: &Session<'a>, sweep: &FlatSplits, of_map: &str) -> Option<Bench<'a>> {
    is_small(session).then(|| {
        let served = &session.workload.registrations;
        CutIntervals::of(served).check(sweep);
        let row = session.row("splits: nodit 0.10", sweep.digest()).of_kind(Kind::Peer);
        Bench::new(row, Probe::fresh(|| (), |()| CutIntervals::of(served))).beside(of_map)
    })
}

/// Look-up by nodit and superintervals, to be compared with that bench of the map. `found` is the digest of what the sweep finds.
pub(super) fn look_ups<'a>(
    session: &Session<'_>,
    sweep: &FlatSplits,
    keys: &'a [u64],
    found: Digest,
    of_map: &str,
) -> Vec<Bench<'a>> {
    let row = |bench| session.row_by(bench, ("key", keys.len()), found).of_kind(Kind::Peer);
    let served = &session.workload.registrations;
    let stabbed = StabbedIntervals::of(served);
    stabbed.check(sweep, keys);
    let mut hits = Vec::new();
    let stab = Probe::repeated(move || {
        keys.iter().fold(0, |hash, key| {
            stabbed.covering(*key, &mut hits);
            fold_numbers(hash, &hits)
        })
    });
    let mut benches = vec![Bench::new(row("look-up: superintervals 1.0"), stab).beside(of_map)];
    if is_small(session) {
        let cut = CutIntervals::of(served);
        cut.check(sweep);
        let search =
            Probe::repeated(move || keys.iter().fold(0, |hash, key| fold_numbers(hash, cut.covering(*key))));
        benches.push(Bench::new(row("look-up: nodit 0.10"), search).beside(of_map));
    }
    benches
}
