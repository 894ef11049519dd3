//! The splits and look-ups, beside a sweep by hand and searches in its result.

use super::{Bench, Session};
use crate::check::Digester;
use crate::consume::{FlatOwners, fold_numbers, fold_owners};
use crate::reference::FlatSplits;
use crate::report::Kind;
use crate::scenario::{self, ChangingCase, Replica};
use crate::timer::Probe;

const SWEEP: &str = "sort and sweep";
const VISITED: &str = "splits: visited, flat output";
const SEARCH: &str = "search in the sweep";
const LOOK_UP: &str = "look-up: random key";

/// How often the splits change before their digest is taken.
const CHANGES: usize = 10;

/// All splits of a replica that was never asked for them, and that of the sweep.
pub(super) fn from_scratch(session: &mut Session<'_>, replica: &Replica) {
    session.tell("splits");
    let workload = session.workload;
    // Clones of a replica that was never asked for its splits have to compute them from scratch.
    let unasked = replica.map.clone();
    let [digest, _] = scenario::check_splits(workload, replica, &[]);
    let swept = FlatSplits::sweep(&workload.registrations);
    let sweep = Probe::fresh(|| (), |()| FlatSplits::sweep(&workload.registrations));
    let visited = Probe::fresh(|| unasked.clone(), |map| FlatOwners::of(map));
    let listed = Probe::fresh(|| unasked.clone(), |map| map.splits().len());
    let benches = vec![
        Bench::new(session.reference(SWEEP, swept.digest()), sweep),
        Bench::new(session.row(VISITED, digest), visited).beside(SWEEP),
        Bench::new(session.row("splits: from scratch", digest), listed).beside(SWEEP),
    ];
    session.run(benches);
    #[cfg(feature = "peers")]
    session.run(super::peers::cut_splits(session, &swept, VISITED));
}

/// One change, and what has to be made current for the next answer.
pub(super) fn after_changes(session: &mut Session<'_>, replica: &Replica) {
    session.tell("splits after changes");
    let keys = session.workload.keys();
    let mut cases = [0, 1].map(|_| ChangingCase::new(session.workload, replica));
    let digests = cases.each_mut().map(|case| {
        // Of a fixed number of changes, since how many are timed depends on the machine.
        for _ in 0..CHANGES {
            case.change();
        }
        case.check(&keys)
    });
    let [all, one] = &mut cases;
    let rows = [("splits: after one change", digests[0]), ("look-up: after one change", digests[1])]
        .map(|(bench, digest)| session.row_by(bench, ("change", 1), digest));
    let [all_row, one_row] = rows;
    let all = Probe::repeated(move || {
        all.change();
        all.map().splits().len()
    });
    let one = Probe::repeated(move || one.change().map(|key| fold_owners(0, &one.map().owners(&key))));
    session.run(vec![Bench::new(all_row, all), Bench::new(one_row, one)]);
    for case in &mut cases {
        case.check(&keys);
    }
}

/// The owners of random keys.
pub(super) fn look_ups(session: &mut Session<'_>, replica: &Replica) {
    session.tell("look-up");
    let workload = session.workload;
    let keys = workload.keys();
    let by_key = ("key", keys.len());
    let [_, digest] = scenario::check_splits(workload, replica, &keys);
    let flat = FlatSplits::sweep(&workload.registrations);
    let mut covering = Digester::default();
    keys.iter().for_each(|key| covering.covered(*key, flat.covering(*key)));
    let found = covering.digest();
    let map = &replica.map;
    let search = Probe::repeated(|| keys.iter().fold(0, |hash, key| fold_numbers(hash, flat.covering(*key))));
    let look_up = Probe::repeated(|| keys.iter().fold(0, |hash, key| fold_owners(hash, &map.owners(key))));
    let benches = vec![
        Bench::new(session.row_by(SEARCH, by_key, found).of_kind(Kind::Reference), search),
        Bench::new(session.row_by(LOOK_UP, by_key, digest), look_up).beside(SEARCH),
    ];
    session.run(benches);
    #[cfg(feature = "peers")]
    session.run(super::peers::look_ups(session, &flat, &keys, found, LOOK_UP));
}
